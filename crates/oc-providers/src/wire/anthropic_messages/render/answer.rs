//! What has been said so far, block by block.

use std::collections::BTreeSet;

use oc_responses_stream::{FinishReason, FunctionCall, Slot, Usage};
use serde_json::{Map, Value, json};

use crate::wire::anthropic_messages::stream::finish_reason;
use crate::wire::anthropic_messages::{NO_SIGNATURE, turns};

/// A message in the making. The block that is open, if one is, is the last.
#[derive(Debug, Default)]
pub(super) struct Answer {
    blocks: Vec<Block>,
    is_open: bool,
    /// Blocks that were sent and that a document does not tell any more.
    forgotten: usize,
    /// Whose the blocks of text are: the message, of the present attempt.
    texts: Vec<(Slot, usize)>,
    /// Blocks that a document does not tell, though they were sent.
    withdrawn: BTreeSet<usize>,
    pub(super) refused: bool,
    pub(super) usage: Option<Usage>,
}

#[derive(Debug)]
pub(super) enum Block {
    Text {
        text: String,
        citations: Vec<Value>,
    },
    Thinking {
        text: String,
        signature: Option<String>,
    },
    Redacted {
        data: String,
    },
    ToolUse {
        id: String,
        name: String,
        input: Map<String, Value>,
    },
    /// Of a server's own tools, or of a type that is not known: as it came.
    Unknown(Map<String, Value>),
}

impl Answer {
    pub(super) fn has_blocks(&self) -> bool {
        !self.blocks.is_empty()
    }

    pub(super) fn next_index(&self) -> usize {
        self.forgotten.saturating_add(self.blocks.len())
    }

    /// The blocks that were sent are so many, whether they were told here or not.
    pub(super) fn count(&mut self, sent: usize) {
        self.forgotten = sent.saturating_sub(self.blocks.len());
    }

    /// The index of the last block.
    pub(super) fn open_index(&self) -> usize {
        self.next_index().saturating_sub(1)
    }

    /// The open block is text of the message in `slot`.
    pub(super) fn opened_for(&mut self, slot: Slot) {
        self.texts.push((slot, self.blocks.len().saturating_sub(1)));
    }

    /// Takes the text of the message in `slot` out of the document.
    pub(super) fn withdraw(&mut self, slot: Slot) {
        let of_it = self.texts.iter().filter(|(of, _)| *of == slot);
        self.withdrawn.extend(of_it.map(|(_, at)| *at));
    }

    pub(super) fn open(&mut self, block: Block) {
        self.blocks.push(block);
        self.is_open = true;
    }

    /// Whether a block was open.
    pub(super) fn close(&mut self) -> bool {
        std::mem::take(&mut self.is_open)
    }

    /// Adds to the open block's text or thinking.
    pub(super) fn append_text(&mut self, piece: &str) {
        if let Some(Block::Text { text, .. } | Block::Thinking { text, .. }) =
            self.blocks.last_mut()
        {
            text.push_str(piece);
        }
    }

    pub(super) fn cite(&mut self, citation: Value) {
        if let Some(Block::Text { citations, .. }) = self.blocks.last_mut() {
            citations.push(citation);
        }
    }

    pub(super) fn sign(&mut self, seal: String) {
        if let Some(Block::Thinking { signature, .. }) = self.blocks.last_mut() {
            *signature = Some(seal);
        }
    }

    /// The signature that the open block is owed, if it is thinking.
    pub(super) fn signature(&self) -> Option<&str> {
        match self.blocks.last() {
            Some(Block::Thinking { signature, .. }) if self.is_open => {
                Some(signature.as_deref().unwrap_or(NO_SIGNATURE))
            }
            _ => None,
        }
    }

    /// The open call's arguments.
    pub(super) fn open_input(&self) -> String {
        match self.blocks.last() {
            Some(Block::ToolUse { input, .. }) => json!(input).to_string(),
            Some(Block::Unknown(block)) => {
                streamed(block).map_or("{}".to_owned(), Value::to_string)
            }
            _ => "{}".to_owned(),
        }
    }

    /// Drops what no client of a document has seen: the thinking of an attempt
    /// that said nothing, and what its server did meanwhile. The indexes were sent, and stay taken.
    pub(super) fn abandon(&mut self) {
        self.usage = None;
        self.texts.clear();
        let thought = |block: &Block| {
            matches!(block, Block::Thinking { .. } | Block::Redacted { .. } | Block::Unknown(_))
        };
        if self.blocks.iter().all(thought) {
            self.forgotten = self.next_index();
            self.blocks.clear();
        }
    }

