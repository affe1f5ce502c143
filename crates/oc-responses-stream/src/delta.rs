//! The provider-neutral delta: what every wire's interpreter yields and every
//! renderer takes.
//!
//! Order within one answer: [`Delta::Opened`], [`Delta::Started`], then content
//! in any interleaving, [`Delta::Usage`] at any time (the last one counts),
//! and exactly one of [`Delta::Finish`] or [`Delta::Error`], last. A stream
//! that stops without either was cut.

use serde_json::{Map, Value};

use crate::{CallId, Item, ItemId, ItemStatus, Phase, Progress, ResponseId, Usage, sse};

/// Which output item a delta belongs to.
///
/// Interpreters number items from 0 in the order in which they first hear of
/// them. It is *not* the upstream's `output_index` (which some servers leave
/// out, and some use twice) and not its item id (which some change on every
/// event); it is what those were resolved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

/// One step of an answer, in no provider's words.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Delta {
    /// The upstream answered with a head; nothing of the answer is known yet.
    Opened(Opened),
    /// The upstream is at work (a ping, a comment, `in_progress`). Nothing to
    /// show, and no sign that it gets on.
    Alive,
    /// The upstream reports how far it is with loading the model or reading the
    /// prompt. Nothing to show, but a reason to wait.
    Progress(Progress),
    /// The answer began.
    Started(Started),
    /// Visible text. Final unless its phase is [`Phase::Commentary`].
    Text(TextDelta),
    /// The model declines; shown to a person as text would be.
    Refusal(TextDelta),
    /// Reasoning: never final text, whatever the wire called it.
    Reasoning(ReasoningDelta),
    /// An opaque seal over reasoning (`encrypted_content`, a signature), to be
    /// handed back verbatim to the wire that made it.
    Seal(Seal),
    /// A tool call opened: its name is known, its arguments are not.
    ToolCallStart(ToolCallStart),
    /// A piece of a tool call's arguments (JSON text, cut anywhere).
    ToolCallArguments(ToolCallArguments),
    /// A tool call's arguments are whole: a JSON object, or nothing.
    /// [`ResponsesInterpreter`](crate::ResponsesInterpreter) never says it of a call
    /// whose arguments are neither: the item of such a call ends as incomplete.
    ToolCallEnd(ToolCallEnd),
    /// A citation or another annotation on text already sent.
    Annotation(AnnotationDelta),
    /// What a message is for, told only after text of it was given out: from here
    /// on that text counts as commentary, or as the answer.
    Phase(PhaseDelta),
    /// A part of a message that comes whole and has no deltas of its own: one of a
    /// type that we do not know (sound with its transcript, …).
    Part(WholePart),
    /// Fields of an item or of a part that have no delta of their own
    /// (`namespace`, `caller`), told before it ends: of a call before its
    /// [`ToolCallEnd`](Delta::ToolCallEnd).
    Extra(ExtraDelta),
    /// An item that comes whole and has no deltas of its own (a web search
    /// call, a compaction, an item of a type we do not know).
    Item(WholeItem),
    /// An item is finished.
    ItemEnd(ItemEnd),
    /// Token counts so far; a later one replaces an earlier one.
    Usage(Usage),
    /// The upstream's own end of a whole answer. Last.
    Finish(Finish),
    /// The upstream's own report that it failed. Last.
    Error(UpstreamError),
    /// An event as it stood on the wire, for a client that speaks that very
    /// wire: it comes before the deltas that it means, and says nothing more
    /// than they do to anyone else.
    Frame(Box<WireFrame>),
    /// A delta of another answer to the same request, where several were asked
    /// for (`n` of Chat Completions). Whoever takes one answer ignores it.
    Choice(ChoiceDelta),
}

impl Delta {
    /// This delta as one of the answer number `choice`: the deltas of the first
    /// stay bare, and so do errors, which are of all of them.
    ///
    /// ```
    /// use oc_responses_stream::{Delta, Slot, TextDelta};
    ///
    /// let hi = Delta::Text(TextDelta::new(Slot(0), "Hi"));
    /// assert_eq!(hi.clone().of_choice(0), hi);
    /// assert!(matches!(hi.of_choice(2), Delta::Choice(second) if second.choice == 2));
    /// ```
    #[must_use]
    pub fn of_choice(self, choice: u32) -> Self {
        match self {
            Self::Error(_) | Self::Choice(_) => self,
            _ if choice == 0 => self,
            delta => Self::Choice(ChoiceDelta { choice, delta: Box::new(delta) }),
        }
    }
}

