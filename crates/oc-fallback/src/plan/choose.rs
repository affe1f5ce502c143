//! Who is asked next, and what it means when nobody is left.
//!
//! In this order: the next candidate that is not cooling; then, once per
//! request, the cooling one whose window ends soonest; then, once more, a
//! target that failed for a reason that may have passed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::Plan;
use crate::{
    budget::after,
    cooldown::{Reach, waiting_helps},
    error::ExhaustedKind,
    facts::Limit,
    fit::fit_window,
    ledger::{SkipKind, Skipped},
    reason::Reason,
    retry::backoff,
    store::{BreakerState, Cooling},
    target::Skip,
};

/// The choice of one step.
pub(super) enum Choice {
    Ask { target: usize, way: Way },
    Wait { target: usize, until: Instant },
    Nobody,
}

/// On which terms a candidate is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Nothing is known against it.
    Open,
    /// Its breaker is half-open, and this request tries it for all.
    HalfOpen,
    /// It is cooling, and nobody else is left.
    LastResort,
    /// It has been asked before in this request.
    Again,
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
    HalfOpen,
    Cooling(Cooling),
    /// By what the server has stated lately the prompt does not fit; by what is
    /// configured it does.
    Doubtful(Skipped),
    /// Another request is trying its half-open breaker.
    Tried(Cooling),
    Shut(Skipped),
}

impl<T> Plan<T> {
    pub(super) fn choose(&mut self, now: Instant) -> Choice {
        let mut soonest: Option<(Duration, usize)> = None;
        for target in 0..self.candidates.len() {
            let (cooling, skipped) = match self.standing(target, now) {
                None => continue,
                Some(Standing::Open) => return Choice::Ask { target, way: Way::Open },
                Some(Standing::Shut(skipped)) => {
                    self.note(skipped);
                    continue;
                }
                Some(Standing::HalfOpen) => match self.take_probe(target, now) {
                    Ok(()) => return Choice::Ask { target, way: Way::HalfOpen },
                    Err(cooling) => (cooling, self.skip_tried(target, cooling)),
                },
                Some(Standing::Tried(cooling)) => (cooling, self.skip_tried(target, cooling)),
                Some(Standing::Cooling(cooling)) => (cooling, self.skip_cooling(target, cooling)),
                // After whoever only cools.
                Some(Standing::Doubtful(skipped)) => {
                    (Cooling::new(skipped.reason, Duration::MAX), Some(skipped))
                }
            };
            if soonest.is_none_or(|(remaining, _)| cooling.remaining < remaining) {
                soonest = Some((cooling.remaining, target));
            }
            if let Some(skipped) = skipped {
                self.note(skipped);
            }
        }
        match soonest {
            // A wrong window must not make the chain worse than no window: the
            // last resort is asked, once.
            Some((_, target)) if !self.probed => Choice::Ask { target, way: Way::LastResort },
            _ => self.retry(now),
        }
    }

    /// Takes the one probe of a half-open breaker, or says who keeps it out.
    fn take_probe(&self, target: usize, now: Instant) -> Result<(), Cooling> {
        let nobody = Cooling::new(Reason::Unclassified, Duration::ZERO);
        let candidate = self.candidates.get(target).ok_or(nobody)?;
        if self.store.take_probe(&candidate.scope, now) {
            return Ok(());
        }
        Err(self.store.view(&candidate.scope, now).cooling.unwrap_or(nobody))
    }

    /// Whether anyone but `target` could still be asked for the first time.
    pub(super) fn others_wait(&self, target: usize, now: Instant) -> bool {
        (0..self.candidates.len()).filter(|&other| other != target).any(|other| {
            match self.standing(other, now) {
                Some(Standing::Open | Standing::HalfOpen) => true,
                Some(Standing::Cooling(_) | Standing::Tried(_) | Standing::Doubtful(_)) => {
                    !self.probed
                }
                Some(Standing::Shut(_)) | None => false,
            }
        })
    }

    /// The soonest end that a provider promised, over the whole chain.
    pub(super) fn promised_end(&self, now: Instant) -> Option<Duration> {
        self.candidates
            .iter()
            .filter(|candidate| candidate.usable.is_ok())
            .map(|candidate| self.store.view(&candidate.scope, now))
            .filter(|view| view.breaker == BreakerState::Open)
            .filter_map(|view| view.cooling)
            .filter(|cooling| waiting_helps(cooling.reason))
            .map(|cooling| cooling.remaining)
            .min()
    }

