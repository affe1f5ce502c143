//! A WhatsApp message in, a WhatsApp message out: final text only, whatever the
//! model thinks on the way.
//!
//! It takes the webhook payload of the WhatsApp Cloud API and prints the body to
//! `POST` to `/{phone-number-id}/messages`. A look-alike plays the local model.
//!
//! Run it: `cargo run -p oc-gateway --example whatsapp_bridge`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use oc_config::{Config, Settings};
use oc_gateway::{
    Answering, Rules, Said, State,
    lookalike::{Lookalike, Step, responses},
};
use serde_json::{Value, json};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// WhatsApp refuses longer text bodies.
const LONGEST: usize = 4096;

const WEBHOOK: &str = r#"{ "object": "whatsapp_business_account", "entry": [ { "changes": [ {
  "field": "messages", "value": { "messaging_product": "whatsapp", "messages": [
    { "from": "4915112345678", "type": "text", "text": { "body": "When do you open?" } }
] } } ] } ] }"#;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let whole = responses::whole(
        "my-model",
        "They want the opening hours. I must not mention the burglar alarm.",
        "We open at nine. 🕘",
    );
    let server =
        Lookalike::start(move |_| vec![Step::sse_head(), Step::send(whole.clone())]).await?;
    let config = r#"{
      agents: { defaults: { model: { primary: "local/my-model" } } },
      models: { providers: { local: { baseUrl: "BASE_URL", apiKey: "x", api: "openai-responses",
        models: [ { id: "my-model", name: "My model" } ] } } },
    }"#
    .replace("BASE_URL", &server.base_url());
    let config = Config::parse(&config, "openclaw.json", &|_: &str| None)?.value;
    let state = State::assemble(config, Settings::default())?;

    let webhook: Value = serde_json::from_str(WEBHOOK)?;
    let message = &webhook["entry"][0]["changes"][0]["value"]["messages"][0];
    let (Some(from), Some(text)) = (message["from"].as_str(), message["text"]["body"].as_str())
    else {
        return Ok(());
    };
    for body in answer(&state, text).await?.chars().collect::<Vec<_>>().chunks(LONGEST) {
        let body: String = body.iter().collect();
        let reply = json!({ "messaging_product": "whatsapp", "recipient_type": "individual",
            "to": from, "type": "text", "text": { "preview_url": false, "body": body } });
        println!("{reply:#}");
    }
    Ok(())
}

/// The final text, or why there is none. With these rules reasoning is not even
/// received.
async fn answer(state: &State, prompt: &str) -> Result<String, Error> {
    let rules = Rules::default().with_final_only(true);
    let mut answering = Answering::start(state, "default", prompt, rules)?;
    let mut text = String::new();
    while let Some(said) = answering.next().await {
        if let Said::Text(piece) = said {
            text.push_str(&piece);
        }
    }
    answering.failure().map_or(Ok(text), |failure| Err(failure.into()))
}
