//! What a Messages client gets: one golden per scenario, as stream and as
//! document; and what holds for any deltas.

use std::collections::HashSet;

use oc_providers::wire::anthropic_messages::{RenderOptions, Renderer};
use oc_responses_stream::{
    AnnotationDelta, Delta, Finish, FinishReason, FunctionCall, Item, ItemEnd, ItemStatus,
    OutputStyle, Phase, PhaseDelta, ReasoningDelta, Seal, Slot, Started, TextDelta,
    ToolCallArguments, ToolCallEnd, ToolCallStart, Usage, WholeItem,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn text(slot: u32, text: &str) -> Delta {
    Delta::Text(TextDelta::new(Slot(slot), text))
}

fn thought(slot: u32, text: &str) -> Delta {
    Delta::Reasoning(ReasoningDelta::raw(Slot(slot), text))
}

fn seal(slot: u32, value: &str) -> Delta {
    Delta::Seal(Seal::new(Slot(slot), "openai-responses", json!(value)))
}

fn start(slot: u32, id: &str) -> Delta {
    Delta::ToolCallStart(ToolCallStart::new(Slot(slot), id, "f"))
}

fn piece(slot: u32, text: &str) -> Delta {
    Delta::ToolCallArguments(ToolCallArguments::new(Slot(slot), text))
}

fn end(slot: u32, whole: Option<&str>) -> Delta {
    Delta::ToolCallEnd(ToolCallEnd::new(Slot(slot), whole.map(str::to_owned)))
}

fn item_end(slot: u32) -> Delta {
    Delta::ItemEnd(ItemEnd::new(Slot(slot), ItemStatus::Completed))
}

fn finish(reason: FinishReason) -> Delta {
    Delta::Finish(Finish::new(reason))
}

fn usage() -> Delta {
    let mut usage = Usage::default();
    usage.input_tokens = 12;
    usage.cached_tokens = 4;
    usage.cache_write_tokens = 2;
    usage.output_tokens = 7;
    usage.reasoning_tokens = 3;
    usage.total_tokens = 19;
    Delta::Usage(usage)
}

fn options() -> RenderOptions {
    RenderOptions::new("msg_1", "m").input_tokens(10)
}

/// Every event, after it was held to the wire's rules.
fn events(renderer: &mut Renderer) -> Vec<Value> {
    let mut events = Vec::new();
    while let Some(bytes) = renderer.next_bytes() {
        let text = String::from_utf8(bytes).expect("utf-8");
        let (name, data) = text.split_once('\n').expect("two lines");
        let data = data.strip_prefix("data: ").and_then(|data| data.strip_suffix("\n\n"));
        let json: Value = serde_json::from_str(data.expect("one line of data")).expect("json");
        assert_eq!(name.strip_prefix("event: "), json["type"].as_str(), "{text}");
        events.push(json);
    }
    rules(&events);
    events
}

/// One block open at a time, indexes contiguous, one end, last.
fn rules(events: &[Value]) {
    let (mut open, mut next, mut over) = (None, 0, false);
    for (at, event) in events.iter().enumerate() {
        assert!(!over, "something after the end");
        let kind = event["type"].as_str().expect("type");
        assert_eq!(kind == "message_start", at == 0 && kind != "error", "{kind} at {at}");
        match kind {
            "content_block_start" => {
                assert_eq!(open, None, "a block is open");
                assert_eq!(event["index"], next);
                open = Some(next);
                next += 1;
            }
            "content_block_delta" => assert_eq!(event["index"], open.expect("an open block")),
            "content_block_stop" => assert_eq!(event["index"], open.take().expect("an open block")),
            "message_delta" => assert_eq!(open, None, "a block is open at the end"),
            "message_stop" | "error" => over = true,
            _ => assert_eq!(kind, "message_start"),
        }
    }
}

fn golden(options: RenderOptions, deltas: &[Delta]) -> String {
    let mut renderer = Renderer::new(options);
    deltas.iter().for_each(|delta| renderer.push(delta));
    drained(&mut renderer)
}

fn drained(renderer: &mut Renderer) -> String {
    let events: Vec<String> = events(renderer).iter().map(Value::to_string).collect();
    format!("{}\ndocument {}\n", events.join("\n"), renderer.document())
}

fn everything() -> Vec<Delta> {
    let citation = json!({"type": "url_citation", "url": "https://h", "title": "t"});
    vec![
        Delta::Started(Started::default()),
        thought(0, "Hm"),
        thought(0, "m."),
        seal(0, "sealed"),
        item_end(0),
        text(1, "Let me "),
        text(1, "see."),
        Delta::Annotation(AnnotationDelta::new(Slot(1), 0, citation)),
        item_end(1),
        start(2, "a"),
        piece(2, "{\"x\""),
        start(3, "b"),
        piece(2, ":1}"),
        end(2, Some("{\"x\":1}")),
        end(3, None),
        usage(),
        finish(FinishReason::Stop),
    ]
}

#[test]
fn everything_in_full() {
    insta::assert_snapshot!(golden(options(), &everything()));
}

#[test]
fn text_that_turned_out_to_be_commentary_is_in_no_final_document() {
    let deltas = [
        text(0, "Let me "),
        text(1, "42"),
        text(0, "look."),
        Delta::Phase(PhaseDelta::new(Slot(0), Phase::Commentary)),
        finish(FinishReason::Stop),
    ];
    let document = |options: RenderOptions| {
        let mut renderer = Renderer::new(options);
        deltas.iter().for_each(|delta| renderer.push(delta));
        renderer.document()
    };
    let document_of_all = document(options());
    assert!(document_of_all.to_string().contains("Let me "));
    let document = document(options().output(OutputStyle::FinalOnly));
    assert_eq!(document["content"], json!([{"type": "text", "text": "42"}]));
}

#[test]
fn final_only() {
    let mut deltas = everything();
    let commentary = TextDelta::new(Slot(9), "aside").with_phase(Some(Phase::Commentary));
    deltas.insert(1, Delta::Text(commentary));
    insta::assert_snapshot!(golden(options().output(OutputStyle::FinalOnly), &deltas));
}

#[test]
fn reasoning_of_every_kind() {
    let deltas = [
        Delta::Reasoning(ReasoningDelta::summary(Slot(0), 0, "One.")),
        Delta::Reasoning(ReasoningDelta::summary(Slot(0), 1, "Two.")),
        thought(0, "the same, raw"),
        item_end(0),
        seal(1, "sealed, not shown"),
        thought(2, "unsigned"),
        text(3, "42"),
        finish(FinishReason::Stop),
    ];
    insta::assert_snapshot!(golden(options(), &deltas));
}

#[test]
fn items_that_come_whole() {
    let call = Item::FunctionCall(FunctionCall::new("a", "f", "{\"x\":1}"));
    let deltas = [Delta::Item(WholeItem::new(Slot(0), call)), finish(FinishReason::ToolCalls)];
    insta::assert_snapshot!(golden(options(), &deltas));
}

#[test]
fn a_failure_is_one_event_and_the_last() {
    let mut renderer = Renderer::new(options());
    renderer.push(&text(0, "half an ans"));
    renderer.fail("all_models_failed", "All models failed (1): p/m: the answer broke off");
    renderer.push(&text(0, "more"));
    renderer.push(&finish(FinishReason::Stop));
    insta::assert_snapshot!(drained(&mut renderer));
}

#[test]
fn a_replaced_attempt_leaves_nothing_in_a_document() {
    let mut renderer = Renderer::new(options());
    for delta in [thought(0, "first try"), start(1, "a"), piece(1, "{\"x")] {
        renderer.push(&delta);
    }
    renderer.abandon();
    for delta in [start(0, "b"), piece(0, "{}"), end(0, None), finish(FinishReason::Stop)] {
        renderer.push(&delta);
    }
    insta::assert_snapshot!(drained(&mut renderer));
}

#[test]
fn who_served_it_is_told_in_message_delta() {
    let mut renderer = Renderer::new(options());
    renderer.push(&text(0, "42"));
    renderer.set_metadata("oc_served_by", json!("local/m"));
    renderer.push(&finish(FinishReason::Stop));
    let events = events(&mut renderer);
    let told: Vec<&Value> =
        events.iter().filter(|event| event["type"] == "message_delta").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["metadata"]["oc_served_by"], "local/m");
    assert_eq!(renderer.document()["metadata"]["oc_served_by"], "local/m");
}

