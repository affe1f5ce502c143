//! A client's request body to the canonical form.
//!
//! Tolerant where clients differ: unknown fields are kept, content may be text
//! or parts, reasoning is taken from every field that it is handed back in,
//! tools may be flat, `functions` may stand for `tools`. Strict where tolerance
//! would change what was asked: a known field of the wrong type is refused with
//! its name, as is what cannot be served (audio).

mod message;

use std::collections::BTreeSet;

use oc_responses_stream::Item;
use serde_json::Value;

use self::message::Reader;
use super::tools;
use crate::endpoint::Api;
use crate::request::{
    Effort, JsonSchemaFormat, ReasoningRequest, Request, TextFormat, Tool, ToolChoice,
};
use crate::wire::Places;
use crate::wire::extra::{self, Shapes};
pub(super) use crate::wire::fields;
use crate::wire::fields::{Fields, Place};
use crate::wire::openai_responses::BadRequest;

/// What a client asked for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ChatRequest {
    /// The request; its `model` is what the client called it.
    pub request: Request,
    /// Whether it wants a stream of chunks rather than one document.
    pub stream: bool,
    /// Whether a stream shall end in a chunk with the token counts
    /// (`stream_options.include_usage`).
    pub include_usage: bool,
}

/// Fields that have a canonical form; all others go to [`Request::extra`].
const CANONICAL: &[&str] = &[
    "model",
    "messages",
    "stream",
    "stream_options",
    "tools",
    "functions",
    "tool_choice",
    "function_call",
    "parallel_tool_calls",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "stop",
    "response_format",
    "reasoning_effort",
    "reasoning",
    "verbosity",
    "metadata",
    "user",
    "store",
    "n",
    "modalities",
    "audio",
];

/// Objects that have no canonical form of their own, and what of them is read.
const UNREAD: Shapes = &[
    ("stream_options", &["include_usage", "include_obfuscation"]),
    ("response_format", &["type", "json_schema"]),
    ("response_format.json_schema", &["name", "schema", "strict", "description"]),
    ("reasoning", &["effort"]),
    ("messages[].content[refusal]", &["type", "refusal"]),
    ("messages[].function_call", &["name", "arguments"]),
];

/// A choice of a tool, where its type is known.
const CHOICE: Shapes = &[
    ("tool_choice", &["type", "function", "name", "allowed_tools", "mode", "tools"]),
    ("tool_choice.function", &["name"]),
    ("tool_choice.allowed_tools", &["mode", "tools"]),
];

/// The most answers that a request may ask for: OpenAI's own bound.
const MOST_CHOICES: u32 = 128;

/// Reads the body of `POST /v1/chat/completions`.
///
/// ```
/// use oc_providers::wire::openai_completions::decode_request;
///
/// let body = br#"{"model":"default","messages":[{"role":"user","content":"hi"}],"stream":true}"#;
/// let asked = decode_request(body)?;
/// assert!(asked.stream && !asked.include_usage);
/// assert_eq!(asked.request.model, "default");
///
/// let refused = decode_request(br#"{"model":"default","messages":[]}"#).unwrap_err();
/// assert_eq!(refused.param.as_deref(), Some("messages"));
/// # Ok::<(), oc_providers::wire::openai_responses::BadRequest>(())
/// ```
///
/// # Errors
/// When the body is no JSON object, a field has the wrong type, `model` or
/// `messages` is missing or empty, or more than 128 answers (`n`) or audio
/// are asked for.
pub fn decode_request(body: &[u8]) -> Result<ChatRequest, BadRequest> {
    let (json, _) = BadRequest::object(body)?;
    let fields = Fields::new(&json, &Place::default());
    refuse_what_is_not_built(&fields)?;
    let mut request = Request::new(fields.required("model")?, Vec::new());
    request.wire = Some(Api::OpenaiCompletions);
    let (input, places, unread) = messages(&fields)?;
    (request.input, request.places) = (input, places);
    request.unread.extend(unread);
    request.tools = read_tools(&fields)?;
    request.tool_choice = read_tool_choice(&fields)?;
    request.parallel_tool_calls = fields.flag("parallel_tool_calls")?;
    let newer = fields.count("max_completion_tokens")?;
    let older = fields.count("max_tokens")?;
    request.max_output_tokens = newer.or(older);
    request.temperature = fields.number("temperature")?;
    request.top_p = fields.number("top_p")?;
    request.stop = read_stop(&fields)?;
    request.format = read_format(&fields)?;
    request.reasoning = read_reasoning(&fields)?;
    request.verbosity = fields.text("verbosity")?;
    request.metadata = fields.map("metadata")?;
    request.user = fields.text("user")?;
    request.store = fields.flag("store")?;
    request.choices = read_choices(&fields)?;
    request.extra = fields.rest(CANONICAL);
    request.unread.extend(extra::unread(&json, UNREAD));
    if !matches!(request.tool_choice, Some(ToolChoice::Other(_))) {
        request.unread.extend(extra::unread(&json, CHOICE));
    }
    let options = fields.object("stream_options")?;
    let include_usage = match options {
        Some(options) => options.flag("include_usage")?.unwrap_or(false),
        None => false,
    };
    let stream = fields.flag("stream")?.unwrap_or(false);
    Ok(ChatRequest { request, stream, include_usage })
}

