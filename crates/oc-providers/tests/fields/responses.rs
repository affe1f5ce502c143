//! The fields of `POST /v1/responses`.

use serde_json::{Value, json};

use crate::{PDF, PNG, Row, beside, rows, schema, with};

/// The base, and the fields over it.
pub(crate) fn rows_of() -> (Value, Vec<Row>) {
    let tool = json!({"type": "function", "name": "f", "parameters": schema()});
    let user = |part: Value| json!({"input": [{"role": "user", "content": [part]}]});
    let tools = |more: Value| with(&json!({"tools": [tool]}), &more);
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    let output = json!({"type": "function_call_output", "call_id": "c", "output": "x"});
    let result = |said: Value| json!({"input": [call, with(&output, &json!({"output": said}))]});
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
        (
            "reasoning without a seal",
            json!({"input": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"role": "assistant", "content": "x"}]}),
        ),
        ("function_call and its output", result(json!("x"))),
        (
            "an id of a call in odd letters",
            json!({"input": [
            {"type": "function_call", "call_id": "c:1|é", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c:1|é", "output": "x"}]}),
        ),
        (
            "input_image by id in an output",
            result(json!([{"type": "input_image", "file_id": "f"}])),
        ),
        (
            "input_file by data in an output",
            result(json!([{"type": "input_file", "file_data": PDF}])),
        ),
        (
            "input_image in a developer message",
            json!({"input": [{"role": "developer",
            "content": [{"type": "input_image", "image_url": PNG}]}]}),
        ),
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
        ("include: log probabilities", json!({"include": ["message.output_text.logprobs"]})),
        ("user of more than 64 characters", json!({"user": "u".repeat(65)})),
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
        beside("tool_choice: none", tools(json!({})), json!({"tool_choice": "none"})),
        beside(
            "tool_choice: allowed_tools, one of them hosted",
            json!({"tools": [tool, {"type": "web_search"}]}),
            json!({"tool_choice": {"type": "allowed_tools", "mode": "auto",
            "tools": [{"type": "function", "name": "f"}, {"type": "web_search"}]}}),
        ),
        beside(
            "text.format: `name`",
            json!({"text": {"format": {"type": "json_schema", "name": "n", "schema": schema()}}}),
            json!({"text": {"format": {"type": "json_schema", "name": "m", "schema": schema()}}}),
        ),
        beside(
            "text.format: `description`",
            json!({"text": {"format": {"type": "json_schema", "name": "n", "schema": schema()}}}),
            json!({"text": {"format": {"type": "json_schema", "name": "n", "schema": schema(), "description": "d"}}}),
        ),
        beside(
            "text.format: `strict`",
            json!({"text": {"format": {"type": "json_schema", "name": "n", "schema": schema()}}}),
            json!({"text": {"format": {"type": "json_schema", "name": "n", "schema": schema(), "strict": true}}}),
        ),
        Row {
            name: "function_call `arguments` that are no JSON",
            body: json!({"input": [with(&call, &json!({"arguments": "no"})), output]}),
            without: json!({"input": [call, output]}),
        },
        Row {
            name: "a field of tomorrow in a function_call",
            body: json!({"input": [with(&call, &json!({"tomorrow": 1})), output]}),
            without: json!({"input": [call, output]}),
        },
        Row {
            name: "a field of tomorrow in its output",
            body: json!({"input": [call, with(&output, &json!({"tomorrow": 1}))]}),
            without: json!({"input": [call, output]}),
        },
        beside(
            "a field of tomorrow in a tool",
            tools(json!({})),
            json!({"tools": [with(&tool, &json!({"tomorrow": 1}))]}),
        ),
        Row {
            name: "a field of tomorrow in a message",
            body: json!({"input": [{"role": "user", "content": "x", "tomorrow": 1}]}),
            without: json!({"input": [{"role": "user", "content": "x"}]}),
        },
        Row {
            name: "`prompt_cache_breakpoint` on input_text",
            body: user(json!({"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}})),
            without: user(json!({"type": "input_text", "text": "x"})),
        },
        Row {
            name: "a field of tomorrow on input_image",
            body: user(json!({"type": "input_image", "image_url": PNG, "tomorrow": 1})),
            without: user(json!({"type": "input_image", "image_url": PNG})),
        },
        Row {
            name: "a field of tomorrow on input_file",
            body: user(json!({"type": "input_file", "file_data": PDF, "tomorrow": 1})),
            without: user(json!({"type": "input_file", "file_data": PDF})),
        },
        beside(
            "a field of tomorrow in `reasoning`",
            json!({"reasoning": {"effort": "low"}}),
            json!({"reasoning": {"effort": "low", "tomorrow": 1}}),
        ),
        beside(
            "a field of tomorrow in `text`",
            json!({"text": {"format": {"type": "text"}}}),
            json!({"text": {"format": {"type": "text"}, "tomorrow": 1}}),
        ),
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
