//! The fallback engine around `async-openai`. Asks the servers that are named,
//! in their order; without names, two look-alikes on loopback, of which the
//! first breaks off while it reasons:
//!
//! ```text
//! cargo run --manifest-path examples/with_async_openai/Cargo.toml
//! cargo run --manifest-path … -- http://127.0.0.1:1234/v1=qwen3 http://127.0.0.1:8080/v1=any
//! ```

use std::{error::Error, io::Write as _, sync::Arc, time::Duration};

use futures::StreamExt as _;
use oc_fallback::{Chain, MemoryStore, Output, Policy, Reason};
use with_async_openai::{ask, candidate, gate, look_alike};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut servers: Vec<String> = std::env::args().skip(1).collect();
    let first = look_alike::start(look_alike::BREAKS_OFF).await?;
    let second = look_alike::start(look_alike::ANSWERS).await?;
    if servers.is_empty() {
        servers = [(&first, "small"), (&second, "large")]
            .map(|(server, model)| format!("{}={model}", server.base_url))
            .into();
    }
    let candidates = servers.iter().enumerate().filter_map(|(n, server)| {
        let (base_url, model) = server.split_once('=')?;
        Some(candidate(&format!("server{n}/{model}"), base_url, "sk-any"))
    });
    let policy = Policy::default().with_total(Duration::from_secs(60));
    let chain = Chain::new(candidates, policy, Arc::new(MemoryStore::new()));

    let mut answer = chain.stream(|target| ask(target, "Why is the sky blue?"), |_| gate());
    let mut out = std::io::stdout();
    while let Some(item) = answer.next().await {
        match item {
            Output::Event(event) => {
                let text = event.choices.first().and_then(|choice| choice.delta.content.as_deref());
                write!(out, "{}", text.unwrap_or_default())?;
                out.flush()?;
            }
            Output::Failed(failure) => return Err(failure.into()),
            Output::Exhausted(exhausted) => return Err(exhausted.into()),
            _ => {}
        }
    }
    writeln!(out)?;
    for attempt in &answer.ledger().attempts {
        let end = attempt.reason().map_or("answered", Reason::as_str);
        writeln!(out, "{}: {end}", attempt.name)?;
    }
    Ok(())
}
