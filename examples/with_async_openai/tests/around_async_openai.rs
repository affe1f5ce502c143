//! The engine around async-openai, over loopback.

use std::{net::TcpListener, sync::Arc};

use futures::StreamExt as _;
use oc_fallback::{Candidate, Chain, MemoryStore, Output, Policy, Reason, RetryPolicy};
use with_async_openai::{
    Target, ask, candidate, gate,
    look_alike::{self, ANSWERS, BREAKS_OFF, BREAKS_OFF_LATE, LookAlike, NO_CREDIT},
};

/// The text that a caller gets of these candidates, how it ends, and why the
/// first attempt failed.
async fn told(candidates: Vec<Candidate<Target>>) -> (String, &'static str, Option<Reason>) {
    let policy = Policy::default().with_retry(RetryPolicy::never());
    let chain = Chain::new(candidates, policy, Arc::new(MemoryStore::new()));
    let mut answer = chain.stream(|target| ask(target, "Why?"), |_| gate());
    let (mut text, mut end) = (String::new(), "");
    while let Some(item) = answer.next().await {
        match item {
            Output::Event(event) => {
                let delta = event.choices.first().map(|choice| &choice.delta);
                text += delta.and_then(|delta| delta.content.as_deref()).unwrap_or_default();
            }
            Output::Done(_) => end = "done",
            Output::Failed(_) => end = "failed",
            Output::Exhausted(_) => end = "exhausted",
            _ => {}
        }
    }
    let first = answer.ledger().attempts.first().and_then(|attempt| attempt.reason());
    (text, end, first)
}

/// A candidate at a look-alike that lives as long as the test.
async fn at(answer: &'static str, alive: &mut Vec<LookAlike>) -> Candidate<Target> {
    let server = look_alike::start(answer).await.expect("a free port");
    let candidate = candidate("p/m", &server.base_url, "sk-any");
    alive.push(server);
    candidate
}

#[tokio::test]
async fn the_next_candidate_answers_for_one_that_does_not() {
    let alive = &mut Vec::new();
    let dead = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let nobody = format!("http://{}/v1", dead.local_addr().expect("an address"));
    drop(dead);
    for (first, reason) in [
        (at(BREAKS_OFF, alive).await, Reason::Cut),
        (at(NO_CREDIT, alive).await, Reason::Billing),
        (candidate("p/m", &nobody, "sk-any"), Reason::Refused),
    ] {
        let (text, end, why) = told(vec![first, at(ANSWERS, alive).await]).await;
        assert_eq!((text.as_str(), end, why), ("Because of Rayleigh.", "done", Some(reason)));
    }
}

#[tokio::test]
async fn an_answer_that_began_is_never_mixed_with_another() {
    let alive = &mut Vec::new();
    let (text, end, why) =
        told(vec![at(BREAKS_OFF_LATE, alive).await, at(ANSWERS, alive).await]).await;
    assert_eq!((text.as_str(), end, why), ("Because", "failed", Some(Reason::Cut)));
}

#[tokio::test]
async fn nobody_left_is_one_failure() {
    let alive = &mut Vec::new();
    let (text, end, _) = told(vec![at(BREAKS_OFF, alive).await, at(NO_CREDIT, alive).await]).await;
    assert_eq!((text.as_str(), end), ("", "exhausted"));
}
