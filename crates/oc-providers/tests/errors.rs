//! What recorded error answers say, and that nothing private is ever printed.

mod support;

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::sync::Arc;

use oc_fallback::classify;
use oc_providers::{
    Api, ApiKey, Endpoint, Provider, ProviderError, ProviderErrorKind, Request, Script,
    ScriptedTransport, TransportErrorKind,
};
use serde_json::Value;
use support::{fixtures, provider, run};

async fn failure(api: Api, script: Script) -> ProviderError {
    run(&provider(api, [script]), Request::text("m", "hi")).await.error.expect("a failure")
}

fn facts(error: &ProviderError) -> String {
    let mut text = format!("  {error}\n");
    for (name, value) in [
        ("message", error.message().map(str::to_owned)),
        ("param", error.param().map(str::to_owned)),
        ("retry after", error.retry_after().map(|wait| format!("{wait:?}"))),
        ("request id", error.request_id().map(str::to_owned)),
        ("window", error.window().map(|tokens| tokens.to_string())),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name}: {value}");
        }
    }
    let _ = writeln!(text, "  reason: {}", classify(error));
    text
}

/// Every distinct error that four real servers were recorded to send.
#[tokio::test]
async fn recorded_errors() {
    let table = std::fs::read(fixtures().join("errors.json")).expect("fixture");
    let table: Vec<Value> = serde_json::from_slice(&table).expect("fixture");
    assert!(table.len() >= 55);
    let mut text = String::new();
    for case in &table {
        let field = |key: &str| case[key].as_str().expect("text").to_owned();
        let (name, status) = (field("name"), case["status"].as_u64().expect("status"));
        let mut script = Script::answer(u16::try_from(status).expect("status"), "", field("body"));
        for (header, value) in case["headers"].as_object().expect("headers") {
            script = script.with_header(header, value.as_str().expect("text"));
        }
        let messages = name.contains("messages");
        let api = if messages { Api::AnthropicMessages } else { Api::OpenaiResponses };
        let error = failure(api, script).await;
        assert_eq!(error.kind(), ProviderErrorKind::Http, "{name}");
        assert_eq!(error.status().map(u64::from), Some(status), "{name}");
        let _ = writeln!(text, "{name}\n{}", facts(&error));
    }
    insta::assert_snapshot!(text);
}

