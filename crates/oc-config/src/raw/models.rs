//! The `models` section: providers and their models.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::forms::{request_auth, request_proxy};
use super::number::{Amount, Price};
use super::text::{Filled, HeaderName, ModelId, ProviderId, Region};
use super::values::{AtMost, OrNull, Table, plain, stated};
use super::{Compat, Count, KeyInput, Runtime, SecretInput, Whole};
use crate::catalog::Catalog;
use crate::model::InputKind;

/// `models`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Models {
    /// Whether the hosted catalog stands beside the configured providers.
    #[serde(default)]
    pub(crate) mode: MergeMode,
    /// Providers by id.
    #[serde(default, deserialize_with = "plain::<_, Table<ProviderId, ProviderRow>, _>")]
    #[schemars(with = "Providers")]
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
    /// OpenClaw: false.
    enabled: Option<bool>,
    /// The AWS region that is asked.
    region: Option<String>,
    /// Only models of these makers.
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
    /// Where it is fetched from: `https`, or `http` on this machine.
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

/// The schema of `models.providers`. One that lists models and that the catalog
/// does not know needs an address.
struct Providers;

impl JsonSchema for Providers {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Providers".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let row = generator.subschema_for::<ProviderRow>();
        let catalog = Catalog::built_in();
        let known: serde_json::Map<String, serde_json::Value> = catalog
            .providers
            .iter()
            .filter(|(_, provider)| !provider.base_url.is_empty())
            .map(|(id, _)| id)
            .chain(catalog.provider_aliases.keys())
            .map(|id| (id.clone(), row.clone().to_value()))
            .collect();
        let custom = json_schema!({ "allOf": [row, { "anyOf": [
            { "properties": { "models": { "maxItems": 0 } } },
            {
                "required": ["baseUrl"],
                "properties": { "baseUrl": { "pattern": r"\S" } },
            },
        ] }] });
        let mut table = Table::<ProviderId, ProviderRow>::json_schema(generator);
        table.insert("properties".to_owned(), known.into());
        // Case and blanks around an id do not count, which a schema cannot say.
        table.insert("patternProperties".to_owned(), serde_json::json!({ r"[A-Z\s]": row }));
        table.insert("additionalProperties".to_owned(), custom.to_value());
        table
    }
}

/// `models.providers.<id>`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ProviderRow {
    /// Where requests go; the path of the API is appended.
    pub(crate) base_url: Option<String>,
    /// The key, the name of a variable that holds it, or a SecretRef.
    #[schemars(with = "Option<KeyInput<false>>")]
    pub(crate) api_key: Option<SecretInput>,
    /// How the provider is authenticated.
    pub(crate) auth: Option<AuthWord>,
    /// The wire format.
    pub(crate) api: Option<ApiWord>,
    /// Headers of every request.
    #[serde(default, deserialize_with = "plain::<_, Table<HeaderName, SecretInput>, _>")]
    #[schemars(with = "Table<HeaderName, KeyInput<false>>")]
    pub(crate) headers: BTreeMap<String, SecretInput>,
    /// Also send the key as `Authorization: Bearer`.
    pub(crate) auth_header: Option<bool>,
    /// Default output cap of its models, in tokens.
    pub(crate) max_tokens: Option<Count>,
    /// One limit for connecting, waiting and reading, in seconds.
    pub(crate) timeout_seconds: Option<Count>,
    /// Where the provider computes.
    #[serde(default, deserialize_with = "stated::<_, Region, _>")]
    #[schemars(with = "Option<Region>")]
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
    command: Filled,
    /// Its arguments.
    args: Option<Vec<String>>,
    /// The folder it is started in.
    cwd: Option<Filled>,
    /// Its variables.
    env: Option<BTreeMap<String, String>>,
    /// OpenClaw: `baseUrl` with `/models`.
    health_url: Option<Filled>,
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
    #[serde(default, deserialize_with = "plain::<_, Table<HeaderName, SecretInput>, _>")]
    #[schemars(with = "Table<HeaderName, KeyInput<false>>")]
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
#[schemars(transform = request_auth)]
pub(crate) struct RequestAuth {
    /// The way.
    pub(crate) mode: RequestAuthMode,
    /// `authorization-bearer`: the token.
    #[schemars(with = "Option<KeyInput<false>>")]
    pub(crate) token: Option<SecretInput>,
    /// `header`: its name.
    #[serde(default, deserialize_with = "stated::<_, HeaderName, _>")]
    #[schemars(with = "Option<HeaderName>")]
    pub(crate) header_name: Option<String>,
    /// `header`: its value.
    #[schemars(with = "Option<KeyInput<false>>")]
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
#[schemars(transform = request_proxy)]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct RequestProxy {
    /// Whose proxy.
    mode: ProxyMode,
    /// `explicit-proxy`: where it is.
    #[serde(default, deserialize_with = "stated::<_, Filled, _>")]
    #[schemars(with = "Option<Filled>")]
    url: Option<String>,
    /// Certificates towards the proxy.
    tls: Option<RequestTls>,
}

