//! The parsers under test: ours, and what people would use instead.
//!
//! Each is a function from chunks to a [`Tally`], and each tally is checked, so
//! that no row is fast by leaving something out.

mod eventsource;
mod hand;
mod ours;
mod sse_stream;
mod sseer;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use anyhow::{bail, ensure};
use async_openai::types::responses::ResponseStreamEvent;
use bytes::Bytes;
use futures::Stream;

use crate::sample::Sample;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contender {
    /// As the table shows it.
    pub(crate) name: &'static str,
    /// How much of the work it does.
    pub(crate) yields: Yields,
    /// Reads a whole stream.
    pub(crate) run: fn(&[Bytes], &mut Tally) -> anyhow::Result<()>,
}

/// What a parser gives its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Yields {
    /// Events with their `data` as text; nobody looked into it.
    Frames,
    /// Reasoning and text.
    Answer,
}

/// What users would write today: all ratios are to this one.
pub(crate) const REFERENCE: &str = "eventsource-stream + async-openai";

/// Every row, in the order of the table.
pub(crate) const ALL: &[Contender] = &[
    Contender {
        name: "eventsource-stream, framing only",
        yields: Yields::Frames,
        run: eventsource::frames,
    },
    Contender { name: REFERENCE, yields: Yields::Answer, run: eventsource::typed },
    Contender {
        name: "eventsource-stream + serde_json::Value",
        yields: Yields::Answer,
        run: eventsource::values,
    },
    Contender { name: "sse-stream, framing only", yields: Yields::Frames, run: sse_stream::frames },
    Contender { name: "sseer, framing only", yields: Yields::Frames, run: sseer::frames },
    Contender { name: "sseer + async-openai", yields: Yields::Answer, run: sseer::typed },
    Contender { name: "hand framing only", yields: Yields::Frames, run: hand::frames },
    Contender {
        name: "hand framing + serde_json, borrowed",
        yields: Yields::Answer,
        run: hand::serde_borrowed,
    },
    Contender {
        name: "hand framing + sonic-rs, borrowed",
        yields: Yields::Answer,
        run: hand::sonic_borrowed,
    },
    Contender {
        name: "hand framing + known prefix, not validated",
        yields: Yields::Answer,
        run: hand::known_prefix,
    },
    Contender {
        name: "**oc-responses-stream** sse::Decoder, framing only",
        yields: Yields::Frames,
        run: ours::frames,
    },
    Contender {
        name: "**oc-responses-stream** ResponseParser, owned",
        yields: Yields::Answer,
        run: ours::owned,
    },
    Contender {
        name: "**oc-responses-stream** validated, borrowed",
        yields: Yields::Answer,
        run: ours::borrowed,
    },
];

/// What a parser found. Text is kept as bytes, so that a row that does not
/// validate UTF-8 need not pretend to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) reasoning: Vec<u8>,
    pub(crate) text: Vec<u8>,
    frames: usize,
    data_bytes: usize,
}

impl Tally {
    /// With room for all of `sample`'s answer, so that only the parser's own
    /// allocations are counted.
    pub(crate) fn for_sample(sample: &Sample) -> Self {
        Self {
            reasoning: Vec::with_capacity(sample.reasoning.len()),
            text: Vec::with_capacity(sample.text.len()),
            ..Self::default()
        }
    }

    /// Forgets everything but its room.
    pub(crate) fn clear(&mut self) {
        self.reasoning.clear();
        self.text.clear();
        self.frames = 0;
        self.data_bytes = 0;
    }

    /// Whether this is what `sample` holds.
    ///
    /// # Errors
    /// With the first difference.
    pub(crate) fn check(&self, yields: Yields, sample: &Sample) -> anyhow::Result<()> {
        match yields {
            Yields::Frames => {
                ensure!(self.frames == sample.events(), "found {} events", self.frames);
                ensure!(self.data_bytes == sample.data_bytes, "found {} bytes", self.data_bytes);
            }
            Yields::Answer => {
                ensure!(self.reasoning == sample.reasoning.as_bytes(), "reasoning differs");
                ensure!(self.text == sample.text.as_bytes(), "text differs");
            }
        }
        Ok(())
    }

    fn frame(&mut self, data: &str) {
        self.frames += 1;
        self.data_bytes += std::hint::black_box(data).len();
    }

    /// Takes a delta by its event's type.
    fn delta(&mut self, event_type: &str, delta: &[u8]) {
        match event_type {
            "response.output_text.delta" => self.text.extend_from_slice(delta),
            "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
                self.reasoning.extend_from_slice(delta);
            }
            _ => {}
        }
    }

    fn typed(&mut self, event: &ResponseStreamEvent) {
        match event {
            ResponseStreamEvent::ResponseOutputTextDelta(event) => {
                self.text.extend_from_slice(event.delta.as_bytes());
            }
            ResponseStreamEvent::ResponseReasoningTextDelta(event) => {
                self.reasoning.extend_from_slice(event.delta.as_bytes());
            }
            ResponseStreamEvent::ResponseReasoningSummaryTextDelta(event) => {
                self.reasoning.extend_from_slice(event.delta.as_bytes());
            }
            other => {
                std::hint::black_box(other);
            }
        }
    }
}

/// Polls a stream that never has to wait to its end.
fn drive<S, T, E>(stream: S, mut each: impl FnMut(T) -> anyhow::Result<()>) -> anyhow::Result<()>
where
    S: Stream<Item = Result<T, E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match stream.as_mut().poll_next(&mut context) {
            Poll::Ready(Some(item)) => each(item?)?,
            Poll::Ready(None) => return Ok(()),
            Poll::Pending => bail!("a stream of bytes in memory had to wait"),
        }
    }
}
