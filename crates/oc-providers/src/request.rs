//! The canonical request: what every wire encodes, in the Responses API's
//! shape (the widest of the wires).

use http::HeaderMap;
use oc_responses_stream::Item;
use serde_json::{Map, Value};

use crate::endpoint::Api;
use crate::loss::Loss;
use crate::schema::SchemaProfile;
use crate::wire::Places;

/// One request to a model.
///
/// Fields that are `None` or empty are not sent: servers then use their own
/// defaults.
///
/// ```
/// use oc_providers::Request;
///
/// let mut request = Request::text("minimax-m2.1-gs32", "Why is the sky blue?");
/// request.max_output_tokens = Some(512);
/// assert_eq!(request.input.len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The model, as its server names it (no provider prefix).
    pub model: String,
    /// Standing orders that come before everything in `input`.
    pub instructions: Option<String>,
    /// The conversation so far.
    pub input: Vec<Item>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Whether it may, must, or must not call one.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    pub parallel_tool_calls: Option<bool>,
    /// The most tokens it may write, reasoning included.
    pub max_output_tokens: Option<u64>,
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// How much it should think.
    pub reasoning: Option<ReasoningRequest>,
    /// The shape of the answer's text.
    pub format: Option<TextFormat>,
    /// `low`, `medium`, `high` (Responses `text.verbosity`).
    pub verbosity: Option<String>,
    /// Texts that end the answer (Messages `stop_sequences`; Responses has none).
    pub stop: Vec<String>,
    /// What a stateless client wants back besides (`reasoning.encrypted_content`).
    pub include: Vec<String>,
    /// How many answers are wanted (Chat `n`, which alone has a word for more than
    /// one). `None`: one. Those after the first come as [`Delta::Choice`].
    ///
    /// [`Delta::Choice`]: crate::Delta::Choice
    pub choices: Option<u32>,
    /// Whether the server may keep the answer. `None` counts as no.
    pub store: Option<bool>,
    /// The client's own labels.
    pub metadata: Map<String, Value>,
    /// Who is asking, as an opaque id.
    pub user: Option<String>,
    /// Fields of the client's wire that have no canonical form, kept for the
    /// hosts that know them (`prompt_cache_key`, `service_tier`, …).
    pub extra: Map<String, Value>,
    /// Fields below the top level that have no canonical form and nothing to be
    /// kept with (`response_format.json_schema.x`), by their paths: no host is
    /// given them, and they are listed as lost.
    pub unread: Vec<String>,
    /// Headers of the client's wire (`anthropic-beta`), for hosts of the same
    /// wire; and whatever else is to be sent besides. The endpoint's own of the
    /// same name win.
    pub headers: HeaderMap,
    /// The wire that the client speaks: what was kept whole (`extra`, items,
    /// parts and tools of other types) is in its words and goes to no host of
    /// another. `None`: whatever the host's is.
    pub wire: Option<Api>,
    /// Where the items of `input` stood in the client's body.
    pub(crate) places: Places,
}

impl Request {
    /// A request of `model` with this conversation.
    pub fn new(model: impl Into<String>, input: Vec<Item>) -> Self {
        Self { model: model.into(), input, ..Self::default() }
    }

    /// One user message of plain text.
    pub fn text(model: impl Into<String>, text: impl Into<String>) -> Self {
        use oc_responses_stream::{Message, Role};
        Self::new(model, vec![Item::Message(Message::text(Role::User, text))])
    }

    /// How many answers are wanted, at least one.
    pub(crate) fn choices(&self) -> u32 {
        self.choices.unwrap_or(1).max(1)
    }

    /// Whether the tool choice lets the model call the function `name`.
    pub(crate) fn allows(&self, name: &str) -> bool {
        match &self.tool_choice {
            Some(ToolChoice::Allowed { names, .. }) => names.iter().any(|allowed| allowed == name),
            _ => true,
        }
    }

    /// The same for another model (the next candidate of a chain).
    #[must_use]
    pub fn for_model(&self, model: impl Into<String>) -> Self {
        Self { model: model.into(), ..self.clone() }
    }
}

