//! A client's request body to the canonical form.
//!
//! Tolerant where clients differ: unknown fields are kept, messages may lack
//! their `type`, `input` may be a plain string, tools may be of any type.
//! Strict where tolerance would change what was asked: a known field of the
//! wrong type, and everything that needs a store of past responses, is refused
//! with the field's name.

mod item;

use std::borrow::Cow;
use std::fmt;

use oc_responses_stream::{Item, Message, Role};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::tools;
use crate::endpoint::Api;
use crate::request::{Effort, JsonSchemaFormat, ReasoningRequest, Request, TextFormat, ToolChoice};
use crate::wire::extra::{self, Shapes};
use crate::wire::surrogates::without_halves;

/// What a client asked for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClientRequest {
    /// The request; its `model` is what the client called it.
    pub request: Request,
    /// Whether it wants a stream of events rather than one document.
    pub stream: bool,
    /// The parameters that a response repeats (`instructions`, `tools`,
    /// `temperature`, …), as the client sent them. Not those that only some hosts
    /// know, nor `store`: nothing is stored.
    pub echo: Map<String, Value>,
}

/// A request body that cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadRequest {
    /// The field at fault (`input[2].call_id`).
    pub param: Option<String>,
    /// A machine-readable code, where there is one.
    pub code: Option<&'static str>,
    /// What is wrong with it. Quotes nothing of the request but field names.
    pub message: String,
}

/// A body's object, and the text that it was read from.
type ObjectAndText<'a> = (Map<String, Value>, Cow<'a, [u8]>);

impl BadRequest {
    /// The object that `body` holds, and the text that it was read from. Says where it
    /// breaks, never what it says.
    pub(crate) fn object(body: &[u8]) -> Result<ObjectAndText<'_>, Self> {
        let refused = |code, message| Self { param: None, code: Some(code), message };
        let mut body = Cow::Borrowed(body);
        let mut read = serde_json::from_slice(&body);
        if read.is_err()
            && let Ok(text) = std::str::from_utf8(&body)
            && let Cow::Owned(mended) = without_halves(text)
        {
            // Half a character is no reason to refuse a conversation.
            read = serde_json::from_str(&mended);
            body = Cow::Owned(mended.into_bytes());
        }
        match read {
            Ok(Value::Object(json)) => Ok((json, body)),
            Ok(_) => Err(refused("invalid_type", "body must be a json object".to_owned())),
            Err(at) => {
                // To the reader of values it is none; it may be JSON all the same.
                let is_json = || serde_json::from_slice::<&RawValue>(&body).is_ok();
                let fault = if at.to_string().starts_with("recursion limit") {
                    "is nested deeper than 127 levels"
                } else if is_json() {
                    "holds a number beyond 1.8e308"
                } else {
                    "is not valid json"
                };
                let (line, column) = (at.line(), at.column());
                let message = format!("body {fault}: line {line}, column {column}");
                Err(refused("invalid_json", message))
            }
        }
    }

    fn new(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), code: None, message: message.into() }
    }

    fn wrong_type(param: impl Into<String>, wanted: &str) -> Self {
        let param = param.into();
        let message = format!("`{param}` must be {wanted}");
        Self { param: Some(param), code: Some("invalid_type"), message }
    }

    fn missing(param: impl Into<String>) -> Self {
        let param = param.into();
        let message = format!("`{param}` is required");
        Self { param: Some(param), code: Some("missing_required_parameter"), message }
    }

    fn not_built(param: &str, instead: &str) -> Self {
        let message = format!("`{param}` is not supported: {instead}");
        Self { param: Some(param.to_owned()), code: Some("unsupported_parameter"), message }
    }
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BadRequest {}

/// Fields that have a canonical form; all others go to [`Request::extra`].
const CANONICAL: &[&str] = &[
    "model",
    "input",
    "instructions",
    "stream",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_output_tokens",
    "temperature",
    "top_p",
    "reasoning",
    "text",
    "metadata",
    "user",
    "include",
    "store",
    "previous_response_id",
    "conversation",
    "background",
    "stream_options",
];

/// Objects that have no canonical form of their own, and what of them is read.
const UNREAD: Shapes = &[
    ("text", &["format", "verbosity"]),
    ("stream_options", &["include_obfuscation"]),
    ("input[].content[refusal]", &["type", "refusal"]),
    ("input[reasoning].summary[]", &["type", "text"]),
    ("input[reasoning].content[]", &["type", "text"]),
];

/// `text.format`, where its type is known.
const SCHEMA: Shapes = &[("text.format", &["type", "name", "schema", "strict", "description"])];

