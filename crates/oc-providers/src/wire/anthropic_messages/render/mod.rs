//! Deltas to a Messages client: a stream of events, or one document.

pub(super) mod answer;
pub(super) mod beside;

use std::collections::{BTreeMap, VecDeque};

use oc_responses_stream::{
    Delta, Finish, FinishReason, FunctionCall, Item, OutputStyle, Part, Phase, ReasoningDelta,
    ReasoningKind, Seal, Slot, TextDelta, UpstreamError, Usage, sse,
};
use serde_json::{Map, Value, json};

use super::{citations, error_body};
use crate::endpoint::Api;
use crate::wire::relay::{Fields, supply_of};
use answer::{Answer, Block};
use beside::{DELTA, MESSAGE, MESSAGE_DELTA, MESSAGE_STOP};

/// What a [`Renderer`] writes, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RenderOptions {
    /// The answer's id (`msg_…`).
    pub id: String,
    /// The model's name as the client is to read it.
    pub model: String,
    /// What `message_start` says of the request's tokens, which nobody knows
    /// yet; `message_delta` has the real count. Default: 0.
    pub input_tokens: u64,
    /// What is written. Default: [`OutputStyle::Full`].
    pub output: OutputStyle,
}

impl RenderOptions {
    /// An answer of this id, by this model.
    pub fn new(id: impl Into<String>, model: impl Into<String>) -> Self {
        let output = OutputStyle::default();
        Self { id: id.into(), model: model.into(), input_tokens: 0, output }
    }

    /// With an estimate of the request's tokens.
    #[must_use]
    pub fn input_tokens(mut self, estimate: u64) -> Self {
        self.input_tokens = estimate;
        self
    }

    /// Writes this much of the answer.
    #[must_use]
    pub fn output(mut self, style: OutputStyle) -> Self {
        self.output = style;
        self
    }
}

/// Writes one answer for a Messages client.
///
/// Push deltas and take the bytes of each event they caused; for a client that
/// wants one document, push everything and take [`document`](Self::document).
///
/// ```text
///  message_start ── (content_block_start, _delta…, content_block_stop)* ── message_delta ── message_stop
///       └───────────────────────── error, at any point, last ─────────────────┘
/// ```
///
/// * One block is open at a time, indexes are contiguous. Text that comes for
///   an item whose block is closed opens another.
/// * A tool call is written when it is whole, so that calls that come
///   interleaved come out one after the other. One that a limit cut is left out.
/// * A thinking block always ends in a signature, because some clients throw
///   away thinking, or the turn, without one: the seal of whoever thought it, as
///   it came (in our envelope, of a [`Provider`](crate::Provider)), or a mark that
///   there is none. A seal over reasoning that is not shown is a
///   `redacted_thinking` block.
/// * `stop_reason` says `tool_use` exactly where there is a whole call.
/// * The counts in `message_delta` are those of the whole answer.
///
/// ```
/// use oc_providers::wire::anthropic_messages::{RenderOptions, Renderer};
/// use oc_responses_stream::{Delta, Finish, FinishReason, Slot, TextDelta};
///
/// let mut renderer = Renderer::new(RenderOptions::new("msg_1", "my-model"));
/// renderer.push(&Delta::Text(TextDelta::new(Slot(0), "Hello")));
/// renderer.push(&Delta::Finish(Finish::new(FinishReason::Stop)));
/// let mut stream = Vec::new();
/// while let Some(bytes) = renderer.next_bytes() {
///     stream.extend(bytes);
/// }
/// let stream = String::from_utf8(stream).unwrap();
/// assert!(stream.starts_with("event: message_start\n"));
/// assert!(stream.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
/// assert_eq!(renderer.document()["content"][0]["text"], "Hello");
/// assert_eq!(renderer.document()["stop_reason"], "end_turn");
/// ```
#[derive(Debug)]
pub struct Renderer {
    options: RenderOptions,
    state: State,
    answer: Answer,
    /// The block that is open, and what it is written for.
    open: Option<Open>,
    /// Calls of the present attempt that are not whole.
    calls: BTreeMap<Slot, FunctionCall>,
    metadata: Map<String, Value>,
    /// What the host says beside the answer.
    beside: Fields,
    /// How many citations of the open block were told before this renderer went on.
    cited: usize,
    attempts: Option<Value>,
    ready: VecDeque<Vec<u8>>,
}

