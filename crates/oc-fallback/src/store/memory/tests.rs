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
