//! Chat chunks that pass as they are.
//!
//! | in a chunk | on its way |
//! |---|---|
//! | `id`, `model` | ours |
//! | `object` | `chat.completion.chunk`: SDKs skip what calls itself otherwise |
//! | `role` | of the first chunk: SDKs add up what comes again |
//! | citations, pictures, open reasoning details | numbered, where they are not: SDKs put lists together by `index` |
//! | `finish_reason` | the word for the end as it was judged: calls are `tool_calls`, a truncated answer, or one that ended for a reason that nobody knows, is `length` |
//! | reasoning under another name | also as `reasoning_content` |
//! | reasoning that another field has said before | `null`: clients read whichever field a chunk has |
//! | `reasoning_details` that only their maker can read | in a chunk of ours when the reasoning is over, in an envelope that finds back to it |
//! | usage | in a chunk of its own, `choices` being empty, where the client asked for it and the host counted; else left out |
//! | the last chunk | also has our `metadata` |
//! | everything else | as it is |
//!
//! It deviates by a `content` that is no text, a legacy `function_call`, a whole
//! `message`, and by calls that clients cannot put together: without index, id
//! or name, named twice, with blank arguments.

use std::collections::VecDeque;
use std::sync::Arc;

use oc_responses_stream::{Delta, sse};
use serde_json::{Map, Value, json};

use super::lists::{List, Numbers};
use super::render::{RenderOptions, Renderer, answer, beside};
use super::stream::PLAIN_REASONING;
use crate::endpoint::Api;
use crate::wire::relay::json::{Edits, Object};
use crate::wire::relay::{
    Beside, Ending, Events, Fields, Gathered, Passage, Verdict, is_content, members, supply, update,
};

/// What is known of the chunks that passed.
#[derive(Clone, Debug)]
pub(in crate::wire) struct Chunks {
    /// Which of several answers passes.
    index: u64,
    id: String,
    model: String,
    created: String,
    include_usage: bool,
    /// Its pieces go out one by one, and are not gathered for a document.
    streams: bool,
    /// It was said who speaks.
    begun: bool,
    /// How many calls were opened, and of how many arguments were told.
    calls: u64,
    /// The ids of the calls.
    ids: Vec<Arc<str>>,
    argued: u64,
    refused: bool,
    spoke: bool,
    numbers: Numbers,
    finished: bool,
    /// What was counted beside a piece of the answer, as the host wrote it.
    counts: Option<Arc<str>>,
    counted: bool,
    /// The last chunk has passed.
    ended: bool,
}

impl Chunks {
    /// For a client that streams, or wants the `whole` as one document, which always
    /// has the counts.
    pub(in crate::wire) fn new(options: &RenderOptions, whole: bool) -> Self {
        Self {
            index: options.index.into(),
            id: json!(options.id).to_string(),
            model: json!(options.model).to_string(),
            created: options.created.to_string(),
            include_usage: options.include_usage || whole,
            streams: !whole,
            begun: false,
            calls: 0,
            ids: Vec::new(),
            argued: 0,
            refused: false,
            spoke: false,
            numbers: Numbers::default(),
            finished: false,
            counts: None,
            counted: false,
            ended: false,
        }
    }

