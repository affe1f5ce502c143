//! Same-target retries: how long to wait, and the tokens that pay for them.

use std::time::Duration;

use crate::policy::RetryPolicy;

/// How many retries an origin may have saved up; also what it starts with, so
/// that a small installation can retry at all.
const SAVED_AT_MOST: f64 = 10.0;

/// Deterministic jitter from a seed (SplitMix64): the plan reads no clock and
/// no system randomness.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number in 0..1.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // 32 bits fit an f64 exactly.
        f64::from(u32::try_from(z >> 32).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
    }
}

/// How long to wait before the `n`-th retry (from 1), or `None` where the
/// provider asks for more than the policy waits.
///
/// The wait doubles, with half to one and a half of it as jitter, and is never
/// shorter than a `Retry-After`.
pub(crate) fn backoff(
    policy: &RetryPolicy,
    n: u32,
    retry_after: Option<Duration>,
    dice: &mut Dice,
) -> Option<Duration> {
    if retry_after.is_some_and(|wait| wait > policy.longest_wait) {
        return None;
    }
    let doubled = policy.base.saturating_mul(2_u32.saturating_pow(n.max(1) - 1)).min(policy.cap);
    let jittered = doubled.mul_f64(0.5 + dice.roll()).min(policy.cap);
    Some(jittered.max(retry_after.unwrap_or_default()))
}

/// The retries that an origin has earned.
#[derive(Debug, Clone)]
pub(crate) struct Purse(f64);

impl Purse {
    pub(crate) const fn full() -> Self {
        Self(SAVED_AT_MOST)
    }

    pub(crate) fn earn(&mut self, credit: f64) {
        if credit.is_finite() {
            self.0 = (self.0 + credit.max(0.0)).min(SAVED_AT_MOST);
        }
    }

    pub(crate) fn spend(&mut self) -> bool {
        let enough = self.0 >= 1.0;
        if enough {
            self.0 -= 1.0;
        }
        enough
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0 >= SAVED_AT_MOST
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_purse_pays_one_retry_for_five_attempts() {
        let mut purse = Purse::full();
        let mut retries = 0;
        for _ in 0..1000 {
            purse.earn(0.2);
            while purse.spend() {
                retries += 1;
            }
        }
        // Ten saved, and a fifth of a thousand (give or take the rounding of 0.2).
        assert!((208..=210).contains(&retries), "{retries}");
    }

    #[test]
    fn retry_after_is_a_floor_and_a_limit() {
        let policy = RetryPolicy::default();
        let wait = |secs| backoff(&policy, 1, Some(Duration::from_secs(secs)), &mut Dice::new(7));
        assert_eq!(wait(10), Some(Duration::from_secs(10)));
        assert_eq!(wait(11), None);
    }

    proptest! {
        #[test]
        fn waits_stay_in_bounds(seed: u64, n in 0_u32..50) {
            let policy = RetryPolicy::default();
            let wait = backoff(&policy, n, None, &mut Dice::new(seed)).unwrap_or_default();
            let doubled = policy.base.saturating_mul(2_u32.saturating_pow(n.max(1) - 1));
            prop_assert!(wait >= doubled.min(policy.cap) / 2);
            prop_assert!(wait <= policy.cap);
        }
    }
}
