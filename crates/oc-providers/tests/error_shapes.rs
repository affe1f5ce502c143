//! Every shape of an error × every way in which it comes × every wire: the same
//! facts.

mod support;

use oc_providers::{Api, Request, Script};
use support::{provider, run};

/// An error body, and the type and code that it names; its words are always
/// "gone wrong".
const SHAPES: &[(&str, Option<&str>, Option<&str>)] = &[
    // OpenAI
    (
        r#"{"error":{"message":"gone wrong","type":"server_error","code":"overloaded","param":null}}"#,
        Some("server_error"),
        Some("overloaded"),
    ),
    // MiniMax: beside nothing, with HTTP 200
    (
        r#"{"id":"x","choices":null,"base_resp":{"status_code":1008,"status_msg":"gone wrong"}}"#,
        None,
        Some("1008"),
    ),
    // JSON:API, Cloudflare
    (r#"{"errors":[{"message":"gone wrong","code":"E1"}]}"#, None, Some("E1")),
    // llama-server: a number as code
    (
        r#"{"error":{"code":503,"message":"gone wrong","type":"unavailable_error"}}"#,
        Some("unavailable_error"),
        Some("503"),
    ),
    // LiteLLM: a number in a string, and a word for nothing
    (
        r#"{"error":{"message":"gone wrong","type":"None","param":"None","code":"500"}}"#,
        None,
        Some("500"),
    ),
    // Anthropic
    (
        r#"{"type":"error","error":{"type":"overloaded_error","message":"gone wrong"}}"#,
        Some("overloaded_error"),
        None,
    ),
    // Ollama, LM Studio, vLLM's 401
    (r#"{"error":"gone wrong"}"#, None, None),
    // FastAPI
    (r#"{"detail":"gone wrong"}"#, None, None),
    (r#"{"detail":[{"loc":["body"],"msg":"gone wrong","type":"missing"}]}"#, None, None),
    // old vLLM
    (
        r#"{"object":"error","message":"gone wrong","type":"InternalServerError","code":500}"#,
        Some("InternalServerError"),
        Some("500"),
    ),
    // Venice
    (r#"{"error_type":"engine_dead","error_message":"gone wrong"}"#, Some("engine_dead"), None),
    // Google's endpoint for Chat clients: in an array
    (
        r#"[{"error":{"code":400,"message":"gone wrong","status":"INVALID_ARGUMENT","details":[]}}]"#,
        Some("INVALID_ARGUMENT"),
        Some("400"),
    ),
    // LM Studio in a stream: twice
    (r#"{"error":{"message":"gone wrong"},"message":"gone wrong"}"#, None, None),
];

/// How a body comes, in words and in bytes.
type Way = (&'static str, fn(&str) -> Script);

const WAYS: &[Way] = &[
    ("status 500", |body| Script::json(500, body.to_owned())),
    ("status 400 as an event", |body| {
        Script::answer(400, "text/event-stream", format!("data: {body}\n\n"))
    }),
    ("a document after 200", |body| Script::json(200, body.to_owned())),
    ("data in a stream", |body| Script::sse(format!("data: {body}\n\n"))),
    ("`event: error`", |body| Script::sse(format!("event: error\ndata: {body}\n\n"))),
    ("the field `error:`", |body| Script::sse(format!("error: {body}\n\ndata: [DONE]\n\n"))),
];

#[tokio::test]
async fn every_shape_says_the_same_in_every_way_on_every_wire() {
    let mut wrong = Vec::new();
    for api in [Api::OpenaiResponses, Api::OpenaiCompletions, Api::AnthropicMessages] {
        for (way, script) in WAYS {
            for (body, kind, code) in SHAPES {
                let upstream = provider(api, [script(body)]);
                let error = run(&upstream, Request::text("m", "hi")).await.error;
                let error = error.expect("a failure is never an answer");
                let got = (error.message(), error.error_type(), error.code());
                if got != (Some("gone wrong"), *kind, *code) {
                    wrong.push(format!("{api}, {way}: {body}\n    {got:?} ({error})"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}\n{}",
        wrong.len(),
        3 * WAYS.len() * SHAPES.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
async fn a_page_after_200_says_nothing_and_is_no_answer() {
    for api in [Api::OpenaiResponses, Api::OpenaiCompletions, Api::AnthropicMessages] {
        for script in [
            Script::answer(200, "text/html", "<html>Sign in</html>"),
            Script::answer(200, "", "<!doctype html>"),
            Script::answer(200, "text/plain", "Internal Server Error"),
        ] {
            let outcome = run(&provider(api, [script]), Request::text("m", "hi")).await;
            let error = outcome.error.expect("no answer");
            assert!(outcome.answer.final_text().is_empty());
            assert!(error.code().is_none() && error.error_type().is_none(), "{api}: {error:?}");
        }
    }
}

/// Whichever header says it, and however.
#[tokio::test]
async fn when_to_ask_again_is_read_from_every_header() {
    for (header, value, seconds) in [
        ("retry-after", "7", 7.0),
        ("retry-after", "1.5", 1.5),
        ("retry-after-ms", "250", 0.25),
        ("llm_provider-retry-after", "60", 60.0),
    ] {
        for api in [Api::OpenaiResponses, Api::OpenaiCompletions, Api::AnthropicMessages] {
            let script =
                Script::json(429, r#"{"error":{"message":"slow"}}"#).with_header(header, value);
            let error = run(&provider(api, [script]), Request::text("m", "hi")).await.error;
            let wait = error.expect("refused").retry_after().expect(header);
            assert_eq!(wait.as_secs_f64(), seconds, "{header}");
        }
    }
}

/// Google sends no header.
#[tokio::test]
async fn when_to_ask_again_is_read_from_a_retry_delay_in_the_body() {
    let info = r#"[{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.Help"},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}]}}]"#;
    let upstream = provider(Api::OpenaiCompletions, [Script::json(429, info)]);
    let error = run(&upstream, Request::text("m", "hi")).await.error.expect("refused");
    assert_eq!(error.retry_after().expect("a delay").as_secs_f64(), 34.5);
    assert_eq!(error.error_type(), Some("RESOURCE_EXHAUSTED"));
}

/// FastAPI's list says where, and quotes the request, which is left out.
#[tokio::test]
async fn where_a_422_found_its_fault_is_kept() {
    let body = r#"{"detail":[{"loc":["body","messages",0,"role"],"msg":"gone wrong","type":"missing","input":"SECRET"}]}"#;
    for api in [Api::OpenaiResponses, Api::OpenaiCompletions, Api::AnthropicMessages] {
        let upstream = provider(api, [Script::json(422, body)]);
        let error = run(&upstream, Request::text("m", "hi")).await.error.expect("refused");
        let told = (error.message(), error.param());
        assert_eq!(told, (Some("messages.0.role: gone wrong"), Some("messages.0.role")));
    }
}
