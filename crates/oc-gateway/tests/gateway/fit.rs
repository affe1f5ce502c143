//! Who surely cannot answer is not asked, and the client is told why.

use oc_gateway::lookalike::{Lookalike, Step, messages};
use serde_json::{Value, json};

use crate::support::{Answer, Gateway, HOSTED, hosted, local};

const BOX: &str = "box/model";
const NO_FALLBACK: (&str, &str) = ("x-oc-fallback", "off");
const SONNET: &str = "anthropic/claude-sonnet-4-5";

/// A local model with these fields, and the hosted one behind it. `api` is
/// the local one's wire.
fn config(local: &str, hosted: &Lookalike, fields: &str, api: &str) -> String {
    format!(
        r#"{{
          agents: {{ defaults: {{ model: {{ primary: "{BOX}", fallbacks: ["{SONNET}"] }} }} }},
          models: {{ mode: "merge", providers: {{
            anthropic: {{ baseUrl: "http://{}", apiKey: "sk-hosted", models: [] }},
            box: {{ baseUrl: "{local}", apiKey: "k", api: "{api}",
              models: [{{ id: "model", name: "Model", {fields} }}] }} }} }},
        }}"#,
        hosted.address(),
    )
}

async fn gateway(local: &Lookalike, hosted: &Lookalike, fields: &str) -> Gateway {
    let config = config(&local.base_url(), hosted, fields, "openai-responses");
    Gateway::start(&config, "{}").await
}

fn question(more: &Value) -> Value {
    let mut body = json!({ "model": "default", "stream": false, "input": "What is in it?" });
    for (key, value) in more.as_object().expect("fields") {
        body[key] = value.clone();
    }
    body
}

/// What the last ledger says of whom it passed over.
fn skipped(gateway: &Gateway) -> Vec<(String, String, String)> {
    let ledger = gateway.state.records().pop().expect("a record").ledger;
    let word = |skip: &oc_fallback::Skipped| {
        (skip.name.to_string(), skip.reason.to_string(), skip.text.clone())
    };
    ledger.skipped.iter().map(word).collect()
}

fn image() -> Value {
    json!([{ "role": "user", "content": [
        { "type": "input_text", "text": "What is in it?" },
        { "type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=" }] }])
}

fn tool() -> Value {
    json!([{ "type": "function", "name": "look", "parameters": { "type": "object" } }])
}

fn served_by(answer: &Answer) -> (u16, Option<&str>, Option<&str>) {
    let header = |name| answer.header(name);
    (answer.status, header("x-oc-served-by"), header("x-oc-fallback-reason"))
}

#[tokio::test]
async fn whom_a_request_does_not_fit_is_passed_over_with_the_reason() {
    let (local, hosted) = (local("", "no").await, hosted().await);
    let long = "word ".repeat(20_000);
    for (fields, more, reason, text) in [
        (
            "contextWindow: 8192",
            json!({ "input": long }),
            "context_overflow",
            "needs a window of at least ",
        ),
        ("input: [\"text\"]", json!({ "input": image() }), "unsupported", "cannot take images"),
        (
            "compat: { supportsTools: false }",
            json!({ "tools": tool() }),
            "unsupported",
            "cannot call tools",
        ),
    ] {
        let gateway = gateway(&local, &hosted, fields).await;
        let answer = gateway.ask(&question(&more)).await;
        assert_eq!(served_by(&answer), (200, Some(SONNET), Some(reason)), "{fields}");
        let skipped = skipped(&gateway);
        assert_eq!((skipped[0].0.as_str(), skipped[0].1.as_str()), (BOX, reason));
        assert!(skipped[0].2.starts_with(text), "{}", skipped[0].2);
        let status = gateway.get("/api/status").await.json();
        assert_eq!(status["recent"][0]["ledger"]["skipped"][0]["kind"], "unfit");
    }
    assert_eq!(local.progress().accepted, 0);
}

/// What the config does not state is not held against a model.
#[tokio::test]
async fn what_is_not_known_is_asked() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = gateway(&local, &hosted, "reasoning: false").await;
    let schema = json!({ "format": { "type": "json_schema", "name": "n", "schema": {
        "type": "object" } } });
    for more in [
        json!({ "input": image() }),
        json!({ "tools": tool() }),
        json!({ "text": schema }),
        json!({ "input": "word ".repeat(20_000) }),
    ] {
        assert_eq!(served_by(&gateway.ask(&question(&more)).await).1, Some(BOX));
    }
}

