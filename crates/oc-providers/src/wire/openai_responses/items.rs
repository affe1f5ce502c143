//! Input items in Responses JSON: the conversation as a host can take it.
//!
//! OpenAI's own host gets items as they are, ids and `status` included. Every
//! other host gets them in the one shape that llama-server, vLLM, transformers
//! and LM Studio all take:
//! - one system message, first: chat templates refuse a second or a later one;
//! - assistant messages with an id and a status of our own making: vLLM's
//!   schema wants them to be there, and nobody reads them;
//! - a tool's result as plain text, its pictures in a user message after it:
//!   llama.cpp refuses parts that are no text;
//! - reasoning only under its seal, where the host seals: nothing says which
//!   model thought what is not sealed.
//!
//! What a host sealed left in our envelope, which opens for that host alone
//! (`seal.rs`): to another, it is foreign. A seal without an envelope is of a
//! client that talked to a host of this wire without us, and goes on as it is.
//!
//! Everywhere, every call has a result and every result its call: templates fail
//! on one without the other, and OpenAI's own host answers 400 (`wire/pairs.rs`).

use oc_responses_stream::{
    FilePart, FunctionCall, FunctionCallOutput, ImagePart, Item, ItemStatus, Message, Part,
    Reasoning, Role, TextPart,
};
use serde_json::{Map, Value, json};

use crate::capabilities::Compat;
use crate::loss::Loss;
use crate::request::{Request, TextFormat};
use crate::seal::{SEALED, Sealer};
use crate::wire::extra;
use crate::wire::pairs::{self, Pairs};
use crate::wire::surrogates::without_halves;
use crate::wire::tool_ids::IdForm;
use crate::wire::unsaid;

/// What OpenAI's own host takes as the id of a call.
const IDS: IdForm = IdForm::UpTo { longest: 64, allows: |_| true };

/// The whole `input`.
pub(super) fn encode(
    request: &Request,
    compat: Compat,
    sealer: &Sealer,
    losses: &mut Vec<Loss>,
) -> Value {
    let pairs = Pairs::of(&request.input, IDS);
    let items = if compat.item_ids {
        let mut items = Vec::new();
        for (at, item) in request.input.iter().enumerate() {
            items.extend(faithful(at, item, &pairs, compat, sealer, losses));
            items.extend(stand_in(at, item, &pairs, losses));
        }
        losses.extend(pairs.unasked().map(|id| Loss::Unpaired(id.to_owned())));
        items
    } else {
        Plain::new(compat, sealer, losses).encode(request, &pairs)
    };
    Value::Array(items)
}

/// An item as OpenAI's own host takes it.
fn faithful(
    at: usize,
    item: &Item,
    pairs: &Pairs<'_>,
    compat: Compat,
    sealer: &Sealer,
    losses: &mut Vec<Loss>,
) -> Option<Value> {
    let mut json = match item {
        Item::Message(message) => faithful_message(message, compat, losses),
        Item::Reasoning(reasoning) => {
            let Some(json) = faithful_reasoning(reasoning, sealer) else {
                losses.push(Loss::Reasoning);
                return None;
            };
            json
        }
        Item::FunctionCall(call) => {
            let mut json = function_call(call, pairs.id(at));
            json.extend(call.extra.clone());
            put(&mut json, "id", call.id.as_ref().map(|id| id.as_str()));
            json
        }
        Item::FunctionCallOutput(result) => {
            let mut json = Map::new();
            json.insert("type".into(), "function_call_output".into());
            json.insert("call_id".into(), pairs.asked_by(at)?.into());
            json.insert("output".into(), faithful_output(result, losses));
            extra::put(&mut json, &result.extra, true, losses);
            json
        }
        Item::Other(other) => {
            let mut json = other.json.clone();
            if !sealer.open_item(&mut json) {
                losses.push(Loss::Item(other.item_type().to_owned()));
                return None;
            }
            let id = match other.item_type() {
                "custom_tool_call" if json.contains_key("call_id") => Some(pairs.id(at)),
                "custom_tool_call_output" => Some(pairs.asked_by(at)?),
                _ => None,
            };
            put(&mut json, "call_id", id);
            json
        }
        _ => return None,
    };
    if let Some(status) = status_of(item) {
        json.insert("status".into(), status.into());
    }
    Some(Value::Object(json))
}

