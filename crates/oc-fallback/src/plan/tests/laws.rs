//! Laws that hold for any chain and any luck, found by random play.

use proptest::prelude::*;

use super::*;
use crate::fit::{Capabilities, Estimate, fit};

/// What an attempt does: wait, then do something, until it ends.
#[derive(Debug, Clone)]
enum Act {
    Progress,
    Loading,
    Commit,
    Finish,
    Fail(usize),
    Reserve(usize),
    Silence,
}

fn act() -> impl Strategy<Value = (u64, Act)> {
    let act = prop_oneof![
        3 => Just(Act::Progress),
        1 => Just(Act::Loading),
        2 => Just(Act::Commit),
        2 => Just(Act::Finish),
        4 => (0..Reason::ALL.len()).prop_map(Act::Fail),
        2 => (0..Reason::ALL.len()).prop_map(Act::Reserve),
        1 => Just(Act::Silence),
    ];
    (0_u64..90_000, act)
}

fn chain() -> impl Strategy<Value = Vec<Candidate<()>>> {
    let one = (0_u8..3, 0_u8..3, 0_u8..2, any::<bool>(), prop::option::of(1_u64..5));
    prop::collection::vec(one, 0..5).prop_map(|specs| {
        specs
            .into_iter()
            .enumerate()
            .map(|(n, (origin, model, key, usable, window))| {
                let scope =
                    Scope::new(format!("o{origin}"), format!("m{model}"), format!("k{key}"));
                let mut candidate = Candidate::new(format!("c{n}"), scope, ());
                candidate.window = window;
                if !usable {
                    candidate = candidate.unusable(Skip::new(Reason::Auth, "no key", ""));
                }
                candidate
            })
            .collect()
    })
}

fn capable(n: u8, candidate: Candidate<()>) -> Candidate<()> {
    let capabilities = Capabilities::new().with_images(n & 1 == 0).with_tools(n & 2 == 0);
    let capabilities = if n & 4 == 0 { capabilities } else { capabilities.with_tag("local") };
    candidate.with_capabilities(capabilities)
}

fn needs() -> impl Strategy<Value = Needs> {
    (any::<bool>(), any::<bool>(), any::<bool>(), 0_u64..5).prop_map(
        |(images, tools, local, input)| {
            let needs = Needs::new()
                .with_images(images)
                .with_tools(tools)
                .with_input(Estimate::exact(input));
            if local { needs.with_tag("local") } else { needs }
        },
    )
}

/// Plays one request to its end and checks every step.
fn play(
    candidates: Vec<Candidate<()>>,
    acts: Vec<(u64, Act)>,
    total: u64,
    store: Arc<MemoryStore>,
) {
    play_with(candidates, acts, total, store, &Needs::new());
}

