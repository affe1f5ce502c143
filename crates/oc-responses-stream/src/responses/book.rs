//! Which item an event belongs to, and what has been said of each item so far.

use std::collections::VecDeque;

use serde_json::Value;
use serde_json::value::RawValue;

use super::parts::{MOST, Parts};
use super::{item_status, wire};
use crate::{
    AnnotationDelta, CallId, Delta, HotKind, ItemEnd, ItemStatus, Phase, PhaseDelta,
    ReasoningDelta, ReasoningKind, Slot, TextDelta, ToolCallArguments, ToolCallEnd, ToolCallStart,
};

/// Where an event says that it belongs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    pub(super) output_index: Option<u32>,
    pub(super) item_id: Option<&'a str>,
    pub(super) part: Option<u32>,
}

/// What an item is, as far as its events differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Reasoning,
    Call,
    /// Everything that comes whole.
    Other,
}

impl Kind {
    pub(super) fn of(item: &wire::Object) -> Self {
        // What the client said before is no part of the answer.
        if matches!(text(item, "role"), Some("user" | "system" | "developer" | "tool")) {
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
    declared: Vec<Declared>,
    pub(super) contradictions: u32,
    /// There were more items than are kept apart: the answer cannot be trusted.
    pub(super) overflowed: bool,
}

/// What an item or a part was said to be when it was announced.
#[derive(Clone, Debug)]
struct Declared {
    output_index: Option<u32>,
    item_id: Option<String>,
    part: Option<u32>,
    is_reasoning: bool,
}

impl Declared {
    /// Whether this is what was said of `place`: nothing tells them apart, and
    /// something ties them. An index that several items share ties nothing by itself.
    fn is_of(&self, place: &Place<'_>) -> bool {
        let same = |ours: Option<&str>, theirs: Option<&str>| {
            ours.zip(theirs).map(|(ours, theirs)| ours == theirs)
        };
        let index = self.output_index.zip(place.output_index).map(|(ours, theirs)| ours == theirs);
        let id = same(self.item_id.as_deref(), place.item_id);
        index.or(id).is_some() && index.unwrap_or(true) && id.unwrap_or(true)
    }
}

/// One item.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) slot: Slot,
    pub(super) output_index: Option<u32>,
    pub(super) id: Option<String>,
    /// `output_item.added` was seen.
    pub(super) announced: bool,
    pub(super) ended: bool,
    pub(super) phase: Option<Phase>,
    /// The phase was told after text had been given out.
    is_corrected: bool,
    /// Text and refusals of a message, raw parts of reasoning.
    pub(super) parts: Parts,
    pub(super) summary: Parts,
    pub(super) call: Call,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    pub(super) call_id: Option<String>,
    name: Option<String>,
    /// Pieces that came before the name.
    early: String,
    has_pieces: bool,
    started: bool,
    ended: bool,
}

impl Book {
    /// The item that a streaming event of `kind` belongs to; opened if need be.
    pub(super) fn streaming(&mut self, place: &Place<'_>, kind: Kind) -> &mut Entry {
        let at = self.find(place, kind, false).unwrap_or_else(|| self.open(place, kind));
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
        let named = |e: &Entry| {
            e.kind == kind
                && e.ended
                && place.item_id.is_some_and(|id| e.id.as_deref() == Some(id))
                && e.output_index.zip(place.output_index).is_none_or(|(own, its)| own == its)
        };
        let open = self.find(place, kind, false);
        let is_another = |at: usize| {
            self.entries.get(at).is_some_and(|e| e.id.is_some() && e.id.as_deref() != place.item_id)
        };
        match open.filter(|&at| is_another(at)).and_then(|_| self.entries.iter().rposition(named)) {
            Some(named) => Some(named),
            None => open.or_else(|| self.find(place, kind, true)),
        }
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
        self.entries.push(Entry {
            kind,
            slot,
            output_index: place.output_index,
            id: place.item_id.map(str::to_owned),
            announced: false,
            ended: false,
            phase: None,
            is_corrected: false,
            parts: Parts::default(),
            summary: Parts::default(),
            call: Call::default(),
        });
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
        self.declare(&Place { part: None, ..place }, kind == Kind::Reasoning);
        let same = |e: &Entry| {
            e.kind == kind
                && !e.ended
                && if e.announced {
                    id.is_some() && e.id.as_deref() == id && e.output_index == place.output_index
                } else {
                    e.output_index == place.output_index || e.output_index.is_none()
                }
        };
        let known = self.entries.iter().rposition(same);
        let at = known.unwrap_or_else(|| self.open(&place, kind));
        let entry = self.at(at, &place, kind);
        entry.announced = true;
        entry.id = id.map(str::to_owned).or(entry.id.take());
        entry.describe(item, out);
    }

