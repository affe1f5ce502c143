//! The `agents` section: which model answers, and what it falls back to.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::behaviour::{
    BlockBreak, BlockChunk, BlockCoalesce, BootstrapFile, Compaction, ContextInjection,
    ContextLimits, ContextPruning, Elevated, Experimental, FastMode, HumanDelay, ImageQuality,
    Object, OfAgent, OnOff, Ownership, SelectionScope, ShowReasoning, SilentReply, SkillsLimits,
    ThinkingLevel, TimeFormat, ToolProgress, TypingMode, Verbose,
};
use super::choice::{ModelChoice, UnreadChoice};
use super::text::{AgentId, Filled, RuntimeId, ShortText};
use super::values::{AtMost, Table, plain, stated};
use super::{Count, Positive, Runtime, Whole};

/// `agents`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Agents {
    /// What holds for every agent.
    #[serde(default)]
    pub(crate) defaults: Defaults,
    /// Agents, as February wrote them: each with an `id`.
    #[serde(default)]
    #[schemars(with = "Vec<Listed>")]
    pub(crate) list: Vec<Agent>,
    /// Agents by id, as September writes them.
    #[serde(default, deserialize_with = "plain::<_, Table<AgentId, Agent>, _>")]
    #[schemars(with = "Table<AgentId, Agent>")]
    pub(crate) entries: BTreeMap<String, Agent>,
    /// OpenClaw's note of who owns which agent; not used.
    #[expect(dead_code, reason = "known, not used")]
    ownership: Option<Ownership>,
}

/// The schema of one of `agents.list`.
struct Listed;

impl JsonSchema for Listed {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Listed".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let agent = generator.subschema_for::<Agent>();
        json_schema!({ "allOf": [agent, { "required": ["id"] }] })
    }
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
    picker_runtimes: Option<AtMost<RuntimeId, 8>>,
    /// OpenClaw's code mode; not used.
    #[expect(dead_code, reason = "known, not used")]
    code_mode: Option<bool>,
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
    decision_model: Option<ShortText>,
    /// The model for PDF files; not used.
    pdf_model: Option<UnreadChoice>,
    /// The model for speech; not used.
    voice_model: Option<UnreadChoice>,
    /// Models for media; not used.
    media_models: Option<Object>,
    /// Whose logins it may use; not used.
    auth_inheritance: Option<OfAgent>,
    /// Where streamed blocks end; not used.
    block_streaming_break: Option<BlockBreak>,
    /// How long streamed blocks are; not used.
    block_streaming_chunk: Option<BlockChunk>,
    /// How short blocks are joined; not used.
    block_streaming_coalesce: Option<BlockCoalesce>,
    /// Whether blocks are streamed; not used.
    block_streaming_default: Option<OnOff>,
    /// Characters of one file that an agent begins with; not used.
    bootstrap_max_chars: Option<Count>,
    /// Characters of all of them; not used.
    bootstrap_total_max_chars: Option<Count>,
    /// Programs that answer in place of a model; not used.
    cli_backends: Option<Object>,
    /// When those files are said; not used.
    context_injection: Option<ContextInjection>,
    /// How much of memory is said; not used.
    context_limits: Option<ContextLimits>,
    /// The folder that tools begin in; not used.
    cwd: Option<String>,
    /// Whether tools may do more than usual; not used.
    elevated_default: Option<Elevated>,
    /// The agent that is built in; not used.
    embedded_agent: Option<Object>,
    /// Whether messages tell the time since the last (February); not used.
    envelope_elapsed: Option<OnOff>,
    /// Whether messages tell their time (February); not used.
    envelope_timestamp: Option<OnOff>,
    /// In which zone (February); not used.
    envelope_timezone: Option<String>,
    /// Whether models answer faster for more; not used.
    fast_mode_default: Option<FastMode>,
    /// What it does on its own; not used.
    heartbeat: Option<Object>,
    /// How long it waits between messages; not used.
    human_delay: Option<HumanDelay>,
    /// Pixels of the longer side of an image; not used.
    image_max_dimension_px: Option<Count>,
    /// How much images are shrunk; not used.
    image_quality: Option<ImageQuality>,
    /// Megabytes of an attachment; not used.
    media_max_mb: Option<Positive>,
    /// How memory is searched; not used.
    memory_search: Option<Object>,
    /// Megabytes of a PDF file; not used.
    pdf_max_mb: Option<Positive>,
    /// Pages of a PDF file; not used.
    pdf_max_pages: Option<Count>,
    /// Whether reasoning is shown; not used.
    reasoning_default: Option<ShowReasoning>,
    /// The repository it works in; not used.
    repo_root: Option<String>,
    /// Where tools run; not used.
    sandbox: Option<Object>,
    /// Whose sessions it has; not used.
    session_store: Option<OfAgent>,
    /// Where it may say nothing; not used.
    silent_reply: Option<SilentReply>,
    /// Skills it may use; not used.
    skills: Option<Vec<String>>,
    /// Whether no files are written for a new agent; not used.
    skip_bootstrap: Option<bool>,
    /// Which of them are not; not used.
    skip_optional_bootstrap_files: Option<Vec<BootstrapFile>>,
    /// What it is told first; not used.
    startup_context: Option<Object>,
    /// What agents it may start; not used.
    subagents: Option<Object>,
    /// The agent for chores; not used.
    system_agent: Option<Object>,
    /// How times are written (February); not used.
    time_format: Option<TimeFormat>,
    /// How tool calls are told; not used.
    tool_progress_detail: Option<ToolProgress>,
    /// Seconds between signs of typing; not used.
    typing_interval_seconds: Option<Count>,
    /// When they begin; not used.
    typing_mode: Option<TypingMode>,
    /// The zone of the user; not used.
    user_timezone: Option<String>,
    /// How much is told of tool calls; not used.
    verbose_default: Option<Verbose>,
    /// The folder of its files; not used.
    workspace: Option<String>,
}

