//! sse-stream: what the MCP SDK reads server-sent events with.

use std::convert::Infallible;

use bytes::Bytes;
use futures::stream;
use sse_stream::SseByteStream;

use super::{Tally, drive};

pub(super) fn frames(chunks: &[Bytes], tally: &mut Tally) -> anyhow::Result<()> {
    let chunks = stream::iter(chunks.iter().cloned().map(Ok::<_, Infallible>));
    drive(SseByteStream::new(chunks), |event| {
        if let Some(data) = &event.data {
            tally.frame(data);
        }
        Ok(())
    })
}
