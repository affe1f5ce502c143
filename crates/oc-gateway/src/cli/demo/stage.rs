//! The demo's set: two look-alikes, and the gateway between them and the client.

use std::{net::Ipv4Addr, sync::Arc};

use anyhow::Context as _;
use oc_config::{Config, Settings};
use oc_gateway::{
    Record, State,
    lookalike::{Lookalike, Received, Step, messages},
    shutdown::{self, Drain, Grace},
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::client::Client;

/// The same file as `examples/config/local-first.json5`; a test holds them equal.
const CONFIG: &str = include_str!("local-first.json5");
const BOX_URL: &str = "http://127.0.0.1:1234/v1";

/// What the hosted look-alike answers.
pub(super) const HOSTED_ANSWER: &str = "Because air scatters blue light far more than red: the light that reaches you from \
     every side of the sky is the scattered blue. — the hosted model";

pub(super) struct Stage {
    /// The local box: LM Studio, speaking Responses with reasoning.
    pub(super) local: Lookalike,
    hosted: Option<Lookalike>,
    pub(super) client: Client,
    config: String,
    state: State,
    curtain: CancellationToken,
    gateway: JoinSet<()>,
}

impl Stage {
    /// Starts all three. Without a fallback, the hosted model's port is closed.
    pub(super) async fn set(with_fallback: bool) -> anyhow::Result<Self> {
        let local = Lookalike::start(|_| Vec::new()).await.context("no free loopback port")?;
        let hosted = Lookalike::start(answer_as_anthropic).await?;
        let hosted_url = format!("http://{}", hosted.address());
        let hosted = with_fallback.then_some(hosted);

        let config = redirected(&local.base_url(), &hosted_url);
        let key = |name: &str| (name == "ANTHROPIC_API_KEY").then(|| "demo".to_owned());
        let parsed = Config::parse(&config, "local-first.json5", &key)?.value;
        let state = State::assemble(parsed, Settings::default())?;

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let client = Client::of(listener.local_addr()?);
        let curtain = CancellationToken::new();
        let mut gateway = JoinSet::new();
        gateway.spawn(play_gateway(listener, state.clone(), curtain.clone()));
        Ok(Self { local, hosted, client, config, state, curtain, gateway })
    }

    /// The lines that differ from the real config: what was, what is.
    pub(super) fn difference(&self) -> Vec<(Option<String>, Option<String>)> {
        let old: Vec<&str> = CONFIG.lines().collect();
        let new: Vec<&str> = self.config.lines().collect();
        let trimmed = |line: &&str| Some(line.trim().to_owned());
        let removed = old.iter().filter(|line| !new.contains(line));
        let mut added = new.iter().filter(|line| !old.contains(line));
        let mut pairs: Vec<_> =
            removed.map(|line| (trimmed(line), added.next().and_then(trimmed))).collect();
        pairs.extend(added.map(|line| (None, trimmed(line))));
        pairs
    }

    /// What was asked of the hosted look-alike so far.
    pub(super) fn hosted_requests(&self) -> usize {
        self.hosted.as_ref().map_or(0, |hosted| hosted.received().len())
    }

    /// The box is up again, and the gateway has forgotten that it was down.
    pub(super) async fn next_act(&mut self) -> anyhow::Result<()> {
        self.local.kill().await;
        self.local.revive().await.context("the box's port was taken meanwhile")?;
        self.state.reset_cooldowns();
        Ok(())
    }

    pub(super) fn records(&self) -> Vec<Record> {
        self.state.records()
    }

    /// Takes everything down.
    pub(super) async fn clear(mut self) {
        self.curtain.cancel();
        while self.gateway.join_next().await.is_some() {}
        self.local.kill().await;
    }
}

async fn play_gateway(listener: TcpListener, state: State, curtain: CancellationToken) {
    let drain: Drain = state.drain().clone();
    let app = oc_gateway::app(state);
    let stop = curtain.cancelled_owned();
    if let Err(error) = shutdown::serve(listener, app, drain, Grace::default(), stop).await {
        tracing::error!(%error, "the gateway stopped");
    }
}

fn answer_as_anthropic(_: &Received) -> Vec<Step> {
    let mut steps = vec![Step::sse_head(), Step::send(messages::opening("claude-sonnet-4-5"))];
    let words: Arc<[&str]> = HOSTED_ANSWER.split_inclusive(' ').collect();
    steps.extend(words.iter().map(|word| Step::send(messages::text(word))));
    steps.push(Step::send(messages::closing(words.len() as u64)));
    steps
}

/// The config with both base URLs pointed at the look-alikes. The hosted
/// provider is in the catalog; naming its base URL is enough.
fn redirected(box_url: &str, hosted_url: &str) -> String {
    let hosted = format!("providers: {{ anthropic: {{ baseUrl: \"{hosted_url}\", models: [] }}, ");
    CONFIG.replace(BOX_URL, box_url).replace("providers: { ", &hosted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_is_the_example() {
        let example =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/config/local-first.json5");
        assert_eq!(std::fs::read_to_string(example).unwrap(), CONFIG);
    }

    #[test]
    fn only_base_urls_differ() {
        let config = redirected("http://127.0.0.1:1/v1", "http://127.0.0.1:2");
        assert!(!config.contains(BOX_URL));
        let changed: Vec<&str> =
            config.lines().filter(|line| !CONFIG.lines().any(|old| old == *line)).collect();
        assert_eq!(changed.len(), 2);
        assert!(changed.iter().all(|line| line.contains("baseUrl")));
    }
}
