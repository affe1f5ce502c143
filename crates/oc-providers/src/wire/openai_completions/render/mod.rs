//! Deltas to a Chat client: a stream of chunks, or one document.

pub(super) mod answer;
pub(super) mod beside;
mod several;

use std::collections::{HashMap, VecDeque};

use oc_responses_stream::{
    Delta, FinishReason, Item, OutputStyle, Part, Phase, ReasoningDelta, ReasoningKind, Slot,
    TextDelta, ToolCallStart, UpstreamError, Usage, sse,
};
use serde_json::{Map, Value, json};

use super::lists::{List, Numbers};
use super::{API, annotations, custom, error_body, pictures};
use crate::wire::relay::Fields;
use answer::{Answer, BETWEEN, Call};
pub(in crate::wire) use several::Several;

/// What a [`Renderer`] writes, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RenderOptions {
    /// The answer's id (`chatcmpl-…`); every chunk has it.
    pub id: String,
    /// The model's name as the client is to read it.
    pub model: String,
    /// Seconds since the Unix epoch.
    pub created: u64,
    /// Whether a stream ends in a chunk with the token counts. Default: no. A
    /// document always has them, where they are known.
    pub include_usage: bool,
    /// Where reasoning is written. Default: [`ReasoningFields::ReasoningContent`].
    pub reasoning: ReasoningFields,
    /// What is written. Default: [`OutputStyle::Full`].
    pub output: OutputStyle,
    /// Which of several answers it is, from 0. Default: the first.
    pub index: u32,
}

impl RenderOptions {
    /// An answer of this id, by this model, created at this time (seconds
    /// since the Unix epoch).
    pub fn new(id: impl Into<String>, model: impl Into<String>, created: u64) -> Self {
        Self {
            id: id.into(),
            model: model.into(),
            created,
            include_usage: false,
            reasoning: ReasoningFields::default(),
            output: OutputStyle::default(),
            index: 0,
        }
    }

    /// As this one of several answers, from 0.
    #[must_use]
    pub fn index(mut self, index: u32) -> Self {
        self.index = index;
        self
    }

    /// With or without a last chunk with the token counts.
    #[must_use]
    pub fn include_usage(mut self, include: bool) -> Self {
        self.include_usage = include;
        self
    }

    /// Writes reasoning in these fields.
    #[must_use]
    pub fn reasoning(mut self, fields: ReasoningFields) -> Self {
        self.reasoning = fields;
        self
    }

    /// Writes this much of the answer.
    #[must_use]
    pub fn output(mut self, style: OutputStyle) -> Self {
        self.output = style;
        self
    }
}

/// Where reasoning is written. There is no official place for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReasoningFields {
    /// `reasoning_content`: what most clients read.
    #[default]
    ReasoningContent,
    /// `reasoning`.
    Reasoning,
    /// Both, with the same text: for clients that read one of them, not for
    /// those that add them up.
    Both,
}

impl ReasoningFields {
    fn put(self, fields: &mut Map<String, Value>, text: &str) {
        if matches!(self, Self::ReasoningContent | Self::Both) {
            fields.insert("reasoning_content".into(), text.into());
        }
        if matches!(self, Self::Reasoning | Self::Both) {
            fields.insert("reasoning".into(), text.into());
        }
    }
}

