//! What can break while a stream is read.

use std::fmt;

/// Why an answer could not be read to its end.
///
/// Opaque: ask [`kind`](Self::kind) or a predicate. It never holds a piece of
/// the stream, so it can be logged. It is `Clone` because a parser that failed
/// repeats its failure on every later call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct StreamError {
    kind: StreamErrorKind,
    what: What,
}

/// Where it broke. See [`StreamError::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamErrorKind {
    /// The bytes ended before the wire's own terminal event.
    Cut,
    /// One event is larger than [`Limits::frame_bytes`](crate::Limits::frame_bytes).
    FrameTooLarge,
    /// The whole answer is larger than [`Limits::stream_bytes`](crate::Limits::stream_bytes).
    StreamTooLarge,
    /// One item's text is larger than [`Limits::item_bytes`](crate::Limits::item_bytes).
    ItemTooLarge,
    /// All reasoning is larger than [`Limits::reasoning_bytes`](crate::Limits::reasoning_bytes).
    ReasoningTooLarge,
    /// The body is no event stream and no answer either (an HTML page, plain text).
    NotAStream,
    /// An event that looks like JSON and is not.
    Corrupt,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Text(&'static str),
    Limit { text: &'static str, bytes: usize },
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Limit { text, bytes } => write!(f, "{text} {bytes} bytes"),
        }
    }
}

impl StreamError {
    /// Where it broke.
    pub fn kind(&self) -> StreamErrorKind {
        self.kind
    }

    /// The stream ended without its own end: what came may be half an answer.
    pub fn is_cut(&self) -> bool {
        self.kind == StreamErrorKind::Cut
    }

    /// A size limit was met: one event's, one item's, the reasoning's or the stream's.
    pub fn is_too_large(&self) -> bool {
        matches!(
            self.kind,
            StreamErrorKind::FrameTooLarge
                | StreamErrorKind::StreamTooLarge
                | StreamErrorKind::ItemTooLarge
                | StreamErrorKind::ReasoningTooLarge
        )
    }

    /// The body is something else than an answer.
    pub fn is_not_a_stream(&self) -> bool {
        self.kind == StreamErrorKind::NotAStream
    }

    /// An event was damaged.
    pub fn is_corrupt(&self) -> bool {
        self.kind == StreamErrorKind::Corrupt
    }

    /// The stream ended too early. For authors of [`Interpret`](crate::Interpret)ers.
    pub fn cut() -> Self {
        Self::text(StreamErrorKind::Cut, "stream ended before its terminal event")
    }

    /// An event or body cannot be read. For authors of [`Interpret`](crate::Interpret)ers.
    pub fn corrupt(what: &'static str) -> Self {
        Self::text(StreamErrorKind::Corrupt, what)
    }

    /// The body is not an answer. For authors of [`Interpret`](crate::Interpret)ers.
    pub fn not_a_stream(what: &'static str) -> Self {
        Self::text(StreamErrorKind::NotAStream, what)
    }

    pub(crate) fn frame_too_large(limit: usize) -> Self {
        Self::limit(StreamErrorKind::FrameTooLarge, "one event is larger than the limit of", limit)
    }

    pub(crate) fn stream_too_large(limit: usize) -> Self {
        Self::limit(StreamErrorKind::StreamTooLarge, "answer is larger than the limit of", limit)
    }

    pub(crate) fn item_too_large(limit: usize) -> Self {
        Self::limit(StreamErrorKind::ItemTooLarge, "one item is larger than the limit of", limit)
    }

    pub(crate) fn reasoning_too_large(limit: usize) -> Self {
        let text = "reasoning is larger than the limit of";
        Self::limit(StreamErrorKind::ReasoningTooLarge, text, limit)
    }

    fn text(kind: StreamErrorKind, text: &'static str) -> Self {
        Self { kind, what: What::Text(text) }
    }

    fn limit(kind: StreamErrorKind, text: &'static str, bytes: usize) -> Self {
        Self { kind, what: What::Limit { text, bytes } }
    }
}
