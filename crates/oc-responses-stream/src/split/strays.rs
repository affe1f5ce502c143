//! Closing tags in text that was given out: whether they show that it was reasoning.

use super::code::{MarkdownCode, Plain};
use super::tags::{self, First, Sight};

/// Follows the text that is given out.
#[derive(Clone, Debug, Default)]
pub(super) struct Strays {
    code: MarkdownCode,
    /// The end of the text, as far as a tag could reach back.
    tail: String,
    count: u32,
    /// A closing tag of this line seems to be in a code span.
    in_span: bool,
    /// A closing tag is text: an opening one was, so that the answer speaks of tags,
    /// or the reasoning is known and came before.
    tags_are_text: bool,
    shows_reasoning: bool,
}

impl Strays {
    /// How many closing tags there were.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Whether one of them stood outside of code, in a text that named no opening
    /// tag before and that no reasoning came before.
    pub(super) fn shows_reasoning(&self) -> bool {
        self.shows_reasoning
    }

    /// Reasoning came as such: what follows it is the answer.
    pub(super) fn thought(&mut self) {
        self.tags_are_text = true;
    }

    /// Whether no tag can have begun.
    pub(super) fn is_untagged(&self) -> bool {
        self.tail.is_empty()
    }

    /// Text came in which nothing [stands out](tags::sight).
    pub(super) fn pass(&mut self, plain: Plain) {
        if plain.ends_line() {
            self.end_line();
        }
        self.code.pass(plain);
    }

    /// The next piece of the text.
    pub(super) fn see(&mut self, text: &str) {
        if self.is_untagged() && tags::sight(text.as_bytes()) != Sight::Odd {
            return self.pass(Plain::of(text.as_bytes()));
        }
        let tail = std::mem::take(&mut self.tail) + text;
        let mut at = 0;
        loop {
            let first = tags::first(&tail, at);
            let (begin, end) = match first {
                First::Close(at, len) | First::Open(at, len) => (at, at + len),
                First::Partial(at) => (at, at),
                First::None => (tail.len(), tail.len()),
            };
            self.follow(tail.get(at..begin).unwrap_or_default());
            match first {
                First::Close(..) => self.close(),
                First::Open(..) => self.tags_are_text = true,
                // The end may yet become a tag.
                First::Partial(_) | First::None => {
                    tail.get(begin..).unwrap_or_default().clone_into(&mut self.tail);
                    return;
                }
            }
            self.follow(tail.get(begin..end).unwrap_or_default());
            at = end;
        }
    }

    fn close(&mut self) {
        self.count = self.count.saturating_add(1);
        if self.tags_are_text {
            return;
        }
        if !self.code.holds_next() {
            self.shows_reasoning = true;
        } else if !self.code.is_fence() {
            self.in_span = true;
        }
    }

    fn follow(&mut self, text: &str) {
        for byte in text.bytes() {
            if byte == b'\n' {
                self.end_line();
            }
            self.code.see(byte);
        }
    }

    /// A span that did not end on its line was none: a stray mark stood there.
    pub(super) fn end_line(&mut self) {
        let in_span = std::mem::take(&mut self.in_span);
        self.shows_reasoning |= in_span && self.code.is_span();
    }
}
