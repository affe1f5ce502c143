//! The four kinds of field in the event table, read from and written to JSON.

use serde::ser::SerializeMap;
use serde_json::{Map, Value};

/// A field's type: how it is taken out of an event's object.
pub(super) trait Field: Sized {
    /// Takes `key` out of `object`. `None`: an event of this type cannot be
    /// without it, or it has another type; `object` is then as it was.
    fn take(object: &mut Map<String, Value>, key: &str) -> Option<Self>;

    /// Writes the field, unless it is absent.
    fn write<M: SerializeMap>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error>;
}

impl Field for String {
    fn take(object: &mut Map<String, Value>, key: &str) -> Option<Self> {
        object.get(key)?.as_str()?;
        match object.shift_remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn write<M: SerializeMap>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(key, self)
    }
}

impl Field for Option<String> {
    fn take(object: &mut Map<String, Value>, key: &str) -> Option<Self> {
        Some(String::take(object, key))
    }

    fn write<M: SerializeMap>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error> {
        self.as_ref().map_or(Ok(()), |text| text.write(key, map))
    }
}

impl Field for Option<u64> {
    fn take(object: &mut Map<String, Value>, key: &str) -> Option<Self> {
        let number = object.get(key).and_then(Value::as_u64);
        if number.is_some() {
            object.shift_remove(key);
        }
        Some(number)
    }

    fn write<M: SerializeMap>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error> {
        self.map_or(Ok(()), |number| map.serialize_entry(key, &number))
    }
}

impl Field for Value {
    fn take(object: &mut Map<String, Value>, key: &str) -> Option<Self> {
        object.shift_remove(key)
    }

    fn write<M: SerializeMap>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(key, self)
    }
}

impl Field for Option<Value> {
    fn take(object: &mut Map<String, Value>, key: &str) -> Option<Self> {
        Some(object.shift_remove(key))
    }

    fn write<M: SerializeMap>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error> {
        self.as_ref().map_or(Ok(()), |value| map.serialize_entry(key, value))
    }
}
