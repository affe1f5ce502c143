//! `POST /v1/chat/completions`, as a client reads it.

use serde_json::Value;

use super::{frames, json, openai_error};
use crate::{
    http::Answer,
    verdict::{End, Seen},
};

pub(super) fn stream(answer: &Answer, seen: &mut Seen) -> Result<(), String> {
    let (mut done, mut id) = (false, None);
    for (_, data) in frames(answer)? {
        if done {
            return Err("something follows [DONE]".into());
        }
        if data == "[DONE]" {
            done = true;
            continue;
        }
        let chunk = json(&data)?;
        if !chunk["error"].is_null() {
            seen.end = End::Failed;
            seen.message = openai_error(&chunk).ok_or("an error without its fields")?;
            continue;
        }
        if seen.end == End::Failed {
            return Err("something follows an error".into());
        }
        if *id.get_or_insert_with(|| chunk["id"].clone()) != chunk["id"] {
            return Err("two answers in one".into());
        }
        let Some(choice) = chunk["choices"].get(0) else { continue };
        seen.openings += usize::from(choice["delta"]["role"].is_string());
        message(&choice["delta"], seen);
        finish(&choice["finish_reason"], seen)?;
    }
    whole_calls(seen)?;
    if done { Ok(()) } else { Err("no [DONE]".into()) }
}

pub(super) fn document(answer: &Value, seen: &mut Seen) -> Result<(), String> {
    let choice = answer["choices"].get(0).ok_or("no choice")?;
    seen.openings = 1;
    message(&choice["message"], seen);
    finish(&choice["finish_reason"], seen)?;
    whole_calls(seen)
}

/// A message, or a piece of one.
fn message(message: &Value, seen: &mut Seen) {
    seen.text.push_str(message["content"].as_str().unwrap_or_default());
    for field in ["reasoning_content", "reasoning"] {
        seen.reasoning.push_str(message[field].as_str().unwrap_or_default());
    }
    for (place, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
        let place = call["index"].as_u64().map_or(place, |index| index as usize);
        if seen.calls.len() <= place {
            seen.calls.resize(place + 1, String::new());
        }
        seen.calls[place].push_str(call["function"]["arguments"].as_str().unwrap_or_default());
    }
}

fn finish(reason: &Value, seen: &mut Seen) -> Result<(), String> {
    if reason.is_null() {
        return Ok(());
    }
    if seen.end != End::Nothing {
        return Err("two ends".into());
    }
    seen.end = match reason.as_str() {
        Some("stop" | "tool_calls") => End::Complete,
        Some("length") => End::Length,
        other => return Err(format!("finish_reason {other:?}")),
    };
    Ok(())
}

fn whole_calls(seen: &Seen) -> Result<(), String> {
    seen.calls.iter().try_for_each(|arguments| json(arguments).map(drop))
}
