//! What a Messages client may send: every refusal names its field, everything
//! else is read, and the body of a real agent's turn loses what is listed.

use std::sync::Arc;

use oc_providers::wire::anthropic_messages::decode_request;
use oc_providers::wire::openai_responses::BadRequest;
use oc_providers::wire::{Dialect, ErrorBody};
use oc_providers::{
    Api, Effort, Endpoint, Item, ModelFacts, Provider, Request, ScriptedTransport, TextFormat,
    Tool, ToolChoice,
};
use oc_responses_stream::{ItemStatus, Part, Role};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(body: Value) -> Request {
    decode_request(body.to_string().as_bytes()).expect("a valid body").request
}

fn refused(body: &str) -> BadRequest {
    decode_request(body.as_bytes()).expect_err(body)
}

/// One message of `content` in the place of all.
fn said(role: &str, content: Value) -> Vec<Item> {
    read(json!({"model": "m", "max_tokens": 9, "messages": [{"role": role, "content": content}]}))
        .input
}

/// The SDKs' tool runners ask the server to hold the conversation, and send
/// `messages` without the earlier turns from then on, unless told in these words.
#[test]
fn a_thread_was_ignored_and_its_earlier_turns_were_lost() {
    for thread in
        [json!({"type": "create"}), json!({"type": "continue", "previous_message_id": "msg_1"})]
    {
        let body = json!({"model": "m", "max_tokens": 9, "thread": thread,
            "messages": [{"role": "user", "content": "hi"}]});
        let bad = refused(&body.to_string());
        assert_eq!(bad.param.as_deref(), Some("thread"));
        let told = Dialect::Messages.error_body(&ErrorBody::from(&bad));
        assert_eq!(told["error"]["type"], "invalid_request_error");
        assert_eq!(
            told["error"]["details"],
            json!({"error_code": "thread_unsupported_request", "unsupported": ["thread"]})
        );
    }
    let without = json!({"model": "m", "max_tokens": 9, "thread": null,
        "messages": [{"role": "user", "content": "hi"}]});
    assert!(decode_request(without.to_string().as_bytes()).is_ok());
}

#[test]
fn refusals_name_the_field() {
    for (body, param) in [
        ("{", None),
        ("[]", None),
        (r#"{"messages":[]}"#, Some("model")),
        (r#"{"model":"m"}"#, Some("messages")),
        (r#"{"model":"m","messages":[]}"#, Some("messages")),
        (r#"{"model":"m","messages":{}}"#, Some("messages")),
        (r#"{"model":"m","messages":[7]}"#, Some("messages[0]")),
        (r#"{"model":"m","messages":[{"content":"x"}]}"#, Some("messages[0].role")),
        (r#"{"model":"m","messages":[{"role":"tool","content":"x"}]}"#, Some("messages[0].role")),
        (r#"{"model":"m","messages":[{"role":"user"}]}"#, Some("messages[0].content")),
        (r#"{"model":"m","messages":[{"role":"user","content":7}]}"#, Some("messages[0].content")),
        (
            r#"{"model":"m","messages":[{"role":"user","content":["x"]}]}"#,
            Some("messages[0].content[0]"),
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"text":"x"}]}]}"#,
            Some("messages[0].content[0].type"),
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]}"#,
            Some("messages[0].content[0].text"),
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image"}]}]}"#,
            Some("messages[0].content[0].source"),
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","data":"x"}}]}]}"#,
            Some("messages[0].content[0].source.media_type"),
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image","source":{"type":"tape"}}]}]}"#,
            Some("messages[0].content[0].source.type"),
        ),
        (
            r#"{"model":"m","messages":[{"role":"assistant","content":[{"type":"tool_use","name":"f"}]}]}"#,
            Some("messages[0].content[0].id"),
        ),
        (
            r#"{"model":"m","messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t"}]}]}"#,
            Some("messages[0].content[0].name"),
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"tool_result"}]}]}"#,
            Some("messages[0].content[0].tool_use_id"),
        ),
        (r#"{"model":"m","system":7,"messages":[{"role":"user","content":"x"}]}"#, Some("system")),
        (
            r#"{"model":"m","max_tokens":0,"messages":[{"role":"user","content":"x"}]}"#,
            Some("max_tokens"),
        ),
        (
            r#"{"model":"m","tools":[{"input_schema":{}}],"messages":[{"role":"user","content":"x"}]}"#,
            Some("tools[0].name"),
        ),
        (
            r#"{"model":"m","tool_choice":{"type":"tool"},"messages":[{"role":"user","content":"x"}]}"#,
            Some("tool_choice.name"),
        ),
        (
            r#"{"model":"m","stop_sequences":"x","messages":[{"role":"user","content":"x"}]}"#,
            Some("stop_sequences"),
        ),
        (
            r#"{"model":"m","output_config":{"format":{"type":"json_schema"}},"messages":[{"role":"user","content":"x"}]}"#,
            Some("output_config.format.schema"),
        ),
    ] {
        let fault = refused(body);
        assert_eq!(fault.param.as_deref(), param, "{body}");
        let told = Dialect::Messages.error_body(&ErrorBody::from(&fault));
        assert_eq!(told["type"], "error", "{told}");
        assert_eq!(told["error"]["type"], "invalid_request_error", "{told}");
        let words = told["error"]["message"].as_str().expect("a message");
        assert!(words.contains(param.unwrap_or("body")), "{words}");
    }
}

