//! Items as alternating turns.
//!
//! This wire wants user and assistant to alternate, the results of all calls
//! of a turn first in the next user turn, every call answered, and every
//! result called for. Canonical items promise none of that.

use std::borrow::Cow;

use oc_responses_stream::{
    FunctionCall, FunctionCallOutput, Item, ItemStatus, Message, Reasoning, Role,
};
use serde_json::{Map, Value, json};

use super::blocks;
use super::inputs::Inputs;
use crate::capabilities::{CACHE_MARK, Compat};
use crate::loss::Loss;
use crate::request::Request;
use crate::seal::Sealer;
use crate::wire::extra;
use crate::wire::pairs::Pairs;
use crate::wire::surrogates::without_halves;
use crate::wire::tool_ids::IdForm;
use crate::wire::unsaid;

/// The most characters of a call's id: it is `^[a-zA-Z0-9_-]{1,64}$`.
const LONGEST_ID: usize = 64;

/// A conversation as this wire has it.
pub(super) struct Turns {
    /// Blocks of text.
    pub(super) system: Vec<Value>,
    pub(super) messages: Vec<Value>,
    /// What of the calls goes out to the letter.
    pub(super) inputs: Inputs,
    /// Whether the last assistant turn of a running tool loop began with its
    /// own thinking. `None`: no tool loop is running.
    pub(super) loop_began_with_thinking: Option<bool>,
    /// Whether the last assistant turn calls tools and began without thinking
    /// of its own.
    pub(super) last_calls_without_thinking: bool,
}

/// Where reasoning may be handed back to.
pub(super) struct Home<'a> {
    pub(super) api: &'a str,
    pub(super) sealer: &'a Sealer,
    pub(super) needs_signature: bool,
    pub(super) compat: Compat,
    /// It knows blocks that only its own clients know, and they speak here.
    pub(super) own_blocks: bool,
    /// It takes fields that nobody here knows.
    pub(super) unknown: bool,
}

impl Home<'_> {
    /// Puts into a block what else stood in it, as this host takes it.
    pub(super) fn put_extra(
        &self,
        block: &mut Map<String, Value>,
        extra: &Map<String, Value>,
        losses: &mut Vec<Loss>,
    ) {
        if let Some(mark) = extra.get(CACHE_MARK).filter(|_| self.compat.messages_fields) {
            block.insert(CACHE_MARK.into(), self.compat.cache_mark(mark));
        }
        extra::put(block, extra, self.unknown, losses);
    }
}

pub(super) fn encode(request: &Request, home: &Home<'_>, losses: &mut Vec<Loss>) -> Turns {
    let mut writer = Writer::new(request, home, losses);
    writer.system.extend(request.instructions.as_deref().and_then(blocks::text_block));
    for (at, item) in request.input.iter().enumerate() {
        writer.item(at, item);
    }
    writer.finish()
}

fn is_of_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

struct Writer<'a> {
    home: &'a Home<'a>,
    losses: &'a mut Vec<Loss>,
    system: Vec<Value>,
    messages: Vec<Value>,
    inputs: Inputs,
    user: Vec<Value>,
    assistant: Vec<Value>,
    /// Calls of the open assistant turn: their id here and their result.
    calls: Vec<(String, Option<Cow<'a, FunctionCallOutput>>)>,
    pairs: Pairs<'a>,
    loop_began_with_thinking: Option<bool>,
    last_calls_without_thinking: bool,
}

impl<'a> Writer<'a> {
    fn new(request: &'a Request, home: &'a Home<'a>, losses: &'a mut Vec<Loss>) -> Self {
        let form = IdForm::UpTo { longest: LONGEST_ID, allows: is_of_id };
        Self {
            home,
            losses,
            system: Vec::new(),
            messages: Vec::new(),
            inputs: Inputs::default(),
            user: Vec::new(),
            assistant: Vec::new(),
            calls: Vec::new(),
            pairs: Pairs::of(&request.input, form),
            loop_began_with_thinking: None,
            last_calls_without_thinking: false,
        }
    }

    fn item(&mut self, at: usize, item: &'a Item) {
        match item {
            Item::Message(message) => self.message(message),
            Item::Reasoning(reasoning) => self.reasoning(reasoning),
            Item::FunctionCall(call) => self.call(at, call),
            // Taken up with its call, wherever it stands; here it only says
            // that the assistant's turn is over.
            Item::FunctionCallOutput(_) => self.end_assistant(),
            // What the host did itself, in its own words.
            Item::Other(other) if self.home.own_blocks => {
                self.end_user();
                self.assistant.push(Value::Object(other.json.clone()));
            }
            Item::Other(other) => self.losses.push(Loss::Item(other.item_type().to_owned())),
            _ => self.losses.push(Loss::Item("unknown".into())),
        }
    }

    fn message(&mut self, message: &Message) {
        let mut content = blocks::encode(&message.content, self.home, self.losses);
        extra::lose_all(&message.extra, self.losses);
        match message.role {
            Role::System | Role::Developer => {
                if !(self.messages.is_empty() && self.user.is_empty() && self.assistant.is_empty())
                {
                    self.losses.push(Loss::SystemPosition);
                }
                self.losses.extend(unsaid::wordless(&message.content));
                self.system.extend(content.into_iter().filter(|block| block.get("text").is_some()));
            }
            Role::Assistant => {
                self.end_user();
                self.assistant.append(&mut content);
            }
            _ => {
                self.end_assistant();
                if !content.is_empty() {
                    self.loop_began_with_thinking = None;
                }
                self.user.append(&mut content);
            }
        }
    }

