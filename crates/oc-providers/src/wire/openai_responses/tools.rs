//! Tools and tool choice in Responses JSON, both ways.

use serde_json::{Map, Value, json};

use crate::capabilities::Compat;
use crate::endpoint::Api;
use crate::loss::Loss;
use crate::model_facts::ModelFacts;
use crate::request::{FunctionTool, Request, Tool, ToolChoice};
use crate::wire::extra;

/// The tools that the host can be given. Function tools always; others only
/// where the host runs them itself.
pub(super) fn encode(
    request: &Request,
    compat: Compat,
    facts: &ModelFacts,
    losses: &mut Vec<Loss>,
) -> Vec<Value> {
    let mut list = Vec::new();
    for tool in &request.tools {
        match tool {
            // A host that does not know `allowed_tools` is not shown the others.
            Tool::Function(function) if !compat.hosted_tools && !request.allows(&function.name) => {
            }
            Tool::Function(function) => {
                let strict = strictness(function, compat, request.wire);
                list.push(encode_function(function, strict, compat, facts, losses));
            }
            Tool::Other(whole) if compat.hosted_tools => list.push(Value::Object(whole.clone())),
            Tool::Other(whole) => losses.push(Loss::Tool(type_of(whole))),
        }
    }
    list
}

/// What to say of strictness. A missing `strict` is true on this wire and false
/// on the others, so what a client of theirs left out is said here. llama.cpp
/// makes a grammar of a strict schema, which fails where the schema was not
/// written for it: a plain host is always told no.
fn strictness(function: &FunctionTool, compat: Compat, client: Option<Api>) -> Option<bool> {
    match client {
        _ if !compat.strict_tools => Some(false),
        None | Some(Api::OpenaiResponses) => function.strict,
        Some(_) => Some(function.strict.unwrap_or(false)),
    }
}

fn encode_function(
    function: &FunctionTool,
    strict: Option<bool>,
    compat: Compat,
    facts: &ModelFacts,
    losses: &mut Vec<Loss>,
) -> Value {
    if function.strict == Some(true) && !compat.strict_tools {
        losses.push(Loss::Field("strict"));
    }
    let mut json = Map::new();
    json.insert("type".into(), "function".into());
    json.insert("name".into(), function.name.clone().into());
    if let Some(description) = &function.description {
        json.insert("description".into(), description.clone().into());
    }
    let schema = function.schema(compat.schemas, &facts.refused_schema_keywords, losses);
    json.insert("parameters".into(), schema);
    if let Some(strict) = strict {
        json.insert("strict".into(), strict.into());
    }
    extra::put(&mut json, &function.extra, compat.hosted_tools, losses);
    Value::Object(json)
}

/// The choice, as the host can be given it.
pub(super) fn encode_choice(
    request: &Request,
    compat: Compat,
    losses: &mut Vec<Loss>,
) -> Option<Value> {
    match request.tool_choice.as_ref()? {
        ToolChoice::Auto => Some("auto".into()),
        ToolChoice::None => Some("none".into()),
        ToolChoice::Required => Some("required".into()),
        ToolChoice::Function(name) => Some(json!({"type": "function", "name": name})),
        ToolChoice::Allowed { required, names } if compat.hosted_tools => {
            let is_custom = |name: &str| {
                let mut others = request.tools.iter().filter_map(|tool| match tool {
                    Tool::Other(whole) => Some(whole),
                    Tool::Function(_) => None,
                });
                others.any(|tool| tool.get("name").is_some_and(|own| own == name))
            };
            let kind = |name: &str| if is_custom(name) { "custom" } else { "function" };
            let tools: Vec<Value> =
                names.iter().map(|name| json!({"type": kind(name), "name": name})).collect();
            let mode = if *required { "required" } else { "auto" };
            Some(json!({"type": "allowed_tools", "mode": mode, "tools": tools}))
        }
        ToolChoice::Allowed { required, .. } => {
            Some(if *required { "required" } else { "auto" }.into())
        }
        ToolChoice::Other(whole) if compat.hosted_tools => Some(whole.clone()),
        ToolChoice::Other(_) => {
            losses.push(Loss::Field("tool_choice"));
            None
        }
    }
}

/// One tool of a client's request; `None` where it is no tool.
pub(in crate::wire) fn decode(json: &Value) -> Option<Tool> {
    let Value::Object(json) = json else { return None };
    if type_of(json) != "function" {
        return json.get("type").is_some_and(Value::is_string).then(|| Tool::Other(json.clone()));
    }
    let mut function = FunctionTool::new(json.get("name")?.as_str()?, None);
    function.description = json.get("description").and_then(Value::as_str).map(str::to_owned);
    function.parameters = json.get("parameters").filter(|schema| !schema.is_null()).cloned();
    function.strict = json.get("strict").and_then(Value::as_bool);
    let known = ["type", "name", "description", "parameters", "strict"];
    let rest = json.iter().filter(|(key, json)| !known.contains(&key.as_str()) && !json.is_null());
    function.extra = rest.map(|(key, json)| (key.clone(), json.clone())).collect();
    Some(Tool::Function(function))
}

/// A client's tool choice; `None` where it is none.
pub(super) fn decode_choice(json: &Value) -> Option<ToolChoice> {
    match json {
        Value::String(word) => match word.as_str() {
            "auto" => Some(ToolChoice::Auto),
            "none" => Some(ToolChoice::None),
            "required" => Some(ToolChoice::Required),
            _ => None,
        },
        Value::Object(fields) => match type_of(fields).as_str() {
            "" => None,
            "function" => Some(ToolChoice::Function(fields.get("name")?.as_str()?.to_owned())),
            "allowed_tools" => {
                Some(allowed(fields).unwrap_or_else(|| ToolChoice::Other(json.clone())))
            }
            _ => Some(ToolChoice::Other(json.clone())),
        },
        _ => None,
    }
}

/// `None`: there are others than functions and custom tools among them.
fn allowed(fields: &Map<String, Value>) -> Option<ToolChoice> {
    let tools = fields.get("tools").and_then(Value::as_array).into_iter().flatten();
    let names = tools.map(|tool| match tool.get("type").and_then(Value::as_str) {
        None | Some("function" | "custom") => tool.get("name")?.as_str().map(str::to_owned),
        Some(_) => None,
    });
    let required = fields.get("mode").and_then(Value::as_str) == Some("required");
    Some(ToolChoice::Allowed { required, names: names.collect::<Option<_>>()? })
}

fn type_of(json: &Map<String, Value>) -> String {
    json.get("type").and_then(Value::as_str).unwrap_or_default().to_owned()
}
