//! The `agents` section: which model answers, and what it falls back to.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::{Amount, Count, Opaque, Runtime, Whole};

/// `agents`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Agents {
    /// What holds for every agent.
    #[serde(default)]
    pub(crate) defaults: Defaults,
    /// Agents, as February wrote them: each with an `id`.
    #[serde(default)]
    pub(crate) list: Vec<Agent>,
    /// Agents by id, as September writes them.
    #[serde(default)]
    pub(crate) entries: BTreeMap<String, Agent>,
    /// OpenClaw's note of who owns which agent; not used.
    #[expect(dead_code, reason = "known, not used")]
    ownership: Option<Opaque>,
}

/// `agents.defaults.models.<ref>` and the same of an agent. The key is a ref, or
/// `provider/*` for all models of a provider.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ModelEntry {
    /// Another name for the model; case does not count, spaces are allowed,
    /// `""` switches OpenClaw's usual alias off.
    pub(crate) alias: Option<String>,
    /// What is added to requests.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, serde_json::Value>,
    /// Whether OpenClaw streams from it; the gateway always does.
    #[expect(dead_code, reason = "known, not used")]
    streaming: Option<bool>,
    /// OpenClaw's runtime for it; not used.
    #[expect(dead_code, reason = "known, not used")]
    agent_runtime: Option<Runtime>,
    /// Runtimes that OpenClaw's picker offers, at most 8; not used.
    #[expect(dead_code, reason = "known, not used")]
    picker_runtimes: Option<Vec<String>>,
    /// OpenClaw's code mode; not used.
    #[expect(dead_code, reason = "known, not used")]
    code_mode: Option<bool>,
}

/// A model and its fallbacks: a ref alone, or `{ primary, fallbacks }`.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModelChoice {
    pub(crate) primary: Option<String>,
    /// `None` where none are stated, which is not the same as `[]`.
    pub(crate) fallbacks: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for ModelChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

struct ChoiceVisitor;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ChoiceObject {
    /// The model that is asked first.
    primary: Option<String>,
    /// The models that are asked when it fails, in order.
    fallbacks: Option<Vec<String>>,
    /// `imageModel` and its like: milliseconds for one request; not used.
    #[expect(dead_code, reason = "known for `imageModel`, not used")]
    timeout_ms: Option<Count>,
}

impl<'de> Visitor<'de> for ChoiceVisitor {
    type Value = ModelChoice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a model ref, or `{ primary, fallbacks }`")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<ModelChoice, E> {
        Ok(ModelChoice { primary: Some(value.to_owned()), fallbacks: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ModelChoice, A::Error> {
        let object = ChoiceObject::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ModelChoice { primary: object.primary, fallbacks: object.fallbacks })
    }
}

impl JsonSchema for ModelChoice {
    fn schema_name() -> Cow<'static, str> {
        "ModelChoice".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let object = generator.subschema_for::<ChoiceObject>();
        json_schema!({ "anyOf": [{ "type": "string" }, object] })
    }
}

/// `modelPolicy`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelPolicy {
    /// Refs, aliases, `provider/*` and `provider/namespace/*` that a request may
    /// name. Empty: any. Primary and fallbacks are never filtered.
    #[serde(default)]
    pub(crate) allow: Vec<String>,
}

