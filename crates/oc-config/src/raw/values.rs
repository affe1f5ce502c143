//! Values that several sections share.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// A value that OpenClaw understands and this crate passes over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opaque;

impl<'de> Deserialize<'de> for Opaque {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for Opaque {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Opaque".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

/// A whole number above zero: tokens, seconds. `1e6` and `4096.0` are whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u64);

impl Count {
    /// Beyond this, JSON numbers are no longer exact.
    const LARGEST: u64 = 9_007_199_254_740_991;
    const EXPECTED: &'static str = "a whole number above zero";
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl Visitor<'_> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Count::EXPECTED)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Count, E> {
        match value {
            1..=Count::LARGEST => Ok(Count(value)),
            _ => Err(E::invalid_value(serde::de::Unexpected::Unsigned(value), &self)),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Count, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            Err(_) => Err(E::invalid_value(serde::de::Unexpected::Signed(value), &self)),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range and the missing fraction are checked"
    )]
    fn visit_f64<E: Error>(self, value: f64) -> Result<Count, E> {
        if value.fract() == 0.0 && (1.0..=9_007_199_254_740_991.0).contains(&value) {
            return Ok(Count(value as u64));
        }
        Err(E::invalid_value(serde::de::Unexpected::Float(value), &self))
    }
}

impl JsonSchema for Count {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1 })
    }
}

/// A whole number, zero included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole;

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number not below zero")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Whole, E> {
        Ok(Whole)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Whole, E> {
        match value >= 0 {
            true => Ok(Whole),
            false => Err(E::invalid_value(serde::de::Unexpected::Signed(value), &self)),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Whole, E> {
        match value.fract() == 0.0 && value >= 0.0 {
            true => Ok(Whole),
            false => Err(E::invalid_value(serde::de::Unexpected::Float(value), &self)),
        }
    }
}

impl JsonSchema for Whole {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Whole".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0 })
    }
}

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
        json_schema!({ "type": ["string", "null"] })
    }
}

/// `agentRuntime`: which of OpenClaw's runtimes drives a model; not used.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct Runtime {
    id: Option<String>,
}

/// A finite number not below zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Amount(pub(crate) f64);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number not below zero")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Amount, E> {
        #[expect(clippy::cast_precision_loss, reason = "prices are small")]
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Amount, E> {
        #[expect(clippy::cast_precision_loss, reason = "prices are small")]
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Amount, E> {
        match value.is_finite() && value >= 0.0 {
            true => Ok(Amount(value)),
            false => Err(E::invalid_value(serde::de::Unexpected::Float(value), &self)),
        }
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0 })
    }
}

/// A finite number of US dollars. OpenClaw takes one below zero as well, so it
/// loads here; a warning says that it counts as nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Price(pub(crate) f64);

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PriceVisitor)
    }
}

struct PriceVisitor;

impl Visitor<'_> for PriceVisitor {
    type Value = Price;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Price, E> {
        #[expect(clippy::cast_precision_loss, reason = "prices are small")]
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Price, E> {
        #[expect(clippy::cast_precision_loss, reason = "prices are small")]
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Price, E> {
        match value.is_finite() {
            true => Ok(Price(value)),
            false => Err(E::invalid_value(serde::de::Unexpected::Float(value), &self)),
        }
    }
}

impl JsonSchema for Price {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Price".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

/// A secret as it is written: a string, or a reference to where it is kept.
#[derive(Clone)]
pub(crate) enum SecretInput {
    Text(String),
    Reference(SecretReference),
}

/// OpenClaw's SecretRef.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
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
