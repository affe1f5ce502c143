//! What a Chat client gets: one golden per scenario, as stream and as document.

use oc_providers::wire::openai_completions::{ReasoningFields, RenderOptions, Renderer};
use oc_responses_stream::{
    AnnotationDelta, Delta, Finish, FinishReason, FunctionCall, Item, ItemEnd, ItemStatus,
    OutputStyle, Phase, PhaseDelta, ReasoningDelta, Seal, Slot, Started, TextDelta,
    ToolCallArguments, ToolCallEnd, ToolCallStart, Usage, WholeItem,
};
use serde_json::json;

fn text(slot: u32, text: &str) -> Delta {
    Delta::Text(TextDelta::new(Slot(slot), text))
}

fn thought(slot: u32, text: &str) -> Delta {
    Delta::Reasoning(ReasoningDelta::raw(Slot(slot), text))
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
    usage.output_tokens = 7;
    usage.reasoning_tokens = 3;
    usage.total_tokens = 19;
    Delta::Usage(usage)
}

fn options() -> RenderOptions {
    RenderOptions::new("chatcmpl-1", "m", 1_700_000_000)
}

/// The stream without what every chunk has, then the document.
fn golden(options: RenderOptions, deltas: &[Delta]) -> String {
    let mut renderer = Renderer::new(options);
    deltas.iter().for_each(|delta| renderer.push(delta));
    drained(&mut renderer)
}

fn drained(renderer: &mut Renderer) -> String {
    let mut out = String::new();
    while let Some(bytes) = renderer.next_bytes() {
        let text = String::from_utf8(bytes).expect("utf-8");
        let data = text.strip_prefix("data: ").and_then(|text| text.strip_suffix("\n\n"));
        let mut chunk: serde_json::Value =
            serde_json::from_str(data.expect("one event per write")).expect("json");
        if let Some(fields) = chunk.as_object_mut().filter(|fields| fields.contains_key("id")) {
            for key in ["id", "object", "created", "model"] {
                assert!(fields.shift_remove(key).is_some(), "{key} on every chunk");
            }
        }
        out += &format!("{}\n", chunk);
    }
    out + &format!("document {}\n", renderer.document())
}

