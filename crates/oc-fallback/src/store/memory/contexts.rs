//! Context windows as servers have stated them.
//!
//! A config says how large a model's window can be; a server says, when a
//! prompt overflows, how large the one is that it has loaded. Believed for a
//! while only: the model may be loaded anew with a larger one, and nobody would
//! be asked to find out.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{budget::after, target::Scope};

/// How long a server is believed.
const BELIEVED: Duration = Duration::from_secs(600);

/// The most that are kept; the one that ends soonest makes room.
const CAPACITY: usize = 1024;

/// A context window that a server has stated, as a status page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct StatedContext {
    /// The endpoint.
    pub origin: Arc<str>,
    /// The model's id.
    pub model: Arc<str>,
    /// The window in tokens.
    pub tokens: u64,
    /// How long this is believed; in milliseconds where serialised.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "remaining_ms", serialize_with = "crate::ledger::millis")
    )]
    pub remaining: Duration,
}

/// By origin and model: a key changes nothing about it.
#[derive(Debug, Default)]
pub(super) struct Contexts(HashMap<(Arc<str>, Arc<str>), (u64, Instant)>);

impl Contexts {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn note(&mut self, scope: &Scope, tokens: u64, now: Instant) {
        let place = place(scope);
        if self.0.len() >= CAPACITY && !self.0.contains_key(&place) {
            let soonest = self.0.iter().min_by_key(|(_, (_, until))| *until);
            if let Some(soonest) = soonest.map(|(place, _)| place.clone()) {
                self.0.remove(&soonest);
            }
        }
        self.0.insert(place, (tokens, after(now, BELIEVED)));
    }

    pub(super) fn at(&self, scope: &Scope, now: Instant) -> Option<u64> {
        let (tokens, until) = self.0.get(&place(scope))?;
        (*until > now).then_some(*tokens)
    }

    pub(super) fn forget(&mut self, origin: &str) {
        self.0.retain(|(at, _), _| &**at != origin);
    }

    pub(super) fn list(&self, now: Instant) -> Vec<StatedContext> {
        let mut list: Vec<_> = self
            .0
            .iter()
            .filter(|(_, (_, until))| *until > now)
            .map(|((origin, model), (tokens, until))| StatedContext {
                origin: Arc::clone(origin),
                model: Arc::clone(model),
                tokens: *tokens,
                remaining: until.saturating_duration_since(now),
            })
            .collect();
        list.sort_by(|a, b| (&a.origin, &a.model).cmp(&(&b.origin, &b.model)));
        list
    }
}

fn place(scope: &Scope) -> (Arc<str>, Arc<str>) {
    (Arc::clone(&scope.origin), Arc::clone(&scope.model))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::start;

    fn scope(model: &str, key: &str) -> Scope {
        Scope::new("http://box:8080", model, key)
    }

    #[test]
    fn a_server_is_believed_for_a_while_whatever_the_key() {
        let (mut contexts, now) = (Contexts::default(), start());
        contexts.note(&scope("m", "k"), 2048, now);
        assert_eq!(contexts.at(&scope("m", "other"), now), Some(2048));
        assert_eq!(contexts.at(&scope("n", "k"), now), None);
        contexts.note(&scope("m", "k"), 4096, now);
        assert_eq!(contexts.at(&scope("m", "k"), now), Some(4096));
        assert_eq!(contexts.list(now)[0].remaining, BELIEVED);
        assert_eq!(contexts.at(&scope("m", "k"), now + BELIEVED), None);
        assert_eq!(contexts.list(now + BELIEVED), []);
        contexts.forget("http://box:8080");
        assert!(contexts.is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (mut contexts, now) = (Contexts::default(), start());
        for n in 0..CAPACITY + 10 {
            let at = now + Duration::from_millis(n as u64);
            contexts.note(&scope(&n.to_string(), ""), 1, at);
        }
        assert_eq!(contexts.0.len(), CAPACITY);
        assert_eq!(contexts.at(&scope("0", ""), now), None);
    }
}