/// A choice of a tool, where its type is known.
const CHOICE: Shapes = &[("tool_choice", &["type", "name", "mode", "tools"])];

/// Fields that a response object repeats: those that have a meaning at every host.
/// Of the others (`service_tier`, `truncation`, `store`, …) nothing is claimed that
/// may have been dropped; a host that holds to them says so in its own response.
const ECHOED: &[&str] = &[
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_output_tokens",
    "temperature",
    "top_p",
    "reasoning",
    "text",
    "metadata",
];

/// Reads the body of `POST /v1/responses`.
///
/// ```
/// use oc_providers::wire::openai_responses::decode_request;
///
/// let asked = decode_request(br#"{"model":"default","input":"hi","stream":true}"#)?;
/// assert!(asked.stream);
/// assert_eq!(asked.request.model, "default");
///
/// let refused = decode_request(br#"{"model":"default"}"#).unwrap_err();
/// assert_eq!(refused.param.as_deref(), Some("input"));
/// # Ok::<(), oc_providers::wire::openai_responses::BadRequest>(())
/// ```
///
/// # Errors
/// When the body is no JSON object, a field has the wrong type, `input` is
/// missing, or something is asked for that needs stored responses
/// (`previous_response_id`, `conversation`, `background`, an `item_reference`).
pub fn decode_request(body: &[u8]) -> Result<ClientRequest, BadRequest> {
    let (json, _) = BadRequest::object(body)?;
    refuse_stateful(&json)?;
    let fields = Fields(&json);
    let mut request = Request::new(
        fields.text("model")?.ok_or_else(|| BadRequest::missing("model"))?,
        input(&json)?,
    );
    request.wire = Some(Api::OpenaiResponses);
    request.instructions = fields.text("instructions")?;
    request.tools = read_tools(fields)?;
    request.tool_choice = read_tool_choice(fields)?;
    request.parallel_tool_calls = fields.flag("parallel_tool_calls")?;
    request.max_output_tokens = fields.count("max_output_tokens")?;
    request.temperature = fields.number("temperature")?;
    request.top_p = fields.number("top_p")?;
    request.reasoning = read_reasoning(fields)?;
    (request.format, request.verbosity) = read_text(fields)?;
    request.metadata = fields.object("metadata")?.cloned().unwrap_or_default();
    request.user = fields.text("user")?;
    request.include = fields.words("include")?;
    request.store = fields.flag("store")?;
    let stream = fields.flag("stream")?.unwrap_or(false);
    let echo = picked(&json, |key| ECHOED.contains(&key));
    request.extra = picked(&json, |key| !CANONICAL.contains(&key));
    request.unread = extra::unread(&json, UNREAD);
    if let Some(TextFormat::JsonSchema(_)) = request.format {
        request.unread.extend(extra::unread(&json, SCHEMA));
    }
    if !matches!(request.tool_choice, Some(ToolChoice::Other(_))) {
        request.unread.extend(extra::unread(&json, CHOICE));
    }
    Ok(ClientRequest { request, stream, echo })
}

fn refuse_stateful(json: &Map<String, Value>) -> Result<(), BadRequest> {
    let asked = |key: &str| json.get(key).is_some_and(|value| !value.is_null());
    let whole = "send the whole conversation in `input`";
    if asked("previous_response_id") {
        return Err(BadRequest::not_built("previous_response_id", whole));
    }
    if asked("conversation") {
        return Err(BadRequest::not_built("conversation", whole));
    }
    match json.get("background") {
        None | Some(Value::Null | Value::Bool(false)) => Ok(()),
        Some(_) => {
            Err(BadRequest::not_built("background", "leave it out and keep the stream open"))
        }
    }
}

fn input(json: &Map<String, Value>) -> Result<Vec<Item>, BadRequest> {
    match json.get("input") {
        None | Some(Value::Null) => Err(BadRequest::missing("input")),
        Some(Value::String(text)) => {
            Ok(vec![Item::Message(Message::text(Role::User, text.as_str()))])
        }
        Some(Value::Array(items)) if items.is_empty() => {
            Err(BadRequest::new("input", "`input` must not be empty"))
        }
        Some(Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(place, item)| item::decode(item, &format!("input[{place}]")))
            .collect(),
        Some(_) => Err(BadRequest::wrong_type("input", "a string or an array of items")),
    }
}

fn read_tools(fields: Fields<'_>) -> Result<Vec<crate::request::Tool>, BadRequest> {
    let Some(list) = fields.list("tools")? else { return Ok(Vec::new()) };
    list.iter()
        .enumerate()
        .map(|(place, tool)| {
            tools::decode(tool).ok_or_else(|| {
                BadRequest::wrong_type(
                    format!("tools[{place}]"),
                    "an object with a `type`, and a `name` if it is a function",
                )
            })
        })
        .collect()
}

