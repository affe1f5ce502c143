//! Reasoning out of inline text.
//!
//! Servers without a reasoning parser hand on what the model wrote:
//! `<think>…</think>` and then the answer. [`ReasoningSplitter`] takes one text
//! apart, [`SplitDeltas`] does so within a stream of deltas; [`SplitOptions`]
//! say what is known of the model.
//!
//! By default a tag is honoured only at the start of a message's text (white
//! space may come before it): later it may be the answer's own subject. A block
//! that is never closed stays reasoning to the end, since to show it would be
//! the worse mistake. A closing tag without an opening one is left in the text
//! and counted ([`ReasoningSplitter::stray_closes`]): what came before it has
//! been given out already, unless a profile had it held back.

mod code;
mod deltas;
mod harmony;
mod options;
mod tags;

pub use deltas::SplitDeltas;
pub use options::{Blocks, EmptyFinal, ImplicitOpen, SplitOptions};

use code::Code;
use harmony::{Begins, Body};
use tags::{First, LONGEST, Opening, TAGS, Tag};

/// More white space than this before a tag, in bytes, and it is text: what is
/// held back is looked at again with every piece, so it must stay short.
const MOST_BLANK: usize = 1024;

/// Takes one text apart into reasoning and what may be shown.
///
/// The laws, whatever the cut of the input: the pieces joined are the input,
/// and joined per kind they do not depend on the cut. At most one tag's length
/// is held back, unless [`ImplicitOpen::Hold`] says otherwise.
///
/// ```
/// use oc_responses_stream::{ReasoningSplitter, TextPiece};
///
/// let mut splitter = ReasoningSplitter::new();
/// let mut pieces = Vec::new();
/// for cut in ["<th", "ink>Let me see.</thi", "nk>\n\nForty", "-two."] {
///     splitter.push(cut, &mut pieces);
/// }
/// splitter.finish(&mut pieces);
/// let shown: String = pieces.iter().filter_map(TextPiece::shown).collect();
/// assert_eq!(shown, "Forty-two.");
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReasoningSplitter {
    options: SplitOptions,
    state: State,
    /// Input that cannot be judged yet.
    held: String,
    /// How much of it is known to hold no tag ([`State::Implicit`]).
    searched: usize,
    code: Code,
    calls: u32,
    /// The end of the text given out, as far as a stray tag could reach back.
    tail: String,
    stray_closes: u32,
}

/// A piece of text, told apart by [`ReasoningSplitter`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextPiece {
    /// May be shown.
    Text(String),
    /// Reasoning.
    Reasoning(String),
    /// A tag, or white space around it: neither.
    Markup(String),
    /// May be shown as it comes, and is no part of the answer (harmony's
    /// commentary channel).
    Commentary(String),
    /// A piece of a tool call's arguments (harmony). The first piece of a call
    /// may be empty.
    Call {
        /// Which call of this text, from 0.
        number: u32,
        /// The function's name.
        name: String,
        /// JSON text, cut anywhere.
        arguments: String,
    },
}

impl TextPiece {
    /// The text, if it may be shown.
    pub fn shown(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, whatever it is.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text)
            | Self::Reasoning(text)
            | Self::Markup(text)
            | Self::Commentary(text)
            | Self::Call { arguments: text, .. } => text,
        }
    }
}

#[derive(Clone, Debug, Default)]
enum State {
    /// Only white space, or part of a tag, so far.
    #[default]
    Start,
    /// Held back: a closing tag would make it reasoning.
    Implicit { max: usize },
    /// Within a block.
    Reasoning(&'static Tag),
    /// Within a header of harmony.
    Header,
    /// Within a message of harmony.
    Message(Body),
    /// After a message of harmony.
    Between,
    /// After a block: up to this many line ends belong to the markup.
    Closed { line_ends: u8 },
    /// Everything else is text.
    Text,
}

impl ReasoningSplitter {
    /// At the start of a message's text, of a model of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same for a model with this profile.
    pub fn with_options(options: SplitOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Whether whatever comes is text, so that nothing need be taken apart.
    pub fn is_plain(&self) -> bool {
        matches!(self.state, State::Text) && self.options.blocks == Blocks::AtStart
    }

    /// Whether text without any beginning of a tag comes out as it goes in.
    pub(crate) fn passes_untagged(&self) -> bool {
        self.is_plain() && self.tail.is_empty()
    }

    /// Whether the text so far ends within a block of reasoning.
    pub fn in_reasoning(&self) -> bool {
        matches!(self.state, State::Reasoning(_) | State::Message(Body::Reasoning))
    }

    /// Closing tags that no opening tag came before. They are left in the text;
    /// more than none means that reasoning may have been shown (a chat template
    /// that opens the block itself).
    pub fn stray_closes(&self) -> u32 {
        self.stray_closes
    }

    /// Takes the next piece of the text and appends what can be told of it.
    pub fn push(&mut self, text: &str, out: &mut Vec<TextPiece>) {
        if self.is_plain() {
            return self.text(text.to_owned(), out);
        }
        self.held.push_str(text);
        while !self.held.is_empty() && self.step(out) {}
    }

    /// The text ended: what was held back is given out.
    pub fn finish(&mut self, out: &mut Vec<TextPiece>) {
        if matches!(self.state, State::Implicit { .. }) {
            self.state = State::Text;
            while !self.held.is_empty() && self.step(out) {}
        }
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return;
        }
        match &self.state {
            State::Reasoning(_) => out.push(TextPiece::Reasoning(held)),
            State::Message(body) => {
                let piece = self.of_body(&body.clone(), held);
                self.message(piece, out);
            }
            State::Closed { .. } | State::Header => out.push(TextPiece::Markup(held)),
            State::Start | State::Implicit { .. } | State::Between | State::Text => {
                self.text(held, out);
            }
        }
    }