/// A delta of another answer than the first. See [`Delta::Choice`].
///
/// Each answer has an order, slots and a [`Finish`] of its own; the bare
/// `Finish` of the first comes when all others have had theirs. [`Delta::Usage`]
/// counts all of them together and is always bare.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ChoiceDelta {
    /// Which answer: from 1, for the first has its deltas bare.
    pub choice: u32,
    /// What it says; never another `Choice`.
    pub delta: Box<Delta>,
}

/// An event as it stood on the wire. See [`Delta::Frame`].
///
/// ```
/// use oc_responses_stream::{Delta, Slot, TextDelta, WireFrame, sse::Frame};
///
/// let means = vec![Delta::Text(TextDelta::new(Slot(0), "Hi"))];
/// let event = Frame::new(None, r#"{"type":"response.output_text.delta","delta":"Hi","mood":"gay"}"#);
/// let frame = WireFrame::new("openai-responses", event, means);
/// assert!(frame.frame.data().contains("mood"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WireFrame {
    /// The config's word for the wire (`openai-responses`, `anthropic-messages`).
    pub api: &'static str,
    /// The event.
    pub frame: sse::Frame,
    /// The deltas that it means, as its wire's interpreter read them. What
    /// comes after this delta may differ: reasoning is taken out of text, calls
    /// come whole.
    pub says: Vec<Delta>,
}

impl WireFrame {
    /// `frame`, of the wire `api`, which means `says`.
    pub fn new(api: &'static str, frame: sse::Frame, says: Vec<Delta>) -> Self {
        Self { api, frame, says }
    }
}

/// The upstream's head arrived. See [`Delta::Opened`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// The upstream's own request id (`x-request-id`, `request-id`), for its support.
    pub request_id: Option<String>,
}

impl Opened {
    /// With the upstream's request id, if it sent one.
    pub fn new(request_id: Option<String>) -> Self {
        Self { request_id }
    }
}

/// The answer began. See [`Delta::Started`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Started {
    /// The upstream's id of this response, if it gave one.
    pub id: Option<ResponseId>,
    /// The model that the upstream says it runs.
    pub model: Option<String>,
    /// Seconds since the Unix epoch, if the upstream said when.
    pub created_at: Option<u64>,
}

impl Started {
    /// With what the upstream said of itself.
    pub fn new(id: Option<ResponseId>, model: Option<String>, created_at: Option<u64>) -> Self {
        Self { id, model, created_at }
    }
}

/// A piece of visible text or of a refusal.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TextDelta {
    /// The message it belongs to.
    pub slot: Slot,
    /// The content part within that message, from 0.
    pub part: u32,
    /// The text; may be empty, may be half a grapheme.
    pub text: String,
    /// The message's phase, where the wire has one.
    pub phase: Option<Phase>,
    /// Token log probabilities as the wire sent them (same-wire clients get them back).
    pub logprobs: Option<Value>,
}

impl TextDelta {
    /// Text in the first part of `slot`, phase unknown.
    pub fn new(slot: Slot, text: impl Into<String>) -> Self {
        Self { slot, part: 0, text: text.into(), phase: None, logprobs: None }
    }

    /// The same in content part `part`.
    #[must_use]
    pub fn with_part(mut self, part: u32) -> Self {
        self.part = part;
        self
    }

    /// The same with the message's phase.
    #[must_use]
    pub fn with_phase(mut self, phase: Option<Phase>) -> Self {
        self.phase = phase;
        self
    }

    /// Whether this may be shown to a person as (part of) the answer.
    pub fn is_final(&self) -> bool {
        self.phase != Some(Phase::Commentary)
    }
}

/// Which of the two reasoning texts a wire may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReasoningKind {
    /// The chain of thought itself (`reasoning_text`, `reasoning_content`, `<think>`).
    Raw,
    /// A summary of it (`reasoning_summary_text`).
    Summary,
}

