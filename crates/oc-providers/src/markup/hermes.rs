//! `<tool_call>{"name":"f","arguments":{…}}</tool_call>`.

use serde_json::Value;

use super::{Declared, Section, Written, arguments};

const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";

pub(super) fn read(text: &str, declared: &Declared) -> Option<Section> {
    let body = text.strip_prefix(OPEN)?;
    let (json, end) = arguments::first_value(body)?;
    let rest = body.get(end..)?;
    let after = rest.trim_start().strip_prefix(CLOSE);
    let len = match after {
        Some(after) => text.len() - after.len(),
        None if rest.trim().is_empty() => text.len(),
        None => return None,
    };
    let calls = match &json {
        Value::Array(list) => list.iter().map(|one| call(one, declared)).collect::<Option<_>>()?,
        one => vec![call(one, declared)?],
    };
    Some(Section { calls, len })
}

/// `{"name", "arguments"}`; some models say `parameters`.
pub(super) fn call(json: &Value, declared: &Declared) -> Option<Written> {
    let name = json.get("name")?.as_str()?;
    let asked = json.get("arguments").or_else(|| json.get("parameters")).unwrap_or(&Value::Null);
    let arguments = arguments::object(asked)?;
    let id = json.get("id").and_then(Value::as_str).map(str::to_owned);
    declared.has(name).then(|| Written { id, name: name.to_owned(), arguments })
}
