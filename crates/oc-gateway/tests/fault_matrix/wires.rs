//! What an upstream says, in each wire's own words.

use std::time::Duration;

use oc_gateway::lookalike::{Step, responses};
use serde_json::{Value, json};

/// A wire that the primary speaks, by the config's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Responses,
    Messages,
    Completions,
}

/// Every wire.
pub(crate) const WIRES: [Wire; 3] = [Wire::Responses, Wire::Messages, Wire::Completions];

/// One thing that an upstream says or does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Say {
    /// The wire's own first event; it holds nothing of the answer.
    Open,
    /// A piece of reasoning.
    Think(&'static str),
    /// A piece of final text.
    Text(&'static str),
    /// This many kilobytes of final text, one at a time.
    Texts(usize),
    /// This many kilobytes of reasoning, one at a time.
    Thoughts(usize),
    /// A function call with these arguments.
    Call(&'static str),
    /// The answer's end, and all is well.
    Done,
    /// The answer's end: the model declines, in these words where the wire has
    /// some for it.
    Decline(&'static str),
    /// This many reports of progress, 10 ms apart, each further than the last.
    Loads(usize),
    /// As many that say the same.
    Stuck(usize),
    /// The answer's end, because a token limit was reached.
    Length,
    /// The answer's end, which is a failure. Messages has no word for it.
    Failed,
    /// An error in the middle of the stream.
    Error,
    /// These bytes.
    Raw(&'static str),
    /// One event of this many kilobytes.
    Huge(usize),
    /// A comment every 10 ms, this many times.
    Pings(usize),
    /// Nothing for this many milliseconds.
    Wait(u64),
    /// Nothing any more.
    Hold,
    /// A TCP reset.
    Reset,
    /// The socket is closed within the body.
    Cut,
    /// HTTP ends as it should.
    End,
}

impl Wire {
    /// The word of the config.
    pub(crate) fn api(self) -> &'static str {
        match self {
            Self::Responses => "openai-responses",
            Self::Messages => "anthropic-messages",
            Self::Completions => "openai-completions",
        }
    }

    /// The base URL of a server at this origin, as this wire's users write it.
    pub(crate) fn base_url(self, origin: &str) -> String {
        match self {
            Self::Messages => origin.to_owned(),
            _ => format!("{origin}/v1"),
        }
    }

    /// The steps for these words; `None` where the wire has no word for one.
    pub(crate) fn steps(self, words: &[Say]) -> Option<Vec<Step>> {
        let mut speaker = Speaker::new(self);
        let mut steps = Vec::new();
        for word in words {
            speaker.say(*word, &mut steps)?;
        }
        Some(steps)
    }

    /// An error body.
    pub(crate) fn error_body(self, kind: &str, code: &str, message: &str) -> String {
        let body = match self {
            Self::Messages => {
                json!({ "type": "error", "error": { "type": kind, "message": message } })
            }
            _ => json!({ "error": { "message": message, "type": kind, "code": code } }),
        };
        body.to_string()
    }

    /// A whole answer as one JSON document, from a server that does not stream.
    pub(crate) fn document(self, text: &str) -> String {
        let body = match self {
            Self::Responses => json!({ "id": "resp_1", "object": "response", "status": "completed",
                "model": "model", "output": [{ "id": "msg_1", "type": "message",
                    "role": "assistant", "status": "completed",
                    "content": [{ "type": "output_text", "text": text, "annotations": [] }] }] }),
            Self::Messages => json!({ "id": "msg_1", "type": "message", "role": "assistant",
                "model": "model", "content": [{ "type": "text", "text": text }],
                "stop_reason": "end_turn", "usage": { "input_tokens": 9, "output_tokens": 9 } }),
            Self::Completions => json!({ "id": "c_1", "object": "chat.completion",
                "model": "model", "choices": [{ "index": 0, "finish_reason": "stop",
                    "message": { "role": "assistant", "content": text } }] }),
        };
        body.to_string()
    }
}

/// One answer on its way, with what a wire has to remember about it.
struct Speaker {
    wire: Wire,
    responses: responses::Writer,
    /// Messages: the open block's number and kind.
    block: Option<(usize, &'static str)>,
    blocks: usize,
}

impl Speaker {
    fn new(wire: Wire) -> Self {
        Self { wire, responses: responses::Writer::new("model"), block: None, blocks: 0 }
    }

    fn say(&mut self, word: Say, steps: &mut Vec<Step>) -> Option<()> {
        let kilobyte = "x".repeat(1024);
        match word {
            Say::Texts(count) => {
                for _ in 0..count {
                    steps.push(Step::send(self.text(&kilobyte)));
                }
            }
            Say::Thoughts(count) => {
                for _ in 0..count {
                    steps.push(Step::send(self.think(&kilobyte)));
                }
            }
            Say::Pings(count) => {
                for _ in 0..count {
                    steps.push(Step::Wait(Duration::from_millis(10)));
                    steps.push(Step::send(": ping\n\n"));
                }
            }
            Say::Loads(count) => {
                for done in 0..count {
                    steps.push(Step::Wait(Duration::from_millis(10)));
                    steps.push(Step::send(self.progress(done, count)));
                }
            }
            Say::Stuck(count) => {
                for _ in 0..count {
                    steps.push(Step::Wait(Duration::from_millis(10)));
                    steps.push(Step::send(self.progress(1, count)));
                }
            }
            Say::Wait(millis) => steps.push(Step::Wait(Duration::from_millis(millis))),
            Say::Hold => steps.push(Step::Hold),
            Say::Reset => steps.push(Step::Reset),
            Say::Cut => steps.push(Step::Cut),
            Say::End => steps.push(Step::End),
            Say::Open => steps.push(Step::send(self.open())),
            Say::Think(piece) => steps.push(Step::send(self.think(piece))),
            Say::Text(piece) => steps.push(Step::send(self.text(piece))),
            Say::Call(arguments) => steps.push(Step::send(self.call(arguments))),
            Say::Done => steps.push(Step::send(self.done())),
            Say::Decline(text) => steps.push(Step::send(self.decline(text))),
            Say::Length => steps.push(Step::send(self.length())),
            Say::Failed => steps.push(Step::send(self.failed()?)),
            Say::Error => steps.push(Step::send(self.error())),
            Say::Raw(bytes) => steps.push(Step::send(bytes)),
            Say::Huge(count) => {
                steps.push(Step::send(format!("data: \"{}\"\n\n", kilobyte.repeat(count))));
            }
        }
        Some(())
    }

    fn open(&mut self) -> Vec<u8> {
        match self.wire {
            Wire::Responses => self.responses.opening().to_vec(),
            Wire::Messages => event(&json!({ "type": "message_start", "message": {
                "id": "msg_1", "type": "message", "role": "assistant", "model": "model",
                "content": [], "stop_reason": null, "stop_sequence": null,
                "usage": { "input_tokens": 9, "output_tokens": 1 } } })),
            Wire::Completions => {
                chunk(&json!({ "role": "assistant", "content": "" }), &Value::Null)
            }
        }
    }

    fn think(&mut self, piece: &str) -> Vec<u8> {
        match self.wire {
            Wire::Responses => self.responses.reasoning(piece).to_vec(),
            Wire::Messages => {
                let mut out =
                    self.enter("thinking", &json!({ "type": "thinking", "thinking": "" }));
                let delta = json!({ "type": "thinking_delta", "thinking": piece });
                out.extend(self.delta(&delta));
                out
            }
            Wire::Completions => chunk(&json!({ "reasoning_content": piece }), &Value::Null),
        }
    }

    fn text(&mut self, piece: &str) -> Vec<u8> {
        match self.wire {
            Wire::Responses => self.responses.text(piece).to_vec(),
            Wire::Messages => {
                let mut out = self.enter("text", &json!({ "type": "text", "text": "" }));
                out.extend(self.delta(&json!({ "type": "text_delta", "text": piece })));
                out
            }
            Wire::Completions => chunk(&json!({ "content": piece }), &Value::Null),
        }
    }

    fn call(&mut self, arguments: &str) -> Vec<u8> {
        match self.wire {
            Wire::Responses => self.responses.tool_call("call_1", "lookup", arguments).to_vec(),
            Wire::Messages => {
                let call = json!({ "type": "tool_use", "id": "toolu_1", "name": "lookup",
                    "input": {} });
                let mut out = self.enter("tool_use", &call);
                let delta = json!({ "type": "input_json_delta", "partial_json": arguments });
                out.extend(self.delta(&delta));
                out
            }
            Wire::Completions => {
                let call = json!({ "index": 0, "id": "call_1", "type": "function",
                    "function": { "name": "lookup", "arguments": arguments } });
                chunk(&json!({ "tool_calls": [call] }), &Value::Null)
            }
        }
    }

    fn done(&mut self) -> Vec<u8> {
        match self.wire {
            Wire::Responses => self.responses.completed().to_vec(),
            Wire::Messages => {
                let is_call = matches!(self.block, Some((_, "tool_use")));
                self.message_end(if is_call { "tool_use" } else { "end_turn" })
            }
            Wire::Completions => completions_end("stop"),
        }
    }

    fn decline(&mut self, text: &str) -> Vec<u8> {
        match self.wire {
            Wire::Responses => {
                let mut out = event(&json!({ "type": "response.output_item.added",
                    "output_index": 0, "item": { "id": "msg_1", "type": "message",
                        "role": "assistant", "status": "in_progress", "content": [] } }));
                out.extend(event(&json!({ "type": "response.refusal.delta", "item_id": "msg_1",
                    "output_index": 0, "content_index": 0, "delta": text })));
                out.extend(self.done());
                out
            }
            Wire::Messages => self.message_end("refusal"),
            Wire::Completions => {
                let mut out = chunk(&json!({ "refusal": text }), &Value::Null);
                out.extend(self.done());
                out
            }
        }
    }

    /// How far the server is, as llama-server and LM Studio say it.
    fn progress(&self, done: usize, total: usize) -> Vec<u8> {
        if self.wire == Wire::Completions {
            let report = json!({ "total": total, "cache": 0, "processed": done, "time_ms": 1 });
            let chunk = json!({ "id": "c_1", "object": "chat.completion.chunk", "model": "model",
                "choices": [], "prompt_progress": report });
            return format!("data: {chunk}\n\n").into_bytes();
        }
        #[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
        let progress = done as f64 / total as f64;
        event(&json!({ "type": "model_load.progress", "progress": progress }))
    }

    fn length(&mut self) -> Vec<u8> {
        match self.wire {
            Wire::Responses => event(&json!({ "type": "response.incomplete", "response": {
                "id": "resp_look", "status": "incomplete", "output": [],
                "incomplete_details": { "reason": "max_output_tokens" } } })),
            Wire::Messages => self.message_end("max_tokens"),
            Wire::Completions => completions_end("length"),
        }
    }

    fn failed(&mut self) -> Option<Vec<u8>> {
        match self.wire {
            Wire::Responses => Some(event(&json!({ "type": "response.failed", "response": {
                "id": "resp_look", "status": "failed", "output": [],
                "error": { "code": "server_error", "message": "out of memory" } } }))),
            Wire::Messages => None,
            Wire::Completions => Some(completions_end("error")),
        }
    }

    fn error(&mut self) -> Vec<u8> {
        match self.wire {
            Wire::Responses => event(&json!({ "type": "error", "code": "server_error",
                "message": "out of memory", "param": null })),
            Wire::Messages => event(&json!({ "type": "error",
                "error": { "type": "api_error", "message": "out of memory" } })),
            Wire::Completions => {
                let error = json!({ "error": { "message": "out of memory",
                    "type": "server_error", "code": 500 } });
                format!("data: {error}\n\n").into_bytes()
            }
        }
    }

    /// Messages: opens a block of this kind, unless it is open.
    fn enter(&mut self, kind: &'static str, block: &Value) -> Vec<u8> {
        if matches!(self.block, Some((_, open)) if open == kind) {
            return Vec::new();
        }
        let mut out = self.leave();
        self.block = Some((self.blocks, kind));
        let start = json!({ "type": "content_block_start", "index": self.blocks,
            "content_block": block });
        self.blocks += 1;
        out.extend(event(&start));
        out
    }

    fn leave(&mut self) -> Vec<u8> {
        let Some((index, _)) = self.block.take() else { return Vec::new() };
        event(&json!({ "type": "content_block_stop", "index": index }))
    }

    fn delta(&self, delta: &Value) -> Vec<u8> {
        let index = self.block.map_or(0, |(index, _)| index);
        event(&json!({ "type": "content_block_delta", "index": index, "delta": delta }))
    }

    fn message_end(&mut self, stop_reason: &str) -> Vec<u8> {
        let mut out = self.leave();
        out.extend(event(&json!({ "type": "message_delta",
            "delta": { "stop_reason": stop_reason, "stop_sequence": null },
            "usage": { "output_tokens": 9 } })));
        out.extend(event(&json!({ "type": "message_stop" })));
        out
    }
}

fn event(event: &Value) -> Vec<u8> {
    let name = event["type"].as_str().unwrap_or_default();
    format!("event: {name}\ndata: {event}\n\n").into_bytes()
}

fn chunk(delta: &Value, finish_reason: &Value) -> Vec<u8> {
    let chunk = json!({ "id": "c_1", "object": "chat.completion.chunk", "model": "model",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish_reason }] });
    format!("data: {chunk}\n\n").into_bytes()
}

fn completions_end(finish_reason: &str) -> Vec<u8> {
    let mut out = chunk(&json!({}), &json!(finish_reason));
    out.extend(b"data: [DONE]\n\n");
    out
}
