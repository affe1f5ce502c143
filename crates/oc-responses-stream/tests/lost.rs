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

#[test]
fn content_that_is_a_plain_text() {
    let item = r#"{"id":"m","type":"message","role":"assistant","content":"Hello"}"#;
    let done = format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#);
    let completed = format!(
        r#"{{"type":"response.completed","response":{{"status":"completed","output":[{item}]}}}}"#
    );
    assert_eq!(read(&[&done]).final_text(), "Hello");
    assert_eq!(read(&[&completed]).final_text(), "Hello");
    assert_eq!(collect(&good(&stream(&[&done, &completed]))).final_text(), "Hello");
    let thought = r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"r","type":"reasoning","summary":"Hm."}}"#;
    assert_eq!(read(&[thought]).reasoning_text(), "Hm.");
}

#[test]
fn a_custom_tool_call_that_is_never_done() {
    let added = r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"t","type":"custom_tool_call","status":"in_progress","call_id":"c","name":"n","input":""}}"#;
    let delta = |text: &str| {
        format!(
            r#"{{"type":"response.custom_tool_call_input.delta","output_index":0,"item_id":"t","delta":"{text}"}}"#
        )
    };
    let done = r#"{"type":"response.custom_tool_call_input.done","output_index":0,"item_id":"t","input":"ls -l"}"#;
    let item = |input: &str| {
        format!(
            r#"{{"type":"response.output_item.done","output_index":0,"item":{{"id":"t","type":"custom_tool_call","status":"completed","call_id":"c","name":"n","input":"{input}"}}}}"#
        )
    };
    let (ls, l, whole, empty) = (delta("ls"), delta(" -l"), item("ls -l"), item(""));
    for lines in [
        &[added, &ls, &l][..],
        &[added, &ls, &l, done],
        &[added, done],
        &[added, &ls, &whole],
        &[added, &ls, &l, &empty],
    ] {
        let answer = read(lines);
        assert_eq!(answer.items.len(), 1, "{lines:?}");
        let item = answer.items[0].to_json();
        assert_eq!((&item["input"], &item["status"]), (&json!("ls -l"), &json!("completed")));
    }
    // Cut by a limit, half a call is none, and a whole one is one.
    let incomplete = r#"{"type":"response.incomplete","response":{"status":"incomplete"}}"#;
    let cut = |lines: &[&str]| collect(&good(&stream(lines))).items.len();
    assert_eq!(cut(&[added, &ls, incomplete]), 0);
    assert_eq!(cut(&[added, &ls, done, incomplete]), 1);
}

#[test]
fn an_item_of_a_servers_own_tool_that_is_never_done() {
    let added = r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"w","type":"web_search_call","status":"in_progress"}}"#;
    let answer = read(&[added]);
    assert_eq!(answer.items[0].to_json()["type"], "web_search_call");
    // How far it came nobody said.
    assert_eq!(answer.items[0].to_json()["status"], "in_progress");
    let completed = r#"{"type":"response.completed","response":{"status":"completed","output":[{"id":"x","type":"web_search_call","status":"completed"}]}}"#;
    let answer = collect(&good(&stream(&[added, completed])));
    assert_eq!(answer.items.len(), 1);
    assert_eq!(answer.items[0].to_json()["status"], "completed");
}

#[test]
fn text_that_is_only_in_a_parts_done() {
    let text = r#"{"type":"response.content_part.done","output_index":1,"content_index":0,"part":{"type":"output_text","text":"Hello"}}"#;
    let summary = r#"{"type":"response.reasoning_summary_part.done","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"Hm."}}"#;
    let refusal = r#"{"type":"response.content_part.done","output_index":1,"content_index":1,"part":{"type":"refusal","refusal":" No."}}"#;
    let answer = read(&[summary, text]);
    assert_eq!(told(&answer), ("Hello".into(), "Hm.".into(), vec![]));
    // And is said once where it was streamed, under whatever number.
    for index in [0, 7] {
        let delta = format!(
            r#"{{"type":"response.output_text.delta","output_index":1,"content_index":{index},"delta":"Hello"}}"#
        );
        assert_eq!(told(&read(&[summary, summary, &delta, text, text])).0, "Hello");
    }
    // What was streamed of it is extended.
    let delta =
        r#"{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"Hel"}"#;
    assert_eq!(told(&read(&[delta, text])).0, "Hello");
    let part = r#"{"type":"response.content_part.added","output_index":1,"content_index":1,"part":{"type":"refusal","refusal":""}}"#;
    let item = r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello"},{"type":"refusal","refusal":" No."}]}}"#;
    assert_eq!(told(&read(&[text, part, refusal, item])).0, "Hello No.");
}

