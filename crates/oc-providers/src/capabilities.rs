//! What an endpoint and a model accept, as facts that encoders read.

use crate::markup::ToolCallParser;
use crate::schema::SchemaProfile;
use crate::wire::openai_completions::ChatCompat;

/// How the key travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `x-api-key: …`.
    ApiKeyHeader,
    /// Both: for relays of which one cannot know (vLLM takes only the former,
    /// Anthropic's own host only the latter).
    Both,
}

/// What a host accepts beyond the plain wire.
///
/// [`Compat::plain`] is what every server of the wire takes; a row in
/// [`VENDORS`](crate::VENDORS) or the user's config adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compat {
    /// How the key travels.
    pub auth: Auth,
    /// Fields that only OpenAI's own host knows: `include`, `metadata`,
    /// `prompt_cache_key`, `service_tier`, `truncation`, `text.verbosity`,
    /// `user`, and whatever else the client sent.
    pub openai_fields: bool,
    /// `store`: sent as `false` unless the client asked to keep the answer.
    pub store: bool,
    /// `instructions` as a field; elsewhere the first message of the input.
    pub instructions: bool,
    /// The role `developer`; elsewhere it becomes `system`.
    pub developer_role: bool,
    /// Tools that the server runs itself, and namespaces of tools.
    pub hosted_tools: bool,
    /// `strict` on function tools.
    pub strict_tools: bool,
    /// What it makes of tool schemas. Plain hosts get what a grammar can hold:
    /// most of them run llama.cpp.
    pub schemas: SchemaProfile,
    /// Item ids and `status` on replayed items.
    pub item_ids: bool,
    /// The least `max_output_tokens` that is not refused.
    pub min_output_tokens: u64,
    /// Messages: `output_config.format` for a JSON schema.
    pub structured_output: bool,
    /// Messages: refuses `temperature` and `top_p` together.
    pub one_sampler: bool,
    /// Messages: `cache_control` marks, `service_tier`, and `thinking` and
    /// `output_config.effort` as a client of that wire sent them.
    pub messages_fields: bool,
    /// Messages: `metadata.user_id`.
    pub user_id: bool,
    /// Messages: thinking blocks need a genuine signature. Other servers send
    /// empty ones and take any.
    pub thinking_signatures: bool,
    /// The grammar of tool calls that its models write into their text, for
    /// servers that leave them there. `None`: such an answer is an error.
    pub tool_call_parser: Option<ToolCallParser>,
    /// Chat: what the servers of that wire disagree about.
    pub chat: ChatCompat,
}

impl Compat {
    /// What every server of a wire takes.
    pub const fn plain() -> Self {
        Self {
            auth: Auth::Bearer,
            openai_fields: false,
            store: false,
            instructions: false,
            developer_role: false,
            hosted_tools: false,
            strict_tools: false,
            schemas: SchemaProfile::Grammar,
            item_ids: false,
            min_output_tokens: 1,
            structured_output: false,
            one_sampler: false,
            messages_fields: false,
            user_id: false,
            thinking_signatures: false,
            tool_call_parser: None,
            chat: ChatCompat::plain(),
        }
    }
}

impl Default for Compat {
    fn default() -> Self {
        Self::plain()
    }
}

/// What is known of one model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelFacts {
    /// The most tokens it may write; larger requests are clamped to it.
    pub max_output_tokens: Option<u64>,
    /// How many tokens it can hold, input and output together.
    pub context_window: Option<u64>,
    /// Whether it thinks, and so takes a reasoning effort.
    pub reasoning: bool,
}

impl ModelFacts {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the most tokens that it may write.
    #[must_use]
    pub fn with_max_output_tokens(mut self, tokens: impl Into<Option<u64>>) -> Self {
        self.max_output_tokens = tokens.into();
        self
    }

    /// With the size of its window in tokens.
    #[must_use]
    pub fn with_context_window(mut self, tokens: impl Into<Option<u64>>) -> Self {
        self.context_window = tokens.into();
        self
    }

    /// With whether it thinks.
    #[must_use]
    pub fn with_reasoning(mut self, reasoning: bool) -> Self {
        self.reasoning = reasoning;
        self
    }

    /// `asked`, not above what the model can write and not below `least`.
    pub(crate) fn clamp(&self, asked: u64, least: u64) -> u64 {
        self.max_output_tokens.map_or(asked, |most| asked.min(most)).max(least)
    }
}
