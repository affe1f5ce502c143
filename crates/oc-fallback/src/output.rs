//! What a chain's stream yields.

use crate::{
    error::{Exhausted, Failure},
    ledger::{AttemptId, Ledger},
    reason::Reason,
};

/// One item of a [`crate::ChainStream`].
///
/// ```text
/// (Tentative* Replaced)*  Tentative*  Committed  Event+  ( Done | Failed )
/// (Tentative* Replaced)*  Exhausted
/// ```
///
/// `Replaced` comes only after a `Tentative`. The very first item decides an
/// HTTP head: [`Output::Exhausted`] is an error status, anything else is
/// success.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output<E> {
    /// An event of an attempt that has not committed, shown because it was held
    /// for long enough. Where the attempt commits it is part of the answer,
    /// where it fails [`Output::Replaced`] follows.
    Tentative(E),
    /// The attempt whose events were shown as tentative has failed: close what
    /// was opened for it as incomplete. Another attempt, or the end, follows.
    Replaced {
        /// The attempt.
        attempt: AttemptId,
        /// Why it failed.
        reason: Reason,
    },
    /// From here on, this attempt is the answer. What was held back follows.
    Committed {
        /// The attempt.
        attempt: AttemptId,
        /// The candidate's place in the chain, from 0.
        target: usize,
    },
    /// An event of the answer.
    Event(E),
    /// The committed attempt failed; tell it in-band. The last item.
    Failed(Failure),
    /// No candidate gave an answer. The last item.
    Exhausted(Exhausted),
    /// The answer is whole. The last item.
    Done(Ledger),
}
