//! The `agents` section: which model answers, and what it falls back to.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::{Count, Opaque};

/// `agents`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Agents {
    /// What holds for every agent.
    #[serde(default)]
    pub(crate) defaults: Defaults,
    /// Agents, as February wrote them.
    #[serde(default)]
    #[expect(dead_code, reason = "read for its strictness")]
    list: Vec<Agent>,
    /// Agents by id, as September writes them.
    #[serde(default)]
    #[expect(dead_code, reason = "read for its strictness")]
    entries: BTreeMap<String, Agent>,
    #[expect(dead_code, reason = "known, not used")]
    ownership: Option<Opaque>,
}

/// `agents.defaults.models.<ref>`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ModelEntry {
    /// Another name for the model; case does not count, spaces are allowed.
    pub(crate) alias: Option<String>,
    /// Fields to add to requests.
    #[serde(default)]
    pub(crate) params: BTreeMap<String, serde_json::Value>,
    #[expect(dead_code, reason = "known, not used")]
    streaming: Option<bool>,
    #[expect(dead_code, reason = "known, not used")]
    agent_runtime: Option<Opaque>,
    #[expect(dead_code, reason = "known, not used")]
    picker_runtimes: Option<Opaque>,
    #[expect(dead_code, reason = "known, not used")]
    code_mode: Option<bool>,
}

/// A model and its fallbacks: a ref alone, or `{ primary, fallbacks }`.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModelChoice {
    pub(crate) primary: Option<String>,
    pub(crate) fallbacks: Vec<String>,
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
    #[serde(default)]
    fallbacks: Vec<String>,
    #[expect(dead_code, reason = "known for `imageModel`, not used")]
    timeout_ms: Option<Count>,
}

impl<'de> Visitor<'de> for ChoiceVisitor {
    type Value = ModelChoice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a model ref, or `{ primary, fallbacks }`")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<ModelChoice, E> {
        Ok(ModelChoice { primary: Some(value.to_owned()), fallbacks: Vec::new() })
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
    /// Refs, aliases and `provider/*` that may be chosen.
    #[serde(default)]
    #[expect(dead_code, reason = "read for its strictness")]
    allow: Vec<String>,
}

/// `agents.defaults`: the keys of both versions.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "most keys are known, but mean nothing to a gateway")]
pub(crate) struct Defaults {
    /// The primary model and its fallbacks.
    #[serde(default)]
    pub(crate) model: ModelChoice,
    /// The model for images.
    image_model: Option<ModelChoice>,
    /// Aliases and parameters by model ref.
    #[serde(default)]
    pub(crate) models: BTreeMap<String, ModelEntry>,
    /// Which models may be chosen.
    model_policy: Option<ModelPolicy>,
    /// February's cap on every window, in tokens.
    pub(crate) context_tokens: Option<Count>,
    thinking_default: Option<Opaque>,
    max_concurrent: Option<Opaque>,
    timeout_seconds: Option<Opaque>,
    params: Option<Opaque>,
    auth_inheritance: Option<Opaque>,
    block_streaming_break: Option<Opaque>,
    block_streaming_chunk: Option<Opaque>,
    block_streaming_coalesce: Option<Opaque>,
    block_streaming_default: Option<Opaque>,
    bootstrap_max_chars: Option<Opaque>,
    bootstrap_total_max_chars: Option<Opaque>,
    cli_backends: Option<Opaque>,
    compaction: Option<Opaque>,
    context_injection: Option<Opaque>,
    context_limits: Option<Opaque>,
    context_pruning: Option<Opaque>,
    cwd: Option<Opaque>,
    decision_model: Option<Opaque>,
    elevated_default: Option<Opaque>,
    embedded_agent: Option<Opaque>,
    envelope_elapsed: Option<Opaque>,
    envelope_timestamp: Option<Opaque>,
    envelope_timezone: Option<Opaque>,
    experimental: Option<Opaque>,
    fast_mode_default: Option<Opaque>,
    heartbeat: Option<Opaque>,
    human_delay: Option<Opaque>,
    image_max_dimension_px: Option<Opaque>,
    image_quality: Option<Opaque>,
    media_max_mb: Option<Opaque>,
    media_models: Option<Opaque>,
    memory_search: Option<Opaque>,
    model_selection_scope: Option<Opaque>,
    pdf_max_mb: Option<Opaque>,
    pdf_max_pages: Option<Opaque>,
    pdf_model: Option<Opaque>,
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
    utility_model: Option<Opaque>,
    verbose_default: Option<Opaque>,
    voice_model: Option<Opaque>,
    workspace: Option<Opaque>,
}

/// One agent of `agents.list[]` or `agents.entries`: the keys of both versions.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct Agent {
    id: Option<String>,
    name: Option<String>,
    default: Option<bool>,
    /// The agent's model and its fallbacks.
    model: Option<ModelChoice>,
    /// Aliases and parameters by model ref.
    #[serde(default)]
    models: BTreeMap<String, ModelEntry>,
    model_policy: Option<ModelPolicy>,
    agent_dir: Option<Opaque>,
    bootstrap_max_chars: Option<Opaque>,
    bootstrap_total_max_chars: Option<Opaque>,
    context_injection: Option<Opaque>,
    context_limits: Option<Opaque>,
    cwd: Option<Opaque>,
    decision_model: Option<Opaque>,
    embedded_agent: Option<Opaque>,
    experimental: Option<Opaque>,
    fast_mode_default: Option<Opaque>,
    group_chat: Option<Opaque>,
    heartbeat: Option<Opaque>,
    human_delay: Option<Opaque>,
    identity: Option<Opaque>,
    memory: Option<Opaque>,
    memory_search: Option<Opaque>,
    params: Option<Opaque>,
    reasoning_default: Option<Opaque>,
    runtime: Option<Opaque>,
    sandbox: Option<Opaque>,
    skills: Option<Opaque>,
    skills_limits: Option<Opaque>,
    subagents: Option<Opaque>,
    thinking_default: Option<Opaque>,
    tool_progress_detail: Option<Opaque>,
    tools: Option<Opaque>,
    tts: Option<Opaque>,
    typing_mode: Option<Opaque>,
    utility_model: Option<Opaque>,
    verbose_default: Option<Opaque>,
    workspace: Option<Opaque>,
}
