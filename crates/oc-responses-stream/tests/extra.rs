//! What has no place of its own is kept and passed on: fields and parts that we do
//! not know, read, collected, written, and read again.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::{collect, good, stream, told};
use oc_responses_stream::{
    Answer, Delta, Event, ExtraDelta, Item, MachineOptions, OutputStyle, Part, ReasoningStyle,
    ResponseId, ResponseMachine, Slot, SplitDeltas, TextDelta, laws,
};
use serde_json::{Value, json};

fn completed(output: Value) -> String {
    json!({"type": "response.completed", "response": {"status": "completed", "output": output}})
        .to_string()
}

fn done(index: u32, item: &Value) -> String {
    json!({"type": "response.output_item.done", "output_index": index, "item": item}).to_string()
}

fn read(lines: &[String]) -> Vec<Delta> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    good(&stream(&lines))
}

fn written(all: &[Delta], output: OutputStyle) -> Vec<Event> {
    let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 1)
        .reasoning(ReasoningStyle::Raw)
        .output(output);
    let events = common::write(ResponseMachine::new(options), all);
    laws::check(&events).unwrap();
    events
}

fn output(events: &[Event]) -> Vec<Value> {
    events.last().unwrap().to_json()["response"]["output"].as_array().unwrap().clone()
}

/// The same after it was written and read again.
fn again(all: &[Delta]) -> Answer {
    let mut bytes = Vec::new();
    written(all, OutputStyle::Full).iter().for_each(|event| event.encode_sse(&mut bytes));
    collect(&good(&bytes))
}

#[test]
fn fields_of_a_call() {
    // Tool search and programmatic tool calling of OpenAI: an agent needs both.
    let item = |arguments: &str| {
        json!({"id": "f", "type": "function_call", "status": "completed", "call_id": "c",
            "name": "n", "arguments": arguments, "namespace": "ns",
            "caller": {"type": "program", "caller_id": "p"}, "async": null})
    };
    let added = json!({"type": "response.output_item.added", "output_index": 0, "item": item("")});
    let stated = json!({"type": "response.function_call_arguments.done", "output_index": 0,
        "item_id": "f", "arguments": "{}"});
    let wanted = json!({"namespace": "ns", "caller": {"type": "program", "caller_id": "p"}});
    for lines in [
        vec![done(0, &item("{}")), completed(json!([]))],
        vec![added.to_string(), stated.to_string(), completed(json!([]))],
        vec![added.to_string(), stated.to_string(), done(0, &item("{}")), completed(json!([]))],
        vec![completed(json!([item("{}")]))],
    ] {
        let all = read(&lines);
        let extra = all.iter().position(|delta| matches!(delta, Delta::Extra(_))).unwrap();
        let end = all.iter().position(|delta| matches!(delta, Delta::ToolCallEnd(_))).unwrap();
        assert!(extra < end, "who writes a whole call has them in time");
        for answer in [collect(&all), again(&all)] {
            let call = answer.tool_calls().next().unwrap();
            assert_eq!(json!(call.extra), wanted, "{lines:?}");
        }
        for style in [OutputStyle::Full, OutputStyle::FinalOnly] {
            assert_eq!(output(&written(&all, style))[0]["namespace"], "ns");
        }
    }
    // Each is told once.
    let all = read(&[added.to_string(), done(0, &item("{}")), completed(json!([item("{}")]))]);
    assert_eq!(all.iter().filter(|delta| matches!(delta, Delta::Extra(_))).count(), 1);
}

#[test]
fn fields_of_messages_and_reasoning_and_their_parts() {
    let message = json!({"id": "m", "type": "message", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": "Hello", "annotations": [], "mood": "gay"}],
        "foo": {"bar": [1]}, "nothing": null});
    let thought = json!({"id": "r", "type": "reasoning", "summary": [], "format": "v1",
        "content": [{"type": "reasoning_text", "text": "Hm."}]});
    let text = json!({"type": "response.output_text.delta", "output_index": 1, "item_id": "m",
        "content_index": 0, "delta": "Hello"});
    let part = json!({"type": "response.content_part.done", "output_index": 1, "item_id": "m",
        "content_index": 0, "part": message["content"][0]});
    for lines in [
        vec![done(0, &thought), done(1, &message), completed(json!([]))],
        vec![
            done(0, &thought),
            text.to_string(),
            part.to_string(),
            completed(json!([thought, message])),
        ],
        vec![
            done(0, &thought),
            text.to_string(),
            done(1, &message),
            completed(json!([thought, message])),
        ],
        vec![completed(json!([thought, message]))],
    ] {
        let all = read(&lines);
        for answer in [collect(&all), again(&all)] {
            let [Item::Reasoning(thought), Item::Message(message)] = answer.items.as_slice() else {
                panic!("{:?}", answer.items)
            };
            assert_eq!(json!(thought.extra), json!({"format": "v1"}));
            assert_eq!(json!(message.extra), json!({"foo": {"bar": [1]}}), "{lines:?}");
            let Part::Text(text) = &message.content[0] else { panic!("{message:?}") };
            assert_eq!((text.text.as_str(), json!(text.extra)), ("Hello", json!({"mood": "gay"})));
        }
        let events = written(&all, OutputStyle::Full);
        let parts = events.iter().map(Event::to_json).find(|e| {
            e["type"] == "response.content_part.done" && e["part"]["type"] == "output_text"
        });
        assert_eq!(parts.unwrap()["part"]["mood"], "gay");
        // A field that we do not know may hold what a person is not to see.
        let shown = output(&written(&all, OutputStyle::FinalOnly));
        assert!(shown[0].get("foo").is_none() && shown[0]["content"][0].get("mood").is_none());
    }
}

