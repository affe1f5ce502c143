//! How OpenClaw's agents behave: keys that are known and mean nothing to a
//! gateway. They are read for their strictness, as September's schema has them
//! and February's beside it; objects of OpenClaw's own business are only known
//! to be objects.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::Count;
use super::number::{HistoryShare, Share, Whole, Within};
use super::text::Filled;

/// An object that OpenClaw understands and this crate passes over.
#[derive(Debug)]
pub(crate) struct Object;

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        while map.next_entry::<String, IgnoredAny>()?.is_some() {}
        Ok(Object)
    }
}

impl JsonSchema for Object {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Object".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// A value of two kinds, neither of which is kept.
macro_rules! either {
    ($($(#[$doc:meta])* $name:ident: $expected:literal, $visits:tt, $rules:tt;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Either;

                impl Visitor<'_> for Either {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }

                    either!(@visits $name $visits);
                }

                deserializer.deserialize_any(Either)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($rules)
            }
        }
    )*};
    (@visits $name:ident { boolean or $word:literal }) => {
        fn visit_bool<E: Error>(self, _: bool) -> Result<$name, E> {
            Ok($name)
        }

        fn visit_str<E: Error>(self, word: &str) -> Result<$name, E> {
            match word {
                $word => Ok($name),
                _ => Err(E::unknown_variant(word, &[$word])),
            }
        }
    };
    (@visits $name:ident { whole or text }) => {
        fn visit_u64<E: Error>(self, _: u64) -> Result<$name, E> {
            Ok($name)
        }

        fn visit_f64<E: Error>(self, value: f64) -> Result<$name, E> {
            match value.fract() == 0.0 && value >= 0.0 {
                true => Ok($name),
                false => Err(E::invalid_value(serde::de::Unexpected::Float(value), &self)),
            }
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<$name, E> {
            Ok($name)
        }
    };
}

either! {
    /// `fastModeDefault`.
    FastMode: "a boolean, or \"auto\"", { boolean or "auto" },
        { "anyOf": [{ "type": "boolean" }, { "const": "auto" }] };
    /// A number of bytes, or a text such as `20mb`.
    BytesOrText: "a whole number of bytes, or a text as \"20mb\"", { whole or text },
        { "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string" }] };
}

/// A fixed set of words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
        pub(crate) enum $name {
            $(#[serde(rename = $word)] $variant),*
        }
    )*};
}

words! {
    /// `modelSelectionScope`.
    SelectionScope { Session = "session", Agent = "agent", Global = "global" }
    /// `thinkingDefault`: the union of both versions' words.
    ThinkingLevel {
        Off = "off", Minimal = "minimal", Low = "low", Medium = "medium", High = "high",
        Xhigh = "xhigh", Adaptive = "adaptive", Max = "max", Ultra = "ultra",
    }
    /// `compaction.thinkingLevel`: the same, or as the conversation.
    CompactionThinking {
        Off = "off", Minimal = "minimal", Low = "low", Medium = "medium", High = "high",
        Xhigh = "xhigh", Adaptive = "adaptive", Max = "max", Ultra = "ultra", Inherit = "inherit",
    }
    /// `compaction.mode`.
    CompactionMode { Default = "default", Safeguard = "safeguard" }
    /// `compaction.identifierPolicy`.
    IdentifierPolicy { Strict = "strict", Off = "off" }
    /// `compaction.postIndexSync`.
    PostIndexSync { Off = "off", Async = "async", Await = "await" }
    /// `contextPruning.mode`; the last two are older words, which February still
    /// took.
    PruningMode {
        Off = "off", CacheTtl = "cache-ttl", Adaptive = "adaptive", Aggressive = "aggressive",
    }
    /// `ownership`.
    Ownership { Explicit = "explicit" }
    /// A switch in words.
    OnOff { On = "on", Off = "off" }
    /// `verboseDefault`.
    Verbose { Off = "off", On = "on", Full = "full" }
    /// `elevatedDefault`.
    Elevated { Off = "off", On = "on", Ask = "ask", Full = "full" }
    /// `reasoningDefault`.
    ShowReasoning { Off = "off", On = "on", Stream = "stream" }
    /// `toolProgressDetail`.
    ToolProgress { Explain = "explain", Raw = "raw" }
    /// `blockStreamingBreak`.
    BlockBreak { TextEnd = "text_end", MessageEnd = "message_end" }
    /// `blockStreamingChunk.breakPreference`.
    BreakPreference { Paragraph = "paragraph", Newline = "newline", Sentence = "sentence" }
    /// `humanDelay.mode`.
    DelayMode { Off = "off", Natural = "natural", Custom = "custom" }
    /// `typingMode`.
    TypingMode { Never = "never", Instant = "instant", Thinking = "thinking", Message = "message" }
    /// `timeFormat` (February).
    TimeFormat { Auto = "auto", Twelve = "12", TwentyFour = "24" }
    /// `contextInjection`.
    ContextInjection {
        Always = "always", ContinuationSkip = "continuation-skip", Never = "never",
    }
    /// `skipOptionalBootstrapFiles[]`.
    BootstrapFile {
        Soul = "SOUL.md", User = "USER.md", Heartbeat = "HEARTBEAT.md", Identity = "IDENTITY.md",
    }
    /// `imageQuality`.
    ImageQuality { Auto = "auto", Efficient = "efficient", Balanced = "balanced", High = "high" }
    /// `silentReply.group` and `.internal`.
    Allowed { Allow = "allow", Disallow = "disallow" }
}