/// `agents.defaults`: the keys of both versions.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "most keys are known, but mean nothing to a gateway")]
pub(crate) struct Defaults {
    /// The primary model and its fallbacks: a ref, or `{ primary, fallbacks }`.
    #[serde(default)]
    pub(crate) model: ModelChoice,
    /// The model for images and its fallbacks.
    pub(crate) image_model: Option<ModelChoice>,
    /// Aliases and parameters by model ref.
    #[serde(default)]
    pub(crate) models: BTreeMap<String, ModelEntry>,
    /// Which models a request may name (September).
    pub(crate) model_policy: Option<ModelPolicy>,
    /// February's cap on every window, in tokens.
    pub(crate) context_tokens: Option<Count>,
    /// What is added to every request (September).
    #[serde(default)]
    pub(crate) params: BTreeMap<String, serde_json::Value>,
    /// What a change of model in a chat holds for: `session` (default), `agent`
    /// or `global`; not used.
    model_selection_scope: Option<SelectionScope>,
    /// How much a model thinks. OpenClaw's default: `low` for reasoning models,
    /// else `off`; not used, clients say it themselves.
    thinking_default: Option<ThinkingLevel>,
    /// Runs at once. OpenClaw's default: 4 (February), 8 or four per core
    /// (September); not used, see `limits.concurrent`.
    max_concurrent: Option<Count>,
    /// Seconds for a whole run; 0 is no limit. OpenClaw's default: 600
    /// (February), 172800 (September); not used, see `deadlines.total`.
    timeout_seconds: Option<Whole>,
    /// How OpenClaw shortens a long history; not used.
    compaction: Option<Compaction>,
    /// How OpenClaw drops old tool results; not used.
    context_pruning: Option<ContextPruning>,
    /// OpenClaw's trials; not used.
    experimental: Option<Experimental>,
    /// A small model for chores; not used.
    utility_model: Option<String>,
    /// The model that decides whether to answer; not used.
    decision_model: Option<String>,
    /// The model for PDF files; not used.
    pdf_model: Option<ModelChoice>,
    /// The model for speech; not used.
    voice_model: Option<ModelChoice>,
    /// Models for media; not used.
    media_models: Option<Opaque>,
    auth_inheritance: Option<Opaque>,
    block_streaming_break: Option<Opaque>,
    block_streaming_chunk: Option<Opaque>,
    block_streaming_coalesce: Option<Opaque>,
    block_streaming_default: Option<Opaque>,
    bootstrap_max_chars: Option<Opaque>,
    bootstrap_total_max_chars: Option<Opaque>,
    cli_backends: Option<Opaque>,
    context_injection: Option<Opaque>,
    context_limits: Option<Opaque>,
    cwd: Option<Opaque>,
    elevated_default: Option<Opaque>,
    embedded_agent: Option<Opaque>,
    envelope_elapsed: Option<Opaque>,
    envelope_timestamp: Option<Opaque>,
    envelope_timezone: Option<Opaque>,
    fast_mode_default: Option<Opaque>,
    heartbeat: Option<Opaque>,
    human_delay: Option<Opaque>,
    image_max_dimension_px: Option<Opaque>,
    image_quality: Option<Opaque>,
    media_max_mb: Option<Opaque>,
    memory_search: Option<Opaque>,
    pdf_max_mb: Option<Opaque>,
    pdf_max_pages: Option<Opaque>,
    reasoning_default: Option<Opaque>,
    repo_root: Option<Opaque>,
    sandbox: Option<Opaque>,
    session_store: Option<Opaque>,
    silent_reply: Option<Opaque>,
    skills: Option<Opaque>,
    skip_bootstrap: Option<Opaque>,
    skip_optional_bootstrap_files: Option<Opaque>,
    startup_context: Option<Opaque>,
    subagents: Option<Opaque>,
    system_agent: Option<Opaque>,
    time_format: Option<Opaque>,
    tool_progress_detail: Option<Opaque>,
    typing_interval_seconds: Option<Opaque>,
    typing_mode: Option<Opaque>,
    user_timezone: Option<Opaque>,
    verbose_default: Option<Opaque>,
    workspace: Option<Opaque>,
}

