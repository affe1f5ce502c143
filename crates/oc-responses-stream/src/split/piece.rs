//! What a text is taken apart into.

/// A piece of text, told apart by [`ReasoningSplitter`](crate::ReasoningSplitter).
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
