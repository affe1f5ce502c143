//! Reasoning comes home: a Messages thinking block, or what a Responses host
//! sealed, goes out through a client and back to the host that made it, and to
//! no other.

mod support;

use std::sync::Arc;

use futures::StreamExt as _;
use oc_providers::wire::openai_responses::decode_request;
use oc_providers::wire::{AnswerName, Dialect};
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

const OPENAI: &str = "https://api.openai.com/v1";
/// Hosts that seal, too: a foreign seal is a 400 at each.
const AZURE: &str = "https://x.openai.azure.com/openai/v1";
const XAI: &str = "https://api.x.ai/v1";

/// An answer of a host that seals, which seals once more what it announces.
fn sealing(seal: &str) -> String {
    let response = |status: &str, output: Value| json!({"id": "resp_1", "object": "response", "model": "m", "status": status, "output": output});
    // Where the seal stands in its item is the host's business.
    let announced = format!(
        r#"{{"id":"rs_1","encrypted_content":"EARLY-{seal}","type":"reasoning","summary":[]}}"#
    );
    let thought =
        json!({"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": seal});
    let said = |status: &str, content: Value| json!({"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content});
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    let place = json!({"item_id": "msg_1", "output_index": 1, "content_index": 0});
    let at = |name: &str, more: Value| {
        let mut event = json!({"type": name});
        for fields in [&place, &more].into_iter().filter_map(Value::as_object) {
            event.as_object_mut().expect("an object").extend(fields.clone());
        }
        event
    };
    let whole = said("completed", json!([part("Hi.")]));
    let events = [
        json!({"type": "response.created", "response": response("in_progress", json!([]))}),
        json!({"type": "response.in_progress", "response": response("in_progress", json!([]))}),
        json!({"type": "response.output_item.added", "output_index": 0,
            "item": serde_json::from_str::<Value>(&announced).expect("json")}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": thought}),
        json!({"type": "response.output_item.added", "output_index": 1, "item": said("in_progress", json!([]))}),
        at("response.content_part.added", json!({"part": part("")})),
        at("response.output_text.delta", json!({"delta": "Hi.", "logprobs": []})),
        at("response.output_text.done", json!({"text": "Hi.", "logprobs": []})),
        at("response.content_part.done", json!({"part": part("Hi.")})),
        json!({"type": "response.output_item.done", "output_index": 1, "item": whole}),
        json!({"type": "response.completed", "response": response("completed", json!([thought, whole]))}),
    ];
    let numbered = events.into_iter().enumerate().map(|(number, mut event)| {
        event["sequence_number"] = number.into();
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().expect("a type"))
    });
    numbered.collect()
}

/// The same as one document.
fn document_of(stream: &str) -> String {
    let last = stream.trim_end().rsplit("data: ").next().expect("an event");
    serde_json::from_str::<Value>(last).expect("json")["response"].to_string()
}

/// What a Responses client gets of `upstream`'s answer to `turn`: the bytes of a
/// stream, and the items of a document.
async fn told(upstream: &Provider, turn: &Value, relayed: bool) -> (String, Vec<Value>) {
    let mut asked = Dialect::Responses.decode_request(turn.to_string().as_bytes()).expect("reads");
    if !relayed {
        asked.request.wire = None;
    }
    let name = || AnswerName::new("1", "m", 1_700_000_000);
    asked.stream = true;
    let mut stream = asked.renderer(name());
    asked.stream = false;
    let mut document = asked.renderer(name());
    let mut deltas = upstream.deltas(asked.request);
    while let Some(delta) = deltas.next().await {
        let delta = delta.expect("answers");
        stream.push(&delta);
        document.push(&delta);
    }
    let mut bytes = Vec::new();
    while let Some(event) = stream.next_bytes() {
        bytes.extend(event);
    }
    let output = document.document()["output"].as_array().expect("output").clone();
    (String::from_utf8(bytes).expect("text"), output)
}

/// The seals in a body or a history.
fn seals(items: &Value) -> Vec<&str> {
    let items = items.as_array().expect("items");
    items.iter().filter_map(|item| item["encrypted_content"].as_str()).collect()
}

/// A chain falls from a host that seals to another that seals, and comes back:
/// the second was sent the first's seal, and answered 400.
#[tokio::test]
async fn a_seal_goes_home_and_to_no_other_host_that_seals() {
    for (relayed, streams) in [(true, true), (true, false), (false, true), (false, false)] {
        let why = format!("relayed: {relayed}, streamed upstream: {streams}");
        let answer = |seal: &str| match sealing(seal) {
            stream if streams => Script::sse(stream),
            stream => Script::json(200, document_of(&stream)),
        };
        let at = |base: &str, seal: &str| provider(Api::OpenaiResponses, base, vec![answer(seal)]);
        let mut turn = json!({"model": "m", "input": [{"role": "user", "content": "go"}]});

        let (stream, items) = told(&at(OPENAI, "gSEAL+/="), &turn, relayed).await;
        assert!(!stream.contains("gSEAL"), "{why}: {stream}");
        assert!(stream.contains("oc-seal-2.") && stream.contains("Hi."), "{why}: {stream}");
        let sealed = |items: &[Value]| {
            items.iter().any(|it| {
                it["encrypted_content"].as_str().is_some_and(|seal| stream.contains(seal))
            })
        };
        assert!(sealed(&items), "{why}: a document holds the seal of the stream: {items:?}");
        turn["input"].as_array_mut().expect("input").extend(items);

        for base in [AZURE, XAI] {
            let (body, losses) = sent(Api::OpenaiResponses, base, &turn);
            assert_eq!(seals(&body["input"]), [""; 0], "{why}, {base}");
            assert!(losses.contains(&Loss::Reasoning), "{why}, {base}");
        }
        let (_, items) = told(&at(XAI, "gSECOND"), &turn, relayed).await;
        turn["input"].as_array_mut().expect("input").extend(items);

        for (base, own) in [(OPENAI, "gSEAL+/="), (XAI, "gSECOND")] {
            let (body, losses) = sent(Api::OpenaiResponses, base, &turn);
            assert_eq!(seals(&body["input"]), [own], "{why}, {base}");
            assert_eq!(losses, [Loss::Reasoning], "{why}, {base}: the other's");
        }
        turn["model"] = json!("m2");
        let (body, _) = sent(Api::OpenaiResponses, OPENAI, &turn);
        assert_eq!(seals(&body["input"]), [""; 0], "{why}: another model's");
    }
}

/// An item that begins with its seal cannot be mended in its place.
#[tokio::test]
async fn an_announced_seal_reaches_no_client_wherever_it_stands() {
    let usual = sealing("gSEAL");
    let (at, first) = (
        r#""id":"rs_1","encrypted_content":"EARLY-gSEAL""#,
        r#""encrypted_content":"EARLY-gSEAL","id":"rs_1""#,
    );
    assert!(usual.contains(at));
    for stream in [usual.replace(at, first), usual] {
        let home = provider(Api::OpenaiResponses, OPENAI, vec![Script::sse(stream)]);
        let (told, items) = told(&home, &json!({"model": "m", "input": "go"}), true).await;
        assert!(!told.contains("gSEAL"), "{told}");
        assert_eq!(seals(&Value::Array(items)).len(), 1);
    }
}

/// An envelope named its host's address to whoever held it.
#[tokio::test]
async fn no_client_learns_where_a_host_is() {
    use base64::Engine as _;
    let home = provider(Api::OpenaiResponses, OPENAI, vec![Script::sse(sealing("gSEAL"))]);
    let turn = json!({"model": "m", "input": "go"});
    let (_, items) = told(&home, &turn, true).await;
    let items = Value::Array(items);
    let letter = seals(&items)[0].split('.').nth(1).expect("a letter");
    let read = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(letter).expect("base64");
    assert_eq!(String::from_utf8_lossy(&read), r#""gSEAL""#);
}

/// Nothing says which host of the wire sealed what comes without an envelope:
/// hosts that seal are given it, as before the client came to us.
#[test]
fn a_seal_of_a_client_that_talked_to_a_host_without_us_goes_to_hosts_that_seal() {
    let thought =
        |seal: &str| json!({"type": "reasoning", "summary": [], "encrypted_content": seal});
    let turn = |seal: &str| json!({"model": "m", "input": [{"role": "user", "content": "go"}, thought(seal)]});
    for (base, goes) in
        [(OPENAI, true), (AZURE, true), (XAI, true), ("http://127.0.0.1:1/v1", false)]
    {
        let (body, losses) = sent(Api::OpenaiResponses, base, &turn("gAAAAABo"));
        assert_eq!(seals(&body["input"]) == ["gAAAAABo"], goes, "{base}: {body}");
        assert_eq!(losses.is_empty(), goes, "{base}");
        // Of an earlier version of ours, whatever is in it.
        let (body, losses) = sent(Api::OpenaiResponses, base, &turn("oc-seal-1.e30.e30"));
        assert_eq!((seals(&body["input"]), losses), (vec![], vec![Loss::Reasoning]), "{base}");
    }
}

/// Other wires' clients keep seals of many makers in one place.
#[test]
fn a_foreign_seal_of_another_wires_client_goes_to_nobody() {
    let details = json!([{"type": "reasoning.encrypted", "data": "gAAAAABo", "format": "anthropic-claude-v1"}]);
    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "go"},
        {"role": "assistant", "content": "Hi.", "reasoning_details": details}, {"role": "user", "content": "on"}]});
    let messages = json!({"model": "m", "max_tokens": 64, "messages": [{"role": "user", "content": "go"},
        {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "gAAAAABo"}, {"type": "text", "text": "Hi."}]},
        {"role": "user", "content": "on"}]});
    for (dialect, turn) in [(Dialect::Chat, chat), (Dialect::Messages, messages)] {
        let asked = dialect.decode_request(turn.to_string().as_bytes()).expect("reads");
        for (api, base) in [
            (Api::OpenaiResponses, OPENAI),
            (Api::OpenaiCompletions, OPENAI),
            (Api::AnthropicMessages, "https://api.anthropic.com"),
        ] {
            let encoded = provider(api, base, Vec::new()).encode(&asked.request).expect("encodes");
            assert!(!encoded.body.to_string().contains("gAAAAABo"), "{dialect:?}, {api}");
            assert!(encoded.losses.contains(&Loss::Reasoning), "{dialect:?}, {api}");
        }
    }
}

