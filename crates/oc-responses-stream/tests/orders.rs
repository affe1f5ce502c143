//! Every order that one event can bring into an answer by being left out, said twice,
//! or said late: nothing that was said is lost, nothing is said twice, and reasoning is
//! never text. With ids and indexes, with one of them, and with none.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::{collect, stream, told};
use oc_responses_stream::{
    Delta, Limits, MachineOptions, OutputStyle, Parser, ResponseId, ResponseMachine,
    ResponsesInterpreter, laws,
};
use serde_json::{Value, json};

/// What the events of an answer are tied by.
#[derive(Clone, Copy, Debug)]
struct Names {
    ids: bool,
    indexes: bool,
}

const EVERY_NAMES: [Names; 4] = [
    Names { ids: true, indexes: true },
    Names { ids: true, indexes: false },
    Names { ids: false, indexes: true },
    Names { ids: false, indexes: false },
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Reasoning,
    Text,
    /// Another message.
    More,
    Call,
}

const ARGUMENTS: &str = r#"{"a":1}"#;

/// The pieces in which an item is streamed.
fn pieces(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::Reasoning => ["Two and two, ", "so four."],
        Kind::Text => ["It ", "is 4."],
        Kind::More => [" Ask ", "again."],
        Kind::Call => [r#"{"a":"#, "1}"],
    }
}

fn item(kind: Kind, at: usize, names: Names, is_whole: bool) -> Value {
    let whole = if is_whole { pieces(kind).concat() } else { String::new() };
    let parts = |part_type: &str| match is_whole {
        true => json!([{"type": part_type, "text": whole}]),
        false => json!([]),
    };
    let mut item = match kind {
        Kind::Reasoning => {
            json!({"type": "reasoning", "summary": [], "content": parts("reasoning_text")})
        }
        Kind::Text | Kind::More => {
            json!({"type": "message", "role": "assistant", "content": parts("output_text")})
        }
        Kind::Call => {
            json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": whole})
        }
    };
    if names.ids {
        item["id"] = format!("item_{at}").into();
    }
    item
}

/// One event, and the piece that it streams.
#[derive(Clone, Debug)]
struct Said {
    json: String,
    piece: Option<(Kind, &'static str)>,
}

/// Everything that is said of one item, in the right order.
fn events(kind: Kind, at: usize, names: Names) -> Vec<Said> {
    let event = |name: &str, fields: Value| {
        let mut event = json!({"type": format!("response.{name}")});
        if names.indexes {
            event["output_index"] = at.into();
        }
        if names.ids && !name.starts_with("output_item.") {
            event["item_id"] = format!("item_{at}").into();
        }
        if names.indexes && kind != Kind::Call && !name.starts_with("output_item.") {
            event["content_index"] = 0.into();
        }
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        Said { json: event.to_string(), piece: None }
    };
    let whole = pieces(kind).concat();
    let (family, part_type) = match kind {
        Kind::Reasoning => ("reasoning_text", "reasoning_text"),
        Kind::Text | Kind::More => ("output_text", "output_text"),
        Kind::Call => ("function_call_arguments", ""),
    };
    let mut all = vec![event("output_item.added", json!({"item": item(kind, at, names, false)}))];
    for piece in pieces(kind) {
        let delta = event(&format!("{family}.delta"), json!({"delta": piece}));
        all.push(Said { piece: Some((kind, piece)), ..delta });
    }
    let field = if kind == Kind::Call { "arguments" } else { "text" };
    all.push(event(&format!("{family}.done"), json!({field: whole})));
    if kind != Kind::Call {
        let part = json!({"type": part_type, "text": whole});
        all.push(event("content_part.done", json!({"part": part})));
    }
    all.push(event("output_item.done", json!({"item": item(kind, at, names, true)})));
    all
}

/// The answer of these items, but for its terminal event.
fn answer(kinds: &[Kind], names: Names) -> Vec<Said> {
    kinds.iter().enumerate().flat_map(|(at, kind)| events(*kind, at, names)).collect()
}

fn completed(kinds: &[Kind], names: Names, restates: bool) -> Said {
    let all = kinds.iter().enumerate().map(|(at, kind)| item(*kind, at, names, true));
    let output: Vec<Value> = all.filter(|_| restates).collect();
    let response = json!({"status": "completed", "output": output});
    let json = json!({"type": "response.completed", "response": response}).to_string();
    Said { json, piece: None }
}

/// What is held against what: `streamed` is what the deltas say in their order.
fn check(kinds: &[Kind], said: &[Said], what: &str) {
    let lines: Vec<&str> = said.iter().map(|said| said.json.as_str()).collect();
    let mut parser = Parser::with_interpreter(ResponsesInterpreter::new(), Limits::default());
    parser.feed(stream(&lines));
    parser.finish();
    let mut all = Vec::new();
    while let Some(Ok(delta)) = parser.next_event() {
        all.push(delta);
    }
    let contradictions = parser.interpreter().contradictions();
    let (text, reasoning, calls) = told(&collect(&all));
    let what = || format!("{what}\n{}\n{all:#?}", lines.join("\n"));
    // What was streamed stands where its restatements contradict it: without its
    // beginning, in another order, or with words that are there twice. It counts,
    // unless they are more than what was restated.
    let right = |kind: Kind| -> Vec<String> {
        let whole = if kinds.contains(&kind) { pieces(kind).concat() } else { String::new() };
        let of_kind = |said: &Said| said.piece.filter(|(its, _)| *its == kind);
        let streamed: String = said.iter().filter_map(of_kind).map(|(_, piece)| piece).collect();
        let is_longer = streamed.starts_with(&whole);
        let stands = !whole.starts_with(&streamed) && (is_longer || contradictions > 0);
        std::iter::once(whole).chain(stands.then_some(streamed)).collect()
    };
    assert!(right(Kind::Reasoning).contains(&reasoning), "{reasoning:?} {}", what());
    let (first, more) = (right(Kind::Text), right(Kind::More));
    let is_right = |text: &str| {
        first.iter().any(|first| {
            text.strip_prefix(first.as_str()).is_some_and(|rest| more.iter().any(|it| it == rest))
        })
    };
    assert!(is_right(&text), "{text:?} {}", what());
    if kinds.contains(&Kind::Call) {
        assert_eq!(calls, [("f".to_owned(), ARGUMENTS.to_owned())], "{}", what());
        let ends = all.iter().filter(|delta| matches!(delta, Delta::ToolCallEnd(_))).count();
        assert_eq!(ends, 1, "{}", what());
    } else {
        assert_eq!(calls, [], "{}", what());
    }
    let is_over = matches!(all.last(), Some(Delta::Finish(_)));
    for style in [OutputStyle::Full, OutputStyle::FinalOnly] {
        let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 1).output(style);
        let mut machine = ResponseMachine::new(options);
        let mut written = Vec::new();
        for delta in &all {
            machine.push(delta);
            written.extend(std::iter::from_fn(|| machine.next_event()));
        }
        if !is_over {
            machine.fail("server_error", "cut");
            written.extend(std::iter::from_fn(|| machine.next_event()));
        }
        laws::check(&written).unwrap_or_else(|violation| panic!("{violation} {}", what()));
        let response = machine.response();
        if is_over {
            assert_eq!(response["status"], "completed", "{}", what());
            let output = response["output"].as_array().unwrap();
            let messages = output.iter().filter(|item| item["type"] == "message");
            let parts = messages.flat_map(|item| item["content"].as_array().unwrap());
            let written: String = parts.filter_map(|part| part["text"].as_str()).collect();
            // What comes for a message that was closed for another is written as one more.
            let (written, text) = match kinds.contains(&Kind::More) {
                true => (sorted(&written), sorted(&text)),
                false => (written, text.clone()),
            };
            assert_eq!(written, text, "{}", what());
        }
    }
}

