//! The Responses wire, read: [`ResponsesInterpreter`].
//!
//! Real servers leave out indexes, ids and sequence numbers, open items late or
//! never, restate texts that they streamed, and end in several ways. What is
//! understood here is what they mean; `docs/streaming.md` lists the deviations
//! server by server, each with its test.

mod announced;
mod book;
mod call;
mod declared;
mod entry;
mod fields;
mod message;
mod parts;
mod restate;
mod surrogates;
mod template;
mod terminal;
mod wire;

use std::collections::VecDeque;

use serde_json::Value;

use crate::{
    Delta, FrameVerdict, Hot, HotKind, HotText, Interpret, ItemStatus, Slot, Started, StreamError,
    sse,
};
use announced::FieldPiece;
use book::{Book, Kind};
use declared::What;
use template::Templates;
use wire::WireEvent;

/// Reads frames of the OpenAI Responses API, as OpenAI and as everyone else
/// sends them. Drive it with [`ResponseParser`](crate::ResponseParser).
///
/// An event belongs to the item with its `output_index`; where there is none,
/// to the one with its `item_id`; else to the current item of its kind. Text
/// that a later event restates (`*.done`, `output_item.done`, the terminal
/// event's `output`) adds what was missing; where it contradicts what was
/// streamed, the streamed text stands, for it has been read already
/// ([`contradictions`](Self::contradictions) counts them). A function call ends
/// with its item, and only if its arguments are a JSON object or nothing.
#[derive(Clone, Debug, Default)]
pub struct ResponsesInterpreter {
    book: Book,
    started: bool,
    ended: bool,
    templates: Templates,
}

impl ResponsesInterpreter {
    /// For one answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often an event restated a text differently from how it was streamed.
    pub fn contradictions(&self) -> u32 {
        self.book.contradictions
    }

    fn named(
        &mut self,
        mut event: WireEvent<'_>,
        frame: &sse::Frame,
        out: &mut VecDeque<Delta>,
    ) -> FrameVerdict {
        if event.kind.is_none() {
            event.kind = frame.event().map(|name| name.to_owned().into());
        }
        match self.event(event, out) {
            Some(_) if self.book.overflowed => FrameVerdict::Corrupt,
            Some(verdict) => verdict,
            None => FrameVerdict::Corrupt,
        }
    }