    fn reasoning(&mut self, reasoning: &Reasoning) {
        let sealed = reasoning.encrypted_content.as_deref();
        let ours = sealed
            .and_then(|sealed| self.home.sealer.open(self.home.api, sealed))
            .filter(is_thinking)
            .filter(|block| !self.home.needs_signature || is_signed(block));
        match ours {
            Some(block) => {
                self.end_user();
                self.assistant.push(block);
            }
            None => self.losses.push(Loss::Reasoning),
        }
    }

    fn call(&mut self, at: usize, call: &'a FunctionCall) {
        self.end_user();
        let id = self.pairs.id(at).to_owned();
        let arguments = without_halves(&call.arguments);
        let input = input_of(&arguments);
        if input.contains_key(RAW) && !arguments.trim_start().starts_with('{') {
            self.losses.push(Loss::Clamped("arguments"));
        }
        let input = Value::Object(input);
        self.inputs.keep(&id, &arguments, &input);
        let mut block = Map::from_iter([
            ("type".to_owned(), "tool_use".into()),
            ("id".to_owned(), id.as_str().into()),
            ("name".to_owned(), call.name.as_str().into()),
            ("input".to_owned(), input),
        ]);
        self.home.put_extra(&mut block, &call.extra, self.losses);
        self.assistant.push(Value::Object(block));
        self.calls.push((id, self.pairs.result_of(at)));
    }

    fn end_user(&mut self) {
        push_turn(&mut self.messages, "user", &mut self.user);
    }

    /// Ends the assistant's turn; the results of its calls open the user's.
    fn end_assistant(&mut self) {
        if self.assistant.is_empty() {
            return;
        }
        let thought = self.assistant.first().is_some_and(is_thinking);
        self.last_calls_without_thinking = !self.calls.is_empty() && !thought;
        if !self.calls.is_empty() && self.loop_began_with_thinking.is_none() {
            self.loop_began_with_thinking = Some(thought);
        }
        push_turn(&mut self.messages, "assistant", &mut self.assistant);
        for (id, result) in std::mem::take(&mut self.calls) {
            let block = self.result_block(&id, result.as_deref());
            self.user.push(block);
        }
    }

    fn result_block(&mut self, id: &str, result: Option<&FunctionCallOutput>) -> Value {
        let Some(result) = result else {
            self.losses.push(Loss::Unpaired(id.to_owned()));
            return json!({
                "type": "tool_result",
                "tool_use_id": id,
                "content": [{"type": "text", "text": "No result was recorded."}],
                "is_error": true,
            });
        };
        let mut content = blocks::encode(&result.output, self.home, self.losses);
        let last = content.last_mut().and_then(Value::as_object_mut);
        let mark = last.and_then(|block| block.shift_remove(CACHE_MARK));
        let mut block = json!({"type": "tool_result", "tool_use_id": id, "content": content});
        if let Value::Object(block) = &mut block {
            if result.status == Some(ItemStatus::Incomplete) {
                block.insert("is_error".into(), true.into());
            }
            block.extend(mark.map(|mark| (CACHE_MARK.to_owned(), mark)));
            self.home.put_extra(block, &result.extra, self.losses);
        }
        block
    }

    fn finish(mut self) -> Turns {
        self.end_assistant_for_good();
        self.end_user();
        // A result that no call asked for is refused by the wire.
        self.losses.extend(self.pairs.unasked().map(|id| Loss::Unpaired(id.to_owned())));
        Turns {
            system: self.system,
            messages: self.messages,
            inputs: self.inputs,
            loop_began_with_thinking: self.loop_began_with_thinking,
            last_calls_without_thinking: self.last_calls_without_thinking,
        }
    }

    /// A conversation may end with the assistant's words, to be continued;
    /// then they must not end in white space.
    fn end_assistant_for_good(&mut self) {
        if self.calls.is_empty()
            && let Some(Value::Object(last)) = self.assistant.last_mut()
            && let Some(Value::String(text)) = last.get_mut("text")
        {
            text.truncate(text.trim_end().len());
        }
        self.end_assistant();
    }
}

fn push_turn(messages: &mut Vec<Value>, role: &str, blocks: &mut Vec<Value>) {
    if blocks.is_empty() {
        return;
    }
    if messages.is_empty() && role == "assistant" {
        messages.push(json!({
            "role": "user",
            "content": [{"type": "text", "text": "(The conversation goes on.)"}],
        }));
    }
    let content = std::mem::take(blocks);
    // Two turns of one role cannot stand beside each other: join them.
    if let Some(Value::Object(last)) = messages.last_mut()
        && last.get("role").and_then(Value::as_str) == Some(role)
        && let Some(Value::Array(before)) = last.get_mut("content")
    {
        before.extend(content);
        return;
    }
    messages.push(json!({"role": role, "content": content}));
}

fn is_thinking(block: &Value) -> bool {
    matches!(block.get("type").and_then(Value::as_str), Some("thinking" | "redacted_thinking"))
}

fn is_signed(block: &Value) -> bool {
    ["signature", "data"]
        .iter()
        .any(|key| block.get(*key).and_then(Value::as_str).is_some_and(|text| !text.is_empty()))
}

/// Under this name goes what is no object.
const RAW: &str = "_raw";

/// Arguments as the object that this wire wants; what is none is wrapped.
pub(super) fn input_of(arguments: &str) -> Map<String, Value> {
    if arguments.trim().is_empty() {
        return Map::new();
    }
    match serde_json::from_str(arguments) {
        Ok(Value::Object(input)) => input,
        _ => Map::from_iter([(RAW.to_owned(), arguments.into())]),
    }
}
