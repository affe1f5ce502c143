//! Server-sent events of `/v1/responses` as LM Studio sends them: reasoning as
//! `response.reasoning_text.delta`, then a message, each event with indexes and
//! a sequence number.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Value, json};

/// Writes one answer, event by event.
///
/// Each method returns the bytes of the events that it stands for, so that a
/// script can stop between any two of them.
#[derive(Debug)]
pub struct Writer {
    model: String,
    sequence: u64,
    output: Vec<Value>,
    reasoning: String,
    text: String,
}

impl Writer {
    /// An answer of `model`.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            sequence: 0,
            output: Vec::new(),
            reasoning: String::new(),
            text: String::new(),
        }
    }

    /// `response.created` and `response.in_progress`.
    pub fn opening(&mut self) -> Bytes {
        let response = self.response("in_progress");
        let mut out = BytesMut::new();
        self.event(&mut out, json!({ "type": "response.created", "response": response }));
        self.event(&mut out, json!({ "type": "response.in_progress", "response": response }));
        out.freeze()
    }

    /// A piece of reasoning; the first one opens the item.
    pub fn reasoning(&mut self, piece: &str) -> Bytes {
        let mut out = BytesMut::new();
        if self.reasoning.is_empty() {
            let item = json!({ "id": "rs_look", "type": "reasoning", "summary": [],
                "content": [], "status": "in_progress" });
            self.event(
                &mut out,
                json!({ "type": "response.output_item.added", "output_index": 0, "item": item }),
            );
        }
        self.reasoning.push_str(piece);
        self.event(
            &mut out,
            json!({ "type": "response.reasoning_text.delta", "item_id": "rs_look",
                "output_index": 0, "content_index": 0, "delta": piece }),
        );
        out.freeze()
    }

    /// A piece of final text; the first one closes the reasoning and opens the message.
    pub fn text(&mut self, piece: &str) -> Bytes {
        let mut out = BytesMut::new();
        if self.text.is_empty() {
            self.close_reasoning(&mut out);
            let index = self.output.len();
            let item = json!({ "id": "msg_look", "type": "message", "role": "assistant",
                "status": "in_progress", "content": [] });
            self.event(
                &mut out,
                json!({ "type": "response.output_item.added", "output_index": index, "item": item }),
            );
            let part = json!({ "type": "output_text", "text": "", "annotations": [] });
            self.event(
                &mut out,
                json!({ "type": "response.content_part.added", "item_id": "msg_look",
                    "output_index": index, "content_index": 0, "part": part }),
            );
        }
        self.text.push_str(piece);
        let index = self.output.len();
        self.event(
            &mut out,
            json!({ "type": "response.output_text.delta", "item_id": "msg_look",
                "output_index": index, "content_index": 0, "delta": piece }),
        );
        out.freeze()
    }

    /// A whole function call; closes the message before it.
    pub fn tool_call(&mut self, call_id: &str, name: &str, arguments: &str) -> Bytes {
        let mut out = BytesMut::new();
        self.close_reasoning(&mut out);
        self.close_message(&mut out);
        let index = self.output.len();
        let item = |status: &str, arguments: &str| {
            json!({ "id": "fc_look", "type": "function_call", "call_id": call_id, "name": name,
                "arguments": arguments, "status": status })
        };
        self.event(
            &mut out,
            json!({ "type": "response.output_item.added", "output_index": index,
                "item": item("in_progress", "") }),
        );
        self.event(
            &mut out,
            json!({ "type": "response.function_call_arguments.delta", "item_id": "fc_look",
                "output_index": index, "delta": arguments }),
        );
        self.event(
            &mut out,
            json!({ "type": "response.function_call_arguments.done", "item_id": "fc_look",
                "output_index": index, "arguments": arguments }),
        );
        let done = item("completed", arguments);
        self.event(
            &mut out,
            json!({ "type": "response.output_item.done", "output_index": index, "item": done }),
        );
        self.output.push(done);
        out.freeze()
    }

    /// Closes what is open, then `response.completed`.
    pub fn completed(&mut self) -> Bytes {
        let mut out = BytesMut::new();
        self.close_reasoning(&mut out);
        self.close_message(&mut out);
        let mut response = self.response("completed");
        let tokens = (self.text.len() + self.reasoning.len()).div_ceil(4).max(1);
        response["usage"] = json!({ "input_tokens": 21, "output_tokens": tokens,
            "total_tokens": 21 + tokens,
            "input_tokens_details": { "cached_tokens": 0 },
            "output_tokens_details": { "reasoning_tokens": self.reasoning.len().div_ceil(4) } });
        self.event(&mut out, json!({ "type": "response.completed", "response": response }));
        out.freeze()
    }

    fn close_reasoning(&mut self, out: &mut BytesMut) {
        if self.reasoning.is_empty() || !self.output.is_empty() {
            return;
        }
        self.event(
            out,
            json!({ "type": "response.reasoning_text.done", "item_id": "rs_look",
                "output_index": 0, "content_index": 0, "text": self.reasoning }),
        );
        let item = json!({ "id": "rs_look", "type": "reasoning", "summary": [],
            "content": [{ "type": "reasoning_text", "text": self.reasoning }],
            "status": "completed" });
        self.event(
            out,
            json!({ "type": "response.output_item.done", "output_index": 0, "item": item }),
        );
        self.output.push(item);
    }

    fn close_message(&mut self, out: &mut BytesMut) {
        let open =
            !self.text.is_empty() && !self.output.iter().any(|item| item["type"] == "message");
        if !open {
            return;
        }
        let index = self.output.len();
        let part = json!({ "type": "output_text", "text": self.text, "annotations": [] });
        self.event(
            out,
            json!({ "type": "response.output_text.done", "item_id": "msg_look",
                "output_index": index, "content_index": 0, "text": self.text }),
        );
        self.event(
            out,
            json!({ "type": "response.content_part.done", "item_id": "msg_look",
                "output_index": index, "content_index": 0, "part": part }),
        );
        let item = json!({ "id": "msg_look", "type": "message", "role": "assistant",
            "status": "completed", "content": [part] });
        self.event(
            out,
            json!({ "type": "response.output_item.done", "output_index": index, "item": item }),
        );
        self.output.push(item);
    }

    fn response(&self, status: &str) -> Value {
        json!({ "id": "resp_look", "object": "response", "created_at": 1_700_000_000,
            "status": status, "model": self.model, "output": self.output })
    }

    fn event(&mut self, out: &mut BytesMut, mut event: Value) {
        event["sequence_number"] = self.sequence.into();
        self.sequence += 1;
        let name = event["type"].as_str().unwrap_or_default().to_owned();
        out.put_slice(format!("event: {name}\ndata: {event}\n\n").as_bytes());
    }
}

/// A whole answer: reasoning (where not empty), then text.
pub fn whole(model: &str, reasoning: &str, text: &str) -> Bytes {
    let mut writer = Writer::new(model);
    let mut out = BytesMut::from(&writer.opening()[..]);
    if !reasoning.is_empty() {
        out.extend_from_slice(&writer.reasoning(reasoning));
    }
    if !text.is_empty() {
        out.extend_from_slice(&writer.text(text));
    }
    out.extend_from_slice(&writer.completed());
    out.freeze()
}
