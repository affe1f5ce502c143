//! Events that say again what was streamed: they add what is missing, and never
//! take anything back.

use std::collections::VecDeque;

use serde_json::Value;

use super::announced::Announced;
use super::book::{Book, Kind, Place, text};
use super::call::arguments;
use super::declared::What;
use super::entry::Entry;
use super::{message, wire};
use crate::{Delta, Item, Seal, WholeItem};

/// `output_text.done`, `refusal.done`.
pub(super) fn text_done(
    book: &mut Book,
    place: &Place<'_>,
    whole: &str,
    refusal: bool,
    out: &mut VecDeque<Delta>,
) {
    let entry = book.restated(place, Kind::Message);
    let part = entry.parts.of_whole(place.part, refusal);
    let contradicts = said(entry, part, whole, refusal, out);
    book.contradictions = book.contradictions.saturating_add(contradicts);
}

/// `reasoning_text.done`, `reasoning_summary_text.done`.
pub(super) fn reasoning_done(
    book: &mut Book,
    place: &Place<'_>,
    whole: &str,
    summary: bool,
    out: &mut VecDeque<Delta>,
) {
    let entry = book.restated(place, Kind::Reasoning);
    let part = match summary {
        true => entry.summary.of_summary(place.part),
        false => entry.parts.of_whole(place.part, false),
    };
    let contradicts = thought(entry, part, whole, summary, out);
    book.contradictions = book.contradictions.saturating_add(contradicts);
}

/// `content_part.done`: the whole of a part, for servers that say no
/// `output_text.done`. Where something was said of the message under another
/// number, nobody knows whether this is that, and the item says it again.
pub(super) fn part_done(
    book: &mut Book,
    place: &Place<'_>,
    part: &wire::Object,
    is_reasoning: bool,
    out: &mut VecDeque<Delta>,
) {
    let holds = message::holds_of(part);
    if holds == message::Holds::Other && !is_reasoning {
        book.restated(place, Kind::Message).tell_part(place.part, part, out);
        return;
    }
    let Some(whole) = message::part_text(part) else { return };
    let is_reasoning = is_reasoning
        || holds == message::Holds::Reasoning
        || book.restated_as(place, whole) == What::Reasoning;
    let kind = if is_reasoning { Kind::Reasoning } else { Kind::Message };
    if !adds(book, place, kind, false, whole) {
    } else if is_reasoning {
        reasoning_done(book, place, whole, false, out);
    } else {
        text_done(book, place, whole, holds == message::Holds::Refusal, out);
    }
    let at = book.find_restated(place, kind).filter(|_| !is_reasoning);
    if let Some(entry) = at.and_then(|at| book.entries.get_mut(at))
        && let Some(number) = entry.parts.numbered(place.part)
    {
        entry.tell_part_extra(number, part, out);
    }
}

/// `reasoning_summary_part.done`, likewise.
pub(super) fn summary_part_done(
    book: &mut Book,
    place: &Place<'_>,
    part: &wire::Object,
    out: &mut VecDeque<Delta>,
) {
    if let Some(whole) = message::part_text(part)
        && adds(book, place, Kind::Reasoning, true, whole)
    {
        reasoning_done(book, place, whole, true, out);
    }
}

/// Whether `whole` says more of its very part than was said, or is the first
/// that is said of its item at all.
fn adds(book: &Book, place: &Place<'_>, kind: Kind, summary: bool, whole: &str) -> bool {
    let at = book.find_restated(place, kind);
    let Some(entry) = at.and_then(|at| book.entries.get(at)) else { return true };
    let parts = if summary { &entry.summary } else { &entry.parts };
    match parts.said_of(place.part) {
        Some(said) => whole.len() > said.len() && whole.starts_with(said),
        // Thought that was streamed as one kind may be restated as the other.
        None => entry.parts.is_blank() && entry.summary.is_blank(),
    }
}

/// `output_item.done`: everything of one item.
pub(super) fn item_done(
    book: &mut Book,
    place: &Place<'_>,
    item: &wire::Object,
    out: &mut VecDeque<Delta>,
) {
    let kind = Kind::of(item);
    let place = Place { item_id: text(item, "id").or(place.item_id), ..*place };
    let at = by_call_id(book, kind, item)
        .filter(|&at| book.entries.get(at).is_some_and(|entry| !entry.is_other_than(&place)))
        .or_else(|| book.find_restated(&place, kind).filter(|&at| is_meant(book, at, &place, item)))
        .or_else(|| told_before(book, kind, item).filter(|_| place.item_id.is_none()))
        .unwrap_or_else(|| book.open(&place, kind));
    whole_item(book, at, item, out);
    book.declared.end(&Place { part: None, ..place });
}