fn faithful_message(
    message: &Message,
    compat: Compat,
    losses: &mut Vec<Loss>,
) -> Map<String, Value> {
    let mut json = message.extra.clone();
    json.insert("type".into(), "message".into());
    put(&mut json, "id", message.id.as_ref().map(|id| id.as_str()));
    let role = match message.role {
        Role::Developer if !compat.developer_role => Role::System,
        role => role,
    };
    json.insert("role".into(), role.as_str().into());
    put(&mut json, "phase", message.phase.map(|phase| phase.as_str()));
    json.insert("content".into(), faithful_parts(&message.content, role, losses));
    json
}

fn faithful_parts(parts: &[Part], role: Role, losses: &mut Vec<Loss>) -> Value {
    let whole = |part| {
        let mut json = part_json(part, role, true)?;
        if let (Value::Object(json), Some(extra)) = (&mut json, extra::of_part(part)) {
            extra::put(json, extra, true, losses);
        }
        Some(json)
    };
    parts.iter().filter_map(whole).collect()
}

/// Reasoning that its maker takes back: only with its seal, and not with
/// another's. (`store: false` hosts know no id of theirs afterwards.)
fn faithful_reasoning(reasoning: &Reasoning, sealer: &Sealer) -> Option<Map<String, Value>> {
    let sealed = reasoning.encrypted_content.as_deref().filter(|text| !text.is_empty())?;
    let sealed = sealer.responses_seal(sealed)?;
    let mut json = reasoning_json(&reasoning.summary);
    put(&mut json, "id", reasoning.id.as_ref().map(|id| id.as_str()));
    json.insert(SEALED.into(), sealed.into());
    extra::put(&mut json, &reasoning.extra, true, &mut Vec::new());
    Some(json)
}

/// A result in Responses JSON.
pub(in crate::wire) fn faithful_output(
    result: &FunctionCallOutput,
    losses: &mut Vec<Loss>,
) -> Value {
    match result.output.as_slice() {
        [Part::Text(text)] if text.extra.is_empty() => text.text.clone().into(),
        parts => faithful_parts(parts, Role::User, losses),
    }
}

fn status_of(item: &Item) -> Option<&'static str> {
    let status = match item {
        Item::Message(message) => message.status,
        Item::FunctionCall(call) => call.status,
        Item::FunctionCallOutput(result) => result.status,
        _ => None,
    };
    status.map(|status| status.as_str())
}

/// Items for a host of which nothing is known.
struct Plain<'a> {
    compat: Compat,
    sealer: &'a Sealer,
    losses: &'a mut Vec<Loss>,
    items: Vec<Value>,
    system: Vec<String>,
    pictures: Vec<Value>,
}

impl<'a> Plain<'a> {
    fn new(compat: Compat, sealer: &'a Sealer, losses: &'a mut Vec<Loss>) -> Self {
        Self { compat, sealer, losses, items: Vec::new(), system: Vec::new(), pictures: Vec::new() }
    }

    fn encode(mut self, request: &Request, pairs: &Pairs<'_>) -> Vec<Value> {
        if !self.compat.instructions {
            self.system.extend(request.instructions.clone());
        }
        if let (Some(TextFormat::JsonSchema(format)), false) =
            (&request.format, self.compat.json_schema)
        {
            self.system.push(format.instruction());
        }
        for (at, item) in request.input.iter().enumerate() {
            if !matches!(item, Item::FunctionCallOutput(_)) {
                self.flush_pictures();
            }
            match item {
                Item::Message(message) => self.message(message),
                Item::Reasoning(reasoning) => self.reasoning(reasoning),
                Item::FunctionCall(call) => self.call(call, pairs.id(at)),
                Item::FunctionCallOutput(result) => {
                    if let Some(id) = pairs.asked_by(at) {
                        self.output(result, id, pairs.asked_of(at));
                    }
                }
                Item::Other(other) => self.losses.push(Loss::Item(other.item_type().to_owned())),
                _ => self.losses.push(Loss::Item("unknown".into())),
            }
            self.items.extend(stand_in(at, item, pairs, self.losses));
        }
        self.losses.extend(pairs.unasked().map(|id| Loss::Unpaired(id.to_owned())));
        self.flush_pictures();
        if !self.system.is_empty() {
            let text = self.system.join("\n\n");
            let role = if self.compat.developer_role { Role::Developer } else { Role::System };
            self.items.insert(0, message_json(role, vec![input_text(&text)]));
        }
        self.items
    }

