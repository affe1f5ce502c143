//! The plan at exact virtual instants.

mod breaker;
mod fit;
mod laws;

use std::time::Duration;

use super::*;
use crate::{
    policy::RetryPolicy,
    store::MemoryStore,
    target::{Limits, Scope, Skip},
    testing::start,
};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A candidate at its own origin with its own key.
fn candidate(name: &str) -> Candidate<()> {
    Candidate::new(name, Scope::new(format!("http://{name}"), name, name), ())
}

/// A plan with its clock: steps are read at an offset from the start.
struct Sim {
    plan: Plan<()>,
    t0: Instant,
}

impl Sim {
    fn new(candidates: impl IntoIterator<Item = Candidate<()>>) -> Self {
        Self::with(
            candidates,
            Policy::default().with_total(secs(100)),
            Arc::new(MemoryStore::new()),
        )
    }

    fn with(
        candidates: impl IntoIterator<Item = Candidate<()>>,
        policy: Policy,
        store: Arc<dyn Store>,
    ) -> Self {
        Self::at(start(), candidates, policy, store)
    }

    fn at(
        t0: Instant,
        candidates: impl IntoIterator<Item = Candidate<()>>,
        policy: Policy,
        store: Arc<dyn Store>,
    ) -> Self {
        let plan = Plan::new(candidates.into_iter().collect(), policy, store, 7, t0);
        Self { plan, t0 }
    }

    fn next(&mut self, at: u64) -> Step {
        self.plan.next(self.t0 + secs(at))
    }

    fn tell(&mut self, attempt: usize, event: AttemptEvent, at: u64) {
        self.plan.on_event(AttemptId(attempt), event, self.t0 + secs(at));
    }

    /// The attempt fails, and the plan drops it.
    fn fail(&mut self, attempt: usize, reason: Reason, at: u64) {
        self.tell(attempt, AttemptEvent::Failed(Problem::new(reason)), at);
        assert_eq!(self.next(at), cancel(attempt, reason));
    }

    fn wait(&self, at: u64) -> Step {
        Step::WaitUntil(self.t0 + secs(at))
    }

    fn end(&self, at: u64) -> Exhausted {
        self.plan.exhausted(self.t0 + secs(at)).expect("the plan gave up")
    }
}

fn begin(attempt: usize, target: usize) -> Step {
    Step::Start { attempt: AttemptId(attempt), target }
}

fn cancel(attempt: usize, reason: Reason) -> Step {
    Step::Cancel { attempt: AttemptId(attempt), reason }
}

fn timeout(limit: Limit) -> Reason {
    Reason::Timeout(limit)
}

#[test]
fn the_first_answers() {
    let mut sim = Sim::new([candidate("a"), candidate("b")]);
    assert_eq!(sim.next(0), begin(0, 0));
    assert_eq!(sim.next(0), sim.wait(50)); // its share: half of 100 s
    sim.tell(0, AttemptEvent::Progress, 1);
    sim.tell(0, AttemptEvent::Committed, 2);
    assert_eq!(sim.next(2), sim.wait(62)); // idle from here on
    sim.tell(0, AttemptEvent::Finished, 3);
    assert_eq!(sim.next(3), Step::Done { attempt: AttemptId(0) });
    assert_eq!(sim.next(900), Step::Done { attempt: AttemptId(0) });

    let ledger = sim.plan.ledger();
    assert_eq!(ledger.served_by(), Some("a"));
    assert_eq!(ledger.fallback_reason(), None);
    let attempt = &ledger.attempts[0];
    assert_eq!(
        (attempt.first_byte, attempt.first_text, attempt.ended),
        (Some(secs(1)), Some(secs(2)), Some(secs(3)))
    );
}

#[test]
fn a_failure_goes_to_the_next_at_once() {
    let mut sim = Sim::new([candidate("a"), candidate("b")]);
    sim.next(0);
    sim.fail(0, Reason::Refused, 1);
    assert_eq!(sim.next(1), begin(1, 1));
    sim.tell(1, AttemptEvent::Committed, 2);
    sim.tell(1, AttemptEvent::Finished, 2);
    assert_eq!(sim.next(2), Step::Done { attempt: AttemptId(1) });
    assert_eq!(sim.plan.ledger().served_by(), Some("b"));
    assert_eq!(sim.plan.ledger().fallback_reason(), Some(Reason::Refused));
}

