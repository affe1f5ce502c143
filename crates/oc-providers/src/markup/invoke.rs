//! `<invoke name="f"><parameter name="k">v</parameter></invoke>`, inside of marks of
//! a grammar's own, or without any.

use serde_json::{Map, Value};

use super::grammars::Mark;
use super::{Declared, Section, Written, arguments};

/// The tags' names, without brackets.
#[derive(Clone, Copy)]
pub(super) struct Tags {
    pub(super) invoke: &'static str,
    pub(super) parameter: &'static str,
}

/// The section that `text` is.
pub(super) fn read(text: &str, mark: &Mark, tags: Tags, declared: &Declared) -> Option<Section> {
    // Without an outer tag the first call itself is the mark.
    let (body, close) = match open(text, tags.invoke) {
        Some(_) => (text, ""),
        None => (text.strip_prefix(mark.open)?, mark.close.unwrap_or_default()),
    };
    let (calls, rest) = calls(body, tags, declared)?;
    let rest = match rest.strip_prefix(close) {
        Some(rest) => rest,
        None if rest.is_empty() => rest,
        None => return None,
    };
    Some(Section { calls, len: text.len() - rest.len() })
}

/// The calls of `body`, and what is left of it after the last.
pub(super) fn calls<'a>(
    body: &'a str,
    tags: Tags,
    declared: &Declared,
) -> Option<(Vec<Written>, &'a str)> {
    let mut found = Vec::new();
    let mut rest = body.trim_start();
    while let Some((head, after)) = open(rest, tags.invoke) {
        let name = attribute(head, "name")?;
        let schema = declared.schema(name)?;
        let close = format!("</{}>", tags.invoke);
        let (fields, after) = after.split_once(close.as_str()).unwrap_or((after, ""));
        let arguments = parameters(fields, tags, schema)?.to_string();
        found.push(Written { id: None, name: name.to_owned(), arguments });
        rest = after.trim_start();
    }
    (!found.is_empty()).then_some((found, rest))
}

fn parameters(fields: &str, tags: Tags, schema: &Value) -> Option<Value> {
    let close = format!("</{}>", tags.parameter);
    let mut found = Map::new();
    let mut rest = fields.trim();
    while !rest.is_empty() {
        let (head, after) = open(rest, tags.parameter)?;
        let name = attribute(head, "name")?;
        let (text, after) = after.split_once(close.as_str())?;
        let value = match attribute(head, "string") {
            Some("true") => Value::String(text.to_owned()),
            _ => arguments::typed(arguments::unframed(text), name, schema),
        };
        found.insert(name.to_owned(), value);
        rest = after.trim_start();
    }
    Some(Value::Object(found))
}

/// The inside of the tag `name` that `text` begins with, and what follows it.
fn open<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix('<')?.strip_prefix(name)?.split_once('>')
}

fn attribute<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let at = head.find(&format!("{name}=\""))?;
    let value = head.get(at + name.len() + 2..)?;
    value.split_once('"').map(|(value, _)| value)
}
