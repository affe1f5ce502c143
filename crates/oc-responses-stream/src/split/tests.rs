use proptest::prelude::*;

use super::*;
use crate::{Delta, Finish, FinishReason, ItemEnd, ItemStatus, Slot, TextDelta};

/// What pieces come to per kind: text, reasoning, markup.
fn split<'a>(cuts: impl IntoIterator<Item = &'a str>) -> (String, String, String, u32) {
    let mut splitter = ReasoningSplitter::new();
    let mut pieces = Vec::new();
    for cut in cuts {
        splitter.push(cut, &mut pieces);
    }
    splitter.finish(&mut pieces);
    let all = |kind: fn(&TextPiece) -> bool| -> String {
        pieces.iter().filter(|piece| kind(piece)).map(TextPiece::as_str).collect()
    };
    (
        all(|piece| matches!(piece, TextPiece::Text(_))),
        all(|piece| matches!(piece, TextPiece::Reasoning(_))),
        all(|piece| matches!(piece, TextPiece::Markup(_))),
        splitter.stray_closes(),
    )
}

#[test]
fn grammars() {
    let table = [
        ("plain", "plain", "", 0),
        ("", "", "", 0),
        ("  \n ", "  \n ", "", 0),
        ("<think>a</think>b", "b", "a", 0),
        ("\n\n<think>a</think>\n\nb", "b", "a", 0),
        ("<think>a</think>\r\n\r\nb", "b", "a", 0),
        ("<think>a</think>\n\n\nb", "\nb", "a", 0),
        ("<think>a</think>", "", "a", 0),
        ("<think>a", "", "a", 0),
        ("<think>a</thi", "", "a</thi", 0),
        ("<think></think>b", "b", "", 0),
        ("<thinking>a</think></thinking>b", "b", "a</think>", 0),
        ("<thought>a</thought>b", "b", "a", 0),
        ("<reasoning>a</reasoning>b", "b", "a", 0),
        ("<antthinking>a</antthinking>b", "b", "a", 0),
        // only at the start
        ("The tag <think>x</think> is …", "The tag <think>x</think> is …", "", 1),
        ("`<think>`", "`<think>`", "", 0),
        ("<think>a</think>b<think>c</think>d", "b<think>c</think>d", "a", 1),
        // no opening tag: reported, left
        ("leaked</think>\n\nb", "leaked</think>\n\nb", "", 1),
        // not tags
        ("<thin", "<thin", "", 0),
        ("< think>", "< think>", "", 0),
        ("<b>bold</b>", "<b>bold</b>", "", 0),
    ];
    for (input, text, reasoning, strays) in table {
        let got = split([input]);
        assert_eq!((&*got.0, &*got.1, got.3), (text, reasoning, strays), "{input:?}");
    }
}

#[test]
fn endless_white_space_is_text() {
    let blank = " ".repeat(MOST_BLANK);
    assert_eq!(split([&*format!("{blank}<think>a</think>b")]).1, "a");
    let more = format!("{blank} <think>a</think>b");
    assert_eq!(split([&*more]).1, "");
    assert_eq!(split(more.split_inclusive(|_| true)).0, more);
}

#[test]
fn at_most_one_tag_is_held_back() {
    let mut splitter = ReasoningSplitter::new();
    let mut pieces = Vec::new();
    splitter.push("<think>a long thought </", &mut pieces);
    assert_eq!(pieces.last(), Some(&TextPiece::Reasoning("a long thought ".to_owned())));
    assert!(splitter.in_reasoning());
}

proptest! {
    #[test]
    fn nothing_is_lost_and_no_cut_matters(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "<think>", "</think>", "<thought>", "</thought>", "<", ">", "</", "think", "\n",
                "\r\n", " ", "a", "é", "🦀", "```", "`",
            ]),
            0..12,
        ),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let input = words.concat();
        let mut ends: Vec<usize> = cuts
            .iter()
            .map(|cut| cut.index(input.len() + 1))
            .filter(|at| input.is_char_boundary(*at))
            .collect();
        ends.sort_unstable();
        let mut start = 0;
        let mut pieces = Vec::new();
        for end in ends {
            pieces.push(&input[start..end]);
            start = end;
        }
        pieces.push(&input[start..]);
        let whole = split([input.as_str()]);
        prop_assert_eq!(&split(pieces), &whole);
        prop_assert_eq!(&split(input.split_inclusive(|_| true)), &whole);

        let mut splitter = ReasoningSplitter::new();
        let mut all = Vec::new();
        splitter.push(&input, &mut all);
        splitter.finish(&mut all);
        let joined: String = all.iter().map(TextPiece::as_str).collect();
        prop_assert_eq!(joined, input);
    }
}

fn run(deltas: Vec<Delta>) -> Vec<Delta> {
    let mut split = SplitDeltas::new();
    let mut out = Vec::new();
    for delta in deltas {
        split.push(delta);
        while let Some(delta) = split.next() {
            out.push(delta);
        }
    }
    out
}

fn text(slot: u32, text: &str) -> Delta {
    Delta::Text(TextDelta::new(Slot(slot), text))
}

fn thought(slot: u32, text: &str) -> Delta {
    Delta::Reasoning(ReasoningDelta::raw(Slot(slot), text))
}

fn end(slot: u32) -> Delta {
    Delta::ItemEnd(ItemEnd::new(Slot(slot), ItemStatus::Completed))
}

use crate::ReasoningDelta;

#[test]
fn reasoning_gets_an_item_of_its_own() {
    let got = run(vec![text(0, "<think>a</thi"), text(0, "nk>b"), text(0, "c"), end(0)]);
    assert_eq!(got, [thought(0, "a"), end(0), text(1, "b"), text(1, "c"), end(1)]);
}

#[test]
fn later_items_are_renumbered() {
    let got = run(vec![text(0, "<think>a</think>b"), end(0), text(1, "c"), end(1)]);
    assert_eq!(got, [thought(0, "a"), end(0), text(1, "b"), end(1), text(2, "c"), end(2)]);
}

#[test]
fn a_message_that_was_only_reasoning_leaves_no_message() {
    let finish = Delta::Finish(Finish::new(FinishReason::Length));
    let got = run(vec![text(0, "<think>a"), end(0), finish.clone()]);
    assert_eq!(got, [thought(0, "a"), end(0), finish]);
}

#[test]
fn a_terminal_delta_gives_out_what_was_held() {
    let finish = Delta::Finish(Finish::new(FinishReason::Stop));
    assert_eq!(run(vec![text(0, "<thi"), finish.clone()]), [text(0, "<thi"), finish]);
}

#[test]
fn strays_are_counted_over_all_items() {
    let mut split = SplitDeltas::new();
    for delta in [text(0, "leak</think>"), end(0), text(1, "a</think>")] {
        split.push(delta);
    }
    assert_eq!(split.stray_closes(), 2);
}