/// Writes one answer for a Chat client.
///
/// Push deltas and take the bytes of each chunk they caused; for a client that
/// wants one document, push everything and take [`document`](Self::document).
///
/// The first chunk carries the role, the one with the finish reason is the last
/// of the answer, the token counts follow it if they are asked for. An error is
/// a chunk of its own, after which nothing comes but
/// [`end_mark`](Self::end_mark). A seal over reasoning goes out as
/// `reasoning_details` of type `reasoning.encrypted`, where clients that replay
/// reasoning look for it.
///
/// ```
/// use oc_providers::wire::openai_completions::{RenderOptions, Renderer};
/// use oc_responses_stream::{Delta, Finish, FinishReason, Slot, TextDelta};
///
/// let mut renderer = Renderer::new(RenderOptions::new("chatcmpl-1", "my-model", 1_700_000_000));
/// renderer.push(&Delta::Text(TextDelta::new(Slot(0), "Hello")));
/// renderer.push(&Delta::Finish(Finish::new(FinishReason::Stop)));
/// let mut stream = Vec::new();
/// while let Some(bytes) = renderer.next_bytes() {
///     stream.extend(bytes);
/// }
/// assert!(String::from_utf8(stream).unwrap().contains("\"content\":\"Hello\""));
/// assert_eq!(renderer.document()["choices"][0]["finish_reason"], "stop");
/// ```
#[derive(Debug)]
pub struct Renderer {
    options: RenderOptions,
    state: State,
    answer: Answer,
    /// Where each call of the present attempt stands.
    calls: HashMap<Slot, usize>,
    /// The reasoning that was written last.
    thought: Option<(Slot, ReasoningKind, u32)>,
    /// Whose text was written last.
    spoke: Option<(Slot, Option<Phase>)>,
    /// Of the stream, whichever attempt it tells.
    numbers: Numbers,
    /// The commentary that was left out last.
    hidden: Option<Slot>,
    usage: Option<Usage>,
    metadata: Map<String, Value>,
    /// What the host says beside the answer.
    beside: Fields,
    attempts: Option<Value>,
    ready: VecDeque<Vec<u8>>,
}

#[derive(Debug)]
enum State {
    /// The role was not sent yet.
    Waiting,
    Writing,
    Finished(&'static str),
    Failed(Value),
}

impl Renderer {
    /// A renderer of one answer.
    pub fn new(options: RenderOptions) -> Self {
        Self {
            options,
            state: State::Waiting,
            answer: Answer::default(),
            calls: HashMap::new(),
            thought: None,
            spoke: None,
            numbers: Numbers::default(),
            hidden: None,
            usage: None,
            metadata: Map::new(),
            beside: Fields::new(),
            attempts: None,
            ready: VecDeque::new(),
        }
    }

    /// Takes the next delta; its chunks are then there to be taken. Nothing is
    /// taken after the answer's end.
    pub fn push(&mut self, delta: &Delta) {
        if self.is_terminal() {
            return;
        }
        match delta {
            Delta::Opened(_) | Delta::Alive | Delta::Progress(_) | Delta::ItemEnd(_) => {}
            Delta::Started(_) => self.begin(),
            Delta::Text(text) => self.text(text),
            Delta::Refusal(refusal) => self.refusal(&refusal.text),
            Delta::Reasoning(reasoning) => self.reasoning(reasoning),
            Delta::Seal(seal) => {
                if let Value::String(value) = &seal.value {
                    self.seal(value);
                }
            }
            Delta::ToolCallStart(start) => self.call(start),
            Delta::ToolCallArguments(piece) => self.arguments(piece.slot, &piece.text),
            Delta::ToolCallEnd(end) => self.end_call(end.slot, end.arguments.as_deref()),
            Delta::Annotation(delta) => match &delta.as_sent {
                Some((api, sent)) if *api == API => self.annotate(delta.slot, sent.clone()),
                _ => self.annotation(delta.slot, &delta.annotation),
            },
            Delta::Item(whole) => self.item(whole.slot, &whole.item),
            Delta::Phase(told) if self.final_only() && told.phase == Phase::Commentary => {
                self.answer.withdraw(told.slot);
            }
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::Finish(finish) => {
                if !matches!(finish.reason, FinishReason::Length | FinishReason::ContentFilter) {
                    self.end_calls();
                }
                self.answer.drop_open_calls();
                let word = self.answer.finish_word(&finish.reason);
                self.finish(word);
            }
            Delta::Error(error) => self.error(error),
            _ => {}
        }
    }

    /// The attempt that pushed until now was replaced: the next one's slots
    /// start anew. What a stream has sent stays sent; a document forgets an
    /// attempt that only thought.
    pub fn abandon(&mut self) {
        self.calls.clear();
        self.thought = None;
        // The next attempt may go on with the text.
        self.spoke = None;
        self.hidden = None;
        self.answer.abandon();
    }

    /// Ends the answer in failure.
    pub fn fail(&mut self, code: &str, message: &str) {
        self.error(&UpstreamError::new(code, message));
    }

