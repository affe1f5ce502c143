//! The store that ships: a bounded map behind one lock.

mod contexts;
mod windows;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

pub use self::contexts::StatedContext;
use self::windows::{PROBE_LEASE, Place, State};
use super::{Breaker, BreakerState, Cooling, Outcome, Store, View};
use crate::{budget::after, cooldown::Reach, reason::Reason, retry::Purse, target::Scope};

/// A [`Store`] in this process's memory.
///
/// Bounded: at most [`MemoryStore::CAPACITY`] windows and as many origins; the
/// one that ends soonest makes room. A failure inside an open window neither
/// extends it nor counts; the first one after it climbs the ladder, unless 24
/// hours have passed. A window that has ended leaves its breaker half-open:
/// one request at a time may try, until one is answered.
///
/// ```
/// # #[allow(clippy::disallowed_methods)]
/// # fn main() {
/// use std::time::{Duration, Instant};
/// use oc_fallback::{MemoryStore, Outcome, Reason, Scope, Store};
///
/// let (store, now) = (MemoryStore::new(), Instant::now());
/// let box_a = Scope::new("http://127.0.0.1:1234", "model-a", "");
/// let box_b = Scope::new("http://127.0.0.1:1234", "model-b", "");
/// store.record(&box_a, &Outcome::Failed { reason: Reason::Refused, retry_after: None }, now);
///
/// // The whole origin is down, so its other model waits too.
/// let cooling = store.view(&box_b, now).cooling.expect("the window is open");
/// assert_eq!(cooling.remaining, Duration::from_secs(30));
/// store.reset();
/// assert_eq!(store.view(&box_b, now).cooling, None);
/// # }
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

/// One cooldown window, as a status page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OpenWindow {
    /// The endpoint.
    pub origin: Arc<str>,
    /// The key's fingerprint, where the window is for one key.
    pub key: Option<Arc<str>>,
    /// The model's id, where the window is for one model.
    pub model: Option<Arc<str>>,
    /// What opened it.
    pub reason: Reason,
    /// How often in a row it was opened.
    pub failures: u32,
    /// How long it stays open; in milliseconds where serialised.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "remaining_ms", serialize_with = "crate::ledger::millis")
    )]
    pub remaining: Duration,
}

impl MemoryStore {
    /// The most windows that are kept.
    pub const CAPACITY: usize = 1024;

    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every open window, the longest first.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> Vec<OpenWindow> {
        let state = self.lock();
        let mut open: Vec<_> = state
            .windows
            .iter()
            .flat_map(|(place, windows)| windows.iter().map(move |window| (place, window)))
            .filter(|(_, window)| window.until > now)
            .map(|(place, window)| OpenWindow {
                origin: Arc::clone(&place.origin),
                key: place.key.clone(),
                model: place.model.clone(),
                reason: window.reason,
                failures: window.failures,
                remaining: window.until.saturating_duration_since(now),
            })
            .collect();
        open.sort_by(|a, b| {
            let by_name = || (&a.origin, &a.key, &a.model).cmp(&(&b.origin, &b.key, &b.model));
            b.remaining.cmp(&a.remaining).then_with(by_name)
        });
        open
    }

    /// Every breaker that is not closed: open ones first, the longest first.
    #[must_use]
    pub fn breakers(&self, now: Instant) -> Vec<Breaker> {
        let state = self.lock();
        let mut breakers: Vec<_> = state
            .windows
            .iter()
            .flat_map(|(place, windows)| windows.iter().map(move |window| (place, window)))
            .filter(|(_, window)| window.state(now) != BreakerState::Closed)
            .map(|(place, window)| Breaker {
                origin: Arc::clone(&place.origin),
                key: place.key.clone(),
                model: place.model.clone(),
                state: window.state(now),
                reason: window.reason,
                failures: window.failures,
                remaining: window.until.saturating_duration_since(now),
                since_failure: now.saturating_duration_since(window.last_failure),
                probing: window.probe_remaining(now).is_some(),
            })
            .collect();
        breakers.sort_by(|a, b| {
            let by_name = || (&a.origin, &a.key, &a.model).cmp(&(&b.origin, &b.key, &b.model));
            b.remaining.cmp(&a.remaining).then_with(by_name)
        });
        breakers
    }

