//! A whole completion as the chunks that its server would have streamed.

use oc_responses_stream::sse;

use super::stream::{Fields, pieces};
use crate::wire::relay::json::{Edits, Object, quoted};

/// The chunks that mean `document`; `None`: it is no whole completion.
///
/// Each answer is told in one chunk and ended in another; what is said of all of
/// them stands in the first.
pub(super) fn unfold(document: &str) -> Option<Vec<sse::Frame>> {
    let completion = Object::parse(document)?;
    let kind = quoted("chat.completion.chunk");
    let head: String = ["id", "created", "model"]
        .iter()
        .filter_map(|key| Some(format!(",{}:{}", quoted(key), completion.raw(key)?)))
        .collect();
    let fields = Fields::parse(document)?;
    let choices = pieces(&fields).filter(|choices| !choices.is_empty())?;
    let (mut chunks, mut ends) = (Vec::new(), Vec::new());
    for choice in choices {
        let index = choice.number.to_string();
        let choice = Object::parse(choice.raw.get())?;
        let message = message(choice.raw("message")?)?;
        let reason = choice.text("finish_reason").filter(|reason| !reason.is_empty())?;
        let told = choice.with(&[
            ("message", "delta", &message),
            ("finish_reason", "finish_reason", "null"),
            ("index", "index", &index),
        ]);
        chunks.push(match chunks.is_empty() {
            true => completion.with(&[
                ("object", "object", &kind),
                ("choices", "choices", &format!("[{told}]")),
                ("usage", "usage", "null"),
            ]),
            false => format!("{{\"object\":{kind}{head},\"choices\":[{told}]}}"),
        });
        ends.push(format!(
            "{{\"object\":{kind}{head},\"choices\":[{{\"index\":{index},\"delta\":{{}},\
             \"logprobs\":null,\"finish_reason\":{}}}]}}",
            quoted(&reason)
        ));
    }
    let counts = completion.raw("usage").filter(|usage| usage.starts_with('{'));
    let counts =
        counts.map(|usage| format!("{{\"object\":{kind}{head},\"choices\":[],\"usage\":{usage}}}"));
    let chunks = chunks.into_iter().chain(ends).chain(counts).chain(["[DONE]".to_owned()]);
    Some(chunks.map(|chunk| sse::Frame::new(None, chunk)).collect())
}

/// The message with its calls numbered, as a delta has them.
fn message(text: &str) -> Option<String> {
    let message = Object::parse(text)?;
    if message.lacks("tool_calls") {
        return Some(text.to_owned());
    }
    let mut calls = Vec::new();
    for (number, text) in message.list("tool_calls")?.into_iter().enumerate() {
        let mut call = Edits::of(text);
        call.set(&Object::parse(text)?, "index", &number.to_string());
        calls.push(call.made());
    }
    Some(message.with(&[("tool_calls", "tool_calls", &format!("[{}]", calls.join(",")))]))
}
