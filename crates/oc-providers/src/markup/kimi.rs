//! `<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{…}<|tool_call_end|><|tool_calls_section_end|>`.

use super::{Declared, Section, Written, arguments};

const OPEN: &str = "<|tool_calls_section_begin|>";
const CLOSE: &str = "<|tool_calls_section_end|>";
const CALL: &str = "<|tool_call_begin|>";
const ARGUMENTS: &str = "<|tool_call_argument_begin|>";
const END: &str = "<|tool_call_end|>";

pub(super) fn read(text: &str, declared: &Declared) -> Option<Section> {
    let mut rest = text.strip_prefix(OPEN)?.trim_start();
    let mut calls = Vec::new();
    while let Some(after) = rest.strip_prefix(CALL) {
        let (id, after) = after.split_once(ARGUMENTS)?;
        let (json, end) = arguments::first_value(after)?;
        let after = after.get(end..)?.trim_start();
        calls.push(call(id.trim(), &json, declared)?);
        rest = after.strip_prefix(END).unwrap_or(after).trim_start();
    }
    let rest = match rest.strip_prefix(CLOSE) {
        Some(rest) => rest,
        None if rest.is_empty() => rest,
        None => return None,
    };
    (!calls.is_empty()).then_some(Section { calls, len: text.len() - rest.len() })
}

/// The id names the function: `functions.f:0`. The model wants it back as it is.
fn call(id: &str, json: &serde_json::Value, declared: &Declared) -> Option<Written> {
    let name = id.rsplit_once(':').map_or(id, |(name, _)| name);
    let name = name.strip_prefix("functions.").unwrap_or(name);
    let arguments = arguments::object(json)?;
    declared.has(name).then(|| Written {
        id: Some(id.to_owned()),
        name: name.to_owned(),
        arguments,
    })
}
