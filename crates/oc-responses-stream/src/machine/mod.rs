//! Deltas to a Responses event stream that the strictest clients accept:
//! [`ResponseMachine`].

mod item;
pub mod laws;
mod options;
mod response;
mod told;

pub use options::{MachineOptions, OutputStyle, ReasoningStyle};
pub use told::Told;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value};

use crate::event::{
    CompletedEvent, CreatedEvent, ErrorEvent, FailedEvent, InProgressEvent, IncompleteEvent,
};
use crate::{
    AnnotationDelta, Delta, Event, ExtraDelta, Finish, FinishReason, FunctionCall, Item,
    ItemStatus, Part, PhaseDelta, ReasoningDelta, ReasoningKind, Seal, Slot, TextDelta,
    UpstreamError, WholePart, item_json,
};
use item::{Open, Writer};
use response::Frame;

/// Writes one response: [`Delta`]s in, [`Event`]s out, in an order that every
/// known client accepts, whatever the order of the deltas.
///
/// ```text
///            open(), Started,                  content of another item,
///            or any content                    ItemEnd, abandon()
///  Waiting ────────────────► Between items ◄────────────────────── In an item
///     │    created,              │   │   ▲                              ▲
///     │    in_progress           │   │   └── a tool call, a whole item  │ deltas
///     │                          │   │       (added … done at once)     │ of it
///     │                          │   └──── text, reasoning: added ──────┘
///     │                          │
///     └── Finish, Error, fail() ─┴──► Over: completed | incomplete | (error, failed)
/// ```
///
/// Four kinds of method: *input* ([`push`](Self::push),
/// [`abandon`](Self::abandon), [`fail`](Self::fail)), *facts*
/// ([`set_metadata`](Self::set_metadata), [`set_now`](Self::set_now), before the
/// terminal event), *output* ([`next_event`](Self::next_event), after every
/// input until it returns `None`) and *views* ([`response`](Self::response),
/// [`is_terminal`](Self::is_terminal)).
///
/// What it guarantees is written as code in [`laws`]. To that end
/// * one item is open at a time, closed as soon as another begins; what comes
///   later for an item goes on in it while it is the last one, though it ended,
///   and opens a new one where it was closed for another;
/// * a tool call is written when it is whole, so that calls that come
///   interleaved come out one after the other. One whose arguments are neither a
///   JSON object nor nothing is never whole. One that is still open when the
///   answer is cut by a limit is left out; one that is still open, and no JSON
///   object, when the answer ends well makes the response fail. One that was written
///   already, the same in id, name and arguments, is not written again;
/// * the last item of an answer that was cut is incomplete, though its server
///   ended it well before it said so;
/// * ids are minted from the response's id and the item's place: upstream ids
///   may be missing, doubled or change half-way;
/// * after the terminal event nothing is written, whatever is pushed.
///
/// ```
/// use oc_responses_stream::*;
///
/// let options = MachineOptions::new(ResponseId::new("resp_1"), "my-model", 1_700_000_000);
/// let mut machine = ResponseMachine::new(options);
/// machine.push(&Delta::Text(TextDelta::new(Slot(0), "Hello")));
/// machine.push(&Delta::Finish(Finish::new(FinishReason::Stop)));
/// let mut names = Vec::new();
/// while let Some(event) = machine.next_event() {
///     names.push(event.name().to_owned());
/// }
/// assert_eq!(names.first().unwrap(), "response.created");
/// assert_eq!(names.last().unwrap(), "response.completed");
/// assert_eq!(machine.response()["output"][0]["content"][0]["text"], "Hello");
/// ```
#[derive(Debug)]
pub struct ResponseMachine {
    frame: Frame,
    style: (ReasoningStyle, OutputStyle),
    phase: Phase,
    writer: Writer,
    open: Option<Open>,
    /// The open item ended well, as its server says. Written as soon as something
    /// else comes: where the answer then turns out to be cut, it is what was cut.
    ended: bool,
    calls: BTreeMap<Slot, FunctionCall>,
    /// The slots of the present attempt that were written whole.
    closed: BTreeSet<Slot>,
    /// Numbered when they are taken.
    events: VecDeque<Event>,
    sent: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waiting,
    Writing,
    Over,
}