    /// What was tried, for the `error.attempts` of an answer that fails.
    pub fn set_attempts(&mut self, attempts: Value) {
        self.attempts = Some(attempts);
    }

    /// Adds to the `metadata` of the last chunk and of the document: who
    /// served the answer, and why.
    pub fn set_metadata(&mut self, key: impl Into<String>, value: Value) {
        self.metadata.insert(key.into(), value);
    }

    /// The next chunk's bytes, ready to be written in one piece.
    pub fn next_bytes(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }

    /// What follows the last chunk on this wire.
    pub fn end_mark() -> &'static [u8] {
        sse::DONE.as_bytes()
    }

    /// Whether anything of the answer itself was written, or its end: not only
    /// who speaks.
    pub fn has_content(&self) -> bool {
        self.is_terminal() || self.answer.has_content()
    }

    /// What the host says beside the answer, for its end.
    pub(in crate::wire::openai_completions) fn set_beside(&mut self, fields: &Fields) {
        self.beside.clone_from(fields);
    }

    /// Goes on with these numbers, after a relay.
    pub(in crate::wire::openai_completions) fn set_numbers(&mut self, numbers: Numbers) {
        self.numbers = numbers;
    }

    /// Whether it was said who speaks.
    pub(in crate::wire::openai_completions) fn has_begun(&self) -> bool {
        !matches!(self.state, State::Waiting)
    }

    /// Whether the answer ended, well or badly.
    pub fn is_terminal(&self) -> bool {
        matches!(self.state, State::Finished(_) | State::Failed(_))
    }

    /// The answer as it stands, as one document; whole after its end. After a
    /// failure: the error body. Text that turned out to be commentary after it
    /// was written is not in it where only final text is asked for.
    pub fn document(&self) -> Value {
        let finish = match &self.state {
            State::Failed(error) => return error.clone(),
            State::Finished(word) => Some(*word),
            State::Waiting | State::Writing => None,
        };
        let mut document = self.head("chat.completion");
        let choice = json!({
            "index": self.options.index,
            "message": self.answer.message(self.options.reasoning),
            "logprobs": self.answer.logprobs(),
            "finish_reason": finish,
        });
        document.insert("choices".into(), Value::Array(vec![choice]));
        if let Some(usage) = &self.usage {
            document.insert("usage".into(), answer::usage(usage));
        }
        if !self.metadata.is_empty() {
            document.insert("metadata".into(), Value::Object(self.metadata.clone()));
        }
        let mut document = Value::Object(document);
        beside::into_document(&mut document, &self.beside);
        document
    }

    fn text(&mut self, delta: &TextDelta) {
        if self.final_only() && delta.phase == Some(Phase::Commentary) {
            self.hidden = Some(delta.slot);
            return;
        }
        if delta.text.is_empty() {
            return;
        }
        let apart = self.is_apart(delta);
        self.spoke = Some((delta.slot, delta.phase));
        self.answer.say(delta.slot, apart, &delta.text);
        if let Some(Value::Array(logprobs)) = &delta.logprobs {
            self.answer.logprobs.extend(logprobs.iter().cloned());
        }
        let logprobs = delta.logprobs.clone().map_or(Value::Null, answer::logprobs);
        let blank = if apart { BETWEEN } else { "" };
        self.chunk(json!({"content": format!("{blank}{}", delta.text)}), logprobs);
    }

    /// Whether the text of `delta` is told apart from what was said last: what the
    /// model says on its way is a message of its own. Other items are none for that:
    /// Chat hosts mix reasoning into a text, and Messages hosts cut it where they cite.
    fn is_apart(&self, delta: &TextDelta) -> bool {
        let commentary = Some(Phase::Commentary);
        self.spoke.is_some_and(|(slot, phase)| {
            slot != delta.slot && (phase == commentary || delta.phase == commentary)
        })
    }

    fn refusal(&mut self, text: &str) {
        if !text.is_empty() {
            self.answer.refusal.push_str(text);
            self.chunk(json!({"refusal": text}), Value::Null);
        }
    }