    /// What the end of the chain means for the caller.
    pub(super) fn kind_of_end(&self, promised: bool) -> ExhaustedKind {
        // Whom the request does not fit has as good as answered.
        let skipped = || self.ledger.skipped.iter();
        let unfit = || {
            skipped().filter(|skipped| skipped.kind == SkipKind::Unfit).map(|unfit| unfit.reason)
        };
        let attempts = || self.ledger.attempts.iter().filter_map(|attempt| attempt.reason());
        let asked = || attempts().chain(unfit().filter(|&reason| reason != Reason::Policy));
        let all = |test: fn(Reason) -> bool| asked().next().is_some() && asked().all(test);
        if all(|reason| reason == Reason::ContextOverflow) {
            return ExhaustedKind::ContextOverflow;
        }
        if all(|reason| matches!(reason, Reason::ContentFilter | Reason::Declined)) {
            return ExhaustedKind::ContentFilter;
        }
        let reasons = || attempts().chain(skipped().map(|skipped| skipped.reason));
        if reasons().next().is_some() && reasons().all(|reason| reason == Reason::Policy) {
            return ExhaustedKind::Policy;
        }
        if all(|reason| {
            matches!(
                reason,
                Reason::Format | Reason::TooLarge | Reason::Unsupported | Reason::ContextOverflow
            )
        }) {
            return ExhaustedKind::Rejected;
        }
        if promised { ExhaustedKind::Cooling } else { ExhaustedKind::Failed }
    }

    /// `None` for a candidate that has been asked.
    fn standing(&self, target: usize, now: Instant) -> Option<Standing> {
        let candidate = self.candidates.get(target)?;
        if self.ledger.attempts.iter().any(|attempt| attempt.target == target) {
            return None;
        }
        let shut = |kind, skip: Skip| {
            let name = Arc::clone(&candidate.name);
            let Skip { reason, text, fix } = skip;
            Some(Standing::Shut(Skipped { name, target, kind, reason, text, fix }))
        };
        if let Err(skip) = &candidate.usable {
            return shut(SkipKind::Unusable, skip.clone());
        }
        let view = self.store.view(&candidate.scope, now);
        // What the server says it has loaded, unless less is to be used.
        let window = match (candidate.window, view.context) {
            (Some(own), Some(stated)) => Some(own.min(stated)),
            (own, stated) => own.or(stated),
        };
        if let Some(needs) = &self.needs
            && let Err(skip) = fit_window(needs, &candidate.capabilities, window)
        {
            let fits_by_config =
                || fit_window(needs, &candidate.capabilities, candidate.window).is_ok();
            return match shut(SkipKind::Unfit, skip) {
                // It may have been loaded anew since, with a larger window.
                Some(Standing::Shut(skipped)) if window < candidate.window && fits_by_config() => {
                    Some(Standing::Doubtful(skipped))
                }
                standing => standing,
            };
        }
        if let Some(overflowed) = self.overflow
            && !is_larger(window, overflowed)
        {
            let text = match (window, overflowed) {
                (Some(window), Some(full)) => {
                    format!("window of {window} tokens is not larger than {full}, which overflowed")
                }
                _ => "its window is not known to be larger than the one that overflowed".to_owned(),
            };
            let reason = Reason::ContextOverflow;
            return shut(SkipKind::Window, Skip::new(reason, text, reason.advice()));
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
            return shut(SkipKind::Shared, Skip::new(reason, text, reason.advice()));
        }
        Some(match (view.breaker, view.cooling) {
            (BreakerState::HalfOpen, Some(cooling)) => Standing::Tried(cooling),
            (BreakerState::HalfOpen, None) => Standing::HalfOpen,
            (_, Some(cooling)) => Standing::Cooling(cooling),
            (_, None) => Standing::Open,
        })
    }

    fn skip_cooling(&self, target: usize, cooling: Cooling) -> Option<Skipped> {
        let seconds = cooling.remaining.as_secs_f64().ceil();
        self.skip(
            target,
            SkipKind::Cooling,
            cooling.reason,
            format!("cooling down for {seconds} s more"),
        )
    }

    fn skip_tried(&self, target: usize, cooling: Cooling) -> Option<Skipped> {
        let text = "another request is trying whether it works again".to_owned();
        self.skip(target, SkipKind::Cooling, cooling.reason, text)
    }

    fn skip(&self, target: usize, kind: SkipKind, reason: Reason, text: String) -> Option<Skipped> {
        let name = Arc::clone(&self.candidates.get(target)?.name);
        Some(Skipped { name, target, kind, reason, text, fix: reason.advice().to_owned() })
    }

    /// Lists whom the deadline came before.
    pub(super) fn note_unreached(&mut self, now: Instant) {
        let reason = Reason::Timeout(Limit::Total);
        for target in 0..self.candidates.len() {
            let skipped = match self.standing(target, now) {
                None => continue,
                Some(Standing::Shut(skipped) | Standing::Doubtful(skipped)) => Some(skipped),
                Some(Standing::Cooling(cooling)) => self.skip_cooling(target, cooling),
                Some(Standing::Open | Standing::HalfOpen | Standing::Tried(_)) => {
                    let text = "not reached before the deadline".to_owned();
                    self.skip(target, SkipKind::NotReached, reason, text)
                }
            };
            if let Some(skipped) = skipped {
                self.note(skipped);
            }
        }
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
