//! Chat chunks to deltas.
//!
//! | in a chunk | delta |
//! |---|---|
//! | the first with anything in it | `Started` |
//! | `content` (text, or an array of parts) | `Text`; parts of type `thinking` are `Reasoning` |
//! | `reasoning_details`, `reasoning_content`, `reasoning`, … | `Reasoning`, once (see `reasoning.rs`); details end in a `Seal` |
//! | `extra_content`, in a call or beside it (a signature) | `Seal` of an item of its own |
//! | `refusal`, `annotations` | `Refusal`, `Annotation` |
//! | `tool_calls`, `function_call` | `ToolCallStart`, `ToolCallArguments`; the end comes with the answer's |
//! | `usage`, wherever it stands; `timings` if there is none | `Usage` |
//! | `finish_reason` | kept: usage may follow. A word for a failure (`network_error`, …) is `Error` |
//! | `error`, `event: error`, an SSE field `error`, `{"detail":…}`, … | `Error` |
//!
//! The answer is whole when a `finish_reason` was seen and then `[DONE]`, a
//! chunk with usage and no choices, or the end of input: transformers serve and
//! Groq send no `[DONE]`. `[DONE]` or the end of input without a
//! `finish_reason` is a cut, as it is when a relay loses its upstream. The empty
//! reason `""` ends nothing by itself; with `[DONE]` it does.

mod calls;
mod extent;
mod fields;
mod finish;
mod items;
mod reasoning;
mod usage;

use std::borrow::Cow;
use std::collections::VecDeque;

use oc_responses_stream::{
    Delta, Finish, FinishReason, FrameVerdict, Interpret, ItemStatus, Started, StreamError,
    UpstreamError, Usage, sse,
};
use serde_json::{Value, json};

use super::{annotations, error};
use crate::call_ids::CallIds;
use crate::wire::surrogates::Surrogates;
use calls::Calls;
pub(super) use fields::Fields;
use finish::Ending;
use items::Items;
use reasoning::Thought;

/// Reads a Chat Completions stream. See the module's table.
///
/// Pure; usually driven by [`oc_responses_stream::Parser`].
///
/// ```
/// use oc_providers::wire::openai_completions::CompletionsInterpreter;
/// use oc_responses_stream::{Collector, Limits, Parser};
///
/// let mut parser = Parser::with_interpreter(CompletionsInterpreter::new(), Limits::default());
/// parser.feed("data: {\"choices\":[{\"delta\":{\"reasoning\":\"Hm.\"}}]}\n\n");
/// parser.feed("data: {\"choices\":[{\"delta\":{\"content\":\"42\"},\"finish_reason\":\"stop\"}]}\n\n");
/// parser.feed("data: [DONE]\n\n");
/// parser.finish();
/// let mut collector = Collector::new();
/// while let Some(delta) = parser.next_event() {
///     collector.push(&delta?);
/// }
/// let answer = collector.finish();
/// assert_eq!((answer.reasoning_text().as_str(), answer.final_text().as_str()), ("Hm.", "42"));
/// # Ok::<(), oc_responses_stream::StreamError>(())
/// ```
#[derive(Debug, Default)]
pub struct CompletionsInterpreter {
    started: bool,
    items: Items,
    calls: Calls,
    surrogates: Surrogates,
    usage: Option<Usage>,
    timings: Option<Usage>,
    finish: Option<FinishReason>,
    /// Text, or reasoning, came in pieces: a whole `message` after them says it again.
    told: Told,
    stop_sequence: Option<String>,
    /// A `finish_reason` of `""` was seen.
    empty_finish: bool,
    ended: bool,
    /// More types of `reasoning_details` that are text for people.
    visible_details: Vec<String>,
}

/// What came in pieces so far.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    text: bool,
    thought: bool,
}

impl CompletionsInterpreter {
    /// For one answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with more types of `reasoning_details` that are text for people.
    #[must_use]
    pub fn with_visible_details(mut self, types: Vec<String>) -> Self {
        self.visible_details = types;
        self
    }

    /// The same, with a seal on all reasoning, so that it is known again as this
    /// host's when it comes back; or without.
    #[must_use]
    pub fn sealing_reasoning(mut self, seals: bool) -> Self {
        self.items.seals_thoughts = seals;
        self
    }

