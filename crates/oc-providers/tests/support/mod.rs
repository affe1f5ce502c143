//! What the integration tests share: fixtures by name, providers over a
//! scripted transport, answers as short text.

// Each test file uses its own part of this module.
#![allow(dead_code)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt as _;
use oc_fallback::Gate;
use oc_providers::{
    Api, Delta, DeltaGate, Endpoint, ModelFacts, Provider, ProviderError, Request, Script,
    ScriptedTransport,
};
use oc_responses_stream::{Answer, Collector};

/// `tests/fixtures`.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every recording of `server` whose name contains `part`, by name.
pub(crate) fn recordings(server: &str, part: &str) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(fixtures().join(server))
        .expect("fixture folder")
        .map(|entry| entry.expect("fixture").path())
        .filter(|path| path.to_string_lossy().contains(part))
        .map(|path| {
            let name = path.file_name().expect("name").to_string_lossy().into_owned();
            (format!("{server}/{name}"), std::fs::read(&path).expect("fixture"))
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no recording of {server} contains {part}");
    found
}

/// A recording as the answer that it was.
pub(crate) fn script(name: &str, body: Vec<u8>) -> Script {
    if name.ends_with(".sse") { Script::sse(body) } else { Script::json(200, body) }
}

/// A provider that answers from `scripts`.
pub(crate) fn provider(api: Api, scripts: impl IntoIterator<Item = Script>) -> Provider {
    let endpoint = Endpoint::new("local", api, "http://127.0.0.1:8080/v1")
        .expect("url")
        .model("small", ModelFacts::new().with_served_window(256));
    Provider::new(endpoint, Arc::new(ScriptedTransport::new(scripts))).expect("provider")
}

/// What came of one request: the answer so far, the gate's verdict, the error.
pub(crate) struct Outcome {
    pub(crate) answer: Answer,
    pub(crate) deltas: Vec<Delta>,
    pub(crate) verdict: Gate,
    pub(crate) error: Option<ProviderError>,
}

/// Runs `request` to its end.
pub(crate) async fn run(provider: &Provider, request: Request) -> Outcome {
    let mut collector = Collector::new();
    let mut gate = DeltaGate::new();
    let (mut deltas, mut verdict, mut error) = (Vec::new(), Gate::Hold, None);
    let mut stream = provider.deltas(request);
    while let Some(next) = stream.next().await {
        assert!(error.is_none(), "nothing may follow an error");
        match next {
            Ok(delta) => {
                if matches!(verdict, Gate::Hold | Gate::Alive) {
                    verdict = gate.judge(&delta);
                }
                collector.push(&delta);
                deltas.push(delta);
            }
            Err(fault) => error = Some(fault),
        }
    }
    assert!(stream.next().await.is_none(), "over is over");
    // A sign of life says no more of an answer than its absence.
    let verdict = if verdict == Gate::Alive { Gate::Hold } else { verdict };
    Outcome { answer: collector.finish(), deltas, verdict, error }
}

/// The outcome in a few lines, for snapshots.
pub(crate) fn digest(outcome: &Outcome) -> String {
    let mut text = String::new();
    let answer = &outcome.answer;
    if !answer.reasoning_text().is_empty() {
        let _ = writeln!(text, "  reasoning {:?}", answer.reasoning_text());
    }
    if !answer.final_text().is_empty() {
        let _ = writeln!(text, "  text      {:?}", answer.final_text());
    }
    for call in answer.tool_calls() {
        let _ = writeln!(text, "  call      {} {}", call.name, call.arguments);
    }
    if let Some(usage) = &answer.usage {
        let _ = writeln!(
            text,
            "  usage     {} in ({} cached), {} out ({} reasoning), {} total",
            usage.input_tokens,
            usage.cached_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            usage.total_tokens
        );
    }
    if let Some(finish) = &answer.finish {
        let _ = writeln!(text, "  finish    {:?}", finish.reason);
    }
    if let Some(error) = &outcome.error {
        let _ = writeln!(text, "  error     {:?}: {error}", error.kind());
    }
    let _ = writeln!(text, "  gate      {:?}", outcome.verdict);
    text
}
