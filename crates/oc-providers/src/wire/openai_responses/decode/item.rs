//! One item of a client's `input`.

use oc_responses_stream::{
    CallId, FilePart, FunctionCall, FunctionCallOutput, ImagePart, Item, ItemId, ItemStatus,
    Message, OtherItem, Part, Phase, Reasoning, Role, TextPart,
};
use serde_json::{Map, Value};

use super::{BadRequest, Fields, within};
use crate::wire::extra;

pub(super) fn decode(json: &Value, place: &str) -> Result<Item, BadRequest> {
    let Value::Object(json) = json else {
        return Err(BadRequest::wrong_type(place, "an object"));
    };
    let fields = Fields(json);
    let kind = within(place, fields.text("type"))?;
    match kind.as_deref() {
        Some("message") => message(json, place),
        None if json.contains_key("role") => message(json, place),
        None => Err(BadRequest::missing(format!("{place}.type"))),
        Some("function_call") => function_call(json, place),
        Some("function_call_output") => function_call_output(json, place),
        Some("reasoning") => within(place, reasoning(fields)),
        Some("item_reference") => Err(BadRequest::not_built(
            place,
            "an `item_reference` needs stored responses, and nothing is stored; set `store: false`, so \
             that the client sends the item itself (Vercel AI SDK: among the provider's options)",
        )),
        Some(_) => Ok(Item::Other(OtherItem::new(json.clone()))),
    }
}

fn message(json: &Map<String, Value>, place: &str) -> Result<Item, BadRequest> {
    let fields = Fields(json);
    let role = match within(place, fields.text("role"))?.as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        _ => {
            return Err(BadRequest::wrong_type(
                format!("{place}.role"),
                "user, assistant, system or developer",
            ));
        }
    };
    let content = match fields.present("content") {
        // Some clients replay an assistant turn without text as null.
        None if role == Role::Assistant => Vec::new(),
        None => return Err(BadRequest::missing(format!("{place}.content"))),
        Some(content) => parts(content, &format!("{place}.content"))?,
    };
    let mut message = Message::new(role, content);
    message.id = id(fields, place)?;
    message.status = status(fields);
    message.phase = match fields.present("phase").and_then(Value::as_str) {
        Some("commentary") => Some(Phase::Commentary),
        Some("final_answer") => Some(Phase::FinalAnswer),
        _ => None,
    };
    message.extra = rest(json, &["type", "role", "content", "id", "status", "phase"]);
    Ok(Item::Message(message))
}

fn function_call(json: &Map<String, Value>, place: &str) -> Result<Item, BadRequest> {
    let fields = Fields(json);
    let arguments = match fields.present("arguments") {
        None => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let mut call = FunctionCall::new(
        call_id(fields, place)?,
        within(place, fields.text("name"))?
            .ok_or_else(|| BadRequest::missing(format!("{place}.name")))?,
        arguments,
    );
    call.id = id(fields, place)?;
    call.status = status(fields);
    call.extra = rest(json, &["type", "call_id", "name", "arguments", "id", "status"]);
    Ok(Item::FunctionCall(call))
}

fn function_call_output(json: &Map<String, Value>, place: &str) -> Result<Item, BadRequest> {
    let fields = Fields(json);
    let output = match fields.present("output") {
        None => Vec::new(),
        Some(Value::Array(list)) if list.iter().all(|part| part.get("type").is_some()) => {
            parts(&Value::Array(list.clone()), &format!("{place}.output"))?
        }
        Some(Value::String(text)) => vec![Part::text(text.as_str())],
        // Not in the schema, but sent: a result as bare JSON.
        Some(other) => vec![Part::text(other.to_string())],
    };
    let mut result = FunctionCallOutput::new(call_id(fields, place)?, output);
    result.id = id(fields, place)?;
    result.status = status(fields);
    result.extra = rest(json, &["type", "call_id", "output", "id", "status"]);
    Ok(Item::FunctionCallOutput(result))
}

fn reasoning(fields: Fields<'_>) -> Result<Item, BadRequest> {
    let mut reasoning = Reasoning::default();
    reasoning.id = fields.text("id")?.map(ItemId::from);
    reasoning.summary = texts(fields.list("summary")?);
    reasoning.content = texts(fields.list("content")?);
    reasoning.encrypted_content = fields.text("encrypted_content")?;
    reasoning.status = status(fields);
    let known = ["type", "id", "summary", "content", "encrypted_content", "status"];
    reasoning.extra = rest(fields.0, &known);
    Ok(Item::Reasoning(reasoning))
}

fn texts(parts: Option<&Vec<Value>>) -> Vec<String> {
    parts
        .into_iter()
        .flatten()
        .filter_map(|part| part.get("text").and_then(Value::as_str).map(str::to_owned))
        .collect()
}

fn parts(content: &Value, place: &str) -> Result<Vec<Part>, BadRequest> {
    match content {
        Value::String(text) => Ok(vec![Part::text(text.as_str())]),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(at, json)| part(json, &format!("{place}[{at}]")))
            .collect(),
        _ => Err(BadRequest::wrong_type(place, "a string or an array of parts")),
    }
}

