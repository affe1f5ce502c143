//! eventsource-stream: what most Rust clients read server-sent events with.

use std::convert::Infallible;

use async_openai::types::responses::ResponseStreamEvent;
use bytes::Bytes;
use eventsource_stream::{Event, Eventsource};
use futures::stream;
use serde_json::Value;

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

pub(super) fn values(chunks: &[Bytes], tally: &mut Tally) -> anyhow::Result<()> {
    events(chunks, |event| {
        let value: Value = serde_json::from_str(&event.data)?;
        let event_type = value["type"].as_str().unwrap_or_default();
        tally.delta(event_type, value["delta"].as_str().unwrap_or_default().as_bytes());
        Ok(())
    })
}

fn events(chunks: &[Bytes], each: impl FnMut(Event) -> anyhow::Result<()>) -> anyhow::Result<()> {
    drive(stream::iter(chunks.iter().map(Ok::<_, Infallible>)).eventsource(), each)
}
