//! What only the client's wire knows, on its way to a host of that wire: fields,
//! headers, tools that the host runs, blocks in which it told of them.

use std::sync::Arc;

use http::HeaderValue;
use oc_providers::wire::Dialect;
use oc_providers::{Api, Endpoint, Provider, Script, ScriptedTransport, SentRequest};
use serde_json::{Value, json};

fn sent(dialect: Dialect, base: &str, body: &Value, beta: Option<&'static str>) -> SentRequest {
    let transport = Arc::new(ScriptedTransport::new([Script::sse("")]));
    let endpoint = Endpoint::new("up", dialect.api(), base).expect("url");
    let provider = Provider::new(endpoint, transport.clone()).expect("provider");
    let mut asked = dialect.decode_request(body.to_string().as_bytes()).expect("reads");
    if let Some(beta) = beta {
        asked.request.headers.insert("anthropic-beta", HeaderValue::from_static(beta));
    }
    let mut deltas = provider.deltas(asked.request);
    while futures::executor::block_on(futures::StreamExt::next(&mut deltas)).is_some() {}
    transport.sent().pop().expect("a request")
}

const ANTHROPIC: &str = "https://api.anthropic.com";

fn turn() -> Value {
    json!({
        "model": "claude", "max_tokens": 64, "service_tier": "auto",
        "context_management": {"edits": [{"type": "clear_thinking_20251015"}]},
        "mcp_servers": [{"type": "url", "url": "https://mcp.example", "name": "x"}],
        "metadata": {"user_id": "u"}, "cache_control": {"type": "ephemeral"},
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "Look it up.", "cache_control": {"type": "ephemeral"}},
                {"type": "container_upload", "file_id": "file_1"}]},
            {"role": "assistant", "content": [
                {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
                {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
                {"type": "text", "text": "Found."}]},
            {"role": "user", "content": "And now?"}],
        "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
            {"name": "look", "input_schema": {"type": "object"}, "defer_loading": true}],
    })
}

#[test]
fn a_messages_client_reaches_its_vendor_whole() {
    let sent = sent(Dialect::Messages, ANTHROPIC, &turn(), Some("context-management-2025-06-27"));
    assert_eq!(sent.headers["anthropic-beta"], "context-management-2025-06-27");
    insta::assert_snapshot!("request_messages_whole", sent.body.to_string());
    for word in [
        "service_tier",
        "context_management",
        "mcp_servers",
        "user_id",
        "cache_control",
        "container_upload",
        "server_tool_use",
        "web_search_tool_result",
        "web_search_20250305",
        "defer_loading",
    ] {
        assert!(sent.body.to_string().contains(word), "{word}");
    }
}

/// Without the header the vendor would refuse what is not settled; and it is the
/// client that knows which.
#[test]
fn what_needs_a_beta_header_goes_with_one_only() {
    let body = sent(Dialect::Messages, ANTHROPIC, &turn(), None).body.to_string();
    for word in ["context_management", "mcp_servers", "defer_loading"] {
        assert!(!body.contains(word), "{word}");
    }
    assert!(body.contains("service_tier") && body.contains("web_search_20250305"));
}

/// Servers that only resemble the vendor's get what they know.
#[test]
fn a_plain_host_of_the_wire_is_given_the_plain_shape() {
    let mut turn = turn();
    // A turn with blocks that only the vendor knows would be for another host.
    turn["messages"] = json!([{"role": "user", "content": "And now?"}]);
    let sent = sent(Dialect::Messages, "http://127.0.0.1:8080", &turn, Some("a-2026"));
    assert_eq!(sent.headers["anthropic-beta"], "a-2026", "unknown headers hurt nobody");
    let body = sent.body.to_string();
    for word in ["service_tier", "context_management", "web_search", "defer_loading"] {
        assert!(!body.contains(word), "{word}: {body}");
    }
}

#[test]
fn openai_s_own_fields_reach_openai() {
    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
        "logit_bias": {"50256": -100}, "service_tier": "flex", "seed": 7, "logprobs": true,
        "top_logprobs": 2, "prediction": {"type": "content", "content": "x"},
        "metadata": {"a": "b"}, "store": true, "safety_identifier": "s", "presence_penalty": 0.5});
    let base = "https://api.openai.com/v1";
    let body = sent(Dialect::Chat, base, &chat, None).body;
    for key in [
        "logit_bias",
        "service_tier",
        "seed",
        "logprobs",
        "top_logprobs",
        "prediction",
        "metadata",
        "store",
        "safety_identifier",
        "presence_penalty",
    ] {
        assert_eq!(body[key], chat[key], "{key}");
    }
    let responses = json!({"model": "m", "input": "hi", "service_tier": "flex",
        "context_management": [{"type": "compaction", "compact_threshold": 1000}],
        "prompt_cache_key": "k", "truncation": "auto", "top_logprobs": 3, "max_tool_calls": 2,
        "include": ["message.output_text.logprobs"], "invented_tomorrow": {"a": 1},
        "metadata": {"a": "b"}, "tools": [{"type": "web_search"}]});
    let body = sent(Dialect::Responses, base, &responses, None).body;
    for key in [
        "service_tier",
        "context_management",
        "prompt_cache_key",
        "truncation",
        "top_logprobs",
        "max_tool_calls",
        "invented_tomorrow",
        "metadata",
        "tools",
    ] {
        assert_eq!(body[key], responses[key], "{key}");
    }
    assert_eq!(Dialect::Responses.api(), Api::OpenaiResponses);
}
