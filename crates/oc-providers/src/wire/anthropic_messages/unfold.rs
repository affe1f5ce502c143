//! A whole message as the events that its server would have streamed.

use oc_responses_stream::sse;

use crate::wire::relay::json::{Edits, Object, compact, quoted};

/// What stands in a message and, streamed, in the delta of `message_delta`.
const IN_THE_DELTA: [&str; 2] = ["stop_details", "container"];
/// The same, beside that delta.
const BESIDE_THE_DELTA: [&str; 1] = ["context_management"];

/// The events that mean `document`; `None`: it is no whole message.
pub(super) fn unfold(document: &str) -> Option<Vec<sse::Frame>> {
    let message = Object::parse(document)?;
    let reason = message.raw("stop_reason").filter(|reason| reason.starts_with('"'))?;
    let usage = message.raw("usage").filter(|usage| usage.starts_with('{'))?;
    if !message.is("type", "message") {
        return None;
    }
    let mut begun = Edits::of(document);
    begun.set(&message, "content", "[]");
    for key in ["stop_reason", "stop_sequence"].iter().chain(&IN_THE_DELTA).chain(&BESIDE_THE_DELTA)
    {
        if !message.lacks(key) {
            begun.set(&message, key, "null");
        }
    }
    let mut events = Unfolded(Vec::new());
    events.push("message_start", &format!("\"message\":{}", begun.made()));
    for (index, block) in message.list("content")?.into_iter().enumerate() {
        events.block(index, block)?;
    }
    let members = |keys: &[&str]| -> String {
        let present = keys.iter().filter_map(|key| Some((key, message.raw(key)?)));
        present.map(|(key, raw)| format!(",{}:{raw}", quoted(key))).collect()
    };
    let sequence = message.raw("stop_sequence").unwrap_or("null");
    events.push(
        "message_delta",
        &format!(
            "\"delta\":{{\"stop_reason\":{reason},\"stop_sequence\":{sequence}{}}},\"usage\":{usage}{}",
            members(&IN_THE_DELTA),
            members(&BESIDE_THE_DELTA)
        ),
    );
    events.0.push(sse::Frame::new(Some("message_stop"), "{\"type\":\"message_stop\"}"));
    Some(events.0)
}

struct Unfolded(Vec<sse::Frame>);

impl Unfolded {
    fn push(&mut self, name: &str, rest: &str) {
        let data = format!("{{\"type\":\"{name}\",{rest}}}");
        self.0.push(sse::Frame::new(Some(name), data));
    }

    fn delta(&mut self, index: usize, kind: &str, key: &str, raw: &str) {
        let delta = format!("\"index\":{index},\"delta\":{{\"type\":\"{kind}\",\"{key}\":{raw}}}");
        self.push("content_block_delta", &delta);
    }

    fn block(&mut self, index: usize, text: &str) -> Option<()> {
        let block = Object::parse(text)?;
        let mut begun = Edits::of(text);
        let mut pieces = Vec::new();
        let mut piece = |key, kind| {
            let raw = block.raw(key).filter(|raw| raw.starts_with('"') && *raw != "\"\"");
            if let Some(raw) = raw {
                begun.set(&block, key, "\"\"");
                pieces.push((kind, key, raw.to_owned()));
            }
        };
        match block.text("type")?.as_ref() {
            "text" => {
                piece("text", "text_delta");
                let citations = block.list("citations").unwrap_or_default();
                if !citations.is_empty() {
                    begun.set(&block, "citations", "[]");
                }
                let told = |it: &str| ("citations_delta", "citation", it.to_owned());
                pieces.extend(citations.into_iter().map(told));
            }
            "thinking" => {
                piece("thinking", "thinking_delta");
                piece("signature", "signature_delta");
            }
            "tool_use" => {
                let input = block.raw("input").filter(|input| input.starts_with('{'))?;
                begun.set(&block, "input", "{}");
                let input = compact(input);
                if input != "{}" {
                    pieces.push(("input_json_delta", "partial_json", quoted(&input)));
                }
            }
            _ => {}
        }
        let start = format!("\"index\":{index},\"content_block\":{}", begun.made());
        self.push("content_block_start", &start);
        for (kind, key, raw) in pieces {
            self.delta(index, kind, key, &raw);
        }
        self.push("content_block_stop", &format!("\"index\":{index}"));
        Some(())
    }
}
