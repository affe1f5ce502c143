//! Values that several sections share.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// A string or null; absent is neither.
#[derive(Debug, Default, serde::Serialize)]
#[serde(transparent)]
pub(crate) struct OrNull(pub(crate) Option<serde_json::Value>);

impl<'de> Deserialize<'de> for OrNull {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OrNullVisitor)
    }
}

struct OrNullVisitor;

impl Visitor<'_> for OrNullVisitor {
    type Value = OrNull;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or null")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<OrNull, E> {
        Ok(OrNull(Some(value.into())))
    }

    fn visit_unit<E: Error>(self) -> Result<OrNull, E> {
        Ok(OrNull(Some(serde_json::Value::Null)))
    }
}

impl JsonSchema for OrNull {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "OrNull".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Not `"type": "null"`: that stands for what is optional, and is removed.
        json_schema!({ "anyOf": [{ "type": "string" }, { "const": null }] })
    }
}

/// `agentRuntime`: which of OpenClaw's runtimes drives a model; not used.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct Runtime {
    /// Its name, such as `codex`.
    id: Option<String>,
}

/// A list of at most this many.
#[derive(Clone, Debug)]
pub(crate) struct AtMost<T, const MOST: usize>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for AtMost<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(AtMostVisitor(PhantomData))
    }
}

struct AtMostVisitor<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for AtMostVisitor<T, MOST> {
    type Value = AtMost<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {MOST} or fewer")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() == MOST {
                return Err(A::Error::invalid_length(MOST + 1, &self));
            }
            list.push(item);
        }
        Ok(AtMost(list))
    }
}

impl<T: JsonSchema, const MOST: usize> JsonSchema for AtMost<T, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}Of{}", MOST, T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": items, "maxItems": MOST })
    }
}

impl<T: Into<String>, const MOST: usize> From<AtMost<T, MOST>> for Vec<String> {
    fn from(list: AtMost<T, MOST>) -> Self {
        list.0.into_iter().map(Into::into).collect()
    }
}

/// A list of any length, of strings with a shape.
pub(crate) type ListOf<T> = AtMost<T, { usize::MAX }>;

/// An object whose keys have a shape.
#[derive(Clone, Debug)]
pub(crate) struct Table<K, V>(pub(crate) BTreeMap<K, V>);

impl<'de, K, V> Deserialize<'de> for Table<K, V>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self)
    }
}

impl<K: Into<String>, V> From<Table<K, V>> for BTreeMap<String, V> {
    fn from(table: Table<K, V>) -> Self {
        table.0.into_iter().map(|(key, value)| (key.into(), value)).collect()
    }
}

impl<K: JsonSchema, V: JsonSchema> JsonSchema for Table<K, V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}To{}", K::schema_name(), V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let keys = generator.subschema_for::<K>();
        let values = generator.subschema_for::<V>();
        json_schema!({
            "type": "object", "propertyNames": keys, "additionalProperties": values,
        })
    }
}

/// Reads a `W`, keeps what it comes to.
pub(crate) fn plain<'de, D, W, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    W: Deserialize<'de> + Into<T>,
{
    W::deserialize(deserializer).map(Into::into)
}

/// The same for what may be absent.
pub(crate) fn stated<'de, D, W, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    W: Deserialize<'de> + Into<T>,
{
    W::deserialize(deserializer).map(|written| Some(written.into()))
}
