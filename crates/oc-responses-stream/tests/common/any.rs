//! Any delta: for laws that hold for every sequence of them.

use oc_responses_stream::{
    AnnotationDelta, Delta, ExtraDelta, Finish, FinishReason, Item, ItemEnd, ItemStatus, Phase,
    PhaseDelta, ReasoningDelta, Seal, Slot, TextDelta, ToolCallArguments, ToolCallEnd,
    ToolCallStart, UpstreamError, Usage, WholeItem, WholePart,
};
use proptest::prelude::*;
use serde_json::json;

fn finish(reason: FinishReason) -> Delta {
    Delta::Finish(Finish::new(reason))
}

/// Any delta of a few items, as likely as in an answer.
pub(crate) fn delta() -> impl Strategy<Value = Delta> {
    let slot = || (0_u32..4).prop_map(Slot);
    let words = prop::sample::select(vec!["", "a", "é🦀", "{}", "{\"a\":1}", " ", "<think>"]);
    let phase = prop::sample::select(vec![None, Some(Phase::Commentary), Some(Phase::FinalAnswer)]);
    prop_oneof![
        4 => (slot(), 0_u32..3, words.clone(), phase).prop_map(|(slot, part, text, phase)| {
            Delta::Text(TextDelta::new(slot, text).with_part(part).with_phase(phase))
        }),
        1 => (slot(), words.clone()).prop_map(|(s, t)| Delta::Refusal(TextDelta::new(s, t))),
        3 => (slot(), 0_u32..3, words.clone()).prop_map(|(s, p, t)| {
            Delta::Reasoning(ReasoningDelta::raw(s, t).with_part(p))
        }),
        1 => (slot(), 0_u32..3, words.clone())
            .prop_map(|(s, p, t)| Delta::Reasoning(ReasoningDelta::summary(s, p, t))),
        1 => slot().prop_map(|s| Delta::Seal(Seal::new(s, "openai-responses", json!("x")))),
        2 => slot().prop_map(|s| Delta::ToolCallStart(ToolCallStart::new(s, "c", "f"))),
        2 => (slot(), words.clone())
            .prop_map(|(s, t)| Delta::ToolCallArguments(ToolCallArguments::new(s, t))),
        2 => (slot(), prop::option::of(words))
            .prop_map(|(s, t)| Delta::ToolCallEnd(ToolCallEnd::new(s, t.map(str::to_owned)))),
        1 => (slot(), any::<bool>()).prop_map(|(s, is_whole)| {
            let page = json!({"type": "url_citation", "url": "u", "title": "t", "start_index": 0,
                "end_index": 1});
            let annotation = if is_whole { page } else { json!({"a": 1}) };
            Delta::Annotation(AnnotationDelta::new(s, 0, annotation))
        }),
        1 => (slot(), prop::option::of(0_u32..3)).prop_map(|(s, part)| {
            let fields = json!({"namespace": "ns", "text": "no"}).as_object().unwrap().clone();
            let extra = ExtraDelta::new(s, fields);
            Delta::Extra(part.into_iter().fold(extra, ExtraDelta::of_part))
        }),
        1 => (slot(), 0_u32..3).prop_map(|(s, part)| {
            Delta::Part(WholePart::new(s, part, json!({"type": "output_audio", "data": "x"})))
        }),
        1 => (slot(), item()).prop_map(|(s, item)| Delta::Item(WholeItem::new(s, item))),
        2 => slot().prop_map(|s| Delta::ItemEnd(ItemEnd::new(s, ItemStatus::Completed))),
        1 => (slot(), any::<bool>()).prop_map(|(s, is_final)| {
            let phase = if is_final { Phase::FinalAnswer } else { Phase::Commentary };
            Delta::Phase(PhaseDelta::new(s, phase))
        }),
        1 => Just(Delta::Usage(Usage::default())),
        1 => Just(Delta::Alive),
        1 => Just(finish(FinishReason::Stop)),
        1 => Just(finish(FinishReason::Length)),
        1 => Just(Delta::Error(UpstreamError::default())),
    ]
}

/// An item that comes whole.
fn item() -> impl Strategy<Value = Item> {
    let message = |phase: &str| {
        json!({"type": "message", "role": "assistant", "phase": phase, "content": [
            {"type": "output_text", "text": "a", "annotations": [{"type": "url_citation"}]},
            {"type": "refusal", "refusal": "no"}, {"type": "output_text", "text": ""}]})
    };
    prop::sample::select(vec![
        json!({"type": "x", "phase": "of the moon"}),
        json!({"type": "web_search_call", "status": "completed", "id": "ws"}),
        json!({"type": "function_call_output", "call_id": "c", "output": "o"}),
        json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}),
        json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "s"}],
            "content": [{"type": "reasoning_text", "text": "t"}], "encrypted_content": "e"}),
        message("commentary"),
        message("final_answer"),
    ])
    .prop_map(|json| Item::from_json(json.as_object().cloned().unwrap_or_default()))
}
