//! What an upstream of each wire says, word by word, in the shape of the wire's
//! own vendor; and how a client of that wire reads it back.

use std::fmt::Write as _;

use anyhow::{Context, ensure};
use bytes::Bytes;
use serde_json::{Value, json};

/// A wire, which is also the dialect of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Responses,
    Chat,
    Messages,
}

pub(super) const WIRES: [Wire; 3] = [Wire::Responses, Wire::Chat, Wire::Messages];

/// The events of one answer.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) opening: Vec<Bytes>,
    /// One event for each word.
    pub(super) deltas: Vec<Bytes>,
    pub(super) closing: Vec<Bytes>,
}

/// One `data` field of a stream, as far as a check needs it.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    Text(String),
    /// The answer is whole.
    End,
    Other,
}

impl Wire {
    /// The config's word for it, which is also its provider's name here.
    pub(super) fn api(self) -> &'static str {
        match self {
            Self::Responses => "openai-responses",
            Self::Chat => "openai-completions",
            Self::Messages => "anthropic-messages",
        }
    }

    /// As the table calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Responses => "Responses",
            Self::Chat => "Chat",
            Self::Messages => "Messages",
        }
    }

    /// Where it is asked.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Responses => "/v1/responses",
            Self::Chat => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
        }
    }

    /// What a client sends.
    pub(super) fn request(self, model: &str, prompt: &str, stream: bool) -> Bytes {
        let messages = json!([{"role": "user", "content": prompt}]);
        let body = match self {
            Self::Responses => json!({"model": model, "input": prompt, "stream": stream}),
            Self::Chat => json!({"model": model, "messages": messages, "stream": stream}),
            Self::Messages => {
                json!({"model": model, "max_tokens": 8192, "messages": messages, "stream": stream})
            }
        };
        body.to_string().into()
    }

    /// An answer of `count` words.
    pub(super) fn script(self, count: usize) -> Script {
        match self {
            Self::Responses => responses(count),
            Self::Chat => chat(count),
            Self::Messages => messages(count),
        }
    }

    /// Reads one `data` field.
    ///
    /// # Errors
    /// If it is no JSON.
    pub(super) fn read(self, data: &str) -> anyhow::Result<Said> {
        if data == "[DONE]" {
            return Ok(Said::Other);
        }
        let event: Value = serde_json::from_str(data).with_context(|| data.to_owned())?;
        let text = |value: &Value| value.as_str().map(|text| Said::Text(text.to_owned()));
        let kind = event["type"].as_str().unwrap_or_default();
        Ok(match (self, kind) {
            (Self::Responses, "response.output_text.delta") => text(&event["delta"]),
            (Self::Responses, "response.completed") | (Self::Messages, "message_stop") => {
                Some(Said::End)
            }
            (Self::Messages, "content_block_delta") => text(&event["delta"]["text"]),
            (Self::Chat, _) if event["choices"][0]["finish_reason"] == "stop" => Some(Said::End),
            (Self::Chat, _) => text(&event["choices"][0]["delta"]["content"]),
            _ => None,
        }
        .unwrap_or(Said::Other))
    }

    /// The text of a whole document.
    ///
    /// # Errors
    /// If it is none of this wire, or not complete.
    pub(super) fn read_whole(self, body: &[u8]) -> anyhow::Result<String> {
        let document: Value = serde_json::from_slice(body)?;
        let (text, end) = match self {
            Self::Responses => (&document["output"][0]["content"][0]["text"], &document["status"]),
            Self::Chat => {
                let choice = &document["choices"][0];
                (&choice["message"]["content"], &choice["finish_reason"])
            }
            Self::Messages => (&document["content"][0]["text"], &document["stop_reason"]),
        };
        let ends = ["completed", "stop", "end_turn"];
        ensure!(end.as_str().is_some_and(|end| ends.contains(&end)), "it ended with {end}");
        Ok(text.as_str().context("no text")?.to_owned())
    }
}

impl Script {
    /// All events in order.
    pub(super) fn events(&self) -> impl Iterator<Item = &Bytes> {
        self.opening.iter().chain(&self.deltas).chain(&self.closing)
    }
}

/// The words, about one in seven with a character that JSON escapes or that is not ASCII.
pub(super) fn word(number: usize) -> String {
    match number % 14 {
        6 => format!("w{number}\n"),
        13 => format!("w{number} é"),
        _ => format!("w{number} "),
    }
}

/// The whole answer of `count` words.
pub(super) fn text(count: usize) -> String {
    (0..count).map(word).collect()
}

fn named(events: &mut Vec<Bytes>, data: &str) {
    let name = data.strip_prefix("{\"type\":\"").and_then(|rest| rest.split('"').next());
    events.push(format!("event: {}\ndata: {data}\n\n", name.unwrap_or_default()).into());
}

