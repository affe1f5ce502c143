//! What a config resolves to: models, providers, their wire formats and costs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::locality::Locality;
use crate::model_ref::ModelRef;
use crate::origin::Origin;
use crate::params::Params;
use crate::raw::{ApiWord, Compat};
use crate::secret::{Key, KeySource, Secret};
use crate::settings::ModelSettings;
use crate::shape::covered;

/// One model of the merged catalog, with everything a client needs to call it
/// except the key itself (see [`Provider::key`]).
#[derive(Clone)]
#[non_exhaustive]
pub struct Model {
    /// `provider/model`.
    pub model_ref: ModelRef,
    /// A name for people; the id where the config gives none.
    pub name: String,
    /// The wire format.
    pub api: Api,
    /// Where requests go, without a trailing slash; the API's path is appended.
    pub base_url: String,
    /// Where the provider's key came from; `None` when there is none.
    pub key: Option<KeySource>,
    /// Headers of every request, provider's and model's; the model's win.
    pub headers: BTreeMap<String, Secret>,
    /// What set each of them.
    pub(crate) header_origins: BTreeMap<String, Origin>,
    /// Whether the model reasons before it answers.
    pub reasoning: bool,
    /// What it takes; at least text.
    pub input: Vec<InputKind>,
    /// Tokens of prompt and answer together; `None` when not known.
    pub context_window: Option<u64>,
    /// Tokens of the window that are to be used, where the config caps them.
    pub context_tokens: Option<u64>,
    /// Tokens of an answer at most; `None` when not known.
    pub max_tokens: Option<u64>,
    /// US dollars per million tokens; `None` when not known.
    pub cost: Option<Cost>,
    /// What the server can and cannot take, as the config states it.
    pub compat: Compat,
    /// What the config adds to requests: the provider's, the model's,
    /// `agents.defaults.params` and those of `agents.defaults.models` (first
    /// `provider/*`, then the ref), the later winning key by key. What they mean
    /// is told by [`request_defaults`](Self::request_defaults).
    pub params: Params,
    /// OpenClaw's thinking levels to the server's words; null switches one off.
    pub thinking_levels: BTreeMap<String, serde_json::Value>,
    /// Where it computes: its provider's jurisdiction, where one is stated.
    pub region: Option<String>,
    /// Its provider's limit (`timeoutSeconds`).
    pub(crate) timeout: Option<Duration>,
    /// How it writes, as the settings declare it.
    pub declared: ModelSettings,
    /// Where prompts to it end up, as judged from the configuration.
    pub locality: Locality,
    /// Why it is what it is, as a lowercase fragment.
    pub locality_reason: String,
    /// What says that this model exists.
    pub listed: Listed,
    /// Where each value came from, by the name of the field in the config.
    pub origins: BTreeMap<&'static str, Origin>,
    /// Why nothing can be sent to this model in particular: reason and fix.
    pub(crate) unusable: Option<(String, String)>,
}

/// Of the values the telling ones; keys are not shown, nor what looks like one in
/// the path of the base URL.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("model_ref", &self.model_ref)
            .field("api", &self.api)
            .field("base_url", &self.shown_base_url())
            .field("key", &self.key)
            .field("headers", &self.headers)
            .field("reasoning", &self.reasoning)
            .field("context_window", &self.context_window)
            .field("max_tokens", &self.max_tokens)
            .field("params", &self.params)
            .field("locality", &self.locality)
            .field("region", &self.region)
            .field("listed", &self.listed)
            .field("unusable", &self.unusable)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// The base URL as it may be shown: what looks like a key in its path is
    /// covered.
    ///
    /// ```
    /// # use oc_config::{Config, ModelRef};
    /// let text = r#"{ models: { providers: { relay: {
    ///   baseUrl: "https://relay.example/sk-1234567890/v1", api: "openai-completions",
    ///   models: [{ id: "m", name: "M" }],
    /// } } } }"#;
    /// let config = Config::parse(text, "openclaw.json", &|_: &str| None)?.value;
    /// let model = config.model(&ModelRef::parse("relay/m").unwrap()).unwrap();
    /// assert_eq!(model.shown_base_url(), "https://relay.example/…/v1");
    /// # Ok::<(), oc_config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn shown_base_url(&self) -> Cow<'_, str> {
        covered(&self.base_url)
    }
}

/// What says that a model exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listed {
    /// A row in `models.providers.<id>.models`.
    Config,
    /// The hosted catalog that comes with this crate.
    Catalog,
    /// Only a ref that names it: its provider is known and lists no models
    /// of its own, or sells more than our catalog knows.
    Assumed,
}

/// US dollars per million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Cost {
    /// Prompt.
    pub input: f64,
    /// Answer, reasoning included.
    pub output: f64,
    /// Prompt read from the provider's cache.
    pub cache_read: f64,
    /// Prompt written to the provider's cache.
    pub cache_write: f64,
}

/// `3 in, 15 out, 0.3 cache read, 3.75 cache write (US$ per million)`.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, output, cache_read, cache_write } = self;
        write!(f, "{input} in, {output} out, {cache_read} cache read, ")?;
        write!(f, "{cache_write} cache write (US$ per million)")
    }
}

