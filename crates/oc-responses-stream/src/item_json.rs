//! Items as the Responses API writes them, both ways.

use serde_json::{Map, Value, json};

use crate::{
    FunctionCall, FunctionCallOutput, Item, ItemStatus, Message, OtherItem, Part, Phase, Reasoning,
    Role, TextPart, Usage,
};

type Object = Map<String, Value>;

impl Usage {
    /// Writes the counts with every key that strict clients need.
    ///
    /// ```
    /// let usage = oc_responses_stream::Usage::default();
    /// assert_eq!(usage.to_json()["input_tokens_details"]["cached_tokens"], 0);
    /// ```
    pub fn to_json(&self) -> Value {
        json!({
            "input_tokens": self.input_tokens,
            "input_tokens_details": {
                "cached_tokens": self.cached_tokens,
                "cache_write_tokens": self.cache_write_tokens,
            },
            "output_tokens": self.output_tokens,
            "output_tokens_details": { "reasoning_tokens": self.reasoning_tokens },
            "total_tokens": self.total_tokens,
        })
    }
}

impl Item {
    /// Reads an *output* item. Never fails: what has no canonical form, or lacks
    /// what its form needs, is kept whole as [`Item::Other`].
    pub fn from_json(json: Object) -> Self {
        let known = match text(&json, "type").as_deref() {
            Some("message") => message(&json).map(Self::Message),
            Some("reasoning") => Some(Self::Reasoning(reasoning(&json))),
            Some("function_call") => function_call(&json).map(Self::FunctionCall),
            Some("function_call_output") => call_output(&json).map(Self::FunctionCallOutput),
            _ => None,
        };
        known.unwrap_or_else(|| Self::Other(OtherItem::new(json)))
    }

    /// Writes the item with every key that strict clients insist on (an id only
    /// where the item has one).
    pub fn to_json(&self) -> Value {
        match self {
            Self::Message(message) => message_json(message),
            Self::Reasoning(reasoning) => reasoning_json(reasoning),
            Self::FunctionCall(call) => call_json(call),
            Self::FunctionCallOutput(output) => output_json(output),
            Self::Other(other) => Value::Object(other.json.clone()),
        }
    }
}

fn message(json: &Object) -> Option<Message> {
    let role = match json.get("role").and_then(Value::as_str) {
        Some("assistant") | None => Role::Assistant,
        Some("user") => Role::User,
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        Some(_) => return None,
    };
    let content = match json.get("content") {
        Some(Value::String(text)) => vec![Part::text(text)],
        Some(Value::Array(parts)) => parts.iter().map(part).collect(),
        _ => Vec::new(),
    };
    let mut message = Message::new(role, content);
    message.id = text(json, "id").map(Into::into);
    message.status = status(json);
    message.phase = match text(json, "phase").as_deref() {
        Some("commentary") => Some(Phase::Commentary),
        Some("final_answer") => Some(Phase::FinalAnswer),
        _ => None,
    };
    message.extra = unknown(json, &["type", "id", "role", "content"]);
    Some(message)
}

fn part(json: &Value) -> Part {
    let Some(object) = json.as_object() else { return Part::Other(json.clone()) };
    match text(object, "type").as_deref() {
        Some("output_text" | "text" | "input_text") => Part::Text(TextPart {
            text: text(object, "text").unwrap_or_default(),
            annotations: object
                .get("annotations")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default(),
            logprobs: object.get("logprobs").filter(|value| is_filled(value)).cloned(),
            extra: rest(object, &["type", "text", "annotations", "logprobs"]),
        }),
        Some("refusal") => Part::Refusal(text(object, "refusal").unwrap_or_default()),
        _ => Part::Other(json.clone()),
    }
}

