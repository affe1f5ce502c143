//! How an answer ends: the terminal events, and errors in all their shapes.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use super::book::{Book, Kind, Place, text};
use super::entry::Entry;
use super::wire::{self, Object, WireEvent};
use super::{message, restate};
use crate::{Delta, Finish, FinishReason, ItemStatus, UpstreamError, Usage};

/// A terminal event with its response: what was never streamed is recovered
/// from `output`, open items are ended, usage and the reason are given out.
/// `false`: the response says that it is not finished, and this is no end.
pub(super) fn end(
    book: &mut Book,
    name: &str,
    response: &Object,
    out: &mut VecDeque<Delta>,
) -> bool {
    if matches!(text(response, "status"), Some("queued" | "in_progress"))
        && matches!(name, "response.completed" | "response.done")
    {
        return false;
    }
    let reason = match outcome(name, response) {
        Outcome::Finish(reason) => reason,
        Outcome::Failed(error) => {
            usage(response, out);
            out.push_back(Delta::Error(error));
            return true;
        }
    };
    recover(book, response, out);
    drop_late(book);
    let cut = matches!(reason, FinishReason::Length | FinishReason::ContentFilter);
    restate_announced(book, cut, out);
    for entry in &mut book.entries {
        if entry.ended {
            continue;
        }
        let is_call = entry.kind == Kind::Call;
        let whole = !cut || entry.kind == Kind::Other || (is_call && entry.call.is_stated());
        if is_call && !cut && entry.call.is_nameless() {
            // Pieces of a call that nobody named: it was one, and cannot be run.
            entry.call.is_broken = true;
            entry.call.start(entry.slot, entry.id.as_deref(), out);
            book.contradictions = book.contradictions.saturating_add(1);
        } else if is_call && whole {
            let contradictions = entry.end_call(&[], out);
            book.contradictions = book.contradictions.saturating_add(contradictions);
        }
        entry.end(if whole { ItemStatus::Completed } else { ItemStatus::Incomplete }, out);
    }
    usage(response, out);
    out.push_back(Delta::Finish(Finish::new(reason)));
    true
}

/// Calls without a name that are held against those that ended: more is no answer.
const MOST_NAMELESS: usize = 16;

/// What only seemed to be an item: one that ended was announced again, or pieces of
/// its arguments came again.
fn drop_late(book: &mut Book) {
    let mut nameless = 0;
    let said: HashSet<(Kind, String)> = match book.entries.iter().any(|entry| entry.is_again) {
        true => book.entries.iter().filter(|e| e.ended).map(|e| (e.kind, e.joined())).collect(),
        false => HashSet::new(),
    };
    for at in 0..book.entries.len() {
        let Some(entry) = book.entries.get(at).filter(|entry| !entry.ended) else { continue };
        let is_late = match entry.kind {
            Kind::Call if entry.call.is_nameless() => {
                nameless += 1;
                nameless <= MOST_NAMELESS
                    && book.entries.iter().any(|other| other.call.has_told(&entry.call))
            }
            _ if !entry.is_again || !entry.is_silent() => false,
            Kind::Call | Kind::Other => true,
            Kind::Message | Kind::Reasoning => {
                let announced = entry.announced_as.as_ref();
                let whole = announced.and_then(|it| restate::whole_text(entry.kind, it.json()));
                whole.is_some_and(|whole| said.contains(&(entry.kind, whole)))
            }
        };
        if let Some(entry) = book.entries.get_mut(at).filter(|_| is_late) {
            entry.ended = true;
        }
    }
}

/// Some servers say what an item is when they announce it, and never again.
fn restate_announced(book: &mut Book, cut: bool, out: &mut VecDeque<Delta>) {
    for at in 0..book.entries.len() {
        let entry = book.entries.get_mut(at).filter(|entry| !entry.ended && entry.is_silent());
        let Some(entry) = entry else { continue };
        let announced = entry.announced_as.take();
        if let Some(item) = announced.and_then(|it| it.at_the_end(entry.kind, cut)) {
            restate::whole_item(book, at, &item, out);
        }
    }
}