/// `request.proxy.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum ProxyMode {
    /// That of the environment.
    EnvProxy,
    /// The one at `url`.
    ExplicitProxy,
}

/// `request.tls`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct RequestTls {
    /// Authorities that are trusted, PEM.
    ca: Option<SecretInput>,
    /// The client's certificate, PEM.
    cert: Option<SecretInput>,
    /// The client's key, PEM.
    key: Option<SecretInput>,
    /// What opens the client's key.
    passphrase: Option<SecretInput>,
    /// The name that the server's certificate must hold.
    server_name: Option<String>,
    /// Takes any certificate. OpenClaw: false.
    insecure_skip_verify: Option<bool>,
}

/// `models.providers.<id>.models[]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ModelRow {
    /// The id the provider knows the model by.
    #[serde(deserialize_with = "plain::<_, ModelId, _>")]
    #[schemars(with = "ModelId")]
    pub(crate) id: String,
    /// A name for people.
    #[serde(default, deserialize_with = "stated::<_, Filled, _>")]
    #[schemars(with = "Option<Filled>")]
    pub(crate) name: Option<String>,
    /// The wire format, where it differs from the provider's.
    pub(crate) api: Option<ApiWord>,
    /// Where requests go, where it differs from the provider's.
    #[serde(default, deserialize_with = "stated::<_, Filled, _>")]
    #[schemars(with = "Option<Filled>")]
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
    #[serde(default, deserialize_with = "plain::<_, Table<HeaderName, SecretInput>, _>")]
    #[schemars(with = "Table<HeaderName, KeyInput<false>>")]
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
    /// Bounds of an image.
    image: Option<ImageInput>,
}

/// `mediaInput.image`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
struct ImageInput {
    /// Bytes.
    max_bytes: Option<Count>,
    /// Width times height.
    max_pixels: Option<Count>,
    /// Pixels of the longer side.
    max_side_px: Option<Count>,
    /// The same, to scale to.
    preferred_side_px: Option<Count>,
    /// How the provider counts an image's tokens.
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
    /// No thinking.
    off: OrNull,
    /// Hardly any.
    minimal: OrNull,
    /// A little.
    low: OrNull,
    /// Some.
    medium: OrNull,
    /// Much.
    high: OrNull,
    /// Very much.
    xhigh: OrNull,
    /// As much as it can.
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
    /// US dollars per million tokens of prompt.
    pub(crate) input: Option<Price>,
    /// The same of the answer.
    pub(crate) output: Option<Price>,
    /// The same of prompt that was read from a cache.
    pub(crate) cache_read: Option<Price>,
    /// The same of prompt that was written to one.
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
    fn schema_name() -> Cow<'static, str> {
        "Tiers".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<Tier>::json_schema(generator)
    }
}

/// One price band.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
struct Tier {
    /// US dollars per million tokens of prompt.
    input: Price,
    /// The same of the answer.
    output: Price,
    /// The same of prompt that was read from a cache.
    cache_read: Price,
    /// The same of prompt that was written to one.
    cache_write: Price,
    /// From this many tokens, and to that many where it ends.
    range: Band,
}

/// `[from]` or `[from, to]`, in tokens.
#[derive(Debug)]
struct Band;

impl<'de> Deserialize<'de> for Band {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ends: AtMost<Amount, 2> = AtMost::deserialize(deserializer)?;
        match ends.0.is_empty() {
            true => Err(D::Error::invalid_length(0, &"one or two numbers of tokens")),
            false => Ok(Self),
        }
    }
}

impl JsonSchema for Band {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Band".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = AtMost::<Amount, 2>::json_schema(generator);
        schema.insert("minItems".to_owned(), 1.into());
        schema
    }
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