    /// `None`: an object in the event cannot be read.
    fn event(&mut self, event: WireEvent<'_>, out: &mut VecDeque<Delta>) -> Option<FrameVerdict> {
        let name = event.kind.as_deref().unwrap_or_default();
        let steering = name.starts_with("response.steer");
        if !steering && (name == "error" || event.has_error()) {
            self.start(None, out);
            self.ended = true;
            out.push_back(Delta::Error(terminal::event_error(&event)));
            return Some(FrameVerdict::Known);
        }
        if event.is_unknown_delta(name) {
            return Some(FrameVerdict::Unknown);
        }
        let place = event.place();
        if is_said(name) && self.book.declared.of(&place) == What::Echo {
            return Some(FrameVerdict::Known);
        }
        match name {
            "response.created" | "response.in_progress" | "response.queued" => {
                self.start(wire::object(event.response)?.as_ref(), out);
            }
            // `response.done` is what realtime-style proxies say for `completed`.
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.done"
            | "response.cancelled" => {
                let response = wire::object(event.response)?.unwrap_or_default();
                self.start(Some(&response), out);
                self.ended = true;
                if !terminal::end(&mut self.book, name, &response, out) {
                    return Some(FrameVerdict::End);
                }
            }
            "response.output_text.delta" | "response.text.delta" => {
                self.start(None, out);
                if self.book.declared.of(&place) == What::Reasoning {
                    self.book.reasoning(&place, event.piece(), false, out);
                } else {
                    self.book.text(&place, event.piece(), event.logprobs, false, out);
                }
            }
            "response.refusal.delta" => {
                self.start(None, out);
                self.book.text(&place, event.piece(), None, true, out);
            }
            "response.reasoning_text.delta" | "response.reasoning.delta" => {
                self.start(None, out);
                self.book.reasoning(&place, event.piece(), false, out);
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_summary.delta" => {
                self.start(None, out);
                self.book.reasoning(&place, event.piece(), true, out);
            }
            "response.function_call_arguments.delta" => {
                self.start(None, out);
                self.book.arguments(&place, event.piece(), out);
            }
            "response.output_item.added" => {
                if let Some(item) = wire::object(event.item)? {
                    self.start(None, out);
                    self.book.added(&place, &item, out);
                }
            }
            "response.output_item.done" => {
                if let Some(item) = wire::object(event.item)? {
                    self.start(None, out);
                    restate::item_done(&mut self.book, &place, &item, out);
                }
            }
            "response.content_part.added" | "response.reasoning_part.added" => {
                let part_type = event.part_type();
                let holds = part_type.as_deref().map_or(message::Holds::Text, message::holds);
                let reasoning =
                    name == "response.reasoning_part.added" || holds == message::Holds::Reasoning;
                if part_type.is_some() {
                    let what = if reasoning { What::Reasoning } else { What::Answer };
                    self.book.declared.declare(&place, what);
                }
                let kind = if reasoning { Kind::Reasoning } else { Kind::Message };
                self.book.part_added(&place, kind, false);
            }
            "response.reasoning_summary_part.added" => {
                self.book.part_added(&place, Kind::Reasoning, true);
            }
            "response.output_text.done" | "response.text.done" => {
                self.start(None, out);
                if self.book.restated_as(&place, event.text()) == What::Reasoning {
                    restate::reasoning_done(&mut self.book, &place, event.text(), false, out);
                } else {
                    restate::text_done(&mut self.book, &place, event.text(), false, out);
                }
            }
            "response.refusal.done" => {
                self.start(None, out);
                let text = event.refusal.as_deref().unwrap_or_default();
                restate::text_done(&mut self.book, &place, text, true, out);
            }
            "response.reasoning_text.done" | "response.reasoning.done" => {
                self.start(None, out);
                restate::reasoning_done(&mut self.book, &place, event.text(), false, out);
            }
            "response.reasoning_summary_text.done" | "response.reasoning_summary.done" => {
                self.start(None, out);
                restate::reasoning_done(&mut self.book, &place, event.text(), true, out);
            }
            "response.function_call_arguments.done" => {
                self.start(None, out);
                let arguments = event.arguments.as_deref();
                self.book.arguments_done(&place, arguments, event.name.as_deref());
            }
            "response.output_text.annotation.added" => {
                if let Some(annotation) = event.annotation.and_then(wire::value) {
                    self.start(None, out);
                    self.book.annotation(&place, annotation, out);
                }
            }
            "response.content_part.done" | "response.reasoning_part.done" => {
                if let Some(part) = wire::object(event.part)? {
                    self.start(None, out);
                    let reasoning = name == "response.reasoning_part.done";
                    restate::part_done(&mut self.book, &place, &part, reasoning, out);
                }
                self.book.part_done(&place);
            }
            "response.reasoning_summary_part.done" => {
                if let Some(part) = wire::object(event.part)? {
                    self.start(None, out);
                    restate::summary_part_done(&mut self.book, &place, &part, out);
                }
            }
            _ => match FieldPiece::of(&event, name) {
                Some(piece) => self.book.field(&place, piece),
                None if steering || wire::is_silent(name) => {}
                None => return Some(FrameVerdict::Unknown),
            },
        }
        Some(FrameVerdict::Known)
    }

    /// Learns from an event that was read, or forgets what it may have made untrue.
    fn keep(&mut self, raw: &[u8], json: &str, simple: Option<(HotKind, Slot, u32, &str)>) {
        match simple {
            Some(simple) if self.templates.wants_more() => {
                self.templates.learn(raw, json, simple);
            }
            Some(_) => {}
            None => self.templates.clear(),
        }
    }

