//! What holds for every input: encoders keep their wire's rules, readers end
//! exactly once, renderers lose nothing.

mod support;

use std::collections::HashSet;
use std::sync::Arc;

use oc_providers::wire::openai_responses::{Renderer, decode_request};
use oc_providers::{
    Api, Delta, Endpoint, Item, ModelFacts, Provider, Request, Script, ScriptedTransport,
};
use oc_responses_stream::{
    CallId, Collector, FunctionCall, FunctionCallOutput, MachineOptions, Message, Part, Reasoning,
    ReasoningStyle, ResponseId, ResponseParser, Role,
};
use proptest::prelude::*;
use serde_json::Value;
use support::{fixtures, provider, recordings, run, script};

fn item() -> impl Strategy<Value = Item> {
    let role = prop_oneof![
        Just(Role::User),
        Just(Role::Assistant),
        Just(Role::System),
        Just(Role::Developer)
    ];
    let text = prop_oneof![Just(String::new()), Just("  ".to_owned()), "[a-zé ]{1,6}"];
    // Few ids, of which several become the same on the wire.
    let id = prop_oneof![
        Just(""),
        Just("call_1"),
        Just("call|1"),
        Just("call:1"),
        Just("x"),
        Just("ünï")
    ]
    .prop_map(CallId::from);
    let arguments =
        prop_oneof![Just("{}"), Just(""), Just("{\"a\":[1]}"), Just("[]"), Just("{\"a")];
    prop_oneof![
        3 => (role, prop::collection::vec(text.clone(), 0..3)).prop_map(|(role, texts)| {
            Item::Message(Message::new(role, texts.into_iter().map(Part::text).collect()))
        }),
        2 => (id.clone(), arguments).prop_map(|(id, arguments)| {
            Item::FunctionCall(FunctionCall::new(id, "f", arguments))
        }),
        2 => (id, text.clone()).prop_map(|(id, text)| {
            Item::FunctionCallOutput(FunctionCallOutput::new(id, vec![Part::text(text)]))
        }),
        1 => text.prop_map(|text| {
            let mut reasoning = Reasoning::default();
            reasoning.summary = vec![text];
            Item::Reasoning(reasoning)
        }),
    ]
}

fn messages_of(items: Vec<Item>) -> Option<Vec<Value>> {
    let endpoint = Endpoint::new("p", Api::AnthropicMessages, "https://api.anthropic.com")
        .expect("url")
        .model("m", ModelFacts::new());
    let provider =
        Provider::new(endpoint, Arc::new(ScriptedTransport::default())).expect("provider");
    let encoded = provider.encode(&Request::new("m", items)).ok()?;
    Some(encoded.body["messages"].as_array().expect("messages").clone())
}

fn blocks(message: &Value) -> Vec<&Value> {
    message["content"].as_array().map(|list| list.iter().collect()).unwrap_or_default()
}

fn ids<'a>(message: &'a Value, kind: &str, key: &str) -> Vec<&'a str> {
    blocks(message)
        .into_iter()
        .filter(|block| block["type"] == kind)
        .map(|block| block[key].as_str().expect("id"))
        .collect()
}

/// The rules that Anthropic answers with 400 when they are broken.
fn assert_messages_rules(messages: &[Value]) {
    assert_eq!(messages.first().map(|first| &first["role"]), Some(&Value::from("user")));
    let mut seen = HashSet::new();
    for (at, message) in messages.iter().enumerate() {
        let wanted = if at % 2 == 0 { "user" } else { "assistant" };
        assert_eq!(message["role"], wanted, "turns alternate");
        for block in blocks(message) {
            if block["type"] == "text" {
                assert!(!block["text"].as_str().expect("text").trim().is_empty(), "blank text");
            }
        }
        let calls = ids(message, "tool_use", "id");
        for id in &calls {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            assert!((1..=64).contains(&id.len()) && id.chars().all(legal), "{id}");
            assert!(seen.insert((*id).to_owned()), "{id} twice");
        }
        let next = messages.get(at + 1).cloned().unwrap_or_default();
        assert_eq!(ids(&next, "tool_result", "tool_use_id"), calls, "each call is answered");
        let results_first =
            blocks(&next).iter().take(calls.len()).all(|block| block["type"] == "tool_result");
        assert!(results_first, "results stand first");
    }
    let orphans =
        messages.first().map_or(0, |first| ids(first, "tool_result", "tool_use_id").len());
    assert_eq!(orphans, 0, "no result before any call");
}