    fn message(&mut self, message: &Message) {
        if matches!(message.role, Role::System | Role::Developer) {
            if !self.items.is_empty() {
                self.losses.push(Loss::SystemPosition);
            }
            self.losses.extend(unsaid::wordless(&message.content));
            extra::lose_all(&message.extra, self.losses);
            let orders = self.text_of(&message.content);
            self.system.push(orders);
            return;
        }
        let parts = self.parts(&message.content, message.role);
        if parts.is_empty() {
            return;
        }
        extra::lose_all(&message.extra, self.losses);
        let mut json = message_json(message.role, parts);
        if message.role == Role::Assistant {
            self.complete(&mut json, "msg");
        }
        self.items.push(json);
    }

    /// Only what is sealed, for hosts that seal: nothing says who made plain
    /// reasoning, and it is not shown to a model that never thought it.
    fn reasoning(&mut self, reasoning: &Reasoning) {
        if self.compat.sealed_reasoning
            && let Some(json) = faithful_reasoning(reasoning, self.sealer)
        {
            self.items.push(Value::Object(json));
            return;
        }
        extra::lose_all(&reasoning.extra, self.losses);
        self.losses.push(Loss::Reasoning);
    }

    fn call(&mut self, call: &FunctionCall, id: &str) {
        let mut json = function_call(call, id);
        extra::lose_all(&call.extra, self.losses);
        // Chat templates parse the arguments; blank ones fail there.
        if call.arguments.trim().is_empty() {
            json.insert("arguments".into(), "{}".into());
        }
        self.items.push(Value::Object(json));
    }

    fn output(&mut self, result: &FunctionCallOutput, id: &str, name: &str) {
        if result.status == Some(ItemStatus::Incomplete) {
            self.losses.push(Loss::Field("is_error"));
        }
        extra::lose_all(&result.extra, self.losses);
        let mut text = self.text_of(&result.output);
        let pictures = result.output.iter().filter(|part| matches!(part, Part::Image(_)));
        let pictures = self.parts(pictures, Role::User);
        if !pictures.is_empty() {
            self.pictures.push(input_text(&pairs::pictures_of(name, id)));
            self.pictures.extend(pictures);
            if text.is_empty() {
                text = pairs::PICTURES_FOLLOW.to_owned();
            }
        }
        self.items.push(json!({
            "type": "function_call_output",
            "call_id": id,
            "output": text,
        }));
    }

    /// Pictures that a tool returned, after the last result of its turn.
    fn flush_pictures(&mut self) {
        if self.pictures.is_empty() {
            return;
        }
        let parts = std::mem::take(&mut self.pictures);
        self.items.push(message_json(Role::User, parts));
    }

    fn parts<'p>(&mut self, parts: impl IntoIterator<Item = &'p Part>, role: Role) -> Vec<Value> {
        let mut list = Vec::new();
        for part in parts {
            self.lose_extra(part);
            match part_json(part, role, false) {
                Some(json) => list.push(json),
                None => self.losses.push(Loss::Part(part_type(part))),
            }
        }
        list
    }

    fn text_of(&mut self, parts: &[Part]) -> String {
        let mut texts = Vec::new();
        for part in parts {
            self.lose_extra(part);
            match part {
                Part::Text(text) => texts.push(text.text.as_str()),
                Part::Refusal(text) => texts.push(text),
                Part::Image(_) => {}
                other => self.losses.push(Loss::Part(part_type(other))),
            }
        }
        texts.join("\n")
    }

    fn lose_extra(&mut self, part: &Part) {
        if let Some(extra) = extra::of_part(part) {
            extra::lose_all(extra, self.losses);
        }
    }

    /// Gives an item the id and the status that some schemas want.
    fn complete(&self, json: &mut Value, prefix: &str) {
        if let Value::Object(json) = json {
            json.insert("id".into(), format!("{prefix}_{}", self.items.len()).into());
            json.insert("status".into(), "completed".into());
        }
    }
}

