//! The tolerance checklist, as far as bytes go: framing, sizes, and bodies that
//! are no stream. `docs/streaming.md` names these tests.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::{collect, deltas, good, stream};
use oc_responses_stream::{
    Delta, ImplicitOpen, Limits, Parser, ResponseParser, ResponsesInterpreter, SplitOptions,
    StreamErrorKind,
};
use serde_json::json;

const COMPLETED: &str = r#"{"type":"response.completed","response":{"status":"completed"}}"#;

fn last_error(bytes: &[u8]) -> StreamErrorKind {
    deltas([bytes]).last().unwrap().as_ref().unwrap_err().kind()
}

// ---- framing ----

#[test]
fn byte_order_mark_split_anywhere() {
    let text = [b"\xEF\xBB\xBF", &stream(&[COMPLETED])[..]].concat();
    let whole = deltas([&text[..]]);
    assert!(matches!(whole.last(), Some(Ok(Delta::Finish(_)))));
    for at in 0..4 {
        assert_eq!(deltas([&text[..at], &text[at..]]), whole, "{at}");
    }
}

#[test]
fn lf_crlf_and_cr_split_anywhere() {
    let lf = String::from_utf8(stream(&[
        r#"{"type":"response.output_text.delta","delta":"a"}"#,
        COMPLETED,
    ]))
    .unwrap();
    let whole = deltas([lf.as_bytes()]);
    for end in ["\r\n", "\r"] {
        let text = lf.replace('\n', end);
        for at in 0..=text.len() {
            let (head, tail) = text.as_bytes().split_at(at);
            assert_eq!(deltas([head, tail]), whole, "{end:?} cut at {at}");
        }
    }
}

#[test]
fn data_before_event_and_event_unlike_type() {
    // Bedrock mantle writes data first; where the two differ the JSON counts.
    let bytes = format!("data: {COMPLETED}\nevent: response.failed\n\n");
    assert!(matches!(good(bytes.as_bytes()).last(), Some(Delta::Finish(_))));
}

#[test]
fn type_only_in_the_event_field() {
    let bytes = b"event: response.output_text.delta\ndata: {\"delta\":\"Hi\"}\n\nevent: response.completed\ndata: {\"response\":{\"status\":\"completed\"}}\n\n";
    assert_eq!(collect(&good(bytes)).final_text(), "Hi");
}