#[tokio::test]
async fn a_schema_goes_to_nobody_whose_wire_drops_it() {
    let answer = messages::whole("model", "no");
    let local = Lookalike::start(move |_| vec![Step::sse_head(), Step::send(answer.clone())])
        .await
        .expect("a free port");
    let hosted = self::local("", "{}").await;
    let config = format!(
        r#"{{
          agents: {{ defaults: {{ model: {{ primary: "plain/m", fallbacks: ["able/m"] }} }} }},
          models: {{ providers: {{
            plain: {{ baseUrl: "http://{}", apiKey: "k", api: "anthropic-messages",
              models: [{{ id: "m", name: "M" }}] }},
            able: {{ baseUrl: "{}", apiKey: "k", api: "openai-responses",
              models: [{{ id: "m", name: "M" }}] }} }} }},
        }}"#,
        local.address(),
        hosted.base_url(),
    );
    let gateway = Gateway::start(&config, "{}").await;
    let schema = json!({ "format": { "type": "json_schema", "name": "n", "schema": {} } });
    let answer = gateway.ask(&question(&json!({ "text": schema }))).await;
    assert_eq!(served_by(&answer), (200, Some("able/m"), Some("unsupported")));
    assert_eq!(skipped(&gateway)[0].2, "cannot follow a JSON schema");
    let answer = gateway.ask(&question(&json!({}))).await;
    assert_eq!(served_by(&answer).1, Some("plain/m"));

    // Nobody else: it fails before anything is sent, with the reason and the fix.
    let asked = local.progress().requests;
    let schema = json!({ "type": "json_schema", "name": "n", "schema": { "type": "object" } });
    let messages = json!([{ "role": "user", "content": "hi" }]);
    for (path, body) in [
        ("/v1/responses", json!({ "input": "hi", "text": { "format": schema } })),
        (
            "/v1/chat/completions",
            json!({ "messages": messages,
                "response_format": { "type": "json_schema", "json_schema": schema } }),
        ),
        (
            "/v1/messages",
            json!({ "messages": messages, "max_tokens": 9, "output_config": { "format": schema } }),
        ),
    ] {
        let mut body = body;
        body["model"] = json!("plain/m");
        let body = body.to_string();
        let answer = gateway.request("POST", path, &[NO_FALLBACK], Some(body.as_bytes())).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.message());
        for words in [
            "plain/m: cannot follow a JSON schema (unsupported)",
            "plain/m: add a fallback that can follow a JSON schema, or ask without a schema",
        ] {
            assert!(answer.message().contains(words), "{path}: {}", answer.message());
        }
    }
    assert_eq!(local.progress().requests, asked);
}

/// The server reports `completed` where its window was full: what it has said of
/// its window before tells that the answer was cut.
#[tokio::test]
async fn an_answer_that_fills_the_window_that_the_server_stated_is_incomplete() {
    let overflow = json!({ "error": { "code": 400, "type": "exceed_context_size_error",
        "message": "the request exceeds the available context size, try increasing it",
        "n_prompt_tokens": 5_000, "n_ctx": 2_048 } });
    let filled = json!({ "id": "r", "object": "response", "status": "completed", "model": "m",
        "output": [{ "id": "m1", "type": "message", "role": "assistant", "status": "completed",
            "content": [{ "type": "output_text", "text": "and so on", "annotations": [] }] }],
        "usage": { "input_tokens": 48, "output_tokens": 2_000, "total_tokens": 2_048 } });
    let local = Lookalike::start(move |request| {
        let long = request.body.len() > 10_000;
        vec![match long {
            true => Step::json(400, overflow.to_string()),
            false => Step::json(200, filled.to_string()),
        }]
    })
    .await
    .expect("a free port");
    let hosted = hosted().await;
    let gateway = gateway(&local, &hosted, "contextWindow: 65536").await;
    let ask = async || gateway.ask(&question(&json!({ "model": BOX }))).await.json();
    assert_eq!(ask().await["status"], "completed", "nobody knows the window");
    let long = question(&json!({ "model": BOX, "input": "word ".repeat(3_000) }));
    gateway.ask(&long).await;
    let answer = ask().await;
    assert_eq!(
        (&answer["status"], &answer["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_output_tokens"))
    );
}

/// Claude Code asks for 32,000 tokens of every model.
#[tokio::test]
async fn a_ceiling_is_lowered_and_keeps_nobody_out() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = gateway(&local, &hosted, "maxTokens: 512").await;
    let answer = gateway.ask(&question(&json!({ "max_output_tokens": 32_000 }))).await;
    assert_eq!(served_by(&answer).1, Some(BOX));
    let sent = local.received().pop().expect("a request").json();
    assert_eq!(sent["max_output_tokens"], 512);
}

