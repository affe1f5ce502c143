//! What goes out: one golden per scenario, as three kinds of host get it.
//!
//! Scenarios are written as a Chat client sends them, so that the server half
//! is held by the same goldens.

use std::fmt::Write as _;
use std::sync::Arc;

use oc_providers::wire::openai_completions::{
    ChatCompat, ReasoningReplay, ThinkingFormat, decode_request,
};
use oc_providers::{
    Api, Endpoint, Item, Loss, ModelFacts, Provider, Request, Script, ScriptedTransport,
};
use oc_responses_stream::{FunctionCallOutput, Part};
use serde_json::{Value, json};

use crate::support::run;

fn endpoint(base: &str) -> Endpoint {
    let thinker = ModelFacts::new().with_max_output_tokens(8192).with_reasoning(true);
    Endpoint::new("p", Api::OpenaiCompletions, base)
        .expect("url")
        .model("thinker", thinker)
        .model("plain", ModelFacts::new().with_max_output_tokens(4096))
}

/// A hosted vendor that wants its reasoning back beside calls.
fn replaying() -> Endpoint {
    let endpoint = endpoint("https://api.vendor.example/v1");
    let mut compat = endpoint.compat_flags();
    compat.chat = ChatCompat::plain();
    compat.chat.replay = ReasoningReplay::WithToolCalls;
    compat.chat.thinking = ThinkingFormat::ThinkingTypeWithEffort;
    endpoint.compat(compat)
}

fn golden(request: &Request) -> String {
    let mut text = String::new();
    for (host, endpoint) in [
        ("local", endpoint("http://127.0.0.1:8080/v1")),
        ("openai", endpoint("https://api.openai.com/v1")),
        ("replaying", replaying()),
    ] {
        let provider =
            Provider::new(endpoint, Arc::new(ScriptedTransport::default())).expect("provider");
        let encoded = match provider.encode(request) {
            Ok(encoded) => encoded,
            Err(refused) => {
                let _ = writeln!(text, "── {host} ── {refused}");
                continue;
            }
        };
        let body = serde_json::to_string_pretty(&encoded.body).expect("json");
        let _ = writeln!(text, "── {host} ── /{}\n{body}", encoded.path);
        for loss in &encoded.losses {
            let _ = writeln!(text, "lost: {loss}");
        }
    }
    text
}

macro_rules! scenarios {
    ($($test:ident: $json:tt;)*) => {
        $(
            #[test]
            fn $test() {
                let body = json!($json).to_string();
                let asked = decode_request(body.as_bytes()).expect("a valid scenario");
                insta::assert_snapshot!(stringify!($test), golden(&asked.request));
            }
        )*
    };
}

fn weather_tool() -> Value {
    json!({"type": "function", "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}},
                       "required": ["city"]},
        "strict": true,
    }})
}

