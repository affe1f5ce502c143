//! Messages events that pass as they are.
//!
//! | event | on its way |
//! |---|---|
//! | `message_start` | `id` and `model` are ours |
//! | a thinking block | ends in one `signature_delta`, the upstream's seal in our envelope; `redacted_thinking` likewise |
//! | `message_delta` | `stop_reason` as the end was judged, in the host's word where it says more, or what nobody here knows; our `metadata`; counts where they are missing |
//! | `ping` | left out: the gateway has its own |
//! | everything else, server tools and their results among it | as it is |
//!
//! It deviates by blocks that are not numbered in order, or not open one at a
//! time, by deltas of another kind than their block's, and by a message whose
//! stops are missing.

use std::collections::VecDeque;

use oc_responses_stream::{Delta, sse};
use serde_json::{Map, Value, json};

use super::NO_SIGNATURE;
use super::render::beside::{DELTA, MESSAGE, MESSAGE_DELTA, MESSAGE_STOP};
use super::render::{RenderOptions, Renderer, answer};
use crate::endpoint::Api;
use crate::wire::relay::json::{Edits, Object};
use crate::wire::relay::{
    Beside, Ending, Events, Fields, Gathered, Passage, Verdict, is_progress, members, update,
};

/// What is known of the events that passed.
#[derive(Clone, Debug)]
pub(in crate::wire) struct Blocks {
    id: String,
    model: String,
    started: bool,
    /// The number of the next block.
    next: u64,
    open: Option<Kind>,
    /// The citations of the block that is open.
    cited: usize,
    called: bool,
    /// `message_delta` was seen.
    stopped: bool,
    ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Redacted,
    /// A call that the client runs.
    ToolUse,
    /// A block that the server runs, or of a type that is not known.
    Other,
}

impl Blocks {
    pub(in crate::wire) fn new(options: &RenderOptions) -> Self {
        Self {
            id: json!(options.id).to_string(),
            model: json!(options.model).to_string(),
            started: false,
            next: 0,
            open: None,
            cited: 0,
            called: false,
            stopped: false,
            ended: false,
        }
    }

    /// `None`: it deviates.
    fn judged(
        &mut self,
        event: &Object<'_>,
        text: &str,
        came: &[Delta],
        ending: Option<&Ending<'_>>,
    ) -> Option<Verdict> {
        let kind = event.text("type")?;
        if self.ended || is_progress(&kind) {
            return Some(Verdict::Pass(Vec::new()));
        }
        let speaks = matches!(kind.as_ref(), "content_block_start" | "content_block_delta");
        let says = |delta: &Delta| {
            matches!(delta, Delta::Text(_) | Delta::Refusal(_) | Delta::Reasoning(_))
        };
        if !speaks && came.iter().any(says) {
            // A refusal without words is told in ours.
            return None;
        }
        let mut edits = Edits::of(text);
        let mut before = None;
        match kind.as_ref() {
            "ping" => return Some(Verdict::Pass(Vec::new())),
            "message_start" if self.started => return Some(Verdict::Pass(Vec::new())),
            "message_start" => {
                let message = event.object("message")?;
                if !message.is_empty_list("content")
                    || !message.is("role", "assistant")
                    || message.object("usage").is_none()
                {
                    return None;
                }
                edits.set(&message, "id", &self.id);
                edits.set(&message, "model", &self.model);
                edits.supply(&message, "type", "\"message\"");
                self.started = true;
            }
            _ if !self.started => return None,
            "content_block_start" => self.start(event, came, &mut edits)?,
            "content_block_delta" => {
                let delta = event.object("delta")?;
                let open = self.open.filter(|_| self.is_open(event))?;
                match (delta.text("type")?.as_ref(), open) {
                    // Our own follows, at the block's end.
                    ("signature_delta", Kind::Thinking) => return Some(Verdict::Pass(Vec::new())),
                    ("text_delta", Kind::Text) => self.says(&delta, "text", came)?,
                    ("thinking_delta", Kind::Thinking) => self.says(&delta, "thinking", came)?,
                    ("citations_delta", Kind::Text) => self.cited += 1,
                    (_, Kind::Other) => {}
                    ("input_json_delta", Kind::ToolUse) => {
                        delta.text("partial_json")?;
                    }
                    _ => return None,
                }
            }
            "content_block_stop" => {
                let open = self.open.filter(|_| self.is_open(event))?;
                if open == Kind::Thinking {
                    let sealed = came.iter().find_map(envelope);
                    let signature = sealed.unwrap_or_else(|| NO_SIGNATURE.to_owned());
                    let signed = json!({"type": "content_block_delta", "index": self.next.saturating_sub(1),
                        "delta": {"type": "signature_delta", "signature": signature}});
                    before = Some(("content_block_delta".to_owned(), signed.to_string()));
                }
                self.open = None;
            }
            "message_delta" => {
                let Some(ending) = ending else { return Some(Verdict::Wait) };
                self.stop(event, ending, &mut edits)?;
            }
            "message_stop" if self.stopped => self.ended = true,
            "message_stop" | "error" => return None,
            _ => {}
        }
        let passed = (kind.into_owned(), edits.made());
        Some(Verdict::Pass(before.into_iter().chain([passed]).collect()))
    }

