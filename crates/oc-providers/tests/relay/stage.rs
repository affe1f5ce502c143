//! One upstream stream, told to a client of the same wire: relayed, or, for
//! comparison, rewritten; and what a client makes of it.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::executor::block_on;
use oc_providers::wire::{AnswerName, Dialect, Render};
use oc_providers::{Api, Delta, Endpoint, Provider, Script, ScriptedTransport};
use oc_responses_stream::sse::{Decoded, Decoder, Frame};
use oc_responses_stream::{Collector, Event, FinishReason, laws};
use serde_json::{Value, json};

use crate::support::fixtures;

pub(crate) fn fixture(dialect: Dialect) -> String {
    let path = fixtures().join("relay").join(format!("{}.sse", dialect.api().as_str()));
    std::fs::read_to_string(path).expect("fixture")
}

/// The frames of a stream, each with its blank line.
pub(crate) fn frames(stream: &str) -> Vec<String> {
    stream.split_inclusive("\n\n").map(str::to_owned).collect()
}

/// How the client is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Relayed,
    Rewritten,
}

pub(crate) fn request(dialect: Dialect, stream: bool) -> Value {
    match dialect {
        Dialect::Responses => json!({"model": "m", "stream": stream, "input": "Hi"}),
        Dialect::Chat if stream => json!({"model": "m", "stream": true,
            "stream_options": {"include_usage": true},
            "messages": [{"role": "user", "content": "Hi"}]}),
        // Counts are no option of a document: it has them.
        Dialect::Chat => json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}),
        _ => json!({"model": "m", "stream": stream, "max_tokens": 64,
            "messages": [{"role": "user", "content": "Hi"}]}),
    }
}

fn provider(api: Api, script: Script) -> Provider {
    let base = match api {
        Api::AnthropicMessages => "https://api.anthropic.com",
        _ => "https://api.vendor.example/v1",
    };
    let endpoint = Endpoint::new("up", api, base).expect("url");
    Provider::new(endpoint, Arc::new(ScriptedTransport::new([script]))).expect("provider")
}

/// The deltas of `upstream`, a stream or a document, with the fault that ended them.
pub(crate) fn deltas(dialect: Dialect, upstream: &str, how: How) -> (Vec<Delta>, Option<String>) {
    let body = request(dialect, true).to_string();
    let mut asked = dialect.decode_request(body.as_bytes()).expect("reads").request;
    if how == How::Rewritten {
        asked.wire = None;
    }
    let script = match upstream.starts_with('{') {
        true => Script::json(200, upstream.to_owned()),
        false => Script::sse(upstream.to_owned()),
    };
    let mut stream = provider(dialect.api(), script).deltas(asked);
    let (mut deltas, mut fault) = (Vec::new(), None);
    while let Some(next) = block_on(stream.next()) {
        match next {
            Ok(delta) => deltas.push(delta),
            Err(error) => fault = Some(error.to_string()),
        }
    }
    (deltas, fault)
}

pub(crate) fn renderer(dialect: Dialect, stream: bool) -> Box<dyn Render> {
    let body = request(dialect, stream).to_string();
    let asked = dialect.decode_request(body.as_bytes()).expect("reads");
    asked.renderer(AnswerName::new("1", "client/model", 1_700_000_000))
}

/// The whole of `upstream`, told to a client that streams.
pub(crate) fn told(dialect: Dialect, upstream: &str, how: How) -> String {
    let mut renderer = renderer(dialect, true);
    let (deltas, fault) = deltas(dialect, upstream, how);
    push_all(renderer.as_mut(), &deltas, fault);
    taken(renderer.as_mut())
}

/// Pushes deltas and their end, as a gateway does.
pub(crate) fn push_all(renderer: &mut dyn Render, deltas: &[Delta], fault: Option<String>) {
    for delta in deltas {
        if matches!(delta, Delta::Finish(_)) {
            renderer.set_metadata("oc_served_by", "up/m".into());
        }
        renderer.push(delta);
    }
    if let Some(fault) = fault {
        renderer.fail("upstream_failed", &fault);
    }
    assert!(renderer.is_terminal());
}

