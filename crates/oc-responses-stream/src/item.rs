//! Items: the canonical form of what goes into a model and comes out of it,
//! in the Responses API's shape (the widest of the three wires).

use serde_json::{Map, Value};

use crate::{CallId, ItemId};

/// One item of an input or an output.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Item {
    /// Something said.
    Message(Message),
    /// Something thought. Never to be shown as an answer.
    Reasoning(Reasoning),
    /// The model asks for a function to be run.
    FunctionCall(FunctionCall),
    /// What the function returned.
    FunctionCallOutput(FunctionCallOutput),
    /// A type that has no canonical form here (`web_search_call`,
    /// `compaction`, `item_reference`, tomorrow's), kept whole.
    Other(OtherItem),
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Standing orders.
    System,
    /// Standing orders, as newer OpenAI models call them.
    Developer,
    /// The person, or the agent on their behalf.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// What an assistant message is for (Responses `phase`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Narration on the way; not the answer.
    Commentary,
    /// The answer.
    FinalAnswer,
}

impl Phase {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commentary => "commentary",
            Self::FinalAnswer => "final_answer",
        }
    }
}

/// How far an item got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ItemStatus {
    /// Still being made.
    InProgress,
    /// Whole.
    Completed,
    /// Cut: by a limit, a filter, or a failure.
    Incomplete,
}

impl ItemStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
        }
    }
}

/// Something said. See [`Item::Message`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The wire's id, where there was one.
    pub id: Option<ItemId>,
    /// Who speaks.
    pub role: Role,
    /// What is said, part by part.
    pub content: Vec<Part>,
    /// Commentary or answer; `None` counts as answer.
    pub phase: Option<Phase>,
    /// How far it got; `None` on inputs that do not say.
    pub status: Option<ItemStatus>,
    /// Fields that we do not know, kept for the same wire.
    pub extra: Map<String, Value>,
}

impl Message {
    /// A message of `role` with these parts.
    pub fn new(role: Role, content: Vec<Part>) -> Self {
        Self { id: None, role, content, phase: None, status: None, extra: Map::new() }
    }

    /// A message of one text part.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self::new(role, vec![Part::text(text)])
    }
}

/// A part of a message or of a tool's result.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// Text (`input_text`, `output_text`, `text`).
    Text(TextPart),
    /// The model declines (`refusal`).
    Refusal(String),
    /// A picture (`input_image`).
    Image(ImagePart),
    /// A document (`input_file`).
    File(FilePart),
    /// A part of a type we do not know, kept whole.
    Other(Value),
}

impl Part {
    /// Plain text without annotations.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextPart::new(text))
    }
}

/// Text with what hangs on it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TextPart {
    /// The text.
    pub text: String,
    /// Citations and the like, in the Responses API's shape.
    pub annotations: Vec<Value>,
    /// Token log probabilities as the wire sent them.
    pub logprobs: Option<Value>,
    /// Fields that we do not know (`prompt_cache_breakpoint`), kept for the same wire.
    pub extra: Map<String, Value>,
}

impl TextPart {
    /// Text with nothing on it.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// A picture: exactly one of the sources is usually set.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ImagePart {
    /// `https:` or `data:` URL.
    pub image_url: Option<String>,
    /// An uploaded file's id (only its own host knows it).
    pub file_id: Option<String>,
    /// `low`, `high`, `auto`.
    pub detail: Option<String>,
    /// Fields that we do not know (`cache_control`), kept for the same wire.
    pub extra: Map<String, Value>,
}

/// A document: exactly one of the sources is usually set.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FilePart {
    /// `data:` URL with the bytes.
    pub file_data: Option<String>,
    /// An uploaded file's id (only its own host knows it).
    pub file_id: Option<String>,
    /// Where the server may fetch it.
    pub file_url: Option<String>,
    /// Its name.
    pub filename: Option<String>,
    /// Fields that we do not know (`citations`), kept for the same wire.
    pub extra: Map<String, Value>,
}

/// Something thought. See [`Item::Reasoning`].
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Reasoning {
    /// The wire's id, where there was one.
    pub id: Option<ItemId>,
    /// Summary parts (`summary_text`).
    pub summary: Vec<String>,
    /// Raw parts (`reasoning_text`).
    pub content: Vec<String>,
    /// The seal that a stateless client hands back (`encrypted_content`).
    pub encrypted_content: Option<String>,
    /// How far it got.
    pub status: Option<ItemStatus>,
    /// Fields that we do not know, kept for the same wire.
    pub extra: Map<String, Value>,
}

/// The model asks for a function. See [`Item::FunctionCall`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FunctionCall {
    /// The wire's item id, where there was one (llama.cpp once sent none).
    pub id: Option<ItemId>,
    /// Ties the call to its result.
    pub call_id: CallId,
    /// The function.
    pub name: String,
    /// Its arguments: JSON text.
    pub arguments: String,
    /// How far it got.
    pub status: Option<ItemStatus>,
    /// Fields that we do not know (`namespace`), kept for the same wire.
    pub extra: Map<String, Value>,
}

impl FunctionCall {
    /// A call of `name` with `arguments` (JSON text).
    pub fn new(
        call_id: impl Into<CallId>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        Self {
            id: None,
            call_id: call_id.into(),
            name: name.into(),
            arguments: arguments.into(),
            status: None,
            extra: Map::new(),
        }
    }
}

/// What a function returned. See [`Item::FunctionCallOutput`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FunctionCallOutput {
    /// The wire's item id, where there was one.
    pub id: Option<ItemId>,
    /// The call that this answers.
    pub call_id: CallId,
    /// What came back, part by part; a plain string is one text part.
    pub output: Vec<Part>,
    /// How far it got.
    pub status: Option<ItemStatus>,
    /// Fields that we do not know, kept for the same wire.
    pub extra: Map<String, Value>,
}

impl FunctionCallOutput {
    /// The result `output` of the call `call_id`.
    pub fn new(call_id: impl Into<CallId>, output: Vec<Part>) -> Self {
        Self { id: None, call_id: call_id.into(), output, status: None, extra: Map::new() }
    }
}

/// An item kept whole. See [`Item::Other`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OtherItem {
    /// The whole object, its `type` included.
    pub json: Map<String, Value>,
}

impl OtherItem {
    /// Keeps `json` as it is.
    pub fn new(json: Map<String, Value>) -> Self {
        Self { json }
    }

    /// The `type` field, or `""` where there is none.
    pub fn item_type(&self) -> &str {
        self.json.get("type").and_then(Value::as_str).unwrap_or("")
    }
}

/// Token counts, after the Responses API: input includes what came from a
/// cache, output includes reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens read, cached ones included.
    pub input_tokens: u64,
    /// Of those, tokens that a cache served.
    pub cached_tokens: u64,
    /// Of those, tokens written to a cache.
    pub cache_write_tokens: u64,
    /// Tokens written, reasoning included.
    pub output_tokens: u64,
    /// Of those, tokens of reasoning.
    pub reasoning_tokens: u64,
    /// The upstream's own total; input plus output where it gave none.
    pub total_tokens: u64,
}
