//! Headers that tighten.

use serde_json::json;

use crate::support::{Gateway, HOSTED, hosted, local, local_first, question};

const LOCAL_ONLY: (&str, &str) = ("x-oc-privacy", "local-only");

#[tokio::test]
async fn local_only_never_reaches_a_hosted_model() {
    let (mut local, hosted) = (local("", "ok").await, hosted().await);
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    // The look-alike is on loopback; what it stands for is not.
    let settings = r#"{ providers: { anthropic: { locality: "hosted" } } }"#;
    let gateway = Gateway::start(&config, settings).await;
    assert_eq!(gateway.ask_with(&question(true), &[LOCAL_ONLY]).await.told().text, "ok");

    local.kill().await;
    let answer = gateway.ask_with(&question(true), &[LOCAL_ONLY]).await;
    assert_eq!(answer.status, 502);
    assert!(
        answer.message().contains("anthropic/claude-sonnet-4-5: hosted"),
        "{}",
        answer.message()
    );
    assert_eq!(hosted.progress().accepted, 0);

    // Without the header it would have been asked.
    gateway.state.reset_cooldowns();
    assert_eq!(gateway.ask(&question(true)).await.told().text, HOSTED);
}

#[tokio::test]
async fn a_policy_that_leaves_nobody_is_403_with_each_reason() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let settings = r#"{ providers: { anthropic: { locality: "hosted", region: "us" } } }"#;
    let gateway = Gateway::start(&config, settings).await;
    let mut body = question(true);
    body["model"] = json!("Sonnet");
    let answer = gateway.ask_with(&body, &[LOCAL_ONLY]).await;
    assert_eq!(answer.status, 403);
    let error = &answer.json()["error"];
    assert_eq!(error["code"], "policy_violation");
    assert_eq!(error["attempts"][0]["name"], "anthropic/claude-sonnet-4-5");
    assert_eq!(error["attempts"][0]["outcome"], "skipped");

    let answer = gateway.ask_with(&question(true), &[("x-oc-region", "eu")]).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["attempts"][1]["text"].as_str()),
        (403, Some("in region us, not eu"))
    );
    let answer = gateway.ask_with(&question(true), &[("x-oc-region", "us")]).await;
    assert_eq!(answer.header("x-oc-served-by"), Some("anthropic/claude-sonnet-4-5"));
    assert_eq!(local.progress().accepted, 0);
}

#[tokio::test]
async fn fallback_off_asks_only_the_first() {
    let (mut local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    local.kill().await;
    let answer = gateway.ask_with(&question(true), &[("x-oc-fallback", "off")]).await;
    assert_eq!(answer.status, 502);
    assert_eq!(hosted.progress().accepted, 0);
}

#[tokio::test]
async fn an_explicit_model_is_strict_unless_the_settings_say_chain() {
    let (mut local, hosted) = (local("", "ok").await, hosted().await);
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let gateway = Gateway::start(&config, "{}").await;
    let mut body = question(true);
    for name in ["Sonnet", "SONNET", "anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"] {
        body["model"] = json!(name);
        assert_eq!(gateway.ask(&body).await.told().text, HOSTED, "{name}");
    }
    assert_eq!(local.progress().accepted, 0);
    local.kill().await;
    // An alias of the primary is the primary: it gets the chain.
    body["model"] = json!("local");
    assert_eq!(gateway.ask(&body).await.told().text, HOSTED);

    let settings = r#"{ modelAliases: { "claude-3-5-haiku-latest": "Sonnet" } }"#;
    let gateway = Gateway::start(&config, settings).await;
    body["model"] = json!("claude-3-5-haiku-latest");
    assert_eq!(gateway.ask(&body).await.told().text, HOSTED);
}

#[tokio::test]
async fn the_deadline_header_shortens_everything() {
    use oc_gateway::lookalike::{Lookalike, Step};
    let silent = || Lookalike::start(|_| vec![Step::sse_head(), Step::Hold]);
    let (local, hosted) = (silent().await.unwrap(), silent().await.unwrap());
    let gateway = Gateway::over(&local, &hosted).await;
    for stream in [true, false] {
        let answer = gateway.ask_with(&question(stream), &[("x-oc-deadline-ms", "120")]).await;
        assert_eq!(answer.status, 504, "{}", answer.message());
        assert_eq!(answer.json()["error"]["code"], "deadline_exceeded");
    }
    local.until(|p| p.open == 0).await;
    hosted.until(|p| p.open == 0).await;
}

#[tokio::test]
async fn misspelt_wishes_are_refused() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let answer = gateway.ask_with(&question(true), &[("x-oc-privacy", "localonly")]).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["param"].as_str()),
        (400, Some("x-oc-privacy"))
    );
    assert_eq!(local.progress().accepted, 0);
}
