//! Tools: what an independent tester broke, each named after what it was.

use std::sync::Arc;

use oc_providers::wire::{Dialect, Encoded};
use oc_providers::{Api, Endpoint, Provider, ScriptedTransport};
use serde_json::{Value, json};

/// Hosts of which nothing is known, one of each wire, and OpenAI's own.
const HOSTS: [(Api, &str); 5] = [
    (Api::OpenaiResponses, "http://127.0.0.1:1234/v1"),
    (Api::OpenaiCompletions, "http://127.0.0.1:8000/v1"),
    (Api::AnthropicMessages, "http://127.0.0.1:8080"),
    (Api::OpenaiResponses, "https://api.openai.com/v1"),
    (Api::OpenaiCompletions, "https://api.openai.com/v1"),
];

fn provider(api: Api, base: &str) -> Provider {
    let endpoint = Endpoint::new("x", api, base).expect("a URL");
    Provider::new(endpoint, Arc::new(ScriptedTransport::new([]))).expect("a provider")
}

fn encoded(api: Api, base: &str, dialect: Dialect, body: &Value) -> Encoded {
    let asked = dialect.decode_request(body.to_string().as_bytes()).expect("reads");
    provider(api, base).encode(&asked.request).expect("encodes")
}

/// Calls and results of a body, in any wire's words: id, then what it says.
fn steps(body: &Value) -> Vec<(String, String)> {
    let mut steps = Vec::new();
    let word = |json: &Value, key: &str| json[key].as_str().unwrap_or_default().to_owned();
    for item in body["input"].as_array().into_iter().flatten() {
        match item["type"].as_str() {
            Some("function_call") => steps.push((word(item, "call_id"), word(item, "arguments"))),
            Some("function_call_output") => {
                steps.push((word(item, "call_id"), word(item, "output")));
            }
            _ => {}
        }
    }
    for message in body["messages"].as_array().into_iter().flatten() {
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            steps.push((word(call, "id"), word(&call["function"], "arguments")));
        }
        if message["role"] == "tool" {
            steps.push((word(message, "tool_call_id"), word(message, "content")));
        }
        for block in message["content"].as_array().into_iter().flatten() {
            match block["type"].as_str() {
                Some("tool_use") => steps.push((word(block, "id"), block["input"].to_string())),
                Some("tool_result") => {
                    steps.push((word(block, "tool_use_id"), word(&block["content"][0], "text")));
                }
                _ => {}
            }
        }
    }
    steps
}

/// A server without ids: the gateway called the first call of every answer
/// `call_0`. The user broke the first off, and the second's result went to it.
#[test]
fn the_result_of_a_later_call_of_the_same_id_was_given_to_the_one_that_was_broken_off() {
    let (rome, paris) = (r#"{"city":"Rome"}"#, r#"{"city":"Paris"}"#);
    let chat = |arguments| {
        json!({"role": "assistant", "tool_calls": [{"id": "call_0", "type": "function",
            "function": {"name": "f", "arguments": arguments}}]})
    };
    let response = |arguments| json!({"type": "function_call", "call_id": "call_0", "name": "f", "arguments": arguments});
    let message = |arguments: &str| {
        json!({"role": "assistant", "content": [{"type": "tool_use", "id": "call_0", "name": "f",
            "input": serde_json::from_str::<Value>(arguments).expect("json")}]})
    };
    let stop = json!({"role": "user", "content": "stop, Paris"});
    let turns = [
        (
            Dialect::Chat,
            json!({"model": "m", "messages": [{"role": "user", "content": "Rome?"}, chat(rome), stop,
                chat(paris), {"role": "tool", "tool_call_id": "call_0", "content": "SUNNY"}]}),
        ),
        (
            Dialect::Responses,
            json!({"model": "m", "input": [{"role": "user", "content": "Rome?"}, response(rome), stop,
                response(paris),
                {"type": "function_call_output", "call_id": "call_0", "output": "SUNNY"}]}),
        ),
        (
            Dialect::Messages,
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Rome?"},
                message(rome), stop, message(paris), {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "call_0", "content": "SUNNY"}]}]}),
        ),
    ];
    for (dialect, body) in &turns {
        for (api, base) in HOSTS {
            let encoded = encoded(api, base, *dialect, body);
            let mut steps = steps(&encoded.body);
            steps.sort();
            let wanted = [
                ("call_0", "No result was recorded."),
                ("call_0", rome),
                ("call_0_2", "SUNNY"),
                ("call_0_2", paris),
            ];
            let wanted = wanted.map(|(id, says)| (id.to_owned(), says.to_owned()));
            assert_eq!(steps, wanted, "{dialect:?} to {api} at {base}");
            assert_eq!(encoded.losses.len(), 1, "{:?}", encoded.losses);
        }
    }
}
