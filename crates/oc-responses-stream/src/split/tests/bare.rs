//! Harmony that lost its tokens.

use super::super::{ReasoningSplitter, SplitDeltas, SplitOptions, TextPiece};
use super::{split, split_with, text};
use crate::Delta;

#[test]
fn harmony_without_its_tokens() {
    let call = |name: &str, arguments: &str| format!("{name}({arguments})");
    for (input, text, reasoning, calls) in [
        ("analysisWe need a word.assistantfinalFour", "Four", "We need a word.", String::new()),
        (" \nanalysisA.assistantanalysisB.assistantfinalC", "C", "A.B.", String::new()),
        (
            "analysisWe call.assistantcommentary to=functions.f json{\"a\":1}",
            "",
            "We call.",
            call("f", "{\"a\":1}"),
        ),
        (
            "analysisWe call.assistantcommentary to=functions.f json{}assistantfinalDone: {}",
            "Done: {}",
            "We call.",
            call("f", "{}"),
        ),
        (" assistantfinal{\"x\":1}", "{\"x\":1}", "", String::new()),
        ("assistantcommentary to=functions.f json{\"a\":1}", "", "", call("f", "{\"a\":1}")),
        ("analysisX.assistantcommentaryLet me see.assistantfinalY", "Y", "X.", String::new()),
        // The assistant is what it thinks about.
        (
            "analysisAn assistant finalises.assistantfinalOk",
            "Ok",
            "An assistant finalises.",
            String::new(),
        ),
    ] {
        for cuts in [vec![input], input.split_inclusive(|_| true).collect()] {
            let mut splitter = ReasoningSplitter::new();
            let (mut pieces, mut called) = (Vec::new(), String::new());
            cuts.iter().for_each(|cut| splitter.push(cut, &mut pieces));
            splitter.finish(&mut pieces);
            let (mut said, mut thought) = (String::new(), String::new());
            for piece in &pieces {
                match piece {
                    TextPiece::Text(piece) => said += piece,
                    TextPiece::Reasoning(piece) => thought += piece,
                    TextPiece::Call { name, arguments, .. } if called.is_empty() => {
                        called = call(name, arguments);
                    }
                    TextPiece::Call { arguments, .. } => {
                        called.insert_str(called.len() - 1, arguments);
                    }
                    _ => {}
                }
            }
            assert_eq!((&*said, &*thought, called), (text, reasoning, calls.clone()), "{input}");
        }
    }
}

/// A piece of a tag is no beginning of an answer; a piece of a word is.
#[test]
fn a_cut_gives_out_what_may_have_become_harmony() {
    for (input, said) in [
        ("a", "a"),
        (" analys", " analys"),
        ("assistantfin", "assistantfin"),
        ("analysisWe need", "analysisWe need"),
        ("analysisWe need.assistantfi", "analysisWe need.assistantfi"),
        ("<thi", ""),
        ("<|chan", ""),
    ] {
        let mut split = SplitDeltas::new();
        input.split_inclusive(|_| true).for_each(|piece| split.push(text(0, piece)));
        split.flush_all();
        let deltas = std::iter::from_fn(|| split.next());
        let got: String = deltas
            .map(|delta| match delta {
                Delta::Text(delta) => delta.text,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(got, said, "{input}");
    }
}

/// A word that a text begins with proves nothing.
#[test]
fn a_text_that_begins_with_the_word_analysis_is_text() {
    let long = format!("analysisW{}assistantfinalF", "e".repeat(70_000));
    for input in [
        "analysisResult is the variable that holds it.",
        " analysisResult, said the assistant finally.",
        "analysis of it: assistantfinal",
        "analysiswe assistantfinal",
        "analysis",
        "an",
        "The analysisWe assistantfinal",
        "assistants finally agree",
        "assistant",
        long.as_str(),
    ] {
        for cuts in [vec![input], input.split_inclusive(|_| true).collect()] {
            assert_eq!(split(cuts).0, input, "{input:.30}");
        }
    }
    let known = SplitOptions::default().with_bare_harmony(true);
    let got = split_with(known, ["analysis: none.", "assistantfinalOk"]);
    assert_eq!((&*got.0, &*got.1), ("Ok", ": none."));
}
