//! Text that is held back, since a closing tag may show that it was reasoning.

use super::code::MarkdownCode;
use super::tags::{self, First, LONGEST};
use super::{ReasoningSplitter, State, TextPiece};

/// A tag's place and length.
type Place = (usize, usize);

/// Looks through held text for the end of a block, outside of code.
///
/// A closing tag in a code span is the answer's subject where the span ends on its
/// line. Where it does not, its mark was a stray one, and the tag closes after all;
/// the same holds for a fence and the end of the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    /// How much was looked at.
    at: usize,
    code: MarkdownCode,
    /// The first closing tag of this line that seems to be in a code span.
    in_span: Option<Place>,
    /// The first one after it, on the same line, that seems to be outside of code.
    after: Option<Place>,
    /// The first closing tag that seems to be in a fence.
    in_fence: Option<Place>,
}

/// What a [`Search`] came to.
enum Found {
    Close(Place),
    /// An opening tag, at this place.
    Open(usize),
    /// More must come first.
    Nothing,
    /// No more may be held back.
    TooLong,
}

impl Search {
    /// Looks at what was not looked at yet of `held`, of which `max` bytes may be
    /// held back.
    fn look(&mut self, held: &str, max: usize) -> Found {
        let is_too_long = held.len() >= max.saturating_add(LONGEST);
        while let Some(&byte) = held.as_bytes().get(self.at)
            && self.at <= max
        {
            if byte == b'\n'
                && let Some(place) = self.end_line()
            {
                return Found::Close(place);
            }
            if tags::may_begin(byte) {
                match tags::at(held, self.at) {
                    First::Close(at, len) if self.code.holds_next() => {
                        let seen = match self.code.is_fence() {
                            true => &mut self.in_fence,
                            false => &mut self.in_span,
                        };
                        seen.get_or_insert((at, len));
                    }
                    First::Close(at, len) if self.in_span.is_some() => {
                        self.after.get_or_insert((at, len));
                    }
                    First::Close(at, len) => return Found::Close((at, len)),
                    First::Open(at, _) if !self.code.holds_next() => return Found::Open(at),
                    First::Partial(_) if !is_too_long => return Found::Nothing,
                    First::Open(..) | First::Partial(_) | First::None => {}
                }
            }
            self.code.see(byte);
            self.at += 1;
        }
        if is_too_long { Found::TooLong } else { Found::Nothing }
    }

    /// The tag that closes, where the line ends here.
    fn end_line(&mut self) -> Option<Place> {
        let (in_span, after) = (self.in_span.take(), self.after.take());
        if self.code.is_span() { in_span } else { after }
    }

    /// The tag that closes, where the text ends here.
    fn end(&mut self) -> Option<Place> {
        let in_fence = self.in_fence.filter(|_| self.code.is_fence());
        self.end_line().or(in_fence)
    }
}

impl ReasoningSplitter {
    /// From here on text is held back, `max` bytes at most.
    pub(super) fn hold(&mut self, max: usize) {
        self.state = State::Implicit { max, search: Search::default() };
    }

    pub(super) fn implicit(&mut self, out: &mut Vec<TextPiece>) -> bool {
        let State::Implicit { max, search } = &mut self.state else { return true };
        match search.look(&self.held, *max) {
            Found::Nothing => return false,
            Found::TooLong => self.settle_implicit(out),
            Found::Close(place) => self.close_implicit(place, out),
            Found::Open(at) => {
                let is_next = self.depth > 0 && self.is_blank_until(at);
                self.state = if is_next { State::Start } else { State::Text };
            }
        }
        true
    }

    /// No more is held back: what was is reasoning, or text.
    pub(super) fn settle_implicit(&mut self, out: &mut Vec<TextPiece>) {
        let State::Implicit { search, .. } = &mut self.state else { return };
        match search.end() {
            Some(place) => self.close_implicit(place, out),
            None => self.state = State::Text,
        }
    }

    fn close_implicit(&mut self, (at, len): Place, out: &mut Vec<TextPiece>) {
        let thought = self.take(at);
        if !thought.is_empty() {
            out.push(TextPiece::Reasoning(thought));
        }
        self.close(len, out);
    }

    fn is_blank_until(&self, at: usize) -> bool {
        self.held.get(..at).is_some_and(|before| before.chars().all(tags::is_blank))
    }
}
