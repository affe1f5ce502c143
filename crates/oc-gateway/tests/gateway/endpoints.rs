//! The endpoints around the answers: what they refuse, what they show to whom,
//! what passes through to a host of the client's own wire.

use oc_gateway::{
    lookalike::{Lookalike, Step, messages},
    shutdown::Grace,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Gateway, hosted, local, local_first, question};

/// Whoever refuses, the gateway or the router beneath it, and whatever the
/// reason: the body is the dialect's, and so is the error's type.
#[tokio::test]
async fn every_refusal_is_json_in_the_clients_dialect() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let rows = [
        ("GET", "/v1/models/%ff", 400, None),
        ("GET", "/v1/models/a/%c3%28", 400, None),
        ("POST", "/v1/models", 405, Some("GET,HEAD")),
        ("DELETE", "/v1/models/default", 405, Some("GET,HEAD")),
        ("GET", "/v1/chat/completions", 405, None),
        ("GET", "/v1/messages", 405, None),
        ("GET", "/v1/messages/count_tokens", 405, None),
        ("PUT", "/api/status", 405, Some("GET,HEAD")),
        ("GET", "/api/cooldowns/reset", 405, Some("POST")),
        ("POST", "/healthz", 405, Some("GET,HEAD")),
        ("POST", "/metrics", 405, Some("GET,HEAD")),
        ("GET", "/v1/nothing", 404, None),
        ("GET", "/%ff", 404, None),
    ];
    for (method, path, status, allow) in rows {
        for anthropic in [false, true] {
            let headers: &[(&str, &str)] =
                if anthropic { &[("anthropic-version", "2023-06-01")] } else { &[] };
            let answer = gateway.request(method, path, headers, None).await;
            assert_eq!(answer.status, status, "{method} {path}");
            assert_eq!(answer.header("content-type"), Some("application/json"), "{method} {path}");
            let body = answer.json();
            assert!(body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()));
            assert!(body["error"]["type"].is_string() && body["error"]["code"].is_string());
            let messages =
                path.starts_with("/v1/messages") || (anthropic && !path.starts_with("/v1/chat"));
            assert_eq!(body["type"] == "error", messages, "{method} {path}: {body}");
            assert_eq!(body["request_id"].is_string(), messages, "{method} {path}: {body}");
            assert!(answer.header("x-oc-request-id").is_some());
            if let Some(allow) = allow {
                assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_client_sees_its_own_models_only() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let settings = r#"{ clients: [
        { name: "kid", key: "k", models: ["Local"] },
        { name: "all", key: "a" },
    ] }"#;
    let gateway = Gateway::start(&config, settings).await;
    let seen = async |key: &str, version: Option<(&str, &str)>| -> Vec<String> {
        let headers: Vec<_> = [("x-api-key", key)].into_iter().chain(version).collect();
        let list = gateway.request("GET", "/v1/models", &headers, None).await.json();
        let models = list["data"].as_array().unwrap().iter();
        models.map(|model| model["id"].as_str().unwrap().to_owned()).collect()
    };
    for version in [None, Some(("anthropic-version", "2023-06-01"))] {
        assert_eq!(seen("k", version).await, ["lmstudio/local-model"]);
        let all = seen("a", version).await;
        for id in ["lmstudio/local-model", "anthropic/claude-sonnet-4-5"] {
            assert!(all.iter().any(|seen| seen == id), "{all:?}");
        }
    }
    let one = async |key: &str, name: &str| {
        gateway.request("GET", &format!("/v1/models/{name}"), &[("x-api-key", key)], None).await
    };
    assert_eq!(one("k", "Local").await.status, 200);
    assert_eq!(one("a", "Sonnet").await.status, 200);
    for name in ["Sonnet", "anthropic/claude-sonnet-4-5"] {
        assert_eq!(one("k", name).await.status, 404, "{name}");
    }
    // A misspelt name does not betray what others have.
    let missing = one("k", "Sonet").await;
    assert!(!missing.message().contains("Sonnet"), "{}", missing.message());
}

