//! Every recorded `/v1/responses` stream of every server, read.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use common::{
    collect, deltas, document, good, recording, recordings, stated, terminal, told, withhold_output,
};
use oc_responses_stream::{
    Answer, Delta, FinishReason, ItemStatus, Limits, MachineOptions, OutputStyle, Parser,
    ReasoningStyle, ResponseId, ResponseMachine, ResponseParser, ResponsesInterpreter,
    StreamErrorKind, laws,
};
use serde_json::json;

/// The streams that end without their terminal event, or that are an error.
const UNFINISHED: &[&str] = &[
    "litellm/mock-internal-responses-stream",
    "llama-server/killed-mid-stream-responses",
    "llama-server/terminated-mid-stream-responses",
];

fn finished() -> impl Iterator<Item = common::Recording> {
    recordings().into_iter().filter(|r| !UNFINISHED.contains(&r.name.as_str()))
}

#[test]
fn the_stream_alone_gives_what_its_terminal_event_states() {
    for recording in finished() {
        let response = terminal(&recording.bytes).unwrap();
        let answer = collect(&good(&withhold_output(&recording.bytes)));
        assert_eq!(told(&answer), stated(&response), "{}", recording.name);
        let usage = answer.usage.unwrap();
        assert_eq!(
            (Some(usage.input_tokens), Some(usage.output_tokens), Some(usage.total_tokens)),
            (
                response["usage"]["input_tokens"].as_u64(),
                response["usage"]["output_tokens"].as_u64(),
                response["usage"]["total_tokens"].as_u64(),
            ),
            "{}",
            recording.name
        );
    }
}

#[test]
fn the_terminal_output_adds_nothing_that_was_streamed() {
    for recording in finished() {
        let whole = collect(&good(&recording.bytes));
        let alone = collect(&good(&withhold_output(&recording.bytes)));
        assert_eq!(whole.items, alone.items, "{}", recording.name);
    }
}

#[test]
fn the_terminal_event_alone_gives_the_same_answer() {
    for recording in finished() {
        let events = common::events(&recording.bytes);
        let last = events.last().unwrap().to_string();
        let alone = collect(&good(&common::stream(&[&last])));
        let (text, reasoning, calls) = told(&collect(&good(&recording.bytes)));
        let said = told(&alone);
        assert_eq!((said.0, said.2), (text, calls), "{}", recording.name);
        // LiteLLM's bridge states reasoning under another item's part type.
        assert_eq!(said.1, reasoning, "{}", recording.name);
    }
}

#[test]
fn the_stream_gives_what_its_twin_without_streaming_states() {
    let twins = [
        "llama-server/responses-think",
        "llama-server/responses-tool",
        "llama-server/responses-length",
        "llama-server/responses-empty",
        "vllm/responses-think-tool",
        // not `vllm/responses-tool`: there vLLM itself calls the tool only when it
        // does not stream, and takes the call for reasoning when it does
        "vllm/responses-length",
        "vllm/responses-empty",
        "litellm/responses-plain",
        "litellm/responses-think",
        "litellm/responses-think-tool",
        "litellm/responses-length",
        "litellm/responses-empty",
    ];
    for twin in twins {
        let streamed = collect(&good(&withhold_output(&recording(&format!("{twin}-stream")))));
        let response = document(twin);
        assert_eq!(told(&streamed), stated(&response), "{twin}");
        // The same document, read as a body that came instead of a stream.
        let body = collect(&good(response.to_string().as_bytes()));
        assert_eq!(told(&body), told(&streamed), "{twin} as a body");
        let (a, b) = (streamed.usage.unwrap(), body.usage.unwrap());
        assert_eq!(
            (a.input_tokens, a.output_tokens, a.total_tokens),
            (b.input_tokens, b.output_tokens, b.total_tokens),
            "{twin}"
        );
    }
}

