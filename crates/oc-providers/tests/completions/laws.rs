//! What holds for every input.

use std::sync::Arc;

use oc_providers::wire::openai_completions::{RenderOptions, Renderer, decode_request};
use oc_providers::{Api, Endpoint, Provider, Request, ScriptedTransport};
use oc_responses_stream::{
    Answer, Collector, Delta, FunctionCall, FunctionCallOutput, Item, ItemStatus, Message, Part,
    Reasoning, Role, SplitDeltas,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::reading::{deltas, digest};
use crate::support::recordings;

/// Reasoning, text outside ASCII, a call: one stream with all of it.
const STREAM: &str = concat!(
    ": hello\r\n\r\n",
    "data: {\"id\":\"x\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Größe\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"你好 \\ud83d\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"\\ude00\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\"\"}}]}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n",
    "data: [DONE]\n\n",
);

fn collected(deltas: &[Delta]) -> Answer {
    let mut collector = Collector::new();
    deltas.iter().for_each(|delta| collector.push(delta));
    collector.finish()
}

fn whole_calls(answer: &Answer) -> Vec<(&str, &str)> {
    let whole = |call: &&FunctionCall| call.status == Some(ItemStatus::Completed);
    let calls = answer.tool_calls().filter(whole);
    calls.map(|call| (call.name.as_str(), call.arguments.as_str())).collect()
}

#[test]
fn a_stream_means_the_same_however_it_is_cut_into_chunks() {
    let bytes = STREAM.as_bytes();
    let whole = deltas(&[bytes]);
    assert!(whole.1.is_none());
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(deltas(&[head, tail]), whole, "cut at {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(deltas(&single), whole);
}

#[test]
fn a_stream_that_breaks_off_is_a_prefix_and_a_cut_or_whole() {
    let bytes = STREAM.as_bytes();
    let whole = collected(&deltas(&[bytes]).0);
    let finished_at = STREAM.find("finish_reason").expect("finish");
    for at in 0..bytes.len() {
        let (heard, error) = deltas(&[bytes.split_at(at).0]);
        let answer = collected(&heard);
        assert!(whole.final_text().starts_with(&answer.final_text()), "{at}");
        assert!(whole.reasoning_text().starts_with(&answer.reasoning_text()), "{at}");
        let ended = answer.finish.is_some();
        assert_ne!(ended, error.is_some(), "exactly one ending at {at}");
        if let Some(error) = error {
            assert!(error.is_cut(), "{at}: {error}");
        }
        assert!(!ended || at > finished_at, "an end invented at {at}");
    }
}

#[test]
fn what_is_rendered_reads_as_what_went_in() {
    for server in ["llama-server", "vllm", "litellm", "transformers-serve"] {
        for (name, body) in recordings(&format!("openai_completions/{server}"), "stream") {
            if !name.ends_with(".sse") {
                continue;
            }
            let mut split = SplitDeltas::new();
            let (raw, error) = deltas(&[&body]);
            let mut heard = Vec::new();
            for delta in raw {
                split.push(delta);
                heard.extend(std::iter::from_fn(|| split.next()));
            }
            let before = collected(&heard);
            if error.is_some() || before.error.is_some() {
                continue;
            }
            let mut renderer =
                Renderer::new(RenderOptions::new("chatcmpl-1", "m", 1).include_usage(true));
            heard.iter().for_each(|delta| renderer.push(delta));
            let mut stream: Vec<u8> =
                std::iter::from_fn(|| renderer.next_bytes()).flatten().collect();
            stream.extend_from_slice(Renderer::end_mark());
            let document = renderer.document().to_string();
            for (how, bytes) in [("stream", stream), ("document", document.into_bytes())] {
                let (heard, error) = deltas(&[&bytes]);
                assert!(error.is_none(), "{name} as {how}");
                let after = collected(&heard);
                assert_eq!(after.final_text(), before.final_text(), "{name} as {how}");
                assert_eq!(after.reasoning_text(), before.reasoning_text(), "{name} as {how}");
                assert_eq!(after.usage, before.usage, "{name} as {how}");
                // A call that the limit cut is not told as one.
                assert_eq!(whole_calls(&after), whole_calls(&before), "{name} as {how}");
            }
        }
    }
}

fn item() -> impl Strategy<Value = Item> {
    let role = prop_oneof![
        Just(Role::User),
        Just(Role::Assistant),
        Just(Role::System),
        Just(Role::Developer)
    ];
    let text = prop_oneof![Just(String::new()), Just("  ".to_owned()), "[a-zé ]{1,6}"];
    let id = prop_oneof![Just("a"), Just("b"), Just(""), Just("a_2")];
    prop_oneof![
        3 => (role, prop::collection::vec(text.clone(), 0..3)).prop_map(|(role, texts)| {
            Item::Message(Message::new(role, texts.into_iter().map(Part::text).collect()))
        }),
        2 => (id.clone(), prop_oneof![Just("{}"), Just(""), Just("{\"a")]).prop_map(
            |(id, arguments)| Item::FunctionCall(FunctionCall::new(id, "f", arguments))
        ),
        2 => (id, text.clone()).prop_map(|(id, text)| {
            Item::FunctionCallOutput(FunctionCallOutput::new(id, vec![Part::text(text)]))
        }),
        1 => text.prop_map(|text| {
            let mut reasoning = Reasoning::default();
            reasoning.content = vec![text];
            Item::Reasoning(reasoning)
        }),
    ]
}

/// Fragments of what servers send, to be put together in any way.
fn fragment() -> impl Strategy<Value = Value> {
    let call = (
        prop::option::of(0..3_u8),
        prop::option::of(prop_oneof![Just("a"), Just("b"), Just("")]),
        prop::option::of(prop_oneof![Just("f"), Just("g"), Just("")]),
        prop::option::of(prop_oneof![
            Just(json!("{")),
            Just(json!("\"x\":1}")),
            Just(json!("{}")),
            Just(json!({"x": 1})),
            Just(json!(null)),
        ]),
    )
        .prop_map(|(index, id, name, arguments)| {
            let mut call = json!({"function": {}});
            if let Some(index) = index {
                call["index"] = json!(index);
            }
            if let Some(id) = id {
                call["id"] = json!(id);
            }
            if let Some(name) = name {
                call["function"]["name"] = json!(name);
            }
            if let Some(arguments) = arguments {
                call["function"]["arguments"] = arguments;
            }
            json!({"choices": [{"delta": {"tool_calls": [call]}}]})
        });
    let odd = prop_oneof![
        Just(json!(null)),
        Just(json!(7)),
        Just(json!("text")),
        Just(json!([{"type": "thinking", "thinking": "t"}, 3, "x"])),
        Just(json!({})),
    ];
    let field = prop_oneof![
        Just("content"),
        Just("reasoning"),
        Just("reasoning_details"),
        Just("tool_calls"),
        Just("function_call"),
        Just("refusal"),
        Just("annotations"),
    ];
    prop_oneof![
        4 => call,
        3 => (field, odd.clone()).prop_map(|(field, value)| {
            json!({"choices": [{"delta": {field: value}}]})
        }),
        1 => odd.clone().prop_map(|value| json!({"choices": value})),
        1 => odd.clone().prop_map(|value| json!({"choices": [{"delta": value}]})),
        1 => odd.prop_map(|value| json!({"choices": [], "usage": value})),
    ]
}

proptest! {
    #[test]
    fn a_conversation_keeps_the_wires_rules(
        items in prop::collection::vec(item(), 1..14),
        base in prop_oneof![Just("http://127.0.0.1:1/v1"), Just("https://api.openai.com/v1")],
    ) {
        let endpoint = Endpoint::new("p", Api::OpenaiCompletions, base).expect("url");
        let local = base.starts_with("http:");
        let provider = Provider::new(endpoint, Arc::new(ScriptedTransport::default())).expect("provider");
        let Ok(encoded) = provider.encode(&Request::new("m", items)) else { return Ok(()) };
        let messages = encoded.body["messages"].as_array().expect("messages");
        prop_assert!(!messages.is_empty());
        let mut open: Vec<&str> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut last = "";
        for (at, message) in messages.iter().enumerate() {
            let role = message["role"].as_str().expect("role");
            if role == "tool" {
                let id = message["tool_call_id"].as_str().expect("id");
                prop_assert_eq!(open.first(), Some(&id), "results follow in order");
                open.remove(0);
            } else {
                prop_assert!(open.is_empty(), "a call without its result");
            }
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                let id = call["id"].as_str().expect("id");
                prop_assert!(seen.insert(id), "an id used twice");
                open.push(id);
            }
            if local {
                prop_assert!(role != "developer");
                prop_assert!(role != "system" || at == 0, "one system message, in front");
                prop_assert!(role == "tool" || role != last, "two in a row");
            }
            last = role;
        }
        prop_assert!(open.is_empty());
        // What we send, we can read.
        let body = encoded.body.to_string();
        let read = decode_request(body.as_bytes());
        prop_assert!(read.is_ok(), "{:?}", read);
    }

    #[test]
    fn any_chunks_end_once_and_never_panic(
        fragments in prop::collection::vec(fragment(), 0..12),
        finish in prop_oneof![Just("stop"), Just("length"), Just("tool_calls")],
    ) {
        let mut stream: String =
            fragments.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        stream += &format!("data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{finish}\"}}]}}\n\n");
        let (heard, error) = deltas(&[stream.as_bytes()]);
        prop_assert!(error.is_none());
        prop_assert_eq!(heard.iter().filter(|delta| matches!(delta, Delta::Finish(_))).count(), 1);
        prop_assert!(matches!(heard.last(), Some(Delta::Finish(_))));
        // Every call that began is ended, once, and ids are told apart; where the answer
        // tells nothing of itself, who hands the calls on makes them.
        let (mut open, mut ids) = (Vec::new(), std::collections::HashSet::new());
        for delta in &heard {
            match delta {
                Delta::ToolCallStart(start) => {
                    open.push(start.slot);
                    let id = start.call_id.clone();
                    prop_assert!(id.as_str().is_empty() || ids.insert(id));
                }
                Delta::ToolCallArguments(piece) => prop_assert!(open.contains(&piece.slot)),
                Delta::ItemEnd(end) => open.retain(|slot| *slot != end.slot),
                _ => {}
            }
        }
        prop_assert!(open.is_empty());
        let mut renderer = Renderer::new(RenderOptions::new("c", "m", 1));
        heard.iter().for_each(|delta| renderer.push(delta));
        prop_assert!(renderer.is_terminal());
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        digest(&bytes);
        digest(format!("data: {text}\n\ndata: {{\"choices\":[{{\"delta\":{text:?}}}]}}\n\n").as_bytes());
        let _ = decode_request(&bytes);
        let _ = decode_request(text.as_bytes());
    }
}
