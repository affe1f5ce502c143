mod bare;
mod beside;

use proptest::prelude::*;

use super::*;
use crate::{
    Delta, Finish, FinishReason, ItemEnd, ItemStatus, Phase, ReasoningDelta, Slot, TextDelta,
    ToolCallArguments, ToolCallEnd, ToolCallStart,
};

/// What pieces come to per kind: text, reasoning, markup.
fn split<'a>(cuts: impl IntoIterator<Item = &'a str>) -> (String, String, String, u32) {
    split_with(SplitOptions::default(), cuts)
}

fn split_with<'a>(
    options: SplitOptions,
    cuts: impl IntoIterator<Item = &'a str>,
) -> (String, String, String, u32) {
    let mut splitter = ReasoningSplitter::with_options(options);
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
        ("<mm:think>a</mm:think>b", "b", "a", 0),
        ("<seed:think>a</seed:think>b", "b", "a", 0),
        ("[THINK]a[/THINK]b", "b", "a", 0),
        ("◁think▷a◁/think▷b", "b", "a", 0),
        ("<|START_THINKING|>a<|END_THINKING|>b", "b", "a", 0),
        ("<|channel>thought\na<channel|>b", "b", "\na", 0),
        ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>", "b", "a", 0),
        ("<|START_RESPONSE|>b <|END_", "b <|END_", "", 0),
        ("<|START_RESPONSE|>b<|END_RESPONSE|> c", "b c", "", 0),
        ("b <|START_RESPONSE|>", "b <|START_RESPONSE|>", "", 0),
        ("<|START_RES", "<|START_RES", "", 0),
        ("leak[/THINK]b◁/think▷c", "leak[/THINK]b◁/think▷c", "", 2),
        // only at the start
        ("The tag <think>x</think> is …", "The tag <think>x</think> is …", "", 1),
        ("`<think>`", "`<think>`", "", 0),
        ("<think>a</think>b<think>c</think>d", "b<think>c</think>d", "a", 1),
        // no opening tag: reported, left
        ("leaked</think>\n\nb", "leaked</think>\n\nb", "", 1),
        // not tags
        ("<thin", "<thin", "", 0),
        ("<thi nk>", "<thi nk>", "", 0),
        ("<thinks>", "<thinks>", "", 0),
        ("<b>bold</b>", "<b>bold</b>", "", 0),
    ];
    for (input, text, reasoning, strays) in table {
        let got = split([input]);
        assert_eq!((&*got.0, &*got.1, got.3), (text, reasoning, strays), "{input:?}");
    }
}

#[test]
fn every_row_of_the_table_is_a_grammar() {
    for tag in super::tags::TAGS {
        let input = format!("{}a{}b", tag.open, tag.close);
        let places = input.char_indices().map(|(at, _)| input.split_at(at));
        let halves = places.map(|(before, after)| vec![before, after]);
        for cuts in halves.chain([input.split_inclusive(|_| true).collect()]) {
            let got = split(cuts.clone());
            assert_eq!((&*got.0, &*got.1, got.3), ("b", "a", 0), "{cuts:?}");
        }
    }
}

#[test]
fn inline_tags_as_models_bend_them() {
    let blanks = format!("{}<think>a</think>b", " ".repeat(1500));
    for input in [
        "<THINK>a</THINK>b",
        "<Think>a</think>b",
        "[think]a[/Think]b",
        "<think >a</think >b",
        "< think>a</ think>b",
        "<think time=\"3\">a</think>b",
        "<think/><think>a</think>b",
        "\u{200B}<think>a</think>b",
        "\u{FEFF} \u{200D}\n<think>a</think>b",
        &blanks,
    ] {
        for cuts in [vec![input], input.split_inclusive(|_| true).collect()] {
            let got = split(cuts);
            assert_eq!((&*got.0, &*got.1, got.3), ("b", "a", 0), "{input:?}");
        }
    }
}

