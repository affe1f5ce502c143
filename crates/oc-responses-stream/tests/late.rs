//! What comes after its item ended, or where another item was: one test for each way
//! in which it was once said twice, lost, or taken for something else.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::{collect, good, stream, told};
use oc_responses_stream::{Answer, Delta, ResponseParser};

const COMPLETED: &str = r#"{"type":"response.completed","response":{"status":"completed"}}"#;

fn read(lines: &[&str]) -> Answer {
    let mut lines = lines.to_vec();
    lines.push(COMPLETED);
    collect(&good(&stream(&lines)))
}

const ADDED: &str = r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"a","type":"message","role":"assistant","content":[]}}"#;

fn delta(text: &str) -> String {
    format!(
        r#"{{"type":"response.output_text.delta","output_index":0,"item_id":"a","delta":"{text}"}}"#
    )
}

fn done(text: &str) -> String {
    format!(
        r#"{{"type":"response.output_item.done","output_index":0,"item":{{"id":"a","type":"message","role":"assistant","content":[{{"type":"output_text","text":"{text}"}}]}}}}"#
    )
}

#[test]
fn a_delta_of_an_item_that_ended_goes_on_in_it() {
    // It opened a second item, and the terminal event said its text again: "Hellolo".
    let completed = r#"{"type":"response.completed","response":{"status":"completed","output":[{"id":"a","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}]}}"#;
    let (hel, lo) = (delta("Hel"), delta("lo"));
    for lines in [
        &[ADDED, &hel, &done("Hel"), &lo, &done("Hello"), completed][..],
        &[ADDED, &hel, &done("Hel"), &lo, completed],
        &[ADDED, &hel, &done("Hello"), &lo, completed],
        &[ADDED, &hel, &done("Hel"), &lo, COMPLETED],
        &[ADDED, &hel, &done("Hello"), &lo, COMPLETED],
    ] {
        let answer = collect(&good(&stream(lines)));
        assert_eq!((answer.final_text().as_str(), answer.items.len()), ("Hello", 1), "{lines:?}");
    }
}

#[test]
fn a_late_delta_is_not_of_the_open_item_of_another_id() {
    let other = r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"b","type":"message","role":"assistant","content":[]}}"#;
    let late = r#"{"type":"response.output_text.delta","item_id":"a","delta":"lo "}"#;
    let more = r#"{"type":"response.output_text.delta","item_id":"b","delta":"world"}"#;
    let answer = read(&[ADDED, &delta("Hel"), &done("Hel"), other, more, late]);
    assert_eq!(answer.final_text(), "Hello world");
}

#[test]
fn a_piece_that_found_no_item_is_not_said_again() {
    // No ids and no indexes: nobody can know whose it is before the item says.
    let lines = [
        r#"{"type":"response.output_item.added","item":{"type":"message","role":"assistant"}}"#,
        r#"{"type":"response.output_text.delta","delta":"Hel"}"#,
        r#"{"type":"response.output_item.done","item":{"type":"message","role":"assistant","content":[]}}"#,
        r#"{"type":"response.output_text.delta","delta":"lo"}"#,
        r#"{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}]}}"#,
    ];
    assert_eq!(collect(&good(&stream(&lines))).final_text(), "Hello");
}

#[test]
fn messages_that_only_their_ends_tell_are_each_told() {
    // Without ids the second was taken for the first, said otherwise, and lost.
    let done = |index: &str, text: &str| {
        format!(
            r#"{{"type":"response.output_item.done",{index}"item":{{"type":"message","role":"assistant","content":[{{"type":"output_text","text":"{text}"}}]}}}}"#
        )
    };
    for index in ["", r#""output_index":0,"#] {
        let answer = read(&[&done(index, "One. "), &done(index, "Two.")]);
        assert_eq!(answer.final_text(), "One. Two.", "{index}");
        // Told again, it is the same.
        let (one, two) = (done(index, "One. "), done(index, "Two."));
        let answer = read(&[&one, &two, &one, &two, &one]);
        assert_eq!(answer.final_text(), "One. Two.", "{index}");
    }
}

#[test]
fn items_of_the_terminal_event_are_matched_by_the_best_reason() {
    // The first took the place of the second, which then was said twice.
    let lines = [
        r#"{"type":"response.output_text.delta","delta":"Two."}"#,
        r#"{"type":"response.completed","response":{"status":"completed","output":[{"id":"x","type":"message","role":"assistant","content":[{"type":"output_text","text":"One. "}]},{"id":"y","type":"message","role":"assistant","content":[{"type":"output_text","text":"Two."}]}]}}"#,
    ];
    assert_eq!(collect(&good(&stream(&lines))).final_text(), "Two.One. ");
}

const THOUGHT: [&str; 3] = [
    r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs","summary":[]}}"#,
    r#"{"type":"response.reasoning_text.delta","output_index":0,"delta":"hm"}"#,
    r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]}}"#,
];

