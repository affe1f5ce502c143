//! Twins: what a real server said in a stream, and what it said to the same
//! question in a document.
//!
//! The stream is read with its terminal event's restatement withheld, so that
//! what was streamed must be enough by itself.

use serde_json::Value;

use super::fixtures;
use super::reading::{Heard, hear};
use crate::endpoint::Api;

/// Where the recordings of each wire are, and what their names begin with.
const RECORDED: [(Api, &str, &str); 3] = [
    (Api::OpenaiResponses, "", "responses-"),
    (Api::OpenaiCompletions, "openai_completions/", "chat-"),
    (Api::AnthropicMessages, "", "messages-"),
];
const SERVERS: [&str; 4] = ["llama-server", "vllm", "litellm", "transformers-serve"];

/// Here the server itself says one thing in a stream and another in a document:
/// its reasoning parser takes a call for reasoning only while streaming.
const DIFFERENT: [&str; 4] = [
    "openai_completions/vllm/chat-badtool-stream.sse",
    "openai_completions/vllm/chat-tool-stream.sse",
    "openai_completions/vllm/chat-two-tools-stream.sse",
    "vllm/responses-tool-stream.sse",
];

#[test]
fn a_stream_says_the_same_as_its_twin() {
    let (mut compared, mut different) = (0, Vec::new());
    for (api, ..) in RECORDED {
        for (stream, document) in twins(api) {
            let read = |name: &str| std::fs::read(fixtures().join(name)).expect("a recording");
            let streamed = hear(api, limit(&stream), [withheld(&read(&stream)).as_slice()]);
            let whole = hear(api, limit(&document), [withheld(&read(&document)).as_slice()]);
            if say_the_same(&streamed, &whole) {
                compared += 1;
                assert!(!DIFFERENT.contains(&stream.as_str()), "{stream} agrees by now");
            } else if DIFFERENT.contains(&stream.as_str()) {
                different.push(stream);
            } else {
                panic!("{stream}\n{streamed:#?}\n{document}\n{whole:#?}");
            }
        }
    }
    assert_eq!(different.len(), DIFFERENT.len(), "{different:?}");
    assert!(compared >= 45, "only {compared} twins");
}

/// A stream and its document, by their paths below `tests/fixtures`. A `format-…`
/// or `anth-…` before the wire's word names how the server was started.
fn twins(api: Api) -> Vec<(String, String)> {
    let (_, folder, word) = RECORDED.into_iter().find(|it| it.0 == api).expect("a wire");
    let mut twins = Vec::new();
    for server in SERVERS {
        let folder = format!("{folder}{server}");
        for entry in std::fs::read_dir(fixtures().join(&folder)).expect("a folder") {
            let name = entry.expect("a file").file_name().to_string_lossy().into_owned();
            let stem =
                ["-stream.sse", "-stream-usage.sse"].iter().find_map(|end| name.strip_suffix(end));
            let Some(stem) = stem.filter(|stem| format!("{stem}-").contains(word)) else {
                continue;
            };
            let documents = ["json", "sse"].map(|kind| format!("{folder}/{stem}.{kind}"));
            let twin = documents.into_iter().find(|path| fixtures().join(path).exists());
            twins.extend(twin.map(|twin| (format!("{folder}/{name}"), twin)));
        }
    }
    twins.sort();
    twins
}

/// How many output tokens the recorded request allowed.
fn limit(name: &str) -> Option<u64> {
    name.contains("length").then_some(24)
}

/// A stream without what its terminal event restates; a document as it is.
fn withheld(body: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(body).expect("utf-8");
    let lines = text.split_inclusive('\n').map(|line| {
        let event = line.strip_prefix("data: ").and_then(|data| serde_json::from_str(data).ok());
        let Some(mut event) = event else { return line.to_owned() };
        let is_last = |event: &Value| {
            let kind = event["type"].as_str().unwrap_or_default();
            matches!(kind, "response.completed" | "response.incomplete")
        };
        if !is_last(&event) {
            return line.to_owned();
        }
        event["response"]["output"] = Value::Array(Vec::new());
        format!("data: {event}\n")
    });
    lines.collect::<String>().into_bytes()
}

/// Items, ending, and, where both count, tokens but for what a cache held.
fn say_the_same(streamed: &Heard, whole: &Heard) -> bool {
    let tokens = |heard: &Heard| heard.usage.map(|[input, _, _, output, _]| [input, output]);
    let counts = tokens(streamed).zip(tokens(whole));
    counts.is_none_or(|(streamed, whole)| streamed == whole)
        && streamed.clone().without_particulars() == whole.clone().without_particulars()
}
