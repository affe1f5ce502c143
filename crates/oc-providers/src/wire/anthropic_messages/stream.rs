//! Messages events to deltas.
//!
//! Strict where it must be (no invented end), tolerant of what real servers
//! do: llama-server opens a block before it closes the one before and closes
//! all of them at the end, sends thinking unasked with an empty signature and
//! repeats `message_start`; vLLM orders keys as it likes; LiteLLM opens every answer
//! as text and sends thinking into it. A delta is what its own type says, in whichever
//! block it comes: one of another kind opens an item of its own.
//!
//! | event | delta |
//! |---|---|
//! | `message_start` | `Started` (the first; later ones only update usage) |
//! | `content_block_start` | opens a slot; `ToolCallStart` for `tool_use` |
//! | `text_delta`, `thinking_delta`, `input_json_delta` | `Text`, `Reasoning`, `ToolCallArguments` |
//! | `citations_delta` | `Annotation`, when its block is over: a page on the web or a file, any other for this wire alone |
//! | `signature_delta`, `redacted_thinking` | `Seal`: the whole block, to be handed back verbatim |
//! | `content_block_stop` | `ToolCallEnd`, `ItemEnd` |
//! | `message_delta` | kept: stop reason, cumulative usage |
//! | `message_stop` | after a stop reason `Usage`, `Finish` (without one the answer is cut); before them `Refusal`, where the stop reason is one; after text it is the work of a filter |
//! | `ping` | `Alive` |
//! | `error`, or any object with `error` | `Error` |
//! | blocks that the server runs itself | nothing (this crate asks for none) |

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use oc_responses_stream::{
    AnnotationDelta, Delta, Finish, FinishReason, FrameVerdict, Interpret, ItemEnd, ItemStatus,
    ReasoningDelta, ResponseId, Seal, Slot, Started, StreamError, TextDelta, ToolCallArguments,
    ToolCallEnd, ToolCallStart, Usage, sse,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::citations;
use super::events::{DeltaJson, Event, Message, Said, UsageJson};
use crate::endpoint::Api;
use crate::wire::error_body;
use crate::wire::relay::json::{Object, compact};
use crate::wire::surrogates::Surrogates;

/// Reads a Messages stream. See the module's table.
///
/// Pure; usually driven by [`oc_responses_stream::Parser`].
#[derive(Debug, Default)]
pub struct MessagesInterpreter {
    started: bool,
    /// What is open under each index: its block, or a call and what was said into it.
    blocks: BTreeMap<u64, Vec<Block>>,
    next_slot: u32,
    usage: Tokens,
    stop: Option<Stop>,
    /// Text came.
    spoke: bool,
    /// A call came.
    called: bool,
    surrogates: Surrogates,
    ended: bool,
}

#[derive(Debug)]
struct Block {
    slot: Slot,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Text {
        chars: usize,
        citations: Vec<Value>,
    },
    Thinking {
        text: String,
        signature: String,
        sealed: bool,
    },
    Redacted,
    ToolUse {
        input: Option<String>,
        pieces: bool,
    },
    /// Run by the server; nothing of ours.
    Foreign,
}

#[derive(Debug)]
struct Stop {
    reason: FinishReason,
    sequence: Option<String>,
    /// Why the model declined, in words.
    explanation: Option<String>,
}

/// The counts of this wire, each the latest that was sent: they are cumulative.
#[derive(Debug, Default)]
struct Tokens {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
}

impl MessagesInterpreter {
    /// For one answer.
    pub fn new() -> Self {
        Self::default()
    }

    fn event(&mut self, event: Event<'_>, out: &mut VecDeque<Delta>) -> FrameVerdict {
        if let Some(error) = &event.error {
            self.ended = true;
            out.push_back(Delta::Error(error_body::of_value(&json!({"error": error}))));
            return FrameVerdict::Known;
        }
        match event.kind.as_ref() {
            "message_start" => self.message_start(event.message.unwrap_or_default(), out),
            "content_block_start" => {
                return self.block_start(event.index, event.content_block.map(RawValue::get), out);
            }
            "content_block_delta" => return self.block_delta(event.index, event.delta, out),
            "content_block_stop" => self.block_stop(event.index.unwrap_or(0), out),
            "message_delta" => self.message_delta(event.delta, event.usage),
            "message_stop" => return self.message_stop(out),
            "ping" => out.push_back(Delta::Alive),
            "error" => {
                // Without the object that says what: still a failure.
                self.ended = true;
                out.push_back(Delta::Error(error_body::of_value(&Value::Null)));
            }
            _ => return FrameVerdict::Unknown,
        }
        FrameVerdict::Known
    }

    fn message_start(&mut self, message: Message<'_>, out: &mut VecDeque<Delta>) {
        self.usage.update(message.usage.unwrap_or_default());
        if self.started {
            return;
        }
        self.started = true;
        let id = message.id.map(|id| ResponseId::new(id.into_owned()));
        let model = message.model.map(Cow::into_owned);
        out.push_back(Delta::Started(Started::new(id, model, None)));
    }

    fn block_start(
        &mut self,
        index: Option<u64>,
        block: Option<&str>,
        out: &mut VecDeque<Delta>,
    ) -> FrameVerdict {
        let Some(block) = block else { return FrameVerdict::Corrupt };
        let Some(json) = Object::parse(block) else { return FrameVerdict::Corrupt };
        // The last thinking is over when the next block begins, whether its
        // stop was sent yet or not.
        self.seal_thinking(out);
        let index = index.unwrap_or_else(|| self.next_index());
        if self.blocks.contains_key(&index) {
            self.block_stop(index, out);
        }
        let text = |key: &str| json.text(key).unwrap_or_default();
        let slot = self.take_slot();
        let kind = match text("type").as_ref() {
            "text" => {
                let said = text("text");
                let chars = said.chars().count();
                if !said.is_empty() {
                    self.spoke = true;
                    out.push_back(Delta::Text(TextDelta::new(slot, said)));
                }
                let citations = json.list("citations").unwrap_or_default();
                let citations = citations.iter().filter_map(|it| serde_json::from_str(it).ok());
                Kind::Text { chars, citations: citations.collect() }
            }
            "thinking" => {
                if !text("thinking").is_empty() {
                    out.push_back(Delta::Reasoning(ReasoningDelta::raw(slot, text("thinking"))));
                }
                Kind::Thinking {
                    text: text("thinking").into_owned(),
                    signature: text("signature").into_owned(),
                    sealed: false,
                }
            }
            "redacted_thinking" => {
                out.extend(serde_json::from_str(block).ok().map(|block| seal(slot, block)));
                Kind::Redacted
            }
            "tool_use" => {
                out.push_back(Delta::ToolCallStart(ToolCallStart::new(
                    slot,
                    text("id").as_ref(),
                    text("name"),
                )));
                self.called = true;
                Kind::ToolUse { input: json.raw("input").and_then(input), pieces: false }
            }
            "" => return FrameVerdict::Corrupt,
            _ => Kind::Foreign,
        };
        self.blocks.insert(index, vec![Block { slot, kind }]);
        FrameVerdict::Known
    }

    fn block_delta(
        &mut self,
        index: Option<u64>,
        delta: Option<DeltaJson<'_>>,
        out: &mut VecDeque<Delta>,
    ) -> FrameVerdict {
        let Some(delta) = delta else { return FrameVerdict::Corrupt };
        let index = index.unwrap_or_else(|| self.next_index().saturating_sub(1));
        let mut says_nothing = true;
        for said in delta.said() {
            says_nothing = false;
            if matches!(said, Said::Input(_)) && !self.blocks.contains_key(&index) {
                // Of a call that was never announced nobody knows the name.
                return FrameVerdict::Corrupt;
            }
            self.hear(index, said, out);
        }
        if says_nothing && !self.blocks.contains_key(&index) {
            return FrameVerdict::Corrupt;
        }
        FrameVerdict::Known
    }

    /// Gives what was said to the block under `index` or, where that one is of another
    /// kind or was never announced, to one that is opened for it.
    fn hear(&mut self, index: u64, said: Said<'_>, out: &mut VecDeque<Delta>) {
        let started = self.blocks.contains_key(&index);
        let mut open = self.blocks.get_mut(&index).into_iter().flatten();
        if let Some(block) = open.rfind(|block| block.kind.takes(&said)) {
            self.spoke |= !said.is_empty() && matches!(block.kind, Kind::Text { .. });
            return block.hear(said, out);
        }
        // A signature that comes when its thinking is over signs nothing else.
        if said.is_empty() || (started && matches!(said, Said::Signature(_))) {
            return;
        }
        if started
            && matches!(said, Said::Input(_))
            && let Some(call) = self.last_call()
        {
            return call.hear(said, out);
        }
        self.seal_thinking(out);
        let slot = self.take_slot();
        let kind = match said {
            Said::Text(_) | Said::Citation(_) => Kind::Text { chars: 0, citations: Vec::new() },
            Said::Thinking(_) | Said::Signature(_) => {
                Kind::Thinking { text: String::new(), signature: String::new(), sealed: false }
            }
            Said::Input(_) => {
                // Nobody knows its name: whoever takes calls whole says that it is broken.
                out.push_back(Delta::ToolCallStart(ToolCallStart::new(slot, "", "")));
                self.called = true;
                Kind::ToolUse { input: None, pieces: false }
            }
        };
        self.spoke |= matches!(said, Said::Text(_));
        let open = self.blocks.entry(index).or_default();
        // A call may go on: text in the midst of it does not end it.
        let over = open.extract_if(.., |block| !matches!(block.kind, Kind::ToolUse { .. }));
        over.for_each(|block| close(block, ItemStatus::Completed, out));
        let mut block = Block { slot, kind };
        block.hear(said, out);
        open.push(block);
    }

    /// The call that was opened last, of those that are open.
    fn last_call(&mut self) -> Option<&mut Block> {
        let open = self.blocks.values_mut().flatten();
        let calls = open.filter(|block| matches!(block.kind, Kind::ToolUse { .. }));
        calls.max_by_key(|block| block.slot)
    }

    fn block_stop(&mut self, index: u64, out: &mut VecDeque<Delta>) {
        for block in self.blocks.remove(&index).unwrap_or_default() {
            close(block, ItemStatus::Completed, out);
        }
    }

    fn message_delta(&mut self, delta: Option<DeltaJson<'_>>, usage: Option<UsageJson>) {
        self.usage.update(usage.unwrap_or_default());
        let Some(delta) = delta else { return };
        // A limit stays: what it cut is not whole because a later word says so.
        let limited = self.stop.as_ref().is_some_and(|stop| stop.reason == FinishReason::Length);
        if let Some(word) = delta.stop_reason.filter(|_| !limited) {
            self.stop = Some(Stop {
                reason: finish_reason(&word),
                sequence: delta.stop_sequence.map(Cow::into_owned),
                explanation: delta.stop_details.and_then(explanation),
            });
        }
    }

    /// The end. Relays write one when they lose their upstream: without a reason the
    /// answer is as cut as one that ends without it.
    fn message_stop(&mut self, out: &mut VecDeque<Delta>) -> FrameVerdict {
        let Some(mut stop) = self.stop.take() else { return FrameVerdict::End };
        self.ended = true;
        if stop.reason == FinishReason::Refusal && stop.explanation.is_none() && self.spoke {
            // What was said is no refusal but an answer that a filter cut: for
            // clients that look for words, `refusal` alone would pass for whole.
            stop.reason = FinishReason::ContentFilter;
        }
        if self.called && matches!(stop.reason, FinishReason::Other(_)) {
            // Whatever the word is: an agent waits for its calls.
            stop.reason = FinishReason::ToolCalls;
        }
        let status = match stop.reason {
            FinishReason::Length | FinishReason::ContentFilter => ItemStatus::Incomplete,
            _ => ItemStatus::Completed,
        };
        for block in std::mem::take(&mut self.blocks).into_values().flatten() {
            close(block, status, out);
        }
        if stop.reason == FinishReason::Refusal {
            self.refusal(stop.explanation, out);
        }
        if let Some(usage) = self.usage.canonical() {
            out.push_back(Delta::Usage(usage));
        }
        let mut finish = Finish::new(stop.reason);
        finish.stop_sequence = stop.sequence;
        out.push_back(Delta::Finish(finish));
        FrameVerdict::Known
    }

    /// This wire tells of a refusal by its stop reason; clients of others look
    /// for words.
    fn refusal(&mut self, explanation: Option<String>, out: &mut VecDeque<Delta>) {
        let words = explanation.unwrap_or_else(|| "The model declined to answer.".to_owned());
        let slot = self.take_slot();
        out.push_back(Delta::Refusal(TextDelta::new(slot, words)));
        out.push_back(Delta::ItemEnd(ItemEnd::new(slot, ItemStatus::Completed)));
    }

    fn seal_thinking(&mut self, out: &mut VecDeque<Delta>) {
        for block in self.blocks.values_mut().flatten() {
            if let Kind::Thinking { text, signature, sealed: sealed @ false } = &mut block.kind
                && !(text.is_empty() && signature.is_empty())
            {
                *sealed = true;
                out.push_back(thinking_seal(block.slot, text, signature));
            }
        }
    }

    fn next_index(&self) -> u64 {
        self.blocks.keys().next_back().map_or(0, |last| last.saturating_add(1))
    }

    fn take_slot(&mut self) -> Slot {
        let slot = Slot(self.next_slot);
        self.next_slot = self.next_slot.saturating_add(1);
        slot
    }
}

impl Kind {
    fn takes(&self, said: &Said<'_>) -> bool {
        match self {
            Self::Text { .. } => matches!(said, Said::Text(_) | Said::Citation(_)),
            Self::Thinking { .. } => matches!(said, Said::Thinking(_) | Said::Signature(_)),
            Self::ToolUse { .. } => matches!(said, Said::Input(_)),
            Self::Redacted => false,
            Self::Foreign => true,
        }
    }
}

impl Block {
    /// Hears what its kind takes; anything else is nothing to it.
    fn hear(&mut self, said: Said<'_>, out: &mut VecDeque<Delta>) {
        let slot = self.slot;
        match (&mut self.kind, said) {
            (Kind::Text { chars, .. }, Said::Text(text)) => {
                *chars = chars.saturating_add(text.chars().count());
                out.push_back(Delta::Text(TextDelta::new(slot, text)));
            }
            (Kind::Text { citations, .. }, Said::Citation(citation)) => citations.push(citation),
            (Kind::Thinking { text, .. }, Said::Thinking(piece)) => {
                text.push_str(&piece);
                out.push_back(Delta::Reasoning(ReasoningDelta::raw(slot, piece)));
            }
            (Kind::Thinking { signature, sealed, .. }, Said::Signature(piece)) => {
                signature.push_str(&piece);
                *sealed &= piece.is_empty();
            }
            (Kind::ToolUse { pieces, .. }, Said::Input(piece)) if !piece.is_empty() => {
                *pieces = true;
                out.push_back(Delta::ToolCallArguments(ToolCallArguments::new(slot, piece)));
            }
            _ => {}
        }
    }
}

fn close(block: Block, status: ItemStatus, out: &mut VecDeque<Delta>) {
    let slot = block.slot;
    match block.kind {
        Kind::Text { chars, citations } => {
            out.extend(citations.into_iter().map(|citation| {
                let flat = citations::from_messages(&citation, chars).unwrap_or_default();
                let api = Api::AnthropicMessages.as_str();
                Delta::Annotation(AnnotationDelta::new(slot, 0, flat).as_sent(api, citation))
            }));
        }
        Kind::Redacted => {}
        Kind::Thinking { text, signature, sealed } => {
            let is_empty = text.is_empty() && signature.is_empty();
            if !(sealed || is_empty) {
                out.push_back(thinking_seal(slot, &text, &signature));
            }
        }
        Kind::ToolUse { input, pieces } => {
            // An input that came whole in the start counts only where no
            // pieces followed: with pieces it is the empty placeholder.
            let whole = (!pieces).then(|| input.unwrap_or_else(|| "{}".to_owned()));
            out.push_back(Delta::ToolCallEnd(ToolCallEnd::new(slot, whole)));
        }
        Kind::Foreign => return,
    }
    out.push_back(Delta::ItemEnd(ItemEnd::new(slot, status)));
}

/// The arguments that an `input` stands for: an object, or text that holds one, as
/// relays hand on Chat's. What is neither makes a broken call, not one without arguments.
fn input(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'n' => None,
        b'"' => serde_json::from_str(raw).ok(),
        _ => Some(compact(raw)),
    }
}

