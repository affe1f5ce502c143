//! The gateway's own settings.
//!
//! They live in a file of their own, because real OpenClaw refuses unknown
//! keys, or under `ocGateway` in the config of a stand-alone user.

mod raw;
mod values;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path as FilePath, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::chain::ExplicitModels;
use crate::diagnostic::{Diagnostic, Loaded, Severity};
use crate::document::Path;
use crate::env::Env;
use crate::error::ConfigError;
use crate::files::FileText;
use crate::locality::Locality;
use crate::origin::Origin;
use crate::places::Places;
use crate::raw::{Amount, Count, Region, Share, Whole, response_store, stated};
use crate::secret::Secret;
use crate::{load, source};

pub(crate) use raw::RawSettings;

/// The gateway's settings, with a default for everything.
///
/// ```
/// use std::time::Duration;
/// use oc_config::{Locality, Settings};
///
/// let text = r#"{ deadlines: { total: "5m", idle: { loopback: 30 } } }"#;
/// let settings = Settings::parse(text, "oc-gateway.json5", &|_: &str| None)?.value;
/// assert_eq!(settings.deadlines.total, Duration::from_secs(300));
/// assert_eq!(settings.deadlines.idle.of(Locality::Loopback), Duration::from_secs(30));
/// assert_eq!(settings.deadlines.idle.of(Locality::Hosted), Duration::from_secs(60));
/// assert_eq!(settings.listen.to_string(), "127.0.0.1:4141");
/// # Ok::<(), oc_config::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Where the gateway listens. Default `127.0.0.1:4141`. Wider than
    /// loopback without `clients` is refused.
    pub listen: SocketAddr,
    /// Who may ask, each with its own limits. Default: anyone who can connect.
    pub clients: Vec<Client>,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// How large things may grow.
    pub limits: Limits,
    /// What happens when a model fails.
    pub fallback: Fallback,
    /// Names that clients send on their own, to a ref or alias. Default none.
    pub model_aliases: BTreeMap<String, String>,
    /// What holds for every request. Default: no restriction.
    pub privacy: Option<Privacy>,
    /// Where requests may be computed. Default: anywhere.
    pub region: Option<String>,
    /// What is declared of providers, by id.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// Where responses are kept. Default: in memory.
    pub store: Store,
    /// How secrets of the config may be had.
    pub secrets: SecretSettings,
    /// What is told to others.
    pub telemetry: Telemetry,
    /// Where its keys stand, for warnings about them.
    pub(crate) places: Places,
}

impl Settings {
    /// Reads the file at `path`. Its variables are those of `env` alone.
    ///
    /// # Errors
    /// When there is no such file, when it cannot be read, and when it is
    /// wrong, with every problem in it.
    pub fn load(path: &FilePath, env: &dyn Env) -> Result<Loaded<Self>, ConfigError> {
        load::settings(&source::read(path)?, &path.display().to_string(), env)
    }

    /// Reads `text`; `file` is its name in diagnostics. Touches no file.
    ///
    /// # Errors
    /// When the text is wrong, with every problem in it.
    pub fn parse(text: &str, file: &str, env: &dyn Env) -> Result<Loaded<Self>, ConfigError> {
        load::settings(&FileText::new(text.to_owned()), file, env)
    }

    /// Where the value of the key `path` stands, if it is stated in a file.
    #[must_use]
    pub fn origin(&self, path: &[&str]) -> Option<Origin> {
        self.places.origin(&Path::typed(path))
    }