impl ResponseMachine {
    /// Nothing is written yet.
    pub fn new(options: MachineOptions) -> Self {
        let style = (options.reasoning, options.output);
        Self {
            writer: Writer::new(options.id.as_str()),
            frame: Frame::new(options),
            style,
            phase: Phase::Waiting,
            open: None,
            ended: false,
            calls: BTreeMap::new(),
            closed: BTreeSet::new(),
            events: VecDeque::new(),
            sent: 0,
        }
    }

    /// Takes one delta.
    ///
    /// [`Delta::Opened`], [`Delta::Alive`] and [`Delta::Progress`] write nothing. A
    /// seal is kept where it is this wire's (`openai-responses`) and its reasoning is
    /// still open; an annotation where its text is. A phase that is told late stands
    /// in the message's `done` event, if that was not written yet, and in any case in
    /// [`response`](Self::response); what was sent stays sent.
    pub fn push(&mut self, delta: &Delta) {
        if self.is_terminal() {
            return;
        }
        if self.ends_the_open_item(delta) {
            self.settle();
        }
        match delta {
            Delta::Opened(_)
            | Delta::Alive
            | Delta::Progress(_)
            | Delta::Frame(_)
            // One response is one answer.
            | Delta::Choice(_) => {}
            Delta::Started(_) => self.open(),
            Delta::Text(text) => self.text(text, false),
            Delta::Refusal(text) => self.text(text, true),
            Delta::Reasoning(reasoning) => self.reasoning(reasoning),
            Delta::Seal(seal) => self.seal(seal),
            Delta::ToolCallStart(start) => {
                self.open();
                let call = FunctionCall::new(start.id_of_call(), start.name.clone(), "");
                self.calls.insert(start.slot, call);
            }
            Delta::ToolCallArguments(arguments) => {
                if let Some(call) = self.calls.get_mut(&arguments.slot) {
                    call.arguments.push_str(&arguments.text);
                }
            }
            Delta::ToolCallEnd(end) => {
                if let Some(mut call) = self.calls.remove(&end.slot) {
                    if let Some(whole) = &end.arguments {
                        call.arguments.clone_from(whole);
                    }
                    // What an agent could not run is no call: it stays open.
                    if call.arguments.trim().is_empty() || is_object(&call.arguments) {
                        self.call(&call);
                    } else {
                        self.calls.insert(end.slot, call);
                    }
                }
            }
            Delta::Annotation(annotation) => self.annotation(annotation),
            Delta::Part(whole) => self.part(whole),
            Delta::Extra(extra) => self.extra(extra),
            Delta::Phase(told) => self.told_phase(told),
            Delta::Item(whole) => self.whole(whole.slot, &whole.item),
            Delta::ItemEnd(end) => self.close_slot(end.slot, end.status),
            Delta::Usage(usage) => self.frame.usage = Some(*usage),
            Delta::Finish(finish) => self.finish(finish),
            Delta::Error(error) => self.error(error),
        }
    }

    /// Writes the head (`response.created`, `response.in_progress`) unless it
    /// was. Content does so by itself.
    pub fn open(&mut self) {
        if self.phase != Phase::Waiting {
            return;
        }
        self.phase = Phase::Writing;
        let response = self.frame.response("in_progress", &[]);
        self.emit(Event::Created(CreatedEvent { response, ..CreatedEvent::default() }));
        let response = self.frame.response("in_progress", &[]);
        self.emit(Event::InProgress(InProgressEvent { response, ..InProgressEvent::default() }));
    }

    /// The attempt that the deltas came from was replaced by another: its open
    /// item is closed as incomplete, its open calls and its usage are dropped,
    /// and the slots of what comes next start anew.
    pub fn abandon(&mut self) {
        if self.is_terminal() {
            return;
        }
        self.settle();
        self.close(ItemStatus::Incomplete);
        self.calls.clear();
        self.closed.clear();
        self.writer.forget_slots();
        self.frame.usage = None;
    }

    /// The response failed: an `error` event, then `response.failed`. `message`
    /// is for the client's eyes.
    pub fn fail(&mut self, code: impl Into<String>, message: impl Into<String>) {
        if self.is_terminal() {
            return;
        }
        self.open();
        self.settle();
        self.close(ItemStatus::Incomplete);
        self.calls.clear();
        let (code, message) = (code.into(), message.into());
        self.emit(Event::Error(ErrorEvent {
            code: Some(Value::String(code.clone())),
            message: Some(message.clone()),
            param: Some(Value::Null),
            ..ErrorEvent::default()
        }));
        self.frame.error = Some((code, message));
        self.over("failed");
    }

