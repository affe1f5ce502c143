//! What the machine writes: one golden, the options, and the laws over any
//! sequence of deltas.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::any::delta as any_delta;
use common::{good, recording, write};
use oc_responses_stream::{
    AnnotationDelta, Blocks, Collector, Delta, Event, Finish, FinishReason, Item, ItemEnd,
    ItemStatus, MachineOptions, OtherItem, OutputStyle, Part, Phase, PhaseDelta, ReasoningDelta,
    ReasoningStyle, ResponseId, ResponseMachine, Seal, Slot, SplitDeltas, SplitOptions, TextDelta,
    ToolCallArguments, ToolCallEnd, ToolCallStart, Usage, WholeItem, laws,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn options() -> MachineOptions {
    MachineOptions::new(ResponseId::new("resp_1"), "m", 1_700_000_000)
}

fn machine() -> ResponseMachine {
    ResponseMachine::new(options())
}

fn drain(machine: &mut ResponseMachine) -> Vec<Event> {
    std::iter::from_fn(|| machine.next_event()).collect()
}

fn text(slot: u32, text: &str) -> Delta {
    Delta::Text(TextDelta::new(Slot(slot), text))
}

fn finish(reason: FinishReason) -> Delta {
    Delta::Finish(Finish::new(reason))
}

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(Event::name).collect()
}

#[test]
fn golden_of_a_repaired_llama_server_stream() {
    let events = write(machine(), &good(&recording("llama-server/responses-tool-stream")));
    let lines: Vec<String> = events.iter().map(|e| e.to_json().to_string()).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_next_item_closes_the_one_before() {
    let events = write(
        machine(),
        &[
            Delta::Reasoning(ReasoningDelta::raw(Slot(0), "Hm.")),
            text(1, "Hi"),
            // late, for an item that was closed: a new one
            Delta::Reasoning(ReasoningDelta::raw(Slot(0), "Ok.")),
            finish(FinishReason::Stop),
        ],
    );
    laws::check(&events).unwrap();
    let done: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::OutputItemDone(done) => done.item["type"].as_str(),
            _ => None,
        })
        .collect();
    assert_eq!(done, ["reasoning", "message", "reasoning"]);
}

