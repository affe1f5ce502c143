//! What a failure looks like to clients of Chat Completions and Messages.

use oc_gateway::lookalike::{Lookalike, Step, responses::Writer};
use serde_json::{Value, json};

use crate::{
    dialect_client::{Client, frames},
    support::{Answer, Gateway, hosted, local, local_first},
};

async fn post(gateway: &Gateway, client: Client, body: &str) -> Answer {
    gateway.request("POST", client.path(), &[], Some(body.as_bytes())).await
}

async fn ask(gateway: &Gateway, client: Client, stream: bool) -> Answer {
    post(gateway, client, &client.question(stream).to_string()).await
}

#[tokio::test]
async fn a_failure_after_text_is_told_in_band() {
    let mut writer = Writer::new("local-model");
    let script = vec![
        Step::sse_head(),
        Step::send(writer.opening()),
        Step::send(writer.text("Half an ")),
        Step::Reset,
    ];
    let local = Lookalike::start(move |_| script.clone()).await.unwrap();
    let hosted = hosted().await;
    let gateway = Gateway::over(&local, &hosted).await;

    let answer = ask(&gateway, Client::Chat, true).await;
    let chunks = frames(&answer);
    let [.., (name, error), (_, done)] = chunks.as_slice() else { panic!("{chunks:?}") };
    assert_eq!((name, done), (&None, &json!("[DONE]")));
    assert_eq!(error["error"]["type"], "server_error", "{error}");
    assert_eq!(error["error"]["code"], "upstream_failed", "{error}");
    // A break report's item 11: what was tried was not said in-band.
    let tried = |error: &Value| error["error"]["attempts"][0]["reason"].clone();
    assert_eq!(tried(error), "reset", "{error}");
    assert!(error["error"]["message"].as_str().unwrap().contains("lmstudio/local-model"));
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("Half an ") && !text.contains(r#""finish_reason":"stop""#), "{text}");

    gateway.state.reset_cooldowns();
    let answer = ask(&gateway, Client::Messages, true).await;
    let events = frames(&answer);
    let (name, error) = events.last().unwrap();
    assert_eq!((name.as_deref(), &error["type"]), (Some("error"), &json!("error")));
    assert_eq!(error["error"]["type"], "api_error", "{error}");
    assert_eq!(tried(error), "reset", "{error}");
    assert!(error["error"]["message"].as_str().unwrap().contains("lmstudio/local-model"));
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(!text.contains("message_stop") && !text.contains("[DONE]"), "{text}");

    // In one document nobody has seen the half of it.
    gateway.state.reset_cooldowns();
    for client in [Client::Chat, Client::Messages] {
        gateway.state.reset_cooldowns();
        let answer = ask(&gateway, client, false).await;
        assert_eq!(answer.header("x-oc-served-by"), Some("anthropic/claude-sonnet-4-5"));
        assert!(!String::from_utf8_lossy(&answer.body).contains("Half an "));
    }
}

/// A break report's item 6: it was an empty success for clients whose dialect
/// has no form for a picture.
#[tokio::test]
async fn a_picture_alone_is_an_answer_for_those_who_can_be_given_it() {
    let drawn = r#"{"id":"resp_1","object":"response","status":"completed","model":"m","output":
        [{"id":"ig_1","type":"image_generation_call","status":"completed","result":"aGk="}]}"#;
    let local = Lookalike::start(move |_| vec![Step::json(200, drawn)]).await.unwrap();
    let hosted = hosted().await;
    let gateway = Gateway::over(&local, &hosted).await;
    for (client, served) in [
        (Client::Responses, "lmstudio/local-model"),
        // As OpenRouter and LiteLLM give it to such clients.
        (Client::Chat, "lmstudio/local-model"),
        (Client::Messages, "anthropic/claude-sonnet-4-5"),
    ] {
        gateway.state.reset_cooldowns();
        for stream in [false, true] {
            let answer = ask(&gateway, client, stream).await;
            assert_eq!(answer.header("x-oc-served-by"), Some(served), "{client:?}");
            let body = String::from_utf8_lossy(&answer.body);
            assert_eq!(body.contains("aGk="), client != Client::Messages, "{body}");
        }
    }
}