#[test]
fn no_event_field_comments_first_and_done_mark() {
    // OpenRouter.
    let mut bytes = b": OPENROUTER PROCESSING\n\n".to_vec();
    bytes.extend(stream(&[r#"{"type":"response.output_text.delta","delta":"Hi"}"#, COMPLETED]));
    bytes.extend(b"data: [DONE] \n\n");
    let got = good(&bytes);
    assert_eq!(got.first(), Some(&Delta::Alive));
    assert_eq!(collect(&got).final_text(), "Hi");
}

#[test]
fn data_without_space_and_on_several_lines() {
    let bytes = b"data:{\"type\":\"response.output_text.delta\",\ndata:\"delta\":\"Hi\"}\n\n";
    let got = deltas([&bytes[..]]);
    assert!(got.iter().any(|d| matches!(d, Ok(Delta::Text(t)) if t.text == "Hi")));
}

#[test]
fn unknown_fields_id_retry_and_empty_data_are_no_events() {
    let mut bytes = b"id: 7\nretry: 10\nfoo: bar\n\ndata:\n\nevent: ping\n\n".to_vec();
    bytes.extend(stream(&[COMPLETED]));
    assert!(matches!(good(&bytes).last(), Some(Delta::Finish(_))));
}

#[test]
fn error_field_of_old_llama_cpp() {
    let got = good(
        b"error: {\"code\":500,\"message\":\"boom\",\"type\":\"server_error\"}\n\ndata: [DONE]\n\n",
    );
    let Some(Delta::Error(error)) = got.last() else { panic!("{got:?}") };
    assert_eq!(error.message.as_deref(), Some("boom"));
    assert_eq!(error.code.as_deref(), Some("500"));
}

#[test]
fn last_event_without_a_blank_line() {
    let bytes = format!("data: {COMPLETED}");
    assert!(matches!(good(bytes.as_bytes()).last(), Some(Delta::Finish(_))));
}

#[test]
fn text_that_is_no_json_is_skipped_and_counted() {
    let mut parser = ResponseParser::new();
    parser.feed(b"data: heartbeat\n\n");
    parser.feed(stream(&[COMPLETED]));
    let mut last = None;
    while let Some(delta) = parser.next_event() {
        last = Some(delta.unwrap());
    }
    assert!(matches!(last, Some(Delta::Finish(_))));
    assert_eq!(parser.unknown_frames(), 1);
}

#[test]
fn a_damaged_event_fails_the_stream() {
    let mut bytes = b"data: {\"type\":\"response.output_text.delta\",\"del\n\n".to_vec();
    bytes.extend(stream(&[COMPLETED]));
    assert_eq!(last_error(&bytes), StreamErrorKind::Corrupt);
}

#[test]
fn half_an_event_at_the_end_is_a_cut() {
    assert_eq!(last_error(b"data: {\"type\":\"response.outp"), StreamErrorKind::Cut);
}

#[test]
fn utf8_split_anywhere_and_invalid_utf8_replaced() {
    let text = stream(&[r#"{"type":"response.output_text.delta","delta":"Grüße 🦀"}"#, COMPLETED]);
    assert_eq!(collect(deltas(text.chunks(1)).iter().flatten()).final_text(), "Grüße 🦀");
    let mut bytes =
        b"data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\xFFb\"}\n\n".to_vec();
    bytes.extend(stream(&[COMPLETED]));
    assert_eq!(collect(&good(&bytes)).final_text(), "a\u{FFFD}b");
}

#[test]
fn an_event_of_ten_megabytes() {
    let line =
        format!(r#"{{"type":"response.output_text.delta","delta":"{}"}}"#, "a".repeat(10 << 20));
    let bytes = stream(&[&line, COMPLETED]);
    let got = deltas(bytes.chunks(4096));
    assert_eq!(collect(got.iter().flatten()).final_text().len(), 10 << 20);
}

#[test]
fn an_event_over_the_limit() {
    let limits = Limits::default().with_frame_bytes(100);
    let parser = Parser::with_interpreter(ResponsesInterpreter::new(), limits);
    let got = common::drain(parser, [&b"data: {\"a\":\""[..], &[b'x'; 200], b"\"}\n\n"]);
    assert_eq!(got.last().unwrap().as_ref().unwrap_err().kind(), StreamErrorKind::FrameTooLarge);
}

#[test]
fn a_stream_over_the_limit() {
    let line = r#"{"type":"response.output_text.delta","delta":"x"}"#;
    let limits = Limits::default().with_stream_bytes(100);
    let parser = Parser::with_interpreter(ResponsesInterpreter::new(), limits);
    let bytes = stream(&[line; 10]);
    let got = common::drain(parser, [&bytes[..]]);
    assert_eq!(got.last().unwrap().as_ref().unwrap_err().kind(), StreamErrorKind::StreamTooLarge);
}

#[test]
fn limits_are_the_same_however_the_bytes_are_cut() {
    let line = r#"{"type":"response.output_text.delta","delta":"abcdefghij"}"#;
    let bytes = stream(&[line, line, line]);
    let total = bytes.len();
    for limits in [
        Limits::default().with_stream_bytes(total - 1),
        Limits::default().with_stream_bytes(total),
        Limits::default().with_stream_bytes(total / 2),
        Limits::default().with_frame_bytes(line.len() + 5),
        Limits::default().with_frame_bytes(line.len() + 6),
        Limits::default().with_item_bytes(29),
    ] {
        let read = |size: usize| {
            let parser = Parser::with_interpreter(ResponsesInterpreter::new(), limits);
            common::drain(parser, bytes.chunks(size))
        };
        let whole = read(total);
        for size in [1, 2, 3, 15, 16, 17, line.len()] {
            assert_eq!(read(size), whole, "{limits:?} cut at {size}");
        }
    }
}

/// Only reasoning that came as such was counted, so that a model that thinks in
/// `<think>` could think without end.
#[test]
fn reasoning_inside_of_text_counts_as_reasoning() {
    let delta =
        |text: &str| json!({"type": "response.output_text.delta", "delta": text}).to_string();
    let lines = [delta("<think>"), delta(&"a".repeat(90)), delta(&"a".repeat(90))];
    let lines: Vec<&str> = lines.iter().map(String::as_str).chain([COMPLETED]).collect();
    let bytes = stream(&lines);
    let read = |most| {
        let limits = Limits::default().with_reasoning_bytes(most);
        let parser = Parser::with_interpreter(ResponsesInterpreter::new(), limits);
        common::drain(parser.split_reasoning(), [&bytes[..]])
    };
    assert!(matches!(read(180).last(), Some(Ok(Delta::Finish(_)))));
    let got = read(179);
    assert_eq!(
        got.last().unwrap().as_ref().unwrap_err().kind(),
        StreamErrorKind::ReasoningTooLarge
    );
}

/// Only pieces were counted.
#[test]
fn what_comes_whole_is_held_to_the_limit_of_an_item() {
    let long = "a".repeat(5_000);
    let done = |item| json!({"type": "response.output_item.done", "output_index": 0, "item": item});
    for line in [
        done(json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": long})),
        done(json!({"type": "custom_tool_call", "call_id": "c", "name": "f", "input": long})),
        done(json!({"type": "reasoning", "summary": [], "encrypted_content": long})),
    ] {
        let bytes = stream(&[&line.to_string(), COMPLETED]);
        let read = |most| {
            let limits = Limits::default().with_item_bytes(most);
            let parser = Parser::with_interpreter(ResponsesInterpreter::new(), limits);
            common::drain(parser, [&bytes[..]])
        };
        assert!(
            matches!(read(6_000).last(), Some(Ok(Delta::Finish(_)))),
            "{:?}",
            line["item"]["type"]
        );
        let got = read(4_000);
        let error = got.last().unwrap().as_ref().unwrap_err();
        assert_eq!(error.kind(), StreamErrorKind::ItemTooLarge);
    }
}

/// It was lost with the connection.
#[test]
fn what_was_held_back_comes_before_the_cut() {
    let hold = SplitOptions::default().with_implicit_open(ImplicitOpen::Hold { max: 16 << 10 });
    // A piece of a tag is no beginning of the answer.
    for (options, said, expected) in
        [(hold, "Hello there", "Hello there"), (SplitOptions::default(), "<thi", "")]
    {
        let line = json!({"type": "response.output_text.delta", "delta": said}).to_string();
        let parser = Parser::with_interpreter(ResponsesInterpreter::new(), Limits::default());
        let got = common::drain(parser.split_reasoning_with(options), [&stream(&[&line])[..]]);
        let [before @ .., Err(error)] = &got[..] else { panic!("{got:?}") };
        assert!(error.is_cut());
        assert_eq!(collect(before.iter().flatten()).final_text(), expected);
    }
}

#[test]
fn more_items_than_any_answer_has() {
    let mut bytes = Vec::new();
    for index in 0..20_000 {
        let line =
            json!({"type": "response.output_text.delta", "output_index": index, "delta": "x"});
        bytes.extend(stream(&[&line.to_string()]));
    }
    assert_eq!(last_error(&bytes), StreamErrorKind::Corrupt);
}

#[test]
fn an_item_nested_too_deeply_is_not_lost_unseen() {
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let line = format!(
        r#"{{"type":"response.output_item.done","output_index":0,"item":{{"type":"x","y":{deep}}}}}"#
    );
    assert_eq!(last_error(&stream(&[&line, COMPLETED])), StreamErrorKind::Corrupt);
}

// ---- bodies that are no stream ----

#[test]
fn an_error_document_under_status_200() {
    for (body, message) in [
        (r#"{"error":{"message":"no","type":"x","code":7}}"#, "no"),
        (r#"{"error":"Unauthorized"}"#, "Unauthorized"),
        (r#"{"detail":"Not Found"}"#, "Not Found"),
        ("\n {\"error_type\":\"x\",\"error_message\":\"no\"}", "no"),
    ] {
        let got = good(body.as_bytes());
        let Some(Delta::Error(error)) = got.last() else { panic!("{got:?}") };
        assert_eq!(error.message.as_deref(), Some(message), "{body}");
    }
}

#[test]
fn html_and_other_documents_are_not_a_stream() {
    for body in ["<!doctype html><p>Hi", "{\"hello\":1}", "[1,2]", "{\"half\":"] {
        assert_eq!(last_error(body.as_bytes()), StreamErrorKind::NotAStream, "{body}");
    }
}

#[test]
fn a_compressed_body_is_not_a_stream() {
    // To decompress is the transport's business; to take it for a cut would be wrong.
    let gzip = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x4B];
    let got = deltas(gzip.chunks(1));
    let error = got.last().unwrap().as_ref().unwrap_err();
    assert_eq!(error.kind(), StreamErrorKind::NotAStream);
    assert!(error.to_string().contains("gzip"), "{error}");
}

#[test]
fn an_empty_body_is_a_cut() {
    assert_eq!(last_error(b""), StreamErrorKind::Cut);
    assert_eq!(last_error(b"Internal Server Error"), StreamErrorKind::Cut);
}
