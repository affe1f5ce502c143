//! One Responses event as it stands in its frame: borrowed, read in one pass,
//! tolerant of what servers put where.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::book::Place;
use super::surrogates::{self, Edges};

pub(super) type Object = serde_json::Map<String, Value>;

/// The fields that any event of interest has. Objects stay raw until an event
/// that needs them asks.
#[derive(Debug, Default)]
pub(super) struct WireEvent<'a> {
    pub(super) kind: Option<Cow<'a, str>>,
    item_id: Option<Cow<'a, str>>,
    output_index: Option<u32>,
    content_index: Option<u32>,
    summary_index: Option<u32>,
    delta: Option<Cow<'a, str>>,
    /// It is an object or a list: nobody knows what it says.
    is_delta_unknown: bool,
    text: Option<Cow<'a, str>>,
    pub(super) arguments: Option<Cow<'a, str>>,
    pub(super) refusal: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) code: Option<Cow<'a, str>>,
    pub(super) message: Option<Cow<'a, str>>,
    pub(super) param: Option<Cow<'a, str>>,
    pub(super) error_type: Option<Cow<'a, str>>,
    pub(super) error_message: Option<Cow<'a, str>>,
    pub(super) error: Option<&'a RawValue>,
    pub(super) response: Option<&'a RawValue>,
    pub(super) item: Option<&'a RawValue>,
    pub(super) logprobs: Option<&'a RawValue>,
    pub(super) annotation: Option<&'a RawValue>,
    pub(super) part: Option<&'a RawValue>,
    input: Option<Cow<'a, str>>,
    /// Halves of characters that `delta` begins and ends with.
    pub(super) edges: Edges,
}

/// A piece of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) edges: Edges,
}

impl<'a> WireEvent<'a> {
    pub(super) fn place(&self) -> Place<'_> {
        Place {
            output_index: self.output_index,
            item_id: self.item_id.as_deref().filter(|id| !id.is_empty()),
            part: self.content_index.or(self.summary_index),
        }
    }

    pub(super) fn delta(&self) -> &str {
        self.delta.as_deref().unwrap_or_default()
    }

    pub(super) fn piece(&self) -> Piece<'_> {
        Piece { text: self.delta(), edges: self.edges }
    }

    /// The whole of a `field`, as an event restates it.
    pub(super) fn whole(&self, field: &str) -> &str {
        let field = match field {
            "input" => &self.input,
            "arguments" => &self.arguments,
            "code" => &self.code,
            _ => &None,
        };
        field.as_deref().unwrap_or_default()
    }

    pub(super) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Whether the event reports a failure, whatever it is called.
    pub(super) fn has_error(&self) -> bool {
        self.error.and_then(value).is_some_and(|error| says_something(&error))
            || self.error_message.as_deref().is_some_and(|message| !message.is_empty())
    }

    /// Whether this is a delta of which nobody knows what it says.
    pub(super) fn is_unknown_delta(&self, name: &str) -> bool {
        self.is_delta_unknown && name.ends_with(".delta")
    }

    pub(super) fn part_type(&self) -> Option<String> {
        let part = object(self.part)??;
        part.get("type").and_then(Value::as_str).map(str::to_owned)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for WireEvent<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

/// By hand, because a derived one refuses a key that stands twice and a number
/// where it expects text; the last value of a key counts, as in every language
/// that reads JSON into a map.
struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = WireEvent<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WireEvent<'de>, A::Error> {
        let mut event = WireEvent::default();
        while let Some(Loose(key, _)) = map.next_key()? {
            match key.as_deref().unwrap_or_default() {
                "type" => event.kind = map.next_value::<Loose<'_>>()?.0,
                "item_id" => event.item_id = map.next_value::<Loose<'_>>()?.0,
                "output_index" => event.output_index = map.next_value::<Index>()?.0,
                "content_index" => event.content_index = map.next_value::<Index>()?.0,
                "summary_index" => event.summary_index = map.next_value::<Index>()?.0,
                "delta" => {
                    Loose(event.delta, event.is_delta_unknown) = map.next_value()?;
                }
                "text" => event.text = map.next_value::<Loose<'_>>()?.0,
                "arguments" => event.arguments = map.next_value::<Arguments<'_>>()?.0,
                "refusal" => event.refusal = map.next_value::<Loose<'_>>()?.0,
                "name" => event.name = map.next_value::<Loose<'_>>()?.0,
                "code" => event.code = map.next_value::<Loose<'_>>()?.0,
                "message" => event.message = map.next_value::<Loose<'_>>()?.0,
                "param" => event.param = map.next_value::<Loose<'_>>()?.0,
                "error_type" => event.error_type = map.next_value::<Loose<'_>>()?.0,
                "error_message" => event.error_message = map.next_value::<Loose<'_>>()?.0,
                "error" => event.error = map.next_value()?,
                "response" => event.response = map.next_value()?,
                "item" => event.item = map.next_value()?,
                "logprobs" => event.logprobs = map.next_value()?,
                "annotation" => event.annotation = map.next_value()?,
                "input" => event.input = map.next_value::<Loose<'_>>()?.0,
                "part" => event.part = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(event)
    }
}

/// Text, borrowed where it has no escapes. Numbers become text; whatever is no
/// text counts as absent, and whether it is an object or a list is told.
struct Loose<'a>(Option<Cow<'a, str>>, bool);

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