pub(crate) fn taken(renderer: &mut dyn Render) -> String {
    let mut bytes = Vec::new();
    while let Some(event) = renderer.next_bytes() {
        bytes.extend(event);
    }
    bytes.extend(renderer.end_mark());
    String::from_utf8(bytes).expect("utf-8")
}

/// What a client makes of its stream.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) calls: Vec<(String, String, Value)>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) finish: Option<FinishReason>,
    pub(crate) failed: bool,
}

pub(crate) fn read(dialect: Dialect, stream: &str) -> Read {
    let (deltas, fault) = deltas(dialect, stream, How::Rewritten);
    let mut collector = Collector::new();
    deltas.iter().for_each(|delta| collector.push(delta));
    let answer = collector.finish();
    let finish = answer.finish.as_ref().map(|finish| match &finish.reason {
        // Of the host's own wire it stays, and elsewhere the answer is cut.
        FinishReason::Other(_) => FinishReason::Length,
        reason => reason.clone(),
    });
    let calls = answer.tool_calls().map(|call| {
        let arguments = serde_json::from_str(&call.arguments).expect("arguments");
        (call.call_id.to_string(), call.name.clone(), arguments)
    });
    Read {
        text: answer.final_text(),
        reasoning: answer.reasoning_text(),
        calls: calls.collect(),
        // Messages says zero where nothing is known.
        output_tokens: answer.usage.map(|usage| usage.output_tokens).filter(|count| *count > 0),
        finish,
        failed: fault.is_some(),
    }
}

/// Holds a client's stream to what its SDKs insist on.
pub(crate) fn assert_sound(dialect: Dialect, stream: &str, why: &str) {
    let events = decoded(stream);
    let sound = match dialect {
        Dialect::Responses => responses(&events),
        Dialect::Chat => chat(&events),
        _ => messages(&events),
    };
    if let Err(fault) = sound {
        panic!("{dialect:?}, {why}: {fault}\n{stream}");
    }
}

fn decoded(stream: &str) -> Vec<Frame> {
    let mut decoder = Decoder::new();
    decoder.feed(stream.as_bytes());
    decoder.finish();
    std::iter::from_fn(|| decoder.next_frame())
        .filter_map(|decoded| match decoded.expect("a frame") {
            Decoded::Frame(frame) => Some(frame),
            Decoded::Comment => None,
        })
        .collect()
}

fn responses(frames: &[Frame]) -> Result<(), String> {
    let (done, events) = frames.split_last().ok_or("nothing")?;
    let mut checker = laws::Checker::of_a_relay();
    for frame in events {
        let event = Event::from_json(frame.data()).map_err(|fault| fault.to_string())?;
        if frame.event() != Some(event.name()) {
            return Err(format!("event is not {}", event.name()));
        }
        checker.push(&event).map_err(|fault| fault.to_string())?;
        let json: Value = serde_json::from_str(frame.data()).map_err(|fault| fault.to_string())?;
        if event.name() == "response.content_part.added" {
            let part = &json["part"];
            let adds = part["refusal"].is_string() || part["text"].is_string();
            if !adds || (part["type"] == "output_text" && !part["annotations"].is_array()) {
                return Err(format!("clients add pieces to a part: {part}"));
            }
        }
    }
    checker.finish().map_err(|fault| fault.to_string())?;
    if done.is_done_mark() { Ok(()) } else { Err("no [DONE]".to_owned()) }
}

