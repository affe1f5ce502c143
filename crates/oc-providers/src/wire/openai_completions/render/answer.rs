//! What has been said so far, as the one message that this wire has.

use oc_responses_stream::{FinishReason, Slot, Usage};
use serde_json::{Map, Value, json};

use super::ReasoningFields;
use crate::wire::openai_completions::custom;

/// What stands between two messages of one answer: this wire has but one.
pub(super) const BETWEEN: &str = "\n\n";

/// A message in the making.
#[derive(Debug, Default)]
pub(super) struct Answer {
    text: String,
    stretches: Vec<Stretch>,
    pub(super) refusal: String,
    pub(super) reasoning: String,
    /// Seals over the reasoning.
    pub(super) seals: Vec<String>,
    pub(super) annotations: Vec<Value>,
    pub(super) pictures: Vec<Value>,
    pub(super) logprobs: Vec<Value>,
    pub(super) calls: Vec<Call>,
}

/// So much of the text is one message's.
#[derive(Debug)]
struct Stretch {
    /// `None`: of an attempt that was replaced.
    of: Option<Slot>,
    length: usize,
    /// Another message than the one before.
    is_apart: bool,
    is_withdrawn: bool,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    /// Its arguments; a custom tool's free text.
    pub(super) arguments: String,
    pub(super) is_custom: bool,
    pub(super) ended: bool,
    /// Of an attempt that was replaced before the call was whole, or cut.
    pub(super) dropped: bool,
}

impl Answer {
    /// Adds to the text of the message in `slot`; `is_apart`: it begins another one.
    pub(super) fn say(&mut self, slot: Slot, is_apart: bool, text: &str) {
        self.text.push_str(text);
        match self.stretches.last_mut() {
            Some(last) if last.of == Some(slot) && !is_apart => last.length += text.len(),
            _ => {
                let (of, length) = (Some(slot), text.len());
                self.stretches.push(Stretch { of, length, is_apart, is_withdrawn: false });
            }
        }
    }

    /// Takes the text of the message in `slot` out of the document.
    pub(super) fn withdraw(&mut self, slot: Slot) {
        let of_it = self.stretches.iter_mut().filter(|stretch| stretch.of == Some(slot));
        of_it.for_each(|stretch| stretch.is_withdrawn = true);
        // They are told of the whole text, token by token.
        self.logprobs.clear();
    }

    /// The text, without what was withdrawn.
    fn text(&self) -> String {
        let (mut text, mut rest) = (String::new(), self.text.as_str());
        for stretch in &self.stretches {
            let (piece, tail) = rest.split_at_checked(stretch.length).unwrap_or((rest, ""));
            rest = tail;
            if !stretch.is_withdrawn {
                if stretch.is_apart && !text.is_empty() {
                    text.push_str(BETWEEN);
                }
                text.push_str(piece);
            }
        }
        text
    }

    /// Drops what no client of a document has seen: the reasoning of an
    /// attempt that said nothing, and calls that were not finished.
    pub(super) fn abandon(&mut self) {
        self.drop_open_calls();
        self.stretches.iter_mut().for_each(|stretch| stretch.of = None);
        let said = !(self.text.is_empty() && self.refusal.is_empty() && self.pictures.is_empty());
        if !said && self.whole_calls().next().is_none() {
            let calls = std::mem::take(&mut self.calls);
            *self = Self { calls, ..Self::default() };
        }
    }

    pub(super) fn has_content(&self) -> bool {
        let texts = [&self.refusal, &self.reasoning];
        texts.iter().any(|text| !text.is_empty())
            || !self.stretches.is_empty()
            || !(self.seals.is_empty() && self.calls.is_empty() && self.pictures.is_empty())
    }

    /// Half a call is not told. Its place stays: indexes were sent.
    pub(super) fn drop_open_calls(&mut self) {
        for call in &mut self.calls {
            call.dropped |= !call.ended;
        }
    }

    fn whole_calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| !call.dropped)
    }

    pub(super) fn message(&self, fields: ReasoningFields) -> Value {
        let mut message = Map::new();
        let text = Some(self.text()).filter(|text| !text.is_empty());
        let has_calls = self.whole_calls().next().is_some();
        let nothing_else = !has_calls && self.refusal.is_empty();
        message.insert("role".into(), "assistant".into());
        message.insert("content".into(), text.or(nothing_else.then(String::new)).into());
        let refusal = (!self.refusal.is_empty()).then_some(self.refusal.as_str());
        message.insert("refusal".into(), refusal.into());
        if !self.reasoning.is_empty() {
            fields.put(&mut message, &self.reasoning);
        }
        if !self.seals.is_empty() {
            let details = (0..).zip(&self.seals).map(|(number, seal)| sealed(seal, number));
            message.insert("reasoning_details".into(), details.collect());
        }
        if !self.annotations.is_empty() {
            message.insert("annotations".into(), self.annotations.clone().into());
        }
        if !self.pictures.is_empty() {
            message.insert("images".into(), self.pictures.clone().into());
        }
        if has_calls {
            message.insert("tool_calls".into(), self.whole_calls().map(Call::to_json).collect());
        }
        Value::Object(message)
    }

    pub(super) fn logprobs(&self) -> Value {
        match self.logprobs.as_slice() {
            [] => Value::Null,
            all => logprobs(all.to_vec().into()),
        }
    }

    /// The word for `reason`.
    pub(super) fn finish_word(&self, reason: &FinishReason) -> &'static str {
        let said_nothing = self.refusal.is_empty() && self.text.is_empty();
        finish_word(reason, self.whole_calls().next().is_some(), said_nothing)
    }
}

impl Call {
    pub(super) fn to_json(&self) -> Value {
        if self.is_custom {
            let called = json!({"name": self.name, "input": self.arguments});
            return json!({"id": self.id, "type": custom::CUSTOM, custom::CUSTOM: called});
        }
        json!({
            "id": self.id,
            "type": "function",
            "function": {"name": self.name, "arguments": self.arguments},
        })
    }
}

/// The word for `reason`. Whether tools are to be run is told by the calls that
/// are there, not by the upstream's word, which servers confuse. A word that
/// nobody here knows is none that a client can read, for SDKs have a closed list
/// of them; and the answer does not pass for whole, on no wire.
pub(in crate::wire::openai_completions) fn finish_word(
    reason: &FinishReason,
    has_calls: bool,
    said_nothing: bool,
) -> &'static str {
    match reason {
        FinishReason::Length => "length",
        FinishReason::ContentFilter => "content_filter",
        _ if has_calls => "tool_calls",
        // A turn that its server paused is not whole, and has no other word here.
        FinishReason::Pause | FinishReason::Other(_) => "length",
        // What declined in words has said so.
        FinishReason::Refusal if said_nothing => "content_filter",
        _ => "stop",
    }
}

/// A seal over reasoning, where clients that replay reasoning look for it.
pub(in crate::wire::openai_completions) fn sealed(value: &str, number: u64) -> Value {
    json!({"type": "reasoning.encrypted", "data": value, "index": number})
}

pub(super) fn logprobs(content: Value) -> Value {
    json!({"content": content, "refusal": null})
}

pub(in crate::wire::openai_completions) fn usage(usage: &Usage) -> Value {
    let mut of_prompt = json!({"cached_tokens": usage.cached_tokens});
    if let (true, Value::Object(fields)) = (usage.cache_write_tokens > 0, &mut of_prompt) {
        fields.insert("cache_write_tokens".into(), usage.cache_write_tokens.into());
    }
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": of_prompt,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    })
}
