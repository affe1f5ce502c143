//! The stream that every parser reads: generated, the same on every run.
//!
//! Modelled on what OpenAI sends for a reasoning model: one reasoning item with
//! a summary and raw text, one message, every `*.done`, and a terminal event
//! that repeats the whole output. About 9 % of the deltas hold a character that
//! JSON escapes, and some are not ASCII.

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Value, json};

/// A generated stream and what a parser must find in it.
#[derive(Debug)]
pub(crate) struct Sample {
    /// The bytes as a server sends them.
    pub(crate) bytes: Bytes,
    /// The end of each event in `bytes`.
    pub(crate) ends: Vec<usize>,
    /// How many bytes all `data` fields have together.
    pub(crate) data_bytes: usize,
    /// All reasoning: the summary, then the raw text.
    pub(crate) reasoning: String,
    /// The answer.
    pub(crate) text: String,
}

/// How the stream is cut before it reaches a parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// One event per chunk: what a server that is being read in time sends.
    Event,
    /// Chunks of this many bytes, wherever that cuts.
    Bytes(usize),
}

const REASONING_ID: &str = "rs_0e054c0b7ea15b350069cbcbfcc8a48198b9c5807cc9ed8de5";
const MESSAGE_ID: &str = "msg_0e054c0b7ea15b350069cbcbfd11b48198a2d4716bb0fc7cd4";

const WORDS: &[&str] = &[
    " the", " a", " of", " and", " to", " stream", " parser", " token", " in", " that", " is",
    " reads", " it", " for", " every", " event", " server", " with", " as", " when", ",", ".",
    " buffer", "ing", " not", " be", " by", " this", " answer", " frame", " one", " line", " or",
    " what", " comes", " next", " model", " think", "s", " then", " byte", " because",
];
const ESCAPED: &[&str] = &[".\n\n", "\n", " \"", "\"", " C:\\temp", "\n- ", "\t"];
const NOT_ASCII: &[&str] = &[" Größe", " naïve", " –", "…", " 日本語", " 🙂", " “quote”", " é"];

impl Sample {
    /// Some 1.68 MB in 6,014 events.
    pub(crate) fn standard() -> Self {
        Self::generate(1)
    }

    /// Four times as many deltas, so that there is more than one chunk of 4 MiB.
    pub(crate) fn quadruple() -> Self {
        Self::generate(4)
    }

    /// How many events there are.
    pub(crate) fn events(&self) -> usize {
        self.ends.len()
    }

    /// The stream in pieces.
    pub(crate) fn chunks(&self, cut: Cut) -> Vec<Bytes> {
        match cut {
            Cut::Event => {
                let starts = std::iter::once(0).chain(self.ends.iter().copied());
                starts.zip(&self.ends).map(|(start, &end)| self.bytes.slice(start..end)).collect()
            }
            Cut::Bytes(size) => (0..self.bytes.len())
                .step_by(size)
                .map(|start| self.bytes.slice(start..self.bytes.len().min(start + size)))
                .collect(),
        }
    }

    fn generate(times: usize) -> Self {
        let mut words = Words(0x0c0c);
        let mut deltas = |count| (0..count * times).map(|_| words.next()).collect::<Vec<_>>();
        let (summary, raw, text) = (deltas(1_000), deltas(1_000), deltas(4_000));
        let mut writer = Writer::default();
        writer.answer(&summary, &raw, &text);
        Self {
            bytes: writer.bytes.freeze(),
            ends: writer.ends,
            data_bytes: writer.data_bytes,
            reasoning: summary.concat() + &raw.concat(),
            text: text.concat(),
        }
    }
}

#[derive(Default)]
struct Writer {
    bytes: BytesMut,
    ends: Vec<usize>,
    data_bytes: usize,
    padding: Padding,
}