#[test]
fn cut_at_every_byte_gives_equal_deltas() {
    for recording in recordings() {
        // A cut within one event can reach no further than the next one: with the
        // parser as it stands before the event, feed the event in two pieces and
        // the next whole, and compare.
        let ends = event_ends(&recording.bytes);
        let mut parser = Parser::with_interpreter(ResponsesInterpreter::new(), Limits::default());
        let mut start = 0;
        for (number, &end) in ends.iter().enumerate() {
            let next = ends.get(number + 1).copied().unwrap_or(end);
            let whole = pull(parser.clone(), [&recording.bytes[start..next], b""]);
            for at in start..end {
                let cut = [&recording.bytes[start..at], &recording.bytes[at..next]];
                assert!(pull(parser.clone(), cut) == whole, "{} cut at {at}", recording.name);
            }
            parser.feed(&recording.bytes[start..end]);
            while let Some(Ok(_)) = parser.next_event() {}
            start = end;
        }
    }
}

#[test]
fn whole_streams_cut_at_every_byte_give_equal_deltas() {
    for name in [
        "llama-server/responses-tool-stream",
        "litellm/responses-empty-stream",
        "transformers-serve/responses-empty-stream",
        "vllm/responses-empty-stream",
    ] {
        let bytes = &recording(name)[..];
        let whole = deltas([bytes]);
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert!(deltas([head, tail]) == whole, "{name} cut at {at}");
        }
    }
}

/// Where each event of a stream ends, its blank line included.
fn event_ends(bytes: &[u8]) -> Vec<usize> {
    let blank = bytes.windows(2).enumerate().filter(|(_, pair)| pair == b"\n\n");
    let mut ends: Vec<usize> = blank.map(|(at, _)| at + 2).collect();
    if ends.last() != Some(&bytes.len()) {
        ends.push(bytes.len());
    }
    ends
}

fn pull(mut parser: ResponseParser, pieces: [&[u8]; 2]) -> Vec<Delta> {
    let mut all = Vec::new();
    for piece in pieces {
        parser.feed(piece);
        while let Some(Ok(delta)) = parser.next_event() {
            all.push(delta);
        }
    }
    all
}

#[test]
fn byte_by_byte_gives_equal_deltas() {
    for recording in recordings() {
        let whole = deltas([&recording.bytes[..]]);
        assert_eq!(deltas(recording.bytes.chunks(1)), whole, "{}", recording.name);
    }
}

#[test]
fn every_prefix_is_a_cut_never_an_end() {
    for recording in finished() {
        let events = common::events(&recording.bytes);
        let lines: Vec<String> = events.iter().map(ToString::to_string).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        for len in 0..lines.len() {
            let got = deltas([&common::stream(&lines[..len])[..]]);
            let last = got.last().unwrap().as_ref().unwrap_err();
            assert_eq!(last.kind(), StreamErrorKind::Cut, "{} at {len}", recording.name);
            assert!(!got.iter().any(|d| matches!(d, Ok(Delta::Finish(_)))), "{}", recording.name);
        }
    }
}

#[test]
fn a_killed_server_is_a_cut_with_the_text_so_far() {
    for name in &UNFINISHED[1..] {
        let got = deltas([&recording(name)[..]]);
        let (last, before) = got.split_last().unwrap();
        assert_eq!(last.as_ref().unwrap_err().kind(), StreamErrorKind::Cut);
        let answer = collect(before.iter().flatten());
        assert!(answer.final_text().contains("word after word"), "{name}");
        assert_eq!(answer.finish, None);
    }
}

#[test]
fn an_error_payload_under_status_200_is_an_error() {
    let got = good(&recording("litellm/mock-internal-responses-stream"));
    let Some(Delta::Error(error)) = got.last() else { panic!("{got:?}") };
    assert_eq!(error.code.as_deref(), Some("500"));
    assert_eq!(error.error_type.as_deref(), Some("internal_server_error"));
}

#[test]
fn vllm_says_incomplete_inside_completed() {
    for name in ["vllm/responses-length-stream", "vllm/responses-length-in-think-stream"] {
        let answer = collect(&good(&recording(name)));
        assert_eq!(answer.finish.unwrap().reason, FinishReason::Length, "{name}");
    }
}

