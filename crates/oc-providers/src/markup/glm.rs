//! `<tool_call>f<arg_key>k</arg_key><arg_value>v</arg_value></tool_call>`.

use serde_json::{Map, Value};

use super::{Declared, Section, Written, arguments};

const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";
const KEY: (&str, &str) = ("<arg_key>", "</arg_key>");
const VALUE: (&str, &str) = ("<arg_value>", "</arg_value>");

pub(super) fn read(text: &str, declared: &Declared) -> Option<Section> {
    let body = text.strip_prefix(OPEN)?;
    let end = body.find(KEY.0).into_iter().chain(body.find(CLOSE)).min().unwrap_or(body.len());
    let name = body.get(..end)?.trim();
    let schema = declared.schema(name)?;
    let mut found = Map::new();
    let mut rest = body.get(end..)?.trim_start();
    while let Some(after) = rest.strip_prefix(KEY.0) {
        let (key, after) = after.split_once(KEY.1)?;
        let after = after.trim_start().strip_prefix(VALUE.0)?;
        let (value, after) = after.split_once(VALUE.1)?;
        let key = key.trim();
        found.insert(key.to_owned(), arguments::typed(arguments::unframed(value), key, schema));
        rest = after.trim_start();
    }
    let rest = match rest.strip_prefix(CLOSE) {
        Some(rest) => rest,
        None if rest.is_empty() => rest,
        None => return None,
    };
    let arguments = Value::Object(found).to_string();
    let call = Written { id: None, name: name.to_owned(), arguments };
    Some(Section { calls: vec![call], len: text.len() - rest.len() })
}
