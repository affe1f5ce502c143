//! Streams under bad conditions: cut anywhere, silent, broken calls, seals.

mod support;

use futures::StreamExt as _;
use oc_fallback::Gate;
use oc_providers::{Api, Delta, ProviderErrorKind, Request, Script, TransportErrorKind};
use oc_responses_stream::FinishReason;
use support::{fixtures, provider, run};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).expect(name)
}

/// Cut at every byte, clean and by reset: what came before is a prefix of the
/// whole answer, and the end is one failure, never an invented success.
#[tokio::test]
async fn a_messages_stream_cut_at_every_byte_never_pretends() {
    let body = fixture("llama-server/messages-think-tool-stream.sse");
    let whole = run(
        &provider(Api::AnthropicMessages, [Script::sse(body.clone())]),
        Request::text("puppet", "hi"),
    )
    .await;
    assert!(whole.error.is_none());
    let text = whole.answer.final_text();
    // The whole stream needs its last event, but not the blank line after it.
    let enough = body.len() - b"\n\n".len();
    for end in 0..enough {
        let piece = body[..end].to_vec();
        for (script, kind) in [
            (Script::sse(piece.clone()), ProviderErrorKind::Cut),
            (
                Script::sse(piece).then_fail(TransportErrorKind::Reset),
                ProviderErrorKind::Transport(TransportErrorKind::Reset),
            ),
        ] {
            let cut =
                run(&provider(Api::AnthropicMessages, [script]), Request::text("puppet", "hi"))
                    .await;
            let error = cut.error.expect("a cut stream fails");
            assert_eq!(error.kind(), kind, "at {end}");
            assert!(cut.answer.finish.is_none(), "at {end}");
            assert!(text.starts_with(&cut.answer.final_text()), "at {end}");
            let calls = cut.answer.tool_calls().count();
            assert_eq!(calls, usize::from(cut.deltas.iter().any(is_call_end)), "at {end}");
        }
    }
}

fn is_call_end(delta: &Delta) -> bool {
    matches!(delta, Delta::ToolCallEnd(_))
}

/// However the bytes are cut into pieces, the answer is the same.
#[tokio::test]
async fn pieces_of_any_size_give_the_same_answer() {
    for (api, name) in [
        (Api::AnthropicMessages, "llama-server/messages-think-tool-stream.sse"),
        (Api::AnthropicMessages, "vllm/messages-think-tool-stream.sse"),
        (Api::OpenaiResponses, "llama-server/responses-utf8-stream.sse"),
    ] {
        let body = fixture(name);
        let whole =
            run(&provider(api, [Script::sse(body.clone())]), Request::text("puppet", "hi")).await;
        for size in [1, 2, 3, 7, 64, 1021] {
            let script = body
                .chunks(size)
                .fold(Script::sse(""), |script, piece| script.then(piece.to_vec()));
            let pieces = run(&provider(api, [script]), Request::text("puppet", "hi")).await;
            assert_eq!(pieces.answer, whole.answer, "{name} in pieces of {size}");
        }
    }
}

/// llama-server closes its thinking block after everything else; its seal must
/// not wait for that: by then the reasoning item is closed.
#[tokio::test]
async fn thinking_is_sealed_before_the_next_block_begins() {
    let body = fixture("llama-server/messages-think-tool-stream.sse");
    let outcome =
        run(&provider(Api::AnthropicMessages, [Script::sse(body)]), Request::text("puppet", "hi"))
            .await;
    let at = |wanted: fn(&Delta) -> bool| outcome.deltas.iter().position(wanted);
    let seal = at(|delta| matches!(delta, Delta::Seal(_))).expect("a seal");
    assert!(Some(seal) < at(|delta| matches!(delta, Delta::Text(_))));
}

/// Nothing is polled after the terminal event: a server that keeps its
/// connection open does not hold the answer.
#[tokio::test]
async fn the_answer_ends_with_its_terminal_event() {
    let body = fixture("vllm/messages-think-stream.sse");
    let script = Script::sse(body).then_stall();
    let outcome =
        run(&provider(Api::AnthropicMessages, [script]), Request::text("puppet", "hi")).await;
    assert_eq!(outcome.answer.finish.map(|finish| finish.reason), Some(FinishReason::Stop));
}

