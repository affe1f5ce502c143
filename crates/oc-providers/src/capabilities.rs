//! What a host accepts, as facts that encoders read.

use oc_responses_stream::{Blocks, EmptyFinal, ImplicitOpen, SplitOptions};
use serde_json::Value;

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
    /// `api-key: …` (Azure).
    PlainApiKeyHeader,
    /// `Bearer` and `x-api-key`: for relays of which one cannot know (vLLM takes only the former,
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
    /// Fields that only the host knows whose vendor made the wire: `include`, `metadata`,
    /// `prompt_cache_key`, `service_tier`, `truncation`, `text.verbosity`,
    /// `user`, and whatever else the client sent.
    pub vendor_fields: bool,
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
    /// `temperature` and `top_p`.
    pub sampling: bool,
    /// Tools at all. To a host without, a request with tools is not sent.
    pub tools: bool,
    /// A JSON schema as the answer's format; elsewhere an instruction.
    pub json_schema: bool,
    /// `prompt_cache_key`, which `vendor_fields` has in it.
    pub prompt_cache_key: bool,
    /// Prompts kept in its cache for an hour or longer, when asked to.
    pub long_cache: bool,
    /// Responses: its reasoning comes sealed (`encrypted_content`), and it wants
    /// it back.
    pub sealed_reasoning: bool,
    /// How many stop sequences it takes. The others are enforced here.
    pub most_stops: usize,
    /// Its words for efforts that it does not know by ours: ours, and its own.
    /// `None`: the effort is not sent. What is not listed goes as it is. Default:
    /// as the format has it in which it is told how hard to think.
    pub effort_words: Option<EffortWords>,
    /// Models of it think unless told not to: one that is not known to think is
    /// told so.
    pub thinks_unasked: bool,
    /// Where reasoning may begin in a text.
    pub thinking_blocks: Blocks,
    /// Whether a text begins with reasoning that has no opening tag, because
    /// the chat template wrote it (llama.cpp: `thinking_forced_open`): the text
    /// is then held back, so many bytes at most, until a closing tag tells.
    pub thinking_forced_open: Option<usize>,
    /// What becomes of an answer whose text was all marked as reasoning.
    pub reasoning_only: EmptyFinal,
    /// Arguments of its calls come with HTML entities in their texts.
    pub html_arguments: bool,
    /// Messages: tools and their choice in the shape that Chat has for them.
    pub function_tools: bool,
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

/// Where a client says that what was sent so far is worth keeping.
pub(crate) const CACHE_MARK: &str = "cache_control";

/// Our words for efforts, and a host's own; `None`: that effort is not sent.
pub type EffortWords = &'static [(&'static str, Option<&'static str>)];

impl Compat {
    /// What every server of a wire takes.
    pub const fn plain() -> Self {
        Self {
            auth: Auth::Bearer,
            vendor_fields: false,
            store: false,
            instructions: false,
            developer_role: false,
            hosted_tools: false,
            strict_tools: false,
            schemas: SchemaProfile::Grammar,
            item_ids: false,
            min_output_tokens: 1,
            sampling: true,
            tools: true,
            json_schema: true,
            prompt_cache_key: false,
            long_cache: true,
            sealed_reasoning: false,
            most_stops: 16,
            effort_words: None,
            thinks_unasked: false,
            thinking_blocks: Blocks::AtStart,
            thinking_forced_open: None,
            reasoning_only: EmptyFinal::Report,
            html_arguments: false,
            function_tools: false,
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

impl Compat {
    /// A client's `cache_control` mark as the host takes it.
    pub(crate) fn cache_mark(&self, mark: &Value) -> Value {
        let mut mark = mark.clone();
        if let (false, Some(fields)) = (self.long_cache, mark.as_object_mut()) {
            fields.shift_remove("ttl");
        }
        mark
    }

    /// How reasoning stands in a text of its models.
    pub(crate) fn split(&self) -> SplitOptions {
        let open = self.thinking_forced_open.map_or(ImplicitOpen::Off, |max| {
            // Zero would be no holding at all.
            ImplicitOpen::Hold { max: max.max(1) }
        });
        SplitOptions::default()
            .with_blocks(self.thinking_blocks)
            .with_implicit_open(open)
            .with_empty_final(self.reasoning_only)
    }
}

impl Default for Compat {
    fn default() -> Self {
        Self::plain()
    }
}
