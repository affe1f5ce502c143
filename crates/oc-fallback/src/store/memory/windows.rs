//! The windows and purses behind the lock: what is open, for whom, how long.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{MemoryStore, contexts::Contexts};
use crate::{
    budget::after,
    cooldown::{FORGET_AFTER, Reach, cooldown},
    reason::Reason,
    retry::Purse,
    store::BreakerState,
    target::Scope,
};

/// After this long, a probe of which nobody has told the end counts as lost.
pub(super) const PROBE_LEASE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) windows: HashMap<Place, Vec<Window>>,
    /// The number of windows in all places.
    pub(super) count: usize,
    pub(super) purses: HashMap<Arc<str>, Purse>,
    pub(super) contexts: Contexts,
}

/// A scope cut down to what a reason reaches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) origin: Arc<str>,
    pub(super) key: Option<Arc<str>>,
    pub(super) model: Option<Arc<str>>,
}

#[derive(Debug)]
pub(super) struct Window {
    pub(super) reason: Reason,
    pub(super) failures: u32,
    pub(super) last_failure: Instant,
    pub(super) until: Instant,
    /// Until when the half-open probe is taken.
    pub(super) probe_until: Option<Instant>,
}

impl Window {
    pub(super) fn state(&self, now: Instant) -> BreakerState {
        if self.until > now {
            BreakerState::Open
        } else if now.saturating_duration_since(self.last_failure) < FORGET_AFTER {
            BreakerState::HalfOpen
        } else {
            BreakerState::Closed
        }
    }

    /// How long the probe that somebody has taken may still take.
    pub(super) fn probe_remaining(&self, now: Instant) -> Option<Duration> {
        self.probe_until.filter(|&until| until > now).map(|until| until - now)
    }
}

impl State {
    pub(super) fn close(&mut self, scope: &Scope) {
        for place in Place::all(scope) {
            if let Some(closed) = self.windows.remove(&place) {
                self.count = self.count.saturating_sub(closed.len());
            }
        }
    }

    pub(super) fn end_probe(&mut self, scope: &Scope) {
        for place in Place::all(scope) {
            for window in self.windows.get_mut(&place).into_iter().flatten() {
                window.probe_until = None;
            }
        }
    }

    pub(super) fn open(
        &mut self,
        place: Place,
        reason: Reason,
        retry_after: Option<Duration>,
        now: Instant,
    ) {
        if let Some(window) = self
            .windows
            .get_mut(&place)
            .and_then(|windows| windows.iter_mut().find(|window| window.reason == reason))
        {
            if window.until <= now {
                let forgotten = now.saturating_duration_since(window.last_failure) >= FORGET_AFTER;
                window.failures = if forgotten { 1 } else { window.failures.saturating_add(1) };
                window.until = after(now, cooldown(reason, window.failures, retry_after));
            }
            window.last_failure = now;
            return;
        }
        self.make_room(now);
        let until = after(now, cooldown(reason, 1, retry_after));
        let window = Window { reason, failures: 1, last_failure: now, until, probe_until: None };
        self.windows.entry(place).or_default().push(window);
        self.count += 1;
    }

    fn make_room(&mut self, now: Instant) {
        if self.count < MemoryStore::CAPACITY {
            return;
        }
        // Forgotten ones first, in one pass; then the one that ends soonest.
        self.windows.retain(|_, windows| {
            windows.retain(|window| {
                window.until > now
                    || now.saturating_duration_since(window.last_failure) < FORGET_AFTER
            });
            !windows.is_empty()
        });
        self.count = self.windows.values().map(Vec::len).sum();
        if self.count < MemoryStore::CAPACITY {
            return;
        }
        let soonest = self
            .windows
            .iter()
            .filter_map(|(place, windows)| Some((windows.iter().map(|w| w.until).min()?, place)))
            .min_by_key(|(until, _)| *until)
            .map(|(until, place)| (until, place.clone()));
        if let Some((until, place)) = soonest
            && let Some(windows) = self.windows.get_mut(&place)
        {
            windows.retain(|window| window.until > until);
            if windows.is_empty() {
                self.windows.remove(&place);
            }
            self.count = self.windows.values().map(Vec::len).sum();
        }
    }
}

impl Place {
    pub(super) fn of(scope: &Scope, reach: Reach) -> Option<Self> {
        let [origin, key, model] = Self::all(scope);
        match reach {
            Reach::Nothing => None,
            Reach::Origin => Some(origin),
            Reach::Key => Some(key),
            Reach::Model => Some(model),
        }
    }

    /// The places whose windows cover `scope`, the widest first.
    pub(super) fn all(scope: &Scope) -> [Self; 3] {
        let origin = Self { origin: Arc::clone(&scope.origin), key: None, model: None };
        let key = Self { key: Some(Arc::clone(&scope.key)), ..origin.clone() };
        let model = Self { model: Some(Arc::clone(&scope.model)), ..key.clone() };
        [origin, key, model]
    }
}