    fn chunk(&mut self, chunk: &Fields<'_>, out: &mut VecDeque<Delta>) -> FrameVerdict {
        if let Some(error) = error::in_chunk(chunk) {
            self.fail(error, out);
            return FrameVerdict::Known;
        }
        let choices = chunk.list("choices");
        let first = choices.iter().flatten().find_map(|raw| {
            let choice = Fields::parse(raw.get())?;
            // Only one answer is asked for; of several the first is taken.
            (choice.count("index").unwrap_or(0) == 0).then_some(choice)
        });
        let usage = usage::read(chunk, first.as_ref());
        if choices.is_none() && usage.is_none() {
            return FrameVerdict::Unknown;
        }
        if let Some(choice) = &first {
            self.start(Some(chunk), out);
            self.choice(choice, out);
        }
        if self.ended {
            return FrameVerdict::Known;
        }
        self.timings = usage::of_timings(chunk).or(self.timings);
        let counted = usage.is_some();
        if counted && usage != self.usage {
            self.usage = usage;
            out.extend(usage.map(Delta::Usage));
        }
        if counted && first.is_none() && self.finish.is_some() {
            self.end(out);
        }
        FrameVerdict::Known
    }

    fn choice(&mut self, choice: &Fields<'_>, out: &mut VecDeque<Delta>) {
        if let Some(error) = error::in_choice(choice) {
            self.fail(error, out);
            return;
        }
        // A whole `message` is what a server sends that only pretends to stream.
        let delta = choice.object("delta");
        let is_whole = delta.is_none();
        if let Some(delta) = delta.or_else(|| choice.object("message")) {
            let logprobs = choice.object("logprobs").and_then(|all| all.value("content"));
            self.delta(&delta, is_whole, logprobs, out);
        }
        // A document that was unfolded says it before its last chunk.
        self.stop_sequence = finish::stop_sequence(choice).or(self.stop_sequence.take());
        match choice.text("finish_reason").as_deref() {
            None => {}
            Some("") => self.empty_finish = true,
            Some(word) => match finish::ending(word) {
                Ending::Whole(reason) => self.finish = Some(reason),
                Ending::Failed => {
                    let message = "upstream gave up on the answer and did not say why";
                    self.fail(UpstreamError::new(word, message), out);
                }
            },
        }
    }

    /// A piece of the answer's message, or all of it.
    fn delta(
        &mut self,
        delta: &Fields<'_>,
        is_whole: bool,
        logprobs: Option<Value>,
        out: &mut VecDeque<Delta>,
    ) {
        let mut thought = Thought::read(delta, &self.visible_details);
        let visible = std::mem::take(&mut thought.visible);
        let before = out.len();
        let told = if is_whole { self.told } else { Told::default() };
        if !told.thought {
            self.items.thought(thought, out);
            self.items.text(&visible, None, out);
        }
        if !told.text {
            self.content(delta, logprobs, out);
        }
        for said in out.range(before.min(out.len())..).filter(|_| !is_whole) {
            self.told.text |= matches!(said, Delta::Text(_));
            self.told.thought |= matches!(said, Delta::Reasoning(_));
        }
        if let Some(signature) = delta.value("extra_content").filter(Value::is_object) {
            self.items.signature(json!({"content": signature}), out);
        }
        if let Some(refusal) = delta.text("refusal").filter(|_| !told.text) {
            self.items.refusal(&refusal, out);
        }
        for raw in delta.list("annotations").unwrap_or_default() {
            let annotation = serde_json::from_str(raw.get()).ok();
            if let Some(annotation) = annotation.as_ref().and_then(annotations::from_chat) {
                self.items.annotation(annotation, out);
            }
        }
        let calls = delta.list("tool_calls").unwrap_or_default();
        let legacy = delta.object("function_call");
        let again = is_whole && !self.calls.is_empty();
        let calls = calls.iter().filter_map(|raw| Fields::parse(raw.get())).chain(legacy);
        let calls = calls.filter(|_| !again);
        for (place, call) in (0..).zip(calls) {
            self.items.close(ItemStatus::Completed, out);
            let items = &mut self.items;
            // In a whole message each is a call, whatever it is called.
            let place = is_whole.then_some(place);
            let id = self.calls.piece(&call, place, || items.take_slot(), out);
            let signature = call.value("extra_content").filter(Value::is_object);
            if let (Some(signature), Some(id)) = (signature, id) {
                self.items.signature(json!({"calls": {id: signature}}), out);
            }
        }
    }

