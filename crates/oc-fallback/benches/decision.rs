//! What a decision costs, in time and in allocations. The goal: under 2 µs and
//! none where the first candidate answers. Run with
//! `cargo bench -p oc-fallback --no-default-features`.
#![expect(clippy::disallowed_methods, reason = "a benchmark begins at some instant")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use divan::{AllocProfiler, Bencher, black_box};
use oc_fallback::{
    AttemptEvent, Candidate, Capabilities, Estimate, FactSheet, Fault, MemoryStore, Needs, Outcome,
    Plan, Policy, Problem, Reason, Scope, Step, Store, classify,
};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// A chain of three, as people have it.
fn chain() -> Arc<[Candidate<()>]> {
    ["lmstudio", "anthropic", "openrouter"]
        .map(|name| {
            let scope = Scope::new(format!("https://{name}.example"), "m", name);
            Candidate::new(format!("{name}/m"), scope, ())
                .with_window(196_608)
                .with_capabilities(Capabilities::new().with_images(true).with_tag("region:eu"))
        })
        .into()
}

/// A store that remembers trouble elsewhere: the usual state of a long run.
fn store(windows: usize) -> Arc<MemoryStore> {
    let (store, now) = (MemoryStore::new(), Instant::now());
    for n in 0..windows {
        let scope = Scope::new(format!("https://other-{n}.example"), "m", "k");
        store.record(&scope, &Outcome::Failed { reason: Reason::Reset, retry_after: None }, now);
    }
    Arc::new(store)
}

fn start(plan: &mut Plan<()>, now: Instant) -> oc_fallback::AttemptId {
    match plan.next(now) {
        Step::Start { attempt, .. } => attempt,
        step => unreachable!("{step:?}"),
    }
}

/// A request from its beginning to its end; the first candidate answers.
#[divan::bench(args = [0, 100])]
fn the_first_answers(bencher: Bencher, windows: usize) {
    let (chain, store, now) = (chain(), store(windows), Instant::now());
    bencher.bench_local(|| {
        let store: Arc<dyn Store> = Arc::clone(&store) as _;
        let mut plan = Plan::new(Arc::clone(&chain), Policy::default(), store, 7, now);
        let attempt = start(&mut plan, now);
        plan.on_event(attempt, AttemptEvent::Committed, now);
        plan.on_event(attempt, AttemptEvent::Finished, now);
        black_box(plan.next(now));
    });
}

/// The same, for a request whose needs are stated.
#[divan::bench]
fn the_first_answers_and_fits(bencher: Bencher) {
    let (chain, store, now) = (chain(), store(0), Instant::now());
    let needs = Needs::new().with_images(true).with_input(Estimate::exact(9_000));
    let needs = Arc::new(needs.with_any_tag(["region:eu", "region:ch"]));
    bencher.bench_local(|| {
        let store: Arc<dyn Store> = Arc::clone(&store) as _;
        let mut plan = Plan::new(Arc::clone(&chain), Policy::default(), store, 7, now)
            .with_needs(Arc::clone(&needs));
        let attempt = start(&mut plan, now);
        plan.on_event(attempt, AttemptEvent::Committed, now);
        plan.on_event(attempt, AttemptEvent::Finished, now);
        black_box(plan.next(now));
    });
}

/// One event of a running answer: what each token costs.
#[divan::bench]
fn an_event_of_the_answer(bencher: Bencher) {
    let now = Instant::now();
    let mut plan = Plan::new(chain(), Policy::default(), store(0), 7, now);
    let attempt = start(&mut plan, now);
    plan.on_event(attempt, AttemptEvent::Committed, now);
    bencher.bench_local(|| {
        plan.on_event(attempt, AttemptEvent::Progress, black_box(now + Duration::from_millis(1)));
        black_box(plan.next(now));
    });
}

/// The first fails, the second answers.
#[divan::bench]
fn a_failover(bencher: Bencher) {
    let (chain, now) = (chain(), Instant::now());
    bencher.with_inputs(|| store(0)).bench_local_values(|store| {
        let mut plan = Plan::new(Arc::clone(&chain), Policy::default(), store, 7, now);
        let first = start(&mut plan, now);
        plan.on_event(first, AttemptEvent::Failed(Problem::new(Reason::Reset)), now);
        plan.next(now);
        let second = start(&mut plan, now);
        plan.on_event(second, AttemptEvent::Committed, now);
        plan.on_event(second, AttemptEvent::Finished, now);
        black_box(plan.next(now));
        plan
    });
}

/// The dearest judgement: a long message that no phrase knows.
#[divan::bench]
fn a_message_that_no_rule_knows(bencher: Bencher) {
    let text = "something went wrong in the upstream of the upstream; ".repeat(40);
    let facts = FactSheet::new(Fault::Http).with_status(400).with_message(text);
    bencher.bench_local(|| classify(black_box(&facts)));
}