/// One agent of `agents.list[]` or `agents.entries`: the keys of both versions.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "most keys are known, but mean nothing to a gateway")]
pub(crate) struct Agent {
    /// The agent's id, in `agents.list` only.
    pub(crate) id: Option<String>,
    /// A name for people.
    name: Option<String>,
    /// Whether it answers where no agent is named.
    pub(crate) default: Option<bool>,
    /// The agent's model. A ref alone gets no fallbacks; `fallbacks: []` in an
    /// object switches them off as well.
    pub(crate) model: Option<ModelChoice>,
    /// Aliases and params by model ref, for this agent alone.
    #[serde(default)]
    pub(crate) models: BTreeMap<String, ModelEntry>,
    /// Which models a request may name; replaces that of the defaults.
    pub(crate) model_policy: Option<ModelPolicy>,
    /// What is added to requests; wins over what is said of models.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, serde_json::Value>,
    /// How much its model thinks; not used.
    thinking_default: Option<ThinkingLevel>,
    /// OpenClaw's trials; not used.
    experimental: Option<Experimental>,
    /// A small model for chores; not used.
    utility_model: Option<String>,
    /// The model that decides whether to answer; not used.
    decision_model: Option<String>,
    agent_dir: Option<Opaque>,
    bootstrap_max_chars: Option<Opaque>,
    bootstrap_total_max_chars: Option<Opaque>,
    context_injection: Option<Opaque>,
    context_limits: Option<Opaque>,
    cwd: Option<Opaque>,
    embedded_agent: Option<Opaque>,
    fast_mode_default: Option<Opaque>,
    group_chat: Option<Opaque>,
    heartbeat: Option<Opaque>,
    human_delay: Option<Opaque>,
    identity: Option<Opaque>,
    memory: Option<Opaque>,
    memory_search: Option<Opaque>,
    reasoning_default: Option<Opaque>,
    runtime: Option<Opaque>,
    sandbox: Option<Opaque>,
    skills: Option<Opaque>,
    skills_limits: Option<Opaque>,
    subagents: Option<Opaque>,
    tool_progress_detail: Option<Opaque>,
    tools: Option<Opaque>,
    tts: Option<Opaque>,
    typing_mode: Option<Opaque>,
    verbose_default: Option<Opaque>,
    workspace: Option<Opaque>,
}

/// `modelSelectionScope`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum SelectionScope {
    Session,
    Agent,
    Global,
}

/// `thinkingDefault`: the union of both versions' words.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ThinkingLevel {
    Off,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Adaptive,
    Max,
    Ultra,
    /// `compaction.thinkingLevel` only: as the conversation.
    Inherit,
}

/// `experimental`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
struct Experimental {
    /// Fewer tools for small local models.
    local_model_lean: Option<bool>,
}

/// `compaction`: the keys of both versions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
struct Compaction {
    /// Default `true`.
    enabled: Option<bool>,
    /// Default `safeguard`.
    mode: Option<CompactionMode>,
    provider: Option<String>,
    /// Default `low`.
    thinking_level: Option<ThinkingLevel>,
    /// The model that summarises.
    model: Option<String>,
    /// Default 20000.
    keep_recent_tokens: Option<Count>,
    /// `strict` or `off`.
    identifier_policy: Option<Opaque>,
    /// 0 to 12; default 3.
    recent_turns_preserve: Option<Whole>,
    quality_guard: Option<Opaque>,
    mid_turn_precheck: Option<Opaque>,
    post_index_sync: Option<Opaque>,
    post_compaction_sections: Option<Opaque>,
    /// Default 180.
    timeout_seconds: Option<Count>,
    memory_flush: Option<Opaque>,
    max_active_transcript_bytes: Option<Opaque>,
    notify_user: Option<bool>,
    /// February: tokens that are kept free.
    reserve_tokens: Option<Whole>,
    /// February: the same at least.
    reserve_tokens_floor: Option<Whole>,
    /// February: 0.1 to 0.9 of the window.
    max_history_share: Option<Amount>,
}

/// `compaction.mode`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum CompactionMode {
    Default,
    Safeguard,
}

/// `contextPruning`: the keys of both versions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
struct ContextPruning {
    mode: Option<PruningMode>,
    /// A duration, such as `5m`.
    ttl: Option<String>,
    tools: Option<Opaque>,
    hard_clear: Option<Opaque>,
    /// February.
    keep_last_assistants: Option<Whole>,
    /// February: a share.
    soft_trim_ratio: Option<Amount>,
    /// February: a share.
    hard_clear_ratio: Option<Amount>,
    /// February: characters.
    min_prunable_tool_chars: Option<Whole>,
    /// February.
    soft_trim: Option<Opaque>,
}

/// `contextPruning.mode`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum PruningMode {
    Off,
    CacheTtl,
    /// An older word, which February still took.
    Adaptive,
    /// The same.
    Aggressive,
}
