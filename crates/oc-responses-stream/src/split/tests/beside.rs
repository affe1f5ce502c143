//! Text beside reasoning that came in its own field.

use super::*;

/// Reasoning that came in its own field is all there is; a tag in the answer is its
/// subject. What came before it is judged as if it had not.
#[test]
fn a_closing_tag_behind_reasoning_in_its_own_field_was_an_error() {
    let thought = || Delta::Reasoning(ReasoningDelta::raw(Slot(1), "hm"));
    let finish = || Delta::Finish(Finish::new(FinishReason::Stop));
    let strict = SplitOptions::default().with_stray_close(StrayClose::Error);
    let stray = || text(0, "They end with </think> and answer.");
    let shows = |deltas| run_with(strict, deltas).iter().any(|it| matches!(it, Delta::Error(_)));
    assert!(!shows(vec![thought(), stray(), end(0), finish()]));
    assert!(shows(vec![stray(), end(0), thought(), finish()]));
    assert!(shows(vec![stray(), end(0), finish()]));
}

/// Some servers parse reasoning and leave it in the text: clients read it twice.
#[test]
fn the_same_reasoning_in_a_field_and_between_tags_was_told_twice() {
    let field = |text: &str| Delta::Reasoning(ReasoningDelta::raw(Slot(1), text));
    let thoughts = |deltas: Vec<Delta>| {
        let mut told = (String::new(), String::new());
        for delta in run(deltas) {
            match delta {
                Delta::Reasoning(piece) => told.0 += &piece.text,
                Delta::Text(piece) => told.1 += &piece.text,
                _ => {}
            }
        }
        told
    };
    let told = |thought: &str| (thought.to_owned(), "T".to_owned());
    assert_eq!(thoughts(vec![field("abc"), text(0, "<think>abc</think>T"), end(0)]), told("abc"));
    let by_turns =
        vec![field("ab"), text(0, "<think>\nab"), field("c"), text(0, "c\n</think>\n\nT"), end(0)];
    assert_eq!(thoughts(by_turns), told("abc"));
    let others = vec![field("abc"), text(0, "<think>abd</think>T"), end(0)];
    assert_eq!(thoughts(others), told("abcabd"));
}
