use super::*;
use crate::testing::start;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

const fn failed(reason: Reason) -> Outcome {
    Outcome::Failed { reason, retry_after: None }
}

fn scope(origin: &str, model: &str, key: &str) -> Scope {
    Scope::new(origin, model, key)
}

fn remaining(store: &MemoryStore, scope: &Scope, now: Instant) -> Option<u64> {
    store.view(scope, now).cooling.map(|cooling| cooling.remaining.as_secs())
}

#[test]
fn an_open_window_is_kept_and_the_next_failure_climbs() {
    let (store, t0, a) = (MemoryStore::new(), start(), scope("o", "m", "k"));
    store.record(&a, &failed(Reason::ServerError), t0);
    store.record(&a, &failed(Reason::ServerError), t0 + secs(10));
    assert_eq!(remaining(&store, &a, t0 + secs(10)), Some(20), "kept, not extended");
    assert_eq!(remaining(&store, &a, t0 + secs(30)), None);
    store.record(&a, &failed(Reason::ServerError), t0 + secs(31));
    assert_eq!(remaining(&store, &a, t0 + secs(31)), Some(60));
    store.record(&a, &failed(Reason::ServerError), t0 + secs(100));
    assert_eq!(remaining(&store, &a, t0 + secs(100)), Some(300));
}

#[test]
fn a_day_without_failure_forgets() {
    let (store, t0, a) = (MemoryStore::new(), start(), scope("o", "m", "k"));
    store.record(&a, &failed(Reason::ServerError), t0);
    store.record(&a, &failed(Reason::ServerError), t0 + secs(24 * 3600));
    assert_eq!(remaining(&store, &a, t0 + secs(24 * 3600)), Some(30));
}

#[test]
fn success_closes_whatever_covers_it() {
    let (store, t0) = (MemoryStore::new(), start());
    let (a, b) = (scope("o", "a", "k"), scope("o", "b", "k"));
    for reason in [Reason::Refused, Reason::Auth, Reason::RateLimit] {
        store.record(&a, &failed(reason), t0);
    }
    store.record(&b, &failed(Reason::RateLimit), t0);
    store.record(&a, &Outcome::Answered, t0);
    assert_eq!(store.view(&a, t0).cooling, None);
    let left: Vec<_> = store.snapshot(t0).into_iter().map(|w| (w.model, w.reason)).collect();
    assert_eq!(left, [(Some("b".into()), Reason::RateLimit)]);
}

#[test]
fn a_siblings_rate_limit_is_its_own() {
    let (store, t0) = (MemoryStore::new(), start());
    store.record(&scope("o", "a", "k"), &failed(Reason::RateLimit), t0);
    for sibling in [scope("o", "b", "k"), scope("o", "a", "other"), scope("p", "a", "k")] {
        assert_eq!(store.view(&sibling, t0).cooling, None);
    }
}

#[test]
fn the_callers_mistakes_cool_nothing() {
    let (store, t0, a) = (MemoryStore::new(), start(), scope("o", "m", "k"));
    for reason in [Reason::Format, Reason::TooLarge, Reason::ContextOverflow, Reason::Empty] {
        store.record(&a, &failed(reason), t0);
    }
    assert_eq!(store.snapshot(t0), []);
}

#[test]
fn the_longest_window_is_shown() {
    let (store, t0, a) = (MemoryStore::new(), start(), scope("o", "m", "k"));
    store.record(&a, &failed(Reason::Refused), t0);
    store.record(&a, &failed(Reason::Billing), t0);
    assert_eq!(store.view(&a, t0).cooling, Some(Cooling::new(Reason::Billing, secs(600))));
}

#[test]
fn it_stays_bounded() {
    let (store, t0) = (MemoryStore::new(), start());
    for n in 0..MemoryStore::CAPACITY * 2 {
        let scope = scope("o", &format!("model-{n}"), "k");
        store.record(&scope, &failed(Reason::ServerError), t0 + Duration::from_millis(n as u64));
        store.take_retry(&Scope::new(format!("o{n}"), "m", "k"), t0);
    }
    let state = store.lock();
    let windows: usize = state.windows.values().map(Vec::len).sum();
    assert_eq!(windows, MemoryStore::CAPACITY);
    assert_eq!(state.count, windows);
    assert!(state.purses.len() <= MemoryStore::CAPACITY);
    drop(state);
    // The newest are the ones that are kept.
    let last = scope("o", &format!("model-{}", MemoryStore::CAPACITY * 2 - 1), "k");
    assert!(store.view(&last, t0 + secs(3)).cooling.is_some());
}

