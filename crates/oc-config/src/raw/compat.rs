//! `compat`: what a server can and cannot take.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::routing::{OpenRouterRouting, VercelGatewayRouting, kept};
use super::text::Filled;
use super::values::{ListOf, Table, stated};

/// What a server can and cannot take, in the config's own words; every field
/// is absent unless the config states it. Field names are those of
/// `models.providers.<id>.models[].compat`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Compat {
    /// Takes `store` (`openai-responses`).
    pub supports_store: Option<bool>,
    /// Takes `prompt_cache_key`. OpenClaw: false for custom hosts.
    pub supports_prompt_cache_key: Option<bool>,
    /// Takes `previous_response_id`.
    pub supports_responses_continuation: Option<bool>,
    /// Knows the role `developer`; otherwise `system` is sent.
    pub supports_developer_role: Option<bool>,
    /// Takes a reasoning effort.
    pub supports_reasoning_effort: Option<bool>,
    /// Takes `temperature`. OpenClaw: true.
    pub supports_temperature: Option<bool>,
    /// Takes `instructions` (`openai-responses`). OpenClaw: true for OpenAI and xAI only.
    pub supports_instructions: Option<bool>,
    /// Takes `stream_options.include_usage`.
    pub supports_usage_in_streaming: Option<bool>,
    /// Takes tools.
    pub supports_tools: Option<bool>,
    /// OpenClaw's code mode: `preferred` or `capable`.
    #[serde(default, deserialize_with = "spelled::<_, CodeMode>")]
    #[schemars(with = "Option<CodeMode>")]
    pub code_mode: Option<String>,
    /// Takes `strict` on tools.
    pub supports_strict_mode: Option<bool>,
    /// Takes a JSON schema as response format. OpenClaw: false where not known.
    pub supports_json_schema_response_format: Option<bool>,
    /// Wants content as one string, not as parts.
    pub requires_string_content: Option<bool>,
    /// Refuses messages with keys it does not know.
    pub strict_message_keys: Option<bool>,
    /// Types of `reasoning_details` that are final text.
    #[serde(default, deserialize_with = "stated::<_, ListOf<Filled>, _>")]
    #[schemars(with = "Option<ListOf<Filled>>")]
    pub visible_reasoning_detail_types: Option<Vec<String>>,
    /// The reasoning efforts it takes.
    #[serde(default, deserialize_with = "stated::<_, ListOf<Filled>, _>")]
    #[schemars(with = "Option<ListOf<Filled>>")]
    pub supported_reasoning_efforts: Option<Vec<String>>,
    /// OpenClaw's efforts to the server's words.
    #[serde(default, deserialize_with = "effort_map")]
    #[schemars(with = "Option<Table<Filled, Filled>>")]
    pub reasoning_effort_map: Option<BTreeMap<String, String>>,
    /// `max_completion_tokens` or `max_tokens`.
    #[serde(default, deserialize_with = "spelled::<_, MaxTokensField>")]
    #[schemars(with = "Option<MaxTokensField>")]
    pub max_tokens_field: Option<String>,
    /// How reasoning is asked for: `openai`, `openrouter`, `deepseek`, `together`, `qwen`, `qwen-chat-template` or `zai`.
    #[serde(default, deserialize_with = "spelled::<_, ThinkingFormat>")]
    #[schemars(with = "Option<ThinkingFormat>")]
    pub thinking_format: Option<String>,
    /// Wants the tool's name on its result.
    pub requires_tool_result_name: Option<bool>,
    /// Wants an assistant message between a tool result and the user.
    pub requires_assistant_after_tool_result: Option<bool>,
    /// Wants earlier reasoning back as text.
    pub requires_thinking_as_text: Option<bool>,
    /// Wants tool call ids of nine letters and digits (February).
    pub requires_mistral_tool_ids: Option<bool>,
    /// Wants `reasoning_content` on every earlier answer.
    pub requires_reasoning_content_on_assistant_messages: Option<bool>,
    /// Whose limits tool schemas are cut to: `llamacpp` or `gemini`.
    pub tool_schema_profile: Option<String>,
    /// JSON Schema keywords that tool schemas must not hold.
    #[serde(default, deserialize_with = "stated::<_, ListOf<Filled>, _>")]
    #[schemars(with = "Option<ListOf<Filled>>")]
    pub unsupported_tool_schema_keywords: Option<Vec<String>>,
    /// How arguments of tool calls are encoded.
    pub tool_call_arguments_encoding: Option<String>,
    /// Wants tools in OpenAI's shape over Anthropic's API.
    pub requires_open_ai_anthropic_tool_payload: Option<bool>,
    /// OpenRouter's `provider` object, passed on as it is.
    #[serde(default, deserialize_with = "kept::<_, OpenRouterRouting>")]
    #[schemars(with = "Option<OpenRouterRouting>")]
    pub open_router_routing: Option<serde_json::Value>,
    /// Vercel's choice of providers, passed on as it is.
    #[serde(default, deserialize_with = "kept::<_, VercelGatewayRouting>")]
    #[schemars(with = "Option<VercelGatewayRouting>")]
    pub vercel_gateway_routing: Option<serde_json::Value>,
    /// Streams tool calls only when asked to (z.ai).
    pub zai_tool_stream: Option<bool>,
    /// How prompt caching is marked: `anthropic`.
    #[serde(default, deserialize_with = "spelled::<_, CacheControlFormat>")]
    #[schemars(with = "Option<CacheControlFormat>")]
    pub cache_control_format: Option<String>,
    /// Gets headers that keep a session on one server.
    pub send_session_affinity_headers: Option<bool>,
    /// Gets a session id. OpenClaw: true.
    pub send_session_id_header: Option<bool>,
    /// Streams tool input as it is made (Anthropic).
    pub supports_eager_tool_input_streaming: Option<bool>,
    /// Keeps prompts cached for an hour and longer. OpenClaw: true.
    pub supports_long_cache_retention: Option<bool>,
}

fn effort_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BTreeMap<String, String>>, D::Error> {
    let table = Table::<Filled, Filled>::deserialize(deserializer)?;
    Ok(Some(table.0.into_iter().map(|(effort, word)| (effort.0, word.0)).collect()))
}

/// A word out of a fixed set, kept as it is spelled.
fn spelled<'de, D, W>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
    W: Deserialize<'de> + Spelled,
{
    W::deserialize(deserializer).map(|word| Some(word.spelling().to_owned()))
}

trait Spelled {
    fn spelling(&self) -> &'static str;
}

/// A fixed set of words of `compat`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
        enum $name {
            $(#[serde(rename = $word)] $variant),*
        }

        impl Spelled for $name {
            fn spelling(&self) -> &'static str {
                match self {
                    $(Self::$variant => $word),*
                }
            }
        }
    };
}

words! {
    /// `compat.codeMode`.
    CodeMode { Preferred = "preferred", Capable = "capable" }
}
words! {
    /// `compat.maxTokensField`.
    MaxTokensField { Completion = "max_completion_tokens", Plain = "max_tokens" }
}
words! {
    /// `compat.thinkingFormat`.
    ThinkingFormat {
        Openai = "openai",
        Openrouter = "openrouter",
        Deepseek = "deepseek",
        Together = "together",
        Qwen = "qwen",
        QwenChatTemplate = "qwen-chat-template",
        Zai = "zai",
    }
}
words! {
    /// `compat.cacheControlFormat`.
    CacheControlFormat { Anthropic = "anthropic" }
}