#[test]
fn the_stop_reason_follows_what_was_said() {
    let call = [start(0, "a"), piece(0, "{}"), end(0, None)];
    let half = [start(0, "a"), piece(0, "{\"x")];
    let refusal = [Delta::Refusal(TextDelta::new(Slot(0), "no"))];
    use FinishReason::{ContentFilter, Length, Other, Pause, Refusal, Stop, ToolCalls};
    for (said, reason, wanted, blocks) in [
        (&[text(0, "a")][..], Stop, "end_turn", 1),
        // A client that waits for a call that never comes hangs.
        (&[text(0, "a")], ToolCalls, "end_turn", 1),
        (&call, Stop, "tool_use", 1),
        (&call, Length, "max_tokens", 1),
        (&half, Length, "max_tokens", 0),
        (&[text(0, "a")], ContentFilter, "refusal", 1),
        (&refusal, Stop, "refusal", 1),
        (&[], Refusal, "refusal", 0),
        (&[text(0, "a")], Pause, "pause_turn", 1),
        (&[text(0, "a")], Other("recitation".into()), "max_tokens", 1),
    ] {
        let mut renderer = Renderer::new(options());
        said.iter().for_each(|delta| renderer.push(delta));
        renderer.push(&finish(reason.clone()));
        let document = renderer.document();
        assert_eq!(document["stop_reason"], wanted, "{reason:?}");
        assert_eq!(document["content"].as_array().map(Vec::len), Some(blocks), "{document}");
        let events = events(&mut renderer);
        assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], wanted);
    }
    let mut renderer = Renderer::new(options());
    let mut stopped = Finish::new(Stop);
    stopped.stop_sequence = Some("END".into());
    renderer.push(&Delta::Finish(stopped));
    assert_eq!(renderer.document()["stop_reason"], "stop_sequence");
    assert_eq!(renderer.document()["stop_sequence"], "END");
}

