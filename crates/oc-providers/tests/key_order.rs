//! Keys go out in the order in which they came: a model writes its answer in the
//! order of a schema's properties, so a verdict that was to follow its reasons
//! would come before them.

use std::sync::Arc;

use futures::StreamExt as _;
use oc_providers::wire::Dialect;
use oc_providers::{Api, Delta, Endpoint, Provider, Script, ScriptedTransport};
use serde_json::Value;

/// In no alphabet's order; `pattern` is taken out where a grammar is made of it.
const SCHEMA: &str = r#"{"type":"object","properties":{"why":{"type":"string","pattern":"x"},"name":{"anyOf":[{"type":"string"},{"type":"null"}],"title":"N","description":"d"},"verdict":{"type":"boolean"},"at":{"type":"integer"}},"required":["why","name","verdict","at"],"additionalProperties":false}"#;
const CLEANED: &str = r#"{"type":"object","properties":{"why":{"type":"string"},"name":{"anyOf":[{"type":"string"},{"type":"null"}],"title":"N","description":"d"},"verdict":{"type":"boolean"},"at":{"type":"integer"}},"required":["why","name","verdict","at"],"additionalProperties":false}"#;
const ARGUMENTS: &str = r#"{"why":"so","name":null,"verdict":true,"at":{"z":1,"b":2,"y":3,"a":4}}"#;

const HOSTS: [(Api, &str); 6] = [
    (Api::OpenaiResponses, "http://127.0.0.1:8080/v1"),
    (Api::OpenaiResponses, "https://api.openai.com/v1"),
    (Api::OpenaiCompletions, "http://127.0.0.1:8080/v1"),
    (Api::OpenaiCompletions, "https://api.openai.com/v1"),
    (Api::AnthropicMessages, "http://127.0.0.1:8080"),
    (Api::AnthropicMessages, "https://api.anthropic.com"),
];

fn asked(dialect: Dialect) -> String {
    let text = Value::from(ARGUMENTS).to_string();
    match dialect {
        Dialect::Chat => format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}},
            {{"role":"assistant","tool_calls":[{{"id":"c1","type":"function",
              "function":{{"name":"f","arguments":{text}}}}}]}},
            {{"role":"tool","tool_call_id":"c1","content":"ok"}}],
            "tools":[{{"type":"function","function":{{"name":"f","parameters":{SCHEMA}}}}}],
            "response_format":{{"type":"json_schema","json_schema":{{"name":"n","schema":{SCHEMA}}}}}}}"#
        ),
        Dialect::Messages => format!(
            r#"{{"model":"m","max_tokens":64,"messages":[{{"role":"user","content":"hi"}},
            {{"role":"assistant","content":[{{"type":"tool_use","id":"c1","name":"f","input":{ARGUMENTS}}}]}},
            {{"role":"user","content":[{{"type":"tool_result","tool_use_id":"c1","content":"ok"}}]}}],
            "tools":[{{"name":"f","input_schema":{SCHEMA}}}],
            "output_config":{{"format":{{"type":"json_schema","schema":{SCHEMA}}}}}}}"#
        ),
        _ => format!(
            r#"{{"model":"m","input":[{{"role":"user","content":"hi"}},
            {{"type":"function_call","call_id":"c1","name":"f","arguments":{text}}},
            {{"type":"function_call_output","call_id":"c1","output":"ok"}}],
            "tools":[{{"type":"function","name":"f","parameters":{SCHEMA}}}],
            "text":{{"format":{{"type":"json_schema","name":"n","schema":{SCHEMA}}}}}}}"#
        ),
    }
}

/// The texts of the tool's schema and of the answer's, wherever the wire has them.
fn schemas(body: &Value) -> (String, String) {
    let one = |pointers: &[&str]| {
        let found = pointers.iter().find_map(|pointer| body.pointer(pointer));
        found.unwrap_or_else(|| panic!("none of {pointers:?} in {body}")).to_string()
    };
    let tool =
        one(&["/tools/0/parameters", "/tools/0/function/parameters", "/tools/0/input_schema"]);
    let format = body
        .pointer("/system")
        .and_then(Value::as_str)
        .and_then(|text| text.split_once('\n'))
        .map(|(_, schema)| schema.to_owned());
    let format = format.unwrap_or_else(|| {
        one(&[
            "/text/format/schema",
            "/response_format/json_schema/schema",
            "/output_config/format/schema",
        ])
    });
    (tool, format)
}

#[test]
fn a_schema_and_the_arguments_of_a_call_keep_their_order_on_every_path() {
    for dialect in Dialect::ALL {
        for (api, base) in HOSTS {
            let request = dialect.decode_request(asked(dialect).as_bytes()).expect("valid").request;
            let endpoint = Endpoint::new("p", api, base).expect("url");
            let provider = Provider::new(endpoint, Arc::new(ScriptedTransport::default()));
            let body = provider.expect("provider").encode(&request).expect("encodes").body;
            let (tool, format) = schemas(&body);
            let schema = if base.contains("127.0.0.1") { CLEANED } else { SCHEMA };
            assert_eq!(tool, schema, "{dialect:?} to {base} ({api})");
            assert_eq!(format, SCHEMA, "{dialect:?} to {base} ({api})");
            // An object on the Messages wire, text on the others.
            let (whole, text) = (body.to_string(), Value::from(ARGUMENTS).to_string());
            assert!(whole.contains(ARGUMENTS) || whole.contains(&text), "{dialect:?}: {whole}");
        }
    }
}

#[tokio::test]
async fn the_input_of_a_call_keeps_its_order_on_the_way_back() {
    let body = format!(
        r#"{{"id":"msg_1","type":"message","role":"assistant","model":"m","stop_reason":"tool_use",
        "content":[{{"type":"tool_use","id":"c1","name":"f","input":{ARGUMENTS}}}],
        "usage":{{"input_tokens":1,"output_tokens":1}}}}"#
    );
    let script = Script::json(200, body);
    let endpoint =
        Endpoint::new("p", Api::AnthropicMessages, "http://127.0.0.1:8080").expect("url");
    let transport = ScriptedTransport::new([script]);
    let provider = Provider::new(endpoint, Arc::new(transport)).expect("provider");
    let asked = Dialect::Chat.decode_request(asked(Dialect::Chat).as_bytes()).expect("valid");
    let deltas: Vec<_> = provider.deltas(asked.request).collect().await;
    let arguments: String = deltas
        .into_iter()
        .filter_map(|delta| match delta.expect("no error") {
            Delta::ToolCallArguments(piece) => Some(piece.text),
            _ => None,
        })
        .collect();
    assert_eq!(arguments, ARGUMENTS);
}
