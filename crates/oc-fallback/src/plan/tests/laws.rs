//! Laws that hold for any chain and any luck, found by random play.

use proptest::prelude::*;

use super::*;

/// What an attempt does: wait, then do something, until it ends.
#[derive(Debug, Clone)]
enum Act {
    Progress,
    Commit,
    Finish,
    Fail(usize),
    Silence,
}

fn act() -> impl Strategy<Value = (u64, Act)> {
    let act = prop_oneof![
        3 => Just(Act::Progress),
        2 => Just(Act::Commit),
        2 => Just(Act::Finish),
        4 => (0..Reason::ALL.len()).prop_map(Act::Fail),
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

/// Plays one request to its end and checks every step.
fn play(
    candidates: Vec<Candidate<()>>,
    acts: Vec<(u64, Act)>,
    total: u64,
    store: Arc<MemoryStore>,
) {
    let t0 = start();
    let policy = Policy::default().with_total(Duration::from_millis(total));
    let deadline = t0 + Duration::from_millis(total);
    let usable: Vec<bool> = candidates.iter().map(|candidate| candidate.usable.is_ok()).collect();
    let mut plan = Plan::new(candidates.into(), policy, store, 3, t0);
    let (mut now, mut live, mut committed) = (t0, None, None);
    let mut starts = vec![0; usable.len()];
    let mut acts = acts.into_iter();
    for _ in 0..10_000 {
        match plan.next(now) {
            Step::Start { attempt, target } => {
                assert!(now < deadline, "started after the deadline");
                assert!(usable[target], "asked an unusable candidate");
                assert!(committed.is_none(), "asked another after the commit");
                assert!(live.is_none(), "asked a second one while the first lives");
                starts[target] += 1;
                live = Some(attempt);
            }
            Step::Cancel { attempt, .. } => {
                assert!(live.is_none_or(|alive| alive == attempt));
                live = None;
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
    // A same-target retry comes only when no fresh candidate is left.
    if let Some(retry) = plan.ledger().attempts.iter().position(|attempt| attempt.retry) {
        assert!(plan.ledger().attempts[retry..].iter().skip(1).all(|attempt| attempt.probe));
    }
    assert!(plan.ledger().attempts.iter().filter(|attempt| attempt.probe).count() <= 1);
}

fn perform(plan: &mut Plan<()>, attempt: AttemptId, act: &Act, now: Instant) {
    let event = match act {
        Act::Progress => AttemptEvent::Progress,
        Act::Commit => AttemptEvent::Committed,
        Act::Finish => AttemptEvent::Finished,
        Act::Fail(n) => AttemptEvent::Failed(Problem::new(Reason::ALL[*n])),
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
