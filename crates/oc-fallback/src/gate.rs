//! The verdict that decides the commit, made by a function of the embedder's
//! event type: this crate does not know what an event means.

use crate::reason::Reason;

/// The gate's verdict on one event.
///
/// A gate is an `FnMut(&Event) -> Gate`, made afresh for each attempt and asked
/// for every event until it commits; afterwards it is not asked again. Where the
/// caller delivers nothing before the whole answer is there, a gate says
/// [`Gate::Meaningful`] instead of [`Gate::Commit`], and a failure after text
/// still falls back.
///
/// ```
/// use oc_fallback::{Gate, Reason};
///
/// enum Event { Ping, Reasoning(String), Text(String), End }
///
/// // Meaningful is the first non-blank text; an end before it is no answer.
/// let mut reasoned = false;
/// let mut gate = move |event: &Event| match event {
///     Event::Text(text) if !text.trim().is_empty() => Gate::Commit,
///     Event::Reasoning(_) => { reasoned = true; Gate::Hold }
///     Event::End if reasoned => Gate::Reject(Reason::ReasoningOnly),
///     Event::End => Gate::Reject(Reason::Empty),
///     Event::Ping | Event::Text(_) => Gate::Hold,
/// };
/// assert_eq!(gate(&Event::Ping), Gate::Hold);
/// assert_eq!(gate(&Event::Reasoning("hm".into())), Gate::Hold);
/// assert_eq!(gate(&Event::End), Gate::Reject(Reason::ReasoningOnly));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gate {
    /// Not meaningful yet: a role chunk, `created`, a heartbeat, reasoning.
    Hold,
    /// A sign of life and nothing else: it ends the silence, and is not kept.
    Alive,
    /// The server reports that it is getting on with loading the model or
    /// reading the prompt: the limits on silence and on the first text begin
    /// anew, the candidate's share of the deadline does not. Not kept, like
    /// [`Gate::Alive`]. A gate should say it only of a report that is further
    /// than the one before: a server that repeats itself is only alive.
    Loading,
    /// Meaningful, and still replaceable, because the caller hands the answer
    /// over in one piece at the end: held like the rest, but the limit on the
    /// first text and the candidate's share of the deadline are met. The
    /// attempt commits with [`Gate::Commit`], or when it ends in order.
    ///
    /// What is held is then the whole answer: raise
    /// [`Policy::held_bytes`](crate::Policy::held_bytes) to its size, and
    /// [`Policy::hold`](crate::Policy::hold) so that nothing is shown early.
    Meaningful,
    /// Meaningful: from here on this attempt is the answer.
    Commit,
    /// This attempt is no answer: its end came with nothing to show, say.
    Reject(Reason),
    /// The end of an answer that somebody else may better: cut by length while
    /// it still reasoned, say. The attempt fails with this reason as long as
    /// another candidate may answer; where none does, it is the answer after
    /// all. The first one of a request is kept, within the bound on what is held.
    Reserve(Reason),
}
