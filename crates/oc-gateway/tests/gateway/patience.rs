//! What time does, on a paused clock and without sockets: the router is called
//! directly, the upstream is a scripted transport.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use oc_config::{Config, Settings};
use oc_gateway::{State, lookalike::messages, lookalike::responses::Writer};
use oc_providers::{Script, ScriptedTransport};
use serde_json::json;
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::{
    dialect_client::Client,
    support::{HOSTED, local_first, question},
};

/// The app over upstreams that answer in this order.
fn app(scripts: Vec<Script>, settings: &str) -> axum::Router {
    oc_gateway::app(state(scripts, settings))
}

fn state(scripts: Vec<Script>, settings: &str) -> State {
    let nothing = |_: &str| None;
    let config = local_first("http://127.0.0.1:1234/v1", "http://127.0.0.1:4321");
    let config = Config::parse(&config, "openclaw.json", &nothing).unwrap().value;
    let settings = Settings::parse(settings, "oc-gateway.json5", &nothing).unwrap().value;
    let transport = Arc::new(ScriptedTransport::new(scripts));
    State::assemble_with(config, settings, transport).unwrap()
}

fn request(stream: bool) -> Request<Body> {
    Request::post("/v1/responses")
        .header(header::HOST, "127.0.0.1:4141")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(question(stream).to_string()))
        .unwrap()
}

/// A box that opens its answer, thinks, and then says nothing for ever.
fn thinks() -> Script {
    let mut writer = Writer::new("local-model");
    let opening = [writer.opening(), writer.reasoning("Hm.")].concat();
    Script::sse(opening).then_stall()
}

fn opens() -> Script {
    Script::sse(Writer::new("local-model").opening()).then_stall()
}

fn answers() -> Script {
    Script::sse(messages::whole("claude-sonnet-4-5", HOSTED))
}

const LONG_IDLE: &str = r#"{ deadlines: { idle: 100, firstText: 100, firstByte: 100 } }"#;

