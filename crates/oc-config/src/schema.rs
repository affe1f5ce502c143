//! JSON Schema (draft 7, which editors know best) of what is read here.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::raw::{Agents, Auth, EnvBlock, Models, ROOT_KEYS, Reload, SETTINGS_KEY, Secrets};
use crate::settings::RawSettings;

/// The schema of the config: our sections in full, OpenClaw's others as known
/// keys.
#[must_use]
pub fn config_schema() -> Value {
    let mut generator = SchemaSettings::draft07().into_generator();
    let reload = generator.subschema_for::<Reload>();
    let owned = [
        ("models", generator.subschema_for::<Models>()),
        ("agents", generator.subschema_for::<Agents>()),
        ("auth", generator.subschema_for::<Auth>()),
        ("env", generator.subschema_for::<EnvBlock>()),
        ("secrets", generator.subschema_for::<Secrets>()),
        (SETTINGS_KEY, generator.subschema_for::<RawSettings>()),
    ];
    let mut properties: Map<String, Value> =
        ROOT_KEYS.iter().map(|key| ((*key).to_owned(), Value::Bool(true))).collect();
    properties.extend(owned.map(|(key, schema)| (key.to_owned(), schema.to_value())));
    let gateway = json!({ "type": "object", "properties": { "reload": reload } });
    properties.insert("gateway".to_owned(), gateway);
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "OpenClaw config, as oc-gateway reads it",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "definitions": generator.take_definitions(true),
    });
    without_null(&mut schema);
    allow_includes(&mut schema);
    schema
}

/// The schema of the gateway's settings.
#[must_use]
pub fn settings_schema() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<RawSettings>().to_value();
    without_null(&mut schema);
    schema
}

/// What is optional may be absent, and is never null: schemars says null of
/// every `Option`. Where null has a meaning its type says `"const": null`.
fn without_null(node: &mut Value) {
    match node {
        Value::Object(object) => {
            object.values_mut().for_each(without_null);
            if let Some(kinds) = object.get_mut("type").and_then(Value::as_array_mut) {
                kinds.retain(|kind| kind != "null");
                if let [only] = kinds.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(words) = object.get_mut("enum").and_then(Value::as_array_mut) {
                words.retain(|word| !word.is_null());
            }
            if let Some(forms) = object.get_mut("anyOf").and_then(Value::as_array_mut) {
                forms.retain(|form| form.get("type") != Some(&Value::from("null")));
                if let [only] = forms.as_slice() {
                    let only = only.clone();
                    object.shift_remove("anyOf");
                    take_in(object, only);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// The only form that is left stands in place of the choice. In draft 7 nothing
/// may stand beside `$ref`.
fn take_in(object: &mut Map<String, Value>, form: Value) {
    match form {
        Value::Object(form) if form.contains_key("$ref") && !object.is_empty() => {
            object.insert("allOf".to_owned(), Value::Array(vec![Value::Object(form)]));
        }
        Value::Object(form) => object.extend(form),
        _ => {}
    }
}

/// `$include` may stand in every object of a config.
fn allow_includes(node: &mut Value) {
    match node {
        Value::Object(object) => {
            for (_, child) in object.iter_mut().filter(|(key, _)| *key != "if") {
                allow_includes(child);
            }
            if object.contains_key("additionalProperties") {
                let properties = object.entry("properties").or_insert_with(|| json!({}));
                if let Some(properties) = properties.as_object_mut() {
                    properties.insert("$include".to_owned(), include_schema());
                }
            }
            if let Some(names) = object.get_mut("propertyNames") {
                *names = json!({ "anyOf": [names.clone(), { "const": "$include" }] });
            }
            // What is required may come with it.
            if object.get("required").is_some_and(Value::is_array) {
                let required = object.shift_remove("required");
                let rule =
                    json!({ "anyOf": [{ "required": required }, { "required": ["$include"] }] });
                if let Some(all) = object.entry("allOf").or_insert_with(|| json!([])).as_array_mut()
                {
                    all.push(rule);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(allow_includes),
        _ => {}
    }
}

fn include_schema() -> Value {
    let mut schema = Map::new();
    schema.insert("description".into(), "A file, or several, whose content stands here.".into());
    schema.insert("type".into(), serde_json::json!(["string", "array"]));
    schema.insert("items".into(), serde_json::json!({ "type": "string" }));
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_say_what_is_read() {
        let config = config_schema();
        assert_eq!(config["additionalProperties"], Value::Bool(false));
        assert_eq!(config["properties"]["channels"], Value::Bool(true));
        let provider = &config["definitions"]["ProviderRow"];
        assert_eq!(provider["additionalProperties"], Value::Bool(false));
        assert!(provider["properties"]["baseUrl"].is_object());
        let settings = settings_schema();
        assert!(settings["properties"]["deadlines"].is_object());
        assert!(settings["properties"]["listen"].is_object());
    }
}
