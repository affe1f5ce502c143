//! Function calls: which arguments count, and when a call is one to run.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::{collect, good, stream, told};
use oc_responses_stream::{
    Answer, Delta, ItemStatus, MachineOptions, ResponseId, ResponseMachine, laws,
};
use serde_json::json;

const COMPLETED: &str = r#"{"type":"response.completed","response":{"status":"completed"}}"#;
const INCOMPLETE: &str = r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}"#;

fn added(arguments: &str) -> String {
    json!({"type": "response.output_item.added", "output_index": 0, "item": {"id": "f",
        "type": "function_call", "call_id": "c", "name": "n", "arguments": arguments}})
    .to_string()
}

fn piece(arguments: &str) -> String {
    json!({"type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "f",
        "delta": arguments})
    .to_string()
}

fn stated(arguments: serde_json::Value) -> String {
    json!({"type": "response.function_call_arguments.done", "output_index": 0, "item_id": "f",
        "arguments": arguments})
    .to_string()
}

fn done(arguments: &str) -> String {
    json!({"type": "response.output_item.done", "output_index": 0, "item": {"id": "f",
        "type": "function_call", "call_id": "c", "name": "n", "arguments": arguments}})
    .to_string()
}

fn read(lines: &[String], end: &str) -> (Answer, Vec<Delta>) {
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.push(end);
    let all = good(&stream(&lines));
    (collect(&all), all)
}

#[test]
fn the_right_arguments_win() {
    // A call ended with what `arguments.done` said, and its item came too late.
    let right = r#"{"a":1}"#;
    for lines in [
        vec![added(""), stated(json!("")), done(right)],
        vec![added(""), stated(json!({"a": 1})), done("")],
        vec![added(""), stated(json!({"b": 2})), done(right)],
        vec![added(""), stated(json!("{}")), done(right)],
        vec![added(""), stated(json!(right)), done("{}")],
        vec![added(""), stated(json!(right)), done("")],
        vec![added(""), stated(json!(right)), done(r#"{"a":"#)],
        vec![added(""), stated(json!(r#"{"a":"#)), done(right)],
        vec![added(""), stated(json!(right))],
        vec![added("{}"), piece(r#"{"a":"#), piece("1}"), done("")],
        vec![added(""), piece(right), stated(json!("")), done(r#"{"a"#)],
        vec![added(right), stated(json!("")), done("")],
        vec![added(right), stated(json!(""))],
        vec![added(right)],
    ] {
        let (answer, all) = read(&lines, COMPLETED);
        assert_eq!(told(&answer).2, [("n".into(), right.into())], "{lines:?}");
        let ends = all.iter().filter(|delta| matches!(delta, Delta::ToolCallEnd(_))).count();
        assert_eq!(ends, 1, "{lines:?}");
    }
}

#[test]
fn a_call_without_arguments_is_a_call() {
    for lines in [
        vec![added(""), done("")],
        vec![added(""), stated(json!("")), done("")],
        vec![added(""), stated(json!(""))],
        vec![done("")],
    ] {
        let (answer, all) = read(&lines, COMPLETED);
        assert_eq!(told(&answer).2, [("n".into(), String::new())]);
        assert!(all.iter().any(|delta| matches!(delta, Delta::ToolCallEnd(_))), "{lines:?}");
    }
}

#[test]
fn arguments_that_are_no_object_are_no_call_to_run() {
    // They came as a completed call of a completed response, which an agent runs.
    for lines in [
        vec![done(r#"{"a":"#)],
        vec![added(""), piece(r#"{"a""#), stated(json!(r#"{"a":"#)), done(r#"{"a":"#)],
        vec![added(""), piece(r#"{"a""#), piece(":"), done("")],
        vec![added(""), stated(json!(r#"{"a":"#))],
    ] {
        let (answer, all) = read(&lines, COMPLETED);
        assert!(!all.iter().any(|delta| matches!(delta, Delta::ToolCallEnd(_))), "{lines:?}");
        let call = answer.tool_calls().next().unwrap();
        assert_eq!(call.status, Some(ItemStatus::Incomplete), "{lines:?}");
        assert_eq!(call.arguments, r#"{"a":"#, "what there is of it is told");
        let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 1);
        let events = common::write(ResponseMachine::new(options), &all);
        laws::check(&events).unwrap();
        let last = events.last().unwrap().to_json();
        assert_eq!(last["type"], "response.failed", "{lines:?}");
        assert_eq!(last["response"]["output"], json!([]));
    }
}

#[test]
fn a_limit_drops_a_call_unless_its_arguments_were_stated() {
    let whole = |lines: &[String]| {
        let (_, all) = read(lines, INCOMPLETE);
        all.iter().any(|delta| matches!(delta, Delta::ToolCallEnd(_)))
    };
    assert!(whole(&[added(""), piece(r#"{"a":1}"#), stated(json!(r#"{"a":1}"#))]));
    assert!(!whole(&[added(""), piece(r#"{"a":1}"#)]));
    assert!(!whole(&[added(""), stated(json!(r#"{"a":"#))]));
    assert!(!whole(&[added(r#"{"a":1}"#)]));
}
