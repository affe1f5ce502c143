//! Characters that a server cuts in half, by UTF-16 units: each half belongs to
//! its own text, and to the next piece of it.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::{collect, deltas, good, stream, told};

const COMPLETED: &str = r#"{"type":"response.completed","response":{"status":"completed"}}"#;

fn text(index: u32, delta: &str) -> String {
    format!(r#"{{"type":"response.output_text.delta","output_index":{index},"delta":"{delta}"}}"#)
}

fn thought(index: u32, delta: &str) -> String {
    format!(
        r#"{{"type":"response.reasoning_text.delta","output_index":{index},"delta":"{delta}"}}"#
    )
}

/// Text, reasoning, arguments.
fn read(lines: &[String]) -> (String, String, String) {
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.push(COMPLETED);
    let bytes = stream(&lines);
    let (text, reasoning, calls) = told(&collect(&good(&bytes)));
    // Wherever the bytes are cut.
    for cut in 0..bytes.len() {
        let (one, other) = bytes.split_at(cut);
        let all: Vec<_> = deltas([one, other]).into_iter().map(Result::unwrap).collect();
        assert_eq!(told(&collect(&all)).0, text, "{cut}");
    }
    (text, reasoning, calls.into_iter().map(|(_, arguments)| arguments).collect())
}

#[test]
fn halves_meet_in_the_next_piece_of_their_text() {
    assert_eq!(read(&[text(0, r"a\ud83d"), text(0, r"\ude00b")]).0, "a😀b");
    assert_eq!(read(&[text(0, r"\ud83d"), text(0, r"\ude00\ud83d"), text(0, r"\ude01")]).0, "😀😁");
    // An empty piece is none.
    assert_eq!(read(&[text(0, r"\ud83d"), text(0, ""), text(0, r"\ude00")]).0, "😀");
    let all =
        [thought(0, r"\ud83d"), thought(0, r"\ude00"), text(1, r"\ud83e"), text(1, r"\udd80")];
    assert_eq!(read(&all), ("🦀".into(), "😀".into(), String::new()));
}

#[test]
fn a_half_that_is_lost_is_seen_where_it_was() {
    // It vanished, or came out of the blue two deltas later.
    let lost = [text(0, r"a\ud83d"), text(0, "b"), text(0, r"\ude00c")];
    assert_eq!(read(&lost).0, "a\u{FFFD}b\u{FFFD}c");
    assert_eq!(read(&[text(0, r"a\ud83d")]).0, "a\u{FFFD}");
    assert_eq!(read(&[text(0, r"\ude00a")]).0, "\u{FFFD}a");
    assert_eq!(read(&[text(0, r"\ud83d"), text(0, r"\ud83d\ude00")]).0, "\u{FFFD}😀");
    assert_eq!(
        read(&[text(0, "a"), text(0, "b"), text(0, r"\ud83d"), text(0, "c")]).0,
        "ab\u{FFFD}c"
    );
}

#[test]
fn halves_of_two_texts_never_meet() {
    // The emoji moved from the reasoning into the text; two texts made a third character.
    let all = [thought(0, r"\ud83d"), text(1, r"\ude00")];
    assert_eq!(read(&all), ("\u{FFFD}".into(), "\u{FFFD}".into(), String::new()));
    let all = [
        text(0, r"\ud83d"),
        text(1, r"\ud83e"),
        text(0, r"\ude00"),
        text(1, r"\udd80"),
        text(0, "!"),
    ];
    assert_eq!(read(&all).0, "😀!🦀");
    let summary = |delta: &str, part: u32| {
        format!(
            r#"{{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":{part},"delta":"{delta}"}}"#
        )
    };
    let all = [summary(r"\ud83d", 0), summary(r"\ude00", 1)];
    assert_eq!(read(&all).1, "\u{FFFD}\u{FFFD}");
}

#[test]
fn a_half_is_no_loss_where_the_whole_text_is_restated() {
    let done = r#"{"type":"response.output_text.done","output_index":0,"text":"a😀b"}"#.to_owned();
    assert_eq!(read(&[text(0, r"a\ud83d"), done]).0, "a😀b");
    let item = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a😀b"}]}}"#;
    assert_eq!(read(&[text(0, r"a\ud83d"), item.to_owned()]).0, "a😀b");
}

#[test]
fn halves_in_arguments() {
    let added = r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"f","type":"function_call","call_id":"c","name":"n","arguments":""}}"#.to_owned();
    let piece = |delta: &str| {
        format!(
            r#"{{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"f","delta":"{delta}"}}"#
        )
    };
    let all = [added, piece(r#"{\"a\":\"\ud83d"#), piece(r#"\ude00\"}"#)];
    assert_eq!(read(&all).2, r#"{"a":"😀"}"#);
}

#[test]
fn a_half_elsewhere_in_an_event_is_replaced_and_nothing_else() {
    // A backslash that is escaped itself begins no half.
    assert_eq!(read(&[text(0, r"a\\ud83d"), text(0, r"\\ude00")]).0, r"a\ud83d\ude00");
    let event = r#"{"type":"response.output_text.delta","output_index":0,"note":"\ud83d","delta":"a\ud83d"}"#;
    assert_eq!(read(&[event.to_owned(), text(0, r"\ude00")]).0, "a😀");
}
