//! `POST /v1/messages`, as a client reads it.

use serde_json::Value;

use super::{frames, json};
use crate::{
    http::Answer,
    verdict::{End, Seen},
};

pub(super) fn stream(answer: &Answer, seen: &mut Seen) -> Result<(), String> {
    let (mut block, mut arguments, mut stopped) = (None, String::new(), false);
    for (name, data) in frames(answer)? {
        let event = json(&data)?;
        let kind = event["type"].as_str().ok_or("an event without a type")?;
        // The SDK passes over events whose name it does not know.
        if name.as_deref() != Some(kind) {
            return Err(format!("{kind} is called {name:?}"));
        }
        if stopped {
            return Err(format!("{kind} follows the end"));
        }
        match kind {
            "ping" => {}
            "error" => {
                stopped = true;
                seen.end = End::Failed;
                seen.message = error(&event).ok_or("an error without its fields")?;
            }
            "message_start" => seen.openings += 1,
            _ if seen.openings == 0 => return Err(format!("{kind} before message_start")),
            "content_block_start" => {
                if block.replace(event["index"].clone()).is_some() {
                    return Err("two blocks are open".into());
                }
                content(&event["content_block"], seen);
            }
            "content_block_delta" => {
                if block.as_ref() != Some(&event["index"]) {
                    return Err("a delta outside its block".into());
                }
                content(&event["delta"], seen);
                arguments.push_str(event["delta"]["partial_json"].as_str().unwrap_or_default());
            }
            "content_block_stop" => {
                if block.take().as_ref() != Some(&event["index"]) {
                    return Err("a stop outside its block".into());
                }
                if !arguments.is_empty() {
                    json(&arguments)?;
                    seen.calls.push(std::mem::take(&mut arguments));
                }
            }
            "message_delta" => seen.end = end(&event["delta"]["stop_reason"])?,
            "message_stop" => {
                stopped = true;
                if block.is_some() || seen.end == End::Nothing {
                    return Err("message_stop comes too early".into());
                }
            }
            other => return Err(format!("no such event: {other}")),
        }
    }
    if stopped { Ok(()) } else { Err("neither message_stop nor error".into()) }
}

pub(super) fn document(message: &Value, seen: &mut Seen) -> Result<(), String> {
    seen.openings = 1;
    for block in message["content"].as_array().ok_or("no content")? {
        content(block, seen);
        if block["type"] == "tool_use" {
            seen.calls.push(block["input"].to_string());
        }
    }
    seen.end = end(&message["stop_reason"])?;
    Ok(())
}

pub(super) fn error(body: &Value) -> Option<String> {
    if body["type"] != "error" {
        return None;
    }
    body["error"]["type"].as_str()?;
    body["error"]["message"].as_str().map(str::to_owned)
}

fn content(piece: &Value, seen: &mut Seen) {
    seen.text.push_str(piece["text"].as_str().unwrap_or_default());
    seen.reasoning.push_str(piece["thinking"].as_str().unwrap_or_default());
}

fn end(reason: &Value) -> Result<End, String> {
    match reason.as_str() {
        Some("end_turn" | "tool_use") => Ok(End::Complete),
        Some("max_tokens") => Ok(End::Length),
        other => Err(format!("stop_reason {other:?}")),
    }
}