proptest! {
    #[test]
    fn any_conversation_keeps_the_messages_rules(items in prop::collection::vec(item(), 1..12)) {
        if let Some(messages) = messages_of(items) {
            assert_messages_rules(&messages);
        }
    }

    #[test]
    fn no_body_of_a_client_panics(body in ".{0,80}") {
        let _ = decode_request(body.as_bytes());
        let _ = decode_request(format!(r#"{{"model":"m","input":{body}}}"#).as_bytes());
    }

    /// A damaged stream ends exactly once, with a finish or one error.
    #[test]
    fn a_damaged_stream_ends_once(
        at in 0_usize..4_000,
        bytes in prop::collection::vec(any::<u8>(), 0..6),
        drop in 0_usize..40,
    ) {
        let name = "llama-server/messages-think-tool-stream.sse";
        let mut body = std::fs::read(fixtures().join(name)).expect(name);
        let at = at.min(body.len());
        let end = (at + drop).min(body.len());
        body.splice(at..end, bytes);
        let outcome = futures::executor::block_on(run(
            &provider(Api::AnthropicMessages, [Script::sse(body)]),
            Request::text("puppet", "hi"),
        ));
        prop_assert!(outcome.answer.finish.is_some() != outcome.error.is_some());
    }
}

/// Every recording, told to a Responses client and read back: nothing is lost
/// and nothing changes sides.
#[tokio::test]
async fn what_is_rendered_reads_the_same() {
    for (server, api, part) in [
        ("llama-server", Api::AnthropicMessages, "messages"),
        ("vllm", Api::AnthropicMessages, "messages"),
        ("llama-server", Api::OpenaiResponses, "responses"),
        ("litellm", Api::OpenaiResponses, "responses"),
    ] {
        for (name, body) in recordings(server, part) {
            let outcome =
                run(&provider(api, [script(&name, body)]), Request::text("m", "hi")).await;
            if outcome.error.is_some() {
                continue;
            }
            let read = read_back(&outcome.deltas);
            let said = &outcome.answer;
            assert_eq!(read.final_text(), said.final_text(), "{name}");
            assert_eq!(read.reasoning_text(), said.reasoning_text(), "{name}");
            let calls = |answer: &oc_responses_stream::Answer| -> Vec<(String, String)> {
                answer.tool_calls().map(|c| (c.name.clone(), c.arguments.clone())).collect()
            };
            assert_eq!(calls(&read), calls(said), "{name}");
            assert_eq!(read.usage.map(|u| u.total_tokens), said.usage.map(|u| u.total_tokens));
        }
    }
}

fn read_back(deltas: &[Delta]) -> oc_responses_stream::Answer {
    let options =
        MachineOptions::new(ResponseId::from("resp_1"), "m", 0).reasoning(ReasoningStyle::Raw);
    let mut renderer = Renderer::new(options);
    let mut parser = ResponseParser::new();
    for delta in deltas {
        renderer.push(delta);
        while let Some(bytes) = renderer.next_bytes() {
            assert!(bytes.ends_with(b"\n\n"), "one whole event in one write");
            parser.feed(bytes);
        }
    }
    parser.feed(Renderer::end_mark());
    parser.finish();
    let mut collector = Collector::new();
    while let Some(delta) = parser.next_event() {
        collector.push(&delta.expect("our own stream is whole"));
    }
    let document = renderer.document();
    assert!(matches!(document["status"].as_str(), Some("completed" | "incomplete")));
    collector.finish()
}