#[test]
fn blocks_one_after_the_other_and_within_each_other() {
    let table = [
        ("<think>a</think>\n<think>b</think>Answer", "Answer", "ab"),
        ("<think>a</think>\n\n\n [THINK]b[/THINK]\nAnswer", "Answer", "ab"),
        ("<think>a<think>b</think>c</think>Answer", "Answer", "a<think>bc"),
        ("<think>a<think>b</think>c</think>d <think>", "d <think>", "a<think>bc"),
        // thought of a tag, and never opened one
        ("<think>a <think> tag</think>Answer", "Answer", "a <think> tag"),
        ("<think>a<think>b</think>\n<think>c</think>Answer", "Answer", "a<think>bc"),
        // the answer was "`, always."
        (
            "<think>What does <think> close with?</think>With `</think>`, always.",
            "With `</think>`, always.",
            "What does <think> close with?",
        ),
    ];
    for (input, text, reasoning) in table {
        for cuts in [vec![input], input.split_inclusive(|_| true).collect()] {
            let got = split(cuts);
            assert_eq!((&*got.0, &*got.1), (text, reasoning), "{input:?}");
        }
    }
}

#[test]
fn a_closing_tag_alone_shows_that_reasoning_was_shown() {
    for (input, shows) in [
        ("secret</think>Answer.", true),
        ("secret</THINK >Answer.", true),
        // an answer that speaks of tags was an error
        ("<think>a</think>b</think>Answer.", false),
        (
            "<|channel|>analysis<|message|>a<|end|><|channel|>final<|message|>b</think> ends it.",
            false,
        ),
        ("`</think>` closes", false),
        ("```\nx</think>\n```\n", false),
        ("~~~\nx</think>\n~~~\n", false),
        ("~~~\nx\n~~~\nsecret</think>Answer.", true),
        ("~~~\n`\n~~~\nsecret</think>Answer.", true),
        ("~~secret~~</think>Answer.", true),
        ("~~ ~secret</think>Answer.", true),
        // one stray mark hid all that came after it
        ("It`s a secret.\nSo</think>Answer.", true),
        ("It`s a secret</think>Answer.", true),
        ("It`s a secret</think>Answer `x`.", true),
        ("It`s a secret</think>\nAnswer ` b.", true),
        ("See `</think>`.\nIt ` is", false),
        ("between <think> and </think>", false),
        ("plain", false),
    ] {
        let finish = || Delta::Finish(Finish::new(FinishReason::Stop));
        let options = SplitOptions::default().with_stray_close(StrayClose::Error);
        for cuts in [vec![input], input.split_inclusive(|_| true).collect()] {
            let mut deltas: Vec<Delta> = cuts.into_iter().map(|cut| text(0, cut)).collect();
            deltas.extend([end(0), finish()]);
            let got = run_with(options, deltas);
            let is_error = |delta: &Delta| matches!(delta, Delta::Error(e) if e.code.as_deref() == Some("reasoning_in_text"));
            assert_eq!(got.last().is_some_and(is_error), shows, "{input:?}");
        }
    }
}

/// Of several answers each is split by itself, and an error is of all.
#[test]
fn answers_beside_each_other_are_taken_apart_one_by_one() {
    let finish = || Delta::Finish(Finish::new(FinishReason::Stop));
    let pieces = [
        (0, text(0, "<thi")),
        (1, text(0, "a <thi")),
        (0, text(0, "nk>hm</think>b")),
        (2, text(0, "<think>ho")),
        (1, text(0, "nk>")),
        (1, finish()),
        (2, finish()),
        (0, finish()),
    ];
    let deltas = |pieces: &[(u32, Delta)]| -> Vec<Delta> {
        pieces.iter().map(|(choice, delta)| delta.clone().of_choice(*choice)).collect()
    };
    let got = run_with(SplitOptions::default(), deltas(&pieces));
    let of = |choice: u32| -> Vec<Delta> {
        let own = got.iter().filter_map(|delta| match delta {
            Delta::Choice(other) => (other.choice == choice).then(|| (*other.delta).clone()),
            delta => (choice == 0).then(|| delta.clone()),
        });
        own.collect()
    };
    for choice in 0..3 {
        let alone = pieces.iter().filter(|(of, _)| *of == choice).map(|(_, delta)| delta.clone());
        assert_eq!(of(choice), run_with(SplitOptions::default(), alone.collect()), "{choice}");
    }
    assert_eq!(got.last(), Some(&finish()));

    let strict = SplitOptions::default().with_stray_close(StrayClose::Error);
    let shown = [(1, text(0, "secret</think>b")), (1, finish()), (0, finish())];
    let got = run_with(strict, deltas(&shown));
    assert!(got.iter().any(|delta| matches!(delta, Delta::Error(_))), "bare, of all");
}

