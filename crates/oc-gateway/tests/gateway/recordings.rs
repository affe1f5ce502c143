//! Real servers, replayed: each recorded `/v1/responses` stream as the upstream.

use std::{fs, path::PathBuf};

use oc_gateway::lookalike::{Lookalike, Step};
use serde_json::json;

use crate::support::{Gateway, HOSTED, Told, hosted, question};

/// The recordings are the streaming crate's; they are kept once.
fn folder(server: &str) -> PathBuf {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/../oc-responses-stream/tests/fixtures");
    PathBuf::from(tests).join(server)
}

fn recordings(server: &str) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder(server))
        .expect("the recordings")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "sse"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read(&path).expect("a recording"))
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no recordings of {server}");
    found
}

/// Replays one recording; the answer is held to the laws on the way.
async fn replay(recording: &[u8], limit: Option<u64>) -> Told {
    let body = recording.to_vec();
    let local = Lookalike::start(move |_| vec![Step::sse_head(), Step::send(body.clone())]);
    let (local, hosted) = (local.await.unwrap(), hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let mut body = question(true);
    if let Some(limit) = limit {
        body["max_output_tokens"] = json!(limit);
    }
    gateway.ask(&body).await.told()
}

#[tokio::test]
async fn every_recorded_stream_becomes_a_valid_one() {
    for server in ["llama-server", "vllm", "litellm", "transformers-serve"] {
        for (name, recording) in recordings(server) {
            let told = replay(&recording, None).await;
            let text = String::from_utf8_lossy(&recording);
            let place = format!("{server}/{name}: {told:?}");
            if name.contains("mid-stream") {
                assert_eq!(told.ending, "response.failed", "{place}");
            } else if name.contains("empty") {
                assert_eq!(told.text, HOSTED, "{place}");
            } else {
                assert_ne!(told.ending, "response.failed", "{place}");
            }
            // What was reasoning there is none of the text here.
            if !told.reasoning.is_empty() {
                assert!(!told.text.contains(&told.reasoning), "{place}");
            }
            assert!(!told.text.contains("<think>") && !text.is_empty(), "{place}");
        }
    }
}

#[tokio::test]
async fn a_truncated_answer_is_incomplete_with_its_text() {
    let (_, recording) = recordings("llama-server")
        .into_iter()
        .find(|(name, _)| name == "responses-length-stream")
        .expect("the truncated recording");
    // llama-server says `completed`; the tokens that were asked for tell the truth.
    let told = replay(&recording, Some(24)).await;
    assert_eq!(told.ending, "response.incomplete");
    assert_eq!(told.response["incomplete_details"]["reason"], "max_output_tokens");
    assert!(told.text.starts_with("word after word"), "{}", told.text);
}

#[tokio::test]
async fn an_empty_answer_goes_to_the_next_candidate() {
    let (_, recording) = recordings("llama-server")
        .into_iter()
        .find(|(name, _)| name == "responses-empty-stream")
        .expect("the empty recording");
    let told = replay(&recording, None).await;
    assert_eq!((told.text.as_str(), told.note("oc_fallback_reason")), (HOSTED, "empty_response"));
}
