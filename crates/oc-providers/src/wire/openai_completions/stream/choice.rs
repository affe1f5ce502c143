//! One answer out of a stream that may have several (`n`), by its `index`.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};

use oc_responses_stream::{Delta, Finish, FinishReason, ItemStatus, UpstreamError, Usage};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::calls::Calls;
use super::fields::Fields;
use super::finish::{self, Ending};
use super::items::Items;
use super::reasoning::Thought;
use crate::call_ids::CallIds;
use crate::wire::openai_completions::{annotations, error};

/// One answer as it comes.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// A piece of it came.
    pub(super) began: bool,
    pub(super) items: Items,
    calls: Calls,
    finish: Option<FinishReason>,
    /// Text, reasoning or a picture came in pieces: a whole `message` after them says it again.
    told: Told,
    stop_sequence: Option<String>,
    /// A `finish_reason` of `""` was seen.
    empty_finish: bool,
    /// Its own counts, of servers that count each answer by itself.
    pub(super) usage: Option<Usage>,
    pub(super) timings: Option<Usage>,
}

/// What came in pieces so far.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    text: bool,
    thought: bool,
    refusal: bool,
    annotation: bool,
    picture: bool,
}

/// An element of `choices`.
#[derive(Debug)]
pub(in super::super) struct Piece<'a> {
    /// Which answer it is of: its `index`; its place where it has none, or where
    /// whole answers come under one index.
    pub(in super::super) number: u64,
    pub(in super::super) raw: &'a RawValue,
    pub(super) fields: Fields<'a>,
}