/// Shapes that no recording holds, written by hand after real ones.
#[tokio::test]
async fn other_shapes() {
    let long = format!(r#"{{"error":{{"message":"{}"}}}}"#, "x".repeat(5_000));
    let date = "Fri, 20 Nov 2026 18:00:00 GMT";
    let mut text = String::new();
    for (name, script) in [
        ("openai quota", Script::json(429, r#"{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#)
            .with_header("retry-after", "20").with_header("x-request-id", "req_1")),
        ("anthropic overloaded", Script::json(529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_011"}"#)
            .with_header("request-id", "req_011")),
        ("error is a string", Script::json(401, r#"{"error":"Unauthorized"}"#)),
        ("error is a word beside a message", Script::json(500, r#"{"error":"Internal Server Error","message":"no route"}"#)),
        ("detail is a list", Script::json(422, r#"{"detail":[{"loc":["body"],"msg":"field required","type":"missing","input":{"prompt":"private"}}]}"#)),
        ("detail says where", Script::json(422, r#"{"detail":[{"loc":["body","messages",0,"content"],"msg":"field required","type":"value_error"},{"loc":["body","model"],"msg":"str type expected"}]}"#)),
        ("a list of errors", Script::json(400, r#"{"errors":[{"message":"field x bad","code":"E1"}],"success":false}"#)),
        ("detail is an object", Script::json(403, r#"{"detail":{"code":"no_access","message":"not yours"}}"#)),
        ("message at the top", Script::json(400, r#"{"message":"bad","type":"invalid","code":7}"#)),
        ("vllm's error_message", Script::json(500, r#"{"error_type":"EngineDead","error_message":"gone"}"#)),
        ("a page", Script::answer(502, "text/html", "<html><body>Bad Gateway</body></html>")),
        ("plain text", Script::answer(500, "text/plain", "Internal Server Error")),
        ("nothing", Script::answer(503, "application/json", "")),
        ("sse with a status", Script::answer(500, "text/event-stream", "event: error\ndata: {\"error\":{\"message\":\"mock\",\"code\":\"500\"}}\n\n")),
        ("null error", Script::json(500, r#"{"error":null,"message":"outer"}"#)),
        ("not utf-8", Script::answer(500, "text/plain", &b"caf\xe9"[..])),
        ("a redirect", Script::answer(302, "text/html", "").with_header("location", "http://elsewhere/")),
        ("milliseconds", Script::json(429, "{}").with_header("retry-after-ms", "1500").with_header("retry-after", "9")),
        ("a fraction", Script::json(429, "{}").with_header("retry-after", "0.5")),
        ("a date", Script::json(429, "{}").with_header("retry-after", "Fri, 20 Nov 2026 18:00:30 GMT").with_header("date", date)),
        ("a date gone by", Script::json(429, "{}").with_header("retry-after", "Fri, 20 Nov 2026 17:00:00 GMT").with_header("date", date)),
        ("a date and no clock", Script::json(429, "{}").with_header("retry-after", "Fri, 20 Nov 2026 18:00:30 GMT")),
        ("a negative wait", Script::json(429, "{}").with_header("retry-after", "-5")),
        ("a wait without end", Script::json(429, "{}").with_header("retry-after", "1e300")),
        ("a wait of years", Script::json(429, "{}").with_header("retry-after", "99999999")),
        ("a very long message", Script::json(400, long)),
    ] {
        let error = failure(Api::OpenaiResponses, script).await;
        let _ = writeln!(text, "{name}\n{}", facts(&error));
    }
    assert!(!text.contains("private"));
    insta::assert_snapshot!(text);
}

/// A failure that is told after a success status, in both wires and all forms.
#[tokio::test]
async fn errors_after_200() {
    let sse = |body: &str| Script::sse(body.to_owned());
    let mut text = String::new();
    for (name, api, script) in [
        (
            "messages: event",
            Api::AnthropicMessages,
            sse(
                "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
            ),
        ),
        (
            "messages: no type",
            Api::AnthropicMessages,
            sse("data: {\"error\":{\"message\":\"engine died\",\"code\":500}}\n\n"),
        ),
        (
            "messages: bare",
            Api::AnthropicMessages,
            sse("event: error\ndata: {\"type\":\"error\"}\n\n"),
        ),
        (
            "messages: document",
            Api::AnthropicMessages,
            Script::json(200, r#"{"type":"error","error":{"type":"api_error","message":"x"}}"#),
        ),
        ("messages: other document", Api::AnthropicMessages, Script::json(200, r#"{"ok":true}"#)),
        (
            "messages: page",
            Api::AnthropicMessages,
            Script::answer(200, "text/html; charset=utf-8", "<html></html>"),
        ),
        (
            "messages: page without a type",
            Api::AnthropicMessages,
            Script::answer(200, "", "<!doctype html>"),
        ),
        ("messages: nothing", Api::AnthropicMessages, sse("")),
        ("messages: only a mark", Api::AnthropicMessages, sse("data: [DONE]\n\n")),
        (
            "messages: damaged",
            Api::AnthropicMessages,
            sse("data: {\"type\":\"message_start\"\n\ndata: {\"type\":\"message_stop\"}\n\n"),
        ),
        (
            "responses: event",
            Api::OpenaiResponses,
            sse(
                "data: {\"type\":\"error\",\"error\":{\"type\":\"server_error\",\"code\":\"rate_limit_exceeded\",\"message\":\"slow\"}}\n\n",
            ),
        ),
        (
            "responses: failed",
            Api::OpenaiResponses,
            sse(
                "data: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"died\"}}}\n\n",
            ),
        ),
        (
            "responses: document",
            Api::OpenaiResponses,
            Script::json(200, r#"{"error":{"message":"Unexpected endpoint"}}"#),
        ),
        ("responses: nothing", Api::OpenaiResponses, sse("")),
    ] {
        let error = failure(api, script).await;
        let _ = writeln!(text, "{name}: {:?}\n{}", error.kind(), facts(&error));
    }
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn transport_faults_become_facts() {
    use TransportErrorKind as Kind;
    for (kind, reason) in [
        (Kind::Refused, "refused"),
        (Kind::Dns, "dns"),
        (Kind::AddressRefused, "policy"),
        (Kind::Tls, "tls_certificate"),
        (Kind::ConnectTimeout, "timeout"),
        (Kind::Connect, "refused"),
        (Kind::FirstByteTimeout, "timeout"),
        (Kind::IdleTimeout, "timeout"),
        (Kind::ClosedEarly, "reset"),
        (Kind::Reset, "reset"),
        (Kind::Cut, "cut"),
        (Kind::NotHttp, "protocol"),
    ] {
        for script in [Script::failure(kind), Script::sse("").then_fail(kind)] {
            let error = failure(Api::OpenaiResponses, script).await;
            assert_eq!(error.kind(), ProviderErrorKind::Transport(kind));
            assert_eq!(classify(&error).as_str(), reason, "{kind:?}");
            assert_eq!(error.is_connect(), kind.is_connect());
        }
    }
}

#[tokio::test]
async fn neither_key_nor_prompt_nor_query_is_ever_printed() {
    let key = "sk-planted-0123456789";
    let quoting = format!(
        r#"{{"error":{{"message":"Incorrect API key provided: {key}. Prompt was: planted-prompt","code":"invalid_api_key"}}}}"#
    );
    for (api, script) in [
        (Api::OpenaiResponses, Script::json(401, quoting.clone())),
        (Api::AnthropicMessages, Script::json(401, quoting.clone())),
        (Api::OpenaiResponses, Script::json(200, quoting.clone())),
        (Api::OpenaiResponses, Script::sse(format!("data: {quoting}\n\n"))),
        (Api::OpenaiResponses, Script::failure(TransportErrorKind::Refused)),
    ] {
        let endpoint = Endpoint::new("p", api, "http://127.0.0.1:1/v1?sig=planted-query")
            .expect("url")
            .key(ApiKey::new(key))
            .header("x-extra", "planted-header")
            .expect("header");
        let transport = Arc::new(ScriptedTransport::new([script]));
        let provider = Provider::new(endpoint, transport.clone()).expect("provider");
        let error =
            run(&provider, Request::text("m", "planted-prompt")).await.error.expect("fails");
        let mut printed = format!("{error} {error:?} {provider:?} {transport:?}");
        printed += &format!("{:?}", transport.sent().first().map(|sent| sent.headers.clone()));
        let mut cause = error.source();
        while let Some(next) = cause {
            printed += &format!(" {next} {next:?}");
            cause = next.source();
        }
        assert!(!printed.contains("planted"), "{printed}");
        assert!(!error.message().unwrap_or_default().contains(key));
    }
}

#[test]
fn a_key_that_no_header_can_carry_is_told_at_once() {
    let endpoint = Endpoint::new("p", Api::OpenaiResponses, "http://127.0.0.1:1/v1")
        .expect("url")
        .key(ApiKey::new("sk-planted\n"));
    let fault = Provider::new(endpoint, Arc::new(ScriptedTransport::default())).expect_err("key");
    assert!(fault.to_string().contains("line break"), "{fault}");
    assert!(!format!("{fault} {fault:?}").contains("planted"));
}