/// One agent of `agents.list[]` or `agents.entries`: the keys of both versions.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "most keys are known, but mean nothing to a gateway")]
pub(crate) struct Agent {
    /// The agent's id, in `agents.list` only.
    #[serde(default, deserialize_with = "stated::<_, Filled, _>")]
    #[schemars(with = "Option<Filled>")]
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
    decision_model: Option<ShortText>,
    /// The folder of its state; not used.
    agent_dir: Option<String>,
    /// Characters of one file that an agent begins with; not used.
    bootstrap_max_chars: Option<Count>,
    /// Characters of all of them; not used.
    bootstrap_total_max_chars: Option<Count>,
    /// When those files are said; not used.
    context_injection: Option<ContextInjection>,
    /// How much of memory is said; not used.
    context_limits: Option<ContextLimits>,
    /// The folder that tools begin in; not used.
    cwd: Option<String>,
    /// The agent that is built in; not used.
    embedded_agent: Option<Object>,
    /// Whether models answer faster for more; not used.
    fast_mode_default: Option<FastMode>,
    /// How it behaves in groups; not used.
    group_chat: Option<Object>,
    /// What it does on its own; not used.
    heartbeat: Option<Object>,
    /// How long it waits between messages; not used.
    human_delay: Option<HumanDelay>,
    /// Its name and picture; not used.
    identity: Option<Object>,
    /// How it remembers; not used.
    memory: Option<Object>,
    /// How memory is searched; not used.
    memory_search: Option<Object>,
    /// Whether reasoning is shown; not used.
    reasoning_default: Option<ShowReasoning>,
    /// What drives it; not used.
    runtime: Option<Object>,
    /// Where tools run; not used.
    sandbox: Option<Object>,
    /// Skills it may use; not used.
    skills: Option<Vec<String>>,
    /// How much skills may say; not used.
    skills_limits: Option<SkillsLimits>,
    /// What agents it may start; not used.
    subagents: Option<Object>,
    /// How tool calls are told; not used.
    tool_progress_detail: Option<ToolProgress>,
    /// Tools it may use; not used.
    tools: Option<Object>,
    /// How it speaks; not used.
    tts: Option<Object>,
    /// When they begin; not used.
    typing_mode: Option<TypingMode>,
    /// How much is told of tool calls; not used.
    verbose_default: Option<Verbose>,
    /// The folder of its files; not used.
    workspace: Option<String>,
}
