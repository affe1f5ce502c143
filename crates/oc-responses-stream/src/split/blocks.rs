//! Blocks between an opening and a closing tag.

use super::tags::{self, First, Opening, Tag};
use super::{
    ImplicitOpen, MOST_BLANK, MOST_NESTED, ReasoningSplitter, State, TextPiece, bare, harmony,
};
use harmony::Begins;

impl ReasoningSplitter {
    pub(super) fn start(&mut self, out: &mut Vec<TextPiece>) -> bool {
        let unknown = self.held.get(self.blank..).unwrap_or_default();
        let blank = self.held.len() - unknown.trim_start_matches(tags::is_blank).len();
        self.blank = 0;
        if blank > MOST_BLANK {
            self.state = State::Text;
            return true;
        }
        let rest = self.held.get(blank..).unwrap_or_default();
        let opening = tags::opening(rest);
        let bare = bare::begins(rest, self.options.bare_harmony);
        let response = tags::opens(rest, &tags::RESPONSE);
        match (opening, harmony::begins(rest)) {
            (Opening::Is(tag, len), _) => {
                let is_empty = rest.get(..len).is_some_and(|tag| tag.ends_with("/>"));
                let markup = self.take(blank + len);
                out.push(TextPiece::Markup(markup));
                self.began = true;
                if !is_empty {
                    self.depth = 1;
                    self.state = State::Reasoning(tag);
                }
            }
            (_, Begins::Header) => {
                let markup = self.take(blank);
                if !markup.is_empty() {
                    out.push(TextPiece::Markup(markup));
                }
                self.state = State::Header;
            }
            _ if let Opening::Is(_, len) = response => {
                let markup = self.take(blank + len);
                out.push(TextPiece::Markup(markup));
                self.began = true;
                self.state = State::Response;
            }
            (Opening::MayBe, _) | (_, Begins::MayBe) => {
                self.blank = blank;
                return false;
            }
            _ if bare == bare::Begins::Yes && self.options.bare_harmony => self.begin_bare(out),
            _ if bare == bare::Begins::Yes && self.options.implicit_open == ImplicitOpen::Off => {
                self.state = State::Unproved { searched: 0 };
            }
            _ if response == Opening::MayBe || bare == bare::Begins::MayBe => {
                self.blank = blank;
                return false;
            }
            (Opening::No, Begins::No) => match self.options.implicit_open {
                ImplicitOpen::Hold { max } if !self.began => self.hold(max),
                _ => self.state = State::Text,
            },
        }
        true
    }

    pub(super) fn reasoning(&mut self, tag: &'static Tag, out: &mut Vec<TextPiece>) -> bool {
        let (thought, close) = match tags::first_of(&self.held, 0, tag) {
            First::Close(at, len) => (at, Some(len)),
            First::Open(at, len) => {
                self.depth = self.depth.saturating_add(1);
                (at + len, None)
            }
            First::Partial(at) => (at, None),
            First::None => (self.held.len(), None),
        };
        let is_done = thought == 0 && close.is_none();
        let thought = self.take(thought);
        if !thought.is_empty() {
            out.push(TextPiece::Reasoning(thought));
        }
        if let Some(len) = close {
            self.close(len, out);
        }
        !is_done
    }

    pub(super) fn close(&mut self, len: usize, out: &mut Vec<TextPiece>) {
        let close = self.take(len);
        out.push(TextPiece::Markup(close));
        self.began = true;
        self.strays.thought();
        self.depth = self.depth.saturating_sub(1);
        self.state = State::Closed { line_ends: 2 };
    }

    pub(super) fn closed(&mut self, line_ends: u8, out: &mut Vec<TextPiece>) -> bool {
        match self.line_end() {
            Some(len) if line_ends > 0 => {
                let markup = self.take(len);
                out.push(TextPiece::Markup(markup));
                self.state = State::Closed { line_ends: line_ends - 1 };
            }
            None if line_ends > 0 && *self.held == *"\r" => return false,
            _ if self.depth > 0 => self.hold(MOST_NESTED),
            _ => self.state = State::Start,
        }
        true
    }

    pub(super) fn response(&mut self, out: &mut Vec<TextPiece>) -> bool {
        let close = tags::RESPONSE.close;
        let end = self.held.find(close);
        let length = end.unwrap_or(self.held.len() - tags::partial_suffix(&self.held, close));
        let text = self.take(length);
        // What comes behind the mark stands on the same line.
        text.bytes().for_each(|byte| self.code.see(byte));
        self.text(text, out);
        if end.is_some() {
            let markup = self.take(close.len());
            out.push(TextPiece::Markup(markup));
            self.state = State::Text;
        }
        end.is_some()
    }

    /// Text, up to a block of reasoning outside of code.
    pub(super) fn find_block(&mut self, out: &mut Vec<TextPiece>) -> bool {
        let mut at = 0;
        while let Some(&byte) = self.held.as_bytes().get(at) {
            if tags::may_begin(byte) && !self.code.is_fence() {
                let rest = self.held.get(at..).unwrap_or_default();
                match tags::opening(rest) {
                    Opening::No => {}
                    Opening::Is(..) if self.code.is_span() && self.code.ends_span(rest) => {}
                    Opening::Is(tag, len) if !self.code.is_span() || self.code.ends_line(rest) => {
                        let text = self.take(at);
                        self.text(text, out);
                        self.open_block(tag, len, out);
                        return true;
                    }
                    Opening::MayBe | Opening::Is(..) => {
                        let text = self.take(at);
                        self.text(text, out);
                        return false;
                    }
                }
            }
            self.code.see(byte);
            at += 1;
        }
        let text = self.held.take_all();
        self.text(text, out);
        false
    }

    /// Where text is held back for a tag in what seems to be a code span, and the
    /// text ends, the span is none, unless its marks are the last there is.
    pub(super) fn settle_span(&mut self, out: &mut Vec<TextPiece>) -> bool {
        let Opening::Is(tag, len) = tags::opening(&self.held) else { return false };
        if self.code.ends_span_at_last(&self.held) {
            return false;
        }
        self.open_block(tag, len, out);
        true
    }

    fn open_block(&mut self, tag: &'static Tag, len: usize, out: &mut Vec<TextPiece>) {
        let markup = self.take(len);
        out.push(TextPiece::Markup(markup));
        self.code.drop_span();
        self.depth = 1;
        self.state = State::Reasoning(tag);
    }

    fn line_end(&self) -> Option<usize> {
        if self.held.starts_with("\r\n") {
            Some(2)
        } else {
            self.held.starts_with('\n').then_some(1)
        }
    }
}
