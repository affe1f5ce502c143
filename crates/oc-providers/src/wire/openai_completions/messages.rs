//! Items as Chat messages.
//!
//! An assistant's text, reasoning and calls between two turns of others are one
//! message. The results of its calls follow at once, in the order of the calls,
//! whatever stood between; pictures in a result, which a `tool` message cannot
//! hold, follow in a user message that says whose they are. Servers refuse a call without a result and a
//! result without a call: the first gets a result that says so, the second is
//! left out.
//!
//! Templates of local models insist on one system message in front and on
//! turns that alternate, so system messages are gathered and user messages in a
//! row are joined, except for hosts that know the role `developer`.

use std::borrow::Cow;

use oc_responses_stream::{FunctionCallOutput, Item, ItemStatus, Message, Part, Reasoning, Role};
use serde_json::{Map, Value, json};

use super::compat::ReasoningReplay;
use super::parts::{self, Content};
use super::{API, custom};
use crate::capabilities::Compat;
use crate::loss::Loss;
use crate::request::{Request, TextFormat};
use crate::seal::Sealer;
use crate::wire::carried::is_custom_step;
use crate::wire::extra;
use crate::wire::pairs::{self, Pairs};
use crate::wire::surrogates::without_halves;
use crate::wire::unsaid;

/// Who of several speaks.
const NAME: &str = "name";

/// The messages of `request` for the host whose envelopes `sealer` opens.
/// `unknown`: it takes fields that nobody here knows.
pub(super) fn encode(
    request: &Request,
    compat: Compat,
    unknown: bool,
    sealer: &Sealer,
    losses: &mut Vec<Loss>,
) -> Vec<Value> {
    let mut writer = Writer::new(request, compat, unknown, sealer, losses);
    if let Some(instructions) = &request.instructions {
        writer.system(Role::Developer, Content::text_of(instructions), Map::new());
    }
    if let (Some(TextFormat::JsonSchema(format)), false) = (&request.format, compat.json_schema) {
        writer.system(Role::Developer, Content::text_of(&format.instruction()), Map::new());
    }
    for (at, item) in request.input.iter().enumerate() {
        writer.item(at, item);
    }
    writer.finish()
}

struct Writer<'a> {
    compat: Compat,
    unknown: bool,
    sealer: &'a Sealer,
    losses: &'a mut Vec<Loss>,
    /// System texts for one message in front; unused where roles stay.
    system: Option<Content>,
    messages: Vec<Value>,
    user: Option<Content>,
    /// Fields of the user's message that we do not know.
    user_extra: Map<String, Value>,
    assistant: Turn<'a>,
    pairs: Pairs<'a>,
}

/// An assistant's turn in the making.
#[derive(Default)]
struct Turn<'a> {
    content: Option<Content>,
    /// Fields of it that we do not know.
    extra: Map<String, Value>,
    reasoning: Vec<String>,
    details: Vec<Value>,
    calls: Vec<Call<'a>>,
    /// What the host signed: calls by their original id, and the message.
    signatures: Map<String, Value>,
    signature: Option<Value>,
}

/// A call of an assistant's turn.
struct Call<'a> {
    original_id: &'a str,
    /// The id as it is sent.
    id: String,
    called: Called<'a>,
    /// Fields of it that we do not know.
    extra: Option<&'a Map<String, Value>>,
    result: Option<Cow<'a, FunctionCallOutput>>,
}

/// What is called, and with what.
#[derive(Clone, Copy)]
enum Called<'a> {
    Function { name: &'a str, arguments: &'a str },
    Custom { name: &'a str, input: &'a str },
}

impl<'a> Writer<'a> {
    fn new(
        request: &'a Request,
        compat: Compat,
        unknown: bool,
        sealer: &'a Sealer,
        losses: &'a mut Vec<Loss>,
    ) -> Self {
        Self {
            compat,
            unknown,
            sealer,
            losses,
            system: None,
            messages: Vec::new(),
            user: None,
            user_extra: Map::new(),
            assistant: Turn::default(),
            pairs: Pairs::of(&request.input, compat.chat.tool_ids.form()),
        }
    }

