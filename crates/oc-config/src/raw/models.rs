//! The `models` section: providers and their models.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::routing::{OpenRouterRouting, VercelGatewayRouting, kept};
use super::{Amount, Count, OrNull, Price, Runtime, SecretInput, Whole};
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
    bedrock_discovery: Option<BedrockDiscovery>,
    /// Refresh of OpenClaw's hosted catalog.
    #[expect(dead_code, reason = "known, not used")]
    catalog_refresh: Option<CatalogRefresh>,
}

/// `models.bedrockDiscovery`, February only; Bedrock is not spoken here.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
struct BedrockDiscovery {
    enabled: Option<bool>,
    region: Option<String>,
    provider_filter: Option<Vec<String>>,
    /// Seconds. OpenClaw: 3600.
    refresh_interval: Option<Whole>,
    /// Tokens. OpenClaw: 32000.
    default_context_window: Option<Count>,
    /// Tokens. OpenClaw: 4096.
    default_max_tokens: Option<Count>,
}

/// `models.catalogRefresh`, September only: our catalog comes with the program.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
struct CatalogRefresh {
    /// OpenClaw: true.
    enabled: Option<bool>,
    url: Option<String>,
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
    /// What is added to requests of all its models, and settings of OpenClaw's
    /// provider plugin.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, serde_json::Value>,
    /// Ollama over `openai-completions`: whether OpenClaw sends the window
    /// with each request. OpenClaw: true; not used.
    #[serde(rename = "injectNumCtxForOpenAICompat")]
    #[expect(dead_code, reason = "known, not used")]
    inject_num_ctx: Option<bool>,
    /// OpenClaw's runtime for it; not used.
    #[expect(dead_code, reason = "known, not used")]
    agent_runtime: Option<Runtime>,
    /// A server that OpenClaw starts itself; the gateway starts none.
    pub(crate) local_service: Option<LocalService>,
    /// How requests are sent.
    pub(crate) request: Option<RequestRow>,
}

/// `models.providers.<id>.localService` (September).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct LocalService {
    /// The program; absolute.
    command: String,
    args: Option<Vec<String>>,
    cwd: Option<String>,
    env: Option<BTreeMap<String, String>>,
    /// OpenClaw: `baseUrl` with `/models`.
    health_url: Option<String>,
    /// Milliseconds. OpenClaw: 120000.
    ready_timeout_ms: Option<Count>,
    /// Milliseconds; 0 is never. OpenClaw: 0.
    idle_stop_ms: Option<Whole>,
}

/// `models.providers.<id>.request`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RequestRow {
    /// Headers of every request.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, SecretInput>,
    /// How requests are authenticated, in place of `auth` and `apiKey`.
    pub(crate) auth: Option<RequestAuth>,
    /// A proxy; makes the provider unusable, the gateway goes through none.
    pub(crate) proxy: Option<RequestProxy>,
    /// Certificates; make the provider unusable until they are honoured.
    pub(crate) tls: Option<RequestTls>,
    /// Whether private addresses may be reached. A configured address is
    /// trusted anyway; `false` changes nothing.
    #[expect(dead_code, reason = "a configured address is trusted anyway")]
    allow_private_network: Option<bool>,
}

impl RequestRow {
    /// Whether it says how to authenticate, so that no key is needed.
    pub(crate) fn authenticates(&self) -> bool {
        let mode = self.auth.as_ref().map(|auth| auth.mode);
        mode.is_some_and(|mode| mode != RequestAuthMode::ProviderDefault)
    }
}

/// `request.auth`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RequestAuth {
    /// The way.
    pub(crate) mode: RequestAuthMode,
    /// `authorization-bearer`: the token.
    pub(crate) token: Option<SecretInput>,
    /// `header`: its name.
    pub(crate) header_name: Option<String>,
    /// `header`: its value.
    pub(crate) value: Option<SecretInput>,
    /// `header`: what stands before the value.
    pub(crate) prefix: Option<String>,
}