fn reasoning(json: &Object) -> Reasoning {
    let texts = |key: &str| -> Vec<String> {
        let parts = json.get(key).and_then(Value::as_array).into_iter().flatten();
        parts.filter_map(Value::as_object).filter_map(|part| text(part, "text")).collect()
    };
    Reasoning {
        id: text(json, "id").map(Into::into),
        summary: texts("summary"),
        content: texts("content"),
        encrypted_content: text(json, "encrypted_content").filter(|seal| !seal.is_empty()),
        status: status(json),
        extra: unknown(json, &["type", "id", "summary", "content", "encrypted_content"]),
    }
}

/// `None` where something in it has no place in the canonical form.
fn call_output(json: &Object) -> Option<FunctionCallOutput> {
    let output = match json.get("output")? {
        Value::String(text) => vec![Part::text(text)],
        Value::Array(parts) => parts.iter().map(part).collect(),
        _ => return None,
    };
    let mut result = FunctionCallOutput::new(text(json, "call_id")?, output);
    result.id = text(json, "id").map(Into::into);
    result.status = status(json);
    let is_whole = output_json(&result).as_object() == Some(json);
    is_whole.then_some(result)
}

fn function_call(json: &Object) -> Option<FunctionCall> {
    let arguments = text(json, "arguments").unwrap_or_default();
    let mut call = FunctionCall::new(text(json, "call_id")?, text(json, "name")?, arguments);
    call.id = text(json, "id").map(Into::into);
    call.status = status(json);
    call.extra = unknown(json, &["type", "id", "call_id", "name", "arguments"]);
    Some(call)
}

fn message_json(message: &Message) -> Value {
    let output = message.role == Role::Assistant;
    let mut json = head("message", message.id.as_ref().map(|id| id.as_str()), message.status);
    json.insert("role".to_owned(), message.role.as_str().into());
    let parts = message.content.iter().map(|part| part_json(part, output));
    json.insert("content".to_owned(), parts.collect());
    // Strict schemas allow the key to be absent, not to be null.
    if let Some(phase) = message.phase {
        json.insert("phase".to_owned(), phase.as_str().into());
    }
    with_rest(json, &message.extra)
}

/// A part in an assistant's message (`output_*`) or in what is said to it.
fn part_json(part: &Part, output: bool) -> Value {
    match part {
        Part::Text(text) if output => {
            let mut json = Object::new();
            json.insert("type".to_owned(), "output_text".into());
            json.insert("text".to_owned(), text.text.clone().into());
            json.insert("annotations".to_owned(), text.annotations.clone().into());
            json.insert("logprobs".to_owned(), text.logprobs.clone().unwrap_or_else(|| json!([])));
            with_rest(json, &text.extra)
        }
        Part::Text(text) => {
            let mut json = Object::new();
            json.insert("type".to_owned(), "input_text".into());
            json.insert("text".to_owned(), text.text.clone().into());
            with_rest(json, &text.extra)
        }
        Part::Refusal(refusal) => json!({"type": "refusal", "refusal": refusal}),
        Part::Image(image) => {
            let mut json = Object::new();
            json.insert("type".to_owned(), "input_image".into());
            set(&mut json, "image_url", image.image_url.as_ref());
            set(&mut json, "file_id", image.file_id.as_ref());
            set(&mut json, "detail", image.detail.as_ref());
            with_rest(json, &image.extra)
        }
        Part::File(file) => {
            let mut json = Object::new();
            json.insert("type".to_owned(), "input_file".into());
            set(&mut json, "file_data", file.file_data.as_ref());
            set(&mut json, "file_id", file.file_id.as_ref());
            set(&mut json, "file_url", file.file_url.as_ref());
            set(&mut json, "filename", file.filename.as_ref());
            with_rest(json, &file.extra)
        }
        Part::Other(json) => json.clone(),
    }
}

