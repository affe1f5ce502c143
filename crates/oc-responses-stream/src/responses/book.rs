//! Which item an event belongs to, and what has been said of each item so far.

use std::collections::VecDeque;

use serde_json::Value;
use serde_json::value::RawValue;

use super::announced::{Announced, FieldPiece};
use super::declared::{Declarations, What};
use super::entry::Entry;
use super::parts::MOST;
use super::restate;
use super::wire::{self, Piece};
use crate::{Delta, HotKind, ItemStatus, ReasoningKind, Slot};

/// Where an event says that it belongs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    pub(super) output_index: Option<u32>,
    pub(super) item_id: Option<&'a str>,
    pub(super) part: Option<u32>,
}

/// What an item is, as far as its events differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Message,
    Reasoning,
    Call,
    /// Everything that comes whole.
    Other,
}

impl Kind {
    pub(super) fn of(item: &wire::Object) -> Self {
        if is_echo(item) {
            return Self::Other;
        }
        match item.get("type").and_then(Value::as_str) {
            Some("message") => Self::Message,
            Some("reasoning") => Self::Reasoning,
            Some("function_call") => Self::Call,
            // Without a type, what it has tells.
            None if item.contains_key("role") => Self::Message,
            None if item.contains_key("call_id") => Self::Call,
            None if item.contains_key("summary") => Self::Reasoning,
            _ => Self::Other,
        }
    }
}

/// Every item of the answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    pub(super) entries: Vec<Entry>,
    pub(super) declared: Declarations,
    pub(super) contradictions: u32,
    /// There were more items than are kept apart: the answer cannot be trusted.
    pub(super) overflowed: bool,
}

impl Book {
    /// The item that a streaming event of `kind` says a `piece` of; opened if need be.
    pub(super) fn streaming(&mut self, place: &Place<'_>, kind: Kind, piece: &str) -> &mut Entry {
        let at = self.find_named(place, kind).or_else(|| self.late(place, kind, piece));
        let at = at.unwrap_or_else(|| self.open(place, kind));
        self.at(at, place, kind)
    }

    /// The item that an event restates; it may have ended.
    pub(super) fn restated(&mut self, place: &Place<'_>, kind: Kind) -> &mut Entry {
        let at = self.find_restated(place, kind).unwrap_or_else(|| self.open(place, kind));
        self.at(at, place, kind)
    }

    /// The item that an event restates: an open one, unless the event names one
    /// that ended, and the open one is called otherwise.
    pub(super) fn find_restated(&self, place: &Place<'_>, kind: Kind) -> Option<usize> {
        self.find_named(place, kind).or_else(|| self.find(place, kind, true))
    }

    /// The item that an event is of, late or not: an open one, unless the event has
    /// the id of one that ended, and the open one is called otherwise.
    fn find_named(&self, place: &Place<'_>, kind: Kind) -> Option<usize> {
        let named = |e: &Entry| {
            e.kind == kind
                && e.ended
                && place.item_id.is_some_and(|id| e.id.as_deref() == Some(id))
                && e.output_index.zip(place.output_index).is_none_or(|(own, its)| own == its)
        };
        let is_another = |at: usize| {
            self.entries.get(at).is_some_and(|e| e.id.is_some() && e.id.as_deref() != place.item_id)
        };
        match self.find(place, kind, false) {
            Some(open) if !is_another(open) => Some(open),
            open => self.entries.iter().rposition(named).or(open),
        }
    }

    /// The item that ended and that a piece comes too late for, where no id says so:
    /// one that restated the piece before it came, or, of a piece with an index and no
    /// id, the last one there. Whatever else it may be is a new item: what was said of
    /// one is never lost to another.
    fn late(&self, place: &Place<'_>, kind: Kind, piece: &str) -> Option<usize> {
        let is_there =
            |e: &Entry| place.output_index.is_none() || e.output_index == place.output_index;
        let last = self.entries.iter().rposition(is_there)?;
        let at = self.entries.iter().rposition(|e| is_there(e) && e.kind == kind)?;
        let entry = self.entries.get(at).filter(|e| e.ended)?;
        let is_last = at == last && place.item_id.is_none() && place.output_index.is_some();
        (is_last || entry.was_told(place.part, piece)).then_some(at)
    }

