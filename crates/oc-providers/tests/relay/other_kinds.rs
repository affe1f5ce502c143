//! Messages hosts that send a delta into a block of another kind, or of none: it is
//! what its own type says, for a client that is relayed to and for any other.

use oc_providers::wire::Dialect;
use oc_responses_stream::FinishReason;
use serde_json::{Value, json};

use crate::stage::{How, Read, assert_sound, deltas, read, told};

fn stream(events: &[Value], reasons: &[&str]) -> String {
    let start = json!({"type": "message_start", "message": {"id": "msg_1", "type": "message",
        "role": "assistant", "model": "m", "content": [], "stop_reason": null,
        "stop_sequence": null, "usage": {"input_tokens": 3, "output_tokens": 1}}});
    let ends = reasons.iter().map(|reason| {
        json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
            "usage": {"output_tokens": 9}})
    });
    let all = [start].into_iter().chain(events.iter().cloned()).chain(ends);
    let all = all.chain([json!({"type": "message_stop"})]);
    all.map(|json| format!("event: {}\ndata: {json}\n\n", json["type"].as_str().expect("type")))
        .collect()
}

fn open(index: u64, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn text(index: u64) -> Value {
    open(index, json!({"type": "text", "text": ""}))
}

fn thinking(index: u64) -> Value {
    open(index, json!({"type": "thinking", "thinking": "", "signature": ""}))
}

fn call(index: u64) -> Value {
    open(index, json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}))
}

fn delta(index: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn says(index: u64, text: &str) -> Value {
    delta(index, json!({"type": "text_delta", "text": text}))
}

fn thinks(index: u64, text: &str) -> Value {
    delta(index, json!({"type": "thinking_delta", "thinking": text}))
}

fn gives(index: u64, piece: &str) -> Value {
    delta(index, json!({"type": "input_json_delta", "partial_json": piece}))
}

fn stop(index: u64) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

/// What a client reads, relayed to or not: the same.
fn heard(events: &[Value], reasons: &[&str], why: &str) -> Read {
    let upstream = stream(events, reasons);
    let [relayed, rewritten] = [How::Relayed, How::Rewritten].map(|how| {
        let client = told(Dialect::Messages, &upstream, how);
        assert_sound(Dialect::Messages, &client, why);
        read(Dialect::Messages, &client)
    });
    assert_eq!(relayed, rewritten, "{why}");
    relayed
}

#[test]
fn a_delta_is_what_its_own_type_says_in_whichever_block_it_comes() {
    let untyped = |fields: Value| delta(0, fields);
    for (why, events, reasoning, words) in [
        (
            "text in thinking, then a block of its own",
            vec![
                thinking(0),
                thinks(0, "hm"),
                says(0, "Answer "),
                stop(0),
                text(1),
                says(1, "more"),
                stop(1),
            ],
            "hm",
            "Answer more",
        ),
        (
            "text in thinking, and nothing else",
            vec![thinking(0), thinks(0, "hm"), says(0, "Answer"), stop(0)],
            "hm",
            "Answer",
        ),
        (
            "thinking in text, as LiteLLM opens every answer",
            vec![text(0), thinks(0, "h"), thinks(0, "m"), says(0, "Answer"), stop(0)],
            "hm",
            "Answer",
        ),
        (
            "thinking in text that was begun",
            vec![text(0), says(0, "Ans"), thinks(0, "hm"), says(0, "wer"), stop(0)],
            "hm",
            "Answer",
        ),
        ("no block was started", vec![thinks(0, "hm"), says(0, "Answer")], "hm", "Answer"),
        (
            "indexes are digits",
            vec![
                open(0, json!({"type": "text", "text": ""})),
                json!({"type": "content_block_delta", "index": "0",
                    "delta": {"type": "text_delta", "text": "Answer"}}),
                json!({"type": "content_block_stop", "index": "0"}),
            ],
            "",
            "Answer",
        ),
        (
            "words under the name of another kind",
            vec![
                text(0),
                untyped(json!({"type": "thinking_delta", "text": "hm"})),
                untyped(json!({"text": "Answer", "thinking": "", "partial_json": ""})),
                stop(0),
            ],
            "hm",
            "Answer",
        ),
    ] {
        let read = heard(&events, &["end_turn"], why);
        assert_eq!((read.reasoning.as_str(), read.text.as_str()), (reasoning, words), "{why}");
        assert!(!read.failed && read.calls.is_empty(), "{why}: {read:?}");
        assert_eq!(read.finish, Some(FinishReason::Stop), "{why}");
    }
}

#[test]
fn text_and_arguments_in_each_others_blocks_find_their_places() {
    let one = [("toolu_1".to_owned(), "f".to_owned(), json!({"a": 1}))];
    for (why, events, words) in [
        (
            "text in a call that is whole",
            vec![call(0), gives(0, "{\"a\":1}"), says(0, "lost?"), stop(0)],
            "lost?",
        ),
        (
            "text in the midst of a call",
            vec![call(0), gives(0, "{\"a\""), says(0, "lost?"), gives(0, ":1}"), stop(0)],
            "lost?",
        ),
        (
            "arguments in a text that follows their call",
            vec![call(0), text(1), says(1, "x"), gives(1, "{\"a\":1}"), stop(1), stop(0)],
            "x",
        ),
    ] {
        let read = heard(&events, &["tool_use"], why);
        assert_eq!((read.text.as_str(), &read.calls[..]), (words, &one[..]), "{why}");
        assert_eq!(read.finish, Some(FinishReason::ToolCalls), "{why}");
    }
}

#[test]
fn arguments_that_nobody_called_for_are_a_broken_call() {
    for (why, events) in [
        ("in text", vec![text(0), says(0, "x"), gives(0, "{\"a\":1}"), stop(0)]),
        ("in thinking", vec![thinking(0), thinks(0, "x"), gives(0, "{\"a\":1}"), stop(0)]),
    ] {
        for how in [How::Relayed, How::Rewritten] {
            let (_, fault) = deltas(Dialect::Messages, &stream(&events, &["tool_use"]), how);
            let fault = fault.expect(why);
            assert!(fault.contains("called a tool without saying which"), "{why}: {fault}");
        }
        assert!(heard(&events, &["tool_use"], why).failed, "{why}");
    }
}

#[test]
fn a_limit_stays_whatever_word_follows() {
    let events = [text(0), says(0, "half an ans"), stop(0)];
    for reasons in [["max_tokens", "end_turn"], ["end_turn", "max_tokens"]] {
        let read = heard(&events, &reasons, "two stop reasons");
        assert_eq!(read.finish, Some(FinishReason::Length), "{reasons:?}");
        assert_eq!(read.text, "half an ans");
    }
}

/// What the relay itself writes: no client meets a delta in a block of another kind.
#[test]
fn a_relay_gives_each_kind_a_block_of_its_own() {
    let events = [thinking(0), thinks(0, "hm"), says(0, "Answer"), stop(0)];
    let client = told(Dialect::Messages, &stream(&events, &["end_turn"]), How::Relayed);
    let told = client.lines().filter_map(|line| line.strip_prefix("data: "));
    let told = told.map(|data| serde_json::from_str::<Value>(data).expect("json"));
    let told: Vec<String> = told
        .filter_map(|event| {
            let kind = event["delta"]["type"].as_str().or(event["content_block"]["type"].as_str());
            kind.map(|kind| format!("{} {kind}", event["index"]))
        })
        .collect();
    let wanted = ["0 thinking", "0 thinking_delta", "0 signature_delta", "1 text", "1 text_delta"];
    assert_eq!(told, wanted, "{client}");
}
