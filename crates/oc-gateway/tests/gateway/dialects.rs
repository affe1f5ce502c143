//! Three client dialects over three upstream wires: the same answer on every
//! path, whoever speaks what.

use oc_gateway::lookalike::{Lookalike, Step, responses::Writer};
use serde_json::{Value, json};

use crate::{
    dialect_client::{Client, Read},
    support::{Answer, Gateway, HOSTED, hosted, local, local_first},
};

const THOUGHT: &str = "It asks for weather.";
const TEXT: &str = "Let me look — 🌤";
const ARGUMENTS: &str = r#"{"city":"Kyōto"}"#;

/// An answer of reasoning, text and a call, as each wire has it.
fn answer_over(api: &str) -> Vec<u8> {
    let events = |events: &[Value]| -> Vec<u8> {
        let named = |event: &Value| {
            format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
        };
        events.iter().map(named).collect::<String>().into_bytes()
    };
    match api {
        "openai-responses" => {
            let mut writer = Writer::new("local-model");
            [
                writer.opening(),
                writer.reasoning(THOUGHT),
                writer.text(TEXT),
                writer.tool_call("call_1", "get_weather", ARGUMENTS),
                writer.completed(),
            ]
            .concat()
        }
        "openai-completions" => {
            let call = json!({ "index": 0, "id": "call_1", "type": "function",
                "function": { "name": "get_weather", "arguments": "" } });
            let arguments = json!({ "index": 0, "function": { "arguments": ARGUMENTS } });
            let deltas = [
                json!({ "role": "assistant", "reasoning_content": THOUGHT }),
                json!({ "content": TEXT }),
                json!({ "tool_calls": [call] }),
                json!({ "tool_calls": [arguments] }),
            ];
            let mut stream: String = deltas
                .iter()
                .map(|delta| json!({ "id": "c", "object": "chat.completion.chunk", "model": "m",
                    "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] }))
                .chain([json!({ "id": "c", "object": "chat.completion.chunk", "model": "m",
                    "choices": [{ "index": 0, "delta": {}, "finish_reason": "tool_calls" }] }),
                    json!({ "id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [],
                    "usage": { "prompt_tokens": 24, "completion_tokens": 9, "total_tokens": 33 } })])
                .map(|chunk| format!("data: {chunk}\n\n"))
                .collect();
            stream.push_str("data: [DONE]\n\n");
            stream.into_bytes()
        }
        _ => {
            let start = |index: u64, block: Value| {
                json!({ "type": "content_block_start",
                "index": index, "content_block": block })
            };
            let delta = |index: u64, delta: Value| {
                json!({ "type": "content_block_delta",
                "index": index, "delta": delta })
            };
            let stop = |index: u64| json!({ "type": "content_block_stop", "index": index });
            events(&[
                json!({ "type": "message_start", "message": { "id": "m", "type": "message",
                    "role": "assistant", "model": "m", "content": [], "stop_reason": null,
                    "usage": { "input_tokens": 24, "output_tokens": 1 } } }),
                start(0, json!({ "type": "thinking", "thinking": "", "signature": "" })),
                delta(0, json!({ "type": "thinking_delta", "thinking": THOUGHT })),
                stop(0),
                start(1, json!({ "type": "text", "text": "" })),
                delta(1, json!({ "type": "text_delta", "text": TEXT })),
                stop(1),
                start(
                    2,
                    json!({ "type": "tool_use", "id": "call_1", "name": "get_weather", "input": {} }),
                ),
                delta(2, json!({ "type": "input_json_delta", "partial_json": ARGUMENTS })),
                stop(2),
                json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" },
                    "usage": { "output_tokens": 9 } }),
                json!({ "type": "message_stop" }),
            ])
        }
    }
}

const WIRES: [(&str, &str); 3] = [
    ("openai-responses", "/v1/responses"),
    ("openai-completions", "/v1/chat/completions"),
    ("anthropic-messages", "/v1/messages"),
];

/// A gateway whose primary speaks this wire.
async fn over(api: &str, local: &Lookalike, hosted: &Lookalike) -> Gateway {
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let config = config.replace(r#"api: "openai-responses""#, &format!(r#"api: "{api}""#));
    Gateway::start(&config, "{}").await
}

async fn ask(gateway: &Gateway, client: Client, stream: bool) -> Answer {
    let body = client.question(stream).to_string();
    gateway.request("POST", client.path(), &[], Some(body.as_bytes())).await
}

#[tokio::test]
async fn every_client_reads_the_same_over_every_wire() {
    for (api, path) in WIRES {
        let script = answer_over(api);
        let local = Lookalike::start(move |_| vec![Step::sse_head(), Step::send(script.clone())])
            .await
            .unwrap();
        let hosted = hosted().await;
        let gateway = over(api, &local, &hosted).await;
        for client in Client::ALL {
            for stream in [true, false] {
                let answer = ask(&gateway, client, stream).await;
                let place = format!("{client:?} over {api}, stream: {stream}");
                assert_eq!(
                    answer.header("x-oc-served-by"),
                    Some("lmstudio/local-model"),
                    "{place}"
                );
                let Read { text, reasoning, calls, ending, metadata, output_tokens } =
                    client.read(&answer, stream);
                assert_eq!((text.as_str(), reasoning.as_str()), (TEXT, THOUGHT), "{place}");
                assert_eq!(calls, [("get_weather".to_owned(), ARGUMENTS.to_owned())], "{place}");
                let wanted = match client {
                    Client::Responses => "completed",
                    Client::Chat => "tool_calls",
                    Client::Messages => "tool_use",
                };
                assert_eq!(ending, wanted, "{place}");
                assert_eq!(metadata["oc_served_by"], "lmstudio/local-model", "{place}");
                assert!(output_tokens.is_some_and(|tokens| tokens > 0), "{place}");
            }
        }
        for received in local.received() {
            assert_eq!(received.path, path);
            assert_eq!(received.json()["stream"], true);
        }
        assert_eq!(hosted.progress().accepted, 0);
    }
}

/// A client's stream as text, without what differs from run to run.
fn golden(answer: &Answer) -> String {
    let text = String::from_utf8(answer.body.clone()).unwrap();
    let mut shown = text.clone();
    for prefix in ["chatcmpl-", "msg_"] {
        if let Some(at) = text.find(prefix) {
            let id = &text[at..at + prefix.len() + 24];
            shown = shown.replace(id, &format!("{prefix}0"));
        }
    }
    if let Some((_, rest)) = text.split_once("\"created\":") {
        let now: String = rest.chars().take_while(char::is_ascii_digit).collect();
        shown = shown.replace(&format!("\"created\":{now}"), "\"created\":0");
    }
    shown
}

#[tokio::test]
async fn streams_of_the_two_new_endpoints() {
    let script = answer_over("openai-completions");
    let local = Lookalike::start(move |_| vec![Step::sse_head(), Step::send(script.clone())]);
    let (local, hosted) = (local.await.unwrap(), hosted().await);
    let gateway = over("openai-completions", &local, &hosted).await;
    insta::assert_snapshot!("chat_client", golden(&ask(&gateway, Client::Chat, true).await));
    insta::assert_snapshot!(
        "messages_client",
        golden(&ask(&gateway, Client::Messages, true).await)
    );
}

#[tokio::test]
async fn the_fallback_answers_in_the_clients_dialect() {
    for (api, _) in WIRES {
        let (mut local, hosted) = (local("", "never").await, hosted().await);
        let gateway = over(api, &local, &hosted).await;
        local.kill().await;
        for client in Client::ALL {
            for stream in [true, false] {
                let answer = ask(&gateway, client, stream).await;
                assert_eq!(answer.header("x-oc-fallback-reason"), Some("refused"));
                let read = client.read(&answer, stream);
                assert_eq!((read.text.as_str(), read.reasoning.as_str()), (HOSTED, ""));
                assert_eq!(read.metadata["oc_fallback_reason"], "refused", "{client:?}");
                assert_eq!(read.metadata["oc_served_by"], "anthropic/claude-sonnet-4-5");
            }
        }
    }
}

#[tokio::test]
async fn final_output_is_without_reasoning_in_every_dialect() {
    let (local, hosted) = (local("secret thoughts", "Sunny").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    for client in Client::ALL {
        for stream in [true, false] {
            let body = client.question(stream).to_string();
            let headers = [("x-oc-output", "final")];
            let answer =
                gateway.request("POST", client.path(), &headers, Some(body.as_bytes())).await;
            let read = client.read(&answer, stream);
            assert_eq!((read.text.as_str(), read.reasoning.as_str()), ("Sunny", ""), "{client:?}");
            assert!(!String::from_utf8_lossy(&answer.body).contains("secret thoughts"));
        }
    }
}

#[tokio::test]
async fn chat_counts_only_where_it_is_asked_to() {
    let (local, hosted) = (local("", "Sunny").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let mut body = Client::Chat.question(true);
    body["stream_options"] = Value::Null;
    let body = body.to_string();
    let answer = gateway.request("POST", Client::Chat.path(), &[], Some(body.as_bytes())).await;
    let text = String::from_utf8(answer.body).unwrap();
    assert!(!text.contains("\"usage\":{"), "{text}");
    assert!(text.contains("\"oc_served_by\":\"lmstudio/local-model\""), "{text}");
}

#[tokio::test]
async fn tokens_are_estimated_and_nobody_is_asked() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let count = async |model: &str, text: &str| {
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": text }] });
        let body = body.to_string();
        gateway.request("POST", "/v1/messages/count_tokens", &[], Some(body.as_bytes())).await
    };
    let short = count("default", "Hello").await.json()["input_tokens"].as_u64().unwrap();
    let long = count("Sonnet", &"Hello there, world. ".repeat(100)).await.json()["input_tokens"]
        .as_u64()
        .unwrap();
    assert!((1..20).contains(&short) && (300..900).contains(&long), "{short}, {long}");
    let unknown = count("Sonet", "Hello").await;
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["type"]),
        (404, &json!("not_found_error"))
    );
    assert_eq!(local.progress().accepted + hosted.progress().accepted, 0);
}

#[tokio::test]
async fn models_have_the_shape_of_whoever_asks() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let headers = [("anthropic-version", "2023-06-01"), ("x-api-key", "any")];
    let list = gateway.request("GET", "/v1/models?limit=1000", &headers, None).await.json();
    assert_eq!(list["has_more"], false);
    assert_eq!(list["first_id"], list["data"][0]["id"]);
    let path = "/v1/models/local-model";
    let model = gateway.request("GET", path, &headers, None).await.json();
    assert_eq!(model["type"], "model");
    assert_eq!(model["id"], "local-model");
    assert_eq!(model["display_name"], "Local model");
    assert_eq!(model["created_at"], "1970-01-01T00:00:00Z");
    assert_eq!(model["max_input_tokens"], 65536);
    assert!(model.get("object").is_none() && model.get("owned_by").is_none(), "{model}");
    let missing = gateway.request("GET", "/v1/models/none", &headers, None).await;
    assert_eq!((missing.status, &missing.json()["type"]), (404, &json!("error")));
    assert_eq!(missing.json()["error"]["type"], "not_found_error");
}