    pub(super) fn content(&self) -> Vec<Value> {
        let told = self.blocks.iter().enumerate().filter(|(at, _)| !self.withdrawn.contains(at));
        told.map(|(_, block)| block.to_json()).collect()
    }

    /// The word for `reason`.
    pub(super) fn stop_reason(&self, reason: &FinishReason, matched: bool) -> &'static str {
        let calls = self.blocks.iter().any(|block| matches!(block, Block::ToolUse { .. }));
        stop_reason(reason, calls, self.refused, matched)
    }
}

impl Block {
    pub(super) fn text() -> Self {
        Self::Text { text: String::new(), citations: Vec::new() }
    }

    pub(super) fn thinking() -> Self {
        Self::Thinking { text: String::new(), signature: None }
    }

    pub(super) fn redacted(data: String) -> Self {
        Self::Redacted { data }
    }

    pub(super) fn unknown(block: Map<String, Value>) -> Self {
        Self::Unknown(block)
    }

    pub(super) fn tool_use(call: &FunctionCall) -> Self {
        Self::ToolUse {
            id: call.call_id.as_str().to_owned(),
            name: call.name.clone(),
            input: turns::input_of(&call.arguments),
        }
    }

    /// The block as it is announced: empty, but for what has no deltas.
    pub(super) fn opening(&self) -> Value {
        match self {
            Self::Text { .. } => json!({"type": "text", "text": ""}),
            Self::Thinking { .. } => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Self::Redacted { .. } => self.to_json(),
            Self::ToolUse { id, name, .. } => {
                json!({"type": "tool_use", "id": id, "name": name, "input": {}})
            }
            Self::Unknown(block) => {
                let mut opening = block.clone();
                if streamed(block).is_some() {
                    opening.insert("input".into(), json!({}));
                }
                Value::Object(opening)
            }
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Text { text, citations } if citations.is_empty() => {
                json!({"type": "text", "text": text})
            }
            Self::Text { text, citations } => {
                json!({"type": "text", "text": text, "citations": citations})
            }
            Self::Thinking { text, signature } => {
                let signature = signature.as_deref().unwrap_or(NO_SIGNATURE);
                json!({"type": "thinking", "thinking": text, "signature": signature})
            }
            Self::Redacted { data } => json!({"type": "redacted_thinking", "data": data}),
            Self::ToolUse { id, name, input } => {
                json!({"type": "tool_use", "id": id, "name": name, "input": input})
            }
            Self::Unknown(block) => Value::Object(block.clone()),
        }
    }
}

/// What of a block that we do not know comes in deltas: an input, as of any call.
fn streamed(block: &Map<String, Value>) -> Option<&Value> {
    block.get("input").filter(|input| input.is_object())
}

/// The word of a host of this wire, `theirs`, where it says the same as ours and
/// more, or what nobody here knows: its own clients may.
pub(in crate::wire::anthropic_messages) fn says_more(reason: &FinishReason, theirs: &str) -> bool {
    match reason {
        FinishReason::Length => theirs == "model_context_window_exceeded",
        FinishReason::ToolCalls | FinishReason::Other(_) => {
            matches!(finish_reason(theirs), FinishReason::Other(_))
        }
        _ => false,
    }
}

/// The word for `reason`. Whether tools are to be run is told by the calls that
/// are there, not by the upstream's word, which servers confuse. An answer that
/// ended for a reason that nobody here knows does not pass for whole, on no wire.
pub(in crate::wire::anthropic_messages) fn stop_reason(
    reason: &FinishReason,
    has_calls: bool,
    refused: bool,
    matched: bool,
) -> &'static str {
    match reason {
        FinishReason::Length => "max_tokens",
        FinishReason::ContentFilter => "refusal",
        _ if has_calls => "tool_use",
        FinishReason::Refusal => "refusal",
        _ if refused => "refusal",
        FinishReason::Pause => "pause_turn",
        FinishReason::Other(_) => "max_tokens",
        _ if matched => "stop_sequence",
        _ => "end_turn",
    }
}

/// This wire counts input without what came from a cache.
pub(in crate::wire::anthropic_messages) fn usage(usage: &Usage) -> Value {
    let cached = usage.cached_tokens.saturating_add(usage.cache_write_tokens);
    let mut json = json!({
        "input_tokens": usage.input_tokens.saturating_sub(cached),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
    });
    if let (true, Value::Object(fields)) = (usage.reasoning_tokens > 0, &mut json) {
        let details = json!({"thinking_tokens": usage.reasoning_tokens});
        fields.insert("output_tokens_details".into(), details);
    }
    json
}