scenarios! {
    text: {
        "model": "plain",
        "messages": [{"role": "user", "content": "Why is the sky blue?"}],
        "max_tokens": 100000, "temperature": 1.5, "top_p": 0.9,
    };
    system_and_developer: {
        "model": "plain",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "a"},
            {"role": "user", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]},
            {"role": "assistant", "content": "d"},
            {"role": "developer", "content": "Be briefer."},
            {"role": "user", "content": "e"},
        ],
        "stop": "END", "max_completion_tokens": 64,
    };
    orders_alone: {
        "model": "plain",
        "messages": [{"role": "system", "content": "Say hello."}],
    };
    tools: {
        "model": "plain",
        "messages": [{"role": "user", "content": "Weather?"}],
        "tools": [weather_tool(), {"type": "function", "function": {"name": "now"}},
                  {"type": "custom", "custom": {"name": "sql"}}],
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
        "parallel_tool_calls": false,
    };
    allowed_tools: {
        "model": "plain",
        "messages": [{"role": "user", "content": "Weather?"}],
        "tools": [weather_tool(), {"type": "function", "function": {"name": "now"}}],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required",
            "tools": [{"type": "function", "function": {"name": "now"}}]}},
    };
    parallel_calls_and_results: {
        "model": "plain",
        "messages": [
            {"role": "user", "content": "Rome and Lima?"},
            {"role": "assistant", "content": "Looking.", "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Rome\"}"}},
                {"id": "b", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Lima\"}"}},
            ]},
            {"role": "tool", "tool_call_id": "b", "content": "wet"},
            {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "dry"}]},
            {"role": "user", "content": "Thanks."},
        ],
        "tools": [weather_tool()],
    };
    orphans: {
        "model": "plain",
        "messages": [
            {"role": "user", "content": "Rome?"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": ""}},
            ]},
            {"role": "tool", "tool_call_id": "nobody", "content": "wet"},
            {"role": "user", "content": "And?"},
        ],
    };
    legacy_functions: {
        "model": "plain",
        "messages": [
            {"role": "user", "content": "Rome?"},
            {"role": "assistant", "content": null, "function_call": {"name": "get_weather", "arguments": "{}"}},
            {"role": "function", "name": "get_weather", "content": "dry"},
        ],
        "functions": [{"name": "get_weather", "parameters": {"type": "object"}}],
        "function_call": "auto",
    };
    images: {
        "model": "plain",
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
            ]},
            {"role": "assistant", "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "shoot", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "a", "content": [
                {"type": "text", "text": "done"},
                {"type": "image_url", "image_url": {"url": "https://h/x.png"}},
            ]},
        ],
    };
    files: {
        "model": "plain",
        "messages": [{"role": "user", "content": [
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "hologram"},
        ]}],
    };
    reasoning_history: {
        "model": "thinker",
        "messages": [
            {"role": "user", "content": "Rome?"},
            {"role": "assistant", "reasoning_content": "I must look.", "content": "", "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "a", "content": "dry"},
            {"role": "assistant", "reasoning": "Easy.", "content": "Dry."},
            {"role": "user", "content": "Lima?"},
            {"role": "assistant", "tool_calls": [
                {"id": "b", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "b", "content": "wet"},
        ],
        "reasoning_effort": "high",
    };
    effort_none: {
        "model": "thinker",
        "messages": [{"role": "user", "content": "2+2?"}],
        "reasoning_effort": "none",
    };
    effort_max: {
        "model": "thinker",
        "messages": [{"role": "user", "content": "2+2?"}],
        "reasoning_effort": "max",
    };
    effort_for_a_model_that_does_not_think: {
        "model": "plain",
        "messages": [{"role": "user", "content": "2+2?"}],
        "reasoning": {"effort": "low"}, "verbosity": "low",
    };
    json_schema: {
        "model": "plain",
        "messages": [{"role": "user", "content": "Oslo?"}],
        "response_format": {"type": "json_schema", "json_schema": {
            "name": "weather", "strict": true, "schema": {"type": "object"}}},
    };
    json_object: {
        "model": "plain",
        "messages": [{"role": "user", "content": "Oslo?"}],
        "response_format": {"type": "json_object"},
    };
    fields_of_some_hosts: {
        "model": "plain",
        "messages": [{"role": "user", "content": "a"}],
        "seed": 7, "logprobs": true, "top_logprobs": 2, "logit_bias": {"1": -100},
        "top_k": 40, "chat_template_kwargs": {"x": true}, "ttl": 60,
        "prompt_cache_key": "k", "service_tier": "flex", "user": "u", "store": true,
        "metadata": {"a": "b"}, "stop": ["1", "2", "3", "4", "5"], "surprise": 1, "truncation": "auto",
    };
}

#[test]
fn a_responses_client_reaches_a_chat_server() {
    let asked = oc_providers::wire::openai_responses::decode_request(
        json!({
            "model": "thinker", "instructions": "Be brief.", "stream": true,
            "input": [
                {"role": "developer", "content": "Be polite."},
                {"role": "user", "content": [{"type": "input_text", "text": "Rome?"},
                    {"type": "input_image", "image_url": "https://h/x.png", "detail": "high"}]},
                {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Look."}]},
                {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "gAAAA"},
                {"type": "message", "role": "assistant", "phase": "commentary",
                 "content": [{"type": "output_text", "text": "Looking."}]},
                {"type": "function_call", "id": "fc_1", "call_id": "a", "name": "get_weather", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "a",
                 "output": [{"type": "input_text", "text": "dry"}]},
                {"type": "web_search_call", "id": "ws_1", "status": "completed"},
            ],
            "tools": [
                {"type": "function", "name": "get_weather", "parameters": null, "strict": false},
                {"type": "web_search"}, {"type": "namespace", "name": "ns", "tools": []},
            ],
            "tool_choice": "auto", "parallel_tool_calls": true, "store": false,
            "include": ["reasoning.encrypted_content"], "reasoning": {"effort": "medium", "summary": "auto"},
            "text": {"format": {"type": "text"}, "verbosity": "low"}, "prompt_cache_key": "k",
        })
        .to_string()
        .as_bytes(),
    )
    .expect("decodes");
    insta::assert_snapshot!(golden(&asked.request));
}

/// OpenRouter's rule: what came in `reasoning_details` goes back to the letter,
/// to the host that sent it and to no other.
#[tokio::test]
async fn reasoning_details_go_back_to_the_host_that_made_them() {
    let stream = concat!(
        r#"data: {"choices":[{"delta":{"reasoning":"Lo","reasoning_details":[{"type":"reasoning.text","text":"Lo","index":0,"format":"f"}]}}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"reasoning":"ok.","reasoning_details":[{"type":"reasoning.text","text":"ok.","index":0,"signature":"s=/+"}]}}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}"#,
        "\n\n",
        r#"data: {"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"x","id":"a","index":1}]},"finish_reason":"tool_calls"}]}"#,
        "\n\ndata: [DONE]\n\n",
    );
    let maker = endpoint("https://maker.example/api/v1");
    let transport = ScriptedTransport::new([Script::sse(stream)]);
    let maker = Provider::new(maker, Arc::new(transport)).expect("provider");
    let outcome = run(&maker, Request::text("m", "hi")).await;
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    let mut input = Request::text("m", "hi").input;
    input.extend(outcome.answer.items);
    input.push(Item::FunctionCallOutput(FunctionCallOutput::new("a", vec![Part::text("done")])));
    let request = Request::new("m", input);

    let back = maker.encode(&request).expect("encodes");
    assert_eq!(
        back.body["messages"][1],
        json!({
            "role": "assistant",
            "content": null,
            "reasoning_details": [
                {"type": "reasoning.text", "text": "Look.", "index": 0, "format": "f", "signature": "s=/+"},
                {"type": "reasoning.encrypted", "data": "x", "id": "a", "index": 1},
            ],
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        })
    );
    assert!(back.losses.is_empty(), "{:?}", back.losses);

    let other = Provider::new(replaying(), Arc::new(ScriptedTransport::default()));
    let other = other.expect("provider").encode(&request).expect("encodes");
    let text = other.body.to_string();
    assert!(!text.contains("reasoning_details") && !text.contains("Look."), "{text}");
    assert_eq!(other.losses, [Loss::Reasoning]);
}

#[test]
fn what_cannot_be_served_is_refused_by_name() {
    let hi = json!([{"role": "user", "content": "hi"}]);
    for (body, param) in [
        (json!([]), None),
        (json!({"messages": hi}), Some("model")),
        (json!({"model": "m"}), Some("messages")),
        (json!({"model": "m", "messages": []}), Some("messages")),
        (json!({"model": "m", "messages": "hi"}), Some("messages")),
        (json!({"model": 1, "messages": hi}), Some("model")),
        (json!({"model": "m", "messages": hi, "n": 129}), Some("n")),
        (
            json!({"model": "m", "messages": hi, "modalities": ["text", "audio"]}),
            Some("modalities"),
        ),
        (json!({"model": "m", "messages": hi, "temperature": "hot"}), Some("temperature")),
        (json!({"model": "m", "messages": hi, "max_tokens": 0}), Some("max_tokens")),
        (json!({"model": "m", "messages": hi, "stop": [1]}), Some("stop")),
        (json!({"model": "m", "messages": hi, "stream": "yes"}), Some("stream")),
        (json!({"model": "m", "messages": hi, "tools": [{}]}), Some("tools[0]")),
        (
            json!({"model": "m", "messages": hi, "tools": [{"type": "function", "function": {}}]}),
            Some("tools[0].function.name"),
        ),
        (json!({"model": "m", "messages": hi, "tool_choice": "maybe"}), Some("tool_choice")),
        (
            json!({"model": "m", "messages": hi, "response_format": {"type": "json_schema"}}),
            Some("response_format.json_schema"),
        ),
        (json!({"model": "m", "messages": [{"content": "hi"}]}), Some("messages[0].role")),
        (json!({"model": "m", "messages": [{"role": "robot"}]}), Some("messages[0].role")),
        (json!({"model": "m", "messages": [{"role": "user"}]}), Some("messages[0].content")),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text"}]}]}),
            Some("messages[0].content[0].text"),
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}),
            Some("messages[0].content[0].image_url.url"),
        ),
        (
            json!({"model": "m", "messages": [{"role": "tool", "content": "x"}]}),
            Some("messages[0].tool_call_id"),
        ),
        (
            json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"id": "a"}]}]}),
            Some("messages[0].tool_calls[0].function"),
        ),
        (
            json!({"model": "m", "messages": hi, "stream_options": {"include_usage": 1}}),
            Some("stream_options.include_usage"),
        ),
    ] {
        let refused = decode_request(body.to_string().as_bytes()).expect_err(&body.to_string());
        assert_eq!(refused.param.as_deref(), param, "{body}");
        assert_eq!(refused.to_json()["error"]["type"], "invalid_request_error");
    }
    let refused = decode_request(b"{\"model\":").expect_err("half");
    assert_eq!(refused.code, Some("invalid_json"));
}

#[test]
fn absent_means_no() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "n": 1,
        "stream": null, "tools": null, "stop": null, "stream_options": null, "modalities": ["text"]});
    let asked = decode_request(body.to_string().as_bytes()).expect("decodes");
    assert!(!asked.stream && !asked.include_usage && asked.request.tools.is_empty());
    assert!(asked.request.extra.is_empty(), "{:?}", asked.request.extra);
}
