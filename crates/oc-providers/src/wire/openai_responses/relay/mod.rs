//! Responses events that pass as they are.
//!
//! | in an event | on its way |
//! |---|---|
//! | `sequence_number` | counted here |
//! | the response object | `id`, `model` and `metadata` are ours, `store` is false; a key that is missing, or `null` where strict clients want more, is supplied |
//! | a part that is announced | what its pieces are added to is supplied: `text` or `refusal`, `annotations` |
//! | the `output` of the last event | the items as they were told, where it holds others |
//! | its `usage` | counts that strict clients want are supplied |
//! | `encrypted_content` of an item that is whole | in our envelope |
//! | the same, `null`, or of an item that is only announced | left out |
//! | `keepalive`, reports of loading | left out: the gateway has its own signs of life |
//! | everything else, item ids among it | as it is |
//!
//! It deviates by what strict clients fail on: items that are not numbered in
//! order or not open one at a time, events of another id, place or part than
//! what is open, texts that are not the sum of their pieces, calls without
//! pieces, reasoning by another name than OpenAI's.

mod items;

use std::collections::VecDeque;
use std::sync::Arc;

use oc_responses_stream::{Delta, FinishReason, Item, ReasoningStyle, Told, Usage, sse};
use serde_json::{Map, Value, json};

use self::items::{Items, Kind, PartKind, is_same};
use super::Renderer;
use crate::endpoint::Api;
use crate::seal::SEALED;
use crate::wire::relay::json::{Edits, Object, quoted};
use crate::wire::relay::{self, Beside, Ending, Fields, Gathered, Passage, Verdict, is_progress};

/// What fields are said of beside the answer.
const RESPONSE: &str = "response";

/// What is known of the events that passed.
#[derive(Clone, Debug)]
pub(in crate::wire) struct Events {
    /// The response object as the renderer would write it, before anything is said.
    blank: Arc<Value>,
    sent: u64,
    ended: bool,
    items: Items,
}

impl Events {
    /// `blank`: a response object with every key, in the client's names.
    pub(in crate::wire) fn new(blank: Value) -> Self {
        Self { blank: Arc::new(blank), sent: 0, ended: false, items: Items::default() }
    }

    /// `None`: it deviates.
    fn judged(
        &mut self,
        event: &Object<'_>,
        text: &str,
        came: &[Delta],
        ending: Option<&Ending<'_>>,
    ) -> Option<Verdict> {
        let name = event.text("type")?;
        let is_life = matches!(name.as_ref(), "keepalive" | "response.keep_alive");
        if self.ended || is_life || is_progress(&name) {
            return Some(Verdict::Pass(Vec::new()));
        }
        let expected = match self.sent {
            0 => "response.created",
            1 => "response.in_progress",
            _ => name.as_ref(),
        };
        if name != expected || !came.iter().all(|delta| may_say(&name, delta)) {
            return None;
        }
        let mut edits = Edits::of(text);
        match name.as_ref() {
            "response.created" | "response.queued" | "response.in_progress" => {
                let response = event.object("response")?;
                if !response.is_empty_list("output") || !response.is("status", "in_progress") {
                    return None;
                }
                self.response(&response, &mut edits, None);
            }
            "error" | "response.failed" | "response.done" | "response.cancelled" => return None,
            "response.completed" | "response.incomplete" => {
                let Some(ending) = ending else { return Some(Verdict::Wait) };
                self.terminal(&name, event, ending, &mut edits)?;
            }
            "response.output_item.added" => {
                let item = enveloped(event, came)?;
                self.items.added(event, &item)?;
                edits.set(event, "item", &item);
            }
            "response.output_item.done" => {
                let item = enveloped(event, came)?;
                self.items.done(event, &item)?;
                edits.set(event, "item", &item);
            }
            "response.content_part.added" | "response.reasoning_summary_part.added" => {
                let (part, text) = self.items.part_added(event, name.contains("summary"))?;
                if part.text(text).is_none() {
                    edits.set(&part, text, "\"\"");
                }
                if part.is("type", "output_text") && part.list("annotations").is_none() {
                    edits.set(&part, "annotations", "[]");
                }
            }
            "response.content_part.done" | "response.reasoning_summary_part.done" => {
                self.items.part_done(event, name.contains("summary"))?;
            }
            "response.output_text.annotation.added" => {
                self.items.part(event, PartKind::Text)?;
                event.count("annotation_index")?;
                event.object("annotation")?;
            }
            "response.function_call_arguments.delta" => {
                self.items.argument(event, &event.text("delta")?)?;
            }
            "response.function_call_arguments.done" => {
                self.items.arguments(event, &event.text("arguments")?)?;
            }
            _ => match texts(&name) {
                Some((kind, is_piece)) => {
                    if is_piece {
                        let piece = event.text("delta").filter(|piece| *piece == said(came))?;
                        self.items.piece(event, kind, &piece)?;
                    } else {
                        let key = if kind == PartKind::Refusal { "refusal" } else { "text" };
                        self.items.text(event, kind, &event.text(key)?)?;
                    }
                    if kind == PartKind::Text {
                        edits.supply(event, "logprobs", "[]");
                    }
                }
                // Of a server's own tool, or not known.
                None if is_of_others(&name) => return None,
                None => {
                    if event.count("output_index").is_some_and(|at| Some(at) != self.items.place())
                    {
                        return None;
                    }
                }
            },
        }
        edits.set(event, "sequence_number", &self.sent.to_string());
        self.sent += 1;
        Some(Verdict::Pass(vec![(name.into_owned(), edits.made())]))
    }

