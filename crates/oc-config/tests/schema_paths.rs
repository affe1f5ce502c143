//! Every path of OpenClaw's own schema, present, absent and of a wrong type.
//!
//! `schema/paths.tsv` was derived from the schema that OpenClaw 2026.9.6 prints,
//! with February's paths added. Where the verdict differs on purpose, the path
//! is listed here with the reason.

use oc_config::{Config, Severity};
use serde_json::{Map, Value, json};

/// Paths whose wrong values are taken, or whose right ones are not.
const DIFFERENT: &[(&str, &str)] = &[
    ("models.providers.key.models.0.name", "a name is for people: the id does without one"),
    (
        "models.providers.key.models.0.id",
        "a row without an id is told as one problem with its place",
    ),
];

struct Row<'a> {
    path: &'a str,
    presence: &'a str,
    valid: Value,
    wrong: Value,
}

fn rows() -> Vec<Row<'static>> {
    let lines = include_str!("schema/paths.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut fields = line.split('\t');
            let mut field = || fields.next().expect("four fields");
            let (path, presence) = (field(), field());
            let json = |text: &str| serde_json::from_str(text).expect("JSON");
            Row { path, presence, valid: json(field()), wrong: json(field()) }
        })
        .collect()
}

/// The smallest config that holds `value` at `path`.
fn config_with(rows: &[Row<'_>], path: &str, value: &Value) -> Value {
    let mut root = json!({});
    put(rows, &mut root, "", path, value);
    root
}

/// Walks down from `at`, giving each container its smallest valid form.
fn put(rows: &[Row<'_>], node: &mut Value, at: &str, path: &str, value: &Value) {
    let rest = path.strip_prefix(at).unwrap_or(path).trim_start_matches('.');
    let Some(step) = rest.split('.').next().filter(|step| !step.is_empty()) else {
        *node = value.clone();
        return;
    };
    let here = if at.is_empty() { step.to_owned() } else { format!("{at}.{step}") };
    let key = step.split('~').next().expect("a key");
    let smallest = rows.iter().find(|row| row.path == here).map(|row| row.valid.clone());
    let mut child = match smallest {
        Some(valid @ (Value::Object(_) | Value::Array(_))) => valid,
        _ => json!({}),
    };
    put(rows, &mut child, &here, path, value);
    match key.parse::<usize>() {
        Ok(_) => *node = json!([child]),
        Err(_) => {
            let mut object = match std::mem::take(node) {
                Value::Object(object) => object,
                _ => Map::new(),
            };
            object.insert(key.to_owned(), child);
            *node = Value::Object(object);
        }
    }
}

/// The errors that concern the path or what is around it.
fn errors(config: &Value) -> Vec<String> {
    match Config::parse(&config.to_string(), "c", &|_: &str| None) {
        Ok(_) => Vec::new(),
        Err(error) => error
            .diagnostics()
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            // A custom provider's address is its own rule, not one of shape.
            .filter(|problem| !problem.reason.contains("has no `baseUrl`"))
            // What a name leads to is no matter of shape either.
            .filter(|problem| !problem.reason.contains("is no model ref and no alias"))
            .map(ToString::to_string)
            .collect(),
    }
}

/// What `text` stands for where any string would not do.
fn meant(path: &str, valid: &Value) -> Value {
    let last = path.rsplit('.').next().unwrap_or_default();
    let stands_for = match (last, path) {
        ("baseUrl", _) => json!("http://127.0.0.1:1/v1"),
        ("primary" | "model", _) if valid.is_string() => json!("openai/gpt-5"),
        ("headerName", _) => json!("x-key"),
        ("id", _) if path.contains("apiKey") || path.contains("headers") => json!("NAME"),
        _ => valid.clone(),
    };
    match (valid.is_string() && path.ends_with("Model")).then(|| json!("openai/gpt-5")) {
        Some(model) => model,
        None => stands_for,
    }
}

#[test]
fn verdicts_are_those_of_openclaws_schema() {
    let rows = rows();
    assert!(rows.len() > 350, "{}", rows.len());
    let mut wrong_verdicts = Vec::new();
    let mut verdicts = 0;
    for row in &rows {
        let last = row.path.rsplit('.').next().unwrap_or_default();
        let different = DIFFERENT.iter().any(|(path, _)| row.path.starts_with(path));
        let opaque = row.presence == "opaque" || different;
        let present = config_with(&rows, row.path, &meant(row.path, &row.valid));
        verdicts += 1;
        let told = errors(&present);
        let expected = different && last == "id";
        if !told.is_empty() && !expected {
            wrong_verdicts.push(format!("{} present: {present} {told:?}", row.path));
        }
        if !opaque && !row.wrong.is_null() {
            verdicts += 1;
            let config = config_with(&rows, row.path, &row.wrong);
            let told = errors(&config);
            if told.is_empty() {
                wrong_verdicts.push(format!("{} wrong: {config}", row.path));
            }
        }
        if row.presence == "required" && !opaque {
            verdicts += 1;
            let mut config = present;
            let pointer = row.path.split('.').map(|step| step.split('~').next().unwrap_or(step));
            let steps: Vec<&str> = pointer.collect();
            remove(&mut config, &steps);
            if errors(&config).is_empty() {
                wrong_verdicts.push(format!("{} absent: {config}", row.path));
            }
        }
    }
    assert!(verdicts > 600, "{verdicts}");
    assert!(wrong_verdicts.is_empty(), "{}\n{}", wrong_verdicts.len(), wrong_verdicts.join("\n"));
}

/// Every word, every end of a range, every length and pattern, and null.
#[test]
fn values_are_those_of_openclaws_schema() {
    let rows = rows();
    let lines = include_str!("schema/values.tsv").lines().filter(|line| !line.starts_with('#'));
    let mut wrong_verdicts = Vec::new();
    let mut verdicts = 0;
    for line in lines {
        let mut fields = line.split('\t');
        let mut field = || fields.next().expect("three fields");
        let path = field();
        let mut values = || -> Vec<Value> { serde_json::from_str(field()).expect("JSON") };
        for value in values() {
            verdicts += 1;
            let config = config_with(&rows, path, &meant(path, &value));
            let told = errors(&config);
            if !told.is_empty() {
                wrong_verdicts.push(format!("{path} refused: {config} {told:?}"));
            }
        }
        for value in values() {
            verdicts += 1;
            let config = config_with(&rows, path, &value);
            if errors(&config).is_empty() {
                wrong_verdicts.push(format!("{path} taken: {config}"));
            }
        }
    }
    assert!(verdicts > 1_900, "{verdicts}");
    assert!(wrong_verdicts.is_empty(), "{}\n{}", wrong_verdicts.len(), wrong_verdicts.join("\n"));
}

/// An unknown key beside each known one is refused, with its place.
#[test]
fn no_object_of_ours_takes_an_unknown_key() {
    let rows = rows();
    for path in [
        "models",
        "agents",
        "agents.defaults",
        "agents.defaults.modelPolicy",
        "auth",
        "secrets",
        "gateway.reload",
        "models.providers.key",
        "models.providers.key.models.0",
        "models.providers.key.models.0.compat",
        "models.providers.key.models.0.cost",
        "models.providers.key.request",
        "models.providers.key.localService",
        "auth.profiles.key",
        "agents.entries.key",
        "agents.defaults.models.key",
        "agents.defaults.compaction",
    ] {
        let path = format!("{path}.zzzz");
        let config = config_with(&rows, &path, &json!(1));
        let told = errors(&config);
        assert!(told.iter().any(|error| error.contains("unknown key `zzzz`")), "{config} {told:?}");
    }
}

fn remove(node: &mut Value, steps: &[&str]) {
    match (node, steps) {
        (Value::Object(object), [last]) => {
            object.shift_remove(*last);
        }
        (Value::Object(object), [first, rest @ ..]) => {
            if let Some(child) = object.get_mut(*first) {
                remove(child, rest);
            }
        }
        (Value::Array(items), [_, rest @ ..]) => {
            items.iter_mut().for_each(|item| remove(item, rest))
        }
        _ => {}
    }
}
