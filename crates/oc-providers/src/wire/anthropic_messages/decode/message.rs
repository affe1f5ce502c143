//! One message of a client's `messages`.

use oc_responses_stream::{
    CallId, FunctionCall, FunctionCallOutput, Item, ItemStatus, Message, OtherItem, Part,
    Reasoning, Role,
};
use serde_json::Value;

use super::block::{self, Said};
use crate::capabilities::CACHE_MARK;
use crate::seal;
use crate::wire::Places;
use crate::wire::anthropic_messages::NO_SIGNATURE;
use crate::wire::anthropic_messages::inputs::Sent;
use crate::wire::fields::{Fields, Place};
use crate::wire::openai_responses::BadRequest;
use crate::wire::places::Stood;

/// Turns messages into items: what a message says, thinks, calls and returns
/// become items of their own, in the order of its blocks.
#[derive(Debug, Default)]
pub(super) struct Reader<'a> {
    /// The inputs of calls that are still to come.
    inputs: Sent<'a>,
    items: Vec<Item>,
    places: Places,
    /// What the message that is being read has said since the last other item.
    said: Said,
}

impl<'a> Reader<'a> {
    /// For messages whose calls have these inputs.
    pub(super) fn new(inputs: Sent<'a>) -> Self {
        Self { inputs, ..Self::default() }
    }

    pub(super) fn message(&mut self, json: &Value, place: &Place) -> Result<(), BadRequest> {
        let Value::Object(json) = json else { return Err(place.wrong_type("an object")) };
        let fields = Fields::new(json, place);
        let role = match fields.required("role")?.as_str() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => return Err(fields.place("role").wrong_type("user, assistant or system")),
        };
        let place = fields.place("content");
        match fields.present("content") {
            None => return Err(place.missing()),
            Some(Value::String(text)) => self.said.push(Part::text(text.as_str()), &place),
            Some(Value::Array(blocks)) => {
                for (at, json) in blocks.iter().enumerate() {
                    self.block(role, json, &place.element(at))?;
                }
            }
            Some(_) => return Err(place.wrong_type("a string or an array of blocks")),
        }
        self.end_message(role);
        Ok(())
    }

    /// Standing orders as blocks, before all messages.
    pub(super) fn system(&mut self, blocks: &Value, place: &Place) -> Result<(), BadRequest> {
        self.said = block::content(blocks, place)?;
        self.end_message(Role::System);
        Ok(())
    }

    /// The items, and where they stood.
    pub(super) fn finish(self) -> (Vec<Item>, Places) {
        (self.items, self.places)
    }

    fn block(&mut self, role: Role, json: &Value, place: &Place) -> Result<(), BadRequest> {
        let Value::Object(object) = json else { return Err(place.wrong_type("an object")) };
        let fields = Fields::new(object, place);
        let item = match fields.text("type")?.as_deref() {
            Some("thinking") => (thinking(&fields)?, Vec::new()),
            Some("redacted_thinking") => (redacted(&fields)?, Vec::new()),
            Some("tool_use") => (tool_use(&fields, &mut self.inputs)?, Vec::new()),
            Some("tool_result") => tool_result(&fields)?,
            // What a server did itself stands between what was said.
            Some(kind) if role == Role::Assistant && !block::is_part(kind) => {
                (Item::Other(OtherItem::new(object.clone())), Vec::new())
            }
            _ => {
                return self.said.block(&fields, json, place);
            }
        };
        self.end_message(role);
        let (item, parts) = item;
        self.items.push(item);
        self.places.push(Stood { item: place.clone(), parts });
        Ok(())
    }

    fn end_message(&mut self, role: Role) {
        let Said { parts, places } = std::mem::take(&mut self.said);
        if let Some(first) = places.first() {
            self.places.push(Stood { item: first.clone(), parts: places });
            self.items.push(Item::Message(Message::new(role, parts)));
        }
    }
}

/// Thinking with whatever seals it: an envelope of ours, our own mark for none,
/// or the signature of a host that the client talked to without us.
fn thinking(fields: &Fields<'_>) -> Result<Item, BadRequest> {
    let text = fields.text("thinking")?.filter(|text| !text.is_empty());
    let signature = fields.text("signature")?.unwrap_or_default();
    let mut reasoning = Reasoning::default();
    reasoning.content.extend(text);
    reasoning.encrypted_content = sealed_by(&signature);
    Ok(Item::Reasoning(reasoning))
}

fn redacted(fields: &Fields<'_>) -> Result<Item, BadRequest> {
    let data = fields.text("data")?.unwrap_or_default();
    let mut reasoning = Reasoning::default();
    reasoning.encrypted_content = sealed_by(&data);
    Ok(Item::Reasoning(reasoning))
}

fn sealed_by(seal: &str) -> Option<String> {
    if seal.is_empty() || seal == NO_SIGNATURE {
        return None;
    }
    Some(seal::brought(seal))
}

fn tool_use(fields: &Fields<'_>, inputs: &mut Sent<'_>) -> Result<Item, BadRequest> {
    let id = CallId::new(fields.required("id")?);
    let input = match fields.present("input") {
        Some(input) => inputs.text(input),
        None => "{}".to_owned(),
    };
    let mut call = FunctionCall::new(id, fields.required("name")?, input);
    call.extra = fields.rest(&["type", "id", "name", "input"]);
    Ok(Item::FunctionCall(call))
}

/// The canonical form has no word for a tool that failed; an output that is not
/// whole is the nearest, and comes out as `is_error` again.
fn tool_result(fields: &Fields<'_>) -> Result<(Item, Vec<Place>), BadRequest> {
    let id = CallId::new(fields.required("tool_use_id")?);
    let Said { parts: mut output, places } = match fields.present("content") {
        None => Said::default(),
        Some(content) => block::content(content, &fields.place("content"))?,
    };
    let mut extra = fields.rest(&["type", "tool_use_id", "content", "is_error"]);
    if let Some(Part::Text(last)) = output.last_mut()
        && let Some(mark) = extra.shift_remove(CACHE_MARK)
    {
        last.extra.insert(CACHE_MARK.into(), mark);
    }
    let failed = fields.flag("is_error")? == Some(true);
    if failed && output.is_empty() {
        output.push(Part::text("The tool failed."));
    }
    let mut result = FunctionCallOutput::new(id, output);
    result.status = failed.then_some(ItemStatus::Incomplete);
    result.extra = extra;
    Ok((Item::FunctionCallOutput(result), places))
}
