//! What real servers sent.

use http::{HeaderMap, StatusCode};
use oc_providers::wire::Wire as _;
use oc_providers::wire::openai_completions::OpenaiCompletions;
use oc_providers::{Api, Request};
use oc_responses_stream::Answer;

use crate::support::{digest, provider, recordings, run, script};

const SERVERS: [&str; 4] = ["llama-server", "vllm", "litellm", "transformers-serve"];

/// Here the server itself says one thing in a stream and another in a document:
/// its reasoning parser takes a call for reasoning only while streaming.
const DIFFERENT_TWINS: [&str; 3] = [
    "openai_completions/vllm/chat-badtool-stream.sse",
    "openai_completions/vllm/chat-tool-stream.sse",
    "openai_completions/vllm/chat-two-tools-stream.sse",
];

fn recorded(server: &str, part: &str) -> Vec<(String, Vec<u8>)> {
    recordings(&format!("openai_completions/{server}"), part)
}

fn is_answer(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("\"choices\"")
}

async fn answer(name: &str, body: Vec<u8>) -> (Answer, String) {
    let outcome =
        run(&provider(Api::OpenaiCompletions, [script(name, body)]), Request::text("puppet", "hi"))
            .await;
    assert!(!outcome.answer.final_text().contains("<think"), "{name}: reasoning as text");
    let digest = digest(&outcome);
    (outcome.answer, digest)
}

#[tokio::test]
async fn streams_and_documents() {
    for server in SERVERS {
        let mut text = String::new();
        for (name, body) in recorded(server, "chat") {
            if is_answer(&body) {
                text += &format!("{name}\n{}", answer(&name, body).await.1);
            }
        }
        insta::assert_snapshot!(format!("recorded__{server}"), text);
    }
}

#[tokio::test]
async fn a_stream_says_the_same_as_its_twin() {
    let mut twins = 0;
    for server in SERVERS {
        let all = recorded(server, "chat");
        for (name, body) in &all {
            let Some(stem) =
                name.strip_suffix("-stream.sse").or_else(|| name.strip_suffix("-stream-usage.sse"))
            else {
                continue;
            };
            let twin = format!("{stem}.json");
            let Some((_, whole)) = all.iter().find(|(name, _)| *name == twin) else { continue };
            if DIFFERENT_TWINS.contains(&name.as_str()) {
                continue;
            }
            twins += 1;
            let (streamed, _) = answer(name, body.clone()).await;
            let (whole, _) = answer(&twin, whole.clone()).await;
            assert_eq!(streamed.final_text(), whole.final_text(), "{name}");
            assert_eq!(streamed.reasoning_text(), whole.reasoning_text(), "{name}");
            let calls = |answer: &Answer| -> Vec<(String, serde_json::Value)> {
                let read = |text: &str| serde_json::from_str(text).expect("whole");
                answer.tool_calls().map(|call| (call.name.clone(), read(&call.arguments))).collect()
            };
            assert_eq!(calls(&streamed), calls(&whole), "{name}");
            assert_eq!(streamed.finish, whole.finish, "{name}");
            if let (Some(streamed), Some(whole)) = (streamed.usage, whole.usage) {
                assert_eq!(streamed.output_tokens, whole.output_tokens, "{name}");
                assert_eq!(streamed.input_tokens, whole.input_tokens, "{name}");
            }
        }
    }
    assert!(twins >= 26, "only {twins} twins");
}

#[tokio::test]
async fn a_server_that_died_is_never_taken_for_done() {
    for (server, part) in [
        ("llama-server", "killed-mid-stream-chat"),
        ("llama-server", "terminated-mid-stream-chat"),
        ("litellm", "upstream-killed-mid-stream-chat"),
    ] {
        for (name, body) in recorded(server, part) {
            let (answer, digest) = answer(&name, body).await;
            assert!(answer.finish.is_none() && !answer.final_text().is_empty(), "{name}: {digest}");
        }
    }
}

#[test]
fn error_bodies_give_their_facts() {
    let mut text = String::new();
    for server in SERVERS {
        for (name, body) in recorded(server, "chat") {
            if is_answer(&body) {
                continue;
            }
            let failure = OpenaiCompletions::default().failure(
                StatusCode::BAD_REQUEST,
                &HeaderMap::new(),
                &body,
            );
            let said = failure.upstream;
            text += &format!(
                "{name}\n  code {:?} type {:?} param {:?}\n  {:?}\n",
                said.code, said.error_type, said.param, said.message
            );
        }
    }
    insta::assert_snapshot!(text);
}
