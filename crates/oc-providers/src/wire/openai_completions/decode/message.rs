//! One message of a client's `messages` as items.

use std::collections::{BTreeSet, HashSet};

use oc_responses_stream::{
    CallId, FunctionCall, FunctionCallOutput, Item, Message, Part, Reasoning, Role,
};
use serde_json::{Map, Value};

use super::fields::{Fields, Place};
use crate::seal;
use crate::wire::Places;
use crate::wire::extra;
use crate::wire::openai_completions::custom;
use crate::wire::openai_completions::parts;
use crate::wire::openai_responses::BadRequest;

/// Reads messages in their order; a legacy `function` message belongs to the
/// last `function_call`: it has no id, and one was made at a time.
#[derive(Debug, Default)]
pub(super) struct Reader {
    items: Vec<Item>,
    places: Places,
    legacy_calls: u32,
    open_legacy_call: Option<CallId>,
    /// The ids whose last call was a custom tool's.
    custom_calls: HashSet<CallId>,
    /// Fields that have no place in any item.
    unread: BTreeSet<String>,
}

/// What is read of a message that is no assistant's.
const SAID: &[&str] = &["role", "content", "name"];

/// What is read of an assistant's, and what an answer says that a client hands back
/// whole, and nobody wants back.
const ANSWERED: &[&str] = &[
    "role",
    "content",
    "name",
    "refusal",
    "tool_calls",
    "function_call",
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "reasoning_details",
    "annotations",
];

impl Reader {
    pub(super) fn message(&mut self, json: &Value, place: &Place) -> Result<(), BadRequest> {
        let Value::Object(json) = json else { return Err(place.wrong_type("an object")) };
        let fields = Fields::new(json, place);
        let role = fields.required("role")?;
        match role.as_str() {
            "system" => self.said(Role::System, &fields)?,
            "developer" => self.said(Role::Developer, &fields)?,
            "user" => self.said(Role::User, &fields)?,
            "assistant" => self.assistant(&fields)?,
            "tool" => {
                let id = fields.required("tool_call_id")?;
                self.result(CallId::new(id), &fields)?;
            }
            "function" => {
                let id = self.open_legacy_call.take();
                let id = id.unwrap_or_else(|| CallId::new("call_legacy"));
                self.result(id, &fields)?;
            }
            _ => {
                let known = "system, developer, user, assistant or tool";
                return Err(fields.place("role").wrong_type(known));
            }
        }
        self.places.note(&self.items, place, "content");
        Ok(())
    }

    /// The items, where they stood, and what of the messages has no place in them.
    pub(super) fn finish(self) -> (Vec<Item>, Places, BTreeSet<String>) {
        (self.items, self.places, self.unread)
    }

    fn said(&mut self, role: Role, fields: &Fields<'_>) -> Result<(), BadRequest> {
        let content = content(fields)?.ok_or_else(|| fields.missing("content"))?;
        let mut message = Message::new(role, content);
        message.extra = speaker(fields)?;
        message.extra.extend(fields.rest(SAID));
        self.items.push(Item::Message(message));
        Ok(())
    }

    /// Reasoning, then what was said, then the calls: the order in which a
    /// model makes them.
    fn assistant(&mut self, fields: &Fields<'_>) -> Result<(), BadRequest> {
        let mut said = content(fields)?.unwrap_or_default();
        said.retain(|part| !is_empty(part));
        let mut thought = Reasoning::default();
        said = thinking_parts(said, &mut thought);
        self.reasoning(fields, thought)?;
        if let Some(refusal) = fields.text("refusal")?.filter(|text| !text.is_empty()) {
            said.push(Part::Refusal(refusal));
        }
        let rest = fields.rest(ANSWERED);
        if said.is_empty() {
            // Fields of a message that is no item of its own.
            self.unread.extend(rest.keys().map(|key| format!("messages[].{key}")));
        } else {
            let mut message = Message::new(Role::Assistant, said);
            message.extra = speaker(fields)?;
            message.extra.extend(rest);
            self.items.push(Item::Message(message));
        }
        let place = fields.place("tool_calls");
        for (at, call) in fields.list("tool_calls")?.iter().enumerate() {
            self.call(call, &place.element(at))?;
        }
        if let Some(function) = fields.object("function_call")? {
            self.legacy_calls = self.legacy_calls.saturating_add(1);
            let id = CallId::new(format!("call_legacy_{}", self.legacy_calls));
            self.open_legacy_call = Some(id.clone());
            self.items.push(Item::FunctionCall(function_call(id, &function)?));
        }
        Ok(())
    }

