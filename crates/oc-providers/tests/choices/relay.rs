//! Relay or rewrite, answer by answer.

use std::cell::Cell;

use oc_providers::Script;
use oc_providers::wire::Dialect;
use serde_json::{Value, json};

use crate::stage::{How, ends, told};
use crate::support::fixtures;

/// A recorded answer as three, one piece of each in turn, with fields that only
/// its host knows.
fn three(change: impl Fn(usize, usize, &mut Value)) -> String {
    let path = fixtures().join("relay").join(format!("{}.sse", Dialect::Chat.api().as_str()));
    let stream = std::fs::read_to_string(path).unwrap();
    let mut three = String::new();
    for (at, frame) in stream.split_inclusive("\n\n").enumerate() {
        let chunk =
            frame.strip_prefix("data: ").and_then(|data| serde_json::from_str::<Value>(data).ok());
        match chunk.filter(|chunk| chunk["choices"].get(0).is_some()) {
            None => three += frame,
            Some(mut chunk) => {
                for index in 0..3 {
                    chunk["choices"][0]["index"] = index.into();
                    let mut changed = chunk.clone();
                    change(index, at, &mut changed);
                    three += &format!("data: {changed}\n\n");
                }
            }
        }
    }
    three
}

#[test]
fn what_only_the_wire_knows_survives_for_each() {
    let outcome = told(Script::sse(three(|_, _, _| ())), 3, How::Relayed, &json!({}));
    assert_eq!(outcome.fault, None);
    let (stream, document) = (&outcome.client.stream, &outcome.client.document);
    insta::assert_snapshot!("relayed", stream);
    for known in
        ["obfuscation", "token_ids", "native_finish_reason", "channel", "thought_signature"]
    {
        assert_eq!(stream.matches(known).count() % 3, 0, "{known}");
        assert!(stream.contains(known), "{known}");
    }
    assert!(stream.contains("\"cost\": 0.00125"), "of all answers together");
    for (index, choice) in document["choices"].as_array().unwrap().iter().enumerate() {
        assert_eq!(choice["token_ids"], json!([1, 2]), "{index}");
        assert_eq!(
            choice["logprobs"]["content"][0]["logprob"],
            json!(-0.000_123_456_789_012_345_67)
        );
        assert_eq!(choice["message"]["tool_calls"][0]["id"], "call_7", "{index}");
    }
    assert_eq!(document["usage"]["cost"], json!(0.00125));
}

/// The second has a call without an id: it alone is written anew.
#[test]
fn one_that_needs_repair_is_repaired_alone() {
    let stream = three(|index, _, chunk| {
        if index == 1 && !chunk["choices"][0]["delta"]["tool_calls"].is_null() {
            chunk["choices"][0]["delta"]["tool_calls"][0]["id"] = Value::Null;
        }
    });
    let outcome = told(Script::sse(stream), 3, How::Relayed, &json!({}));
    assert_eq!(outcome.fault, None);
    insta::assert_snapshot!("one_repaired", outcome.client.stream);
    let answers = &outcome.client.each.answers;
    assert_eq!(answers[&0], answers[&2]);
    let called = |index: u64| -> Vec<_> {
        answers[&index].calls.iter().map(|(_, name, arguments)| (name, arguments)).collect()
    };
    assert_eq!(called(1), called(0));
    assert!(answers[&1].calls.iter().all(|(id, ..)| !id.is_empty()));
}

