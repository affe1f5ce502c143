//! A model and its fallbacks, as they are written.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::Count;
use super::text::{Filled, Shape};

/// A model and its fallbacks: a ref alone, or `{ primary, fallbacks }`. An empty
/// name is refused where it is followed.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModelChoice {
    pub(crate) primary: Option<String>,
    /// `None` where none are stated, which is not the same as `[]`.
    pub(crate) fallbacks: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for ModelChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

struct ChoiceVisitor;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ChoiceObject {
    /// The model that is asked first.
    #[schemars(with = "Option<Filled>")]
    primary: Option<String>,
    /// The models that are asked when it fails, in order.
    #[schemars(with = "Option<Vec<Filled>>")]
    fallbacks: Option<Vec<String>>,
    /// `imageModel` and its like: milliseconds for one request; not used.
    #[expect(dead_code, reason = "known for `imageModel`, not used")]
    timeout_ms: Option<Count>,
}

impl<'de> Visitor<'de> for ChoiceVisitor {
    type Value = ModelChoice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a model ref, or `{ primary, fallbacks }`")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<ModelChoice, E> {
        Ok(ModelChoice { primary: Some(value.to_owned()), fallbacks: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ModelChoice, A::Error> {
        let object = ChoiceObject::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ModelChoice { primary: object.primary, fallbacks: object.fallbacks })
    }
}

impl JsonSchema for ModelChoice {
    fn schema_name() -> Cow<'static, str> {
        "ModelChoice".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let object = generator.subschema_for::<ChoiceObject>();
        json_schema!({ "anyOf": [Shape::Filled.rules(), object] })
    }
}

/// The same where OpenClaw alone reads it, which takes empty names.
#[derive(Debug)]
pub(crate) struct UnreadChoice;

impl<'de> Deserialize<'de> for UnreadChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ModelChoice::deserialize(deserializer).map(|_| Self)
    }
}

/// What it may be.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct UnreadChoiceObject {
    /// The model that is asked first.
    primary: Option<String>,
    /// The models that are asked when it fails, in order.
    fallbacks: Option<Vec<String>>,
    /// Milliseconds for one request.
    timeout_ms: Option<Count>,
}

impl JsonSchema for UnreadChoice {
    fn schema_name() -> Cow<'static, str> {
        "UnreadChoice".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let object = generator.subschema_for::<UnreadChoiceObject>();
        json_schema!({ "anyOf": [{ "type": "string" }, object] })
    }
}
