//! Server-sent events of `/v1/messages` as Anthropic sends them.

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

/// `message_start` and the opening of one text block.
pub fn opening(model: &str) -> Bytes {
    events(&[
        json!({ "type": "message_start", "message": {
            "id": "msg_look", "type": "message", "role": "assistant", "model": model,
            "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": { "input_tokens": 24, "output_tokens": 1 } } }),
        json!({ "type": "content_block_start", "index": 0,
            "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "ping" }),
    ])
}

/// A piece of text.
pub fn text(piece: &str) -> Bytes {
    events(&[json!({ "type": "content_block_delta", "index": 0,
        "delta": { "type": "text_delta", "text": piece } })])
}

/// The end of the block and of the message.
pub fn closing(output_tokens: u64) -> Bytes {
    events(&[
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta",
            "delta": { "stop_reason": "end_turn", "stop_sequence": null },
            "usage": { "output_tokens": output_tokens } }),
        json!({ "type": "message_stop" }),
    ])
}

/// A whole answer of one text block.
pub fn whole(model: &str, answer: &str) -> Bytes {
    let mut out = BytesMut::from(&opening(model)[..]);
    out.extend_from_slice(&text(answer));
    out.extend_from_slice(&closing(answer.len().div_ceil(4) as u64));
    out.freeze()
}

fn events(events: &[Value]) -> Bytes {
    let mut out = String::new();
    for event in events {
        let name = event["type"].as_str().unwrap_or_default();
        out.push_str(&format!("event: {name}\ndata: {event}\n\n"));
    }
    out.into()
}
