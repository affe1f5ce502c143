//! The tolerance checklist: what real servers do that the specification does
//! not say, line by line. `docs/streaming.md` names these tests.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::{collect, deltas, good, stated, stream, told};
use oc_responses_stream::{
    Answer, Delta, FinishReason, ImplicitOpen, Item, ItemStatus, Limits, MachineOptions,
    OutputStyle, Parser, Phase, ReasoningKind, ResponseId, ResponseMachine, ResponseParser,
    ResponsesInterpreter, SplitOptions, StreamError, final_text, laws,
};
use serde_json::json;

const COMPLETED: &str = r#"{"type":"response.completed","response":{"status":"completed"}}"#;

fn read(lines: &[&str]) -> Answer {
    let mut lines = lines.to_vec();
    lines.push(COMPLETED);
    collect(&good(&stream(&lines)))
}

/// The same with reasoning inside of text taken apart, as the parser does by itself.
fn read_apart(lines: &[String]) -> Answer {
    let lines: Vec<&str> = lines.iter().map(String::as_str).chain([COMPLETED]).collect();
    let bytes = stream(&lines);
    collect(
        &common::drain(ResponseParser::new(), [&bytes[..]])
            .into_iter()
            .map(Result::unwrap)
            .collect::<Vec<_>>(),
    )
}

// ---- items, indexes and ids ----

#[test]
fn ids_that_change_on_every_event() {
    // GitHub Copilot.
    let answer = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"a","type":"message","role":"assistant","content":[]}}"#,
        r#"{"type":"response.output_text.delta","item_id":"b","output_index":0,"content_index":0,"delta":"Hel"}"#,
        r#"{"type":"response.output_text.delta","item_id":"c","output_index":0,"content_index":0,"delta":"lo"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"d","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}}"#,
    ]);
    assert_eq!((answer.final_text().as_str(), answer.items.len()), ("Hello", 1));
}

#[test]
fn deltas_before_added() {
    let answer = read(&[
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hel"}"#,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"m","type":"message","role":"assistant","content":[]}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"lo"}"#,
    ]);
    assert_eq!((answer.final_text().as_str(), answer.items.len()), ("Hello", 1));
}

#[test]
fn arguments_before_the_name_are_kept() {
    let answer = read(&[
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\":"}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"delta":"1}"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"}}"#,
    ]);
    assert_eq!(told(&answer).2, [("f".to_owned(), r#"{"a":1}"#.to_owned())]);
}

#[test]
fn calls_without_item_ids_are_tied_by_call_id() {
    // Early llama.cpp.
    let answer = read(&[
        r#"{"type":"response.output_item.added","item":{"type":"function_call","call_id":"c1","name":"f","arguments":""}}"#,
        r#"{"type":"response.function_call_arguments.delta","item_id":"fc_1","delta":"{}"}"#,
        r#"{"type":"response.output_item.added","item":{"type":"function_call","call_id":"c2","name":"g","arguments":""}}"#,
        r#"{"type":"response.function_call_arguments.delta","item_id":"fc_2","delta":"{\"b\":2}"}"#,
        r#"{"type":"response.output_item.done","item":{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}}"#,
        r#"{"type":"response.output_item.done","item":{"type":"function_call","call_id":"c2","name":"g","arguments":"{\"b\":2}"}}"#,
    ]);
    assert_eq!(told(&answer).2, [("f".into(), "{}".into()), ("g".into(), r#"{"b":2}"#.into())]);
}

#[test]
fn arguments_done_without_deltas() {
    // LM Studio 0.4.
    let answer = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"fc","type":"function_call","call_id":"c","name":"f","arguments":""}}"#,
        r#"{"type":"response.function_call_arguments.done","item_id":"fc","output_index":0,"arguments":"{\"a\":1}"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"fc","type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"}}"#,
    ]);
    assert_eq!(told(&answer).2, [("f".to_owned(), r#"{"a":1}"#.to_owned())]);
}

#[test]
fn tokens_of_harmony_on_a_functions_name() {
    // vLLM.
    for line in [
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f<|channel|>commentary","arguments":"{}"}}"#,
        r#"{"type":"response.function_call_arguments.done","output_index":0,"name":"f<|channel|>commentary","arguments":"{}"}"#,
    ] {
        assert_eq!(told(&read(&[line])).2, [("f".to_owned(), "{}".to_owned())]);
    }
}

#[test]
fn items_that_are_only_done() {
    let answer = read(&[
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}]}}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[{"type":"url_citation"}]}]}}"#,
        r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}"#,
    ]);
    assert_eq!(told(&answer), ("Hi".into(), "Hm.".into(), vec![("f".into(), "{}".into())]));
    let Item::Message(message) = &answer.items[1] else { panic!() };
    let oc_responses_stream::Part::Text(text) = &message.content[0] else { panic!() };
    assert_eq!(text.annotations, [json!({"type": "url_citation"})]);
}

