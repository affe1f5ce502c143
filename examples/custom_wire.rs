//! A wire format of your own: one interpreter, and everything else is there.
//!
//! Here text-generation-inference's `generate_stream`, reasoning between tags in the
//! text, becomes a Responses stream that strict clients accept.
//!
//! `cargo run -p oc-responses-stream --example custom_wire`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::VecDeque;

use oc_responses_stream::{
    Delta, Finish, FinishReason, FrameVerdict, Interpret, Limits, MachineOptions, Parser,
    ResponseId, ResponseMachine, Slot, StreamError, TextDelta, UpstreamError, sse,
};
use serde_json::Value;

const RECORDED: &str = r#"data:{"token":{"text":"<think>Paris, surely.</th"},"generated_text":null}

data:{"token":{"text":"ink>"},"generated_text":null}

data:{"token":{"text":"Paris."},"generated_text":"…","details":{"finish_reason":"eos_token"}}

"#;

#[derive(Default)]
struct GenerateStream {
    ended: bool,
}

impl Interpret for GenerateStream {
    fn frame(&mut self, frame: &sse::Frame, out: &mut VecDeque<Delta>) -> FrameVerdict {
        let Ok(json) = serde_json::from_str(frame.data()) else { return FrameVerdict::Corrupt };
        self.read(&json, out)
    }

    fn body(&mut self, _json: &[u8], _out: &mut VecDeque<Delta>) -> Result<(), StreamError> {
        Err(StreamError::not_a_stream("generate_stream was asked for"))
    }

    fn ended(&self) -> bool {
        self.ended
    }
}

impl GenerateStream {
    fn read(&mut self, json: &Value, out: &mut VecDeque<Delta>) -> FrameVerdict {
        self.ended = json["generated_text"].is_string();
        if let Some(error) = json["error"].as_str() {
            out.push_back(Delta::Error(UpstreamError::new("generation", error)));
            return FrameVerdict::Known;
        }
        let Some(text) = json["token"]["text"].as_str() else { return FrameVerdict::Unknown };
        out.push_back(Delta::Text(TextDelta::new(Slot(0), text)));
        if self.ended {
            let is_cut = json["details"]["finish_reason"] == "length";
            let why = if is_cut { FinishReason::Length } else { FinishReason::Stop };
            out.push_back(Delta::Finish(Finish::new(why)));
        }
        FrameVerdict::Known
    }
}

fn main() -> Result<(), StreamError> {
    let wire = GenerateStream::default();
    let mut parser = Parser::with_interpreter(wire, Limits::default()).split_reasoning();
    let id = ResponseId::new("resp_1");
    let mut machine = ResponseMachine::new(MachineOptions::new(id, "house", 1_760_000_000));
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
