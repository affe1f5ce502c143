//! A whole message, as an event restates it, held against what was streamed of it.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::book::{Book, Kind, Place, text};
use super::entry::Entry;
use super::restate::{array, missing, thought};
use super::wire;
use crate::Delta;

/// What a part of a message holds, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Refusal,
    /// Whatever the server calls it: it is never to be shown as the answer.
    Reasoning,
    /// Something of a type that we do not know, and no text.
    Other,
}

/// A type that is not known holds text, unless its name speaks of thought.
pub(super) fn holds(part_type: &str) -> Holds {
    let kind = part_type.to_ascii_lowercase();
    if kind == "refusal" {
        Holds::Refusal
    } else if ["reason", "think", "thought", "summary", "analysis"]
        .iter()
        .any(|word| kind.contains(word))
    {
        Holds::Reasoning
    } else {
        Holds::Text
    }
}

/// One part that is restated: its place among those with a text, but for reasoning.
struct Restated<'a> {
    number: usize,
    holds: Holds,
    text: &'a str,
    part: &'a Map<String, Value>,
}

/// Adds what the message `item` holds beyond what was streamed of it. Returns
/// how often it contradicts.
pub(super) fn restated(
    book: &mut Book,
    at: usize,
    item: &wire::Object,
    out: &mut VecDeque<Delta>,
) -> u32 {
    let (thoughts, parts): (Vec<_>, Vec<_>) =
        array(item, "content").partition(|part| holds_of(part) == Holds::Reasoning);
    let thoughts: Vec<&str> = thoughts.into_iter().filter_map(part_text).collect();
    // Some have the text itself where the API wants a list of parts.
    let none = Map::new();
    let holds = Holds::Text;
    let bare = text(item, "content").map(|text| Restated { number: 0, holds, text, part: &none });
    let mut number = 0;
    let parts: Vec<Restated<'_>> = parts
        .into_iter()
        .map(|part| {
            let (holds, at) = (holds_of(part), number);
            number += usize::from(holds != Holds::Other);
            Restated { number: at, holds, text: part_text(part).unwrap_or_default(), part }
        })
        .chain(bare)
        .collect();
    // Thought comes first, unless that would cut the message in two.
    let is_begun = book.entries.get(at).is_some_and(|entry| !entry.parts.is_blank());
    let mut contradictions = 0;
    if !is_begun {
        contradictions += reasoning(book, at, &thoughts, out);
    }
    if let Some(entry) = book.entries.get_mut(at) {
        contradictions += said(entry, &parts, out);
    }
    if is_begun {
        contradictions += reasoning(book, at, &thoughts, out);
    }
    contradictions
}