#[test]
fn items_that_are_null() {
    let answer = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":null}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":null}"#,
    ]);
    assert_eq!(answer.items, []);
}

#[test]
fn one_index_used_for_several_items() {
    // LiteLLM's bridge.
    let answer = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"r","type":"reasoning"}}"#,
        r#"{"type":"response.reasoning_text.delta","output_index":0,"item_id":"r1","delta":"Hm."}"#,
        r#"{"type":"response.reasoning_text.delta","output_index":0,"item_id":"r2","delta":" Ok."}"#,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"m","type":"message","role":"assistant"}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"item_id":"m","delta":"Hi"}"#,
    ]);
    assert_eq!(told(&answer), ("Hi".into(), "Hm. Ok.".into(), vec![]));
    assert_eq!(answer.items.len(), 2);
}

#[test]
fn numbers_as_text() {
    let answer = read(&[
        r#"{"type":"response.output_text.delta","output_index":"0","content_index":"0","delta":"a"}"#,
        r#"{"type":"response.output_text.delta","output_index":"1","content_index":"0","delta":"b"}"#,
    ]);
    assert_eq!(answer.items.len(), 2);
}

#[test]
fn parallel_calls_interleaved() {
    let answer = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"a","type":"function_call","call_id":"c1","name":"f"}}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"b","type":"function_call","call_id":"c2","name":"g"}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":1,"item_id":"b","delta":"{\"g\""}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"a","delta":"{\"f\""}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":1,"item_id":"b","delta":":1}"}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"a","delta":":2}"}"#,
    ]);
    assert_eq!(
        told(&answer).2,
        [("f".into(), r#"{"f":2}"#.into()), ("g".into(), r#"{"g":1}"#.into())]
    );
}

#[test]
fn a_message_that_ends_before_the_reasoning_around_it() {
    // OpenRouter.
    let answer = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"r","type":"reasoning"}}"#,
        r#"{"type":"response.reasoning_text.delta","output_index":0,"delta":"Hm."}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"m","type":"message"}}"#,
        r#"{"type":"response.output_text.delta","output_index":1,"delta":"Hi"}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"id":"m2","type":"message","content":[{"type":"output_text","text":"Hi"}]}}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"r2","type":"reasoning","content":[{"type":"reasoning_text","text":"Hm."}]}}"#,
    ]);
    assert_eq!(told(&answer), ("Hi".into(), "Hm.".into(), vec![]));
}

#[test]
fn reasoning_that_is_added_after_the_message_began() {
    // OpenRouter, in another capture.
    let answer = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"m","type":"message"}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"item_id":"m","delta":"Hel"}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"r","type":"reasoning"}}"#,
        r#"{"type":"response.reasoning_text.delta","output_index":1,"item_id":"r","delta":"Hm."}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"item_id":"m","delta":"lo"}"#,
    ]);
    assert_eq!(told(&answer), ("Hello".into(), "Hm.".into(), vec![]));
    assert_eq!(answer.items.len(), 2);
}

