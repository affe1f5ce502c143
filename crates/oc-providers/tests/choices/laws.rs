//! What holds for every stream, however it is cut and interleaved.

use std::collections::BTreeMap;

use oc_providers::Script;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stage::{Answer, How, Read, counted, ends, piece, says, told};
use crate::support::recordings;

const SERVERS: [&str; 4] = ["llama-server", "vllm", "litellm", "transformers-serve"];

/// The chunks of a recorded stream that hold a piece of the answer.
fn chunks(stream: &str) -> Vec<Value> {
    let data = stream.split("\n\n").filter_map(|frame| frame.trim().strip_prefix("data: "));
    let chunks = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let uncounted = chunks.map(|mut chunk| {
        chunk["usage"] = Value::Null;
        chunk
    });
    uncounted.filter(|chunk| chunk["choices"].get(0).is_some()).collect()
}

fn alone(chunks: &[Value]) -> String {
    let chunks = chunks.iter().map(|chunk| format!("data: {chunk}\n\n"));
    chunks.collect::<String>() + &counted(3)
}

fn of_choice(chunk: &Value, index: usize) -> String {
    let mut chunk = chunk.clone();
    chunk["choices"][0]["index"] = index.into();
    format!("data: {chunk}\n\n")
}

/// The recordings whose answer is whole, with what a client makes of each alone.
fn recorded() -> Vec<(String, Vec<Value>, Answer)> {
    let mut all = Vec::new();
    for server in SERVERS {
        for (name, bytes) in recordings(&format!("openai_completions/{server}"), "stream") {
            let Ok(stream) = String::from_utf8(bytes) else { continue };
            let chunks = chunks(&stream);
            if chunks.is_empty() || chunks.len() > 400 {
                continue;
            }
            let outcome = told(Script::sse(alone(&chunks)), 1, How::Relayed, &json!({}));
            if outcome.fault.is_none() {
                let answer = outcome.client.each.answers[&0].clone();
                all.push((name, chunks, answer));
            }
        }
    }
    assert!(all.len() > 15, "{} recordings", all.len());
    all
}

/// Three at a time, one piece of each in turn: each says what it says alone.
#[test]
fn an_answer_among_others_is_the_answer_alone() {
    let all = recorded();
    for (number, (name, ..)) in all.iter().enumerate() {
        let each: Vec<_> = (0..3).map(|other| &all[(number + 7 * other) % all.len()]).collect();
        let longest = each.iter().map(|(_, chunks, _)| chunks.len()).max().unwrap();
        let mut stream = String::new();
        for at in 0..longest {
            for (index, (_, chunks, _)) in each.iter().enumerate().rev() {
                if let Some(chunk) = chunks.get(at) {
                    stream += &of_choice(chunk, index);
                }
            }
        }
        stream += &counted(9);
        for how in [How::Relayed, How::Rewritten] {
            let outcome = told(Script::sse(stream.clone()), 3, how, &json!({}));
            assert_eq!(outcome.fault, None, "{name}, {how:?}");
            for (index, (other, _, wanted)) in (0..).zip(&each) {
                let answer = &outcome.client.each.answers[&index];
                assert_eq!(answer, wanted, "{other} as {index} of {name}, {how:?}");
            }
        }
    }
}

/// Reasoning in a field and inline, text outside ASCII, calls, ends at different
/// places.
fn stream() -> String {
    let call = |text: &str| {
        piece(1, json!({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}))
    };
    [
        piece(0, json!({"role": "assistant", "reasoning_content": "Größe"})),
        says(2, "<th"),
        piece(
            1,
            json!({"role": "assistant", "tool_calls": [{"index": 0, "id": "x", "type": "function",
            "function": {"name": "f", "arguments": "{\"a\""}}]}),
        ),
        says(2, "ink>ho</think>").replace("\"role\":\"assistant\",", ""),
        says(0, "你好 "),
        call(":1"),
        says(2, "c"),
        ends(2, "length"),
        call("}"),
        says(0, "!"),
        ends(0, "stop"),
        ends(1, "tool_calls"),
        counted(9),
    ]
    .concat()
}

fn in_pieces(pieces: impl IntoIterator<Item = Vec<u8>>) -> Script {
    pieces.into_iter().fold(Script::sse(""), Script::then)
}