    /// A problem of the key `path`, such as `fallback.hedge`, at the place where
    /// it stands in its file: for what only a program that acts on the settings
    /// can know. Where the settings were made by a program, the place is the
    /// first line of `settings`.
    ///
    /// ```
    /// use oc_config::{Settings, Severity};
    ///
    /// let text = "{\n  store: { kind: \"memory\" },\n}";
    /// let settings = Settings::parse(text, "oc-gateway.json5", &|_: &str| None)?.value;
    /// let told = settings.problem(Severity::Warning, &["store", "kind"], "forgets", "write \"file\"");
    /// assert_eq!(
    ///     told.to_string(),
    ///     "oc-gateway.json5:2:18: warning: store.kind: forgets (write \"file\")",
    /// );
    /// # Ok::<(), oc_config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn problem(
        &self,
        severity: Severity,
        path: &[&str],
        reason: &str,
        fix: &str,
    ) -> Diagnostic {
        let told = self.places.of_value(&Path::typed(path), reason.to_owned(), fix.to_owned());
        Diagnostic { severity, ..told }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4141)),
            clients: Vec::new(),
            deadlines: Deadlines::default(),
            limits: Limits::default(),
            fallback: Fallback::default(),
            model_aliases: BTreeMap::new(),
            privacy: None,
            region: None,
            providers: BTreeMap::new(),
            store: Store::default(),
            secrets: SecretSettings::default(),
            telemetry: Telemetry::default(),
            places: Places::default(),
        }
    }
}

/// A client (`clients[]`): its key and its own, tighter limits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Client {
    /// The name in logs and metrics.
    pub name: String,
    /// The key it sends.
    pub key: Secret,
    /// Restriction on where prompts go.
    pub privacy: Option<Privacy>,
    /// Where its requests may be computed.
    pub region: Option<String>,
    /// What it is shown.
    pub output: Option<Output>,
    /// Names it may ask for; absent: all.
    pub models: Option<Vec<String>>,
    /// Names of tools it may offer to a model; absent: all.
    pub tools: Option<Vec<String>>,
    /// What it may spend.
    pub budget: Option<Budget>,
}

/// What a client may spend (`clients[].budget`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Budget {
    /// US dollars.
    #[serde(deserialize_with = "values::amount")]
    #[schemars(with = "Option<Amount>")]
    pub cost_usd: Option<f64>,
    /// Tokens, prompt and answer together.
    #[serde(deserialize_with = "stated::<_, Whole, _>")]
    #[schemars(with = "Option<Whole>")]
    pub tokens: Option<u64>,
    /// The time after which it starts anew. Default: a day.
    pub per: Period,
}

/// A span of the calendar (`clients[].budget.per`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Period {
    /// An hour.
    Hour,
    /// A day.
    #[default]
    Day,
    /// A month.
    Month,
}

/// Where prompts may go (`privacy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Privacy {
    /// Only to models on this machine or the private network.
    LocalOnly,
}

/// What a client is shown (`output`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Output {
    /// Only what may be shown to a person.
    Final,
    /// Everything, reasoning included.
    Full,
}

/// How long things may take (`deadlines`). In the file: numbers are seconds,
/// strings carry a unit (`"250ms"`, `"90s"`, `"5m"`, `"1h"`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Deadlines {
    /// A whole request, all attempts together. Default 600 s.
    #[serde(deserialize_with = "values::duration")]
    #[schemars(with = "values::DurationText")]
    pub total: Duration,
    /// Name, connection and TLS. Default 5 s.
    #[serde(deserialize_with = "values::duration")]
    #[schemars(with = "values::DurationText")]
    pub connect: Duration,
    /// The first byte of an answer. Default as `firstText`.
    #[serde(deserialize_with = "values::by_class_first")]
    #[schemars(with = "values::ByClassText")]
    pub first_byte: ByClass,
    /// The first text of an answer. Default: loopback and private network
    /// 300 s, hosted 120 s.
    #[serde(deserialize_with = "values::by_class_first")]
    #[schemars(with = "values::ByClassText")]
    pub first_text: ByClass,
    /// Between two reads, the head of the answer being the first: a server that
    /// sends its head and then reads a long prompt in silence is ended by this
    /// limit, before `firstText`. Default 60 s.
    #[serde(deserialize_with = "values::by_class_idle")]
    #[schemars(with = "values::ByClassText")]
    pub idle: ByClass,
}

/// A duration for each class of address. In the file one duration holds for
/// all, or an object `{ loopback, private, hosted }` sets some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ByClass {
    /// For this machine.
    pub loopback: Duration,
    /// For the private network.
    pub private: Duration,
    /// For everybody else.
    pub hosted: Duration,
}

