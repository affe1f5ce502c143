//! A client's JSON, field by field, with the path of each for the error.

use std::fmt;

use serde_json::{Map, Value};

use crate::wire::openai_responses::BadRequest;

/// Where a value stands in the body: `messages[2].content`.
#[derive(Clone, Debug, Default)]
pub(in crate::wire) struct Place(String);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Place {
    pub(in crate::wire) fn field(&self, key: &str) -> Self {
        match self.0.as_str() {
            "" => Self(key.to_owned()),
            place => Self(format!("{place}.{key}")),
        }
    }

    pub(in crate::wire) fn element(&self, at: usize) -> Self {
        Self(format!("{}[{at}]", self.0))
    }

    pub(in crate::wire) fn wrong_type(&self, wanted: &str) -> BadRequest {
        self.refused(Some("invalid_type"), format!("`{}` must be {wanted}", self.0))
    }

    pub(in crate::wire) fn missing(&self) -> BadRequest {
        self.refused(Some("missing_required_parameter"), format!("`{}` is required", self.0))
    }

    pub(in crate::wire) fn not_supported(&self, instead: &str) -> BadRequest {
        let message = format!("`{}` is not supported: {instead}", self.0);
        self.refused(Some("unsupported_parameter"), message)
    }

    pub(in crate::wire) fn refused(
        &self,
        code: Option<&'static str>,
        message: String,
    ) -> BadRequest {
        BadRequest { param: Some(self.0.clone()), code, message }
    }
}

/// An object whose fields are read by type; `null` counts as absent.
#[derive(Clone, Debug)]
pub(in crate::wire) struct Fields<'a> {
    json: &'a Map<String, Value>,
    place: Place,
}

impl<'a> Fields<'a> {
    pub(in crate::wire) fn new(json: &'a Map<String, Value>, place: &Place) -> Self {
        Self { json, place: place.clone() }
    }

    pub(in crate::wire) fn place(&self, key: &str) -> Place {
        self.place.field(key)
    }

    pub(in crate::wire) fn missing(&self, key: &str) -> BadRequest {
        self.place(key).missing()
    }

    pub(in crate::wire) fn present(&self, key: &str) -> Option<&'a Value> {
        self.json.get(key).filter(|value| !value.is_null())
    }

    pub(in crate::wire) fn text(&self, key: &str) -> Result<Option<String>, BadRequest> {
        self.read(key, "a string", |value| value.as_str().map(str::to_owned))
    }

    /// The text in `key`, which must be there.
    pub(in crate::wire) fn required(&self, key: &str) -> Result<String, BadRequest> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    pub(in crate::wire) fn flag(&self, key: &str) -> Result<Option<bool>, BadRequest> {
        self.read(key, "true or false", Value::as_bool)
    }

    pub(in crate::wire) fn number(&self, key: &str) -> Result<Option<f64>, BadRequest> {
        self.read(key, "a number", Value::as_f64)
    }

    pub(in crate::wire) fn count(&self, key: &str) -> Result<Option<u64>, BadRequest> {
        self.read(key, "a whole number above 0", |value| value.as_u64().filter(|count| *count > 0))
    }

    pub(in crate::wire) fn object(&self, key: &str) -> Result<Option<Self>, BadRequest> {
        let object = self.read(key, "an object", Value::as_object)?;
        Ok(object.map(|object| Self::new(object, &self.place(key))))
    }

    pub(in crate::wire) fn map(&self, key: &str) -> Result<Map<String, Value>, BadRequest> {
        Ok(self.object(key)?.map(|fields| fields.json.clone()).unwrap_or_default())
    }

    pub(in crate::wire) fn list(&self, key: &str) -> Result<&'a [Value], BadRequest> {
        let list = self.read(key, "an array", Value::as_array)?;
        Ok(list.map(Vec::as_slice).unwrap_or_default())
    }

    /// The fields whose names are not among `known`.
    pub(in crate::wire) fn rest(&self, known: &[&str]) -> Map<String, Value> {
        let rest = self
            .json
            .iter()
            .filter(|(key, value)| !known.contains(&key.as_str()) && !value.is_null());
        rest.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    pub(in crate::wire) fn read<T>(
        &self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, BadRequest> {
        match self.present(key) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.place(key).wrong_type(wanted)),
        }
    }
}