fn read_tool_choice(fields: Fields<'_>) -> Result<Option<ToolChoice>, BadRequest> {
    let Some(json) = fields.present("tool_choice") else { return Ok(None) };
    tools::decode_choice(json).map(Some).ok_or_else(|| {
        BadRequest::wrong_type("tool_choice", "auto, none, required or an object with a `type`")
    })
}

fn read_reasoning(fields: Fields<'_>) -> Result<Option<ReasoningRequest>, BadRequest> {
    let Some(json) = fields.object("reasoning")? else { return Ok(None) };
    let effort = within("reasoning", Fields(json).text("effort"))?;
    Ok(Some(ReasoningRequest {
        effort: effort.map(|word| Effort::from(word.as_str())),
        summary: within("reasoning", Fields(json).text("summary"))?,
        extra: picked(json, |key| !["effort", "summary"].contains(&key)),
    }))
}

fn read_text(fields: Fields<'_>) -> Result<(Option<TextFormat>, Option<String>), BadRequest> {
    let Some(json) = fields.object("text")? else { return Ok((None, None)) };
    let text = Fields(json);
    let verbosity = within("text", text.text("verbosity"))?;
    let Some(format) = within("text", text.object("format"))? else {
        return Ok((None, verbosity));
    };
    let kind = within("text.format", Fields(format).text("type"))?
        .ok_or_else(|| BadRequest::missing("text.format.type"))?;
    let format = match kind.as_str() {
        "text" => TextFormat::Text,
        "json_object" => TextFormat::JsonObject,
        "json_schema" => TextFormat::JsonSchema(read_schema(Fields(format))?),
        _ => TextFormat::Other(Value::Object(format.clone())),
    };
    Ok((Some(format), verbosity))
}

fn read_schema(fields: Fields<'_>) -> Result<JsonSchemaFormat, BadRequest> {
    let place = "text.format";
    let name = within(place, fields.text("name"))?.unwrap_or_else(|| "answer".to_owned());
    let schema = within(place, fields.object("schema"))?
        .ok_or_else(|| BadRequest::missing("text.format.schema"))?;
    let mut format = JsonSchemaFormat::new(name, Value::Object(schema.clone()));
    format.strict = within(place, fields.flag("strict"))?;
    format.description = within(place, fields.text("description"))?;
    Ok(format)
}

fn picked(json: &Map<String, Value>, wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
    json.iter()
        .filter(|(key, value)| wanted(key) && !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Names the place that a nested field stands in.
fn within<T>(place: &str, read: Result<T, BadRequest>) -> Result<T, BadRequest> {
    read.map_err(|fault| {
        let field = fault.param.unwrap_or_default();
        BadRequest {
            message: fault.message.replacen(&field, &format!("{place}.{field}"), 1),
            param: Some(format!("{place}.{field}")),
            code: fault.code,
        }
    })
}

/// An object whose fields are read by type; `null` counts as absent.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn present(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn read<T>(
        self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, BadRequest> {
        match self.present(key) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| BadRequest::wrong_type(key, wanted)),
        }
    }

    fn text(self, key: &str) -> Result<Option<String>, BadRequest> {
        self.read(key, "a string", |value| value.as_str().map(str::to_owned))
    }

    fn flag(self, key: &str) -> Result<Option<bool>, BadRequest> {
        self.read(key, "true or false", Value::as_bool)
    }

    fn number(self, key: &str) -> Result<Option<f64>, BadRequest> {
        self.read(key, "a number", Value::as_f64)
    }

    fn count(self, key: &str) -> Result<Option<u64>, BadRequest> {
        self.read(key, "a whole number above 0", |value| value.as_u64().filter(|count| *count > 0))
    }

    fn object(self, key: &str) -> Result<Option<&'a Map<String, Value>>, BadRequest> {
        self.read(key, "an object", Value::as_object)
    }

    fn list(self, key: &str) -> Result<Option<&'a Vec<Value>>, BadRequest> {
        self.read(key, "an array", Value::as_array)
    }

    fn words(self, key: &str) -> Result<Vec<String>, BadRequest> {
        let words = self.read(key, "an array of strings", |value| {
            value.as_array()?.iter().map(|word| word.as_str().map(str::to_owned)).collect()
        })?;
        Ok(words.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;

/// One item of an input; `None` where it is none.
pub(in crate::wire) fn decode_item(json: &Value) -> Option<Item> {
    item::decode(json, "").ok()
}