impl ByClass {
    const FIRST: Self = Self::new(300, 300, 120);
    const IDLE: Self = Self::new(60, 60, 60);

    const fn new(loopback: u64, private: u64, hosted: u64) -> Self {
        Self {
            loopback: Duration::from_secs(loopback),
            private: Duration::from_secs(private),
            hosted: Duration::from_secs(hosted),
        }
    }

    /// The duration for an address of this class (see `Provider::address`).
    #[must_use]
    pub fn of(&self, address: Locality) -> Duration {
        match address {
            Locality::Loopback => self.loopback,
            Locality::Private => self.private,
            Locality::Hosted => self.hosted,
        }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(600),
            connect: Duration::from_secs(5),
            first_byte: ByClass::FIRST,
            first_text: ByClass::FIRST,
            idle: ByClass::IDLE,
        }
    }
}

/// How large things may grow (`limits`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Limits {
    /// A request's body. Default 20 MB.
    #[serde(deserialize_with = "values::size")]
    #[schemars(with = "Count")]
    pub body_bytes: usize,
    /// What is held back of an answer before its first text. Default 4 MB.
    #[serde(deserialize_with = "values::size")]
    #[schemars(with = "Count")]
    pub held_bytes: usize,
    /// One event of an upstream's stream. Default 16 MB.
    #[serde(deserialize_with = "values::size")]
    #[schemars(with = "Count")]
    pub frame_bytes: usize,
    /// One answer of an upstream. Default 256 MB.
    #[serde(deserialize_with = "values::size")]
    #[schemars(with = "Count")]
    pub stream_bytes: usize,
    /// Requests at once. Default 1024.
    #[serde(deserialize_with = "values::size")]
    #[schemars(with = "Count")]
    pub concurrent: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 20_000_000,
            held_bytes: 4_000_000,
            frame_bytes: 16_000_000,
            stream_bytes: 256_000_000,
            concurrent: 1024,
        }
    }
}

/// What happens when a model fails (`fallback`).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Fallback {
    /// When an answer becomes the client's. Default `firstText`.
    pub commit: Commit,
    /// How long reasoning is held back before it is shown. Default 10 s.
    #[serde(deserialize_with = "values::duration")]
    #[schemars(with = "values::DurationText")]
    pub hold_reasoning: Duration,
    /// Whether a model asked for by name gets the fallbacks. Default `strict`.
    pub explicit_models: ExplicitModels,
    /// What happens when an answer breaks off. Default `fail`.
    pub after_commit: AfterCommit,
    /// What happens when a model declines, or a provider's filter does. Default
    /// `answer`.
    pub refusal: Refusal,
    /// What happens while a local model loads. Default `answerElsewhere`.
    pub cold_start: ColdStart,
    /// A second attempt beside a slow first one. Default off.
    #[serde(deserialize_with = "values::hedge")]
    #[schemars(with = "values::HedgeText")]
    pub hedge: Option<Hedge>,
    /// Attempts at the same target, when no other is left.
    pub retry: Retry,
}

impl Default for Fallback {
    fn default() -> Self {
        Self {
            commit: Commit::default(),
            hold_reasoning: Duration::from_secs(10),
            explicit_models: ExplicitModels::default(),
            after_commit: AfterCommit::default(),
            refusal: Refusal::default(),
            cold_start: ColdStart::default(),
            hedge: None,
            retry: Retry::default(),
        }
    }
}

/// When an answer becomes the client's (`fallback.commit`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Commit {
    /// With its first text: until then it can be replaced unseen.
    #[default]
    FirstText,
    /// With its first token: a failed attempt's reasoning may be seen.
    FirstToken,
}

/// What happens when an answer breaks off (`fallback.afterCommit`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum AfterCommit {
    /// The client is told.
    #[default]
    Fail,
    /// The next candidate continues the text.
    Continue,
}