/// A break report's item 8: a log line gave one to a request that nobody answered.
#[test]
fn where_nobody_answered_nothing_was_a_fallback() {
    let mut sim = Sim::new([candidate("a"), candidate("b")]);
    sim.next(0);
    sim.fail(0, Reason::Auth, 1);
    sim.next(1);
    sim.fail(1, Reason::Auth, 2);
    assert_eq!(sim.next(2), Step::GiveUp);
    assert_eq!(sim.plan.ledger().fallback_reason(), None);
}

/// A break report's item 10: neither which limit it was nor its length was said.
#[test]
fn a_limit_that_ran_out_is_named_with_its_length() {
    let limits = Limits::hosted().with_first_byte(secs(5));
    let mut sim = Sim::new([candidate("a").with_limits(limits), candidate("b")]);
    sim.next(0);
    sim.next(5);
    let problem = sim.plan.ledger().attempts[0].problem.as_ref();
    assert_eq!(problem.map(Problem::text), Some("nothing arrived in time (firstByte 5s)"));

    let policy = Policy::default().with_total(secs(9));
    let mut sim = Sim::with([candidate("a")], policy, Arc::new(MemoryStore::new()));
    sim.next(0);
    sim.next(9);
    let problem = sim.plan.ledger().attempts[0].problem.as_ref();
    assert_eq!(problem.map(Problem::text), Some("the request's deadline ran out (total 9s)"));
}

#[test]
fn each_limit_ends_the_attempt_at_its_instant() {
    let limits =
        Limits::hosted().with_first_byte(secs(5)).with_first_text(secs(20)).with_idle(secs(8));
    let sim = || Sim::new([candidate("a").with_limits(limits), candidate("b")]);

    let mut first_byte = sim();
    first_byte.next(0);
    assert_eq!(first_byte.next(4), first_byte.wait(5));
    assert_eq!(first_byte.next(5), cancel(0, timeout(Limit::FirstByte)));
    assert_eq!(first_byte.next(5), begin(1, 1));

    let mut idle = sim();
    idle.next(0);
    idle.tell(0, AttemptEvent::Progress, 2);
    assert_eq!(idle.next(2), idle.wait(10));
    assert_eq!(idle.next(10), cancel(0, timeout(Limit::Idle)));

    // Heartbeats keep it alive, but are no text.
    let mut first_text = sim();
    first_text.next(0);
    for at in [4, 8, 11] {
        first_text.tell(0, AttemptEvent::Progress, at);
    }
    first_text.tell(0, AttemptEvent::Progress, 18);
    assert_eq!(first_text.next(14), Step::Show { attempt: AttemptId(0) });
    assert_eq!(first_text.next(18), first_text.wait(20));
    assert_eq!(first_text.next(20), cancel(0, timeout(Limit::FirstText)));
}

#[test]
fn nobody_but_the_last_gets_more_than_half_of_what_remains() {
    let mut sim = Sim::new([candidate("a"), candidate("b"), candidate("c")]);
    sim.next(0);
    assert_eq!(sim.next(0), sim.wait(50));
    assert_eq!(sim.next(50), cancel(0, timeout(Limit::Share)));
    assert_eq!(sim.next(50), begin(1, 1));
    assert_eq!(sim.next(50), sim.wait(75));
    assert_eq!(sim.next(75), cancel(1, timeout(Limit::Share)));
    assert_eq!(sim.next(75), begin(2, 2));
    assert_eq!(sim.next(75), sim.wait(100));
    assert_eq!(sim.next(100), cancel(2, timeout(Limit::Total)));
    assert_eq!(sim.next(100), Step::GiveUp);
    assert!(sim.end(100).is_deadline());
}

#[test]
fn a_share_that_ran_out_cools_nothing() {
    let store = Arc::new(MemoryStore::new());
    let policy = Policy::default().with_total(secs(2));
    let mut sim = Sim::with([candidate("a"), candidate("b")], policy, store.clone());
    sim.next(0);
    assert_eq!(sim.next(1), cancel(0, timeout(Limit::Share)));
    assert_eq!(store.snapshot(sim.t0 + secs(1)), []);
}

