//! The events of a Messages stream: what we read of them.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// One event, of whichever type: what we read of it. The types of an event
/// share no field name with two meanings.
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(rename = "type", default, borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(default, deserialize_with = "number")]
    pub(super) index: Option<u64>,
    #[serde(borrow)]
    pub(super) delta: Option<DeltaJson<'a>>,
    #[serde(borrow)]
    pub(super) content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Option<Message<'a>>,
    pub(super) usage: Option<UsageJson>,
    pub(super) error: Option<Value>,
}

#[derive(Default, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) model: Option<Cow<'a, str>>,
    pub(super) usage: Option<UsageJson>,
}

#[derive(Deserialize)]
pub(super) struct DeltaJson<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    thinking: Option<Cow<'a, str>>,
    #[serde(borrow)]
    signature: Option<Cow<'a, str>>,
    #[serde(borrow)]
    partial_json: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) stop_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) stop_sequence: Option<Cow<'a, str>>,
    pub(super) stop_details: Option<Value>,
    citation: Option<Value>,
}

#[derive(Default, Deserialize)]
pub(super) struct UsageJson {
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) cache_read_input_tokens: Option<u64>,
    pub(super) cache_creation_input_tokens: Option<u64>,
    pub(super) output_tokens_details: Option<OutputDetails>,
}

#[derive(Default, Deserialize)]
pub(super) struct OutputDetails {
    pub(super) thinking_tokens: Option<u64>,
}

/// What one delta says to its block.
pub(super) enum Said<'a> {
    Text(Cow<'a, str>),
    Thinking(Cow<'a, str>),
    /// A piece of a call's arguments.
    Input(Cow<'a, str>),
    /// A piece of the seal of what was thought.
    Signature(Cow<'a, str>),
    Citation(Value),
}

impl Said<'_> {
    /// Whether it has no words: such a delta opens nothing.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Text(it) | Self::Thinking(it) | Self::Input(it) | Self::Signature(it) => {
                it.is_empty()
            }
            Self::Citation(_) => false,
        }
    }
}

impl<'a> DeltaJson<'a> {
    /// All that it says. Its type decides what its words are; one without a type that
    /// we know is what its fields are called.
    pub(super) fn said(self) -> impl Iterator<Item = Said<'a>> {
        let Self { kind, text, thinking, partial_json, .. } = self;
        let words = match kind.as_deref().unwrap_or_default() {
            "text_delta" => [text.or(thinking).map(Said::Text), None, None],
            "thinking_delta" => [thinking.or(text).map(Said::Thinking), None, None],
            "input_json_delta" => [partial_json.map(Said::Input), None, None],
            "signature_delta" | "citations_delta" => [None, None, None],
            _ => {
                [thinking.map(Said::Thinking), text.map(Said::Text), partial_json.map(Said::Input)]
            }
        };
        let signature = self.signature.map(Said::Signature);
        words.into_iter().flatten().chain(signature).chain(self.citation.map(Said::Citation))
    }
}

/// A number, or its digits as text, as some proxies write it.
fn number<'de, D: Deserializer<'de>>(json: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
    }
    Ok(match Option::<Written>::deserialize(json)? {
        Some(Written::Number(number)) => Some(number),
        Some(Written::Text(digits)) => {
            Some(digits.trim().parse().map_err(serde::de::Error::custom)?)
        }
        None => None,
    })
}