    /// Says once that the answer began, before anything else of it.
    fn start(&mut self, response: Option<&wire::Object>, out: &mut VecDeque<Delta>) {
        if self.started {
            return;
        }
        self.started = true;
        let text = |key| response.and_then(|r| r.get(key)).and_then(Value::as_str);
        out.push_back(Delta::Started(Started::new(
            text("id").filter(|id| !id.is_empty()).map(Into::into),
            text("model").filter(|model| !model.is_empty()).map(str::to_owned),
            response.and_then(|r| r.get("created_at")).and_then(wire::unsigned),
        )));
    }
}

impl Interpret for ResponsesInterpreter {
    fn frame(&mut self, frame: &sse::Frame, out: &mut VecDeque<Delta>) -> FrameVerdict {
        if self.ended {
            return FrameVerdict::Known;
        }
        if frame.is_done_mark() {
            return FrameVerdict::End;
        }
        if let Some(error) = frame.error() {
            self.start(None, out);
            self.ended = true;
            out.push_back(Delta::Error(terminal::field_error(error)));
            return FrameVerdict::Known;
        }
        let data = frame.data().trim();
        if !data.starts_with('{') {
            return FrameVerdict::Unknown;
        }
        if let Ok(event) = serde_json::from_str(data) {
            let (size, said) = (self.book.size(), out.len());
            let verdict = self.named(event, frame, out);
            let mut new = out.iter().skip(said);
            let simple = new.next().filter(|_| new.next().is_none()).and_then(simple);
            self.keep(frame.raw(), data, simple.filter(|_| self.book.size() == size));
            return verdict;
        }
        self.templates.clear();
        let Some(whole) = surrogates::repair(data) else { return FrameVerdict::Corrupt };
        match serde_json::from_str::<WireEvent<'_>>(&whole) {
            Ok(mut event) => {
                event.edges = wire::edges(data);
                self.named(event, frame, out)
            }
            Err(_) => FrameVerdict::Corrupt,
        }
    }

    #[inline]
    fn hot(&mut self, input: &[u8], written: &mut String) -> Option<Hot> {
        if self.ended {
            return None;
        }
        let hot = self.templates.read(input, written)?;
        let text = match &hot.text {
            HotText::Input(range) => std::str::from_utf8(input.get(range.clone())?).ok()?,
            HotText::Written => written,
        };
        self.book.note(hot.says, hot.slot, hot.part, text).then_some(hot)
    }

    fn body(&mut self, json: &[u8], out: &mut VecDeque<Delta>) -> Result<(), StreamError> {
        let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(json) else {
            return Err(StreamError::not_a_stream("body is neither events nor a JSON object"));
        };
        let is_response = body.get("output").is_some_and(Value::is_array);
        if is_response {
            self.start(Some(&body), out);
            // One that is still being made is as cut as a stream without its end.
            self.ended = terminal::end(&mut self.book, "response.done", &body, out);
            return Ok(());
        }
        let Some(error) = terminal::body_error(&body) else {
            return Err(StreamError::not_a_stream("body is JSON, but no response and no error"));
        };
        self.start(None, out);
        self.ended = true;
        out.push_back(Delta::Error(error));
        Ok(())
    }

    fn ended(&self) -> bool {
        self.ended
    }
}

/// Whether an event of this name is of a message's content.
fn is_said(name: &str) -> bool {
    let families = ["output_text.", "text.", "refusal.", "content_part."];
    name.strip_prefix("response.")
        .is_some_and(|rest| families.iter().any(|it| rest.starts_with(it)))
}

/// What a delta says, if another event like it can say no more than another text.
fn simple(delta: &Delta) -> Option<(HotKind, Slot, u32, &str)> {
    match delta {
        Delta::Text(d) if d.logprobs.is_none() => {
            Some((HotKind::Text(d.phase), d.slot, d.part, &d.text))
        }
        Delta::Reasoning(d) => Some((HotKind::Reasoning(d.kind), d.slot, d.part, &d.text)),
        Delta::ToolCallArguments(d) => Some((HotKind::Arguments, d.slot, 0, &d.text)),
        _ => None,
    }
}

/// The status of a finished item; silence means that it is whole.
fn item_status(item: &wire::Object) -> ItemStatus {
    match item.get("status").and_then(Value::as_str) {
        Some("incomplete") => ItemStatus::Incomplete,
        _ => ItemStatus::Completed,
    }
}
