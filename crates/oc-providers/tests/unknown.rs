//! A field that nobody here knows, in every object of a request, on its way to
//! every kind of host: carried where a host of the client's own wire puts up with
//! it, listed everywhere else, never silent.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::HeaderMap;
use oc_providers::wire::Dialect;
use oc_providers::{Api, Endpoint, ModelFacts, Provider, ScriptedTransport};
use serde_json::{Value, json};

const HOSTS: [(&str, Api, &str); 7] = [
    ("a Responses host", Api::OpenaiResponses, "http://127.0.0.1:1234/v1"),
    ("OpenAI's Responses host", Api::OpenaiResponses, "https://api.openai.com/v1"),
    ("a Chat host", Api::OpenaiCompletions, "http://127.0.0.1:8080/v1"),
    ("a hosted Chat host", Api::OpenaiCompletions, "https://chat.example/v1"),
    ("OpenAI's Chat host", Api::OpenaiCompletions, "https://api.openai.com/v1"),
    ("a Messages host", Api::AnthropicMessages, "http://127.0.0.1:8080"),
    ("Anthropic's host", Api::AnthropicMessages, "https://api.anthropic.com"),
];

/// Objects that are a client's own, and go or stay as wholes: schemas, arguments,
/// labels, tools and items of other types.
const WHOLE: &[&str] =
    &["parameters", "input_schema", "schema", "metadata", "arguments", "input", "custom"];

const NAME: &str = "field_of_tomorrow";

fn provider(api: Api, base: &str) -> Provider {
    let facts = ModelFacts::new().with_reasoning(true).with_max_output_tokens(64_000);
    let endpoint = Endpoint::new("p", api, base).expect("url").model("m", facts);
    Provider::new(endpoint, Arc::new(ScriptedTransport::default())).expect("provider")
}

/// The places of all objects in `json`, as JSON pointers.
fn objects(json: &Value, at: &str, found: &mut Vec<String>) {
    match json {
        Value::Object(fields) => {
            found.push(at.to_owned());
            for (key, value) in fields {
                let is_item_list = at.is_empty() && value.is_array();
                if is_item_list || !WHOLE.contains(&key.as_str()) {
                    objects(value, &format!("{at}/{key}"), found);
                }
            }
        }
        Value::Array(list) => {
            for (n, value) in list.iter().enumerate() {
                objects(value, &format!("{at}/{n}"), found);
            }
        }
        _ => {}
    }
}

fn names(losses: &[oc_providers::Loss]) -> BTreeSet<String> {
    losses.iter().map(oc_providers::Loss::name).filter(|name| name.contains(NAME)).collect()
}

/// One line for each object: where its unknown field arrives.
fn walk(dialect: Dialect, headers: &HeaderMap, body: &Value) -> String {
    let mut places = Vec::new();
    objects(body, "", &mut places);
    let mut table = String::new();
    for place in places {
        let mut body = body.clone();
        let object = body.pointer_mut(&place).and_then(Value::as_object_mut);
        object.expect("an object").insert(NAME.to_owned(), json!("ZZZ"));
        let mut asked = match dialect.decode_request(body.to_string().as_bytes()) {
            Ok(asked) => asked.request,
            Err(refused) => panic!("{place}: {refused}"),
        };
        asked.headers = headers.clone();
        let mut takers = Vec::new();
        for (host, api, base) in HOSTS {
            let encoded = provider(api, base).encode(&asked).expect("can be said everywhere");
            let carried = encoded.body.to_string().contains("ZZZ");
            let listed = names(&encoded.losses);
            assert!(carried == listed.is_empty(), "{place} at {host}: {carried} and {listed:?}");
            takers.extend(carried.then_some(host));
        }
        table += &format!("{place}: {}\n", takers.join(", "));
    }
    table
}

#[test]
fn of_a_chat_client() {
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "orders"}]},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ]},
            {"role": "assistant", "content": "calling", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "c", "content": "sunny"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "d", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "d", "content": [{"type": "text", "text": "warm"}]},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
            {"role": "user", "content": "and now?"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
        "stream_options": {"include_usage": true},
    });
    insta::assert_snapshot!(walk(Dialect::Chat, &HeaderMap::new(), &body));
}

#[test]
fn of_a_responses_client() {
    let body = json!({
        "model": "m",
        "input": [
            {"role": "developer", "content": [{"type": "input_text", "text": "orders"}]},
            {"role": "user", "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
            ]},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}],
                "encrypted_content": "gAAAA"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "calling"}]},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c",
                "output": [{"type": "input_text", "text": "sunny"}]},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
            {"role": "user", "content": "and now?"},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
        "tool_choice": {"type": "function", "name": "f"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        "reasoning": {"effort": "low"},
        "stream_options": {"include_obfuscation": false},
    });
    insta::assert_snapshot!(walk(Dialect::Responses, &HeaderMap::new(), &body));
}

fn messages() -> Value {
    json!({
        "model": "m",
        "max_tokens": 9000,
        "system": [{"type": "text", "text": "orders"}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image", "source":
                    {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "calling"},
                {"type": "tool_use", "id": "c", "name": "f", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c",
                    "content": [{"type": "text", "text": "sunny"}]},
                {"type": "text", "text": "and now?"},
            ]},
        ],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "auto"},
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
    })
}

#[test]
fn of_a_messages_client() {
    insta::assert_snapshot!(walk(Dialect::Messages, &HeaderMap::new(), &messages()));
}

/// With the header that asks for what is not settled yet.
#[test]
fn of_a_messages_client_with_betas() {
    let headers = HeaderMap::from_iter([(
        http::HeaderName::from_static("anthropic-beta"),
        http::HeaderValue::from_static("tomorrow-2026-11-21"),
    )]);
    insta::assert_snapshot!(walk(Dialect::Messages, &headers, &messages()));
}
