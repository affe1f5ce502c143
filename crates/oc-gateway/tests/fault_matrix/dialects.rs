//! The clients' dialects: how each asks, and how each reads what it gets.

use oc_responses_stream::{
    Event, laws,
    sse::{Decoded, Decoder},
};
use serde_json::{Value, json};

use crate::{
    http::Answer,
    verdict::{End, Seen},
};

/// A dialect that clients speak.
pub(crate) struct Dialect {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) question: fn(stream: bool) -> Value,
    /// Reads a success, streamed or not.
    pub(crate) read: fn(&Answer, stream: bool, seen: &mut Seen) -> Result<(), String>,
    /// The text of an error body.
    pub(crate) error: fn(&Value) -> Option<String>,
}

/// Every dialect that the gateway speaks.
pub(crate) static DIALECTS: &[Dialect] = &[Dialect {
    name: "responses",
    path: "/v1/responses",
    question: |stream| json!({ "model": "default", "stream": stream, "input": "The weather?" }),
    read: |answer, stream, seen| match stream {
        true => responses_events(answer, seen),
        false => responses_object(&answer.json()?, seen),
    },
    error: openai_error,
}];

impl Dialect {
    /// What the client got.
    pub(crate) fn seen(&self, answer: &Answer, stream: bool) -> Seen {
        let mut seen = Seen { is_whole: answer.is_whole, ..Seen::default() };
        let read = match answer.status {
            200 => (self.read)(answer, stream, &mut seen),
            400.. => self.refused(answer, &mut seen),
            other => Err(format!("status {other}")),
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

fn responses_events(answer: &Answer, seen: &mut Seen) -> Result<(), String> {
    let mut checker = laws::Checker::new();
    let mut done = false;
    for data in frames(answer)? {
        if done {
            return Err("something follows [DONE]".into());
        }
        if data == "[DONE]" {
            done = true;
            continue;
        }
        let event = Event::from_json(&data).map_err(|e| format!("{e:?}"))?;
        checker.push(&event).map_err(|e| format!("{e:?}"))?;
        if event.name() == "response.created" {
            seen.openings += 1;
        }
        if event.is_terminal() {
            // What the terminal event holds must be what was streamed.
            let mut whole = Seen::default();
            responses_object(&event.to_json()["response"], &mut whole)?;
            if whole.text != seen.text {
                return Err("the terminal event holds another text".into());
            }
            (seen.end, seen.message, seen.calls) = (whole.end, whole.message, whole.calls);
        }
        match event {
            Event::OutputTextDelta(delta) => seen.text.push_str(&delta.delta),
            Event::ReasoningSummaryTextDelta(delta) => seen.reasoning.push_str(&delta.delta),
            Event::ReasoningTextDelta(delta) => seen.reasoning.push_str(&delta.delta),
            _ => {}
        }
    }
    checker.finish().map_err(|e| format!("{e:?}"))?;
    if done { Ok(()) } else { Err("no [DONE]".into()) }
}

fn responses_object(response: &Value, seen: &mut Seen) -> Result<(), String> {
    seen.openings = seen.openings.max(1);
    for item in response["output"].as_array().ok_or("no output")? {
        let parts = |field: &str| {
            let parts = item[field].as_array().into_iter().flatten();
            parts.filter_map(|part| part["text"].as_str()).collect::<String>()
        };
        match item["type"].as_str() {
            Some("message") => seen.text.push_str(&parts("content")),
            Some("reasoning") => {
                seen.reasoning.push_str(&parts("summary"));
                seen.reasoning.push_str(&parts("content"));
            }
            Some("function_call") => {
                let arguments = item["arguments"].as_str().unwrap_or_default();
                serde_json::from_str::<Value>(arguments).map_err(|e| e.to_string())?;
                seen.calls.push(arguments.to_owned());
            }
            other => return Err(format!("an item of type {other:?}")),
        }
    }
    seen.end = match response["status"].as_str() {
        Some("completed") => End::Complete,
        Some("incomplete") => End::Length,
        Some("failed") => End::Failed,
        other => return Err(format!("status {other:?}")),
    };
    seen.message = response["error"]["message"].as_str().unwrap_or_default().to_owned();
    Ok(())
}

/// The data of each event.
fn frames(answer: &Answer) -> Result<Vec<String>, String> {
    if answer.header("content-type") != Some("text/event-stream") {
        return Err("no event stream".into());
    }
    let mut decoder = Decoder::new();
    decoder.feed(&answer.body);
    decoder.finish();
    let mut frames = Vec::new();
    while let Some(decoded) = decoder.next_frame() {
        if let Decoded::Frame(frame) = decoded.map_err(|e| format!("{e:?}"))? {
            frames.push(frame.data().to_owned());
        }
    }
    Ok(frames)
}
