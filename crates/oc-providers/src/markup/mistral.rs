//! `[TOOL_CALLS][{"name":"f","arguments":{…}}]` (to v7) and
//! `[TOOL_CALLS]f[CALL_ID]x[ARGS]{…}` (from v11; either mark may be missing).

use super::{Declared, Section, Written, arguments, json_calls};

const OPEN: &str = "[TOOL_CALLS]";
const ID: &str = "[CALL_ID]";
const ARGUMENTS: &str = "[ARGS]";

pub(super) fn read(text: &str, declared: &Declared) -> Option<Section> {
    let mut calls = Vec::new();
    let mut rest = text;
    while let Some(after) = rest.trim_start().strip_prefix(OPEN) {
        rest = if after.trim_start().starts_with(['[', '{']) {
            listed(after, declared, &mut calls)?
        } else {
            named(after, declared, &mut calls)?
        };
    }
    (!calls.is_empty()).then_some(Section { calls, len: text.len() - rest.len() })
}

fn listed<'a>(text: &'a str, declared: &Declared, calls: &mut Vec<Written>) -> Option<&'a str> {
    let (json, end) = arguments::first_value(text)?;
    calls.extend(json_calls::all(&json, declared)?);
    text.get(end..)
}

fn named<'a>(text: &'a str, declared: &Declared, calls: &mut Vec<Written>) -> Option<&'a str> {
    let end = text.find(['[', '{'])?;
    let name = text.get(..end)?.trim();
    let mut rest = text.get(end..)?;
    let mut id = None;
    if let Some(after) = rest.strip_prefix(ID) {
        let end = after.find(['[', '{'])?;
        id = Some(after.get(..end)?.trim().to_owned());
        rest = after.get(end..)?;
    }
    rest = rest.strip_prefix(ARGUMENTS).unwrap_or(rest);
    let (json, end) = arguments::first_value(rest)?;
    let arguments = arguments::object(&json)?;
    declared.has(name).then_some(())?;
    calls.push(Written { id, name: name.to_owned(), arguments });
    rest.get(end..)
}
