//! What is remembered between requests: cooldowns and retry tokens.

mod breaker;
mod memory;

use std::{
    fmt,
    time::{Duration, Instant},
};

pub use self::{
    breaker::{Breaker, BreakerState},
    memory::{MemoryStore, OpenWindow, StatedContext},
};
use crate::{reason::Reason, target::Scope};

/// What is remembered between requests. [`MemoryStore`] is the one that ships.
///
/// Both directions are synchronous and cheap: the plan calls them between two
/// events. Ends are told as durations, so that a store shared between
/// processes can be synced behind an implementation of this trait without
/// comparing clocks.
pub trait Store: Send + Sync + fmt::Debug {
    /// What is known about `scope` now. Changes nothing.
    fn view(&self, scope: &Scope, now: Instant) -> View;

    /// Takes note of what happened at `scope`.
    fn record(&self, scope: &Scope, outcome: &Outcome, now: Instant);

    /// Pays for one same-target retry at the scope's origin; `false` where it
    /// has not earned one.
    fn take_retry(&self, scope: &Scope, now: Instant) -> bool;

    /// Takes the one probe of a half-open breaker; `false` where another
    /// request has it. The plan asks for it before it starts an attempt where
    /// [`View::breaker`] is [`BreakerState::HalfOpen`], and gives it back with
    /// [`Outcome::ProbeEnded`]. A store without half-open breakers needs none.
    fn take_probe(&self, scope: &Scope, now: Instant) -> bool {
        let _ = (scope, now);
        true
    }
}

/// What a store knows about one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct View {
    /// The window that keeps it out longest, if any is open; or the probe that
    /// another request has taken, where the breaker is half-open.
    pub cooling: Option<Cooling>,
    /// Whether requests pass.
    pub breaker: BreakerState,
    /// The context window in tokens that the server itself has stated lately.
    /// It counts where it is smaller than the candidate's own.
    pub context: Option<u64>,
}

impl View {
    /// A view with its open window; open where there is one, else closed.
    #[must_use]
    pub const fn new(cooling: Option<Cooling>) -> Self {
        let breaker = match cooling {
            Some(_) => BreakerState::Open,
            None => BreakerState::Closed,
        };
        Self { cooling, breaker, context: None }
    }

    /// A breaker whose window has ended; `taken` where another request is
    /// trying it, with how long that one may still take.
    #[must_use]
    pub const fn half_open(taken: Option<Cooling>) -> Self {
        Self { cooling: taken, breaker: BreakerState::HalfOpen, context: None }
    }

    /// The same with the context window that the server has stated.
    #[must_use]
    pub const fn with_context(mut self, tokens: Option<u64>) -> Self {
        self.context = tokens;
        self
    }
}

/// An open cooldown window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cooling {
    /// What opened it.
    pub reason: Reason,
    /// How long it stays open from now.
    pub remaining: Duration,
}

impl Cooling {
    /// A window that stays open for `remaining`.
    #[must_use]
    pub const fn new(reason: Reason, remaining: Duration) -> Self {
        Self { reason, remaining }
    }
}

/// What a plan tells its store about an attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It began, and earned its origin this much of a retry.
    Started {
        /// [`crate::RetryPolicy::budget`].
        credit: f64,
    },
    /// It gave a whole answer: every window that covers it closes.
    Answered,
    /// The probe that [`Store::take_probe`] handed out is given back: the
    /// attempt has committed or ended, or its caller has left. What it found
    /// was told before, as `Answered` or `Failed`.
    ProbeEnded,
    /// Its error stated the context window that it has.
    Context {
        /// The window in tokens.
        tokens: u64,
    },
    /// It failed.
    Failed {
        /// Why.
        reason: Reason,
        /// The wait that the provider asked for.
        retry_after: Option<Duration>,
    },
}