fn anywhere() -> SplitOptions {
    SplitOptions::default().with_blocks(Blocks::Anywhere)
}

#[test]
fn blocks_between_text() {
    let table = [
        ("<think>a</think>b<think>c</think>d", "bd", "ac"),
        ("b\n<think>a</think>\n\nc <think>d", "b\nc ", "ad"),
        ("a [THINK]b[/THINK] c", "a  c", "b"),
        ("`<think>` opens, <think>a</think>b", "`<think>` opens, b", "a"),
        ("```\n<think>x</think>\n```\n<think>a</think>b", "```\n<think>x</think>\n```\nb", "a"),
        ("``a ` <think>`` b", "``a ` <think>`` b", ""),
        ("~~~\n<think>x</think>\n~~~\n<think>a</think>b", "~~~\n<think>x</think>\n~~~\nb", "a"),
        ("~~struck~~ <think>a</think>b", "~~struck~~ b", "a"),
        ("a stray ` here\n\n<think>a</think>b", "a stray ` here\n\nb", "a"),
        ("a stray ` here\n<think>a</think>b", "a stray ` here\nb", "a"),
        ("It`s fine <think>a</think> b", "It`s fine  b", "a"),
        ("It`s fine <think>a</think>\nb ` c", "It`s fine b ` c", "a"),
        ("It`s fine <think>a\n` b</think>c", "It`s fine c", "a\n` b"),
        ("It`s <think>a", "It`s ", "a"),
        ("``It`s <think> a`` <think>b</think>c", "``It`s <think> a`` c", "b"),
        ("1 < 2 [x] <thin", "1 < 2 [x] <thin", ""),
    ];
    for (input, text, reasoning) in table {
        for cuts in [vec![input], input.split_inclusive(|_| true).collect()] {
            let got = split_with(anywhere(), cuts);
            assert_eq!((&*got.0, &*got.1), (text, reasoning), "{input:?}");
        }
    }
}

#[test]
fn a_block_that_the_template_opened() {
    let hold = |max| SplitOptions::default().with_implicit_open(ImplicitOpen::Hold { max });
    let table = [
        (100, "a</think>\n\nb", "b", "a"),
        (100, "</think>b", "b", ""),
        (100, "<think>a</think>b", "b", "a"),
        (100, "no tag at all", "no tag at all", ""),
        (100, "text <think>a</think>b", "text <think>a</think>b", ""),
        (100, "a[/THINK]b", "b", "a"),
        (4, "aaaa</think>b", "b", "aaaa"),
        (4, "aaaaa</think>b", "aaaaa</think>b", ""),
        (0, "", "", ""),
        // code is the answer's subject
        (100, "It closes with `</think>`.", "It closes with `</think>`.", ""),
        (100, "```\n</think>\n```\n", "```\n</think>\n```\n", ""),
        (100, "`</think>`", "`</think>`", ""),
        (100, "a `</think>` b</think>c", "c", "a `</think>` b"),
        // a stray mark makes no code
        (100, "it is 5` wide</think>b", "b", "it is 5` wide"),
        (20, "a ` b</think>0123456789", "0123456789", "a ` b"),
        // not even where the answer has code, which was all taken for text
        (100, "it is 5` wide\n</think>It is `x`.", "It is `x`.", "it is 5` wide\n"),
        (100, "it is 5` wide</think>\nIt is `x`.", "It is `x`.", "it is 5` wide"),
        (100, "it is 5` wide</think>It is `x`.", "It is `x`.", "it is 5` wide"),
        (100, "it is 5` wide</think>\n\nIt is 6` wide.", "It is 6` wide.", "it is 5` wide"),
        (100, "```\nx = 5\n</think>\nSo:\n```\nx\n```\n", "So:\n```\nx\n```\n", "```\nx = 5\n"),
        (
            200,
            "as `</think>` does</think>It is `</think>`.",
            "It is `</think>`.",
            "as `</think>` does",
        ),
        (100, "It is `</think>`.\nIt closes ` it.", "It is `</think>`.\nIt closes ` it.", ""),
        (100, "`a </think> b` and `c`", "`a </think> b` and `c`", ""),
    ];
    for (max, input, text, reasoning) in table {
        for cuts in [vec![input], input.split_inclusive(|_| true).collect()] {
            let got = split_with(hold(max), cuts);
            assert_eq!((&*got.0, &*got.1), (text, reasoning), "{max} {input:?}");
        }
    }
    let both = hold(100).with_blocks(Blocks::Anywhere);
    let got = split_with(both, ["a</think>b<think>c</think>d"]);
    assert_eq!((&*got.0, &*got.1), ("bd", "ac"));
}

