//! A provider of your own: any server that speaks a known wire, reached by any
//! transport, asked in one form.
//!
//! Here the server is scripted, so that nothing is sent anywhere. For a real
//! one, put `ReqwestTransport::new()` in its place.
//!
//! ```sh
//! cargo run -p oc-providers --example custom_provider
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what comes out")]

use std::sync::Arc;

use futures::StreamExt as _;
use oc_providers::{
    Api, ApiKey, Delta, Endpoint, FunctionTool, ModelFacts, Provider, ProviderError, Request,
    Script, ScriptedTransport, Tool,
};
use serde_json::json;

/// What a local server behind the Messages API might say: it thinks, says a
/// word, and calls a tool, with its blocks overlapping as llama-server has them.
const ANSWER: &str = r#"data: {"type":"message_start","message":{"id":"m1","model":"house-model"}}

data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"They want the weather."}}

data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Let me look."}}

data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"get_weather","input":{}}}

data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"city\":\"Oslo\"}"}}

data: {"type":"content_block_stop","index":2}

data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":31}}

data: {"type":"message_stop"}

"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ProviderError> {
    let endpoint = Endpoint::new("house", Api::AnthropicMessages, "http://gpu-box.local:8080")?
        .key(ApiKey::new("sk-house"))
        .header("x-team", "research")?
        .model("house-model", ModelFacts::new().with_max_output_tokens(4096));
    let transport = Arc::new(ScriptedTransport::new([Script::sse(ANSWER)]));
    let provider = Provider::new(endpoint, transport.clone())?;

    let mut request = Request::text("house-model", "What is the weather in Oslo?");
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    request.tools = vec![Tool::Function(FunctionTool::new("get_weather", Some(schema)))];

    let mut deltas = provider.stream(&request).await?;
    while let Some(delta) = deltas.next().await {
        match delta? {
            Delta::Reasoning(piece) => println!("thinks  {}", piece.text),
            Delta::Text(piece) => println!("says    {}", piece.text),
            Delta::ToolCallStart(call) => println!("calls   {}", call.name),
            Delta::ToolCallArguments(piece) => println!("with    {}", piece.text),
            Delta::Finish(finish) => println!("ends    {:?}", finish.reason),
            _ => {}
        }
    }
    for sent in transport.sent() {
        println!("asked   {} with {}", sent.url, sent.body);
    }
    Ok(())
}
