//! What the servers of this wire disagree about, as data.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::capabilities::EffortWords;
use crate::wire::tool_ids::IdForm;

/// What a server of this wire wants otherwise than others do.
///
/// [`ChatCompat::plain`] is what every local server and relay takes; a vendor's
/// row or the user's config differs from it where it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatCompat {
    /// How the limit on output tokens is called.
    pub max_tokens_field: MaxTokensField,
    /// How a model is told how much to think.
    pub thinking: ThinkingFormat,
    /// Which earlier reasoning it wants back.
    pub replay: ReasoningReplay,
    /// Where earlier reasoning goes in an assistant message.
    pub reasoning_field: ReasoningField,
    /// `stream_options.include_usage`: without it most servers count nothing.
    pub stream_usage: bool,
    /// Which ids of tool calls it takes.
    pub tool_ids: ToolIdRule,
    /// The tool's name on its result.
    pub result_names: bool,
    /// An assistant message between the results of tools and the user's next.
    pub assistant_after_results: bool,
    /// Content as one string; where that cannot be (a picture), the request is
    /// for another host.
    pub string_content: bool,
    /// No keys in messages but `role`, `content` and those of tools.
    pub strict_keys: bool,
    /// `tools` wherever the history has calls, if need be an empty list.
    pub tools_beside_calls: bool,
    /// `reasoning_split: true`, so that reasoning comes apart from the text.
    pub reasoning_split: bool,
    /// `tool_stream: true` beside tools, so that calls come as they are made.
    pub tool_stream: bool,
    /// `cache_control` marks on parts and tools, as a Messages client set them.
    pub cache_marks: bool,
    /// Calls carry a signature (`extra_content`); this, as JSON, stands for that
    /// of a call that another model made.
    pub unsigned_call: Option<&'static str>,
}

impl ChatCompat {
    /// What every server of this wire takes: `max_tokens`, `reasoning_effort`
    /// (for models that are known to think), no earlier reasoning, and
    /// `stream_options.include_usage`.
    ///
    /// Why `max_tokens`, the older name: everyone reads it but OpenAI's own
    /// reasoning models. A server that does not know `max_completion_tokens`
    /// ignores it and writes without a limit, or refuses the request.
    pub const fn plain() -> Self {
        Self {
            max_tokens_field: MaxTokensField::MaxTokens,
            thinking: ThinkingFormat::ReasoningEffort,
            replay: ReasoningReplay::Never,
            reasoning_field: ReasoningField::ReasoningContent,
            stream_usage: true,
            tool_ids: ToolIdRule::Short,
            result_names: false,
            assistant_after_results: false,
            string_content: false,
            strict_keys: false,
            tools_beside_calls: false,
            reasoning_split: false,
            tool_stream: false,
            cache_marks: false,
            unsigned_call: None,
        }
    }
}

impl Default for ChatCompat {
    fn default() -> Self {
        Self::plain()
    }
}