/// Whether an `item` that is done may be the one at `at`: of one that ended, and
/// has not its id, it must say the same, or it is another one, and would be lost.
fn is_meant(book: &Book, at: usize, place: &Place<'_>, item: &wire::Object) -> bool {
    let Some(entry) = book.entries.get(at) else { return false };
    if !entry.ended || (place.item_id.is_some() && entry.id.as_deref() == place.item_id) {
        return true;
    }
    match entry.kind {
        Kind::Call => {
            let call_id = entry.call.call_id.as_deref().zip(text(item, "call_id"));
            call_id.is_none_or(|(own, its)| own == its) && !entry.call.differs(item)
        }
        Kind::Message | Kind::Reasoning => whole_text(entry.kind, item).is_none_or(|whole| {
            let said = [entry.parts.joined(), entry.summary.joined()];
            let is_same = |said: &String| !said.is_empty() && missing(said, &whole).is_ok();
            entry.is_silent() || said.iter().any(is_same)
        }),
        // Nothing else is known of it any more than what it was called.
        Kind::Other => {
            let call_id = entry.call.call_id.as_deref().zip(text(item, "call_id"));
            call_id.map_or(place.output_index.is_some(), |(own, its)| own == its)
        }
    }
}

/// The item that ended, says just what `item` says, and has no more of a name.
fn told_before(book: &Book, kind: Kind, item: &wire::Object) -> Option<usize> {
    let whole = whole_text(kind, item)?;
    let says_it = |e: &Entry| e.kind == kind && e.ended && e.id.is_none() && e.joined() == whole;
    book.entries.iter().position(says_it)
}

/// All that an item says.
pub(super) fn whole_text(kind: Kind, item: &wire::Object) -> Option<String> {
    if kind == Kind::Message {
        return message::whole_text(item);
    }
    let texts = |key| -> String {
        array(item, key).filter_map(|part| text(part, "text")).chain(text(item, key)).collect()
    };
    ["content", "summary"].into_iter().map(texts).find(|whole| !whole.is_empty())
}

/// What `item` says beyond what was given out of it, if that is its end.
pub(super) fn lacks(entry: &Entry, item: &wire::Object) -> Option<String> {
    if !matches!(entry.kind, Kind::Message | Kind::Reasoning) {
        return None;
    }
    let whole = whole_text(entry.kind, item)?;
    let said = if entry.parts.is_blank() { &entry.summary } else { &entry.parts }.joined();
    let rest = whole.strip_prefix(&said).filter(|rest| !rest.is_empty())?;
    Some(rest.to_owned())
}

/// llama.cpp once sent calls without an item id: the call id ties them then.
pub(super) fn by_call_id(book: &Book, kind: Kind, item: &wire::Object) -> Option<usize> {
    let call_id = text(item, "call_id").filter(|_| kind == Kind::Call)?;
    book.entries.iter().position(|e| e.kind == kind && e.call.call_id.as_deref() == Some(call_id))
}

/// Adds what `item` holds beyond what was streamed of it, and ends it.
pub(super) fn whole_item(
    book: &mut Book,
    at: usize,
    item: &wire::Object,
    out: &mut VecDeque<Delta>,
) {
    book.adopt(at, item, out);
    let Some(entry) = book.entries.get_mut(at) else { return };
    entry.is_restated = true;
    if entry.ended {
        // It ended too early: the rest of its text is text of it all the same.
        entry.tell_phase(item, out);
        entry.note_extra(item);
        entry.tell_extra(out);
        let contradictions = match entry.kind {
            Kind::Message => message::restated(book, at, item, out),
            Kind::Reasoning => thoughts(entry, item, out),
            Kind::Call => u32::from(entry.call.differs(item)),
            Kind::Other => 0,
        };
        book.contradictions = book.contradictions.saturating_add(contradictions);
        return;
    }
    entry.describe(item, out);
    let announced = entry.announced_as.take();
    let mut contradictions = content(book, at, item, announced.as_ref(), out);
    // What restates nothing takes nothing back.
    let is_silent = book.entries.get(at).is_some_and(|e| e.kind != Kind::Other && e.is_silent());
    if let Some(announced) = announced.filter(|_| is_silent) {
        contradictions += content(book, at, announced.json(), None, out);
    }
    book.contradictions = book.contradictions.saturating_add(contradictions);
    if let Some(entry) = book.entries.get_mut(at) {
        entry.end_as(item, out);
    }
}