#[test]
fn one_content_index_per_delta() {
    // Older vLLM.
    let answer = read(&[
        r#"{"type":"response.output_text.delta","output_index":0,"content_index":8,"delta":"a"}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"content_index":9,"delta":"b"}"#,
        r#"{"type":"response.output_text.done","output_index":0,"content_index":9,"text":"ab"}"#,
    ]);
    assert_eq!(parts_of(&answer), ["ab"]);
    // Said twice, it is still heard once.
    let delta = |index: u32, text: &str| {
        json!({"type":"response.output_text.delta","output_index":0,"content_index":index,"delta":text})
            .to_string()
    };
    let whole = |kind: &str| {
        json!({"type": kind, "output_index": 0, "content_index": 10, "text": "a <b"}).to_string()
    };
    let lines = [delta(8, "a"), delta(9, " "), delta(10, "<"), delta(10, "b")];
    let done = [whole("response.output_text.done"), whole("response.content_part.done")];
    let lines: Vec<&str> = lines.iter().chain(&done).chain(&done).map(String::as_str).collect();
    assert_eq!(parts_of(&read(&lines)), ["a <b"]);
}

#[test]
fn several_parts_that_were_announced() {
    let answer = read(&[
        r#"{"type":"response.content_part.added","output_index":0,"content_index":0,"part":{"type":"output_text","text":""}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a"}"#,
        r#"{"type":"response.content_part.added","output_index":0,"content_index":1,"part":{"type":"output_text","text":""}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"content_index":1,"delta":"b"}"#,
    ]);
    let Item::Message(message) = &answer.items[0] else { panic!() };
    assert_eq!((answer.final_text().as_str(), message.content.len()), ("ab", 2));
}

/// The texts of the first item's parts.
fn parts_of(answer: &Answer) -> Vec<&str> {
    let messages = answer.items.iter().filter_map(|item| match item {
        Item::Message(message) => Some(message),
        _ => None,
    });
    let parts = messages.flat_map(|message| &message.content);
    parts
        .map(|part| match part {
            oc_responses_stream::Part::Text(text) => text.text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_second_part_that_was_never_announced() {
    let delta = |index: u32, text: &str| {
        json!({"type":"response.output_text.delta","output_index":0,"content_index":index,"delta":text})
            .to_string()
    };
    let done = |kind: &str| {
        json!({"type": kind, "output_index": 0, "content_index": 0, "text": "Hello"}).to_string()
    };
    // Its own beginning, so that a block of reasoning there is one.
    let thinks = "<think>secret</think>Bye";
    for lines in [
        vec![delta(0, "Hel"), delta(0, "lo"), delta(1, thinks)],
        vec![delta(0, "Hello"), delta(1, thinks)],
        vec![delta(0, "Hello"), delta(1, "\n<thi"), delta(1, "nk>secret</think>"), delta(1, "Bye")],
        vec![delta(0, "Hello"), done("response.output_text.done"), delta(1, thinks)],
        vec![delta(0, "Hello"), done("response.content_part.done"), delta(1, thinks)],
    ] {
        let answer = read_apart(&lines);
        assert_eq!(told(&answer), ("HelloBye".into(), "secret".into(), vec![]), "{lines:#?}");
    }
    // The index means a part where it stays the same, or where the one before was done.
    for lines in [
        vec![delta(0, "a"), delta(0, "b"), delta(1, "c"), delta(1, "d")],
        vec![delta(0, "ab"), done("response.content_part.done"), delta(1, "c"), delta(1, "d")],
    ] {
        let answer = read_apart(&lines);
        assert_eq!(parts_of(&answer), ["ab", "cd"], "{lines:#?}");
    }
}

// ---- restatements ----

#[test]
fn a_surrogate_pair_split_across_deltas() {
    let answer = read(&[
        r#"{"type":"response.output_text.delta","delta":"x\ud83d"}"#,
        r#"{"type":"response.output_text.delta","delta":"\ude00y"}"#,
    ]);
    assert_eq!(answer.final_text(), "x😀y");
}

#[test]
fn done_text_that_extends_what_was_streamed() {
    let answer = read(&[
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hel"}"#,
        r#"{"type":"response.output_text.done","output_index":0,"text":"Hello"}"#,
    ]);
    assert_eq!(answer.final_text(), "Hello");
}

#[test]
fn done_text_that_contradicts_what_was_streamed() {
    let mut parser = ResponseParser::new();
    parser.feed(stream(&[
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hello"}"#,
        r#"{"type":"response.output_text.done","output_index":0,"text":"Goodbye"}"#,
        COMPLETED,
    ]));
    let mut all = Vec::new();
    while let Some(delta) = parser.next_event() {
        all.push(delta.unwrap());
    }
    assert_eq!(collect(&all).final_text(), "Hello");
    assert_eq!(parser.interpreter().contradictions(), 1);
}

#[test]
fn done_after_the_first_delta_and_more_deltas_then() {
    // OmniRoute.
    let answer = read(&[
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hel"}"#,
        r#"{"type":"response.output_text.done","output_index":0,"text":"Hel"}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"lo"}"#,
        r#"{"type":"response.output_text.done","output_index":0,"text":"Hel"}"#,
    ]);
    assert_eq!(answer.final_text(), "Hello");
}

#[test]
fn deltas_after_their_item_was_done() {
    let answer = read(&[
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hel"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"m","type":"message","content":[{"type":"output_text","text":"Hel"}]}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"lo"}"#,
    ]);
    assert_eq!(answer.final_text(), "Hello");
}

#[test]
fn a_message_that_is_closed_and_was_never_opened() {
    // LiteLLM, where an answer is a tool call and nothing else.
    let answer = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"f","type":"function_call","call_id":"c","name":"f"}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"f","delta":"{}"}"#,
        r#"{"type":"response.output_text.done","output_index":0,"item_id":"chatcmpl-1","content_index":0,"text":""}"#,
        r#"{"type":"response.content_part.done","output_index":0,"item_id":"chatcmpl-1","content_index":0}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"chatcmpl-1","type":"message","content":[]}}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"f","type":"function_call","call_id":"c","name":"f","arguments":"{}"}}"#,
    ]);
    assert_eq!(told(&answer), (String::new(), String::new(), vec![("f".into(), "{}".into())]));
}

