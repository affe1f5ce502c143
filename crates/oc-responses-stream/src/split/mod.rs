//! Reasoning out of inline text.
//!
//! Servers without a reasoning parser hand on what the model wrote:
//! `<think>…</think>` and then the answer. [`ReasoningSplitter`] takes one text
//! apart, [`SplitDeltas`] does so within a stream of deltas.
//!
//! A tag is honoured only at the start of a message's text (white space may
//! come before it): later it may be the answer's own subject. A block that is
//! never closed stays reasoning to the end, since to show it would be the worse
//! mistake. A closing tag without an opening one is left in the text and
//! counted ([`ReasoningSplitter::stray_closes`]): what came before it has been
//! given out already.

mod deltas;
mod tags;

pub use deltas::SplitDeltas;

use tags::{LONGEST_CLOSE, Opening, TAGS, Tag};

/// More white space than this before a tag, in bytes, and it is text: what is
/// held back is looked at again with every piece, so it must stay short.
const MOST_BLANK: usize = 1024;

/// Takes one text apart into reasoning and what may be shown.
///
/// The laws, whatever the cut of the input: the pieces joined are the input,
/// and joined per kind they do not depend on the cut. At most one tag's length
/// is held back.
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
    state: State,
    /// Input that cannot be judged yet.
    held: String,
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
}

impl TextPiece {
    /// The text, if it may be shown.
    pub fn shown(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Reasoning(_) | Self::Markup(_) => None,
        }
    }

    /// The text, whatever it is.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Reasoning(text) | Self::Markup(text) => text,
        }
    }
}

#[derive(Clone, Debug, Default)]
enum State {
    /// Only white space, or part of a tag, so far.
    #[default]
    Start,
    /// Within a block.
    Reasoning(&'static Tag),
    /// After a block: up to this many line ends belong to the markup.
    Closed { line_ends: u8 },
    /// Everything else is text.
    Text,
}

impl ReasoningSplitter {
    /// At the start of a message's text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether whatever comes is text, so that nothing need be taken apart.
    pub fn is_plain(&self) -> bool {
        matches!(self.state, State::Text)
    }

    /// Whether text without any beginning of a tag comes out as it goes in.
    pub(crate) fn passes_untagged(&self) -> bool {
        self.is_plain() && self.tail.is_empty()
    }

    /// Whether the text so far ends within a block of reasoning.
    pub fn in_reasoning(&self) -> bool {
        matches!(self.state, State::Reasoning(_))
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
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return;
        }
        match self.state {
            State::Reasoning(_) => out.push(TextPiece::Reasoning(held)),
            State::Closed { .. } => out.push(TextPiece::Markup(held)),
            State::Start | State::Text => self.text(held, out),
        }
    }

    /// Judges as much of `held` as one state allows; `false`: wait for more.
    fn step(&mut self, out: &mut Vec<TextPiece>) -> bool {
        match self.state {
            State::Start => {
                let blank = self.held.len() - self.held.trim_start().len();
                let rest = self.held.get(blank..).unwrap_or_default();
                match tags::opening(rest) {
                    _ if blank > MOST_BLANK => self.state = State::Text,
                    Opening::MayBe => return false,
                    Opening::No => self.state = State::Text,
                    Opening::Is(tag) => {
                        let markup = self.take(blank + tag.open.len());
                        out.push(TextPiece::Markup(markup));
                        self.state = State::Reasoning(tag);
                    }
                }
            }
            State::Reasoning(tag) => {
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
                let close = self.take(tag.close.len());
                out.push(TextPiece::Markup(close));
                self.state = State::Closed { line_ends: 2 };
            }
            State::Closed { line_ends } => match self.line_end() {
                Some(len) if line_ends > 0 => {
                    let markup = self.take(len);
                    out.push(TextPiece::Markup(markup));
                    self.state = State::Closed { line_ends: line_ends - 1 };
                }
                None if line_ends > 0 && self.held == "\r" => return false,
                _ => self.state = State::Text,
            },
            State::Text => {
                let text = std::mem::take(&mut self.held);
                self.text(text, out);
            }
        }
        true
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
        if self.tail.is_empty() && !text.contains('<') {
            return;
        }
        self.tail.push_str(text);
        for tag in TAGS {
            let found = self.tail.matches(tag.close).count();
            self.stray_closes =
                self.stray_closes.saturating_add(u32::try_from(found).unwrap_or(u32::MAX));
        }
        // From the last `<` on it may yet become a tag, unless it is too long or closed.
        let keep = self.tail.rfind('<').and_then(|at| self.tail.get(at..));
        let keep = keep.filter(|end| end.len() < LONGEST_CLOSE && !end.contains('>'));
        self.tail = keep.unwrap_or_default().to_owned();
    }
}

#[cfg(test)]
mod tests;