#[test]
fn what_an_item_was_announced_as_ends_with_it() {
    // The answer was read as reasoning: nothing announced it, and the index is the same.
    let text = r#"{"type":"response.output_text.delta","output_index":0,"delta":"Answer"}"#;
    let [added, thought, done] = THOUGHT;
    let answer = read(&[added, thought, done, text]);
    assert_eq!(told(&answer), ("Answer".into(), "hm".into(), vec![]));
    // Its parts end with it, too.
    let part = r#"{"type":"response.content_part.added","output_index":0,"content_index":0,"part":{"type":"reasoning_text"}}"#;
    let text = r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Answer"}"#;
    let answer = read(&[added, part, thought, done, text]);
    assert_eq!(told(&answer), ("Answer".into(), "hm".into(), vec![]));
}

#[test]
fn what_has_the_id_of_reasoning_that_ended_is_reasoning() {
    let [added, thought, done] = THOUGHT;
    for late in [
        r#"{"type":"response.output_text.delta","output_index":0,"item_id":"rs","delta":" ok"}"#,
        r#"{"type":"response.output_text.done","output_index":0,"item_id":"rs","text":"hm ok"}"#,
    ] {
        let answer = read(&[added, thought, done, late]);
        assert_eq!(told(&answer), (String::new(), "hm ok".into(), vec![]), "{late}");
    }
    // Without it, what it restates tells.
    let late = r#"{"type":"response.output_text.done","output_index":0,"text":"hm"}"#;
    let answer = read(&[added, thought, done, late]);
    assert_eq!(told(&answer), (String::new(), "hm".into(), vec![]));
}

#[test]
fn a_call_that_is_announced_again_is_one_call() {
    // It ran a second time, without arguments.
    let call = |name: &str, arguments: &str| {
        format!(
            r#"{{"type":"response.output_item.{name}","item":{{"type":"function_call","call_id":"c","name":"f","arguments":"{arguments}"}}}}"#
        )
    };
    let (added, done) = (call("added", ""), call("done", r#"{\"a\":1}"#));
    let pieces = r#"{"type":"response.function_call_arguments.delta","delta":"{\"a\":1}"}"#;
    for lines in [&[&added[..], &done, &added][..], &[&added, pieces, &done, pieces]] {
        assert_eq!(told(&read(lines)).2, [("f".into(), r#"{"a":1}"#.into())], "{lines:?}");
    }
    // One that says something is another one.
    let other = r#"{"type":"response.function_call_arguments.delta","delta":"{\"a\":2}"}"#;
    assert_eq!(told(&read(&[&added, &done, &added, other])).2.len(), 2);
}

#[test]
fn pieces_of_a_call_that_nobody_named_are_no_call_to_run() {
    let pieces = r#"{"type":"response.function_call_arguments.delta","delta":"{\"a\":1}"}"#;
    let all = good(&stream(&[pieces, COMPLETED]));
    assert!(!all.iter().any(|delta| matches!(delta, Delta::ToolCallEnd(_))), "{all:?}");
    assert_eq!(told(&collect(&all)).2, [(String::new(), r#"{"a":1}"#.into())]);
}

#[test]
fn an_echo_without_a_name_ends_with_its_item() {
    // Nothing of the answer was read.
    let echo = |name: &str| {
        format!(
            r#"{{"type":"response.output_item.{name}","item":{{"type":"message","role":"user","content":"prompt"}}}}"#
        )
    };
    let text = r#"{"type":"response.output_text.delta","delta":"Answer"}"#;
    let answer = read(&[&echo("added"), &echo("done"), text]);
    assert_eq!((answer.final_text().as_str(), answer.items.len()), ("Answer", 1));
}

#[test]
fn an_item_that_comes_whole_and_is_done_twice_is_one() {
    let search = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"web_search_call","status":"completed"}}"#;
    let custom = |call_id: &str| {
        format!(
            r#"{{"type":"response.output_item.done","item":{{"type":"custom_tool_call","call_id":"{call_id}","name":"n","input":"x"}}}}"#
        )
    };
    assert_eq!(read(&[search, search]).items.len(), 1);
    assert_eq!(read(&[&custom("a"), &custom("a")]).items.len(), 1);
    assert_eq!(read(&[&custom("a"), &custom("b")]).items.len(), 2);
}

#[test]
fn a_delta_that_is_no_text_is_an_unknown_frame() {
    // It said nothing, and nothing counted it.
    for odd in [r#"{"text":"Hello"}"#, r#"["Hel","lo"]"#] {
        for name in ["output_text", "reasoning_text", "function_call_arguments", "refusal"] {
            let line = format!(r#"{{"type":"response.{name}.delta","delta":{odd}}}"#);
            let mut parser = ResponseParser::new();
            parser.feed(stream(&[&line, COMPLETED]));
            parser.finish();
            let all: Vec<Delta> = std::iter::from_fn(|| parser.next_event()).flatten().collect();
            assert!(all.contains(&Delta::Alive), "{all:?}");
            assert_eq!(parser.unknown_frames(), 1, "{line}");
        }
    }
}