    fn terminal<'a>(
        &mut self,
        name: &str,
        event: &Object<'a>,
        ending: &Ending<'_>,
        edits: &mut Edits<'a>,
    ) -> Option<()> {
        let whole = matches!(
            ending.finish.reason,
            FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Refusal
        );
        let response = event.object("response")?;
        let status = if whole { "completed" } else { "incomplete" };
        if self.items.open.is_some()
            || name.strip_prefix("response.") != Some(status)
            || !response.is("status", status)
        {
            return None;
        }
        let reason = response.object("incomplete_details").and_then(|it| it.text("reason"));
        if !response.lacks("error") || reason.is_some() == whole {
            return None;
        }
        let output = response.list("output")?;
        let same = output.len() == self.items.whole.len()
            && output.iter().zip(&self.items.whole).all(|(theirs, told)| is_same(theirs, told));
        if !same {
            edits.set(&response, "output", &format!("[{}]", self.items.whole.join(",")));
        }
        self.usage(&response, edits, ending);
        self.response(&response, edits, Some(ending));
        self.ended = true;
        Some(())
    }

    /// The counts, all of them.
    fn usage<'a>(&self, response: &Object<'a>, edits: &mut Edits<'a>, ending: &Ending<'_>) {
        let ours = ending.usage.map(Usage::to_json);
        let (Some(theirs), Some(ours)) = (response.object("usage"), &ours) else {
            return edits.set(response, "usage", &json!(ours).to_string());
        };
        for (key, value) in ours.as_object().into_iter().flatten() {
            let Value::Object(counts) = value else {
                if theirs.count(key).is_none() {
                    edits.set(&theirs, key, &value.to_string());
                }
                continue;
            };
            let Some(details) = theirs.object(key) else {
                edits.set(&theirs, key, &value.to_string());
                continue;
            };
            for (key, value) in counts.iter().filter(|(key, _)| *key != "cache_write_tokens") {
                if details.count(key).is_none() {
                    edits.set(&details, key, &value.to_string());
                }
            }
        }
    }

    /// The response object in our names, with every key.
    fn response<'a>(
        &self,
        response: &Object<'a>,
        edits: &mut Edits<'a>,
        ending: Option<&Ending<'_>>,
    ) {
        let Value::Object(blank) = &*self.blank else { return };
        for (key, value) in blank {
            match key.as_str() {
                "id" | "object" | "model" => edits.set(response, key, &value.to_string()),
                "metadata" => {}
                // What a host stores, a client cannot have from here.
                "store" => edits.set(response, key, "false"),
                "tools" if !are_whole(response) => edits.set(response, key, &value.to_string()),
                // Not before the end; and there as they were counted.
                "usage" if ending.is_none() => edits.set(response, key, "null"),
                "usage" => {}
                _ if value.is_null() && response.raw(key).is_some() => {}
                _ => edits.supply(response, key, &value.to_string()),
            }
        }
        let theirs = response.raw("metadata").and_then(|json| serde_json::from_str(json).ok());
        let mut metadata: Map<String, Value> = match theirs {
            Some(Value::Object(theirs)) => theirs,
            _ => blank.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default(),
        };
        metadata.extend(ending.into_iter().flat_map(|ending| ending.metadata.clone()));
        if ending.is_some() || response.lacks("metadata") {
            edits.set(response, "metadata", &json!(metadata).to_string());
        }
    }
}

