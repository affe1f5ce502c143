//! What every stream that a [`ResponseMachine`](super::ResponseMachine) writes
//! obeys, as code.
//!
//! The laws are the union of what the known clients insist on: openai-python's
//! and openai-node's `responses.stream` helpers, Codex CLI, OpenClaw, and the
//! required keys of Open Responses' schema. Tests hold every adapter and every
//! recording to them.
//!
//! ```
//! use oc_responses_stream::{laws, Delta, Finish, FinishReason, MachineOptions, ResponseId, ResponseMachine};
//!
//! let mut machine = ResponseMachine::new(MachineOptions::new(ResponseId::new("resp_1"), "m", 0));
//! machine.push(&Delta::Finish(Finish::new(FinishReason::Stop)));
//! let mut checker = laws::Checker::new();
//! while let Some(event) = machine.next_event() {
//!     checker.push(&event)?;
//! }
//! checker.finish()?;
//! # Ok::<(), oc_responses_stream::laws::Violation>(())
//! ```

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Event;

/// The keys that every response object has (null counts as there).
pub const RESPONSE_KEYS: &[&str] = &[
    "id",
    "object",
    "created_at",
    "completed_at",
    "status",
    "incomplete_details",
    "model",
    "previous_response_id",
    "instructions",
    "output",
    "error",
    "tools",
    "tool_choice",
    "truncation",
    "parallel_tool_calls",
    "text",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "top_logprobs",
    "temperature",
    "reasoning",
    "usage",
    "max_output_tokens",
    "max_tool_calls",
    "store",
    "background",
    "service_tier",
    "metadata",
    "safety_identifier",
    "prompt_cache_key",
];

/// Of those, the ones that may be null.
pub const NULLABLE_KEYS: &[&str] = &[
    "completed_at",
    "incomplete_details",
    "previous_response_id",
    "instructions",
    "error",
    "reasoning",
    "usage",
    "max_output_tokens",
    "max_tool_calls",
    "safety_identifier",
    "prompt_cache_key",
];

/// A law that a stream broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {number} ({event}): {law}")]
#[non_exhaustive]
pub struct Violation {
    /// The event's place in the stream, from 0.
    pub number: usize,
    /// The event's name.
    pub event: String,
    /// What it broke.
    pub law: String,
}

/// Holds a stream of events to the laws, one event at a time.
#[derive(Debug, Default)]
pub struct Checker {
    seen: usize,
    last: String,
    id: Option<Value>,
    open: Option<OpenItem>,
    done: Vec<Value>,
    ids: BTreeSet<String>,
    errored: bool,
    over: bool,
    relayed: bool,
}

#[derive(Debug)]
struct OpenItem {
    item: Value,
    content: Vec<Value>,
    summary: Vec<Value>,
    part: Option<OpenPart>,
    arguments: Option<String>,
}

#[derive(Debug)]
struct OpenPart {
    summary: bool,
    kind: String,
    text: String,
    text_done: bool,
    /// Of a type that has no deltas: as it was added.
    whole: Option<Value>,
}

/// Holds a whole stream to the laws.
///
/// # Errors
/// The first law that is broken, and where.
pub fn check<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<(), Violation> {
    let mut checker = Checker::new();
    for event in events {
        checker.push(event)?;
    }
    checker.finish()
}

