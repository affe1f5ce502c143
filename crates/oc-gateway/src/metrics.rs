//! Counters for Prometheus.
//!
//! One registry per gateway, no global: two gateways in one process count
//! apart. The encoder appends `_total` to counters, so they are registered
//! without it.

use std::{sync::atomic::AtomicU64, time::Duration};

use http::StatusCode;
use oc_fallback::{AttemptOutcome, BreakerState, Ledger, MemoryStore, Usage};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use tokio::time::Instant;

/// The `content-type` of the text.
pub(crate) const CONTENT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a gateway counts.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    attempts: Family<Attempted, Counter>,
    fallbacks: Family<FellBack, Counter>,
    first_text: Histogram,
    attempt_duration: Histogram,
    tokens: Family<Tokens, Counter>,
    cost: Counter<f64, AtomicU64>,
    breakers: Family<Broken, Gauge>,
    cooldowns: Family<Broken, Gauge<f64, AtomicU64>>,
    streams: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    endpoint: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempted {
    provider: String,
    model: String,
    outcome: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FellBack {
    from: String,
    to: String,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tokens {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Broken {
    origin: String,
    model: String,
    reason: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        // From 5 ms (a refusal on loopback) to 11 minutes (the whole deadline).
        let seconds = || exponential_buckets(0.005, 2.0, 18);
        let mut metrics = Self {
            registry: Registry::with_prefix("oc_gateway"),
            requests: Family::default(),
            attempts: Family::default(),
            fallbacks: Family::default(),
            first_text: Histogram::new(seconds()),
            attempt_duration: Histogram::new(seconds()),
            tokens: Family::default(),
            cost: Counter::default(),
            breakers: Family::default(),
            cooldowns: Family::default(),
            streams: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "requests",
            "Answers, by route and status of the head",
            self.requests.clone(),
        );
        registry.register(
            "attempts",
            "Attempts at a model, by how they ended",
            self.attempts.clone(),
        );
        registry.register(
            "fallbacks",
            "Answers that came from a later candidate than the first",
            self.fallbacks.clone(),
        );
        registry.register(
            "ttft_seconds",
            "From the request to the first text of its answer",
            self.first_text.clone(),
        );
        registry.register(
            "attempt_duration_seconds",
            "How long attempts took, failed ones too",
            self.attempt_duration.clone(),
        );
        registry.register("tokens", "Tokens, as the upstreams counted them", self.tokens.clone());
        registry.register("cost_usd", "Cost by the config's prices", self.cost.clone());
        registry.register(
            "breaker_state",
            "What is not closed: 1 half-open (probing), 2 open (rejecting)",
            self.breakers.clone(),
        );
        registry.register(
            "cooldown_seconds",
            "How long what is open stays open",
            self.cooldowns.clone(),
        );
        registry.register("streams_open", "Event streams being sent", self.streams.clone());
    }

    /// An answer's head went out.
    pub(crate) fn count_request(&self, endpoint: &str, status: StatusCode) {
        let labels = Answered { endpoint: endpoint.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
    }

    /// A request has ended.
    pub(crate) fn count_ledger(&self, ledger: &Ledger) {
        for attempt in &ledger.attempts {
            let (provider, model) = attempt.name.split_once('/').unwrap_or(("", &attempt.name));
            let labels = Attempted {
                provider: provider.to_owned(),
                model: model.to_owned(),
                outcome: match attempt.outcome {
                    AttemptOutcome::Answered => "answered",
                    AttemptOutcome::Failed => "failed",
                    AttemptOutcome::Superseded => "superseded",
                    // The client left before it ended.
                    _ => "dropped",
                },
                reason: attempt.reason().map_or("", |reason| reason.as_str()),
            };
            self.attempts.get_or_create(&labels).inc();
            if let Some(ended) = attempt.ended {
                let took = ended.saturating_sub(attempt.started);
                self.attempt_duration.observe(took.as_secs_f64());
            }
        }
        let winner = ledger.committed.and_then(|id| ledger.attempt(id));
        if let Some(first_text) = winner.and_then(|winner| winner.first_text) {
            self.first_text.observe(first_text.as_secs_f64());
        }
        if let (Some(from), Some(to), Some(reason)) =
            (first_of_the_chain(ledger), ledger.served_by(), ledger.fallback_reason())
        {
            let labels =
                FellBack { from: from.to_owned(), to: to.to_owned(), reason: reason.as_str() };
            self.fallbacks.get_or_create(&labels).inc();
        }
        self.count_usage(ledger.usage());
    }

    fn count_usage(&self, usage: Usage) {
        for (kind, tokens) in [
            ("input", usage.input_tokens),
            ("cached", usage.cached_tokens),
            ("output", usage.output_tokens),
            ("reasoning", usage.reasoning_tokens),
        ] {
            if let Some(tokens) = tokens.filter(|tokens| *tokens > 0) {
                self.tokens.get_or_create(&Tokens { kind }).inc_by(tokens);
            }
        }
        if let Some(micros) = usage.cost {
            self.cost.inc_by(Duration::from_micros(micros).as_secs_f64());
        }
    }

    /// Counts an event stream for as long as the guard lives.
    pub(crate) fn stream_opened(&self) -> StreamOpen {
        self.streams.inc();
        StreamOpen(self.streams.clone())
    }

    pub(crate) fn streams_open(&self) -> i64 {
        self.streams.get()
    }

    /// Everything, as text; breakers as they stand now.
    pub(crate) fn text(&self, store: &MemoryStore) -> String {
        self.breakers.clear();
        self.cooldowns.clear();
        for breaker in store.breakers(Instant::now().into_std()) {
            let labels = Broken {
                origin: breaker.origin.to_string(),
                model: breaker.model.as_deref().unwrap_or_default().to_owned(),
                reason: breaker.reason.as_str(),
            };
            let open = breaker.state == BreakerState::Open;
            self.breakers.get_or_create(&labels).set(if open { 2 } else { 1 });
            self.cooldowns.get_or_create(&labels).set(breaker.remaining.as_secs_f64());
        }
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            // Writing to a `String` does not fail.
            Err(std::fmt::Error) => String::new(),
        }
    }
}

/// An event stream that is being sent.
#[derive(Debug)]
pub(crate) struct StreamOpen(Gauge);

impl Drop for StreamOpen {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Whom the request would have gone to, had nothing gone wrong.
fn first_of_the_chain(ledger: &Ledger) -> Option<&str> {
    let attempted = ledger.attempts.iter().map(|attempt| (attempt.target, &*attempt.name));
    let skipped = ledger.skipped.iter().map(|skipped| (skipped.target, &*skipped.name));
    attempted.chain(skipped).min_by_key(|(target, _)| *target).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_have_their_names_once() {
        let metrics = Metrics::new();
        metrics.count_request("/v1/responses", StatusCode::OK);
        metrics.count_usage(Usage::new().with_input_tokens(7).with_cost(2_500_000));
        let open = metrics.stream_opened();
        let text = metrics.text(&MemoryStore::new());
        for line in [
            r#"oc_gateway_requests_total{endpoint="/v1/responses",status="200"} 1"#,
            r#"oc_gateway_tokens_total{kind="input"} 7"#,
            "oc_gateway_cost_usd_total 2.5",
            "oc_gateway_streams_open 1",
            "oc_gateway_ttft_seconds_count 0",
            "oc_gateway_attempt_duration_seconds_count 0",
        ] {
            assert!(text.lines().any(|got| got == line), "{line} is missing in:\n{text}");
        }
        assert!(!text.contains("_total_total"), "{text}");
        drop(open);
        assert_eq!(metrics.streams_open(), 0);
    }

    #[test]
    fn an_open_breaker_is_shown_until_it_closes() {
        use oc_fallback::{Outcome, Reason, Scope, Store as _};
        let (metrics, store) = (Metrics::new(), MemoryStore::new());
        let scope = Scope::new("http://127.0.0.1:1234", "m", "");
        let refused = Outcome::Failed { reason: Reason::Refused, retry_after: None };
        store.record(&scope, &refused, Instant::now().into_std());
        let text = metrics.text(&store);
        let labels = r#"{origin="http://127.0.0.1:1234",model="",reason="refused"}"#;
        assert!(text.contains(&format!("oc_gateway_breaker_state{labels} 2")), "{text}");
        assert!(text.contains(&format!("oc_gateway_cooldown_seconds{labels} ")), "{text}");
        store.reset();
        assert!(!metrics.text(&store).contains(labels));
    }
}