    /// What a gateway tried before the response [fails](Self::fail), for the
    /// `attempts` of its error. Before the terminal event.
    pub fn set_attempts(&mut self, attempts: Value) {
        self.frame.attempts = Some(attempts);
    }

    /// Adds a key to the response's `metadata`. Before the terminal event.
    pub fn set_metadata(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.frame.metadata.insert(key.into(), value.into());
    }

    /// The time (seconds since the Unix epoch) that the terminal event gives as
    /// `completed_at`; without it that is null.
    pub fn set_now(&mut self, completed_at: u64) {
        self.frame.completed_at = Some(completed_at);
    }

    /// Writes raw reasoning in this style from now on.
    pub fn set_reasoning(&mut self, style: ReasoningStyle) {
        self.style.0 = style;
    }

    /// The next event to send.
    pub fn next_event(&mut self) -> Option<Event> {
        let mut event = self.events.pop_front()?;
        event.set_sequence_number(self.sent);
        self.sent += 1;
        Some(event)
    }

    /// The response as it stands, for a client that wants it as one document; final
    /// once [`is_terminal`](Self::is_terminal). Differs from the terminal event's
    /// response where a message turned out to be commentary after it was written:
    /// here it has that phase, and under [`OutputStyle::FinalOnly`] it is left out
    /// but for a refusal in it.
    pub fn response(&self) -> Value {
        let shown = |item: Value| match self.style.1 {
            OutputStyle::Full => Some(item),
            OutputStyle::FinalOnly => only_final(item),
        };
        let output: Vec<Value> = self.writer.document().filter_map(shown).collect();
        self.frame.response(self.frame.status, &output)
    }

