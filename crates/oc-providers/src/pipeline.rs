//! From body bytes to the deltas that leave this crate: pure, one step after
//! the other.
//!
//! ```text
//! bytes ─ Parser (SSE, wire, inline <think>) ─ seals ─ Truncation ─ WholeCalls ─ deltas
//! ```

use std::collections::VecDeque;
use std::fmt;

use oc_responses_stream::{
    Delta, FrameVerdict, Interpret, Limits as ParserLimits, Parser, Seal, SplitOptions, StrayClose,
    StreamError, StreamErrorKind, sse,
};
use serde_json::Value;

use crate::endpoint::{Api, Limits};
use crate::error::{ProviderError, ProviderErrorKind};
use crate::seal::Sealer;
use crate::truncation::Truncation;
use crate::whole_calls::WholeCalls;

/// One answer on its way.
#[derive(Debug)]
pub(crate) struct Pipeline {
    parser: Parser<AnyWire>,
    sealer: Sealer,
    truncation: Truncation,
    calls: WholeCalls,
    over: bool,
}

impl Pipeline {
    pub(crate) fn new(
        interpreter: Box<dyn Interpret + Send>,
        sealer: Sealer,
        limits: &Limits,
        truncation: Truncation,
    ) -> Self {
        let limits = ParserLimits::default()
            .with_frame_bytes(limits.frame_bytes)
            .with_stream_bytes(usize::try_from(limits.stream_bytes).unwrap_or(usize::MAX));
        Self {
            parser: Parser::with_interpreter(AnyWire(interpreter), limits)
                .split_reasoning_with(SplitOptions::default().with_stray_close(StrayClose::Error)),
            sealer,
            truncation,
            calls: WholeCalls::default(),
            over: false,
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.parser.feed(bytes);
    }

    /// The body ended.
    pub(crate) fn finish(&mut self) {
        self.parser.finish();
    }

    /// Whether the answer ended, well or badly: nothing comes any more.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// The next delta. The first error is the last thing that comes.
    pub(crate) fn next(&mut self) -> Option<Result<Delta, ProviderError>> {
        if self.over {
            return None;
        }
        loop {
            if let Some(next) = self.calls.next() {
                let next = next.map_err(|_| broken_call()).and_then(told_as_error);
                self.over = !matches!(&next, Ok(delta) if !matches!(delta, Delta::Finish(_)));
                return Some(next);
            }
            match self.parser.next_event()? {
                Ok(delta) => {
                    let delta = self.truncation.repair(self.with_portable_seal(delta));
                    self.calls.push(delta);
                }
                Err(fault) => {
                    self.over = true;
                    return Some(Err(stream_fault(fault)));
                }
            }
        }
    }

    /// Another wire's seal goes into an envelope: that is a Responses seal of
    /// our making, which every client of ours can carry.
    fn with_portable_seal(&self, delta: Delta) -> Delta {
        let responses = Api::OpenaiResponses.as_str();
        match delta {
            Delta::Seal(seal) if seal.api != responses => {
                let envelope = self.sealer.close(seal.api, &seal.value);
                Delta::Seal(Seal::new(seal.slot, responses, Value::String(envelope)))
            }
            other => other,
        }
    }
}

fn told_as_error(delta: Delta) -> Result<Delta, ProviderError> {
    match delta {
        Delta::Error(upstream) => Err(ProviderError::in_stream(upstream)),
        other => Ok(other),
    }
}

fn broken_call() -> ProviderError {
    ProviderError::new(
        ProviderErrorKind::BadToolCall,
        "model called a tool with arguments that are no json object",
    )
}

fn stream_fault(fault: StreamError) -> ProviderError {
    let kind = match fault.kind() {
        StreamErrorKind::Cut => ProviderErrorKind::Cut,
        StreamErrorKind::FrameTooLarge | StreamErrorKind::StreamTooLarge => {
            ProviderErrorKind::Oversized
        }
        _ => ProviderErrorKind::Protocol,
    };
    ProviderError::new(kind, fault.to_string()).with_source(fault)
}

/// Any wire's interpreter, for a parser that is told only at run time.
struct AnyWire(Box<dyn Interpret + Send>);

impl fmt::Debug for AnyWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyWire")
    }
}

impl Interpret for AnyWire {
    fn frame(&mut self, frame: &sse::Frame, out: &mut VecDeque<Delta>) -> FrameVerdict {
        self.0.frame(frame, out)
    }

    fn body(&mut self, json: &[u8], out: &mut VecDeque<Delta>) -> Result<(), StreamError> {
        self.0.body(json, out)
    }

    fn ended(&self) -> bool {
        self.0.ended()
    }

    fn end_of_input(&mut self, out: &mut VecDeque<Delta>) {
        self.0.end_of_input(out);
    }
}