impl Checker {
    /// At the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// For a stream that lets an upstream's own events pass: those that no law
    /// is about (a server's tools, what is new) may stand anywhere, except about
    /// an item that is not open.
    pub fn of_a_relay() -> Self {
        Self { relayed: true, ..Self::default() }
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// The law that it breaks.
    pub fn push(&mut self, event: &Event) -> Result<(), Violation> {
        let number = self.seen;
        self.last = event.name().to_owned();
        let outcome = self.event(event).map_err(|law| self.violation(number, law));
        self.seen += 1;
        outcome
    }

    /// The stream ended.
    ///
    /// # Errors
    /// Where it has no terminal event.
    pub fn finish(&self) -> Result<(), Violation> {
        let over = require(self.over, "exactly one terminal event, last");
        over.map_err(|law| self.violation(self.seen, law))
    }

    fn violation(&self, number: usize, law: String) -> Violation {
        Violation { number, event: self.last.clone(), law }
    }

    fn event(&mut self, event: &Event) -> Result<(), String> {
        require(!self.over, "nothing after the terminal event")?;
        let number = u64::try_from(self.seen).ok();
        require(event.sequence_number() == number, "sequence numbers count from 0 without gaps")?;
        let expected = match self.seen {
            0 => Some("response.created"),
            1 => Some("response.in_progress"),
            _ => None,
        };
        require(
            expected.is_none_or(|name| name == event.name()),
            "created is first, in_progress second",
        )?;
        require(!self.errored || event.name() == "response.failed", "failed follows error")?;
        match event {
            Event::Created(e) => self.head(&e.response),
            Event::InProgress(e) => self.head(&e.response),
            Event::OutputItemAdded(e) => self.added(e.output_index, &e.item),
            Event::OutputItemDone(e) => self.done(e.output_index, &e.item),
            Event::Completed(e) => self.terminal(&e.response, "completed"),
            Event::Incomplete(e) => self.terminal(&e.response, "incomplete"),
            Event::Failed(e) => self.terminal(&e.response, "failed"),
            Event::Error(e) => {
                self.errored = true;
                require(e.message.is_some() && e.code.is_some(), "an error has code and message")
            }
            _ => self.within(event),
        }
    }

    fn head(&mut self, response: &Value) -> Result<(), String> {
        self.response(response, "in_progress")?;
        require(response["output"] == Value::Array(Vec::new()), "the head's output is empty")?;
        require(response["usage"].is_null(), "usage is null until the end")
    }

    fn terminal(&mut self, response: &Value, status: &str) -> Result<(), String> {
        require(self.open.is_none(), "every item is done before the terminal event")?;
        self.over = true;
        self.response(response, status)?;
        require(
            response["output"] == Value::Array(self.done.clone()),
            "the terminal output is the items as they were done",
        )?;
        require(
            response["error"].is_object() == (status == "failed"),
            "a failed response has an error, and no other",
        )?;
        require(
            response["incomplete_details"]["reason"].is_string() == (status == "incomplete"),
            "an incomplete response says why, and no other",
        )
    }

    fn response(&mut self, response: &Value, status: &str) -> Result<(), String> {
        for key in RESPONSE_KEYS {
            let value = response.get(*key).ok_or_else(|| format!("a response has `{key}`"))?;
            if value.is_null() && !NULLABLE_KEYS.contains(key) {
                return Err(format!("a response's `{key}` is not null"));
            }
        }
        require(response["object"] == "response", "a response's object is `response`")?;
        require(response["status"] == status, "a response's status is its event's")?;
        for tool in response["tools"].as_array().into_iter().flatten() {
            let keys = ["name", "description", "parameters", "strict"];
            let whole = tool["type"] != "function" || keys.iter().all(|k| tool.get(*k).is_some());
            require(whole, "a function tool has all its keys")?;
        }
        if let Some(usage) = response["usage"].as_object() {
            let counts = [
                usage.get("input_tokens"),
                usage.get("output_tokens"),
                usage.get("total_tokens"),
                response["usage"]["input_tokens_details"].get("cached_tokens"),
                response["usage"]["output_tokens_details"].get("reasoning_tokens"),
            ];
            let whole = counts.iter().all(|count| count.is_some_and(Value::is_u64));
            require(whole, "usage has its five counts")?;
        }
        let id = self.id.get_or_insert_with(|| response["id"].clone());
        require(id.is_string() && *id == response["id"], "the response's id never changes")
    }

    fn added(&mut self, index: Option<u64>, item: &Value) -> Result<(), String> {
        require(self.open.is_none(), "one item is open at a time")?;
        let next = u64::try_from(self.done.len()).ok();
        require(index.is_some() && index == next, "output_index counts from 0 without gaps")?;
        let id = item["id"].as_str().unwrap_or_default().to_owned();
        require(!id.is_empty() && self.ids.insert(id), "an item has an id of its own")?;
        require(item["type"].is_string(), "an item has a type")?;
        let empty = |key: &str| item[key].as_array().is_none_or(Vec::is_empty);
        let known = matches!(item["type"].as_str(), Some("message" | "reasoning"));
        require(!known || (empty("content") && empty("summary")), "an item opens empty")?;
        self.open = Some(OpenItem {
            item: item.clone(),
            content: Vec::new(),
            summary: Vec::new(),
            part: None,
            arguments: None,
        });
        Ok(())
    }

    fn done(&mut self, index: Option<u64>, item: &Value) -> Result<(), String> {
        let open = self.open.take().ok_or("an item is added before it is done")?;
        require(index == u64::try_from(self.done.len()).ok(), "done has the index of added")?;
        for key in ["id", "type", "call_id", "name", "role"] {
            if open.item.get(key) != item.get(key) {
                return Err(format!("an item's `{key}` is the same in added and done"));
            }
        }
        require(open.part.is_none(), "a part is done before its item")?;
        match item["type"].as_str() {
            Some("message") => {
                require(item["status"].is_string(), "a message has a status")?;
                // It may be told, or corrected, with the item's end.
                let phase = item.get("phase").map(|phase| phase.as_str().unwrap_or_default());
                let known = matches!(phase, None | Some("commentary" | "final_answer"));
                require(known, "a message's phase is a known word or absent")?;
                require(
                    item["content"] == Value::Array(open.content),
                    "a message's content is its parts as they were done",
                )?;
            }
            Some("reasoning") => {
                require(
                    item["summary"] == Value::Array(open.summary),
                    "a reasoning item's summary is its parts as they were done",
                )?;
                let content = item.get("content").cloned().unwrap_or(Value::Array(Vec::new()));
                require(
                    content == Value::Array(open.content),
                    "a reasoning item's content is its parts as they were done",
                )?;
                let seal = item.get("encrypted_content");
                require(seal.is_none_or(Value::is_string), "a seal is text or absent")?;
            }
            Some("function_call") => require(
                open.arguments.is_some() && item["arguments"].as_str() == open.arguments.as_deref(),
                "a call's arguments are those that were done",
            )?,
            _ => {}
        }
        self.done.push(item.clone());
        Ok(())
    }

    /// An event of the open item.
    fn within(&mut self, event: &Event) -> Result<(), String> {
        let index = u64::try_from(self.done.len()).ok();
        if self.relayed && !is_content(event) {
            let place = event.to_json()["output_index"].as_u64();
            let is_open = self.open.is_some() && place == index;
            return require(place.is_none() || is_open, "output_index is the open item's");
        }
        let open = self.open.as_mut().ok_or("content belongs to an item that was added")?;
        let json = event.to_json();
        require(json["item_id"] == open.item["id"], "item_id is the open item's")?;
        require(json["output_index"].as_u64() == index, "output_index is the open item's")?;
        match event {
            Event::ContentPartAdded(e) => open.part_added(e.content_index, &e.part, false),
            Event::ReasoningSummaryPartAdded(e) => open.part_added(e.summary_index, &e.part, true),
            Event::OutputTextDelta(e) => {
                require(e.logprobs.is_some(), "a text delta has logprobs")?;
                open.delta(e.content_index, "output_text", &e.delta)
            }
            Event::RefusalDelta(e) => open.delta(e.content_index, "refusal", &e.delta),
            Event::ReasoningTextDelta(e) => open.delta(e.content_index, "reasoning_text", &e.delta),
            Event::ReasoningSummaryTextDelta(e) => {
                open.delta(e.summary_index, "summary_text", &e.delta)
            }
            Event::OutputTextDone(e) => open.text_done(e.content_index, "output_text", &e.text),
            Event::RefusalDone(e) => open.text_done(e.content_index, "refusal", &e.refusal),
            Event::ReasoningTextDone(e) => {
                open.text_done(e.content_index, "reasoning_text", &e.text)
            }
            Event::ReasoningSummaryTextDone(e) => {
                open.text_done(e.summary_index, "summary_text", &e.text)
            }
            Event::ContentPartDone(e) => open.part_done(e.content_index, &e.part, false),
            Event::ReasoningSummaryPartDone(e) => open.part_done(e.summary_index, &e.part, true),
            Event::OutputTextAnnotationAdded(e) => {
                let text = open.part.as_ref().is_some_and(|part| part.kind == "output_text");
                require(text && e.annotation_index.is_some(), "an annotation is on open text")
            }
            Event::FunctionCallArgumentsDelta(e) => {
                require(open.item["type"] == "function_call", "arguments belong to a call")?;
                open.arguments.get_or_insert_default().push_str(&e.delta);
                Ok(())
            }
            Event::FunctionCallArgumentsDone(e) => {
                let streamed = open.arguments.get_or_insert_default();
                require(*streamed == e.arguments, "arguments.done is the sum of its deltas")
            }
            _ => Err("no strict client knows this event".to_owned()),
        }
    }
}

impl OpenItem {
    fn part_added(
        &mut self,
        index: Option<u64>,
        part: &Value,
        summary: bool,
    ) -> Result<(), String> {
        require(self.part.is_none(), "one part is open at a time")?;
        require(index.is_some() && index == self.next(summary), "part indexes have no gaps")?;
        let kind = part["type"].as_str().unwrap_or_default().to_owned();
        let fits = match self.item["type"].as_str() {
            Some("message") => !matches!(kind.as_str(), "" | "summary_text" | "reasoning_text"),
            Some("reasoning") => kind == if summary { "summary_text" } else { "reasoning_text" },
            _ => false,
        };
        require(fits, "a part is of a kind that its item may have")?;
        let streams = ["output_text", "refusal", "summary_text", "reasoning_text"];
        let whole = (!streams.contains(&kind.as_str())).then(|| part.clone());
        let text = String::new();
        self.part = Some(OpenPart { summary, kind, text, text_done: false, whole });
        Ok(())
    }

