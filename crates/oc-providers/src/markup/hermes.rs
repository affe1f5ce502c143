//! `<tool_call>{"name":"f","arguments":{…}}</tool_call>`; of several calls in one
//! section some models make an array, some write one after the other.

use serde_json::Value;

use super::{Declared, Section, Written, arguments};

const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";

pub(super) fn read(text: &str, declared: &Declared) -> Option<Section> {
    let mut rest = text.strip_prefix(OPEN)?;
    let mut calls = Vec::new();
    let len = loop {
        let (json, end) = arguments::first_value(rest)?;
        match &json {
            Value::Array(list) => {
                for one in list {
                    calls.push(call(one, declared)?);
                }
            }
            one => calls.push(call(one, declared)?),
        }
        rest = rest.get(end..)?.trim_start();
        if let Some(after) = rest.strip_prefix(CLOSE) {
            break text.len() - after.len();
        }
        if rest.is_empty() {
            break text.len();
        }
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
