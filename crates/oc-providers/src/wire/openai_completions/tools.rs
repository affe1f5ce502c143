//! Tools and tool choice in Chat JSON, both ways.

use serde_json::{Map, Value, json};

use super::custom;
use super::decode::fields::{Fields, Place};
use super::parts::type_of;
use crate::capabilities::{CACHE_MARK, Compat};
use crate::loss::Loss;
use crate::model_facts::ModelFacts;
use crate::request::{FunctionTool, Request, Tool, ToolChoice};
use crate::wire::extra;
use crate::wire::openai_responses::BadRequest;

/// The tools that the choice allows: functions, and custom ones where the host
/// knows them. `unknown`: it takes fields that nobody here knows.
pub(super) fn encode(
    request: &Request,
    compat: Compat,
    unknown: bool,
    facts: &ModelFacts,
    losses: &mut Vec<Loss>,
) -> Vec<Value> {
    let mut list = Vec::new();
    for tool in &request.tools {
        match tool {
            Tool::Function(function) if request.allows(&function.name) => {
                let mut json = json!({
                    "type": "function",
                    "function": encode_function(function, compat, facts, losses),
                });
                let mark = function.extra.get(CACHE_MARK).filter(|_| compat.chat.cache_marks);
                if let Value::Object(json) = &mut json {
                    if let Some(mark) = mark {
                        json.insert(CACHE_MARK.into(), compat.cache_mark(mark));
                    }
                    extra::put(json, &function.extra, unknown, losses);
                }
                list.push(json);
            }
            Tool::Function(_) => {}
            Tool::Other(whole) if compat.vendor_fields && is_custom(whole) => {
                let name = whole.get("name").and_then(Value::as_str).unwrap_or_default();
                list.extend(request.allows(name).then(|| custom::nested(whole)));
            }
            Tool::Other(whole) => {
                let kind = whole.get("type").and_then(Value::as_str).unwrap_or("unknown");
                losses.push(Loss::Tool(kind.to_owned()));
            }
        }
    }
    list
}

fn is_custom(whole: &Map<String, Value>) -> bool {
    whole.get("type").is_some_and(|kind| kind == custom::CUSTOM)
}

fn encode_function(
    function: &FunctionTool,
    compat: Compat,
    facts: &ModelFacts,
    losses: &mut Vec<Loss>,
) -> Value {
    if function.strict == Some(true) && !compat.strict_tools {
        losses.push(Loss::Field("strict"));
    }
    let mut json = Map::new();
    json.insert("name".into(), function.name.clone().into());
    if let Some(description) = &function.description {
        json.insert("description".into(), description.clone().into());
    }
    let schema = function.schema(compat.schemas, &facts.refused_schema_keywords, losses);
    json.insert("parameters".into(), schema);
    if let Some(strict) = function.strict.filter(|_| compat.strict_tools) {
        json.insert("strict".into(), strict.into());
    }
    Value::Object(json)
}

/// The choice, in words that every server of this wire knows.
pub(super) fn encode_choice(
    request: &Request,
    compat: Compat,
    losses: &mut Vec<Loss>,
) -> Option<Value> {
    match request.tool_choice.as_ref()? {
        ToolChoice::Auto | ToolChoice::Allowed { required: false, .. } => Some("auto".into()),
        ToolChoice::None => Some("none".into()),
        ToolChoice::Required | ToolChoice::Allowed { required: true, .. } => {
            Some("required".into())
        }
        ToolChoice::Function(name) => Some(json!({"type": "function", "function": {"name": name}})),
        ToolChoice::Other(Value::Object(choice)) if compat.vendor_fields && is_custom(choice) => {
            Some(custom::nested(choice))
        }
        ToolChoice::Other(_) => {
            losses.push(Loss::Field("tool_choice"));
            None
        }
    }
}

/// One tool of a client's `tools`.
pub(super) fn decode(json: &Value, place: &Place) -> Result<Tool, BadRequest> {
    let wrong = || place.wrong_type("an object with a `type`, and a `function` if it is one");
    let Value::Object(object) = json else { return Err(wrong()) };
    match type_of(json) {
        "" => Err(wrong()),
        "function" => {
            let fields = Fields::new(object, place);
            // Flat, as the Responses API has it, is sent here, too.
            let Some(nested) = fields.object("function")? else {
                return decode_function(&fields).map(Tool::Function);
            };
            let mut function = decode_function(&nested)?;
            let inner = std::mem::replace(&mut function.extra, fields.rest(&["type", "function"]));
            extra::spread(&mut function.extra, "function", inner);
            Ok(Tool::Function(function))
        }
        custom::CUSTOM => Ok(Tool::Other(custom::flat(object))),
        _ => Ok(Tool::Other(object.clone())),
    }
}

/// `{name, description, parameters, strict}`.
pub(super) fn decode_function(fields: &Fields<'_>) -> Result<FunctionTool, BadRequest> {
    let mut function = FunctionTool::new(fields.required("name")?, None);
    function.description = fields.text("description")?;
    function.parameters = fields.present("parameters").cloned();
    function.strict = fields.flag("strict")?;
    function.extra = fields.rest(&["type", "name", "description", "parameters", "strict"]);
    Ok(function)
}

/// A client's `tool_choice`, or legacy `function_call` (a bare `{name}`).
pub(super) fn decode_choice(json: &Value) -> Option<ToolChoice> {
    let name = |json: &Value| json.get("name").and_then(Value::as_str).map(str::to_owned);
    match json {
        Value::String(word) => match word.as_str() {
            "auto" => Some(ToolChoice::Auto),
            "none" => Some(ToolChoice::None),
            // "any" is another wire's word for it.
            "required" | "any" => Some(ToolChoice::Required),
            _ => None,
        },
        Value::Object(object) => match type_of(json) {
            "" => name(json).map(ToolChoice::Function),
            "function" => name(json.get("function").unwrap_or(json)).map(ToolChoice::Function),
            "allowed_tools" => Some(allowed(json.get("allowed_tools").unwrap_or(json))),
            custom::CUSTOM => Some(ToolChoice::Other(Value::Object(custom::flat(object)))),
            _ => Some(ToolChoice::Other(json.clone())),
        },
        _ => None,
    }
}

fn allowed(json: &Value) -> ToolChoice {
    let tools = json.get("tools").and_then(Value::as_array);
    let names = tools.into_iter().flatten().filter_map(|tool| {
        let nested = ["function", custom::CUSTOM].iter().find_map(|kind| tool.get(*kind));
        nested.unwrap_or(tool).get("name")?.as_str().map(str::to_owned)
    });
    let required = json.get("mode").and_then(Value::as_str) == Some("required");
    ToolChoice::Allowed { required, names: names.collect() }
}