/// How many answers are wanted, where it is more than one.
fn read_choices(fields: &Fields<'_>) -> Result<Option<u32>, BadRequest> {
    let asked = fields.count("n")?.map(|asked| u32::try_from(asked).unwrap_or(u32::MAX));
    match asked {
        Some(asked) if !(1..=MOST_CHOICES).contains(&asked) => {
            let message = format!("`n` must be from 1 to {MOST_CHOICES}");
            Err(fields.place("n").refused(Some("invalid_value"), message))
        }
        asked => Ok(asked.filter(|asked| *asked > 1)),
    }
}

fn refuse_what_is_not_built(fields: &Fields<'_>) -> Result<(), BadRequest> {
    let speaks = fields.list("modalities")?.iter().any(|modality| modality == "audio");
    if speaks || fields.present("audio").is_some() {
        let place = fields.place(if speaks { "modalities" } else { "audio" });
        return Err(place.not_supported("answers are text"));
    }
    Ok(())
}

type Said = (Vec<Item>, Places, BTreeSet<String>);

fn messages(fields: &Fields<'_>) -> Result<Said, BadRequest> {
    let place = fields.place("messages");
    if fields.present("messages").is_none() {
        return Err(place.missing());
    }
    let list = fields.list("messages")?;
    if list.is_empty() {
        return Err(place.refused(None, "`messages` must not be empty".to_owned()));
    }
    let mut reader = Reader::default();
    for (at, json) in list.iter().enumerate() {
        reader.message(json, &place.element(at))?;
    }
    Ok(reader.finish())
}

fn read_tools(fields: &Fields<'_>) -> Result<Vec<Tool>, BadRequest> {
    let mut list = Vec::new();
    let place = fields.place("tools");
    for (at, tool) in fields.list("tools")?.iter().enumerate() {
        list.push(tools::decode(tool, &place.element(at))?);
    }
    let place = fields.place("functions");
    for (at, function) in fields.list("functions")?.iter().enumerate() {
        let place = place.element(at);
        let object = function.as_object().ok_or_else(|| place.wrong_type("an object"))?;
        list.push(Tool::Function(tools::decode_function(&Fields::new(object, &place))?));
    }
    Ok(list)
}

fn read_tool_choice(fields: &Fields<'_>) -> Result<Option<ToolChoice>, BadRequest> {
    let wanted = "auto, none, required or an object with a `type`";
    match fields.read("tool_choice", wanted, tools::decode_choice)? {
        Some(choice) => Ok(Some(choice)),
        None => fields.read("function_call", "auto, none or a name", tools::decode_choice),
    }
}

fn read_stop(fields: &Fields<'_>) -> Result<Vec<String>, BadRequest> {
    let stop = fields.read("stop", "a string or an array of strings", |json| match json {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(list) => list.iter().map(|text| text.as_str().map(str::to_owned)).collect(),
        _ => None,
    })?;
    Ok(stop.unwrap_or_default())
}

fn read_reasoning(fields: &Fields<'_>) -> Result<Option<ReasoningRequest>, BadRequest> {
    let word = match fields.text("reasoning_effort")? {
        Some(word) => Some(word),
        // OpenRouter's shape.
        None => match fields.object("reasoning")? {
            Some(reasoning) => reasoning.text("effort")?,
            None => None,
        },
    };
    Ok(word.map(|word| ReasoningRequest::new(Effort::from(word.as_str()))))
}

fn read_format(fields: &Fields<'_>) -> Result<Option<TextFormat>, BadRequest> {
    let Some(format) = fields.object("response_format")? else { return Ok(None) };
    Ok(Some(match format.required("type")?.as_str() {
        "text" => TextFormat::Text,
        "json_object" => TextFormat::JsonObject,
        "json_schema" => TextFormat::JsonSchema(read_schema(&format)?),
        _ => TextFormat::Other(Value::Object(format.rest(&[]))),
    }))
}

fn read_schema(format: &Fields<'_>) -> Result<JsonSchemaFormat, BadRequest> {
    let Some(nested) = format.object("json_schema")? else {
        return Err(format.missing("json_schema"));
    };
    let name = nested.text("name")?.unwrap_or_else(|| "answer".to_owned());
    if nested.present("schema").is_none() {
        return Err(nested.missing("schema"));
    }
    let mut schema = JsonSchemaFormat::new(name, Value::Object(nested.map("schema")?));
    schema.strict = nested.flag("strict")?;
    schema.description = nested.text("description")?;
    Ok(schema)
}
