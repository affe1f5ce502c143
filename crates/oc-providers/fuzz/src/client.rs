//! Clients: what any answer becomes in each dialect is read by that dialect's
//! own interpreter as the answer that it was.

use std::fmt::Debug;

use oc_providers::wire::anthropic_messages::MessagesInterpreter;
use oc_providers::wire::openai_completions::CompletionsInterpreter;
use oc_providers::wire::{AnswerName, Dialect, Render};
use oc_responses_stream::{
    Answer, Collector, Delta, FinishReason, Interpret, Item, Limits, Parser, Part, Phase,
    ReasoningKind, ResponsesInterpreter,
};
use serde_json::Value;

use crate::answer::{Said, of_choice};

/// The shortest request of each dialect.
const ASKED: [(Dialect, &str); 3] = [
    (Dialect::Responses, r#"{"model":"m","input":"hi"}"#),
    (
        Dialect::Chat,
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}"#,
    ),
    (
        Dialect::Messages,
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#,
    ),
];

/// `whole`: an answer; `each`: the answers that it is, where several were asked for.
/// Of several only a Chat client can be told.
pub(crate) fn every_client_reads(whole: &Said, each: &[Said]) {
    let several = each.len() > 1;
    for (dialect, body) in ASKED {
        if several && dialect != Dialect::Chat {
            continue;
        }
        let body = body.replacen('{', &format!("{{\"n\":{},", each.len()), usize::from(several));
        let asked = dialect.decode_request(body.as_bytes()).expect("a request");
        let mut renderer = asked.renderer(AnswerName::new("1", "m", 1));
        let stream = told(renderer.as_mut(), whole);
        assert!(renderer.is_terminal());
        compare_each(dialect, "stream", each, &read_back(dialect, &stream, each.len()));
        if whole.1.is_none() {
            let document = renderer.document().to_string();
            let document = read_back(dialect, document.as_bytes(), each.len());
            compare_each(dialect, "document", each, &document);
        }
    }
}

fn compare_each(dialect: Dialect, how: &str, each: &[Said], after: &[Delta]) {
    let after = (after.to_vec(), None);
    for (choice, said) in (0..).zip(each) {
        let (after, _) = of_choice(&after, choice);
        let fails = choice == 0 && said.1.is_some();
        assert_eq!(collected(&after).error.is_some(), fails, "{dialect:?} {how}: {after:?}");
        compare(dialect, how, said, &collected(&said.0), &after);
    }
}

fn told(renderer: &mut dyn Render, (deltas, error): &Said) -> Vec<u8> {
    let mut bytes = Vec::new();
    for delta in deltas {
        renderer.push(delta);
        drain(renderer, &mut bytes);
    }
    if error.is_some() {
        renderer.fail("upstream_failed", "it broke");
        drain(renderer, &mut bytes);
    }
    bytes.extend(renderer.end_mark());
    bytes
}

fn drain(renderer: &mut dyn Render, bytes: &mut Vec<u8>) {
    while let Some(event) = renderer.next_bytes() {
        assert!(event.ends_with(b"\n\n"), "one whole event in one write");
        bytes.extend(event);
    }
}

fn collected(deltas: &[Delta]) -> Answer {
    let mut collector = Collector::new();
    deltas.iter().for_each(|delta| collector.push(delta));
    collector.finish()
}

fn read_back(dialect: Dialect, bytes: &[u8], answers: usize) -> Vec<Delta> {
    let answers = u32::try_from(answers).unwrap_or(u32::MAX);
    match dialect {
        Dialect::Responses => read(ResponsesInterpreter::new(), bytes),
        Dialect::Chat => read(CompletionsInterpreter::new().with_choices(answers), bytes),
        _ => read(MessagesInterpreter::new(), bytes),
    }
}