/// Objects whose keys are known and not used.
macro_rules! objects {
    ($($(#[$doc:meta])* $name:ident {
        $($(#[$about:meta])* $field:ident: $kind:ty),* $(,)?
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        #[expect(dead_code, reason = "read for its strictness")]
        pub(crate) struct $name {
            $($(#[$about])* $field: Option<$kind>),*
        }
    )*};
}

objects! {
    /// `experimental`.
    Experimental {
        /// Fewer tools for small local models.
        local_model_lean: bool,
    }
    /// `compaction`: the keys of both versions.
    Compaction {
        /// Default `true`.
        enabled: bool,
        /// Default `safeguard`.
        mode: CompactionMode,
        /// The plugin that summarises.
        provider: String,
        /// Default `low`.
        thinking_level: CompactionThinking,
        /// The model that summarises.
        model: String,
        /// Tokens of the end that stay as they are. Default 20000.
        keep_recent_tokens: Count,
        /// Whether ids must survive a summary.
        identifier_policy: IdentifierPolicy,
        /// Turns that stay as they are, 0 to 12. Default 3.
        recent_turns_preserve: Within<0, 12>,
        /// Whether a summary is judged, and made again.
        quality_guard: QualityGuard,
        /// Whether the size is looked at between tool calls.
        mid_turn_precheck: MidTurnPrecheck,
        /// Whether memory is indexed afterwards. Default `async`.
        post_index_sync: PostIndexSync,
        /// Sections of AGENTS.md that are said again afterwards.
        post_compaction_sections: Vec<String>,
        /// Seconds. Default 180.
        timeout_seconds: Count,
        /// A turn before it, in which memory is written.
        memory_flush: MemoryFlush,
        /// The largest transcript, in bytes or as `20mb`.
        max_active_transcript_bytes: BytesOrText,
        /// Whether the user is told.
        notify_user: bool,
        /// February: tokens that are kept free.
        reserve_tokens: Whole,
        /// February: the same at least.
        reserve_tokens_floor: Whole,
        /// February: 0.1 to 0.9 of the window.
        max_history_share: HistoryShare,
    }
    /// `compaction.qualityGuard`.
    QualityGuard {
        /// Whether it is on.
        enabled: bool,
        /// Summaries that are made again at most.
        max_retries: Whole,
    }
    /// `compaction.midTurnPrecheck`.
    MidTurnPrecheck {
        /// Default `false`.
        enabled: bool,
    }
    /// `compaction.memoryFlush`.
    MemoryFlush {
        /// Whether it is on.
        enabled: bool,
        /// The model that writes.
        model: String,
        /// Tokens before the limit.
        soft_threshold_tokens: Whole,
        /// A transcript that makes it begin, in bytes or as `2mb`.
        force_flush_transcript_bytes: BytesOrText,
        /// February: what the model is asked.
        prompt: String,
        /// February: what it is told before.
        system_prompt: String,
    }
    /// `contextPruning`: the keys of both versions.
    ContextPruning {
        /// When old tool results are dropped.
        mode: PruningMode,
        /// A duration, such as `5m`.
        ttl: String,
        /// Whose results.
        tools: ToolChoice,
        /// What stands in place of a dropped one.
        hard_clear: HardClear,
        /// February: answers whose tool results stay.
        keep_last_assistants: Whole,
        /// February: a share of the window.
        soft_trim_ratio: Share,
        /// February: a share of the window.
        hard_clear_ratio: Share,
        /// February: characters.
        min_prunable_tool_chars: Whole,
        /// February: what stays of a long result.
        soft_trim: SoftTrim,
    }
    /// `contextPruning.tools`.
    ToolChoice {
        /// Only these, by name or pattern.
        allow: Vec<String>,
        /// Not these.
        deny: Vec<String>,
    }
    /// `contextPruning.hardClear`.
    HardClear {
        /// Whether it is on.
        enabled: bool,
        /// The text.
        placeholder: String,
    }
    /// `contextPruning.softTrim` (February), in characters.
    SoftTrim {
        /// Results longer than this.
        max_chars: Whole,
        /// Kept of the beginning.
        head_chars: Whole,
        /// Kept of the end.
        tail_chars: Whole,
    }
    /// `blockStreamingChunk`.
    BlockChunk {
        /// Characters at least.
        min_chars: Count,
        /// Characters at most.
        max_chars: Count,
        /// Where it is cut.
        break_preference: BreakPreference,
    }
    /// `blockStreamingCoalesce`.
    BlockCoalesce {
        /// Characters at least.
        min_chars: Count,
        /// Characters at most.
        max_chars: Count,
        /// Milliseconds of silence.
        idle_ms: Whole,
    }
    /// `humanDelay`.
    HumanDelay {
        /// Whether there is one.
        mode: DelayMode,
        /// Milliseconds at least.
        min_ms: Whole,
        /// Milliseconds at most.
        max_ms: Whole,
    }
    /// `silentReply`.
    SilentReply {
        /// In groups.
        group: Allowed,
        /// Among agents.
        internal: Allowed,
    }
    /// `contextLimits`.
    ContextLimits {
        /// Characters of one `memory_get`.
        memory_get_max_chars: Within<1, 250_000>,
        /// Characters that are said again after a compaction.
        post_compaction_max_chars: Within<1, 50_000>,
    }
    /// `skillsLimits`.
    SkillsLimits {
        /// Characters.
        max_skills_prompt_chars: Whole,
    }
    /// `authInheritance` and `sessionStore`.
    OfAgent {
        /// The agent whose it is.
        agent_id: Filled,
    }
}
