//! Tool schemas as a host can take them.

use std::str::FromStr;

use serde_json::{Map, Value};

use crate::wire::openai_completions::UnknownWord;

/// Strings longer than this are written out, character by character, in a
/// grammar: llama.cpp gives up on it.
const LONGEST_STRING: u64 = 1999;

/// What a host makes of a tool's JSON Schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchemaProfile {
    /// It reads it: the schema goes as it was sent.
    #[default]
    AsSent,
    /// It makes a grammar of it (llama.cpp, LM Studio; the config's word is
    /// `llamacpp`), and answers 400 to what does not fit one: `pattern` and a
    /// `maxLength` from 2000 are left out.
    Grammar,
    /// It knows a part of JSON Schema (`gemini`): what it does not know, and
    /// would answer 400 to, is left out.
    Subset,
}

/// What hosts of [`SchemaProfile::Subset`] answer 400 to.
const OUTSIDE_THE_SUBSET: &[&str] = &[
    "$schema",
    "$id",
    "$ref",
    "$defs",
    "definitions",
    "additionalProperties",
    "patternProperties",
    "unevaluatedProperties",
    "propertyNames",
    "const",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "examples",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "uniqueItems",
];

impl FromStr for SchemaProfile {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "llamacpp" => Ok(Self::Grammar),
            "gemini" => Ok(Self::Subset),
            _ => Err(UnknownWord::new(word, "llamacpp, gemini")),
        }
    }
}

impl SchemaProfile {
    /// Takes out of `schema` what the host cannot take, and the keywords that
    /// its model refuses besides. Whether there was any.
    pub(crate) fn clean(self, schema: &mut Value, refused: &[String]) -> bool {
        if self == Self::AsSent && refused.is_empty() {
            return false;
        }
        schema.as_object_mut().is_some_and(|schema| clean(schema, self, refused))
    }
}

/// Only where a keyword is one: a property may be called `pattern`, a default
/// may hold anything.
fn clean(schema: &mut Map<String, Value>, profile: SchemaProfile, refused: &[String]) -> bool {
    let before = schema.len();
    if profile == SchemaProfile::Subset {
        // A constant is an enumeration of one.
        if let Some(only) = schema.shift_remove("const") {
            schema.entry("enum").or_insert_with(|| Value::Array(vec![only]));
        }
        schema.retain(|keyword, _| !OUTSIDE_THE_SUBSET.contains(&keyword.as_str()));
    }
    if profile == SchemaProfile::Grammar {
        let too_long = |length: &Value| length.as_u64().is_none_or(|n| n > LONGEST_STRING);
        schema.retain(|keyword, value| match keyword.as_str() {
            "pattern" => false,
            "maxLength" => !too_long(value),
            _ => true,
        });
    }
    schema.retain(|keyword, _| !refused.iter().any(|word| word == keyword));
    let mut cleaned = schema.len() != before;
    for (keyword, value) in schema.iter_mut() {
        match (keyword.as_str(), value) {
            (
                "properties" | "patternProperties" | "$defs" | "definitions",
                Value::Object(named),
            ) => {
                for schema in named.values_mut().filter_map(Value::as_object_mut) {
                    cleaned |= clean(schema, profile, refused);
                }
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems" | "items", Value::Array(list)) => {
                for schema in list.iter_mut().filter_map(Value::as_object_mut) {
                    cleaned |= clean(schema, profile, refused);
                }
            }
            ("items" | "additionalProperties" | "not", Value::Object(schema)) => {
                cleaned |= clean(schema, profile, refused);
            }
            _ => {}
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cleaned(mut schema: Value) -> (Value, bool) {
        let lost = SchemaProfile::Grammar.clean(&mut schema, &[]);
        (schema, lost)
    }

    #[test]
    fn keywords_that_break_a_grammar_go() {
        for (schema, wanted) in [
            (json!({"type": "string", "pattern": "\\d+"}), json!({"type": "string"})),
            (json!({"maxLength": 2000}), json!({})),
            (json!({"maxLength": 1e9}), json!({})),
            (
                json!({"properties": {"a": {"anyOf": [{"pattern": "x"}, {"type": "null"}]}}}),
                json!({"properties": {"a": {"anyOf": [{}, {"type": "null"}]}}}),
            ),
            (
                json!({"items": {"items": [{"pattern": "x"}]}, "$defs": {"d": {"not": {"pattern": "x"}}}}),
                json!({"items": {"items": [{}]}, "$defs": {"d": {"not": {}}}}),
            ),
        ] {
            assert_eq!(cleaned(schema.clone()), (wanted, true), "{schema}");
            let mut kept = schema.clone();
            assert!(!SchemaProfile::AsSent.clean(&mut kept, &[]));
            assert_eq!(kept, schema);
        }
    }

    #[test]
    fn names_and_values_are_no_keywords() {
        for schema in [
            json!({"properties": {"pattern": {"type": "string", "maxLength": 1999}}}),
            json!({"required": ["pattern"], "default": {"pattern": "x", "maxLength": 5000}}),
            json!({"enum": [{"pattern": "x"}], "const": {"maxLength": 9999}}),
            json!(true),
        ] {
            assert_eq!(cleaned(schema.clone()), (schema, false));
        }
    }

    #[test]
    fn the_configs_word() {
        assert_eq!("llamacpp".parse(), Ok(SchemaProfile::Grammar));
        assert_eq!("gemini".parse(), Ok(SchemaProfile::Subset));
        let fault = "smoke".parse::<SchemaProfile>().expect_err("unknown").to_string();
        assert!(fault.contains("gemini") && fault.contains("llamacpp"), "{fault}");
    }

    #[test]
    fn a_host_that_knows_a_part_of_json_schema_gets_that_part() {
        let mut schema = json!({
            "$schema": "x", "type": "object", "additionalProperties": false,
            "properties": {
                "const": {"const": "a"},
                "n": {"type": "integer", "exclusiveMinimum": 0, "minimum": 1, "pattern": "kept"},
            },
        });
        assert!(SchemaProfile::Subset.clean(&mut schema, &[]));
        assert_eq!(
            schema,
            json!({"type": "object", "properties": {
                "const": {"enum": ["a"]},
                "n": {"type": "integer", "minimum": 1, "pattern": "kept"}}})
        );
    }

    #[test]
    fn keywords_that_a_model_refuses_go_whatever_the_profile() {
        let refused = ["format".to_owned(), "title".to_owned()];
        let mut schema = json!({"title": "T", "properties": {"title": {"format": "uri"}}});
        assert!(SchemaProfile::AsSent.clean(&mut schema, &refused));
        assert_eq!(schema, json!({"properties": {"title": {}}}));
        assert!(!SchemaProfile::AsSent.clean(&mut schema, &refused));
    }
}