    /// Index first, then id, then the current item of that kind.
    pub(super) fn find(&self, place: &Place<'_>, kind: Kind, ended: bool) -> Option<usize> {
        let fits = |entry: &Entry| entry.kind == kind && (ended || !entry.ended);
        if let Some(index) = place.output_index {
            let by_index = |e: &Entry| fits(e) && e.output_index == Some(index);
            if let Some(at) = self.entries.iter().rposition(by_index) {
                return Some(at);
            }
        }
        if let Some(id) = place.item_id {
            let by_id = |e: &Entry| fits(e) && e.id.as_deref() == Some(id);
            if let Some(at) = self.entries.iter().rposition(by_id) {
                return Some(at);
            }
        }
        // An index that is not known is another item, unless nothing is known by index.
        let current =
            |e: &Entry| fits(e) && (place.output_index.is_none() || e.output_index.is_none());
        if ended && (place.item_id.is_some() || place.output_index.is_some()) {
            return None;
        }
        self.entries.iter().rposition(current)
    }

    pub(super) fn open(&mut self, place: &Place<'_>, kind: Kind) -> usize {
        if self.entries.len() >= MOST {
            self.overflowed = true;
            return self.entries.len() - 1;
        }
        let slot = Slot(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        self.entries.push(Entry::new(kind, slot, place));
        self.entries.len() - 1
    }

    fn at(&mut self, at: usize, place: &Place<'_>, kind: Kind) -> &mut Entry {
        let at = if at < self.entries.len() { at } else { self.open(place, kind) };
        let entry = &mut self.entries[at];
        if entry.output_index.is_none() {
            entry.output_index = place.output_index;
        }
        entry
    }

    /// `output_item.added`: a new item, or the name of one that deltas opened.
    pub(super) fn added(
        &mut self,
        place: &Place<'_>,
        item: &wire::Object,
        out: &mut VecDeque<Delta>,
    ) {
        let kind = Kind::of(item);
        let id = text(item, "id").or(place.item_id);
        let place = Place { item_id: id, ..*place };
        let what = match kind {
            Kind::Reasoning => What::Reasoning,
            _ if is_echo(item) => What::Echo,
            _ => What::Answer,
        };
        self.declared.succeed(&place, what);
        self.declared.declare(&Place { part: None, ..place }, what);
        let same = |e: &Entry| {
            e.kind == kind
                && !e.ended
                && if e.announced {
                    e.is_announced_as(&place, item)
                } else {
                    e.output_index == place.output_index || e.output_index.is_none()
                }
        };
        let known = self.entries.iter().rposition(same);
        let is_again =
            known.is_none() && self.entries.iter().any(|e| e.is_again(&place, kind, item));
        let at = known.unwrap_or_else(|| self.open(&place, kind));
        let entry = self.at(at, &place, kind);
        entry.is_again |= is_again;
        entry.announced = true;
        entry.announced_as = Announced::of(item, kind);
        entry.id = id.map(str::to_owned).or(entry.id.take());
        entry.describe(item, out);
    }

    pub(super) fn part_added(&mut self, place: &Place<'_>, kind: Kind, summary: bool) {
        let at = self.find_named(place, kind).unwrap_or_else(|| self.open(place, kind));
        let entry = self.at(at, place, kind);
        let parts = if summary { &mut entry.summary } else { &mut entry.parts };
        parts.announce(place.part);
    }

    /// `content_part.done`: what comes under another number is another part.
    pub(super) fn part_done(&mut self, place: &Place<'_>) {
        let is_reasoning = self.declared.of_any(place) == What::Reasoning;
        let kind = if is_reasoning { Kind::Reasoning } else { Kind::Message };
        let at = self.find(place, kind, false);
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            entry.parts.done(place.part);
        }
    }

    pub(super) fn text(
        &mut self,
        place: &Place<'_>,
        piece: Piece<'_>,
        logprobs: Option<&RawValue>,
        refusal: bool,
        out: &mut VecDeque<Delta>,
    ) {
        let logprobs = logprobs.filter(|raw| raw.get() != "[]").and_then(wire::value);
        self.streaming(place, Kind::Message, piece.text)
            .say(place.part, piece, logprobs, refusal, out);
    }

    pub(super) fn reasoning(
        &mut self,
        place: &Place<'_>,
        piece: Piece<'_>,
        summary: bool,
        out: &mut VecDeque<Delta>,
    ) {
        self.streaming(place, Kind::Reasoning, piece.text).think(place.part, piece, summary, out);
    }

