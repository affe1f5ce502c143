//! Values of the settings that are more than a word or a number.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde_json::json;

use super::{ByClass, Hedge, HedgeAfter};
use crate::locality::Endpoint;
use crate::raw::{Amount, Count, Share, Whole, Within};
use crate::secret::Secret;

/// Longer than any deadline means anything, and far from overflow.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    DurationText::deserialize(deserializer).map(|text| text.0)
}

/// A duration as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct DurationText(pub(super) Duration);

impl DurationText {
    fn parse(text: &str) -> Option<Duration> {
        let text = text.trim();
        let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit);
        let seconds = match unit {
            "ms" => 0.001,
            "s" | "" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        let number: f64 = number.trim().parse().ok()?;
        Self::seconds(number * seconds)
    }

    fn seconds(seconds: f64) -> Option<Duration> {
        let duration = Duration::try_from_secs_f64(seconds).ok()?;
        (!duration.is_zero() && duration <= LONGEST).then_some(duration)
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DurationVisitor)
    }
}

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = DurationText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "seconds, or a string as \"250ms\", \"90s\", \"5m\", above zero and up to 30 days",
        )
    }

    #[expect(clippy::cast_precision_loss, reason = "durations are small")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<DurationText, E> {
        self.visit_f64(value as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "durations are small")]
    fn visit_i64<E: Error>(self, value: i64) -> Result<DurationText, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<DurationText, E> {
        let unexpected = || E::invalid_value(Unexpected::Float(value), &self);
        DurationText::seconds(value).map(DurationText).ok_or_else(unexpected)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<DurationText, E> {
        let unexpected = || E::invalid_value(Unexpected::Str(value), &self);
        DurationText::parse(value).map(DurationText).ok_or_else(unexpected)
    }
}

impl JsonSchema for DurationText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "number", "exclusiveMinimum": 0, "maximum": LONGEST.as_secs() },
            {
                "type": "string",
                "pattern": r"^\s*\+?([0-9]+\.?[0-9]*|\.[0-9]+)\s*(ms|s|m|h)?\s*$",
                "allOf": [{ "pattern": "[1-9]" }],
            },
        ] })
    }
}

pub(super) fn by_class_first<'de, D: Deserializer<'de>>(d: D) -> Result<ByClass, D::Error> {
    d.deserialize_any(ByClassVisitor(ByClass::FIRST))
}

pub(super) fn by_class_idle<'de, D: Deserializer<'de>>(d: D) -> Result<ByClass, D::Error> {
    d.deserialize_any(ByClassVisitor(ByClass::IDLE))
}

/// One duration for all classes, or some of them by name over these defaults.
struct ByClassVisitor(ByClass);

#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Classes {
    /// For servers on this machine.
    loopback: Option<DurationText>,
    /// For those on the private network.
    private: Option<DurationText>,
    /// For all others.
    hosted: Option<DurationText>,
}

impl<'de> Visitor<'de> for ByClassVisitor {
    type Value = ByClass;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DurationVisitor.expecting(f)?;
        f.write_str(", or `{ loopback, private, hosted }` of these")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<ByClass, E> {
        DurationVisitor.visit_u64(value).map(all)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<ByClass, E> {
        DurationVisitor.visit_i64(value).map(all)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<ByClass, E> {
        DurationVisitor.visit_f64(value).map(all)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<ByClass, E> {
        DurationVisitor.visit_str(value).map(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ByClass, A::Error> {
        let stated = Classes::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ByClass {
            loopback: stated.loopback.map_or(self.0.loopback, |text| text.0),
            private: stated.private.map_or(self.0.private, |text| text.0),
            hosted: stated.hosted.map_or(self.0.hosted, |text| text.0),
        })
    }
}

fn all(text: DurationText) -> ByClass {
    ByClass { loopback: text.0, private: text.0, hosted: text.0 }
}

pub(super) struct ByClassText;

impl JsonSchema for ByClassText {
    fn schema_name() -> Cow<'static, str> {
        "DurationByClass".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<DurationText>();
        let some = generator.subschema_for::<Classes>();
        json_schema!({ "anyOf": [one, some] })
    }
}

/// A size or number above zero that fits this machine.
pub(super) fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let count = Count::deserialize(deserializer)?;
    usize::try_from(count.0).map_err(|_| D::Error::custom("too large for this machine"))
}

pub(super) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Amount::deserialize(deserializer).map(|amount| Some(amount.0))
}

/// A number from 0 to 1.
pub(super) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Share::deserialize(deserializer).map(|share| share.0)
}

/// A number of attempts.
pub(super) type Small = Within<0, { u32::MAX as u64 }>;

pub(super) fn small<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = Small::deserialize(deserializer)?;
    Ok(u32::try_from(number.0).unwrap_or(u32::MAX))
}

