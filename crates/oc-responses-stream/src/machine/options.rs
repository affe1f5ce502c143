//! What a [`ResponseMachine`](super::ResponseMachine) writes, and how.

use serde_json::{Map, Value};

use crate::ResponseId;

/// What a [`ResponseMachine`](crate::ResponseMachine) writes, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MachineOptions {
    /// The response's id; every event's response has it.
    pub id: ResponseId,
    /// The model's name as the client is to read it.
    pub model: String,
    /// Seconds since the Unix epoch.
    pub created_at: u64,
    /// Request parameters to echo. Default: none, so that each key has its default.
    pub echo: Map<String, Value>,
    /// Which events carry raw reasoning. Default: [`ReasoningStyle::Summary`].
    pub reasoning: ReasoningStyle,
    /// What is written. Default: [`OutputStyle::Full`].
    pub output: OutputStyle,
}

/// Which events carry raw reasoning. A summary is always written as a summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReasoningStyle {
    /// `reasoning_summary_text.*`: the only ones that no client refuses.
    #[default]
    Summary,
    /// `reasoning_text.*`: what OpenAI-like servers send for raw reasoning; Open
    /// Responses' schema does not know them.
    Raw,
}

/// What is written of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputStyle {
    /// Everything.
    #[default]
    Full,
    /// Only what may be shown to a person, and tool calls: no reasoning, no commentary
    /// (but a refusal in it), no item of a type that we do not know, unless its name
    /// says that it is a tool's.
    FinalOnly,
}

impl MachineOptions {
    /// A response of this id, by this model, created at this time (seconds
    /// since the Unix epoch).
    pub fn new(id: ResponseId, model: impl Into<String>, created_at: u64) -> Self {
        Self {
            id,
            model: model.into(),
            created_at,
            echo: Map::new(),
            reasoning: ReasoningStyle::default(),
            output: OutputStyle::default(),
        }
    }

    /// Echoes these request parameters (`instructions`, `tools`, `temperature`,
    /// …) in every response object, as clients expect. Keys that are not part of
    /// a response are left out; a key without a usable value has its default.
    #[must_use]
    pub fn echo(mut self, parameters: Map<String, Value>) -> Self {
        self.echo = parameters;
        self
    }

    /// Writes raw reasoning in this style.
    #[must_use]
    pub fn reasoning(mut self, style: ReasoningStyle) -> Self {
        self.reasoning = style;
        self
    }

    /// Writes this much of the answer.
    #[must_use]
    pub fn output(mut self, style: OutputStyle) -> Self {
        self.output = style;
        self
    }
}
