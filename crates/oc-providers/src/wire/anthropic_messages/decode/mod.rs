//! A client's request body to the canonical form.
//!
//! Tolerant: what this API does not know, or not yet, never refuses a request.
//! Unknown fields, blocks and tools are kept for a host of the same wire; roles
//! and blocks that are beta (a `system` message in mid-conversation) are read.
//! `max_tokens` may be missing, so that a body for `count_tokens` is read, too.
//! Strict where tolerance would change what was asked: a known field of the
//! wrong type is refused with its name.

mod block;
mod message;

use serde_json::{Map, Value};

use self::message::Reader;
use super::error::UNSUPPORTED_THREAD;
use super::inputs::Sent;
use crate::endpoint::Api;
use crate::request::{
    Effort, FunctionTool, JsonSchemaFormat, ReasoningRequest, Request, TextFormat, Tool, ToolChoice,
};
use crate::wire::extra::{self, Shapes};
use crate::wire::fields::{Fields, Place};
use crate::wire::openai_responses::BadRequest;

/// What a client asked for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MessagesRequest {
    /// The request; its `model` is what the client called it.
    pub request: Request,
    /// Whether it wants a stream of events rather than one document.
    pub stream: bool,
}

/// Fields that have a canonical form; all others go to [`Request::extra`].
const CANONICAL: &[&str] = &[
    "model",
    "messages",
    "system",
    "max_tokens",
    "stream",
    "stop_sequences",
    "temperature",
    "top_p",
    "tools",
    "tool_choice",
    "output_config",
    "output_format",
    "metadata",
];

/// Objects that have no canonical form of their own, and what of them is read.
const UNREAD: Shapes = &[
    ("output_config", &["effort", "format"]),
    ("output_config.format", &["type", "schema"]),
    ("output_format", &["type", "schema"]),
    ("messages[]", &["role", "content"]),
    ("messages[].content[thinking]", &["type", "thinking", "signature"]),
    ("messages[].content[redacted_thinking]", &["type", "data"]),
    ("messages[].content[image].source", SOURCE),
    ("messages[].content[document].source", SOURCE),
    ("messages[].content[tool_result].content[image].source", SOURCE),
    ("messages[].content[tool_result].content[document].source", SOURCE),
];

/// What is read of the source of a picture or a document.
const SOURCE: &[&str] = &["type", "media_type", "data", "url", "file_id", "content"];

/// A choice of a tool, where its type is known.
const CHOICE: Shapes = &[("tool_choice", &["type", "name", "disable_parallel_tool_use"])];

/// Reads the body of `POST /v1/messages` or of `POST /v1/messages/count_tokens`.
///
/// ```
/// use oc_providers::wire::anthropic_messages::decode_request;
///
/// let body = br#"{"model":"default","max_tokens":64,"system":"Be brief.",
///     "messages":[{"role":"user","content":"hi"}],"stream":true}"#;
/// let asked = decode_request(body)?;
/// assert!(asked.stream);
/// assert_eq!(asked.request.instructions.as_deref(), Some("Be brief."));
/// assert_eq!(asked.request.max_output_tokens, Some(64));
///
/// let refused = decode_request(br#"{"model":"default","messages":[]}"#).unwrap_err();
/// assert_eq!(refused.param.as_deref(), Some("messages"));
/// # Ok::<(), oc_providers::wire::openai_responses::BadRequest>(())
/// ```
///
/// # Errors
/// When the body is no JSON object, a field has the wrong type, `model` or
/// `messages` is missing or empty, or the conversation is to be held by the
/// server (`thread`).
pub fn decode_request(body: &[u8]) -> Result<MessagesRequest, BadRequest> {
    let (json, body) = BadRequest::object(body)?;
    let fields = Fields::new(&json, &Place::default());
    refuse_threads(&fields)?;
    let mut request = Request::new(fields.required("model")?, Vec::new());
    request.wire = Some(Api::AnthropicMessages);
    read_messages(&fields, Sent::of(&body), &mut request)?;
    request.tools = read_tools(&fields)?;
    read_tool_choice(&fields, &mut request)?;
    request.max_output_tokens = fields.count("max_tokens")?;
    request.temperature = fields.number("temperature")?;
    request.top_p = fields.number("top_p")?;
    request.stop = read_stop(&fields)?;
    read_thinking(&fields, &mut request)?;
    if let Some(metadata) = fields.object("metadata")? {
        request.user = metadata.text("user_id")?;
        request.metadata = metadata.rest(&["user_id"]);
    }
    request.extra = fields.rest(CANONICAL);
    request.unread = extra::unread(&json, UNREAD);
    if !matches!(request.tool_choice, Some(ToolChoice::Other(_))) {
        request.unread.extend(extra::unread(&json, CHOICE));
    }
    let stream = fields.flag("stream")?.unwrap_or(false);
    Ok(MessagesRequest { request, stream })
}

/// A thread leaves the earlier turns with the server (`message-threads`, beta):
/// to ignore the field would be to answer without them. The SDKs' tool runners
/// ask for one unasked, and go on without it after this refusal.
fn refuse_threads(fields: &Fields<'_>) -> Result<(), BadRequest> {
    match fields.present("thread") {
        None => Ok(()),
        Some(_) => Err(fields.place("thread").refused(
            Some(UNSUPPORTED_THREAD),
            "`thread` is not supported: send the whole conversation in `messages`".to_owned(),
        )),
    }
}