#[test]
fn the_last_target_is_asked_again_after_a_wait() {
    let mut sim = Sim::new([candidate("a"), candidate("b")]);
    sim.next(0);
    sim.fail(0, Reason::ServerError, 0);
    sim.next(0);
    sim.fail(1, Reason::Reset, 1);
    let Step::WaitUntil(until) = sim.next(1) else { panic!("no retry") };
    let wait = until - (sim.t0 + secs(1));
    assert!((Duration::from_millis(500)..=Duration::from_millis(1500)).contains(&wait), "{wait:?}");
    assert_eq!(sim.plan.next(until), begin(2, 1));
    assert!(sim.plan.ledger().attempts[2].retry);
    sim.fail(2, Reason::Reset, 4);
    assert_eq!(sim.next(4), Step::GiveUp);
}

#[test]
fn an_earlier_target_is_retried_where_the_last_one_cannot_be() {
    let mut sim = Sim::new([candidate("a"), candidate("b")]);
    sim.next(0);
    sim.fail(0, Reason::ServerError, 0);
    sim.next(0);
    sim.fail(1, Reason::Auth, 0);
    assert!(matches!(sim.next(0), Step::WaitUntil(_)));
    assert_eq!(sim.next(2), begin(2, 0));
}

#[test]
fn what_fails_for_good_is_not_retried() {
    for reason in [Reason::Auth, Reason::Format, Reason::ModelNotFound, Reason::Billing] {
        let mut sim = Sim::new([candidate("a")]);
        sim.next(0);
        sim.fail(0, reason, 0);
        assert_eq!(sim.next(0), Step::GiveUp, "{reason}");
    }
}

#[test]
fn retry_after_is_a_floor_and_beyond_the_budget_a_message() {
    let limited = |wait| {
        let mut sim = Sim::new([candidate("a")]);
        sim.next(0);
        let problem = Problem { retry_after: Some(secs(wait)), ..Problem::new(Reason::RateLimit) };
        sim.tell(0, AttemptEvent::Failed(problem), 0);
        sim.next(0);
        sim
    };
    let mut soon = limited(10);
    assert_eq!(soon.next(0), soon.wait(10));
    assert_eq!(soon.next(10), begin(1, 0));

    let mut late = limited(11);
    assert_eq!(late.next(0), Step::GiveUp);
    let end = late.end(0);
    assert_eq!((end.kind(), end.retry_after()), (ExhaustedKind::Cooling, Some(secs(11))));

    for total in [4, 8] {
        let policy = Policy::default().with_total(secs(total));
        let mut sim = Sim::with([candidate("a")], policy, Arc::new(MemoryStore::new()));
        sim.next(0);
        let problem = Problem { retry_after: Some(secs(8)), ..Problem::new(Reason::RateLimit) };
        sim.tell(0, AttemptEvent::Failed(problem), 0);
        sim.next(0);
        assert_eq!(sim.next(0), Step::GiveUp, "a wait up to the deadline is not begun");
    }
}

#[test]
fn an_origin_that_has_spent_its_retries_gets_none() {
    let store = Arc::new(MemoryStore::new());
    let t0 = start();
    let mut retried = 0;
    for _ in 0..60 {
        let policy = Policy::default();
        let mut sim = Sim::at(t0, [candidate("a")], policy, store.clone());
        sim.next(0);
        sim.fail(0, Reason::Overloaded, 0);
        retried += u32::from(matches!(sim.next(0), Step::WaitUntil(_)));
        store.record(&candidate("a").scope, &Outcome::Answered, t0);
    }
    // Ten saved up, and a fifth of sixty attempts.
    assert!((20..=22).contains(&retried), "{retried}");
}

#[test]
fn overflow_goes_only_to_a_larger_window() {
    let mut sim = Sim::new([
        candidate("small").with_window(32_000),
        candidate("equal").with_window(32_000),
        candidate("unknown"),
        candidate("large").with_window(200_000),
    ]);
    sim.next(0);
    sim.fail(0, Reason::ContextOverflow, 0);
    assert_eq!(sim.next(0), begin(1, 3));
    let skipped: Vec<_> = sim.plan.ledger().skipped.iter().map(|s| (&*s.name, s.reason)).collect();
    assert_eq!(skipped, [("equal", Reason::ContextOverflow), ("unknown", Reason::ContextOverflow)]);
    sim.fail(1, Reason::ContextOverflow, 0);
    assert_eq!(sim.next(0), Step::GiveUp);
    assert!(sim.end(0).is_context_overflow());
}