/// Arguments: their text, or JSON where the API wants its text.
struct Arguments<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Arguments<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with(['{', '[', 't', 'f']) {
            return Ok(Self(value(raw).map(|json| Cow::Owned(json.to_string()))));
        }
        let text: Loose<'a> = serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
        Ok(Self(text.0))
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Loose<'de>, E> {
        Ok(Loose(Some(Cow::Borrowed(text)), false))
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose<'de>, E> {
        Ok(Loose(Some(Cow::Owned(text.to_owned())), false))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Loose<'de>, E> {
        Ok(Loose(Some(Cow::Owned(number.to_string())), false))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Loose<'de>, E> {
        Ok(Loose(Some(Cow::Owned(number.to_string())), false))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Loose<'de>, E> {
        Ok(Loose(Some(Cow::Owned(number.to_string())), false))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Loose<'de>, E> {
        Ok(Loose(None, false))
    }

    fn visit_unit<E>(self) -> Result<Loose<'de>, E> {
        Ok(Loose(None, false))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Loose<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose(None, true))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose(None, true))
    }
}

/// A position: a whole number, or one written as text. Whatever else counts as absent.
struct Index(Option<u32>);

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IndexVisitor)
    }
}

struct IndexVisitor;

impl<'de> Visitor<'de> for IndexVisitor {
    type Value = Index;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Index, E> {
        Ok(Index(text.parse().ok()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Index, E> {
        Ok(Index(number.try_into().ok()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Index, E> {
        Ok(Index(None))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Index, E> {
        Ok(Index(number.to_string().parse().ok()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Index, E> {
        Ok(Index(None))
    }

    fn visit_unit<E>(self) -> Result<Index, E> {
        Ok(Index(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Index, A::Error> {
        LooseVisitor.visit_seq(seq).map(|_| Index(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Index, A::Error> {
        LooseVisitor.visit_map(map).map(|_| Index(None))
    }
}

/// The object that a field holds; `Some(None)` where it holds something else, or
/// is not there. `None`: it cannot be read (it is nested too deeply), and what it
/// says would be lost unseen.
pub(super) fn object(field: Option<&RawValue>) -> Option<Option<Object>> {
    let Some(raw) = field else { return Some(None) };
    match value(raw)? {
        Value::Object(object) => Some(Some(object)),
        _ => Some(None),
    }
}

/// The value that `raw` holds; half a character in it becomes U+FFFD.
pub(super) fn value(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok().or_else(|| {
        let whole = surrogates::repair(raw.get())?;
        serde_json::from_str(&whole).ok()
    })
}

/// The halves of characters that the `delta` of an event begins and ends with.
pub(super) fn edges(event: &str) -> Edges {
    #[derive(serde::Deserialize)]
    struct Delta<'a> {
        #[serde(borrow)]
        delta: Option<&'a RawValue>,
    }
    let event = serde_json::from_str::<Delta<'_>>(event).ok();
    event.and_then(|event| event.delta).map(|raw| Edges::of(raw.get())).unwrap_or_default()
}

/// Whether an `error` reports one: some servers send the empty form of it with
/// every event.
fn says_something(error: &Value) -> bool {
    match error {
        Value::Null => false,
        Value::Bool(is_error) => *is_error,
        Value::Number(code) => code.as_f64() != Some(0.0),
        Value::String(message) => !message.is_empty(),
        Value::Array(all) => !all.is_empty(),
        Value::Object(fields) => fields.values().any(says_something),
    }
}

/// A count or a time: whole numbers, floats (transformers serve) and numbers as text.
pub(super) fn unsigned(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            // `as` saturates, and drops the fraction of a time in seconds.
            number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Events that are understood and carry nothing that their item's
/// `output_item.done` does not repeat.
pub(super) fn is_silent(name: &str) -> bool {
    if matches!(name, "keepalive" | "ping" | "response.keep_alive") || name.ends_with(":keep_alive")
    {
        return true;
    }
    let Some(name) = name.strip_prefix("response.") else { return false };
    name == "compaction.compacting"
        || [
            "audio.",
            "code_interpreter_call",
            "file_search_call.",
            "image_generation_call.",
            "mcp_call",
            "mcp_list_tools.",
            "shell_call_",
            "web_search_call.",
            "apply_patch_call_",
            "inject",
        ]
        .iter()
        .any(|family| name.starts_with(family))
}
