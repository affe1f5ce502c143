//! Who may ask, and how.

use crate::support::{Gateway, hosted, local, local_first, question};

async fn gateway() -> Gateway {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    // Nothing below may reach an upstream.
    drop((local, hosted));
    gateway
}

#[tokio::test]
async fn a_foreign_host_or_origin_is_refused_everywhere() {
    let gateway = gateway().await;
    for path in ["/", "/healthz", "/v1/models", "/v1/responses", "/nowhere"] {
        for headers in [("host", "rebound.example"), ("origin", "https://evil.example")] {
            let answer = gateway.request("GET", path, &[headers], None).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
            assert_eq!(answer.json()["error"]["type"], "permission_error");
            assert!(answer.header("access-control-allow-origin").is_none());
        }
    }
}

#[tokio::test]
async fn a_preflight_gets_no_permission() {
    let headers = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    let answer = gateway().await.request("OPTIONS", "/v1/responses", &headers, None).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn bodies_must_be_declared_as_json() {
    let gateway = gateway().await;
    let body = question(true).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let headers = [("content-type", kind)];
        let answer =
            gateway.request("POST", "/v1/responses", &headers, Some(body.as_bytes())).await;
        assert_eq!(answer.status, 415, "{kind}");
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
    }
}

#[tokio::test]
async fn a_websocket_upgrade_gets_426() {
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let gateway = gateway().await;
    let answer = gateway.request("GET", "/v1/responses", &headers, None).await;
    assert_eq!(answer.status, 426);
    assert_eq!(gateway.get("/v1/responses").await.status, 405);
}

#[tokio::test]
async fn what_is_not_built_says_so() {
    let gateway = gateway().await;
    for (method, path) in [
        ("POST", "/v1/responses/input_tokens"),
        ("POST", "/v1/responses/compact"),
        ("GET", "/v1/responses/resp_1"),
        ("DELETE", "/v1/responses/resp_1"),
        ("GET", "/v1/responses/resp_1/input_items"),
        ("POST", "/v1/responses/resp_1/cancel"),
    ] {
        let answer = gateway.request(method, path, &[], Some(b"{}")).await;
        assert_eq!(answer.status, 501, "{method} {path}");
        assert!(answer.message().contains(path));
    }
    let answer = gateway.get("/v1/engines").await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (404, Some("not_found")));
}

#[tokio::test]
async fn clients_need_their_key_where_any_are_configured() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let settings = r#"{ providers: { anthropic: { locality: "hosted" } }, clients: [
        { name: "agent", key: "key-one-planted" },
        { name: "phone", key: "key-two-planted", output: "final", privacy: "local-only" },
    ] }"#;
    let gateway = Gateway::start(&config, settings).await;
    let rows: [(&[(&str, &str)], u16); 8] = [
        (&[], 401),
        (&[("authorization", "Bearer wrong")], 401),
        (&[("authorization", "Bearer key-one-plante")], 401),
        (&[("authorization", "Bearer key-one-planted1")], 401),
        (&[("authorization", "Basic key-one-planted")], 401),
        (&[("authorization", "bearer key-one-planted")], 200),
        (&[("x-api-key", "key-two-planted")], 200),
        (&[("x-api-key", "")], 401),
    ];
    for (headers, status) in rows {
        let answer = gateway.ask_with(&question(true), headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("planted"));
    }
    assert_eq!(gateway.get("/v1/models").await.status, 401);
    assert_eq!(gateway.get("/healthz").await.status, 200);

    // The second client's own rules hold: local only, final text only.
    local.rewrite(|_| vec![]);
    gateway.state.reset_cooldowns();
    let answer = gateway.ask_with(&question(true), &[("x-api-key", "key-two-planted")]).await;
    assert_eq!(answer.status, 502, "the hosted model must not be asked");
    assert_eq!(hosted.progress().accepted, 0);
}

#[tokio::test]
async fn a_client_asks_only_its_models() {
    let (mut local, hosted) = (local("", "ok").await, hosted().await);
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let settings = r#"{ clients: [ { name: "kid", key: "k", models: ["Local"] } ] }"#;
    let gateway = Gateway::start(&config, settings).await;
    let key = [("x-api-key", "k")];
    assert_eq!(gateway.ask_with(&question(true), &key).await.told().text, "ok");
    let mut body = question(true);
    body["model"] = serde_json::json!("Sonnet");
    assert_eq!(gateway.ask_with(&body, &key).await.status, 403);
    local.kill().await;
    assert_eq!(gateway.ask_with(&question(true), &key).await.status, 502);
    assert_eq!(hosted.progress().accepted, 0);
}
