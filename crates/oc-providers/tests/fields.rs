//! Every field of the three request bodies on its way to every kind of host:
//! carried, approximated, dropped and listed, or refused; never silent.
//!
//! `UPDATE=1 cargo test -p oc-providers --test fields` writes what comes of it
//! into `docs/providers.md`.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use oc_providers::wire::Dialect;
use oc_providers::{Api, Endpoint, ModelFacts, Provider, ScriptedTransport};
use serde_json::{Value, json};

const HOSTS: [(&str, Api, &str); 6] = [
    ("Responses", Api::OpenaiResponses, "http://127.0.0.1:1234/v1"),
    ("OpenAI's", Api::OpenaiResponses, "https://api.openai.com/v1"),
    ("Chat", Api::OpenaiCompletions, "http://127.0.0.1:8080/v1"),
    ("OpenAI's", Api::OpenaiCompletions, "https://api.openai.com/v1"),
    ("Messages", Api::AnthropicMessages, "http://127.0.0.1:8080"),
    ("Anthropic's", Api::AnthropicMessages, "https://api.anthropic.com"),
];

/// A field by its name, a body that has it, and the same without it where that
/// is more than the base.
struct Row {
    name: &'static str,
    body: Value,
    without: Value,
}

/// What comes of a field at a host.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cell {
    Carried,
    Approximated,
    Dropped,
    Refused,
    Silent,
}

impl Cell {
    fn sign(self) -> &'static str {
        match self {
            Self::Carried => "=",
            Self::Approximated => "~",
            Self::Dropped => "–",
            Self::Refused => "✗",
            Self::Silent => "·",
        }
    }
}

/// Fields that make no difference to a request at some host, with the reason.
const SILENT: &[(&str, &str)] = &[
    ("include", "sealed reasoning comes in an envelope of our own"),
    ("reasoning.summary", "reasoning is given out as a summary wherever there is any"),
    ("stream", "every request is streamed upstream"),
    ("stream_options", "usage is always asked for"),
    ("store: false", "no host keeps what it was not asked to keep"),
    ("tool_choice: auto", "it is what a missing choice means"),
    ("message `phase`", "commentary and answer are both the assistant's words"),
    ("thinking: adaptive", "a model that thinks does so as it sees fit"),
    ("thinking: disabled", "not to be asked to think is what a missing field means"),
];

fn provider(api: Api, base: &str) -> Provider {
    let facts = ModelFacts::new().with_reasoning(true).with_max_output_tokens(64_000);
    let endpoint = Endpoint::new("p", api, base).expect("url").model("m", facts);
    Provider::new(endpoint, Arc::new(ScriptedTransport::default())).expect("provider")
}

/// `base` with the fields of `more` over it; lists of messages and items are
/// put after those of `base`.
fn with(base: &Value, more: &Value) -> Value {
    let mut body = base.clone();
    for (key, value) in more.as_object().expect("object") {
        match (&mut body[key], value) {
            (Value::Array(there), Value::Array(more))
                if matches!(key.as_str(), "input" | "messages") =>
            {
                there.extend(more.clone());
            }
            (place, value) => *place = value.clone(),
        }
    }
    body
}

fn cell(dialect: Dialect, base: &Value, row: &Row, host: (Api, &str)) -> Cell {
    let read = |body: &Value| dialect.decode_request(body.to_string().as_bytes());
    let bare = read(&with(base, &row.without)).expect("valid without it").request;
    let Ok(asked) = read(&with(base, &row.body)) else { return Cell::Refused };
    let provider = provider(host.0, host.1);
    let bare = provider.encode(&bare).expect("the base can be said everywhere");
    let Ok(encoded) = provider.encode(&asked.request) else { return Cell::Refused };
    let mut losses = encoded.losses.clone();
    for loss in &bare.losses {
        if let Some(at) = losses.iter().position(|other| other == loss) {
            losses.remove(at);
        }
    }
    match (encoded.body != bare.body || encoded.stop != bare.stop, losses.is_empty()) {
        (true, true) => Cell::Carried,
        (true, false) => Cell::Approximated,
        (false, false) => Cell::Dropped,
        (false, true) => Cell::Silent,
    }
}