fn sorted(text: &str) -> String {
    let mut all: Vec<char> = text.chars().collect();
    all.sort_unstable();
    all.into_iter().collect()
}

#[test]
fn one_event_left_out_said_twice_or_late() {
    use Kind::{Call, Reasoning, Text};
    let answers: [&[Kind]; 6] = [
        &[Text],
        &[Reasoning],
        &[Call],
        &[Reasoning, Text],
        &[Text, Call],
        &[Reasoning, Text, Call],
    ];
    let checked: usize = answers.iter().map(|kinds| every_order(kinds, &EVERY_NAMES)).sum();
    assert!(checked > 4000, "{checked}");
}

#[test]
fn the_same_of_two_messages_that_have_names() {
    use Kind::{Call, More, Reasoning, Text};
    let named: Vec<Names> = EVERY_NAMES.into_iter().filter(|n| n.ids || n.indexes).collect();
    let answers: [&[Kind]; 2] = [&[Text, More], &[Text, Reasoning, More, Call]];
    let checked: usize = answers.iter().map(|kinds| every_order(kinds, &named)).sum();
    assert!(checked > 2000, "{checked}");
}

/// Checks every order of the answer of these items; how many there were.
fn every_order(kinds: &[Kind], every_names: &[Names]) -> usize {
    let mut checked = 0;
    for &names in every_names {
        let right = answer(kinds, names);
        for restates in [true, false] {
            let last = completed(kinds, names, restates);
            let mut run = |said: Vec<Said>, what: String| {
                checked += 1;
                check(kinds, &said, &format!("{kinds:?} {names:?} {restates}: {what}"));
            };
            let ended = |mut said: Vec<Said>| {
                said.push(last.clone());
                said
            };
            run(ended(right.clone()), "as it should be".to_owned());
            run(right.clone(), "no end".to_owned());
            run(ended(ended(right.clone())), "two ends".to_owned());
            for at in 0..right.len() {
                let mut less = right.clone();
                let event = less.remove(at);
                run(ended(less.clone()), format!("{at} left out"));
                for later in at..=less.len() {
                    let mut late = less.clone();
                    late.insert(later, event.clone());
                    run(ended(late), format!("{at} late, at {later}"));
                    let mut twice = right.clone();
                    twice.insert(later + 1, event.clone());
                    run(ended(twice), format!("{at} twice, again at {}", later + 1));
                }
            }
        }
    }
    checked
}
