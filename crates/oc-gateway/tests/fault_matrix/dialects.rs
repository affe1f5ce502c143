//! The clients' dialects: how each asks, and how each reads what it gets.

mod chat;
mod messages;
mod responses;

use oc_responses_stream::sse::{Decoded, Decoder};
use serde_json::{Value, json};

use crate::{
    http::Answer,
    verdict::{End, Seen},
};

/// A dialect that clients speak.
#[derive(Debug)]
pub(crate) struct Dialect {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) question: fn(stream: bool) -> Value,
    /// Reads a stream.
    stream: fn(&Answer, &mut Seen) -> Result<(), String>,
    /// Reads one document.
    document: fn(&Value, &mut Seen) -> Result<(), String>,
    /// The text of an error body.
    error: fn(&Value) -> Option<String>,
}

const QUESTION: &str = "The weather?";

/// The tool that every question offers.
pub(crate) const TOOL: &str = "lookup";

fn arguments() -> Value {
    json!({ "type": "object", "properties": { "city": { "type": "string" } } })
}

/// Every dialect.
pub(crate) static DIALECTS: &[Dialect] = &[
    Dialect {
        name: "responses",
        path: "/v1/responses",
        question: |stream| {
            json!({ "model": "default", "stream": stream, "input": QUESTION,
                "tools": [{ "type": "function", "name": TOOL, "parameters": arguments() }] })
        },
        stream: responses::stream,
        document: responses::document,
        error: openai_error,
    },
    Dialect {
        name: "chat",
        path: "/v1/chat/completions",
        question: |stream| {
            json!({ "model": "default", "stream": stream,
                "messages": [{ "role": "user", "content": QUESTION }],
                "tools": [{ "type": "function",
                    "function": { "name": TOOL, "parameters": arguments() } }] })
        },
        stream: chat::stream,
        document: chat::document,
        error: openai_error,
    },
    Dialect {
        name: "messages",
        path: "/v1/messages",
        question: |stream| {
            json!({ "model": "default", "stream": stream, "max_tokens": 4096,
                "messages": [{ "role": "user", "content": QUESTION }],
                "tools": [{ "name": TOOL, "input_schema": arguments() }] })
        },
        stream: messages::stream,
        document: messages::document,
        error: messages::error,
    },
];

impl Dialect {
    /// What the client got.
    pub(crate) fn seen(&self, answer: &Answer, stream: bool) -> Seen {
        let mut seen = Seen { is_whole: answer.is_whole, ..Seen::default() };
        let read = match (answer.status, stream) {
            (200, true) => (self.stream)(answer, &mut seen),
            (200, false) => answer.json().and_then(|json| (self.document)(&json, &mut seen)),
            (400.., _) => self.refused(answer, &mut seen),
            (other, _) => Err(format!("status {other}")),
        };
        seen.broken = read.err();
        seen
    }

    fn refused(&self, answer: &Answer, seen: &mut Seen) -> Result<(), String> {
        // For an upstream's fault these make clients lock their key, or storm.
        if matches!(answer.status, 401 | 429) {
            return Err(format!("status {} is the upstream's", answer.status));
        }
        seen.end = End::Failed;
        seen.message = (self.error)(&answer.json()?).ok_or("no error body of this dialect")?;
        Ok(())
    }
}

fn openai_error(body: &Value) -> Option<String> {
    let error = &body["error"];
    error["type"].as_str()?;
    error["code"].as_str()?;
    error["message"].as_str().map(str::to_owned)
}

/// The name and the data of each event.
fn frames(answer: &Answer) -> Result<Vec<(Option<String>, String)>, String> {
    if answer.header("content-type") != Some("text/event-stream") {
        return Err("no event stream".into());
    }
    let mut decoder = Decoder::new();
    decoder.feed(&answer.body);
    decoder.finish();
    let mut frames = Vec::new();
    while let Some(decoded) = decoder.next_frame() {
        if let Decoded::Frame(frame) = decoded.map_err(|fault| format!("{fault:?}"))? {
            frames.push((frame.event().map(str::to_owned), frame.data().to_owned()));
        }
    }
    Ok(frames)
}

fn json(data: &str) -> Result<Value, String> {
    serde_json::from_str(data).map_err(|fault| format!("{fault} in {data}"))
}

mod tests;
