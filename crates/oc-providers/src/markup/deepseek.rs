//! `<｜tool▁calls▁begin｜>…<｜tool▁calls▁end｜>` in its two forms, and DSML.
//!
//! ```text
//! <｜tool▁call▁begin｜>function<｜tool▁sep｜>f⏎```json⏎{…}⏎```<｜tool▁call▁end｜>      V3, R1
//! <｜tool▁call▁begin｜>f<｜tool▁sep｜>{…}<｜tool▁call▁end｜>                          V3.1
//! <｜DSML｜function_calls><｜DSML｜invoke name="f"><｜DSML｜parameter name="k" string="true">v…   V3.2
//! ```

use super::invoke::{self, Tags};
use super::{Declared, Section, Written, arguments};

const OPEN: &str = "<｜tool▁calls▁begin｜>";
const CLOSE: &str = "<｜tool▁calls▁end｜>";
const CALL: &str = "<｜tool▁call▁begin｜>";
const SEPARATOR: &str = "<｜tool▁sep｜>";
const END: &str = "<｜tool▁call▁end｜>";
const DSML: (&str, &str) = ("<｜DSML｜function_calls>", "</｜DSML｜function_calls>");
const TAGS: Tags = Tags { invoke: "｜DSML｜invoke", parameter: "｜DSML｜parameter" };
const FENCE: &str = "```";

pub(super) fn read(text: &str, declared: &Declared) -> Option<Section> {
    if let Some(body) = text.strip_prefix(DSML.0) {
        let (calls, rest) = invoke::calls(body, TAGS, declared)?;
        return ended(text, calls, rest, DSML.1);
    }
    let mut rest = text.strip_prefix(OPEN)?.trim_start();
    let mut calls = Vec::new();
    while let Some(after) = rest.strip_prefix(CALL) {
        let (kind, after) = after.split_once(SEPARATOR)?;
        let (call, after) = match kind.trim() {
            "function" => fenced(after, declared)?,
            name => bare(name, after, declared)?,
        };
        calls.push(call);
        let after = after.trim_start();
        rest = after.strip_prefix(END).unwrap_or(after).trim_start();
    }
    (!calls.is_empty()).then_some(())?;
    ended(text, calls, rest, CLOSE)
}

fn ended(text: &str, calls: Vec<Written>, rest: &str, close: &str) -> Option<Section> {
    let rest = match rest.strip_prefix(close) {
        Some(rest) => rest,
        None if rest.is_empty() => rest,
        None => return None,
    };
    Some(Section { calls, len: text.len() - rest.len() })
}

/// The name, then the arguments in a fence of code.
fn fenced<'a>(text: &'a str, declared: &Declared) -> Option<(Written, &'a str)> {
    let (name, after) = text.split_once(FENCE)?;
    let after = after.strip_prefix("json").unwrap_or(after);
    let (call, after) = bare(name.trim(), after, declared)?;
    let after = after.trim_start();
    Some((call, after.strip_prefix(FENCE).unwrap_or(after)))
}

fn bare<'a>(name: &str, text: &'a str, declared: &Declared) -> Option<(Written, &'a str)> {
    let (json, end) = arguments::first_value(text)?;
    let arguments = arguments::object(&json)?;
    let call = Written { id: None, name: name.to_owned(), arguments };
    declared.has(name).then_some((call, text.get(end..)?))
}