#[test]
fn a_fault_in_json_quotes_nothing() {
    let fault = refused(r#"{"model":"m","messages":"my secret plan"#);
    assert!(!fault.to_string().contains("secret"), "{fault}");
    assert_eq!(refused(&"[".repeat(200_000)).code, Some("invalid_json"));
}

#[test]
fn blocks_become_items_in_their_order() {
    let items = said(
        "assistant",
        json!([
            {"type": "thinking", "thinking": "hm", "signature": "oc-unsigned"},
            {"type": "text", "text": "Let me see.", "citations": []},
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
            {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": [1, 2]}},
            {"type": "tool_use", "id": "t2", "name": "wait", "input": {}},
        ]),
    );
    let [
        Item::Reasoning(thought),
        Item::Message(said),
        Item::Other(hosted),
        Item::FunctionCall(look),
        Item::FunctionCall(wait),
    ] = items.as_slice()
    else {
        panic!("{items:?}");
    };
    assert_eq!(
        (thought.content.as_slice(), &thought.encrypted_content),
        (&["hm".into()][..], &None)
    );
    assert_eq!(
        (said.role, said.content.as_slice()),
        (Role::Assistant, &[Part::text("Let me see.")][..])
    );
    assert_eq!(hosted.item_type(), "server_tool_use");
    assert_eq!((look.call_id.as_str(), look.arguments.as_str()), ("t1", r#"{"at":[1,2]}"#));
    assert_eq!((wait.name.as_str(), wait.arguments.as_str()), ("wait", "{}"));
}

#[test]
fn results_come_before_what_is_said_beside_them() {
    let items = said(
        "user",
        json!([
            {"type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": [
                {"type": "text", "text": "broken"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]},
            {"type": "tool_result", "tool_use_id": "t2"},
            {"type": "tool_result", "tool_use_id": "t3", "is_error": true},
            {"type": "text", "text": "go on"},
        ]),
    );
    let [
        Item::FunctionCallOutput(first),
        Item::FunctionCallOutput(second),
        Item::FunctionCallOutput(third),
        Item::Message(said),
    ] = items.as_slice()
    else {
        panic!("{items:?}");
    };
    assert_eq!(first.status, Some(ItemStatus::Incomplete));
    let [Part::Text(_), Part::Image(picture)] = first.output.as_slice() else {
        panic!("{first:?}");
    };
    assert_eq!(picture.image_url.as_deref(), Some("data:image/png;base64,AAAA"));
    assert!(second.output.is_empty() && second.status.is_none());
    assert_eq!(third.output.len(), 1, "a failure says that it is one");
    assert_eq!(said.role, Role::User);
}

#[test]
fn documents_are_files_and_those_of_text_are_kept_whole() {
    let items = said(
        "user",
        json!([
            {"type": "document", "title": "a.pdf",
             "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}},
            {"type": "document", "source": {"type": "url", "url": "https://example.com/b.pdf"}},
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
            {"type": "document", "title": "Notes", "source": {"type": "text", "media_type": "text/plain", "data": "one"}},
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "two"}]}},
            {"type": "document", "source": {"type": "tape"}},
            {"type": "container_upload", "file_id": "file_2"},
        ]),
    );
    let [Item::Message(message)] = items.as_slice() else { panic!("{items:?}") };
    let [
        Part::File(bytes),
        Part::File(url),
        Part::File(id),
        Part::Other(_),
        Part::Other(_),
        Part::Other(_),
        Part::Other(_),
    ] = message.content.as_slice()
    else {
        panic!("{message:?}");
    };
    assert_eq!(bytes.file_data.as_deref(), Some("data:application/pdf;base64,AAAA"));
    assert_eq!(bytes.filename.as_deref(), Some("a.pdf"));
    assert_eq!(url.file_url.as_deref(), Some("https://example.com/b.pdf"));
    assert_eq!(id.file_id.as_deref(), Some("file_1"));
}

#[test]
fn settings_have_their_canonical_form() {
    let request = read(json!({
        "model": "m", "max_tokens": 77, "temperature": 0.5, "top_p": 0.9, "top_k": 3,
        "stop_sequences": ["END"], "metadata": {"user_id": "u", "team": "t"},
        "system": [{"type": "text", "text": "One."}],
        "tools": [
            {"name": "f", "description": "d", "input_schema": {"type": "object"}, "strict": true, "defer_loading": true},
            {"type": "custom", "name": "g", "input_schema": {}},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
        "messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "Two."}],
    }));
    assert_eq!(request.wire, Some(Api::AnthropicMessages));
    assert_eq!(request.max_output_tokens, Some(77));
    assert_eq!((request.temperature, request.top_p), (Some(0.5), Some(0.9)));
    assert_eq!(request.stop, ["END"]);
    assert_eq!(request.user.as_deref(), Some("u"));
    assert_eq!(request.metadata.get("team"), Some(&json!("t")));
    assert_eq!(request.extra.get("top_k"), Some(&json!(3)));
    assert_eq!(request.tool_choice, Some(ToolChoice::Required));
    assert_eq!(request.parallel_tool_calls, Some(false));
    let [Tool::Function(f), Tool::Function(g), Tool::Other(hosted)] = request.tools.as_slice()
    else {
        panic!("{:?}", request.tools);
    };
    assert_eq!((f.strict, f.extra.get("defer_loading")), (Some(true), Some(&json!(true))));
    assert_eq!((g.name.as_str(), &g.parameters), ("g", &None));
    assert_eq!(hosted.get("max_uses"), Some(&json!(3)));
    assert!(
        matches!(&request.format, Some(TextFormat::JsonSchema(schema)) if schema.strict == Some(true))
    );
    let roles: Vec<Role> = request
        .input
        .iter()
        .filter_map(
            |item| if let Item::Message(message) = item { Some(message.role) } else { None },
        )
        .collect();
    assert_eq!(roles, [Role::System, Role::User, Role::System]);
}

#[test]
fn thinking_is_an_effort() {
    for (fields, wanted) in [
        (json!({}), None),
        (json!({"thinking": {"type": "disabled"}}), Some(Some(Effort::None))),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 1024}}),
            Some(Some(Effort::Minimal)),
        ),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 2048}}), Some(Some(Effort::Low))),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 10_000}}),
            Some(Some(Effort::Medium)),
        ),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 16_384}}),
            Some(Some(Effort::High)),
        ),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 64_000}}),
            Some(Some(Effort::XHigh)),
        ),
        (json!({"thinking": {"type": "adaptive"}}), Some(None)),
        (json!({"thinking": {"type": "tomorrow"}}), Some(None)),
        (
            json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}),
            Some(Some(Effort::Max)),
        ),
        (json!({"output_config": {"effort": "low"}}), Some(Some(Effort::Low))),
    ] {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
        let all = body.as_object_mut().expect("object");
        all.extend(fields.as_object().expect("object").clone());
        let got = read(body).reasoning.map(|reasoning| reasoning.effort);
        assert_eq!(got, wanted, "{fields}");
    }
}

