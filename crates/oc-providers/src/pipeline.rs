//! From body bytes to the deltas that leave this crate: pure, one step after
//! the other.
//!
//! ```text
//! bytes ─ Parser (SSE, wire, inline <think>) ─ Stages ─ deltas
//! ```
//!
//! Where several answers were asked for (`n`), each has stages of its own behind
//! the one parser; the end of the first is the end of all, and comes last.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use oc_responses_stream::{
    Answer, ChoiceDelta, Collector, Delta, FrameVerdict, Interpret, Limits as ParserLimits, Parser,
    SplitOptions, StrayClose, StreamError, StreamErrorKind, WireFrame, sse,
};
use serde::Deserialize;

use crate::call_ids::CallIds;
use crate::endpoint::{Api, Limits};
use crate::error::{ProviderError, ProviderErrorKind};
use crate::markup::{Declared, ToolCallParser};
use crate::seal::Sealer;
use crate::stages::Stages;
use crate::wire::{Carried, Wire, error_body};

/// The most bytes of frames that are held beside their deltas until something
/// is said. An answer that thinks longer, or draws, is not relayed.
const UNSAID_FRAME_BYTES: usize = 1 << 20;

/// One exchange on its way: one answer, or as many as were asked for.
#[derive(Debug)]
pub(crate) struct Pipeline {
    parser: Parser<AnyWire>,
    first: Stages,
    /// Of the other answers.
    others: Vec<Stages>,
    /// The answer that something was said of last.
    speaking: u32,
    /// The end of the first answer, while others go on.
    finish: Option<Delta>,
    over: bool,
}

/// What is known of an answer before it comes.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) api: Api,
    pub(crate) limits: Limits,
    /// How many answers were asked for.
    pub(crate) choices: u32,
    pub(crate) sealer: Sealer,
    /// How reasoning stands in the model's text.
    pub(crate) split: SplitOptions,
    /// Stop sequences that the host was not given.
    pub(crate) stop: Vec<String>,
    pub(crate) tool_call_parser: Option<ToolCallParser>,
    pub(crate) declared: Declared,
    /// The limit that was sent.
    pub(crate) max_output_tokens: Option<u64>,
    /// The window that the server states.
    pub(crate) served_window: Option<u64>,
    /// Arguments come with HTML entities in them.
    pub(crate) html_arguments: bool,
    /// Ids for calls that nobody gave one.
    pub(crate) call_ids: CallIds,
    /// The tools that were carried as functions.
    pub(crate) carried: Carried,
}

impl Pipeline {
    /// `relays`: the events themselves are given out, beside what they mean;
    /// with it whoever makes events of an answer that came as one document.
    pub(crate) fn new(
        interpreter: Box<dyn Interpret + Send>,
        terms: &Terms,
        relays: Option<Unfold>,
    ) -> Self {
        let limits = ParserLimits::default()
            .with_frame_bytes(terms.limits.frame_bytes)
            .with_stream_bytes(usize::try_from(terms.limits.stream_bytes).unwrap_or(usize::MAX));
        Self {
            parser: Parser::with_interpreter(AnyWire::new(interpreter, terms.api, relays), limits)
                .split_reasoning_with(terms.split.with_stray_close(StrayClose::Error)),
            first: Stages::new(terms),
            others: (1..terms.choices).map(|_| Stages::new(terms)).collect(),
            speaking: 0,
            finish: None,
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

    /// The next delta. The first error is the last thing that comes, and so is
    /// the end of the last answer.
    pub(crate) fn next(&mut self) -> Option<Result<Delta, ProviderError>> {
        if self.over {
            return None;
        }
        loop {
            let choice = self.speaking;
            match self.stages(choice).and_then(Stages::next) {
                Some(Ok(finish @ Delta::Finish(_))) if choice == 0 => self.finish = Some(finish),
                Some(next) => {
                    self.over = next.is_err();
                    return Some(next.map(|delta| delta.of_choice(choice)));
                }
                None => {
                    if self.others.iter().all(Stages::is_over)
                        && let Some(finish) = self.finish.take()
                    {
                        self.over = true;
                        return Some(Ok(finish));
                    }
                    if let Some(next) = self.read()? {
                        self.over = next.is_err();
                        return Some(next);
                    }
                }
            }
        }
    }

    /// Lets the stages have what was read next. `None`: nothing was;
    /// `Some(Some(…))`: it passes by all of them.
    fn read(&mut self) -> Option<Option<Result<Delta, ProviderError>>> {
        match self.parser.next_event()? {
            Ok(Delta::Choice(ChoiceDelta { choice, delta, .. })) => {
                self.speaking = choice;
                if let Some(stages) = self.stages(choice) {
                    stages.push(*delta);
                }
            }
            // A frame may be of any of the answers.
            Ok(frame @ Delta::Frame(_)) => return Some(Some(Ok(frame))),
            Ok(Delta::Error(error)) if self.first.is_over() => {
                return Some(Some(Err(ProviderError::in_stream(error))));
            }
            Ok(delta) => {
                if let Delta::Usage(usage) = &delta {
                    self.others.iter_mut().for_each(|stages| stages.count(*usage));
                }
                self.speaking = 0;
                self.first.push(delta);
            }
            Err(fault) => return Some(Some(Err(self.told_apart(fault)))),
        }
        Some(None)
    }

    fn stages(&mut self, choice: u32) -> Option<&mut Stages> {
        match choice.checked_sub(1) {
            None => Some(&mut self.first),
            Some(other) => self.others.get_mut(usize::try_from(other).ok()?),
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
    /// There were more, and nothing was said yet. Who gets deltas of no frame
    /// writes them anew; frames that come later tell what is said beside them.
    Skipped,
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
        (answers_of(said) == answers_of(told.iter())).then_some(told)
    }

    /// Puts the frame before what it said, which is all that was added to `out`
    /// since there were `before`.
    fn give_out(&mut self, frame: &sse::Frame, before: usize, out: &mut VecDeque<Delta>) {
        let says: Vec<Delta> = out.range(before.min(out.len())..).cloned().collect();
        let ping = !says.is_empty() && says.iter().all(|delta| *delta == Delta::Alive);
        if ping || says.iter().any(|delta| matches!(delta, Delta::Error(_))) {
            return;
        }
        self.frames = match self.frames {
            Frames::Few(_) | Frames::Skipped if says.iter().any(is_said) => Frames::All,
            Frames::Few(left) => {
                let left = left.checked_sub(frame.data().len());
                left.map_or(Frames::Skipped, Frames::Few)
            }
            frames => frames,
        };
        if matches!(self.frames, Frames::Few(_) | Frames::All) {
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

/// The answers that `deltas` say, each by its number.
fn answers_of<'a>(deltas: impl Iterator<Item = &'a Delta>) -> BTreeMap<u32, Answer> {
    let mut collectors: BTreeMap<u32, Collector> = BTreeMap::new();
    for delta in deltas {
        let (choice, delta) = match delta {
            Delta::Choice(other) => (other.choice, &*other.delta),
            delta => (0, delta),
        };
        collectors.entry(choice).or_default().push(delta);
    }
    collectors.into_iter().map(|(choice, collector)| (choice, collector.finish())).collect()
}

/// Whether an attempt commits with it.
fn is_said(delta: &Delta) -> bool {
    match delta {
        Delta::Text(text) => text.is_final() && !text.text.trim().is_empty(),
        Delta::Refusal(_) | Delta::ToolCallEnd(_) | Delta::Finish(_) => true,
        Delta::Choice(other) => is_said(&other.delta),
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