#[test]
fn everything_done_twice() {
    let done = r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"m","type":"message","content":[{"type":"output_text","text":"Hi"}]}}"#;
    let text = r#"{"type":"response.output_text.done","output_index":0,"text":"Hi"}"#;
    let answer = read(&[text, text, done, done, text]);
    assert_eq!((answer.final_text().as_str(), answer.items.len()), ("Hi", 1));
}

// ---- reasoning ----

#[test]
fn reasoning_in_all_its_names() {
    for name in [
        "response.reasoning_text.delta",
        "response.reasoning.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary.delta",
    ] {
        let answer = read(&[&json!({"type": name, "output_index": 0, "delta": "Hm."}).to_string()]);
        assert_eq!(told(&answer), (String::new(), "Hm.".into(), vec![]), "{name}");
    }
}

#[test]
fn reasoning_parts_of_vllm() {
    let answer = read(&[
        r#"{"type":"response.reasoning_part.added","output_index":0,"content_index":0,"part":{"type":"reasoning_text","text":""}}"#,
        r#"{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"Hm."}"#,
        r#"{"type":"response.reasoning_part.done","output_index":0,"content_index":0,"part":{"type":"reasoning_text","text":"Hm."}}"#,
        r#"{"type":"response.output_text.delta","output_index":1,"content_index":1,"delta":"Hi"}"#,
    ]);
    assert_eq!(told(&answer), ("Hi".into(), "Hm.".into(), vec![]));
}

#[test]
fn summary_parts_without_part_added() {
    // Ollama, LiteLLM.
    let got = good(&stream(&[
        r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"a"}"#,
        r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"b"}"#,
        COMPLETED,
    ]));
    let parts: Vec<_> = got
        .iter()
        .filter_map(|d| match d {
            Delta::Reasoning(r) => Some((r.kind, r.part, r.text.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(parts, [(ReasoningKind::Summary, 0, "a"), (ReasoningKind::Summary, 1, "b")]);
}

#[test]
fn the_seal_of_the_done_item_counts() {
    let answer = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"r","type":"reasoning","encrypted_content":"first"}}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"r","type":"reasoning","encrypted_content":"second"}}"#,
    ]);
    let Item::Reasoning(reasoning) = &answer.items[0] else { panic!() };
    assert_eq!(reasoning.encrypted_content.as_deref(), Some("second"));
}