    /// One of the two texts that an item of reasoning may have: the first that
    /// comes. Parts of a summary are paragraphs.
    fn reasoning(&mut self, delta: &ReasoningDelta) {
        if self.final_only() || delta.text.is_empty() {
            return;
        }
        let mut text = delta.text.clone();
        match self.thought {
            Some((slot, kind, _)) if slot == delta.slot && kind != delta.kind => return,
            Some((slot, ReasoningKind::Summary, part))
                if slot == delta.slot && part != delta.part =>
            {
                text.insert_str(0, "\n\n");
            }
            _ => {}
        }
        self.thought = Some((delta.slot, delta.kind, delta.part));
        self.answer.reasoning.push_str(&text);
        let mut fields = Map::new();
        self.options.reasoning.put(&mut fields, &text);
        self.chunk(Value::Object(fields), Value::Null);
    }

    fn seal(&mut self, value: &str) {
        if self.final_only() {
            return;
        }
        if value.is_empty() {
            return;
        }
        let detail = answer::sealed(value, self.numbers.next(List::ReasoningDetails));
        self.answer.seals.push(value.to_owned());
        self.chunk(json!({"reasoning_details": [detail]}), Value::Null);
    }

    fn annotation(&mut self, slot: Slot, annotation: &Value) {
        if let Some(annotation) = annotations::to_chat(annotation) {
            self.annotate(slot, annotation);
        }
    }

    /// Writes a citation in this wire's shape.
    fn annotate(&mut self, slot: Slot, annotation: Value) {
        if self.hidden != Some(slot) {
            self.entry(List::Annotations, annotation.clone());
            self.answer.annotations.push(annotation);
        }
    }

    /// Writes an entry of a list, with its number.
    fn entry(&mut self, list: List, mut entry: Value) {
        if let Value::Object(fields) = &mut entry {
            fields.insert("index".into(), self.numbers.next(list).into());
        }
        self.chunk(json!({list.key(): [entry]}), Value::Null);
    }

    fn call(&mut self, start: &ToolCallStart) {
        let index = self.answer.calls.len();
        self.calls.insert(start.slot, index);
        self.answer.calls.push(Call {
            id: start.call_id.as_str().to_owned(),
            name: start.name.clone(),
            arguments: String::new(),
            is_custom: false,
            ended: false,
            dropped: false,
        });
        let call = json!({
            "index": index,
            "id": start.call_id.as_str(),
            "type": "function",
            "function": {"name": start.name, "arguments": ""},
        });
        self.chunk(json!({"tool_calls": [call]}), Value::Null);
    }

    fn arguments(&mut self, slot: Slot, text: &str) {
        let Some(&index) = self.calls.get(&slot) else { return };
        let Some(call) = self.answer.calls.get_mut(index).filter(|_| !text.is_empty()) else {
            return;
        };
        call.arguments.push_str(text);
        let piece = json!({"index": index, "function": {"arguments": text}});
        self.chunk(json!({"tool_calls": [piece]}), Value::Null);
    }

    /// A custom tool's call, which comes whole.
    fn custom_call(&mut self, id: &str, name: &str, input: &str) {
        let call = Call {
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: input.to_owned(),
            is_custom: true,
            ended: true,
            dropped: false,
        };
        let mut json = call.to_json();
        json["index"] = self.answer.calls.len().into();
        self.answer.calls.push(call);
        self.chunk(json!({"tool_calls": [json]}), Value::Null);
    }

    /// A picture, where OpenRouter has it.
    fn picture(&mut self, picture: Value) {
        self.entry(List::Images, picture.clone());
        self.answer.pictures.push(picture);
    }

    /// What the whole arguments add to their pieces is written; what
    /// contradicts them counts in a document, where nothing was read yet.
    fn end_call(&mut self, slot: Slot, whole: Option<&str>) {
        let place = self.calls.get(&slot).copied();
        let call = place.and_then(|place| self.answer.calls.get_mut(place));
        let Some(call) = call.filter(|call| !call.ended) else { return };
        call.ended = true;
        let streamed = call.arguments.clone();
        let whole = match whole.unwrap_or(&streamed) {
            blank if blank.trim().is_empty() => "{}",
            whole => whole,
        };
        if let Some(missing) = whole.strip_prefix(streamed.as_str()) {
            self.arguments(slot, missing);
        } else {
            call.arguments = whole.to_owned();
        }
    }