/// What we write can be read, to its end.
fn read<I: Interpret + Debug>(interpreter: I, bytes: &[u8]) -> Vec<Delta> {
    let mut parser = Parser::with_interpreter(interpreter, Limits::default());
    parser.feed(bytes);
    parser.finish();
    let mut deltas = Vec::new();
    while let Some(delta) = parser.next_event() {
        deltas.push(delta.expect("what a renderer writes can be read"));
    }
    assert!(matches!(deltas.last(), Some(Delta::Finish(_) | Delta::Error(_))), "{deltas:?}");
    deltas
}

fn compare(dialect: Dialect, how: &str, said: &Said, before: &Answer, after: &[Delta]) {
    let path = format!("{dialect:?} {how}: {said:?}\n{after:?}");
    let (first, heard) = (Told::of(&said.0), Told::of(after));
    let after = collected(after);
    let kept = Kept::of(said, before, dialect);
    if kept.text {
        assert_eq!(heard.text, first.text, "{path}");
    }
    if kept.reasoning {
        assert_eq!(heard.reasoning, first.reasoning, "{path}");
    }
    assert_eq!(calls(&after), calls(before), "{path}");
    if dialect != Dialect::Responses
        && let Some(finish) = &after.finish
    {
        let called = finish.reason == FinishReason::ToolCalls;
        let cut = matches!(finish.reason, FinishReason::Length | FinishReason::ContentFilter);
        let is_refusal = finish.reason == FinishReason::Refusal;
        assert!(cut || is_refusal || called == (after.tool_calls().count() > 0), "{path}");
    }
}

fn calls(answer: &Answer) -> Vec<(&str, &str, Value)> {
    let calls = answer.tool_calls();
    let mut calls: Vec<_> = calls
        .map(|call| {
            let arguments = serde_json::from_str(&call.arguments).expect("whole");
            (call.call_id.as_str(), call.name.as_str(), arguments)
        })
        .collect();
    // They are told when they are whole, in whichever order that is.
    calls.sort_by_key(|(id, ..)| *id);
    calls
}

/// What was told, in the order in which it was.
#[derive(Default)]
struct Told {
    text: String,
    reasoning: String,
}

impl Told {
    fn of(deltas: &[Delta]) -> Self {
        let mut told = Self::default();
        for delta in deltas {
            match delta {
                Delta::Text(text) if text.is_final() => told.text += &text.text,
                Delta::Refusal(text) => told.text += &text.text,
                Delta::Reasoning(thought) => told.reasoning += &thought.text,
                _ => {}
            }
        }
        told
    }
}

/// What of an answer a dialect can tell to the letter.
struct Kept {
    text: bool,
    reasoning: bool,
}

impl Kept {
    fn of((deltas, _): &Said, answer: &Answer, dialect: Dialect) -> Self {
        let any = |is: fn(&Delta) -> bool| deltas.iter().any(is);
        // Items that come whole are for the Responses API alone.
        let whole = any(|delta| matches!(delta, Delta::Item(_)));
        let is_commentary = |item: &Item| match item {
            Item::Message(message) => message.phase == Some(Phase::Commentary),
            _ => false,
        };
        let is_refusal = |item: &Item| match item {
            Item::Message(message) => {
                message.content.iter().any(|part| matches!(part, Part::Refusal(_)))
            }
            _ => false,
        };
        // A refusal has its own place in a chat message, and in the Messages
        // API an ending that brings its own words.
        let declined = answer.items.iter().any(is_refusal)
            || answer.finish.as_ref().is_some_and(|finish| {
                matches!(finish.reason, FinishReason::Refusal | FinishReason::ContentFilter)
            });
        let commentary = answer.items.iter().any(is_commentary);
        let is_own = dialect == Dialect::Responses;
        let both = any(
            |delta| matches!(delta, Delta::Reasoning(thought) if thought.kind == ReasoningKind::Summary),
        );
        Self {
            text: is_own && !whole || !(whole || declined || commentary),
            reasoning: !whole && !both,
        }
    }
}
