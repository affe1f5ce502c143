//! Calls as servers give them, told to the client as what they are.

mod support;

use std::collections::HashSet;
use std::sync::Arc;

use oc_providers::wire::Dialect;
use oc_providers::{
    Api, Compat, Endpoint, FunctionTool, Provider, ProviderErrorKind, Request, Script,
    ScriptedTransport, Tool,
};
use oc_responses_stream::FinishReason;
use serde_json::{Value, json};
use support::{Outcome, provider, run};

const WIRES: [Api; 3] = [Api::OpenaiResponses, Api::OpenaiCompletions, Api::AnthropicMessages];

async fn answer(api: Api, script: Script) -> Outcome {
    run(&provider(api, [script]), Request::text("m", "hi")).await
}

fn events(events: impl IntoIterator<Item = Value>) -> Script {
    let events = events.into_iter().map(|event| format!("data: {event}\n\n"));
    Script::sse(events.collect::<String>())
}

/// One call with these arguments, in a document and in a stream.
fn one_call(api: Api, arguments: &Value) -> [Script; 2] {
    one_call_of(api, "f", arguments)
}

fn one_call_of(api: Api, name: &str, arguments: &Value) -> [Script; 2] {
    match api {
        Api::OpenaiResponses => {
            let item = json!({"type": "function_call", "id": "fc", "call_id": "c", "name": name,
                "arguments": arguments, "status": "completed"});
            let response =
                json!({"id": "r", "object": "response", "status": "completed", "output": [item]});
            let done = [
                json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "function_call",
                    "id": "fc", "call_id": "c", "name": name, "arguments": ""}}),
                json!({"type": "response.function_call_arguments.done", "output_index": 0, "item_id": "fc",
                    "arguments": arguments}),
                json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
                json!({"type": "response.completed", "response": response}),
            ];
            [Script::json(200, response.to_string()), events(done)]
        }
        Api::OpenaiCompletions => {
            let calls = json!([{"index": 0, "id": "c", "type": "function",
                "function": {"name": name, "arguments": arguments}}]);
            let whole = json!({"id": "x", "object": "chat.completion", "choices": [{"index": 0,
                "finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": calls}}]});
            let chunk = json!({"id": "x", "choices": [{"index": 0, "finish_reason": "tool_calls",
                "delta": {"tool_calls": calls}}]});
            [Script::json(200, whole.to_string()), events([chunk]).then("data: [DONE]\n\n")]
        }
        _ => {
            let block = json!({"type": "tool_use", "id": "c", "name": name, "input": arguments});
            let message = json!({"id": "m", "type": "message", "role": "assistant", "content": [block],
                "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 1}});
            let stream = [
                json!({"type": "message_start", "message": {"id": "m"}}),
                json!({"type": "content_block_start", "index": 0, "content_block": block}),
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
                json!({"type": "message_stop"}),
            ];
            [Script::json(200, message.to_string()), events(stream)]
        }
    }
}