fn chat(frames: &[Frame]) -> Result<(), String> {
    let (done, chunks) = frames.split_last().ok_or("nothing")?;
    let (mut calls, mut ends, mut first, mut counts) = (0, 0, true, 0);
    for frame in chunks {
        let chunk: Value = serde_json::from_str(frame.data()).map_err(|fault| fault.to_string())?;
        if ends > 0 && !chunk["choices"].as_array().is_some_and(Vec::is_empty) {
            return Err("something follows the end".to_owned());
        }
        if !chunk["error"].is_null() {
            ends += 1;
            continue;
        }
        if chunk["id"] != "chatcmpl-1" || chunk["model"] != "client/model" {
            return Err("a chunk is not in our name".to_owned());
        }
        if chunk["object"] != "chat.completion.chunk" || !chunk["created"].is_u64() {
            return Err("openai-python skips a chunk that calls itself otherwise".to_owned());
        }
        counts += usize::from(chunk["usage"].is_object());
        if counts > 1 || (chunk["usage"].is_object() && chunk["choices"] != json!([])) {
            return Err("the counts come once, in a chunk of their own".to_owned());
        }
        let Some(choice) = chunk["choices"].get(0) else { continue };
        if choice["index"] != 0 || !choice["delta"].is_object() {
            return Err("a choice is none".to_owned());
        }
        let role = choice["delta"].get("role");
        if role != std::mem::take(&mut first).then(|| json!("assistant")).as_ref() {
            return Err(
                "the first chunk says who speaks, and SDKs add up what is said again".into()
            );
        }
        for (list, entries) in choice["delta"].as_object().into_iter().flatten() {
            let mut entries = entries.as_array().into_iter().flatten();
            if let Some(entry) = entries.find(|it| it.is_object() && !it["index"].is_u64()) {
                return Err(format!("openai-python fails on {list} without an index: {entry}"));
            }
        }
        if !(choice["logprobs"].is_null() || choice["logprobs"].is_object()) {
            return Err(format!("log probabilities that are none: {choice}"));
        }
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let opens = call["id"].as_str().is_some_and(|id| !id.is_empty());
            if opens != (call["index"] == calls) || !(opens || call["index"] == calls - 1) {
                return Err(format!("calls are numbered in order: {call}"));
            }
            calls += i64::from(opens);
        }
        ends += i64::from(!choice["finish_reason"].is_null());
    }
    if ends != 1 || !done.is_done_mark() {
        return Err(format!("{ends} ends"));
    }
    Ok(())
}

fn messages(frames: &[Frame]) -> Result<(), String> {
    let (mut next, mut open, mut ended, mut stopped) = (0, None, false, false);
    for (number, frame) in frames.iter().enumerate() {
        let event: Value = serde_json::from_str(frame.data()).map_err(|fault| fault.to_string())?;
        let kind = event["type"].as_str().unwrap_or_default();
        if ended || frame.event() != Some(kind) {
            return Err(format!("{kind} after the end, or by another name"));
        }
        if (number == 0) != (kind == "message_start") && kind != "error" {
            return Err("message_start is first".to_owned());
        }
        match kind {
            "message_start" if event["message"]["id"] != "msg_1" => {
                return Err("a message is not in our name".to_owned());
            }
            "content_block_start" => {
                if open.is_some() || event["index"] != next {
                    return Err(format!("block {} opens within {open:?}", event["index"]));
                }
                open = event["content_block"]["type"].as_str().map(str::to_owned);
                next += 1;
            }
            "content_block_delta" | "content_block_stop" => {
                if open.is_none() || event["index"] != next - 1 {
                    return Err(format!("{kind} of block {}, not open", event["index"]));
                }
                let said = event["delta"]["type"].as_str().unwrap_or_default();
                let fits = match said {
                    "text_delta" | "citations_delta" => Some("text"),
                    "thinking_delta" | "signature_delta" => Some("thinking"),
                    _ => open.as_deref(),
                };
                // A block of a type that is not known is its host's own affair.
                let known = ["text", "thinking", "redacted_thinking", "tool_use"];
                if open.as_deref() != fits && known.map(Some).contains(&open.as_deref()) {
                    return Err(format!("{said} in a block of {open:?}"));
                }
                if kind == "content_block_stop" {
                    open = None;
                }
            }
            "message_delta" => {
                if open.is_some() || stopped {
                    return Err("message_delta once, and after the blocks".to_owned());
                }
                stopped = true;
            }
            "message_stop" => ended = stopped,
            "error" => ended = true,
            _ => {}
        }
    }
    if ended { Ok(()) } else { Err("no end".to_owned()) }
}
