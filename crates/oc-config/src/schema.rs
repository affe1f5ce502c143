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
    allow_includes(&mut schema);
    schema
}

/// The schema of the gateway's settings.
#[must_use]
pub fn settings_schema() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    generator.into_root_schema_for::<RawSettings>().to_value()
}

/// `$include` may stand in every object of a config.
fn allow_includes(node: &mut Value) {
    match node {
        Value::Object(object) => {
            if object.contains_key("additionalProperties") {
                let properties = object.entry("properties").or_insert_with(|| json!({}));
                if let Some(properties) = properties.as_object_mut() {
                    properties.insert("$include".to_owned(), include_schema());
                }
            }
            object.values_mut().for_each(allow_includes);
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
