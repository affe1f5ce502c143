//! What the machine writes: one golden, the options, and the laws over any
//! sequence of deltas.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::any::delta as any_delta;
use common::{good, recording, write};
use oc_responses_stream::{
    AnnotationDelta, Blocks, Delta, Event, Finish, FinishReason, Item, ItemEnd, ItemStatus,
    MachineOptions, OtherItem, OutputStyle, Phase, ReasoningDelta, ReasoningStyle, ResponseId,
    ResponseMachine, Seal, Slot, SplitDeltas, SplitOptions, TextDelta, ToolCallArguments,
    ToolCallEnd, ToolCallStart, Usage, WholeItem, laws,
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
            if !machine.is_terminal()
                && let Delta::Text(text) = delta
                && (text.is_final() || !final_only)
            {
                said += &text.text;
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