/// Somebody vouched for the known one.
#[test]
fn a_known_window_is_larger_than_an_unknown_one_that_overflowed() {
    let mut sim = Sim::new([
        candidate("unknown"),
        candidate("unknown-too"),
        candidate("known").with_window(32_000),
    ]);
    sim.next(0);
    sim.fail(0, Reason::ContextOverflow, 0);
    assert_eq!(sim.next(0), begin(1, 2));
    let skipped: Vec<_> = sim.plan.ledger().skipped.iter().map(|s| &*s.name).collect();
    assert_eq!(skipped, ["unknown-too"]);
}

#[test]
fn the_window_that_the_server_names_counts() {
    let mut sim = Sim::new([
        candidate("loaded-short").with_window(196_608),
        candidate("b").with_window(128_000),
    ]);
    sim.next(0);
    let problem = Problem { window: Some(4096), ..Problem::new(Reason::ContextOverflow) };
    sim.tell(0, AttemptEvent::Failed(problem), 0);
    sim.next(0);
    assert_eq!(sim.next(0), begin(1, 1));
}

#[test]
fn the_largest_window_that_overflowed_counts() {
    let mut sim = Sim::new([
        candidate("a").with_window(32_000),
        candidate("b").with_window(64_000),
        candidate("c").with_window(20_000),
    ]);
    sim.next(0);
    sim.fail(0, Reason::ContextOverflow, 0);
    assert_eq!(sim.next(0), begin(1, 1));
    let problem = Problem { window: Some(4096), ..Problem::new(Reason::ContextOverflow) };
    sim.tell(1, AttemptEvent::Failed(problem), 0);
    sim.next(0);
    assert_eq!(sim.next(0), Step::GiveUp, "20,000 is less than what a has shown to be too little");
}

#[test]
fn an_unusable_candidate_is_listed_and_never_asked() {
    let skip = Skip::new(Reason::Auth, "no API key", "set ANTHROPIC_API_KEY");
    let mut sim = Sim::new([candidate("lm/m"), candidate("anthropic/m").unusable(skip)]);
    sim.next(0);
    sim.fail(0, Reason::Tls, 0);
    assert_eq!(sim.next(0), Step::GiveUp);
    let end = sim.end(0);
    assert_eq!(
        end.to_string(),
        "All models failed (2): lm/m: TLS handshake failed (tls_certificate) | \
         anthropic/m: no API key (auth)"
    );
    assert!(end.advice().any(|advice| advice == ("anthropic/m", "set ANTHROPIC_API_KEY")));
}

#[test]
fn what_failed_here_is_not_tried_where_it_would_fail_the_same() {
    let at = |origin: &str, model: &str, key: &str| {
        Candidate::new(format!("{origin}/{model}"), Scope::new(origin, model, key), ())
    };
    let mut dead = Sim::new([at("box", "a", ""), at("box", "b", ""), at("cloud", "c", "k")]);
    dead.next(0);
    dead.fail(0, Reason::Refused, 0);
    assert_eq!(dead.next(0), begin(1, 2), "the same dead box is not asked twice");

    let mut limited = Sim::new([at("cloud", "a", "k"), at("cloud", "b", "k")]);
    limited.next(0);
    limited.fail(0, Reason::RateLimit, 0);
    assert_eq!(limited.next(0), begin(1, 1), "a sibling model has its own limit");

    let mut locked = Sim::new([at("cloud", "a", "k"), at("cloud", "b", "k")]);
    locked.next(0);
    locked.fail(0, Reason::Auth, 0);
    assert_eq!(locked.next(0), Step::GiveUp, "a sibling model has the same key");
}

#[test]
fn a_cooling_candidate_is_passed_over() {
    let store = Arc::new(MemoryStore::new());
    let t0 = start();
    let refused = Outcome::Failed { reason: Reason::Refused, retry_after: None };
    store.record(&candidate("a").scope, &refused, t0);
    let policy = Policy::default();
    let mut sim = Sim::at(t0, [candidate("a"), candidate("b")], policy, store);
    assert_eq!(sim.next(1), begin(0, 1));
    let skipped = &sim.plan.ledger().skipped[0];
    assert_eq!((&*skipped.name, &*skipped.text), ("a", "cooling down for 29 s more"));
}