#[tokio::test(start_paused = true)]
async fn an_early_head_goes_out_after_15_s_and_comments_follow() {
    let begun = Instant::now();
    let response = app(vec![opens(), answers()], LONG_IDLE).oneshot(request(true)).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(15));
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().contains_key("x-oc-request-id"));
    for later in ["x-oc-served-by", "x-oc-attempts", "x-oc-fallback-reason"] {
        assert!(!response.headers().contains_key(later), "{later}");
    }

    let mut body = response.into_body();
    let mut comments = Vec::new();
    let mut rest = String::new();
    while let Some(frame) = body.frame().await {
        let bytes = frame.unwrap().into_data().unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.find("\n\n") == Some(text.len() - 2), "not one event per write: {text:?}");
        match text.starts_with(':') {
            true => comments.push(begun.elapsed().as_secs()),
            false => rest.push_str(&text),
        }
    }
    // `response.created` was shown at 10 s and went out with the head.
    assert_eq!(comments, [30, 45, 60, 75, 90]);
    assert_eq!(begun.elapsed(), Duration::from_secs(100));
    assert!(rest.contains(HOSTED), "{rest}");
    assert!(rest.contains(r#""oc_served_by":"anthropic/claude-sonnet-4-5""#), "{rest}");
    assert!(rest.contains(r#""oc_fallback_reason":"timeout""#), "{rest}");
    assert!(rest.ends_with("data: [DONE]\n\n"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn each_dialect_has_its_own_sign_of_life() {
    for (client, script, signs) in [
        (Client::Chat, opens(), vec![": "; 5]),
        (Client::Messages, opens(), vec!["event: ping\n"; 5]),
        // Nothing of the answer is there, and a ping would come before its start.
        (Client::Messages, Script::sse("").then_stall(), vec![": "; 6]),
    ] {
        let asked = Request::post(client.path())
            .header(header::HOST, "127.0.0.1:4141")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(client.question(true).to_string()))
            .unwrap();
        let response = app(vec![script, answers()], LONG_IDLE).oneshot(asked).await.unwrap();
        let mut body = response.into_body();
        let (mut seen, mut rest) = (Vec::new(), String::new());
        while let Some(frame) = body.frame().await {
            let bytes = frame.unwrap().into_data().unwrap();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            assert!(text.find("\n\n") == Some(text.len() - 2), "not one event per write: {text:?}");
            match text.starts_with(':') || text.starts_with("event: ping") {
                true => seen.push(text),
                false => rest.push_str(&text),
            }
        }
        assert_eq!(seen.len(), signs.len(), "{client:?}: {seen:?}");
        for (seen, sign) in seen.iter().zip(&signs) {
            assert!(seen.starts_with(sign), "{client:?}: {seen:?}");
        }
        assert!(rest.contains(HOSTED), "{client:?}: {rest}");
        assert!(rest.contains(r#""oc_fallback_reason":"timeout""#), "{client:?}: {rest}");
    }
}

#[tokio::test(start_paused = true)]
async fn reasoning_that_is_shown_brings_the_head_with_it() {
    let begun = Instant::now();
    let response = app(vec![thinks(), answers()], LONG_IDLE).oneshot(request(true)).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.contains("Hm.") && text.contains(HOSTED), "{text}");
    assert_eq!(text.matches("event: response.created").count(), 1);
}

/// A break report's item 9: a commentary and a search of a dead primary were
/// left in the fallback's completed answer.
#[tokio::test(start_paused = true)]
async fn nothing_but_reasoning_of_a_dead_primary_is_in_the_answer() {
    let commentary = |status: &str| {
        json!({ "type": "message", "id": "msg_1", "role": "assistant", "phase": "commentary",
            "status": status, "content": [] })
    };
    let search = json!({ "type": "web_search_call", "id": "ws_1", "status": "completed",
        "action": { "type": "search", "query": "planted" } });
    let events = [
        json!({ "type": "response.created", "response": { "id": "r", "status": "in_progress" } }),
        json!({ "type": "response.reasoning_text.delta", "output_index": 0, "item_id": "rs_1",
            "content_index": 0, "delta": "Hm." }),
        json!({ "type": "response.output_item.added", "output_index": 1,
            "item": commentary("in_progress") }),
        json!({ "type": "response.output_text.delta", "output_index": 1, "item_id": "msg_1",
            "content_index": 0, "delta": "planted" }),
        json!({ "type": "response.output_item.added", "output_index": 2, "item": search }),
        json!({ "type": "response.output_item.done", "output_index": 2, "item": search }),
    ];
    let sse: String = events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()))
        .collect();
    let dies = Script::sse(sse).then_stall();
    let response = app(vec![dies, answers()], LONG_IDLE).oneshot(request(true)).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.contains("Hm.") && text.contains(HOSTED), "{text}");
    assert!(text.contains("event: response.completed"), "{text}");
    assert!(!text.contains("planted") && !text.contains("web_search"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_an_early_head_is_told_in_band() {
    let response = app(vec![opens()], LONG_IDLE).oneshot(request(true)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.contains("event: error\n"), "{text}");
    assert!(text.contains("event: response.failed\n"), "{text}");
    assert!(text.contains("All models failed ("), "{text}");
    // A break report's items 10 and 11: neither was said.
    let failed = text.split("event: response.failed\ndata: ").nth(1).unwrap();
    let failed: serde_json::Value = serde_json::from_str(failed.lines().next().unwrap()).unwrap();
    let tried = &failed["response"]["error"]["attempts"][0];
    assert_eq!(tried["problem"]["limit"], "firstText", "{failed}");
    assert_eq!(tried["problem"]["message"], "no text arrived in time (firstText 100s)", "{failed}");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn one_document_waits_without_a_head() {
    let begun = Instant::now();
    let response = app(vec![opens(), answers()], LONG_IDLE).oneshot(request(false)).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(100));
    assert_eq!(response.headers()["x-oc-served-by"], "anthropic/claude-sonnet-4-5");
    assert_eq!(response.headers()["x-oc-fallback-reason"], "timeout");
}

#[tokio::test(start_paused = true)]
async fn the_total_deadline_is_504() {
    let begun = Instant::now();
    let settings = r#"{ deadlines: { total: 14, idle: 100 } }"#;
    let response = app(vec![opens(), opens()], settings).oneshot(request(true)).await.unwrap();
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(begun.elapsed(), Duration::from_secs(14));
}

/// A break report's item 16: it was 502 `upstream_failed`.
#[tokio::test(start_paused = true)]
async fn the_deadline_after_text_is_the_deadline_too() {
    let settings = r#"{ deadlines: { total: 14, idle: 100 } }"#;
    let half = || {
        let mut writer = Writer::new("local-model");
        Script::sse([writer.opening(), writer.text("Half")].concat()).then_stall()
    };
    let response = app(vec![half(), half()], settings).oneshot(request(false)).await.unwrap();
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    for stream in [false, true] {
        let app = app(vec![half(), half()], settings);
        let body = app.oneshot(request(stream)).await.unwrap().into_body();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains(r#""code":"deadline_exceeded""#), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_408() {
    let begun = Instant::now();
    let never = futures::stream::pending::<Result<bytes::Bytes, std::convert::Infallible>>();
    let request = Request::post("/v1/responses")
        .header(header::HOST, "127.0.0.1:4141")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from_stream(never))
        .unwrap();
    let response = app(Vec::new(), "{}").oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(begun.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_wire_that_is_not_built_is_said_at_once() {
    // Whatever is built, this word of the config is none of ours.
    let config = local_first("http://127.0.0.1:1234/v1", "http://127.0.0.1:4321")
        .replace(r#"api: "openai-responses""#, r#"api: "bedrock-converse-stream""#);
    let config = Config::parse(&config, "openclaw.json", &|_: &str| None).unwrap().value;
    let transport = Arc::new(ScriptedTransport::new([answers()]));
    let state = State::assemble_with(config, Settings::default(), transport).unwrap();
    let response = oc_gateway::app(state).oneshot(request(true)).await.unwrap();
    assert_eq!(response.headers()["x-oc-served-by"], "anthropic/claude-sonnet-4-5");
    assert_eq!(response.headers()["x-oc-fallback-reason"], "unsupported");
}

#[tokio::test(start_paused = true)]
async fn absurd_limits_do_no_harm() {
    let config = local_first("http://127.0.0.1:1234/v1", "http://127.0.0.1:4321");
    let config = Config::parse(&config, "openclaw.json", &|_: &str| None).unwrap().value;
    // A file cannot say these, a program can.
    let mut settings = Settings::default();
    settings.limits.concurrent = usize::MAX;
    settings.limits.held_bytes = usize::MAX;
    settings.limits.body_bytes = usize::MAX;
    settings.deadlines.total = Duration::MAX;
    settings.deadlines.connect = Duration::MAX;
    settings.fallback.hold_reasoning = Duration::MAX;
    settings.fallback.retry.budget = f64::NAN;
    let transport = Arc::new(ScriptedTransport::new([opens(), answers()]));
    let state = State::assemble_with(config, settings, transport).unwrap();
    let mut request = request(true);
    let deadline = "18446744073709551615".parse().unwrap();
    request.headers_mut().insert("x-oc-deadline-ms", deadline);
    let response = oc_gateway::app(state).oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains(HOSTED));
}

/// A request whose client goes away, or that the gateway's own end cuts, took
/// its time, though no attempt of it has ended.
#[tokio::test(start_paused = true)]
async fn a_request_that_was_not_answered_has_taken_its_time() {
    for stopped in [false, true] {
        let state = state(vec![thinks()], LONG_IDLE);
        let app = oc_gateway::app(state.clone());
        let response = app.oneshot(request(true)).await.unwrap();
        tokio::time::sleep(Duration::from_secs(20)).await;
        if stopped {
            state.drain().end();
            response.into_body().collect().await.unwrap();
        } else {
            drop(response);
        }
        let record = state.records().pop().unwrap();
        // The head took the ten seconds for which reasoning is held.
        assert_eq!(record.took_ms, 30_000, "{record:?}");
    }
}