fn part(json: &Value, place: &str) -> Result<Part, BadRequest> {
    let Value::Object(json) = json else {
        return Err(BadRequest::wrong_type(place, "an object"));
    };
    let fields = Fields(json);
    let kind = match within(place, fields.text("type"))? {
        Some(kind) => kind,
        // Some clients leave it out where it goes without saying.
        None if json.get("text").is_some_and(Value::is_string) => "text".to_owned(),
        None => return Err(BadRequest::missing(format!("{place}.type"))),
    };
    let part = match kind.as_str() {
        "input_text" | "output_text" | "text" => text_part(json, place)?,
        "refusal" => Part::Refusal(within(place, fields.text("refusal"))?.unwrap_or_default()),
        "input_image" => image_part(json, place)?,
        "input_file" => file_part(json, place)?,
        _ => Part::Other(Value::Object(json.clone())),
    };
    Ok(part)
}

fn text_part(json: &Map<String, Value>, place: &str) -> Result<Part, BadRequest> {
    let fields = Fields(json);
    let text = within(place, fields.text("text"))?
        .ok_or_else(|| BadRequest::missing(format!("{place}.text")))?;
    let mut part = TextPart::new(text);
    part.annotations = within(place, fields.list("annotations"))?.cloned().unwrap_or_default();
    part.extra = rest(json, &["type", "text", "annotations", "logprobs"]);
    Ok(Part::Text(part))
}

fn image_part(json: &Map<String, Value>, place: &str) -> Result<Part, BadRequest> {
    let fields = Fields(json);
    let mut image = ImagePart::default();
    image.detail = within(place, fields.text("detail"))?;
    image.extra = rest(json, &["type", "image_url", "file_id", "detail"]);
    match fields.present("image_url") {
        // The Chat API's shape, which some clients send here, too.
        Some(Value::Object(nested)) => {
            let place = format!("{place}.image_url");
            image.image_url = within(&place, Fields(nested).text("url"))?;
            let detail = within(&place, Fields(nested).text("detail"))?;
            image.detail = image.detail.or(detail);
            extra::spread(&mut image.extra, "image_url", rest(nested, &["url", "detail"]));
        }
        _ => image.image_url = within(place, fields.text("image_url"))?,
    }
    image.file_id = within(place, fields.text("file_id"))?;
    if image.image_url.is_none() && image.file_id.is_none() {
        return Err(BadRequest::missing(format!("{place}.image_url")));
    }
    Ok(Part::Image(image))
}

fn file_part(json: &Map<String, Value>, place: &str) -> Result<Part, BadRequest> {
    let fields = Fields(json);
    let mut file = FilePart::default();
    file.file_data = within(place, fields.text("file_data"))?;
    file.file_id = within(place, fields.text("file_id"))?;
    file.file_url = within(place, fields.text("file_url"))?;
    file.filename = within(place, fields.text("filename"))?;
    file.extra = rest(json, &["type", "file_data", "file_id", "file_url", "filename"]);
    Ok(Part::File(file))
}

fn call_id(fields: Fields<'_>, place: &str) -> Result<CallId, BadRequest> {
    within(place, fields.text("call_id"))?
        .filter(|id| !id.is_empty())
        .map(CallId::from)
        .ok_or_else(|| BadRequest::missing(format!("{place}.call_id")))
}

fn id(fields: Fields<'_>, place: &str) -> Result<Option<ItemId>, BadRequest> {
    Ok(within(place, fields.text("id"))?.map(ItemId::from))
}

fn status(fields: Fields<'_>) -> Option<ItemStatus> {
    match fields.present("status").and_then(Value::as_str) {
        Some("completed") => Some(ItemStatus::Completed),
        Some("incomplete") => Some(ItemStatus::Incomplete),
        Some("in_progress") => Some(ItemStatus::InProgress),
        _ => None,
    }
}

fn rest(json: &Map<String, Value>, known: &[&str]) -> Map<String, Value> {
    json.iter()
        .filter(|(key, value)| !known.contains(&key.as_str()) && !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