fn play_with(
    candidates: Vec<Candidate<()>>,
    acts: Vec<(u64, Act)>,
    total: u64,
    store: Arc<MemoryStore>,
    needs: &Needs,
) {
    let t0 = start();
    let policy = Policy::default().with_total(Duration::from_millis(total));
    let deadline = t0 + Duration::from_millis(total);
    let usable: Vec<bool> = candidates
        .iter()
        .map(|candidate| {
            let mut can = candidate.capabilities.clone();
            can.window = candidate.window;
            candidate.usable.is_ok() && fit(needs, &can).is_ok()
        })
        .collect();
    let mut plan = Plan::new(candidates.into(), policy, Arc::<MemoryStore>::clone(&store), 3, t0)
        .with_needs(needs.clone());
    let (mut now, mut live, mut committed, mut kept) = (t0, None, None, None);
    let mut starts = vec![0; usable.len()];
    // Who was cooling when the retry began: a window may end while it runs.
    let mut cooled = vec![false; usable.len()];
    let mut acts = acts.into_iter();
    for _ in 0..10_000 {
        match plan.next(now) {
            Step::Start { attempt, target } => {
                assert!(now < deadline, "started after the deadline");
                assert!(usable[target], "asked an unusable candidate");
                assert!(committed.is_none(), "asked another after the commit");
                assert!(live.is_none(), "asked a second one while the first lives");
                starts[target] += 1;
                if starts[target] == 2 {
                    for (cooled, candidate) in cooled.iter_mut().zip(plan.candidates.iter()) {
                        *cooled = store.view(&candidate.scope, now).cooling.is_some();
                    }
                }
                live = Some(attempt);
            }
            Step::Cancel { attempt, .. } => {
                assert!(live.is_none_or(|alive| alive == attempt));
                live = None;
            }
            Step::Keep { attempt, .. } => {
                assert_eq!(live, Some(attempt));
                assert!(kept.is_none() && committed.is_none(), "kept a second one");
                (live, kept) = (None, Some(attempt));
            }
            Step::Settle { attempt } => {
                assert_eq!((kept, live, committed), (Some(attempt), None, None));
                committed = kept;
            }
            Step::Show { attempt } => {
                assert_eq!(live, Some(attempt));
                assert!(committed.is_none());
            }
            Step::WaitUntil(until) => {
                assert!(until > now && until <= deadline, "waits past the deadline");
                now = match (live, acts.next()) {
                    (Some(attempt), Some((wait, act)))
                        if now + Duration::from_millis(wait) < until =>
                    {
                        now += Duration::from_millis(wait);
                        if let Act::Commit = act {
                            committed = Some(attempt);
                        }
                        perform(&mut plan, attempt, &act, now);
                        if matches!(act, Act::Finish) {
                            live = None.or(live.filter(|_| committed.is_none()));
                        }
                        now
                    }
                    _ => until,
                };
            }
            Step::Done { attempt } => {
                assert_eq!(committed, Some(attempt));
                break;
            }
            Step::Failed { attempt } => {
                assert_eq!(committed, Some(attempt));
                assert!(plan.ledger().attempts[attempt.index()].problem.is_some());
                break;
            }
            Step::GiveUp => {
                assert_eq!(committed, None);
                let gone = plan.exhausted(now).map(|end| end.kind());
                assert!(kept.is_none() || gone == Some(ExhaustedKind::Cancelled));
                assert!(plan.exhausted(now).is_some());
                break;
            }
        }
    }
    assert!(now <= deadline, "ended after the deadline");
    // It is over, and stays over in the same way.
    let end = plan.next(now);
    assert!(matches!(end, Step::Done { .. } | Step::Failed { .. } | Step::GiveUp), "{end:?}");
    assert_eq!(plan.next(deadline + secs(1)), end);
    // Nobody is asked twice, except for at most one retry.
    let again: u32 = starts.iter().map(|&n: &u32| n.saturating_sub(1)).sum();
    assert!(again <= 1, "asked again {again} times");
    let retries = plan.ledger().attempts.iter().filter(|attempt| attempt.retry).count();
    assert_eq!(again as usize, retries);
    // Whoever was asked is not also listed as skipped.
    for skipped in &plan.ledger().skipped {
        assert_eq!(starts[skipped.target], 0);
    }
    // A request that failed has an entry for everyone.
    if plan.exhausted(now).is_some_and(|end| end.is_deadline()) {
        for (target, &asked) in starts.iter().enumerate() {
            let listed = plan.ledger().skipped.iter().any(|skipped| skipped.target == target);
            assert_eq!(listed, asked == 0, "candidate {target} is not accounted for");
        }
    }
    // A same-target retry comes only when no fresh candidate is left.
    if let Some(retry) = plan.ledger().attempts.iter().position(|attempt| attempt.retry) {
        let later = &plan.ledger().attempts[retry + 1..];
        assert!(later.iter().all(|attempt| attempt.probe || cooled[attempt.target]));
    }
    assert!(plan.ledger().attempts.iter().filter(|attempt| attempt.probe).count() <= 1);
}

