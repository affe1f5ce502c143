//! Reasoning out of inline text.
//!
//! Servers without a reasoning parser hand on what the model wrote:
//! `<think>…</think>` and then the answer. [`ReasoningSplitter`] takes one text
//! apart, [`SplitDeltas`] does so within a stream of deltas; [`SplitOptions`]
//! say what is known of the model.
//!
//! By default a tag is honoured only at the start of a part's text (white space
//! and other blocks may come before it): later it may be the answer's own
//! subject. A block that is never closed stays reasoning to the end, since to
//! show it would be the worse mistake. Where a block opens within a block, what
//! comes after the inner one's end is held back until it is known. A closing tag
//! without an opening one is left in the text and counted
//! ([`ReasoningSplitter::stray_closes`]): what came before it has been given out
//! already, unless a profile had it held back. See [`StrayClose`].

mod code;
mod deltas;
mod harmony;
mod held;
mod options;
mod tags;

pub use deltas::SplitDeltas;
pub use options::{Blocks, EmptyFinal, ImplicitOpen, SplitOptions, StrayClose};

use code::Code;
use harmony::{Begins, Body};
use held::Held;
use tags::{First, LONGEST, Opening, Tag};

/// More white space than this before a tag, in bytes, and it is text: it is held
/// back until it is known.
const MOST_BLANK: usize = 64 << 10;

/// The most that is held back after a block within a block, in bytes.
const MOST_NESTED: usize = 64 << 10;

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
    held: Held,
    /// How much of it is known to hold no tag ([`State::Implicit`]), or to be
    /// white space ([`State::Start`]).
    searched: usize,
    /// Blocks that opened and did not close.
    depth: u32,
    /// A block, or text, came.
    began: bool,
    code: Code,
    /// Where code is in what is held back ([`State::Implicit`]), up to `searched`.
    held_code: Code,
    /// A closing tag in that code: where, and how long. It closes after all if
    /// the code never ends, for then a stray mark made it seem code.
    close_in_code: Option<(usize, usize)>,
    calls: u32,
    /// The end of the text given out, as far as a stray tag could reach back.
    tail: String,
    stray_closes: u32,
    /// Text so far has an odd number of backticks: it ends within code.
    in_code: bool,
    /// It has an odd number of `~~~`: it ends within a fence.
    in_tildes: bool,
    /// How many tildes it ends with, up to three.
    tildes: u8,
    /// An opening tag was text: the answer speaks of tags.
    speaks_of_tags: bool,
    shows_reasoning: bool,
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
    /// Between the marks that Command A has around its answer: text.
    Response,
    /// Everything else is text.
    Text,
}