#[derive(Debug)]
enum State {
    Waiting,
    Writing,
    Finished(Ending),
    Failed(Value),
}

#[derive(Debug)]
struct Ending {
    reason: String,
    sequence: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text(Slot, u32),
    Thinking(Slot, ReasoningKind, u32),
}

impl Renderer {
    /// A renderer of one answer.
    pub fn new(options: RenderOptions) -> Self {
        Self {
            options,
            state: State::Waiting,
            answer: Answer::default(),
            open: None,
            calls: BTreeMap::new(),
            metadata: Map::new(),
            beside: Fields::new(),
            cited: 0,
            attempts: None,
            ready: VecDeque::new(),
        }
    }

    /// Takes the next delta; its events are then there to be taken. Nothing is
    /// taken after the answer's end.
    pub fn push(&mut self, delta: &Delta) {
        if self.is_terminal() {
            return;
        }
        match delta {
            Delta::Started(_) => self.begin(),
            Delta::Text(text) => self.text(text),
            Delta::Refusal(text) => {
                self.answer.refused |= !text.text.is_empty();
                self.text(text);
            }
            Delta::Reasoning(reasoning) => self.reasoning(reasoning),
            Delta::Seal(seal) => self.seal(seal),
            Delta::ToolCallStart(start) => {
                let call = FunctionCall::new(start.call_id.clone(), start.name.as_str(), "");
                self.calls.insert(start.slot, call);
            }
            Delta::ToolCallArguments(piece) => {
                if let Some(call) = self.calls.get_mut(&piece.slot) {
                    call.arguments.push_str(&piece.text);
                }
            }
            Delta::ToolCallEnd(end) => {
                if let Some(mut call) = self.calls.remove(&end.slot) {
                    if let Some(whole) = &end.arguments {
                        call.arguments.clone_from(whole);
                    }
                    self.call(&call);
                }
            }
            Delta::Annotation(delta) => match &delta.as_sent {
                Some((api, sent)) if *api == Api::AnthropicMessages.as_str() => {
                    self.cite(delta.slot, sent.clone());
                }
                _ => self.citation(delta.slot, &delta.annotation),
            },
            Delta::Item(whole) => self.item(whole.slot, &whole.item),
            Delta::ItemEnd(end) if self.open.is_some_and(|open| open.slot() == end.slot) => {
                self.close();
            }
            Delta::Phase(told) if self.final_only() && told.phase == Phase::Commentary => {
                self.answer.withdraw(told.slot);
            }
            Delta::Usage(usage) => self.answer.usage = Some(*usage),
            Delta::Finish(finish) => self.finish(finish),
            Delta::Error(error) => self.error(error),
            _ => {}
        }
    }

    /// The attempt that pushed until now was replaced: the next one's slots
    /// start anew. What a stream has sent stays sent; a document forgets an
    /// attempt that only thought.
    pub fn abandon(&mut self) {
        if self.is_terminal() {
            return;
        }
        self.close();
        self.calls.clear();
        self.answer.abandon();
    }

    /// Ends the answer in failure. `message` is for the client's eyes.
    pub fn fail(&mut self, code: &str, message: &str) {
        self.error(&UpstreamError::new(code, message));
    }

    /// What was tried, for the `error.attempts` of an answer that fails.
    pub fn set_attempts(&mut self, attempts: Value) {
        self.attempts = Some(attempts);
    }

    /// Adds to the `metadata` of `message_delta` and of the document: who
    /// served the answer, and why.
    pub fn set_metadata(&mut self, key: impl Into<String>, value: Value) {
        self.metadata.insert(key.into(), value);
    }

