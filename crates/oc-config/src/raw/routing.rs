//! `compat.openRouterRouting` and `compat.vercelGatewayRouting`: read strictly,
//! and kept as they are written, for they are passed on as they are.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// Reads `T` and keeps what it says as JSON.
pub(super) fn kept<'de, D, T>(deserializer: D) -> Result<Option<serde_json::Value>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Serialize,
{
    let read = T::deserialize(deserializer)?;
    serde_json::to_value(read).map(Some).map_err(D::Error::custom)
}

/// OpenRouter's `provider` object.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenRouterRouting {
    /// Whether providers beyond those named may answer. Default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_fallbacks: Option<bool>,
    /// Only providers that take every parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    require_parameters: Option<bool>,
    /// Whether providers may keep prompts.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_collection: Option<DataCollection>,
    /// Only providers that keep nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    zdr: Option<bool>,
    /// Only models whose answers may be used for training others.
    #[serde(skip_serializing_if = "Option::is_none")]
    enforce_distillable_text: Option<bool>,
    /// Providers in this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Vec<String>>,
    /// Only these providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<Vec<String>>,
    /// Never these providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignore: Option<Vec<String>>,
    /// Only these quantizations, such as `fp8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    quantizations: Option<Vec<String>>,
    /// `price`, `throughput`, `latency`, or `{ by, partition }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sort: Option<Sort>,
    /// US dollars per million tokens at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_price: Option<MaxPrice>,
    /// Tokens per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_min_throughput: Option<Preferred>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_max_latency: Option<Preferred>,
}

/// Vercel's choice of providers.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VercelGatewayRouting {
    /// Only these providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<Vec<String>>,
    /// Providers in this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum DataCollection {
    Deny,
    Allow,
}

/// Prices may be numbers or strings.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MaxPrice {
    /// Of a million tokens of prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<Price>,
    /// Of a million tokens of answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    completion: Option<Price>,
    /// Of an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Price>,
    /// Of a million tokens of sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<Price>,
    /// Of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Price>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SortObject {
    /// `price`, `throughput` or `latency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// Within what is sorted: `model`, or `none`.
    #[serde(skip_serializing_if = "partition_is_absent")]
    #[serde(default)]
    #[schemars(default)]
    partition: super::OrNull,
}

fn partition_is_absent(partition: &super::OrNull) -> bool {
    partition.0.is_none()
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Percentiles {
    /// Of 50 percent of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    p50: Option<f64>,
    /// Of 75 percent of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    p75: Option<f64>,
    /// Of 90 percent of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    p90: Option<f64>,
    /// Of 99 percent of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    p99: Option<f64>,
}

/// A value of several forms, each of which it may refuse.
macro_rules! forms {
    ($(#[$doc:meta])* $name:ident, $expected:literal, { $($text:ident)? }, { $($number:ident)? }, { $($object:ty)? }, $schema:tt) => {
        $(#[$doc])*
        #[derive(Debug, Serialize)]
        #[serde(transparent)]
        struct $name(serde_json::Value);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Form;

                impl<'de> Visitor<'de> for Form {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }

                    $(fn visit_str<E: Error>(self, $text: &str) -> Result<$name, E> {
                        Ok($name($text.into()))
                    })?

                    $(fn visit_u64<E: Error>(self, $number: u64) -> Result<$name, E> {
                        Ok($name($number.into()))
                    }

                    fn visit_i64<E: Error>(self, $number: i64) -> Result<$name, E> {
                        Ok($name($number.into()))
                    }

                    fn visit_f64<E: Error>(self, $number: f64) -> Result<$name, E> {
                        Ok($name($number.into()))
                    })?

                    $(fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        let object = <$object>::deserialize(MapAccessDeserializer::new(map))?;
                        serde_json::to_value(object).map($name).map_err(A::Error::custom)
                    })?
                }

                deserializer.deserialize_any(Form)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                #[allow(unused_mut, reason = "not every value has an object form")]
                let mut forms: Vec<Schema> = vec![json_schema!($schema)];
                $(forms.push(generator.subschema_for::<$object>());)?
                let _ = generator;
                json_schema!({ "anyOf": forms })
            }
        }
    };
}

forms! {
    /// `sort`.
    Sort, "a string, or `{ by, partition }`", { text }, {}, { SortObject }, { "type": "string" }
}
forms! {
    /// A price.
    Price, "a number or a string", { text }, { number }, {}, { "type": ["number", "string"] }
}
forms! {
    /// A preference.
    Preferred, "a number, or `{ p50, p75, p90, p99 }`", {}, { number }, { Percentiles }, { "type": "number" }
}
