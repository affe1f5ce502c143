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

mod bare;
mod blocks;
mod code;
mod deltas;
mod harmony;
mod heard;
mod held;
mod implicit;
mod messages;
mod options;
mod piece;
mod strays;
mod tags;

pub use code::MarkdownCode;
pub use deltas::SplitDeltas;
pub use options::{Blocks, EmptyFinal, ImplicitOpen, SplitOptions, StrayClose};
pub use piece::TextPiece;

use code::Plain;
use harmony::{Begins, Body};
use held::Held;
use implicit::Search;
use strays::Strays;
use tags::{Opening, Tag};

/// More white space than this before a tag, in bytes, and it is text: it is held
/// back until it is known.
const MOST_BLANK: usize = 64 << 10;

/// The most that is held back after a block within a block, in bytes.
const MOST_NESTED: usize = 64 << 10;

/// Takes one text apart into reasoning and what may be shown.
///
/// The laws, whatever the cut of the input: the pieces joined are the input,
/// and joined per kind they do not depend on the cut. At most one tag's length
/// is held back, unless [`ImplicitOpen::Hold`] says otherwise, or the text begins as
/// harmony does that lost its tokens (`analysisWe …`).
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
    /// How much of it is known to be white space ([`State::Start`]).
    blank: usize,
    /// Blocks that opened and did not close.
    depth: u32,
    /// A block, or text, came.
    began: bool,
    /// Where code is in the text, where a block may begin anywhere.
    code: MarkdownCode,
    calls: u32,
    strays: Strays,
}

#[derive(Clone, Debug, Default)]
enum State {
    /// Only white space, or part of a tag, so far.
    #[default]
    Start,
    /// Held back: a closing tag would make it reasoning.
    Implicit { max: usize, search: Search },
    /// Within a block.
    Reasoning(&'static Tag),
    /// Within a header of harmony.
    Header,
    /// Within a message of harmony.
    Message(Body),
    /// Held back, and searched so far: it may be harmony without its tokens.
    Unproved { searched: usize },
    /// Within a message of that.
    Bare(Body),
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
    let may_open = || {
        tags::opening(rest) != Opening::No
            || harmony::begins(rest) != Begins::No
            || bare::begins(rest, false) != bare::Begins::No
    };
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

    /// Whether text in which nothing [stands out](tags::sight) comes out as it
    /// goes in.
    fn passes_plain(&self) -> bool {
        let is_text = matches!(self.state, State::Text | State::Response);
        is_text && self.held.is_empty() && self.strays.is_untagged()
    }

    /// Such text came, and went past here.
    fn pass(&mut self, plain: Plain) {
        self.strays.pass(plain);
        self.code.pass(plain);
    }

    /// Whether the text so far ends within a block of reasoning.
    pub fn in_reasoning(&self) -> bool {
        matches!(
            self.state,
            State::Reasoning(_) | State::Message(Body::Reasoning) | State::Bare(Body::Reasoning)
        )
    }

    /// Closing tags that no opening tag came before. They are left in the text;
    /// more than none means that reasoning may have been shown (a chat template
    /// that opens the block itself).
    pub fn stray_closes(&self) -> u32 {
        self.strays.count()
    }

    /// Whether the text so far seems to be reasoning that had no opening tag: a
    /// stray closing tag came outside of code, in a text that named no opening one,
    /// and nothing had come as reasoning.
    pub fn shows_reasoning(&self) -> bool {
        self.strays.shows_reasoning()
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
        match &self.state {
            _ if held.is_empty() => {}
            State::Reasoning(_) => out.push(TextPiece::Reasoning(held)),
            State::Message(body) | State::Bare(body) => {
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
            | State::Unproved { .. }
            | State::Between
            | State::Response
            | State::Text => self.text(held, out),
        }
        self.strays.end_line();
    }

    /// The text was cut: what was held back for a closing tag is given out. A
    /// piece of a tag or of a header is not, for it is no beginning of the answer.
    pub(crate) fn cut(&mut self, out: &mut Vec<TextPiece>) {
        while self.settle(out) {
            while !self.held.is_empty() && self.step(out) {}
        }
    }

    /// Judges what is held back without waiting for more, where it may not be what
    /// it seems; `false`: there is nothing to judge.
    fn settle(&mut self, out: &mut Vec<TextPiece>) -> bool {
        match self.state {
            State::Implicit { .. } => {
                self.settle_implicit(out);
                true
            }
            State::Unproved { .. } => {
                self.state = State::Text;
                true
            }
            // The beginning of a word is text, whatever it might have become.
            State::Start => {
                let rest = self.held.trim_start_matches(tags::is_blank);
                let is_word = rest.starts_with(|first: char| first.is_ascii_alphabetic());
                if is_word {
                    self.state = State::Text;
                }
                is_word
            }
            State::Text => self.settle_span(out),
            _ => false,
        }
    }

    /// Judges as much of `held` as one state allows; `false`: wait for more.
    fn step(&mut self, out: &mut Vec<TextPiece>) -> bool {
        match &self.state {
            State::Start => self.start(out),
            State::Implicit { .. } => self.implicit(out),
            State::Reasoning(tag) => self.reasoning(tag, out),
            State::Closed { line_ends } => self.closed(*line_ends, out),
            State::Header => self.header(out),
            State::Message(body) => {
                let body = body.clone();
                self.body(&body, out)
            }
            State::Unproved { searched } => self.unproved(*searched, out),
            State::Bare(body) => {
                let body = body.clone();
                self.bare(&body, out)
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

    fn take(&mut self, len: usize) -> String {
        self.held.take(len)
    }

    fn text(&mut self, text: String, out: &mut Vec<TextPiece>) {
        if text.is_empty() {
            return;
        }
        self.strays.see(&text);
        out.push(TextPiece::Text(text));
    }
}

#[cfg(test)]
mod tests;