#[test]
fn transformers_inline_reasoning_is_taken_apart() {
    let mut parser = ResponseParser::new();
    parser.feed(recording("transformers-serve/responses-think-stream"));
    let mut deltas = Vec::new();
    while let Some(delta) = parser.next_event() {
        deltas.push(delta.unwrap());
    }
    let answer = collect(&deltas);
    assert_eq!(answer.final_text(), "Final answer: forty-two.");
    assert_eq!(
        answer.reasoning_text(),
        "\nThe user greets me; I weigh an answer and keep it short.\n"
    );
    assert_eq!(answer.items.len(), 2);
}

#[test]
fn every_recording_rewritten_obeys_the_laws() {
    for recording in recordings() {
        for (style, output) in [
            (ReasoningStyle::Summary, OutputStyle::Full),
            (ReasoningStyle::Raw, OutputStyle::Full),
            (ReasoningStyle::Summary, OutputStyle::FinalOnly),
        ] {
            let options = MachineOptions::new(ResponseId::new("resp_t"), "puppet", 1)
                .reasoning(style)
                .output(output);
            let mut machine = ResponseMachine::new(options);
            let mut deltas = Vec::new();
            for delta in common::deltas([&recording.bytes[..]]) {
                match delta {
                    Ok(delta) => {
                        machine.push(&delta);
                        deltas.push(delta);
                    }
                    Err(_) => machine.fail("upstream_cut", "the upstream stopped"),
                }
            }
            let mut events = Vec::new();
            while let Some(event) = machine.next_event() {
                events.push(event);
            }
            laws::check(&events).unwrap_or_else(|e| panic!("{}: {e}", recording.name));
            let read = collect(&deltas);
            let (text, reasoning, calls) = stated(&machine.response());
            assert_eq!(text, read.final_text(), "{}", recording.name);
            let is_broken = has_broken_call(&read);
            assert_eq!(calls, if is_broken { vec![] } else { told(&read).2 }, "{}", recording.name);
            assert!(!is_broken || machine.response()["status"] == "failed", "{}", recording.name);
            let hidden = output == OutputStyle::FinalOnly;
            assert_eq!(
                reasoning,
                if hidden { String::new() } else { read.reasoning_text() },
                "{}",
                recording.name
            );
        }
    }
}

/// A model's fault that a server passed on as a whole call.
fn has_broken_call(answer: &Answer) -> bool {
    answer.tool_calls().any(|call| call.status == Some(ItemStatus::Incomplete))
}

#[test]
fn a_call_that_litellm_passes_on_broken_is_no_call_to_run() {
    // Its arguments are no JSON, and the answer was `completed`.
    let all = good(&common::recording("litellm/responses-badtool-stream"));
    assert!(!all.iter().any(|delta| matches!(delta, Delta::ToolCallEnd(_))));
    let answer = collect(&all);
    assert!(has_broken_call(&answer));
    assert!(told(&answer).2[0].1.starts_with("{\"city\": \"Par<tool_"), "and nothing is lost");
    let options = MachineOptions::new(ResponseId::new("resp_t"), "puppet", 1);
    let events = common::write(ResponseMachine::new(options), &all);
    laws::check(&events).unwrap();
    let last = events.last().unwrap().to_json();
    assert_eq!(
        (&last["type"], &last["response"]["output"]),
        (&json!("response.failed"), &json!([]))
    );
}

#[test]
fn what_the_machine_writes_reads_back_the_same() {
    for recording in finished() {
        let options = MachineOptions::new(ResponseId::new("resp_t"), "puppet", 1)
            .reasoning(ReasoningStyle::Raw);
        let deltas = good(&recording.bytes);
        if has_broken_call(&collect(&deltas)) {
            continue;
        }
        let events = common::write(ResponseMachine::new(options), &deltas);
        let mut bytes = Vec::new();
        events.iter().for_each(|event| event.encode_sse(&mut bytes));
        let again = collect(&good(&bytes));
        let first = collect(&deltas);
        assert_eq!(told(&again), told(&first), "{}", recording.name);
        assert_eq!(again.usage, first.usage, "{}", recording.name);
        assert_eq!(again.finish, first.finish, "{}", recording.name);
    }
}
