//! The config's `params` of a model, in what its server is sent.

use serde_json::{Value, json};

use crate::support::{Gateway, hosted, local, local_first, question};

/// What the upstream was sent for each of these requests, with these params.
async fn sent(params: &str, requests: &[Value]) -> Vec<Value> {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let hosted_at = format!("http://{}", hosted.address());
    let text = local_first(&local.base_url(), &hosted_at)
        .replace(r#"{ alias: "Local" }"#, &format!(r#"{{ alias: "Local", params: {params} }}"#));
    let gateway = Gateway::start(&text, "{}").await;
    for request in requests {
        assert_eq!(gateway.ask(request).await.status, 200);
    }
    let received = local.received();
    received.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

#[tokio::test]
async fn what_the_client_does_not_say_the_config_says() {
    let silent = question(true);
    let mut outspoken = question(true);
    outspoken["temperature"] = json!(0.0);
    outspoken["max_output_tokens"] = json!(64);
    let params = "{ temperature: 0.6, top_p: 0.9, max_tokens: 512 }";
    let sent = sent(params, &[silent, outspoken]).await;
    let said = |body: &Value| {
        (body["temperature"].clone(), body["top_p"].clone(), body["max_output_tokens"].clone())
    };
    assert_eq!(said(&sent[0]), (json!(0.6), json!(0.9), json!(512)));
    assert_eq!(said(&sent[1]), (json!(0.0), json!(0.9), json!(64)));
}

#[tokio::test]
async fn what_means_nothing_over_this_api_is_not_sent() {
    let params = r#"{ extra_body: { min_p: 0.1 }, provider: { only: ["x"] }, seed: 7, preload: false,
        cacheRetention: "long", token: "sk-planted" }"#;
    let plain = sent("{}", &[question(true)]).await;
    assert_eq!(sent(params, &[question(true)]).await, plain);
}
