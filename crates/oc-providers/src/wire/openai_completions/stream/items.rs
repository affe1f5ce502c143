//! The items of an answer, in the order in which its pieces come.
//!
//! Chat has one message per answer and mixes reasoning, text and calls in it.
//! Items do not mix: where the kind of a piece changes, one item ends and the
//! next begins.

use std::borrow::Cow;
use std::collections::VecDeque;

use oc_responses_stream::{
    AnnotationDelta, Delta, ItemEnd, ItemStatus, ReasoningDelta, Seal, Slot, TextDelta, WholeItem,
};
use serde_json::{Map, Value, json};

use super::reasoning::{self, Heard, Thought};
use crate::wire::openai_completions::{API, pictures};

/// The message or reasoning that is open, and the number of the next item.
#[derive(Debug, Default)]
pub(super) struct Items {
    open: Open,
    next_slot: u32,
    heard: Heard,
    /// All reasoning gets a seal, so that its maker is known when it comes back.
    pub(super) seals_thoughts: bool,
}

#[derive(Debug, Default)]
enum Open {
    #[default]
    Nothing,
    Message {
        slot: Slot,
        /// The content part of the text and of the refusal, once there is one.
        text: Option<u32>,
        refusal: Option<u32>,
    },
    Thought {
        slot: Slot,
        details: Vec<Map<String, Value>>,
    },
}

impl Items {
    pub(super) fn take_slot(&mut self) -> Slot {
        let slot = Slot(self.next_slot);
        self.next_slot = self.next_slot.saturating_add(1);
        slot
    }

    pub(super) fn text(&mut self, text: &str, logprobs: Option<Value>, out: &mut VecDeque<Delta>) {
        if text.is_empty() {
            return;
        }
        let mut delta = TextDelta::new(Slot(0), text);
        delta.logprobs = logprobs;
        (delta.slot, delta.part) = self.place(false, out);
        out.push_back(Delta::Text(delta));
    }

    pub(super) fn refusal(&mut self, text: &str, out: &mut VecDeque<Delta>) {
        if text.is_empty() {
            return;
        }
        let (slot, part) = self.place(true, out);
        out.push_back(Delta::Refusal(TextDelta::new(slot, text).with_part(part)));
    }

    /// A citation: in the canonical shape, null where that has none, and as it came.
    pub(super) fn annotation(&mut self, flat: Value, sent: Value, out: &mut VecDeque<Delta>) {
        let (slot, part) = self.place(false, out);
        let annotation = AnnotationDelta::new(slot, part, flat).as_sent(API, sent);
        out.push_back(Delta::Annotation(annotation));
    }

    /// A picture, which is an item of its own.
    pub(super) fn picture(&mut self, url: &str, out: &mut VecDeque<Delta>) {
        self.close(ItemStatus::Completed, out);
        let slot = self.take_slot();
        out.push_back(Delta::Item(WholeItem::new(slot, pictures::item(url))));
    }

    pub(super) fn thought(&mut self, mut thought: Thought<'_>, out: &mut VecDeque<Delta>) {
        if !thought.raw.is_empty() && !self.heard.is_new(thought.carrier, &thought.raw) {
            thought.raw = Cow::default();
        }
        if thought.raw.is_empty() && thought.summary.is_empty() && thought.details.is_empty() {
            return;
        }
        if !matches!(self.open, Open::Thought { .. }) {
            self.close(ItemStatus::Completed, out);
            self.open = Open::Thought { slot: self.take_slot(), details: Vec::new() };
        }
        let Open::Thought { slot, details } = &mut self.open else { return };
        if !thought.raw.is_empty() {
            out.push_back(Delta::Reasoning(ReasoningDelta::raw(*slot, thought.raw)));
        }
        if !thought.summary.is_empty() {
            out.push_back(Delta::Reasoning(ReasoningDelta::summary(*slot, 0, thought.summary)));
        }
        for detail in thought.details {
            reasoning::gather(details, detail);
        }
    }

    /// What the server signed and wants back: under a seal, in an item of its own.
    pub(super) fn signature(&mut self, signature: Value, out: &mut VecDeque<Delta>) {
        self.close(ItemStatus::Completed, out);
        let slot = self.take_slot();
        out.push_back(Delta::Seal(Seal::new(slot, API, signature)));
        out.push_back(Delta::ItemEnd(ItemEnd::new(slot, ItemStatus::Completed)));
    }

    /// Ends the item that is open.
    pub(super) fn close(&mut self, status: ItemStatus, out: &mut VecDeque<Delta>) {
        let slot = match std::mem::take(&mut self.open) {
            Open::Nothing => return,
            Open::Message { slot, .. } => slot,
            Open::Thought { slot, details } => {
                // What the server wants back to the letter; plain reasoning
                // text is replayed as text, where it is at all.
                if !details.is_empty() {
                    let value = json!({"reasoning_details": details});
                    out.push_back(Delta::Seal(Seal::new(slot, API, value)));
                } else if self.seals_thoughts {
                    out.push_back(Delta::Seal(Seal::new(slot, API, json!({"text": true}))));
                }
                slot
            }
        };
        out.push_back(Delta::ItemEnd(ItemEnd::new(slot, status)));
    }

    /// The open message and the part of it for text or for a refusal.
    fn place(&mut self, is_refusal: bool, out: &mut VecDeque<Delta>) -> (Slot, u32) {
        if !matches!(self.open, Open::Message { .. }) {
            self.close(ItemStatus::Completed, out);
            self.open = Open::Message { slot: self.take_slot(), text: None, refusal: None };
        }
        let Open::Message { slot, text, refusal } = &mut self.open else {
            // It was just made one.
            return (Slot(0), 0);
        };
        let (part, other) = if is_refusal { (refusal, &*text) } else { (text, &*refusal) };
        let next = u32::from(other.is_some());
        (*slot, *part.get_or_insert(next))
    }
}
