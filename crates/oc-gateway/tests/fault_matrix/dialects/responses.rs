//! `POST /v1/responses`, as a client reads it.

use oc_responses_stream::{Event, laws};
use serde_json::Value;

use super::frames;
use crate::{
    http::Answer,
    verdict::{End, Seen},
};

pub(super) fn stream(answer: &Answer, seen: &mut Seen) -> Result<(), String> {
    let mut checker = laws::Checker::new();
    let mut done = false;
    for (_, data) in frames(answer)? {
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
            document(&event.to_json()["response"], &mut whole)?;
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

pub(super) fn document(response: &Value, seen: &mut Seen) -> Result<(), String> {
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