    /// Ends the calls that nothing ended.
    fn end_calls(&mut self) {
        let mut open: Vec<Slot> = self.calls.keys().copied().collect();
        open.sort_unstable();
        for slot in open {
            self.end_call(slot, None);
        }
    }

    fn item(&mut self, slot: Slot, item: &Item) {
        match item {
            Item::Message(message) => {
                for part in &message.content {
                    match part {
                        Part::Text(text) => {
                            let delta = TextDelta::new(slot, text.text.as_str());
                            self.text(&delta.with_phase(message.phase));
                            for citation in &text.annotations {
                                self.annotation(slot, citation);
                            }
                        }
                        Part::Refusal(text) => self.refusal(text),
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
                    self.seal(seal);
                }
            }
            Item::FunctionCall(call) => {
                let id = call.call_id.clone();
                self.call(&ToolCallStart::new(slot, id, call.name.as_str()));
                self.end_call(slot, Some(&call.arguments));
            }
            Item::Other(other) => {
                if let Some((id, name, input)) = custom::of(other) {
                    self.custom_call(id, name, input);
                } else if let Some(picture) = pictures::of(other) {
                    self.picture(picture);
                }
            }
            // What this wire has no words for.
            _ => {}
        }
    }

    fn finish(&mut self, word: &'static str) {
        self.begin();
        let index = self.options.index;
        let mut choice =
            json!({"index": index, "delta": {}, "logprobs": null, "finish_reason": word});
        beside::into_choice(&mut choice, "delta", &self.beside);
        let mut last = self.chunk_of(vec![choice]);
        if let Some(usage) = self.usage.filter(|_| self.options.include_usage) {
            self.write(&last);
            last = self.chunk_of(Vec::new());
            last.insert("usage".into(), answer::usage(&usage));
        }
        if !self.metadata.is_empty() {
            last.insert("metadata".into(), Value::Object(self.metadata.clone()));
        }
        beside::into_last_chunk(&mut last, &self.beside, self.options.include_usage);
        self.write(&last);
        self.state = State::Finished(word);
    }

    fn error(&mut self, error: &UpstreamError) {
        if self.is_terminal() {
            return;
        }
        let mut body = error_body(
            error.error_type.as_deref().unwrap_or("server_error"),
            error.code.as_deref(),
            error.param.as_deref(),
            error.message.as_deref().unwrap_or("upstream failed and did not say why"),
        );
        if let Some(attempts) = self.attempts.take() {
            body["error"]["attempts"] = attempts;
        }
        if let Value::Object(fields) = &body {
            self.write(fields);
        }
        self.state = State::Failed(body);
    }

    /// Says once who speaks.
    fn begin(&mut self) {
        if matches!(self.state, State::Waiting) {
            self.state = State::Writing;
            self.chunk(json!({"role": "assistant", "content": ""}), Value::Null);
        }
    }

    fn chunk(&mut self, delta: Value, logprobs: Value) {
        self.begin();
        let index = self.options.index;
        let choice =
            json!({"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": null});
        let chunk = self.chunk_of(vec![choice]);
        self.write(&chunk);
    }

    fn chunk_of(&self, choices: Vec<Value>) -> Map<String, Value> {
        let mut chunk = self.head("chat.completion.chunk");
        chunk.insert("choices".into(), Value::Array(choices));
        if self.options.include_usage {
            chunk.insert("usage".into(), Value::Null);
        }
        chunk
    }

    fn head(&self, object: &str) -> Map<String, Value> {
        let mut head = Map::new();
        head.insert("id".into(), self.options.id.clone().into());
        head.insert("object".into(), object.into());
        head.insert("created".into(), self.options.created.into());
        head.insert("model".into(), self.options.model.clone().into());
        head
    }

    fn write(&mut self, chunk: &Map<String, Value>) {
        let mut bytes = Vec::new();
        // A map of JSON values has nothing that cannot be written.
        let json = serde_json::to_string(chunk).unwrap_or_default();
        sse::encode("", &json, &mut bytes);
        self.ready.push_back(bytes);
    }

    fn final_only(&self) -> bool {
        self.options.output == OutputStyle::FinalOnly
    }
}
