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
}

impl FromStr for SchemaProfile {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "llamacpp" => Ok(Self::Grammar),
            _ => Err(UnknownWord::new(word, "llamacpp")),
        }
    }
}

impl SchemaProfile {
    /// Takes out of `schema` what the host cannot take. Whether there was any.
    pub(crate) fn clean(self, schema: &mut Value) -> bool {
        match (self, schema) {
            (Self::Grammar, Value::Object(schema)) => clean(schema),
            _ => false,
        }
    }
}

/// Only where a keyword is one: a property may be called `pattern`, a default
/// may hold anything.
fn clean(schema: &mut Map<String, Value>) -> bool {
    let mut cleaned = schema.remove("pattern").is_some();
    let too_long = |length: &Value| length.as_u64().is_none_or(|length| length > LONGEST_STRING);
    if schema.get("maxLength").is_some_and(too_long) {
        schema.remove("maxLength");
        cleaned = true;
    }
    for (keyword, value) in schema.iter_mut() {
        match (keyword.as_str(), value) {
            (
                "properties" | "patternProperties" | "$defs" | "definitions",
                Value::Object(named),
            ) => {
                for schema in named.values_mut().filter_map(Value::as_object_mut) {
                    cleaned |= clean(schema);
                }
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems" | "items", Value::Array(list)) => {
                for schema in list.iter_mut().filter_map(Value::as_object_mut) {
                    cleaned |= clean(schema);
                }
            }
            ("items" | "additionalProperties" | "not", Value::Object(schema)) => {
                cleaned |= clean(schema);
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
        let lost = SchemaProfile::Grammar.clean(&mut schema);
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
            assert!(!SchemaProfile::AsSent.clean(&mut kept));
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
        let fault = "gemini".parse::<SchemaProfile>().expect_err("not built").to_string();
        assert!(fault.contains("gemini") && fault.contains("llamacpp"), "{fault}");
    }
}