#[test]
fn commentary_is_not_final_text() {
    let answer = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"a","type":"message","phase":"commentary"}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"Let me look."}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"b","type":"message","phase":"final_answer"}}"#,
        r#"{"type":"response.output_text.delta","output_index":1,"delta":"42"}"#,
    ]);
    assert_eq!(answer.final_text(), "42");
    let Item::Message(message) = &answer.items[0] else { panic!() };
    assert_eq!(message.phase, Some(Phase::Commentary));
}

#[test]
fn commentary_that_is_told_only_at_its_end_is_not_final_text() {
    let added = r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"a","type":"message"}}"#;
    let said = r#"{"type":"response.output_text.delta","output_index":0,"delta":"Let me look."}"#;
    let item = r#"{"id":"a","type":"message","phase":"commentary","content":[{"type":"output_text","text":"Let me look. "}]}"#;
    let done = format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#);
    let silent = r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"a","type":"message"}}"#;
    let answer = r#"{"type":"response.output_text.delta","output_index":1,"delta":"42"}"#;
    let completed = format!(
        r#"{{"type":"response.completed","response":{{"status":"completed","output":[{item}]}}}}"#
    );
    for lines in [
        vec![added, said, &done, answer, COMPLETED],
        vec![said, &done, &done, answer, COMPLETED],
        vec![added, said, answer, &completed],
        // told when the message had ended
        vec![added, said, silent, answer, &completed],
    ] {
        let got = good(&stream(&lines));
        let told: Vec<_> = got.iter().filter(|delta| matches!(delta, Delta::Phase(_))).collect();
        assert_eq!(told.len(), 1, "{lines:#?}");
        assert_eq!(collect(&got).final_text(), "42", "{lines:#?}");
        let mut machine = ResponseMachine::new(
            MachineOptions::new(ResponseId::new("resp_1"), "m", 0).output(OutputStyle::FinalOnly),
        );
        got.iter().for_each(|delta| machine.push(delta));
        let response = machine.response();
        assert_eq!(response["output"][0]["content"][0]["text"], "42", "{lines:#?}");
        let events: Vec<_> = std::iter::from_fn(|| machine.next_event()).collect();
        laws::check(&events).unwrap();
        let stream = futures::stream::iter(got.into_iter().map(Ok::<_, StreamError>));
        assert_eq!(futures::executor::block_on(final_text(stream)).unwrap(), "42");
    }
}

#[test]
fn the_answer_that_was_announced_as_commentary_is_final_text() {
    let got = good(&stream(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"a","type":"message","phase":"commentary"}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"42"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"a","type":"message","phase":"final_answer"}}"#,
        // said and said again: the first correction counts
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"a","type":"message","phase":"commentary"}}"#,
        COMPLETED,
    ]));
    assert_eq!(collect(&got).final_text(), "42");
    let mut machine = ResponseMachine::new(MachineOptions::new(ResponseId::new("resp_1"), "m", 0));
    got.iter().for_each(|delta| machine.push(delta));
    assert_eq!(machine.response()["output"][0]["phase"], "final_answer");
}

#[test]
fn a_profile_of_the_model_holds_for_a_stream() {
    // Its chat template writes the opening tag: what comes first is held back.
    let options = SplitOptions::default().with_implicit_open(ImplicitOpen::Hold { max: 1 << 10 });
    let delta = |text: &str| {
        json!({"type":"response.output_text.delta","output_index":0,"delta":text}).to_string()
    };
    for (texts, expected) in [
        (["I should", " say it.</thi", "nk>\n\nFour."], ("Four.", "I should say it.")),
        (["Four", " and", " no more."], ("Four and no more.", "")),
    ] {
        let mut parser = Parser::with_interpreter(ResponsesInterpreter::new(), Limits::default())
            .split_reasoning_with(options);
        let mut all = Vec::new();
        for text in texts.map(delta).iter().map(String::as_str).chain([COMPLETED]) {
            parser.feed(stream(&[text]));
            // Held back or not, each event shows that the server lives.
            let first = parser.next_event().unwrap().unwrap();
            all.push(first);
            all.extend(std::iter::from_fn(|| parser.next_event()).map(Result::unwrap));
        }
        let answer = collect(&all);
        let (text, thought) = expected;
        assert_eq!(told(&answer), (text.to_owned(), thought.to_owned(), vec![]));
        assert_eq!(parser.splitter().unwrap().stray_closes(), 0);
    }
}

