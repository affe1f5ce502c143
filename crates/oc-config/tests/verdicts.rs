//! The schemas and the readers come to the same verdict.
//!
//! Instances are made of the schema itself: for every place that it knows, the
//! smallest document that holds it, with the key absent and with each of many
//! values: null, empty, of every kind, at the ends of its range and beyond, and
//! every word of its set. Whatever the schema says of one, `check` must say too.

mod support;

use std::collections::{BTreeSet, HashSet};

use oc_config::{Config, ConfigError, Settings, Severity, schema};
use serde_json::{Map, Value, json};
use support::json_schema::{definition, refusals};

/// Refusals that concern several places, or the world outside: no schema can
/// say them.
const BEYOND_A_SCHEMA: &[&str] = &[
    "is no model ref and no alias",
    "would serve anyone",
    "another client has the same",
    // What a pattern says of addresses is less than what the reader knows.
    "not an address to listen on",
    // Whether a key is there.
    "no `secrets.providers.",
    "commands for secrets are not allowed",
    "OpenClaw's own store is not read",
];

#[test]
fn a_config_is_what_its_schema_says() {
    let schema = schema::config_schema();
    let checked = hold(&schema, &|text| Config::parse(text, "c", &variable).err());
    assert!(checked > 8_000, "{checked}");
}

#[test]
fn settings_are_what_their_schema_says() {
    let schema = schema::settings_schema();
    let checked = hold(&schema, &|text| Settings::parse(text, "s", &variable).err());
    assert!(checked > 1_000, "{checked}");
}

/// Slips that were once taken by the schema and refused by the reader, or the
/// other way about.
#[test]
fn what_editors_once_let_pass_is_refused() {
    let schema = schema::config_schema();
    let provider = |key: &str, value: Value| {
        let mut row = json!({ "baseUrl": "http://127.0.0.1:1/v1", "api": "openai-responses", "models": [{ "id": "m" }] });
        row[key] = value;
        json!({ "models": { "providers": { "box": row } } })
    };
    let secret = |source: &str, alias: &str, id: &str| {
        provider("apiKey", json!({ "source": source, "provider": alias, "id": id }))
    };
    for wrong in [
        provider("timeoutSeconds", Value::Null),
        provider("apiKey", Value::Null),
        provider("baseUrl", json!("")),
        provider("region", json!("")),
        provider("models", json!([{ "id": "" }])),
        provider("models", json!([{ "id": "m", "contextWindow": null }])),
        provider("models", json!([{ "id": "m", "reasoning": null }])),
        secret("env", "Default", "NAME"),
        secret("env", "default", "sk-planted"),
        secret("file", "default", "relative"),
        secret("exec", "default", "a/../b"),
        json!({ "agents": { "defaults": { "model": "" } } }),
        json!({ "agents": { "entries": { "Main Agent": {} } } }),
        json!({ "secrets": { "providers": { "box": { "source": "file" } } } }),
        json!({ "secrets": { "providers": { "box": { "source": "env", "path": "/x" } } } }),
    ] {
        assert!(!refusals(&schema, &schema, &wrong, "").is_empty(), "the schema takes {wrong}");
        assert!(Config::parse(&wrong.to_string(), "c", &variable).is_err(), "taken: {wrong}");
    }
    for right in [
        secret("env", "default", "NAME"),
        secret("file", "default", "/a/b"),
        secret("exec", "default", "a/b"),
        provider("models", json!([{ "id": "m", "thinkingLevelMap": { "off": null } }])),
        json!({ "models": { "providers": { "anthropic": { "models": [{ "id": "m" }] } } } }),
        json!({ "models": { "providers": { " Anthropic": { "models": [{ "id": "m" }] } } } }),
        json!({ "models": { "providers": { "box": { "models": [] } } } }),
        json!({ "secrets": { "providers": { "box": {
            "source": "exec", "pluginIntegration": { "pluginId": "p", "integrationId": "i" },
        } } } }),
    ] {
        assert_eq!(refusals(&schema, &schema, &right, ""), [""; 0], "{right}");
        assert!(Config::parse(&right.to_string(), "c", &variable).is_ok(), "refused: {right}");
    }
    // What is required may come out of the file that is included.
    let included = provider("models", json!([{ "$include": "./model.json5" }]));
    assert_eq!(refusals(&schema, &schema, &included, ""), [""; 0]);
}

