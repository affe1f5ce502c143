//! `<tool_call><function=f><parameter=k>v</parameter></function></tool_call>`,
//! also without the outer tag, or with another.

use serde_json::{Map, Value};

use super::{Declared, Section, Written, arguments};

const OUTER: [(&str, &str); 2] =
    [("<tool_call>", "</tool_call>"), ("<seed:tool_call>", "</seed:tool_call>")];
const FUNCTION: (&str, &str) = ("<function=", "</function>");
const PARAMETER: (&str, &str) = ("<parameter=", "</parameter>");

pub(super) fn read(text: &str, declared: &Declared) -> Option<Section> {
    let outer = OUTER.into_iter().find(|(open, _)| text.starts_with(open));
    let (open, close) = outer.unwrap_or_default();
    let mut rest = text.strip_prefix(open)?.trim_start();
    let mut calls = Vec::new();
    // Several stand in one pair of tags; without any, each is a section.
    while let Some(body) = rest.strip_prefix(FUNCTION.0)
        && (outer.is_some() || calls.is_empty())
    {
        let (call, behind) = function(body, close, declared)?;
        calls.push(call);
        rest = if outer.is_some() { behind.trim_start() } else { behind };
    }
    if outer.is_some() {
        rest = rest.strip_prefix(close).unwrap_or(rest);
    }
    (!calls.is_empty()).then(|| Section { calls, len: text.len() - rest.len() })
}

/// One function behind its opening tag, and what comes behind it.
fn function<'a>(body: &'a str, close: &str, declared: &Declared) -> Option<(Written, &'a str)> {
    let (name, body) = body.split_once('>')?;
    let name = name.trim().trim_matches('"');
    let schema = declared.schema(name)?;
    let (fields, rest) = match body.split_once(FUNCTION.1) {
        Some((fields, rest)) => (fields, rest),
        None => (body.trim_end().strip_suffix(close).unwrap_or(body), ""),
    };
    let arguments = parameters(fields, schema)?.to_string();
    Some((Written { id: None, name: name.to_owned(), arguments }, rest))
}

fn parameters(fields: &str, schema: &Value) -> Option<Value> {
    let mut found = Map::new();
    let mut rest = fields.trim();
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix(PARAMETER.0)?.split_once('>')?;
        // A model forgets the end tag now and then: the next one begins.
        let end = after.find(PARAMETER.1).unwrap_or(after.len());
        let next = after.find("\n<parameter=").unwrap_or(after.len());
        let value = arguments::unframed(after.get(..end.min(next))?);
        let name = name.trim().trim_matches('"');
        found.insert(name.to_owned(), arguments::typed(value, name, schema));
        rest = after.get(end.min(next)..)?;
        rest = rest.strip_prefix(PARAMETER.1).unwrap_or(rest).trim_start();
    }
    Some(Value::Object(found))
}