    /// The next event's bytes, ready to be written in one piece.
    pub fn next_bytes(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }

    /// What keeps the line alive and means nothing: a `ping`, or a comment
    /// while the answer has not begun.
    pub fn keep_alive(&self) -> &'static [u8] {
        match self.state {
            State::Waiting => b": keepalive\n\n",
            _ => b"event: ping\ndata: {\"type\":\"ping\"}\n\n",
        }
    }

    /// Goes on where a relay stopped that told of `blocks` blocks, and of `cited`
    /// citations of the last, while this renderer was pushed the same deltas.
    /// Whether the last of them is open here, which it is only where it `is_open`
    /// there.
    pub(super) fn go_on(&mut self, blocks: u64, is_open: bool, cited: usize) -> bool {
        self.ready.clear();
        self.cited = cited;
        if !is_open || self.open.is_none() {
            self.open = None;
            self.answer.close();
        }
        self.answer.count(usize::try_from(blocks).unwrap_or(usize::MAX));
        self.open.is_some()
    }

    /// What the host says beside the answer, for its head and its end.
    pub(super) fn set_beside(&mut self, fields: &Fields) {
        self.beside.clone_from(fields);
    }

    /// Writes a block of a server's own tools, or of a type that is not known.
    pub(super) fn insert(&mut self, block: Map<String, Value>) {
        if self.is_terminal() {
            return;
        }
        self.start(Block::unknown(block));
        self.input();
        self.close();
    }

    /// Whether the answer ended, well or badly.
    pub fn is_terminal(&self) -> bool {
        matches!(self.state, State::Finished(_) | State::Failed(_))
    }

    /// Whether anything of the answer itself was written, or its end.
    pub fn has_content(&self) -> bool {
        self.is_terminal() || self.answer.has_blocks()
    }

    /// The answer as it stands, as one document; whole after its end. After a
    /// failure: the error body. Text that turned out to be commentary after it
    /// was written is not in it where only final text is asked for.
    pub fn document(&self) -> Value {
        let (reason, sequence) = match &self.state {
            State::Failed(error) => return error.clone(),
            State::Finished(ending) => (Some(ending.reason.as_str()), ending.sequence.as_deref()),
            State::Waiting | State::Writing => (None, None),
        };
        let mut document = self.message(self.answer.content());
        document.insert("stop_reason".into(), reason.into());
        document.insert("stop_sequence".into(), sequence.into());
        document.insert("usage".into(), answer::usage(&self.answer.usage.unwrap_or_default()));
        if !self.metadata.is_empty() {
            document.insert("metadata".into(), Value::Object(self.metadata.clone()));
        }
        let mut document = Value::Object(document);
        // What was said later counts.
        for of in [DELTA, MESSAGE_DELTA, MESSAGE] {
            supply_of(&mut document, &self.beside, of);
        }
        document
    }

    fn text(&mut self, delta: &TextDelta) {
        let hidden = self.final_only() && delta.phase == Some(Phase::Commentary);
        if hidden || delta.text.is_empty() {
            return;
        }
        let wanted = Open::Text(delta.slot, delta.part);
        if self.open != Some(wanted) {
            self.start(Block::text());
            self.answer.opened_for(delta.slot);
            self.open = Some(wanted);
        }
        self.answer.append_text(&delta.text);
        self.delta(json!({"type": "text_delta", "text": delta.text}));
    }

    /// One of the two texts that an item of reasoning may have: the first that
    /// comes. Parts of a summary are paragraphs.
    fn reasoning(&mut self, delta: &ReasoningDelta) {
        if self.final_only() || delta.text.is_empty() {
            return;
        }
        let mut text = delta.text.clone();
        match self.open {
            Some(Open::Thinking(slot, kind, part)) if slot == delta.slot => {
                if kind != delta.kind {
                    return;
                }
                if kind == ReasoningKind::Summary && part != delta.part {
                    text.insert_str(0, "\n\n");
                }
            }
            _ => self.start(Block::thinking()),
        }
        self.open = Some(Open::Thinking(delta.slot, delta.kind, delta.part));
        self.answer.append_text(&text);
        self.delta(json!({"type": "thinking_delta", "thinking": text}));
    }

    fn seal(&mut self, seal: &Seal) {
        if self.final_only() || seal.api != Api::OpenaiResponses.as_str() {
            return;
        }
        let Some(value) = seal.value.as_str().filter(|value| !value.is_empty()) else { return };
        let sealed = value.to_owned();
        match self.open {
            Some(Open::Thinking(slot, ..)) if slot == seal.slot => self.answer.sign(sealed),
            _ => {
                self.start(Block::redacted(sealed));
                self.close();
            }
        }
    }

    fn citation(&mut self, slot: Slot, annotation: &Value) {
        if let Some(citation) = citations::to_messages(annotation) {
            self.cite(slot, citation);
        }
    }

    fn cite(&mut self, slot: Slot, citation: Value) {
        if !matches!(self.open, Some(Open::Text(open, _)) if open == slot) {
            return;
        }
        self.answer.cite(citation.clone());
        if self.cited > 0 {
            self.cited -= 1;
        } else {
            self.delta(json!({"type": "citations_delta", "citation": citation}));
        }
    }

    fn call(&mut self, call: &FunctionCall) {
        self.start(Block::tool_use(call));
        self.input();
        self.close();
    }

    /// The arguments of the open block, where it has some.
    fn input(&mut self) {
        let input = self.answer.open_input();
        if input != "{}" {
            self.delta(json!({"type": "input_json_delta", "partial_json": input}));
        }
    }

    fn item(&mut self, slot: Slot, item: &Item) {
        match item {
            Item::Message(message) => {
                for part in &message.content {
                    match part {
                        Part::Text(text) => {
                            let delta = TextDelta::new(slot, text.text.as_str());
                            self.push(&Delta::Text(delta.with_phase(message.phase)));
                            text.annotations.iter().for_each(|it| self.citation(slot, it));
                        }
                        Part::Refusal(text) => {
                            let delta = TextDelta::new(slot, text.as_str());
                            self.push(&Delta::Refusal(delta));
                        }
                        _ => {}
                    }
                }
            }
            Item::Reasoning(reasoning) => {
                for text in &reasoning.content {
                    self.reasoning(&ReasoningDelta::raw(slot, text.as_str()));
                }
                for (part, text) in (0..).zip(&reasoning.summary) {
                    self.reasoning(&ReasoningDelta::summary(slot, part, text.as_str()));
                }
                if let Some(seal) = &reasoning.encrypted_content {
                    let api = Api::OpenaiResponses.as_str();
                    self.seal(&Seal::new(slot, api, seal.as_str().into()));
                }
            }
            Item::FunctionCall(call) => self.call(call),
            // What this wire has no words for.
            _ => {}
        }
    }

    fn finish(&mut self, finish: &Finish) {
        if !matches!(finish.reason, FinishReason::Length | FinishReason::ContentFilter) {
            for (_, call) in std::mem::take(&mut self.calls) {
                self.call(&call);
            }
        }
        self.begin();
        self.close();
        let sequence = finish.stop_sequence.clone();
        let theirs = self.beside.get(DELTA).and_then(|delta| delta.get("stop_reason")?.as_str());
        let theirs = theirs.filter(|theirs| answer::says_more(&finish.reason, theirs));
        let reason = theirs
            .unwrap_or_else(|| self.answer.stop_reason(&finish.reason, sequence.is_some()))
            .to_owned();
        let sequence = sequence.filter(|_| reason == "stop_sequence");
        let mut event = Map::new();
        event.insert("delta".into(), json!({"stop_reason": reason, "stop_sequence": sequence}));
        event.insert("usage".into(), answer::usage(&self.answer.usage.unwrap_or_default()));
        if !self.metadata.is_empty() {
            event.insert("metadata".into(), Value::Object(self.metadata.clone()));
        }
        let mut event = Value::Object(event);
        supply_of(&mut event["delta"], &self.beside, DELTA);
        supply_of(&mut event, &self.beside, MESSAGE_DELTA);
        self.event("message_delta", event);
        let mut stop = json!({});
        supply_of(&mut stop, &self.beside, MESSAGE_STOP);
        self.event("message_stop", stop);
        self.state = State::Finished(Ending { reason, sequence });
    }

    /// No end of the message follows: an answer that broke off is not whole.
    fn error(&mut self, error: &UpstreamError) {
        if self.is_terminal() {
            return;
        }
        // What an upstream says of keys, money or rates is between it and us.
        let told = ["invalid_request_error", "overloaded_error", "timeout_error"];
        let kind = error.error_type.as_deref().filter(|kind| told.contains(kind));
        let mut body = error_body(
            kind.unwrap_or("api_error"),
            error.code.as_deref(),
            error.param.as_deref(),
            error.message.as_deref().unwrap_or("upstream failed and did not say why"),
        );
        if let Some(attempts) = self.attempts.take() {
            body["error"]["attempts"] = attempts;
        }
        self.write("error", &body);
        self.state = State::Failed(body);
    }

    fn begin(&mut self) {
        if !matches!(self.state, State::Waiting) {
            return;
        }
        self.state = State::Writing;
        let mut message = self.message(Vec::new());
        message.insert("stop_reason".into(), Value::Null);
        message.insert("stop_sequence".into(), Value::Null);
        let mut usage = Usage::default();
        usage.input_tokens = self.options.input_tokens;
        message.insert("usage".into(), answer::usage(&usage));
        let mut message = Value::Object(message);
        supply_of(&mut message, &self.beside, MESSAGE);
        self.event("message_start", json!({"message": message}));
    }

    fn message(&self, content: Vec<Value>) -> Map<String, Value> {
        let mut message = Map::new();
        message.insert("id".into(), self.options.id.clone().into());
        message.insert("type".into(), "message".into());
        message.insert("role".into(), "assistant".into());
        message.insert("model".into(), self.options.model.clone().into());
        message.insert("content".into(), Value::Array(content));
        message
    }

    /// Closes the open block and opens `block`.
    fn start(&mut self, block: Block) {
        self.begin();
        self.close();
        let mut event = Map::new();
        event.insert("index".into(), self.answer.next_index().into());
        event.insert("content_block".into(), block.opening());
        self.answer.open(block);
        self.event("content_block_start", Value::Object(event));
    }

    fn delta(&mut self, delta: Value) {
        let mut event = Map::new();
        event.insert("index".into(), self.answer.open_index().into());
        event.insert("delta".into(), delta);
        self.event("content_block_delta", Value::Object(event));
    }

    fn close(&mut self) {
        self.open = None;
        self.cited = 0;
        let index = self.answer.open_index();
        if let Some(signature) = self.answer.signature() {
            self.delta(json!({"type": "signature_delta", "signature": signature}));
        }
        if self.answer.close() {
            let mut event = Map::new();
            event.insert("index".into(), index.into());
            self.event("content_block_stop", Value::Object(event));
        }
    }

    fn event(&mut self, name: &str, fields: Value) {
        let mut event = Map::new();
        event.insert("type".into(), name.into());
        if let Value::Object(fields) = fields {
            event.extend(fields);
        }
        self.write(name, &Value::Object(event));
    }

    fn write(&mut self, name: &str, json: &Value) {
        let mut bytes = Vec::new();
        sse::encode(name, &json.to_string(), &mut bytes);
        self.ready.push_back(bytes);
    }

    fn final_only(&self) -> bool {
        self.options.output == OutputStyle::FinalOnly
    }
}

impl Open {
    fn slot(self) -> Slot {
        match self {
            Self::Text(slot, _) | Self::Thinking(slot, ..) => slot,
        }
    }
}
