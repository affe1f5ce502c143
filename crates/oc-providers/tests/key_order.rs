//! What models write and read as JSON keeps its letters, wherever a wire has it as
//! text or as an object: numbers, keys that stand twice, and the order. A model writes
//! its answer in the order of a schema's properties, so a verdict that was to follow
//! its reasons would come before them.

use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use futures::future::BoxFuture;
use oc_providers::wire::Dialect;
use oc_providers::{
    Api, Delta, Endpoint, HttpRequest, HttpResponse, Provider, Script, ScriptedTransport,
    Transport, TransportError, TransportErrorKind,
};
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

/// Numbers that no machine holds, a key that stands twice, a negative nought.
const GREAT: &str =
    r#"{"n":12345678901234567890123,"e":1e400,"z":-0.0,"n":1.10,"t":"1 : 2","a":[0.30, {"n": 1}]}"#;
/// What of it a body can hold that is read as JSON.
const READABLE: &str =
    r#"{"n":12345678901234567890123,"z":-0.0,"n":1.10,"t":"1 : 2","a":[0.30, {"n": 1}]}"#;

/// Keeps the bytes of what is sent, and answers nothing.
#[derive(Debug, Default)]
struct Kept(Mutex<Vec<u8>>);

#[async_trait::async_trait]
impl Transport for Kept {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        *self.0.lock().expect("a lock") = request.body.to_vec();
        Err(TransportError::new(TransportErrorKind::Connect))
    }

    fn sleep(&self, _: std::time::Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// As it is written without white space.
fn compact(json: &str) -> String {
    json.replace("0.30, ", "0.30,").replace("\"n\": 1}", "\"n\":1}")
}

#[tokio::test]
async fn the_arguments_of_a_call_go_out_to_the_letter() {
    for dialect in Dialect::ALL {
        let given = if dialect == Dialect::Messages { READABLE } else { GREAT };
        let text = |json: &str| Value::from(json).to_string();
        let body = asked(dialect).replace(ARGUMENTS, given).replace(&text(ARGUMENTS), &text(given));
        let request = dialect.decode_request(body.as_bytes()).expect("valid").request;
        let wanted = if dialect == Dialect::Messages { compact(given) } else { given.to_owned() };
        for (api, base) in HOSTS {
            let transport = Arc::new(Kept::default());
            let endpoint = Endpoint::new("p", api, base).expect("url");
            let provider = Provider::new(endpoint, transport.clone()).expect("provider");
            let _ = provider.collect(&request).await;
            let sent = transport.0.lock().expect("a lock").clone();
            let sent = String::from_utf8_lossy(&sent).into_owned();
            let there = sent.contains(&wanted) || sent.contains(&text(&wanted));
            assert!(there, "{dialect:?} to {base} ({api}): {sent}");
        }
    }
}

/// They lost digits where they came as an object: in a whole message, or in the
/// start of a block.
#[tokio::test]
async fn the_input_of_a_call_comes_back_to_the_letter() {
    let block = format!(r#"{{"type":"tool_use","id":"c1","name":"f","input":{GREAT}}}"#);
    let document = format!(
        r#"{{"id":"msg_1","type":"message","role":"assistant","model":"m","stop_reason":"tool_use",
        "content":[{block}],"usage":{{"input_tokens":1,"output_tokens":1}}}}"#
    );
    let event = |json: String| format!("data: {json}\n\n");
    let stream = [
        event(r#"{"type":"message_start","message":{"id":"m"}}"#.to_owned()),
        event(format!(r#"{{"type":"content_block_start","index":0,"content_block":{block}}}"#)),
        event(r#"{"type":"content_block_stop","index":0}"#.to_owned()),
        event(r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#.to_owned()),
        event(r#"{"type":"message_stop"}"#.to_owned()),
    ];
    let chat = Value::from(GREAT).to_string();
    let completion = format!(
        r#"{{"choices":[{{"message":{{"tool_calls":[{{"id":"c1","type":"function",
        "function":{{"name":"f","arguments":{chat}}}}}]}},"finish_reason":"tool_calls"}}]}}"#
    );
    let bare = completion.replace(&chat, GREAT);
    for (api, script, wanted) in [
        (Api::AnthropicMessages, Script::json(200, document), compact(GREAT)),
        (Api::AnthropicMessages, Script::sse(stream.concat()), compact(GREAT)),
        (Api::OpenaiCompletions, Script::json(200, completion), GREAT.to_owned()),
        (Api::OpenaiCompletions, Script::json(200, bare), compact(GREAT)),
    ] {
        // A client of another wire, and one whose frames are relayed.
        for dialect in Dialect::ALL {
            let endpoint = Endpoint::new("p", api, "http://127.0.0.1:8080").expect("url");
            let transport = ScriptedTransport::new([script.clone()]);
            let provider = Provider::new(endpoint, Arc::new(transport)).expect("provider");
            let request = dialect.decode_request(asked(dialect).as_bytes()).expect("valid");
            let deltas = provider.deltas(request.request).collect::<Vec<_>>().await;
            let arguments: String = deltas
                .into_iter()
                .filter_map(|delta| match delta.expect("no error") {
                    Delta::ToolCallArguments(piece) => Some(piece.text),
                    _ => None,
                })
                .collect();
            assert_eq!(arguments, wanted, "{api} to {dialect:?}");
        }
    }
}
