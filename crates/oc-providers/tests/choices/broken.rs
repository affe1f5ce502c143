//! Answers that do not come, or not whole.

use oc_providers::{ProviderErrorKind as Kind, Script};
use serde_json::json;

use crate::stage::{How, chunk, counted, ends, piece, says, short, told};

/// One that is missing, cut or broken is the end of all: what came stays, and the
/// client is told.
#[test]
fn a_fault_of_one_answer_is_told_of_all() {
    let bad_call = piece(
        1,
        json!({"role": "assistant", "tool_calls":
        [{"index": 0, "id": "x", "function": {"name": "f", "arguments": "{\"a\""}}]}),
    );
    let done = "data: [DONE]\n\n".to_owned();
    let in_band = "data: {\"error\":{\"message\":\"overloaded\",\"code\":\"overloaded\"}}\n\n";
    let of_one =
        chunk(json!([{"index": 1, "delta": {}, "error": {"message": "no", "code": "no"}}]));
    let (a, b) = (says(0, "A"), says(1, "b"));
    for (name, stream, kind, code, came) in [
        ("cut before anything", vec![], Kind::Cut, None, vec![]),
        ("cut before the second began", vec![a.clone()], Kind::Cut, None, vec!["A …"]),
        ("cut within both", vec![a.clone(), b.clone()], Kind::Cut, None, vec!["A …", "b …"]),
        (
            "one ended, the other cut",
            vec![a.clone(), ends(0, "stop"), b.clone()],
            Kind::Cut,
            None,
            vec!["A …", "b …"],
        ),
        (
            "the same, with the mark of the end",
            vec![b.clone(), ends(1, "stop"), a.clone(), done.clone()],
            Kind::Cut,
            None,
            vec!["A …", "b …"],
        ),
        (
            "an error after one ended",
            vec![a.clone(), ends(0, "stop"), b.clone(), in_band.to_owned()],
            Kind::InStream,
            Some("overloaded"),
            vec!["A …", "b …"],
        ),
        ("an error of one", vec![a.clone(), of_one], Kind::InStream, Some("no"), vec!["A …"]),
        (
            "a reason that is a failure",
            vec![a.clone(), b.clone(), ends(1, "error")],
            Kind::InStream,
            Some("error"),
            vec!["A …", "b …"],
        ),
        (
            "a call that does not parse",
            vec![a.clone(), bad_call, ends(1, "tool_calls"), ends(0, "stop"), counted(3)],
            Kind::BadToolCall,
            None,
            vec!["A …"],
        ),
        (
            "reasoning as text",
            vec![
                a.clone(),
                says(1, "secret</think>b"),
                ends(1, "stop"),
                ends(0, "stop"),
                counted(3),
            ],
            Kind::InStream,
            Some("reasoning_in_text"),
            vec!["A …", "secret</think>b …"],
        ),
        (
            "one of two",
            vec![a.clone(), ends(0, "stop"), done.clone()],
            Kind::InStream,
            Some("too_few_choices"),
            vec!["A …"],
        ),
        (
            "the second alone",
            vec![b.clone(), ends(1, "stop"), done],
            Kind::InStream,
            Some("too_few_choices"),
            vec!["b …"],
        ),
        (
            "one of two, without the mark of the end",
            vec![a, ends(0, "stop")],
            Kind::InStream,
            Some("too_few_choices"),
            vec!["A …"],
        ),
    ] {
        for how in [How::Relayed, How::Rewritten] {
            let outcome = told(Script::sse(stream.concat()), 2, how, &json!({}));
            let wanted = Some((kind, code.map(str::to_owned)));
            assert_eq!(outcome.fault, wanted, "{name}, {how:?}");
            let read = outcome.client.each;
            assert!(read.error.is_some(), "{name}, {how:?}");
            let came: Vec<String> = came.iter().map(|it| (*it).to_owned()).collect();
            // That one speaks may have been said before it broke.
            let said: Vec<String> =
                short(&read).into_iter().filter(|answer| answer != "…").collect();
            assert_eq!(said, came, "{name}, {how:?}");
        }
    }
}

#[test]
fn a_document_with_too_few_answers_is_told_so() {
    let one =
        json!({"choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}]});
    let outcome = told(Script::json(200, one.to_string()), 3, How::Relayed, &json!({}));
    assert_eq!(outcome.fault, Some((Kind::InStream, Some("too_few_choices".to_owned()))));
}
