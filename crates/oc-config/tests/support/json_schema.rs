//! As much of JSON Schema (draft 7) as our schemas use. A keyword that is not
//! known here is a failure, not a pass.

use std::cell::RefCell;
use std::collections::HashMap;

use regex_lite::Regex;
use serde_json::{Map, Value};

/// What `schema` has against `value`; `root` holds the definitions.
pub fn refusals(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let rules = match schema {
        Value::Bool(false) => return vec![format!("{at}: nothing may stand here")],
        Value::Object(rules) => rules,
        _ => return Vec::new(),
    };
    if let Some(name) = rules.get("$ref").and_then(Value::as_str) {
        // In draft 7 what stands beside it is not read.
        return refusals(root, definition(root, name), value, at);
    }
    let mut found = Vec::new();
    let fits = |rule: &Value| refusals(root, rule, value, at).is_empty();
    for (keyword, rule) in rules {
        let held = match keyword.as_str() {
            "type" => kinds(rule).iter().any(|kind| is_of(value, kind)),
            "enum" => list(rule).contains(value),
            "const" => rule == value,
            "minimum" => compare(value, rule, |number, bound| number >= bound),
            "maximum" => compare(value, rule, |number, bound| number <= bound),
            "exclusiveMinimum" => compare(value, rule, |number, bound| number > bound),
            "minLength" => length(value).is_none_or(|chars| chars >= number(rule)),
            "maxLength" => length(value).is_none_or(|chars| chars <= number(rule)),
            "pattern" => value.as_str().is_none_or(|text| matches(rule, text)),
            "minItems" => value.as_array().is_none_or(|items| items.len() >= number(rule)),
            "maxItems" => value.as_array().is_none_or(|items| items.len() <= number(rule)),
            "anyOf" | "oneOf" => list(rule).iter().any(fits),
            "not" => !fits(rule),
            "allOf" => {
                list(rule).iter().for_each(|part| found.extend(refusals(root, part, value, at)));
                true
            }
            "if" => {
                let then = rules.get("then").expect("then");
                if fits(rule) {
                    found.extend(refusals(root, then, value, at));
                }
                true
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(refusals(root, rule, item, &format!("{at}[{index}]")));
                }
                true
            }
            "required" => {
                let object = value.as_object();
                let has = |key: &&str| object.is_none_or(|object| object.contains_key(*key));
                let missing: Vec<&str> =
                    list(rule).iter().filter_map(Value::as_str).filter(|key| !has(key)).collect();
                missing.is_empty()
            }
            "propertyNames" => {
                for key in value.as_object().into_iter().flat_map(Map::keys) {
                    let key = Value::from(key.as_str());
                    found.extend(refusals(root, rule, &key, &format!("{at} (its key)")));
                }
                true
            }
            "properties" | "patternProperties" | "additionalProperties" => {
                found.extend(children(root, rules, keyword, value, at));
                true
            }
            "$schema" | "title" | "description" | "default" | "definitions" | "format" | "then" => {
                true
            }
            other => panic!("keyword {other} is not known"),
        };
        if !held {
            found.push(format!("{at}: {keyword}"));
        }
    }
    found
}

/// The keys that `keyword` speaks of.
fn children(
    root: &Value,
    rules: &Map<String, Value>,
    keyword: &str,
    value: &Value,
    at: &str,
) -> Vec<String> {
    let named = rules.get("properties").and_then(Value::as_object);
    let patterns = rules.get("patternProperties").and_then(Value::as_object);
    let mut found = Vec::new();
    for (key, child) in value.as_object().into_iter().flatten() {
        let own = named.and_then(|named| named.get(key));
        let by_pattern: Vec<&Value> = patterns
            .into_iter()
            .flatten()
            .filter(|(pattern, _)| matches(&Value::from(pattern.as_str()), key))
            .map(|(_, rule)| rule)
            .collect();
        let rules: Vec<&Value> = match keyword {
            "properties" => own.into_iter().collect(),
            "patternProperties" => by_pattern,
            _ if own.is_none() && by_pattern.is_empty() => rules.get(keyword).into_iter().collect(),
            _ => Vec::new(),
        };
        for rule in rules {
            found.extend(refusals(root, rule, child, &format!("{at}.{key}")));
        }
    }
    found
}

/// Where `#/definitions/…` leads.
pub fn definition<'a>(root: &'a Value, name: &str) -> &'a Value {
    root.pointer(name.trim_start_matches('#')).expect("a definition")
}

fn matches(pattern: &Value, text: &str) -> bool {
    thread_local! {
        static PATTERNS: RefCell<HashMap<String, Regex>> = RefCell::default();
    }
    let pattern = pattern.as_str().expect("a pattern");
    PATTERNS.with_borrow_mut(|patterns| {
        let regex = patterns
            .entry(pattern.to_owned())
            .or_insert_with(|| Regex::new(pattern).expect("a pattern"));
        regex.is_match(text)
    })
}

fn list(rule: &Value) -> &[Value] {
    rule.as_array().map(Vec::as_slice).expect("a list")
}

fn kinds(rule: &Value) -> Vec<&str> {
    match rule {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    }
}

fn number(rule: &Value) -> usize {
    rule.as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number")
}

fn length(value: &Value) -> Option<usize> {
    value.as_str().map(|text| text.chars().count())
}

fn compare(value: &Value, bound: &Value, holds: fn(f64, f64) -> bool) -> bool {
    let bound = bound.as_f64().expect("a bound");
    value.as_f64().is_none_or(|number| holds(number, bound))
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}