/// `request.auth.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RequestAuthMode {
    /// As `auth` and `apiKey` say.
    ProviderDefault,
    /// `Authorization: Bearer` with `token`.
    AuthorizationBearer,
    /// A header of its own.
    Header,
}

/// `request.proxy`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RequestProxy {
    pub(crate) mode: ProxyMode,
    /// `explicit-proxy`: where it is.
    pub(crate) url: Option<String>,
    #[expect(dead_code, reason = "read for its strictness")]
    tls: Option<RequestTls>,
}

/// `request.proxy.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProxyMode {
    EnvProxy,
    ExplicitProxy,
}

/// `request.tls`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct RequestTls {
    ca: Option<SecretInput>,
    cert: Option<SecretInput>,
    key: Option<SecretInput>,
    passphrase: Option<SecretInput>,
    server_name: Option<String>,
    insecure_skip_verify: Option<bool>,
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
    #[serde(default, deserialize_with = "thinking_levels")]
    #[schemars(with = "ThinkingLevels")]
    pub(crate) thinking_level_map: BTreeMap<String, serde_json::Value>,
    /// What is added to requests.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, serde_json::Value>,
    /// OpenClaw's runtime for it; not used.
    #[expect(dead_code, reason = "known, not used")]
    agent_runtime: Option<Runtime>,
    /// How large images may be; not used, they are passed on.
    #[expect(dead_code, reason = "known, not used")]
    media_input: Option<MediaInput>,
    /// OpenClaw's note of who wrote the row; not used.
    #[expect(dead_code, reason = "known, not used")]
    metadata_source: Option<MetadataSource>,
}

/// `mediaInput`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read for its strictness")]
struct MediaInput {
    image: Option<ImageInput>,
}

/// `mediaInput.image`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
struct ImageInput {
    max_bytes: Option<Count>,
    max_pixels: Option<Count>,
    max_side_px: Option<Count>,
    preferred_side_px: Option<Count>,
    token_mode: Option<TokenMode>,
}

/// `mediaInput.image.tokenMode`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum TokenMode {
    Tile,
    Detail,
    Provider,
}

/// `metadataSource`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum MetadataSource {
    ModelsAdd,
}

/// `thinkingLevelMap`: the server's words; null switches a level off.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct ThinkingLevels {
    off: OrNull,
    minimal: OrNull,
    low: OrNull,
    medium: OrNull,
    high: OrNull,
    xhigh: OrNull,
    max: OrNull,
}

fn thinking_levels<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, serde_json::Value>, D::Error> {
    let levels = ThinkingLevels::deserialize(deserializer)?;
    let all = [
        ("off", levels.off),
        ("minimal", levels.minimal),
        ("low", levels.low),
        ("medium", levels.medium),
        ("high", levels.high),
        ("xhigh", levels.xhigh),
        ("max", levels.max),
    ];
    let stated = all.into_iter().filter_map(|(level, word)| Some((level.to_owned(), word.0?)));
    Ok(stated.collect())
}

/// `cost`; what is absent is taken from the catalog, or is free.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Cost {
    pub(crate) input: Option<Price>,
    pub(crate) output: Option<Price>,
    pub(crate) cache_read: Option<Price>,
    pub(crate) cache_write: Option<Price>,
    /// Other prices for longer prompts; not used, the base price is shown.
    #[expect(dead_code, reason = "known, not used")]
    tiered_pricing: Option<Tiers>,
}

/// `tieredPricing`: read for its strictness and not kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiers;

impl<'de> Deserialize<'de> for Tiers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Tier>::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for Tiers {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Tiers".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<Tier>::json_schema(generator)
    }
}

/// One price band.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
struct Tier {
    input: Price,
    output: Price,
    cache_read: Price,
    cache_write: Price,
    /// From this many tokens, and to that many.
    range: Vec<Amount>,
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
    #[serde(alias = "openai-codex-responses")]
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
    pub visible_reasoning_detail_types: Option<Vec<String>>,
    /// The reasoning efforts it takes.
    pub supported_reasoning_efforts: Option<Vec<String>>,
    /// OpenClaw's efforts to the server's words.
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