fn prefix_of(part: &Read, whole: &Read) -> bool {
    part.answers.iter().all(|(index, part)| {
        let whole = &whole.answers[index];
        whole.text.starts_with(&part.text)
            && whole.reasoning.starts_with(&part.reasoning)
            && whole.calls.starts_with(&part.calls)
    })
}

/// Each place is tried with one of the two ways to tell the client.
fn how(at: usize) -> How {
    if at.is_multiple_of(2) { How::Relayed } else { How::Rewritten }
}

#[test]
fn the_cut_into_pieces_changes_nothing() {
    let stream = stream();
    let [relayed, rewritten] = [How::Relayed, How::Rewritten]
        .map(|how| told(Script::sse(stream.clone()), 3, how, &json!({})).client);
    assert_eq!(relayed.each, rewritten.each);
    let calls = &relayed.each.answers[&1].calls;
    assert_eq!(calls, &[("x".to_owned(), "f".to_owned(), "{\"a\":1}".to_owned())]);
    let whole = |how| if how == How::Relayed { &relayed } else { &rewritten };
    for size in [1, 2, 3, 7, 64, 65] {
        let pieces = stream.as_bytes().chunks(size).map(<[u8]>::to_vec);
        let cut = told(in_pieces(pieces), 3, how(size), &json!({})).client;
        assert_eq!(cut.stream, whole(how(size)).stream, "by {size}");
    }
    for at in 0..=stream.len() {
        let (head, tail) = stream.as_bytes().split_at(at);
        let cut = told(in_pieces([head.to_vec(), tail.to_vec()]), 3, how(at), &json!({}));
        assert_eq!(cut.client.stream, whole(how(at)).stream, "at {at}");
    }
}

#[test]
fn an_answer_that_breaks_off_anywhere_is_no_whole_one() {
    let stream = stream();
    let reasons_at = stream.rfind("tool_calls\"").unwrap();
    let whole = told(Script::sse(stream.clone()), 3, How::Relayed, &json!({})).client.each;
    for at in 0..stream.len() {
        let part = Script::sse(stream.as_bytes()[..at].to_vec());
        let outcome = told(part, 3, how(at), &json!({}));
        let read = outcome.client.each;
        assert_eq!(outcome.fault.is_some(), read.error.is_some());
        assert!(prefix_of(&read, &whole), "at {at}");
        assert!(read.error.is_some() || at > reasons_at, "a success invented at {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any order of the pieces of several answers, in which each keeps its own.
    #[test]
    fn the_order_among_answers_changes_nothing(
        texts in prop::collection::vec(prop::collection::vec("[a-c<>/ \\n]{1,4}|<think>|</think>|`", 1..6), 2..5),
        order in prop::collection::vec(any::<prop::sample::Index>(), 40),
    ) {
        let n = u32::try_from(texts.len()).unwrap();
        let mut left: BTreeMap<usize, Vec<&String>> =
            texts.iter().map(|texts| texts.iter().rev().collect()).enumerate().collect();
        let mut stream = String::new();
        for pick in order {
            let open: Vec<usize> = left.iter().filter(|(_, rest)| !rest.is_empty()).map(|(at, _)| *at).collect();
            if open.is_empty() {
                break;
            }
            let index = *pick.get(&open);
            let text = left.get_mut(&index).unwrap().pop().unwrap();
            stream += &says(index as u64, text);
        }
        stream += &(0..u64::from(n)).map(|index| ends(index, "stop")).collect::<String>();
        stream += &counted(9);
        let alone: Vec<_> = texts.iter().map(|texts| {
            let stream: String = texts.iter().map(|text| says(0, text)).collect();
            told(Script::sse(stream + &ends(0, "stop") + &counted(9)), 1, How::Relayed, &json!({}))
        }).collect();
        for how in [How::Relayed, How::Rewritten] {
            let outcome = told(Script::sse(stream.clone()), n, how, &json!({}));
            let fails = alone.iter().any(|alone| alone.fault.is_some());
            prop_assert_eq!(outcome.fault.is_some(), fails);
            if !fails {
                for (index, alone) in (0..).zip(&alone) {
                    prop_assert_eq!(&outcome.client.each.answers[&index], &alone.client.each.answers[&0]);
                }
            }
        }
    }
}