/// After a recorded turn of a coding agent (its prompt is not quoted): beta
/// fields, cache marks, a `system` message in mid-conversation, a deferred
/// tool, a server's own tool.
fn agents_turn() -> Value {
    let tool = |name: &str| json!({"name": name, "description": "…", "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}}});
    let mut deferred = tool("Placeholder");
    deferred["defer_loading"] = json!(true);
    let mark = json!({"type": "ephemeral"});
    json!({
        "model": "thinker",
        "max_tokens": 32_000,
        "stream": true,
        "system": [
            {"type": "text", "text": "x-billing: entrypoint=cli;"},
            {"type": "text", "text": "You are an agent.", "cache_control": mark},
        ],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "<reminder>…</reminder>"},
                {"type": "text", "text": "Run it, please."}]},
            {"role": "system", "content": "# Environment\n…"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "", "signature": "EqMB"},
                {"type": "tool_use", "id": "49eL", "name": "Bash", "input": {"command": "echo hi"}}]},
            {"role": "user", "content": [
                {"tool_use_id": "49eL", "type": "tool_result", "content": "hi", "is_error": false,
                 "cache_control": mark}]},
        ],
        "tools": [tool("Bash"), deferred, {"type": "web_search_20250305", "name": "web_search"}],
        "metadata": {"user_id": format!("{{\"device_id\":\"{}\"}}", "a".repeat(100))},
        "thinking": {"type": "adaptive", "display": "omitted"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "high"},
    })
}

