//! How an answer ends: the terminal events, and errors in all their shapes.

use std::collections::{HashMap, VecDeque};

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
    let cut = matches!(reason, FinishReason::Length | FinishReason::ContentFilter);
    restate_announced(book, cut, out);
    for entry in &mut book.entries {
        if entry.ended {
            continue;
        }
        let is_call = entry.kind == Kind::Call;
        let whole = !cut || entry.kind == Kind::Other || (is_call && entry.call.is_stated());
        if is_call && whole {
            let contradictions = entry.end_call(&[], out);
            book.contradictions = book.contradictions.saturating_add(contradictions);
        }
        entry.end(if whole { ItemStatus::Completed } else { ItemStatus::Incomplete }, out);
    }
    usage(response, out);
    out.push_back(Delta::Finish(Finish::new(reason)));
    true
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
    let mut matched = vec![false; book.entries.len()];
    let by_text = texts(book);
    for (index, item) in items.iter().enumerate() {
        let Some(item) = item.as_object() else { continue };
        let kind = Kind::of(item);
        let index = u32::try_from(index).ok();
        // Under another id commentary is not the answer, and never becomes it.
        let like = |e: &Entry| e.kind == kind && !e.is_of_another_phase(item);
        let same_text = || {
            let text = message::whole_text(item).filter(|_| kind == Kind::Message)?;
            let all = by_text.get(&text)?;
            all.iter().copied().find(|&at| {
                matched.get(at) == Some(&false) && book.entries.get(at).is_some_and(like)
            })
        };
        let at = restate::by_call_id(book, kind, item)
            .or_else(|| {
                let id = text(item, "id")?;
                book.entries.iter().position(|e| e.kind == kind && e.id.as_deref() == Some(id))
            })
            .filter(|&at| matched.get(at) == Some(&false))
            .or_else(same_text)
            .or_else(|| unmatched(book, &matched, |e| like(e) && e.output_index == index))
            .or_else(|| unmatched(book, &matched, like));
        let at = at.unwrap_or_else(|| {
            let place = Place { output_index: index, item_id: text(item, "id"), part: None };
            book.open(&place, kind)
        });
        matched.resize(book.entries.len(), false);
        if let Some(matched) = matched.get_mut(at) {
            *matched = true;
            restate::whole_item(book, at, item, out);
        }
    }
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

fn unmatched(book: &Book, matched: &[bool], fits: impl Fn(&Entry) -> bool) -> Option<usize> {
    let mut entries = book.entries.iter().zip(matched);
    entries.position(|(entry, matched)| !matched && fits(entry))
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