    fn start<'a>(
        &mut self,
        event: &Object<'a>,
        came: &[Delta],
        edits: &mut Edits<'a>,
    ) -> Option<()> {
        if self.open.is_some() || self.stopped || event.count("index") != Some(self.next) {
            return None;
        }
        let block = event.object("content_block")?;
        let kind = match block.text("type")?.as_ref() {
            "text" => {
                self.says(&block, "text", came)?;
                self.cited = block.list("citations").map_or(0, |citations| citations.len());
                Kind::Text
            }
            "thinking" => {
                self.says(&block, "thinking", came)?;
                // The seal is at the end of the block.
                edits.set(&block, "signature", "\"\"");
                Kind::Thinking
            }
            "redacted_thinking" => {
                let sealed = came.iter().find_map(envelope)?;
                edits.set(&block, "data", &json!(sealed).to_string());
                Kind::Redacted
            }
            "tool_use" => {
                let named = |key| block.text(key).is_some_and(|text| !text.is_empty());
                // An input that is there already has deltas nowhere.
                if !named("id") || !named("name") || block.raw("input")? != "{}" {
                    return None;
                }
                self.called = true;
                Kind::ToolUse
            }
            _ => Kind::Other,
        };
        self.open = Some(kind);
        self.next += 1;
        Some(())
    }

    /// Whether the event is about the block that is open.
    fn is_open(&self, event: &Object<'_>) -> bool {
        event.count("index").is_some_and(|index| Some(index) == self.next.checked_sub(1))
    }

    /// The text that the event has must be what came of it.
    fn says(&mut self, object: &Object<'_>, key: &str, came: &[Delta]) -> Option<()> {
        let mut text = String::new();
        for delta in came {
            match (delta, key) {
                (Delta::Text(piece), "text") => text.push_str(&piece.text),
                (Delta::Reasoning(piece), "thinking") => text.push_str(&piece.text),
                _ => {}
            }
        }
        (object.text(key)? == text).then_some(())
    }

    fn stop<'a>(
        &mut self,
        event: &Object<'a>,
        ending: &Ending<'_>,
        edits: &mut Edits<'a>,
    ) -> Option<()> {
        let delta = event.object("delta")?;
        if self.open.is_some() || self.stopped {
            return None;
        }
        self.stopped = true;
        let sequence = !delta.lacks("stop_sequence");
        let reason = &ending.finish.reason;
        let stays = |theirs: &str| answer::says_more(reason, theirs);
        let stays = delta.text("stop_reason").is_some_and(|theirs| stays(&theirs));
        let reason = answer::stop_reason(reason, self.called, false, sequence);
        if !stays && !delta.is("stop_reason", reason) {
            edits.set(&delta, "stop_reason", &json!(reason).to_string());
        }
        edits.supply(&delta, "stop_sequence", "null");
        match event.object("usage") {
            None => {
                let usage = answer::usage(&ending.usage.copied().unwrap_or_default());
                edits.set(event, "usage", &usage.to_string());
            }
            Some(usage) => edits.supply(&usage, "output_tokens", "0"),
        }
        if !ending.metadata.is_empty() {
            edits.set(event, "metadata", &json!(ending.metadata).to_string());
        }
        Some(())
    }
}

