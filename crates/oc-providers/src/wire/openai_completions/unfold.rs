//! A whole completion as the chunks that its server would have streamed.

use oc_responses_stream::sse;

use crate::wire::relay::json::{Edits, Object, quoted};

/// The chunks that mean `document`; `None`: it is no whole completion, or has
/// several answers.
pub(super) fn unfold(document: &str) -> Option<Vec<sse::Frame>> {
    let answer = Object::parse(document)?;
    let choices = answer.list("choices")?;
    let [choice] = choices.as_slice() else { return None };
    let choice = Object::parse(choice)?;
    let message = message(choice.raw("message")?)?;
    let reason = choice.text("finish_reason").filter(|reason| !reason.is_empty())?;
    let told = choice.with(&[
        ("message", "delta", &message),
        ("finish_reason", "finish_reason", "null"),
        ("index", "index", "0"),
    ]);
    let kind = quoted("chat.completion.chunk");
    let first = answer.with(&[
        ("object", "object", &kind),
        ("choices", "choices", &format!("[{told}]")),
        ("usage", "usage", "null"),
    ]);
    let head: String = ["id", "created", "model"]
        .iter()
        .filter_map(|key| Some(format!(",{}:{}", quoted(key), answer.raw(key)?)))
        .collect();
    let last = format!(
        "{{\"object\":{kind}{head},\"choices\":[{{\"index\":0,\"delta\":{{}},\"logprobs\":null,\
         \"finish_reason\":{}}}]}}",
        quoted(&reason)
    );
    let counts = answer.raw("usage").filter(|usage| usage.starts_with('{'));
    let counts =
        counts.map(|usage| format!("{{\"object\":{kind}{head},\"choices\":[],\"usage\":{usage}}}"));
    let chunks = [first, last].into_iter().chain(counts).chain(["[DONE]".to_owned()]);
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