/// How the limit on output tokens is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MaxTokensField {
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens`.
    MaxCompletionTokens,
}

impl MaxTokensField {
    /// The field's name, which is also the config's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

impl FromStr for MaxTokensField {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        [Self::MaxTokens, Self::MaxCompletionTokens]
            .into_iter()
            .find(|field| field.as_str() == word)
            .ok_or_else(|| UnknownWord::new(word, "max_tokens, max_completion_tokens"))
    }
}

/// Which of its earlier reasoning a server wants back: what a seal says that the
/// model made itself. What came with `reasoning_details` goes back to the host that
/// made it in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReasoningReplay {
    /// None: templates add it to the prompt a second time, or refuse it.
    Never,
    /// That of messages with tool calls, and an empty one where there was none:
    /// some answer 400 without the field.
    WithToolCalls,
    /// That of messages with tool calls, where there was any.
    WhereToolsWereCalled,
    /// All of it.
    Always,
    /// On every answer: its own, what no seal says anything of, or else an empty one.
    /// For users who know that nobody else's reasoning is in the history, with clients
    /// that drop seals.
    OnEveryAnswer,
}

/// Which ids of tool calls a server takes. In all cases no two calls of a
/// conversation have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolIdRule {
    /// At most 40 characters of any kind.
    Short,
    /// Nine letters and digits, no more and no less.
    NineLettersAndDigits,
}

impl ToolIdRule {
    pub(super) fn form(self) -> IdForm {
        match self {
            Self::Short => IdForm::UpTo { longest: 40, allows: |_| true },
            Self::NineLettersAndDigits => IdForm::NineLettersAndDigits,
        }
    }
}

/// Where reasoning stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReasoningField {
    /// `reasoning_content`, the older name.
    ReasoningContent,
    /// `reasoning`.
    Reasoning,
}

impl ReasoningField {
    /// The field's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReasoningContent => "reasoning_content",
            Self::Reasoning => "reasoning",
        }
    }
}

/// How a model is told how much to think; the words are the config's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ThinkingFormat {
    /// `reasoning_effort: "low"` (`openai`).
    ReasoningEffort,
    /// `reasoning: {effort}`, `{enabled: false}` for none (`openrouter`).
    Reasoning,
    /// `reasoning: {enabled}` (`together`).
    ReasoningEnabled,
    /// `thinking: {type: "enabled" | "disabled"}` (`zai`).
    ThinkingType,
    /// The same, and `reasoning_effort` where it thinks (`deepseek`).
    ThinkingTypeWithEffort,
    /// `enable_thinking: true | false` (`qwen`).
    EnableThinking,
    /// `chat_template_kwargs: {enable_thinking}` (`qwen-chat-template`): vLLM,
    /// SGLang and llama.cpp with templates that know the switch.
    ChatTemplate,
}

impl ThinkingFormat {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("openai", Self::ReasoningEffort),
        ("openrouter", Self::Reasoning),
        ("together", Self::ReasoningEnabled),
        ("zai", Self::ThinkingType),
        ("deepseek", Self::ThinkingTypeWithEffort),
        ("qwen", Self::EnableThinking),
        ("qwen-chat-template", Self::ChatTemplate),
    ];

    /// The words for efforts where nothing else is known of a host.
    pub(crate) fn effort_words(self) -> EffortWords {
        match self {
            // Local servers know three, and refuse others.
            Self::ReasoningEffort => &[
                ("none", None),
                ("minimal", Some("low")),
                ("xhigh", Some("high")),
                ("max", Some("high")),
            ],
            // Two.
            Self::ThinkingTypeWithEffort => &[
                ("minimal", Some("high")),
                ("low", Some("high")),
                ("medium", Some("high")),
                ("xhigh", Some("max")),
            ],
            _ => &[],
        }
    }

    /// The fields that tell a model whether to think, and how hard in its own
    /// `word`; `None`: there is no word for it.
    pub(super) fn fields(self, thinks: bool, word: Option<&str>) -> Map<String, Value> {
        let switch = if thinks { "enabled" } else { "disabled" };
        let json = match (self, word) {
            (Self::ReasoningEffort, Some(word)) => json!({"reasoning_effort": word}),
            (Self::ReasoningEffort, None) => json!({}),
            (Self::Reasoning, Some(word)) if thinks => json!({"reasoning": {"effort": word}}),
            (Self::Reasoning | Self::ReasoningEnabled, _) => {
                json!({"reasoning": {"enabled": thinks}})
            }
            (Self::ThinkingTypeWithEffort, Some(word)) if thinks => {
                json!({"thinking": {"type": switch}, "reasoning_effort": word})
            }
            (Self::ThinkingType | Self::ThinkingTypeWithEffort, _) => {
                json!({"thinking": {"type": switch}})
            }
            (Self::EnableThinking, _) => json!({"enable_thinking": thinks}),
            (Self::ChatTemplate, _) => {
                json!({"chat_template_kwargs": {"enable_thinking": thinks}})
            }
        };
        match json {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

impl FromStr for ThinkingFormat {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = Self::WORDS.iter().find(|(known, _)| *known == word);
        found.map(|(_, format)| *format).ok_or_else(|| {
            let known: Vec<&str> = Self::WORDS.iter().map(|(known, _)| *known).collect();
            UnknownWord::new(word, &known.join(", "))
        })
    }
}

/// A config word that names no known behaviour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not known (known: {known})")]
pub struct UnknownWord {
    word: String,
    known: String,
}

impl UnknownWord {
    pub(crate) fn new(word: &str, known: &str) -> Self {
        Self { word: word.to_owned(), known: known.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_says_how_hard_in_its_own_fields() {
        for (word, low, none) in [
            ("openai", json!({"reasoning_effort": "low"}), json!({"reasoning_effort": "none"})),
            (
                "openrouter",
                json!({"reasoning": {"effort": "low"}}),
                json!({"reasoning": {"enabled": false}}),
            ),
            (
                "together",
                json!({"reasoning": {"enabled": true}}),
                json!({"reasoning": {"enabled": false}}),
            ),
            (
                "zai",
                json!({"thinking": {"type": "enabled"}}),
                json!({"thinking": {"type": "disabled"}}),
            ),
            (
                "deepseek",
                json!({"thinking": {"type": "enabled"}, "reasoning_effort": "low"}),
                json!({"thinking": {"type": "disabled"}}),
            ),
            ("qwen", json!({"enable_thinking": true}), json!({"enable_thinking": false})),
            (
                "qwen-chat-template",
                json!({"chat_template_kwargs": {"enable_thinking": true}}),
                json!({"chat_template_kwargs": {"enable_thinking": false}}),
            ),
        ] {
            let format: ThinkingFormat = word.parse().expect(word);
            assert_eq!(Value::Object(format.fields(true, Some("low"))), low);
            assert_eq!(Value::Object(format.fields(false, Some("none"))), none);
        }
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let fault = "smoke".parse::<ThinkingFormat>().expect_err("unknown").to_string();
        assert!(ThinkingFormat::WORDS.iter().all(|(word, _)| fault.contains(word)), "{fault}");
        let fault = "smoke".parse::<MaxTokensField>().expect_err("unknown").to_string();
        assert!(fault.contains("max_completion_tokens"), "{fault}");
    }
}