/// A seal, in the envelope in which it finds back to its maker.
fn envelope(delta: &Delta) -> Option<String> {
    let Delta::Seal(sealed) = delta else { return None };
    sealed.value.as_str().filter(|value| !value.is_empty()).map(str::to_owned)
}

impl Passage for Blocks {
    type Renderer = Renderer;

    const API: Api = Api::AnthropicMessages;

    fn event(
        &mut self,
        event: &Object<'_>,
        text: &str,
        came: &[Delta],
        ending: Option<&Ending<'_>>,
    ) -> Verdict {
        self.judged(event, text, came, ending).unwrap_or(Verdict::Deviates)
    }

    fn end(&mut self, _ending: &Ending<'_>) -> Option<Events> {
        self.ended.then(Vec::new)
    }

    fn may_stop(&self) -> bool {
        self.ended || (self.open != Some(Kind::ToolUse) && !self.stopped)
    }

    fn waits(frame: &sse::Frame) -> bool {
        let Some(event) = Object::parse(frame.data()) else { return true };
        let server_runs = || event.object("content_block").is_some_and(|it| is_unknown(&it));
        match event.text("type").as_deref() {
            Some("content_block_start") => !server_runs(),
            Some("content_block_stop" | "message_delta" | "message_stop" | "ping") | None => true,
            Some(_) => false,
        }
    }

    fn hand_over(&self, renderer: &mut Renderer, out: &mut VecDeque<Vec<u8>>) {
        let goes_on = matches!(self.open, Some(Kind::Text | Kind::Thinking));
        let goes_on = renderer.go_on(self.next, goes_on, self.cited);
        if self.open.is_some() && !goes_on {
            let stop = json!({"type": "content_block_stop", "index": self.next.saturating_sub(1)});
            let mut bytes = Vec::new();
            sse::encode("content_block_stop", &stop.to_string(), &mut bytes);
            out.push_back(bytes);
        }
    }

    fn note(beside: &mut Beside, event: &Object<'_>) {
        let index = event.count("index").unwrap_or_default();
        match event.text("type").as_deref() {
            Some("message_start") => {
                let message = event.object("message");
                let fields = message.map(|message| members(&message, &["content"]));
                update(beside.of(MESSAGE), fields.unwrap_or_default());
            }
            Some("message_delta") => {
                update(beside.of(MESSAGE_DELTA), members(event, &["type", "delta"]));
                let fields = event.object("delta").map(|delta| members(&delta, &[]));
                let of = beside.of(DELTA);
                update(of, fields.unwrap_or_default());
                // Why the model declined was told in words.
                if let Some(Value::Object(details)) = of.get_mut("stop_details") {
                    details.insert("explanation".to_owned(), Value::Null);
                }
                beside.parts.extend(beside.open.take().map(|(_, block)| whole(block)));
            }
            Some("message_stop") => update(beside.of(MESSAGE_STOP), members(event, &["type"])),
            Some("content_block_start") => {
                beside.parts.extend(beside.open.take().map(|(_, block)| whole(block)));
                let block = event.object("content_block").filter(is_unknown);
                beside.open = block.map(|block| (index, members(&block, &[])));
            }
            Some("content_block_delta") => {
                let open = beside.open.as_mut().filter(|(number, _)| *number == index);
                if let (Some((_, block)), Some(delta)) = (open, event.object("delta")) {
                    append(block, members(&delta, &[]));
                }
            }
            Some("content_block_stop") => {
                let over = beside.open.take_if(|(number, _)| *number == index);
                beside.parts.extend(over.map(|(_, block)| whole(block)));
            }
            _ => {}
        }
    }