    /// Judges as much of `held` as one state allows; `false`: wait for more.
    fn step(&mut self, out: &mut Vec<TextPiece>) -> bool {
        match &self.state {
            State::Start => self.start(out),
            State::Implicit { max } => self.implicit(*max, out),
            State::Reasoning(tag) => self.reasoning(tag, out),
            State::Closed { line_ends } => self.closed(*line_ends, out),
            State::Header => self.header(out),
            State::Message(body) => {
                let body = body.clone();
                self.body(&body, out)
            }
            State::Between => self.between(out),
            State::Text if self.options.blocks == Blocks::Anywhere => self.find_block(out),
            State::Text => {
                let text = std::mem::take(&mut self.held);
                self.text(text, out);
                true
            }
        }
    }

    fn start(&mut self, out: &mut Vec<TextPiece>) -> bool {
        let blank = self.held.len() - self.held.trim_start().len();
        let rest = self.held.get(blank..).unwrap_or_default();
        if blank > MOST_BLANK {
            self.state = State::Text;
            return true;
        }
        let bare = self.options.bare_harmony.then_some(&tags::BARE_HARMONY);
        let opening = match tags::opening(rest) {
            Opening::No if bare.is_some_and(|tag| rest.starts_with(tag.open)) => {
                Opening::Is(&tags::BARE_HARMONY)
            }
            Opening::No if bare.is_some_and(|tag| tag.open.starts_with(rest)) => Opening::MayBe,
            opening => opening,
        };
        match (opening, harmony::begins(rest)) {
            (Opening::Is(tag), _) => {
                let markup = self.take(blank + tag.open.len());
                out.push(TextPiece::Markup(markup));
                self.state = State::Reasoning(tag);
            }
            (_, Begins::Header) => {
                let markup = self.take(blank);
                if !markup.is_empty() {
                    out.push(TextPiece::Markup(markup));
                }
                self.state = State::Header;
            }
            (Opening::MayBe, _) | (_, Begins::MayBe) => return false,
            (Opening::No, Begins::No) => {
                self.state = match self.options.implicit_open {
                    ImplicitOpen::Off => State::Text,
                    ImplicitOpen::Hold { max } => State::Implicit { max },
                }
            }
        }
        true
    }

    fn implicit(&mut self, max: usize, out: &mut Vec<TextPiece>) -> bool {
        // A tag that was cut begins no earlier than its length before the end.
        let from = self.held.floor_char_boundary(self.searched.saturating_sub(LONGEST));
        match tags::first(self.held.get(from..).unwrap_or_default()) {
            First::Close(at, tag) if from + at <= max => {
                let thought = self.take(from + at);
                if !thought.is_empty() {
                    out.push(TextPiece::Reasoning(thought));
                }
                self.close(tag, out);
            }
            First::Neither if self.held.len() < max.saturating_add(LONGEST) => {
                self.searched = self.held.len();
                return false;
            }
            First::Close(..) | First::Open | First::Neither => self.state = State::Text,
        }
        self.searched = 0;
        true
    }

    fn reasoning(&mut self, tag: &'static Tag, out: &mut Vec<TextPiece>) -> bool {
        let Some(at) = self.held.find(tag.close) else {
            let keep = tags::partial_suffix(&self.held, tag.close);
            let thought = self.take(self.held.len() - keep);
            if !thought.is_empty() {
                out.push(TextPiece::Reasoning(thought));
            }
            return false;
        };
        let thought = self.take(at);
        if !thought.is_empty() {
            out.push(TextPiece::Reasoning(thought));
        }
        self.close(tag, out);
        true
    }

    fn close(&mut self, tag: &'static Tag, out: &mut Vec<TextPiece>) {
        let close = self.take(tag.close.len());
        out.push(TextPiece::Markup(close));
        self.state = State::Closed { line_ends: 2 };
    }

