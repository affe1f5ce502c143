//! Several answers to one request: each is relayed or rewritten by itself.
//!
//! What is bare is the first answer's: it begins, counts, names who answered and
//! ends for all of them, and ends last. A frame goes to the answers that it has
//! pieces of; what it says of others comes to them without one.

use std::collections::{BTreeMap, VecDeque};

use oc_responses_stream::{ChoiceDelta, Delta, WireFrame, sse};
use serde_json::Value;

use crate::wire::openai_completions::stream::{self, Fields};
use crate::wire::relay::json::{Edits, Object};
use crate::wire::{CarriedItems, Render};

/// Writes as many answers as were asked for.
#[derive(Debug)]
pub(in crate::wire) struct Several {
    /// By their index; at least one.
    each: Vec<Box<dyn Render>>,
    /// The host counts each answer, and the client is to get one count of all.
    counted_singly: bool,
    ready: VecDeque<Vec<u8>>,
}

impl Several {
    /// Of these, by their index.
    pub(in crate::wire) fn new(each: Vec<Box<dyn Render>>) -> Self {
        Self { each, counted_singly: false, ready: VecDeque::new() }
    }

    /// Lets one of them write.
    fn tell(&mut self, choice: u32, delta: &Delta) {
        let number = usize::try_from(choice).unwrap_or(usize::MAX);
        if let Some(one) = self.each.get_mut(number) {
            one.push(delta);
            while let Some(bytes) = one.next_bytes() {
                self.ready.push_back(bytes);
            }
        }
    }

    /// A frame, as each of the answers sees it.
    fn frame(&mut self, frame: &WireFrame) {
        let mut says: BTreeMap<u32, Vec<Delta>> = BTreeMap::new();
        for delta in &frame.says {
            match delta {
                Delta::Choice(ChoiceDelta { choice, delta, .. }) => {
                    says.entry(*choice).or_default().push((**delta).clone());
                }
                delta => says.entry(0).or_default().push(delta.clone()),
            }
        }
        let mut pieces = pieces(&frame.frame);
        if pieces.is_empty() {
            self.counted_singly |= is_early_count(&says);
            if !self.counted_singly || !counts(&says) {
                pieces.insert(0, frame.frame.clone());
            }
        }
        for choice in says.keys() {
            // What no piece says, and what ends an answer whose last piece was
            // before: nothing is written for it.
            pieces.entry(*choice).or_insert_with(|| sse::Frame::new(None, ""));
        }
        for (choice, piece) in pieces {
            let says = says.remove(&choice).unwrap_or_default();
            let piece = WireFrame::new(frame.api, piece, says);
            self.tell(choice, &Delta::Frame(Box::new(piece)));
        }
    }

    fn first(&self) -> Option<&dyn Render> {
        self.each.first().map(|first| &**first)
    }
}

/// A chunk by the answers that it has pieces of. One with a single piece stays as
/// it is, one with none is of nobody.
fn pieces(frame: &sse::Frame) -> BTreeMap<u32, sse::Frame> {
    let text = frame.data();
    let (Some(chunk), Some(fields)) = (Object::parse(text), Fields::parse(text)) else {
        return BTreeMap::new();
    };
    let all = stream::pieces(&fields).unwrap_or_default();
    let is_single = all.len() == 1;
    let mut pieces: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for piece in all {
        if let Ok(number) = u32::try_from(piece.number) {
            pieces.entry(number).or_default().push(piece.raw.get());
        }
    }
    let alone = |raws: Vec<&str>| {
        if is_single {
            return frame.clone();
        }
        let mut edits = Edits::of(text);
        edits.set(&chunk, "choices", &format!("[{}]", raws.join(",")));
        sse::Frame::new(frame.event(), edits.made())
    };
    pieces.into_iter().map(|(number, raws)| (number, alone(raws))).collect()
}

/// Counts that come before the end are of one answer: llama-server counts each.
fn is_early_count(says: &BTreeMap<u32, Vec<Delta>>) -> bool {
    counts(says) && !says.values().flatten().any(|delta| matches!(delta, Delta::Finish(_)))
}

fn counts(says: &BTreeMap<u32, Vec<Delta>>) -> bool {
    says.values().flatten().any(|delta| matches!(delta, Delta::Usage(_)))
}

impl Render for Several {
    fn push(&mut self, delta: &Delta) {
        if self.is_terminal() {
            return;
        }
        match delta {
            Delta::Frame(frame) => self.frame(frame),
            Delta::Choice(ChoiceDelta { choice, delta, .. }) => self.tell(*choice, delta),
            delta => self.tell(0, delta),
        }
    }

    fn abandon(&mut self) {
        self.each.iter_mut().for_each(|one| one.abandon());
    }

    fn fail(&mut self, code: &str, message: &str) {
        if let Some(first) = self.each.first_mut() {
            first.fail(code, message);
            while let Some(bytes) = first.next_bytes() {
                self.ready.push_back(bytes);
            }
        }
    }

    fn set_attempts(&mut self, attempts: Value) {
        if let Some(first) = self.each.first_mut() {
            first.set_attempts(attempts);
        }
    }

    fn set_metadata(&mut self, key: &str, value: Value) {
        if let Some(first) = self.each.first_mut() {
            first.set_metadata(key, value);
        }
    }

    fn next_bytes(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }

    fn forget_bytes(&mut self) {
        self.ready.clear();
        self.each.iter_mut().for_each(|one| one.forget_bytes());
    }

    fn has_content(&self) -> bool {
        self.each.iter().any(|one| one.has_content())
    }

    fn carries(&self) -> CarriedItems {
        self.first().map_or(CarriedItems::None, Render::carries)
    }

    fn is_terminal(&self) -> bool {
        self.first().is_none_or(Render::is_terminal)
    }

    fn document(&self) -> Value {
        let mut document = self.first().map(Render::document).unwrap_or_default();
        if let Some(Value::Array(choices)) = document.get_mut("choices") {
            for other in self.each.iter().skip(1) {
                if let Value::Array(own) = &mut other.document()["choices"] {
                    choices.append(own);
                }
            }
        }
        document
    }
}
