//! Three dialects of clients, three upstream wires, streaming and not on either
//! side: the same answer on every path.
//!
//! What a client got is read back by the interpreter of its own wire, so that
//! each dialect's renderer is held to what its readers make of it.

use std::sync::Arc;

use futures::StreamExt as _;
use oc_providers::wire::{AnswerName, Asked, Dialect, Render};
use oc_providers::{
    Api, Endpoint, ModelFacts, Provider, ProviderErrorKind, Script, ScriptedTransport,
};
use oc_responses_stream::{Answer, Collector, Delta, FinishReason};
use serde_json::{Value, json};

use crate::support::sorted;
use crate::upstreams::{Ending, Said, script};

const SCENARIOS: [(&str, Said); 8] = [
    ("text", Said { reasoning: "", text: "Hello, world.", calls: &[], ending: Ending::Stop }),
    (
        "reasoning",
        Said {
            reasoning: "Grüße\n\nsind gut.", text: "你好 😀", calls: &[], ending: Ending::Stop
        },
    ),
    (
        "calls",
        Said {
            reasoning: "Two of them.",
            text: "Let me see.",
            calls: &[("call_a", "look", r#"{"at":"here","n":1}"#), ("call_b", "wait", "{}")],
            ending: Ending::Stop,
        },
    ),
    (
        "only_a_call",
        Said {
            reasoning: "",
            text: "",
            calls: &[("call_a", "look", r#"{"q":"\"x\""}"#)],
            ending: Ending::Stop,
        },
    ),
    ("length", Said { reasoning: "", text: "Once upon a", calls: &[], ending: Ending::Length }),
    ("empty", Said { reasoning: "", text: "", calls: &[], ending: Ending::Stop }),
    ("late_error", Said { reasoning: "Hm.", text: "Once upon", calls: &[], ending: Ending::Error }),
    ("cut", Said { reasoning: "", text: "Once upon", calls: &[], ending: Ending::Cut }),
];

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

fn stream_of(renderer: &mut dyn Render) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(event) = renderer.next_bytes() {
        bytes.extend(event);
    }
    bytes.extend(renderer.end_mark());
    bytes
}

/// What a client of this dialect makes of what it got.
#[derive(Debug, PartialEq)]
struct Read {
    text: String,
    reasoning: String,
    calls: Vec<(String, String, Value)>,
    usage: Option<(u64, u64, u64)>,
    finish: Option<FinishReason>,
    failed: bool,
}

async fn read_back(dialect: Dialect, got: Script) -> Read {
    let (client, _) = provider(dialect.api(), "http://127.0.0.1:1/v1", vec![got]);
    let mut deltas = client.deltas(asked(dialect, true).request);
    let mut collector = Collector::new();
    let mut failed = false;
    while let Some(next) = deltas.next().await {
        match next {
            Ok(delta) => collector.push(&delta),
            Err(fault) => {
                assert_eq!(fault.kind(), ProviderErrorKind::InStream, "an explicit failure");
                failed = true;
            }
        }
    }
    read(&collector.finish(), failed)
}

fn read(answer: &Answer, failed: bool) -> Read {
    let calls = answer.tool_calls().map(|call| {
        let arguments = serde_json::from_str(&call.arguments).expect("arguments");
        (call.call_id.to_string(), call.name.clone(), arguments)
    });
    let usage =
        answer.usage.map(|usage| (usage.input_tokens, usage.cached_tokens, usage.output_tokens));
    Read {
        text: answer.final_text(),
        reasoning: answer.reasoning_text(),
        calls: calls.collect(),
        // Messages says zero where nothing is known.
        usage: usage.filter(|(_, _, output)| *output > 0),
        finish: answer.finish.as_ref().map(|finish| finish.reason.clone()),
        failed,
    }
}

fn expected(said: &Said) -> Read {
    let whole = matches!(said.ending, Ending::Stop | Ending::Length);
    let calls = said.calls.iter().map(|(id, name, arguments)| {
        let arguments = serde_json::from_str(arguments).expect("arguments");
        ((*id).to_owned(), (*name).to_owned(), arguments)
    });
    let finish = match said.ending {
        Ending::Length => FinishReason::Length,
        _ if said.calls.is_empty() => FinishReason::Stop,
        _ => FinishReason::ToolCalls,
    };
    Read {
        text: said.text.to_owned(),
        reasoning: said.reasoning.to_owned(),
        calls: calls.collect(),
        usage: whole.then_some((21, 5, 13)),
        finish: whole.then_some(finish),
        failed: !whole,
    }
}

#[tokio::test]
async fn the_same_answer_on_every_path() {
    for (name, said) in SCENARIOS {
        for dialect in Dialect::ALL {
            for (api, base) in WIRES {
                for upstream_streams in [true, false] {
                    if !upstream_streams && !matches!(said.ending, Ending::Stop | Ending::Length) {
                        continue; // A document is whole or it is none.
                    }
                    let path =
                        format!("{name}: {dialect:?} over {api:?}, streamed: {upstream_streams}");
                    let scripts = vec![script(api, &said, upstream_streams)];
                    let (upstream, _) = provider(api, base, scripts);
                    let mut renderer = told(dialect, &upstream, true).await;
                    let mut wanted = expected(&said);
                    let stream = Script::sse(stream_of(renderer.as_mut()));
                    let mut got = read_back(dialect, stream).await;
                    neutral(dialect, &mut wanted, &mut got);
                    assert_eq!(got, wanted, "{path}, to a stream");
                    if got.failed {
                        continue; // The client of a document gets a status instead.
                    }
                    let document = Script::json(200, renderer.document().to_string());
                    let mut got = read_back(dialect, document).await;
                    neutral(dialect, &mut wanted, &mut got);
                    assert_eq!(got, wanted, "{path}, to a document");
                }
            }
        }
    }
}

/// `completed` with calls and `tool_calls` are the same ending: the Responses
/// API has no word of its own for it.
fn neutral(dialect: Dialect, wanted: &mut Read, got: &mut Read) {
    for read in [wanted, got] {
        let completed = read.finish == Some(FinishReason::Stop);
        if dialect == Dialect::Responses && completed && !read.calls.is_empty() {
            read.finish = Some(FinishReason::ToolCalls);
        }
    }
}

#[tokio::test]
async fn one_turn_becomes_the_same_request_from_every_dialect() {
    for (api, base) in WIRES {
        let mut golden = String::new();
        let mut first: Option<Value> = None;
        for dialect in Dialect::ALL {
            let (upstream, transport) =
                provider(api, base, vec![script(api, &SCENARIOS[0].1, true)]);
            told(dialect, &upstream, true).await;
            let body = transport.sent()[0].body.clone();
            golden += &format!("{dialect:?}\n{}\n", sorted(&body));
            assert_eq!(
                first.get_or_insert_with(|| body.clone()),
                &body,
                "{dialect:?} over {api:?}"
            );
        }
        insta::assert_snapshot!(format!("request_{}", api.as_str()), golden);
    }
}

#[tokio::test]
async fn what_each_client_gets() {
    for (name, said) in SCENARIOS {
        for dialect in Dialect::ALL {
            let (upstream, _) =
                provider(WIRES[1].0, WIRES[1].1, vec![script(WIRES[1].0, &said, true)]);
            let mut renderer = told(dialect, &upstream, true).await;
            let stream = String::from_utf8(stream_of(renderer.as_mut())).expect("utf-8");
            insta::assert_snapshot!(format!("client_{dialect:?}_{name}"), in_order(&stream));
        }
    }
}

/// The stream with the keys of its JSON in order.
fn in_order(stream: &str) -> String {
    let lines = stream.lines().map(|line| match line.strip_prefix("data: ") {
        Some(data) => match serde_json::from_str(data) {
            Ok(json) => format!("data: {}", sorted(&json)),
            Err(_) => line.to_owned(),
        },
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Reasoning goes out through each dialect and comes home to the host that
/// signed it; no other host gets a word of it.
#[tokio::test]
async fn signed_thinking_comes_home_through_every_dialect() {
    let said = SCENARIOS[2].1;
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

/// The same for the Responses API's own seals, which travel without a code.
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
            // What the user said is not left out: such a request is for another host.
            let mut with_part = turn.clone();
            with_part[said][user]["content"]
                .as_array_mut()
                .expect("content")
                .push(json!({"type": "!surprise!"}));
            assert_eq!(encode(&with_part).is_ok(), all, "{dialect:?} to {base}");
            let encoded = encode(if all { &with_part } else { &turn }).expect("encodes");
            let surprised = encoded.body.to_string().matches("!surprise!").count();
            assert_eq!(
                surprised,
                if all { 4 } else { 0 },
                "{dialect:?} to {base}: {}",
                encoded.body
            );
            assert!(
                all || encoded.losses.len() >= 2,
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
        let first = SCENARIOS[6].1;
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
        let second = SCENARIOS[0].1;
        let (upstream, _) =
            provider(WIRES[2].0, WIRES[2].1, vec![script(WIRES[2].0, &second, true)]);
        let mut deltas = upstream.deltas(asked.request);
        while let Some(Ok(delta)) = deltas.next().await {
            renderer.push(&delta);
        }
        let got = read_back(dialect, Script::json(200, renderer.document().to_string())).await;
        assert_eq!(got.text, "Hello, world.", "{dialect:?}");
        assert_eq!(got.finish, Some(FinishReason::Stop), "{dialect:?}");
    }
}
