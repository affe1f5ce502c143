//! Who is asked next, and what it means when nobody is left.
//!
//! In this order: the next candidate that is not cooling; then, once per
//! request, the cooling one whose window ends soonest; then, once more, a
//! target that failed for a reason that may have passed.

use std::time::{Duration, Instant};

use super::Plan;
use crate::{
    budget::after,
    cooldown::{Reach, waiting_helps},
    error::ExhaustedKind,
    ledger::Skipped,
    reason::Reason,
    retry::backoff,
    store::Cooling,
};

/// The choice of one step.
pub(super) enum Choice {
    Ask { target: usize, probe: bool },
    Wait { target: usize, until: Instant },
    Nobody,
}

/// A target that may be asked once more when nobody else is left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) target: usize,
    pub(super) retry_after: Option<Duration>,
}

/// Whether a candidate can be asked now.
enum Standing {
    Open,
    Cooling(Cooling),
    Shut(Skipped),
}

impl<T> Plan<T> {
    pub(super) fn choose(&mut self, now: Instant) -> Choice {
        let mut soonest: Option<(Duration, usize)> = None;
        for target in 0..self.candidates.len() {
            match self.standing(target, now) {
                None => {}
                Some(Standing::Open) => return Choice::Ask { target, probe: false },
                Some(Standing::Shut(skipped)) => self.note(skipped),
                Some(Standing::Cooling(cooling)) => {
                    if soonest.is_none_or(|(remaining, _)| cooling.remaining < remaining) {
                        soonest = Some((cooling.remaining, target));
                    }
                    if let Some(skipped) = self.skip_cooling(target, cooling) {
                        self.note(skipped);
                    }
                }
            }
        }
        match soonest {
            // A wrong window must not make the chain worse than no window: the
            // last resort is asked, once.
            Some((_, target)) if !self.probed => Choice::Ask { target, probe: true },
            _ => self.retry(now),
        }
    }

    /// Whether anyone but `target` could still be asked for the first time.
    pub(super) fn others_wait(&self, target: usize, now: Instant) -> bool {
        (0..self.candidates.len()).filter(|&other| other != target).any(|other| {
            match self.standing(other, now) {
                Some(Standing::Open) => true,
                Some(Standing::Cooling(_)) => !self.probed,
                Some(Standing::Shut(_)) | None => false,
            }
        })
    }

    /// The soonest end that a provider promised, over the whole chain.
    pub(super) fn promised_end(&self, now: Instant) -> Option<Duration> {
        self.candidates
            .iter()
            .filter(|candidate| candidate.usable.is_ok())
            .filter_map(|candidate| self.store.view(&candidate.scope, now).cooling)
            .filter(|cooling| waiting_helps(cooling.reason))
            .map(|cooling| cooling.remaining)
            .min()
    }

    /// What the end of the chain means for the caller.
    pub(super) fn kind_of_end(&self, promised: bool) -> ExhaustedKind {
        let asked = || self.ledger.attempts.iter().filter_map(|attempt| attempt.reason());
        let all = |test: fn(Reason) -> bool| asked().next().is_some() && asked().all(test);
        let skipped = || self.ledger.skipped.iter().map(|skipped| skipped.reason);
        if all(|reason| reason == Reason::ContextOverflow) {
            return ExhaustedKind::ContextOverflow;
        }
        if asked().chain(skipped()).next().is_some()
            && asked().chain(skipped()).all(|reason| reason == Reason::Policy)
        {
            return ExhaustedKind::Policy;
        }
        if all(|reason| matches!(reason, Reason::Format | Reason::TooLarge | Reason::Unsupported)) {
            return ExhaustedKind::Rejected;
        }
        if promised { ExhaustedKind::Cooling } else { ExhaustedKind::Failed }
    }

    /// `None` for a candidate that has been asked.
    fn standing(&self, target: usize, now: Instant) -> Option<Standing> {
        let candidate = self.candidates.get(target)?;
        if self.asked.get(target).copied().unwrap_or(true) {
            return None;
        }
        let shut = |reason, text, fix| {
            let name = candidate.name.clone();
            Some(Standing::Shut(Skipped { name, target, reason, text, fix }))
        };
        if let Err(skip) = &candidate.usable {
            return shut(skip.reason, skip.text.clone(), skip.fix.clone());
        }
        if let Some(overflowed) = self.overflow
            && !is_larger(candidate.window, overflowed)
        {
            let text = match (candidate.window, overflowed) {
                (Some(window), Some(full)) => {
                    format!("window of {window} tokens is not larger than {full}, which overflowed")
                }
                _ => "its window is not known to be larger than the one that overflowed".to_owned(),
            };
            let fix = Reason::ContextOverflow.advice().to_owned();
            return shut(Reason::ContextOverflow, text, fix);
        }
        // Whatever failed in this request for a reason that reaches this far
        // would fail the same way here.
        let shared = self.ledger.attempts.iter().find_map(|attempt| {
            let reason = attempt.reason()?;
            let failed = self.candidates.get(attempt.target)?;
            Reach::of(reason)
                .covers(&failed.scope, &candidate.scope)
                .then_some((&attempt.name, reason))
        });
        if let Some((name, reason)) = shared {
            let text = format!("shares what failed with {name}");
            return shut(reason, text, reason.advice().to_owned());
        }
        Some(match self.store.view(&candidate.scope, now).cooling {
            Some(cooling) => Standing::Cooling(cooling),
            None => Standing::Open,
        })
    }

    fn skip_cooling(&self, target: usize, cooling: Cooling) -> Option<Skipped> {
        let seconds = cooling.remaining.as_secs_f64().ceil();
        Some(Skipped {
            name: self.candidates.get(target)?.name.clone(),
            target,
            reason: cooling.reason,
            text: format!("cooling down for {seconds} s more"),
            fix: cooling.reason.advice().to_owned(),
        })
    }

    fn note(&mut self, skipped: Skipped) {
        let noted = &mut self.ledger.skipped;
        match noted.iter_mut().find(|known| known.target == skipped.target) {
            Some(known) => *known = skipped,
            None => noted.push(skipped),
        }
    }

    fn retry(&mut self, now: Instant) -> Choice {
        let policy = self.policy.retry;
        if self.retries.saturating_add(1) >= policy.attempts {
            return Choice::Nobody;
        }
        let Some(Pending { target, retry_after }) = self.retryable.take() else {
            return Choice::Nobody;
        };
        let n = self.retries + 1;
        let until = backoff(&policy, n, retry_after, &mut self.dice)
            .map(|wait| after(now, wait))
            .filter(|&until| until < self.deadline);
        let paid = |plan: &Self| {
            plan.candidates
                .get(target)
                .is_some_and(|candidate| plan.store.take_retry(&candidate.scope, now))
        };
        match until {
            Some(until) if paid(self) => {
                self.retries = n;
                Choice::Wait { target, until }
            }
            _ => Choice::Nobody,
        }
    }
}

/// An unknown window is never known to be larger; a known one is larger than
/// an unknown one, because somebody vouched for it.
fn is_larger(window: Option<u64>, overflowed: Option<u64>) -> bool {
    match (window, overflowed) {
        (Some(window), Some(full)) => window > full,
        (Some(_), None) => true,
        (None, _) => false,
    }
}
