//! Calls out of the text of a stream of deltas.

use std::collections::{BTreeMap, VecDeque};

use oc_responses_stream::{
    Delta, FinishReason, HeldTokens, ItemEnd, ItemStatus, Slot, TextDelta, ToolCallArguments,
    ToolCallEnd, ToolCallStart, UpstreamError,
};

use super::section::{Finder, Piece};
use super::{AS_TEXT, BROKEN, Declared, ToolCallParser, Written};
use crate::told_twice::Stood;

/// Where a leaked channel begins in a tool's name (`f<|channel|>commentary`).
const LEAK: &str = "<|";

/// Turns tool markup in text into calls, or into the error that it is.
///
/// Pure: push a delta, take what comes of it. Items are renumbered, for a call
/// in the midst of a text ends one message and the text after it begins another.
#[derive(Debug)]
pub(crate) struct ToolText {
    chosen: Option<ToolCallParser>,
    declared: Declared,
    /// The most bytes that are held back.
    limit: usize,
    text: Option<Text>,
    slots: BTreeMap<Slot, Slot>,
    /// Messages that a call ended before their own end came, and the number of
    /// what was said in them, if anything was.
    ended: BTreeMap<Slot, Option<Slot>>,
    next_slot: u32,
    /// Calls that stood in the text, and where.
    written: BTreeMap<Slot, Stood>,
    ready: VecDeque<Delta>,
    over: bool,
}

/// The text that is being read.
#[derive(Debug)]
struct Text {
    slot: Slot,
    part: u32,
    finder: Finder,
    /// The last delta, without its text.
    form: TextDelta,
    tokens: HeldTokens,
    /// A call came last: white space after it is nobody's text.
    after_call: bool,
    /// Its item ended within a section: whether the limit cut that, only the end of
    /// the answer tells.
    end: Option<ItemEnd>,
}

impl ToolText {
    /// For an answer to a request that declares these tools.
    pub(crate) fn new(chosen: Option<ToolCallParser>, declared: Declared, limit: usize) -> Self {
        Self {
            chosen,
            declared,
            limit,
            text: None,
            slots: BTreeMap::new(),
            ended: BTreeMap::new(),
            next_slot: 0,
            written: BTreeMap::new(),
            ready: VecDeque::new(),
            over: false,
        }
    }

    pub(crate) fn push(&mut self, delta: Delta) {
        if self.over {
            return;
        }
        if self.declared.is_empty() {
            self.ready.push_back(delta);
            return;
        }
        let goes_on = !matches!(
            delta,
            Delta::ItemEnd(_)
                | Delta::Usage(_)
                | Delta::Alive
                | Delta::Progress(_)
                | Delta::Frame(_)
                | Delta::Finish(_)
        );
        if goes_on && self.text.as_ref().is_some_and(|text| text.end.is_some()) {
            self.flush(false);
        }
        match delta {
            Delta::Text(text) => self.text(text),
            Delta::ItemEnd(end) => match &mut self.text {
                Some(text) if text.slot == end.slot && text.finder.is_in_section() => {
                    text.end = Some(end);
                }
                _ => {
                    self.flush_of(end.slot);
                    self.end(&end);
                }
            },
            Delta::Phase(mut phase) => {
                self.flush_of(phase.slot);
                // Of a message that was nothing but calls nothing can be corrected.
                let open = self.slots.get(&phase.slot).copied();
                let out = open.or_else(|| self.ended.get(&phase.slot).copied().flatten());
                if let Some(slot) = out {
                    phase.slot = slot;
                    self.ready.push_back(Delta::Phase(phase));
                }
            }
            Delta::Finish(finish) => {
                self.flush(finish.reason == FinishReason::Length);
                self.ready.push_back(Delta::Finish(finish));
            }
            Delta::Error(error) => {
                self.flush(false);
                self.ready.push_back(Delta::Error(error));
            }
            mut other => {
                if let Delta::ToolCallStart(start) = &mut other {
                    self.mend_name(&mut start.name);
                }
                if let Some(slot) = slot_of(&mut other) {
                    *slot = self.out(*slot);
                }
                self.ready.push_back(other);
            }
        }
    }

    pub(crate) fn next(&mut self) -> Option<Delta> {
        self.ready.pop_front()
    }

    /// Where the call in this slot stood.
    pub(crate) fn stood(&self, slot: Slot) -> Stood {
        self.written.get(&slot).copied().unwrap_or(Stood::InItsField)
    }

    fn text(&mut self, mut delta: TextDelta) {
        let (slot, part) = (delta.slot, delta.part);
        if self.text.as_ref().is_some_and(|text| (text.slot, text.part) != (slot, part)) {
            self.flush(false);
        }
        let form = TextDelta::new(slot, "").with_part(part).with_phase(delta.phase);
        let (chosen, limit) = (self.chosen, self.limit);
        let text = self.text.get_or_insert_with(|| Text {
            slot,
            part,
            finder: Finder::new(chosen, limit),
            form: form.clone(),
            tokens: HeldTokens::default(),
            after_call: false,
            end: None,
        });
        text.form = form;
        let mut pieces = Vec::new();
        text.tokens.note(&delta.text, delta.logprobs.take());
        text.finder.push(&delta.text, &self.declared, &mut pieces);
        self.emit(pieces);
    }

    fn flush_of(&mut self, slot: Slot) {
        if self.text.as_ref().is_some_and(|text| text.slot == slot) {
            self.flush(false);
        }
    }

