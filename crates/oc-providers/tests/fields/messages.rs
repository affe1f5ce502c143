//! The fields of `POST /v1/messages`.

use serde_json::{Value, json};

use crate::{Row, beside, rows, schema, with};

/// The base, and the fields over it.
pub(crate) fn rows_of() -> (Value, Vec<Row>) {
    let tool = json!({"name": "f", "input_schema": schema()});
    let user = |block: Value| json!({"messages": [{"role": "user", "content": [block]}]});
    let tools = |more: Value| with(&json!({"tools": [tool]}), &more);
    let result = |block: Value| {
        json!({"messages": [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]},
            {"role": "user", "content": [block]}]})
    };
    let called = |more: Value| {
        let call = json!({"type": "tool_use", "id": "c", "name": "f", "input": {}});
        json!({"messages": [
            {"role": "assistant", "content": [with(&call, &more)]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "x"}]}]})
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
        ("image by id", user(json!({"type": "image", "source": {"type": "file", "file_id": "f"}}))),
        (
            "document by url",
            user(
                json!({"type": "document", "source": {"type": "url", "url": "https://a.example/a.pdf"}}),
            ),
        ),
        (
            "document by id",
            user(json!({"type": "document", "source": {"type": "file", "file_id": "f"}})),
        ),
        (
            "document of text",
            user(json!({"type": "document", "title": "t", "context": "c",
            "source": {"type": "text", "media_type": "text/plain", "data": "x"}})),
        ),
        (
            "search_result",
            user(json!({"type": "search_result", "source": "https://a.example", "title": "t",
            "content": [{"type": "text", "text": "x"}]})),
        ),
        (
            "tool_reference in a tool_result",
            result(json!({"type": "tool_result", "tool_use_id": "c", "content": [
            {"type": "tool_reference", "tool_name": "f"}]})),
        ),
        (
            "document in a tool_result",
            result(json!({"type": "tool_result", "tool_use_id": "c", "content": [
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}]})),
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
        ("metadata, another key", json!({"metadata": {"k": "v"}})),
        ("cache_control", json!({"cache_control": {"type": "ephemeral"}})),
        ("inference_geo", json!({"inference_geo": "us"})),
        ("speed", json!({"speed": "fast"})),
        (
            "redacted_thinking of another host",
            json!({"messages": [{"role": "assistant", "content": [
            {"type": "redacted_thinking", "data": "R"}, {"type": "text", "text": "x"}]}]}),
        ),
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
        beside("tool_choice: none", tools(json!({})), json!({"tool_choice": {"type": "none"}})),
        beside("tools: `strict`", tools(json!({})), json!({"tools": [with(&tool, &json!({"strict": true}))]})),
        beside("a field of tomorrow in a tool", tools(json!({})),
            json!({"tools": [with(&tool, &json!({"tomorrow": 1}))]})),
        beside("a field of tomorrow in `output_config`", json!({"output_config": {"effort": "low"}}),
            json!({"output_config": {"effort": "low", "tomorrow": 1}})),
        beside("thinking `display`", json!({"thinking": {"type": "adaptive"}}),
            json!({"thinking": {"type": "adaptive", "display": "summarized"}})),
        Row {
            name: "`cache_control` on an image",
            body: user(json!({"type": "image", "source": {"type": "url", "url": "https://a.example/a.png"},
                "cache_control": {"type": "ephemeral"}})),
            without: user(json!({"type": "image", "source": {"type": "url", "url": "https://a.example/a.png"}})),
        },
        Row {
            name: "`citations` of a document",
            body: user(json!({"type": "document", "source": {"type": "url", "url": "https://a.example/a.pdf"},
                "citations": {"enabled": true}})),
            without: user(json!({"type": "document", "source": {"type": "url", "url": "https://a.example/a.pdf"}})),
        },
        Row {
            name: "`cache_control` on tool_use",
            body: called(json!({"cache_control": {"type": "ephemeral"}})),
            without: called(json!({})),
        },
        Row {
            name: "`cache_control` on tool_result",
            body: result(json!({"type": "tool_result", "tool_use_id": "c", "content": "x",
                "cache_control": {"type": "ephemeral"}})),
            without: result(json!({"type": "tool_result", "tool_use_id": "c", "content": "x"})),
        },
        Row {
            name: "a field of tomorrow on text",
            body: text(json!({"tomorrow": 1})),
            without: text(json!({})),
        },
        Row {
            name: "a field of tomorrow on tool_result",
            body: result(json!({"type": "tool_result", "tool_use_id": "c", "content": "x", "tomorrow": 1})),
            without: result(json!({"type": "tool_result", "tool_use_id": "c", "content": "x"})),
        },
        Row {
            name: "a field of tomorrow in a message",
            body: json!({"messages": [{"role": "user", "content": "x", "tomorrow": 1}]}),
            without: json!({"messages": [{"role": "user", "content": "x"}]}),
        },
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
