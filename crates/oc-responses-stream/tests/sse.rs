//! The decoder against the standard, against `eventsource-stream` where that is
//! right, and against noise.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

use std::convert::Infallible;

use eventsource_stream::Eventsource;
use futures::executor::block_on;
use futures::{StreamExt, stream};
use oc_responses_stream::sse::{self, Decoded, Decoder};
use proptest::prelude::*;

type Got = (Option<String>, String);

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Got> {
    let mut decoder = Decoder::new();
    let mut all = Vec::new();
    let mut pull = |decoder: &mut Decoder| {
        while let Some(decoded) = decoder.next_frame() {
            if let Decoded::Frame(frame) = decoded.unwrap() {
                all.push((frame.event().map(str::to_owned), frame.data().to_owned()));
            }
        }
    };
    for piece in pieces {
        decoder.feed(piece);
        pull(&mut decoder);
    }
    decoder.finish();
    pull(&mut decoder);
    all
}

#[test]
fn the_standards_examples() {
    let data = |text: &str| (None, text.to_owned());
    for (input, expected) in [
        ("data: YHOO\ndata: +2\ndata: 10\n\n", vec![data("YHOO\n+2\n10")]),
        (
            ": c\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third",
            vec![data("first"), data("second"), data(" third")],
        ),
        ("data\n\ndata\ndata\n\ndata:", vec![data(""), data("\n"), data("")]),
        ("data:test\n\ndata: test\n\n", vec![data("test"), data("test")]),
        ("event: a\ndata: x\n\nevent: b\n\n", vec![(Some("a".to_owned()), "x".to_owned())]),
    ] {
        assert_eq!(decode([input.as_bytes()]), expected, "{input:?}");
    }
}

#[test]
fn an_oversized_event_is_reported_and_skipped() {
    let mut decoder = Decoder::with_limit(16);
    decoder.feed(b"data: ");
    for _ in 0..100 {
        decoder.feed(b"xxxxxxxxxx");
    }
    assert_eq!(decoder.next_frame().unwrap().unwrap_err().limit, 16);
    // Its rest is dropped, whatever it holds, up to its blank line.
    decoder.feed(b"y\ndata: z");
    assert_eq!(decoder.next_frame(), None);
    decoder.feed(b"\n\ndata: ok\n\n");
    let Some(Ok(Decoded::Frame(frame))) = decoder.next_frame() else { panic!() };
    assert_eq!(frame.data(), "ok");
}

#[test]
fn many_short_lines_count_towards_the_limit() {
    let mut decoder = Decoder::with_limit(100);
    decoder.feed("data: x\n".repeat(50).as_bytes());
    assert!(decoder.next_frame().unwrap().is_err());
    assert_eq!(decoder.next_frame(), None);
}

#[test]
fn comments_without_end_hold_no_memory() {
    let mut decoder = Decoder::with_limit(100);
    for _ in 0..1000 {
        decoder.feed(b": ping\n");
        assert_eq!(decoder.next_frame(), Some(Ok(Decoded::Comment)));
    }
}

#[test]
fn bytes_that_are_not_shared_are_taken_over() {
    let mut decoder = Decoder::new();
    decoder.feed_bytes("data: a\n\nda".to_owned().into_bytes().into());
    decoder.feed_bytes("ta: b\n\n".to_owned().into_bytes().into());
    let mut all = Vec::new();
    while let Some(Ok(Decoded::Frame(frame))) = decoder.next_frame() {
        all.push(frame.data().to_owned());
    }
    assert_eq!(all, ["a", "b"]);
}

#[test]
fn what_is_encoded_decodes_to_the_same() {
    let mut out = Vec::new();
    sse::encode("a", "one\r\ntwo\rthree\n", &mut out);
    sse::comment("still here", &mut out);
    sse::encode("b\nevil: 1", "", &mut out);
    out.extend_from_slice(sse::DONE.as_bytes());
    assert_eq!(
        decode([&out[..]]),
        [
            (Some("a".to_owned()), "one\ntwo\nthree\n".to_owned()),
            (Some("b".to_owned()), String::new()),
            (None, "[DONE]".to_owned()),
        ]
    );
}

/// Lines that `eventsource-stream` reads right (it panics on a byte order mark,
/// drops an event without its blank line, and fails on invalid UTF-8).
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just(": comment".to_owned()),
        Just("data".to_owned()),
        "data: ?[a-zé🦀:{}\" ]{0,12}",
        "event: ?[a-z.]{1,8}",
        "id: [0-9]{1,3}",
        "retry: [0-9]{1,3}",
        "other: x",
    ]
}

proptest! {
    #[test]
    fn as_eventsource_stream_reads_it(
        lines in prop::collection::vec(line(), 0..30),
        end in prop::sample::select(vec!["\n", "\r\n"]),
        size in 1_usize..40,
    ) {
        let text = lines.join(end) + end + end;
        let theirs = stream::iter([Ok::<_, Infallible>(text.clone())]).eventsource();
        let theirs: Vec<Got> = block_on(theirs.map(|event| {
            let event = event.unwrap();
            (Some(event.event), event.data)
        }).collect());
        // It calls an event without a name `message`, as browsers do.
        let ours: Vec<Got> = decode(text.as_bytes().chunks(size))
            .into_iter()
            .map(|(event, data)| (event.or_else(|| Some("message".to_owned())), data))
            .collect();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn noise_decodes_the_same_however_it_is_cut(
        bytes in prop::collection::vec(
            prop::sample::select(b"\xEF\xBB\xBF\r\n: \xFFdatevnr{}".to_vec()),
            0..80,
        ),
        size in 1_usize..8,
    ) {
        let whole = decode([&bytes[..]]);
        prop_assert_eq!(&decode(bytes.chunks(size)), &whole);
        prop_assert_eq!(&decode(bytes.chunks(1)), &whole);
    }
}
