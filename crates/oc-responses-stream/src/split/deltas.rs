//! The splitter applied to a stream of deltas.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use super::code::Plain;
use super::heard::Heard;
use super::tags::{self, Sight};
use super::{EmptyFinal, ReasoningSplitter, SplitOptions, StrayClose, TextPiece};
use crate::{
    ChoiceDelta, Delta, Finish, FinishReason, HeldTokens, Hot, HotKind, ItemEnd, ItemStatus, Phase,
    PhaseDelta, ReasoningDelta, ReasoningKind, Slot, TextDelta, ToolCallArguments, ToolCallEnd,
    ToolCallStart, UpstreamError,
};

/// Turns [`Delta::Text`] that begins with `<think>` (or another known tag) into
/// [`Delta::Reasoning`] followed by the text.
///
/// Pure: [`push`](Self::push) a delta, take what comes of it with
/// [`next`](Self::next). The reasoning gets an item of its own, so slots are
/// renumbered in the order in which they come out; every delta of the stream
/// must therefore go through here. A terminal delta gives out whatever was held.
/// A [`Parser`](crate::Parser) has one of these built in
/// ([`split_reasoning_with`](crate::Parser::split_reasoning_with)).
///
/// ```
/// use oc_responses_stream::{Delta, Slot, SplitDeltas, TextDelta};
///
/// let mut split = SplitDeltas::new();
/// for piece in ["<think>Two and two", "…</think>\n\nFour."] {
///     split.push(Delta::Text(TextDelta::new(Slot(0), piece)));
/// }
/// let (mut thought, mut answer) = (String::new(), String::new());
/// while let Some(delta) = split.next() {
///     match delta {
///         Delta::Reasoning(piece) => thought += &piece.text,
///         Delta::Text(piece) => answer += &piece.text,
///         _ => {}
///     }
/// }
/// assert_eq!((thought.as_str(), answer.as_str()), ("Two and two…", "Four."));
/// ```
#[derive(Clone, Debug, Default)]
pub struct SplitDeltas {
    options: SplitOptions,
    texts: BTreeMap<(Slot, u32), Text>,
    slots: BTreeMap<(Slot, Role), Slot>,
    next_slot: u32,
    ready: VecDeque<Delta>,
    pieces: Vec<TextPiece>,
    stray_closes: u32,
    shows_reasoning: bool,
    /// The last delta that passed untouched, and its item's number here.
    passing: Option<Passing>,
    /// Something was said, or called, that is neither reasoning nor commentary.
    has_content: bool,
    /// There was reasoning, inside of text or as such.
    has_thought: bool,
    /// What was thought, where it may have to be said again.
    thought: String,
    empty_final: bool,
    /// What came as raw reasoning.
    heard: Heard,
    /// The other answers, where several were asked for.
    choices: BTreeMap<u32, SplitDeltas>,
}

/// Where a delta belongs, and that its item's deltas need nothing but a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Passing {
    slot: Slot,
    /// `None` for what is not text.
    part: Option<u32>,
    out: Slot,
    /// What passed and its splitter has not been told.
    plain: Plain,
}

/// What an upstream item's deltas come out as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Itself,
    /// The reasoning that was inside its part of this number.
    Thought(u32),
    /// Commentary that was inside its part of this number.
    Commentary(u32),
    /// A call that was inside its part of this number: the how manieth.
    Call(u32, u32),
}

#[derive(Clone, Debug, Default)]
struct Text {
    splitter: ReasoningSplitter,
    /// The last delta, without its text: the form for what is given out later.
    form: Option<TextDelta>,
    /// What was taken out of the text and has not ended.
    open: Option<Role>,
    tokens: HeldTokens,
}

