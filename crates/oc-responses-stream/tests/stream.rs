//! The async face: how it ends, and what `final_text` shows.

#![cfg(feature = "stream")]
#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use std::io;

use common::{recording, stream};
use futures::executor::block_on;
use futures::{StreamExt, stream as futures_stream};
use oc_responses_stream::{
    Delta, FinalTextError, ImplicitOpen, ReadError, ResponseParser, ResponseStream, SplitOptions,
    final_text,
};

type Chunk = Result<Vec<u8>, io::Error>;

fn body(chunks: Vec<Chunk>) -> ResponseStream<impl futures::Stream<Item = Chunk>> {
    ResponseStream::new(futures_stream::iter(chunks))
}

fn reset() -> Chunk {
    Err(io::ErrorKind::ConnectionReset.into())
}

#[test]
fn final_text_of_every_finished_recording_is_the_answer_alone() {
    for (name, text) in [
        ("llama-server/responses-think-stream", "Final answer: forty-two."),
        ("transformers-serve/responses-think-stream", "Final answer: forty-two."),
        ("litellm/responses-think-stream", "Final answer: forty-two."),
        ("llama-server/format-none-responses-think-stream", "Final answer: forty-two."),
    ] {
        let chunks = recording(name).chunks(64).map(|chunk| Ok(chunk.to_vec())).collect();
        assert_eq!(block_on(final_text(body(chunks))).unwrap(), text, "{name}");
    }
}

#[test]
fn a_transport_failure_is_passed_on_and_ends_the_stream() {
    let text = stream(&[r#"{"type":"response.output_text.delta","delta":"Hi"}"#]);
    let all: Vec<_> = block_on(body(vec![Ok(text.clone()), reset(), Ok(text)]).collect());
    assert!(matches!(all.last(), Some(Err(ReadError::Transport(_)))), "{all:?}");
    assert_eq!(all.iter().filter(|d| matches!(d, Ok(Delta::Text(_)))).count(), 1);
}

/// A parser that holds text back, as for a template that opens the block itself.
fn holding() -> ResponseParser {
    let hold = ImplicitOpen::Hold { max: 1 << 10 };
    ResponseParser::default().split_reasoning_with(SplitOptions::default().with_implicit_open(hold))
}

#[test]
fn text_that_is_held_back_comes_before_a_transport_failure() {
    // It was lost: only the failure was told.
    let mut text = stream(&[r#"{"type":"response.output_text.delta","delta":"Hi"}"#]);
    // Its blank line did not come.
    text.extend(br#"data: {"type":"response.output_text.delta","delta":" there"}"#);
    let chunks = futures_stream::iter([Ok(text), reset()]);
    let all: Vec<_> = block_on(ResponseStream::with_parser(chunks, holding()).collect());
    let said = |delta: &Result<Delta, _>| match delta {
        Ok(Delta::Text(text)) => Some(text.text.clone()),
        _ => None,
    };
    assert_eq!(all.iter().filter_map(said).collect::<String>(), "Hi there");
    assert!(matches!(all.last(), Some(Err(ReadError::Transport(_)))), "{all:?}");
}

#[test]
fn a_transport_failure_is_no_end_of_a_document() {
    let whole = br#"{"object":"response","status":"completed","output":[]}"#.to_vec();
    for (document, is_whole) in [(whole.clone(), true), (whole[..20].to_vec(), false)] {
        let all: Vec<_> = block_on(body(vec![Ok(document), reset()]).collect());
        match all.last() {
            Some(Ok(Delta::Finish(_))) => assert!(is_whole),
            last => assert!(!is_whole && matches!(last, Some(Err(ReadError::Transport(_))))),
        }
    }
}

#[test]
fn nothing_is_read_after_the_end() {
    let done = stream(&[r#"{"type":"response.completed","response":{"status":"completed"}}"#]);
    // The connection is reset after the answer: that is the server's business.
    let all: Vec<_> = block_on(body(vec![Ok(done), reset()]).collect());
    assert!(matches!(all.last(), Some(Ok(Delta::Finish(_)))), "{all:?}");
}

#[test]
fn half_an_answer_is_never_final_text() {
    let text = stream(&[r#"{"type":"response.output_text.delta","delta":"Hi"}"#]);
    let failed = stream(&[r#"{"type":"response.failed","response":{"error":{"code":"x"}}}"#]);
    let cut = block_on(final_text(body(vec![Ok(text.clone())]))).unwrap_err();
    assert!(matches!(cut, FinalTextError::Stream(ReadError::Stream(e)) if e.is_cut()));
    let error = block_on(final_text(body(vec![Ok(text), Ok(failed)]))).unwrap_err();
    assert!(matches!(error, FinalTextError::Upstream(e) if e.code.as_deref() == Some("x")));
    let none = futures_stream::iter(Vec::<Result<Delta, io::Error>>::new());
    assert!(matches!(block_on(final_text(none)), Err(FinalTextError::Cut)));
}

#[cfg(feature = "eventsource-stream")]
#[test]
fn over_eventsource_stream_the_same_deltas() {
    use eventsource_stream::Eventsource;
    use oc_responses_stream::EventSourceDeltas;

    for recording in common::recordings() {
        let chunks = || vec![Ok::<_, io::Error>(recording.bytes.clone())];
        let ours: Vec<_> = block_on(body(chunks()).collect());
        let theirs = EventSourceDeltas::new(futures_stream::iter(chunks()).eventsource());
        let theirs: Vec<_> = block_on(theirs.collect());
        // It does not show comments.
        let content = |deltas: Vec<Delta>| -> Vec<Delta> {
            deltas.into_iter().filter(|delta| *delta != Delta::Alive).collect()
        };
        let ours = content(ours.into_iter().filter_map(Result::ok).collect());
        let theirs = content(theirs.into_iter().filter_map(Result::ok).collect());
        assert_eq!(ours, theirs, "{}", recording.name);
    }
}

#[cfg(feature = "eventsource-stream")]
#[test]
fn over_eventsource_stream_held_text_comes_before_a_failure_too() {
    use oc_responses_stream::EventSourceDeltas;

    let event =
        |data: &str| eventsource_stream::Event { data: data.to_owned(), ..Default::default() };
    let text = event(r#"{"type":"response.output_text.delta","delta":"Hi"}"#);
    let events = futures_stream::iter([Ok(text), Err(io::Error::from(io::ErrorKind::TimedOut))]);
    let all: Vec<_> = block_on(EventSourceDeltas::with_parser(events, holding()).collect());
    let [.., Ok(Delta::Text(text)), Err(ReadError::Transport(_))] = &all[..] else {
        panic!("{all:?}")
    };
    assert_eq!(text.text, "Hi");
}