/// Whether the tools of a response have the keys that strict clients want.
fn are_whole(response: &Object<'_>) -> bool {
    let is_whole = |tool: &str| {
        Object::parse(tool).is_some_and(|tool| {
            let keys = ["name", "description", "parameters", "strict"];
            !tool.is("type", "function") || keys.iter().all(|key| tool.raw(key).is_some())
        })
    };
    response.list("tools").is_some_and(|tools| tools.into_iter().all(is_whole))
}

/// Which text an event brings a piece of (`true`), or the whole.
fn texts(name: &str) -> Option<(PartKind, bool)> {
    Some(match name {
        "response.output_text.delta" => (PartKind::Text, true),
        "response.output_text.done" => (PartKind::Text, false),
        "response.refusal.delta" => (PartKind::Refusal, true),
        "response.refusal.done" => (PartKind::Refusal, false),
        "response.reasoning_text.delta" => (PartKind::Raw, true),
        "response.reasoning_text.done" => (PartKind::Raw, false),
        "response.reasoning_summary_text.delta" => (PartKind::Summary, true),
        "response.reasoning_summary_text.done" => (PartKind::Summary, false),
        _ => return None,
    })
}

/// The event's item with its seal as it came: in our envelope. What came of
/// nothing is left out: `null`, which is no text, and the seal of an item that is
/// only announced, which is not the one that its maker wants back.
fn enveloped(event: &Object<'_>, came: &[Delta]) -> Option<String> {
    let text = event.raw("item")?;
    let item = Object::parse(text)?;
    let mut edits = Edits::of(text);
    match (item.raw(SEALED), came.iter().find_map(seal_of)) {
        (_, Some(seal)) => edits.set(&item, SEALED, &quoted(seal)),
        (None | Some("\"\""), None) => {}
        (Some(_), None) => edits.remove(&item, SEALED),
    }
    Some(edits.made())
}

