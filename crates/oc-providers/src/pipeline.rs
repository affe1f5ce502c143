//! From body bytes to the deltas that leave this crate: pure, one step after
//! the other.
//!
//! ```text
//! bytes ─ Parser (SSE, wire, inline <think>) ─ StopSequences ─ ToolText
//!       ─ seals ─ Truncation ─ WholeCalls ─ BringBack ─ deltas
//! ```

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;

use oc_responses_stream::{
    Answer, Collector, Delta, FrameVerdict, Interpret, Limits as ParserLimits, Parser, Seal,
    SplitOptions, StrayClose, StreamError, StreamErrorKind, WireFrame, sse,
};
use serde::Deserialize;
use serde_json::Value;

use crate::endpoint::{Api, Limits};
use crate::error::{ProviderError, ProviderErrorKind};
use crate::markup::ToolText;
use crate::seal::Sealer;
use crate::stops::StopSequences;
use crate::truncation::Truncation;
use crate::whole_calls::{BrokenCall, WholeCalls};
use crate::wire::{BringBack, Wire, error_body};

/// The most bytes of frames that are held beside their deltas until something
/// is said. An answer that thinks longer, or draws, is not relayed.
const UNSAID_FRAME_BYTES: usize = 1 << 20;

/// One answer on its way.
#[derive(Debug)]
pub(crate) struct Pipeline {
    parser: Parser<AnyWire>,
    stops: StopSequences,
    markup: ToolText,
    sealer: Sealer,
    truncation: Truncation,
    calls: WholeCalls,
    back: BringBack,
    over: bool,
}

/// What is known of an answer before it comes.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) api: Api,
    pub(crate) limits: Limits,
    pub(crate) sealer: Sealer,
    /// How reasoning stands in the model's text.
    pub(crate) split: SplitOptions,
    pub(crate) stops: StopSequences,
    pub(crate) markup: ToolText,
    pub(crate) truncation: Truncation,
    /// Arguments come with HTML entities in them.
    pub(crate) html_arguments: bool,
    pub(crate) back: BringBack,
}