    fn chunk(
        &mut self,
        chunk: &Object<'_>,
        text: &str,
        came: &[Delta],
        ending: Option<&Ending<'_>>,
    ) -> Verdict {
        let Some(mut choices) = chunk.list("choices") else { return Verdict::Deviates };
        let mut edits = Edits::of(text);
        let counts = chunk.object("usage").is_some();
        if !counts && !chunk.lacks("usage") {
            edits.set(chunk, "usage", "null");
        }
        if self.finished && !choices.is_empty() {
            // Some servers count in a chunk that ends the answer once more.
            if came.iter().any(is_content) {
                return Verdict::Deviates;
            }
            if !counts {
                return Verdict::Pass(Vec::new());
            }
            edits.set(chunk, "choices", "[]");
            choices.clear();
        }
        if let Some(first) = choices.first() {
            let choice = Object::parse(first).filter(|_| choices.len() == 1);
            let Some(choice) = choice.filter(|choice| choice.count("index") == Some(self.index))
            else {
                return Verdict::Deviates;
            };
            if ending.is_none() && choice.text("finish_reason").is_some_and(|word| !word.is_empty())
            {
                return Verdict::Wait;
            }
            if self.choice(&choice, came, ending, &mut edits).is_none() {
                return Verdict::Deviates;
            }
            if counts {
                // They follow in a chunk of their own: who adds up the counts of
                // all chunks would add up these, too.
                self.counts = chunk.raw("usage").map(Arc::from);
                if self.include_usage {
                    edits.set(chunk, "usage", "null");
                } else {
                    edits.remove(chunk, "usage");
                }
            }
        } else if counts && !self.include_usage {
            return Verdict::Pass(Vec::new());
        }
        // Who answered stands where the usage does, or at the end without it.
        let is_end = choices.is_empty() || self.finished;
        let counts = counts && choices.is_empty();
        let has_notes = counts || !self.include_usage;
        if let Some(ending) = ending
            && is_end
            && (has_notes || ending.usage.is_none())
            && !ending.metadata.is_empty()
        {
            edits.set(chunk, "metadata", &json!(ending.metadata).to_string());
        }
        self.counted |= counts;
        edits.set(chunk, "id", &self.id);
        edits.set(chunk, "model", &self.model);
        edits.set(chunk, "object", "\"chat.completion.chunk\"");
        if chunk.count("created").is_none() {
            edits.set(chunk, "created", &self.created);
        }
        Verdict::Pass(vec![(String::new(), edits.made())])
    }

