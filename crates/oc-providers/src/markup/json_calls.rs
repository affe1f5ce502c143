//! Calls in JSON, `{"name":"f","arguments":{…}}` or a list of them, which most
//! grammars have between marks of their own.

use serde_json::Value;

use super::grammars::Mark;
use super::{Declared, Section, Written, arguments};

/// What may come behind the last call.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// The end mark, or the end of the text.
    Marked,
    /// Anything, and it is text; these marks are none.
    Anywhere(&'static [&'static str]),
}

/// The section that `text` is. Of several calls some models make an array, some
/// write one after the other, with a semicolon or the opening mark between them.
pub(super) fn read(text: &str, mark: &Mark, end: End, declared: &Declared) -> Option<Section> {
    let (open_ended, marks) = match end {
        End::Marked => (false, [].as_slice()),
        End::Anywhere(marks) => (true, marks),
    };
    let close = |rest: &str| {
        let mut marks = mark.close.iter().chain(marks);
        marks.find_map(|mark| Some(rest.strip_prefix(mark)?.len()))
    };
    let mut rest = text.strip_prefix(mark.open)?;
    let mut calls = Vec::new();
    let left = loop {
        let Some((json, end)) = arguments::first_value(rest) else {
            break (open_ended && !calls.is_empty()).then_some(rest.len())?;
        };
        calls.extend(all(&json, declared)?);
        rest = rest.get(end..)?;
        let next = rest.trim_start();
        if let Some(left) = close(next) {
            break left;
        }
        if next.is_empty() {
            break 0;
        }
        let between = next.strip_prefix(';').or_else(|| next.strip_prefix(mark.open));
        rest = between.unwrap_or(rest);
    };
    Some(Section { calls, len: text.len() - left })
}

/// The calls that a value is: one, or a list of them.
pub(super) fn all(json: &Value, declared: &Declared) -> Option<Vec<Written>> {
    match json {
        Value::Array(list) if list.is_empty() => None,
        Value::Array(list) => list.iter().map(|one| call(one, declared)).collect(),
        one => Some(vec![call(one, declared)?]),
    }
}

/// `{"name", "arguments"}`; some models say `parameters`, and Cohere's `tool_name`.
/// Cohere's `tool_call_id` is "0" in every answer, and so tells nothing.
fn call(json: &Value, declared: &Declared) -> Option<Written> {
    let name = json.get("name").or_else(|| json.get("tool_name"))?.as_str()?;
    let asked = json.get("arguments").or_else(|| json.get("parameters")).unwrap_or(&Value::Null);
    let arguments = arguments::object(asked)?;
    let id = json.get("id").and_then(Value::as_str).map(str::to_owned);
    declared.has(name).then(|| Written { id, name: name.to_owned(), arguments })
}
