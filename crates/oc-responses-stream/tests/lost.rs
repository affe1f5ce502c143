//! What was once lost, doubled or invented in silence: one test for each.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::{collect, deltas, good, stream, told};
use oc_responses_stream::{Answer, Delta};
use serde_json::json;

const COMPLETED: &str = r#"{"type":"response.completed","response":{"status":"completed"}}"#;

fn read(lines: &[&str]) -> Answer {
    let mut lines = lines.to_vec();
    lines.push(COMPLETED);
    collect(&good(&stream(&lines)))
}

const OTHER_CALL: &str = r#"{"type":"response.output_item.done","output_index":1,"item":{"id":"g","type":"function_call","call_id":"c","name":"n","arguments":"{\"a\":2}"}}"#;

#[test]
fn calls_of_one_call_id_that_are_elsewhere_are_two_calls() {
    // The second was dropped in silence.
    let answer = read(&[
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"f","type":"function_call","call_id":"c","name":"n","arguments":"{\"a\":1}"}}"#,
        OTHER_CALL,
    ]);
    let calls = [("n".into(), r#"{"a":1}"#.into()), ("n".into(), r#"{"a":2}"#.into())];
    assert_eq!(told(&answer).2, calls);
}

#[test]
fn a_response_that_says_it_is_not_finished_is_a_cut() {
    // It was taken for a whole answer, and an empty one at that.
    for status in ["queued", "in_progress"] {
        let body = format!(r#"{{"id":"r","object":"response","status":"{status}","output":[]}}"#);
        let ends = ["response.completed", "response.done"].map(|name| {
            let event = format!(r#"{{"type":"{name}","response":{body}}}"#);
            stream(&[&event])
        });
        for bytes in ends.into_iter().chain([body.into_bytes()]) {
            let all = deltas([&bytes[..]]);
            assert!(all.iter().flatten().all(|delta| !matches!(delta, Delta::Finish(_))));
            assert!(all.last().unwrap().as_ref().unwrap_err().is_cut(), "{all:?}");
        }
    }
}

#[test]
fn arguments_done_that_says_an_object_or_nothing() {
    // The call ended with no arguments, and what restated them came too late.
    let added = r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"g","type":"function_call","call_id":"c","name":"n","arguments":""}}"#;
    let object =
        r#"{"type":"response.function_call_arguments.done","output_index":1,"arguments":{"a":2}}"#;
    let nothing = r#"{"type":"response.function_call_arguments.done","output_index":1}"#;
    for lines in [&[added, object][..], &[added, object, OTHER_CALL], &[added, nothing, OTHER_CALL]]
    {
        assert_eq!(told(&read(lines)).2, [("n".into(), r#"{"a":2}"#.into())], "{lines:?}");
    }
}

#[test]
fn commentary_is_no_answer_because_another_message_is() {
    // The terminal event holds the answer alone, under another id: its phase went
    // to the commentary, which was streamed in that place.
    let message = |name: &str, index: u32, id: &str, phase: &str, text: &str| {
        json!({"type": name, "output_index": index, "item": {"id": id, "type": "message", "role": "assistant",
            "phase": phase, "content": [{"type": "output_text", "text": text}]}})
        .to_string()
    };
    let done = "response.output_item.done";
    let completed =
        json!({"type": "response.completed", "response": {"status": "completed", "output": [
        {"id": "z", "type": "message", "role": "assistant", "phase": "final_answer",
         "content": [{"type": "output_text", "text": "Four."}]}]}})
        .to_string();
    let all = good(&stream(&[
        &message(done, 0, "a", "commentary", "Let me look. "),
        &message(done, 1, "b", "final_answer", "Four."),
        &completed,
    ]));
    assert_eq!(collect(&all).final_text(), "Four.");
    assert!(!all.iter().any(|delta| matches!(delta, Delta::Phase(_))));
}

#[test]
fn a_terminal_event_extends_an_item_that_ended() {
    // The rest of the text was lost, and nothing counted it.
    for ended in ["", "Hel"] {
        let done = format!(
            r#"{{"type":"response.output_item.done","output_index":0,"item":{{"id":"m","type":"message","role":"assistant","content":[{{"type":"output_text","text":"{ended}"}}]}}}}"#
        );
        let completed = r#"{"type":"response.completed","response":{"status":"completed","output":[{"id":"m","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}]}}"#;
        let all = good(&stream(&[&done, completed]));
        assert_eq!(collect(&all).final_text(), "Hello");
        assert_eq!(collect(&all).items.len(), 1);
    }
}

#[test]
fn a_late_restatement_of_an_ended_item_is_not_of_the_open_one() {
    // Without indexes (llama-server) the text of the first was said again as the second's.
    let added = |id: &str| {
        format!(
            r#"{{"type":"response.output_item.added","item":{{"id":"{id}","type":"message","role":"assistant","content":[]}}}}"#
        )
    };
    let delta = |id: &str, text: &str| {
        format!(r#"{{"type":"response.output_text.delta","item_id":"{id}","delta":"{text}"}}"#)
    };
    let done = r#"{"type":"response.output_item.done","item":{"id":"a","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello "}]}}"#;
    let text_done = r#"{"type":"response.output_text.done","item_id":"a","text":"Hello "}"#;
    for late in [done, text_done] {
        let (a, b) = (added("a"), added("b"));
        let (hello, world) = (delta("a", "Hello "), delta("b", "world"));
        let answer = read(&[&a, &hello, done, &b, late, &world]);
        assert_eq!(answer.final_text(), "Hello world");
    }
}

#[test]
fn a_message_of_the_user_is_not_the_answer() {
    let answer = read(&[
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"u","type":"message","role":"user","content":[{"type":"input_text","text":"prompt"}]}}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"id":"m","type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]}}"#,
    ]);
    assert_eq!((answer.final_text().as_str(), answer.items.len()), ("a", 1));
}

#[test]
fn the_empty_form_of_an_error_is_none() {
    for empty in [r#""error_message":"""#, r#""error":{"code":null,"message":null}"#] {
        let line = format!(r#"{{"type":"response.output_text.delta","delta":"Hi",{empty}}}"#);
        assert_eq!(read(&[&line]).final_text(), "Hi", "{empty}");
    }
}