impl SplitDeltas {
    /// For one answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// For one answer of a model with this profile.
    pub fn with_options(options: SplitOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Takes one delta.
    pub fn push(&mut self, delta: Delta) {
        self.settle_passing();
        match delta {
            Delta::Text(text) => self.text(text),
            Delta::ItemEnd(end) => {
                self.flush(end.slot);
                // A message that was reasoning and nothing else has no item left to end.
                let only_thought = self.texts.range(parts(end.slot)).next().is_some()
                    && !self.slots.contains_key(&(end.slot, Role::Itself));
                let ended = self.texts.extract_if(parts(end.slot), |_, _| true);
                for (_, text) in ended {
                    let strays = text.splitter.stray_closes();
                    self.stray_closes = self.stray_closes.saturating_add(strays);
                    self.shows_reasoning |= text.splitter.shows_reasoning();
                }
                if !only_thought {
                    let slot = self.itself(end.slot);
                    self.ready.push_back(Delta::ItemEnd(ItemEnd { slot, ..end }));
                }
            }
            Delta::Refusal(mut refusal) => {
                self.flush(refusal.slot);
                refusal.slot = self.itself(refusal.slot);
                self.has_content = true;
                self.ready.push_back(Delta::Refusal(refusal));
            }
            Delta::Annotation(mut annotation) => {
                self.flush(annotation.slot);
                annotation.slot = self.itself(annotation.slot);
                self.ready.push_back(Delta::Annotation(annotation));
            }
            Delta::Part(mut part) => {
                self.flush(part.slot);
                part.slot = self.itself(part.slot);
                self.has_content = true;
                self.ready.push_back(Delta::Part(part));
            }
            Delta::Extra(mut extra) => {
                self.flush(extra.slot);
                // Of a message that was nothing but reasoning there is none.
                if let Some(slot) = self.slots.get(&(extra.slot, Role::Itself)) {
                    extra.slot = *slot;
                    self.ready.push_back(Delta::Extra(extra));
                }
            }
            Delta::Reasoning(mut thought) => {
                self.note_thought(thought.kind, &thought.text);
                if thought.kind == ReasoningKind::Raw {
                    self.heard.hear(&thought.text);
                }
                thought.slot = self.itself(thought.slot);
                self.ready.push_back(Delta::Reasoning(thought));
            }
            Delta::Phase(phase) => self.phase(phase),
            Delta::Finish(finish) => {
                self.end_texts();
                self.end(finish);
            }
            Delta::Error(_) => {
                self.end_texts();
                self.ready.push_back(delta);
            }
            Delta::Choice(ChoiceDelta { choice, delta }) => {
                self.other(choice).push(*delta);
                self.take_from(choice);
            }
            mut other => {
                let is_content = matches!(other, Delta::ToolCallStart(_) | Delta::Item(_));
                self.has_content |= is_content;
                if let Some(slot) = slot_of(&mut other) {
                    *slot = self.itself(*slot);
                }
                self.ready.push_back(other);
            }
        }
    }

    /// What number the item of a delta has here, if the delta needs no other
    /// change; `None`: [`push`](Self::push) it.
    #[inline]
    pub(crate) fn pass(&mut self, hot: &Hot, text: &[u8]) -> Option<Slot> {
        let part = match hot.says {
            HotKind::Text(_) => Some(hot.part),
            HotKind::Reasoning(kind) if !self.passes_thought(kind) => return None,
            HotKind::Reasoning(_) | HotKind::Arguments => None,
        };
        let sight = part.map_or(Sight::Plain, |_| tags::sight(text));
        if sight == Sight::Odd {
            return None;
        }
        if hot.says == HotKind::Reasoning(ReasoningKind::Raw) {
            self.heard.hear(str::from_utf8(text).unwrap_or_default());
        }
        if let Some(known) = &mut self.passing
            && (known.slot, known.part) == (hot.slot, part)
        {
            if sight == Sight::LineEnd || known.plain.is_blank() {
                known.plain.see(text);
            }
            return Some(known.out);
        }
        self.settle_passing();
        let mut plain = Plain::default();
        if let Some(part) = part {
            // The first thing that is said must be noted as such.
            if !self.has_content || !self.texts.get(&(hot.slot, part))?.splitter.passes_plain() {
                return None;
            }
            plain.see(text);
        }
        let out = self.itself(hot.slot);
        self.passing = Some(Passing { slot: hot.slot, part, out, plain });
        Some(out)
    }

    /// Tells the splitter what went past it.
    fn settle_passing(&mut self) {
        let Some(Passing { slot, part: Some(part), plain, .. }) = self.passing.take() else {
            return;
        };
        if let Some(text) = self.texts.get_mut(&(slot, part)) {
            text.splitter.pass(plain);
        }
    }

    /// Whether reasoning that came as such needs no more than a number: it was noted
    /// that there is some, and it need not be said again.
    fn passes_thought(&self, kind: ReasoningKind) -> bool {
        self.has_thought && (kind == ReasoningKind::Summary || !self.keeps_thought())
    }

    fn keeps_thought(&self) -> bool {
        self.options.empty_final == EmptyFinal::Promote
    }

    /// The next delta that is ready.
    #[expect(clippy::should_implement_trait, reason = "a queue that refills is no iterator")]
    pub fn next(&mut self) -> Option<Delta> {
        self.ready.pop_front()
    }

    /// Gives out what is held back, for a stream that was cut and has no
    /// terminal delta. Items that are open stay so, and a piece of a tag stays
    /// held, for it is no beginning of the answer.
    pub fn flush_all(&mut self) {
        self.settle_passing();
        let texts: Vec<(Slot, u32)> = self.texts.keys().copied().collect();
        for (slot, part) in texts {
            if let Some(text) = self.texts.get_mut(&(slot, part)) {
                text.splitter.cut(&mut self.pieces);
                self.emit(slot, part);
            }
        }
        for choice in self.choices.keys().copied().collect::<Vec<_>>() {
            self.other(choice).flush_all();
            self.take_from(choice);
        }
    }

    /// See [`ReasoningSplitter::stray_closes`].
    pub fn stray_closes(&self) -> u32 {
        let open = self.texts.values().map(|text| text.splitter.stray_closes());
        open.fold(self.stray_closes, u32::saturating_add)
    }

    /// Whether the answer ended whole, said nothing and called nothing, because
    /// all of it was reasoning. See [`EmptyFinal`].
    pub fn is_empty_final(&self) -> bool {
        self.empty_final
    }

    /// Another answer is taken apart by itself.
    fn other(&mut self, choice: u32) -> &mut Self {
        let options = self.options;
        self.choices.entry(choice).or_insert_with(|| Self::with_options(options))
    }

    fn take_from(&mut self, choice: u32) {
        if let Some(other) = self.choices.get_mut(&choice) {
            self.ready.extend(other.ready.drain(..).map(|delta| delta.of_choice(choice)));
        }
    }

    fn end(&mut self, finish: Finish) {
        let is_cut = matches!(finish.reason, FinishReason::Length | FinishReason::ContentFilter);
        self.empty_final = self.has_thought && !self.has_content && !is_cut;
        self.shows_reasoning |= self.texts.values().any(|text| text.splitter.shows_reasoning());
        if self.shows_reasoning && self.options.stray_close == StrayClose::Error {
            let message = "server gave reasoning out as text, without its opening tag: \
                           turn on its reasoning parser";
            let error = UpstreamError::new("reasoning_in_text", message);
            return self.ready.push_back(Delta::Error(error));
        }
        match self.options.empty_final {
            // A summary of what was thought is nobody's answer.
            EmptyFinal::Error | EmptyFinal::Promote
                if self.empty_final && self.thought.trim().is_empty() =>
            {
                let message = "the answer is reasoning and says nothing";
                let error = UpstreamError::new("empty_final", message);
                return self.ready.push_back(Delta::Error(error));
            }
            EmptyFinal::Promote if self.empty_final => {
                let slot = Slot(self.next_slot);
                self.next_slot = self.next_slot.saturating_add(1);
                let text = std::mem::take(&mut self.thought);
                self.ready.push_back(Delta::Text(TextDelta::new(slot, text)));
                self.ready.push_back(Delta::ItemEnd(ItemEnd::new(slot, ItemStatus::Completed)));
            }
            _ => {}
        }
        self.ready.push_back(Delta::Finish(finish));
    }

    fn note_thought(&mut self, kind: ReasoningKind, thought: &str) {
        self.has_thought |= !thought.is_empty();
        if kind == ReasoningKind::Raw && self.keeps_thought() {
            self.thought.push_str(thought);
        }
    }

    fn text(&mut self, mut delta: TextDelta) {
        let (slot, part) = (delta.slot, delta.part);
        let fresh = || Text {
            splitter: ReasoningSplitter::with_options(self.options),
            form: None,
            open: None,
            tokens: HeldTokens::default(),
        };
        let text = self.texts.entry((slot, part)).or_insert_with(fresh);
        if self.has_thought {
            text.splitter.strays.thought();
        }
        if text.splitter.is_plain() {
            text.splitter.strays.see(&delta.text);
            self.has_content |= says_something(&delta);
            delta.slot = self.itself(slot);
            self.ready.push_back(Delta::Text(delta));
            return;
        }
        text.splitter.push(&delta.text, &mut self.pieces);
        text.tokens.note(&delta.text, delta.logprobs.take());
        text.form = Some(TextDelta { text: String::new(), ..delta });
        self.emit(slot, part);
    }

    /// Holds for text that is held back, too. A message of which nothing is left
    /// but reasoning has no phase.
    fn phase(&mut self, told: PhaseDelta) {
        for text in self.texts.range_mut(parts(told.slot)).map(|(_, text)| text) {
            if let Some(form) = &mut text.form {
                form.phase = Some(told.phase);
            }
        }
        if let Some(slot) = self.slots.get(&(told.slot, Role::Itself)) {
            self.ready.push_back(Delta::Phase(PhaseDelta { slot: *slot, ..told }));
        }
    }

    /// What is held of `slot` is judged without waiting for more.
    fn flush(&mut self, slot: Slot) {
        let parts: Vec<u32> = self.texts.range(parts(slot)).map(|((_, part), _)| *part).collect();
        for part in parts {
            if let Some(text) = self.texts.get_mut(&(slot, part)) {
                text.splitter.finish(&mut self.pieces);
                self.emit(slot, part);
            }
            self.end_taken_out(slot, part);
        }
    }

    fn end_texts(&mut self) {
        let slots: Vec<Slot> = self.texts.keys().map(|(slot, _)| *slot).collect();
        for slot in slots {
            self.flush(slot);
        }
    }

    fn emit(&mut self, slot: Slot, part: u32) {
        let pieces = std::mem::take(&mut self.pieces);
        for piece in pieces {
            let text = self.texts.get_mut(&(slot, part));
            let logprobs = text.and_then(|text| match &piece {
                TextPiece::Text(shown) => text.tokens.take(shown.len()),
                other => {
                    text.tokens.leave_out(other.as_str().len());
                    None
                }
            });
            match piece {
                TextPiece::Markup(_) => {}
                TextPiece::Reasoning(thought) => {
                    let Some(thought) = self.heard.new_in(thought) else { continue };
                    self.note_thought(ReasoningKind::Raw, &thought);
                    let slot = self.take_out(slot, part, Role::Thought(part));
                    self.ready.push_back(Delta::Reasoning(ReasoningDelta::raw(slot, thought)));
                }
                TextPiece::Commentary(said) => {
                    let slot = self.take_out(slot, part, Role::Commentary(part));
                    let delta = TextDelta::new(slot, said).with_phase(Some(Phase::Commentary));
                    self.ready.push_back(Delta::Text(delta));
                }
                TextPiece::Call { number, name, arguments } => {
                    let role = Role::Call(part, number);
                    let is_new = !self.slots.contains_key(&(slot, role));
                    let slot = self.take_out(slot, part, role);
                    self.has_content = true;
                    if is_new {
                        // The markup has no ids.
                        let start = ToolCallStart::new(slot, "", name);
                        self.ready.push_back(Delta::ToolCallStart(start));
                    }
                    if !arguments.is_empty() {
                        let arguments = ToolCallArguments::new(slot, arguments);
                        self.ready.push_back(Delta::ToolCallArguments(arguments));
                    }
                }
                TextPiece::Text(shown) => {
                    self.end_taken_out(slot, part);
                    let form = self.texts.get(&(slot, part)).and_then(|text| text.form.clone());
                    let mut delta =
                        form.unwrap_or_else(|| TextDelta::new(slot, "").with_part(part));
                    delta.slot = self.itself(slot);
                    delta.text = shown;
                    delta.logprobs = logprobs;
                    self.has_content |= says_something(&delta);
                    self.ready.push_back(Delta::Text(delta));
                }
            }
        }
    }

    /// The item for what is taken out of a text. What was taken out before it
    /// ends, and comes back in an item of its own, for an item that ended is over.
    fn take_out(&mut self, slot: Slot, part: u32, role: Role) -> Slot {
        let open = self.texts.get(&(slot, part)).and_then(|text| text.open);
        if open != Some(role) {
            self.end_taken_out(slot, part);
            if let Some(text) = self.texts.get_mut(&(slot, part)) {
                text.open = Some(role);
            }
        }
        self.out(slot, role)
    }

    fn end_taken_out(&mut self, slot: Slot, part: u32) {
        let open = self.texts.get_mut(&(slot, part)).and_then(|text| text.open.take());
        let Some(role) = open else { return };
        let out = self.out(slot, role);
        if matches!(role, Role::Call(..)) {
            self.ready.push_back(Delta::ToolCallEnd(ToolCallEnd::new(out, None)));
        }
        self.ready.push_back(Delta::ItemEnd(ItemEnd::new(out, ItemStatus::Completed)));
        self.slots.remove(&(slot, role));
    }

    fn itself(&mut self, slot: Slot) -> Slot {
        self.out(slot, Role::Itself)
    }

    fn out(&mut self, slot: Slot, role: Role) -> Slot {
        let next = &mut self.next_slot;
        *self.slots.entry((slot, role)).or_insert_with(|| {
            let slot = Slot(*next);
            *next = next.saturating_add(1);
            slot
        })
    }
}

/// Whether it is some of the answer: commentary is none.
fn says_something(delta: &TextDelta) -> bool {
    delta.is_final() && !delta.text.trim().is_empty()
}

/// The texts of one message.
fn parts(slot: Slot) -> RangeInclusive<(Slot, u32)> {
    (slot, 0)..=(slot, u32::MAX)
}

/// The slot of a delta that only needs another number.
fn slot_of(delta: &mut Delta) -> Option<&mut Slot> {
    Some(match delta {
        Delta::Text(d) | Delta::Refusal(d) => &mut d.slot,
        Delta::Reasoning(d) => &mut d.slot,
        Delta::Seal(d) => &mut d.slot,
        Delta::ToolCallStart(d) => &mut d.slot,
        Delta::ToolCallArguments(d) => &mut d.slot,
        Delta::ToolCallEnd(d) => &mut d.slot,
        Delta::Annotation(d) => &mut d.slot,
        Delta::Item(d) => &mut d.slot,
        Delta::ItemEnd(d) => &mut d.slot,
        Delta::Opened(_)
        | Delta::Alive
        | Delta::Progress(_)
        | Delta::Started(_)
        | Delta::Usage(_)
        | Delta::Phase(_)
        | Delta::Part(_)
        | Delta::Extra(_)
        | Delta::Finish(_)
        | Delta::Error(_)
        | Delta::Frame(_)
        | Delta::Choice(_) => return None,
    })
}
