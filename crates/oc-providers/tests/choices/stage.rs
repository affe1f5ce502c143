//! An upstream's bytes, told to a client that asked for several answers; and what
//! an SDK makes of what the client gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::executor::block_on;
use oc_fallback::Gate;
use oc_providers::wire::{AnswerName, Asked, Dialect};
use oc_providers::{
    Api, DeltaGate, Endpoint, Provider, ProviderErrorKind, Script, ScriptedTransport,
};
use serde_json::{Value, json};

/// How the client is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Relayed,
    Rewritten,
}

/// A request for `n` answers, with `more` in it.
pub(crate) fn asked(n: u32, stream: bool, more: &Value) -> Asked {
    let mut body = json!({"model": "m", "stream": stream, "n": n,
        "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "Hi"}]});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    Dialect::Chat.decode_request(body.to_string().as_bytes()).unwrap()
}

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::new("up", Api::OpenaiCompletions, "https://api.vendor.example/v1").unwrap()
}

/// What became of an upstream's answer.
pub(crate) struct Outcome {
    /// What the client got.
    pub(crate) client: Client,
    /// The gate's first verdict that decides, of a client that streams.
    pub(crate) verdict: Gate,
    /// The same of one that wants a document.
    pub(crate) whole: Gate,
    pub(crate) fault: Option<(ProviderErrorKind, Option<String>)>,
}

pub(crate) fn told(script: Script, n: u32, how: How, more: &Value) -> Outcome {
    told_by(&endpoint(), script, n, how, more)
}

pub(crate) fn told_by(
    endpoint: &Endpoint,
    script: Script,
    n: u32,
    how: How,
    more: &Value,
) -> Outcome {
    let (streamed, document) = (asked(n, true, more), asked(n, false, more));
    let name = || AnswerName::new("1", "client/model", 1_700_000_000);
    let (mut stream, mut whole) = (streamed.renderer(name()), document.renderer(name()));
    let mut request = streamed.request;
    if how == How::Rewritten {
        request.wire = None;
    }
    let transport = Arc::new(ScriptedTransport::new([script]));
    let provider = Provider::new(endpoint.clone(), transport).unwrap();
    let mut deltas = provider.deltas(request);
    let (mut gate, mut whole_gate) = (DeltaGate::new(), DeltaGate::whole());
    let (mut verdict, mut whole_verdict, mut fault) = (Gate::Hold, Gate::Hold, None);
    let mut bytes = Vec::new();
    while let Some(next) = block_on(deltas.next()) {
        let Ok(delta) = next.map_err(|error| {
            fault = Some((error.kind(), error.code().map(str::to_owned)));
            stream.fail("upstream_failed", &error.to_string());
            whole.fail("upstream_failed", &error.to_string());
        }) else {
            continue;
        };
        let open = |gate: &Gate| matches!(gate, Gate::Hold | Gate::Alive | Gate::Meaningful);
        if open(&verdict) {
            verdict = gate.judge(&delta);
        }
        if open(&whole_verdict) {
            whole_verdict = whole_gate.judge(&delta);
        }
        if matches!(delta, oc_providers::Delta::Finish(_)) {
            stream.set_metadata("oc_served_by", "up/m".into());
            whole.set_metadata("oc_served_by", "up/m".into());
        }
        stream.push(&delta);
        whole.push(&delta);
        while let Some(event) = stream.next_bytes() {
            bytes.extend(event);
        }
        whole.forget_bytes();
    }
    assert!(stream.is_terminal() && whole.is_terminal(), "an answer has an end");
    while let Some(event) = stream.next_bytes() {
        bytes.extend(event);
    }
    bytes.extend(stream.end_mark());
    let stream = String::from_utf8(bytes).unwrap();
    let document = whole.document();
    let client = Client { each: read_stream(&stream, n), stream, document };
    client.agree();
    Outcome { client, verdict, whole: whole_verdict, fault }
}

/// What a client got, streamed and in one piece.
pub(crate) struct Client {
    pub(crate) stream: String,
    pub(crate) document: Value,
    /// The answers as an SDK puts them together, by index.
    pub(crate) each: Read,
}

/// What an SDK makes of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Read {
    pub(crate) answers: BTreeMap<u64, Answer>,
    /// Of the prompt, of the answers, of both.
    pub(crate) usage: Option<[u64; 3]>,
    pub(crate) metadata: Value,
    pub(crate) error: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) refusal: String,
    pub(crate) logprobs: Vec<Value>,
    pub(crate) calls: Vec<(String, String, String)>,
    pub(crate) finish: Option<String>,
}

impl Client {
    /// The stream and the document say the same, where there is a document.
    fn agree(&self) {
        let read = read_document(&self.document);
        assert_eq!(self.each.error.is_some(), read.error.is_some());
        if read.error.is_none() {
            assert_eq!(self.each, read, "{}", self.stream);
        }
    }
}

