//! One item of the answer, and what has been said of it so far.

use std::collections::VecDeque;

use serde_json::Value;

use super::announced::Announced;
use super::book::{Kind, Place, text};
use super::call::Call;
use super::fields::Fields;
use super::parts::Parts;
use super::surrogates::LOST;
use super::wire::Piece;
use super::{item_status, wire};
use crate::{
    AnnotationDelta, Delta, ExtraDelta, ItemEnd, ItemStatus, Phase, PhaseDelta, ReasoningDelta,
    ReasoningKind, Slot, TextDelta, WholePart, item_json,
};

/// One item.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) slot: Slot,
    pub(super) output_index: Option<u32>,
    pub(super) id: Option<String>,
    /// `output_item.added` was seen.
    pub(super) announced: bool,
    /// What it was announced as, as long as nobody said better.
    pub(super) announced_as: Option<Announced>,
    pub(super) ended: bool,
    /// It was announced as one that ended was.
    pub(super) is_again: bool,
    /// An event stated the whole of it.
    pub(super) is_restated: bool,
    /// What it says was found to be of another item.
    pub(super) is_adopted: bool,
    pub(super) phase: Option<Phase>,
    /// The phase was told after text had been given out.
    is_corrected: bool,
    /// Text and refusals of a message, raw parts of reasoning.
    pub(super) parts: Parts,
    pub(super) summary: Parts,
    pub(super) call: Call,
    /// Fields of the item itself.
    extra: Fields,
}

impl Entry {
    pub(super) fn new(kind: Kind, slot: Slot, place: &Place<'_>) -> Self {
        Self {
            kind,
            slot,
            output_index: place.output_index,
            id: place.item_id.map(str::to_owned),
            announced: false,
            announced_as: None,
            ended: false,
            is_again: false,
            is_restated: false,
            is_adopted: false,
            phase: None,
            is_corrected: false,
            parts: Parts::default(),
            summary: Parts::default(),
            call: Call::default(),
            extra: Fields::default(),
        }
    }

    /// Whether `place` is elsewhere, whatever else is the same: some servers give
    /// all of their calls one call id.
    pub(super) fn is_other_than(&self, place: &Place<'_>) -> bool {
        let same_id = self.id.as_deref().zip(place.item_id).map(|(own, its)| own == its);
        match self.output_index.zip(place.output_index) {
            Some((own, its)) => own != its && same_id != Some(true),
            None => self.ended && same_id == Some(false),
        }
    }

    /// Whether this was announced, and is again: nothing tells the two apart.
    pub(super) fn is_announced_as(&self, place: &Place<'_>, item: &wire::Object) -> bool {
        if self.id.as_deref() != place.item_id || self.output_index != place.output_index {
            return false;
        }
        let call_id = self.call.call_id.as_deref().zip(text(item, "call_id"));
        place.item_id.is_some()
            || match self.kind {
                Kind::Call | Kind::Other => call_id.is_some_and(|(own, its)| own == its),
                Kind::Message | Kind::Reasoning => !self.is_of_another_phase(item),
            }
    }

    /// Whether this ended, and `item` is announced as the very same.
    pub(super) fn is_again(&self, place: &Place<'_>, kind: Kind, item: &wire::Object) -> bool {
        let same_id = self.id.as_deref().zip(place.item_id).map(|(own, its)| own == its);
        let same_index = self.output_index.zip(place.output_index).map(|(own, its)| own == its);
        let call_id = self.call.call_id.as_deref().zip(text(item, "call_id"));
        let same_call = call_id.map(|(own, its)| own == its);
        let all = [same_id, same_index, same_call];
        let is_named = match kind {
            Kind::Call | Kind::Other => same_call.or(same_id).is_some(),
            Kind::Message | Kind::Reasoning => true,
        };
        self.kind == kind && self.ended && is_named && all.iter().all(|same| *same != Some(false))
    }

    /// Whether this was made by a piece, and nobody said that there is such an item.
    pub(super) fn is_orphan(&self) -> bool {
        !self.announced && !self.is_restated && !self.ended
    }

    /// Whether this says `whole`, or began with it.
    pub(super) fn says(&self, whole: &str) -> bool {
        let begins = |parts: &Parts| !whole.is_empty() && parts.joined().starts_with(whole);
        begins(&self.parts) || begins(&self.summary)
    }

    /// All that this says.
    pub(super) fn joined(&self) -> String {
        self.parts.joined() + &self.summary.joined()
    }