    fn flush(&mut self, cut: bool) {
        let Some(text) = &mut self.text else { return };
        let mut pieces = Vec::new();
        text.finder.finish(cut, &self.declared, &mut pieces);
        self.emit(pieces);
        let end = self.text.take().and_then(|text| text.end);
        if let Some(end) = end.filter(|_| !self.over) {
            self.end(&end);
        }
    }

    fn end(&mut self, end: &ItemEnd) {
        if self.slots.contains_key(&end.slot) || !self.ended.contains_key(&end.slot) {
            let slot = self.out(end.slot);
            self.ready.push_back(Delta::ItemEnd(ItemEnd::new(slot, end.status)));
        }
    }

    fn emit(&mut self, pieces: Vec<Piece>) {
        let length = |piece: &Piece| if let Piece::Text(said) = piece { said.len() } else { 0 };
        let mut left: usize = pieces.iter().map(length).sum();
        for piece in pieces {
            left -= length(&piece);
            match piece {
                Piece::Text(said) => self.say(said),
                Piece::Calls(calls) => self.calls(calls, left, Stood::InText),
                Piece::Unread(parser, calls) => self.calls(calls, left, Stood::Unread(parser)),
                Piece::AsText(parser) => {
                    self.ready.push_back(Delta::Error(as_text(parser)));
                    self.over = true;
                    return;
                }
                Piece::Broken(parser) => {
                    self.ready.push_back(Delta::Error(broken(parser)));
                    self.over = true;
                    return;
                }
            }
        }
    }

    fn say(&mut self, said: String) {
        let Some(text) = &mut self.text else { return };
        let logprobs = text.tokens.take(said.len());
        let shown = if text.after_call { said.trim_start() } else { &said };
        if shown.is_empty() {
            return;
        }
        text.after_call = false;
        let mut delta = text.form.clone();
        // Of what was changed nobody can say.
        delta.logprobs = logprobs.filter(|_| shown == said);
        delta.text = shown.to_owned();
        delta.slot = self.out(delta.slot);
        self.ready.push_back(Delta::Text(delta));
    }

    /// Of the text so many bytes are `left`.
    fn calls(&mut self, calls: Vec<Written>, left: usize, stood: Stood) {
        if let Some(text) = &mut self.text {
            text.tokens.keep_last(left + text.finder.held());
        }
        for call in calls {
            self.call(call, stood);
        }
    }

    fn call(&mut self, call: Written, stood: Stood) {
        if let Some(text) = &mut self.text {
            text.after_call = true;
            let slot = text.slot;
            let said = self.slots.remove(&slot);
            let ended = self.ended.entry(slot).or_default();
            *ended = said.or(*ended);
            if let Some(out) = said {
                self.ready.push_back(Delta::ItemEnd(ItemEnd::new(out, ItemStatus::Completed)));
            }
        }
        let slot = self.take_slot();
        self.written.insert(slot, stood);
        self.ready.extend([
            Delta::ToolCallStart(ToolCallStart::new(slot, call.id.unwrap_or_default(), call.name)),
            Delta::ToolCallArguments(ToolCallArguments::new(slot, call.arguments)),
            Delta::ToolCallEnd(ToolCallEnd::new(slot, None)),
            Delta::ItemEnd(ItemEnd::new(slot, ItemStatus::Completed)),
        ]);
    }

    /// A name that drags harmony's channel along, where what stands before it
    /// is a declared tool.
    fn mend_name(&self, name: &mut String) {
        if self.declared.has(name) {
            return;
        }
        if let Some((bare, _)) = name.split_once(LEAK)
            && self.declared.has(bare)
        {
            *name = bare.to_owned();
        }
    }

    fn out(&mut self, slot: Slot) -> Slot {
        let next = &mut self.next_slot;
        *self.slots.entry(slot).or_insert_with(|| {
            let slot = Slot(*next);
            *next = next.saturating_add(1);
            slot
        })
    }

    fn take_slot(&mut self) -> Slot {
        let slot = Slot(self.next_slot);
        self.next_slot = self.next_slot.saturating_add(1);
        slot
    }
}

/// The slot of a delta that only needs another number.
fn slot_of(delta: &mut Delta) -> Option<&mut Slot> {
    Some(match delta {
        Delta::Refusal(delta) => &mut delta.slot,
        Delta::Reasoning(delta) => &mut delta.slot,
        Delta::Seal(delta) => &mut delta.slot,
        Delta::ToolCallStart(delta) => &mut delta.slot,
        Delta::ToolCallArguments(delta) => &mut delta.slot,
        Delta::ToolCallEnd(delta) => &mut delta.slot,
        Delta::Annotation(delta) => &mut delta.slot,
        Delta::Item(delta) => &mut delta.slot,
        Delta::Part(delta) => &mut delta.slot,
        Delta::Extra(delta) => &mut delta.slot,
        _ => return None,
    })
}

/// What is said of markup that no setting names. The names stand in backticks: what
/// is shown of an error keeps those.
pub(crate) fn as_text(parser: ToolCallParser) -> UpstreamError {
    let message = format!(
        "model wrote a tool call as text: turn on its server's tool call parser, \
         or set the model's `toolCallParser` to `{}` in the settings",
        parser.as_str()
    );
    UpstreamError::new(AS_TEXT, message)
}

fn broken(parser: ToolCallParser) -> UpstreamError {
    let message = format!("model wrote a tool call that `{}` cannot read", parser.as_str());
    UpstreamError::new(BROKEN, message)
}