impl Pipeline {
    /// `relays`: the events themselves are given out, beside what they mean;
    /// with it whoever makes events of an answer that came as one document.
    pub(crate) fn new(
        interpreter: Box<dyn Interpret + Send>,
        terms: Terms,
        relays: Option<Unfold>,
    ) -> Self {
        let limits = ParserLimits::default()
            .with_frame_bytes(terms.limits.frame_bytes)
            .with_stream_bytes(usize::try_from(terms.limits.stream_bytes).unwrap_or(usize::MAX));
        Self {
            parser: Parser::with_interpreter(AnyWire::new(interpreter, terms.api, relays), limits)
                .split_reasoning_with(terms.split.with_stray_close(StrayClose::Error)),
            stops: terms.stops,
            markup: terms.markup,
            sealer: terms.sealer,
            truncation: terms.truncation,
            calls: WholeCalls::new(terms.limits.frame_bytes).decoding_html(terms.html_arguments),
            back: terms.back,
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

    /// Whether the end of the body would be the end of a whole answer.
    pub(crate) fn is_whole(&self) -> bool {
        self.parser.interpreter().is_whole()
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
            if let Some(delta) = self.back.next() {
                let next = told_as_error(delta);
                self.over = !matches!(&next, Ok(delta) if !matches!(delta, Delta::Finish(_)));
                return Some(next);
            }
            match self.calls.next() {
                Some(Ok(delta)) => {
                    self.back.push(delta);
                    continue;
                }
                Some(Err(fault)) => {
                    self.over = true;
                    return Some(Err(call_fault(fault)));
                }
                None => {}
            }
            if let Some(delta) = self.markup.next() {
                let delta = self.truncation.repair(self.with_portable_seal(delta));
                self.calls.push(delta);
                continue;
            }
            if let Some(delta) = self.stops.next() {
                self.markup.push(delta);
                continue;
            }
            match self.parser.next_event()? {
                Ok(delta) => self.stops.push(delta),
                Err(fault) => {
                    self.over = true;
                    return Some(Err(self.told_apart(fault)));
                }
            }
        }
    }

    /// A stream of another wire seems to end before it began; its own events
    /// say which wire it is.
    fn told_apart(&self, fault: StreamError) -> ProviderError {
        let (asked, wire) = (self.parser.interpreter().api, self.parser.interpreter());
        match wire.other.filter(|_| !wire.understood && !fault.is_too_large()) {
            None => stream_fault(fault),
            Some(other) => ProviderError::new(
                ProviderErrorKind::Protocol,
                format!("upstream answers in {other}, not in {asked} (is `api` right?)"),
            )
            .with_source(fault),
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

fn call_fault(fault: BrokenCall) -> ProviderError {
    match fault {
        BrokenCall::NoObject => ProviderError::new(
            ProviderErrorKind::BadToolCall,
            "model called a tool with arguments that are no json object",
        ),
        BrokenCall::Nameless => ProviderError::new(
            ProviderErrorKind::BadToolCall,
            "model called a tool without saying which",
        ),
        BrokenCall::Oversized => ProviderError::new(
            ProviderErrorKind::Oversized,
            "tool calls are larger than one event may be",
        ),
    }
}

fn stream_fault(fault: StreamError) -> ProviderError {
    let kind = match fault.kind() {
        StreamErrorKind::Cut => ProviderErrorKind::Cut,
        _ if fault.is_too_large() => ProviderErrorKind::Oversized,
        _ => ProviderErrorKind::Protocol,
    };
    ProviderError::new(kind, fault.to_string()).with_source(fault)
}

/// Any wire's interpreter, for a parser that is told only at run time.
struct AnyWire {
    interpreter: Box<dyn Interpret + Send>,
    api: Api,
    /// An event of this wire was seen.
    understood: bool,
    /// The wire that what came belongs to, where it is another.
    other: Option<Api>,
    /// How many bytes of frames may still be given out beside their deltas
    /// before something is said that an attempt commits with.
    frames: Frames,
    unfold: Option<Unfold>,
}

/// Makes events of an answer that came as one document.
pub(crate) struct Unfold {
    pub(crate) wire: &'static dyn Wire,
    /// Reads what was made.
    pub(crate) interpreter: Box<dyn Interpret + Send>,
}

/// Whether frames are given out beside what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frames {
    No,
    /// Nothing was said yet. They are held with what is held, so there may be
    /// so many bytes of them.
    Few(usize),
    All,
}

impl AnyWire {
    fn new(interpreter: Box<dyn Interpret + Send>, api: Api, unfold: Option<Unfold>) -> Self {
        let frames = if unfold.is_some() { Frames::Few(UNSAID_FRAME_BYTES) } else { Frames::No };
        Self { interpreter, api, understood: false, other: None, frames, unfold }
    }

    /// The answer in `json`, which said `said`, as its server would have
    /// streamed it; `None` where that would say anything else.
    fn unfolded<'a>(
        &mut self,
        json: &[u8],
        said: impl Iterator<Item = &'a Delta>,
    ) -> Option<VecDeque<Delta>> {
        let Unfold { wire, interpreter } = self.unfold.take()?;
        let document = str::from_utf8(json).ok()?.trim_start_matches('\u{feff}');
        let mut events = Self::new(interpreter, self.api, None);
        events.frames = self.frames;
        let mut told = VecDeque::new();
        for frame in wire.unfold(document)? {
            events.frame(&frame, &mut told);
        }
        (answer_of(said) == answer_of(told.iter())).then_some(told)
    }

    /// Puts the frame before what it said, which is all that was added to `out`
    /// since there were `before`.
    fn give_out(&mut self, frame: &sse::Frame, before: usize, out: &mut VecDeque<Delta>) {
        let says: Vec<Delta> = out.range(before.min(out.len())..).cloned().collect();
        let ping = !says.is_empty() && says.iter().all(|delta| *delta == Delta::Alive);
        if ping || says.iter().any(|delta| matches!(delta, Delta::Error(_))) {
            return;
        }
        if let Frames::Few(left) = self.frames {
            let left = left.checked_sub(frame.data().len());
            self.frames = match left {
                _ if says.iter().any(is_said) => Frames::All,
                Some(left) => Frames::Few(left),
                None => Frames::No,
            };
        }
        if self.frames != Frames::No {
            let frame = WireFrame::new(self.api.as_str(), frame.clone(), says);
            out.insert(before, Delta::Frame(Box::new(frame)));
        }
    }

    fn other_wire(&self, json: &[u8]) -> Option<Api> {
        api_of(json).filter(|other| *other != self.api)
    }
}

impl fmt::Debug for AnyWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyWire")
    }
}

