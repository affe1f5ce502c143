//! What a client got, judged by its bytes alone.

use crate::faults::THOUGHT;

/// What the client ended up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// The primary's whole answer.
    Primary,
    /// The fallback's whole answer and nothing else.
    Fallback,
    /// Nobody answered, and one was cut by its token limit before its text:
    /// that, in the dialect's own words for it.
    Incomplete,
    /// One explicit failure, after nothing or after a piece of the primary's text.
    Err,
    /// The fallback's answer, and something else.
    Dirty,
    /// The connection broke without a word.
    Abort,
    /// It ends as if it were whole, and is not.
    Silent,
    /// What an upstream said wrong was passed on.
    Raw,
    /// Nothing within the bound.
    Hang,
}

impl Class {
    /// The word of the documents.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Primary => "OK",
            Self::Fallback => "FB",
            Self::Incomplete => "INC",
            Self::Err => "ERR",
            Self::Dirty => "FB-DIRTY",
            Self::Abort => "ABORT",
            Self::Silent => "SILENT",
            Self::Raw => "RAW",
            Self::Hang => "HANG",
        }
    }
}

/// An answer as the client's dialect tells it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The body ended as HTTP wants it.
    pub(crate) is_whole: bool,
    /// How it breaks the dialect's rules, if it does.
    pub(crate) broken: Option<String>,
    /// How many answers began.
    pub(crate) openings: usize,
    pub(crate) text: String,
    pub(crate) reasoning: String,
    /// The arguments of its calls.
    pub(crate) calls: Vec<String>,
    pub(crate) end: End,
    /// The failure's text.
    pub(crate) message: String,
}

/// How an answer says that it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// It does not.
    #[default]
    Nothing,
    /// Whole.
    Complete,
    /// Cut by a limit.
    Length,
    /// With a failure.
    Failed,
}

impl Seen {
    /// The class, where the primary meant to say `primary` and to end it so, and
    /// the fallback says `fallback`.
    pub(crate) fn class(&self, (primary, end): (&str, End), fallback: &str) -> Class {
        let nothing_else = self.openings <= 1 && self.reasoning.is_empty() && self.calls.is_empty();
        let is_leak = self.text.contains(THOUGHT.trim()) || self.text.contains("<html");
        if !self.is_whole {
            return Class::Abort;
        }
        if self.broken.is_some() || is_leak {
            return Class::Raw;
        }
        match self.end {
            End::Complete if self.text == fallback && nothing_else => Class::Fallback,
            _ if self.text.contains(fallback) || self.openings > 1 => Class::Dirty,
            // A second answer's beginning would be no prefix of the first.
            End::Failed if !primary.starts_with(&self.text) || self.message.is_empty() => {
                Class::Raw
            }
            End::Failed => Class::Err,
            _ if self.end == end && self.text == primary && !primary.trim().is_empty() => {
                Class::Primary
            }
            End::Length if self.text.is_empty() && self.calls.is_empty() => Class::Incomplete,
            _ => Class::Silent,
        }
    }
}