#[test]
fn harmony() {
    let table = [
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>",
            "b",
            "a",
        ),
        ("<|start|>assistant<|channel|>analysis<|message|>a<|channel|>final<|message|>b", "b", "a"),
        ("<|channel|>final<|message|>b", "b", ""),
        ("<|channel|>analysis<|message|>a <|en", "", "a <|en"),
        ("<|channel|>analysis<|message|>a<|end|>\nb", "b", "a"),
        ("<|channel|>other<|message|>a<|end|>", "", "a"),
    ];
    for (input, text, reasoning) in table {
        for cuts in [vec![input], input.split_inclusive(|_| true).collect()] {
            let got = split(cuts);
            assert_eq!((&*got.0, &*got.1), (text, reasoning), "{input:?}");
        }
    }
    let no_header = format!("<|channel|>{}", "x".repeat(600));
    assert_eq!(split([&*no_header]).0, no_header);
}

/// It was lost without a word, whatever [`EmptyFinal`] said.
#[test]
fn a_short_text_that_begins_with_a_token_of_harmony_is_text() {
    for (input, text) in [
        ("<|channel|> is the token that names a channel.", None),
        ("<|start|>", None),
        ("<|start|> begins a message.", None),
        ("<|channel|>final", None),
        ("<think>x</think><|channel|> names it.", Some("<|channel|> names it.")),
        // a header that was cut, after something was said
        ("<|channel|>analysis<|message|>x<|end|><|start|>assistant<|chan", Some("")),
        (
            "<|channel|>analysis<|message|>x<|end|><|start|> begins one.",
            Some("<|start|> begins one."),
        ),
    ] {
        for cuts in [vec![input], input.split_inclusive(|_| true).collect()] {
            assert_eq!(split(cuts).0, text.unwrap_or(input), "{input}");
        }
    }
}

/// One delta of 600 kB took a minute: whatever came after a tag was copied for
/// every tag. At that rate each of these takes hours.
#[test]
fn a_text_of_many_tags_is_split_in_time_that_grows_as_its_length() {
    let many = |text: &str| text.repeat(200_000);
    let nested = many("<think>") + &many("</think>");
    let harmony = many("<|channel|>analysis<|message|>a<|end|><|start|>assistant");
    for (options, input, thought) in [
        (SplitOptions::default(), many("<think></think>"), 0),
        (SplitOptions::default(), many("<think>a</think>\n"), 200_000),
        (SplitOptions::default(), nested, 7 * 199_999),
        (SplitOptions::default(), harmony, 200_000),
        (anywhere(), many("b <think>a</think>"), 200_000),
    ] {
        assert_eq!(split_with(options, [&*input]).1.len(), thought);
    }
}

