//! Half-open breakers across requests, and what a ledger says of the unreached.

use super::*;
use crate::{
    ledger::{SkipKind, Usage},
    store::BreakerState,
};

const REFUSED: Outcome = Outcome::Failed { reason: Reason::Refused, retry_after: None };

/// A store in which `a` failed at the start, and its window of 30 s.
fn after_a_failure() -> (Arc<MemoryStore>, Instant) {
    let (store, t0) = (Arc::new(MemoryStore::new()), start());
    store.record(&candidate("a").scope, &REFUSED, t0);
    (store, t0)
}

fn request(store: &Arc<MemoryStore>, t0: Instant) -> Sim {
    Sim::at(t0, [candidate("a"), candidate("b")], Policy::default(), store.clone())
}

fn state(store: &MemoryStore, at: Instant) -> BreakerState {
    store.view(&candidate("a").scope, at).breaker
}

#[test]
fn after_its_window_one_request_tries_it_and_the_others_do_not_wait() {
    let (store, t0) = after_a_failure();
    let mut early = request(&store, t0);
    assert_eq!(early.next(29), begin(0, 1), "open");

    let mut probe = request(&store, t0);
    assert_eq!(probe.next(30), begin(0, 0), "half-open");
    assert!(probe.plan.ledger().attempts[0].half_open);
    assert!(!probe.plan.ledger().attempts[0].probe);
    let mut other = request(&store, t0);
    assert_eq!(other.next(31), begin(0, 1), "one at a time");
    let skipped = &other.plan.ledger().skipped[0];
    assert_eq!(
        (skipped.kind, skipped.reason, &*skipped.text),
        (SkipKind::Cooling, Reason::Refused, "another request is trying whether it works again")
    );

    // A long answer keeps nobody else out; the whole answer closes it.
    probe.tell(0, AttemptEvent::Committed, 32);
    let mut next = request(&store, t0);
    assert_eq!(next.next(33), begin(0, 0));
    probe.tell(0, AttemptEvent::Finished, 34);
    assert_eq!(state(&store, t0 + secs(34)), BreakerState::Closed);
}

#[test]
fn a_half_open_candidate_waits_for_its_share() {
    let (store, t0) = after_a_failure();
    let policy = Policy::default().with_total(secs(100));
    let mut sim = Sim::at(t0 + secs(30), [candidate("b"), candidate("a")], policy, store);
    assert_eq!(sim.next(0), begin(0, 0));
    assert_eq!(sim.next(0), sim.wait(50));
}

#[test]
fn a_probe_that_fails_opens_for_longer() {
    let (store, t0) = after_a_failure();
    let mut probe = request(&store, t0);
    assert_eq!(probe.next(30), begin(0, 0));
    probe.fail(0, Reason::Refused, 31);
    assert_eq!(state(&store, t0 + secs(90)), BreakerState::Open);
    assert_eq!(state(&store, t0 + secs(91)), BreakerState::HalfOpen);
    assert!(store.view(&candidate("a").scope, t0 + secs(91)).cooling.is_none(), "given back");
}

#[test]
fn a_probe_that_says_nothing_about_the_candidate_is_given_back() {
    let (store, t0) = after_a_failure();
    let mut probe = request(&store, t0);
    assert_eq!(probe.next(30), begin(0, 0));
    probe.fail(0, Reason::Format, 31);
    let mut next = request(&store, t0);
    assert_eq!(next.next(31), begin(0, 0));
}

#[test]
fn a_caller_that_leaves_gives_its_probe_back() {
    let (store, t0) = after_a_failure();
    let mut probe = request(&store, t0);
    assert_eq!(probe.next(30), begin(0, 0));
    drop(probe);
    let mut next = request(&store, t0);
    assert_eq!(next.next(30), begin(0, 0));
}

#[test]
fn a_request_without_the_probe_does_not_give_it_back() {
    let (store, t0) = after_a_failure();
    let mut old = request(&store, t0);
    old.plan.candidates = [candidate("a")].into();
    assert_eq!(old.next(29), begin(0, 0), "the last resort");
    let mut probe = request(&store, t0);
    assert_eq!(probe.next(30), begin(0, 0));
    old.fail(0, Reason::Format, 31);
    drop(old);
    let mut other = request(&store, t0);
    assert_eq!(other.next(31), begin(0, 1));
}

#[test]
fn where_all_are_being_tried_one_is_asked_all_the_same() {
    let (store, t0) = after_a_failure();
    let alone = || Sim::at(t0, [candidate("a")], Policy::default(), store.clone());
    let mut probe = alone();
    assert_eq!(probe.next(30), begin(0, 0));
    let mut other = alone();
    assert_eq!(other.next(30), begin(0, 0), "a lone candidate is always asked");
    assert!(other.plan.ledger().attempts[0].probe);
}

