//! A client of each dialect that reads what comes with nothing of ours: plain
//! JSON, field by field.

use serde_json::{Value, json};

use crate::support::Answer;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Client {
    Responses,
    Chat,
    Messages,
}

/// What an answer comes to, in whichever dialect.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Read {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    /// Name and arguments.
    pub(crate) calls: Vec<(String, String)>,
    /// The dialect's own word for how it ended.
    pub(crate) ending: String,
    /// Who served it, and why.
    pub(crate) metadata: Value,
    pub(crate) output_tokens: Option<u64>,
}

impl Client {
    pub(crate) const ALL: [Self; 3] = [Self::Responses, Self::Chat, Self::Messages];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Responses => "/v1/responses",
            Self::Chat => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
        }
    }

    /// A question with one tool, for the default chain.
    pub(crate) fn question(self, stream: bool) -> Value {
        let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
        let messages = json!([{ "role": "user", "content": "What is the weather like?" }]);
        match self {
            Self::Responses => json!({ "model": "default", "stream": stream, "input": messages,
                "tools": [{ "type": "function", "name": "get_weather", "parameters": schema }] }),
            Self::Chat => json!({ "model": "default", "stream": stream, "messages": messages,
                "stream_options": if stream { json!({ "include_usage": true }) } else { Value::Null },
                "tools": [{ "type": "function",
                    "function": { "name": "get_weather", "parameters": schema } }] }),
            Self::Messages => json!({ "model": "default", "stream": stream, "max_tokens": 1000,
                "messages": messages,
                "tools": [{ "name": "get_weather", "input_schema": schema }] }),
        }
    }

    pub(crate) fn read(self, answer: &Answer, streamed: bool) -> Read {
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        match (self, streamed) {
            (Self::Responses, true) => responses(&answer.told().response),
            (Self::Responses, false) => responses(&answer.json()),
            (Self::Chat, true) => chat_stream(answer),
            (Self::Chat, false) => {
                let document = answer.json();
                assert_eq!(document["object"], "chat.completion");
                let mut read = Read::default();
                chat(&document, "message", &mut read);
                read
            }
            (Self::Messages, true) => messages_stream(answer),
            (Self::Messages, false) => messages(&answer.json()),
        }
    }
}

/// The stream's data, event by event; `[DONE]` as a string.
pub(crate) fn frames(answer: &Answer) -> Vec<(Option<String>, Value)> {
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert!(answer.whole, "the stream broke off");
    let text = String::from_utf8(answer.body.clone()).expect("UTF-8");
    text.split_terminator("\n\n")
        .filter(|frame| !frame.starts_with(':'))
        .map(|frame| {
            let name = frame.lines().find_map(|line| line.strip_prefix("event: "));
            let data = frame.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
            let json = serde_json::from_str(data).unwrap_or_else(|_| data.into());
            (name.map(str::to_owned), json)
        })
        .collect()
}

fn responses(document: &Value) -> Read {
    let mut read = Read::default();
    for item in document["output"].as_array().expect("output") {
        match word(&item["type"]) {
            // A summary, or, relayed, the reasoning itself.
            "reasoning" => {
                read.reasoning += word(&item["summary"][0]["text"]);
                read.reasoning += word(&item["content"][0]["text"]);
            }
            "message" => read.text += word(&item["content"][0]["text"]),
            "function_call" => {
                read.calls.push((word(&item["name"]).into(), word(&item["arguments"]).into()));
            }
            other => panic!("{other}"),
        }
    }
    read.ending = word(&document["status"]).into();
    read.metadata = document["metadata"].clone();
    read.output_tokens = document["usage"]["output_tokens"].as_u64();
    read
}

fn chat_stream(answer: &Answer) -> Read {
    let frames = frames(answer);
    let (last, chunks) = frames.split_last().expect("a stream");
    assert_eq!(last.1, "[DONE]");
    let mut read = Read::default();
    for (name, chunk) in chunks {
        assert!(name.is_none() && chunk["object"] == "chat.completion.chunk", "{chunk}");
        chat(chunk, "delta", &mut read);
    }
    read
}

fn chat(chunk: &Value, key: &str, read: &mut Read) {
    for choice in chunk["choices"].as_array().expect("choices") {
        let said = &choice[key];
        read.text += word(&said["content"]);
        read.reasoning += word(&said["reasoning_content"]);
        for call in said["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            if !word(&function["name"]).is_empty() {
                read.calls.push((word(&function["name"]).into(), String::new()));
            }
            let (_, arguments) = read.calls.last_mut().expect("a call begins with its name");
            *arguments += word(&function["arguments"]);
        }
        read.ending += word(&choice["finish_reason"]);
    }
    if chunk["usage"].is_object() {
        read.output_tokens = chunk["usage"]["completion_tokens"].as_u64();
        read.metadata = chunk["metadata"].clone();
    }
}

fn messages_stream(answer: &Answer) -> Read {
    let mut document = json!({ "content": [] });
    let (mut names, mut arguments) = (Vec::new(), String::new());
    for (name, event) in frames(answer) {
        let kind = word(&event["type"]).to_owned();
        assert_eq!(name.as_deref(), Some(kind.as_str()));
        let index = usize::try_from(event["index"].as_u64().unwrap_or(0)).expect("an index");
        match kind.as_str() {
            "content_block_start" => {
                document["content"]
                    .as_array_mut()
                    .expect("a list")
                    .push(event["content_block"].clone());
                arguments.clear();
            }
            "content_block_delta" => {
                let (block, delta) = (&mut document["content"][index], &event["delta"]);
                for key in ["text", "thinking"] {
                    if let Some(piece) = delta[key].as_str() {
                        block[key] = (word(&block[key]).to_owned() + piece).into();
                    }
                }
                arguments += word(&delta["partial_json"]);
                if !arguments.is_empty() {
                    block["input"] = serde_json::from_str(&arguments).expect("whole arguments");
                }
            }
            "message_delta" => {
                document["stop_reason"] = event["delta"]["stop_reason"].clone();
                document["metadata"] = event["metadata"].clone();
                document["usage"] = event["usage"].clone();
            }
            _ => {}
        }
        names.push(kind);
    }
    assert_eq!(names.first().map(String::as_str), Some("message_start"));
    assert_eq!(names.last().map(String::as_str), Some("message_stop"));
    messages(&document)
}

fn messages(document: &Value) -> Read {
    let mut read = Read::default();
    for block in document["content"].as_array().expect("content") {
        match word(&block["type"]) {
            "thinking" => read.reasoning += word(&block["thinking"]),
            "text" => read.text += word(&block["text"]),
            "tool_use" => {
                read.calls.push((word(&block["name"]).into(), block["input"].to_string()))
            }
            other => panic!("{other}"),
        }
    }
    read.ending = word(&document["stop_reason"]).into();
    read.metadata = document["metadata"].clone();
    read.output_tokens = document["usage"]["output_tokens"].as_u64();
    read
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