#[test]
fn harmony_calls_and_commentary_become_items() {
    let got = run(vec![
        text(
            0,
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>One moment.",
        ),
        text(
            0,
            "<|end|><|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"x\"",
        ),
        text(0, ":1}<|call|>"),
        end(0),
    ]);
    let commentary = TextDelta::new(Slot(1), "One moment.").with_phase(Some(Phase::Commentary));
    let arguments = |text| Delta::ToolCallArguments(ToolCallArguments::new(Slot(2), text));
    assert_eq!(
        got,
        [
            thought(0, "a"),
            end(0),
            Delta::Text(commentary),
            end(1),
            Delta::ToolCallStart(ToolCallStart::new(Slot(2), "", "f")),
            arguments("{\"x\""),
            arguments(":1}"),
            Delta::ToolCallEnd(ToolCallEnd::new(Slot(2), None)),
            end(2),
        ]
    );
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
                "\r\n", " ", "a", "é", "🦀", "```", "`", "[THINK]", "[/THINK]", "◁think▷",
                "◁/think▷", "◁", "<|channel|>", "<|message|>", "<|end|>", "<|start|>", "analysis",
                "final", "commentary to=f", "assistant", "<|call|>", "analysisW", "assistantfinal", "{",
                "assistantcommentary", " to=functions.f json", "<THINK", "< think", "\u{200B}",
                "~~~", "~", "<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|END_",
            ]),
            0..12,
        ),
        is_anywhere in any::<bool>(),
        hold in prop::option::of(0..40_usize),
        is_bare in any::<bool>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let input = words.concat();
        let blocks = if is_anywhere { Blocks::Anywhere } else { Blocks::AtStart };
        let implicit = hold.map_or(ImplicitOpen::Off, |max| ImplicitOpen::Hold { max });
        let options = SplitOptions::default()
            .with_blocks(blocks)
            .with_implicit_open(implicit)
            .with_bare_harmony(is_bare);
        let split = |cuts: Vec<&str>| split_with(options, cuts);
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
        let whole = split(vec![input.as_str()]);
        prop_assert_eq!(&split(pieces), &whole);
        prop_assert_eq!(&split(input.split_inclusive(|_| true).collect()), &whole);

        let mut splitter = ReasoningSplitter::with_options(options);
        let mut all = Vec::new();
        splitter.push(&input, &mut all);
        splitter.finish(&mut all);
        let joined: String = all.iter().map(TextPiece::as_str).collect();
        prop_assert_eq!(joined, input);
    }
}

fn run(deltas: Vec<Delta>) -> Vec<Delta> {
    run_with(SplitOptions::default(), deltas)
}