    fn choice<'a>(
        &mut self,
        choice: &Object<'a>,
        came: &[Delta],
        ending: Option<&Ending<'_>>,
        edits: &mut Edits<'a>,
    ) -> Option<()> {
        let delta = choice.object("delta")?;
        let is_text = |key| delta.lacks(key) || delta.text(key).is_some();
        if !is_text("content")
            || !is_text("refusal")
            || !delta.lacks("function_call")
            || !choice.lacks("message")
        {
            return None;
        }
        self.told(&delta, came)?;
        if std::mem::replace(&mut self.begun, true) {
            edits.remove(&delta, "role");
        } else {
            edits.set(&delta, "role", "\"assistant\"");
        }
        if !delta.lacks("tool_calls") {
            for call in delta.list("tool_calls")? {
                self.call(&Object::parse(call)?)?;
            }
        }
        thought(&delta, came, edits)?;
        for list in List::ALL {
            self.list(&delta, list, edits);
        }
        if !choice.lacks("logprobs") && choice.object("logprobs").is_none() {
            edits.set(choice, "logprobs", "null");
        }
        match choice.text("finish_reason").as_deref() {
            None if !choice.lacks("finish_reason") => return None,
            None => {}
            Some("") => edits.set(choice, "finish_reason", "null"),
            Some(sent) => {
                let said_nothing = !self.refused && !self.spoke;
                let word =
                    answer::finish_word(&ending?.finish.reason, self.calls > 0, said_nothing);
                if sent != word {
                    edits.set(choice, "finish_reason", &json!(word).to_string());
                }
                self.finished = true;
            }
        }
        Some(())
    }

    /// Leaves out what only its maker can read, which comes in a chunk of ours, and
    /// numbers what is not.
    fn list<'a>(&mut self, delta: &Object<'a>, list: List, edits: &mut Edits<'a>) {
        let Some(entries) = delta.list(list.key()) else { return };
        let mut kept = Vec::with_capacity(entries.len());
        for text in &entries {
            let Some(entry) = Object::parse(text) else {
                kept.push((*text).to_owned());
                continue;
            };
            if matches!(list, List::ReasoningDetails) && entry.is("type", "reasoning.encrypted") {
                continue;
            }
            let mut edits = Edits::of(text);
            match entry.count("index") {
                Some(number) => self.numbers.saw(list, number),
                None if !self.streams => {}
                None => edits.set(&entry, "index", &self.numbers.next(list).to_string()),
            }
            kept.push(edits.made());
        }
        if kept != entries {
            edits.set(delta, list.key(), &format!("[{}]", kept.join(",")));
        }
    }

    /// The text that the chunk has must be the text that came of it.
    fn told(&mut self, delta: &Object<'_>, came: &[Delta]) -> Option<()> {
        let (mut text, mut refusal, mut opened) = (String::new(), String::new(), 0);
        for delta in came {
            match delta {
                Delta::Text(piece) => text.push_str(&piece.text),
                Delta::Refusal(piece) => refusal.push_str(&piece.text),
                Delta::ToolCallStart(_) => opened += 1,
                _ => {}
            }
        }
        self.spoke |= !text.is_empty();
        self.refused |= !refusal.is_empty();
        let told = delta.text("content").unwrap_or_default() == text
            && delta.text("refusal").unwrap_or_default() == refusal
            && opened <= delta.list("tool_calls").map_or(0, |calls| calls.len());
        told.then_some(())
    }

    fn call(&mut self, call: &Object<'_>) -> Option<()> {
        let index = call.count("index")?;
        let function = call.object("function")?;
        let given =
            |object: &Object<'_>, key| object.text(key).is_some_and(|text| !text.is_empty());
        let is_function = call.lacks("type") || call.is("type", "function");
        let arguments = function.text("arguments");
        if !is_function || (arguments.is_none() && !function.lacks("arguments")) {
            return None;
        }
        if index == self.calls {
            let id = call.text("id").filter(|id| !id.is_empty())?;
            // Given twice, it would be one call to whoever sends the result.
            if self.ids.iter().any(|taken| **taken == *id)
                || !given(&function, "name")
                || self.argued < self.calls
            {
                return None;
            }
            self.ids.push(id.as_ref().into());
            self.calls += 1;
        } else if Some(index) != self.calls.checked_sub(1)
            || given(call, "id")
            || given(&function, "name")
        {
            // Of another call than the last, or named again: clients that add
            // pieces up would double the name.
            return None;
        }
        if arguments.is_some_and(|text| !text.trim().is_empty()) {
            self.argued = self.calls;
        }
        Some(())
    }

    /// A seal over reasoning travels as our renderer writes it, so that it
    /// finds back to whoever made it.
    fn seal(&mut self, delta: &Delta) -> Option<Value> {
        let Delta::Seal(seal) = delta else { return None };
        let value = seal.value.as_str().filter(|value| !value.is_empty())?;
        let detail = answer::sealed(value, self.numbers.next(List::ReasoningDetails));
        Some(json!([{"index": self.index, "delta": {"reasoning_details": [detail]},
            "logprobs": null, "finish_reason": null}]))
    }

    fn own(&self, choices: Value, usage: Option<&str>) -> (String, String) {
        let usage = usage.map_or_else(String::new, |usage| format!(",\"usage\":{usage}"));
        let Self { id, model, created, .. } = self;
        let chunk = format!(
            "{{\"id\":{id},\"object\":\"chat.completion.chunk\",\"created\":{created},\
             \"model\":{model},\"choices\":{choices}{usage}}}"
        );
        (String::new(), chunk)
    }
}

/// Has reasoning stand where most clients look for it, once.
fn thought<'a>(delta: &Object<'a>, came: &[Delta], edits: &mut Edits<'a>) -> Option<()> {
    let thought: String = came.iter().filter_map(reasoning).collect();
    if thought.is_empty() {
        // Text of which nothing came was heard before, from another field.
        let says = |key| delta.text(key).is_some_and(|text| !text.is_empty());
        for again in PLAIN_REASONING.into_iter().filter(|key| says(key)) {
            edits.set(delta, again, "null");
        }
    } else if !delta.is("reasoning_content", &thought) {
        if !delta.lacks("reasoning_content") {
            return None;
        }
        edits.set(delta, "reasoning_content", &json!(thought).to_string());
    }
    Some(())
}