    /// `content`: text, or parts (Mistral).
    fn content(
        &mut self,
        delta: &Fields<'_>,
        mut logprobs: Option<Value>,
        out: &mut VecDeque<Delta>,
    ) {
        if let Some(text) = delta.text("content") {
            self.items.text(&text, logprobs, out);
            return;
        }
        for part in delta.list("content").unwrap_or_default() {
            let Some(part) = Fields::parse(part.get()) else { continue };
            match part.text("type").unwrap_or_default().as_ref() {
                "thinking" | "reasoning" => {
                    let raw = thinking(&part);
                    let carrier = "content";
                    self.items.thought(Thought { carrier, raw, ..Thought::default() }, out);
                }
                "text" | "output_text" | "" => {
                    let text = part.text("text").unwrap_or_default();
                    self.items.text(&text, logprobs.take(), out);
                }
                "refusal" => self.items.refusal(&part.text("refusal").unwrap_or_default(), out),
                // Pictures and references: nothing that an answer of text has.
                _ => {}
            }
        }
    }

    fn start(&mut self, chunk: Option<&Fields<'_>>, out: &mut VecDeque<Delta>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let word = |key| chunk.and_then(|chunk| chunk.word(key)).map(Cow::into_owned);
        let started = Started::new(
            word("id").map(Into::into),
            word("model"),
            chunk.and_then(|chunk| chunk.count("created")),
        );
        self.calls.name_with(CallIds::of(&started));
        out.push_back(Delta::Started(started));
    }

    /// The answer is whole.
    fn end(&mut self, out: &mut VecDeque<Delta>) {
        let reason = self.finish.take().unwrap_or(FinishReason::Stop);
        let cut = matches!(reason, FinishReason::Length | FinishReason::ContentFilter);
        self.ended = true;
        self.start(None, out);
        let status = if cut { ItemStatus::Incomplete } else { ItemStatus::Completed };
        self.items.close(status, out);
        self.calls.end(cut, out);
        if let (None, Some(usage)) = (self.usage, self.timings) {
            out.push_back(Delta::Usage(usage));
        }
        let mut finish = Finish::new(reason);
        finish.stop_sequence =
            self.stop_sequence.take().filter(|_| finish.reason == FinishReason::Stop);
        out.push_back(Delta::Finish(finish));
    }

    fn fail(&mut self, error: UpstreamError, out: &mut VecDeque<Delta>) {
        self.ended = true;
        self.start(None, out);
        out.push_back(Delta::Error(error));
    }
}

/// The text of a thinking part: `thinking` is text or a list of text parts.
fn thinking<'a>(part: &Fields<'a>) -> Cow<'a, str> {
    if let Some(text) = part.text("thinking").or_else(|| part.text("text")) {
        return text;
    }
    let parts = part.list("thinking").unwrap_or_default();
    let texts =
        parts.iter().filter_map(|raw| Fields::parse(raw.get())?.text("text").map(Cow::into_owned));
    Cow::Owned(texts.collect())
}

impl Interpret for CompletionsInterpreter {
    fn frame(&mut self, frame: &sse::Frame, out: &mut VecDeque<Delta>) -> FrameVerdict {
        if self.ended {
            return FrameVerdict::Known;
        }
        if frame.is_done_mark() {
            if self.finish.is_some() || self.empty_finish {
                self.end(out);
            }
            return FrameVerdict::End;
        }
        if let Some(text) = frame.error() {
            self.fail(error::of_text(text), out);
            return FrameVerdict::Known;
        }
        let data = frame.data().trim();
        if frame.event() == Some("error") {
            self.fail(error::of_text(data), out);
            return FrameVerdict::Known;
        }
        if !data.starts_with('{') {
            return if data.is_empty() { FrameVerdict::Known } else { FrameVerdict::Unknown };
        }
        let data = self.surrogates.mend(data);
        match Fields::parse(&data) {
            Some(chunk) => self.chunk(&chunk, out),
            None => FrameVerdict::Corrupt,
        }
    }

    fn body(&mut self, json: &[u8], out: &mut VecDeque<Delta>) -> Result<(), StreamError> {
        let text = String::from_utf8_lossy(json);
        let text = self.surrogates.mend(text.trim_start_matches('\u{feff}'));
        let document = Fields::parse(&text)
            .ok_or_else(|| StreamError::not_a_stream("body is neither events nor a JSON object"))?;
        let answers = document.list("choices").is_some() || error::in_chunk(&document).is_some();
        if !answers {
            return Err(StreamError::not_a_stream("body is JSON, but no completion and no error"));
        }
        self.chunk(&document, out);
        if !self.ended {
            self.end(out);
        }
        Ok(())
    }

    fn ended(&self) -> bool {
        self.ended
    }

    fn end_of_input(&mut self, out: &mut VecDeque<Delta>) {
        if self.is_whole() {
            self.end(out);
        }
    }

    fn is_whole(&self) -> bool {
        !self.ended && self.finish.is_some()
    }
}
