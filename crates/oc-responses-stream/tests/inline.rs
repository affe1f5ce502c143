//! Reasoning inside the text of a stream: what passes the splitter by the short way
//! is judged as if it had gone through.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::{collect, drain};
use oc_responses_stream::{
    Blocks, Delta, EmptyFinal, Finish, FinishReason, ReasoningDelta, ResponseParser, Slot,
    SplitDeltas, SplitOptions, StrayClose, TextDelta,
};
use proptest::prelude::*;
use serde_json::json;

/// A stream of these texts, reasoning (`true`) or not, one event each.
fn stream(texts: &[(bool, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for &(is_thought, text) in texts {
        let kind = if is_thought { "reasoning_text" } else { "output_text" };
        let event = json!({"type": format!("response.{kind}.delta"), "delta": text,
            "output_index": u8::from(!is_thought), "content_index": 0});
        out.extend(format!("data: {event}\n\n").into_bytes());
    }
    let end = json!({"type": "response.completed", "response": {"status": "completed"}});
    out.extend(format!("data: {end}\n\n").into_bytes());
    out
}

fn read(options: SplitOptions, texts: &[(bool, &str)]) -> Vec<Delta> {
    let parser = ResponseParser::default().split_reasoning_with(options);
    drain(parser, [&stream(texts)[..]]).into_iter().map(Result::unwrap).collect()
}

/// What the splitter makes of the same deltas where none passes it by.
fn read_the_long_way(options: SplitOptions, texts: &[(bool, &str)]) -> Vec<Delta> {
    let mut split = SplitDeltas::with_options(options);
    for &(is_thought, text) in texts {
        split.push(match is_thought {
            true => Delta::Reasoning(ReasoningDelta::raw(Slot(0), text)),
            false => Delta::Text(TextDelta::new(Slot(1), text)),
        });
    }
    split.push(Delta::Finish(Finish::new(FinishReason::Stop)));
    std::iter::from_fn(|| split.next()).collect()
}

#[test]
fn an_answer_between_command_as_marks_is_not_empty() {
    // What passed by the short way was not noted: an error in place of the answer.
    let texts =
        ["<|START_THINKING|>", "Hm", "<|END_THINKING|>", "<|START_RESPONSE|>", "Four", ", I think"];
    let options = SplitOptions::default().with_empty_final(EmptyFinal::Error);
    let all = read(options, &texts.map(|text| (false, text)));
    assert_eq!(collect(&all).final_text(), "Four, I think");
    assert!(matches!(all.last(), Some(Delta::Finish(_))), "{all:?}");
}

/// A law's finding: three backticks behind the closing mark began a line, and a fence,
/// only where the answer had gone the long way.
#[test]
fn text_behind_command_as_marks_stands_on_its_line() {
    let texts = ["<|START_RESPONSE|>", "c\n", "a", "<|END_RESPONSE|>", "```", "<think>"]
        .map(|t| (false, t));
    let options = SplitOptions::default().with_blocks(Blocks::Anywhere);
    for all in [read(options, &texts), read_the_long_way(options, &texts)] {
        assert_eq!(collect(&all).final_text(), "c\na```");
    }
}

proptest! {
    #[test]
    fn the_short_way_says_what_the_long_way_does(
        words in prop::collection::vec(
            (
                prop::bool::weighted(0.1),
                prop::sample::select(vec![
                    "a", " b", " ", "\n", "c\n", "\nd", "`", "```", "```\n", "~~~\n", "</think>",
                    "<think>", "<", "é", "“", "◁", "a\n\n ", "<|START_RESPONSE|>",
                    "<|END_RESPONSE|>", "<|START_THINKING|>", "<|END_THINKING|>",
                ]),
            ),
            0..24,
        ),
        is_anywhere in any::<bool>(),
        empty in prop::sample::select(vec![EmptyFinal::Error, EmptyFinal::Promote]),
    ) {
        let blocks = if is_anywhere { Blocks::Anywhere } else { Blocks::AtStart };
        let options = SplitOptions::default()
            .with_blocks(blocks)
            .with_empty_final(empty)
            .with_stray_close(StrayClose::Error);
        let (short, long) = (read(options, &words), read_the_long_way(options, &words));
        let sum = |all: &[Delta]| {
            let answer = collect(all);
            (answer.final_text(), answer.reasoning_text(), all.last().cloned())
        };
        prop_assert_eq!(sum(&short), sum(&long));
    }
}
