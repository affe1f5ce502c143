//! JSON of a chunk, read as servers mean it: a key that stands twice counts
//! the last time, a number may be text and text a number, and a field of a
//! type that nobody expects counts as absent. What nobody asks for is scanned
//! and never built.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// An object's fields, each as it stands in the text.
#[derive(Debug, Default)]
pub(in super::super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// The object that `text` is; `None` where it is none.
    pub(in super::super) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The field `key`, unless it is missing or `null`.
    pub(in super::super) fn raw(&self, key: &str) -> Option<&'a RawValue> {
        let (_, raw) = self.0.iter().rev().find(|(name, _)| name == key)?;
        (raw.get() != "null").then_some(*raw)
    }

    /// The field `key` as text; a number becomes text.
    pub(in super::super) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        text(self.raw(key)?)
    }

    /// The same, where it is not empty.
    pub(super) fn word(&self, key: &str) -> Option<Cow<'a, str>> {
        self.text(key).filter(|text| !text.is_empty())
    }

    /// The field `key` as a count or a time: a whole number, a float
    /// (transformers serve), a number as text.
    pub(super) fn count(&self, key: &str) -> Option<u64> {
        let text = self.text(key)?;
        let text = text.trim();
        text.parse().ok().or_else(|| {
            // `as` saturates, and drops the fraction of a time in seconds.
            text.parse::<f64>().ok().filter(|number| *number >= 0.0).map(|number| number as u64)
        })
    }

    /// The object in field `key`.
    pub(super) fn object(&self, key: &str) -> Option<Self> {
        Self::parse(self.raw(key)?.get())
    }

    /// The elements of the array in field `key`.
    pub(super) fn list(&self, key: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.raw(key)?.get()).ok()
    }

    /// The field `key`, built.
    pub(super) fn value(&self, key: &str) -> Option<Value> {
        serde_json::from_str(self.raw(key)?.get()).ok()
    }

    /// The whole object, built.
    pub(in super::super) fn to_value(&self) -> Value {
        let built = self.0.iter().filter_map(|(key, raw)| {
            Some((key.to_string(), serde_json::from_str(raw.get()).ok()?))
        });
        Value::Object(built.collect())
    }

    /// Whether the field `key` says anything: not `null`, `false`, or empty.
    pub(in super::super) fn says(&self, key: &str) -> bool {
        self.raw(key).is_some_and(|raw| !matches!(raw.get(), "false" | "{}" | "[]" | "\"\"" | "0"))
    }
}

/// `raw` as text; a number becomes text.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<Text<'_>>(json).ok().map(|Text(text)| text),
        b'-' | b'0'..=b'9' => Some(Cow::Borrowed(json)),
        _ => None,
    }
}

/// Text, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some((Text(key), raw)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
            fields.push((key, raw));
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_are_meant() {
        let fields = Fields::parse(
            r#"{"a":"x","a":"y\n","n":7,"f":1763682000.9,"s":"12","z":null,"o":{"k":[1,"2",{}]},"e":{}}"#,
        )
        .expect("object");
        assert_eq!(fields.text("a").as_deref(), Some("y\n"));
        assert_eq!(fields.text("n").as_deref(), Some("7"));
        assert_eq!(fields.count("n"), Some(7));
        assert_eq!(fields.count("f"), Some(1_763_682_000));
        assert_eq!(fields.count("s"), Some(12));
        assert_eq!(fields.count("a"), None);
        assert!(fields.raw("z").is_none() && fields.raw("missing").is_none());
        let nested = fields.object("o").expect("object");
        assert_eq!(nested.list("k").map(|list| list.len()), Some(3));
        assert!(fields.says("o") && !fields.says("e") && !fields.says("z"));
    }

    #[test]
    fn what_is_no_object_is_none() {
        for text in ["", "7", "[]", "\"x\"", "{", "{\"a\":}", "{} {}"] {
            assert!(Fields::parse(text).is_none(), "{text}");
        }
    }
}