    /// Reasoning in the fields that clients hand it back in; one reasoning
    /// item per seal, the text with the first.
    fn reasoning(&mut self, fields: &Fields<'_>, mut thought: Reasoning) -> Result<(), BadRequest> {
        let mut seals = Vec::new();
        let mut detailed = String::new();
        for detail in fields.list("reasoning_details")? {
            let text = |key: &str| detail.get(key).and_then(Value::as_str).unwrap_or_default();
            match parts::type_of(detail) {
                "reasoning.encrypted" if text("data").is_empty() => {}
                "reasoning.encrypted" => seals.push(seal::brought(text("data"))),
                "reasoning.text" => detailed.push_str(text("text")),
                "reasoning.summary" => thought.summary.push(text("summary").to_owned()),
                _ => {}
            }
        }
        // Some clients keep an object here; what is no text is not reasoning.
        let plain = ["reasoning_content", "reasoning", "reasoning_text"]
            .iter()
            .find_map(|key| fields.present(key)?.as_str().filter(|text| !text.is_empty()));
        let text = plain.map(str::to_owned).or_else(|| (!detailed.is_empty()).then_some(detailed));
        thought.content.extend(text);
        let mut seals = seals.into_iter();
        thought.encrypted_content = seals.next();
        if thought != Reasoning::default() {
            self.items.push(Item::Reasoning(thought));
        }
        for seal in seals {
            let mut sealed = Reasoning::default();
            sealed.encrypted_content = Some(seal);
            self.items.push(Item::Reasoning(sealed));
        }
        Ok(())
    }

    fn call(&mut self, json: &Value, place: &Place) -> Result<(), BadRequest> {
        let Value::Object(object) = json else { return Err(place.wrong_type("an object")) };
        let fields = Fields::new(object, place);
        let id = CallId::new(fields.required("id")?);
        if let Some(called) = fields.object(custom::CUSTOM)? {
            let input = called.text("input")?.unwrap_or_default();
            let rest = fields.rest(&["id", "type", custom::CUSTOM, "index"]);
            self.unread.extend(rest.keys().map(|key| format!("messages[].tool_calls[].{key}")));
            self.items.push(custom::call(id.as_str(), &called.required("name")?, &input));
            self.custom_calls.insert(id);
            return Ok(());
        }
        self.custom_calls.remove(&id);
        let Some(function) = fields.object("function")? else {
            return Err(match parts::type_of(json) {
                "" | "function" => fields.missing("function"),
                _ => place
                    .not_supported("only calls of type `function` and `custom` can be replayed"),
            });
        };
        let mut call = function_call(id, &function)?;
        // Streaming clients leave the index in that they put the call together by.
        call.extra = fields.rest(&["id", "type", "function", "index"]);
        extra::spread(&mut call.extra, "function", function.rest(&["name", "arguments"]));
        self.items.push(Item::FunctionCall(call));
        Ok(())
    }

    fn result(&mut self, id: CallId, fields: &Fields<'_>) -> Result<(), BadRequest> {
        let content = match fields.present("content") {
            // Not in the schema, but sent: a result as bare JSON.
            Some(json @ (Value::Object(_) | Value::Bool(_) | Value::Number(_))) => {
                vec![Part::text(json.to_string())]
            }
            Some(Value::Array(list)) if !list.is_empty() && list.iter().all(is_bare_object) => {
                vec![Part::text(Value::Array(list.clone()).to_string())]
            }
            _ => content(fields)?.unwrap_or_default(),
        };
        let mut result = FunctionCallOutput::new(id, content);
        result.extra = fields.rest(&["role", "content", "tool_call_id", "name"]);
        self.items.push(if self.custom_calls.contains(&result.call_id) {
            self.unread.extend(result.extra.keys().map(|key| format!("messages[].{key}")));
            custom::result(&result)
        } else {
            Item::FunctionCallOutput(result)
        });
        Ok(())
    }
}

/// An object that is no part of a message.
fn is_bare_object(json: &Value) -> bool {
    json.is_object() && json.get("type").is_none()
}

/// Who of several speaks, as this wire has it.
fn speaker(fields: &Fields<'_>) -> Result<Map<String, Value>, BadRequest> {
    let name = fields.text("name")?.map(|name| ("name".to_owned(), Value::String(name)));
    Ok(name.into_iter().collect())
}

fn content(fields: &Fields<'_>) -> Result<Option<Vec<Part>>, BadRequest> {
    let place = fields.place("content");
    fields.present("content").map(|content| parts::decode(content, &place)).transpose()
}

fn function_call(id: CallId, function: &Fields<'_>) -> Result<FunctionCall, BadRequest> {
    let arguments = match function.present("arguments") {
        None => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    Ok(FunctionCall::new(id, function.required("name")?, arguments))
}

/// `said` without the thinking parts of Mistral's shape, which go to `thought`.
fn thinking_parts(said: Vec<Part>, thought: &mut Reasoning) -> Vec<Part> {
    let (thinking, said): (Vec<Part>, Vec<Part>) = said
        .into_iter()
        .partition(|part| matches!(part, Part::Other(json) if parts::type_of(json) == "thinking"));
    for part in thinking {
        let Part::Other(json) = part else { continue };
        match json.get("thinking") {
            Some(Value::String(text)) => thought.content.push(text.clone()),
            Some(Value::Array(list)) => {
                let texts = list.iter().filter_map(|part| part.get("text")?.as_str());
                thought.content.push(texts.collect());
            }
            _ => {}
        }
    }
    said
}

fn is_empty(part: &Part) -> bool {
    matches!(part, Part::Text(text) if text.text.is_empty())
}