    fn closed(&mut self, line_ends: u8, out: &mut Vec<TextPiece>) -> bool {
        match self.line_end() {
            Some(len) if line_ends > 0 => {
                let markup = self.take(len);
                out.push(TextPiece::Markup(markup));
                self.state = State::Closed { line_ends: line_ends - 1 };
            }
            None if line_ends > 0 && self.held == "\r" => return false,
            _ => self.state = State::Text,
        }
        true
    }

    fn header(&mut self, out: &mut Vec<TextPiece>) -> bool {
        match self.held.find(harmony::MESSAGE) {
            Some(at) if at <= harmony::LONGEST_HEADER => {
                let body = harmony::body(self.held.get(..at).unwrap_or_default());
                let markup = self.take(at + harmony::MESSAGE.len());
                out.push(TextPiece::Markup(markup));
                if matches!(body, Body::Call(_)) {
                    self.calls = self.calls.saturating_add(1);
                    out.push(self.of_body(&body, String::new()));
                }
                self.state = State::Message(body);
            }
            None if self.held.len() < harmony::LONGEST_HEADER + harmony::MESSAGE.len() => {
                return false;
            }
            _ => self.state = State::Text,
        }
        true
    }

    fn body(&mut self, body: &Body, out: &mut Vec<TextPiece>) -> bool {
        let end = harmony::end(&self.held);
        let length = match end {
            Some((at, _)) => at,
            None => self.held.len() - harmony::partial_end(&self.held),
        };
        let said = self.take(length);
        if !said.is_empty() {
            let piece = self.of_body(body, said);
            self.message(piece, out);
        }
        let Some((_, token)) = end else { return false };
        if token > 0 {
            let markup = self.take(token);
            out.push(TextPiece::Markup(markup));
        }
        self.state = State::Between;
        true
    }

    fn between(&mut self, out: &mut Vec<TextPiece>) -> bool {
        let blank = self.held.len() - self.held.trim_start().len();
        if blank > 0 {
            let markup = self.take(blank);
            out.push(TextPiece::Markup(markup));
            return true;
        }
        match harmony::begins(&self.held) {
            Begins::MayBe => return false,
            Begins::Header => self.state = State::Header,
            Begins::No => self.state = State::Text,
        }
        true
    }

    fn of_body(&self, body: &Body, text: String) -> TextPiece {
        match body {
            Body::Reasoning => TextPiece::Reasoning(text),
            Body::Commentary => TextPiece::Commentary(text),
            Body::Final => TextPiece::Text(text),
            Body::Call(name) => TextPiece::Call {
                number: self.calls.saturating_sub(1),
                name: name.clone(),
                arguments: text,
            },
        }
    }

    fn message(&mut self, piece: TextPiece, out: &mut Vec<TextPiece>) {
        match piece {
            TextPiece::Text(text) => self.text(text, out),
            piece => out.push(piece),
        }
    }

    /// Text, up to a block of reasoning outside of code.
    fn find_block(&mut self, out: &mut Vec<TextPiece>) -> bool {
        let mut at = 0;
        while let Some(&byte) = self.held.as_bytes().get(at) {
            if tags::may_begin(byte) && !self.code.holds_next() {
                match tags::opening(self.held.get(at..).unwrap_or_default()) {
                    Opening::No => {}
                    Opening::MayBe => {
                        let text = self.take(at);
                        self.text(text, out);
                        return false;
                    }
                    Opening::Is(tag) => {
                        let text = self.take(at);
                        self.text(text, out);
                        let markup = self.take(tag.open.len());
                        out.push(TextPiece::Markup(markup));
                        self.state = State::Reasoning(tag);
                        return true;
                    }
                }
            }
            self.code.see(byte);
            at += 1;
        }
        let text = std::mem::take(&mut self.held);
        self.text(text, out);
        false
    }

    fn line_end(&self) -> Option<usize> {
        if self.held.starts_with("\r\n") {
            Some(2)
        } else {
            self.held.starts_with('\n').then_some(1)
        }
    }

    fn take(&mut self, len: usize) -> String {
        let rest = self.held.split_off(len.min(self.held.len()));
        std::mem::replace(&mut self.held, rest)
    }

    fn text(&mut self, text: String, out: &mut Vec<TextPiece>) {
        if text.is_empty() {
            return;
        }
        self.observe(&text);
        out.push(TextPiece::Text(text));
    }

    /// Counts the stray closing tags of text that is given out.
    fn observe(&mut self, text: &str) {
        if self.tail.is_empty() && !tags::may_hold(text.as_bytes()) {
            return;
        }
        self.tail.push_str(text);
        for tag in TAGS {
            let found = self.tail.matches(tag.close).count();
            self.stray_closes =
                self.stray_closes.saturating_add(u32::try_from(found).unwrap_or(u32::MAX));
        }
        // The end may yet become a tag: as much of it as is the start of one.
        let keep = TAGS.iter().map(|tag| tags::partial_suffix(&self.tail, tag.close)).max();
        let keep = self.tail.len() - keep.unwrap_or_default();
        self.tail.drain(..keep);
    }
}

#[cfg(test)]
mod tests;
