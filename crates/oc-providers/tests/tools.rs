//! Tools: what an independent tester broke, each named after what it was.

use std::sync::Arc;

use futures::StreamExt as _;
use oc_providers::wire::{AnswerName, Dialect, Encoded};
use oc_providers::{Api, Endpoint, Loss, Provider, Script, ScriptedTransport};
use serde_json::{Value, json};

/// Hosts of which nothing is known, one of each wire, and OpenAI's own.
const HOSTS: [(Api, &str); 5] = [
    (Api::OpenaiResponses, "http://127.0.0.1:1234/v1"),
    (Api::OpenaiCompletions, "http://127.0.0.1:8000/v1"),
    (Api::AnthropicMessages, "http://127.0.0.1:8080"),
    (Api::OpenaiResponses, "https://api.openai.com/v1"),
    (Api::OpenaiCompletions, "https://api.openai.com/v1"),
];

fn provider(api: Api, base: &str, scripts: impl IntoIterator<Item = Script>) -> Provider {
    let endpoint = Endpoint::new("x", api, base).expect("a URL");
    Provider::new(endpoint, Arc::new(ScriptedTransport::new(scripts))).expect("a provider")
}

fn encoded(api: Api, base: &str, dialect: Dialect, body: &Value) -> Encoded {
    let asked = dialect.decode_request(body.to_string().as_bytes()).expect("reads");
    provider(api, base, []).encode(&asked.request).expect("encodes")
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
            json!({"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "Rome?"},
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

const CHAT: (Api, &str) = HOSTS[1];
const OPENAIS_CHAT: (Api, &str) = HOSTS[4];

/// What the client of `dialect` gets where `host` answers with these deltas.
async fn answer(host: (Api, &str), dialect: Dialect, body: &Value, deltas: &[Value]) -> Value {
    let mut stream = String::new();
    for delta in deltas {
        let chunk = json!({"id": "c", "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta}]});
        stream += &format!("data: {chunk}\n\n");
    }
    stream +=
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n";
    stream += "data: [DONE]\n\n";
    let provider = provider(host.0, host.1, [Script::sse(stream)]);
    let asked = dialect.decode_request(body.to_string().as_bytes()).expect("reads");
    let mut renderer = asked.renderer(AnswerName::new("1", "m", 1));
    let mut deltas = provider.deltas(asked.request);
    while let Some(next) = deltas.next().await {
        match next {
            Ok(delta) => renderer.push(&delta),
            Err(fault) => renderer.fail("upstream_failed", &fault.to_string()),
        }
    }
    renderer.document()
}

fn names(body: &Value) -> Vec<&str> {
    let tools = body["tools"].as_array().into_iter().flatten();
    tools.filter_map(|tool| tool["function"]["name"].as_str()).collect()
}

/// Two tools had one name at the host, and the call of one came back as one of
/// the other.
#[tokio::test]
async fn names_of_carried_tools_met() {
    let function =
        |name: &str| json!({"type": "function", "name": name, "parameters": {"type": "object"}});
    let within =
        |name: &str, tool: Value| json!({"type": "namespace", "name": name, "tools": [tool]});
    let custom = |name: &str| json!({"type": "custom", "name": name});
    let said = json!([{"role": "user", "content": "q"}]);
    let patched = json!([{"role": "user", "content": "q"},
        {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": "old"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "ok"}]);
    let called = json!([{"role": "user", "content": "q"},
        {"type": "function_call", "call_id": "c1", "name": "a_b", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "ok"}]);
    for (input, tools, at_the_host, called, wanted) in [
        (
            &said,
            json!([function("fs__read"), within("fs", function("read"))]),
            &["fs__read", "fs__read_2"][..],
            "fs__read",
            json!(["function_call", "fs__read", null]),
        ),
        (
            &said,
            json!([within("fs", function("read")), function("fs__read")]),
            &["fs__read_2", "fs__read"],
            "fs__read_2",
            json!(["function_call", "read", "fs"]),
        ),
        (
            &said,
            json!([within("a", function("b__c")), within("a__b", function("c"))]),
            &["a__b__c", "a__b__c_2"],
            "a__b__c_2",
            json!(["function_call", "c", "a__b"]),
        ),
        (
            &said,
            json!([custom("a.b"), function("a_b")]),
            &["a_b_2", "a_b"],
            "a_b",
            json!(["function_call", "a_b", null]),
        ),
        // The history had it as a custom tool; now it is a function.
        (
            &patched,
            json!([function("apply_patch"), custom("other")]),
            &["apply_patch", "other"],
            "apply_patch",
            json!(["function_call", "apply_patch", null]),
        ),
        // Called once, and no longer declared.
        (
            &called,
            json!([custom("a.b")]),
            &["a_b_2"],
            "a_b_2",
            json!(["custom_tool_call", "a.b", null]),
        ),
    ] {
        let body = json!({"model": "m", "input": input, "tools": tools});
        let (api, base) = CHAT;
        let encoded = encoded(api, base, Dialect::Responses, &body);
        assert_eq!(names(&encoded.body), at_the_host, "{tools}");
        let call = json!({"tool_calls": [{"index": 0, "id": "a", "function":
            {"name": called, "arguments": "{\"input\":\"x\"}"}}]});
        let answer = answer(CHAT, Dialect::Responses, &body, &[call]).await;
        let item = &answer["output"][0];
        assert_eq!(json!([item["type"], item["name"], item["namespace"]]), wanted, "{answer}");
    }
}

/// They were dropped on the wire that has them, and a history with one refused.
#[tokio::test]
async fn custom_tools_of_a_chat_client_were_dropped() {
    let tool = json!({"type": "custom", "custom": {"name": "sql", "description": "Asks.",
        "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: X"}}}});
    let call =
        json!({"id": "c1", "type": "custom", "custom": {"name": "sql", "input": "select 1"}});
    let choice = json!({"type": "custom", "custom": {"name": "sql"}});
    let body = json!({"model": "m", "tools": [tool], "tool_choice": choice, "messages": [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"}]});

    let (api, base) = OPENAIS_CHAT;
    let home = encoded(api, base, Dialect::Chat, &body);
    assert_eq!((&home.body["tools"][0], &home.body["tool_choice"]), (&tool, &choice));
    assert_eq!(home.body["messages"][1]["tool_calls"][0], call, "{}", home.body);
    assert_eq!(home.body["messages"][2], body["messages"][2]);
    assert!(home.losses.is_empty(), "{:?}", home.losses);

    let (api, base) = HOSTS[3];
    let knows = encoded(api, base, Dialect::Chat, &body).body;
    assert_eq!(knows["tools"][0]["format"]["syntax"], "lark", "{knows}");
    assert_eq!(knows["tool_choice"], json!({"type": "custom", "name": "sql"}));
    assert_eq!(knows["input"][1]["input"], "select 1");
    assert_eq!(knows["input"][2]["output"], "1");

    for (api, base) in &HOSTS[..3] {
        let carried = encoded(*api, base, Dialect::Chat, &body);
        assert_eq!(carried.losses, [Loss::ToolFormat("sql".into())], "{api}");
        assert!(carried.body.to_string().contains("select 1"), "{}", carried.body);
    }

    let wanted =
        json!([{"id": "c2", "type": "custom", "custom": {"name": "sql", "input": "select 2"}}]);
    let pieces = [
        json!({"tool_calls": [{"index": 0, "id": "c2", "type": "custom",
            "custom": {"name": "sql", "input": "sel"}}]}),
        json!({"tool_calls": [{"index": 0, "custom": {"input": "ect 2"}}]}),
    ];
    let arguments = json!({"input": "select 2"}).to_string();
    let function = json!({"tool_calls": [{"index": 0, "id": "c2", "function":
        {"name": "sql", "arguments": arguments}}]});
    for (host, deltas) in [(OPENAIS_CHAT, &pieces[..]), (CHAT, &[function])] {
        let answer = answer(host, Dialect::Chat, &body, deltas).await;
        let choice = &answer["choices"][0];
        assert_eq!(choice["message"]["tool_calls"], wanted, "{answer}");
        assert_eq!(choice["finish_reason"], "tool_calls");
    }
}

/// Two tools' pictures stood in one message, and nothing said whose was which.
#[test]
fn pictures_of_two_tools_could_not_be_told_apart() {
    let picture = |name: &str| format!("data:image/png;base64,{name}");
    let output = |id: &str, name: &str| {
        json!({"type": "function_call_output", "call_id": id, "output":
            [{"type": "input_image", "image_url": picture(name)}]})
    };
    let call = |id: &str, name: &str| json!({"type": "function_call", "call_id": id, "name": name, "arguments": "{}"});
    let body = json!({"model": "m", "input": [{"role": "user", "content": "q"},
        call("a", "front"), call("b", "back"), output("a", "AAAA"), output("b", "BBBB")]});
    for (api, base) in &HOSTS[..2] {
        let body = encoded(*api, base, Dialect::Responses, &body).body;
        let last = body["input"].as_array().or(body["messages"].as_array()).expect("a list");
        let parts =
            last.last().expect("the pictures")["content"].as_array().expect("parts").clone();
        let said: Vec<&str> = parts
            .iter()
            .map(|part| {
                let url = &part["image_url"];
                part["text"].as_str().or(url.as_str()).or(url["url"].as_str()).expect("a part")
            })
            .collect();
        let wanted = [
            "Pictures from the result of front (a):",
            &picture("AAAA"),
            "Pictures from the result of back (b):",
            &picture("BBBB"),
        ];
        assert_eq!(said, wanted, "{api}");
        assert!(!body.to_string().contains("\"output\":\"\""), "an empty result: {body}");
    }
}

/// What a server without a reasoning parser wrote came back as text that was
/// shown to the user.
#[test]
fn inline_reasoning_of_an_earlier_turn_was_replayed_as_text() {
    let said = json!([{"role": "user", "content": "x"},
        {"role": "assistant", "content": "<think>SECRET</think>answer"},
        {"role": "user", "content": "y"}]);
    for dialect in Dialect::ALL {
        let list = if dialect == Dialect::Responses { "input" } else { "messages" };
        let body = json!({"model": "m", "max_tokens": 9, list: said});
        for (api, base) in HOSTS {
            let encoded = encoded(api, base, dialect, &body);
            let text = encoded.body.to_string();
            assert!(text.contains("answer") && !text.contains("<think>"), "{api}: {text}");
            let listed = encoded.losses.contains(&Loss::Reasoning);
            assert_ne!(text.contains("SECRET"), listed, "{api}: {text}");
        }
    }
}

/// The last chunk of some servers has the whole `message` once more.
#[tokio::test]
async fn text_was_doubled_by_a_last_chunk_with_the_whole_message() {
    let piece = |delta: Value| json!({"id": "c", "choices": [{"index": 0, "delta": delta}]});
    let whole = |message: Value| json!({"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
    let call = json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]);
    for (chunks, text, calls) in [
        (vec![piece(json!({"content": "x"})), whole(json!({"content": "x"}))], "x", 0),
        (
            vec![
                piece(json!({"content": "x"})),
                whole(json!({"content": "x", "tool_calls": call})),
            ],
            "x",
            1,
        ),
        (vec![piece(json!({"tool_calls": call})), whole(json!({"tool_calls": call}))], "", 1),
        (vec![whole(json!({"content": "x"}))], "x", 0),
    ] {
        let stream: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        let script = Script::sse(stream + "data: [DONE]\n\n");
        let provider = provider(CHAT.0, CHAT.1, [script]);
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "q"}]});
        let asked = Dialect::Chat.decode_request(body.to_string().as_bytes()).expect("reads");
        let mut renderer = asked.renderer(AnswerName::new("1", "m", 1));
        let mut deltas = provider.deltas(asked.request);
        while let Some(delta) = deltas.next().await {
            renderer.push(&delta.expect("a delta"));
        }
        let message = &renderer.document()["choices"][0]["message"];
        assert_eq!(message["content"].as_str().unwrap_or_default(), text, "{message}");
        assert_eq!(message["tool_calls"].as_array().map_or(0, Vec::len), calls, "{message}");
    }
}
