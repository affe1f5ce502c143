//! A refusal names the place that the client sent, in the client's own words.

use std::sync::Arc;

use oc_providers::wire::Dialect;
use oc_providers::{Api, Endpoint, Provider, ProviderErrorKind, ScriptedTransport};
use serde_json::{Value, json};

const RESPONSES: (Api, &str) = (Api::OpenaiResponses, "http://127.0.0.1:1234/v1");
const CHAT: (Api, &str) = (Api::OpenaiCompletions, "http://127.0.0.1:8080/v1");
const OPENAI: (Api, &str) = (Api::OpenaiCompletions, "https://api.openai.com/v1");
const MESSAGES: (Api, &str) = (Api::AnthropicMessages, "http://127.0.0.1:8080");

fn refusal(dialect: Dialect, host: (Api, &str), conversation: &Value) -> String {
    let list = if dialect == Dialect::Responses { "input" } else { "messages" };
    let mut body = json!({"model": "m", list: conversation});
    // Standing orders as blocks are items, too.
    if dialect == Dialect::Messages {
        body["system"] = json!([{"type": "text", "text": "Be brief."}]);
    }
    let asked = dialect.decode_request(body.to_string().as_bytes()).expect("valid").request;
    let endpoint = Endpoint::new("p", host.0, host.1).expect("url");
    let provider = Provider::new(endpoint, Arc::new(ScriptedTransport::default())).expect("ok");
    let fault = provider.encode(&asked).expect_err("refused");
    assert_eq!(fault.kind(), ProviderErrorKind::Unsupported);
    fault.to_string()
}

/// It was "request holds nothing" where nothing but the part had been said.
#[test]
fn a_part_that_stands_alone_is_named_too() {
    let pdf = json!([{"role": "user", "content": [
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}}]}]);
    let audio = json!([{"role": "user", "content": [
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]}]);
    for (host, said) in [(CHAT, &pdf), (MESSAGES, &audio)] {
        let told = refusal(Dialect::Chat, host, said);
        assert!(told.contains("`messages[0].content[0]`"), "{told}");
    }
}

#[test]
fn a_refusal_names_the_place_that_the_client_sent() {
    let text = json!({"type": "text", "text": "t"});
    let thought = json!({"role": "assistant", "content": "<think>hm</think>Well."});
    // Each says what it has: an item, a part.
    let responses = |part: Value| {
        json!([
            {"role": "user", "content": "hi"}, thought,
            {"role": "user", "content": [{"type": "input_text", "text": "t"}, part]}])
    };
    let responses_result = |part: Value| {
        json!([
            {"role": "user", "content": "hi"}, thought,
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": [part]}])
    };
    let custom_result = |part: Value| {
        json!([
            {"role": "user", "content": "hi"},
            {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "x"},
            {"type": "custom_tool_call_output", "call_id": "c", "output": [part]}])
    };
    let calls =
        json!([{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let chat = |part: Value| {
        json!([
            {"role": "system", "content": "s"}, {"role": "user", "content": "hi"},
            {"role": "assistant", "reasoning_content": "hm", "content": "Well.", "tool_calls": calls},
            {"role": "tool", "tool_call_id": "c", "content": "x"},
            {"role": "user", "content": [text, part]}])
    };
    let messages = |block: Value| {
        json!([
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, text,
                {"type": "tool_use", "id": "c", "name": "f", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c", "content": [text]},
                {"type": "document", "context": "CONTEXT", "source": {"type": "url", "url": "https://a.example/a.pdf"}},
                text, block]}])
    };
    let messages_result = |block: Value| {
        json!([
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": [text, block]}]}])
    };
    let picture = json!({"type": "input_image", "file_id": "f"});
    let file_picture = json!({"type": "image", "source": {"type": "file", "file_id": "f"}});
    let video = json!({"type": "video_url", "video_url": {"url": "https://a.example/a.mp4"}});
    for (dialect, host, conversation, place) in [
        (
            Dialect::Responses,
            RESPONSES,
            responses(picture.clone()),
            "`input[2].content[1]` of type `input_image`",
        ),
        (
            Dialect::Responses,
            MESSAGES,
            responses(video.clone()),
            "`input[2].content[1]` of type `video_url`",
        ),
        // By id, what a tool returned was dropped in silence.
        (
            Dialect::Responses,
            RESPONSES,
            responses_result(picture.clone()),
            "`input[3].output[0]` of type `input_image`",
        ),
        (
            Dialect::Responses,
            CHAT,
            responses_result(picture.clone()),
            "`input[3].output[0]` of type `input_image`",
        ),
        (
            Dialect::Responses,
            MESSAGES,
            responses_result(picture.clone()),
            "`input[3].output[0]` of type `input_image`",
        ),
        (
            Dialect::Responses,
            RESPONSES,
            responses_result(json!({"type": "input_file", "file_id": "f"})),
            "`input[3].output[0]` of type `input_file`",
        ),
        (
            Dialect::Responses,
            RESPONSES,
            custom_result(picture.clone()),
            "`input[2].output[0]` of type `input_image`",
        ),
        (
            Dialect::Responses,
            OPENAI,
            custom_result(picture.clone()),
            "`input[2]` of type `input_image`",
        ),
        (
            Dialect::Responses,
            CHAT,
            json!([{"role": "user", "content": "hi"}, {"type": "compaction", "encrypted_content": "x"}]),
            "`input[1]` of type `compaction`",
        ),
        // No wire has a place for it but the client's own.
        (
            Dialect::Responses,
            RESPONSES,
            json!([{"role": "system", "content": [picture]}, {"role": "user", "content": "hi"}]),
            "`input[0].content[0]` of type `input_image`",
        ),
        (
            Dialect::Responses,
            CHAT,
            json!([{"role": "developer", "content": [{"type": "input_image", "image_url": "https://a.example/a.png"}]}, {"role": "user", "content": "hi"}]),
            "`input[0].content[0]` of type `input_image`",
        ),
        (
            Dialect::Chat,
            RESPONSES,
            chat(video.clone()),
            "`messages[4].content[1]` of type `video_url`",
        ),
        (
            Dialect::Chat,
            CHAT,
            chat(json!({"type": "file", "file": {"file_id": "f"}})),
            "`messages[4].content[1]` of type `file`",
        ),
        (
            Dialect::Chat,
            MESSAGES,
            chat(json!({"type": "image_url", "image_url": {"url": "data:,x"}})),
            "`messages[4].content[1]` of type `image_url`",
        ),
        (
            Dialect::Messages,
            RESPONSES,
            messages(file_picture.clone()),
            "`messages[2].content[3]` of type `image`",
        ),
        (
            Dialect::Messages,
            CHAT,
            messages(text.clone()),
            "`messages[2].content[1]` of type `document`",
        ),
        (
            Dialect::Messages,
            RESPONSES,
            messages_result(file_picture),
            "`messages[2].content[0].content[1]` of type `image`",
        ),
        (
            Dialect::Messages,
            CHAT,
            messages_result(video),
            "`messages[2].content[0].content[1]` of type `video_url`",
        ),
    ] {
        let refusal = refusal(dialect, host, &conversation);
        assert_eq!(refusal, format!("host cannot be given {place}"), "{dialect:?} {host:?}");
    }
}