fn thinking_seal(slot: Slot, text: &str, signature: &str) -> Delta {
    seal(slot, json!({"type": "thinking", "thinking": text, "signature": signature}))
}

fn seal(slot: Slot, block: Value) -> Delta {
    Delta::Seal(Seal::new(slot, Api::AnthropicMessages.as_str(), block))
}

/// `{"type": "refusal", "category": "cyber", "explanation": "…"}`; of no other
/// shape that is known.
fn explanation(details: Value) -> Option<String> {
    let words = details.get("explanation")?.as_str()?.trim();
    (!words.is_empty()).then(|| words.to_owned())
}

/// What a `stop_reason` says.
pub(super) fn finish_reason(word: &str) -> FinishReason {
    match word {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "tool_use" => FinishReason::ToolCalls,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "pause_turn" => FinishReason::Pause,
        "refusal" => FinishReason::Refusal,
        other => FinishReason::Other(other.to_owned()),
    }
}

impl Tokens {
    fn update(&mut self, usage: UsageJson) {
        let details = usage.output_tokens_details.unwrap_or_default();
        for (kept, sent) in [
            (&mut self.input, usage.input_tokens),
            (&mut self.cache_read, usage.cache_read_input_tokens),
            (&mut self.cache_write, usage.cache_creation_input_tokens),
            (&mut self.output, usage.output_tokens),
            (&mut self.thinking, details.thinking_tokens),
        ] {
            *kept = sent.or(*kept);
        }
    }