/// Four requests at a time over one store; one that ends is followed by the next.
fn many_at_once(candidates: &[Candidate<()>], moves: Vec<(usize, u64, (u64, Act))>) {
    // Shorter than what a lost probe is waited for.
    let limits =
        Limits::hosted().with_first_byte(secs(20)).with_first_text(secs(20)).with_idle(secs(20));
    let candidates: Arc<[_]> =
        candidates.iter().map(|candidate| candidate.clone().with_limits(limits)).collect();
    let (store, mut now) = (Arc::new(MemoryStore::new()), start());
    let new = |now| {
        let store: Arc<dyn Store> = store.clone();
        Plan::new(Arc::clone(&candidates), Policy::default(), store, 3, now)
    };
    let mut plans: Vec<_> = (0..4).map(|_| new(now)).collect();
    for (which, wait, (_, act)) in moves {
        now += Duration::from_millis(wait);
        for plan in &mut plans {
            let last = loop {
                match plan.next(now) {
                    Step::Start { .. }
                    | Step::Cancel { .. }
                    | Step::Keep { .. }
                    | Step::Settle { .. }
                    | Step::Show { .. } => {}
                    step => break step,
                }
            };
            if !matches!(last, Step::WaitUntil(_)) {
                *plan = new(now);
            }
        }
        let probes: Vec<_> = plans
            .iter()
            .flat_map(|plan| &plan.ledger().attempts)
            .filter(|attempt| attempt.half_open)
            .filter(|attempt| attempt.ended.is_none() && attempt.first_text.is_none())
            .map(|attempt| &candidates[attempt.target].scope)
            .collect();
        for (at, scope) in probes.iter().enumerate() {
            assert!(!probes[..at].contains(scope), "two requests try {scope:?}");
        }
        let plan = &mut plans[which];
        if let Some(last) = plan.ledger().attempts.len().checked_sub(1) {
            perform(plan, AttemptId(last), &act, now);
        }
    }
}

fn perform(plan: &mut Plan<()>, attempt: AttemptId, act: &Act, now: Instant) {
    let event = match act {
        Act::Progress => AttemptEvent::Progress,
        Act::Loading => AttemptEvent::Loading,
        Act::Commit => AttemptEvent::Committed,
        Act::Finish => AttemptEvent::Finished,
        Act::Fail(n) => AttemptEvent::Failed(Problem::new(Reason::ALL[*n])),
        Act::Reserve(n) => AttemptEvent::Reserved(Problem::new(Reason::ALL[*n])),
        Act::Silence => return,
    };
    plan.on_event(attempt, event, now);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn exactly_one_end_inside_the_deadline(
        candidates in chain(),
        acts in prop::collection::vec(act(), 0..40),
        total in 1_u64..700_000,
    ) {
        play(candidates, acts, total, Arc::new(MemoryStore::new()));
    }

    #[test]
    fn and_also_with_what_earlier_requests_left(
        candidates in chain(),
        requests in prop::collection::vec(prop::collection::vec(act(), 0..12), 1..5),
    ) {
        let store = Arc::new(MemoryStore::new());
        for acts in requests {
            play(candidates.clone(), acts, 60_000, Arc::clone(&store));
        }
    }

    #[test]
    fn and_nobody_is_asked_whom_the_request_does_not_fit(
        candidates in chain(),
        abilities in prop::collection::vec(0_u8..8, 5),
        needs in needs(),
        acts in prop::collection::vec(act(), 0..20),
    ) {
        let candidates = candidates.into_iter().zip(abilities);
        let candidates = candidates.map(|(candidate, n)| capable(n, candidate)).collect();
        play_with(candidates, acts, 60_000, Arc::new(MemoryStore::new()), &needs);
    }

    #[test]
    fn a_half_open_breaker_is_tried_by_one_request_at_a_time(
        candidates in chain(),
        moves in prop::collection::vec((0_usize..4, 0_u64..15_000, act()), 0..60),
    ) {
        many_at_once(&candidates, moves);
    }

    #[test]
    fn the_first_usable_candidate_is_always_asked_first(candidates in chain()) {
        let first = candidates.iter().position(|candidate| candidate.usable.is_ok());
        let store = Arc::new(MemoryStore::new());
        let mut plan = Plan::new(candidates.into(), Policy::default(), store, 1, start());
        match plan.next(start()) {
            Step::Start { target, .. } => prop_assert_eq!(Some(target), first),
            step => prop_assert_eq!((step, first), (Step::GiveUp, None)),
        }
    }
}
