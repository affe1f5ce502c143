//! `${VAR}` in strings.
//!
//! Names are `[A-Z_][A-Z0-9_]*`; any other `${…}` stays as it is, and
//! `$${VAR}` is the literal `${VAR}`. An empty variable counts as missing.
//! A missing one stays visible in the text and makes only its consumer
//! unusable, as OpenClaw does since 2026.9.

use crate::document::{Node, Text, Value};
use crate::env::{Layered, is_variable_name};

/// Substitutes in every string below `node`; keys are left alone.
pub(crate) fn substitute(node: &mut Node, env: &Layered<'_>) {
    match &mut node.value {
        Value::Text(text) if text.text.contains("${") => {
            let replaced = replace(&text.text, env);
            *text = replaced;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| substitute(item, env)),
        Value::Object(entries) => {
            entries.iter_mut().for_each(|entry| substitute(&mut entry.value, env))
        }
        _ => {}
    }
}

/// One string.
pub(crate) fn replace(text: &str, env: &Layered<'_>) -> Text {
    let mut out = Text::default();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        let Some(name) = name_at(from) else {
            out.text.push_str(before);
            out.text.push_str("${");
            rest = from.get(2..).unwrap_or_default();
            continue;
        };
        let reference = format!("${{{name}}}");
        rest = from.get(reference.len()..).unwrap_or_default();
        if let Some(before) = before.strip_suffix('$') {
            out.text.push_str(before);
            out.text.push_str(&reference);
            continue;
        }
        out.text.push_str(before);
        match env.get(name) {
            Some(value) => {
                out.text.push_str(&value);
                out.variables.push(name.to_owned());
            }
            None => {
                out.text.push_str(&reference);
                out.missing.push(name.to_owned());
            }
        }
    }
    out.text.push_str(rest);
    out
}

/// The name in the `${NAME}` that `text` begins with. Looks no further than the
/// name: a text may be megabytes of `${`.
fn name_at(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))?;
    let (name, rest) = inner.split_at(end);
    (rest.starts_with('}') && is_variable_name(name)).then_some(name)
}

/// Whether `text`, substituted already, holds a `${` that begins no variable:
/// a slip. A whole `${NAME}` is there because `$${NAME}` was written.
pub(crate) fn holds_half_a_variable(text: &str) -> bool {
    text.match_indices("${").any(|(at, _)| name_at(text.get(at..).unwrap_or_default()).is_none())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_slip_is_no_escaped_variable() {
        for (text, slip) in
            [("sk", false), ("${NAME}", false), ("${name}", true), ("a ${B", true), ("${}", true)]
        {
            assert_eq!(holds_half_a_variable(text), slip, "{text}");
        }
    }

    #[test]
    fn replaces_names_and_leaves_the_rest() {
        let process = |name: &str| match name {
            "KEY" => Some("sk".to_owned()),
            "HOST" => Some("box".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let env = Layered { process: &process, files: Vec::new(), config: BTreeMap::new() };
        let cases: [(&str, &str, &[&str], &[&str]); 10] = [
            ("${KEY}", "sk", &["KEY"], &[]),
            ("http://${HOST}:1/${KEY}", "http://box:1/sk", &["HOST", "KEY"], &[]),
            ("$${KEY}", "${KEY}", &[], &[]),
            ("$$${KEY}", "$${KEY}", &[], &[]),
            ("${lower}", "${lower}", &[], &[]),
            ("${KEY", "${KEY", &[], &[]),
            ("${}", "${}", &[], &[]),
            ("${NOPE}x", "${NOPE}x", &[], &["NOPE"]),
            ("${EMPTY}", "${EMPTY}", &[], &["EMPTY"]),
            ("${${KEY}}", "${sk}", &["KEY"], &[]),
        ];
        for (text, want, variables, missing) in cases {
            let got = replace(text, &env);
            assert_eq!(got.text, want, "{text}");
            assert_eq!(got.variables, variables, "{text}");
            assert_eq!(got.missing, missing, "{text}");
        }
    }
}
