//! The `models` section: providers and their models.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Amount, Count, Opaque, SecretInput};
use crate::model::InputKind;

/// `models`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Models {
    /// Whether the hosted catalog stands beside the configured providers.
    #[serde(default)]
    pub(crate) mode: MergeMode,
    /// Providers by id.
    #[serde(default)]
    pub(crate) providers: BTreeMap<String, ProviderRow>,
    /// February's discovery of Bedrock models.
    #[expect(dead_code, reason = "known, not used")]
    bedrock_discovery: Option<Opaque>,
    /// Refresh of OpenClaw's hosted catalog.
    #[expect(dead_code, reason = "known, not used")]
    catalog_refresh: Option<Opaque>,
}

/// `models.mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MergeMode {
    /// Beside the hosted catalog.
    #[default]
    Merge,
    /// Only what is configured.
    Replace,
}

/// `models.providers.<id>`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ProviderRow {
    /// Where requests go; the path of the API is appended.
    pub(crate) base_url: Option<String>,
    /// The key, the name of a variable that holds it, or a SecretRef.
    pub(crate) api_key: Option<SecretInput>,
    /// How the provider is authenticated.
    pub(crate) auth: Option<AuthWord>,
    /// The wire format.
    pub(crate) api: Option<ApiWord>,
    /// Headers of every request.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, SecretInput>,
    /// Also send the key as `Authorization: Bearer`.
    pub(crate) auth_header: Option<bool>,
    /// Default output cap of its models, in tokens.
    pub(crate) max_tokens: Option<Count>,
    /// One limit for connecting, waiting and reading, in seconds.
    pub(crate) timeout_seconds: Option<Count>,
    /// Where the provider computes.
    pub(crate) region: Option<String>,
    /// Its models.
    #[serde(default)]
    pub(crate) models: Vec<ModelRow>,
    /// Settings of OpenClaw's provider plugin.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, serde_json::Value>,
    #[serde(rename = "injectNumCtxForOpenAICompat")]
    #[expect(dead_code, reason = "known, not used")]
    inject_num_ctx: Option<bool>,
    #[expect(dead_code, reason = "known, not used")]
    agent_runtime: Option<Opaque>,
    #[expect(dead_code, reason = "known, not used")]
    local_service: Option<Opaque>,
    /// Transport settings; refused until they are honoured.
    pub(crate) request: Option<RequestRow>,
}

/// `models.providers.<id>.request`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RequestRow {
    /// Headers of every request.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, SecretInput>,
    pub(crate) auth: Option<Opaque>,
    pub(crate) proxy: Option<Opaque>,
    pub(crate) tls: Option<Opaque>,
    #[expect(dead_code, reason = "a configured address is trusted anyway")]
    allow_private_network: Option<bool>,
}

/// `models.providers.<id>.models[]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ModelRow {
    /// The id the provider knows the model by.
    pub(crate) id: String,
    /// A name for people.
    pub(crate) name: Option<String>,
    /// The wire format, where it differs from the provider's.
    pub(crate) api: Option<ApiWord>,
    /// Where requests go, where it differs from the provider's.
    pub(crate) base_url: Option<String>,
    /// Whether the model reasons before it answers.
    pub(crate) reasoning: Option<bool>,
    /// What it takes.
    pub(crate) input: Option<Vec<InputKind>>,
    /// US dollars per million tokens.
    pub(crate) cost: Option<Cost>,
    /// Tokens of prompt and answer together.
    pub(crate) context_window: Option<Count>,
    /// Tokens of the window that are to be used.
    pub(crate) context_tokens: Option<Count>,
    /// Tokens of an answer at most.
    pub(crate) max_tokens: Option<Count>,
    /// Headers of every request to this model.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, SecretInput>,
    /// What the server can and cannot take.
    pub(crate) compat: Option<Compat>,
    /// OpenClaw's thinking levels to the server's words; null switches one off.
    #[serde(default)]
    pub(crate) thinking_level_map: BTreeMap<String, serde_json::Value>,
    /// Fields to add to requests.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, serde_json::Value>,
    #[expect(dead_code, reason = "known, not used")]
    agent_runtime: Option<Opaque>,
    #[expect(dead_code, reason = "known, not used")]
    media_input: Option<Opaque>,
    #[expect(dead_code, reason = "known, not used")]
    metadata_source: Option<String>,
}

/// `cost`; what is absent is taken from the catalog, or is free.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Cost {
    pub(crate) input: Option<Amount>,
    pub(crate) output: Option<Amount>,
    pub(crate) cache_read: Option<Amount>,
    pub(crate) cache_write: Option<Amount>,
    #[expect(dead_code, reason = "known, not used")]
    tiered_pricing: Option<Opaque>,
}

/// `api`: the union of both versions' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ApiWord {
    OpenaiResponses,
    OpenaiCompletions,
    AnthropicMessages,
    GoogleGenerativeAi,
    GoogleVertex,
    Ollama,
    AzureOpenaiResponses,
    OpenaiChatgptResponses,
    GithubCopilot,
    BedrockConverseStream,
    PiMessages,
}

/// `auth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AuthWord {
    ApiKey,
    AwsSdk,
    Oauth,
    Token,
}

/// What a server can and cannot take, in the config's own words; every field
/// is absent unless the config states it. Field names are those of
/// `models.providers.<id>.models[].compat`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the config's own; the type says so")]
pub struct Compat {
    pub supports_store: Option<bool>,
    pub supports_prompt_cache_key: Option<bool>,
    pub supports_responses_continuation: Option<bool>,
    pub supports_developer_role: Option<bool>,
    pub supports_reasoning_effort: Option<bool>,
    pub supports_temperature: Option<bool>,
    pub supports_instructions: Option<bool>,
    pub supports_usage_in_streaming: Option<bool>,
    pub supports_tools: Option<bool>,
    pub code_mode: Option<String>,
    pub supports_strict_mode: Option<bool>,
    pub supports_json_schema_response_format: Option<bool>,
    pub requires_string_content: Option<bool>,
    pub strict_message_keys: Option<bool>,
    pub visible_reasoning_detail_types: Option<Vec<String>>,
    pub supported_reasoning_efforts: Option<Vec<String>>,
    pub reasoning_effort_map: Option<BTreeMap<String, String>>,
    pub max_tokens_field: Option<String>,
    pub thinking_format: Option<String>,
    pub requires_tool_result_name: Option<bool>,
    pub requires_assistant_after_tool_result: Option<bool>,
    pub requires_thinking_as_text: Option<bool>,
    pub requires_mistral_tool_ids: Option<bool>,
    pub requires_reasoning_content_on_assistant_messages: Option<bool>,
    pub tool_schema_profile: Option<String>,
    pub unsupported_tool_schema_keywords: Option<Vec<String>>,
    pub tool_call_arguments_encoding: Option<String>,
    pub requires_open_ai_anthropic_tool_payload: Option<bool>,
    pub open_router_routing: Option<serde_json::Value>,
    pub vercel_gateway_routing: Option<serde_json::Value>,
    pub zai_tool_stream: Option<bool>,
    pub cache_control_format: Option<String>,
    pub send_session_affinity_headers: Option<bool>,
    pub send_session_id_header: Option<bool>,
    pub supports_eager_tool_input_streaming: Option<bool>,
    pub supports_long_cache_retention: Option<bool>,
}