fn responses(count: usize) -> Script {
    const AT: &str = "\"item_id\":\"msg_0e054c0b7ea15b350069cbcbfd11b481\",\"output_index\":0";
    const PART: &str = "\"content_index\":0";
    let message = |status: &str, content: Value| {
        json!({"id": "msg_0e054c0b7ea15b350069cbcbfd11b481", "type": "message", "role": "assistant",
               "status": status, "content": content})
    };
    let said = |text: &str| json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text});
    let response = |status: &str, output: Value, usage: Value| {
        json!({"id": "resp_0e054c0b7ea15b350069cbcbfc1d5c81", "object": "response",
               "created_at": 1_795_000_000, "status": status, "model": "scripted",
               "output": output, "error": null, "incomplete_details": null, "metadata": {},
               "parallel_tool_calls": true, "tool_choice": "auto", "tools": [], "usage": usage})
    };
    let mut number = 0;
    // In the order of the vendor's reference: serde_json's map would sort them.
    let mut tell = |events: &mut Vec<Bytes>, kind: &str, rest: &str| {
        named(events, &format!("{{\"type\":\"{kind}\",\"sequence_number\":{number},{rest}}}"));
        number += 1;
    };
    let (mut opening, mut deltas, mut closing) = (Vec::new(), Vec::new(), Vec::new());
    let begun = response("in_progress", json!([]), Value::Null);
    tell(&mut opening, "response.created", &format!("\"response\":{begun}"));
    tell(&mut opening, "response.in_progress", &format!("\"response\":{begun}"));
    let item = message("in_progress", json!([]));
    tell(
        &mut opening,
        "response.output_item.added",
        &format!("\"output_index\":0,\"item\":{item}"),
    );
    let part = format!("{AT},{PART},\"part\":{}", said(""));
    tell(&mut opening, "response.content_part.added", &part);
    for number in 0..count {
        let word = Value::from(word(number));
        let rest = format!("{AT},{PART},\"delta\":{word},\"logprobs\":[]");
        tell(&mut deltas, "response.output_text.delta", &rest);
    }
    let whole = text(count);
    let rest = format!("{AT},{PART},\"text\":{},\"logprobs\":[]", Value::from(whole.as_str()));
    tell(&mut closing, "response.output_text.done", &rest);
    let rest = format!("{AT},{PART},\"part\":{}", said(&whole));
    tell(&mut closing, "response.content_part.done", &rest);
    let item = message("completed", json!([said(&whole)]));
    tell(&mut closing, "response.output_item.done", &format!("\"output_index\":0,\"item\":{item}"));
    let usage = json!({"input_tokens": 14, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": count, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": count + 14});
    let ended = response("completed", json!([item]), usage);
    tell(&mut closing, "response.completed", &format!("\"response\":{ended}"));
    Script { opening, deltas, closing }
}

fn chat(count: usize) -> Script {
    let chunk = |rest: &str| -> Bytes {
        let mut event = String::from("data: {\"id\":\"chatcmpl-0e054c0b7ea15b35\",\"object\":");
        let _ = write!(
            event,
            "\"chat.completion.chunk\",\"created\":1795000000,\"model\":\"scripted\",{rest}}}\n\n"
        );
        event.into()
    };
    let choice = |delta: &str, reason: &str| {
        chunk(&format!(
            "\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{reason}}}]"
        ))
    };
    let said = |number| format!("{{\"content\":{}}}", Value::from(word(number)));
    let total = count + 14;
    Script {
        opening: vec![choice("{\"role\":\"assistant\",\"content\":\"\"}", "null")],
        deltas: (0..count).map(|number| choice(&said(number), "null")).collect(),
        closing: vec![
            choice("{}", "\"stop\""),
            chunk(&format!(
                "\"choices\":[],\"usage\":{{\"prompt_tokens\":14,\"completion_tokens\":{count},\"total_tokens\":{total}}}"
            )),
            Bytes::from_static(b"data: [DONE]\n\n"),
        ],
    }
}

fn messages(count: usize) -> Script {
    let (mut opening, mut deltas, mut closing) = (Vec::new(), Vec::new(), Vec::new());
    for event in [
        "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_0e054c0b7ea15b35\",\"type\":\"message\",\
         \"role\":\"assistant\",\"model\":\"scripted\",\"content\":[],\"stop_reason\":null,\
         \"stop_sequence\":null,\"usage\":{\"input_tokens\":14,\"output_tokens\":1}}}",
        "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}",
        "{\"type\":\"ping\"}",
    ] {
        named(&mut opening, event);
    }
    for number in 0..count {
        let word = Value::from(word(number));
        named(
            &mut deltas,
            &format!(
                "{{\"type\":\"content_block_delta\",\"index\":0,\
                 \"delta\":{{\"type\":\"text_delta\",\"text\":{word}}}}}"
            ),
        );
    }
    for event in [
        "{\"type\":\"content_block_stop\",\"index\":0}".to_owned(),
        format!(
            "{{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\",\
             \"stop_sequence\":null}},\"usage\":{{\"output_tokens\":{count}}}}}"
        ),
        "{\"type\":\"message_stop\"}".to_owned(),
    ] {
        named(&mut closing, &event);
    }
    Script { opening, deltas, closing }
}

#[cfg(test)]
mod tests {
    use super::{Said, WIRES, text};

    #[test]
    fn each_wire_s_script_reads_back_as_its_text_and_one_end() {
        for wire in WIRES {
            let script = wire.script(30);
            assert_eq!(script.deltas.len(), 30);
            let (mut said, mut ends) = (String::new(), 0);
            for event in script.events() {
                let event = std::str::from_utf8(event).unwrap();
                for data in event.lines().filter_map(|line| line.strip_prefix("data: ")) {
                    match wire.read(data).unwrap() {
                        Said::Text(more) => said += &more,
                        Said::End => ends += 1,
                        Said::Other => {}
                    }
                }
            }
            assert_eq!((said, ends), (text(30), 1), "{wire:?}");
        }
    }
}
