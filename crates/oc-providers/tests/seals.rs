//! Reasoning comes home: a Messages thinking block goes out through a
//! Responses client and back to the host that signed it, and to no other.

mod support;

use std::sync::Arc;

use oc_providers::wire::openai_responses::decode_request;
use oc_providers::{Api, ApiKey, Endpoint, Loss, ModelFacts, Provider, Script, ScriptedTransport};
use oc_responses_stream::Collector;
use serde_json::{Value, json};

const STREAM: &str = concat!(
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\n",
    "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\n",
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hmm \\u00fc\"}}\n\n",
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"SIG==\"}}\n\n",
    "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"redacted_thinking\",\"data\":\"RED\"}}\n\n",
    "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
    "data: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}}\n\n",
    "data: {\"type\":\"content_block_stop\",\"index\":2}\n\n",
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n",
    "data: {\"type\":\"message_stop\"}\n\n",
);

fn provider(api: Api, base: &str, scripts: Vec<Script>) -> Provider {
    let endpoint = Endpoint::new("p", api, base)
        .expect("url")
        .model("m", ModelFacts::new().with_reasoning(true).with_max_output_tokens(8192));
    Provider::new(endpoint, Arc::new(ScriptedTransport::new(scripts))).expect("provider")
}

/// The next turn, as a client that keeps the whole history sends it.
async fn next_turn() -> Value {
    let base = "https://api.anthropic.com";
    turn_after(&provider(Api::AnthropicMessages, base, vec![Script::sse(STREAM)])).await
}

async fn turn_after(anthropic: &Provider) -> Value {
    let asked = decode_request(br#"{"model":"m","input":"go"}"#).expect("request").request;
    let mut collector = Collector::new();
    anthropic
        .collect(&asked)
        .await
        .expect("answers")
        .iter()
        .for_each(|delta| collector.push(delta));
    let mut input = vec![json!({"role": "user", "content": "go"})];
    input.extend(collector.finish().items.iter().map(|item| item.to_json()));
    input.push(json!({"type": "function_call_output", "call_id": "toolu_1", "output": "done"}));
    json!({"model": "m", "input": input, "reasoning": {"effort": "low"}})
}

fn sent(api: Api, base: &str, turn: &Value) -> (Value, Vec<Loss>) {
    let asked = decode_request(turn.to_string().as_bytes()).expect("request").request;
    let encoded = provider(api, base, Vec::new()).encode(&asked).expect("encodes");
    (encoded.body, encoded.losses)
}

#[tokio::test]
async fn thinking_comes_home_verbatim() {
    let turn = next_turn().await;
    let (body, losses) = sent(Api::AnthropicMessages, "https://api.anthropic.com", &turn);
    assert_eq!(
        body["messages"][1]["content"],
        json!([
            {"type": "thinking", "thinking": "hmm ü", "signature": "SIG=="},
            {"type": "redacted_thinking", "data": "RED"},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
        ])
    );
    assert_eq!(body["thinking"]["type"], "enabled", "the loop began with its own thinking");
    assert!(losses.is_empty(), "{losses:?}");
}

#[tokio::test]
async fn nobody_else_gets_it() {
    let turn = next_turn().await;
    for (api, base) in [
        (Api::AnthropicMessages, "http://127.0.0.1:8080"),
        (Api::OpenaiResponses, "http://127.0.0.1:1234/v1"),
        (Api::OpenaiResponses, "https://api.openai.com/v1"),
    ] {
        let (body, losses) = sent(api, base, &turn);
        let text = body.to_string();
        assert!(!text.contains("hmm") && !text.contains("oc-seal"), "{base}: {text}");
        assert!(losses.contains(&Loss::Reasoning), "{base}");
    }
}

/// Whether the host of this key, sealing with this secret, takes `turn`'s
/// thinking for its own.
fn accepted(turn: &Value, key: &str, secret: Option<&str>) -> bool {
    let mut endpoint = Endpoint::new("p", Api::AnthropicMessages, "https://api.anthropic.com")
        .expect("url")
        .key(ApiKey::new(key));
    if let Some(secret) = secret {
        endpoint = endpoint.seal_key(ApiKey::new(secret));
    }
    let provider = Provider::new(endpoint, Arc::new(ScriptedTransport::default())).expect("ok");
    let asked = decode_request(turn.to_string().as_bytes()).expect("request").request;
    let encoded = provider.encode(&asked).expect("encodes");
    encoded.body.to_string().contains("SIG==")
}

#[tokio::test]
async fn no_client_makes_an_envelope_of_its_own() {
    // Closed by a host without any secret, as a client could do it.
    let forged = next_turn().await;
    assert!(!accepted(&forged, "sk-1", None));
    assert!(!accepted(&forged, "sk-1", Some("seal")));
}

#[tokio::test]
async fn keys_that_take_turns_share_a_secret() {
    let endpoint = Endpoint::new("p", Api::AnthropicMessages, "https://api.anthropic.com")
        .expect("url")
        .key(ApiKey::new("sk-1"))
        .seal_key(ApiKey::new("seal"));
    let transport = Arc::new(ScriptedTransport::new([Script::sse(STREAM)]));
    let turn = turn_after(&Provider::new(endpoint, transport).expect("provider")).await;
    assert!(accepted(&turn, "sk-1", Some("seal")));
    assert!(accepted(&turn, "sk-2", Some("seal")));
    assert!(!accepted(&turn, "sk-1", None));
}

/// A host may serve many makers' models; a seal of one was opened for another.
#[tokio::test]
async fn another_model_of_the_same_host_does_not_get_it() {
    let mut turn = next_turn().await;
    turn["model"] = json!("m2");
    let (body, losses) = sent(Api::AnthropicMessages, "https://api.anthropic.com", &turn);
    assert!(!body.to_string().contains("SIG=="), "{body}");
    assert!(losses.contains(&Loss::Reasoning));
}

/// Nothing says who made plain reasoning: it went to the next Responses host as
/// if that had thought it.
#[test]
fn unsealed_reasoning_is_nobodys_own() {
    for reasoning in [
        json!({"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "SECRETTHOUGHT"}]}),
        json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "SECRETTHOUGHT"}]}),
        json!({"type": "reasoning", "encrypted_content": "gAAAA", "summary": [{"type": "summary_text", "text": "SECRETTHOUGHT"}]}),
    ] {
        let turn = json!({"model": "m", "input": [{"role": "user", "content": "go"}, reasoning]});
        let (body, losses) = sent(Api::OpenaiResponses, "http://127.0.0.1:1234/v1", &turn);
        assert!(!body.to_string().contains("SECRETTHOUGHT"), "{body}");
        assert_eq!(losses, [Loss::Reasoning]);
    }
}

#[tokio::test]
async fn a_tool_loop_that_another_model_began_goes_on_without_thinking() {
    let turn = json!({"model": "m", "reasoning": {"effort": "low"}, "input": [
        {"role": "user", "content": "go"},
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "local"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "done"}]});
    let (body, losses) = sent(Api::AnthropicMessages, "https://api.anthropic.com", &turn);
    assert!(body.get("thinking").is_none());
    assert!(losses.contains(&Loss::Field("reasoning")));
    let (body, _) = sent(Api::AnthropicMessages, "http://127.0.0.1:8080", &turn);
    assert_eq!(body["thinking"]["type"], "enabled", "a plain server asks for no signature");
}