fn rows(rows: Vec<(&'static str, Value)>) -> Vec<Row> {
    rows.into_iter().map(|(name, body)| Row { name, body, without: json!({}) }).collect()
}

fn beside(name: &'static str, without: Value, more: Value) -> Row {
    Row { name, body: with(&without, &more), without }
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"a": {"type": "string"}}})
}

const PNG: &str = "data:image/png;base64,AAAA";
const PDF: &str = "data:application/pdf;base64,AAAA";

fn responses() -> (Value, Vec<Row>) {
    let tool = json!({"type": "function", "name": "f", "parameters": schema()});
    let user = |part: Value| json!({"input": [{"role": "user", "content": [part]}]});
    let tools = |more: Value| with(&json!({"tools": [tool]}), &more);
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    let result = |output: Value| json!({"input": [call, {"type": "function_call_output", "call_id": "c", "output": output}]});
    let base = json!({"model": "m", "input": [{"role": "user", "content": "hi"}]});
    let mut rows = rows(vec![
        ("instructions", json!({"instructions": "x"})),
        ("developer message first", json!({"input": [{"role": "developer", "content": "x"}]})),
        (
            "refusal",
            json!({"input": [{"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}]}),
        ),
        ("input_image by url", user(json!({"type": "input_image", "image_url": PNG}))),
        ("input_image by id", user(json!({"type": "input_image", "file_id": "f"}))),
        (
            "input_file by data",
            user(json!({"type": "input_file", "file_data": PDF, "filename": "a.pdf"})),
        ),
        (
            "input_file by url",
            user(json!({"type": "input_file", "file_url": "https://a.example/a.pdf"})),
        ),
        (
            "input_audio",
            user(json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}})),
        ),
        (
            "reasoning of another host",
            json!({"input": [
            {"type": "reasoning", "summary": [], "encrypted_content": "oc-seal-2.e30.e30"},
            {"role": "assistant", "content": "x"}]}),
        ),
        ("function_call and its output", result(json!("x"))),
        ("picture in an output", result(json!([{"type": "input_image", "image_url": PNG}]))),
        (
            "custom_tool_call and its output",
            json!({"input": [
            {"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": "select"},
            {"type": "custom_tool_call_output", "call_id": "c", "output": "x"}]}),
        ),
        (
            "web_search_call",
            json!({"input": [{"type": "web_search_call", "id": "w", "status": "completed"}]}),
        ),
        ("compaction", json!({"input": [{"type": "compaction", "encrypted_content": "x"}]})),
        ("tools: function", tools(json!({}))),
        (
            "tools: custom",
            json!({"tools": [{"type": "custom", "name": "sql", "description": "d"}]}),
        ),
        (
            "tools: custom with a grammar",
            json!({"tools": [{"type": "custom", "name": "sql",
            "format": {"type": "grammar", "syntax": "lark", "definition": "start: /x/"}}]}),
        ),
        (
            "tools: namespace",
            json!({"tools": [{"type": "namespace", "name": "ns", "tools": [tool]}]}),
        ),
        ("tools: web_search", json!({"tools": [{"type": "web_search"}]})),
        ("tool_choice: a hosted tool", tools(json!({"tool_choice": {"type": "web_search"}}))),
        ("max_output_tokens", json!({"max_output_tokens": 99})),
        ("temperature", json!({"temperature": 0.3})),
        ("top_p", json!({"top_p": 0.3})),
        ("reasoning.effort", json!({"reasoning": {"effort": "low"}})),
        ("reasoning.summary", json!({"reasoning": {"summary": "auto"}})),
        (
            "text.format: json_schema",
            json!({"text": {"format": {"type": "json_schema", "name": "n", "schema": schema()}}}),
        ),
        ("text.format: json_object", json!({"text": {"format": {"type": "json_object"}}})),
        ("text.verbosity", json!({"text": {"verbosity": "low"}})),
        ("metadata", json!({"metadata": {"k": "v"}})),
        ("user", json!({"user": "u"})),
        ("safety_identifier", json!({"safety_identifier": "u"})),
        ("prompt_cache_key", json!({"prompt_cache_key": "k"})),
        ("prompt_cache_retention", json!({"prompt_cache_retention": "24h"})),
        ("service_tier", json!({"service_tier": "flex"})),
        ("store: true", json!({"store": true})),
        ("store: false", json!({"store": false})),
        ("include", json!({"include": ["reasoning.encrypted_content"]})),
        ("truncation", json!({"truncation": "auto"})),
        ("max_tool_calls", json!({"max_tool_calls": 3})),
        (
            "context_management",
            json!({"context_management": [{"type": "compaction", "compact_threshold": 9}]}),
        ),
        ("prompt", json!({"prompt": {"id": "p"}})),
        ("top_logprobs", json!({"top_logprobs": 3})),
        ("stream_options", json!({"stream_options": {"include_obfuscation": false}})),
        ("previous_response_id", json!({"previous_response_id": "resp_1"})),
        ("conversation", json!({"conversation": "conv_1"})),
        ("background", json!({"background": true})),
        ("a field of tomorrow", json!({"tomorrow": 1})),
    ]);
    rows.extend([
        beside(
            "tools: `strict`",
            tools(json!({})),
            json!({"tools": [with(&tool, &json!({"strict": true}))]}),
        ),
        beside("tool_choice: auto", tools(json!({})), json!({"tool_choice": "auto"})),
        beside("tool_choice: required", tools(json!({})), json!({"tool_choice": "required"})),
        beside(
            "tool_choice: a function",
            tools(json!({})),
            json!({"tool_choice": {"type": "function", "name": "f"}}),
        ),
        beside(
            "tool_choice: allowed_tools",
            tools(json!({})),
            json!({"tool_choice": {"type": "allowed_tools",
            "mode": "required", "tools": [{"type": "function", "name": "f"}]}}),
        ),
        beside(
            "parallel_tool_calls: false",
            tools(json!({})),
            json!({"parallel_tool_calls": false}),
        ),
        Row {
            name: "message `phase`",
            body: json!({"input": [{"role": "assistant", "content": "x", "phase": "commentary"}]}),
            without: json!({"input": [{"role": "assistant", "content": "x"}]}),
        },
        Row {
            name: "input_image `detail`",
            body: user(json!({"type": "input_image", "image_url": PNG, "detail": "low"})),
            without: user(json!({"type": "input_image", "image_url": PNG})),
        },
    ]);
    (base, rows)
}

fn chat() -> (Value, Vec<Row>) {
    let tool = json!({"type": "function", "function": {"name": "f", "parameters": schema()}});
    let user = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    let tools = |more: Value| with(&json!({"tools": [tool]}), &more);
    let call = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let base = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let mut rows = rows(vec![
        (
            "system message later",
            json!({"messages": [{"role": "assistant", "content": "a"}, {"role": "system", "content": "x"}]}),
        ),
        ("image_url", user(json!({"type": "image_url", "image_url": {"url": PNG}}))),
        (
            "file by data",
            user(json!({"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}})),
        ),
        ("file by id", user(json!({"type": "file", "file": {"file_id": "f"}}))),
        (
            "input_audio",
            user(json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}})),
        ),
        (
            "tool_calls and a tool message",
            json!({"messages": [call, {"role": "tool", "tool_call_id": "c", "content": "x"}]}),
        ),
        ("tool_calls without a result", json!({"messages": [call]})),
        (
            "a tool message without its call",
            json!({"messages": [{"role": "tool", "tool_call_id": "c", "content": "x"}]}),
        ),
        (
            "reasoning_content",
            json!({"messages": [{"role": "assistant", "content": "x", "reasoning_content": "hm"}]}),
        ),
        ("tools: function", tools(json!({}))),
        ("tools: custom", json!({"tools": [{"type": "custom", "custom": {"name": "sql"}}]})),
        ("functions (legacy)", json!({"functions": [{"name": "f", "parameters": schema()}]})),
        ("max_completion_tokens, max_tokens", json!({"max_completion_tokens": 99})),
        ("temperature", json!({"temperature": 0.3})),
        ("top_p", json!({"top_p": 0.3})),
        ("stop", json!({"stop": ["END"]})),
        ("more than four of stop", json!({"stop": ["A", "B", "C", "D", "E"]})),
        ("reasoning_effort", json!({"reasoning_effort": "low"})),
        (
            "response_format: json_schema",
            json!({"response_format": {"type": "json_schema",
            "json_schema": {"name": "n", "schema": schema()}}}),
        ),
        ("response_format: json_object", json!({"response_format": {"type": "json_object"}})),
        ("verbosity", json!({"verbosity": "low"})),
        ("seed", json!({"seed": 7})),
        ("presence_penalty", json!({"presence_penalty": 0.5})),
        ("frequency_penalty", json!({"frequency_penalty": 0.5})),
        ("logit_bias", json!({"logit_bias": {"50256": -100}})),
        ("logprobs", json!({"logprobs": true})),
        ("top_logprobs", json!({"top_logprobs": 3})),
        ("top_k", json!({"top_k": 40})),
        ("min_p, chat_template_kwargs, …", json!({"min_p": 0.1})),
        ("prediction", json!({"prediction": {"type": "content", "content": "x"}})),
        ("web_search_options", json!({"web_search_options": {}})),
        ("metadata", json!({"metadata": {"k": "v"}})),
        ("user", json!({"user": "u"})),
        ("safety_identifier", json!({"safety_identifier": "u"})),
        ("prompt_cache_key", json!({"prompt_cache_key": "k"})),
        ("service_tier", json!({"service_tier": "flex"})),
        ("store: true", json!({"store": true})),
        ("stream_options", json!({"stream": true, "stream_options": {"include_usage": true}})),
        ("n above 1", json!({"n": 2})),
        (
            "modalities, audio",
            json!({"modalities": ["text", "audio"], "audio": {"voice": "a", "format": "wav"}}),
        ),
        ("a field of tomorrow", json!({"tomorrow": 1})),
    ]);
    rows.extend([
        beside("tool_choice: required", tools(json!({})), json!({"tool_choice": "required"})),
        beside("tool_choice: allowed_tools", tools(json!({})), json!({"tool_choice": {"type": "allowed_tools",
            "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]}}})),
        beside("parallel_tool_calls: false", tools(json!({})), json!({"parallel_tool_calls": false})),
        Row {
            name: "image_url `detail`",
            body: user(json!({"type": "image_url", "image_url": {"url": PNG, "detail": "low"}})),
            without: user(json!({"type": "image_url", "image_url": {"url": PNG}})),
        },
    ]);
    (base, rows)
}

fn messages() -> (Value, Vec<Row>) {
    let tool = json!({"name": "f", "input_schema": schema()});
    let user = |block: Value| json!({"messages": [{"role": "user", "content": [block]}]});
    let tools = |more: Value| with(&json!({"tools": [tool]}), &more);
    let result = |block: Value| {
        json!({"messages": [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]},
            {"role": "user", "content": [block]}]})
    };
    let text = |more: Value| user(with(&json!({"type": "text", "text": "x"}), &more));
    let base = json!({"model": "m", "max_tokens": 50_000, "messages": [{"role": "user", "content": "hi"}]});
    let mut rows = rows(vec![
        ("system", json!({"system": "x"})),
        (
            "system message later",
            json!({"messages": [{"role": "assistant", "content": "a"}, {"role": "system", "content": "x"}]}),
        ),
        (
            "image by data",
            user(
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}),
            ),
        ),
        (
            "image by url",
            user(
                json!({"type": "image", "source": {"type": "url", "url": "https://a.example/a.png"}}),
            ),
        ),
        (
            "document by data",
            user(
                json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}),
            ),
        ),
        (
            "tool_use and tool_result",
            result(json!({"type": "tool_result", "tool_use_id": "c", "content": "x"})),
        ),
        (
            "picture in a tool_result",
            result(json!({"type": "tool_result", "tool_use_id": "c", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]})),
        ),
        (
            "thinking of another host",
            json!({"messages": [{"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "SIG"}, {"type": "text", "text": "x"}]}]}),
        ),
        (
            "server_tool_use and its result",
            json!({"messages": [{"role": "assistant", "content": [
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
            {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}, {"type": "text", "text": "x"}]}]}),
        ),
        ("tools", tools(json!({}))),
        (
            "tools: a server's own",
            json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ),
        ("max_tokens", json!({"max_tokens": 99})),
        ("temperature", json!({"temperature": 0.3})),
        ("top_p", json!({"top_p": 0.3})),
        ("top_k", json!({"top_k": 40})),
        ("stop_sequences", json!({"stop_sequences": ["END"]})),
        ("thinking: enabled", json!({"thinking": {"type": "enabled", "budget_tokens": 2048}})),
        ("thinking: adaptive", json!({"thinking": {"type": "adaptive"}})),
        ("thinking: disabled", json!({"thinking": {"type": "disabled"}})),
        (
            "output_config.format",
            json!({"output_config": {"format": {"type": "json_schema", "schema": schema()}}}),
        ),
        ("metadata.user_id", json!({"metadata": {"user_id": "u"}})),
        ("service_tier", json!({"service_tier": "auto"})),
        ("context_management", json!({"context_management": {"edits": []}})),
        (
            "mcp_servers",
            json!({"mcp_servers": [{"type": "url", "url": "https://a.example", "name": "a"}]}),
        ),
        ("container", json!({"container": "c"})),
        ("stream", json!({"stream": true})),
        ("a field of tomorrow", json!({"tomorrow": 1})),
    ]);
    rows.extend([
        beside("tool_choice: any", tools(json!({})), json!({"tool_choice": {"type": "any"}})),
        beside("tool_choice: a tool", tools(json!({})), json!({"tool_choice": {"type": "tool", "name": "f"}})),
        beside("disable_parallel_tool_use", tools(json!({})),
            json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": true}})),
        beside("tools: `cache_control`", tools(json!({})),
            json!({"tools": [with(&tool, &json!({"cache_control": {"type": "ephemeral"}}))]})),
        beside("output_config.effort", json!({"thinking": {"type": "adaptive"}}),
            json!({"output_config": {"effort": "low"}})),
        Row {
            name: "`cache_control` on text",
            body: text(json!({"cache_control": {"type": "ephemeral"}})),
            without: text(json!({})),
        },
        Row {
            name: "tool_result `is_error`",
            body: result(json!({"type": "tool_result", "tool_use_id": "c", "content": "x", "is_error": true})),
            without: result(json!({"type": "tool_result", "tool_use_id": "c", "content": "x"})),
        },
    ]);
    (base, rows)
}

fn table() -> String {
    let mut text = String::new();
    for (dialect, (base, rows)) in [
        (Dialect::Responses, responses()),
        (Dialect::Chat, chat()),
        (Dialect::Messages, messages()),
    ] {
        let _ = write!(text, "| of a {dialect:?} client |");
        for (name, ..) in HOSTS {
            let _ = write!(text, " {name} |");
        }
        let _ = writeln!(text, "\n|---|{}", "---|".repeat(HOSTS.len()));
        for row in &rows {
            let name = if row.name.contains('`') {
                row.name.to_owned()
            } else {
                format!("`{}`", row.name)
            };
            let _ = write!(text, "| {name} |");
            for (_, api, url) in HOSTS {
                let _ = write!(text, " {} |", cell(dialect, &base, row, (api, url)).sign());
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

#[test]
fn nothing_of_a_request_is_lost_in_silence() {
    let mut silent = Vec::new();
    for (dialect, (base, rows)) in [
        (Dialect::Responses, responses()),
        (Dialect::Chat, chat()),
        (Dialect::Messages, messages()),
    ] {
        for row in &rows {
            for (_, api, url) in HOSTS {
                let excused = SILENT.iter().any(|(name, _)| *name == row.name);
                if cell(dialect, &base, row, (api, url)) == Cell::Silent && !excused {
                    silent.push(format!("{dialect:?} {} → {api} {url}", row.name));
                }
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn the_documents_hold_the_same_table() {
    const BEGIN: &str = "<!-- fields: begin -->\n";
    const END: &str = "<!-- fields: end -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/providers.md");
    let text = std::fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = text.split_once(BEGIN).expect("the table's beginning is marked");
    let (held, after) = rest.split_once(END).expect("the table's end is marked");
    let table = table();
    #[expect(clippy::disallowed_methods, reason = "a switch of the test itself")]
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).expect("writable");
        return;
    }
    assert!(held == table, "docs/providers.md is stale: run with UPDATE=1");
}