#[tokio::test]
async fn an_exhausted_chain_is_said_in_the_clients_words() {
    // Nothing that a second try could change.
    let refusing = |body: &'static str| Lookalike::start(move |_| vec![Step::json(401, body)]);
    let local = refusing(r#"{"error":{"message":"who are you"}}"#).await.unwrap();
    let hosted = refusing(r#"{"type":"error","error":{"type":"authentication_error"}}"#);
    let hosted = hosted.await.unwrap();
    let gateway = Gateway::over(&local, &hosted).await;
    for client in Client::ALL {
        for stream in [true, false] {
            gateway.state.reset_cooldowns();
            let answer = ask(&gateway, client, stream).await;
            assert_eq!((answer.status, answer.header("x-should-retry")), (502, Some("false")));
            let body = answer.json();
            let error = &body["error"];
            assert!(answer.message().starts_with("All models failed (2): "), "{body}");
            assert_eq!(error["code"], "all_models_failed");
            assert_eq!(error["attempts"].as_array().map(Vec::len), Some(2), "{body}");
            match client {
                Client::Messages => {
                    assert_eq!(
                        (&body["type"], &error["type"]),
                        (&json!("error"), &json!("api_error"))
                    );
                    assert_eq!(body["request_id"].as_str(), answer.header("x-oc-request-id"));
                }
                _ => {
                    assert_eq!(error["type"], "server_error");
                    assert!(body.get("type").is_none() && body.get("request_id").is_none());
                }
            }
        }
    }
}

#[tokio::test]
async fn bad_requests_name_their_field() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let hi = r#""messages":[{"role":"user","content":"hi"}]"#;
    for (client, body, status, kind, param) in [
        (Client::Chat, "{".to_owned(), 400, "invalid_request_error", Value::Null),
        (
            Client::Chat,
            format!(r#"{{"model":"default",{hi},"n":129}}"#),
            400,
            "invalid_request_error",
            json!("n"),
        ),
        (Client::Chat, format!("{{{hi}}}"), 400, "invalid_request_error", json!("model")),
        (
            Client::Chat,
            format!(r#"{{"model":"Sonet",{hi}}}"#),
            404,
            "invalid_request_error",
            json!("model"),
        ),
        (Client::Messages, "{".to_owned(), 400, "invalid_request_error", Value::Null),
        (
            Client::Messages,
            r#"{"model":"default","max_tokens":9}"#.to_owned(),
            400,
            "invalid_request_error",
            json!("messages"),
        ),
        (
            Client::Messages,
            format!(r#"{{"model":"Sonet","max_tokens":9,{hi}}}"#),
            404,
            "not_found_error",
            json!("model"),
        ),
    ] {
        let answer = post(&gateway, client, &body).await;
        let error = answer.json()["error"].clone();
        assert_eq!((answer.status, &error["type"]), (status, &json!(kind)), "{body}: {error}");
        assert_eq!(error["param"], param, "{body}: {error}");
    }
    assert_eq!(local.progress().accepted + hosted.progress().accepted, 0);
}

#[tokio::test]
async fn an_overflow_says_what_makes_agents_compact() {
    let full = r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_ctx":4096}}"#;
    let local = Lookalike::start(move |_| vec![Step::json(400, full)]).await.unwrap();
    let hosted = hosted().await;
    let gateway = Gateway::over(&local, &hosted).await;
    let headers = [("x-oc-fallback", "off")];
    for client in [Client::Chat, Client::Messages] {
        let body = client.question(true).to_string();
        let answer = gateway.request("POST", client.path(), &headers, Some(body.as_bytes())).await;
        let error = answer.json()["error"].clone();
        assert_eq!(
            (answer.status, &error["code"]),
            (400, &json!("context_length_exceeded")),
            "{error}"
        );
        let compact = answer.message().starts_with("prompt is too long");
        assert_eq!(compact, client == Client::Messages, "{error}");
    }
}

#[tokio::test]
async fn the_guard_speaks_the_clients_dialect_too() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let settings =
        r#"{ clients: [ { name: "agent", key: "planted" } ], limits: { bodyBytes: 5000 } }"#;
    let gateway = Gateway::start(&config, settings).await;
    let (right, wrong) = (("x-api-key", "planted"), ("x-api-key", "wrong"));
    let body = Client::Messages.question(false).to_string();
    let huge = "x".repeat(5001);
    for (method, headers, body, status, kind) in [
        ("POST", vec![wrong], &body, 401, "authentication_error"),
        ("POST", vec![right, ("host", "evil.example")], &body, 403, "permission_error"),
        ("POST", vec![right, ("origin", "https://evil.example")], &body, 403, "permission_error"),
        ("POST", vec![right, ("content-type", "text/plain")], &body, 415, "invalid_request_error"),
        ("POST", vec![right], &huge, 413, "request_too_large"),
        ("GET", vec![right], &body, 405, "invalid_request_error"),
    ] {
        let answer = gateway
            .request(method, "/v1/messages?beta=true", &headers, Some(body.as_bytes()))
            .await;
        let said = answer.json();
        assert_eq!((answer.status, &said["error"]["type"]), (status, &json!(kind)), "{said}");
        assert_eq!(said["type"], "error");
        assert_eq!(said["request_id"].as_str(), answer.header("x-oc-request-id"));
    }
    let answer =
        gateway.request("POST", "/v1/messages?beta=true", &[right], Some(body.as_bytes())).await;
    assert_eq!(Client::Messages.read(&answer, false).text, "ok");
    // A path of nobody's: by the header that only Anthropic's clients send.
    let headers = [right, ("anthropic-version", "2023-06-01")];
    let answer = gateway.request("GET", "/v1/files", &headers, None).await;
    assert_eq!((answer.status, &answer.json()["error"]["type"]), (404, &json!("not_found_error")));
    assert_eq!(answer.header("x-oc-request-id"), answer.json()["request_id"].as_str());
}