enum Outcome {
    Finish(FinishReason),
    Failed(UpstreamError),
}

/// The response's own status counts more than the event's name: vLLM ends a
/// truncated answer with `response.completed`.
fn outcome(name: &str, response: &Object) -> Outcome {
    let status = text(response, "status").unwrap_or_default();
    let details = response.get("incomplete_details").and_then(Value::as_object);
    let reason = details.and_then(|details| text(details, "reason"));
    if name == "response.failed" || status == "failed" {
        return Outcome::Failed(response_error(response));
    }
    if name == "response.cancelled" || status == "cancelled" {
        return Outcome::Failed(UpstreamError::new("cancelled", "the response was cancelled"));
    }
    if name == "response.incomplete" || status == "incomplete" || reason.is_some() {
        return Outcome::Finish(match reason {
            Some("max_output_tokens" | "max_tokens" | "length") | None => FinishReason::Length,
            Some("content_filter") => FinishReason::ContentFilter,
            Some("pause_turn") => FinishReason::Pause,
            Some(other) => FinishReason::Other(other.to_owned()),
        });
    }
    Outcome::Finish(FinishReason::Stop)
}

/// Adds what the terminal event's `output` holds beyond what was streamed. Its
/// items may have other ids than the streamed ones (OpenRouter, vLLM, LiteLLM)
/// and may be missing altogether (ChatGPT's backend).
fn recover(book: &mut Book, response: &Object, out: &mut VecDeque<Delta>) {
    let items = response.get("output").and_then(Value::as_array).filter(|all| !all.is_empty());
    let Some(items) = items else { return };
    let items: Vec<(u32, &Object)> =
        (0..).zip(items).filter_map(|(index, item)| Some((index, item.as_object()?))).collect();
    let matches = matches(book, &items);
    for ((index, item), at) in items.into_iter().zip(matches) {
        // A piece that is a part of another item is none of its own.
        let at = at.filter(|&at| book.entries.get(at).is_some_and(|e| !e.is_adopted));
        let at = at.unwrap_or_else(|| {
            let place = Place { output_index: Some(index), item_id: text(item, "id"), part: None };
            book.open(&place, Kind::of(item))
        });
        restate::whole_item(book, at, item, out);
    }
}

/// Which of ours each item is: the one with its name, or the same text, or else its
/// place. A better reason goes first, whatever the order of the items.
fn matches(book: &Book, items: &[(u32, &Object)]) -> Vec<Option<usize>> {
    let mut free = vec![true; book.entries.len()];
    let mut all = vec![None; items.len()];
    let by_text = texts(book);
    for reason in [Reason::Name, Reason::Text, Reason::Place, Reason::Kind] {
        for ((index, item), its) in items.iter().zip(&mut all).filter(|(_, its)| its.is_none()) {
            let kind = Kind::of(item);
            // Under another id commentary is not the answer, and never becomes it.
            let like = |e: &Entry| e.kind == kind && !e.is_of_another_phase(item);
            let first = |fits: &dyn Fn(&Entry) -> bool| {
                let mut entries = book.entries.iter().zip(&free);
                entries.position(|(entry, free)| *free && fits(entry))
            };
            let at = match reason {
                Reason::Name => restate::by_call_id(book, kind, item).or_else(|| {
                    let id = text(item, "id")?;
                    book.entries.iter().position(|e| e.kind == kind && e.id.as_deref() == Some(id))
                }),
                Reason::Text if kind == Kind::Message => {
                    message::whole_text(item).and_then(|text| by_text.get(&text)).and_then(|all| {
                        let is_free = |at: usize| free.get(at) == Some(&true);
                        let is_like = |at: usize| book.entries.get(at).is_some_and(like);
                        all.iter().copied().find(|&at| is_free(at) && is_like(at))
                    })
                }
                Reason::Text => None,
                Reason::Place => first(&|e| like(e) && e.output_index == Some(*index)),
                Reason::Kind => first(&like),
            };
            if let Some((at, free)) = at.and_then(|at| Some((at, free.get_mut(at)?)))
                && std::mem::take(free)
            {
                *its = Some(at);
            }
        }
    }
    all
}

