//! The laws that the fuzz targets hold any input to.

mod answer;
mod asked;
mod client;
mod request;

pub use answer::answer;
pub use request::request;

use std::sync::Arc;

use oc_providers::{Api, Endpoint, Limits, ModelFacts, Provider, Script, ScriptedTransport};

/// Where each wire is spoken: a box, and the API's own host.
const HOSTS: [(Api, &str); 6] = [
    (Api::OpenaiResponses, "http://127.0.0.1:1234/v1"),
    (Api::OpenaiResponses, "https://api.openai.com/v1"),
    (Api::OpenaiCompletions, "http://127.0.0.1:8000/v1"),
    (Api::OpenaiCompletions, "https://api.openai.com/v1"),
    (Api::AnthropicMessages, "http://127.0.0.1:8080"),
    (Api::AnthropicMessages, "https://api.anthropic.com"),
];

fn endpoint(api: Api, base: &str) -> Endpoint {
    let facts = ModelFacts::new().with_reasoning(true).with_max_output_tokens(64_000);
    Endpoint::new("up", api, base)
        .expect("url")
        .limits(Limits::untimed().with_sizes(4096, 1 << 16))
        .model("m", facts)
}

fn provider(endpoint: Endpoint, scripts: Vec<Script>) -> Provider {
    Provider::new(endpoint, Arc::new(ScriptedTransport::new(scripts))).expect("provider")
}
