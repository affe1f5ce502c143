//! The trait that every wire's interpreter implements.

use std::collections::VecDeque;

use crate::{Delta, Hot, StreamError, sse};

/// One wire format, read: its frames become [`Delta`]s.
///
/// Pure: an interpreter does no IO, reads no clock, and never panics on what a
/// server sends. It is driven by [`Parser`](crate::Parser), which turns a
/// [`FrameVerdict`] into what happens next, stops after the first
/// [`Delta::Finish`] or [`Delta::Error`], and shows life
/// ([`Delta::Alive`]) for a frame that yields no delta of its own.
pub trait Interpret {
    /// Reads one frame, appends what it means to `out`, and says what it was.
    fn frame(&mut self, frame: &sse::Frame, out: &mut VecDeque<Delta>) -> FrameVerdict;

    /// Reads one event from the beginning of `input`, if that is certain to be
    /// valid and to say exactly one delta; `None` leaves it to
    /// [`frame`](Self::frame), which is always right. `input` begins with an
    /// event's first field and holds whatever has been fed beyond it. A text
    /// with escapes is written to `text`, which holds nothing of worth before.
    ///
    /// An interpreter may leave this out: it makes thousands of like events
    /// cheap, and changes nothing else.
    fn hot(&mut self, input: &[u8], text: &mut String) -> Option<Hot> {
        let (_, _) = (input, text);
        None
    }

    /// Reads the same answer as one JSON document: what a server sends that
    /// does not stream although asked to, or that answers 200 with an error.
    ///
    /// # Errors
    /// When the document is neither an answer nor an error of this wire.
    fn body(&mut self, json: &[u8], out: &mut VecDeque<Delta>) -> Result<(), StreamError>;

    /// Whether the wire's own terminal event was seen: for those who drive an
    /// interpreter themselves, and for adapters around one.
    fn ended(&self) -> bool;

    /// The input ended without a terminal event. A wire whose answers can be
    /// whole all the same (Chat: a finish reason came, `[DONE]` did not)
    /// appends their end to `out`; by default nothing is, and the answer counts
    /// as cut.
    fn end_of_input(&mut self, _out: &mut VecDeque<Delta>) {}

    /// Whether the answer is whole although the wire's own end has not come:
    /// [`end_of_input`](Self::end_of_input) would append it. Whoever has a clock
    /// need not wait long for the rest. `false` by default.
    fn is_whole(&self) -> bool {
        false
    }
}

/// What a frame was. What happens then is stated once, in
/// [`Parser`](crate::Parser).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameVerdict {
    /// Understood.
    Known,
    /// Well formed, but of no kind that we know.
    Unknown,
    /// Damaged: it looks like this wire's and cannot be read.
    Corrupt,
    /// The mark after the terminal event (`[DONE]`).
    End,
}