/// Each frame, and each field of each frame, missing or wrong in one answer.
#[test]
fn whatever_deviates_in_one_answer_the_others_are_as_they_were() {
    let untouched = told(Script::sse(three(|_, _, _| ())), 3, How::Relayed, &json!({})).client.each;
    let paths = [
        "/id",
        "/model",
        "/choices/0/index",
        "/choices/0/delta/role",
        "/choices/0/delta/content",
        "/choices/0/delta/reasoning",
        "/choices/0/delta/tool_calls/0/index",
        "/choices/0/delta/tool_calls/0/id",
        "/choices/0/delta/tool_calls/0/type",
        "/choices/0/delta/tool_calls/0/function/name",
        "/choices/0/delta/tool_calls/0/function/arguments",
        "/choices/0/finish_reason",
    ];
    for frame in 0..16 {
        for path in paths {
            for wrong in [Value::Null, json!(7), json!([{"type": "text", "text": "x"}])] {
                let changed = Cell::new(false);
                let stream = three(|index, at, chunk| {
                    let place = chunk.pointer_mut(path).filter(|_| (index, at) == (1, frame));
                    if let Some(place) = place.filter(|place| **place != wrong) {
                        *place = wrong.clone();
                        changed.set(true);
                    }
                });
                if !changed.get() {
                    continue;
                }
                let relayed = told(Script::sse(stream.clone()), 3, How::Relayed, &json!({}));
                let rewritten = told(Script::sse(stream), 3, How::Rewritten, &json!({}));
                let why = format!("{path} of frame {frame} is {wrong}");
                assert_eq!(relayed.fault, rewritten.fault, "{why}");
                let (relayed, rewritten) = (relayed.client.each, rewritten.client.each);
                if relayed.error.is_none() {
                    let (mut as_relayed, mut as_rewritten) = (relayed.clone(), rewritten);
                    // Of a piece without text they pass, and are nothing to be told of.
                    for read in [&mut as_relayed, &mut as_rewritten] {
                        read.answers.entry(1).or_default().logprobs.clear();
                    }
                    assert_eq!(as_relayed, as_rewritten, "{why}");
                    // A piece without an index is the first answer's.
                    if path != "/choices/0/index" {
                        assert_eq!(relayed.answers[&0], untouched.answers[&0], "{why}");
                    }
                    assert_eq!(relayed.answers[&2], untouched.answers[&2], "{why}");
                }
            }
        }
    }
}

/// A document of several answers was written anew, without what only its host knows.
#[test]
fn a_document_of_several_answers_reaches_the_client_as_it_is() {
    let choice = |index: u64, text: &str| {
        json!({"index": index, "stop_reason": index + 7, "finish_reason": "stop",
            "logprobs": {"content": [{"token": text, "logprob": -0.5}], "refusal": null},
            "message": {"role": "assistant", "content": text, "vendor_note": {"of": index},
                "refusal": null}})
    };
    let upstream = json!({"id": "up", "object": "chat.completion", "created": 7, "model": "m",
        "choices": [choice(0, "a"), choice(1, "<think>hm</think>b"), choice(2, "c")],
        "system_fingerprint": "fp_1", "timings": {"predicted_ms": 1.5},
        "usage": {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14, "cost": 0.25}});
    let outcome = told(Script::json(200, upstream.to_string()), 3, How::Relayed, &json!({}));
    assert_eq!(outcome.fault, None);
    let (stream, document) = (&outcome.client.stream, &outcome.client.document);
    for (index, choice) in document["choices"].as_array().unwrap().iter().enumerate() {
        assert_eq!(choice["stop_reason"], json!(index + 7));
        assert_eq!(choice["message"]["vendor_note"], json!({"of": index}));
        let of_it = choice["message"]["content"].as_str().unwrap();
        let told = choice["logprobs"]["content"][0]["token"].as_str();
        assert_eq!(told, Some(of_it).filter(|_| index != 1), "of text that was taken apart, none");
    }
    assert_eq!(document["choices"][1]["message"]["reasoning_content"], "hm");
    assert_eq!(document["system_fingerprint"], "fp_1");
    assert_eq!(document["timings"], json!({"predicted_ms": 1.5}));
    assert_eq!(document["usage"]["cost"], json!(0.25));
    for word in ["\"stop_reason\":8", "\"vendor_note\":{\"of\":1}", "predicted_ms", "\"cost\":0.25"]
    {
        assert!(stream.contains(word), "{word} in {stream}");
    }
}

/// Counts of one answer are not told as those of all.
#[test]
fn an_early_count_is_not_passed_on() {
    let count = |output: u64| {
        format!(
            "data: {}\n\n",
            json!({"id": "up", "choices": [], "usage":
            {"prompt_tokens": 5, "completion_tokens": output, "total_tokens": 5 + output}})
        )
    };
    let stream = [
        crate::stage::says(0, "a"),
        crate::stage::says(1, "b"),
        ends(1, "stop"),
        count(2),
        ends(0, "stop"),
        count(3),
        "data: [DONE]\n\n".to_owned(),
    ];
    let outcome = told(Script::sse(stream.concat()), 2, How::Relayed, &json!({}));
    assert_eq!(outcome.client.stream.matches("completion_tokens\":").count(), 1);
    assert_eq!(outcome.client.each.usage, Some([5, 5, 10]));
}
