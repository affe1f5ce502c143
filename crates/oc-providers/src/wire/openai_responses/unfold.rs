//! A whole response as the events that its server would have streamed.

use oc_responses_stream::sse;

use crate::wire::relay::json::{Edits, Object, quoted};

/// The events that mean `document`; `None`: it is no whole response of the kind
/// that OpenAI's own servers give.
pub(super) fn unfold(document: &str) -> Option<Vec<sse::Frame>> {
    let response = Object::parse(document)?;
    let end = match response.text("status")?.as_ref() {
        "completed" => "response.completed",
        "incomplete" => "response.incomplete",
        _ => return None,
    };
    let mut begun = Edits::of(document);
    begun.set(&response, "status", "\"in_progress\"");
    begun.set(&response, "output", "[]");
    for key in ["completed_at", "incomplete_details", "usage"] {
        if !response.lacks(key) {
            begun.set(&response, key, "null");
        }
    }
    let begun = begun.made();
    let mut events = Unfolded(Vec::new());
    for name in ["response.created", "response.in_progress"] {
        events.push(name, &format!("\"response\":{begun}"));
    }
    for (index, item) in response.list("output")?.into_iter().enumerate() {
        events.item(index, item)?;
    }
    events.push(end, &format!("\"response\":{document}"));
    Some(events.0)
}

struct Unfolded(Vec<sse::Frame>);

/// How a part is told: its type, its text's key, and the words of its events.
struct Part {
    kind: &'static str,
    key: &'static str,
    part: &'static str,
    text: &'static str,
    index: &'static str,
}

const PARTS: [Part; 4] = [
    Part::of("output_text", "text", "content_part", "output_text", "content_index"),
    Part::of("refusal", "refusal", "content_part", "refusal", "content_index"),
    Part::of("reasoning_text", "text", "content_part", "reasoning_text", "content_index"),
    Part::of(
        "summary_text",
        "text",
        "reasoning_summary_part",
        "reasoning_summary_text",
        "summary_index",
    ),
];

impl Part {
    const fn of(
        kind: &'static str,
        key: &'static str,
        part: &'static str,
        text: &'static str,
        index: &'static str,
    ) -> Self {
        Self { kind, key, part, text, index }
    }
}

impl Unfolded {
    fn push(&mut self, name: &str, rest: &str) {
        let number = self.0.len();
        let data = format!("{{\"type\":\"{name}\",\"sequence_number\":{number},{rest}}}");
        self.0.push(sse::Frame::new(Some(name), data));
    }

    fn item(&mut self, index: usize, text: &str) -> Option<()> {
        let item = Object::parse(text)?;
        let place = format!("\"item_id\":{},\"output_index\":{index}", item.raw("id")?);
        let mut begun = Edits::of(text);
        if !item.lacks("status") {
            begun.set(&item, "status", "\"in_progress\"");
        }
        let kind = item.text("type")?;
        let parts = match kind.as_ref() {
            "message" => ["content"].as_slice(),
            "reasoning" => &["summary", "content"],
            "function_call" => {
                begun.set(&item, "arguments", "\"\"");
                &[]
            }
            _ => &[],
        };
        for key in parts.iter().filter(|key| !item.lacks(key)) {
            begun.set(&item, key, "[]");
        }
        let added = format!("\"output_index\":{index},\"item\":{}", begun.made());
        self.push("response.output_item.added", &added);
        for key in parts.iter().filter(|key| !item.lacks(key)) {
            for (number, part) in item.list(key)?.into_iter().enumerate() {
                self.part(&place, number, part)?;
            }
        }
        if kind == "function_call" {
            let arguments = item.raw("arguments").filter(|text| text.starts_with('"'))?;
            if arguments != "\"\"" {
                let delta = format!("{place},\"delta\":{arguments}");
                self.push("response.function_call_arguments.delta", &delta);
            }
            let done = format!("{place},\"arguments\":{arguments}");
            self.push("response.function_call_arguments.done", &done);
        }
        self.push(
            "response.output_item.done",
            &format!("\"output_index\":{index},\"item\":{text}"),
        );
        Some(())
    }

    fn part(&mut self, place: &str, number: usize, text: &str) -> Option<()> {
        let part = Object::parse(text)?;
        let kind = part.text("type")?;
        let Part { key, part: name, text: words, index, .. } =
            PARTS.iter().find(|part| part.kind == kind)?;
        let said = part.raw(key).filter(|said| said.starts_with('"'))?;
        let place = format!("{place},\"{index}\":{number}");
        let mut begun = Edits::of(text);
        begun.set(&part, key, "\"\"");
        for list in ["annotations", "logprobs"].iter().filter(|list| !part.lacks(list)) {
            begun.set(&part, list, "[]");
        }
        let added = format!("{place},\"part\":{}", begun.made());
        self.push(&format!("response.{name}.added"), &added);
        let is_text = *words == "output_text";
        let logprobs = part.raw("logprobs").filter(|_| is_text && !part.lacks("logprobs"));
        let logprobs = logprobs.map_or_else(String::new, |all| format!(",\"logprobs\":{all}"));
        if said != "\"\"" {
            let delta = format!("{place},\"delta\":{said}{logprobs}");
            self.push(&format!("response.{words}.delta"), &delta);
        }
        for (at, note) in part.list("annotations").unwrap_or_default().into_iter().enumerate() {
            let note = format!("{place},\"annotation_index\":{at},\"annotation\":{note}");
            self.push("response.output_text.annotation.added", &note);
        }
        let done = format!("{place},{}:{said}{logprobs}", quoted(key));
        self.push(&format!("response.{words}.done"), &done);
        self.push(&format!("response.{name}.done"), &format!("{place},\"part\":{text}"));
        Some(())
    }
}