impl Writer {
    fn answer(&mut self, summary: &[&str], raw: &[&str], text: &[&str]) {
        let part = |kind: &str, text: &str| json!({"type": kind, "text": text});
        let reasoning = |status: &str, summary: Value, content: Value| {
            json!({"id": REASONING_ID, "type": "reasoning", "summary": summary,
                   "content": content, "status": status})
        };
        let said = |text: &str| json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text});
        let message = |status: &str, content: Value| {
            json!({"id": MESSAGE_ID, "type": "message", "status": status, "role": "assistant",
                   "content": content})
        };
        let (summary_text, raw_text, whole_text) = (summary.concat(), raw.concat(), text.concat());
        let summary_part = part("summary_text", &summary_text);
        let thought = reasoning(
            "completed",
            json!([summary_part]),
            json!([part("reasoning_text", &raw_text)]),
        );
        let answer = message("completed", json!([said(&whole_text)]));

        self.event("response.created", json!({"response": response("in_progress", json!([]))}));
        self.event("response.in_progress", json!({"response": response("in_progress", json!([]))}));

        let opened = reasoning("in_progress", json!([]), json!([]));
        self.event("response.output_item.added", json!({"output_index": 0, "item": opened}));
        let at = json!({"item_id": REASONING_ID, "output_index": 0, "summary_index": 0});
        let opened = with(&at, "part", part("summary_text", ""));
        self.event("response.reasoning_summary_part.added", opened);
        for delta in summary {
            self.delta("response.reasoning_summary_text.delta", &at, delta);
        }
        let whole = with(&at, "text", json!(summary_text));
        self.event("response.reasoning_summary_text.done", whole);
        self.event("response.reasoning_summary_part.done", with(&at, "part", summary_part));
        let at = json!({"item_id": REASONING_ID, "output_index": 0, "content_index": 0});
        for delta in raw {
            self.delta("response.reasoning_text.delta", &at, delta);
        }
        self.event("response.reasoning_text.done", with(&at, "text", json!(raw_text)));
        self.event("response.output_item.done", json!({"output_index": 0, "item": thought}));

        let opened = message("in_progress", json!([]));
        self.event("response.output_item.added", json!({"output_index": 1, "item": opened}));
        let at = json!({"item_id": MESSAGE_ID, "output_index": 1, "content_index": 0});
        self.event("response.content_part.added", with(&at, "part", said("")));
        for delta in text {
            self.delta("response.output_text.delta", &at, delta);
        }
        let whole = with(&with(&at, "text", json!(whole_text)), "logprobs", json!([]));
        self.event("response.output_text.done", whole);
        self.event("response.content_part.done", with(&at, "part", said(&whole_text)));
        self.event("response.output_item.done", json!({"output_index": 1, "item": answer}));

        let whole = response("completed", json!([thought, answer]));
        self.event("response.completed", json!({"response": whole}));
    }

    /// A delta, its keys in the order of OpenAI's reference (serde_json's map
    /// would sort them, and a real server does not).
    fn delta(&mut self, name: &str, at: &Value, delta: &str) {
        let (index_name, log) = match name {
            "response.reasoning_summary_text.delta" => ("summary_index", ""),
            "response.output_text.delta" => ("content_index", ",\"logprobs\":[]"),
            _ => ("content_index", ""),
        };
        let data = format!(
            "{{\"type\":\"{name}\",\"sequence_number\":{},\"item_id\":{},\"output_index\":{},\
             \"{index_name}\":0,\"delta\":{}{log},\"obfuscation\":\"{}\"}}",
            self.ends.len(),
            at["item_id"],
            at["output_index"],
            Value::from(delta),
            self.padding.next(),
        );
        self.write(name, &data);
    }

    fn event(&mut self, name: &str, body: Value) {
        let rest = body.to_string();
        let rest = rest.strip_prefix('{').unwrap_or(&rest);
        let number = self.ends.len();
        self.write(name, &format!("{{\"type\":\"{name}\",\"sequence_number\":{number},{rest}"));
    }

    fn write(&mut self, name: &str, data: &str) {
        for piece in ["event: ", name, "\ndata: ", data, "\n\n"] {
            self.bytes.put_slice(piece.as_bytes());
        }
        self.data_bytes += data.len();
        self.ends.push(self.bytes.len());
    }
}

fn with(at: &Value, key: &str, value: Value) -> Value {
    let mut body = at.clone();
    body[key] = value;
    body
}

