//! What may be left unsaid, and what may not.
//!
//! Encoders leave out what a host cannot take, and list it. Much of that costs
//! nothing: an effort, a field of one vendor. But without what the user said,
//! without what a tool returned, or with a tool demanded and none given, the
//! host would answer another question, and its answer would look like one. Such
//! a request is for another host.

use oc_responses_stream::{Item, Part};
use serde_json::Value;

use super::Encoded;
use super::carried::is_custom_step;
use super::fields::Place;
use super::places::{Places, parts_of};
use crate::endpoint::Api;
use crate::error::ProviderError;
use crate::loss::Loss;
use crate::request::{Request, ToolChoice};

/// Items that tell what a host did on the way to an answer. The answer follows
/// them, so that a conversation can be read without.
const HOST_STEPS: &[&str] = &[
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "mcp_call",
    "mcp_list_tools",
    "tool_search_call",
    "tool_search_output",
    // The same on the Messages wire.
    "server_tool_use",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "mcp_tool_use",
    "mcp_tool_result",
];

/// Pictures that an assistant drew are a step in a history, and an answer on
/// their own.
const DRAWN: &str = "image_generation_call";

/// Whether an item of this type is a step on a host's way, and no answer.
pub(crate) fn is_host_step(item_type: &str) -> bool {
    HOST_STEPS.contains(&item_type)
}

/// # Errors
/// When `encoded` lacks something of `request` that the answer depends on.
pub(super) fn check(request: &Request, encoded: &Encoded) -> Result<(), ProviderError> {
    for loss in &encoded.losses {
        let place = match loss {
            Loss::Part(kind) => place_of_part(request, kind),
            Loss::Item(kind) if !is_host_step(kind) && kind != DRAWN => {
                place_of_item(request, kind)
            }
            _ => None,
        };
        if let (Some(place), Loss::Part(kind) | Loss::Item(kind)) = (place, loss) {
            let kind = in_words_of(request.wire, kind);
            return Err(ProviderError::unsupported(format!(
                "host cannot be given `{place}` of type `{kind}`"
            )));
        }
    }
    if lacks_demand(request, encoded) {
        return Err(ProviderError::unsupported(
            "`tool_choice` demands a tool, and the host can be given none of `tools`",
        ));
    }
    let is_empty = ["input", "messages"]
        .iter()
        .any(|key| encoded.body.get(*key).and_then(Value::as_array).is_some_and(Vec::is_empty));
    if is_empty {
        return Err(ProviderError::unsupported("request holds nothing that the host can be given"));
    }
    Ok(())
}

/// What of standing orders is no text: no wire but their client's own has a place
/// for it.
pub(super) fn wordless(orders: &[Part]) -> impl Iterator<Item = Loss> {
    let mute = orders.iter().filter(|part| !matches!(part, Part::Text(_) | Part::Refusal(_)));
    mute.map(|part| Loss::Part(type_of(part).to_owned()))
}

/// Whether a tool must be called, and the body does not say so.
fn lacks_demand(request: &Request, encoded: &Encoded) -> bool {
    let lacks = |field| encoded.body.get(field).is_none();
    match &request.tool_choice {
        Some(
            ToolChoice::Required
            | ToolChoice::Function(_)
            | ToolChoice::Allowed { required: true, .. },
        ) => lacks("tools"),
        // A search, a custom tool: no other word means it.
        Some(ToolChoice::Other(_)) => {
            lacks("tool_choice") || encoded.losses.contains(&Loss::Field("tool_choice"))
        }
        _ => false,
    }
}

fn place_of_item(request: &Request, kind: &str) -> Option<String> {
    let is_it = |item: &Item| matches!(item, Item::Other(other) if other.item_type() == kind);
    let at = request.input.iter().position(is_it)?;
    Places::of(request).item(at).map(Place::to_string)
}

/// Where the first part of this type stands that is not the assistant's own.
fn place_of_part(request: &Request, kind: &str) -> Option<String> {
    let kind = if kind.is_empty() { "unknown" } else { kind };
    let places = Places::of(request);
    request.input.iter().enumerate().find_map(|(at, item)| {
        let place = match item {
            Item::Other(other) if is_custom_step(other.item_type()) => {
                let parts = other.json.get("output").and_then(Value::as_array)?;
                parts.iter().any(|part| type_of_json(part) == kind).then_some(None)?
            }
            item => {
                let part = parts_of(item).iter().position(|part| type_of(part) == kind)?;
                places.part(at, part)
            }
        };
        place.or_else(|| places.item(at)).map(Place::to_string)
    })
}

fn type_of(part: &Part) -> &str {
    match part {
        Part::Image(_) => "input_image",
        Part::File(_) => "input_file",
        Part::Other(whole) => type_of_json(whole),
        _ => "",
    }
}

fn type_of_json(part: &Value) -> &str {
    part.get("type").and_then(Value::as_str).unwrap_or("unknown")
}

/// A type of part in the words of the client's wire.
fn in_words_of(wire: Option<Api>, kind: &str) -> &str {
    match (wire, kind) {
        (Some(Api::OpenaiCompletions), "input_image") => "image_url",
        (Some(Api::OpenaiCompletions), "input_file") => "file",
        (Some(Api::AnthropicMessages), "input_image") => "image",
        (Some(Api::AnthropicMessages), "input_file") => "document",
        (_, kind) => kind,
    }
}