fn run_with(options: SplitOptions, deltas: Vec<Delta>) -> Vec<Delta> {
    let mut split = SplitDeltas::with_options(options);
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

#[test]
fn an_answer_of_reasoning_alone_is_the_callers_choice() {
    let stop = || Delta::Finish(Finish::new(FinishReason::Stop));
    let deltas = || vec![text(0, "<think>a</think>"), end(0), stop()];
    let with = |choice| run_with(SplitOptions::default().with_empty_final(choice), deltas());
    assert_eq!(with(EmptyFinal::Report), [thought(0, "a"), end(0), stop()]);
    assert_eq!(with(EmptyFinal::Promote), [thought(0, "a"), end(0), text(1, "a"), end(1), stop()]);
    let error = with(EmptyFinal::Error);
    let Some(Delta::Error(error)) = error.last() else { panic!("{error:?}") };
    assert_eq!(error.code.as_deref(), Some("empty_final"));

    for (deltas, is_empty) in [
        (deltas(), true),
        (vec![text(0, "<think>a</think>\n\n \n"), stop()], true),
        (vec![text(0, "<think>a</think>b"), stop()], false),
        (vec![text(0, ""), stop()], false),
        (vec![text(0, "<think>a"), Delta::Finish(Finish::new(FinishReason::Length))], false),
        (
            vec![
                text(0, "<think>a"),
                Delta::ToolCallStart(ToolCallStart::new(Slot(1), "call_1", "f")),
                stop(),
            ],
            false,
        ),
    ] {
        let mut split = SplitDeltas::new();
        let shown = format!("{deltas:?}");
        deltas.into_iter().for_each(|delta| split.push(delta));
        assert_eq!(split.is_empty_final(), is_empty, "{shown}");
    }
}

/// A server whose own parser found no end of the reasoning: it was empty in silence.
#[test]
fn an_answer_that_came_as_reasoning_is_the_callers_choice_too() {
    let stop = || Delta::Finish(Finish::new(FinishReason::Stop));
    let with = |choice, deltas: &[Delta]| {
        let mut deltas = deltas.to_vec();
        deltas.extend([end(0), stop()]);
        run_with(SplitOptions::default().with_empty_final(choice), deltas)
    };
    let raw = [thought(0, "Fo"), thought(0, "ur.")];
    assert_eq!(with(EmptyFinal::Report, &raw)[2..], [end(0), stop()]);
    assert_eq!(with(EmptyFinal::Promote, &raw)[3..], [text(1, "Four."), end(1), stop()]);
    let summary = [Delta::Reasoning(ReasoningDelta::summary(Slot(0), 0, "It thought."))];
    let said = TextDelta::new(Slot(1), "A moment.").with_phase(Some(Phase::Commentary));
    let commentary = [thought(0, "a"), Delta::Text(said)];
    for (choice, deltas) in [
        (EmptyFinal::Error, &raw[..]),
        (EmptyFinal::Promote, &summary),
        (EmptyFinal::Error, &commentary),
    ] {
        let all = with(choice, deltas);
        let Some(Delta::Error(error)) = all.last() else { panic!("{all:?}") };
        assert_eq!(error.code.as_deref(), Some("empty_final"));
    }
    let answered = [thought(0, "a"), text(1, "b")];
    assert_eq!(with(EmptyFinal::Error, &answered).last(), Some(&stop()));
}

#[test]
fn each_block_between_text_is_an_item() {
    let options = SplitOptions::default().with_blocks(Blocks::Anywhere);
    let got = run_with(options, vec![text(0, "a<think>b</think>c<think>d</think>e"), end(0)]);
    let expected = [
        text(0, "a"),
        thought(1, "b"),
        end(1),
        text(0, "c"),
        thought(2, "d"),
        end(2),
        text(0, "e"),
        end(0),
    ];
    assert_eq!(got, expected);
}

#[test]
fn a_run_of_backticks_is_judged_when_it_is_over() {
    // The first of two seemed to close the span, and the tag after it was its subject.
    let options = || SplitOptions::default().with_blocks(Blocks::Anywhere);
    let table = [
        ("a `<think>b``c\nd</think>e", "a `e", "b``c\nd"),
        ("a `<think>b``c` d", "a `<think>b``c` d", ""),
        ("a `<think>` d", "a `<think>` d", ""),
        ("a `<think>`", "a `<think>`", ""),
        ("a `<think>``", "a `", "``"),
        ("a ``<think>`", "a ``", "`"),
        ("a ``<think>` b``", "a ``<think>` b``", ""),
        ("a `<think>`\nb", "a `<think>`\nb", ""),
    ];
    for (whole, text, reasoning) in table {
        let chars: Vec<String> = whole.chars().map(String::from).collect();
        for cuts in [vec![whole], chars.iter().map(String::as_str).collect()] {
            let got = split_with(options(), cuts);
            assert_eq!((got.0.as_str(), got.1.as_str()), (text, reasoning), "{whole:?}");
        }
    }
}

/// What was known of text that was held, or came with reasoning, was lost.
#[test]
fn text_keeps_its_log_probabilities_and_reasoning_has_none() {
    for (tokens, wanted) in [
        (&["a", " <", "b"][..], "a| <|b"),
        (&["<think>", "hm", "</think>", "b", " c"], "b| c"),
        (&["\n", "<think>hm", "</think>b", " c"], " c"),
        (&["1 <th", "an 2"], "1 <th|an 2"),
    ] {
        for at_once in [true, false] {
            let mut split = SplitDeltas::new();
            let each: Vec<Vec<&str>> = match at_once {
                true => vec![tokens.to_vec()],
                false => tokens.iter().map(|token| vec![*token]).collect(),
            };
            for tokens in each {
                let mut delta = TextDelta::new(Slot(0), tokens.concat());
                let of = |token: &&str| serde_json::json!({"token": token, "logprob": -1});
                delta.logprobs = Some(tokens.iter().map(of).collect());
                split.push(Delta::Text(delta));
            }
            split.push(Delta::Finish(Finish::new(FinishReason::Stop)));
            let mut told = Vec::new();
            while let Some(delta) = split.next() {
                if let Delta::Text(TextDelta { logprobs: Some(all), .. }) = delta {
                    let all = all.as_array().cloned().unwrap_or_default();
                    told.extend(
                        all.iter().filter_map(|it| it["token"].as_str().map(str::to_owned)),
                    );
                }
            }
            assert_eq!(told.join("|"), wanted, "{tokens:?}, at once: {at_once}");
        }
    }
}