fn seal_of(delta: &Delta) -> Option<&str> {
    match delta {
        Delta::Seal(seal) => seal.value.as_str(),
        Delta::Item(whole) => match &*whole.item {
            Item::Other(other) => other.json.get(SEALED)?.as_str(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an event of this name is where a client looks for the delta. Some
/// servers say in an event that ends something what none has streamed.
fn may_say(name: &str, delta: &Delta) -> bool {
    let is_item = matches!(name, "response.output_item.added" | "response.output_item.done");
    match delta {
        Delta::Text(_) | Delta::Refusal(_) | Delta::Reasoning(_) => {
            matches!(texts(name), Some((_, true)))
        }
        Delta::ToolCallStart(_) | Delta::Item(_) | Delta::Seal(_) => is_item,
        Delta::ToolCallArguments(_) => name == "response.function_call_arguments.delta",
        Delta::Annotation(_) => name == "response.output_text.annotation.added",
        _ => true,
    }
}

/// Names that others have for what OpenAI calls otherwise.
fn is_of_others(name: &str) -> bool {
    let names = ["reasoning.", "reasoning_part.", "reasoning_summary.", "text."];
    name.strip_prefix("response.").is_some_and(|rest| names.iter().any(|it| rest.starts_with(it)))
}

/// The text of what came.
fn said(came: &[Delta]) -> String {
    let texts = came.iter().filter_map(|delta| match delta {
        Delta::Text(piece) | Delta::Refusal(piece) => Some(piece.text.as_str()),
        Delta::Reasoning(piece) => Some(piece.text.as_str()),
        _ => None,
    });
    texts.collect()
}

impl Passage for Events {
    type Renderer = Renderer;

    const API: Api = Api::OpenaiResponses;

    fn begin(&mut self, renderer: &mut Renderer) {
        // What is told as raw reasoning goes on as such.
        renderer.machine().set_reasoning(ReasoningStyle::Raw);
    }

    fn event(
        &mut self,
        event: &Object<'_>,
        text: &str,
        came: &[Delta],
        ending: Option<&Ending<'_>>,
    ) -> Verdict {
        self.judged(event, text, came, ending).unwrap_or(Verdict::Deviates)
    }

    fn end(&mut self, _ending: &Ending<'_>) -> Option<relay::Events> {
        self.ended.then(Vec::new)
    }

    fn may_stop(&self) -> bool {
        // The head is two events, and whoever goes on has written neither.
        self.sent != 1 && self.items.open.as_ref().is_none_or(|open| open.kind != Kind::Call)
    }

    fn waits(frame: &sse::Frame) -> bool {
        let Some(event) = Object::parse(frame.data()) else { return true };
        let Some(name) = event.text("type") else { return true };
        match name.as_ref() {
            "response.output_item.added" => event.object("item").is_none_or(|item| {
                let kind = item.text("type");
                kind.is_none_or(|kind| {
                    matches!(kind.as_ref(), "message" | "reasoning" | "function_call")
                })
            }),
            "response.content_part.added" | "response.reasoning_summary_part.added" => true,
            name => name.ends_with(".done") || name == "keepalive",
        }
    }

    fn hand_over(&self, renderer: &mut Renderer, out: &mut VecDeque<Vec<u8>>) {
        let read = |item: &Arc<str>| serde_json::from_str(item).unwrap_or_default();
        let mut output: Vec<Value> = self.items.whole.iter().map(read).collect();
        let mut sent = self.sent;
        let mut told_open = None;
        match &self.items.open {
            Some(open) if open.kind == Kind::Other => {
                // Of a tool that the server ran: it will not be heard of again.
                let mut item: Value = read(&open.added);
                if let Value::Object(item) = &mut item {
                    item.insert("status".to_owned(), "incomplete".into());
                }
                let done = json!({"type": "response.output_item.done", "sequence_number": sent,
                    "output_index": output.len(), "item": item});
                let mut bytes = Vec::new();
                sse::encode("response.output_item.done", &done.to_string(), &mut bytes);
                out.push_back(bytes);
                output.push(item);
                sent += 1;
            }
            Some(open) => told_open = serde_json::from_str(&open.added).ok(),
            None => {}
        }
        let mut told = Told::new(sent, output);
        told.open = told_open;
        renderer.machine().resume(told);
    }

    fn note(beside: &mut Beside, event: &Object<'_>) {
        let is_end = ["response.completed", "response.incomplete"];
        let is_end = event.text("type").is_some_and(|name| is_end.contains(&name.as_ref()));
        if let Some(response) = event.object("response").filter(|_| is_end) {
            // The text once more is as the upstream sent it, with reasoning in it.
            let fields = relay::members(&response, &["output", "output_text"]);
            relay::update(beside.of(RESPONSE), fields);
        }
    }

    fn supply(renderer: &mut Renderer, fields: &Fields) {
        renderer.set_beside(fields.get(RESPONSE).cloned().unwrap_or_default());
    }

    fn gather(&self, gathered: &mut Gathered, written: &str) {
        if !self.ended {
            return;
        }
        if let Ok(Value::Object(mut event)) = serde_json::from_str::<Value>(written)
            && let Some(Value::Object(response)) = event.shift_remove("response")
        {
            gathered.0 = response;
        }
    }

    fn document(&self, rendered: Value, gathered: &Gathered) -> Value {
        match &gathered.0 {
            nothing if nothing.is_empty() => rendered,
            response => Value::Object(response.clone()),
        }
    }
}