/// What happens when a model declines, or a provider's filter does
/// (`fallback.refusal`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Refusal {
    /// That is the answer: what one company refused is not carried to another.
    #[default]
    Answer,
    /// The next candidate is asked. Where nobody answers, the refusal stands.
    Next,
}

/// What happens while a local model loads (`fallback.coldStart`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ColdStart {
    /// The next candidate answers.
    #[default]
    AnswerElsewhere,
    /// The request waits.
    Wait,
    /// Both; the first to give text wins.
    Race,
}

/// A second attempt beside a slow first one (`fallback.hedge`).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Hedge {
    /// When it starts.
    pub after: HedgeAfter,
    /// What it may cost at most, in US dollars. Default: no limit.
    pub max_cost_usd: Option<f64>,
}

/// When a hedge starts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum HedgeAfter {
    /// When the first attempt is slower than this share of earlier ones, in
    /// percent: `"p95"` is 95.
    Percentile(f64),
    /// After a fixed time.
    Time(Duration),
}

/// Attempts at the same target (`fallback.retry`).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Retry {
    /// How many, the first included. Default 2.
    #[serde(deserialize_with = "values::small")]
    #[schemars(with = "values::Small")]
    pub attempts: u32,
    /// Retries per request over time, as a share. Default 0.2.
    #[serde(deserialize_with = "values::share")]
    #[schemars(with = "Share")]
    pub budget: f64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 2, budget: 0.2 }
    }
}

/// What is declared of a provider (`providers.<id>`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProviderSettings {
    /// Where its prompts end up. Default: judged by its address.
    pub locality: Option<DeclaredLocality>,
    /// Where it computes: its jurisdiction.
    #[serde(deserialize_with = "stated::<_, Region, _>")]
    #[schemars(with = "Option<Region>")]
    pub region: Option<String>,
    /// What is declared of its models, by id.
    pub models: BTreeMap<String, ModelSettings>,
}

/// What is declared of how a model writes (`providers.<id>.models.<model>`), for
/// servers that hand on its text as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ModelSettings {
    /// The grammar of the tool calls that it writes into its text, in the words
    /// of vLLM's `--tool-call-parser` where it has one. Default: none; such an answer is an error.
    pub tool_call_parser: Option<ToolCallParser>,
    /// Its text begins with reasoning that has no opening tag, because the chat
    /// template wrote it: text is held back until the closing tag tells, at
    /// most so many bytes (65536 is ample). Default: off.
    #[serde(deserialize_with = "values::bytes")]
    #[schemars(with = "Option<Whole>")]
    pub thinking_forced_open: Option<usize>,
    /// What becomes of an answer whose text was all marked as reasoning.
    /// Default: it is no answer, and the next candidate is asked.
    pub reasoning_only: Option<ReasoningOnly>,
}

/// A grammar of tool calls in text (`toolCallParser`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolCallParser {
    /// `<tool_call>{"name":…,"arguments":{…}}</tool_call>`: Hermes, Qwen2.5, Qwen3.
    Hermes,
    /// `<tool_call><function=f><parameter=k>v…`.
    Qwen3Coder,
    /// `[TOOL_CALLS]…`.
    Mistral,
    /// `<minimax:tool_call><invoke name="f">…`.
    MinimaxM2,
    /// `<|tool_calls_section_begin|>…`.
    KimiK2,
    /// `<｜tool▁calls▁begin｜>…` and `<｜DSML｜function_calls>…`.
    Deepseek,
    /// `<tool_call>f<arg_key>k</arg_key><arg_value>v</arg_value>…`.
    Glm45,
    /// `<function_calls><invoke name="f"><parameter name="k">v</parameter></invoke></function_calls>`
    /// (Claude, and models trained on its output), also without the outer tag.
    FunctionCalls,
    /// `<function_calls>f(k="v")</function_calls>`, a call in each line.
    Olmo3,
    /// `<function=f>{…}</function>` (Functionary v3.1, Llama 3.1).
    Functionary,
    /// `<seed:tool_call><function=f><parameter=k>v</parameter></function></seed:tool_call>`.
    SeedOss,
    /// `<|python_tag|>{"name":…,"parameters":{…}}`.
    Llama3Json,
    /// `<|python_start|>[f(k="v")]<|python_end|>`.
    Llama4Pythonic,
    /// `<|tool_call_start|>[f(k="v")]<|tool_call_end|>`.
    Lfm2,
    /// `<|tool_call|>[{"name":…,"arguments":{…}}]` (Granite 3.0), of Phi-4-mini with `<|/tool_call|>`.
    Granite,
    /// `<function_call>{"name":…,"arguments":{…}}`, also with an end tag.
    #[serde(rename = "granite-20b-fc")]
    Granite20bFc,
    /// `<tool_calls>[{"name":…,"arguments":{…}}]</tool_calls>` (Hunyuan, Jamba, MiniMax M1).
    HunyuanA13b,
    /// `<|action_start|><|plugin|>{"name":…,"parameters":{…}}<|action_end|>`.
    Internlm,
    /// `<TOOLCALL>[{"name":…,"arguments":{…}}]</TOOLCALL>`.
    NemotronJson,
    /// `<|START_ACTION|>[{"tool_name":…,"parameters":{…}}]<|END_ACTION|>`.
    CohereCommand3,
}

