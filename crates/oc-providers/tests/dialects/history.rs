//! What comes home with a conversation: seals to the host that made them, over
//! whichever dialect they travelled, and no field of one wire to a host of another.
//!
//! That every dialect tells the same answer over every wire is shown by the
//! crate's own `conformance` tests.

use std::sync::Arc;

use futures::StreamExt as _;
use oc_providers::wire::{AnswerName, Asked, Dialect, Render};
use oc_providers::{Api, Endpoint, Loss, ModelFacts, Provider, Script, ScriptedTransport};
use oc_responses_stream::{Collector, Delta, Finish, FinishReason};
use serde_json::{Value, json};

use crate::upstreams::{Ending, Said, script};

/// An answer that has everything.
const CALLS: Said = Said {
    reasoning: "Two of them.",
    text: "Let me see.",
    calls: &[("call_a", "look", r#"{"at":"here","n":1}"#), ("call_b", "wait", "{}")],
    ending: Ending::Stop,
};
/// An answer that fails, and the one after it.
const FAILS: Said = Said { reasoning: "Hm.", text: "Once upon", calls: &[], ending: Ending::Error };
const NEXT: Said = Said { reasoning: "", text: "Hello, world.", calls: &[], ending: Ending::Stop };

const WIRES: [(Api, &str); 3] = [
    (Api::OpenaiResponses, "http://127.0.0.1:1234/v1"),
    (Api::OpenaiCompletions, "http://127.0.0.1:8000/v1"),
    (Api::AnthropicMessages, "http://127.0.0.1:8080"),
];

/// The same turn in each dialect: orders, a picture, an answered call, a tool.
fn turn(dialect: Dialect, stream: bool) -> Value {
    let schema = json!({"type": "object", "properties": {"at": {"type": "string"}}});
    let picture = "data:image/png;base64,AAAA";
    match dialect {
        Dialect::Responses => json!({
            "model": "m", "stream": stream, "max_output_tokens": 64, "temperature": 0.5,
            "instructions": "Be brief.", "reasoning": {"effort": "low"},
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": picture}]},
                {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{\"at\":\"it\"}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "a cat"}],
            "tools": [{"type": "function", "name": "look", "description": "Looks.", "parameters": schema}],
        }),
        Dialect::Chat => json!({
            "model": "m", "stream": stream, "stream_options": {"include_usage": true},
            "max_completion_tokens": 64, "temperature": 0.5, "reasoning_effort": "low",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": picture}}]},
                {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function",
                    "function": {"name": "look", "arguments": "{\"at\":\"it\"}"}}]},
                {"role": "tool", "tool_call_id": "call_1", "content": "a cat"}],
            "tools": [{"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": schema}}],
        }),
        _ => json!({
            "model": "m", "stream": stream, "max_tokens": 64, "temperature": 0.5, "system": "Be brief.",
            "thinking": {"type": "enabled", "budget_tokens": 2048},
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "What is this?"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": "it"}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "a cat"}]}],
            "tools": [{"name": "look", "description": "Looks.", "input_schema": schema}],
        }),
    }
}

fn asked(dialect: Dialect, stream: bool) -> Asked {
    let asked =
        dialect.decode_request(turn(dialect, stream).to_string().as_bytes()).expect("reads");
    assert_eq!((asked.dialect(), asked.stream), (dialect, stream));
    asked
}

fn provider(api: Api, base: &str, scripts: Vec<Script>) -> (Provider, Arc<ScriptedTransport>) {
    let transport = Arc::new(ScriptedTransport::new(scripts));
    let endpoint = Endpoint::new("up", api, base)
        .expect("url")
        .model("m", ModelFacts::new().with_reasoning(true).with_max_output_tokens(4096));
    (Provider::new(endpoint, transport.clone()).expect("provider"), transport)
}

/// The answer of a scripted upstream, told to a client of `dialect`.
async fn told(dialect: Dialect, upstream: &Provider, stream: bool) -> Box<dyn Render> {
    let asked = asked(dialect, stream);
    let mut renderer = asked.renderer(AnswerName::new("1", "m", 1_700_000_000));
    let mut deltas = upstream.deltas(asked.request);
    while let Some(next) = deltas.next().await {
        match next {
            Ok(delta) => renderer.push(&delta),
            Err(fault) => renderer.fail("upstream_failed", &fault.to_string()),
        }
    }
    assert!(renderer.is_terminal() && renderer.has_content());
    renderer
}