    fn item(&mut self, at: usize, item: &'a Item) {
        match item {
            Item::Message(message) => self.message(message),
            Item::Reasoning(reasoning) => self.reasoning(reasoning),
            Item::FunctionCall(call) => {
                let (name, arguments) = (call.name.as_str(), call.arguments.as_str());
                let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
                let called = Called::Function { name, arguments };
                self.call(at, call.call_id.as_str(), called, Some(&call.extra));
            }
            // Taken up with its call, wherever it stands; here it only says
            // that a turn that called is over.
            Item::FunctionCallOutput(_) if self.assistant.calls.is_empty() => {}
            Item::FunctionCallOutput(_) => self.end_assistant(),
            Item::Other(other)
                if self.compat.vendor_fields && is_custom_step(other.item_type()) =>
            {
                match custom::of(other) {
                    Some((id, name, input)) => {
                        self.call(at, id, Called::Custom { name, input }, None);
                    }
                    None if self.assistant.calls.is_empty() => {}
                    None => self.end_assistant(),
                }
            }
            Item::Other(other) => self.losses.push(Loss::Item(other.item_type().to_owned())),
            _ => self.losses.push(Loss::Item("unknown".into())),
        }
    }

    fn message(&mut self, message: &Message) {
        let Some(content) = self.content(&message.content) else {
            extra::lose_all(&message.extra, self.losses);
            return;
        };
        let mut extra = message.extra.clone();
        let name = extra.shift_remove(NAME);
        if !self.unknown {
            extra::lose_all(&std::mem::take(&mut extra), self.losses);
        }
        match name {
            Some(name) if self.knows_names() => drop(extra.insert(NAME.to_owned(), name)),
            Some(_) => self.losses.push(Loss::UnknownField(NAME.to_owned())),
            None => {}
        }
        match message.role {
            Role::System | Role::Developer => {
                self.losses.extend(unsaid::wordless(&message.content));
                self.system(message.role, content, extra);
            }
            Role::Assistant => {
                if self.assistant.content.is_some()
                    && self.assistant.extra.get(NAME) != extra.get(NAME)
                {
                    self.end_assistant();
                }
                join(&mut self.assistant.content, content);
                extra::put(&mut self.assistant.extra, &extra, true, self.losses);
            }
            _ => {
                self.end_assistant();
                if self.compat.developer_role {
                    self.end_user();
                }
                join(&mut self.user, content);
                extra::put(&mut self.user_extra, &extra, true, self.losses);
            }
        }
    }

    fn content(&mut self, parts: &[Part]) -> Option<Content> {
        parts::encode(parts, self.compat, self.unknown, self.losses)
    }

    /// Whether it is told who of several speaks: only the host whose vendor made the
    /// wire is, for others join what the user says in a row.
    fn knows_names(&self) -> bool {
        self.compat.vendor_fields && self.compat.developer_role && !self.compat.chat.strict_keys
    }

    fn system(&mut self, role: Role, mut content: Content, extra: Map<String, Value>) {
        drop(content.take_media());
        if content.text().trim().is_empty() {
            extra::lose_all(&extra, self.losses);
            return;
        }
        if self.compat.developer_role {
            self.end_assistant();
            self.end_user();
            let message = json!({"role": role.as_str(), "content": content.into_json()});
            self.push(message, &extra);
            return;
        }
        // Of several messages made one, none has fields of its own.
        extra::lose_all(&extra, self.losses);
        let conversing =
            !self.messages.is_empty() || self.user.is_some() || !self.assistant.is_empty();
        if conversing {
            self.losses.push(Loss::SystemPosition);
        }
        join(&mut self.system, content);
    }

    /// A message with what else stands in it at this host.
    fn push(&mut self, mut message: Value, extra: &Map<String, Value>) {
        if let Value::Object(message) = &mut message {
            extra::put(message, extra, true, self.losses);
        }
        self.messages.push(message);
    }