#[test]
fn a_cooling_last_resort_still_gets_its_share_of_the_deadline() {
    let store = Arc::new(MemoryStore::new());
    let t0 = start();
    let broke = Outcome::Failed { reason: Reason::Billing, retry_after: None };
    store.record(&candidate("b").scope, &broke, t0);
    let policy = Policy::default().with_total(secs(100));
    let mut sim = Sim::at(t0, [candidate("a"), candidate("b")], policy, store);
    assert_eq!(sim.next(0), begin(0, 0));
    assert_eq!(sim.next(0), sim.wait(50));
    assert_eq!(sim.next(50), cancel(0, timeout(Limit::Share)));
    assert_eq!(sim.next(50), begin(1, 1));
    assert!(sim.plan.ledger().attempts[1].probe);
    assert_eq!(sim.plan.ledger().skipped, []);
}

#[test]
fn where_all_cool_the_one_that_ends_soonest_is_asked_once() {
    let store = Arc::new(MemoryStore::new());
    let t0 = start();
    let limited =
        |wait| Outcome::Failed { reason: Reason::RateLimit, retry_after: Some(secs(wait)) };
    store.record(&candidate("a").scope, &limited(50), t0);
    store.record(&candidate("b").scope, &limited(40), t0);
    let policy = Policy::default();
    let mut sim = Sim::at(t0, [candidate("a"), candidate("b")], policy, store);
    assert_eq!(sim.next(0), begin(0, 1));
    assert!(sim.plan.ledger().attempts[0].probe);
    sim.fail(0, Reason::RateLimit, 1);
    assert_eq!(sim.next(1), Step::GiveUp);
    let end = sim.end(1);
    assert_eq!((end.kind(), end.retry_after()), (ExhaustedKind::Cooling, Some(secs(39))));
}

#[test]
fn a_lone_candidate_is_always_asked() {
    let store = Arc::new(MemoryStore::new());
    let t0 = start();
    let broke = Outcome::Failed { reason: Reason::Billing, retry_after: None };
    store.record(&candidate("a").scope, &broke, t0);
    let mut sim = Sim::at(t0, [candidate("a")], Policy::default(), store);
    assert_eq!(sim.next(0), begin(0, 0));
}

#[test]
fn what_fails_after_the_commit_is_told() {
    let mut sim = Sim::new([candidate("a"), candidate("b")]);
    sim.next(0);
    sim.tell(0, AttemptEvent::Committed, 1);
    sim.fail(0, Reason::Reset, 2);
    assert_eq!(sim.next(2), Step::Failed { attempt: AttemptId(0) });
    assert_eq!(sim.plan.ledger().attempts.len(), 1);
}

#[test]
fn after_the_commit_only_idle_and_total_hold() {
    let mut sim = Sim::new([candidate("a")]);
    sim.next(0);
    sim.tell(0, AttemptEvent::Committed, 1);
    sim.tell(0, AttemptEvent::Progress, 55);
    assert_eq!(sim.next(60), sim.wait(100));
    sim.tell(0, AttemptEvent::Progress, 99);
    assert_eq!(sim.next(100), cancel(0, timeout(Limit::Total)));
    assert_eq!(sim.next(100), Step::Failed { attempt: AttemptId(0) });
}

#[test]
fn what_is_meaningful_and_unseen_has_met_its_limits_and_is_replaceable() {
    let mut sim = Sim::new([candidate("a"), candidate("b")]);
    sim.next(0);
    sim.tell(0, AttemptEvent::Meaningful, 1);
    // Neither its share (50) nor its first text (120), only silence (60).
    sim.tell(0, AttemptEvent::Progress, 45);
    assert_eq!(sim.next(60), Step::Show { attempt: AttemptId(0) });
    assert_eq!(sim.next(60), sim.wait(100));
    sim.fail(0, Reason::Cut, 61);
    assert_eq!(sim.next(61), begin(1, 1));
    sim.tell(1, AttemptEvent::Meaningful, 62);
    sim.tell(1, AttemptEvent::Finished, 63);
    assert_eq!(sim.next(63), Step::Done { attempt: AttemptId(1) });
    let ledger = sim.plan.ledger();
    assert_eq!(ledger.committed, Some(AttemptId(1)));
    let first_texts: Vec<_> = ledger.attempts.iter().map(|one| one.first_text).collect();
    assert_eq!(first_texts, [Some(secs(1)), Some(secs(62))]);
}

