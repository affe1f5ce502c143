//! Strings that must look like something. Each has one description, which
//! reading and the JSON Schema share.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde_json::json;

/// What a string must look like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Not only blanks.
    Filled,
    /// The same, and no `/`.
    NoSlash,
    /// Not empty, and no longer than this, in characters.
    Between1And(usize),
    /// No longer than this, in characters.
    AtMost(usize),
    /// A word: what it begins with and goes on with, as the inside of a
    /// character class, and how long it may be.
    Word { first: &'static str, rest: &'static str, most: Option<usize> },
    /// The same, and neither `.` nor `..` between two `/`.
    Segments { first: &'static str, rest: &'static str, most: usize },
    /// A JSON pointer, or `value`.
    Pointer,
}

impl Shape {
    pub(crate) fn holds(self, text: &str) -> bool {
        match self {
            Self::Filled => !text.trim().is_empty(),
            Self::NoSlash => !text.trim().is_empty() && !text.contains('/'),
            Self::Between1And(most) => !text.is_empty() && text.chars().count() <= most,
            Self::AtMost(most) => text.chars().count() <= most,
            Self::Word { first, rest, most } => {
                let mut chars = text.chars();
                chars.next().is_some_and(|c| in_class(c, first))
                    && chars.all(|c| in_class(c, rest))
                    && most.is_none_or(|most| text.len() <= most)
            }
            Self::Segments { first, rest, most } => {
                Self::Word { first, rest, most: Some(most) }.holds(text)
                    && !text.split('/').any(|part| matches!(part, "." | ".."))
            }
            Self::Pointer => text == "value" || text.starts_with('/'),
        }
    }

    /// The same as JSON Schema.
    pub(crate) fn rules(self) -> serde_json::Value {
        match self {
            Self::Filled => json!({ "type": "string", "pattern": r"\S" }),
            Self::NoSlash => json!({ "type": "string", "pattern": r"^[^/]*[^/\s][^/]*$" }),
            Self::Between1And(most) => {
                json!({ "type": "string", "minLength": 1, "maxLength": most })
            }
            Self::AtMost(most) => json!({ "type": "string", "maxLength": most }),
            Self::Word { first, rest, most } => {
                let count = match most {
                    Some(most) => format!("{{0,{}}}", most.saturating_sub(1)),
                    None => "*".to_owned(),
                };
                json!({ "type": "string", "pattern": format!("^[{first}][{rest}]{count}$") })
            }
            Self::Segments { first, rest, most } => {
                let mut rules = Self::Word { first, rest, most: Some(most) }.rules();
                rules["not"] = json!({ "pattern": r"(^|/)\.{1,2}(/|$)" });
                rules
            }
            Self::Pointer => json!({ "type": "string", "pattern": "^(value$|/)" }),
        }
    }
}

/// Whether `class`, such as `a-z0-9_`, holds `c`. A `-` at an end is itself.
fn in_class(c: char, class: &str) -> bool {
    let mut rest = class;
    loop {
        let mut chars = rest.chars();
        let Some(from) = chars.next() else {
            return false;
        };
        let after = chars.as_str();
        let to = after.strip_prefix('-').and_then(|after| after.chars().next());
        let (to, next) = match to {
            Some(to) => (to, after.get(1 + to.len_utf8()..).unwrap_or_default()),
            None => (from, after),
        };
        if (from..=to).contains(&c) {
            return true;
        }
        rest = next;
    }
}

/// Reads a string of this shape. It is in no error: it may be a key.
struct Reading {
    shape: Shape,
    wrong: &'static str,
    expected: &'static str,
}

impl Visitor<'_> for Reading {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<String, E> {
        match self.shape.holds(value) {
            true => Ok(value.to_owned()),
            false => Err(E::invalid_value(Unexpected::Other(self.wrong), &self)),
        }
    }
}

/// Kinds of string: the type, what one is not that has another shape, what to
/// write instead, and the shape.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $wrong:literal, $expected:literal, $shape:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $name(pub(crate) String);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let reading = Reading { shape: $shape, wrong: $wrong, expected: $expected };
                deserializer.deserialize_str(reading).map(Self)
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
                let rules = $shape.rules();
                Schema::try_from(rules).unwrap_or_default()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    )*};
}

