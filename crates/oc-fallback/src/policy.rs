//! The settings of one request's fallback. Defaults are the gateway's.

use std::time::Duration;

/// How a chain behaves. The field docs name the gateway's settings keys.
///
/// ```
/// use std::time::Duration;
/// use oc_fallback::Policy;
///
/// let policy = Policy::default().with_total(Duration::from_secs(30));
/// assert_eq!(policy.hold, Duration::from_secs(10));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// One deadline for everything: attempts, waits, retries and the answer
    /// itself (`deadlines.total`, 600 s).
    pub total: Duration,
    /// How much of the remaining deadline one candidate may use before its
    /// first text, while another waits: 0.5. Clamped to 0..=1.
    pub share: f64,
    /// Retries of the same target (`fallback.retry`).
    pub retry: RetryPolicy,
    /// What the caller may see before the commit (`fallback.commit`).
    pub commit: Commit,
    /// How long uncommitted events are held back before they are shown as
    /// tentative (`fallback.holdReasoning`, 10 s).
    pub hold: Duration,
    /// What a refusal leads to (`fallback.refusal`).
    pub on_refusal: OnRefusal,
    /// The most that is held back per attempt, in the bytes that the weight
    /// function counts (`limits.heldBytes`, 4 MB).
    pub held_bytes: usize,
}

impl Policy {
    /// Replaces the total deadline.
    #[must_use]
    pub const fn with_total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Replaces the share of the remaining deadline.
    #[must_use]
    pub const fn with_share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Replaces the retry settings.
    #[must_use]
    pub const fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Replaces what may be seen before the commit.
    #[must_use]
    pub const fn with_commit(mut self, commit: Commit) -> Self {
        self.commit = commit;
        self
    }

    /// Replaces what a refusal leads to.
    #[must_use]
    pub const fn with_on_refusal(mut self, on_refusal: OnRefusal) -> Self {
        self.on_refusal = on_refusal;
        self
    }

    /// Replaces how long events are held back.
    #[must_use]
    pub const fn with_hold(mut self, hold: Duration) -> Self {
        self.hold = hold;
        self
    }

    /// Replaces the bound on what is held back, in bytes.
    #[must_use]
    pub const fn with_held_bytes(mut self, bytes: usize) -> Self {
        self.held_bytes = bytes;
        self
    }

    /// How long events really are held: not at all under [`Commit::FirstToken`].
    pub(crate) const fn hold_for(&self) -> Duration {
        match self.commit {
            Commit::FirstText => self.hold,
            Commit::FirstToken => Duration::ZERO,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(600),
            share: 0.5,
            retry: RetryPolicy::default(),
            commit: Commit::default(),
            on_refusal: OnRefusal::default(),
            hold: Duration::from_secs(10),
            held_bytes: 4 * 1024 * 1024,
        }
    }
}

/// What the caller may see before the commit. Neither changes what commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Commit {
    /// Reasoning is held back until the first text, or for [`Policy::hold`].
    #[default]
    FirstText,
    /// Reasoning is shown at once, also that of an attempt that then fails.
    FirstToken,
}

/// What a refusal leads to: a model that declines, a provider's content filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnRefusal {
    /// It is the answer. What one company refused is not carried to another.
    #[default]
    Answer,
    /// The next candidate is asked. Where none of them answers either, a
    /// model's refusal is the answer after all. The gate has to know of it
    /// too: it says [`Gate::Reserve`](crate::Gate::Reserve).
    Next,
}

/// Retries of the same target: only when no other candidate is left.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often one target may be asked in one request, the first time
    /// included: 2. One or zero means no retry.
    pub attempts: u32,
    /// How much of a retry each attempt earns for its origin: 0.2, so that in
    /// the long run at most one retry comes on five attempts.
    pub budget: f64,
    /// The first wait, before jitter (half to one and a half of it): 1 s. It
    /// doubles with each retry.
    pub base: Duration,
    /// The longest wait of our own choosing: 30 s.
    pub cap: Duration,
    /// The longest `Retry-After` that is waited for; beyond it the chain gives
    /// up and says when to come back: 10 s. Shorter than a server's patience
    /// with its client, so that the answer can still be an honest status.
    pub longest_wait: Duration,
}

impl RetryPolicy {
    /// No same-target retry at all.
    #[must_use]
    pub fn never() -> Self {
        Self::default().with_attempts(1)
    }

    /// Replaces how often one target may be asked.
    #[must_use]
    pub const fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Replaces what each attempt earns.
    #[must_use]
    pub const fn with_budget(mut self, budget: f64) -> Self {
        self.budget = budget;
        self
    }

    /// Replaces the longest `Retry-After` that is waited for.
    #[must_use]
    pub const fn with_longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// Replaces the first wait.
    #[must_use]
    pub const fn with_base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 2,
            budget: 0.2,
            base: Duration::from_secs(1),
            cap: Duration::from_secs(30),
            longest_wait: Duration::from_secs(10),
        }
    }
}
