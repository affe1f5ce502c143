//! Fallback around a client that knows nothing of it. No network: the "client"
//! is a closure. Run with
//! `cargo run -p oc-fallback --example fallback_around_your_client`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its reader")]

use std::{sync::Arc, time::Duration};

use futures::{Stream, StreamExt, stream};
use oc_fallback::{
    Candidate, Chain, Facts, Fault, Gate, Limits, MemoryStore, Output, Policy, Reason, Scope,
};

/// An event of your client.
enum Event {
    Reasoning(&'static str),
    Text(&'static str),
}

/// An error of your client: it only has to state facts.
struct Broken;

impl Facts for Broken {
    fn fault(&self) -> Fault {
        Fault::Cut // the box was switched off while it reasoned
    }
}

/// Your client: a stream of events from an address.
fn ask(address: &'static str) -> impl Stream<Item = Result<Event, Broken>> {
    let answer = match address {
        "http://127.0.0.1:1234" => vec![Ok(Event::Reasoning("let me think")), Err(Broken)],
        _ => vec![Ok(Event::Reasoning("easy")), Ok(Event::Text("4")), Ok(Event::Text("2"))],
    };
    stream::iter(answer).then(|event| async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        event
    })
}

/// Meaningful is text; an end with nothing else counts as empty by itself.
fn gate(event: &Event) -> Gate {
    match event {
        Event::Text(text) if !text.trim().is_empty() => Gate::Commit,
        Event::Text(_) | Event::Reasoning(_) => Gate::Hold,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (local, hosted) = ("http://127.0.0.1:1234", "https://api.example.com");
    let chain = Chain::new(
        [
            Candidate::new("lmstudio/m", Scope::new(local, "m", ""), local)
                .with_limits(Limits::local()),
            Candidate::new("hosted/big", Scope::new(hosted, "big", "key-1"), hosted),
        ],
        Policy::default().with_total(Duration::from_secs(30)),
        Arc::new(MemoryStore::new()),
    );

    let mut stream = chain.stream(|&address| ask(address), |_| gate);
    while let Some(item) = stream.next().await {
        match item {
            Output::Event(Event::Reasoning(text)) => println!("(thinking: {text})"),
            Output::Event(Event::Text(text)) => println!("{text}"),
            Output::Failed(failure) => eprintln!("{failure}"),
            Output::Exhausted(exhausted) => eprintln!("{exhausted}"),
            _ => {}
        }
    }
    let ledger = stream.ledger();
    println!("answered by {}", ledger.served_by().unwrap_or("nobody"));
    for attempt in &ledger.attempts {
        let end = attempt.reason().map_or("answered", Reason::as_str);
        println!("  {} after {:?}: {end}", attempt.name, attempt.ended.unwrap_or_default());
    }
}