/// A piece of reasoning.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReasoningDelta {
    /// The reasoning item it belongs to.
    pub slot: Slot,
    /// The part within that item (`content_index` or `summary_index`), from 0.
    pub part: u32,
    /// Raw or summary.
    pub kind: ReasoningKind,
    /// The text.
    pub text: String,
}

impl ReasoningDelta {
    /// Raw reasoning in the first part of `slot`.
    pub fn raw(slot: Slot, text: impl Into<String>) -> Self {
        Self { slot, part: 0, kind: ReasoningKind::Raw, text: text.into() }
    }

    /// A piece of reasoning summary in part `part` of `slot`.
    pub fn summary(slot: Slot, part: u32, text: impl Into<String>) -> Self {
        Self { slot, part, kind: ReasoningKind::Summary, text: text.into() }
    }

    /// The same in part `part`.
    #[must_use]
    pub fn with_part(mut self, part: u32) -> Self {
        self.part = part;
        self
    }
}

/// A seal over a reasoning item. See [`Delta::Seal`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Seal {
    /// The reasoning item that it seals.
    pub slot: Slot,
    /// The config's word for the wire that made it (`openai-responses`, `anthropic-messages`).
    pub api: &'static str,
    /// What that wire wants back, verbatim.
    pub value: Value,
}

impl Seal {
    /// A seal of `api`'s making.
    pub fn new(slot: Slot, api: &'static str, value: Value) -> Self {
        Self { slot, api, value }
    }
}

/// A tool call opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCallStart {
    /// The call's item.
    pub slot: Slot,
    /// Ties the call to its result. Empty where nobody gave it one: whoever hands the
    /// call on makes one, unlike those of the answers before ([`ResponseMachine`] and
    /// [`Collector`] know of no others, and count).
    ///
    /// [`ResponseMachine`]: crate::ResponseMachine
    /// [`Collector`]: crate::Collector
    pub call_id: CallId,
    /// The function's name.
    pub name: String,
    /// The item's id on the wire, if it had one.
    pub id: Option<ItemId>,
}

impl ToolCallStart {
    /// A call of `name`.
    pub fn new(slot: Slot, call_id: impl Into<CallId>, name: impl Into<String>) -> Self {
        Self { slot, call_id: call_id.into(), name: name.into(), id: None }
    }

    /// The call's id; its number, where it has none.
    pub(crate) fn id_of_call(&self) -> CallId {
        if self.call_id.as_str().is_empty() {
            return CallId::new(format!("call_{}", self.slot.0));
        }
        self.call_id.clone()
    }
}

/// A piece of a tool call's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCallArguments {
    /// The call's item.
    pub slot: Slot,
    /// JSON text, cut anywhere.
    pub text: String,
}

impl ToolCallArguments {
    /// A piece of the arguments of the call in `slot`.
    pub fn new(slot: Slot, text: impl Into<String>) -> Self {
        Self { slot, text: text.into() }
    }
}

/// A tool call's arguments are whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCallEnd {
    /// The call's item.
    pub slot: Slot,
    /// The whole arguments as the upstream states them at the end. `None`: the
    /// pieces are all there is. Where both exist this one counts (LM Studio
    /// sends no pieces at all).
    pub arguments: Option<String>,
}

impl ToolCallEnd {
    /// The call in `slot` is whole.
    pub fn new(slot: Slot, arguments: Option<String>) -> Self {
        Self { slot, arguments }
    }
}

/// An annotation on text. See [`Delta::Annotation`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AnnotationDelta {
    /// The message.
    pub slot: Slot,
    /// The content part within it.
    pub part: u32,
    /// The annotation in the Responses API's shape (`url_citation`, …); null where
    /// that has none for it.
    pub annotation: Value,
    /// The wire that sent it in another shape (the config's word), and that shape:
    /// same-wire clients get it back.
    pub as_sent: Option<(&'static str, Value)>,
}

impl AnnotationDelta {
    /// An annotation on part `part` of `slot`.
    pub fn new(slot: Slot, part: u32, annotation: Value) -> Self {
        Self { slot, part, annotation, as_sent: None }
    }

    /// The same, and what it was on the wire `api`.
    #[must_use]
    pub fn as_sent(mut self, api: &'static str, sent: Value) -> Self {
        self.as_sent = Some((api, sent));
        self
    }
}