#[test]
fn held_reasoning_is_shown_after_a_while_and_at_once_for_first_token() {
    let mut sim = Sim::new([candidate("a")]);
    sim.next(0);
    sim.tell(0, AttemptEvent::Progress, 3);
    assert_eq!(sim.next(3), sim.wait(13));
    assert_eq!(sim.next(13), Step::Show { attempt: AttemptId(0) });
    assert_eq!(sim.next(13), sim.wait(63));

    let policy = Policy::default().with_commit(crate::Commit::FirstToken);
    let mut sim = Sim::with([candidate("a")], policy, Arc::new(MemoryStore::new()));
    sim.next(0);
    sim.tell(0, AttemptEvent::Progress, 3);
    assert_eq!(sim.next(3), Step::Show { attempt: AttemptId(0) });
}

#[test]
fn an_end_without_a_commit_is_empty() {
    let mut sim = Sim::with(
        [candidate("a")],
        Policy::default().with_retry(RetryPolicy::never()),
        Arc::new(MemoryStore::new()),
    );
    sim.next(0);
    sim.tell(0, AttemptEvent::Finished, 1);
    assert_eq!(sim.next(1), cancel(0, Reason::Empty));
    assert_eq!(sim.next(1), Step::GiveUp);
    assert_eq!(sim.end(1).to_string(), "All models failed (1): a: empty answer (empty_response)");
}

#[test]
fn the_kind_of_the_end() {
    use ExhaustedKind as K;
    for (reasons, kind) in [
        (&[Reason::ContextOverflow][..], K::ContextOverflow),
        (&[Reason::Format, Reason::TooLarge], K::Rejected),
        (&[Reason::Format, Reason::Billing], K::Failed),
        (&[Reason::Policy, Reason::Policy], K::Policy),
        (&[Reason::Auth, Reason::RateLimit], K::Cooling),
        (&[Reason::Auth, Reason::Tls], K::Failed),
        (&[Reason::ContentFilter], K::ContentFilter),
        (&[Reason::Cancelled], K::Cancelled),
    ] {
        let names = ["a", "b", "c"];
        let mut sim = Sim::with(
            reasons.iter().zip(names).map(|(_, name)| candidate(name)),
            Policy::default().with_retry(RetryPolicy::never()),
            Arc::new(MemoryStore::new()),
        );
        for (attempt, &reason) in reasons.iter().enumerate() {
            assert_eq!(sim.next(0), begin(attempt, attempt));
            sim.fail(attempt, reason, 0);
        }
        assert_eq!(sim.next(0), Step::GiveUp);
        assert_eq!(sim.end(0).kind(), kind, "{reasons:?}");
    }
}

#[test]
fn policy_that_excludes_everyone_is_said_so() {
    let skip = || Skip::new(Reason::Policy, "hosted, and the request is local-only", "");
    let mut sim = Sim::new([candidate("a").unusable(skip()), candidate("b").unusable(skip())]);
    assert_eq!(sim.next(0), Step::GiveUp);
    assert!(sim.end(0).is_policy());
}

#[test]
fn an_empty_chain_gives_up() {
    let mut sim = Sim::new([]);
    assert_eq!(sim.next(0), Step::GiveUp);
    assert_eq!(sim.end(0).to_string(), "All models failed (0): the chain has no candidates");
}

#[test]
fn a_success_reopens_what_had_cooled() {
    let store = Arc::new(MemoryStore::new());
    let t0 = start();
    let refused = Outcome::Failed { reason: Reason::Refused, retry_after: None };
    store.record(&candidate("a").scope, &refused, t0);
    let mut sim = Sim::at(t0, [candidate("a")], Policy::default(), store.clone());
    sim.next(0);
    sim.tell(0, AttemptEvent::Committed, 1);
    sim.tell(0, AttemptEvent::Finished, 1);
    assert_eq!(store.snapshot(t0 + secs(1)), []);
}