/// Reasoning goes out through each dialect and comes home to the host that
/// signed it; no other host gets a word of it.
#[tokio::test]
async fn signed_thinking_comes_home_through_every_dialect() {
    let said = CALLS;
    let base = "https://api.anthropic.com";
    for dialect in Dialect::ALL {
        let scripts = vec![script(Api::AnthropicMessages, &said, true)];
        let (anthropic, _) = provider(Api::AnthropicMessages, base, scripts);
        let document = told(dialect, &anthropic, false).await.document();
        let next = next_turn(dialect, &document);
        let asked = dialect.decode_request(next.to_string().as_bytes()).expect("reads");
        let body = anthropic.encode(&asked.request).expect("encodes").body;
        let turns = body["messages"].as_array().expect("messages");
        let thinking =
            json!({"type": "thinking", "thinking": said.reasoning, "signature": "SIG=="});
        let kept = turns.iter().any(|turn| turn["content"][0] == thinking);
        assert!(kept, "{dialect:?}: {body}");
        for (api, base) in WIRES {
            let (other, _) = provider(api, base, Vec::new());
            let body = other.encode(&asked.request).expect("encodes").body.to_string();
            assert!(!body.contains("oc-seal") && !body.contains("SIG=="), "{dialect:?}: {body}");
            assert!(!body.contains(said.reasoning), "{dialect:?} over {api:?}: {body}");
        }
    }
}

/// The same for what a Responses host sealed.
#[tokio::test]
async fn sealed_reasoning_comes_home_through_every_dialect() {
    let home = "https://api.openai.com/v1";
    let item = json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAAAABo",
        "summary": [{"type": "summary_text", "text": "I looked."}]});
    for (text, shown) in [(true, "I looked."), (false, "")] {
        let mut item = item.clone();
        if !text {
            item["summary"] = json!([]);
        }
        let answer = json!({"id": "resp_1", "object": "response", "model": "m", "status": "completed",
            "output": [item, {"type": "function_call", "call_id": "call_a", "name": "look", "arguments": "{}"},
                {"type": "function_call", "call_id": "call_b", "name": "wait", "arguments": "{}"}]});
        for dialect in Dialect::ALL {
            let scripts = vec![Script::json(200, answer.to_string())];
            let (openai, _) = provider(Api::OpenaiResponses, home, scripts);
            let document = told(dialect, &openai, false).await.document();
            let next = next_turn(dialect, &document);
            let asked = dialect.decode_request(next.to_string().as_bytes()).expect("reads");
            let body = openai.encode(&asked.request).expect("encodes").body;
            let input = body["input"].as_array().expect("input");
            let kept = input.iter().any(|item| item["encrypted_content"] == "gAAAAABo");
            assert!(kept, "{dialect:?}, shown {shown:?}: {body}");
            let (xai, _) = provider(Api::OpenaiResponses, "https://api.x.ai/v1", Vec::new());
            let encoded = xai.encode(&asked.request).expect("encodes");
            let body = encoded.body.to_string();
            assert!(!body.contains("gAAAAABo") && !body.contains("oc-seal"), "{dialect:?}: {body}");
            assert!(encoded.losses.contains(&Loss::Reasoning), "{dialect:?}");
            let (anthropic, _) =
                provider(Api::AnthropicMessages, "https://api.anthropic.com", Vec::new());
            let body = anthropic.encode(&asked.request).expect("encodes").body.to_string();
            assert!(
                !body.contains("gAAAAABo") && !body.contains("I looked."),
                "{dialect:?}: {body}"
            );
        }
    }
}

