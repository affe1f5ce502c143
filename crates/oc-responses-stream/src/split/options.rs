//! What a model's profile may say of its reasoning.

/// How reasoning stands inside a model's text. The default is safe for a model
/// of which nothing is known.
///
/// ```
/// use oc_responses_stream::{Blocks, ImplicitOpen, SplitOptions};
///
/// // MiniMax M2 thinks between its paragraphs; the template opens the first block.
/// let profile = SplitOptions::default()
///     .with_blocks(Blocks::Anywhere)
///     .with_implicit_open(ImplicitOpen::Hold { max: 16 << 10 });
/// # let _ = profile;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SplitOptions {
    /// Where a block of reasoning may begin.
    pub blocks: Blocks,
    /// Whether a block may begin without a tag.
    pub implicit_open: ImplicitOpen,
    /// What to do where reasoning was shown before that was known.
    pub stray_close: StrayClose,
    /// What to do where everything was reasoning.
    pub empty_final: EmptyFinal,
    /// Whether harmony comes without its special tokens: `analysisWe need …
    /// assistantfinalFour.` Then a text that begins with the word "analysis" is a
    /// thought from there on. By default it is one only if a capital letter follows at
    /// once and a second message proves it, until which the text is held back.
    pub bare_harmony: bool,
}

/// Where a block of reasoning may begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blocks {
    /// Only at the start of a part's text, after white space or another block.
    #[default]
    AtStart,
    /// Anywhere but inside code spans and fences (MiniMax M2).
    Anywhere,
}

/// Whether a block of reasoning may begin without an opening tag, because the
/// chat template wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImplicitOpen {
    /// No. A closing tag by itself stays in the text and is reported.
    #[default]
    Off,
    /// Text is held back until a closing tag comes (then it was reasoning), an
    /// opening one, the end, or more than `max` bytes (then it was text).
    Hold {
        /// The most that is held back, in bytes.
        max: usize,
    },
}

/// What to do when a closing tag shows that the text before it was reasoning,
/// given out already: `I should … </think>Four.` Tags in code, in a text that named
/// an opening one before, and behind reasoning that came as such (in a field, or
/// between tags) are an answer's subject and never count. A code span ends on its
/// line, or else is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StrayClose {
    /// Leave it so, and [say](crate::SplitDeltas::stray_closes) so.
    #[default]
    Report,
    /// End in [`Delta::Error`](crate::Delta::Error) with code `reasoning_in_text`,
    /// so that nobody takes it for the answer. What `oc-providers` chooses.
    Error,
}

/// What to do when an answer is whole, says nothing and calls nothing, because
/// all of it was reasoning: marked so inside its text, or told as such by a server
/// that found no end of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmptyFinal {
    /// Leave it so, and [say](crate::SplitDeltas::is_empty_final) so.
    #[default]
    Report,
    /// End in [`Delta::Error`](crate::Delta::Error) with code `empty_final`.
    Error,
    /// Say the reasoning again, as text; it is kept in memory for that. Where there
    /// is nothing but a summary of it, which is nobody's answer, as `Error`.
    Promote,
}

impl SplitOptions {
    /// The same with other places for blocks.
    #[must_use]
    pub fn with_blocks(mut self, blocks: Blocks) -> Self {
        self.blocks = blocks;
        self
    }

    /// The same with another answer to a missing opening tag.
    #[must_use]
    pub fn with_implicit_open(mut self, implicit_open: ImplicitOpen) -> Self {
        self.implicit_open = implicit_open;
        self
    }

    /// The same with another answer to a closing tag alone.
    #[must_use]
    pub fn with_stray_close(mut self, stray_close: StrayClose) -> Self {
        self.stray_close = stray_close;
        self
    }

    /// The same with another answer to an empty text.
    #[must_use]
    pub fn with_empty_final(mut self, empty_final: EmptyFinal) -> Self {
        self.empty_final = empty_final;
        self
    }

    /// The same where harmony is known to lose its tokens, or is not.
    #[must_use]
    pub fn with_bare_harmony(mut self, bare_harmony: bool) -> Self {
        self.bare_harmony = bare_harmony;
        self
    }
}
