//! Numbers of the config, each with its range, for reading and for the schema.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// Beyond this, JSON numbers are no longer exact.
pub(crate) const LARGEST: u64 = 9_007_199_254_740_991;

/// A whole number of this range, both ends included. `1e6` and `4096.0` are
/// whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Within<const LEAST: u64, const MOST: u64>(pub(crate) u64);

/// A whole number above zero: tokens, seconds.
pub(crate) type Count = Within<1, LARGEST>;

/// A whole number, zero included.
pub(crate) type Whole = Within<0, LARGEST>;

impl<'de, const LEAST: u64, const MOST: u64> Deserialize<'de> for Within<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WithinVisitor)
    }
}

impl<const LEAST: u64, const MOST: u64> From<Within<LEAST, MOST>> for u64 {
    fn from(number: Within<LEAST, MOST>) -> Self {
        number.0
    }
}

struct WithinVisitor<const LEAST: u64, const MOST: u64>;

impl<const LEAST: u64, const MOST: u64> Visitor<'_> for WithinVisitor<LEAST, MOST> {
    type Value = Within<LEAST, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (LEAST, MOST) {
            (0, LARGEST) => f.write_str("a whole number not below zero"),
            (1, LARGEST) => f.write_str("a whole number above zero"),
            _ => write!(f, "a whole number from {LEAST} to {MOST}"),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        match (LEAST..=MOST).contains(&value) {
            true => Ok(Within(value)),
            false => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(value), &self)),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range and the missing fraction are checked"
    )]
    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        if value.fract() == 0.0 && (0.0..=9_007_199_254_740_991.0).contains(&value) {
            return self.visit_u64(value as u64);
        }
        Err(E::invalid_value(Unexpected::Float(value), &self))
    }
}

impl<const LEAST: u64, const MOST: u64> JsonSchema for Within<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("From{LEAST}To{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

/// Kinds of number that may have a fraction: the type, what to write, whether a
/// number is one, and the same as JSON Schema.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $expected:literal, $holds:expr, $rules:tt;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub(crate) struct $name(pub(crate) f64);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let holds: fn(f64) -> bool = $holds;
                deserializer.deserialize_any(Reading { expected: $expected, holds }).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($rules)
            }
        }
    )*};
}

struct Reading {
    expected: &'static str,
    holds: fn(f64) -> bool,
}

impl Visitor<'_> for Reading {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    #[expect(clippy::cast_precision_loss, reason = "prices and shares are small")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        self.visit_f64(value as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "prices and shares are small")]
    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        match value.is_finite() && (self.holds)(value) {
            true => Ok(value),
            false => Err(E::invalid_value(Unexpected::Float(value), &self)),
        }
    }
}

kinds! {
    /// A finite number not below zero.
    Amount: "a number not below zero", |n| n >= 0.0, { "type": "number", "minimum": 0 };
    /// A finite number above zero.
    Positive: "a number above zero", |n| n > 0.0, { "type": "number", "exclusiveMinimum": 0 };
    /// A finite number of US dollars. OpenClaw takes one below zero as well, so
    /// it loads here; a warning says that it counts as nothing.
    Price: "a number", |_| true, { "type": "number" };
    /// A part of a whole.
    Share: "a share from 0 to 1", |n| (0.0..=1.0).contains(&n),
        { "type": "number", "minimum": 0, "maximum": 1 };
    /// `maxHistoryShare`.
    HistoryShare: "a share from 0.1 to 0.9", |n| (0.1..=0.9).contains(&n),
        { "type": "number", "minimum": 0.1, "maximum": 0.9 };
}