fn reasoning_json(reasoning: &Reasoning) -> Value {
    let parts = |kind: &str, texts: &[String]| -> Value {
        texts.iter().map(|text| json!({"type": kind, "text": text})).collect()
    };
    let id = reasoning.id.as_ref().map(|id| id.as_str());
    let mut json = head("reasoning", id, reasoning.status);
    json.insert("summary".to_owned(), parts("summary_text", &reasoning.summary));
    if !reasoning.content.is_empty() {
        json.insert("content".to_owned(), parts("reasoning_text", &reasoning.content));
    }
    set(&mut json, "encrypted_content", reasoning.encrypted_content.as_ref());
    with_rest(json, &reasoning.extra)
}

fn call_json(call: &FunctionCall) -> Value {
    let mut json = head("function_call", call.id.as_ref().map(|id| id.as_str()), call.status);
    json.insert("call_id".to_owned(), call.call_id.as_str().into());
    json.insert("name".to_owned(), call.name.clone().into());
    json.insert("arguments".to_owned(), call.arguments.clone().into());
    with_rest(json, &call.extra)
}

fn output_json(output: &FunctionCallOutput) -> Value {
    let id = output.id.as_ref().map(|id| id.as_str());
    let mut json = head("function_call_output", id, output.status);
    json.insert("call_id".to_owned(), output.call_id.as_str().into());
    let content = match output.output.as_slice() {
        [Part::Text(text)] if text.extra.is_empty() => Value::String(text.text.clone()),
        parts => parts.iter().map(|part| part_json(part, false)).collect(),
    };
    json.insert("output".to_owned(), content);
    with_rest(json, &output.extra)
}

fn head(item_type: &str, id: Option<&str>, status: Option<ItemStatus>) -> Object {
    let mut json = Object::new();
    if let Some(id) = id {
        json.insert("id".to_owned(), id.into());
    }
    json.insert("type".to_owned(), item_type.into());
    if let Some(status) = status {
        json.insert("status".to_owned(), status.as_str().into());
    }
    json
}

fn set(json: &mut Object, key: &str, value: Option<&String>) {
    if let Some(value) = value {
        json.insert(key.to_owned(), value.clone().into());
    }
}

fn with_rest(mut json: Object, extra: &Object) -> Value {
    for (key, value) in extra {
        json.entry(key.clone()).or_insert_with(|| value.clone());
    }
    Value::Object(json)
}

fn rest(json: &Object, known: &[&str]) -> Object {
    let unknown = json.iter().filter(|(key, _)| !known.contains(&key.as_str()));
    unknown.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What of an item has no place of its own: a status or a phase in a word that
/// we do not know, too.
fn unknown(json: &Object, known: &[&str]) -> Object {
    let mut rest = rest(json, known);
    rest.retain(|key, value| match key.as_str() {
        "status" => status(json).is_none() && value.is_string(),
        "phase" => !matches!(value.as_str(), None | Some("commentary" | "final_answer")),
        _ => true,
    });
    rest
}

/// The fields of a streamed item that have no place of their own, nor a delta.
/// One that is null or empty says nothing.
pub(crate) fn extra_of_item(json: &Object) -> Object {
    extra(
        json,
        &[
            "type",
            "id",
            "role",
            "status",
            "phase",
            "content",
            "summary",
            "encrypted_content",
            "call_id",
            "name",
            "arguments",
        ],
    )
}

/// The same of a part of its content.
pub(crate) fn extra_of_part(json: &Object) -> Object {
    extra(json, &["type", "text", "refusal", "annotations", "logprobs"])
}

fn extra(json: &Object, known: &[&str]) -> Object {
    let mut rest = rest(json, known);
    rest.retain(|_, value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(all) => !all.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    });
    rest
}

fn text(json: &Object, key: &str) -> Option<String> {
    json.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn status(json: &Object) -> Option<ItemStatus> {
    match json.get("status").and_then(Value::as_str)? {
        "in_progress" => Some(ItemStatus::InProgress),
        "completed" => Some(ItemStatus::Completed),
        "incomplete" => Some(ItemStatus::Incomplete),
        _ => None,
    }
}

fn is_filled(value: &Value) -> bool {
    value.as_array().is_none_or(|list| !list.is_empty()) && !value.is_null()
}
