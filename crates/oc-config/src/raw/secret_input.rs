//! Secrets as they are written: a string, or a SecretRef.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde_json::json;

use super::text::{COMMAND_ID, Shape, StoreAlias, VARIABLE_NAME};

/// A secret as it is written: a string, or a reference to where it is kept.
#[derive(Clone)]
pub(crate) enum SecretInput {
    Text(String),
    Reference(SecretReference),
}

/// A SecretRef. Its `id` has the shape that its source asks for.
#[derive(Clone, Debug)]
pub(crate) struct SecretReference {
    /// Where the secret is kept.
    pub(crate) source: SecretSource,
    /// The entry of `secrets.providers` that reads it.
    pub(crate) provider: String,
    /// The name of the secret there; for `env`, the variable.
    pub(crate) id: String,
}

/// Where a SecretRef points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecretSource {
    /// An environment variable.
    Env,
    /// A file.
    File,
    /// The output of a command.
    Exec,
    /// OpenClaw's own store.
    Store,
}

impl SecretSource {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Env, "env"), (Self::File, "file"), (Self::Exec, "exec"), (Self::Store, "store")];

    /// What an `id` looks like, what one is not that does not, and what to
    /// write. Neither text repeats it: what does not look like a name may be
    /// the key itself.
    fn id(self) -> (Shape, &'static str, &'static str) {
        match self {
            Self::Env | Self::Store => (
                VARIABLE_NAME,
                "the `id` of this SecretRef is not the name of a variable",
                "capitals, digits and `_`, and keep the key itself in that variable",
            ),
            Self::File => (
                Shape::Pointer,
                "the `id` of this SecretRef is no place in a file",
                "a JSON pointer, such as `/providers/openai/apiKey`, or `value`",
            ),
            Self::Exec => (
                COMMAND_ID,
                "the `id` of this SecretRef is none that a command is asked for",
                "letters, digits and `._:/#-`, 256 at most, without `.` and `..` between slashes",
            ),
        }
    }
}

/// OpenClaw's SecretRef.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SecretReference")]
struct Written {
    /// Where the secret is kept.
    source: SecretSource,
    /// The entry of `secrets.providers` that reads it.
    provider: StoreAlias,
    /// The name of the secret there; for `env`, the variable.
    id: String,
}

impl<'de> Deserialize<'de> for SecretReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { source, provider, id } = Written::deserialize(deserializer)?;
        let (shape, wrong, expected) = source.id();
        match shape.holds(&id) {
            true => Ok(Self { source, provider: provider.0, id }),
            false => Err(D::Error::invalid_value(Unexpected::Other(wrong), &expected)),
        }
    }
}

impl JsonSchema for SecretReference {
    fn schema_name() -> Cow<'static, str> {
        "SecretReference".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Written::json_schema(generator);
        let rules = SecretSource::ALL.map(|(source, word)| {
            let id = source.id().0.rules();
            json!({
                "if": { "properties": { "source": { "const": word } }, "required": ["source"] },
                "then": { "properties": { "id": id } },
            })
        });
        schema.insert("allOf".to_owned(), json!(rules));
        schema
    }
}

impl fmt::Debug for SecretInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(…)"),
            Self::Reference(reference) => reference.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for SecretInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = SecretInput;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, or `{ source, provider, id }`")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<SecretInput, E> {
        Ok(SecretInput::Text(value.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretInput, A::Error> {
        SecretReference::deserialize(MapAccessDeserializer::new(map)).map(SecretInput::Reference)
    }
}

impl JsonSchema for SecretInput {
    fn schema_name() -> Cow<'static, str> {
        "SecretInput".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let reference = generator.subschema_for::<SecretReference>();
        json_schema!({ "anyOf": [{ "type": "string" }, reference] })
    }
}

/// The schema of a secret input that is a key: what is the output of a command
/// (`!…`) is refused where it is followed. `AND_FILLED`: so is an empty one.
pub(crate) struct KeyInput<const AND_FILLED: bool>;

impl<const AND_FILLED: bool> JsonSchema for KeyInput<AND_FILLED> {
    fn schema_name() -> Cow<'static, str> {
        if AND_FILLED { "ClientKey".into() } else { "ApiKey".into() }
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let reference = generator.subschema_for::<SecretReference>();
        let pattern = if AND_FILLED { r"^\s*[^!\s]" } else { r"^\s*([^!\s]|$)" };
        json_schema!({ "anyOf": [{ "type": "string", "pattern": pattern }, reference] })
    }
}
