//! What real servers sent.

use http::{HeaderMap, StatusCode};
use oc_providers::wire::Wire as _;
use oc_providers::wire::openai_completions::OpenaiCompletions;
use oc_providers::{Api, Request};
use oc_responses_stream::Answer;

use crate::support::{digest, provider, recordings, run, script};

const SERVERS: [&str; 4] = ["llama-server", "vllm", "litellm", "transformers-serve"];

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