/// Adds the content of `item` and returns how often it contradicts what was said.
fn content(
    book: &mut Book,
    at: usize,
    item: &wire::Object,
    announced: Option<&Announced>,
    out: &mut VecDeque<Delta>,
) -> u32 {
    let Some(entry) = book.entries.get_mut(at) else { return 0 };
    match entry.kind {
        Kind::Message => return message::restated(book, at, item, out),
        Kind::Reasoning => return reasoning_item(entry, item, out),
        Kind::Call => {
            // Often a placeholder.
            let announced = announced.filter(|_| entry.call.is_silent());
            let announced = announced.and_then(|announced| arguments(announced.json()));
            return entry.end_call(&[arguments(item).as_deref(), announced.as_deref()], out);
        }
        // An item of no type at all could be handed on to nobody, and a message of
        // another role is an echo of the request.
        Kind::Other if matches!(text(item, "type"), None | Some("message")) => {}
        Kind::Other => {
            let mut item = item.clone();
            if let Some(announced) = announced {
                announced.complete(&mut item);
            }
            out.push_back(Delta::Item(WholeItem::new(entry.slot, Item::from_json(item))));
        }
    }
    0
}

fn reasoning_item(entry: &mut Entry, item: &wire::Object, out: &mut VecDeque<Delta>) -> u32 {
    let contradictions = thoughts(entry, item, out);
    if let Some(seal) = text(item, "encrypted_content") {
        let seal = Seal::new(entry.slot, "openai-responses", Value::String(seal.to_owned()));
        out.push_back(Delta::Seal(seal));
    }
    contradictions
}

fn thoughts(entry: &mut Entry, item: &wire::Object, out: &mut VecDeque<Delta>) -> u32 {
    // Some have the text itself where the API wants a list of parts.
    let is_silent = entry.is_silent();
    let texts = |key| -> Vec<&str> {
        let parts = array(item, key).filter_map(|part| text(part, "text"));
        parts.chain(text(item, key).filter(|_| is_silent)).collect()
    };
    let mut contradictions = 0;
    for (key, summary) in [("summary", true), ("content", false)] {
        let texts = texts(key);
        let (own, other) =
            if summary { (&entry.summary, &entry.parts) } else { (&entry.parts, &entry.summary) };
        // LiteLLM streams reasoning as a summary and restates it as content.
        if own.is_blank() && !other.is_blank() && other.joined() == texts.concat() {
            continue;
        }
        if own.joined() == texts.concat() {
            continue;
        }
        for (number, whole) in texts.into_iter().enumerate() {
            let parts = if summary { &mut entry.summary } else { &mut entry.parts };
            let part = parts.nth(number, false, true);
            contradictions += thought(entry, part, whole, summary, out);
        }
    }
    contradictions
}

/// Says what `whole` adds to a part's text; 1 if it contradicts that text.
fn said(
    entry: &mut Entry,
    part: u32,
    whole: &str,
    refusal: bool,
    out: &mut VecDeque<Delta>,
) -> u32 {
    let streamed = entry.parts.get_mut(part).map_or("", |part| part.text.as_str());
    match missing(streamed, whole) {
        Ok(rest) => {
            let rest = rest.to_owned();
            if !rest.is_empty() {
                entry.parts.restate(part);
            }
            entry.say_in(part, &rest, None, refusal, out);
            0
        }
        Err(Contradiction) => 1,
    }
}

pub(super) fn thought(
    entry: &mut Entry,
    part: u32,
    whole: &str,
    summary: bool,
    out: &mut VecDeque<Delta>,
) -> u32 {
    let parts = if summary { &mut entry.summary } else { &mut entry.parts };
    let streamed = parts.get_mut(part).map_or("", |part| part.text.as_str());
    match missing(streamed, whole) {
        Ok(rest) => {
            let rest = rest.to_owned();
            if !rest.is_empty() {
                parts.restate(part);
            }
            entry.think_in(part, &rest, summary, out);
            0
        }
        Err(Contradiction) => 1,
    }
}

pub(super) struct Contradiction;

/// What `whole` has beyond `streamed`. A restatement that is shorter (Omniroute
/// sends one after the first delta) or empty adds nothing.
pub(super) fn missing<'a>(streamed: &str, whole: &'a str) -> Result<&'a str, Contradiction> {
    match whole.strip_prefix(streamed) {
        Some(rest) => Ok(rest),
        None if streamed.starts_with(whole) => Ok(""),
        None => Err(Contradiction),
    }
}

pub(super) fn array<'a>(
    item: &'a wire::Object,
    key: &str,
) -> impl Iterator<Item = &'a wire::Object> {
    item.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}