#[test]
fn a_part_of_another_type_stays_and_so_does_its_message() {
    // The message was gone from what the machine wrote.
    let sound = json!({"type": "output_audio", "data": "UklGRg==", "transcript": "Hello."});
    let text = json!({"type": "output_text", "text": "See above."});
    let message = json!({"id": "m", "type": "message", "role": "assistant", "status": "completed",
        "content": [sound, text]});
    let part = |name: &str, index: u32, part: &Value| {
        json!({"type": name, "output_index": 0, "item_id": "m", "content_index": index, "part": part})
            .to_string()
    };
    let delta = json!({"type": "response.output_text.delta", "output_index": 0, "item_id": "m",
        "content_index": 1, "delta": "See above."})
    .to_string();
    let (added, ended) = ("response.content_part.added", "response.content_part.done");
    let empty = json!({"type": "output_text", "text": ""});
    for lines in [
        vec![done(0, &message), completed(json!([]))],
        vec![completed(json!([message]))],
        vec![part(ended, 0, &sound), delta.clone(), completed(json!([message]))],
        vec![
            part(added, 0, &json!({"type": "output_audio"})),
            part(ended, 0, &sound),
            part(added, 1, &empty),
            delta.clone(),
            part(ended, 1, &text),
            done(0, &message),
            completed(json!([message])),
        ],
    ] {
        let all = read(&lines);
        for answer in [collect(&all), again(&all)] {
            let [Item::Message(message)] = answer.items.as_slice() else { panic!("{answer:?}") };
            let [Part::Other(kept), Part::Text(said)] = message.content.as_slice() else {
                panic!("{lines:?}: {message:?}")
            };
            assert_eq!((kept, said.text.as_str()), (&sound, "See above."));
        }
        assert_eq!(output(&written(&all, OutputStyle::Full))[0]["content"][0], sound);
        let shown = output(&written(&all, OutputStyle::FinalOnly));
        assert_eq!(shown[0]["content"].as_array().unwrap().len(), 1, "{shown:?}");
    }
    let alone = read(&[
        done(0, &json!({"type": "message", "role": "assistant", "content": [sound]})),
        completed(json!([])),
    ]);
    assert_eq!(output(&written(&alone, OutputStyle::Full))[0]["content"], json!([sound]));
    assert_eq!(told(&again(&alone)), told(&collect(&alone)));
}

#[test]
fn a_type_that_is_not_known_and_has_a_text_is_a_text() {
    let item = json!({"type": "message", "role": "assistant",
        "content": [{"type": "fancy_text", "text": "Hello", "font": "serif"}]});
    let answer = collect(&read(&[done(0, &item), completed(json!([]))]));
    assert_eq!(answer.final_text(), "Hello");
    let Item::Message(message) = &answer.items[0] else { panic!("{answer:?}") };
    let Part::Text(text) = &message.content[0] else { panic!("{message:?}") };
    assert_eq!(text.extra["font"], "serif");
}

#[test]
fn fields_of_a_message_that_was_all_reasoning_belong_to_nobody() {
    let fields = json!({"foo": 1}).as_object().unwrap().clone();
    let mut split = SplitDeltas::new();
    split.push(Delta::Text(TextDelta::new(Slot(0), "<think>Hm.</think>")));
    split.push(Delta::Extra(ExtraDelta::new(Slot(0), fields.clone())));
    split.push(Delta::Text(TextDelta::new(Slot(1), "Four.")));
    split.push(Delta::Extra(ExtraDelta::new(Slot(1), fields)));
    let all: Vec<Delta> = std::iter::from_fn(|| split.next()).collect();
    let answer = collect(&all);
    let Item::Message(message) = answer.items.last().unwrap() else { panic!("{answer:?}") };
    assert_eq!((answer.items.len(), message.extra["foo"].as_i64()), (2, Some(1)));
}
