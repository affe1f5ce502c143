//! A turn that its server paused to be asked again (`pause_turn`): no client may
//! take it for whole.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::executor::block_on;
use oc_providers::wire::{AnswerName, Dialect};
use oc_providers::{Api, Endpoint, Provider, Script, ScriptedTransport};
use serde_json::{Value, json};

/// The paused answer in the words of a host of this wire.
fn paused(api: Api) -> Value {
    match api {
        Api::AnthropicMessages => json!({"id": "msg_1", "type": "message", "role": "assistant",
            "model": "m", "content": [{"type": "text", "text": "Still at it."}],
            "stop_reason": "pause_turn", "stop_sequence": null,
            "usage": {"input_tokens": 3, "output_tokens": 4}}),
        // As this gateway tells it to another.
        _ => json!({"id": "resp_1", "object": "response", "created_at": 1, "model": "m",
            "status": "incomplete", "incomplete_details": {"reason": "pause_turn"},
            "output": [{"type": "message", "id": "msg_1", "role": "assistant",
                "status": "incomplete", "content":
                    [{"type": "output_text", "text": "Still at it.", "annotations": []}]}]}),
    }
}

fn given(api: Api, dialect: Dialect) -> Value {
    let body = match dialect {
        Dialect::Responses => json!({"model": "m", "input": "Hi"}),
        _ => json!({"model": "m", "max_tokens": 64,
            "messages": [{"role": "user", "content": "Hi"}]}),
    };
    let asked = dialect.decode_request(body.to_string().as_bytes()).expect("reads");
    let mut client = asked.renderer(AnswerName::new("1", "m", 7));
    let endpoint = Endpoint::new("up", api, "https://api.vendor.example/v1").expect("url");
    let script = Script::json(200, paused(api).to_string());
    let transport = Arc::new(ScriptedTransport::new([script]));
    let mut deltas = Provider::new(endpoint, transport).expect("provider").deltas(asked.request);
    while let Some(delta) = block_on(deltas.next()) {
        client.push(&delta.expect("a delta"));
    }
    client.document()
}

#[test]
fn a_paused_turn_passes_for_whole_with_no_client() {
    for api in [Api::AnthropicMessages, Api::OpenaiResponses] {
        let response = given(api, Dialect::Responses);
        assert_eq!(response["status"], "incomplete", "{response}");
        assert_eq!(response["incomplete_details"]["reason"], "pause_turn");
        let completion = given(api, Dialect::Chat);
        assert_eq!(completion["choices"][0]["finish_reason"], "length", "{completion}");
        let message = given(api, Dialect::Messages);
        assert_eq!(message["stop_reason"], "pause_turn", "{message}");
    }
}
