//! Every Responses event, typed, by its name on the wire.
//!
//! One table (`table.rs`) makes the types; this file holds what they share.
//! Fields that the table does not know are kept and written again, and an event
//! of an unknown name, or one that lacks what its type needs, is kept whole as
//! [`Event::Unknown`].

mod field;
mod table;

use bytes::BufMut;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::{StreamError, sse};

pub use table::*;

/// An event that has no type here, whole.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// The whole object, its `type` included.
    pub json: Map<String, Value>,
}

impl UnknownEvent {
    /// Keeps `json` as it is.
    pub fn new(json: Map<String, Value>) -> Self {
        Self { json }
    }

    /// The `type` field, or `""` where there is none.
    pub fn event_type(&self) -> &str {
        self.json.get("type").and_then(Value::as_str).unwrap_or("")
    }
}

impl Event {
    /// Reads the JSON text of one event.
    ///
    /// ```
    /// use oc_responses_stream::Event;
    ///
    /// let json = r#"{"type":"response.output_text.delta","output_index":0,"delta":"Hi","new":1}"#;
    /// let Event::OutputTextDelta(event) = Event::from_json(json)? else { panic!() };
    /// assert_eq!(event.delta, "Hi");
    /// assert_eq!(event.extra["new"], 1);
    /// # Ok::<(), oc_responses_stream::StreamError>(())
    /// ```
    ///
    /// # Errors
    /// [`StreamErrorKind::Corrupt`](crate::StreamErrorKind::Corrupt) where the text
    /// is no JSON object; an event that we do not know is no error.
    pub fn from_json(json: &str) -> Result<Self, StreamError> {
        match serde_json::from_str(json) {
            Ok(Value::Object(object)) => Ok(Self::from_object(object)),
            _ => Err(StreamError::corrupt("an event is not a JSON object")),
        }
    }

    /// Reads one frame; where its JSON has no `type`, the frame's event name counts.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_frame(frame: &sse::Frame) -> Result<Self, StreamError> {
        match serde_json::from_str(frame.data()) {
            Ok(Value::Object(mut object)) => {
                if let (false, Some(name)) = (object.contains_key("type"), frame.event()) {
                    object.insert("type".to_owned(), name.into());
                }
                Ok(Self::from_object(object))
            }
            _ => Err(StreamError::corrupt("an event is not a JSON object")),
        }
    }

    /// The event as JSON.
    pub fn to_json(&self) -> Value {
        // Only maps with text keys are written: this cannot fail.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Appends the event to `out` as server-sent event: its name, one line of
    /// data, LF. Write what one call appends in one piece: some clients lose an
    /// event that comes in two.
    pub fn encode_sse(&self, out: &mut impl BufMut) {
        let json = serde_json::to_string(self).unwrap_or_default();
        sse::encode(self.name(), &json, out);
    }

    /// Whether this is the last event of a response.
    pub fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::Completed(_)
                | Self::Incomplete(_)
                | Self::Failed(_)
                | Self::Done(_)
                | Self::Cancelled(_)
        )
    }
}

impl Serialize for UnknownEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.json.len()))?;
        for (key, value) in &self.json {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests;