#[test]
fn content_that_is_only_in_the_announcement_of_its_item() {
    let message = r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"m","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}}"#;
    let call = r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"f","type":"function_call","call_id":"c","name":"n","arguments":"{\"a\":1}"}}"#;
    let all = ("Hello".into(), String::new(), vec![("n".into(), r#"{"a":1}"#.into())]);
    assert_eq!(told(&read(&[message, call])), all);
    // An end that restates nothing takes nothing back.
    let ends = [
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"m","type":"message","role":"assistant","content":[]}}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"id":"f","type":"function_call","call_id":"c","name":"n","arguments":""}}"#,
    ];
    assert_eq!(told(&read(&[message, call, ends[0], ends[1]])), all);
    // What is streamed counts instead.
    let delta = r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hello"}"#;
    let arguments =
        r#"{"type":"response.function_call_arguments.delta","output_index":1,"delta":"{}"}"#;
    let answer = read(&[message, call, delta, arguments]);
    assert_eq!(told(&answer), ("Hello".into(), String::new(), vec![("n".into(), "{}".into())]));
}

#[test]
fn what_is_streamed_of_the_users_message_is_not_the_answer() {
    let added = |role: &str, place: &str| {
        format!(
            r#"{{"type":"response.output_item.added"{place},"item":{{"id":"{role}","type":"message","role":"{role}","content":[]}}}}"#
        )
    };
    let text = |role: &str, place: &str| {
        format!(r#"{{"type":"response.output_text.delta"{place},"delta":"({role})"}}"#)
    };
    let done = |role: &str, place: &str| {
        format!(r#"{{"type":"response.output_text.done"{place},"text":"({role})"}}"#)
    };
    let part = |place: &str| {
        format!(
            r#"{{"type":"response.content_part.added"{place},"content_index":0,"part":{{"type":"output_text","text":""}}}}"#
        )
    };
    // By index, by id, by one index for both, and by nothing but their order.
    for [theirs, ours] in [
        [r#","output_index":0"#, r#","output_index":1"#],
        [r#","item_id":"user""#, r#","item_id":"assistant""#],
        [r#","output_index":0,"item_id":"user""#, r#","output_index":0,"item_id":"assistant""#],
        ["", ""],
    ] {
        let lines = [
            added("user", theirs),
            part(theirs),
            text("user", theirs),
            done("user", theirs),
            added("assistant", ours),
            part(ours),
            text("assistant", ours),
            done("assistant", ours),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let answer = read(&lines);
        assert_eq!(answer.final_text(), "(assistant)", "{theirs}");
        assert_eq!(answer.items.len(), 1, "{theirs}");
    }
}

#[test]
fn messages_under_other_ids_are_told_apart_by_what_they_say() {
    // The terminal event holds the answer alone: its phase went to what was said before.
    let all = good(&stream(&[
        r#"{"type":"response.output_text.delta","output_index":0,"item_id":"a","delta":"Let me look."}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"a","type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me look."}]}}"#,
        r#"{"type":"response.output_text.delta","output_index":1,"item_id":"b","delta":"Four."}"#,
        r#"{"type":"response.completed","response":{"status":"completed","output":[
            {"id":"x","type":"message","role":"assistant","phase":"final_answer","content":[{"type":"output_text","text":"Four."}]},
            {"id":"y","type":"message","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"Let me look."}]}]}}"#
            .replace('\n', "")
            .as_str(),
    ]));
    let answer = collect(&all);
    assert_eq!((answer.final_text().as_str(), answer.items.len()), ("Four.", 2));
}