/// Whether a block of reasoning begins with `text`, or may, when more comes.
pub(crate) fn may_open_block(text: &str) -> bool {
    let rest = text.trim_start_matches(tags::is_blank);
    let may_open = || tags::opening(rest) != Opening::No || harmony::begins(rest) != Begins::No;
    !rest.is_empty() && may_open()
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
        let is_text = self.is_plain() || matches!(self.state, State::Response);
        is_text && self.tail.is_empty() && self.held.is_empty() && self.tildes == 0
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

    /// Whether the text so far seems to be reasoning that had no opening tag: a
    /// stray closing tag came outside of code, in a text that named no opening one.
    pub fn shows_reasoning(&self) -> bool {
        self.shows_reasoning
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
        self.cut(out);
        let held = self.held.take_all();
        if held.is_empty() {
            return;
        }
        match &self.state {
            State::Reasoning(_) => out.push(TextPiece::Reasoning(held)),
            State::Message(body) => {
                let piece = self.of_body(&body.clone(), held);
                self.message(piece, out);
            }
            State::Closed { .. } => out.push(TextPiece::Markup(held)),
            State::Header if self.began && harmony::is_header_so_far(&held) => {
                out.push(TextPiece::Markup(held));
            }
            // It talks of the tokens.
            State::Header => self.text(held, out),
            State::Start
            | State::Implicit { .. }
            | State::Between
            | State::Response
            | State::Text => self.text(held, out),
        }
    }

    /// The text was cut: what was held back for a closing tag is given out. A
    /// piece of a tag or of a header is not, for it is no beginning of the answer.
    pub(crate) fn cut(&mut self, out: &mut Vec<TextPiece>) {
        while matches!(self.state, State::Implicit { .. }) {
            self.settle_implicit(out);
            while !self.held.is_empty() && self.step(out) {}
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
            State::Response => self.response(out),
            State::Text if self.options.blocks == Blocks::Anywhere => self.find_block(out),
            State::Text => {
                let text = self.held.take_all();
                self.text(text, out);
                true
            }
        }
    }

    fn start(&mut self, out: &mut Vec<TextPiece>) -> bool {
        let unknown = self.held.get(self.searched..).unwrap_or_default();
        let blank = self.held.len() - unknown.trim_start_matches(tags::is_blank).len();
        self.searched = 0;
        if blank > MOST_BLANK {
            self.state = State::Text;
            return true;
        }
        let rest = self.held.get(blank..).unwrap_or_default();
        let bare = self.options.bare_harmony.then_some(&tags::BARE_HARMONY);
        let opening = match tags::opening(rest) {
            Opening::No if bare.is_some_and(|tag| rest.starts_with(tag.open)) => {
                Opening::Is(&tags::BARE_HARMONY, tags::BARE_HARMONY.open.len())
            }
            Opening::No if bare.is_some_and(|tag| tag.open.starts_with(rest)) => Opening::MayBe,
            opening => opening,
        };
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
                self.searched = blank;
                return false;
            }
            _ if response == Opening::MayBe => {
                self.searched = blank;
                return false;
            }
            (Opening::No, Begins::No) => match self.options.implicit_open {
                ImplicitOpen::Hold { max } if !self.began => self.hold(max),
                _ => self.state = State::Text,
            },
        }
        true
    }

    fn hold(&mut self, max: usize) {
        self.state = State::Implicit { max };
        (self.searched, self.held_code, self.close_in_code) = (0, Code::default(), None);
    }

    /// Looks for the end of a block, outside of code.
    fn implicit(&mut self, max: usize, out: &mut Vec<TextPiece>) -> bool {
        while let Some(&byte) = self.held.as_bytes().get(self.searched)
            && self.searched <= max
        {
            let at = self.searched;
            if self.close_in_code.is_some() && !code::is_mark(byte) && !self.held_code.holds_next()
            {
                self.close_in_code = None;
            }
            if tags::may_begin(byte) {
                match tags::at(&self.held, at) {
                    First::Close(at, len) if !self.held_code.holds_next() => {
                        return self.close_implicit(at, len, out);
                    }
                    First::Close(at, len) => {
                        self.close_in_code.get_or_insert((at, len));
                    }
                    First::Open(at, _) if !self.held_code.holds_next() => {
                        let is_next = self.depth > 0 && self.is_blank_until(at);
                        self.searched = 0;
                        self.state = if is_next { State::Start } else { State::Text };
                        return true;
                    }
                    First::Partial(_) if self.held.len() < max.saturating_add(LONGEST) => {
                        return false;
                    }
                    First::Open(..) | First::Partial(_) | First::None => {}
                }
            }
            self.held_code.see(byte);
            self.searched = at + 1;
        }
        if self.held.len() < max.saturating_add(LONGEST) {
            return false;
        }
        self.settle_implicit(out);
        true
    }

    /// No more is held back: what was is reasoning, or text.
    fn settle_implicit(&mut self, out: &mut Vec<TextPiece>) {
        match self.close_in_code.take() {
            Some((at, len)) if self.held_code.holds_next() => {
                self.close_implicit(at, len, out);
            }
            _ => {
                self.searched = 0;
                self.state = State::Text;
            }
        }
    }

    fn close_implicit(&mut self, at: usize, len: usize, out: &mut Vec<TextPiece>) -> bool {
        let thought = self.take(at);
        if !thought.is_empty() {
            out.push(TextPiece::Reasoning(thought));
        }
        self.searched = 0;
        self.close(len, out);
        true
    }

    fn is_blank_until(&self, at: usize) -> bool {
        self.held.get(..at).is_some_and(|before| before.chars().all(tags::is_blank))
    }

    fn reasoning(&mut self, tag: &'static Tag, out: &mut Vec<TextPiece>) -> bool {
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

    fn close(&mut self, len: usize, out: &mut Vec<TextPiece>) {
        let close = self.take(len);
        out.push(TextPiece::Markup(close));
        self.began = true;
        self.depth = self.depth.saturating_sub(1);
        self.state = State::Closed { line_ends: 2 };
    }

    fn closed(&mut self, line_ends: u8, out: &mut Vec<TextPiece>) -> bool {
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

    fn header(&mut self, out: &mut Vec<TextPiece>) -> bool {
        match self.held.find(harmony::MESSAGE) {
            Some(at) if at <= harmony::LONGEST_HEADER => {
                let body = harmony::body(self.held.get(..at).unwrap_or_default());
                let markup = self.take(at + harmony::MESSAGE.len());
                out.push(TextPiece::Markup(markup));
                self.began = true;
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

    fn response(&mut self, out: &mut Vec<TextPiece>) -> bool {
        let close = tags::RESPONSE.close;
        let end = self.held.find(close);
        let length = end.unwrap_or(self.held.len() - tags::partial_suffix(&self.held, close));
        let text = self.take(length);
        self.text(text, out);
        if end.is_some() {
            let markup = self.take(close.len());
            out.push(TextPiece::Markup(markup));
            self.state = State::Text;
        }
        end.is_some()
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
                    Opening::Is(tag, len) => {
                        let text = self.take(at);
                        self.text(text, out);
                        let markup = self.take(len);
                        out.push(TextPiece::Markup(markup));
                        self.depth = 1;
                        self.state = State::Reasoning(tag);
                        return true;
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

    fn line_end(&self) -> Option<usize> {
        if self.held.starts_with("\r\n") {
            Some(2)
        } else {
            self.held.starts_with('\n').then_some(1)
        }
    }

    fn take(&mut self, len: usize) -> String {
        self.held.take(len)
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
            self.tildes = 0;
            return;
        }
        self.tail.push_str(text);
        let mut at = 0;
        loop {
            let first = tags::first(&self.tail, at);
            let end = match first {
                First::Close(at, ..) | First::Open(at, _) | First::Partial(at) => at,
                First::None => self.tail.len(),
            };
            self.follow_code(at, end);
            match first {
                First::Close(_, len) => {
                    self.stray_closes = self.stray_closes.saturating_add(1);
                    self.shows_reasoning |=
                        !self.in_code && !self.in_tildes && !self.speaks_of_tags;
                    at = end + len;
                }
                First::Open(_, len) => {
                    self.speaks_of_tags = true;
                    at = end + len;
                }
                // The end may yet become a tag.
                First::Partial(_) | First::None => {
                    self.tail.drain(..end);
                    return;
                }
            }
        }
    }

    /// Roughly what [`Code`] does in full: text that passes is seen only where it
    /// may hold a mark.
    fn follow_code(&mut self, from: usize, to: usize) {
        for &byte in self.tail.as_bytes().get(from..to).unwrap_or_default() {
            match byte {
                b'~' if !self.in_code => {
                    self.tildes = self.tildes.saturating_add(1).min(4);
                    self.in_tildes ^= self.tildes == 3;
                    continue;
                }
                b'`' => self.in_code ^= !self.in_tildes,
                _ => {}
            }
            self.tildes = 0;
        }
    }
}

#[cfg(test)]
mod tests;