    /// The Responses API's counts: there input includes what came from a cache.
    fn canonical(&self) -> Option<Usage> {
        if self.input.is_none() && self.output.is_none() {
            return None;
        }
        let count = |tokens: Option<u64>| tokens.unwrap_or(0);
        let mut usage = Usage::default();
        usage.cached_tokens = count(self.cache_read);
        usage.cache_write_tokens = count(self.cache_write);
        usage.input_tokens = count(self.input)
            .saturating_add(usage.cached_tokens)
            .saturating_add(usage.cache_write_tokens);
        usage.output_tokens = count(self.output);
        usage.reasoning_tokens = count(self.thinking);
        usage.total_tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        Some(usage)
    }
}

impl Interpret for MessagesInterpreter {
    fn frame(&mut self, frame: &sse::Frame, out: &mut VecDeque<Delta>) -> FrameVerdict {
        if frame.is_done_mark() {
            return FrameVerdict::End;
        }
        let data = self.surrogates.mend(frame.data());
        match serde_json::from_str::<Event<'_>>(&data) {
            Ok(mut event) => {
                if event.kind.is_empty()
                    && let Some(name) = frame.event()
                {
                    event.kind = Cow::Borrowed(name);
                }
                self.event(event, out)
            }
            Err(_) if data.trim_start().starts_with('{') => FrameVerdict::Corrupt,
            Err(_) => FrameVerdict::Unknown,
        }
    }

    fn body(&mut self, json: &[u8], out: &mut VecDeque<Delta>) -> Result<(), StreamError> {
        let text = String::from_utf8_lossy(json);
        let text = self.surrogates.mend(&text);
        let document = Object::parse(text.trim())
            .ok_or_else(|| StreamError::not_a_stream("body is neither events nor json"))?;
        let says = |key| !document.lacks(key);
        // A gateway's own words, where it calls its failure a success.
        let is_error = says("error") || (!says("type") && (says("detail") || says("message")));
        if is_error {
            self.ended = true;
            out.push_back(Delta::Error(error_body::read(text.as_bytes())));
            return Ok(());
        }
        let blocks = document.list("content").filter(|_| document.is("type", "message"));
        let Some(blocks) = blocks else {
            return Err(StreamError::not_a_stream("body is no message"));
        };
        let head: Message<'_> = serde_json::from_str(&text).unwrap_or_default();
        self.message_start(head, out);
        for (index, block) in (0_u64..).zip(blocks) {
            self.block_start(Some(index), Some(block), out);
            self.block_stop(index, out);
        }
        let details = document.raw("stop_details");
        let details = details.and_then(|details| serde_json::from_str(details).ok());
        // A document that closes is whole, whether it says why it ended or not.
        let reason = document.text("stop_reason");
        self.stop = Some(Stop {
            reason: reason.map_or(FinishReason::Stop, |word| finish_reason(&word)),
            sequence: document.text("stop_sequence").map(Cow::into_owned),
            explanation: details.and_then(explanation),
        });
        self.message_stop(out);
        Ok(())
    }

    fn ended(&self) -> bool {
        self.ended
    }
}
