//! The contract's failure table.

use bytes::Bytes;
use oc_gateway::lookalike::{Lookalike, Received, Step, responses::Writer};
use serde_json::{Value, json};

use crate::support::{Answer, Gateway, hosted, local, local_first, question};

/// Both upstreams answer with this.
async fn both(script: impl Fn(&Received) -> Vec<Step> + Clone + Send + Sync + 'static) -> Answer {
    let local = Lookalike::start(script.clone()).await.unwrap();
    let hosted = Lookalike::start(script).await.unwrap();
    let gateway = Gateway::over(&local, &hosted).await;
    let streamed = gateway.ask(&question(true)).await;
    gateway.state.reset_cooldowns();
    let whole = gateway.ask(&question(false)).await;
    assert_eq!(streamed.status, whole.status);
    assert_eq!(streamed.json()["error"]["code"], whole.json()["error"]["code"]);
    streamed
}

#[tokio::test]
async fn an_upstreams_status_is_never_passed_on() {
    for (upstream, body, status, reason) in [
        (
            401,
            r#"{"error":{"message":"Invalid API Key","type":"authentication_error"}}"#,
            502,
            "auth",
        ),
        (402, r#"{"error":{"message":"Insufficient credits"}}"#, 502, "billing"),
        (403, r#"{"error":{"message":"forbidden"}}"#, 502, "auth"),
        (
            404,
            r#"{"error":{"message":"model not found","code":"model_not_found"}}"#,
            502,
            "model_not_found",
        ),
        (500, r#"{"error":{"message":"boom","type":"server_error"}}"#, 502, "server_error"),
        (503, r#"{"error":{"message":"down"}}"#, 502, "server_error"),
    ] {
        let answer = both(move |_| vec![Step::json(upstream, body)]).await;
        let text = answer.message();
        assert_eq!(answer.status, status, "{upstream}: {text}");
        assert!(text.starts_with("All models failed ("), "{text}");
        assert!(
            text.contains("lmstudio/local-model: ")
                && text.contains(" | anthropic/claude-sonnet-4-5: "),
            "{text}"
        );
        let attempts = answer.json()["error"]["attempts"].clone();
        assert!(attempts.as_array().is_some_and(|all| all.len() >= 2), "{attempts}");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        assert!(text.contains(&format!("({reason})")), "{upstream}: {text}");
    }
}

#[tokio::test]
async fn a_rate_limit_with_a_known_end_is_503_with_retry_after() {
    let limited = || Step::Head {
        status: 429,
        headers: vec![
            ("retry-after".into(), "300".into()),
            ("content-type".into(), "application/json".into()),
        ],
    };
    let body = r#"{"error":{"message":"Rate limit reached","type":"rate_limit_error"}}"#;
    let answer = both(move |_| vec![limited(), Step::send(body)]).await;
    assert_eq!(answer.status, 503, "{}", answer.message());
    let wait: u64 = answer.header("retry-after").expect("Retry-After").parse().unwrap();
    assert!((290..=300).contains(&wait), "{wait}");
    assert!(answer.message().contains("(rate_limit)"));
}

/// It was 502 without one, and cooled 30 s in place of 120.
#[tokio::test]
async fn a_server_error_without_words_keeps_its_retry_after() {
    let down = || Step::Head { status: 503, headers: vec![("retry-after".into(), "120".into())] };
    let answer = both(move |_| vec![down()]).await;
    assert_eq!(answer.status, 503, "{}", answer.message());
    let wait: u64 = answer.header("retry-after").expect("Retry-After").parse().unwrap();
    assert!((110..=120).contains(&wait), "{wait}");
}

/// The words were read as the server's: the chain stopped, with a code that
/// makes agents compact, and the client was shown what was quoted.
#[tokio::test]
async fn what_an_error_quotes_of_the_request_is_not_told() {
    let body = r#"{"error":{"code":500,"message":"Failed to parse messages: bad; messages = [{\"content\": \"why is my prompt is too long?\"}]","type":"server_error"}}"#;
    let answer = both(move |_| vec![Step::json(500, body)]).await;
    let text = answer.message();
    assert_eq!(answer.status, 400, "{text}");
    assert!(text.contains("Failed to parse messages: bad; messages = …"), "{text}");
    assert!(!text.contains("too long") && text.contains("(format)"), "{text}");
    assert!(!answer.json().to_string().contains("too long"), "error.attempts too");
}

#[tokio::test]
async fn overflow_everywhere_is_the_clients_400() {
    let body = r#"{"error":{"code":400,"message":"request (22811 tokens) exceeds the available context size (2048 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":22811,"n_ctx":2048}}"#;
    let answer = both(move |_| vec![Step::json(400, body)]).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (400, Some("context_length_exceeded"))
    );
}

#[tokio::test]
async fn what_everybody_calls_wrong_is_the_clients_400() {
    let body = r#"{"error":{"message":"Unknown parameter: 'foo'","type":"invalid_request_error"}}"#;
    let answer = both(move |_| vec![Step::json(400, body)]).await;
    let error = answer.json()["error"].clone();
    assert_eq!((answer.status, error["code"].as_str()), (400, Some("request_rejected")));
    assert!(error["message"].as_str().unwrap().contains("Unknown parameter"), "{error}");
}

#[tokio::test]
async fn down_with_no_usable_fallback_names_both_and_what_to_do() {
    let mut box_ = local("", "never").await;
    box_.kill().await;
    let config = local_first(&box_.base_url(), "https://api.anthropic.invalid")
        .replace(r#"apiKey: "sk-hosted-planted", "#, "");
    let gateway = Gateway::start(&config, "{}").await;
    let answer = gateway.ask(&question(true)).await;
    let text = answer.message();
    assert_eq!(answer.status, 502, "{text}");
    assert!(text.starts_with("All models failed ("), "{text}");
    assert!(text.contains("(refused)"), "{text}");
    assert!(text.contains("ANTHROPIC_API_KEY"), "{text}");
    assert!(text.contains("start the server"), "{text}");
}

#[tokio::test]
async fn no_key_and_no_prompt_in_any_failure() {
    let echo = |request: &Received| {
        // A rude upstream that quotes what it was sent.
        let quoted = String::from_utf8_lossy(&request.body).into_owned();
        let key = request.header("x-api-key").or(request.header("authorization")).unwrap_or("");
        let body = json!({ "error": { "message": format!("bad key {key} for {quoted}") } });
        vec![Step::json(500, body.to_string())]
    };
    let answer = both(echo).await;
    let body = String::from_utf8_lossy(&answer.body);
    assert!(!body.contains("sk-hosted-planted"), "{body}");
}

async fn refused(body: &str) -> (u16, Value) {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let answer = gateway.request("POST", "/v1/responses", &[], Some(body.as_bytes())).await;
    assert_eq!(local.progress().accepted + hosted.progress().accepted, 0, "{body}");
    (answer.status, answer.json()["error"].clone())
}

#[tokio::test]
async fn bad_requests_name_their_field() {
    for (body, status, param) in [
        ("{", 400, None),
        ("", 400, None),
        ("[]", 400, None),
        (r#"{"input":"hi"}"#, 400, Some("model")),
        (r#"{"model":"default"}"#, 400, Some("input")),
        (r#"{"model":5,"input":"hi"}"#, 400, Some("model")),
        (r#"{"model":"default","input":"hi","stream":"yes"}"#, 400, Some("stream")),
        (
            r#"{"model":"default","input":"hi","previous_response_id":"resp_1"}"#,
            400,
            Some("previous_response_id"),
        ),
        (r#"{"model":"default","input":"hi","conversation":"conv_1"}"#, 400, Some("conversation")),
        (r#"{"model":"default","input":"hi","background":true}"#, 400, Some("background")),
        (r#"{"model":"lmstudio/locl-model","input":"hi"}"#, 404, Some("model")),
    ] {
        let (got, error) = refused(body).await;
        assert_eq!((got, error["param"].as_str()), (status, param), "{body}");
        assert_eq!(error["type"], "invalid_request_error", "{body}");
    }
    let deep =
        format!(r#"{{"model":"default","input":{}"hi"{}}}"#, "[".repeat(5000), "]".repeat(5000));
    assert_eq!(refused(&deep).await.0, 400);
}

#[tokio::test]
async fn an_unknown_model_gets_the_nearest_names() {
    let (status, error) = refused(r#"{"model":"Sonet","input":"hi"}"#).await;
    assert_eq!((status, error["code"].as_str()), (404, Some("model_not_found")));
    assert!(error["message"].as_str().unwrap().contains("Sonnet"), "{error}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let gateway = Gateway::start(&config, "{ limits: { bodyBytes: 2000 } }").await;
    let mut body = question(true);
    body["input"] = json!("x".repeat(2000));
    let answer = gateway.ask(&body).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (413, Some("request_too_large"))
    );
    assert_eq!(gateway.ask(&question(true)).await.told().text, "ok");
}

#[tokio::test]
async fn more_at_once_than_the_limit_is_503() {
    let local = Lookalike::start(|_| vec![Step::sse_head(), Step::Hold]).await.unwrap();
    let hosted = hosted().await;
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let gateway = Gateway::start(&config, "{ limits: { concurrent: 1 } }").await;
    let body = question(true).to_string();
    let held = gateway.open("POST", "/v1/responses", &[], Some(body.as_bytes())).await;
    local.until(|p| p.holding == 1).await;
    let answer = gateway.ask(&question(true)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    drop(held);
    local.until(|p| p.open == 0).await;
}

#[tokio::test]
async fn a_failure_after_text_is_told_in_band() {
    use oc_gateway::lookalike::responses::Writer;
    let mut writer = Writer::new("local-model");
    let script = vec![
        Step::sse_head(),
        Step::send(writer.opening()),
        Step::send(writer.text("Half an ")),
        Step::send(
            "data: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"out of memory\"}\n\n",
        ),
    ];
    let local = Lookalike::start(move |_| script.clone()).await.unwrap();
    let hosted = hosted().await;
    let gateway = Gateway::over(&local, &hosted).await;
    let answer = gateway.ask(&question(true)).await;
    let told = answer.told();
    assert_eq!((told.text.as_str(), told.ending.as_str()), ("Half an ", "response.failed"));
    assert!(told.response["error"]["message"].as_str().unwrap().contains("lmstudio/local-model"));
    assert_eq!(answer.events().iter().filter(|event| event.name() == "error").count(), 1);
    assert_eq!(hosted.progress().accepted, 0);
}

/// What a person or a model writes is no error, whatever it speaks of.
#[tokio::test]
async fn the_words_of_an_answer_are_never_classified() {
    const WORDS: &str = "rate limit exceeded, invalid api key, prompt is too long, the model is \
                         overloaded, insufficient balance, context_length_exceeded, 401, 429";
    let says = |write: fn(&mut Writer) -> Bytes, then: Step| {
        let mut writer = Writer::new("local-model");
        let opening = writer.opening();
        vec![Step::sse_head(), Step::send(opening), Step::send(write(&mut writer)), then]
    };
    let echo = format!("1 validation error: Field required, 'input': '{WORDS}'");
    let hosted = hosted().await;
    for (steps, reason) in [
        (says(|writer| writer.text(WORDS), Step::Cut), "cut"),
        (says(|writer| writer.reasoning(WORDS), Step::Cut), "cut"),
        (vec![Step::json(500, r#"{"error":{"message":"boom"}}"#)], "server_error"),
        (vec![Step::json(400, json!({ "error": { "message": echo } }).to_string())], "format"),
    ] {
        let local = Lookalike::start(move |_| steps.clone()).await.unwrap();
        let gateway = Gateway::over(&local, &hosted).await;
        let mut body = question(false);
        body["input"] = WORDS.into();
        let answer = gateway.ask(&body).await;
        assert_eq!((answer.status, answer.header("x-oc-fallback-reason")), (200, Some(reason)));
    }
    let local = local(WORDS, WORDS).await;
    let gateway = Gateway::over(&local, &hosted).await;
    let answer = gateway.ask(&question(true)).await;
    assert_eq!(answer.header("x-oc-served-by"), Some("lmstudio/local-model"));
    assert_eq!(answer.told().text, WORDS);
}
