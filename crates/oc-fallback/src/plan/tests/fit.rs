//! Needs against capabilities, inside a chain.

use super::*;
use crate::{
    fit::{Capabilities, Estimate},
    ledger::SkipKind,
};

fn sim(candidates: impl IntoIterator<Item = Candidate<()>>, needs: Needs) -> Sim {
    let Sim { plan, t0 } = Sim::new(candidates);
    Sim { plan: plan.with_needs(needs), t0 }
}

#[test]
fn whom_the_request_does_not_fit_is_skipped_with_the_reason() {
    let needs = Needs::new().with_input(Estimate::exact(100_000)).with_images(true);
    let mut sim = sim(
        [
            candidate("small").with_window(32_768),
            candidate("blind").with_capabilities(Capabilities::new().with_images(false)),
            candidate("fits").with_window(200_000),
        ],
        needs,
    );
    assert_eq!(sim.next(0), begin(0, 2));
    let skipped: Vec<_> =
        sim.plan.ledger().skipped.iter().map(|s| (&*s.name, s.kind, s.reason, &*s.text)).collect();
    assert_eq!(
        skipped,
        [
            (
                "small",
                SkipKind::Unfit,
                Reason::ContextOverflow,
                "needs a window of 100001 tokens, has 32768"
            ),
            ("blind", SkipKind::Unfit, Reason::Unsupported, "cannot take images"),
        ]
    );
    sim.tell(0, AttemptEvent::Committed, 1);
    assert_eq!(sim.plan.ledger().fallback_reason(), Some(Reason::ContextOverflow));
}

#[test]
fn one_whom_it_does_not_fit_takes_no_share_of_the_deadline() {
    let needs = Needs::new().with_input(Estimate::exact(100_000));
    let mut sim = sim([candidate("a"), candidate("small").with_window(32_768)], needs);
    assert_eq!(sim.next(0), begin(0, 0));
    assert_eq!(sim.next(0), sim.wait(100));
}

#[test]
fn the_kind_of_the_end_where_nobody_was_asked() {
    use ExhaustedKind as K;
    let unusable =
        || candidate("c").unusable(Skip::new(Reason::Auth, "no API key", "set ANTHROPIC_API_KEY"));
    let small = || candidate("a").with_window(4_096);
    let small_and_local = || {
        candidate("a").with_window(4_096).with_capabilities(Capabilities::new().with_tag("local"))
    };
    let blind = || candidate("b").with_capabilities(Capabilities::new().with_images(false));
    let large = || Needs::new().with_input(Estimate::exact(100_000));
    for (chain, needs, kind) in [
        (vec![small()], large(), K::ContextOverflow),
        (vec![small(), unusable()], large(), K::ContextOverflow),
        (vec![blind()], Needs::new().with_images(true), K::Rejected),
        (vec![small(), blind()], large().with_images(true), K::Rejected),
        (vec![small(), blind()], Needs::new().with_tag("local"), K::Policy),
        (vec![small(), unusable()], Needs::new().with_tag("local"), K::Failed),
        (vec![small_and_local(), blind()], large().with_tag("local"), K::ContextOverflow),
    ] {
        let mut sim = sim(chain, needs);
        assert_eq!(sim.next(0), Step::GiveUp);
        assert_eq!(sim.end(0).kind(), kind, "{}", sim.end(0));
    }
}

#[test]
fn an_overflow_still_goes_only_to_a_larger_window() {
    let needs = Needs::new().with_input(Estimate::around(30_000, 50));
    let mut sim = sim(
        [
            candidate("a").with_window(32_000),
            candidate("b").with_window(20_000),
            candidate("c").with_window(64_000),
        ],
        needs,
    );
    sim.next(0);
    sim.fail(0, Reason::ContextOverflow, 0);
    assert_eq!(sim.next(0), begin(1, 2), "b may fit by the estimate, but a was larger");
    assert_eq!(sim.plan.ledger().skipped[0].kind, SkipKind::Window);
}

/// What a server states when a prompt overflows counts for the next requests:
/// the config's 65,536 tokens are not what it has loaded.
#[test]
fn a_stated_window_is_remembered_for_a_while() {
    let store = Arc::new(MemoryStore::new());
    let policy = Policy::default().with_total(secs(100));
    let t0 = start();
    let request = |after: u64, tokens: u64, alone: bool| {
        let mut chain = vec![candidate("box").with_window(65_536)];
        if !alone {
            chain.push(candidate("hosted").with_window(200_000));
        }
        let Sim { plan, t0 } = Sim::at(t0 + secs(after), chain, policy, store.clone());
        Sim { plan: plan.with_needs(Needs::new().with_input(Estimate::exact(tokens))), t0 }
    };
    let mut first = request(0, 5_000, false);
    assert_eq!(first.next(0), begin(0, 0));
    let mut overflow = Problem::new(Reason::ContextOverflow);
    overflow.window = Some(2_048);
    first.tell(0, AttemptEvent::Failed(overflow), 0);
    first.next(0);
    assert_eq!(first.next(0), begin(1, 1));
    assert_eq!(store.contexts(t0)[0].tokens, 2_048);

    let mut second = request(1, 5_000, false);
    assert_eq!(second.next(0), begin(0, 1));
    let skipped = &second.plan.ledger().skipped[0];
    assert_eq!(skipped.text, "needs a window of 5001 tokens, has 2048");
    // A prompt that fits is asked there, and so is everything after ten minutes.
    assert_eq!(request(1, 1_000, false).next(0), begin(0, 0));
    assert_eq!(request(601, 5_000, false).next(0), begin(0, 0));
    // It may be loaded anew by now: where nobody else is left, it is asked.
    let mut lone = request(1, 5_000, true);
    assert_eq!(lone.next(0), begin(0, 0));
    assert!(lone.plan.ledger().attempts[0].probe);
    store.reset();
    assert_eq!(request(1, 5_000, false).next(0), begin(0, 0));
}
