//! The response object: every key that strict clients require (Open Responses'
//! `ResponseResource`), with its default.

use serde_json::{Map, Value, json};

use super::MachineOptions;
use crate::Usage;

/// The response's own fields, around its output.
#[derive(Debug)]
pub(super) struct Frame {
    id: String,
    model: String,
    created_at: u64,
    echo: Map<String, Value>,
    pub(super) status: &'static str,
    pub(super) completed_at: Option<u64>,
    pub(super) metadata: Map<String, Value>,
    pub(super) usage: Option<Usage>,
    pub(super) error: Option<(String, String)>,
    /// What the error says besides.
    pub(super) attempts: Option<Value>,
    pub(super) incomplete: Option<String>,
}

/// A key that is echoed: its name, what it may be, its default.
struct Echoed {
    key: &'static str,
    fits: fn(&Value) -> bool,
    default: fn() -> Value,
}

const fn echoed(key: &'static str, fits: fn(&Value) -> bool, default: fn() -> Value) -> Echoed {
    Echoed { key, fits, default }
}

const ECHOED: &[Echoed] = &[
    echoed("previous_response_id", Value::is_string, null),
    echoed("instructions", Value::is_string, null),
    echoed("tools", is_list_of_typed, || json!([])),
    echoed(
        "tool_choice",
        |v| is_one_of(v, &["none", "auto", "required"]) || v["type"].is_string(),
        || json!("auto"),
    ),
    echoed("truncation", |v| is_one_of(v, &["auto", "disabled"]), || json!("disabled")),
    echoed("parallel_tool_calls", Value::is_boolean, || json!(true)),
    echoed("text", Value::is_object, || json!({})),
    echoed("top_p", Value::is_number, || json!(1.0)),
    echoed("presence_penalty", Value::is_number, || json!(0.0)),
    echoed("frequency_penalty", Value::is_number, || json!(0.0)),
    echoed("top_logprobs", Value::is_u64, || json!(0)),
    echoed("temperature", Value::is_number, || json!(1.0)),
    echoed("reasoning", Value::is_object, || json!({})),
    echoed("max_output_tokens", Value::is_u64, null),
    echoed("max_tool_calls", Value::is_u64, null),
    echoed("store", Value::is_boolean, || json!(false)),
    echoed("background", Value::is_boolean, || json!(false)),
    echoed("service_tier", Value::is_string, || json!("default")),
    echoed("safety_identifier", Value::is_string, null),
    echoed("prompt_cache_key", Value::is_string, null),
    echoed("user", Value::is_string, null),
];

fn is_one_of(value: &Value, words: &[&str]) -> bool {
    value.as_str().is_some_and(|word| words.contains(&word))
}

fn is_list_of_typed(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(|one| one["type"].is_string()))
}

fn null() -> Value {
    Value::Null
}

impl Frame {
    pub(super) fn new(options: MachineOptions) -> Self {
        let metadata = match options.echo.get("metadata") {
            Some(Value::Object(metadata)) => metadata.clone(),
            _ => Map::new(),
        };
        Self {
            id: options.id.as_str().to_owned(),
            model: options.model,
            created_at: options.created_at,
            echo: echo(&options.echo),
            status: "in_progress",
            completed_at: None,
            metadata,
            usage: None,
            error: None,
            attempts: None,
            incomplete: None,
        }
    }

    /// The response object with `output`.
    pub(super) fn response(&self, status: &str, output: &[Value]) -> Value {
        let mut json = Map::new();
        let mut set = |key: &str, value: Value| {
            json.insert(key.to_owned(), value);
        };
        let completed_at = self.completed_at.filter(|_| status == "completed");
        set("id", json!(self.id));
        set("object", json!("response"));
        set("created_at", json!(self.created_at));
        set("completed_at", json!(completed_at));
        set("status", json!(status));
        set(
            "incomplete_details",
            self.incomplete.as_ref().map_or(Value::Null, |reason| json!({ "reason": reason })),
        );
        let mut error = Value::Null;
        if let Some((code, message)) = &self.error {
            error = json!({ "code": code, "message": message });
            if let Some(attempts) = &self.attempts {
                error["attempts"] = attempts.clone();
            }
        }
        set("error", error);
        set("model", json!(self.model));
        set("output", Value::Array(output.to_vec()));
        for (key, value) in &self.echo {
            set(key, value.clone());
        }
        set("metadata", Value::Object(self.metadata.clone()));
        // Null until the end: what is counted so far may be an abandoned attempt's.
        let usage = self.usage.as_ref().filter(|_| status != "in_progress");
        set("usage", usage.map_or(Value::Null, Usage::to_json));
        Value::Object(json)
    }
}

/// Every echoed key, from the request where it has a usable value.
fn echo(request: &Map<String, Value>) -> Map<String, Value> {
    let mut all = Map::new();
    for Echoed { key, fits, default } in ECHOED {
        let given = request.get(*key).filter(|value| fits(value)).cloned();
        let mut value = given.unwrap_or_else(default);
        match *key {
            "tools" => value.as_array_mut().into_iter().flatten().for_each(complete_tool),
            "text" => {
                let fits = |format: &Value| format["type"].is_string();
                fill(&mut value, "format", fits, json!({ "type": "text" }));
            }
            "reasoning" => {
                fill(&mut value, "effort", Value::is_string, Value::Null);
                fill(&mut value, "summary", Value::is_string, Value::Null);
            }
            _ => {}
        }
        all.insert((*key).to_owned(), value);
    }
    all
}

/// A function tool needs all its keys; what the client left out, or gave in another
/// type, is null.
fn complete_tool(tool: &mut Value) {
    if tool.get("type").and_then(Value::as_str) == Some("function") {
        fill(tool, "name", Value::is_string, json!(""));
        fill(tool, "description", Value::is_string, Value::Null);
        fill(tool, "parameters", Value::is_object, Value::Null);
        fill(tool, "strict", Value::is_boolean, Value::Null);
    }
}

/// Sets `key` to its default where it is missing or does not fit.
fn fill(value: &mut Value, key: &str, fits: fn(&Value) -> bool, default: Value) {
    let Some(object) = value.as_object_mut() else { return };
    if !object.get(key).is_some_and(fits) {
        object.insert(key.to_owned(), default);
    }
}