/// A number of bytes, zero included.
pub(super) fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let number = Whole::deserialize(deserializer)?;
    Ok(Some(usize::try_from(number.0).unwrap_or(usize::MAX)))
}

pub(super) fn secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(Secret::new(text)))
}

/// `false`, `"off"`, or `{ after, maxCostUsd }`.
pub(super) fn hedge<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Hedge>, D::Error> {
    deserializer.deserialize_any(HedgeVisitor)
}

struct HedgeVisitor;

#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct HedgeObject {
    /// `"p95"`, or a duration.
    #[serde(default = "p95", deserialize_with = "hedge_after")]
    #[schemars(with = "HedgeAfterText")]
    after: HedgeAfter,
    /// US dollars.
    max_cost_usd: Option<Amount>,
}

fn p95() -> HedgeAfter {
    HedgeAfter::Percentile(95.0)
}

impl<'de> Visitor<'de> for HedgeVisitor {
    type Value = Option<Hedge>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"off\", or `{ after: \"p95\", maxCostUsd }`")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Option<Hedge>, E> {
        match value {
            false => Ok(None),
            true => Err(E::invalid_value(Unexpected::Bool(value), &self)),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Option<Hedge>, E> {
        match value {
            "off" => Ok(None),
            _ => Err(E::invalid_value(Unexpected::Str(value), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<Hedge>, A::Error> {
        let object = HedgeObject::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Some(Hedge {
            after: object.after,
            max_cost_usd: object.max_cost_usd.map(|amount| amount.0),
        }))
    }
}

fn hedge_after<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HedgeAfter, D::Error> {
    deserializer.deserialize_any(HedgeAfterVisitor)
}

struct HedgeAfterVisitor;

impl Visitor<'_> for HedgeAfterVisitor {
    type Value = HedgeAfter;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a percentile as \"p95\", or a duration")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<HedgeAfter, E> {
        DurationVisitor.visit_u64(value).map(|text| HedgeAfter::Time(text.0))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<HedgeAfter, E> {
        DurationVisitor.visit_f64(value).map(|text| HedgeAfter::Time(text.0))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<HedgeAfter, E> {
        if let Some(percent) = value.strip_prefix('p').and_then(|p| p.parse::<f64>().ok())
            && percent > 0.0
            && percent < 100.0
        {
            return Ok(HedgeAfter::Percentile(percent));
        }
        let unexpected = || E::invalid_value(Unexpected::Str(value), &self);
        DurationText::parse(value).map(HedgeAfter::Time).ok_or_else(unexpected)
    }
}

struct HedgeAfterText;

impl JsonSchema for HedgeAfterText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HedgeAfter".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = DurationText::json_schema(generator);
        let percentile = json!({
            "type": "string",
            "pattern": r"^p(0*[0-9]{1,2}(\.[0-9]*)?|\.[0-9]+)$",
            "allOf": [{ "pattern": "[1-9]" }],
        });
        json_schema!({ "anyOf": [percentile, duration] })
    }
}

pub(super) struct HedgeText;

impl JsonSchema for HedgeText {
    fn schema_name() -> Cow<'static, str> {
        "Hedge".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let object = generator.subschema_for::<HedgeObject>();
        json_schema!({ "anyOf": [{ "const": false }, { "const": "off" }, object] })
    }
}

/// `false`, `"off"`, or the collector's URL.
pub(super) fn otlp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(OtlpVisitor)
}

struct OtlpVisitor;

impl Visitor<'_> for OtlpVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"off\", or the collector's URL")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Option<String>, E> {
        match value {
            false => Ok(None),
            true => Err(E::invalid_value(Unexpected::Bool(value), &self)),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Option<String>, E> {
        if value == "off" {
            return Ok(None);
        }
        match Endpoint::parse(value) {
            Ok(endpoint) => Ok(Some(endpoint.url)),
            Err(_) => Err(E::invalid_value(Unexpected::Str(value), &self)),
        }
    }
}

pub(super) struct OtlpText;

impl JsonSchema for OtlpText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Otlp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // As far as a pattern can say it: `Endpoint::parse` knows more.
        let url = r"^\s*([hH][tT][tT][pP][sS]?://[^/?#@\s\\]+(/[^?#\s\\]*)?)\s*$";
        json_schema!({ "anyOf": [
            { "const": false },
            { "const": "off" },
            { "type": "string", "pattern": url },
        ] })
    }
}

/// `listen`.
pub(super) struct ListenText;

impl JsonSchema for ListenText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Listen".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern =
            r"^\s*(localhost|[0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.%]+\]):[0-9]{1,5}\s*$";
        json_schema!({ "type": "string", "pattern": pattern })
    }
}