    fn reasoning(&mut self, reasoning: &Reasoning) {
        let sealed = reasoning.encrypted_content.as_deref();
        let ours = sealed.and_then(|sealed| self.sealer.open(API, sealed));
        let is_text = ours.as_ref().is_some_and(|ours| ours.get("text").is_some());
        if let (Some(Value::Object(ours)), false) = (ours, is_text) {
            self.sealed(ours);
            return;
        }
        // Of another's making, or of nobody knows whose: this model never thought it.
        let replay = self.compat.chat.replay;
        let is_bare = sealed.is_none_or(str::is_empty);
        let is_own = is_text || (is_bare && replay == ReasoningReplay::OnEveryAnswer);
        if !is_own || replay == ReasoningReplay::Never {
            self.losses.push(Loss::Reasoning);
            return;
        }
        let raw = reasoning.content.iter().any(|text| !text.is_empty());
        let texts = if raw { &reasoning.content } else { &reasoning.summary };
        self.assistant.reasoning.extend(texts.iter().cloned());
    }

    /// What this host put under its seal (`stream/items.rs`).
    fn sealed(&mut self, mut ours: Map<String, Value>) {
        if let Some(Value::Array(details)) = ours.shift_remove("reasoning_details") {
            self.assistant.details.extend(details);
        }
        if let Some(Value::Object(calls)) = ours.shift_remove("calls") {
            self.assistant.signatures.extend(calls);
        }
        if let Some(content) = ours.shift_remove("content") {
            self.assistant.signature = Some(content);
        }
    }

    fn call(
        &mut self,
        at: usize,
        original_id: &'a str,
        called: Called<'a>,
        extra: Option<&'a Map<String, Value>>,
    ) {
        let id = self.pairs.id(at).to_owned();
        let result = self.pairs.result_of(at);
        self.assistant.calls.push(Call { original_id, id, called, extra, result });
    }

    fn end_user(&mut self) {
        if let Some(content) = self.user.take() {
            let last = self.messages.last().and_then(|message| message.get("role"));
            if self.compat.chat.assistant_after_results && last.is_some_and(|role| role == "tool") {
                let read = "I have read the results.";
                self.messages.push(json!({"role": "assistant", "content": read}));
            }
            let extra = std::mem::take(&mut self.user_extra);
            self.push(json!({"role": "user", "content": content.into_json()}), &extra);
        }
    }

    /// Ends the assistant's turn; the results of its calls follow it.
    fn end_assistant(&mut self) {
        if self.assistant.is_empty() {
            return;
        }
        let turn = std::mem::take(&mut self.assistant);
        // A turn of nothing but reasoning leaves no message, and the user's
        // words around it are one.
        let Some(message) = turn.message(self.compat, self.unknown, self.losses) else { return };
        self.end_user();
        self.messages.push(message);
        for call in turn.calls {
            let content = self.result(&call.id, call.called.name(), call.result.as_deref());
            let mut extra = Map::new();
            if let Some(result) = &call.result {
                extra::put(&mut extra, &result.extra, self.unknown, self.losses);
            }
            let mut json = json!({"role": "tool", "tool_call_id": call.id, "content": content});
            if let (true, Value::Object(json)) = (self.compat.chat.result_names, &mut json) {
                json.insert("name".into(), call.called.name().into());
            }
            self.push(json, &extra);
        }
    }

    fn result(&mut self, id: &str, name: &str, result: Option<&FunctionCallOutput>) -> Value {
        let Some(result) = result else {
            self.losses.push(Loss::Unpaired(id.to_owned()));
            return "No result was recorded.".into();
        };
        if result.status == Some(ItemStatus::Incomplete) {
            self.losses.push(Loss::Field("is_error"));
        }
        let Some(mut content) = self.content(&result.output) else { return "".into() };
        let Some(media) = content.take_media() else { return content.into_json() };
        join(&mut self.user, Content::text_of(&pairs::pictures_of(name, id)));
        join(&mut self.user, media);
        if content.text().is_empty() {
            return pairs::PICTURES_FOLLOW.into();
        }
        content.into_json()
    }