impl Interpret for AnyWire {
    fn frame(&mut self, frame: &sse::Frame, out: &mut VecDeque<Delta>) -> FrameVerdict {
        if let Some(error) = error_body::in_frame(frame) {
            out.push_back(Delta::Error(error));
            return FrameVerdict::Known;
        }
        let before = out.len();
        let verdict = self.interpreter.frame(frame, out);
        let said = out.len() > before;
        match verdict {
            _ if self.frames == Frames::No => {}
            FrameVerdict::Known | FrameVerdict::Unknown => self.give_out(frame, before, out),
            FrameVerdict::End if said => self.give_out(frame, before, out),
            FrameVerdict::End | FrameVerdict::Corrupt => {}
        }
        if !self.understood {
            let other = self.other_wire(frame.data().as_bytes());
            self.understood = other.is_none() && verdict == FrameVerdict::Known;
            self.other = self.other.or(other);
        }
        verdict
    }

    fn body(&mut self, json: &[u8], out: &mut VecDeque<Delta>) -> Result<(), StreamError> {
        if let Some(json) = serde_json::from_slice(json).ok().filter(error_body::is_error) {
            out.push_back(Delta::Error(error_body::of_value(&json)));
            return Ok(());
        }
        let before = out.len();
        let outcome = self.interpreter.body(json, out);
        if outcome.is_err() {
            self.other = self.other_wire(json);
        } else if let Some(told) = self.unfolded(json, out.range(before.min(out.len())..)) {
            out.truncate(before);
            out.extend(told);
        }
        outcome
    }

    fn ended(&self) -> bool {
        self.interpreter.ended()
    }

    fn end_of_input(&mut self, out: &mut VecDeque<Delta>) {
        let before = out.len();
        self.interpreter.end_of_input(out);
        if self.frames != Frames::No && out.len() > before {
            // No frame says it, and the client's wire has one that does.
            self.give_out(&sse::Frame::new(None, ""), before, out);
        }
    }

    fn is_whole(&self) -> bool {
        self.interpreter.is_whole()
    }
}

fn answer_of<'a>(deltas: impl Iterator<Item = &'a Delta>) -> Answer {
    let mut collector = Collector::new();
    deltas.for_each(|delta| collector.push(delta));
    collector.finish()
}

/// Whether an attempt commits with it.
fn is_said(delta: &Delta) -> bool {
    match delta {
        Delta::Text(text) => text.is_final() && !text.text.trim().is_empty(),
        Delta::Refusal(_) | Delta::ToolCallEnd(_) | Delta::Finish(_) => true,
        _ => false,
    }
}

/// The wire that names itself in an event or a document.
fn api_of(json: &[u8]) -> Option<Api> {
    #[derive(Deserialize)]
    struct Names<'a> {
        #[serde(borrow)]
        object: Option<Cow<'a, str>>,
        #[serde(rename = "type", borrow)]
        kind: Option<Cow<'a, str>>,
    }
    let names: Names<'_> = serde_json::from_slice(json).ok()?;
    match (names.object.as_deref(), names.kind.as_deref()) {
        (Some("chat.completion.chunk" | "chat.completion"), _) => Some(Api::OpenaiCompletions),
        (Some("response"), _) => Some(Api::OpenaiResponses),
        (_, Some(kind)) if kind.starts_with("response.") => Some(Api::OpenaiResponses),
        (_, Some("message" | "message_start" | "content_block_delta")) => {
            Some(Api::AnthropicMessages)
        }
        _ => None,
    }
}