    fn supply(renderer: &mut Renderer, fields: &Fields) {
        renderer.set_beside(fields);
    }

    fn insert(renderer: &mut Renderer, part: Value) {
        if let Value::Object(block) = part {
            renderer.insert(block);
        }
    }

    fn gather(&self, gathered: &mut Gathered, written: &str) {
        let Ok(Value::Object(mut event)) = serde_json::from_str::<Value>(written) else { return };
        let kind = event.shift_remove("type");
        let Gathered(all) = gathered;
        match kind.as_ref().and_then(Value::as_str).unwrap_or_default() {
            "message_start" => {
                if let Some(Value::Object(message)) = event.shift_remove("message") {
                    all.extend(message);
                }
            }
            "content_block_start" => {
                let block = event.shift_remove("content_block").unwrap_or_default();
                if let Some(Value::Array(content)) = all.get_mut("content") {
                    content.push(block);
                }
            }
            "content_block_delta" => {
                let content = all.get_mut("content").and_then(Value::as_array_mut);
                let block = content.and_then(|content| content.last_mut()?.as_object_mut());
                if let (Some(block), Some(Value::Object(delta))) =
                    (block, event.shift_remove("delta"))
                {
                    append(block, delta);
                }
            }
            "content_block_stop" => {
                let content = all.get_mut("content").and_then(Value::as_array_mut);
                if let Some(block) = content.and_then(|content| content.last_mut()) {
                    *block = whole(block.as_object().cloned().unwrap_or_default());
                }
            }
            "message_delta" => {
                if let Some(Value::Object(delta)) = event.shift_remove("delta") {
                    all.extend(delta);
                }
                let usage = event.shift_remove("usage");
                all.extend(event);
                if let (Some(Value::Object(all)), Some(Value::Object(usage))) =
                    (all.get_mut("usage"), usage)
                {
                    all.extend(usage.into_iter().filter(|(_, count)| !count.is_null()));
                }
            }
            _ => {}
        }
    }

    fn document(&self, rendered: Value, gathered: &Gathered) -> Value {
        match &gathered.0 {
            nothing if nothing.is_empty() => rendered,
            message => Value::Object(message.clone()),
        }
    }
}

/// Whether it is a block that no delta says: of a server's own tools, or of a type
/// that is not known.
fn is_unknown(block: &Object<'_>) -> bool {
    block.text("type").is_some_and(|kind| {
        !matches!(kind.as_ref(), "" | "text" | "thinking" | "redacted_thinking" | "tool_use")
    })
}

/// Where the pieces of an input are kept until they are whole.
const PIECES: &str = "\0input";

/// A block that is over, with its input in one piece.
fn whole(mut block: Map<String, Value>) -> Value {
    if let Some(Value::String(input)) = block.shift_remove(PIECES) {
        let input = serde_json::from_str(&input).unwrap_or_else(|_| json!({}));
        block.insert("input".to_owned(), input);
    }
    Value::Object(block)
}

fn append(block: &mut Map<String, Value>, delta: Map<String, Value>) {
    let kind = delta.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (key, new) in delta {
        let key = match (key.as_str(), kind.as_str()) {
            ("type", _) => continue,
            ("partial_json", _) => PIECES.to_owned(),
            ("citation", "citations_delta") => "citations".to_owned(),
            _ => key,
        };
        match (block.get_mut(&key), new) {
            (Some(Value::String(text)), Value::String(new)) => text.push_str(&new),
            (Some(Value::Array(list)), new) if key == "citations" => list.push(new),
            (_, new) if key == "citations" => {
                block.insert(key, json!([new]));
            }
            (_, new) => {
                block.insert(key, new);
            }
        }
    }
}