/// The `choices` of a chunk or a document.
pub(in super::super) fn pieces<'a>(chunk: &Fields<'a>) -> Option<Vec<Piece<'a>>> {
    let choices = (0..).zip(chunk.list("choices")?);
    let mut placed: Vec<(u64, Piece<'a>)> = choices
        .filter_map(|(place, raw)| {
            let fields = Fields::parse(raw.get())?;
            let number = fields.count("index").unwrap_or(place);
            Some((place, Piece { number, raw, fields }))
        })
        .collect();
    let are_distinct = |placed: &[(u64, Piece<'_>)]| {
        let numbers: HashSet<u64> = placed.iter().map(|(_, piece)| piece.number).collect();
        numbers.len() == placed.len()
    };
    let is_document = placed.iter().all(|(_, piece)| piece.fields.says("message"));
    if placed.len() > 1 && is_document && !are_distinct(&placed) {
        placed.iter_mut().for_each(|(place, piece)| piece.number = *place);
    }
    Some(placed.into_iter().map(|(_, piece)| piece).collect())
}

impl Choice {
    /// Whether its own end came.
    pub(super) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Whether nothing of it is missing, if nothing more comes.
    pub(super) fn may_end(&self) -> bool {
        self.finish.is_some() || self.empty_finish
    }

    /// Calls without an id get one of these.
    pub(super) fn name_calls_with(&mut self, ids: Option<CallIds>) {
        self.calls.name_with(ids);
    }

    /// Takes in one element of `choices`. Types of `reasoning_details` that are
    /// text for people: `visible`.
    ///
    /// # Errors
    /// What the server reports of it.
    pub(super) fn read(
        &mut self,
        choice: &Fields<'_>,
        visible: &[String],
        out: &mut VecDeque<Delta>,
    ) -> Result<(), UpstreamError> {
        self.began = true;
        if let Some(error) = error::in_choice(choice) {
            return Err(error);
        }
        let finish = choice.text("finish_reason");
        let is_last = finish.as_deref().is_some_and(|word| !word.is_empty());
        let mut logprobs = choice.object("logprobs").and_then(|all| all.value("content"));
        let delta = choice.object("delta");
        if let Some(delta) = &delta {
            self.delta(delta, false, logprobs.take(), visible, out);
        }
        // A whole `message` is what a server sends that only pretends to stream. Beside
        // deltas it says what they said, and at the end what none of them did.
        if let Some(message) = choice.object("message").filter(|_| delta.is_none() || is_last) {
            self.delta(&message, true, logprobs, visible, out);
        }
        // A document that was unfolded says it before its last chunk.
        self.stop_sequence = finish::stop_sequence(choice).or(self.stop_sequence.take());
        match finish.as_deref() {
            None => {}
            Some("") => self.empty_finish = true,
            Some(word) => match finish::ending(word) {
                Ending::Whole(reason) => self.finish = Some(self.ending(reason)),
                Ending::Failed => {
                    let message = "upstream gave up on the answer and did not say why";
                    return Err(UpstreamError::new(word, message));
                }
            },
        }
        Ok(())
    }

    /// Ends what is open, and says why it ended.
    pub(super) fn close(&mut self, out: &mut VecDeque<Delta>) -> Finish {
        let reason = match self.finish.take().unwrap_or(FinishReason::Stop) {
            // A word of the server's own, where an agent waits for its calls.
            FinishReason::Other(_) if !self.calls.is_empty() => FinishReason::ToolCalls,
            reason => reason,
        };
        let cut = matches!(reason, FinishReason::Length | FinishReason::ContentFilter);
        let status = if cut { ItemStatus::Incomplete } else { ItemStatus::Completed };
        self.items.close(status, out);
        self.calls.end(cut, out);
        let mut finish = Finish::new(reason);
        finish.stop_sequence =
            self.stop_sequence.take().filter(|_| finish.reason == FinishReason::Stop);
        finish
    }

    /// What the answer ends with where one more reason is told: what cut it stays, for
    /// a limit that was reached is not taken back by the `stop` of some relay.
    fn ending(&mut self, reason: FinishReason) -> FinishReason {
        let is_cut = |told: &FinishReason| {
            matches!(told, FinishReason::Length | FinishReason::ContentFilter)
        };
        self.finish.take().filter(is_cut).unwrap_or(reason)
    }

    /// A piece of the answer's message, or all of it.
    fn delta(
        &mut self,
        delta: &Fields<'_>,
        is_whole: bool,
        logprobs: Option<Value>,
        visible: &[String],
        out: &mut VecDeque<Delta>,
    ) {
        let mut thought = Thought::read(delta, visible);
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
        let pictures = delta.list("images").filter(|_| !told.picture).unwrap_or_default();
        for picture in pictures.iter().filter_map(|raw| Fields::parse(raw.get())) {
            let url = picture.object("image_url").and_then(|source| source.text("url"));
            if let Some(url) = url.filter(|url| !url.is_empty()) {
                self.items.picture(&url, out);
            }
        }
        if let Some(signature) = delta.value("extra_content").filter(Value::is_object) {
            self.items.signature(json!({"content": signature}), out);
        }
        if let Some(refusal) = delta.text("refusal").filter(|_| !told.text && !told.refusal) {
            self.items.refusal(&refusal, out);
        }
        let annotations = delta.list("annotations").filter(|_| !told.annotation);
        for raw in annotations.unwrap_or_default() {
            if let Ok(sent @ Value::Object(_)) = serde_json::from_str(raw.get()) {
                let flat = annotations::from_chat(&sent).unwrap_or_default();
                self.items.annotation(flat, sent, out);
            }
        }
        for said in out.range(before.min(out.len())..).filter(|_| !is_whole) {
            self.told.text |= matches!(said, Delta::Text(_));
            self.told.thought |= matches!(said, Delta::Reasoning(_));
            self.told.refusal |= matches!(said, Delta::Refusal(_));
            self.told.annotation |= matches!(said, Delta::Annotation(_));
            self.told.picture |= matches!(said, Delta::Item(_));
        }
        let calls = delta.list("tool_calls").unwrap_or_default();
        // Who says it in both forms means one call.
        let legacy = delta.object("function_call").filter(|_| calls.is_empty());
        let again = is_whole && !self.calls.is_empty();
        let calls = calls.iter().filter_map(|raw| Fields::parse(raw.get())).chain(legacy);
        let calls = calls.filter(|_| !again);
        self.calls.begin_list();
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
