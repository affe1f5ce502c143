//! How long a failure keeps a candidate out, and whom else it keeps out.
//!
//! The numbers are OpenClaw's (2026.9). Two deliberate differences are argued in
//! `docs/adr/0005`: a `Retry-After` replaces the ladder, and the ladder climbs
//! when the first request after a window fails again.

use std::time::Duration;

use crate::{facts::Limit, reason::Reason, target::Scope};

/// After this long without a failure, the next one starts at the bottom.
pub(crate) const FORGET_AFTER: Duration = hours(24);

/// How far a failure reaches: which of two scopes' parts must be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reach {
    /// The failure says nothing about the next request.
    Nothing,
    /// The same model with the same key at the same origin.
    Model,
    /// Every model with the same key at the same origin.
    Key,
    /// Everything at the same origin.
    Origin,
}

impl Reach {
    /// How far a failure for `reason` reaches.
    #[must_use]
    pub const fn of(reason: Reason) -> Self {
        match reason {
            Reason::Refused | Reason::Dns | Reason::Tls | Reason::Timeout(Limit::Connect) => {
                Self::Origin
            }
            Reason::Auth | Reason::AuthPermanent | Reason::Billing => Self::Key,
            Reason::Timeout(
                Limit::FirstByte | Limit::FirstText | Limit::Idle | Limit::Upstream,
            )
            | Reason::RateLimit
            | Reason::Overloaded
            | Reason::ServerError
            | Reason::ModelNotFound
            | Reason::ModelNotReady
            | Reason::Cut
            | Reason::Reset
            | Reason::Protocol => Self::Model,
            // The caller's input, its deadline or its luck in sampling: another
            // request may do better at once.
            Reason::Timeout(Limit::Share | Limit::Total)
            | Reason::Format
            | Reason::TooLarge
            | Reason::ContextOverflow
            | Reason::Oversized
            | Reason::Empty
            | Reason::ReasoningOnly
            | Reason::Incomplete
            | Reason::BadToolCall
            | Reason::ToolMarkup
            | Reason::ReasoningInText
            | Reason::Declined
            | Reason::ContentFilter
            | Reason::Unsupported
            | Reason::Policy
            | Reason::Cancelled
            | Reason::Unclassified => Self::Nothing,
        }
    }

    /// Whether a failure at `failed` says something about `other`.
    #[must_use]
    pub fn covers(self, failed: &Scope, other: &Scope) -> bool {
        let origin = failed.origin == other.origin;
        let key = origin && failed.key == other.key;
        match self {
            Self::Nothing => false,
            Self::Model => key && failed.model == other.model,
            Self::Key => key,
            Self::Origin => origin,
        }
    }
}

/// How long the `failures`-th failure in a row (from 1) keeps out.
///
/// A `Retry-After` with a reason that waiting helps against replaces the
/// ladder, within one second and 24 hours.
#[must_use]
pub fn cooldown(reason: Reason, failures: u32, retry_after: Option<Duration>) -> Duration {
    if let (true, Some(wait)) = (waiting_helps(reason), retry_after) {
        return wait.clamp(Duration::from_secs(1), hours(24));
    }
    let step = failures.max(1) - 1;
    match reason {
        Reason::RateLimit => doubling(Duration::from_secs(30), step, hours(24)),
        Reason::Billing => doubling(Duration::from_secs(600), step, hours(24)),
        Reason::AuthPermanent => doubling(Duration::from_secs(600), step, hours(1)),
        _ => Duration::from_secs(match step {
            0 => 30,
            1 => 60,
            _ => 300,
        }),
    }
}

/// Whether the end of the window is a promise that the provider made, or as
/// good as one; then a caller is told to come back.
pub(crate) const fn waiting_helps(reason: Reason) -> bool {
    matches!(reason, Reason::RateLimit | Reason::Overloaded | Reason::ModelNotReady)
}

fn doubling(base: Duration, step: u32, cap: Duration) -> Duration {
    base.saturating_mul(2_u32.saturating_pow(step)).min(cap)
}

const fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3600)
}

/// The cell of the documented table.
#[cfg(test)]
pub(crate) fn describe(reason: Reason) -> &'static str {
    let reach = Reach::of(reason);
    match (reach, reason) {
        (Reach::Nothing, _) => "–",
        (_, Reason::RateLimit) => "model: 30 s × 2ⁿ, ≤ 24 h",
        (_, Reason::Billing) => "key: 10 min × 2ⁿ, ≤ 24 h",
        (_, Reason::AuthPermanent) => "key: 10 min × 2ⁿ, ≤ 1 h",
        (Reach::Model, _) => "model: 30, 60, 300 s",
        (Reach::Key, _) => "key: 30, 60, 300 s",
        (Reach::Origin, _) => "origin: 30, 60, 300 s",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(reason: Reason, failures: u32) -> u64 {
        cooldown(reason, failures, None).as_secs()
    }

    #[test]
    fn ladders() {
        let ladder = |reason| [1, 2, 3, 4, 40].map(|n| seconds(reason, n));
        assert_eq!(ladder(Reason::ServerError), [30, 60, 300, 300, 300]);
        assert_eq!(ladder(Reason::Auth), [30, 60, 300, 300, 300]);
        assert_eq!(ladder(Reason::RateLimit), [30, 60, 120, 240, 86_400]);
        assert_eq!(ladder(Reason::Billing), [600, 1200, 2400, 4800, 86_400]);
        assert_eq!(ladder(Reason::AuthPermanent), [600, 1200, 2400, 3600, 3600]);
    }

    #[test]
    fn retry_after_replaces_the_ladder_where_waiting_helps() {
        let asked = |reason, secs| cooldown(reason, 3, Some(Duration::from_secs(secs))).as_secs();
        assert_eq!(asked(Reason::RateLimit, 2), 2);
        assert_eq!(asked(Reason::Overloaded, 7), 7);
        assert_eq!(asked(Reason::RateLimit, 0), 1);
        assert_eq!(asked(Reason::RateLimit, 10_000_000), 86_400);
        assert_eq!(asked(Reason::Billing, 2), 2400);
    }

    #[test]
    fn a_failure_reaches_exactly_as_far_as_its_reason() {
        let here = Scope::new("http://box:1234", "m", "k");
        let model = Scope::new("http://box:1234", "other", "k");
        let key = Scope::new("http://box:1234", "m", "other");
        let origin = Scope::new("http://box:9999", "m", "k");
        let covers = |reason| {
            [&here, &model, &key, &origin].map(|other| Reach::of(reason).covers(&here, other))
        };
        assert_eq!(covers(Reason::Refused), [true, true, true, false]);
        assert_eq!(covers(Reason::Auth), [true, true, false, false]);
        assert_eq!(covers(Reason::RateLimit), [true, false, false, false]);
        assert_eq!(covers(Reason::Format), [false; 4]);
    }
}