/// What a client's wire has and the host's has not stays at home, and is listed.
#[tokio::test]
async fn no_field_of_one_wire_reaches_a_host_of_another() {
    let hosts = WIRES.into_iter().chain([
        (Api::OpenaiResponses, "https://api.openai.com/v1"),
        (Api::OpenaiCompletions, "https://api.openai.com/v1"),
        (Api::AnthropicMessages, "https://api.anthropic.com"),
    ]);
    for (api, base) in hosts {
        for dialect in Dialect::ALL {
            let mut turn = turn(dialect, false);
            turn["surprise"] = json!("!surprise!");
            turn["tools"]
                .as_array_mut()
                .expect("tools")
                .push(json!({"type": "!surprise!", "name": "x"}));
            let (said, user) = match dialect {
                Dialect::Responses => ("input", 0),
                Dialect::Chat => ("messages", 1),
                _ => ("messages", 0),
            };
            let content = turn[said][user]["content"].as_array_mut().expect("content");
            content[0]["surprise"] = json!("!surprise!");
            let encode = |turn: &Value| {
                let asked = dialect.decode_request(turn.to_string().as_bytes()).expect("reads");
                provider(api, base, Vec::new()).0.encode(&asked.request)
            };
            // OpenAI's own host gets what its own clients say, all of it.
            let all =
                api == Api::OpenaiResponses && base.contains("openai") && dialect.api() == api;
            // A local Chat host gets the fields, and no part or tool that it may not know.
            let fields =
                api == Api::OpenaiCompletions && !base.contains("openai") && dialect.api() == api;
            // So does Anthropic's, but for what needs a beta header.
            let settled = base.contains("api.anthropic.com") && dialect.api() == api;
            // What the user said is not left out: such a request is for another host.
            let mut with_part = turn.clone();
            with_part[said][user]["content"]
                .as_array_mut()
                .expect("content")
                .push(json!({"type": "!surprise!"}));
            assert_eq!(encode(&with_part).is_ok(), all || settled, "{dialect:?} to {base}");
            let encoded = encode(if all || settled { &with_part } else { &turn }).expect("encodes");
            let surprised = encoded.body.to_string().matches("!surprise!").count();
            assert_eq!(
                surprised,
                match (all, settled, fields) {
                    (true, _, _) => 4,
                    (_, true, _) | (_, _, true) => 2,
                    _ => 0,
                },
                "{dialect:?} to {base}: {}",
                encoded.body
            );
            assert!(
                all || encoded.losses.len() >= if fields { 1 } else { 2 },
                "{dialect:?} to {base}: {:?}",
                encoded.losses
            );
        }
    }
}

/// The next turn of a client that keeps the whole history.
fn next_turn(dialect: Dialect, document: &Value) -> Value {
    let mut turn = turn(dialect, false);
    let results = ["call_a", "call_b"];
    match dialect {
        Dialect::Responses => {
            let input = turn["input"].as_array_mut().expect("input");
            input.extend(document["output"].as_array().expect("output").iter().cloned());
            input.extend(
                results.map(
                    |id| json!({"type": "function_call_output", "call_id": id, "output": "ok"}),
                ),
            );
        }
        Dialect::Chat => {
            let messages = turn["messages"].as_array_mut().expect("messages");
            messages.push(document["choices"][0]["message"].clone());
            messages.extend(
                results.map(|id| json!({"role": "tool", "tool_call_id": id, "content": "ok"})),
            );
        }
        _ => {
            let messages = turn["messages"].as_array_mut().expect("messages");
            messages.push(json!({"role": "assistant", "content": document["content"]}));
            let results = results
                .map(|id| json!({"type": "tool_result", "tool_use_id": id, "content": "ok"}));
            messages.push(json!({"role": "user", "content": results}));
        }
    }
    turn
}

#[tokio::test]
async fn a_replaced_attempt_is_told_in_no_document() {
    for dialect in Dialect::ALL {
        let asked = asked(dialect, false);
        let mut renderer = asked.renderer(AnswerName::new("1", "m", 1));
        let first = FAILS;
        let (upstream, _) =
            provider(WIRES[1].0, WIRES[1].1, vec![script(WIRES[1].0, &first, true)]);
        let thought = |delta: &Delta| matches!(delta, Delta::Reasoning(_) | Delta::Started(_));
        let mut deltas = upstream.deltas(asked.request.clone());
        while let Some(Ok(delta)) = deltas.next().await {
            if thought(&delta) {
                renderer.push(&delta);
            }
        }
        renderer.abandon();
        let second = NEXT;
        let (upstream, _) =
            provider(WIRES[2].0, WIRES[2].1, vec![script(WIRES[2].0, &second, true)]);
        let mut deltas = upstream.deltas(asked.request);
        while let Some(Ok(delta)) = deltas.next().await {
            renderer.push(&delta);
        }
        let document = Script::json(200, renderer.document().to_string());
        let (client, _) = provider(dialect.api(), "http://127.0.0.1:1/v1", vec![document]);
        let mut collector = Collector::new();
        let deltas = client.collect(&self::asked(dialect, false).request).await;
        deltas.expect("reads").iter().for_each(|delta| collector.push(delta));
        let got = collector.finish();
        assert_eq!(got.final_text(), NEXT.text, "{dialect:?}");
        assert_eq!(got.finish, Some(Finish::new(FinishReason::Stop)), "{dialect:?}");
    }
}
