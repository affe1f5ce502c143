//! The driver under tokio's paused clock: what a caller sees, item by item.

mod laws;
mod script;

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use oc_fallback::{
    Chain, Commit, Estimate, ExhaustedKind, FactSheet, Fault, Gate, Limit, Limits, MemoryStore,
    Needs, Output, Policy, Reason, RetryPolicy, SkipKind, Usage,
};

use self::script::{Event, Script, candidate, gate, play};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn policy() -> Policy {
    Policy::default().with_total(secs(100)).with_retry(RetryPolicy::never())
}

/// What the caller sees of these scripts, one per candidate, as short words.
async fn seen(scripts: impl IntoIterator<Item = Script>, policy: Policy) -> Vec<String> {
    let candidates = scripts.into_iter().enumerate().map(|(n, script)| candidate(n, script));
    let chain = Chain::new(candidates, policy, Arc::new(MemoryStore::new()));
    let stream = chain.stream(play, gate).weigh(Event::weight);
    stream.map(|item| script::word(&item)).collect().await
}

#[tokio::test(start_paused = true)]
async fn the_primary_answers() {
    let primary = Script::new().ping().think("hm").text("hel").text("lo").end();
    let items = seen([primary, Script::new().text("no").end()], policy()).await;
    assert_eq!(items, ["commit 0", "ping", "think hm", "text hel", "text lo", "done c0"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_failed_attempt_is_seen() {
    for fault in [Fault::Refused, Fault::Cut, Fault::Reset, Fault::Protocol, Fault::Tls] {
        let primary = Script::new().ping().think("never seen").fail(fault);
        let items = seen([primary, Script::new().text("hi").end()], policy()).await;
        assert_eq!(items, ["commit 1", "text hi", "done c1"], "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn semantic_failures_fall_back_too() {
    let empty = Script::new().ping().end();
    let only_reasoning = Script::new().think("hm").finish().end();
    for primary in [empty, only_reasoning] {
        let items = seen([primary, Script::new().text("hi").end()], policy()).await;
        assert_eq!(items, ["commit 1", "text hi", "done c1"]);
    }
}

/// The first one that was cut while it reasoned is the answer where nobody has
/// a better one, and only there.
#[tokio::test(start_paused = true)]
async fn a_cut_answer_stands_where_nobody_has_a_better_one() {
    let cut = || Script::new().think("hm").cut();
    let later = || Script::new().think("hm").after(secs(20)).cut();
    let dead = || Script::new().fail(Fault::Tls);
    let stopped = || Script::new().think("no").after(secs(12)).fail(Fault::Tls);
    for (scripts, wanted) in [
        (vec![cut()], "commit 0|think hm|cut|done c0"),
        (vec![cut(), Script::new().text("hi").end()], "commit 1|text hi|done c1"),
        (vec![cut(), dead()], "commit 0|think hm|cut|done c0"),
        (vec![dead(), cut(), cut()], "commit 1|think hm|cut|done c1"),
        (vec![cut(), Script::new().hang()], "commit 0|think hm|cut|done c0"),
        // What was shown of it stays in view as long as nobody else is shown.
        (vec![later(), dead()], "~think hm|commit 0|cut|done c0"),
        (
            vec![later(), Script::new().text("hi").end()],
            "~think hm|replaced 0 incomplete|commit 1|text hi|done c1",
        ),
        (
            vec![later(), stopped()],
            "~think hm|replaced 0 incomplete|~think no|replaced 1 tls_certificate|commit 0|cut|done c0",
        ),
    ] {
        assert_eq!(seen(scripts, policy()).await.join("|"), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_kept_answer_is_in_the_ledger_with_what_is_wrong_with_it() {
    let scripts = [Script::new().cut(), Script::new().fail(Fault::Tls)];
    let candidates = scripts.into_iter().enumerate().map(|(n, script)| candidate(n, script));
    let chain = Chain::new(candidates, policy(), Arc::new(MemoryStore::new()));
    let mut stream = chain.stream(play, gate);
    while stream.next().await.is_some() {}
    let ledger = stream.ledger();
    assert_eq!((ledger.served_by(), ledger.attempts.len()), (Some("c0"), 2));
    assert_eq!(ledger.attempts[0].outcome, oc_fallback::AttemptOutcome::Answered);
    assert_eq!(ledger.attempts[0].reason(), Some(Reason::Incomplete));
    assert_eq!(ledger.fallback_reason(), None);
}

/// What one company's filter refused goes to another only where the policy says so.
#[tokio::test(start_paused = true)]
async fn a_content_filter_is_passed_by_policy_only() {
    use oc_fallback::OnRefusal;
    let filtered = || {
        let facts = FactSheet::new(Fault::Http).with_status(400).with_code("content_filter");
        Script::new().fail_with(facts)
    };
    let next = policy().with_on_refusal(OnRefusal::Next);
    let good = || Script::new().text("hi").end();
    assert_eq!(seen([filtered(), good()], policy()).await, ["exhausted ContentFilter"]);
    assert_eq!(seen([filtered(), good()], next).await, ["commit 1", "text hi", "done c1"]);
    assert_eq!(seen([filtered(), filtered()], next).await, ["exhausted ContentFilter"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_the_commit_is_told_once_and_replaced_by_nobody() {
    let primary = Script::new().text("hel").fail(Fault::Reset);
    let items = seen([primary, Script::new().text("no").end()], policy()).await;
    assert_eq!(items, ["commit 0", "text hel", "failed c0 reset"]);
}

/// Delivers in one piece: meaningful at the first text, committed at the end.
fn whole_gate(_: &Script) -> impl FnMut(&Event) -> Gate + use<> {
    |event| match event {
        Event::Text(_) => Gate::Meaningful,
        _ => Gate::Hold,
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_falls_back_after_text_too() {
    let limits = Limits::hosted().with_first_text(secs(3)).with_idle(secs(5));
    let good = || Script::new().think("hm").text("hi").end();
    let slow = Script::new().text("a").after(secs(4)).text("b").after(secs(4)).text("c").end();
    for (primary, wanted) in [
        (Script::new().text("hel").fail(Fault::Reset), "commit 1|think hm|text hi|done c1"),
        (Script::new().text("hel").fail(Fault::Cut), "commit 1|think hm|text hi|done c1"),
        (Script::new().text("hel").hang(), "commit 1|think hm|text hi|done c1"),
        (good(), "commit 0|think hm|text hi|done c0"),
        // Past its first-text limit, not past the one on silence.
        (slow, "commit 0|text a|text b|text c|done c0"),
        (Script::new().think("hm").end(), "commit 1|think hm|text hi|done c1"),
    ] {
        let candidates =
            [candidate(0, primary).with_limits(limits), candidate(1, good()).with_limits(limits)];
        let policy = policy().with_hold(Duration::MAX);
        let chain = Chain::new(candidates, policy, Arc::new(MemoryStore::new()));
        let items: Vec<_> =
            chain.stream(play, whole_gate).map(|item| script::word(&item)).collect().await;
        assert_eq!(items.join("|"), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn every_limit_hands_over_at_its_instant() {
    let limits =
        Limits::hosted().with_first_byte(secs(3)).with_first_text(secs(10)).with_idle(secs(4));
    let silent = Script::new().hang();
    let stalls = Script::new().ping().hang();
    let thinks_for_ever = Script::new().thinks_every(secs(1));
    for (script, elapsed) in [(silent, 3), (stalls, 4), (thinks_for_ever, 10)] {
        let began = tokio::time::Instant::now();
        let candidates = [
            candidate(0, script).with_limits(limits),
            candidate(1, Script::new().text("hi").end()),
        ];
        let chain = Chain::new(candidates, policy(), Arc::new(MemoryStore::new()));
        let items: Vec<_> =
            chain.stream(play, gate).map(|item| script::word(&item)).collect().await;
        assert_eq!(items, ["commit 1", "text hi", "done c1"]);
        assert_eq!(began.elapsed().as_secs(), elapsed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_reports_its_loading_gets_its_time_anew() {
    let limits = Limits::local().with_first_text(secs(10)).with_idle(secs(8));
    let loads = || Script::new().ping().after(secs(6)).ping().after(secs(6)).text("hi").end();
    let gate = |loading: bool| {
        move |_: &Script| {
            move |event: &Event| match event {
                Event::Text(_) => Gate::Commit,
                Event::Ping if loading => Gate::Loading,
                _ => Gate::Hold,
            }
        }
    };
    for (loading, last) in [(true, "done c0"), (false, "exhausted Failed")] {
        let chain = Chain::new(
            [candidate(0, loads()).with_limits(limits)],
            policy(),
            Arc::new(MemoryStore::new()),
        );
        let stream = chain.stream(play, gate(loading));
        let items: Vec<_> = stream.map(|item| script::word(&item)).collect().await;
        assert_eq!(items.last().map(String::as_str), Some(last));
    }
}

#[tokio::test(start_paused = true)]
async fn reported_usage_and_needs_reach_the_ledger() {
    let small = candidate(0, Script::new().text("no").end()).with_window(1_000);
    let large = candidate(1, Script::new().text("hi").end());
    let chain = Chain::new([small, large], policy(), Arc::new(MemoryStore::new()))
        .with_needs(Needs::new().with_input(Estimate::exact(5_000)));
    let mut stream = chain.clone().stream(play, gate);
    while let Some(item) = stream.next().await {
        match item {
            Output::Committed { attempt, .. } => {
                stream.report_usage(attempt, Usage::new().with_input_tokens(5_000).with_cost(12));
            }
            Output::Done(ledger) => {
                assert_eq!(ledger.usage().cost, Some(12));
                assert_eq!(ledger.skipped[0].kind, SkipKind::Unfit);
            }
            _ => {}
        }
    }
    assert_eq!(stream.ledger().served_by(), Some("c1"));
    assert_eq!(stream.ledger().fallback_reason(), Some(Reason::ContextOverflow));
}

/// What a failed attempt used is paid too.
#[tokio::test(start_paused = true)]
async fn the_meter_reads_every_attempts_events() {
    let scripts =
        [Script::new().think("four").finish(), Script::new().think("a").text("answer").end()];
    let candidates = scripts.into_iter().enumerate().map(|(n, script)| candidate(n, script));
    let chain = Chain::new(candidates, policy(), Arc::new(MemoryStore::new()));
    let mut stream = chain.stream(play, gate).meter(|script, event| {
        let tokens = event.weight() as u64;
        (tokens > 0)
            .then(|| Usage::new().with_output_tokens(tokens).with_cost(script.index() as u64))
    });
    let mut last = None;
    while let Some(item) = stream.next().await {
        last = Some(item);
    }
    let Some(Output::Done(ledger)) = last else { panic!("no answer") };
    let used: Vec<_> = ledger.attempts.iter().map(|attempt| attempt.usage).collect();
    let usage = |tokens, cost| Some(Usage::new().with_output_tokens(tokens).with_cost(cost));
    assert_eq!(used, [usage(4, 0), usage(6, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_stall_after_the_commit_fails_in_band() {
    let items = seen([Script::new().text("hel").hang()], policy()).await;
    assert_eq!(items, ["commit 0", "text hel", "failed c0 timeout"]);
}

/// A reader that is slower than the provider finds an event whenever it asks.
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_always_ready_ends_at_the_deadline_too() {
    let primary = (0..1_000).fold(Script::new(), |script, _| script.text("on"));
    let chain = Chain::new([candidate(0, primary.end())], policy(), Arc::new(MemoryStore::new()));
    let mut stream = chain.stream(play, gate).weigh(Event::weight);
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        items.push(script::word(&item));
        tokio::time::advance(secs(1)).await;
    }
    assert_eq!(items.last().map(String::as_str), Some("failed c0 timeout"));
    assert_eq!(items.len(), 101, "one a second, then the end");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_it_all() {
    let began = tokio::time::Instant::now();
    let items = seen([Script::new().hang(), Script::new().hang()], policy()).await;
    assert_eq!(items, ["exhausted Deadline"]);
    assert_eq!(began.elapsed(), secs(100));
}

#[tokio::test(start_paused = true)]
async fn long_reasoning_is_shown_and_then_replaced() {
    let primary = Script::new().think("one").after(secs(11)).think("two").fail(Fault::Cut);
    let items = seen([primary, Script::new().text("hi").end()], policy()).await;
    assert_eq!(
        items,
        ["~think one", "~think two", "replaced 0 cut", "commit 1", "text hi", "done c1"]
    );
}

#[tokio::test(start_paused = true)]
async fn long_reasoning_is_shown_and_stands() {
    let primary = Script::new().think("one").after(secs(11)).think("two").text("hi").end();
    let items = seen([primary], policy()).await;
    assert_eq!(items, ["~think one", "~think two", "commit 0", "text hi", "done c0"]);
}

#[tokio::test(start_paused = true)]
async fn first_token_shows_reasoning_at_once() {
    let primary = Script::new().think("one").fail(Fault::Reset);
    let policy = policy().with_commit(Commit::FirstToken);
    let items = seen([primary, Script::new().text("hi").end()], policy).await;
    assert_eq!(items, ["~think one", "replaced 0 reset", "commit 1", "text hi", "done c1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_bounded() {
    let primary =
        Script::new().think(&"x".repeat(1_000)).think(&"x".repeat(1_000)).text("no").end();
    let policy = policy().with_held_bytes(1_500);
    let items = seen([primary, Script::new().text("hi").end()], policy).await;
    assert_eq!(items, ["commit 1", "text hi", "done c1"]);
}

#[tokio::test(start_paused = true)]
async fn exhausted_is_the_only_item_and_says_why() {
    let scripts = [Script::new().fail(Fault::Refused), Script::new().fail(Fault::Dns)];
    let candidates = scripts.into_iter().enumerate().map(|(n, script)| candidate(n, script));
    let chain = Chain::new(candidates, policy(), Arc::new(MemoryStore::new()));
    let mut stream = chain.stream(play, gate);
    let Some(Output::Exhausted(exhausted)) = stream.next().await else { panic!("not exhausted") };
    assert_eq!(exhausted.kind(), ExhaustedKind::Failed);
    assert_eq!(
        exhausted.to_string(),
        "All models failed (2): c0: connection refused (refused) | \
         c1: host name does not resolve (dns)"
    );
    assert_eq!(stream.ledger(), exhausted.ledger());
    assert!(stream.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_last_one_is_retried_after_a_wait() {
    let flaky = Script::new().fail(Fault::Reset).then_again(Script::new().text("hi").end());
    let began = tokio::time::Instant::now();
    let items = seen([flaky], policy().with_retry(RetryPolicy::default())).await;
    assert_eq!(items, ["commit 0", "text hi", "done c0"]);
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(500) && waited <= Duration::from_millis(1501));
}

/// Loading takes its share, a `Retry-After` its wait, the retry what is left:
/// together they take the request's deadline, to the millisecond.
#[tokio::test(start_paused = true)]
async fn one_deadline_covers_loading_waiting_and_asking_again() {
    let loads = Script::new().thinks_every(secs(6));
    let facts = FactSheet::new(Fault::Http).with_status(429).with_retry_after(secs(8));
    let limited = Script::new().fail_with(facts).then_again(Script::new().hang());
    let quick = Limits::local().with_first_text(secs(10));
    let candidates = [candidate(0, loads).with_limits(quick), candidate(1, limited)];
    let policy = policy().with_retry(RetryPolicy::default());
    let chain = Chain::new(candidates, policy, Arc::new(MemoryStore::new()));
    let gate = |_: &Script| |_: &Event| Gate::Loading;
    let began = tokio::time::Instant::now();
    let mut stream = chain.stream(play, gate);
    let Some(Output::Exhausted(exhausted)) = stream.next().await else { panic!("an answer") };
    assert!(exhausted.is_deadline());
    assert_eq!(began.elapsed(), secs(100));
    let ledger = exhausted.ledger();
    let times: Vec<_> = ledger
        .attempts
        .iter()
        .map(|attempt| (attempt.target, attempt.started, attempt.ended, attempt.reason()))
        .collect();
    let timeout = |limit| Some(Reason::Timeout(limit));
    assert_eq!(
        times,
        [
            (0, secs(0), Some(secs(50)), timeout(Limit::Share)),
            (1, secs(50), Some(secs(50)), Some(Reason::RateLimit)),
            (1, secs(58), Some(secs(100)), timeout(Limit::Total)),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_not_a_silent_provider() {
    let primary = Script::new().text("a").after(secs(1)).text("b").end();
    let chain = Chain::new(
        [candidate(0, primary)],
        policy().with_total(secs(600)),
        Arc::new(MemoryStore::new()),
    );
    let mut stream = chain.stream(play, gate);
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        items.push(script::word(&item));
        // Longer than the idle limit, and what comes next has long arrived.
        tokio::time::sleep(secs(70)).await;
    }
    assert_eq!(items, ["commit 0", "text a", "text b", "done c0"]);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_stream_drops_the_living_attempt() {
    let primary = Script::new().text("hel").hang();
    let alive = primary.alive();
    let chain = Chain::new([candidate(0, primary)], policy(), Arc::new(MemoryStore::new()));
    let mut stream = chain.stream(play, gate);
    stream.next().await;
    assert_eq!(alive.get(), 1);
    drop(stream);
    assert_eq!(alive.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_attempt_is_dropped_before_the_next_one_starts() {
    let primary = Script::new().hang();
    let alive = primary.alive();
    let fallback = Script::new().asserts_dead(&alive).text("hi").end();
    let items = seen([primary, fallback], policy()).await;
    assert_eq!(items, ["commit 1", "text hi", "done c1"]);
    assert_eq!(alive.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_next_request_starts_at_the_primary_unless_it_cools() {
    let refused_once = Script::new().fail(Fault::Refused).then_again(Script::new().text("a").end());
    let backup = Script::new().text("b").end();
    let candidates = [candidate(0, refused_once), candidate(1, backup)];
    let chain = Chain::new(candidates, policy(), Arc::new(MemoryStore::new()));
    let mut served = Vec::new();
    for wait in [0, 1, 30] {
        tokio::time::sleep(secs(wait)).await;
        let items: Vec<_> = chain.stream(play, gate).collect().await;
        let Some(Output::Done(ledger)) = items.last() else { panic!("no answer") };
        served.push(ledger.served_by().unwrap_or_default().to_owned());
    }
    assert_eq!(served, ["c1", "c1", "c0"]);
}

#[tokio::test(start_paused = true)]
async fn run_is_the_one_item_case() {
    let chain = Chain::new(
        [candidate(0, Script::new()), candidate(1, Script::new())],
        policy(),
        Arc::new(MemoryStore::new()),
    );
    let answer = chain
        .run(|script| {
            let first = script.index() == 0;
            async move {
                tokio::time::sleep(secs(1)).await;
                if first { Err(FactSheet::new(Fault::Http).with_status(529)) } else { Ok(42) }
            }
        })
        .await
        .expect("the second answers");
    assert_eq!((answer.value, answer.ledger.served_by()), (42, Some("c1")));
    assert_eq!(answer.ledger.fallback_reason(), Some(Reason::Overloaded));

    let error = chain
        .run(|_| async { Err::<(), _>(FactSheet::new(Fault::Http).with_status(401)) })
        .await
        .expect_err("nobody answers");
    assert_eq!(error.kind(), ExhaustedKind::Failed);
}

#[tokio::test(start_paused = true)]
async fn the_ledger_of_a_failover_as_json() {
    let primary = Script::new().after(secs(2)).think("hm").fail_with(
        FactSheet::new(Fault::InStream)
            .with_status(200)
            .with_error_type("overloaded_error")
            .with_message("Overloaded"),
    );
    let backup = Script::new().after(secs(1)).text("hi").after(secs(1)).end();
    let candidates = [candidate(0, primary), candidate(1, backup)];
    let chain = Chain::new(candidates, policy(), Arc::new(MemoryStore::new()));
    let items: Vec<_> = chain.stream(play, gate).collect().await;
    let Some(Output::Done(ledger)) = items.last() else { panic!("no answer") };
    insta::assert_json_snapshot!(ledger);
}

#[test]
fn a_chains_stream_owns_all_it_needs_and_can_move_between_threads() {
    fn owned_and_sent<T: Send + 'static>(value: T) -> T {
        value
    }
    fn sent<T: Send>(value: T) -> T {
        value
    }
    let candidates = [oc_fallback::Candidate::new("c", oc_fallback::Scope::new("o", "m", "k"), ())];
    let chain = Chain::new(candidates, policy(), Arc::new(MemoryStore::new()));
    drop(sent(chain.run(|()| async { Ok::<_, FactSheet>(1) })));
    let stream = chain
        .stream(|()| futures::stream::empty::<Result<u8, FactSheet>>(), |()| |_: &u8| Gate::Commit);
    drop(chain);
    drop(owned_and_sent(stream));
}

#[tokio::test(start_paused = true)]
async fn an_answer_by_the_first_candidate_is_no_fallback() {
    let flaky = Script::new().fail(Fault::Reset).then_again(Script::new().text("hi").end());
    let policy = policy().with_retry(RetryPolicy::default());
    let chain = Chain::new([candidate(0, flaky)], policy, Arc::new(MemoryStore::new()));
    let mut stream = chain.stream(play, gate);
    while stream.next().await.is_some() {}
    assert_eq!(stream.ledger().attempts.len(), 2);
    assert_eq!(stream.ledger().fallback_reason(), None);
}
