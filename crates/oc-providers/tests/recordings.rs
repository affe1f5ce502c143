//! What real servers sent, through a provider: one snapshot per server and wire.

mod support;

use oc_providers::{Api, Delta, Request};
use support::{digest, provider, recordings, run, script};

async fn digests(server: &str, api: Api, part: &str) -> String {
    let mut text = String::new();
    for (name, body) in recordings(server, part) {
        let outcome = run(&provider(api, [script(&name, body)]), request_of(&name)).await;
        assert!(!outcome.answer.final_text().contains("<think"), "{name}: reasoning as text");
        assert_calls_are_whole(&name, &outcome.deltas);
        text += &format!("{name}\n{}", digest(&outcome));
    }
    text
}

/// The part of the recorded request that the answer is judged by.
fn request_of(name: &str) -> Request {
    let model = if name.contains("window-filled") { "small" } else { "puppet" };
    let mut request = Request::text(model, "hi");
    if name.contains("length") {
        request.max_output_tokens = Some(24);
    }
    request
}

fn assert_calls_are_whole(name: &str, deltas: &[Delta]) {
    for (at, delta) in deltas.iter().enumerate() {
        if let Delta::ToolCallStart(start) = delta {
            let next = (deltas.get(at + 1), deltas.get(at + 2));
            let (Some(Delta::ToolCallArguments(arguments)), Some(Delta::ToolCallEnd(end))) = next
            else {
                panic!("{name}: a call in pieces");
            };
            assert_eq!((arguments.slot, end.slot), (start.slot, start.slot), "{name}");
            serde_json::from_str::<serde_json::Map<_, _>>(&arguments.text).expect(name);
        }
    }
}

macro_rules! recorded {
    ($($test:ident: $server:literal, $api:ident, $part:literal;)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                insta::assert_snapshot!(digests($server, Api::$api, $part).await);
            }
        )*
    };
}

recorded! {
    llama_server_messages: "llama-server", AnthropicMessages, "messages";
    llama_server_responses: "llama-server", OpenaiResponses, "responses";
    vllm_messages: "vllm", AnthropicMessages, "messages";
    vllm_responses: "vllm", OpenaiResponses, "responses";
    litellm_messages: "litellm", AnthropicMessages, "messages";
    litellm_responses: "litellm", OpenaiResponses, "responses";
    transformers_responses: "transformers-serve", OpenaiResponses, "responses";
}
