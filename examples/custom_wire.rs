//! A wire format of your own: one interpreter, and everything else is there.
//!
//! Here it is text-generation-inference's `generate_stream`: tokens, reasoning in
//! the text between tags, the end told by `generated_text`. What comes out is a
//! Responses stream that strict clients accept, reasoning and text apart.
//!
//! ```sh
//! cargo run -p oc-responses-stream --example custom_wire
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::VecDeque;

use oc_responses_stream::{
    Delta, Finish, FinishReason, FrameVerdict, Interpret, Limits, MachineOptions, Parser,
    ResponseId, ResponseMachine, Slot, StreamError, TextDelta, UpstreamError, sse,
};
use serde_json::Value;

const RECORDED: &str = r#"data:{"token":{"text":"<think>"},"generated_text":null}

data:{"token":{"text":"Paris, surely.</think>"},"generated_text":null}

data:{"token":{"text":"Paris."},"generated_text":"…","details":{"finish_reason":"eos_token"}}

"#;

#[derive(Default)]
struct GenerateStream {
    ended: bool,
}

impl Interpret for GenerateStream {
    fn frame(&mut self, frame: &sse::Frame, out: &mut VecDeque<Delta>) -> FrameVerdict {
        match serde_json::from_str(frame.data()) {
            Ok(json) => self.read(&json, out),
            Err(_) => FrameVerdict::Corrupt,
        }
    }

    fn body(&mut self, json: &[u8], out: &mut VecDeque<Delta>) -> Result<(), StreamError> {
        match self.read(&serde_json::from_slice(json).unwrap_or_default(), out) {
            FrameVerdict::Known => Ok(()),
            _ => Err(StreamError::not_a_stream("no token and no error")),
        }
    }

    fn ended(&self) -> bool {
        self.ended
    }
}

impl GenerateStream {
    fn read(&mut self, json: &Value, out: &mut VecDeque<Delta>) -> FrameVerdict {
        self.ended = json["error"].is_string() || json["generated_text"].is_string();
        if let Some(error) = json["error"].as_str() {
            out.push_back(Delta::Error(UpstreamError::new("generation", error)));
        } else if let Some(text) = json["token"]["text"].as_str() {
            out.push_back(Delta::Text(TextDelta::new(Slot(0), text)));
        } else {
            return FrameVerdict::Unknown;
        }
        match json["details"]["finish_reason"].as_str() {
            Some("length") => out.push_back(Delta::Finish(Finish::new(FinishReason::Length))),
            Some(_) => out.push_back(Delta::Finish(Finish::new(FinishReason::Stop))),
            None => {}
        }
        FrameVerdict::Known
    }
}

fn main() -> Result<(), StreamError> {
    let parser = Parser::with_interpreter(GenerateStream::default(), Limits::default());
    let mut parser = parser.split_reasoning();
    let options = MachineOptions::new(ResponseId::new("resp_1"), "house-model", 1_760_000_000);
    let mut machine = ResponseMachine::new(options);
    for bytes in RECORDED.as_bytes().chunks(7) {
        parser.feed(bytes);
        while let Some(delta) = parser.next_event() {
            machine.push(&delta?);
        }
    }
    while let Some(event) = machine.next_event() {
        println!("{:45} {}", event.name(), event.to_json()["delta"]);
    }
    Ok(())
}