/// One provider: an endpoint and how to authenticate there.
#[derive(Clone)]
#[non_exhaustive]
pub struct Provider {
    /// The id, in lower case.
    pub id: String,
    /// Where requests go, without a trailing slash; `None` makes its models
    /// unusable.
    pub base_url: Option<String>,
    /// The wire format of models that do not say otherwise.
    pub api: Api,
    /// How the key is sent.
    pub auth: AuthMode,
    /// Also send the key as `Authorization: Bearer`.
    pub auth_header: bool,
    /// The key, or why there is none.
    pub key: Key,
    /// Variables that are looked at for a key, the first that is set wins.
    pub key_vars: Vec<String>,
    /// Headers of every request.
    pub headers: BTreeMap<String, Secret>,
    /// What set each of them.
    pub(crate) header_origins: BTreeMap<String, Origin>,
    /// Where prompts end up, as judged: a relay on loopback is hosted.
    pub locality: Locality,
    /// Where the socket goes; what decides about timeouts and keys.
    pub address: Locality,
    /// Why `locality` is what it is, as a lowercase fragment.
    pub locality_reason: String,
    /// One limit for connecting, waiting and reading (`timeoutSeconds`).
    pub timeout: Option<Duration>,
    /// Where the provider computes, if stated.
    pub region: Option<String>,
    /// Whether the config names it; otherwise it is only in the catalog.
    pub configured: bool,
    /// Why nothing can be sent there for another reason than the key.
    pub(crate) unsupported: Option<(String, String)>,
}

/// As that of [`Model`].
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("id", &self.id)
            .field("base_url", &self.base_url.as_deref().map(covered))
            .field("api", &self.api)
            .field("auth", &self.auth)
            .field("key", &self.key)
            .field("headers", &self.headers)
            .field("locality", &self.locality)
            .field("region", &self.region)
            .field("configured", &self.configured)
            .field("unsupported", &self.unsupported)
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// The key, when there is one.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        match &self.key {
            Key::Ready { secret, .. } => Some(secret),
            _ => None,
        }
    }
}

/// How a key is sent (`auth`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthMode {
    /// In the API's usual header.
    ApiKey,
    /// As a bearer token.
    Token,
    /// By a login that OpenClaw keeps; not usable here.
    Oauth,
    /// By AWS request signing; not usable here.
    AwsSdk,
}

/// A wire format, named as in the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Api {
    /// `openai-responses`
    OpenaiResponses,
    /// `openai-completions`
    OpenaiCompletions,
    /// `anthropic-messages`
    AnthropicMessages,
    /// `google-generative-ai`
    GoogleGenerativeAi,
    /// `google-vertex`
    GoogleVertex,
    /// `ollama`
    Ollama,
    /// `azure-openai-responses`
    AzureOpenaiResponses,
    /// `openai-chatgpt-responses`
    OpenaiChatgptResponses,
    /// `github-copilot`
    GithubCopilot,
    /// `bedrock-converse-stream`
    BedrockConverseStream,
    /// `pi-messages`
    PiMessages,
}

impl Api {
    /// Whether OpenClaw alone speaks it: a model with such an API loads and
    /// cannot be asked here.
    #[must_use]
    pub fn is_foreign(self) -> bool {
        matches!(
            self,
            Self::BedrockConverseStream
                | Self::GoogleVertex
                | Self::GithubCopilot
                | Self::OpenaiChatgptResponses
                | Self::PiMessages
        )
    }

    /// The word of the config.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenaiResponses => "openai-responses",
            Self::OpenaiCompletions => "openai-completions",
            Self::AnthropicMessages => "anthropic-messages",
            Self::GoogleGenerativeAi => "google-generative-ai",
            Self::GoogleVertex => "google-vertex",
            Self::Ollama => "ollama",
            Self::AzureOpenaiResponses => "azure-openai-responses",
            Self::OpenaiChatgptResponses => "openai-chatgpt-responses",
            Self::GithubCopilot => "github-copilot",
            Self::BedrockConverseStream => "bedrock-converse-stream",
            Self::PiMessages => "pi-messages",
        }
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<ApiWord> for Api {
    fn from(word: ApiWord) -> Self {
        match word {
            ApiWord::OpenaiResponses => Self::OpenaiResponses,
            ApiWord::OpenaiCompletions => Self::OpenaiCompletions,
            ApiWord::AnthropicMessages => Self::AnthropicMessages,
            ApiWord::GoogleGenerativeAi => Self::GoogleGenerativeAi,
            ApiWord::GoogleVertex => Self::GoogleVertex,
            ApiWord::Ollama => Self::Ollama,
            ApiWord::AzureOpenaiResponses => Self::AzureOpenaiResponses,
            ApiWord::OpenaiChatgptResponses => Self::OpenaiChatgptResponses,
            ApiWord::GithubCopilot => Self::GithubCopilot,
            ApiWord::BedrockConverseStream => Self::BedrockConverseStream,
            ApiWord::PiMessages => Self::PiMessages,
        }
    }
}

/// A kind of input (`input`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum InputKind {
    /// Text.
    Text,
    /// Images.
    Image,
    /// Video.
    Video,
    /// Sound.
    Audio,
}

impl InputKind {
    /// The word of the config.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
        }
    }
}
