//! One deadline, shared out: nobody before the last may use it all up.

use std::time::{Duration, Instant};

use crate::{facts::Limit, target::Limits};

/// An instant far enough away to mean never, for sums that would overflow.
const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// `from + wait`, without the panic of the operator.
pub(crate) fn after(from: Instant, wait: Duration) -> Instant {
    from.checked_add(wait).or_else(|| from.checked_add(FAR)).unwrap_or(from)
}

/// Until when a candidate that starts `now` may go without text, while `others`
/// wait: no longer than for `share` of what remains until `deadline`.
pub(crate) fn share_due(
    now: Instant,
    deadline: Instant,
    share: f64,
    others: bool,
) -> Option<Instant> {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 1.0 };
    let portion = deadline.saturating_duration_since(now).mul_f64(share);
    others.then(|| after(now, portion))
}

/// When a candidate must have committed whose own limit begins at `from`, and
/// which limit it breaks otherwise.
pub(crate) fn first_text_due(
    limits: &Limits,
    from: Instant,
    share_due: Option<Instant>,
) -> (Instant, Limit) {
    let own = after(from, limits.first_text);
    match share_due {
        Some(portion) if portion < own => (portion, Limit::Share),
        _ => (own, Limit::FirstText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::start;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn the_share_halves_while_others_wait() {
        let t0 = start();
        let deadline = t0 + secs(100);
        let due = |at, others| {
            first_text_due(&Limits::hosted(), at, share_due(at, deadline, 0.5, others))
        };
        assert_eq!(due(t0, true), (t0 + secs(50), Limit::Share));
        assert_eq!(due(t0 + secs(50), true), (t0 + secs(75), Limit::Share));
        assert_eq!(due(t0, false), (t0 + secs(120), Limit::FirstText));
    }

    #[test]
    fn the_own_limit_holds_where_it_is_shorter() {
        let t0 = start();
        let limits = Limits::hosted().with_first_text(secs(10));
        let due = first_text_due(&limits, t0, share_due(t0, t0 + secs(600), 0.5, true));
        assert_eq!(due, (t0 + secs(10), Limit::FirstText));
    }

    #[test]
    fn absurd_durations_do_not_panic() {
        let t0 = start();
        let limits = Limits::hosted().with_first_text(Duration::MAX);
        let share = share_due(t0, after(t0, Duration::MAX), f64::NAN, true);
        let (due, _) = first_text_due(&limits, t0, share);
        assert!(due > t0);
    }
}
