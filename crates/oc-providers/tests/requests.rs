//! What goes out: one golden per scenario, each as four kinds of host get it.
//!
//! Scenarios are written as a client sends them (Responses JSON), so that the
//! server half is held by the same goldens.

use std::fmt::Write as _;
use std::sync::Arc;

use oc_providers::wire::openai_responses::decode_request;
use oc_providers::{Api, Endpoint, ModelFacts, Provider, ScriptedTransport};
use serde_json::{Value, json};

const HOSTS: [(&str, Api, &str); 4] = [
    ("local, responses", Api::OpenaiResponses, "http://127.0.0.1:1234/v1"),
    ("openai", Api::OpenaiResponses, "https://api.openai.com/v1"),
    ("local, messages", Api::AnthropicMessages, "http://127.0.0.1:8080"),
    ("anthropic", Api::AnthropicMessages, "https://api.anthropic.com"),
];

fn provider(api: Api, base: &str) -> Provider {
    let thinker = ModelFacts::new().with_max_output_tokens(8192).with_reasoning(true);
    let endpoint = Endpoint::new("p", api, base)
        .expect("url")
        .model("thinker", thinker)
        .model("plain", ModelFacts::new().with_max_output_tokens(4096));
    Provider::new(endpoint, Arc::new(ScriptedTransport::default())).expect("provider")
}

fn golden(scenario: &Value) -> String {
    let asked = decode_request(scenario.to_string().as_bytes()).expect("a valid scenario");
    let mut text = String::new();
    for (host, api, base) in HOSTS {
        let encoded = match provider(api, base).encode(&asked.request) {
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
                insta::assert_snapshot!(stringify!($test), golden(&json!($json)));
            }
        )*
    };
}

fn weather_tool() -> Value {
    json!({"type": "function", "name": "get_weather", "description": "Weather of a city",
           "parameters": {"type": "object", "properties": {"city": {"type": "string"}},
                          "required": ["city"]},
           "strict": true})
}

scenarios! {
    text: {"model": "plain", "input": "hi"};

    every_plain_setting: {"model": "plain", "input": "hi", "instructions": "Be brief.",
        "max_output_tokens": 100_000, "temperature": 1.5, "top_p": 0.9, "user": "u1",
        "metadata": {"k": "v"}, "store": true, "service_tier": "flex", "truncation": "auto",
        "prompt_cache_key": "k", "include": ["reasoning.encrypted_content"],
        "text": {"verbosity": "low"}};

    a_schema_that_no_grammar_can_hold: {"model": "plain", "input": "hi", "tools": [
        {"type": "function", "name": "write", "parameters": {"type": "object", "properties": {
            "path": {"type": "string", "pattern": "\\.rs$"},
            "pattern": {"type": "string", "maxLength": 100},
            "text": {"type": "string", "maxLength": 100_000}}}}]};

    tiny_output: {"model": "plain", "input": "hi", "max_output_tokens": 1};

    orders_in_front_and_later: {"model": "plain", "instructions": "One.", "input": [
        {"role": "developer", "content": "Two."},
        {"role": "system", "content": [{"type": "input_text", "text": "Three."}]},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "developer", "content": "Four."},
        {"role": "user", "content": "again"}]};

    nothing_but_orders: {"model": "plain", "input": [{"role": "system", "content": "Say hello."}]};

    history_with_ids: {"model": "plain", "input": [
        {"type": "message", "id": "msg_x1", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "message", "id": "msg_x2", "role": "assistant", "status": "completed", "phase": "final_answer",
         "content": [{"type": "output_text", "text": "hello", "annotations": [{"type": "url_citation"}]},
                     {"type": "refusal", "refusal": "but no more"}]},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"role": "user", "content": "go on"}]};

    pictures_and_files: {"model": "plain", "input": [{"role": "user", "content": [
        {"type": "input_text", "text": "what is this?"},
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"},
        {"type": "input_image", "file_id": "file_1"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"},
        {"type": "input_audio", "data": "x"}]}]};

    picture_from_a_tool: {"model": "plain", "input": [
        {"role": "user", "content": "look"},
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"},
        {"type": "function_call", "call_id": "call_2", "name": "look", "arguments": ""},
        {"type": "function_call_output", "call_id": "call_1", "output": [
            {"type": "input_text", "text": "seen"},
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]},
        {"type": "function_call_output", "call_id": "call_2", "output": "nothing"},
        {"role": "user", "content": "and?"}]};

    calls_in_disorder: {"model": "plain", "input": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "I look."},
        {"type": "function_call", "call_id": "call|1", "name": "f", "arguments": "{\"a\":1}"},
        {"type": "function_call", "call_id": "call:1", "name": "f", "arguments": "not json"},
        {"type": "function_call", "call_id": "lost", "name": "f", "arguments": "{}"},
        {"role": "user", "content": "meanwhile"},
        {"type": "function_call_output", "call_id": "call:1", "output": "second"},
        {"type": "function_call_output", "call_id": "call|1", "output": "first"},
        {"type": "function_call_output", "call_id": "nobody", "output": "orphan"}]};

    two_rounds_of_calls: {"model": "plain", "input": [
        {"role": "user", "content": "go"},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "1"},
        {"type": "function_call", "call_id": "b", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "b", "output": {"n": 2}}]};

    effort: {"model": "thinker", "input": "hi", "temperature": 0.3, "max_output_tokens": 6000,
        "reasoning": {"effort": "high", "summary": "auto"}};

    effort_for_a_model_that_does_not_think: {"model": "plain", "input": "hi",
        "reasoning": {"effort": "high"}};

    effort_max: {"model": "thinker", "input": "hi", "reasoning": {"effort": "max"}};

    effort_none: {"model": "thinker", "input": "hi", "reasoning": {"effort": "none"}};

    json_schema: {"model": "plain", "input": "hi", "text": {"format": {"type": "json_schema",
        "name": "city", "strict": true, "schema": {"type": "object", "properties": {"c": {"type": "string"}}}}}};

    json_object: {"model": "plain", "input": "hi", "text": {"format": {"type": "json_object"}}};

    ends_with_the_assistant: {"model": "plain", "input": [
        {"role": "assistant", "content": "Hello. "},
        {"role": "user", "content": "   "},
        {"role": "assistant", "content": "The answer is \n"}]};

    reasoning_of_unknown_make: {"model": "thinker", "input": [
        {"role": "user", "content": "hi"},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "short"}],
         "content": [{"type": "reasoning_text", "text": "long"}]},
        {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "gAAAA"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "again"}]};
}

