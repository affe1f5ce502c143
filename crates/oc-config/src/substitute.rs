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
        let name = from
            .strip_prefix("${")
            .and_then(|inner| inner.split_once('}'))
            .map(|(name, _)| name)
            .filter(|name| is_variable_name(name));
        let Some(name) = name else {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

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
