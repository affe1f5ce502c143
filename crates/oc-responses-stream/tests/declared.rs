//! What a server declares to be reasoning never becomes text, wherever it stands,
//! and what is said twice is heard once.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::{collect, good, stream};
use oc_responses_stream::{Answer, Item};
use serde_json::json;

const COMPLETED: &str = r#"{"type":"response.completed","response":{"status":"completed"}}"#;

/// What an answer says and what it thinks.
fn said_and_thought(answer: &Answer) -> (String, String) {
    let mut thought = String::new();
    for item in &answer.items {
        if let Item::Reasoning(reasoning) = item {
            thought.extend(reasoning.summary.iter().chain(&reasoning.content).map(String::as_str));
        }
    }
    (answer.final_text(), thought)
}

fn holds_apart(lines: &[&str], thought: &str) {
    let answer = collect(&good(&stream(lines)));
    assert_eq!(said_and_thought(&answer), ("Answer".to_owned(), thought.to_owned()), "{lines:#?}");
}

#[test]
fn reasoning_parts_in_a_restated_message_are_no_text() {
    let line = json!({"type":"response.completed","response":{"status":"completed","output":[
        {"type":"message","role":"assistant","content":[
            {"type":"thinking","text":"secret1"},
            {"type":"reasoning","text":"secret2"},
            {"type":"summary_text","text":"secret3"},
            {"type":"output_text","text":"Answer"},
        ]},
    ]}})
    .to_string();
    holds_apart(&[&line], "secret1secret2secret3");
}

#[test]
fn a_reasoning_part_in_a_message_that_is_done_is_no_text() {
    let line = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"m","role":"assistant","content":[{"type":"reasoning_text","text":"secret"},{"type":"output_text","text":"Answer"}]}}"#;
    holds_apart(&[line, COMPLETED], "secret");
}

#[test]
fn text_deltas_of_an_item_announced_as_reasoning_are_reasoning() {
    let answer =
        r#"{"type":"response.output_text.delta","output_index":1,"item_id":"m","delta":"Answer"}"#;
    for (added, delta) in [
        (
            r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs"}}"#,
            r#"{"type":"response.output_text.delta","output_index":0,"item_id":"rs","delta":"secret"}"#,
        ),
        (
            r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs"}}"#,
            r#"{"type":"response.output_text.delta","output_index":0,"delta":"secret"}"#,
        ),
        (
            r#"{"type":"response.output_item.added","item":{"type":"reasoning","id":"rs"}}"#,
            r#"{"type":"response.output_text.delta","item_id":"rs","delta":"secret"}"#,
        ),
    ] {
        let done = r#"{"type":"response.output_text.done","output_index":0,"item_id":"rs","text":"secret"}"#;
        let restated = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs","content":[{"type":"reasoning_text","text":"secret"}]}}"#;
        holds_apart(&[added, delta, done, restated, answer, COMPLETED], "secret");
        holds_apart(&[added, delta, answer, COMPLETED], "secret");
    }
}

#[test]
fn text_deltas_of_a_part_announced_as_reasoning_are_reasoning() {
    holds_apart(
        &[
            r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"m"}}"#,
            r#"{"type":"response.content_part.added","output_index":0,"item_id":"m","content_index":0,"part":{"type":"reasoning_text","text":""}}"#,
            r#"{"type":"response.output_text.delta","output_index":0,"item_id":"m","content_index":0,"delta":"secret"}"#,
            r#"{"type":"response.content_part.added","output_index":0,"item_id":"m","content_index":1,"part":{"type":"output_text","text":""}}"#,
            r#"{"type":"response.output_text.delta","output_index":0,"item_id":"m","content_index":1,"delta":"Answer"}"#,
            r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"m","content":[{"type":"reasoning_text","text":"secret"},{"type":"output_text","text":"Answer"}]}}"#,
            COMPLETED,
        ],
        "secret",
    );
}

#[test]
fn restated_parts_are_matched_by_what_they_are_not_where() {
    let stated = [
        json!([{"type":"reasoning_text","text":"secret"},{"type":"output_text","text":"Answer"}]),
        json!([{"type":"output_text","text":""},{"type":"output_text","text":"Answer"}]),
        json!([{"type":"output_text","text":"Other."},{"type":"output_text","text":"Answer"}]),
    ];
    for (content, streamed) in stated.iter().flat_map(|c| [(c, "Answer"), (c, "Ans")]) {
        let line = json!({"type":"response.completed","response":{"status":"completed","output":[
            {"type":"message","id":"m","role":"assistant","content":content},
        ]}})
        .to_string();
        let text = format!(
            r#"{{"type":"response.output_text.delta","output_index":1,"item_id":"m","delta":"{streamed}"}}"#
        );
        let thought = r#"{"type":"response.reasoning_text.delta","output_index":0,"item_id":"rs","delta":"secret"}"#;
        holds_apart(&[thought, &text, &line], "secret");
    }
}
