//! The parts of one item, by our own numbers, and which of them an event means.
//!
//! A part that is announced, or whose `done` was seen, is told apart by its
//! index. Where nothing is announced an index may mean nothing: older vLLM
//! counts one up for each delta. [`Parts::of_delta`] tells the two apart by
//! what came before.

use std::borrow::Cow;

use super::fields::Fields;
use super::surrogates::Half;
use super::wire::Piece;
use crate::split::may_open_block;

/// More parts of one item than any real answer has. The bound keeps look-ups by
/// position cheap, whatever a server sends.
pub(super) const MOST: usize = 1024;

/// The parts of one item, by our own numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub(super) all: Vec<Part>,
    /// The server gave an index of its own to one delta of a part: it counts deltas.
    counts_deltas: bool,
}

/// One part, as far as it was streamed.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// The wire's number for it, where it gave one.
    index: Option<u32>,
    /// All that was given out of it.
    pub(super) text: String,
    /// How much of that its deltas brought: the rest was restated before they came.
    streamed: usize,
    pub(super) refusal: bool,
    pub(super) annotations: usize,
    /// Announced, nothing said yet.
    fresh: bool,
    /// Its index came with more than one delta, so that the index means a part.
    is_steady: bool,
    /// Its `done` was seen.
    is_done: bool,
    /// Its text ends in the midst of a character.
    half: Half,
    /// It was of a type that we do not know, and given out whole.
    is_whole: bool,
    /// Fields that we do not know.
    pub(super) extra: Fields,
}

impl Parts {
    /// The part that a delta which says `text` belongs to: the one with its
    /// index, or the current one. An index that was not announced begins a part
    /// where the one before it was done, or had several deltas; in doubt, where
    /// the text may begin with a tag, which only counts at a part's beginning.
    pub(super) fn of_delta(&mut self, index: Option<u32>, refusal: bool, text: &str) -> u32 {
        let known = self.known(index);
        let at = match known.or_else(|| self.unnumbered()) {
            Some(at) => {
                if let Some(part) = self.all.get_mut(at).filter(|part| !part.fresh) {
                    part.is_steady |= known.is_some() && !part.text.is_empty();
                }
                at
            }
            None => match self.all.last() {
                None => self.open(index),
                Some(last) if index.is_some() => {
                    let is_another = last.is_done || (last.is_steady && !self.counts_deltas);
                    if is_another || (!self.counts_deltas && may_open_block(text)) {
                        self.open(index)
                    } else {
                        self.counts_deltas = true;
                        self.all.len() - 1
                    }
                }
                Some(_) => self.all.len() - 1,
            },
        };
        self.settle(at, index, refusal)
    }

    /// The part of a summary: there an index always means a part.
    pub(super) fn of_summary(&mut self, index: Option<u32>) -> u32 {
        let at = self.known(index).or_else(|| self.unnumbered());
        let at = at.unwrap_or_else(|| match index {
            None if !self.all.is_empty() => self.all.len() - 1,
            _ => self.open(index),
        });
        self.settle(at, index, false)
    }

    /// The part whose whole text an event states: it is done.
    pub(super) fn of_whole(&mut self, index: Option<u32>, refusal: bool) -> u32 {
        let at = self.known(index).or_else(|| self.unnumbered());
        let at = at.unwrap_or_else(|| match self.all.last() {
            Some(last) if index.is_none() || !last.is_done => self.all.len() - 1,
            _ => self.open(index),
        });
        let local = self.settle(at, index, refusal);
        if let Some(part) = self.get_mut(local) {
            // Where deltas were counted, the part goes by the last number from here on.
            part.index = index.or(part.index);
            part.is_done = true;
        }
        local
    }

    /// The part that an annotation is on; none begins with it but the first.
    pub(super) fn of_annotation(&mut self, index: Option<u32>) -> u32 {
        let at = self.known(index).or_else(|| self.all.len().checked_sub(1));
        let at = at.unwrap_or_else(|| self.open(index));
        self.settle(at, index, false)
    }

    /// A part is announced. One that was announced before, or has another number
    /// only because the server counts parts across items, is no new part.
    pub(super) fn announce(&mut self, index: Option<u32>) {
        let is_known = self.known(index).is_some();
        let is_last = self.all.last().is_some_and(|part| {
            part.fresh && (index.is_none() || part.index.is_none() || part.index == index)
        });
        if !is_known && !is_last {
            self.open(index);
        }
    }

    /// The part with this index is done; whose index is not known, is not.
    pub(super) fn done(&mut self, index: Option<u32>) {
        let at = self.known(index).or_else(|| self.unnumbered());
        if let Some(part) = at.and_then(|at| self.all.get_mut(at)) {
            part.is_done = true;
        }
    }