// ---- other events ----

#[test]
fn azure_text_events_and_refusals() {
    let answer = read(&[
        r#"{"type":"response.text.delta","output_index":0,"delta":"Hi"}"#,
        r#"{"type":"response.text.done","output_index":0,"text":"Hi!"}"#,
        r#"{"type":"response.refusal.delta","output_index":1,"delta":"No"}"#,
        r#"{"type":"response.refusal.done","output_index":1,"refusal":"No."}"#,
    ]);
    assert_eq!(answer.final_text(), "Hi!No.");
}

#[test]
fn signs_of_life_and_unknown_events_are_alive() {
    let mut parser = ResponseParser::new();
    parser.feed(stream(&[
        r#"{"type":"keepalive","sequence_number":3}"#,
        r#"{"type":"response.keep_alive"}"#,
        r#"{"type":"slug:keep_alive"}"#,
        r#"{"type":"response.in_progress"}"#,
        r#"{"type":"response.in_progress","response":{"prompt_progress":{"total":9}}}"#,
        r#"{"type":"response.web_search_call.searching","output_index":0}"#,
        r#"{"type":"response.invented_tomorrow","x":1}"#,
    ]));
    let mut alive = 0;
    while let Some(delta) = parser.next_event() {
        match delta.unwrap() {
            Delta::Alive => alive += 1,
            Delta::Started(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((alive, parser.unknown_frames()), (6, 1));
}

#[test]
fn items_of_other_types_come_whole() {
    let item =
        json!({"id":"ws","type":"web_search_call","status":"completed","action":{"type":"search"}});
    let answer = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"ws","type":"web_search_call"}}"#,
        &json!({"type":"response.output_item.done","output_index":0,"item":item}).to_string(),
    ]);
    let [Item::Other(other)] = &answer.items[..] else { panic!("{:?}", answer.items) };
    assert_eq!(serde_json::Value::Object(other.json.clone()), item);
}

// ---- ends ----

#[test]
fn completed_with_items_that_were_never_streamed() {
    let response = json!({"status":"completed","output":[
        {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"Hm."}]},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"}]},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
    ]});
    let line = json!({"type":"response.completed","response":response}).to_string();
    let answer = collect(&good(&stream(&[&line])));
    assert_eq!(told(&answer), stated(&response));
}

#[test]
fn completed_with_other_ids() {
    // OpenRouter, vLLM.
    let response = json!({"status":"completed","output":[
        {"id":"x","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}]},
        {"id":"y","type":"message","content":[{"type":"output_text","text":"Hi"}]},
        {"id":"z","type":"function_call","call_id":"other","name":"f","arguments":"{}"},
    ]});
    let line = json!({"type":"response.completed","response":response}).to_string();
    let answer = collect(&good(&stream(&[
        r#"{"type":"response.reasoning_summary_text.delta","item_id":"r","delta":"Hm."}"#,
        r#"{"type":"response.output_text.delta","item_id":"m","delta":"Hi"}"#,
        r#"{"type":"response.output_item.added","item":{"id":"f","type":"function_call","call_id":"c","name":"f"}}"#,
        r#"{"type":"response.function_call_arguments.delta","item_id":"f","delta":"{}"}"#,
        &line,
    ])));
    assert_eq!(told(&answer), stated(&response));
}

#[test]
fn completed_with_empty_output() {
    // ChatGPT's backend with store: false.
    let answer = collect(&good(&stream(&[
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hi"}"#,
        r#"{"type":"response.completed","response":{"status":"completed","output":[]}}"#,
    ])));
    assert_eq!(answer.final_text(), "Hi");
}

#[test]
fn usage_without_details_or_total() {
    // llama.cpp, early.
    let line = json!({"type":"response.completed","response":{"status":"completed",
        "usage":{"input_tokens":3,"output_tokens":"4"}}});
    let usage = collect(&good(&stream(&[&line.to_string()]))).usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.total_tokens), (3, 4, 7));
    assert_eq!((usage.cached_tokens, usage.reasoning_tokens), (0, 0));
}