impl ToolCallParser {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hermes => "hermes",
            Self::Qwen3Coder => "qwen3_coder",
            Self::Mistral => "mistral",
            Self::MinimaxM2 => "minimax_m2",
            Self::KimiK2 => "kimi_k2",
            Self::Deepseek => "deepseek",
            Self::Glm45 => "glm45",
            Self::FunctionCalls => "function_calls",
            Self::Olmo3 => "olmo3",
            Self::Functionary => "functionary",
            Self::SeedOss => "seed_oss",
            Self::Llama3Json => "llama3_json",
            Self::Llama4Pythonic => "llama4_pythonic",
            Self::Lfm2 => "lfm2",
            Self::Granite => "granite",
            Self::Granite20bFc => "granite-20b-fc",
            Self::HunyuanA13b => "hunyuan_a13b",
            Self::Internlm => "internlm",
            Self::NemotronJson => "nemotron_json",
            Self::CohereCommand3 => "cohere_command3",
        }
    }
}

/// What becomes of an answer that is all reasoning (`reasoningOnly`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ReasoningOnly {
    /// It is no answer.
    Fail,
    /// The reasoning that stood in its text is said again, as the answer: for
    /// models that forget to close the tag.
    Answer,
}

/// A declared locality (`providers.<id>.locality`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DeclaredLocality {
    /// Prompts stay on this machine or the private network.
    Local,
    /// Prompts leave.
    Hosted,
}

/// Where responses are kept (`store`).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(transform = response_store)]
#[non_exhaustive]
pub struct Store {
    /// The kind of store. Default `memory`.
    pub kind: StoreKind,
    /// The file of a `file` store.
    pub path: Option<PathBuf>,
    /// The address of a `redis` store; it may hold a password.
    #[serde(deserialize_with = "values::secret")]
    #[schemars(with = "Option<String>")]
    pub url: Option<Secret>,
}

/// A kind of store (`store.kind`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum StoreKind {
    /// In this process; gone when it ends.
    #[default]
    Memory,
    /// An embedded database.
    File,
    /// A Redis server.
    Redis,
}

/// How secrets of the config may be had (`secrets`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecretSettings {
    /// Whether the config's SecretRefs of `source: "exec"` are followed, which
    /// runs the commands that `secrets.providers` of the config names. Default
    /// false. Only the settings file can say it, not `ocGateway` in the config.
    pub exec: bool,
}

/// What is told to others (`telemetry`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Telemetry {
    /// Whether logs and traces may hold prompts and answers. Default false.
    pub capture_content: bool,
    /// The collector that traces are sent to; `false` or `"off"`: none, which
    /// is the default.
    #[serde(deserialize_with = "values::otlp")]
    #[schemars(with = "values::OtlpText")]
    pub otlp: Option<String>,
}