/// What a message turned out to be for. See [`Delta::Phase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhaseDelta {
    /// The message; it may have ended.
    pub slot: Slot,
    /// Commentary or answer, instead of what its text deltas said.
    pub phase: Phase,
}

impl PhaseDelta {
    /// The message in `slot` is `phase`.
    pub fn new(slot: Slot, phase: Phase) -> Self {
        Self { slot, phase }
    }
}

/// A part that comes whole. See [`Delta::Part`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WholePart {
    /// The message.
    pub slot: Slot,
    /// Its number within the message, which no text has.
    pub part: u32,
    /// The part as it stands on the wire, its `type` included.
    pub json: Value,
}

impl WholePart {
    /// `json` is part `part` of the message in `slot`.
    pub fn new(slot: Slot, part: u32, json: Value) -> Self {
        Self { slot, part, json }
    }
}

/// Fields that we do not know, in the words of the wire. See [`Delta::Extra`].
///
/// Those of a message, of reasoning, of a call and of a text part are kept; those
/// of a refusal and of a single thought have no place in an [`Item`], and are only
/// passed on. Fields that are null or empty are not told.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ExtraDelta {
    /// The item; it has begun.
    pub slot: Slot,
    /// The content part that they are fields of; `None`: the item itself.
    pub part: Option<u32>,
    /// Name and value of each. A later value of the same field replaces an earlier one.
    pub fields: Map<String, Value>,
}

impl ExtraDelta {
    /// Fields of the item in `slot`.
    pub fn new(slot: Slot, fields: Map<String, Value>) -> Self {
        Self { slot, part: None, fields }
    }

    /// The same of its content part `part`.
    #[must_use]
    pub fn of_part(mut self, part: u32) -> Self {
        self.part = Some(part);
        self
    }
}

/// An item that comes whole. See [`Delta::Item`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WholeItem {
    /// Its place.
    pub slot: Slot,
    /// The item.
    pub item: Box<Item>,
}

impl WholeItem {
    /// `item` at `slot`.
    pub fn new(slot: Slot, item: Item) -> Self {
        Self { slot, item: Box::new(item) }
    }
}

/// An item is finished. See [`Delta::ItemEnd`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemEnd {
    /// Which.
    pub slot: Slot,
    /// How it ended.
    pub status: ItemStatus,
}

impl ItemEnd {
    /// The item in `slot` ended with `status`.
    pub fn new(slot: Slot, status: ItemStatus) -> Self {
        Self { slot, status }
    }
}

/// Why a whole answer ended. See [`Delta::Finish`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finish {
    /// The reason, in neutral words.
    pub reason: FinishReason,
    /// The stop sequence that was matched, where the wire says it.
    pub stop_sequence: Option<String>,
}

impl Finish {
    /// Ended for `reason`.
    pub fn new(reason: FinishReason) -> Self {
        Self { reason, stop_sequence: None }
    }
}

/// Why an answer ended, in words that each of the three APIs has its own for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FinishReason {
    /// The model was done (`completed`, `stop`, `end_turn`, `stop_sequence`).
    Stop,
    /// The model wants tools run (`tool_calls`, `tool_use`). Renderers decide by
    /// the calls that are there, not by this word: servers confuse the two.
    ToolCalls,
    /// The output limit cut it (`max_output_tokens`, `length`, `max_tokens`).
    Length,
    /// A filter cut it (`content_filter`).
    ContentFilter,
    /// The model declined (`refusal`).
    Refusal,
    /// The server paused a long turn and wants to be asked again (`pause_turn`).
    Pause,
    /// A word that we do not know, kept.
    Other(String),
}

/// What an upstream said of its own failure, inside a stream or as a body.
///
/// Facts only: `oc-fallback` decides what they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpstreamError {
    /// The machine-readable code (`rate_limit_exceeded`); numbers as text.
    pub code: Option<String>,
    /// The error's type (`invalid_request_error`, `overloaded_error`).
    pub error_type: Option<String>,
    /// The text for people. Treat it as private: some servers quote the prompt.
    pub message: Option<String>,
    /// The request's field that was at fault.
    pub param: Option<String>,
}

impl UpstreamError {
    /// With a code and a message.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: Some(code.into()), message: Some(message.into()), ..Self::default() }
    }
}