    /// Whether the terminal event was written (it may still wait in
    /// [`next_event`](Self::next_event)).
    pub fn is_terminal(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether the open item, if it ended well, cannot be what is cut where the
    /// answer is, for something else comes. More of the item itself goes on in it:
    /// its `done` was not written yet.
    fn ends_the_open_item(&self, delta: &Delta) -> bool {
        let is_elsewhere = |slot| self.open.as_ref().is_none_or(|open| open.slot != slot);
        match delta {
            Delta::Text(text) | Delta::Refusal(text) => is_elsewhere(text.slot),
            Delta::Reasoning(reasoning) => is_elsewhere(reasoning.slot),
            Delta::Part(part) => is_elsewhere(part.slot),
            Delta::Started(_)
            | Delta::ToolCallStart(_)
            | Delta::ToolCallArguments(_)
            | Delta::ToolCallEnd(_)
            | Delta::Item(_) => true,
            Delta::Opened(_)
            | Delta::Alive
            | Delta::Progress(_)
            | Delta::Usage(_)
            | Delta::ItemEnd(_)
            | Delta::Seal(_)
            | Delta::Annotation(_)
            | Delta::Extra(_)
            | Delta::Phase(_)
            | Delta::Finish(_)
            | Delta::Error(_)
            | Delta::Frame(_)
            | Delta::Choice(_) => false,
        }
    }

    fn text(&mut self, delta: &TextDelta, refusal: bool) {
        self.open();
        let is_commentary = self.style.1 == OutputStyle::FinalOnly && !delta.is_final();
        if (is_commentary && !refusal) || delta.text.is_empty() {
            return;
        }
        // A refusal is no commentary, whatever the rest of its message is for.
        let phase = delta.phase.filter(|_| !is_commentary);
        let fits = |open: &Open| open.slot == delta.slot && open.takes_text(phase);
        if !self.open.as_ref().is_some_and(fits) {
            self.close(ItemStatus::Completed);
            self.open = Some(self.writer.message(delta.slot, phase, &mut self.events));
        }
        if let Some(open) = &mut self.open {
            self.writer.text(open, delta, refusal, &mut self.events);
        }
    }

    fn reasoning(&mut self, delta: &ReasoningDelta) {
        self.open();
        if self.style.1 == OutputStyle::FinalOnly || delta.text.is_empty() {
            return;
        }
        self.think(delta.slot);
        let raw = self.style.0 == ReasoningStyle::Raw && delta.kind == ReasoningKind::Raw;
        if let Some(open) = &mut self.open {
            self.writer.thought(open, delta, raw, &mut self.events);
        }
    }

    /// Makes `slot`'s reasoning the open item.
    fn think(&mut self, slot: Slot) {
        let fits = |open: &Open| open.slot == slot && open.is_reasoning();
        if !self.open.as_ref().is_some_and(fits) {
            self.close(ItemStatus::Completed);
            self.open = Some(self.writer.reasoning(slot, &mut self.events));
        }
    }

    fn seal(&mut self, seal: &Seal) {
        let Value::String(value) = &seal.value else { return };
        if seal.api != "openai-responses" || self.style.1 == OutputStyle::FinalOnly {
            return;
        }
        self.open();
        if self.open.as_ref().is_some_and(|open| open.slot != seal.slot) {
            self.settle();
        }
        // Reasoning may be sealed and nothing else. A seal that comes after its
        // item was closed for another would seal an empty one: it is dropped.
        if self.open.is_none() && !self.closed.contains(&seal.slot) {
            self.think(seal.slot);
        }
        if let Some(open) = self.open.as_mut().filter(|open| open.slot == seal.slot) {
            open.seal(value);
        }
    }

    fn told_phase(&mut self, told: &PhaseDelta) {
        match self.open.as_mut().filter(|open| open.slot == told.slot) {
            Some(open) => open.set_phase(told.phase),
            None => self.writer.tell_phase(told.slot, told.phase),
        }
    }

    /// One that is no object with a type would be refused, and is left out.
    fn annotation(&mut self, delta: &AnnotationDelta) {
        if !delta.annotation.get("type").is_some_and(Value::is_string) {
            return;
        }
        if let Some(open) = self.open.as_mut().filter(|open| open.slot == delta.slot) {
            self.writer.annotation(open, &delta.annotation, &mut self.events);
        }
    }

    /// Nobody knows what a person would see of it: [`OutputStyle::FinalOnly`] has none.
    /// One of no type would be refused, and one that has deltas comes in them.
    fn part(&mut self, whole: &WholePart) {
        self.open();
        let kind = whole.json.get("type").and_then(Value::as_str).unwrap_or_default();
        let streams = ["", "output_text", "refusal", "summary_text", "reasoning_text"];
        if self.style.1 == OutputStyle::FinalOnly || streams.contains(&kind) {
            return;
        }
        let fits = |open: &Open| open.slot == whole.slot && open.takes_text(None);
        if !self.open.as_ref().is_some_and(fits) {
            self.close(ItemStatus::Completed);
            self.open = Some(self.writer.message(whole.slot, None, &mut self.events));
        }
        if let Some(open) = &mut self.open {
            self.writer.whole_part(open, &whole.json, &mut self.events);
        }
    }

    /// Written with what ends the item or the part; a field may hold what a person
    /// is not to see.
    fn extra(&mut self, extra: &ExtraDelta) {
        if let (Some(call), None) = (self.calls.get_mut(&extra.slot), extra.part) {
            call.extra.extend(item_json::extra_of_item(&extra.fields));
        } else if self.style.1 == OutputStyle::Full
            && let Some(open) = self.open.as_mut().filter(|open| open.slot == extra.slot)
        {
            open.extend(extra);
        }
    }

    fn call(&mut self, call: &FunctionCall) {
        self.open();
        if self.writer.has_call(call) {
            return;
        }
        self.close(ItemStatus::Completed);
        self.writer.call(call, &mut self.events);
    }

    fn whole(&mut self, slot: Slot, item: &Item) {
        self.open();
        match item {
            Item::Message(message) => {
                for (number, part) in (0_u32..).zip(&message.content) {
                    let delta = |text: &str| {
                        TextDelta::new(slot, text).with_part(number).with_phase(message.phase)
                    };
                    match part {
                        Part::Text(text) => {
                            let logprobs = text.logprobs.clone();
                            self.text(&TextDelta { logprobs, ..delta(&text.text) }, false);
                            for annotation in &text.annotations {
                                let annotation = annotation.clone();
                                self.annotation(&AnnotationDelta::new(slot, number, annotation));
                            }
                        }
                        Part::Refusal(text) => self.text(&delta(text), true),
                        Part::Other(json) => {
                            self.part(&WholePart::new(slot, 0, json.clone()));
                        }
                        _ => {}
                    }
                }
                self.extra(&ExtraDelta::new(slot, message.extra.clone()));
                self.close_slot(slot, message.status.unwrap_or(ItemStatus::Completed));
            }
            Item::Reasoning(reasoning) => {
                for (number, text) in (0..).zip(&reasoning.summary) {
                    self.reasoning(&ReasoningDelta::summary(slot, number, text));
                }
                for (number, text) in (0..).zip(&reasoning.content) {
                    self.reasoning(&ReasoningDelta::raw(slot, text).with_part(number));
                }
                if let Some(seal) = &reasoning.encrypted_content {
                    let value = Value::String(seal.clone());
                    self.seal(&Seal::new(slot, "openai-responses", value));
                }
                self.extra(&ExtraDelta::new(slot, reasoning.extra.clone()));
                self.close_slot(slot, ItemStatus::Completed);
            }
            Item::FunctionCall(call) => self.call(call),
            Item::FunctionCallOutput(_) | Item::Other(_) => {
                if self.style.1 == OutputStyle::FinalOnly && !is_work_of_a_tool(item) {
                    return;
                }
                self.close(ItemStatus::Completed);
                self.writer.whole(item, &mut self.events);
            }
        }
    }

    fn finish(&mut self, finish: &Finish) {
        self.open();
        let reason = match &finish.reason {
            FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Refusal => None,
            FinishReason::Length => Some("max_output_tokens"),
            FinishReason::ContentFilter => Some("content_filter"),
            FinishReason::Pause => Some("pause_turn"),
            FinishReason::Other(word) => Some(word.as_str()),
        };
        if let Some(reason) = reason {
            self.close(ItemStatus::Incomplete);
            self.calls.clear();
            self.frame.incomplete = Some(reason.to_owned());
            self.over("incomplete");
            return;
        }
        self.close(ItemStatus::Completed);
        for call in std::mem::take(&mut self.calls).into_values() {
            if !is_object(&call.arguments) {
                return self.fail("server_error", "the upstream ended within a tool call");
            }
            self.call(&call);
        }
        self.over("completed");
    }

    fn error(&mut self, error: &UpstreamError) {
        let code = error.code.clone().or_else(|| error.error_type.clone());
        let message = error.message.clone();
        self.fail(
            code.unwrap_or_else(|| "server_error".to_owned()),
            message.unwrap_or_else(|| "the upstream reported a failure".to_owned()),
        );
    }

    /// Writes the end of an item that ended well.
    fn settle(&mut self) {
        if self.ended {
            self.close(ItemStatus::Completed);
        }
    }

    fn close(&mut self, status: ItemStatus) {
        self.ended = false;
        if let Some(open) = self.open.take() {
            self.closed.insert(open.slot);
            self.writer.close(open, status, &mut self.events);
        }
    }

    fn close_slot(&mut self, slot: Slot, status: ItemStatus) {
        if self.open.as_ref().is_some_and(|open| open.slot == slot) {
            match status {
                ItemStatus::Incomplete => self.close(ItemStatus::Incomplete),
                ItemStatus::Completed | ItemStatus::InProgress => self.ended = true,
            }
        }
    }

    fn over(&mut self, status: &'static str) {
        self.phase = Phase::Over;
        self.frame.status = status;
        let response = self.frame.response(status, self.writer.output());
        self.emit(match status {
            "completed" => {
                Event::Completed(CompletedEvent { response, ..CompletedEvent::default() })
            }
            "incomplete" => {
                Event::Incomplete(IncompleteEvent { response, ..IncompleteEvent::default() })
            }
            _ => Event::Failed(FailedEvent { response, ..FailedEvent::default() }),
        });
    }

    fn emit(&mut self, event: Event) {
        self.events.push_back(event);
    }
}

fn is_object(arguments: &str) -> bool {
    serde_json::from_str::<Map<String, Value>>(arguments).is_ok()
}

/// What of an item may be shown to a person, and tool calls.
fn only_final(mut item: Value) -> Option<Value> {
    if item["phase"] != crate::Phase::Commentary.as_str() {
        return Some(item);
    }
    let parts = item.get_mut("content").and_then(Value::as_array_mut)?;
    parts.retain(|part| part["type"] == "refusal");
    (!parts.is_empty()).then_some(item)
}

/// Whether an item is of a type that we know, or by its name a tool's: any other may
/// be reasoning under a newer name.
fn is_work_of_a_tool(item: &Item) -> bool {
    let name = item.item_type();
    item.known_type().is_some() || name.ends_with("_call") || name.ends_with("_output")
}
