//! Deltas read in place: what the fast path of an interpreter yields, and the
//! borrowed form in which a parser hands deltas on.

use std::ops::Range;

use serde_json::Value;

use crate::{Delta, Phase, ReasoningDelta, ReasoningKind, Slot, TextDelta, ToolCallArguments};

/// One delta that an interpreter recognised in the bytes themselves. See
/// [`Interpret::hot`](crate::Interpret::hot).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hot {
    /// How many bytes the whole event has, its blank line included.
    pub length: usize,
    /// What it says.
    pub says: HotKind,
    /// The item that it belongs to.
    pub slot: Slot,
    /// The part of that item.
    pub part: u32,
    /// Where its text is.
    pub text: HotText,
}

impl Hot {
    /// An event of `length` bytes.
    pub fn new(length: usize, says: HotKind, slot: Slot, part: u32, text: HotText) -> Self {
        Self { length, says, slot, part, text }
    }
}

/// What a [`Hot`] delta is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HotKind {
    /// [`Delta::Text`], with its message's phase.
    Text(Option<Phase>),
    /// [`Delta::Reasoning`].
    Reasoning(ReasoningKind),
    /// [`Delta::ToolCallArguments`].
    Arguments,
}

/// Where the text of a [`Hot`] delta is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HotText {
    /// In the input, at these bytes: it has no escapes.
    Input(Range<usize>),
    /// Written into the buffer that the interpreter was given: it had some.
    Written,
}

/// A [`Delta`] that is only looked at: its text stays where it was read.
///
/// See [`Parser::next_ref`](crate::Parser::next_ref).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum DeltaRef<'a> {
    /// [`Delta::Text`].
    Text(TextRef<'a>),
    /// [`Delta::Refusal`].
    Refusal(TextRef<'a>),
    /// [`Delta::Reasoning`].
    Reasoning(ReasoningRef<'a>),
    /// [`Delta::ToolCallArguments`].
    ToolCallArguments(ArgumentsRef<'a>),
    /// Every other delta.
    Other(&'a Delta),
}

/// A borrowed [`TextDelta`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TextRef<'a> {
    /// The message it belongs to.
    pub slot: Slot,
    /// The content part within that message, from 0.
    pub part: u32,
    /// The text.
    pub text: &'a str,
    /// The message's phase, where the wire has one.
    pub phase: Option<Phase>,
    /// Token log probabilities as the wire sent them.
    pub logprobs: Option<&'a Value>,
}

impl TextRef<'_> {
    /// Whether this may be shown to a person as (part of) the answer.
    pub fn is_final(&self) -> bool {
        self.phase != Some(Phase::Commentary)
    }
}

/// A borrowed [`ReasoningDelta`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReasoningRef<'a> {
    /// The reasoning item it belongs to.
    pub slot: Slot,
    /// The part within that item, from 0.
    pub part: u32,
    /// Raw or summary.
    pub kind: ReasoningKind,
    /// The text.
    pub text: &'a str,
}

/// A borrowed [`ToolCallArguments`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArgumentsRef<'a> {
    /// The call's item.
    pub slot: Slot,
    /// JSON text, cut anywhere.
    pub text: &'a str,
}

impl<'a> DeltaRef<'a> {
    /// What `hot` says, its text being `text`.
    pub(crate) fn of_hot(hot: &Hot, text: &'a str) -> Self {
        let (slot, part) = (hot.slot, hot.part);
        match hot.says {
            HotKind::Text(phase) => Self::Text(TextRef { slot, part, text, phase, logprobs: None }),
            HotKind::Reasoning(kind) => Self::Reasoning(ReasoningRef { slot, part, kind, text }),
            HotKind::Arguments => Self::ToolCallArguments(ArgumentsRef { slot, text }),
        }
    }

    /// A [`Delta`] of its own: one allocation for its text.
    pub fn to_delta(self) -> Delta {
        let own = |delta: TextRef<'_>| TextDelta {
            slot: delta.slot,
            part: delta.part,
            text: delta.text.to_owned(),
            phase: delta.phase,
            logprobs: delta.logprobs.cloned(),
        };
        match self {
            Self::Text(delta) => Delta::Text(own(delta)),
            Self::Refusal(delta) => Delta::Refusal(own(delta)),
            Self::Reasoning(ReasoningRef { slot, part, kind, text }) => {
                Delta::Reasoning(ReasoningDelta { slot, part, kind, text: text.to_owned() })
            }
            Self::ToolCallArguments(ArgumentsRef { slot, text }) => {
                Delta::ToolCallArguments(ToolCallArguments::new(slot, text))
            }
            Self::Other(delta) => delta.clone(),
        }
    }
}

impl<'a> From<&'a Delta> for DeltaRef<'a> {
    fn from(delta: &'a Delta) -> Self {
        let look = |delta: &'a TextDelta| TextRef {
            slot: delta.slot,
            part: delta.part,
            text: &delta.text,
            phase: delta.phase,
            logprobs: delta.logprobs.as_ref(),
        };
        match delta {
            Delta::Text(delta) => Self::Text(look(delta)),
            Delta::Refusal(delta) => Self::Refusal(look(delta)),
            Delta::Reasoning(delta) => Self::Reasoning(ReasoningRef {
                slot: delta.slot,
                part: delta.part,
                kind: delta.kind,
                text: &delta.text,
            }),
            Delta::ToolCallArguments(delta) => {
                Self::ToolCallArguments(ArgumentsRef { slot: delta.slot, text: &delta.text })
            }
            other => Self::Other(other),
        }
    }
}
