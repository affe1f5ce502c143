//! The inputs of calls, to the letter.
//!
//! This wire has them as objects, the others as text. An object that was read
//! and written again is not the same text: a number too great for a machine
//! loses digits, a key that stands twice is one. To a host each input goes out
//! as the model wrote it; of what comes as an object, from a client or in a host's
//! whole answer, all is kept but white space and needless escapes, which are those
//! of whoever wrote the body.

use std::collections::{BTreeMap, VecDeque};

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::wire::relay::json::compact;

/// How deep a block stands in a body: `messages`, a message, `content`, a block.
const BLOCK: usize = 4;

/// Inputs that read and written again would not be the same, by the id of their
/// call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs(BTreeMap<String, Box<RawValue>>);

impl Inputs {
    /// Keeps `arguments` of the call `id` where `input`, which was read from
    /// them, does not write the same.
    pub(super) fn keep(&mut self, id: &str, arguments: &str, input: &Value) {
        let arguments = arguments.trim();
        if !arguments.starts_with('{') || writes(input, arguments) {
            return;
        }
        if let Ok(raw) = RawValue::from_string(arguments.to_owned()) {
            self.0.insert(id.to_owned(), raw);
        }
    }

    /// `body` as JSON, with these inputs in it.
    pub(crate) fn write(&self, body: &Value) -> serde_json::Result<Vec<u8>> {
        if self.0.is_empty() {
            return serde_json::to_vec(body);
        }
        serde_json::to_vec(&Within { value: body, depth: 0, inputs: self })
    }
}

/// A value of a body, down to the blocks.
struct Within<'a> {
    value: &'a Value,
    depth: usize,
    inputs: &'a Inputs,
}

impl Serialize for Within<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { value, depth, inputs } = *self;
        let within = |value| Within { value, depth: depth + 1, inputs };
        match value {
            Value::Array(list) if depth < BLOCK => serializer.collect_seq(list.iter().map(within)),
            Value::Object(fields) if depth < BLOCK => {
                serializer.collect_map(fields.iter().map(|(key, value)| (key, within(value))))
            }
            Value::Object(fields) if depth == BLOCK && value["type"] == "tool_use" => {
                let raw = fields.get("id").and_then(Value::as_str);
                let raw = raw.and_then(|id| inputs.0.get(id));
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    match raw.filter(|_| key == "input") {
                        Some(raw) => map.serialize_entry(key, raw)?,
                        None => map.serialize_entry(key, value)?,
                    }
                }
                map.end()
            }
            value => value.serialize(serializer),
        }
    }
}

/// The inputs of a client's calls, in their order, as they stand in its body.
#[derive(Debug, Default)]
pub(super) struct Sent<'a>(VecDeque<&'a RawValue>);

impl<'a> Sent<'a> {
    /// Those of the body `json`.
    pub(super) fn of(json: &'a [u8]) -> Self {
        #[derive(serde::Deserialize)]
        struct Body<'a> {
            #[serde(borrow)]
            messages: Vec<Said<'a>>,
        }
        #[derive(serde::Deserialize)]
        struct Said<'a> {
            #[serde(borrow)]
            content: &'a RawValue,
        }
        #[derive(serde::Deserialize)]
        struct Block<'a> {
            #[serde(borrow)]
            input: &'a RawValue,
        }
        let Ok(body) = serde_json::from_slice::<Body<'_>>(json) else { return Self::default() };
        let mut inputs = VecDeque::new();
        for said in body.messages {
            let blocks: Vec<&RawValue> =
                serde_json::from_str(said.content.get()).unwrap_or_default();
            let calls = blocks.iter().filter_map(|block| serde_json::from_str(block.get()).ok());
            inputs.extend(calls.map(|block: Block<'_>| block.input));
        }
        Self(inputs)
    }

    /// `input`, the next of them, as text.
    pub(super) fn text(&mut self, input: &Value) -> String {
        while let Some(raw) = self.0.pop_front() {
            if serde_json::from_str::<Value>(raw.get()).is_ok_and(|sent| sent == *input) {
                return compact(raw.get());
            }
        }
        input.to_string()
    }
}

/// Whether `value` is written so.
fn writes(value: &Value, json: &str) -> bool {
    serde_json::to_string(value).is_ok_and(|written| written == json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const GREAT: &str = r#"{"b":12345678901234567890123,"a":1.10,"a":"x 1.10","e":1e400}"#;

    #[test]
    fn an_input_goes_out_as_the_model_wrote_it() {
        let block = |input| json!({"type": "tool_use", "id": "c", "name": "f", "input": input});
        let body = |input| json!({"messages": [{"role": "assistant", "content": [block(input)]}]});
        let mut inputs = Inputs::default();
        inputs.keep("c", GREAT, &json!({"_raw": GREAT}));
        inputs.keep("d", "{}", &json!({}));
        inputs.keep("e", "no object", &json!({"_raw": "no object"}));
        assert_eq!(inputs.0.len(), 1);
        let written = inputs.write(&body(json!({"_raw": GREAT}))).expect("json");
        let wanted = body(json!("HERE")).to_string().replace("\"HERE\"", GREAT);
        assert_eq!(String::from_utf8(written).expect("text"), wanted);
    }

    #[test]
    fn a_client_s_numbers_are_kept() {
        let body = r#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[
            {"type":"text","text":"t"},
            {"type":"tool_use","id":"a","name":"f","input":{ "n": 12345678901234567890123, "n": -0.0, "t": "a \u00e9\n\"1.10" }},
            {"type":"tool_use","id":"b","name":"f","input":{ "n": 7, "t": "12345678901234567890123" }}]}]}"#;
        let read: Value = serde_json::from_str(body).expect("json");
        let input = |at: usize| read["messages"][1]["content"][at]["input"].clone();
        let mut sent = Sent::of(body.as_bytes());
        assert_eq!(
            sent.text(&input(1)),
            r#"{"n":12345678901234567890123,"n":-0.0,"t":"a é\n\"1.10"}"#
        );
        assert_eq!(sent.text(&input(2)), input(2).to_string());
        assert_eq!(sent.text(&json!({"x": 1})), r#"{"x":1}"#);
        assert_eq!(Sent::of(b"[").text(&json!({})), "{}");
    }
}
