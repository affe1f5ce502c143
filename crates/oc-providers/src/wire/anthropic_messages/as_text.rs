//! Blocks of this wire whose text can be said: to hosts that do not know them they
//! are told as text, and listed.
//!
//! | block | text |
//! |---|---|
//! | `document` of text, or of blocks of text | its context, its title, its text |
//! | `search_result` | its title, its source, its text |
//! | `tool_reference` | that the tool can be called |

use std::borrow::Cow;

use oc_responses_stream::{Item, Part, TextPart};
use serde_json::{Map, Value};

use crate::endpoint::{Api, Endpoint};
use crate::loss::Loss;
use crate::request::Request;

/// `request` as `endpoint` can read it.
pub(in crate::wire) fn told<'a>(
    request: &'a Request,
    endpoint: &Endpoint,
    losses: &mut Vec<Loss>,
) -> Cow<'a, Request> {
    let is_theirs = request.wire == Some(Api::AnthropicMessages);
    let knows = endpoint.api() == Api::AnthropicMessages && endpoint.compat_flags().messages_fields;
    let can_be_told = |part: &Part| as_text(part).is_some();
    if !is_theirs || knows || !request.input.iter().flat_map(parts_of).any(can_be_told) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    for part in request.input.iter_mut().flat_map(parts_of_mut) {
        if let Some((kind, text)) = as_text(part) {
            losses.push(Loss::AsText(kind));
            *part = Part::Text(text);
        }
    }
    Cow::Owned(request)
}

fn parts_of(item: &Item) -> &[Part] {
    match item {
        Item::Message(message) => &message.content,
        Item::FunctionCallOutput(result) => &result.output,
        _ => &[],
    }
}

fn parts_of_mut(item: &mut Item) -> &mut [Part] {
    match item {
        Item::Message(message) => &mut message.content,
        Item::FunctionCallOutput(result) => &mut result.output,
        _ => &mut [],
    }
}

/// The block's type and its text, with the fields that no text says.
fn as_text(part: &Part) -> Option<(String, TextPart)> {
    let Part::Other(Value::Object(block)) = part else { return None };
    let kind = word(block, "type");
    let (texts, said): (_, &[&str]) = match kind {
        "document" => {
            let source = block.get("source")?.as_object()?;
            let text = match word(source, "type") {
                "text" => source.get("data")?.as_str()?.to_owned(),
                "content" => text_of(source.get("content")?)?,
                _ => return None,
            };
            let before = ["context", "title"].map(|key| word(block, key).to_owned());
            ([before.as_slice(), &[text]].concat(), &["type", "context", "title", "source"])
        }
        "search_result" => {
            let before = ["title", "source"].map(|key| word(block, key).to_owned());
            let text = text_of(block.get("content")?)?;
            ([before.as_slice(), &[text]].concat(), &["type", "title", "source", "content"])
        }
        "tool_reference" => {
            let name = block.get("tool_name")?.as_str()?;
            (vec![format!("The tool `{name}` can be called.")], &["type", "tool_name"])
        }
        _ => return None,
    };
    let texts: Vec<String> = texts.into_iter().filter(|text| !text.trim().is_empty()).collect();
    let mut text = TextPart::new(texts.join("\n\n"));
    text.extra = block.clone();
    text.extra.retain(|key, value| !said.contains(&key.as_str()) && !value.is_null());
    Some((kind.to_owned(), text))
}

/// A text, or blocks that are nothing else; a picture among them cannot be said.
fn text_of(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(blocks) => {
            let texts = blocks.iter().map(|block| {
                let is_text = block.get("type").is_some_and(|kind| kind == "text");
                block.get("text").and_then(Value::as_str).filter(|_| is_text)
            });
            Some(texts.collect::<Option<Vec<&str>>>()?.join("\n\n"))
        }
        _ => None,
    }
}

fn word<'a>(block: &'a Map<String, Value>, key: &str) -> &'a str {
    block.get(key).and_then(Value::as_str).unwrap_or_default()
}