    fn delta(&mut self, index: Option<u64>, kind: &str, delta: &str) -> Result<(), String> {
        let next = self.next(kind == "summary_text");
        let part = self.part.as_mut().ok_or("a part is added before its deltas")?;
        require(part.kind == kind && index == next, "a delta belongs to the open part")?;
        require(!part.text_done, "no delta comes after its text is done")?;
        part.text.push_str(delta);
        Ok(())
    }

    fn text_done(&mut self, index: Option<u64>, kind: &str, text: &str) -> Result<(), String> {
        let next = self.next(kind == "summary_text");
        let part = self.part.as_mut().ok_or("a part is added before it is done")?;
        require(part.kind == kind && index == next, "done belongs to the open part")?;
        require(part.text == text, "done text is the sum of its deltas")?;
        part.text_done = true;
        Ok(())
    }

    fn part_done(&mut self, index: Option<u64>, json: &Value, summary: bool) -> Result<(), String> {
        let next = self.next(summary);
        let part = self.part.take().ok_or("a part is added before it is done")?;
        require(part.summary == summary && index == next, "done belongs to the open part")?;
        if let Some(whole) = part.whole {
            require(*json == whole, "a part that comes whole is done as it was added")?;
            self.content.push(json.clone());
            return Ok(());
        }
        require(part.text_done, "a part's text is done before the part")?;
        let text = if part.kind == "refusal" { &json["refusal"] } else { &json["text"] };
        require(*text == part.text.as_str(), "a done part holds the sum of its deltas")?;
        if part.summary {
            self.summary.push(json.clone())
        } else {
            self.content.push(json.clone())
        }
        Ok(())
    }

    fn next(&self, summary: bool) -> Option<u64> {
        let parts = if summary { &self.summary } else { &self.content };
        u64::try_from(parts.len()).ok()
    }
}

/// Whether there are laws about where it stands within its item.
fn is_content(event: &Event) -> bool {
    matches!(
        event,
        Event::ContentPartAdded(_)
            | Event::ReasoningSummaryPartAdded(_)
            | Event::OutputTextDelta(_)
            | Event::RefusalDelta(_)
            | Event::ReasoningTextDelta(_)
            | Event::ReasoningSummaryTextDelta(_)
            | Event::OutputTextDone(_)
            | Event::RefusalDone(_)
            | Event::ReasoningTextDone(_)
            | Event::ReasoningSummaryTextDone(_)
            | Event::ContentPartDone(_)
            | Event::ReasoningSummaryPartDone(_)
            | Event::OutputTextAnnotationAdded(_)
            | Event::FunctionCallArgumentsDelta(_)
            | Event::FunctionCallArgumentsDone(_)
    )
}

fn require(holds: bool, law: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(law.to_owned()) }
}