#[test]
fn realtime_done_is_completed() {
    let got = good(&stream(&[r#"{"type":"response.done","response":{"status":"completed"}}"#]));
    assert!(matches!(got.last(), Some(Delta::Finish(f)) if f.reason == FinishReason::Stop));
}

#[test]
fn incomplete_says_why_and_leaves_its_item_incomplete() {
    for (reason, expected) in [
        ("max_output_tokens", FinishReason::Length),
        ("content_filter", FinishReason::ContentFilter),
        ("pause_turn", FinishReason::Pause),
        ("steered", FinishReason::Other("steered".to_owned())),
    ] {
        let line = json!({"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":reason}}});
        let got = good(&stream(&[
            r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hel"}"#,
            &line.to_string(),
        ]));
        let answer = collect(&got);
        assert_eq!(answer.finish.unwrap().reason, expected);
        let Item::Message(message) = &answer.items[0] else { panic!() };
        let cut = matches!(expected, FinishReason::Length | FinishReason::ContentFilter);
        assert_eq!(message.status == Some(ItemStatus::Incomplete), cut, "{reason}");
    }
}

#[test]
fn errors_nested_flat_failed_and_bare() {
    for line in [
        r#"{"type":"error","error":{"type":"server_error","code":"c","message":"m","param":null}}"#,
        r#"{"type":"error","code":"c","message":"m","param":null}"#,
        r#"{"error":{"code":"c","message":"m"}}"#,
        r#"{"type":"response.in_progress","error":{"code":"c","message":"m"}}"#,
        r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"c","message":"m"}}}"#,
        r#"{"type":"response.completed","response":{"status":"failed","error":{"code":"c","message":"m"}}}"#,
    ] {
        let got = good(&stream(&[line]));
        let Some(Delta::Error(error)) = got.last() else { panic!("{line}: {got:?}") };
        assert_eq!(
            (error.code.as_deref(), error.message.as_deref()),
            (Some("c"), Some("m")),
            "{line}"
        );
    }
    let got = good(&stream(&[r#"{"error_type":"t","error_message":"m"}"#]));
    let Some(Delta::Error(error)) = got.last() else { panic!("{got:?}") };
    assert_eq!((error.error_type.as_deref(), error.message.as_deref()), (Some("t"), Some("m")));
}

#[test]
fn the_first_of_two_terminals_counts_and_nothing_after_it() {
    let got = deltas([&stream(&[
        COMPLETED,
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"late"}"#,
        r#"{"type":"response.failed","response":{"status":"failed"}}"#,
        r#"{"broken":"#,
    ])[..]]);
    assert!(matches!(got.last(), Some(Ok(Delta::Finish(_)))), "{got:?}");
    assert_eq!(got.iter().filter(|d| !matches!(d, Ok(Delta::Started(_)))).count(), 1);
}

#[test]
fn no_terminal_is_a_cut_and_stays_one() {
    let text = r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hi"}"#;
    for end in ["", "data: [DONE]\n\n"] {
        let mut parser = ResponseParser::new();
        parser.feed(stream(&[text]));
        parser.feed(end);
        parser.finish();
        while let Some(Ok(_)) = parser.next_event() {}
        for _ in 0..3 {
            assert!(parser.next_event().unwrap().unwrap_err().is_cut());
        }
    }
}

#[test]
fn done_mark_without_terminal_needs_no_end_of_input() {
    let mut parser = ResponseParser::new();
    parser.feed("data: [DONE]\n\n");
    assert!(parser.next_event().unwrap().unwrap_err().is_cut());
}