/// What a client of the upstream's own wire says besides goes with it; to a
/// host of another wire it does not.
#[tokio::test]
async fn headers_and_fields_of_a_wire_stay_on_it() {
    let local = local("", "ok").await;
    let hosted = Lookalike::start(|_| {
        vec![Step::sse_head(), Step::send(messages::whole("claude-sonnet-4-5", "Hi"))]
    })
    .await
    .unwrap();
    let gateway = Gateway::over(&local, &hosted).await;
    let body = json!({"model": "Sonnet", "max_tokens": 9, "stream": true,
        "messages": [{"role": "user", "content": "hi"}]});
    let headers = [("anthropic-beta", "a-2026,b-2026"), ("anthropic-version", "2024-01-01")];
    let body = body.to_string();
    let answer = gateway.request("POST", "/v1/messages", &headers, Some(body.as_bytes())).await;
    assert_eq!(answer.status, 200);
    let sent = hosted.received().pop().unwrap();
    assert_eq!(sent.header("anthropic-beta"), Some("a-2026,b-2026"));
    assert_eq!(sent.header("anthropic-version"), Some("2024-01-01"));

    let asked = gateway.ask_with(&question(true), &[("anthropic-beta", "a-2026")]).await;
    assert_eq!(asked.status, 200);
    assert_eq!(local.received().pop().unwrap().header("anthropic-beta"), Some("a-2026"));
    let chat = json!({"model": "Sonnet", "messages": [{"role": "user", "content": "hi"}]});
    let chat = chat.to_string();
    gateway.request("POST", "/v1/chat/completions", &headers, Some(chat.as_bytes())).await;
    let sent = hosted.received().pop().unwrap();
    assert_eq!(sent.header("anthropic-beta"), None);
    assert_eq!(sent.header("anthropic-version"), Some("2023-06-01"));
}

/// `message_start` comes before anybody has counted.
#[tokio::test]
async fn a_message_begins_with_an_estimate_of_its_tokens() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let body = json!({"model": "Local", "max_tokens": 9, "stream": true,
        "messages": [{"role": "user", "content": "Hello there, world. ".repeat(100)}]});
    let body = body.to_string();
    let answer = gateway.request("POST", "/v1/messages", &[], Some(body.as_bytes())).await;
    let text = String::from_utf8(answer.body).unwrap();
    let start = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let start: Value = serde_json::from_str(start).unwrap();
    let tokens = start["message"]["usage"]["input_tokens"].as_u64().unwrap();
    assert!((300..900).contains(&tokens), "{start}");
}

/// Two gateways, each the other's only upstream: asked once, both stop.
#[tokio::test]
async fn gateways_that_lead_to_each_other_find_it_out() {
    let config = |base: &str| {
        format!(
            r#"{{ agents: {{ defaults: {{ model: {{ primary: "other/m" }} }} }},
              models: {{ providers: {{ other: {{ baseUrl: "{base}", apiKey: "x",
                api: "openai-responses", models: [{{ id: "m", name: "M" }}] }} }} }} }}"#
        )
    };
    // The second leads to the first, whose address is needed before it runs.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let second = Gateway::start(&config(&base), "{}").await;
    let base = format!("http://{}/v1", second.address);
    let first = Gateway::start_on(listener, &config(&base), "{}", Grace::default());
    let mut body = question(false);
    body["model"] = "other/m".into();
    let answer = first.ask(&body).await;
    assert_eq!(answer.status, 502, "{}", String::from_utf8_lossy(&answer.body));
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("baseUrl leads back to it"), "{text}");
    // The first asked the second, and once more because it has nobody else.
    let asked = |gateway: &Gateway| gateway.state.records().len();
    assert_eq!((asked(&first), asked(&second)), (1, 2));
}

/// A chain of gateways that nobody can mean ends, too.
#[tokio::test]
async fn a_request_that_came_through_too_many_gateways_is_refused() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let hops = |count: usize| {
        (0..count).map(|hop| format!("gateway-{hop}")).collect::<Vec<_>>().join(", ")
    };
    let answer = gateway.ask_with(&question(true), &[("x-oc-hop", &hops(8))]).await;
    assert_eq!(answer.status, 508);
    let answer = gateway.ask_with(&question(true), &[("x-oc-hop", &hops(3))]).await;
    assert_eq!(answer.status, 200);
    let sent = local.received().pop().unwrap();
    let said = sent.header("x-oc-hop").unwrap();
    assert!(said.starts_with("gateway-0, gateway-1, gateway-2, "), "{said}");
    // Nobody on the internet is told who asks; these look-alikes are on loopback.
}