#[test]
fn tools_of_every_kind() {
    let scenario = |choice: Value| {
        json!({"model": "plain", "input": "hi", "tools": [
            weather_tool(),
            {"type": "function", "name": "now", "parameters": null},
            {"type": "namespace", "name": "agents", "tools": []},
            {"type": "web_search", "external_web_access": false}],
            "tool_choice": choice, "parallel_tool_calls": false})
    };
    insta::assert_snapshot!("tools_auto", golden(&scenario(json!("auto"))));
    let allowed = json!({"type": "allowed_tools", "mode": "required",
                         "tools": [{"type": "function", "name": "now"}]});
    insta::assert_snapshot!("tools_allowed", golden(&scenario(allowed)));
    let hosted = json!({"type": "web_search"});
    insta::assert_snapshot!("tools_hosted_choice", golden(&scenario(hosted)));
}

#[test]
fn a_forced_call_and_thinking_do_not_meet_on_the_messages_wire() {
    let scenario = json!({"model": "thinker", "input": "hi", "tools": [weather_tool()],
        "tool_choice": {"type": "function", "name": "get_weather"},
        "reasoning": {"effort": "medium"}});
    insta::assert_snapshot!(golden(&scenario));
}

#[test]
fn a_codex_turn_fits_a_local_server() {
    // The shape of what codex-cli 0.169 sends.
    let scenario = json!({"model": "plain", "stream": true, "store": false,
        "input": [
            {"type": "message", "id": "msg_1", "role": "developer",
             "content": [{"type": "input_text", "text": "You are a coding agent."}]},
            {"type": "message", "id": "msg_2", "role": "developer",
             "content": [{"type": "input_text", "text": "Skills."}, {"type": "input_text", "text": "Permissions."}]},
            {"type": "message", "id": "msg_3", "role": "user",
             "content": [{"type": "input_text", "text": "Run it."}]}],
        "tools": [{"type": "function", "name": "exec_command", "strict": false, "parameters": {"type": "object"}},
                  {"type": "namespace", "name": "multi_agent_v1", "tools": []},
                  {"type": "web_search", "external_web_access": false}],
        "tool_choice": "auto", "parallel_tool_calls": true, "reasoning": {"summary": "auto"},
        "include": ["reasoning.encrypted_content"], "prompt_cache_key": "k", "client_metadata": {}});
    insta::assert_snapshot!(golden(&scenario));
}