    /// Takes note that `place` was announced as reasoning, or as something else.
    pub(super) fn declare(&mut self, place: &Place<'_>, is_reasoning: bool) {
        let same = |d: &Declared| d.part == place.part && d.is_of(place);
        self.declared.retain(|declared| !same(declared));
        if self.declared.len() < MOST {
            self.declared.push(Declared {
                output_index: place.output_index,
                item_id: place.item_id.map(str::to_owned),
                part: place.part,
                is_reasoning,
            });
        }
    }

    /// Whether text at `place` is reasoning, whatever its event is called,
    /// because its part, or else its item, was announced as such.
    pub(super) fn is_declared_reasoning(&self, place: &Place<'_>) -> bool {
        let said = |part: Option<u32>| {
            let all = self.declared.iter().rev();
            all.filter(|d| d.part == part && d.is_of(place)).map(|d| d.is_reasoning).next()
        };
        place.part.and_then(|part| said(Some(part))).or_else(|| said(None)).unwrap_or(false)
    }

    pub(super) fn part_added(&mut self, place: &Place<'_>, kind: Kind, summary: bool) {
        let entry = self.streaming(place, kind);
        let parts = if summary { &mut entry.summary } else { &mut entry.parts };
        parts.announce(place.part);
    }

    /// `content_part.done`: what comes under another number is another part.
    pub(super) fn part_done(&mut self, place: &Place<'_>) {
        let kind = if self.is_declared_reasoning(place) { Kind::Reasoning } else { Kind::Message };
        let at = self.find(place, kind, false);
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            entry.parts.done(place.part);
        }
    }

    pub(super) fn text(
        &mut self,
        place: &Place<'_>,
        text: &str,
        logprobs: Option<&RawValue>,
        refusal: bool,
        out: &mut VecDeque<Delta>,
    ) {
        let logprobs = logprobs.filter(|raw| raw.get() != "[]").and_then(wire::value);
        self.streaming(place, Kind::Message).say(place.part, text, logprobs, refusal, out);
    }

    pub(super) fn reasoning(
        &mut self,
        place: &Place<'_>,
        text: &str,
        summary: bool,
        out: &mut VecDeque<Delta>,
    ) {
        self.streaming(place, Kind::Reasoning).think(place.part, text, summary, out);
    }

    pub(super) fn arguments(&mut self, place: &Place<'_>, text: &str, out: &mut VecDeque<Delta>) {
        let entry = self.streaming(place, Kind::Call);
        if text.is_empty() || entry.call.ended {
            return;
        }
        entry.call.has_pieces = true;
        if entry.call.started {
            out.push_back(Delta::ToolCallArguments(ToolCallArguments::new(entry.slot, text)));
        } else {
            entry.call.early.push_str(text);
        }
    }

