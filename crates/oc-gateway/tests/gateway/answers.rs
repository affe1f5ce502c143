//! Whole answers: what the client gets when something answers.

use oc_gateway::{
    Answering, Rules,
    lookalike::{Lookalike, Step, responses},
};
use serde_json::json;

use crate::support::{self, Gateway, HOSTED, hosted, local, question};

#[tokio::test]
async fn the_primary_answers_streaming() {
    let (local, hosted) = (local("It asks for weather.", "Sunny — 21 °C").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let answer = gateway.ask(&question(true)).await;
    let told = answer.told();
    assert_eq!(
        (told.text.as_str(), told.reasoning.as_str()),
        ("Sunny — 21 °C", "It asks for weather.")
    );
    assert_eq!(told.ending, "response.completed");
    assert_eq!(answer.header("x-oc-served-by"), Some("lmstudio/local-model"));
    assert_eq!(answer.header("x-oc-attempts"), Some("1"));
    assert_eq!(answer.header("x-oc-fallback-reason"), None);
    assert!(answer.header("x-oc-request-id").is_some_and(|id| id.starts_with("req_")));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    assert_eq!(told.note("oc_served_by"), "lmstudio/local-model");
    assert_eq!(hosted.progress().accepted, 0);
}

#[tokio::test]
async fn the_primary_answers_in_one_document() {
    let (local, hosted) = (local("Hm.", "Sunny").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let answer = gateway.ask(&question(false)).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let json = answer.json();
    assert_eq!(json["status"], "completed");
    assert_eq!(json["object"], "response");
    let output = json["output"].as_array().unwrap();
    assert_eq!(output[0]["type"], "reasoning");
    assert_eq!(output[1]["content"][0]["text"], "Sunny");
    assert_eq!(json["metadata"]["oc_served_by"], "lmstudio/local-model");
    assert_eq!(answer.header("x-oc-served-by"), Some("lmstudio/local-model"));
}

#[tokio::test]
async fn both_forms_say_the_same() {
    let (local, hosted) = (local("Think.", "Speak.").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let streamed = gateway.ask(&question(true)).await.told().response;
    let whole = gateway.ask(&question(false)).await.json();
    for key in ["status", "usage", "error", "incomplete_details", "tools", "text"] {
        assert_eq!(streamed[key], whole[key], "{key}");
    }
    assert_eq!(streamed["output"][1]["content"], whole["output"][1]["content"]);
}

#[tokio::test]
async fn the_fallback_answers_when_the_box_is_down() {
    let (mut local, hosted) = (local("", "never").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    local.kill().await;
    for stream in [true, false] {
        let answer = gateway.ask(&question(stream)).await;
        assert_eq!(answer.header("x-oc-served-by"), Some("anthropic/claude-sonnet-4-5"));
        assert_eq!(answer.header("x-oc-fallback-reason"), Some("refused"));
        let text = match stream {
            true => answer.told().text,
            false => answer.json()["output"][0]["content"][0]["text"].as_str().unwrap().to_owned(),
        };
        assert_eq!(text, HOSTED);
    }
}

#[tokio::test]
async fn empty_reasoning_only_and_garbage_go_to_the_fallback() {
    let whole = |reasoning: &str, text: &str| responses::whole("local-model", reasoning, text);
    let html = Step::Whole {
        status: 200,
        content_type: "text/html".into(),
        body: "<html>login</html>".into(),
    };
    let rows = [
        ("empty_response", vec![Step::sse_head(), Step::send(whole("", ""))]),
        ("reasoning_only", vec![Step::sse_head(), Step::send(whole("Hm.", ""))]),
        ("reasoning_only", vec![Step::sse_head(), Step::send(whole("Hm.", " \n"))]),
        ("cut", vec![Step::sse_head(), Step::End]),
        ("protocol", vec![html]),
        ("server_error", vec![Step::json(500, r#"{"error":{"message":"boom"}}"#)]),
        ("overloaded", vec![Step::json(529, r#"{"error":{"type":"overloaded_error"}}"#)]),
        ("auth", vec![Step::json(401, r#"{"error":"Unauthorized"}"#)]),
    ];
    let (local, hosted) = (local("", "").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    for (reason, script) in rows {
        local.rewrite(move |_| script.clone());
        for stream in [true, false] {
            gateway.state.reset_cooldowns();
            let answer = gateway.ask(&question(stream)).await;
            assert_eq!(answer.status, 200, "{reason}");
            assert_eq!(answer.header("x-oc-fallback-reason"), Some(reason));
            if stream {
                let told = answer.told();
                assert_eq!((told.text.as_str(), told.reasoning.as_str()), (HOSTED, ""));
            }
        }
    }
}

#[tokio::test]
async fn final_output_leaves_reasoning_out() {
    let (local, hosted) = (local("secret thoughts", "Sunny").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    for stream in [true, false] {
        let answer = gateway.ask_with(&question(stream), &[("x-oc-output", "final")]).await;
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret thoughts"));
        assert!(String::from_utf8_lossy(&answer.body).contains("Sunny"));
        assert!(!String::from_utf8_lossy(&answer.body).contains("\"reasoning\","));
    }
}

#[tokio::test]
async fn a_tool_call_arrives_whole() {
    let mut writer = responses::Writer::new("local-model");
    let mut script = vec![Step::sse_head(), Step::send(writer.opening())];
    script.push(Step::send(writer.reasoning("A tool is needed.")));
    script.push(Step::send(writer.tool_call("call_1", "get_weather", r#"{"city":"Kyōto"}"#)));
    script.push(Step::send(writer.completed()));
    let local = Lookalike::start(move |_| script.clone()).await.unwrap();
    let hosted = hosted().await;
    let gateway = Gateway::over(&local, &hosted).await;
    let mut body = question(true);
    body["tools"] = json!([{ "type": "function", "name": "get_weather",
        "parameters": { "type": "object", "properties": { "city": { "type": "string" } } } }]);
    let told = gateway.ask(&body).await.told();
    let call = &told.response["output"][1];
    assert_eq!(call["type"], "function_call");
    assert_eq!(call["call_id"], "call_1");
    assert_eq!(call["arguments"], r#"{"city":"Kyōto"}"#);
    assert_eq!(told.ending, "response.completed");
    assert_eq!(local.received()[0].json()["tools"][0]["name"], "get_weather");
}

#[tokio::test]
async fn the_request_is_echoed() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let body = json!({ "model": "Local", "stream": true, "input": "hi", "temperature": 0.5,
        "instructions": "Be brief.", "metadata": { "mine": "kept" } });
    let told = gateway.ask(&body).await.told();
    assert_eq!(told.response["temperature"], 0.5);
    assert_eq!(told.response["instructions"], "Be brief.");
    assert_eq!(told.response["metadata"]["mine"], "kept");
    assert_eq!(told.response["model"], "Local");
}

#[tokio::test]
async fn models_are_listed_by_ref() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let list = gateway.get("/v1/models").await.json();
    assert_eq!(list["object"], "list");
    let ids: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"lmstudio/local-model"), "{ids:?}");
    assert!(ids.contains(&"anthropic/claude-sonnet-4-5"), "{ids:?}");
    // No key for it, so nothing that a client could pick.
    assert!(!ids.iter().any(|id| id.starts_with("openai/")), "{ids:?}");

    for name in ["lmstudio/local-model", "local", "local-model", "default"] {
        let model = gateway.get(&format!("/v1/models/{name}")).await.json();
        assert_eq!((&model["id"], &model["ref"]), (&json!(name), &json!("lmstudio/local-model")));
        assert_eq!(model["context_window"], 65536);
    }
    assert_eq!(gateway.get("/v1/models/nobody/nothing").await.status, 404);
}

/// A client that looks up what it was told to ask for found another id, and in the
/// list nothing at all.
#[tokio::test]
async fn a_model_is_found_under_each_of_its_names() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let config = support::local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let settings = r#"{ modelAliases: { "claude-haiku": "Sonnet" } }"#;
    let gateway = Gateway::start(&config, settings).await;
    for version in [None, Some(("anthropic-version", "2023-06-01"))] {
        let headers: Vec<_> = version.into_iter().collect();
        let list = gateway.request("GET", "/v1/models", &headers, None).await.json();
        let aliases = |id: &str| {
            let models = list["data"].as_array().unwrap();
            models.iter().find(|model| model["id"] == id).unwrap()["aliases"].clone()
        };
        assert_eq!(aliases("lmstudio/local-model"), json!(["Local", "default"]));
        assert_eq!(aliases("anthropic/claude-sonnet-4-5"), json!(["Sonnet", "claude-haiku"]));
        let path = "/v1/models/claude-haiku";
        let model = gateway.request("GET", path, &headers, None).await.json();
        assert_eq!(model["id"], "claude-haiku");
        assert_eq!(model["ref"], "anthropic/claude-sonnet-4-5");
    }
}

#[tokio::test]
async fn health_and_readiness() {
    let (local, hosted) = (local("", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    assert_eq!(gateway.get("/healthz").await.json()["status"], "ok");
    assert_eq!(gateway.get("/readyz").await.status, 200);
    assert_eq!(gateway.get("/").await.json()["name"], "oc-gateway");
    gateway.state.drain().begin();
    assert_eq!(gateway.get("/readyz").await.status, 503);
    assert_eq!(gateway.get("/healthz").await.status, 200);
}

/// A break report's item 15: `ask` printed half an answer and was content.
#[tokio::test]
async fn an_answer_that_a_limit_cut_says_so() {
    let mut writer = responses::Writer::new("local-model");
    let cut = json!({ "type": "response.incomplete", "response": { "id": "resp_1",
        "status": "incomplete", "incomplete_details": { "reason": "max_output_tokens" } } });
    let cut = format!("event: response.incomplete\ndata: {cut}\n\n");
    let half = [writer.opening(), writer.text("Half"), cut.into()].concat();
    let local =
        Lookalike::start(move |_| vec![Step::sse_head(), Step::send(half.clone())]).await.unwrap();
    let gateway = Gateway::over(&local, &hosted().await).await;
    let mut asked = Answering::start(&gateway.state, "default", "?", Rules::default()).unwrap();
    while asked.next().await.is_some() {}
    assert!(asked.failure().is_none());
    assert_eq!(asked.cut_by().as_deref(), Some("max_output_tokens"));
}

/// A break report's item 11: 196 requests inside one.
#[tokio::test]
async fn a_gateway_that_leads_to_itself_is_not_asked_and_not_entered() {
    // By its address: the settings' default.
    let config = support::local_first("http://localhost:4141/v1", "http://127.0.0.1:9");
    let gateway = Gateway::start(&config, "{}").await;
    let answer = gateway.ask_with(&question(false), &[("x-oc-fallback", "off")]).await;
    assert_eq!(answer.status, 502);
    assert!(answer.message().contains("this gateway itself"), "{}", answer.message());

    // By a name that only the second request gives away.
    let (local, hosted) = (local("", "Sunny").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    assert_eq!(gateway.ask(&question(false)).await.status, 200);
    let received = local.received();
    let hop = received[0].header("x-oc-hop").unwrap();
    let answer = gateway.ask_with(&question(false), &[("x-oc-hop", hop)]).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (508, Some("loop_detected"))
    );
    assert_eq!(gateway.ask_with(&question(false), &[("x-oc-hop", "other")]).await.status, 200);
    assert!(hosted.received().is_empty());
}