/// A compaction is the conversation: without it, a host would answer another.
#[tokio::test]
async fn a_compaction_goes_home_whichever_model_goes_on_and_is_refused_elsewhere() {
    let compaction = json!({"type": "compaction", "id": "cmp_1", "encrypted_content": "gCOMPACT"});
    let stream = sealing("gSEAL");
    let mut document: Value = serde_json::from_str(&document_of(&stream)).expect("json");
    document["output"].as_array_mut().expect("output").insert(0, compaction.clone());
    for relayed in [true, false] {
        let script = Script::json(200, document.to_string());
        let home = provider(Api::OpenaiResponses, OPENAI, vec![script]);
        let (stream, items) = told(&home, &json!({"model": "m", "input": "go"}), relayed).await;
        assert!(!stream.contains("gCOMPACT"), "relayed: {relayed}: {stream}");
        let mut input = items;
        input.push(json!({"role": "user", "content": "on"}));
        for model in ["m", "m2"] {
            let turn = json!({"model": model, "input": input});
            let (body, _) = sent(Api::OpenaiResponses, OPENAI, &turn);
            let home = &body["input"][0];
            for key in ["type", "encrypted_content"] {
                assert_eq!(home[key], compaction[key], "relayed: {relayed}, {model}");
            }
            let asked = decode_request(turn.to_string().as_bytes()).expect("request").request;
            let azure = provider(Api::OpenaiResponses, AZURE, Vec::new());
            let refused = azure.encode(&asked).expect_err("a foreign compaction").to_string();
            assert!(refused.contains("`input[0]` of type `compaction`"), "{refused}");
        }
    }
}
