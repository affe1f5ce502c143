//! Recorded answers of real servers, and what tests do with them.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod any;

use std::fs;
use std::path::{Path, PathBuf};

use oc_responses_stream::{
    Answer, Collector, Delta, Event, Limits, Parser, ResponsesInterpreter, StreamError, sse,
};
use serde_json::Value;

/// One recorded stream.
pub(crate) struct Recording {
    /// `server/case`.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every recorded stream, in the order of their names.
pub(crate) fn recordings() -> Vec<Recording> {
    let mut all = Vec::new();
    let servers = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path());
    for server in servers.filter(|path| path.is_dir()) {
        for file in fs::read_dir(server).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "sse") {
                let name = path.strip_prefix(fixtures()).unwrap().with_extension("");
                let name = name.to_str().unwrap().to_owned();
                all.push(Recording { name, bytes: fs::read(&path).unwrap() });
            }
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(all.len() > 40, "the fixtures are there");
    all
}

/// One recorded stream by its name.
pub(crate) fn recording(name: &str) -> Vec<u8> {
    fs::read(fixtures().join(format!("{name}.sse"))).unwrap()
}

/// One recorded JSON answer by its name.
pub(crate) fn document(name: &str) -> Value {
    serde_json::from_slice(&fs::read(fixtures().join(format!("{name}.json"))).unwrap()).unwrap()
}

/// The JSON of every event of a stream.
pub(crate) fn events(bytes: &[u8]) -> Vec<Value> {
    let mut decoder = sse::Decoder::new();
    decoder.feed(bytes);
    decoder.finish();
    let mut all = Vec::new();
    while let Some(decoded) = decoder.next_frame() {
        if let sse::Decoded::Frame(frame) = decoded.unwrap()
            && !frame.is_done_mark()
        {
            all.push(serde_json::from_str(frame.data()).unwrap());
        }
    }
    all
}

/// The stream again, its terminal event without the output that it restates.
pub(crate) fn withhold_output(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for mut event in events(bytes) {
        if event["type"] == "response.completed" {
            event["response"]["output"] = Value::Array(Vec::new());
        }
        let name = event["type"].as_str().unwrap_or_default().to_owned();
        sse::encode(&name, &event.to_string(), &mut out);
    }
    out
}

/// The response of a stream's terminal event.
pub(crate) fn terminal(bytes: &[u8]) -> Option<Value> {
    let event = events(bytes).into_iter().find(|event| event["type"] == "response.completed");
    event.map(|mut event| event["response"].take())
}

/// The deltas of a stream fed in these pieces, without splitting inline reasoning.
pub(crate) fn deltas<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Result<Delta, StreamError>> {
    drain(Parser::with_interpreter(ResponsesInterpreter::new(), Limits::default()), pieces)
}

/// The deltas that a parser makes of these pieces, up to its first failure.
pub(crate) fn drain<'a>(
    mut parser: Parser<ResponsesInterpreter>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Result<Delta, StreamError>> {
    let mut all = Vec::new();
    let mut pull = |parser: &mut Parser<ResponsesInterpreter>| {
        while let Some(delta) = parser.next_event() {
            let failed = delta.is_err();
            if failed && all.last() == Some(&delta) {
                return;
            }
            all.push(delta);
            if failed {
                return;
            }
        }
    };
    for piece in pieces {
        parser.feed(piece);
        pull(&mut parser);
    }
    parser.finish();
    pull(&mut parser);
    all
}

/// The deltas of a stream that is read whole and does not fail.
pub(crate) fn good(bytes: &[u8]) -> Vec<Delta> {
    deltas([bytes]).into_iter().map(Result::unwrap).collect()
}

/// What a stream says of a text: events written as one line of JSON each.
pub(crate) fn stream(lines: &[&str]) -> Vec<u8> {
    lines.iter().flat_map(|line| format!("data: {line}\n\n").into_bytes()).collect()
}

pub(crate) fn collect<'a>(deltas: impl IntoIterator<Item = &'a Delta>) -> Answer {
    let mut collector = Collector::new();
    deltas.into_iter().for_each(|delta| collector.push(delta));
    collector.finish()
}

/// Text, reasoning and calls of a response object, as it states them.
pub(crate) fn stated(response: &Value) -> (String, String, Vec<(String, String)>) {
    let (mut text, mut reasoning, mut calls) = (String::new(), String::new(), Vec::new());
    let texts = |item: &Value, key: &str| -> String {
        let parts = item[key].as_array().cloned().unwrap_or_default();
        parts.iter().filter_map(|part| part["text"].as_str()).collect()
    };
    for item in response["output"].as_array().unwrap() {
        match item["type"].as_str().unwrap() {
            "message" => text += &texts(item, "content"),
            "reasoning" => reasoning += &(texts(item, "summary") + &texts(item, "content")),
            "function_call" => calls.push((
                item["name"].as_str().unwrap().to_owned(),
                item["arguments"].as_str().unwrap().to_owned(),
            )),
            other => panic!("unexpected item {other}"),
        }
    }
    (text, reasoning, calls)
}

/// The same of an answer that was collected.
pub(crate) fn told(answer: &Answer) -> (String, String, Vec<(String, String)>) {
    let calls = answer.tool_calls().map(|call| (call.name.clone(), call.arguments.clone()));
    (answer.final_text(), answer.reasoning_text(), calls.collect())
}

/// Runs deltas through a machine and gives all of its events.
pub(crate) fn write(
    mut machine: oc_responses_stream::ResponseMachine,
    deltas: &[Delta],
) -> Vec<Event> {
    let mut all = Vec::new();
    for delta in deltas {
        machine.push(delta);
        while let Some(event) = machine.next_event() {
            all.push(event);
        }
    }
    all
}