#[tokio::test]
async fn a_request_that_fits_nobody_is_the_clients_own() {
    let (local, hosted) = (local("", "no").await, hosted().await);
    let gateway = gateway(&local, &hosted, "contextWindow: 8192").await;
    let body = question(&json!({ "model": BOX, "input": "word ".repeat(20_000) }));
    let answer = gateway.ask_with(&body, &[NO_FALLBACK]).await;
    let error = &answer.json()["error"];
    assert_eq!((answer.status, &error["code"]), (400, &json!("context_length_exceeded")));
    assert_eq!(error["attempts"][0]["kind"], "unfit");
    assert!(!error["attempts"][0]["fix"].as_str().expect("a fix").is_empty());

    let gateway = self::gateway(&local, &hosted, "input: [\"text\"]").await;
    let body = question(&json!({ "model": BOX, "input": image() }));
    let answer = gateway.ask_with(&body, &[NO_FALLBACK]).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!("request_rejected")));
    assert_eq!(local.progress().accepted + hosted.progress().accepted, 0);
}

/// An overflow goes to a larger window only, and what the server has said of
/// its own counts for the requests that follow.
#[tokio::test]
async fn an_overflow_goes_to_a_larger_window_and_is_remembered() {
    let overflow = json!({ "error": { "code": 400, "type": "exceed_context_size_error",
        "message": "the request exceeds the available context size, try increasing it",
        "n_prompt_tokens": 5_000, "n_ctx": 2_048 } });
    let local = Lookalike::start(move |_| vec![Step::json(400, overflow.to_string())])
        .await
        .expect("a free port");
    let (small, hosted) = (self::local("", "no").await, hosted().await);
    let config = format!(
        r#"{{
          agents: {{ defaults: {{ model: {{
            primary: "{BOX}", fallbacks: ["small/m", "{SONNET}"] }} }} }},
          models: {{ mode: "merge", providers: {{
            anthropic: {{ baseUrl: "http://{}", apiKey: "sk-hosted", models: [] }},
            small: {{ baseUrl: "{}", apiKey: "k", api: "openai-responses",
              models: [{{ id: "m", name: "M", contextWindow: 2048 }}] }},
            box: {{ baseUrl: "{}", apiKey: "k", api: "openai-responses",
              models: [{{ id: "model", name: "M", contextWindow: 65536 }}] }} }} }},
        }}"#,
        hosted.address(),
        small.base_url(),
        local.base_url(),
    );
    let gateway = Gateway::start(&config, "{}").await;
    // Some 2,000 tokens by the lower bound: by its config it fits the first one.
    let body = question(&json!({ "input": "word ".repeat(3_000) }));
    let answer = gateway.ask(&body).await;
    assert_eq!(served_by(&answer), (200, Some(SONNET), Some("context_overflow")));
    assert!(String::from_utf8_lossy(&answer.body).contains(HOSTED));
    assert_eq!((local.progress().requests, small.progress().accepted), (1, 0));
    let status = gateway.get("/api/status").await.json();
    assert_eq!(status["stated_contexts"][0]["tokens"], 2_048);

    let body = question(&json!({ "input": "word ".repeat(6_000) }));
    assert_eq!(served_by(&gateway.ask(&body).await).1, Some(SONNET));
    assert_eq!(local.progress().requests, 1);
    let skipped = skipped(&gateway);
    assert_eq!((skipped[0].0.as_str(), skipped.len()), (BOX, 2));
    assert!(skipped[0].2.ends_with("has 2048"), "{}", skipped[0].2);
    // A prompt that fits is asked there all the same; cooldowns/reset forgets.
    gateway.ask(&question(&json!({}))).await;
    assert_eq!(local.progress().requests, 2);
    gateway.request("POST", "/api/cooldowns/reset", &[], None).await;
    let status = gateway.get("/api/status").await.json();
    assert_eq!(status["stated_contexts"], json!([]));
}

/// Before anything is asked, in the words of each dialect.
#[tokio::test]
async fn every_dialect_is_told() {
    let (local, hosted) = (local("", "no").await, hosted().await);
    let gateway = gateway(&local, &hosted, "contextWindow: 8192").await;
    let long = "word ".repeat(20_000);
    let messages = json!([{ "role": "user", "content": long }]);
    for (path, body) in [
        ("/v1/responses", json!({ "model": BOX, "input": long })),
        ("/v1/chat/completions", json!({ "model": BOX, "messages": messages })),
        ("/v1/messages", json!({ "model": BOX, "max_tokens": 9, "messages": messages })),
    ] {
        for stream in [false, true] {
            let mut body = body.clone();
            body["stream"] = json!(stream);
            let body = body.to_string();
            let answer = gateway.request("POST", path, &[NO_FALLBACK], Some(body.as_bytes())).await;
            assert_eq!(answer.status, 400, "{path}");
            assert!(answer.message().contains("needs a window of"), "{}", answer.message());
        }
    }
}