    /// The context windows that servers have stated in the last ten minutes.
    #[must_use]
    pub fn contexts(&self, now: Instant) -> Vec<StatedContext> {
        self.lock().contexts.list(now)
    }

    /// Closes every window, fills every purse, and forgets what servers have
    /// stated.
    pub fn reset(&self) {
        *self.lock() = State::default();
    }

    /// Closes every window at `origin`, fills its purse, and forgets what it
    /// has stated.
    pub fn reset_origin(&self, origin: &str) {
        let mut state = self.lock();
        state.windows.retain(|place, _| &*place.origin != origin);
        state.count = state.windows.values().map(Vec::len).sum();
        state.purses.remove(origin);
        state.contexts.forget(origin);
    }

    /// Closes every window that keeps `scope` out, those of its key and its
    /// origin included.
    pub fn reset_scope(&self, scope: &Scope) {
        self.lock().close(scope);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change below is whole before the lock is let go.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn view(&self, scope: &Scope, now: Instant) -> View {
        let state = self.lock();
        if state.windows.is_empty() && state.contexts.is_empty() {
            return View::default();
        }
        let context = state.contexts.at(scope, now);
        let places = Place::all(scope);
        let windows = || places.iter().filter_map(|place| state.windows.get(place)).flatten();
        let open = windows()
            .filter(|window| window.until > now)
            .max_by_key(|window| window.until)
            .map(|window| Cooling::new(window.reason, window.until.saturating_duration_since(now)));
        if open.is_some() {
            return View::new(open).with_context(context);
        }
        let mut half_open = windows()
            .filter(|window| window.state(now) == BreakerState::HalfOpen)
            .map(|window| {
                let remaining = window.probe_remaining(now)?;
                Some(Cooling::new(window.reason, remaining))
            })
            .peekable();
        if half_open.peek().is_none() {
            return View::default().with_context(context);
        }
        View::half_open(half_open.flatten().max_by_key(|cooling| cooling.remaining))
            .with_context(context)
    }

    fn record(&self, scope: &Scope, outcome: &Outcome, now: Instant) {
        let mut state = self.lock();
        match *outcome {
            Outcome::Started { credit } => {
                // A full purse is the same as none: an origin that never
                // retries takes no room.
                if let Some(purse) = state.purses.get_mut(&scope.origin) {
                    purse.earn(credit);
                    if purse.is_full() {
                        state.purses.remove(&scope.origin);
                    }
                }
            }
            Outcome::Answered => state.close(scope),
            Outcome::ProbeEnded => state.end_probe(scope),
            Outcome::Context { tokens } => state.contexts.note(scope, tokens, now),
            Outcome::Failed { reason, retry_after } => {
                if let Some(place) = Place::of(scope, Reach::of(reason)) {
                    state.open(place, reason, retry_after, now);
                }
            }
        }
    }

    fn take_retry(&self, scope: &Scope, _now: Instant) -> bool {
        let mut state = self.lock();
        if let Some(purse) = state.purses.get_mut(&scope.origin) {
            return purse.spend();
        }
        if state.purses.len() >= Self::CAPACITY {
            // More origins than anyone configures: no retry is the safe answer.
            return false;
        }
        let mut purse = Purse::full();
        let paid = purse.spend();
        state.purses.insert(Arc::clone(&scope.origin), purse);
        paid
    }

    fn take_probe(&self, scope: &Scope, now: Instant) -> bool {
        let mut state = self.lock();
        let places = Place::all(scope);
        let taken = places
            .iter()
            .filter_map(|place| state.windows.get(place))
            .flatten()
            .any(|window| window.probe_remaining(now).is_some());
        if taken {
            return false;
        }
        for place in &places {
            for window in state.windows.get_mut(place).into_iter().flatten() {
                if window.state(now) == BreakerState::HalfOpen {
                    window.probe_until = Some(after(now, PROBE_LEASE));
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
