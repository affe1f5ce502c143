//! The schemas say what loads, and documents show what does. That the committed
//! schemas and references are current is held by `cargo xtask`.

use std::fs;
use std::path::PathBuf;

use oc_config::schema;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_schemas_accept_what_loads_and_refuse_slips() {
    let config = schema::config_schema();
    let mut checked = 0;
    for folder in ["examples/config", "crates/oc-config/tests/configs"] {
        for entry in fs::read_dir(root().join(folder)).expect("the folder") {
            let path = entry.expect("a file").path();
            let text = fs::read_to_string(&path).expect("a text");
            let value: Value = json5::from_str(&text).expect("JSON5");
            let refused = refusals(&config, &config, &value, "");
            // A word of February's that loads, but should not be written today.
            if path.ends_with("foreign_apis.json5") {
                assert_eq!(refused.len(), 1, "{refused:?}");
                continue;
            }
            assert!(refused.is_empty(), "{}: {refused:#?}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
    for slip in [
        r#"{ "modles": {} }"#,
        r#"{ "models": { "mode": "merg" } }"#,
        r#"{ "models": { "providers": { "a": { "baseURL": "x" } } } }"#,
        r#"{ "models": { "providers": { "a": { "models": [{ "name": "M" }] } } } }"#,
        r#"{ "models": { "providers": { "a": { "models": [{ "id": "m", "contextWindow": 0 }] } } } }"#,
        r#"{ "agents": { "defaults": { "model": 5 } } }"#,
        r#"{ "ocGateway": { "listen": 5 } }"#,
        r#"{ "gateway": { "reload": { "mode": "hybird" } } }"#,
    ] {
        let value: Value = serde_json::from_str(slip).expect("JSON");
        assert!(!refusals(&config, &config, &value, "").is_empty(), "{slip}");
    }
    let settings = schema::settings_schema();
    let good = serde_json::json!({ "listen": "127.0.0.1:1", "deadlines": { "total": "5m", "idle": { "loopback": 3 } } });
    assert!(refusals(&settings, &settings, &good, "").is_empty());
    let bad = serde_json::json!({ "deadlines": { "totl": 5 } });
    assert!(!refusals(&settings, &settings, &bad, "").is_empty());
}

/// As much of draft 7 as the schemas use.
fn refusals(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let Value::Object(rules) = schema else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some(name) = rules.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(name.trim_start_matches('#')).expect("a definition");
        found.extend(refusals(root, target, value, at));
    }
    if let Some(kinds) = rules.get("type") {
        let kinds: Vec<&str> = match kinds {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            kind => kind.as_str().into_iter().collect(),
        };
        if !kinds.iter().any(|kind| is_of(value, kind)) {
            found.push(format!("{at}: not {kinds:?}"));
        }
    }
    if let Some(words) = rules.get("enum").and_then(Value::as_array)
        && !words.contains(value)
    {
        found.push(format!("{at}: none of {words:?}"));
    }
    if let Some(word) = rules.get("const")
        && word != value
    {
        found.push(format!("{at}: not {word}"));
    }
    if let (Some(least), Some(number)) =
        (rules.get("minimum").and_then(Value::as_f64), value.as_f64())
        && number < least
    {
        found.push(format!("{at}: below {least}"));
    }
    for form in ["anyOf", "oneOf"] {
        if let Some(forms) = rules.get(form).and_then(Value::as_array)
            && !forms.iter().any(|form| refusals(root, form, value, at).is_empty())
        {
            found.push(format!("{at}: no form fits"));
        }
    }
    for part in rules.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        found.extend(refusals(root, part, value, at));
    }
    if let (Some(rule), Value::Array(items)) = (rules.get("items"), value) {
        for (index, item) in items.iter().enumerate() {
            found.extend(refusals(root, rule, item, &format!("{at}[{index}]")));
        }
    }
    if let Value::Object(object) = value {
        let known = rules.get("properties").and_then(Value::as_object);
        for (key, child) in object {
            let at = format!("{at}.{key}");
            match (known.and_then(|known| known.get(key)), rules.get("additionalProperties")) {
                (Some(rule), _) => found.extend(refusals(root, rule, child, &at)),
                (None, Some(Value::Bool(false))) => found.push(format!("{at}: not known")),
                (None, Some(rule)) => found.extend(refusals(root, rule, child, &at)),
                (None, None) => {}
            }
        }
        let required = rules.get("required").and_then(Value::as_array).into_iter().flatten();
        for key in required.filter_map(Value::as_str).filter(|key| !object.contains_key(*key)) {
            found.push(format!("{at}.{key}: missing"));
        }
    }
    found
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

/// The configs that documents show are configs.
#[test]
fn documents_show_what_loads() {
    let mut shown = 0;
    for file in ["docs/migrating-from-openclaw.md", "docs/config.md"] {
        let text = fs::read_to_string(root().join(file)).expect(file);
        for block in text.split("```json5\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            let loaded = oc_config::Config::parse(block, file, &|_: &str| None).expect(file);
            assert!(loaded.value.chain("default").is_ok(), "{block}");
            shown += 1;
        }
    }
    assert!(shown > 0);
}