    pub(super) fn arguments_done(
        &mut self,
        place: &Place<'_>,
        arguments: Option<&str>,
        name: Option<&str>,
        out: &mut VecDeque<Delta>,
    ) {
        let entry = self.restated(place, Kind::Call);
        if entry.call.name.is_none() {
            entry.call.name = name.filter(|name| !name.is_empty()).map(function_name);
        }
        // What restates nothing ends nothing, and without a name the call cannot open
        // yet: `output_item.done` will bring it.
        if arguments.is_none() && !entry.call.has_pieces {
            return;
        }
        let arguments = arguments.unwrap_or_default();
        if entry.call.name.is_some() {
            entry.end_call(Some(arguments), out);
        } else if !entry.call.has_pieces {
            entry.call.has_pieces = !arguments.is_empty();
            entry.call.early.push_str(arguments);
        }
    }

    /// How many items and parts there are: while it stays, a delta that says
    /// where it belongs belongs there still.
    pub(super) fn size(&self) -> usize {
        let parts = |entry: &Entry| 1 + entry.parts.all.len() + entry.summary.all.len();
        self.entries.iter().map(parts).sum()
    }

    /// Takes note of text that was read in place; `false` if there is no such part.
    #[inline]
    pub(super) fn note(&mut self, says: HotKind, slot: Slot, part: u32, text: &str) -> bool {
        let entry = usize::try_from(slot.0).ok().and_then(|at| self.entries.get_mut(at));
        let Some(entry) = entry else { return false };
        let parts = match says {
            HotKind::Arguments => return true,
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

impl Entry {
    /// Whether `place` is elsewhere, whatever else is the same: some servers give
    /// all of their calls one call id.
    pub(super) fn is_other_than(&self, place: &Place<'_>) -> bool {
        let same_id = self.id.as_deref().zip(place.item_id).map(|(own, its)| own == its);
        match self.output_index.zip(place.output_index) {
            Some((own, its)) => own != its && same_id != Some(true),
            None => self.ended && same_id == Some(false),
        }
    }

    /// Takes over what an item object says of itself beyond its texts.
    pub(super) fn describe(&mut self, item: &wire::Object, out: &mut VecDeque<Delta>) {
        self.tell_phase(item, out);
        if self.kind == Kind::Call {
            let call = &mut self.call;
            call.call_id = call.call_id.take().or(text(item, "call_id").map(str::to_owned));
            call.name = call.name.take().or(text(item, "name").map(function_name));
            if call.name.is_some() && call.call_id.is_some() {
                self.start_call(out);
            }
        }
    }

    /// Whether this is a message of which another phase is known than `item` states.
    pub(super) fn is_of_another_phase(&self, item: &wire::Object) -> bool {
        self.kind == Kind::Message
            && self.phase.zip(phase(item)).is_some_and(|(own, stated)| own != stated)
    }

    /// Takes over the phase that an item object states. Where text was given out
    /// under another one, that is said, once.
    pub(super) fn tell_phase(&mut self, item: &wire::Object, out: &mut VecDeque<Delta>) {
        let Some(phase) = phase(item) else { return };
        if self.kind != Kind::Message || self.is_corrected || self.phase == Some(phase) {
            return;
        }
        self.phase = Some(phase);
        if !self.parts.is_blank() {
            self.is_corrected = true;
            out.push_back(Delta::Phase(PhaseDelta::new(self.slot, phase)));
        }
    }

    pub(super) fn say(
        &mut self,
        index: Option<u32>,
        text: &str,
        logprobs: Option<Value>,
        refusal: bool,
        out: &mut VecDeque<Delta>,
    ) {
        let part = self.parts.of_delta(index, refusal, text);
        self.say_in(part, text, logprobs, refusal, out);
    }

    pub(super) fn say_in(
        &mut self,
        part: u32,
        text: &str,
        logprobs: Option<Value>,
        refusal: bool,
        out: &mut VecDeque<Delta>,
    ) {
        if text.is_empty() {
            return;
        }
        if let Some(known) = self.parts.get_mut(part) {
            known.text.push_str(text);
        }
        let mut delta = TextDelta::new(self.slot, text).with_part(part).with_phase(self.phase);
        delta.logprobs = logprobs;
        out.push_back(if refusal { Delta::Refusal(delta) } else { Delta::Text(delta) });
    }

    pub(super) fn think(
        &mut self,
        index: Option<u32>,
        text: &str,
        summary: bool,
        out: &mut VecDeque<Delta>,
    ) {
        let part = match summary {
            true => self.summary.of_summary(index),
            false => self.parts.of_delta(index, false, text),
        };
        self.think_in(part, text, summary, out);
    }

    pub(super) fn think_in(
        &mut self,
        part: u32,
        text: &str,
        summary: bool,
        out: &mut VecDeque<Delta>,
    ) {
        if text.is_empty() {
            return;
        }
        let parts = if summary { &mut self.summary } else { &mut self.parts };
        if let Some(known) = parts.get_mut(part) {
            known.text.push_str(text);
        }
        let kind = if summary { ReasoningKind::Summary } else { ReasoningKind::Raw };
        let text = text.to_owned();
        out.push_back(Delta::Reasoning(ReasoningDelta { slot: self.slot, part, kind, text }));
    }

    pub(super) fn annotate(&mut self, part: u32, annotation: Value, out: &mut VecDeque<Delta>) {
        if let Some(known) = self.parts.get_mut(part) {
            known.annotations += 1;
        }
        out.push_back(Delta::Annotation(AnnotationDelta::new(self.slot, part, annotation)));
    }

    fn start_call(&mut self, out: &mut VecDeque<Delta>) {
        let call = &mut self.call;
        if call.started {
            return;
        }
        call.started = true;
        // A call without its own id is tied to its result by its item id, or by its place.
        let call_id = call.call_id.clone().or_else(|| self.id.clone());
        let call_id = call_id.unwrap_or_else(|| format!("call_{}", self.slot.0));
        let name = call.name.clone().unwrap_or_default();
        let mut start = ToolCallStart::new(self.slot, CallId::new(call_id), name);
        start.id = self.id.as_deref().map(Into::into);
        out.push_back(Delta::ToolCallStart(start));
        let early = std::mem::take(&mut call.early);
        if !early.is_empty() {
            out.push_back(Delta::ToolCallArguments(ToolCallArguments::new(self.slot, early)));
        }
    }

    pub(super) fn end_call(&mut self, arguments: Option<&str>, out: &mut VecDeque<Delta>) {
        self.start_call(out);
        if self.call.ended {
            return;
        }
        self.call.ended = true;
        // Some servers restate nothing here although they streamed the arguments.
        let arguments = arguments.filter(|whole| !whole.is_empty() || !self.call.has_pieces);
        let arguments = arguments.map(str::to_owned);
        out.push_back(Delta::ToolCallEnd(ToolCallEnd::new(self.slot, arguments)));
    }

    pub(super) fn end(&mut self, status: ItemStatus, out: &mut VecDeque<Delta>) {
        if self.ended {
            return;
        }
        self.ended = true;
        out.push_back(Delta::ItemEnd(ItemEnd::new(self.slot, status)));
    }

    pub(super) fn end_as(&mut self, item: &wire::Object, out: &mut VecDeque<Delta>) {
        self.end(item_status(item), out);
    }
}

fn phase(item: &wire::Object) -> Option<Phase> {
    match text(item, "phase")? {
        "commentary" => Some(Phase::Commentary),
        "final_answer" => Some(Phase::FinalAnswer),
        _ => None,
    }
}

/// A function's name without the tokens of harmony that vLLM once left on it
/// (`get_weather<|channel|>commentary`). No function is called so.
fn function_name(name: &str) -> String {
    let own = name.split("<|").next().filter(|own| !own.is_empty());
    own.unwrap_or(name).to_owned()
}

/// A field of text that is there and not empty.
pub(super) fn text<'a>(object: &'a wire::Object, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}