kinds! {
    /// Any string with something in it.
    Filled: "empty", "a string that is not empty, or leave it out", Shape::Filled;
    /// A jurisdiction.
    Region: "an empty region", "a region, as \"eu\", or leave it out", Shape::Filled;
    /// What a model is called by its server.
    ModelId: "an empty id", "the id that its server knows it by", Shape::Filled;
    /// A key of `models.providers`.
    ProviderId: "not a provider id", "a word without `/`", Shape::NoSlash;
    /// A key of `agents.entries`.
    AgentId: "not an agent's id", "small letters, digits, `_` and `-`, 64 at most",
        Shape::Word { first: "a-z0-9_", rest: "a-z0-9_-", most: Some(64) };
    /// A name of a header (RFC 9110, 5.6.2).
    HeaderName: "not a header name", "letters, digits and `-`",
        Shape::Word { first: HEADER_NAME, rest: HEADER_NAME, most: None };
    /// A key of `secrets.providers`.
    StoreAlias: "no alias of `secrets.providers`",
        "small letters, digits, `_` and `-`, 64 at most",
        Shape::Word { first: "a-z", rest: "a-z0-9_-", most: Some(64) };
    /// The name of a variable.
    VariableName: "not the name of a variable", "capitals, digits and `_`, 128 at most",
        VARIABLE_NAME;
    /// A runtime of OpenClaw's.
    RuntimeId: "not a runtime", "small letters, digits and `-`, 128 at most",
        Shape::Word { first: "a-z", rest: "a-z0-9-", most: Some(128) };
    /// An id of a plugin of OpenClaw's.
    PluginId: "not a plugin's id", "1 to 128 characters", Shape::Between1And(128);
    /// An argument of a command.
    Argument: "longer than 1024 characters",
        "1024 characters at most, or let the command read it from a file", Shape::AtMost(1024);
    /// A ref or an alias that OpenClaw alone reads.
    ShortText: "longer than 512 characters", "512 characters at most", Shape::AtMost(512);
}

const HEADER_NAME: &str = "A-Za-z0-9!#$%&'*+.^_`|~-";

/// What OpenClaw takes as the name of a variable.
pub(crate) const VARIABLE_NAME: Shape =
    Shape::Word { first: "A-Z", rest: "A-Z0-9_", most: Some(128) };

/// What OpenClaw takes as the id of a secret that a command gives.
pub(crate) const COMMAND_ID: Shape =
    Shape::Segments { first: "A-Za-z0-9", rest: "A-Za-z0-9._:/#-", most: 256 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_hold_what_they_say() {
        let cases = [
            (Shape::Filled, " a ", true),
            (Shape::Filled, " \t", false),
            (Shape::NoSlash, "my box", true),
            (Shape::NoSlash, "a/b", false),
            (Shape::NoSlash, " ", false),
            (VARIABLE_NAME, "A_1", true),
            (VARIABLE_NAME, "_A", false),
            (VARIABLE_NAME, "sk-key", false),
            (VARIABLE_NAME, "", false),
            (COMMAND_ID, "openai/key#1", true),
            (COMMAND_ID, "a/../b", false),
            (COMMAND_ID, "a/.", false),
            (COMMAND_ID, "a/.b", true),
            (Shape::Pointer, "/a/b", true),
            (Shape::Pointer, "value", true),
            (Shape::Pointer, "values", false),
            (Shape::Between1And(2), "", false),
            (Shape::Between1And(2), "äö", true),
            (Shape::AtMost(2), "abc", false),
            (Shape::Word { first: HEADER_NAME, rest: HEADER_NAME, most: None }, "x-key", true),
            (Shape::Word { first: HEADER_NAME, rest: HEADER_NAME, most: None }, "-", true),
            (Shape::Word { first: HEADER_NAME, rest: HEADER_NAME, most: None }, "x key", false),
            (Shape::Word { first: HEADER_NAME, rest: HEADER_NAME, most: None }, "(", false),
        ];
        for (shape, text, holds) in cases {
            assert_eq!(shape.holds(text), holds, "{shape:?} {text:?}");
        }
        let long = "A".repeat(129);
        assert!(!VARIABLE_NAME.holds(&long) && VARIABLE_NAME.holds(&long[1..]));
    }
}