fn half_open(store: &MemoryStore, scope: &Scope, now: Instant) -> bool {
    store.view(scope, now).breaker == BreakerState::HalfOpen
}

#[test]
fn an_ended_window_leaves_a_probe_for_one() {
    let (store, t0, a) = (MemoryStore::new(), start(), scope("o", "m", "k"));
    let sibling = scope("o", "other", "k");
    assert_eq!(store.view(&a, t0), View::default());
    store.record(&a, &failed(Reason::Refused), t0);
    assert_eq!(store.view(&a, t0).breaker, BreakerState::Open);
    let t1 = t0 + secs(30);
    assert!(half_open(&store, &a, t1) && store.view(&a, t1).cooling.is_none());

    assert!(store.take_probe(&a, t1));
    assert!(!store.take_probe(&sibling, t1), "the origin is one");
    let taken = store.view(&sibling, t1);
    assert_eq!(taken, View::half_open(Some(Cooling::new(Reason::Refused, secs(60)))));
    store.record(&a, &Outcome::ProbeEnded, t1);
    assert!(store.take_probe(&sibling, t1));
    // Nobody tells how that one ended.
    assert!(!store.take_probe(&a, t1 + secs(59)));
    assert!(store.take_probe(&a, t1 + secs(60)));
    store.record(&a, &Outcome::Answered, t1 + secs(61));
    assert_eq!(store.view(&sibling, t1 + secs(61)), View::default());
}

#[test]
fn an_open_window_hides_a_half_open_one() {
    let (store, t0, a) = (MemoryStore::new(), start(), scope("o", "m", "k"));
    store.record(&a, &failed(Reason::Refused), t0);
    store.record(&a, &failed(Reason::Billing), t0);
    let view = store.view(&a, t0 + secs(30));
    assert_eq!(view, View::new(Some(Cooling::new(Reason::Billing, secs(570)))));
    // A billing window is for one key: another key finds only the origin's.
    assert!(half_open(&store, &scope("o", "m", "k2"), t0 + secs(30)));
}

#[test]
fn a_breaker_closes_after_a_day() {
    let (store, t0, a) = (MemoryStore::new(), start(), scope("o", "m", "k"));
    store.record(&a, &failed(Reason::Refused), t0);
    assert!(half_open(&store, &a, t0 + secs(24 * 3600 - 1)));
    assert_eq!(store.view(&a, t0 + secs(24 * 3600)), View::default());
    assert_eq!(store.breakers(t0 + secs(24 * 3600)), []);
}

#[cfg(feature = "serde")]
#[test]
fn breakers_serialise_in_their_words() {
    let (store, t0) = (MemoryStore::new(), start());
    let (a, b) = (scope("http://box", "m", "k1"), scope("https://api", "m", "k2"));
    store.record(&a, &failed(Reason::Refused), t0);
    store.record(&b, &failed(Reason::RateLimit), t0 + secs(10));
    store.take_probe(&a, t0 + secs(30));
    insta::assert_json_snapshot!(store.breakers(t0 + secs(30)), @r#"
    [
      {
        "origin": "https://api",
        "key": "k2",
        "model": "m",
        "state": "open",
        "reason": "rate_limit",
        "failures": 1,
        "remaining_ms": 10000,
        "since_failure_ms": 20000,
        "probing": false
      },
      {
        "origin": "http://box",
        "state": "half-open",
        "reason": "refused",
        "failures": 1,
        "remaining_ms": 0,
        "since_failure_ms": 30000,
        "probing": true
      }
    ]
    "#);
    store.reset_scope(&b);
    assert_eq!(store.breakers(t0 + secs(30)).len(), 1);
}

#[cfg(feature = "serde")]
#[test]
fn a_snapshot_serialises_and_resets() {
    let (store, t0) = (MemoryStore::new(), start());
    store.record(&scope("http://box", "m", "k1"), &failed(Reason::Refused), t0);
    store.record(&scope("https://api", "m", "k1"), &failed(Reason::Auth), t0);
    insta::assert_json_snapshot!(store.snapshot(t0), @r#"
    [
      {
        "origin": "http://box",
        "key": null,
        "model": null,
        "reason": "refused",
        "failures": 1,
        "remaining_ms": 30000
      },
      {
        "origin": "https://api",
        "key": "k1",
        "model": null,
        "reason": "auth",
        "failures": 1,
        "remaining_ms": 30000
      }
    ]
    "#);
    store.reset_origin("http://box");
    assert_eq!(store.snapshot(t0).len(), 1);
    store.reset();
    assert_eq!(store.snapshot(t0), []);
}