    fn finish(mut self) -> Vec<Value> {
        self.end_assistant();
        self.end_user();
        self.losses.extend(self.pairs.unasked().map(|id| Loss::Unpaired(id.to_owned())));
        if let Some(system) = self.system {
            // Nothing but orders: templates want something to answer.
            let role = if self.messages.is_empty() { "user" } else { "system" };
            self.messages.insert(0, json!({"role": role, "content": system.into_json()}));
        }
        self.messages
    }
}

impl<'a> Called<'a> {
    fn name(self) -> &'a str {
        match self {
            Self::Function { name, .. } | Self::Custom { name, .. } => name,
        }
    }
}

impl Turn<'_> {
    fn is_empty(&self) -> bool {
        self.content.is_none()
            && self.calls.is_empty()
            && self.reasoning.is_empty()
            && self.details.is_empty()
            && self.signatures.is_empty()
            && self.signature.is_none()
    }

    /// The message; `None`: reasoning that led to nothing, which no server takes.
    fn message(&self, compat: Compat, unknown: bool, losses: &mut Vec<Loss>) -> Option<Value> {
        if self.content.is_none() && self.calls.is_empty() {
            losses.push(Loss::Reasoning);
            return None;
        }
        let mut message = Map::new();
        message.insert("role".into(), "assistant".into());
        // Beside calls, `null` says that there is no text; templates that add
        // up strings fail on a missing key.
        let content = self.content.clone().map_or(Value::Null, Content::into_json);
        message.insert("content".into(), content);
        self.put_reasoning(&mut message, compat, losses);
        if let Some(signature) = &self.signature {
            message.insert("extra_content".into(), signature.clone());
        }
        if !self.calls.is_empty() {
            let calls = (0..).zip(&self.calls).map(|(at, call)| {
                let mut json = self.call_json(at, call, compat);
                if let (Value::Object(json), Some(extra)) = (&mut json, call.extra) {
                    extra::put(json, extra, unknown, losses);
                }
                json
            });
            message.insert("tool_calls".into(), calls.collect());
        }
        extra::put(&mut message, &self.extra, true, losses);
        Some(Value::Object(message))
    }

    fn put_reasoning(
        &self,
        message: &mut Map<String, Value>,
        compat: Compat,
        losses: &mut Vec<Loss>,
    ) {
        let chat = compat.chat;
        let (called, thought) = (!self.calls.is_empty(), !self.reasoning.is_empty());
        let wanted = match chat.replay {
            ReasoningReplay::Never => false,
            ReasoningReplay::WithToolCalls => called,
            ReasoningReplay::WhereToolsWereCalled => called && thought,
            ReasoningReplay::Always => thought,
            ReasoningReplay::OnEveryAnswer => true,
        };
        let has_details = !self.details.is_empty();
        if chat.strict_keys {
            if thought || has_details {
                losses.push(Loss::Reasoning);
            }
            return;
        }
        if wanted {
            let text = self.reasoning.join("\n\n");
            message.insert(chat.reasoning_field.as_str().into(), text.into());
        } else if thought {
            losses.push(Loss::Reasoning);
        }
        if has_details {
            message.insert("reasoning_details".into(), Value::Array(self.details.clone()));
        }
    }

    /// A call, with what its host signed. Of calls side by side the first is
    /// signed for all.
    fn call_json(&self, at: usize, call: &Call<'_>, compat: Compat) -> Value {
        let mut json = match call.called {
            Called::Function { name, arguments } => json!({
                "id": call.id,
                "type": "function",
                "function": {"name": name, "arguments": without_halves(arguments)},
            }),
            Called::Custom { name, input } => json!({
                "id": call.id,
                "type": custom::CUSTOM,
                custom::CUSTOM: {"name": name, "input": input},
            }),
        };
        let unsigned = || {
            let word =
                compat.chat.unsigned_call.filter(|_| at == 0 && self.signatures.is_empty())?;
            serde_json::from_str(word).ok()
        };
        let signature = self.signatures.get(call.original_id).cloned().or_else(unsigned);
        if let (Some(signature), Value::Object(json)) = (signature, &mut json) {
            json.insert("extra_content".into(), signature);
        }
        json
    }
}

fn join(content: &mut Option<Content>, more: Content) {
    match content {
        Some(content) => content.append(more),
        None => *content = Some(more),
    }
}