/// Reasoning, text, two calls (one told in pieces, one only at its end).
fn everything() -> Vec<Delta> {
    vec![
        Delta::Started(Started::default()),
        thought(0, "Hm"),
        thought(0, "m."),
        Delta::Seal(Seal::new(Slot(0), "openai-responses", json!("sealed"))),
        item_end(0),
        text(1, "Let me "),
        text(1, "see."),
        Delta::Annotation(AnnotationDelta::new(
            Slot(1),
            0,
            json!({"type": "url_citation", "url": "https://h", "title": "t", "start_index": 0, "end_index": 3}),
        )),
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
    insta::assert_snapshot!(golden(options().include_usage(true), &everything()));
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
    assert_eq!(document["choices"][0]["message"]["content"], "42");
}

#[test]
fn final_only() {
    let mut deltas = everything();
    let commentary = TextDelta::new(Slot(9), "aside").with_phase(Some(Phase::Commentary));
    deltas.insert(1, Delta::Text(commentary));
    let citation = json!({"type": "url_citation", "url": "https://aside"});
    deltas.insert(2, Delta::Annotation(AnnotationDelta::new(Slot(9), 0, citation)));
    insta::assert_snapshot!(golden(options().output(OutputStyle::FinalOnly), &deltas));
}

#[test]
fn reasoning_in_other_fields() {
    let deltas = [
        Delta::Reasoning(ReasoningDelta::summary(Slot(0), 0, "One.")),
        Delta::Reasoning(ReasoningDelta::summary(Slot(0), 1, "Two.")),
        thought(0, "the same, raw"),
        text(1, "42"),
        finish(FinishReason::Stop),
    ];
    insta::assert_snapshot!(golden(options().reasoning(ReasoningFields::Both), &deltas));
}

#[test]
fn items_that_come_whole() {
    let call = Item::FunctionCall(FunctionCall::new("a", "f", "{\"x\":1}"));
    let deltas = [Delta::Item(WholeItem::new(Slot(0), call)), finish(FinishReason::ToolCalls)];
    insta::assert_snapshot!(golden(options(), &deltas));
}

#[test]
fn who_served_it_is_told_in_the_last_chunk() {
    for include in [false, true] {
        let mut renderer = Renderer::new(options().include_usage(include));
        renderer.push(&text(0, "42"));
        renderer.set_metadata("oc_served_by", json!("local/m"));
        renderer.push(&usage());
        renderer.push(&finish(FinishReason::Stop));
        let mut last = Vec::new();
        while let Some(bytes) = renderer.next_bytes() {
            last = bytes;
        }
        let last = String::from_utf8(last).expect("utf-8");
        assert!(last.contains(r#""oc_served_by":"local/m""#), "{last}");
        assert_eq!(last.contains("prompt_tokens"), include, "{last}");
        assert_eq!(renderer.document()["metadata"]["oc_served_by"], "local/m");
    }
}

#[test]
fn the_finish_reason_follows_what_was_said() {
    let call = [start(0, "a"), piece(0, "{}"), end(0, None)];
    let refusal = [Delta::Refusal(TextDelta::new(Slot(0), "no"))];
    let half = [start(0, "a"), piece(0, "{\"x")];
    use FinishReason::{ContentFilter, Length, Other, Pause, Refusal, Stop, ToolCalls};
    for (said, reason, wanted) in [
        (&[text(0, "a")][..], Stop, "stop"),
        (&[text(0, "a")], ToolCalls, "stop"),
        (&call, Stop, "tool_calls"),
        (&call, Length, "length"),
        (&half, Length, "length"),
        (&[text(0, "a")], ContentFilter, "content_filter"),
        (&refusal, Refusal, "stop"),
        (&[], Refusal, "content_filter"),
        // It passed for whole.
        (&[text(0, "a")], Pause, "length"),
        (&call, Pause, "tool_calls"),
        // A break report's item 15: it went to the client as it was. A later one's
        // A: it passed for whole here, and for half of an answer elsewhere.
        (&[text(0, "a")], Other("banana".into()), "length"),
        // A word of the server's own, where an agent waits for its calls.
        (&call, Other("tools".into()), "tool_calls"),
    ] {
        let mut renderer = Renderer::new(options());
        said.iter().for_each(|delta| renderer.push(delta));
        renderer.push(&finish(reason.clone()));
        assert!(renderer.is_terminal());
        let document = renderer.document();
        assert_eq!(document["choices"][0]["finish_reason"], wanted, "{reason:?}");
        let calls = &document["choices"][0]["message"]["tool_calls"];
        assert!(calls.is_null() || calls[0]["function"]["arguments"] == "{}", "{calls}");
    }
}

/// What the model says on its way was glued to its answer.
#[test]
fn commentary_and_answer_are_told_apart() {
    use oc_responses_stream::Phase::{Commentary, FinalAnswer};
    let said =
        |slot, phase, text: &str| Delta::Text(TextDelta::new(Slot(slot), text).with_phase(phase));
    for (pieces, wanted) in [
        (
            &[
                said(0, Some(Commentary), "I will "),
                said(0, Some(Commentary), "look."),
                said(1, Some(FinalAnswer), "T"),
            ][..],
            "I will look.\n\nT",
        ),
        (
            &[
                said(0, Some(Commentary), "One."),
                said(1, Some(Commentary), "Two."),
                said(2, None, "T"),
            ],
            "One.\n\nTwo.\n\nT",
        ),
        // A sentence that its host cut where it cites.
        (&[said(0, None, "Paris is"), said(1, None, " the capital.")], "Paris is the capital."),
        (&[said(0, Some(FinalAnswer), "a"), said(0, None, "b")], "ab"),
    ] {
        let mut renderer = Renderer::new(options());
        pieces.iter().for_each(|delta| renderer.push(delta));
        renderer.push(&finish(FinishReason::Stop));
        let mut streamed = String::new();
        while let Some(bytes) = renderer.next_bytes() {
            let text = String::from_utf8(bytes).expect("utf-8");
            let chunk: serde_json::Value =
                serde_json::from_str(&text["data: ".len()..]).expect("json");
            streamed += chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default();
        }
        assert_eq!(streamed, wanted);
        assert_eq!(renderer.document()["choices"][0]["message"]["content"], wanted);
    }
    // An attempt that is replaced within its text: the next one goes on with it.
    let mut renderer = Renderer::new(options());
    renderer.push(&said(0, Some(Commentary), "I will lo"));
    renderer.abandon();
    renderer.push(&said(7, Some(FinalAnswer), "ok."));
    renderer.push(&finish(FinishReason::Stop));
    assert_eq!(renderer.document()["choices"][0]["message"]["content"], "I will look.");
}

#[test]
fn a_failure_is_one_chunk_and_the_last() {
    let mut renderer = Renderer::new(options());
    renderer.push(&text(0, "half an ans"));
    renderer.fail("upstream_cut", "the answer broke off");
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