/// Something that a model may call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Tool {
    /// A function that the client runs.
    Function(FunctionTool),
    /// A tool of another type (`web_search`, `namespace`, `custom`, `mcp`, …),
    /// kept whole. Only hosts that know it get it.
    Other(Map<String, Value>),
}

/// A function that the client runs. See [`Tool::Function`].
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FunctionTool {
    /// Its name.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// Its arguments as JSON Schema; `None` is a function without arguments.
    pub parameters: Option<Value>,
    /// Whether the arguments must follow the schema to the letter.
    pub strict: Option<bool>,
    /// Fields that have no canonical form (`cache_control`), kept for the same
    /// wire.
    pub extra: Map<String, Value>,
}

impl FunctionTool {
    /// The function `name` with arguments by `parameters` (JSON Schema).
    pub fn new(name: impl Into<String>, parameters: Option<Value>) -> Self {
        Self { name: name.into(), parameters, ..Self::default() }
    }

    /// The schema, or that of a function without arguments, as a host of this
    /// profile takes it, without the keywords that its model refuses.
    pub(crate) fn schema(
        &self,
        profile: SchemaProfile,
        refused: &[String],
        losses: &mut Vec<Loss>,
    ) -> Value {
        let mut schema = match &self.parameters {
            // One that says nothing is refused by hosts that want to know a type.
            Some(Value::Object(schema)) if !schema.is_empty() => Value::Object(schema.clone()),
            _ => serde_json::json!({"type": "object", "properties": {}}),
        };
        if profile.clean(&mut schema, refused) {
            losses.push(Loss::SchemaKeywords(self.name.clone()));
        }
        schema
    }
}

/// Whether the model may, must, or must not call a tool.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ToolChoice {
    /// As it sees fit.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This function.
    Function(String),
    /// As the mode says, but only of these functions.
    Allowed {
        /// Whether one of them must be called.
        required: bool,
        /// Their names.
        names: Vec<String>,
    },
    /// A choice of a form we do not know (a hosted tool), kept whole.
    Other(Value),
}

/// How much the model should think.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReasoningRequest {
    /// How hard.
    pub effort: Option<Effort>,
    /// `auto`, `concise`, `detailed`.
    pub summary: Option<String>,
    /// Fields that have no canonical form (`context`, `mode`), kept for the same
    /// wire.
    pub extra: Map<String, Value>,
}

impl ReasoningRequest {
    /// Thinking with this effort.
    pub fn new(effort: Effort) -> Self {
        Self { effort: Some(effort), ..Self::default() }
    }
}

/// How hard a model should think (Responses `reasoning.effort`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as possible.
    Minimal,
    /// A little.
    Low,
    /// The usual.
    Medium,
    /// Much.
    High,
    /// Very much.
    XHigh,
    /// As much as it can.
    Max,
    /// A word that we do not know, kept.
    Other(String),
}

impl Effort {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for Effort {
    fn from(word: &str) -> Self {
        match word {
            "none" => Self::None,
            "minimal" => Self::Minimal,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "xhigh" => Self::XHigh,
            "max" => Self::Max,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// The shape of the answer's text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TextFormat {
    /// Plain text.
    Text,
    /// Some JSON object.
    JsonObject,
    /// JSON after a schema.
    JsonSchema(JsonSchemaFormat),
    /// A form we do not know, kept whole.
    Other(Value),
}

/// JSON after a schema. See [`TextFormat::JsonSchema`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JsonSchemaFormat {
    /// The schema's name.
    pub name: String,
    /// The schema.
    pub schema: Value,
    /// Whether the answer must follow it to the letter.
    pub strict: Option<bool>,
    /// What it is for, for the model.
    pub description: Option<String>,
}

impl JsonSchemaFormat {
    /// The schema `schema` under the name `name`.
    pub fn new(name: impl Into<String>, schema: Value) -> Self {
        Self { name: name.into(), schema, strict: None, description: None }
    }

    /// The same as an instruction, for hosts that know no schemas.
    pub(crate) fn instruction(&self) -> String {
        let purpose = self.description.as_deref().filter(|words| !words.trim().is_empty());
        format!(
            "Answer with one JSON document and nothing else.{}{} It must match this JSON Schema:\n{}",
            if purpose.is_some() { " What it is for: " } else { "" },
            purpose.unwrap_or_default(),
            self.schema
        )
    }
}