/// What stands for the result of a call, if it lacks one.
fn stand_in(at: usize, item: &Item, pairs: &Pairs<'_>, losses: &mut Vec<Loss>) -> Option<Value> {
    let (kind, id) = match item {
        Item::FunctionCall(call) => ("function_call_output", call.call_id.as_str()),
        Item::Other(other) if other.item_type() == "custom_tool_call" => {
            ("custom_tool_call_output", other.json.get("call_id")?.as_str()?)
        }
        _ => return None,
    };
    if pairs.is_answered(at) {
        return None;
    }
    losses.push(Loss::Unpaired(id.to_owned()));
    Some(json!({
        "type": kind,
        "call_id": pairs.id(at),
        "output": "No result was recorded.",
    }))
}

fn function_call(call: &FunctionCall, id: &str) -> Map<String, Value> {
    let mut json = Map::new();
    json.insert("type".into(), "function_call".into());
    json.insert("call_id".into(), id.into());
    json.insert("name".into(), call.name.clone().into());
    json.insert("arguments".into(), without_halves(&call.arguments).into());
    json
}

fn reasoning_json(summary: &[String]) -> Map<String, Value> {
    let summary: Vec<Value> =
        summary.iter().map(|text| json!({"type": "summary_text", "text": text})).collect();
    let mut json = Map::new();
    json.insert("type".into(), "reasoning".into());
    json.insert("summary".into(), Value::Array(summary));
    json
}

fn message_json(role: Role, parts: Vec<Value>) -> Value {
    json!({"type": "message", "role": role.as_str(), "content": parts})
}

fn input_text(text: &str) -> Value {
    json!({"type": "input_text", "text": text})
}

/// A part in the shape that `role` has; `None` where the host cannot take it.
/// `own_host`: file ids and unknown parts mean something there.
fn part_json(part: &Part, role: Role, own_host: bool) -> Option<Value> {
    match part {
        Part::Text(text) => Some(text_json(text, role, own_host)),
        Part::Refusal(text) if role != Role::Assistant => Some(input_text(text)),
        Part::Refusal(text) if own_host => Some(json!({"type": "refusal", "refusal": text})),
        Part::Refusal(text) => Some(text_json(&TextPart::new(text.as_str()), role, false)),
        Part::Image(image) => image_json(image, own_host),
        Part::File(file) => file_json(file, own_host),
        Part::Other(whole) => own_host.then(|| whole.clone()),
        _ => None,
    }
}

fn text_json(text: &TextPart, role: Role, own_host: bool) -> Value {
    let mut json = Map::new();
    json.insert("text".into(), text.text.clone().into());
    if role == Role::Assistant {
        json.insert("type".into(), "output_text".into());
        let annotations = if own_host { text.annotations.clone() } else { Vec::new() };
        json.insert("annotations".into(), Value::Array(annotations));
    } else {
        json.insert("type".into(), "input_text".into());
    }
    Value::Object(json)
}

fn image_json(image: &ImagePart, own_host: bool) -> Option<Value> {
    let mut json = Map::new();
    json.insert("type".into(), "input_image".into());
    put(&mut json, "image_url", image.image_url.as_deref());
    if own_host {
        put(&mut json, "file_id", image.file_id.as_deref());
    }
    let has_source = json.len() > 1;
    // vLLM's schema wants the detail to be there.
    json.insert("detail".into(), image.detail.as_deref().unwrap_or("auto").into());
    has_source.then_some(Value::Object(json))
}

fn file_json(file: &FilePart, own_host: bool) -> Option<Value> {
    let mut json = Map::new();
    json.insert("type".into(), "input_file".into());
    put(&mut json, "file_data", file.file_data.as_deref());
    put(&mut json, "file_url", file.file_url.as_deref());
    if own_host {
        put(&mut json, "file_id", file.file_id.as_deref());
    }
    let has_source = json.len() > 1;
    put(&mut json, "filename", file.filename.as_deref());
    has_source.then_some(Value::Object(json))
}

fn part_type(part: &Part) -> String {
    match part {
        Part::Text(_) => "text".into(),
        Part::Refusal(_) => "refusal".into(),
        Part::Image(_) => "input_image".into(),
        Part::File(_) => "input_file".into(),
        Part::Other(whole) => {
            whole.get("type").and_then(Value::as_str).unwrap_or("unknown").to_owned()
        }
        _ => "unknown".into(),
    }
}

fn put(json: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        json.insert(key.to_owned(), value.into());
    }
}