    /// Whether a late piece says nothing new.
    pub(super) fn was_told(&self, part: Option<u32>, piece: &str) -> bool {
        self.parts.was_told(part, piece)
            || self.summary.was_told(part, piece)
            || self.call.was_told(piece)
    }

    /// Takes over what an item object says of itself beyond its texts.
    pub(super) fn describe(&mut self, item: &wire::Object, out: &mut VecDeque<Delta>) {
        self.tell_phase(item, out);
        self.note_extra(item);
        if matches!(self.kind, Kind::Call | Kind::Other) {
            self.call.describe(item);
        }
        if self.kind == Kind::Call {
            // Whether it is another call, what is said of it shows.
            if self.call.is_known() && !self.is_again {
                self.call.start(self.slot, self.id.as_deref(), out);
            }
        }
    }

    /// Takes over the fields of `item` that we do not know; told with its end.
    pub(super) fn note_extra(&mut self, item: &wire::Object) {
        // What has no form of its own is kept whole.
        if self.kind != Kind::Other {
            self.extra.note(item_json::extra_of_item(item));
        }
    }

    pub(super) fn tell_extra(&mut self, out: &mut VecDeque<Delta>) {
        if let Some(fields) = self.extra.take() {
            out.push_back(Delta::Extra(ExtraDelta::new(self.slot, fields)));
        }
    }

    /// Tells the fields of a part of a message that we do not know.
    pub(super) fn tell_part_extra(
        &mut self,
        part: u32,
        json: &wire::Object,
        out: &mut VecDeque<Delta>,
    ) {
        let Some(known) = self.parts.get_mut(part) else { return };
        known.extra.note(item_json::extra_of_part(json));
        if let Some(fields) = known.extra.take() {
            out.push_back(Delta::Extra(ExtraDelta::new(self.slot, fields).of_part(part)));
        }
    }

    /// A part of a type that we do not know, kept whole.
    pub(super) fn tell_part(
        &mut self,
        index: Option<u32>,
        json: &wire::Object,
        out: &mut VecDeque<Delta>,
    ) {
        let part = self.parts.whole(index);
        let json = Value::Object(json.clone());
        out.push_back(Delta::Part(WholePart::new(self.slot, part, json)));
    }

    /// Whether nobody said anything of its content.
    pub(super) fn is_silent(&self) -> bool {
        self.parts.is_blank() && self.summary.is_blank() && self.call.is_silent()
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
        piece: Piece<'_>,
        logprobs: Option<Value>,
        refusal: bool,
        out: &mut VecDeque<Delta>,
    ) {
        let part = self.parts.of_delta(index, refusal, piece.text);
        let text = self.parts.join(part, piece);
        let fresh = self.parts.beyond(part, &text);
        let logprobs = logprobs.filter(|_| fresh.len() == text.len());
        self.say_in(part, fresh, logprobs, refusal, out);
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
        piece: Piece<'_>,
        summary: bool,
        out: &mut VecDeque<Delta>,
    ) {
        let parts = if summary { &mut self.summary } else { &mut self.parts };
        let part = match summary {
            true => parts.of_summary(index),
            false => parts.of_delta(index, false, piece.text),
        };
        let text = parts.join(part, piece);
        let fresh = parts.beyond(part, &text);
        self.think_in(part, fresh, summary, out);
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

    /// The call is whole; see [`Call::end`].
    pub(super) fn end_call(&mut self, restated: &[Option<&str>], out: &mut VecDeque<Delta>) -> u32 {
        self.call.start(self.slot, self.id.as_deref(), out);
        self.tell_extra(out);
        self.call.end(self.slot, restated, out)
    }

    pub(super) fn end(&mut self, status: ItemStatus, out: &mut VecDeque<Delta>) {
        if self.ended {
            return;
        }
        self.lose_halves(out);
        self.tell_extra(out);
        self.ended = true;
        let status = if self.call.is_broken { ItemStatus::Incomplete } else { status };
        out.push_back(Delta::ItemEnd(ItemEnd::new(self.slot, status)));
    }

    /// Says that a character was lost where its other half never came.
    fn lose_halves(&mut self, out: &mut VecDeque<Delta>) {
        let is_reasoning = self.kind == Kind::Reasoning;
        for (part, refusal) in self.parts.lose_halves() {
            if is_reasoning {
                self.think_in(part, LOST, false, out);
            } else {
                self.say_in(part, LOST, None, refusal, out);
            }
        }
        for (part, _) in self.summary.lose_halves() {
            self.think_in(part, LOST, true, out);
        }
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
