//! sseer: the fastest framing on the shelf.

use std::convert::Infallible;

use async_openai::types::responses::ResponseStreamEvent;
use bytes::Bytes;
use futures::stream;
use sseer::EventStream;
use sseer::event::Event;

use super::{Tally, drive};

pub(super) fn frames(chunks: &[Bytes], tally: &mut Tally) -> anyhow::Result<()> {
    events(chunks, |event| {
        tally.frame(&event.data);
        Ok(())
    })
}

pub(super) fn typed(chunks: &[Bytes], tally: &mut Tally) -> anyhow::Result<()> {
    events(chunks, |event| {
        tally.typed(&serde_json::from_str::<ResponseStreamEvent>(&event.data)?);
        Ok(())
    })
}

fn events(chunks: &[Bytes], each: impl FnMut(Event) -> anyhow::Result<()>) -> anyhow::Result<()> {
    drive(EventStream::new(stream::iter(chunks.iter().cloned().map(Ok::<_, Infallible>))), each)
}