#[derive(Clone, Copy)]
enum Reason {
    Name,
    Text,
    Place,
    Kind,
}

/// The messages that were streamed, by what they say: the best name that one has
/// whose id is another.
fn texts(book: &Book) -> HashMap<String, Vec<usize>> {
    let mut all: HashMap<String, Vec<usize>> = HashMap::new();
    let messages = book.entries.iter().enumerate().filter(|(_, e)| e.kind == Kind::Message);
    for (at, entry) in messages {
        let text = entry.parts.joined();
        if !text.is_empty() {
            all.entry(text).or_default().push(at);
        }
    }
    all
}

fn usage(response: &Object, out: &mut VecDeque<Delta>) {
    let Some(usage) = response.get("usage").and_then(Value::as_object) else { return };
    let number = |object: Option<&Object>, key: &str| {
        object.and_then(|object| object.get(key)).and_then(wire::unsigned)
    };
    let details = |key: &str| usage.get(key).and_then(Value::as_object);
    let (input, output) = (details("input_tokens_details"), details("output_tokens_details"));
    let mut counts = Usage {
        input_tokens: number(Some(usage), "input_tokens").unwrap_or_default(),
        cached_tokens: number(input, "cached_tokens").unwrap_or_default(),
        cache_write_tokens: number(input, "cache_write_tokens").unwrap_or_default(),
        output_tokens: number(Some(usage), "output_tokens").unwrap_or_default(),
        reasoning_tokens: number(output, "reasoning_tokens").unwrap_or_default(),
        total_tokens: 0,
    };
    counts.total_tokens = number(Some(usage), "total_tokens")
        .unwrap_or_else(|| counts.input_tokens.saturating_add(counts.output_tokens));
    out.push_back(Delta::Usage(counts));
}

/// An event that reports a failure: OpenAI nests it (`error: {…}`), the
/// specification has it flat, others send the bare object or `error_message`.
pub(super) fn event_error(event: &WireEvent<'_>) -> UpstreamError {
    let owned = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
    let flat = UpstreamError {
        code: owned(&event.code),
        error_type: owned(&event.error_type),
        message: owned(&event.message).or_else(|| owned(&event.error_message)),
        param: owned(&event.param),
    };
    let nested = match event.error.and_then(wire::value) {
        Some(Value::Object(error)) => object_error(&error),
        Some(Value::String(message)) => {
            UpstreamError { message: Some(message), ..UpstreamError::default() }
        }
        _ => return flat,
    };
    UpstreamError {
        code: nested.code.or(flat.code),
        error_type: nested.error_type.or(flat.error_type),
        message: nested.message.or(flat.message),
        param: nested.param.or(flat.param),
    }
}

/// The `error:` field of old llama.cpp: JSON, or plain text.
pub(super) fn field_error(field: &str) -> UpstreamError {
    match serde_json::from_str(field.trim()) {
        Ok(Value::Object(error)) => match error.get("error").and_then(Value::as_object) {
            Some(nested) => object_error(nested),
            None => object_error(&error),
        },
        _ => UpstreamError { message: Some(field.to_owned()), ..UpstreamError::default() },
    }
}

/// An error body under status 200; `None` where the body reports none.
pub(super) fn body_error(body: &Object) -> Option<UpstreamError> {
    match body.get("error") {
        Some(Value::Object(error)) => return Some(object_error(error)),
        Some(Value::String(message)) => {
            let message = Some(message.clone());
            return Some(UpstreamError { message, ..UpstreamError::default() });
        }
        _ => {}
    }
    let message = ["detail", "message", "error_message"].iter().find_map(|key| text(body, key))?;
    Some(UpstreamError { message: Some(message.to_owned()), ..object_error(body) })
}

fn response_error(response: &Object) -> UpstreamError {
    response.get("error").and_then(Value::as_object).map(object_error).unwrap_or_default()
}

fn object_error(error: &Object) -> UpstreamError {
    let field = |key: &str| match error.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    UpstreamError {
        code: field("code"),
        error_type: field("type").or_else(|| field("error_type")),
        message: field("message").or_else(|| field("error_message")),
        param: field("param"),
    }
}