/// Reads a stream as SDKs do, and holds it to what they insist on.
pub(crate) fn read_stream(stream: &str, n: u32) -> Read {
    let mut read = Read::default();
    let (body, done) = stream.rsplit_once("data: [DONE]\n\n").unwrap();
    assert_eq!(done, "");
    for frame in body.split_terminator("\n\n") {
        let chunk: Value = serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap();
        assert!(read.error.is_none(), "something follows the error: {frame}");
        if !chunk["error"].is_null() {
            read.error = chunk["error"]["message"].as_str().map(str::to_owned);
            continue;
        }
        assert_eq!((&chunk["id"], &chunk["model"]), (&json!("chatcmpl-1"), &json!("client/model")));
        assert_eq!(chunk["object"], "chat.completion.chunk");
        if !chunk["usage"].is_null() {
            assert_eq!(read.usage, None, "counted once: {frame}");
            read.usage = counts(&chunk["usage"]);
        }
        if !chunk["metadata"].is_null() {
            read.metadata = chunk["metadata"].clone();
        }
        for choice in chunk["choices"].as_array().unwrap() {
            let index = choice["index"].as_u64().unwrap();
            assert!(index < u64::from(n), "{frame}");
            let first = !read.answers.contains_key(&index);
            let answer = read.answers.entry(index).or_default();
            assert!(!first || choice["delta"]["role"] == "assistant", "who speaks: {frame}");
            assert!(answer.finish.is_none(), "after its end: {frame}");
            answer.read(choice, &choice["delta"]);
        }
    }
    let ended = |answer: &Answer| answer.finish.is_some();
    let whole = read.answers.len() == n as usize && read.answers.values().all(ended);
    assert!(whole || read.error.is_some(), "{stream}");
    read
}

fn counts(usage: &Value) -> Option<[u64; 3]> {
    let [of_prompt, of_answers, of_both] =
        ["prompt_tokens", "completion_tokens", "total_tokens"].map(|key| usage[key].as_u64());
    Some([of_prompt?, of_answers?, of_both?])
}

fn read_document(document: &Value) -> Read {
    let mut read = Read {
        usage: counts(&document["usage"]),
        metadata: document["metadata"].clone(),
        error: document["error"]["message"].as_str().map(str::to_owned),
        ..Read::default()
    };
    for (place, choice) in (0..).zip(document["choices"].as_array().into_iter().flatten()) {
        assert_eq!(choice["index"], place, "in their order");
        let mut answer = Answer::default();
        answer.read(choice, &choice["message"]);
        read.answers.insert(place, answer);
    }
    read
}

impl Answer {
    fn read(&mut self, choice: &Value, message: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.text += &text(&message["content"]);
        self.reasoning += &text(&message["reasoning_content"]);
        self.refusal += &text(&message["refusal"]);
        self.logprobs.extend(choice["logprobs"]["content"].as_array().cloned().unwrap_or_default());
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            let opens = call["id"].as_str().is_some_and(|id| !id.is_empty());
            if opens {
                let place = call["index"].as_u64().unwrap_or(self.calls.len() as u64);
                assert_eq!(place, self.calls.len() as u64, "calls are numbered in order");
                self.calls.push((text(&call["id"]), text(&function["name"]), String::new()));
            }
            self.calls.last_mut().unwrap().2 += &text(&function["arguments"]);
        }
        self.finish = choice["finish_reason"].as_str().map(str::to_owned);
    }

    /// In short, for tables.
    pub(crate) fn short(&self) -> String {
        let mut parts = Vec::new();
        if !self.reasoning.is_empty() {
            parts.push(format!("({})", self.reasoning));
        }
        parts.push(self.text.clone());
        if !self.refusal.is_empty() {
            parts.push(format!("!{}", self.refusal));
        }
        for (_, name, arguments) in &self.calls {
            parts.push(format!("{name}{arguments}"));
        }
        parts.push(self.finish.clone().unwrap_or("…".to_owned()));
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }
}

/// The answers in short, in the order of their indexes.
pub(crate) fn short(read: &Read) -> Vec<String> {
    read.answers.values().map(Answer::short).collect()
}

/// One chunk with a piece of the answer `index`.
pub(crate) fn piece(index: u64, delta: Value) -> String {
    chunk(json!([{"index": index, "delta": delta, "finish_reason": null}]))
}

pub(crate) fn says(index: u64, text: &str) -> String {
    piece(index, json!({"role": "assistant", "content": text}))
}

pub(crate) fn ends(index: u64, reason: &str) -> String {
    chunk(json!([{"index": index, "delta": {}, "finish_reason": reason}]))
}

pub(crate) fn chunk(choices: Value) -> String {
    let chunk = json!({"id": "up", "created": 7, "choices": choices});
    format!("data: {chunk}\n\n")
}

/// The counts of all, and the mark of the end.
pub(crate) fn counted(output: u64) -> String {
    let chunk = json!({"id": "up", "created": 7, "choices": [], "usage": {"prompt_tokens": 5,
        "completion_tokens": output, "total_tokens": 5 + output}});
    format!("data: {chunk}\n\ndata: [DONE]\n\n")
}
