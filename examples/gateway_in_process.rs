//! The whole gateway inside your own program: no process to start, no port.
//!
//! `oc_gateway::app` is an axum `Router`; here it is called directly. A scripted
//! look-alike on loopback plays the model server.
//!
//! Run it: `cargo run -p oc-gateway --example gateway_in_process`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt as _;
use oc_config::{Config, Settings};
use oc_gateway::{
    State,
    lookalike::{Lookalike, Step, responses},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    // In real life this is LM Studio, llama-server, vLLM, …
    let whole = responses::whole("my-model", "The user greets me.", "Hello yourself!");
    let server =
        Lookalike::start(move |_| vec![Step::sse_head(), Step::send(whole.clone())]).await?;

    let config = r#"{
      agents: { defaults: { model: { primary: "local/my-model" } } },
      models: { providers: { local: {
        baseUrl: "BASE_URL", apiKey: "sk-local", api: "openai-responses",
        models: [ { id: "my-model", name: "My model", contextWindow: 120000, maxTokens: 8192 } ],
      } } },
    }"#
    .replace("BASE_URL", &server.base_url());
    let config = Config::parse(&config, "openclaw.json", &|_: &str| None)?.value;
    let app = oc_gateway::app(State::assemble(config, Settings::default())?);

    let body = json!({ "model": "default", "input": "Hello!" });
    let request = Request::post("/v1/responses")
        .header(header::HOST, "127.0.0.1")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))?;
    let response = app.oneshot(request).await?;

    println!("status     {}", response.status());
    if let Some(served_by) = response.headers().get("x-oc-served-by") {
        println!("served by  {}", served_by.to_str()?);
    }
    let body: Value = serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?;
    for item in body["output"].as_array().into_iter().flatten() {
        match item["type"].as_str() {
            Some("reasoning") => println!("reasoning  {}", item["summary"][0]["text"]),
            _ => println!("answer     {}", item["content"][0]["text"]),
        }
    }
    Ok(())
}
