//! The fields of `POST /v1/chat/completions`.

use serde_json::{Value, json};

use crate::{PDF, PNG, Row, beside, rows, schema, with};

/// The base, and the fields over it.
pub(crate) fn rows_of() -> (Value, Vec<Row>) {
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
        (
            "function_call and a function message (legacy)",
            json!({"messages": [
            {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "x"}]}),
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
        beside("tool_choice: none", tools(json!({})), json!({"tool_choice": "none"})),
        beside("tool_choice: a function", tools(json!({})),
            json!({"tool_choice": {"type": "function", "function": {"name": "f"}}})),
        beside("tools: `strict`", tools(json!({})), json!({"tools": [{"type": "function",
            "function": {"name": "f", "parameters": schema(), "strict": true}}]})),
        beside("tools: `cache_control`", tools(json!({})), json!({"tools": [{"type": "function",
            "cache_control": {"type": "ephemeral"}, "function": {"name": "f", "parameters": schema()}}]})),
        beside("a field of tomorrow in a tool", tools(json!({})), json!({"tools": [{"type": "function",
            "function": {"name": "f", "parameters": schema(), "tomorrow": 1}}]})),
        Row {
            name: "message `name`",
            body: json!({"messages": [{"role": "user", "content": "x", "name": "ann"}]}),
            without: json!({"messages": [{"role": "user", "content": "x"}]}),
        },
        Row {
            name: "a field of tomorrow in a message",
            body: json!({"messages": [{"role": "user", "content": "x", "tomorrow": 1}]}),
            without: json!({"messages": [{"role": "user", "content": "x"}]}),
        },
        Row {
            name: "`audio` of an assistant message",
            body: json!({"messages": [{"role": "assistant", "content": "x", "audio": {"id": "a"}}]}),
            without: json!({"messages": [{"role": "assistant", "content": "x"}]}),
        },
        Row {
            name: "a field of tomorrow in a call",
            body: json!({"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": "function",
                "tomorrow": 1, "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "c", "content": "x"}]}),
            without: json!({"messages": [call, {"role": "tool", "tool_call_id": "c", "content": "x"}]}),
        },
        Row {
            name: "`cache_control` on text",
            body: user(json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}})),
            without: user(json!({"type": "text", "text": "x"})),
        },
        Row {
            name: "a field of tomorrow on text",
            body: user(json!({"type": "text", "text": "x", "tomorrow": 1})),
            without: user(json!({"type": "text", "text": "x"})),
        },
        Row {
            name: "a field of tomorrow on image_url",
            body: user(json!({"type": "image_url", "image_url": {"url": PNG}, "tomorrow": 1})),
            without: user(json!({"type": "image_url", "image_url": {"url": PNG}})),
        },
        beside("reasoning: `max_tokens`", json!({"reasoning": {"effort": "low"}}),
            json!({"reasoning": {"effort": "low", "max_tokens": 2000}})),
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