fn variable(_: &str) -> Option<String> {
    Some("value".to_owned())
}

/// Compares the verdicts on every instance; how many there were.
fn hold(schema: &Value, read: &dyn Fn(&str) -> Option<ConfigError>) -> usize {
    let mut instances = Instances { root: schema, seen: HashSet::new(), all: Vec::new() };
    instances.walk(schema, &|value| value, String::new());
    let mut unlike = BTreeSet::new();
    for (path, instance) in &instances.all {
        let by_schema = refusals(schema, schema, instance, "");
        let taken = by_schema.is_empty();
        let beyond = |reason: &str| BEYOND_A_SCHEMA.iter().any(|known| reason.contains(known));
        let by_reader: Vec<String> = read(&instance.to_string())
            .iter()
            .flat_map(|error| error.diagnostics())
            .filter(|problem| problem.severity == Severity::Error)
            .filter(|problem| !(taken && beyond(&problem.reason)))
            .map(ToString::to_string)
            .collect();
        if by_schema.is_empty() != by_reader.is_empty() {
            unlike.insert(format!(
                "{path}: {instance}\n    schema {by_schema:?}\n    reader {by_reader:?}"
            ));
        }
    }
    let shown: Vec<String> = unlike.iter().take(40).cloned().collect();
    assert!(unlike.is_empty(), "{} of {}\n{}", unlike.len(), instances.all.len(), shown.join("\n"));
    instances.all.len()
}

/// Documents made of a schema, each with the place it is about.
struct Instances<'a> {
    root: &'a Value,
    /// Definitions that were gone through: elsewhere they are the same.
    seen: HashSet<&'a str>,
    all: Vec<(String, Value)>,
}

impl<'a> Instances<'a> {
    /// `around` puts a value for `schema` into the smallest document.
    fn walk(&mut self, schema: &'a Value, around: &dyn Fn(Value) -> Value, path: String) {
        let parts = self.parts(schema);
        for value in self.values(&parts) {
            self.all.push((path.clone(), around(value)));
        }
        let name = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref"));
        if name.and_then(Value::as_str).is_some_and(|name| !self.seen.insert(name)) {
            return;
        }
        for part in &parts {
            if let Some(items) = part.get("items") {
                let one = |value| around(Value::Array(vec![value]));
                self.walk(items, &one, format!("{path}[]"));
                if let Some(most) =
                    part.get("maxItems").and_then(Value::as_u64).filter(|n| *n < 300)
                {
                    let item = self.smallest(items);
                    for count in [most, most + 1] {
                        let many = (0..count).map(|_| item.clone()).collect();
                        self.all.push((path.clone(), around(Value::Array(many))));
                    }
                }
            }
            if let Some(more) = part.get("additionalProperties").filter(|more| more.is_object()) {
                let one = |value| around(json!({ "key": value }));
                self.walk(more, &one, format!("{path}.<key>"));
                for key in ["KEY", "a/b", "", " ", "a key", "ok-1", "x".repeat(65).as_str()] {
                    let value = self.smallest(more);
                    self.all.push((format!("{path}.<key>"), around(json!({ key: value }))));
                }
            }
            let Some(properties) = part.get("properties").and_then(Value::as_object) else {
                continue;
            };
            // Keys that are the user's own; editors offer these.
            let offered = part.contains_key("patternProperties");
            let objects = self.variants(part);
            for (key, child) in properties.iter().take(if offered { 1 } else { usize::MAX }) {
                // A file would have to be there; and settings are gone through alone.
                if key == "$include" || key == "ocGateway" {
                    continue;
                }
                let path = format!("{path}.{key}");
                for object in &objects {
                    let mut absent = object.clone();
                    absent.shift_remove(key);
                    self.all.push((path.clone(), around(Value::Object(absent))));
                    let with = |value| {
                        let mut object = object.clone();
                        object.insert(key.clone(), value);
                        around(Value::Object(object))
                    };
                    self.walk(child, &with, path.clone());
                }
            }
        }
    }