fn said(entry: &mut Entry, parts: &[Restated<'_>], out: &mut VecDeque<Delta>) -> u32 {
    let mut contradictions = 0;
    // A server that announces no parts may have streamed two as one.
    let whole: String = parts.iter().map(|part| part.text).collect();
    let is_streamed = entry.parts.joined() == whole;
    let mut free: Vec<bool> = entry.parts.all.iter().map(|p| !p.text.is_empty()).collect();
    let mut wholes = entry.parts.wholes();
    for part in parts {
        let refusal = part.holds == Holds::Refusal;
        if part.holds == Holds::Other {
            // As many as were given out are given out again.
            match wholes.checked_sub(1) {
                Some(left) => wholes = left,
                None => entry.tell_part(None, part.part, out),
            }
            continue;
        }
        let local = if is_streamed || part.text.is_empty() {
            Some(entry.parts.nth(part.number, refusal, !is_streamed))
        } else {
            place_of(entry, part, &mut free)
        };
        let Some(local) = local else {
            contradictions += 1;
            continue;
        };
        if !is_streamed {
            let streamed = entry.parts.get_mut(local).map_or("", |known| known.text.as_str());
            if let Ok(rest) = missing(streamed, part.text) {
                let is_longer = !rest.is_empty();
                // They are of the whole text, and of no use to the rest of it.
                let all = part.part.get("logprobs").filter(|_| streamed.is_empty());
                let all = all.filter(|all| all.as_array().is_some_and(|all| !all.is_empty()));
                if is_longer {
                    entry.parts.restate(local);
                }
                entry.say_in(local, rest, all.cloned(), refusal, out);
            }
        }
        let known = entry.parts.get_mut(local).map_or(0, |known| known.annotations);
        let annotations = part.part.get("annotations").and_then(Value::as_array);
        for annotation in annotations.into_iter().flatten().skip(known) {
            entry.annotate(local, annotation.clone(), out);
        }
        entry.tell_part_extra(local, part.part, out);
    }
    contradictions
}

/// Which part of ours a restated one is: the streamed one in its place, or the
/// first of its kind that it continues, or one of which nothing was streamed.
/// `None`: it contradicts what was streamed. `free`: parts with text that no
/// other one was matched to.
fn place_of(entry: &mut Entry, part: &Restated<'_>, free: &mut [bool]) -> Option<u32> {
    let refusal = part.holds == Holds::Refusal;
    let position = entry.parts.position(part.number);
    let fits = |at: usize| {
        free.get(at) == Some(&true)
            && entry.parts.all.get(at).is_some_and(|known| {
                known.refusal == refusal && missing(&known.text, part.text).is_ok()
            })
    };
    let at = Some(position).filter(|&at| fits(at)).or_else(|| (0..free.len()).find(|&at| fits(at)));
    if let Some(at) = at {
        if let Some(free) = free.get_mut(at) {
            *free = false;
        }
        return u32::try_from(at).ok();
    }
    let has_own =
        free.iter().zip(&entry.parts.all).any(|(free, known)| *free && known.refusal == refusal);
    match entry.parts.all.get(position) {
        Some(known) if known.text.is_empty() => {}
        _ if has_own => return None,
        Some(_) => return Some(entry.parts.append(refusal)),
        None => {}
    }
    Some(entry.parts.nth(part.number, refusal, true))
}

/// Reasoning inside of a message belongs to no message: it gets an item of its
/// own, unless it was streamed, wherever that was.
fn reasoning(book: &mut Book, at: usize, thoughts: &[&str], out: &mut VecDeque<Delta>) -> u32 {
    let whole = thoughts.concat();
    let known = |parts: &super::parts::Parts| parts.joined().starts_with(&whole);
    let is_streamed = book
        .entries
        .iter()
        .any(|e| e.kind == Kind::Reasoning && (known(&e.parts) || known(&e.summary)));
    let Some(message) = book.entries.get(at).filter(|_| !whole.is_empty() && !is_streamed) else {
        return 0;
    };
    let (output_index, id) = (message.output_index, message.id.clone());
    let place = Place { output_index, item_id: id.as_deref(), part: None };
    let beside = |e: &Entry| {
        e.kind == Kind::Reasoning && !e.ended && !e.announced && e.output_index == output_index
    };
    let beside = book.entries.iter().rposition(beside);
    let beside = beside.unwrap_or_else(|| book.open(&place, Kind::Reasoning));
    let Some(entry) = book.entries.get_mut(beside).filter(|e| e.kind == Kind::Reasoning) else {
        return 0;
    };
    let mut contradictions = 0;
    for (number, whole) in thoughts.iter().enumerate() {
        let part = entry.parts.nth(number, false, true);
        contradictions += thought(entry, part, whole, false, out);
    }
    entry.end(crate::ItemStatus::Completed, out);
    contradictions
}

/// All that a message says, reasoning inside of it left out.
pub(super) fn whole_text(item: &wire::Object) -> Option<String> {
    let parts = array(item, "content").filter(|part| holds_of(part) != Holds::Reasoning);
    let whole: String = parts.filter_map(part_text).chain(text(item, "content")).collect();
    Some(whole).filter(|whole| !whole.is_empty())
}

pub(super) fn holds_of(part: &Map<String, Value>) -> Holds {
    let kind = text(part, "type").unwrap_or_default();
    match holds(kind) {
        Holds::Text
            if !matches!(kind, "" | "output_text" | "text" | "input_text")
                && part_text(part).is_none() =>
        {
            Holds::Other
        }
        holds => holds,
    }
}

pub(super) fn part_text(part: &Map<String, Value>) -> Option<&str> {
    ["text", "refusal", "thinking", "reasoning", "summary"].iter().find_map(|key| text(part, key))
}