/// The conversation, from the standing orders on. As plain text they are what every
/// wire calls instructions; as blocks they stay blocks, since their cache marks count to
/// the host that made them.
fn read_messages(
    fields: &Fields<'_>,
    inputs: Sent<'_>,
    request: &mut Request,
) -> Result<(), BadRequest> {
    let place = fields.place("messages");
    if fields.present("messages").is_none() {
        return Err(place.missing());
    }
    let list = fields.list("messages")?;
    if list.is_empty() {
        return Err(place.refused(None, "`messages` must not be empty".to_owned()));
    }
    let mut reader = Reader::new(inputs);
    match fields.present("system") {
        None => {}
        Some(Value::String(text)) if text.trim().is_empty() => {}
        Some(Value::String(text)) => request.instructions = Some(text.clone()),
        Some(blocks) => reader.system(blocks, &fields.place("system"))?,
    }
    for (at, json) in list.iter().enumerate() {
        reader.message(json, &place.element(at))?;
    }
    (request.input, request.places) = reader.finish();
    Ok(())
}

fn read_tools(fields: &Fields<'_>) -> Result<Vec<Tool>, BadRequest> {
    let place = fields.place("tools");
    let tools = fields.list("tools")?.iter().enumerate();
    tools.map(|(at, tool)| read_tool(tool, &place.element(at))).collect()
}

/// A tool with a schema is a function, whatever else it says; one without is
/// the server's own (`web_search_20250305`, `tool_search_tool_regex`, …).
fn read_tool(json: &Value, place: &Place) -> Result<Tool, BadRequest> {
    let Value::Object(object) = json else { return Err(place.wrong_type("an object")) };
    let fields = Fields::new(object, place);
    let kind = fields.text("type")?.unwrap_or_else(|| "custom".to_owned());
    if kind != "custom" && fields.present("input_schema").is_none() {
        return Ok(Tool::Other(object.clone()));
    }
    let schema = fields.map("input_schema")?;
    let schema = (!schema.is_empty()).then_some(Value::Object(schema));
    let mut function = FunctionTool::new(fields.required("name")?, schema);
    function.description = fields.text("description")?;
    function.strict = fields.flag("strict")?;
    function.extra = fields.rest(&["type", "name", "description", "input_schema", "strict"]);
    Ok(Tool::Function(function))
}

fn read_tool_choice(fields: &Fields<'_>, request: &mut Request) -> Result<(), BadRequest> {
    let Some(choice) = fields.object("tool_choice")? else { return Ok(()) };
    request.tool_choice = Some(match choice.required("type")?.as_str() {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Function(choice.required("name")?),
        _ => ToolChoice::Other(Value::Object(choice.rest(&[]))),
    });
    if choice.flag("disable_parallel_tool_use")? == Some(true) {
        request.parallel_tool_calls = Some(false);
    }
    Ok(())
}

fn read_stop(fields: &Fields<'_>) -> Result<Vec<String>, BadRequest> {
    let stop = fields.read("stop_sequences", "an array of strings", |json| {
        json.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
    })?;
    Ok(stop.unwrap_or_default())
}

/// `thinking` says whether, `output_config.effort` how hard; a budget is an
/// effort in tokens.
fn read_thinking(fields: &Fields<'_>, request: &mut Request) -> Result<(), BadRequest> {
    let mut effort = None;
    if let Some(config) = fields.object("output_config")? {
        effort = config.text("effort")?.map(|word| Effort::from(word.as_str()));
        read_format(&config, "format", request)?;
    }
    // What `output_config.format` was called in its beta.
    read_format(fields, "output_format", request)?;
    let Some(thinking) = fields.object("thinking")? else {
        request.reasoning = effort.map(ReasoningRequest::new);
        return Ok(());
    };
    let effort = match thinking.text("type")?.as_deref() {
        Some("disabled") => Some(Effort::None),
        Some("enabled") => effort.or(thinking.count("budget_tokens")?.map(effort_of)),
        _ => effort,
    };
    let shown = thinking.text("display")?.as_deref() == Some("summarized");
    let summary = shown.then(|| "auto".to_owned());
    request.reasoning = Some(ReasoningRequest { effort, summary, ..Default::default() });
    Ok(())
}

/// The effort whose budget, as the encoder sends it, is nearest.
fn effort_of(budget: u64) -> Effort {
    match budget {
        ..1536 => Effort::Minimal,
        1536..5120 => Effort::Low,
        5120..12_288 => Effort::Medium,
        12_288..24_192 => Effort::High,
        _ => Effort::XHigh,
    }
}

fn read_format(fields: &Fields<'_>, key: &str, request: &mut Request) -> Result<(), BadRequest> {
    let Some(format) = fields.object(key)? else { return Ok(()) };
    request.format = Some(match format.required("type")?.as_str() {
        "json_schema" => {
            if format.present("schema").is_none() {
                return Err(format.missing("schema"));
            }
            let schema: Map<String, Value> = format.map("schema")?;
            let mut schema = JsonSchemaFormat::new("answer", Value::Object(schema));
            // This API always holds the answer to the schema.
            schema.strict = Some(true);
            TextFormat::JsonSchema(schema)
        }
        "text" => TextFormat::Text,
        _ => TextFormat::Other(Value::Object(format.rest(&[]))),
    });
    Ok(())
}