#[test]
fn an_agents_turn_goes_to_every_host() {
    let request = read(agents_turn());
    let mut told = String::new();
    for (host, api, base) in [
        ("local, responses", Api::OpenaiResponses, "http://127.0.0.1:1234/v1"),
        ("openai, responses", Api::OpenaiResponses, "https://api.openai.com/v1"),
        ("local, chat", Api::OpenaiCompletions, "http://127.0.0.1:8000/v1"),
        ("local, messages", Api::AnthropicMessages, "http://127.0.0.1:8080"),
        ("anthropic, messages", Api::AnthropicMessages, "https://api.anthropic.com"),
    ] {
        let facts = ModelFacts::new().with_max_output_tokens(8192).with_reasoning(true);
        let endpoint = Endpoint::new("p", api, base).expect("url").model("thinker", facts);
        let provider = Provider::new(endpoint, Arc::new(ScriptedTransport::default()));
        let encoded = provider.expect("provider").encode(&request).expect("encodes");
        told += &format!("── {host}\n{}\n", encoded.body);
        for loss in &encoded.losses {
            told += &format!("lost: {loss}\n");
        }
    }
    insta::assert_snapshot!(told);
}

fn any_block() -> impl Strategy<Value = Value> {
    let word = prop_oneof![Just(""), Just("a"), Just(" "), Just("ü\n"), Just("oc-unsigned")];
    let id = prop_oneof![Just("t1"), Just("t2"), Just("t.3")];
    let odd = prop_oneof![
        Just(json!(null)),
        Just(json!(7)),
        Just(json!([])),
        Just(json!({"type": "tomorrow"})),
        Just(
            json!({"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}})
        ),
    ];
    prop_oneof![
        4 => word.clone().prop_map(|text| json!({"type": "text", "text": text})),
        2 => (word.clone(), word.clone()).prop_map(|(text, seal)| {
            json!({"type": "thinking", "thinking": text, "signature": seal})
        }),
        1 => word.clone().prop_map(|data| json!({"type": "redacted_thinking", "data": data})),
        3 => id.clone().prop_map(|id| json!({"type": "tool_use", "id": id, "name": "f", "input": {}})),
        3 => (id, word).prop_map(|(id, text)| {
            json!({"type": "tool_result", "tool_use_id": id, "content": text, "is_error": true})
        }),
        1 => odd,
    ]
}

proptest! {
    #[test]
    fn any_turns_become_requests_that_each_wire_allows(
        turns in prop::collection::vec(
            (prop_oneof![Just("user"), Just("assistant"), Just("system")], prop::collection::vec(any_block(), 0..5)),
            1..8,
        ),
    ) {
        let messages: Vec<Value> =
            turns.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
        let body = json!({"model": "m", "messages": messages}).to_string();
        // Blocks that are none are refused, by their place.
        let asked = match decode_request(body.as_bytes()) {
            Ok(asked) => asked,
            Err(fault) => {
                prop_assert!(fault.param.is_some_and(|param| param.starts_with("messages[")));
                return Ok(());
            }
        };
        for dialect in Dialect::ALL {
            let endpoint = Endpoint::new("p", dialect.api(), "http://127.0.0.1:1/v1").expect("url");
            let provider = Provider::new(endpoint, Arc::new(ScriptedTransport::default()));
            let Ok(encoded) = provider.expect("provider").encode(&asked.request) else { continue };
            let text = encoded.body.to_string();
            prop_assert!(!text.contains("oc-seal"), "an envelope left: {text}");
            // A host that has nothing to answer is asked nothing.
            let empty = encoded.body["input"].as_array().is_some_and(Vec::is_empty);
            prop_assert!(empty || dialect.decode_request(text.as_bytes()).is_ok(), "{dialect:?}: {text}");
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        for dialect in Dialect::ALL {
            let _ = dialect.decode_request(&bytes);
            let _ = dialect.decode_request(text.as_bytes());
            let _ = dialect.decode_request(json!({"model": text, "messages": text}).to_string().as_bytes());
        }
    }
}