/// Half of a surrogate pair, wherever a client's UTF-16 cut it: a tester met a 502.
#[tokio::test]
async fn half_a_character_in_a_request_is_replaced_and_the_request_is_answered() {
    let local = local("", "42").await;
    let hosted = hosted().await;
    let gateway = Gateway::over(&local, &hosted).await;
    for client in Client::ALL {
        for streamed in [false, true] {
            let mut question = client.question(streamed);
            question["tomorrow"] = "HALF".into();
            question["tools"][0]["description"] = "HALF".into();
            let list = if client == Client::Responses { "input" } else { "messages" };
            question[list][0]["content"] = "x HALF y".into();
            let body = question.to_string().replace("HALF", r"\ud83d");
            let answer = gateway.request("POST", client.path(), &[], Some(body.as_bytes())).await;
            assert_eq!(client.read(&answer, streamed).text, "42", "{client:?}");
            let sent = local.received().pop().unwrap();
            let sent = String::from_utf8(sent.body.to_vec()).unwrap();
            assert!(sent.contains("x \u{fffd} y") && !sent.contains("ud83d"), "{client:?}: {sent}");
        }
    }
    assert!(hosted.received().is_empty());
}

/// The call of a custom tool and nothing else, told as the function that its host
/// was given: it was refused as an empty answer, and asked for again.
#[tokio::test]
async fn a_chat_client_that_declared_a_custom_tool_is_answered_by_its_call_alone() {
    let arguments = r#"{"input":"*** Begin Patch"}"#;
    for (api, _) in WIRES {
        let script = match api {
            "openai-responses" => {
                let mut writer = Writer::new("local-model");
                let call = writer.tool_call("call_1", "apply_patch", arguments);
                [writer.opening(), call, writer.completed()].concat()
            }
            "openai-completions" => {
                let call = json!({ "index": 0, "id": "call_1", "type": "function",
                    "function": { "name": "apply_patch", "arguments": arguments } });
                let chunk = json!({ "id": "c", "object": "chat.completion.chunk", "model": "m",
                    "choices": [{ "index": 0, "delta": { "role": "assistant", "tool_calls": [call] },
                    "finish_reason": "tool_calls" }] });
                format!("data: {chunk}\n\ndata: [DONE]\n\n").into_bytes()
            }
            _ => [
                json!({ "type": "message_start", "message": { "id": "m", "type": "message",
                    "role": "assistant", "model": "m", "content": [], "stop_reason": null,
                    "usage": { "input_tokens": 24, "output_tokens": 1 } } }),
                json!({ "type": "content_block_start", "index": 0, "content_block":
                    { "type": "tool_use", "id": "call_1", "name": "apply_patch", "input": {} } }),
                json!({ "type": "content_block_delta", "index": 0, "delta":
                    { "type": "input_json_delta", "partial_json": arguments } }),
                json!({ "type": "content_block_stop", "index": 0 }),
                json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" },
                    "usage": { "output_tokens": 9 } }),
                json!({ "type": "message_stop" }),
            ]
            .iter()
            .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()))
            .collect::<String>()
            .into_bytes(),
        };
        let local = Lookalike::start(move |_| vec![Step::sse_head(), Step::send(script.clone())])
            .await
            .unwrap();
        let hosted = hosted().await;
        let gateway = over(api, &local, &hosted).await;
        for stream in [true, false] {
            let mut body = Client::Chat.question(stream);
            body["tools"] = json!([{ "type": "custom", "custom": { "name": "apply_patch" } }]);
            let path = Client::Chat.path();
            let answer =
                gateway.request("POST", path, &[], Some(body.to_string().as_bytes())).await;
            let place = format!("{api}, stream: {stream}");
            let said = String::from_utf8_lossy(&answer.body);
            assert_eq!(
                answer.header("x-oc-served-by"),
                Some("lmstudio/local-model"),
                "{place}: {said}"
            );
            let call =
                r#""type":"custom","custom":{"name":"apply_patch","input":"*** Begin Patch"}"#;
            assert!(said.contains(call), "{place}: {said}");
            assert!(said.contains(r#""finish_reason":"tool_calls""#), "{place}: {said}");
        }
        assert_eq!(hosted.progress().accepted, 0);
    }
}