/// The text of a delta that is to be written.
fn said_by(delta: &Delta, final_only: bool) -> String {
    let is_shown = |phase| !final_only || phase != Some(Phase::Commentary);
    match delta {
        Delta::Text(text) if is_shown(text.phase) => text.text.clone(),
        Delta::Item(whole) => match &*whole.item {
            Item::Message(message) if is_shown(message.phase) => {
                let text = |part: &Part| match part {
                    Part::Text(text) => Some(text.text.clone()),
                    _ => None,
                };
                message.content.iter().filter_map(text).collect()
            }
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// What each item of the response says, in its order.
fn said(machine: &ResponseMachine) -> Vec<String> {
    let texts = |item: &Value| {
        let parts = ["content", "summary"].map(|key| item[key].as_array().cloned());
        let parts = parts.into_iter().flatten().flatten();
        parts.map(|part| part["text"].as_str().unwrap_or_default().to_owned()).collect()
    };
    machine.response()["output"].as_array().unwrap().iter().map(texts).collect()
}

#[test]
fn what_comes_after_an_items_end_goes_on_in_it_while_it_is_the_last() {
    // It became a message of its own: the answer in two pieces.
    let end = |slot| Delta::ItemEnd(ItemEnd::new(Slot(slot), ItemStatus::Completed));
    let thought = |slot, text| Delta::Reasoning(ReasoningDelta::raw(Slot(slot), text));
    let stop = || finish(FinishReason::Stop);
    for (deltas, items) in [
        (vec![text(0, "Hel"), end(0), text(0, "lo"), stop()], vec!["Hello"]),
        (vec![text(0, "Hel"), end(0), text(0, "lo"), end(0), stop()], vec!["Hello"]),
        (vec![text(0, "a"), end(0), text(0, "b"), text(1, "c"), stop()], vec!["ab", "c"]),
        (vec![thought(0, "a"), end(0), thought(0, "b"), text(1, "c"), stop()], vec!["ab", "c"]),
        // Its `done` was written when the next one came: nothing is lost, and nothing doubled.
        (
            vec![text(0, "Hel"), end(0), thought(1, "m"), end(1), text(0, "lo"), stop()],
            vec!["Hel", "m", "lo"],
        ),
        (vec![text(0, "a"), end(0), finish(FinishReason::Length)], vec!["a"]),
    ] {
        let mut machine = machine();
        deltas.iter().for_each(|delta| machine.push(delta));
        laws::check(&drain(&mut machine)).unwrap();
        assert_eq!(said(&machine), items, "{deltas:?}");
    }
}

#[test]
fn machine_and_collector_agree_on_parts() {
    let part = |slot, part, of: &str| Delta::Text(TextDelta::new(Slot(slot), of).with_part(part));
    let declined = |part| Delta::Refusal(TextDelta::new(Slot(0), "no").with_part(part));
    let raw = |part, of: &str| Delta::Reasoning(ReasoningDelta::raw(Slot(0), of).with_part(part));
    let summary = |part, of: &str| Delta::Reasoning(ReasoningDelta::summary(Slot(0), part, of));
    for deltas in [
        // The part before it was all reasoning: it was two parts, "Fo" and "ur".
        vec![part(0, 1, "Fo"), part(0, 1, "ur")],
        vec![part(0, 3, "a"), part(0, 3, "b"), part(0, 7, "c")],
        vec![part(0, 0, "a"), declined(0), part(0, 1, "b")],
        vec![declined(1), declined(1), part(0, 2, "b")],
        vec![raw(2, "a"), raw(2, "b"), raw(4, "c"), part(1, 1, "d")],
        vec![summary(1, "a"), summary(1, "b"), summary(3, "c"), part(1, 0, "d")],
    ] {
        let mut machine = ResponseMachine::new(options().reasoning(ReasoningStyle::Raw));
        let mut collector = Collector::new();
        for delta in deltas.iter().chain([&finish(FinishReason::Stop)]) {
            machine.push(delta);
            collector.push(delta);
        }
        laws::check(&drain(&mut machine)).unwrap();
        let parts = |item: Value| {
            let all = ["content", "summary"].map(|key| item[key].as_array().cloned());
            let parts = all.into_iter().flatten().flatten();
            let text = |part: Value| [&part["text"], &part["refusal"]].map(Value::clone);
            parts.map(text).collect::<Vec<_>>()
        };
        let written = machine.response()["output"].as_array().unwrap().clone();
        let written: Vec<_> = written.into_iter().map(parts).collect();
        let answer = collector.finish();
        let folded: Vec<_> = answer.items.iter().map(|item| parts(item.to_json())).collect();
        assert_eq!(written, folded, "{deltas:?}");
    }
}

#[test]
fn raw_reasoning_is_a_summary_unless_asked_otherwise() {
    let deltas =
        [Delta::Reasoning(ReasoningDelta::raw(Slot(0), "Hm.")), finish(FinishReason::Stop)];
    let summary = write(machine(), &deltas);
    assert!(names(&summary).contains(&"response.reasoning_summary_text.delta"));
    assert!(!names(&summary).contains(&"response.reasoning_text.delta"));
    let raw = write(ResponseMachine::new(options().reasoning(ReasoningStyle::Raw)), &deltas);
    assert!(names(&raw).contains(&"response.reasoning_text.delta"));
    laws::check(&raw).unwrap();
}

#[test]
fn final_only_drops_reasoning_and_commentary() {
    let mut machine = ResponseMachine::new(options().output(OutputStyle::FinalOnly));
    for delta in [
        Delta::Reasoning(ReasoningDelta::raw(Slot(0), "Hm.")),
        Delta::Seal(Seal::new(Slot(0), "openai-responses", json!("x"))),
        Delta::Text(TextDelta::new(Slot(1), "Wait.").with_phase(Some(Phase::Commentary))),
        Delta::Text(TextDelta::new(Slot(2), "42").with_phase(Some(Phase::FinalAnswer))),
        finish(FinishReason::Stop),
    ] {
        machine.push(&delta);
    }
    laws::check(&drain(&mut machine)).unwrap();
    let output = machine.response()["output"].take();
    assert_eq!(output.as_array().unwrap().len(), 1);
    assert_eq!(output[0]["content"][0]["text"], "42");
}

#[test]
fn final_only_shows_a_refusal_wherever_it_stands() {
    // It was left out with the commentary around it; `final_text` shows it.
    let commentary = |text| TextDelta::new(Slot(0), text).with_phase(Some(Phase::Commentary));
    let told = Delta::Phase(PhaseDelta::new(Slot(0), Phase::Commentary));
    for deltas in [
        vec![Delta::Text(commentary("Wait.")), Delta::Refusal(commentary("No."))],
        // It turns out to be commentary.
        vec![text(0, "Wait."), Delta::Refusal(TextDelta::new(Slot(0), "No.")), told],
    ] {
        let mut machine = ResponseMachine::new(options().output(OutputStyle::FinalOnly));
        deltas.iter().for_each(|delta| machine.push(delta));
        machine.push(&finish(FinishReason::Stop));
        laws::check(&drain(&mut machine)).unwrap();
        let output = machine.response()["output"].take();
        let shown: Vec<_> = output[0]["content"].as_array().unwrap().iter().collect();
        assert_eq!(shown, [&json!({"type": "refusal", "refusal": "No."})], "{deltas:?}");
        assert_eq!(output.as_array().unwrap().len(), 1);
    }
}

#[test]
fn final_only_shows_no_item_of_an_unknown_type_that_is_no_tools() {
    let mut machine = ResponseMachine::new(options().output(OutputStyle::FinalOnly));
    for (slot, name) in (0..).zip(["thinking_v2", "web_search_call", "teleport_call", "compaction"])
    {
        let item = json!({"type": name, "text": "secret"});
        let item = Item::from_json(item.as_object().unwrap().clone());
        machine.push(&Delta::Item(WholeItem::new(Slot(slot), item)));
    }
    machine.push(&finish(FinishReason::Stop));
    laws::check(&drain(&mut machine)).unwrap();
    let output = machine.response()["output"].take();
    let types: Vec<_> = output.as_array().unwrap().iter().map(|item| &item["type"]).collect();
    assert_eq!(types, ["web_search_call", "teleport_call", "compaction"]);
}

#[test]
fn a_whole_message_keeps_what_its_text_has_on_it() {
    let page = json!({"type": "url_citation", "url": "u"});
    let item = json!({"type": "message", "role": "assistant", "content": [
        {"type": "output_text", "text": "a", "annotations": [page, "no object"], "logprobs": [{"token": "a"}]}]});
    let mut machine = machine();
    let item = Item::from_json(item.as_object().unwrap().clone());
    machine.push(&Delta::Item(WholeItem::new(Slot(0), item)));
    machine.push(&finish(FinishReason::Stop));
    let events = drain(&mut machine);
    laws::check(&events).unwrap();
    assert!(names(&events).contains(&"response.output_text.annotation.added"));
    let part = &machine.response()["output"][0]["content"][0];
    assert_eq!(
        (&part["annotations"], &part["logprobs"]),
        (&json!([page]), &json!([{"token": "a"}]))
    );
}

#[test]
fn commentary_and_answer_are_two_messages() {
    let events = write(
        machine(),
        &[
            Delta::Text(TextDelta::new(Slot(0), "Wait.").with_phase(Some(Phase::Commentary))),
            Delta::Text(TextDelta::new(Slot(0), "42").with_phase(Some(Phase::FinalAnswer))),
            finish(FinishReason::Stop),
        ],
    );
    laws::check(&events).unwrap();
    assert_eq!(names(&events).iter().filter(|n| **n == "response.output_item.done").count(), 2);
}

#[test]
fn an_abandoned_attempt_is_closed_as_incomplete() {
    let mut machine = machine();
    machine.push(&Delta::Reasoning(ReasoningDelta::raw(Slot(0), "Hm.")));
    machine.push(&Delta::ToolCallStart(ToolCallStart::new(Slot(1), "c", "f")));
    machine.push(&Delta::Usage(Usage::default()));
    machine.abandon();
    machine.push(&text(0, "Hi"));
    machine.push(&finish(FinishReason::Stop));
    laws::check(&drain(&mut machine)).unwrap();
    let response = machine.response();
    assert_eq!(response["output"][0]["status"], "incomplete");
    assert_eq!(response["output"][1]["content"][0]["text"], "Hi");
    assert_eq!(response["output"].as_array().unwrap().len(), 2);
    assert_eq!(response["usage"], Value::Null);
}

#[test]
fn a_failure_is_said_twice() {
    let mut machine = machine();
    machine.push(&text(0, "Hel"));
    machine.fail("rate_limit_exceeded", "slow down");
    machine.push(&text(0, "lo"));
    machine.push(&finish(FinishReason::Stop));
    machine.fail("again", "again");
    let events = drain(&mut machine);
    laws::check(&events).unwrap();
    let [.., error, failed] = &events[..] else { panic!() };
    assert_eq!((error.name(), failed.name()), ("error", "response.failed"));
    assert_eq!(machine.response()["error"]["code"], "rate_limit_exceeded");
    assert_eq!(machine.response()["output"][0]["status"], "incomplete");
}

#[test]
fn how_answers_end() {
    for (reason, status, why) in [
        (FinishReason::Stop, "completed", Value::Null),
        (FinishReason::ToolCalls, "completed", Value::Null),
        (FinishReason::Refusal, "completed", Value::Null),
        (FinishReason::Length, "incomplete", json!("max_output_tokens")),
        (FinishReason::ContentFilter, "incomplete", json!("content_filter")),
        (FinishReason::Pause, "incomplete", json!("pause_turn")),
        (FinishReason::Other("steered".to_owned()), "incomplete", json!("steered")),
    ] {
        let mut machine = machine();
        machine.push(&text(0, "Hel"));
        machine.set_now(9);
        machine.push(&finish(reason));
        laws::check(&drain(&mut machine)).unwrap();
        let response = machine.response();
        assert_eq!(response["status"], status);
        assert_eq!(response["incomplete_details"]["reason"], why);
        assert_eq!(response["output"][0]["status"], status);
        assert_eq!(response["completed_at"].is_u64(), status == "completed");
    }
}

#[test]
fn a_cut_tool_call_never_looks_whole() {
    let start = Delta::ToolCallStart(ToolCallStart::new(Slot(0), "c", "f"));
    let half = Delta::ToolCallArguments(ToolCallArguments::new(Slot(0), "{\"a\":"));
    for (reason, status) in [(FinishReason::Length, "incomplete"), (FinishReason::Stop, "failed")] {
        let mut machine = machine();
        for delta in [&start, &half, &finish(reason)] {
            machine.push(delta);
        }
        laws::check(&drain(&mut machine)).unwrap();
        assert_eq!(machine.response()["status"], status);
        assert_eq!(machine.response()["output"], json!([]));
    }
}

#[test]
fn what_is_echoed_and_what_is_not() {
    let echo = json!({
        "temperature": 0.5, "top_p": null, "instructions": "Be brief.", "tool_choice": "required",
        "tools": [{"type": "function", "name": "f"}], "text": {"verbosity": "low"},
        "reasoning": {"effort": "low"}, "metadata": {"mine": "1"}, "input": "secret", "store": false,
    });
    let options = options().echo(echo.as_object().unwrap().clone());
    let mut machine = ResponseMachine::new(options);
    machine.set_metadata("oc_attempts", "2");
    machine.push(&finish(FinishReason::Stop));
    laws::check(&drain(&mut machine)).unwrap();
    insta::assert_json_snapshot!(machine.response());
}

#[test]
fn annotations_seals_and_whole_items() {
    let other = json!({"type": "web_search_call", "id": "ws_9", "status": "completed"});
    let mut machine = machine();
    for delta in [
        Delta::Reasoning(ReasoningDelta::summary(Slot(0), 0, "Hm.")),
        Delta::Seal(Seal::new(Slot(0), "openai-responses", json!("sealed"))),
        Delta::Item(WholeItem::new(
            Slot(1),
            Item::Other(OtherItem::new(other.as_object().unwrap().clone())),
        )),
        text(2, "Hi"),
        Delta::Annotation(AnnotationDelta::new(Slot(2), 0, json!({"type": "url_citation"}))),
        finish(FinishReason::Stop),
    ] {
        machine.push(&delta);
    }
    laws::check(&drain(&mut machine)).unwrap();
    let output = machine.response()["output"].take();
    assert_eq!(output[0]["encrypted_content"], "sealed");
    assert_eq!(output[1]["type"], "web_search_call");
    assert_eq!(output[2]["content"][0]["annotations"], json!([{"type": "url_citation"}]));
}

#[test]
fn the_laws_notice_what_is_broken() {
    let events = write(machine(), &[text(0, "Hi"), finish(FinishReason::Stop)]);
    laws::check(&events).unwrap();
    for left_out in 0..events.len() {
        let mut broken = events.clone();
        broken.remove(left_out);
        assert!(laws::check(&broken).is_err(), "without {}", events[left_out].name());
    }
    for at in 0..events.len() - 1 {
        let mut broken = events.clone();
        broken.swap(at, at + 1);
        assert!(laws::check(&broken).is_err(), "{at} swapped");
    }
    let mut twice = events.clone();
    twice.extend(events.last().cloned());
    assert!(laws::check(&twice).is_err());
}

proptest! {
    #[test]
    fn any_deltas_come_out_lawful(
        deltas in prop::collection::vec(any_delta(), 0..40),
        abandon in prop::option::of(0_usize..40),
        raw in any::<bool>(),
        final_only in any::<bool>(),
    ) {
        let mut options = options();
        if raw {
            options = options.reasoning(ReasoningStyle::Raw);
        }
        if final_only {
            options = options.output(OutputStyle::FinalOnly);
        }
        let mut machine = ResponseMachine::new(options);
        let mut said = String::new();
        for (number, delta) in deltas.iter().enumerate() {
            if abandon == Some(number) {
                machine.abandon();
            }
            if !machine.is_terminal() {
                said += &said_by(delta, final_only);
            }
            machine.push(delta);
        }
        machine.fail("end", "end");
        let events = drain(&mut machine);
        laws::check(&events).unwrap();
        let response = events.last().unwrap().to_json()["response"].take();
        let mut written = String::new();
        for item in response["output"].as_array().unwrap() {
            for part in item["content"].as_array().into_iter().flatten() {
                if part["type"] == "output_text" {
                    written += part["text"].as_str().unwrap();
                }
            }
        }
        prop_assert_eq!(written, said);
    }
}

#[test]
fn blocks_between_text_are_written_as_items_in_their_order() {
    let options = SplitOptions::default().with_blocks(Blocks::Anywhere);
    let mut split = SplitDeltas::with_options(options);
    let text = "a<think>b</think>c<think>d</think>e";
    split.push(Delta::Text(TextDelta::new(Slot(0), text)));
    split.push(Delta::ItemEnd(ItemEnd::new(Slot(0), ItemStatus::Completed)));
    split.push(Delta::Finish(Finish::new(FinishReason::Stop)));
    let mut machine = ResponseMachine::new(MachineOptions::new("resp_1".into(), "m", 0));
    while let Some(delta) = split.next() {
        machine.push(&delta);
    }
    let events: Vec<Event> = std::iter::from_fn(|| machine.next_event()).collect();
    laws::check(&events).unwrap();
    let response = machine.response();
    let output = response["output"].as_array().unwrap();
    let said: Vec<&str> = output
        .iter()
        .map(|item| {
            let parts = if item["type"] == "message" { "content" } else { "summary" };
            item[parts][0]["text"].as_str().unwrap()
        })
        .collect();
    assert_eq!(said, ["a", "b", "c", "d", "e"]);
}

#[test]
fn the_item_that_was_cut_is_incomplete_though_its_server_ended_it() {
    let end = |slot| Delta::ItemEnd(ItemEnd::new(Slot(slot), ItemStatus::Completed));
    let mut machine = ResponseMachine::new(MachineOptions::new(ResponseId::new("resp_1"), "m", 0));
    for delta in [
        Delta::Reasoning(ReasoningDelta::raw(Slot(0), "Hm.")),
        end(0),
        Delta::Text(TextDelta::new(Slot(1), "Hel")),
        end(1),
        Delta::Usage(Usage::default()),
        Delta::Finish(Finish::new(FinishReason::Length)),
    ] {
        machine.push(&delta);
    }
    let response = machine.response();
    assert_eq!(response["status"], "incomplete");
    assert_eq!(response["output"][0]["status"], "completed");
    assert_eq!(response["output"][1]["status"], "incomplete");
}

#[test]
fn a_call_that_is_announced_twice_is_one_call() {
    let mut machine = ResponseMachine::new(MachineOptions::new(ResponseId::new("resp_1"), "m", 0));
    for (slot, arguments) in [(0, "{\"a\":1}"), (1, "{\"a\":1}"), (2, "{\"a\":2}")] {
        machine.push(&Delta::ToolCallStart(ToolCallStart::new(Slot(slot), "call_1", "f")));
        let whole = Some(arguments.to_owned());
        machine.push(&Delta::ToolCallEnd(ToolCallEnd::new(Slot(slot), whole)));
        machine.push(&Delta::ItemEnd(ItemEnd::new(Slot(slot), ItemStatus::Completed)));
    }
    machine.push(&Delta::Finish(Finish::new(FinishReason::Stop)));
    let response = machine.response();
    let arguments: Vec<_> =
        response["output"].as_array().unwrap().iter().map(|item| &item["arguments"]).collect();
    assert_eq!(arguments, ["{\"a\":1}", "{\"a\":2}"]);
}