/// An agent ran the tool without its arguments.
#[tokio::test]
async fn arguments_of_another_kind_became_an_empty_object() {
    for api in WIRES {
        for (arguments, whole) in [
            (json!({"a": 1}), r#"{"a":1}"#),
            (json!("{\"a\":1}"), r#"{"a":1}"#),
            (json!({}), "{}"),
            (json!(""), "{}"),
            (json!(null), "{}"),
        ] {
            for script in one_call(api, &arguments) {
                let outcome = answer(api, script).await;
                assert!(outcome.error.is_none(), "{api} {arguments}: {:?}", outcome.error);
                let calls: Vec<_> = outcome.answer.tool_calls().collect();
                assert_eq!(calls.len(), 1, "{api} {arguments}");
                assert_eq!(calls[0].arguments, whole, "{api} {arguments}");
            }
        }
        for arguments in [json!([1]), json!(5), json!(true), json!("[1]"), json!("5"), json!("x")] {
            for script in one_call(api, &arguments) {
                let outcome = answer(api, script).await;
                assert_eq!(outcome.answer.tool_calls().count(), 0, "{api} {arguments}");
                let error = outcome.error.unwrap_or_else(|| panic!("{api} {arguments}: no error"));
                assert_eq!(error.kind(), ProviderErrorKind::BadToolCall, "{api} {arguments}");
            }
        }
    }
}

fn chunk(delta: Value) -> Value {
    json!({"id": "x", "choices": [{"index": 0, "delta": delta}]})
}

fn ending(reason: &str) -> Value {
    json!({"id": "x", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

/// A Chat host that answers in these chunks, and its model's parser.
fn host(parser: Option<&str>, chunks: impl IntoIterator<Item = Value>) -> Provider {
    let mut compat = Compat::plain();
    compat.tool_call_parser = parser.map(|word| word.parse().expect("a parser"));
    let script = events(chunks).then("data: [DONE]\n\n");
    let endpoint = Endpoint::new("local", Api::OpenaiCompletions, "http://127.0.0.1:8080/v1");
    let transport = Arc::new(ScriptedTransport::new([script]));
    Provider::new(endpoint.expect("url").compat(compat), transport).expect("provider")
}

/// What comes of chunks from it.
async fn chat(parser: Option<&str>, chunks: impl IntoIterator<Item = Value>) -> Outcome {
    let mut request = Request::text("m", "hi");
    request.tools.push(Tool::Function(FunctionTool::new("f", None)));
    run(&host(parser, chunks), request).await
}

/// It was a failure of the model: the next candidate was asked, or the text was lost.
#[tokio::test]
async fn markup_of_a_call_that_the_limit_cut_was_a_bad_call() {
    let half = chunk(json!({"content": "T <tool_call>{\"name\":\"f\",\"argu"}));
    for parser in [Some("hermes"), None] {
        let outcome = chat(parser, [half.clone(), ending("length")]).await;
        assert!(outcome.error.is_none(), "{parser:?}: {:?}", outcome.error);
        let finish = outcome.answer.finish.as_ref().expect("an end");
        assert_eq!(finish.reason, FinishReason::Length);
        assert_eq!(outcome.answer.final_text(), "T ");
        assert!(chat(parser, [half.clone(), ending("stop")]).await.error.is_some());
    }
}

/// The tool ran twice; without a parser the answer was an error.
#[tokio::test]
async fn a_call_whose_markup_was_left_in_the_text_was_two() {
    let markup =
        json!({"content": "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":1}}</tool_call>"});
    let native = json!({"tool_calls": [{"index": 0, "id": "a", "type": "function",
        "function": {"name": "f", "arguments": "{\"a\": 1}"}}]});
    for parser in [Some("hermes"), None] {
        let chunks = [chunk(markup.clone()), chunk(native.clone()), ending("tool_calls")];
        let outcome = chat(parser, chunks).await;
        assert!(outcome.error.is_none(), "{parser:?}: {:?}", outcome.error);
        assert_eq!(outcome.answer.tool_calls().count(), 1, "{parser:?}");
        assert_eq!(outcome.answer.final_text(), "");
    }
}

/// Agents keep results by the ids of calls: the second turn's overwrote the first's.
#[tokio::test]
async fn calls_without_an_id_were_called_the_same_in_every_answer() {
    let harmony = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>";
    let markup = "<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>";
    let bare = json!({"tool_calls": [{"index": 0, "type": "function",
        "function": {"name": "f", "arguments": "{}"}}]});
    for delta in [json!({"content": harmony}), json!({"content": markup}), bare] {
        let mut ids = Vec::new();
        // The first two tell an id and a time, the others nothing: the request differs.
        for (turn, head) in [
            (1, json!({"id": "aaa", "created": 100})),
            (1, json!({"id": "aaa", "created": 200})),
            (1, json!({})),
            (2, json!({})),
        ] {
            let mut chunk = head;
            chunk["choices"] = json!([{"index": 0, "delta": delta, "finish_reason": "stop"}]);
            let mut request = Request::text("m", "hi".repeat(turn));
            request.tools.push(Tool::Function(FunctionTool::new("f", None)));
            let outcome = run(&host(Some("hermes"), [chunk]), request).await;
            assert!(outcome.error.is_none(), "{delta}: {:?}", outcome.error);
            ids.extend(outcome.answer.tool_calls().map(|call| call.call_id.to_string()));
        }
        let distinct: HashSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), 4, "{delta}: {ids:?}");
    }
}

/// The whole request was refused for one tool's name.
#[tokio::test]
async fn names_of_tools_that_a_host_refuses_went_to_it() {
    let long = "n".repeat(80);
    let longest = format!("{}x", "n".repeat(150));
    let named = ["f", "a.b", "a_b", "a b", "größe", "mcp/x", &long, &longest];
    let function = |name: &str| json!({"name": name, "parameters": {"type": "object"}});
    let tools = named.map(|name| json!({"type": "function", "function": function(name)}));
    let called = |name: &str, arguments: &str| {
        json!({"role": "assistant", "tool_calls": [{"id": "z", "type": "function",
            "function": {"name": name, "arguments": arguments}}]})
    };
    for (api, base, most) in [
        (Api::OpenaiResponses, "http://127.0.0.1:1234/v1", 64),
        (Api::OpenaiResponses, "https://api.openai.com/v1", 64),
        (Api::OpenaiCompletions, "http://127.0.0.1:8000/v1", 64),
        (Api::OpenaiCompletions, "https://api.openai.com/v1", 64),
        (Api::AnthropicMessages, "https://api.anthropic.com", 128),
    ] {
        let provider = |scripts: Vec<Script>| {
            let endpoint = Endpoint::new("x", api, base).expect("a URL");
            Provider::new(endpoint, Arc::new(ScriptedTransport::new(scripts))).expect("provider")
        };
        for name in named {
            let body = json!({"model": "m", "tools": tools, "messages": [
                    {"role": "user", "content": "q"}, called(name, "{}"),
                    {"role": "tool", "tool_call_id": "z", "content": "r"}],
                "tool_choice": {"type": "function", "function": {"name": name}}});
            let asked = Dialect::Chat.decode_request(body.to_string().as_bytes()).expect("reads");
            let sent = provider(Vec::new()).encode(&asked.request).expect("encodes");
            let at_host: Vec<String> = sent.body["tools"]
                .as_array()
                .expect("tools")
                .iter()
                .map(|tool| tool["name"].as_str().or(tool["function"]["name"].as_str()))
                .map(|name| name.expect("a name").to_owned())
                .collect();
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            let takes = |name: &String| name.len() <= most && name.chars().all(legal);
            assert!(at_host.iter().all(takes), "{api}: {at_host:?}");
            assert_eq!(at_host.iter().collect::<HashSet<_>>().len(), named.len(), "{at_host:?}");
            // What it takes stays as it is.
            for (own, theirs) in named.iter().zip(&at_host) {
                assert!(!takes(&(*own).to_owned()) || own == theirs, "{api}: {own} {theirs}");
            }
            let at = named.iter().position(|own| *own == name).expect("one of them");
            let theirs = &at_host[at];
            // The history and the choice say the same name, and none but it.
            let body = sent.body.to_string();
            assert_eq!(body.matches(&format!("\"name\":\"{theirs}\"")).count(), 3, "{body}");
            let [document, stream] = one_call_of(api, theirs, &json!({}));
            for script in [document, stream] {
                let outcome = run(&provider(vec![script]), asked.request.clone()).await;
                assert!(outcome.error.is_none(), "{api}: {:?}", outcome.error);
                let back: Vec<_> = outcome.answer.tool_calls().map(|call| &call.name).collect();
                assert_eq!(back, [name], "{api}");
            }
        }
    }
}

/// Claude Code's names of plugins' tools: its own host takes them.
#[test]
fn names_that_its_own_host_takes_stay_as_they_are() {
    let name = format!("mcp__plugin_{}__run", "x".repeat(90));
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "q"}],
        "tools": [{"name": name, "input_schema": {"type": "object"}}]});
    let asked = Dialect::Messages.decode_request(body.to_string().as_bytes()).expect("reads");
    for (api, base, stays) in [
        (Api::AnthropicMessages, "https://api.anthropic.com", true),
        (Api::OpenaiCompletions, "https://api.openai.com/v1", false),
    ] {
        let endpoint = Endpoint::new("x", api, base).expect("a URL");
        let transport = Arc::new(ScriptedTransport::default());
        let provider = Provider::new(endpoint, transport).expect("provider");
        let sent = provider.encode(&asked.request).expect("encodes").body;
        let tool = &sent["tools"][0];
        let theirs = tool["name"].as_str().or(tool["function"]["name"].as_str()).expect("a name");
        assert_eq!(theirs == name, stays, "{theirs}");
        assert!(stays || theirs.len() == 64, "{theirs}");
    }
}