fn reasoning(delta: &Delta) -> Option<&str> {
    if let Delta::Reasoning(thought) = delta { Some(&thought.text) } else { None }
}

impl Passage for Chunks {
    type Renderer = Renderer;

    const API: Api = Api::OpenaiCompletions;

    fn before(&mut self, came: &[Delta]) -> Events {
        let seals: Vec<Value> = came.iter().filter_map(|delta| self.seal(delta)).collect();
        seals.into_iter().map(|choices| self.own(choices, None)).collect()
    }

    fn event(
        &mut self,
        event: &Object<'_>,
        text: &str,
        came: &[Delta],
        ending: Option<&Ending<'_>>,
    ) -> Verdict {
        self.chunk(event, text, came, ending)
    }

    fn end(&mut self, ending: &Ending<'_>) -> Option<Events> {
        if !self.finished || self.argued < self.calls {
            return None;
        }
        self.ended = true;
        let (true, false, Some(usage)) = (self.include_usage, self.counted, ending.usage) else {
            return Some(Vec::new());
        };
        let counts = match &self.counts {
            Some(told) => told.to_string(),
            None => answer::usage(usage).to_string(),
        };
        let (name, mut json) = self.own(json!([]), Some(&counts));
        if !ending.metadata.is_empty() {
            json.pop();
            json.push_str(&format!(",\"metadata\":{}}}", json!(ending.metadata)));
        }
        Some(vec![(name, json)])
    }

    /// A call is told when its last piece is, and that comes with the end; of
    /// which there is one.
    fn may_stop(&self) -> bool {
        self.ended || (self.calls == 0 && !self.finished)
    }

    fn waits(_frame: &sse::Frame) -> bool {
        false
    }

    /// The renderer was pushed what was told, and knows the calls. It believes to
    /// have said who speaks: a chunk that is of other answers passed before.
    fn hand_over(&self, renderer: &mut Renderer, out: &mut VecDeque<Vec<u8>>) {
        renderer.set_numbers(self.numbers);
        if self.begun || !renderer.has_begun() {
            return;
        }
        let (name, json) = self.own(
            json!([{"index": self.index, "delta": {"role": "assistant", "content": ""},
                "logprobs": null, "finish_reason": null}]),
            None,
        );
        let mut bytes = Vec::new();
        sse::encode(&name, &json, &mut bytes);
        out.push_back(bytes);
    }

    fn note(beside: &mut Beside, event: &Object<'_>) {
        update(beside.of(beside::COMPLETION), members(event, beside::NOT_OF_COMPLETION));
        let choices = event.list("choices").unwrap_or_default();
        let Some(choice) = choices.first().and_then(|choice| Object::parse(choice)) else { return };
        extend(beside.of(beside::CHOICE), members(&choice, beside::KNOWN_OF_CHOICE), false);
        let of = beside.of(beside::MESSAGE);
        if let Some(delta) = choice.object("delta") {
            extend(of, members(&delta, beside::KNOWN_OF_MESSAGE), true);
        }
        // All of it at once, some of it again.
        if let Some(message) = choice.object("message") {
            update(of, members(&message, beside::KNOWN_OF_MESSAGE));
        }
    }

    fn supply(renderer: &mut Renderer, fields: &Fields) {
        renderer.set_beside(fields);
    }