fn response(status: &str, output: Value) -> Value {
    let usage = match status {
        "completed" => json!({
            "input_tokens": 412, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 6000, "output_tokens_details": {"reasoning_tokens": 2000},
            "total_tokens": 6412,
        }),
        _ => Value::Null,
    };
    json!({
        "id": "resp_0e054c0b7ea15b350069cbcbfc1d5c8198a6b04ef4f9f9e2a7", "object": "response",
        "created_at": 1_795_000_000, "status": status, "background": false, "error": null,
        "incomplete_details": null, "instructions": null, "max_output_tokens": null,
        "max_tool_calls": null, "model": "gpt-5.2", "output": output,
        "parallel_tool_calls": true, "previous_response_id": null,
        "reasoning": {"effort": "medium", "summary": "detailed"}, "service_tier": "default",
        "store": true, "temperature": 1.0, "text": {"format": {"type": "text"}},
        "tool_choice": "auto", "tools": [], "top_logprobs": 0, "top_p": 1.0,
        "truncation": "disabled", "usage": usage, "metadata": {},
    })
}

/// Words in a fixed order (SplitMix64: small, and good enough for that).
struct Words(u64);

impl Words {
    fn next(&mut self) -> &'static str {
        let list = match self.random() % 100 {
            0..9 => ESCAPED,
            9..14 => NOT_ASCII,
            _ => WORDS,
        };
        list[(self.random() % list.len() as u64) as usize]
    }

    fn random(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// `obfuscation`: padding of varying length, against readers of packet sizes.
#[derive(Default)]
struct Padding(usize);

impl Padding {
    fn next(&mut self) -> &'static str {
        const SOME: &str = "wzXPJv6cD8diYFmQb2R";
        self.0 += 7;
        &SOME[..2 + self.0 % 18]
    }
}

#[cfg(test)]
mod tests {
    use super::{Cut, Sample};
    use bytes::BytesMut;
    use serde_json::Value;

    #[test]
    fn it_is_the_stream_that_the_goals_were_set_on() {
        let sample = Sample::standard();
        assert_eq!(sample.events(), 6_014);
        let megabytes = sample.bytes.len() as f64 / 1e6;
        assert!((1.66..1.70).contains(&megabytes), "{megabytes} MB");
        let escaped = deltas(&sample).filter(|data| data.contains("\\")).count();
        assert!((0.08..0.10).contains(&(escaped as f64 / 6_000.0)), "{escaped} of 6,000");
        assert!(!sample.text.is_ascii());
        assert_eq!(sample.bytes, Sample::standard().bytes);
    }

    #[test]
    fn the_deltas_are_the_answer_and_every_event_is_json() {
        let sample = Sample::standard();
        let (mut reasoning, mut text) = (String::new(), String::new());
        for (number, data) in data(&sample).enumerate() {
            let event: Value = serde_json::from_str(data).unwrap();
            assert_eq!(event["sequence_number"], number);
            let delta = event["delta"].as_str().unwrap_or_default();
            match event["type"].as_str().unwrap() {
                "response.output_text.delta" => text += delta,
                _ => reasoning += delta,
            }
        }
        assert!(reasoning == sample.reasoning && text == sample.text);
        assert_eq!(data(&sample).map(str::len).sum::<usize>(), sample.data_bytes);
    }

    #[test]
    fn no_cut_loses_a_byte() {
        let sample = Sample::standard();
        for cut in [Cut::Event, Cut::Bytes(1), Cut::Bytes(16 << 10), Cut::Bytes(4 << 20)] {
            let joined: BytesMut = sample.chunks(cut).into_iter().flatten().collect();
            assert!(joined == sample.bytes, "{cut:?}");
        }
    }

    fn data(sample: &Sample) -> impl Iterator<Item = &str> {
        let text = std::str::from_utf8(&sample.bytes).unwrap();
        text.lines().filter_map(|line| line.strip_prefix("data: "))
    }

    fn deltas(sample: &Sample) -> impl Iterator<Item = &str> {
        data(sample).filter(|data| data.contains(".delta\""))
    }
}