    pub(super) fn arguments(
        &mut self,
        place: &Place<'_>,
        piece: Piece<'_>,
        out: &mut VecDeque<Delta>,
    ) {
        let entry = self.streaming(place, Kind::Call, piece.text);
        entry.call.piece(entry.slot, piece.text, piece.edges, out);
    }

    /// `function_call_arguments.done`: the call ends with its item, or the answer.
    pub(super) fn arguments_done(
        &mut self,
        place: &Place<'_>,
        arguments: Option<&str>,
        name: Option<&str>,
    ) {
        let entry = self.restated(place, Kind::Call);
        entry.call.name(name);
        entry.call.state(arguments.unwrap_or_default());
    }

    /// A piece of a field of an item that has no deltas of its own; given out
    /// with its item.
    pub(super) fn field(&mut self, place: &Place<'_>, piece: FieldPiece<'_>) {
        let at = self.find(place, Kind::Other, false);
        let entry = at.and_then(|at| self.entries.get_mut(at));
        if let Some(announced) = entry.and_then(|entry| entry.announced_as.as_mut()) {
            announced.take(piece);
        }
    }

    /// How many items and parts there are: while it stays, a delta that says
    /// where it belongs belongs there still.
    pub(super) fn size(&self) -> usize {
        let parts = |entry: &Entry| 1 + entry.parts.all.len() + entry.summary.all.len();
        self.entries.iter().map(parts).sum()
    }

    /// What an event says again that restates `whole` at `place`: an item's late
    /// restatement is of the item, though its declaration ended with it.
    pub(super) fn restated_as(&self, place: &Place<'_>, whole: &str) -> What {
        let of = self.declared.of(place);
        let says = |e: &Entry| {
            e.kind == Kind::Reasoning && e.output_index == place.output_index && e.says(whole)
        };
        match of {
            What::Answer if self.declared.of_any(place) == What::Reasoning => {
                if self.entries.iter().any(says) { What::Reasoning } else { of }
            }
            _ => of,
        }
    }

    /// What the item at `at` lacks of `item`, a piece that found no item of its own
    /// may have said: then it is that piece, and is not said again.
    pub(super) fn adopt(&mut self, at: usize, item: &wire::Object, out: &mut VecDeque<Delta>) {
        let Some(entry) = self.entries.get(at) else { return };
        let Some(rest) = restate::lacks(entry, item) else { return };
        let kind = entry.kind;
        let is_it = |e: &Entry| e.kind == kind && e.is_orphan() && e.joined() == rest;
        let later = self.entries.iter().skip(at + 1).position(is_it).map(|its| at + 1 + its);
        let Some(orphan) = later.and_then(|later| self.entries.get_mut(later)) else { return };
        orphan.is_adopted = true;
        orphan.end(ItemStatus::Completed, out);
        if let Some(entry) = self.entries.get_mut(at) {
            let parts = if entry.parts.is_blank() { &mut entry.summary } else { &mut entry.parts };
            parts.adopt(&rest);
        }
    }

    /// Takes note of text that was read in place; `false` if there is no such part.
    #[inline]
    pub(super) fn note(&mut self, says: HotKind, slot: Slot, part: u32, text: &str) -> bool {
        let entry = usize::try_from(slot.0).ok().and_then(|at| self.entries.get_mut(at));
        let Some(entry) = entry else { return false };
        let parts = match says {
            HotKind::Arguments => return entry.call.note(text),
            HotKind::Reasoning(ReasoningKind::Summary) => &mut entry.summary,
            HotKind::Reasoning(ReasoningKind::Raw) | HotKind::Text(_) => &mut entry.parts,
        };
        parts.note(part, text)
    }

    pub(super) fn annotation(
        &mut self,
        place: &Place<'_>,
        annotation: Value,
        out: &mut VecDeque<Delta>,
    ) {
        let entry = self.restated(place, Kind::Message);
        let part = entry.parts.of_annotation(place.part);
        entry.annotate(part, annotation, out);
    }
}

/// Whether an item is what the client said before.
fn is_echo(item: &wire::Object) -> bool {
    matches!(text(item, "role"), Some("user" | "system" | "developer" | "tool"))
}

/// A field of text that is there and not empty.
pub(super) fn text<'a>(object: &'a wire::Object, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}