    fn gather(&self, gathered: &mut Gathered, written: &str) {
        let Ok(Value::Object(mut chunk)) = serde_json::from_str(written) else { return };
        let choice = match chunk.shift_remove("choices") {
            Some(Value::Array(mut choices)) if !choices.is_empty() => choices.swap_remove(0),
            _ => Value::Null,
        };
        if let Value::Object(mut choice) = choice {
            if let Some(Value::Object(mut delta)) = choice.shift_remove("delta") {
                if let Some(Value::Array(calls)) = delta.shift_remove("tool_calls") {
                    calls.into_iter().for_each(|call| gather_call(gathered, call));
                }
                add(gathered.0.entry("message").or_insert_with(|| json!({})), delta, true);
            }
            add(gathered.0.entry("choice").or_insert_with(|| json!({})), choice, false);
        }
        add(gathered.0.entry("answer").or_insert_with(|| json!({})), chunk, false);
    }

    fn document(&self, mut rendered: Value, gathered: &Gathered) -> Value {
        let of = |key| gathered.0.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
        if let Some(counts) =
            gathered.0.get("answer").and_then(|answer| answer["usage"].as_object())
        {
            add(&mut rendered["usage"], counts.clone(), false);
        }
        let mut choice = of("choice");
        if choice.get("logprobs").is_some_and(|logprobs| !logprobs.is_null()) {
            rendered["choices"][0]["logprobs"] =
                choice.shift_remove("logprobs").unwrap_or_default();
        }
        let message = &mut rendered["choices"][0]["message"];
        let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
        let known = gathered.0.get("calls").and_then(Value::as_array);
        for (call, more) in calls.into_iter().flatten().zip(known.into_iter().flatten()) {
            supply_to(call, more.as_object().unwrap_or(&Map::new()));
        }
        let told = of("message");
        if let Some(pictures) = told.get("images") {
            message["images"] = pictures.clone();
        }
        supply_to(message, &told);
        supply_to(&mut rendered["choices"][0], &choice);
        supply_to(&mut rendered, &of("answer"));
        rendered
    }
}

fn supply_to(object: &mut Value, more: &Map<String, Value>) {
    if let Value::Object(object) = object {
        supply(object, more);
    }
}

/// What a call has that is no call's: signatures, for one.
fn gather_call(gathered: &mut Gathered, call: Value) {
    let Value::Object(mut call) = call else { return };
    let opens = call.get("id").is_some_and(|id| id.as_str().is_some_and(|id| !id.is_empty()));
    for known in ["index", "id", "type", "custom"] {
        call.shift_remove(known);
    }
    if let Some(Value::Object(mut function)) = call.shift_remove("function") {
        function.retain(|key, _| !matches!(key.as_str(), "name" | "arguments"));
        if !function.is_empty() {
            call.insert("function".to_owned(), Value::Object(function));
        }
    }
    let calls = gathered.0.entry("calls").or_insert_with(|| json!([]));
    let Value::Array(calls) = calls else { return };
    match calls.last_mut() {
        Some(last) if !opens => add(last, call, false),
        _ => calls.push(Value::Object(call)),
    }
}

/// Adds later members to earlier ones: where `pieces`, text is a piece of a
/// text, as SDKs take it; lists go on; the last of anything else counts.
fn add(all: &mut Value, more: Map<String, Value>, pieces: bool) {
    if !all.is_object() {
        *all = json!({});
    }
    if let Value::Object(all) = all {
        extend(all, more, pieces);
    }
}

fn extend(all: &mut Map<String, Value>, more: Map<String, Value>, pieces: bool) {
    for (key, new) in more {
        match (all.get_mut(&key), new) {
            (Some(_), Value::Null) => {}
            (Some(Value::String(text)), Value::String(new)) if pieces => text.push_str(&new),
            (Some(Value::Array(list)), Value::Array(new)) => list.extend(new),
            (Some(object @ Value::Object(_)), Value::Object(new))
                if matches!(key.as_str(), "logprobs" | "function") =>
            {
                add(object, new, false);
            }
            (_, new) => {
                all.insert(key, new);
            }
        }
    }
}