    /// The schemas that hold for a place together or in turn, references
    /// followed.
    fn parts(&self, schema: &'a Value) -> Vec<&'a Map<String, Value>> {
        let mut parts = Vec::new();
        let mut open = vec![schema];
        while let Some(Value::Object(rules)) = open.pop() {
            if let Some(name) = rules.get("$ref").and_then(Value::as_str) {
                open.push(definition(self.root, name));
                continue;
            }
            parts.push(rules);
            for forms in ["anyOf", "oneOf", "allOf"] {
                open.extend(rules.get(forms).and_then(Value::as_array).into_iter().flatten());
            }
        }
        parts
    }

    /// The smallest objects that `rules` takes: one for each word of `mode`,
    /// `source` and their like.
    fn variants(&self, rules: &'a Map<String, Value>) -> Vec<Map<String, Value>> {
        let mut all = vec![self.required(rules, rules)];
        for rule in rules.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let Some(words) = rule.pointer("/if/properties").and_then(Value::as_object) else {
                continue;
            };
            let then = &rule["then"];
            let ways = then.get("anyOf").and_then(Value::as_array);
            let ways: Vec<&Value> = match ways {
                Some(ways) if then.get("propertyNames").is_none() => ways.iter().collect(),
                _ => vec![then],
            };
            for way in ways.iter().filter_map(|way| way.as_object()) {
                let mut object = self.required(rules, rules);
                object.extend(self.required(way, rules));
                let id = way.get("properties").and_then(|properties| properties.get("id"));
                if let Some(id) = id {
                    object.insert("id".to_owned(), self.smallest(id));
                }
                for (key, word) in words {
                    object.insert(key.clone(), word["const"].clone());
                }
                all.push(object);
            }
        }
        all.dedup();
        all
    }

    /// What `rules` asks for, each key as small as `described` says it can be.
    fn required(
        &self,
        rules: &'a Map<String, Value>,
        described: &'a Map<String, Value>,
    ) -> Map<String, Value> {
        let all = rules.get("allOf").and_then(Value::as_array).into_iter().flatten();
        let all = all.filter_map(|rule| rule.pointer("/anyOf/0/required"));
        let keys = all.chain(rules.get("required")).filter_map(Value::as_array).flatten();
        let keys = keys.filter_map(Value::as_str).filter(|key| *key != "$include");
        keys.filter_map(|key| {
            let child = described.get("properties")?.get(key)?;
            Some((key.to_owned(), self.smallest(child)))
        })
        .collect()
    }

    /// A small value that `schema` takes.
    fn smallest(&self, schema: &'a Value) -> Value {
        let values = self.values(&self.parts(schema));
        let taken = values
            .into_iter()
            .find(|value| !value.is_null() && refusals(self.root, schema, value, "").is_empty());
        taken.unwrap_or_else(|| panic!("nothing fits {schema}"))
    }

    /// Values to try at a place: of every kind, and what its schema speaks of.
    fn values(&self, parts: &[&'a Map<String, Value>]) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        for part in parts {
            all.extend(part.get("enum").and_then(Value::as_array).into_iter().flatten().cloned());
            all.extend(part.get("const").cloned());
            for bound in ["minimum", "maximum"] {
                if let Some(bound) = part.get(bound).and_then(Value::as_u64) {
                    let around = [bound.checked_sub(1), Some(bound), Some(bound + 1)];
                    all.extend(around.into_iter().flatten().map(Value::from));
                }
            }
            for length in ["minLength", "maxLength"] {
                if let Some(length) = part.get(length).and_then(Value::as_u64) {
                    let length = usize::try_from(length).expect("a length");
                    all.extend([length, length + 1].map(|length| Value::from("x".repeat(length))));
                }
            }
            all.extend(self.variants(part).into_iter().map(Value::Object));
        }
        let few = [
            json!("text"),
            json!("a"),
            json!("NAME"),
            json!("5m"),
            json!("/a/b"),
            json!("127.0.0.1:1"),
            json!("http://127.0.0.1:1/v1"),
            json!("p95"),
            json!(""),
            json!("  "),
            json!("!run"),
            json!("a/../b"),
            Value::Null,
            json!(true),
            json!(false),
            json!(0),
            json!(1),
            json!(-1),
            json!(0.5),
            json!(2.0),
            json!(1e300),
            json!([]),
            json!(["text"]),
            json!([1]),
            json!([1, 2]),
            json!([1, 2, 3]),
            json!([""]),
            json!([null]),
            json!({}),
            json!({ "zzzz": 1 }),
        ];
        all.extend(few);
        all
    }
}