#[tokio::test]
async fn the_head_is_told_before_the_body_says_anything() {
    let script = Script::sse("").with_header("request-id", "req_7").then_stall();
    let provider = provider(Api::AnthropicMessages, [script]);
    let mut deltas = provider.stream(&Request::text("m", "hi")).await.expect("a head");
    match deltas.next().await {
        Some(Ok(Delta::Opened(opened))) => assert_eq!(opened.request_id.as_deref(), Some("req_7")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_compressed_answer_is_told_as_such() {
    let script = Script::sse(&b"\x1f\x8b\x08"[..]).with_header("content-encoding", "gzip");
    let outcome = run(&provider(Api::OpenaiResponses, [script]), Request::text("m", "hi")).await;
    let error = outcome.error.expect("fails");
    assert_eq!(error.kind(), ProviderErrorKind::Protocol);
    assert!(error.to_string().contains("compressed"));
}

fn messages(events: &[&str]) -> Script {
    let mut body = String::from(
        "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":3}}}\n\n",
    );
    for event in events {
        body += &format!("data: {event}\n\n");
    }
    Script::sse(body + "data: {\"type\":\"message_stop\"}\n\n")
}

async fn messages_outcome(events: &[&str]) -> support::Outcome {
    run(&provider(Api::AnthropicMessages, [messages(events)]), Request::text("m", "hi")).await
}

const TOOL: &str = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#;

#[tokio::test]
async fn a_call_with_broken_arguments_fails_and_one_cut_by_the_limit_is_dropped() {
    let piece = r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}"#;
    let stop = r#"{"type":"content_block_stop","index":0}"#;
    let ended =
        |word: &str| format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{word}"}}}}"#);
    let broken = messages_outcome(&[TOOL, piece, stop, &ended("tool_use")]).await;
    let error = broken.error.expect("fails");
    assert_eq!(error.kind(), ProviderErrorKind::BadToolCall);
    let cut = messages_outcome(&[TOOL, piece, stop, &ended("max_tokens")]).await;
    assert!(cut.error.is_none());
    assert_eq!(cut.answer.tool_calls().count(), 0);
    assert_eq!(cut.verdict, Gate::Reserve(oc_fallback::Reason::Incomplete));
}

#[tokio::test]
async fn a_call_without_any_delta_has_its_input_from_the_start() {
    for (block, wanted) in [
        (TOOL.to_owned(), "{}"),
        (TOOL.replace("\"input\":{}", "\"input\":{\"a\":1}"), "{\"a\":1}"),
        (TOOL.replace(",\"input\":{}", ""), "{}"),
    ] {
        let outcome =
            messages_outcome(&[&block, r#"{"type":"content_block_stop","index":0}"#]).await;
        let calls: Vec<_> =
            outcome.answer.tool_calls().map(|call| call.arguments.clone()).collect();
        assert_eq!(calls, [wanted]);
        assert_eq!(outcome.verdict, Gate::Commit);
    }
}

#[tokio::test]
async fn oddities_of_the_messages_wire() {
    let text = |index: u32, text: &str| {
        format!(
            r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"text_delta","text":"{text}"}}}}"#
        )
    };
    let start =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}"#;
    let second_start =
        r#"{"type":"message_start","message":{"id":"other","usage":{"input_tokens":4}}}"#;
    let usage = r#"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_sequence":null},"usage":{"output_tokens":5,"cache_read_input_tokens":2,"output_tokens_details":{"thinking_tokens":1}}}"#;
    let foreign = r#"{"type":"content_block_start","index":7,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}"#;
    let outcome = messages_outcome(&[
        start,
        second_start,
        r#"{"type":"ping"}"#,
        r#"{"type":"event_of_tomorrow","x":1}"#,
        foreign,
        &text(0, "b"),
        // Never announced.
        &text(3, "c"),
        r#"{"type":"content_block_stop","index":9}"#,
        usage,
        usage,
    ])
    .await;
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    let answer = outcome.answer;
    assert!(answer.final_text().starts_with("ab") && answer.final_text().ends_with('c'));
    assert_eq!(answer.id.as_ref().map(|id| id.as_str()), Some("m"), "the first start counts");
    let counts = answer.usage.expect("usage");
    assert_eq!((counts.input_tokens, counts.cached_tokens), (6, 2));
    assert_eq!((counts.output_tokens, counts.reasoning_tokens), (5, 1), "cumulative, not added");
    // A refusal after text, and without words of its own.
    assert_eq!(answer.finish.map(|finish| finish.reason), Some(FinishReason::ContentFilter));
}

#[tokio::test]
async fn a_delta_that_nobody_can_place_is_damage() {
    let stray = r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#;
    let outcome = messages_outcome(&[stray]).await;
    assert_eq!(outcome.error.map(|error| error.kind()), Some(ProviderErrorKind::Protocol));
}