    /// The part in place `number` of a whole item; where `grow`, it is made.
    pub(super) fn nth(&mut self, number: usize, refusal: bool, grow: bool) -> u32 {
        while grow && self.all.len() <= self.position(number).min(MOST - 1) {
            let at = self.open(None);
            if let Some(part) = self.all.get_mut(at) {
                part.refusal = refusal;
            }
        }
        let last = self.all.len().saturating_sub(1);
        let at = self.position(number).min(last);
        if let Some(part) = self.all.get_mut(at) {
            part.fresh = false;
        }
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Where among all parts the one stands that is number `number` of those with
    /// a text.
    pub(super) fn position(&self, number: usize) -> usize {
        let mut texts = self.all.iter().enumerate().filter(|(_, part)| !part.is_whole);
        texts.nth(number).map_or_else(
            || {
                let wholes = self.all.iter().filter(|part| part.is_whole).count();
                number.saturating_add(wholes)
            },
            |(at, _)| at,
        )
    }

    /// A part of a type that we do not know is given out whole: the one that was
    /// announced with this index, or one more.
    pub(super) fn whole(&mut self, index: Option<u32>) -> u32 {
        let announced = self.known(index);
        let announced = announced.filter(|&at| self.all.get(at).is_some_and(|part| part.fresh));
        let at = announced.unwrap_or_else(|| self.open(index));
        if let Some(part) = self.all.get_mut(at) {
            (part.fresh, part.is_whole, part.is_done) = (false, true, true);
        }
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// How many parts were given out whole.
    pub(super) fn wholes(&self) -> usize {
        self.all.iter().filter(|part| part.is_whole).count()
    }

    /// Our number of the part with this index.
    pub(super) fn numbered(&self, index: Option<u32>) -> Option<u32> {
        self.known(index).and_then(|at| u32::try_from(at).ok())
    }

    /// One more part, beyond those that were streamed.
    pub(super) fn append(&mut self, refusal: bool) -> u32 {
        let at = self.open(None);
        if let Some(part) = self.all.get_mut(at) {
            (part.fresh, part.refusal) = (false, refusal);
        }
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Takes note of text that was read in place: another delta like the one before.
    #[inline]
    pub(super) fn note(&mut self, part: u32, text: &str) -> bool {
        let is_plain =
            |known: &&mut Part| !known.half.waits() && known.streamed == known.text.len();
        let Some(known) = self.get_mut(part).filter(is_plain) else { return false };
        known.is_steady = true;
        known.text.push_str(text);
        known.streamed = known.text.len();
        true
    }

    /// What a piece of a part's text says, a character that it ends joined.
    pub(super) fn join<'a>(&mut self, part: u32, piece: Piece<'a>) -> Cow<'a, str> {
        match self.get_mut(part) {
            Some(known) => known.half.join(piece.text, piece.edges),
            None => Cow::Borrowed(piece.text),
        }
    }

    /// What a streamed piece says beyond what an event restated before it came: a
    /// late one says nothing new.
    pub(super) fn beyond<'a>(&mut self, part: u32, piece: &'a str) -> &'a str {
        let Some(known) = self.get_mut(part) else { return piece };
        let told = known.text.get(known.streamed..).unwrap_or_default();
        if told.starts_with(piece) {
            known.streamed += piece.len();
            return "";
        }
        let rest = piece.strip_prefix(told).unwrap_or(piece);
        known.streamed = known.text.len() + rest.len();
        rest
    }

    /// Whether [`beyond`](Self::beyond) would find nothing in `piece`.
    pub(super) fn was_told(&self, index: Option<u32>, piece: &str) -> bool {
        let at = self.known(index).or_else(|| self.all.len().checked_sub(1));
        let told =
            at.and_then(|at| self.all.get(at)).and_then(|part| part.text.get(part.streamed..));
        !piece.is_empty() && told.is_some_and(|told| told.starts_with(piece))
    }

    /// The end of the last part's text was given out elsewhere.
    pub(super) fn adopt(&mut self, rest: &str) {
        self.nth(0, false, true);
        if let Some(last) = self.all.last_mut() {
            last.text.push_str(rest);
            last.streamed = last.text.len();
        }
    }

    /// The rest of a part's text was restated.
    pub(super) fn restate(&mut self, part: u32) {
        if let Some(known) = self.get_mut(part) {
            known.half.forget();
        }
    }

    /// The parts that end in the midst of a character, and whether they are
    /// refusals. Each is told once.
    pub(super) fn lose_halves(&mut self) -> Vec<(u32, bool)> {
        let all = self.all.iter_mut().zip(0_u32..);
        all.filter_map(|(part, at)| part.half.lose().map(|_| (at, part.refusal))).collect()
    }

    /// The part with this index, where anything was said of it.
    pub(super) fn said_of(&self, index: Option<u32>) -> Option<&str> {
        let known = self.known(index).and_then(|at| self.all.get(at));
        known.map(|part| part.text.as_str()).filter(|text| !text.is_empty())
    }

    pub(super) fn get_mut(&mut self, part: u32) -> Option<&mut Part> {
        self.all.get_mut(usize::try_from(part).ok()?)
    }

    pub(super) fn is_blank(&self) -> bool {
        self.all.iter().all(|part| part.text.is_empty())
    }

    pub(super) fn joined(&self) -> String {
        self.all.iter().map(|part| part.text.as_str()).collect()
    }

    fn known(&self, index: Option<u32>) -> Option<usize> {
        index.and_then(|index| self.all.iter().rposition(|part| part.index == Some(index)))
    }

    /// The last part, where it has no number: some servers number a part only
    /// when they restate it.
    fn unnumbered(&self) -> Option<usize> {
        self.all
            .len()
            .checked_sub(1)
            .filter(|&at| self.all.get(at).is_some_and(|part| part.index.is_none()))
    }

    /// Takes note of what the part at `at` is called and holds. Text and refusal
    /// are never one part.
    fn settle(&mut self, at: usize, index: Option<u32>, refusal: bool) -> u32 {
        let mut at = at;
        if let Some(part) = self.all.get_mut(at) {
            part.index = part.index.or(index);
            if !part.fresh && (part.refusal != refusal || part.is_whole) {
                at = self.open(index);
            }
        }
        if let Some(part) = self.all.get_mut(at).filter(|part| part.fresh) {
            (part.fresh, part.refusal) = (false, refusal);
        }
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// A new part; past the bound, the last one goes on.
    fn open(&mut self, index: Option<u32>) -> usize {
        if self.all.len() < MOST {
            self.all.push(Part { index, fresh: true, ..Part::default() });
        }
        self.all.len() - 1
    }
}