#[test]
fn a_ping_waits_for_the_answer() {
    let mut renderer = Renderer::new(options());
    assert!(renderer.keep_alive().starts_with(b": "));
    assert!(!renderer.has_content());
    renderer.push(&Delta::Started(Started::default()));
    assert!(renderer.keep_alive().starts_with(b"event: ping\n"));
    assert!(!renderer.has_content());
    renderer.push(&text(0, "a"));
    assert!(renderer.has_content());
}

#[test]
fn errors_are_in_this_apis_words() {
    for (code, kind, begins) in [
        ("all_models_failed", "api_error", "text"),
        ("deadline_exceeded", "timeout_error", "text"),
        ("gateway_shutting_down", "overloaded_error", "text"),
        ("context_length_exceeded", "invalid_request_error", "prompt is too long: text"),
    ] {
        let mut renderer = Renderer::new(options());
        renderer.fail(code, "text");
        let body = renderer.document();
        assert_eq!(body["error"]["type"], kind, "{body}");
        assert_eq!(body["error"]["message"], begins);
        assert_eq!(events(&mut renderer), [body]);
    }
}

fn any_delta() -> impl Strategy<Value = Delta> {
    let slot = 0..4_u32;
    let words = prop_oneof![Just(""), Just("a"), Just("ü\n"), Just("{"), Just("}")];
    let reason = prop_oneof![
        Just(FinishReason::Stop),
        Just(FinishReason::Length),
        Just(FinishReason::ToolCalls)
    ];
    prop_oneof![
        4 => (slot.clone(), words.clone()).prop_map(|(slot, word)| text(slot, word)),
        4 => (slot.clone(), words.clone()).prop_map(|(slot, word)| thought(slot, word)),
        2 => (slot.clone(), words.clone()).prop_map(|(slot, word)| seal(slot, word)),
        2 => slot.clone().prop_map(|slot| start(slot, "id")),
        3 => (slot.clone(), words).prop_map(|(slot, word)| piece(slot, word)),
        2 => slot.clone().prop_map(|slot| end(slot, None)),
        1 => slot.prop_map(item_end),
        1 => Just(usage()),
        1 => reason.prop_map(finish),
    ]
}

proptest! {
    #[test]
    fn any_deltas_make_a_valid_stream(
        deltas in prop::collection::vec(any_delta(), 0..40),
        abandoned in prop::option::of(0..40_usize),
    ) {
        let mut renderer = Renderer::new(options());
        for (at, delta) in deltas.iter().enumerate() {
            if abandoned == Some(at) {
                renderer.abandon();
            }
            renderer.push(delta);
        }
        renderer.push(&finish(FinishReason::Stop));
        let events = events(&mut renderer);
        prop_assert!(renderer.is_terminal());
        prop_assert_eq!(&events.last().expect("an end")["type"], "message_stop");
        // Every thinking block that was opened was signed, with something.
        let of = |kind: &str| -> HashSet<u64> {
            let matching = events.iter().filter(|event| {
                event["content_block"]["type"] == kind || event["delta"]["type"] == kind
            });
            matching.filter_map(|event| event["index"].as_u64()).collect()
        };
        prop_assert_eq!(of("thinking"), of("signature_delta"));
        // What streamed is what the document says, of what it says.
        if abandoned.is_none() {
            let streamed: String = events
                .iter()
                .filter_map(|event| event["delta"]["text"].as_str())
                .collect();
            let document = renderer.document();
            let told: String = document["content"]
                .as_array()
                .expect("content")
                .iter()
                .filter_map(|block| block["text"].as_str())
                .collect();
            prop_assert_eq!(streamed, told);
        }
    }
}