#[test]
fn a_probe_in_progress_is_no_promise() {
    let (store, t0) = (Arc::new(MemoryStore::new()), start());
    let limited = Outcome::Failed { reason: Reason::RateLimit, retry_after: None };
    store.record(&candidate("a").scope, &limited, t0);
    let a_and_c =
        || Sim::at(t0, [candidate("a"), candidate("c")], Policy::default(), store.clone());
    let mut probe = a_and_c();
    assert_eq!(probe.next(30), begin(0, 0));
    let mut other = a_and_c();
    assert_eq!(other.next(30), begin(0, 1));
    other.fail(0, Reason::Tls, 30);
    assert_eq!(other.next(30), begin(1, 0));
    other.fail(1, Reason::Format, 30);
    assert_eq!(other.next(30), Step::GiveUp);
    assert_eq!((other.end(30).kind(), other.end(30).retry_after()), (ExhaustedKind::Failed, None));
}

#[test]
fn loading_moves_the_first_text_but_not_the_share() {
    let limits = Limits::local().with_first_byte(secs(20)).with_first_text(secs(20));
    let alone = candidate("a").with_limits(limits.with_idle(secs(60)));
    let mut lone = Sim::new([alone.clone()]);
    lone.next(0);
    lone.tell(0, AttemptEvent::Loading, 15);
    assert_eq!(lone.next(15), lone.wait(25), "held events are shown");
    assert_eq!(lone.next(25), Step::Show { attempt: AttemptId(0) });
    assert_eq!(lone.next(25), lone.wait(35));
    lone.tell(0, AttemptEvent::Progress, 30);
    assert_eq!(lone.next(35), cancel(0, timeout(Limit::FirstText)));

    let mut first = Sim::new([alone, candidate("b")]);
    first.next(0);
    for at in [15, 30, 45] {
        first.tell(0, AttemptEvent::Loading, at);
    }
    first.next(45);
    assert_eq!(first.next(49), first.wait(50));
    assert_eq!(first.next(50), cancel(0, timeout(Limit::Share)));
}

#[test]
fn whom_the_deadline_came_before_is_listed() {
    let policy = Policy::default().with_total(secs(10)).with_share(1.0);
    let store = Arc::new(MemoryStore::new());
    let unusable = candidate("c").unusable(Skip::new(Reason::Auth, "no API key", ""));
    let mut sim = Sim::with([candidate("a"), candidate("b"), unusable], policy, store);
    sim.next(0);
    assert_eq!(sim.next(10), cancel(0, timeout(Limit::Total)));
    assert_eq!(sim.next(10), Step::GiveUp);
    let kinds: Vec<_> = sim.plan.ledger().skipped.iter().map(|s| (&*s.name, s.kind)).collect();
    assert_eq!(kinds, [("b", SkipKind::NotReached), ("c", SkipKind::Unusable)]);
    assert_eq!(
        sim.end(10).to_string(),
        "All models failed (3): a: the request's deadline ran out (total 10s) (timeout) | \
         b: not reached before the deadline (timeout) | c: no API key (auth)"
    );
}

#[test]
fn a_deadline_that_leaves_no_time_lists_everyone() {
    let policy = Policy::default().with_total(Duration::ZERO);
    let mut sim = Sim::with([candidate("a")], policy, Arc::new(MemoryStore::new()));
    assert_eq!(sim.next(0), Step::GiveUp);
    assert_eq!(sim.plan.ledger().skipped[0].kind, SkipKind::NotReached);
}

#[test]
fn usage_is_kept_per_attempt_and_summed() {
    let mut sim = Sim::new([candidate("a"), candidate("b")]);
    sim.next(0);
    sim.plan.on_usage(AttemptId(0), Usage::new().with_input_tokens(100).with_cost(7));
    sim.fail(0, Reason::Cut, 1);
    sim.next(1);
    sim.tell(1, AttemptEvent::Committed, 1);
    sim.tell(1, AttemptEvent::Finished, 1);
    sim.plan.on_usage(AttemptId(1), Usage::new().with_output_tokens(1));
    sim.plan.on_usage(AttemptId(1), Usage::new().with_input_tokens(100).with_output_tokens(9));
    sim.plan.on_usage(AttemptId(9), Usage::new().with_cost(1));
    let sum = Usage::new().with_input_tokens(200).with_output_tokens(9).with_cost(7);
    assert_eq!(sim.plan.ledger().usage(), sum);
}

#[test]
fn where_the_first_answers_nothing_is_allocated() {
    let (store, t0) = after_a_failure();
    let candidates: Arc<[_]> = [candidate("b"), candidate("c")].into();
    let mut plan = Plan::new(candidates, Policy::default(), store, 7, t0);
    plan.next(t0);
    plan.on_event(AttemptId(0), AttemptEvent::Committed, t0);
    plan.on_event(AttemptId(0), AttemptEvent::Finished, t0);
    plan.next(t0);
    assert!(!plan.flights.is_on_heap() && !plan.ledger.attempts.is_on_heap());
    assert_eq!(plan.ledger.skipped.capacity(), 0);
}
