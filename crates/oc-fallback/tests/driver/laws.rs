//! Laws over random scripts: what reaches the caller, whatever the providers do.

use std::sync::Arc;

use futures::StreamExt;
use oc_fallback::{Chain, Commit, Fault, MemoryStore, Output, RetryPolicy};
use proptest::prelude::*;

use super::{
    policy,
    script::{Event, Script, candidate, gate, play},
    secs,
};

#[derive(Debug, Clone)]
enum Line {
    Ping,
    Think,
    Text,
    Wait(u64),
    Fail(Fault),
    Finish,
    Cut,
    Hang,
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        2 => Just(Line::Ping),
        3 => Just(Line::Think),
        3 => Just(Line::Text),
        3 => (0_u64..40).prop_map(Line::Wait),
        2 => prop::sample::select(vec![Fault::Reset, Fault::Cut, Fault::Refused, Fault::Protocol])
            .prop_map(Line::Fail),
        1 => Just(Line::Finish),
        2 => Just(Line::Cut),
        1 => Just(Line::Hang),
    ]
}

/// Each event carries the candidate's number and its own, so that a caller's
/// view can be checked event by event.
fn script(candidate: usize, lines: &[Line]) -> Script {
    lines.iter().enumerate().fold(Script::new(), |script, (n, line)| match line {
        Line::Ping => script.ping(),
        Line::Think => script.think(&format!("{candidate}.{n}")),
        Line::Text => script.text(&format!("{candidate}.{n}")),
        Line::Wait(wait) => script.after(secs(*wait)),
        Line::Fail(fault) => script.fail(*fault),
        Line::Finish => script.finish(),
        Line::Cut => script.cut(),
        Line::Hang => script.hang(),
    })
}

fn source(event: &Event) -> Option<(usize, usize)> {
    let (Event::Think(text) | Event::Text(text)) = event else { return None };
    let (candidate, line) = text.split_once('.')?;
    Some((candidate.parse().ok()?, line.parse().ok()?))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn one_answer_or_one_failure_and_nothing_twice(
        scripts in prop::collection::vec(prop::collection::vec(line(), 0..10), 0..4),
        at_once: bool,
        attempts in 0_u32..3,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut policy = policy().with_retry(RetryPolicy::default().with_attempts(attempts));
            if at_once {
                policy = policy.with_commit(Commit::FirstToken);
            }
            let candidates =
                scripts.iter().enumerate().map(|(n, lines)| candidate(n, script(n, lines)));
            let chain = Chain::new(candidates, policy, Arc::new(MemoryStore::new()));
            let began = tokio::time::Instant::now();
            let items: Vec<_> = chain.stream(play, gate).weigh(Event::weight).collect().await;
            assert!(began.elapsed() <= secs(101), "over the deadline");
            check(&items);
        });
    }
}

fn check(items: &[Output<Event>]) {
    let (last, before) = items.split_last().expect("there is always an end");
    // Exactly one end, and it is last.
    assert!(matches!(last, Output::Done(_) | Output::Failed(_) | Output::Exhausted(_)));
    let is_end = |item: &Output<_>| {
        matches!(item, Output::Done(_) | Output::Failed(_) | Output::Exhausted(_))
    };
    assert!(!before.iter().any(is_end));

    let commits = before.iter().filter(|item| matches!(item, Output::Committed { .. })).count();
    assert_eq!(commits, usize::from(!matches!(last, Output::Exhausted(_))));

    let (mut winner, mut shown, mut delivered) = (None, Vec::new(), Vec::new());
    for item in before {
        match item {
            Output::Tentative(event) => {
                assert!(winner.is_none(), "tentative after the commit");
                shown.extend(source(event));
            }
            Output::Replaced { .. } => {
                assert!(winner.is_none(), "replaced after the commit");
                shown.clear();
            }
            Output::Committed { target, .. } => {
                winner = Some(*target);
                delivered.append(&mut shown);
            }
            Output::Event(event) => {
                assert!(winner.is_some(), "final before the commit");
                delivered.extend(source(event));
            }
            other => panic!("{other:?}"),
        }
    }
    // What is left of a failed attempt has been called void.
    assert!(shown.is_empty(), "tentative events without their end");
    // Everything that stands is the winner's, in its order, each event once.
    assert!(delivered.iter().all(|(candidate, _)| Some(*candidate) == winner));
    assert!(delivered.is_sorted_by(|a, b| a.1 < b.1));
}
