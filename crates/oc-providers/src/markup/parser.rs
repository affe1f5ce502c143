//! The words for the grammars.

use std::str::FromStr;

use crate::wire::openai_completions::UnknownWord;

/// The grammar in which a model writes its tool calls, where its server leaves
/// them in the text. The words are those of vLLM's `--tool-call-parser`,
/// where it has one.
///
/// ```
/// use oc_providers::ToolCallParser;
///
/// assert_eq!("qwen3_coder".parse(), Ok(ToolCallParser::Qwen3Coder));
/// assert!("soap".parse::<ToolCallParser>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolCallParser {
    /// `hermes`: `<tool_call>{"name":…,"arguments":{…}}</tool_call>` (Hermes, Qwen2.5, Qwen3).
    Hermes,
    /// `qwen3_coder`: `<tool_call><function=f><parameter=k>v</parameter></function></tool_call>`.
    Qwen3Coder,
    /// `mistral`: `[TOOL_CALLS][{…}]` and `[TOOL_CALLS]f[ARGS]{…}`.
    Mistral,
    /// `minimax_m2`: `<minimax:tool_call><invoke name="f"><parameter name="k">v</parameter></invoke></minimax:tool_call>`.
    MinimaxM2,
    /// `kimi_k2`: `<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0…`.
    KimiK2,
    /// `deepseek`: `<｜tool▁calls▁begin｜>…` (V3, R1, V3.1) and `<｜DSML｜function_calls>…` (V3.2).
    Deepseek,
    /// `glm45`: `<tool_call>f<arg_key>k</arg_key><arg_value>v</arg_value></tool_call>`.
    Glm45,
    /// `function_calls`: `<function_calls><invoke name="f"><parameter name="k">v</parameter></invoke></function_calls>`
    /// (Claude, and models trained on its output), also without the outer tag.
    FunctionCalls,
    /// `olmo3`: `<function_calls>f(k="v")</function_calls>`, a call in each line.
    Olmo3,
    /// `functionary`: `<function=f>{…}</function>` (Functionary v3.1, Llama 3.1).
    Functionary,
    /// `seed_oss`: `<seed:tool_call><function=f><parameter=k>v</parameter></function></seed:tool_call>`.
    SeedOss,
    /// `llama3_json`: `<|python_tag|>{"name":…,"parameters":{…}}`.
    Llama3Json,
    /// `llama4_pythonic`: `<|python_start|>[f(k="v")]<|python_end|>`.
    Llama4Pythonic,
    /// `lfm2`: `<|tool_call_start|>[f(k="v")]<|tool_call_end|>`.
    Lfm2,
    /// `granite`: `<|tool_call|>[{"name":…,"arguments":{…}}]` (Granite 3.0), of Phi-4-mini with `<|/tool_call|>`.
    Granite,
    /// `granite-20b-fc`: `<function_call>{"name":…,"arguments":{…}}`, also with an end tag.
    Granite20bFc,
    /// `hunyuan_a13b`: `<tool_calls>[{"name":…,"arguments":{…}}]</tool_calls>` (Hunyuan, Jamba, MiniMax M1).
    HunyuanA13b,
    /// `internlm`: `<|action_start|><|plugin|>{"name":…,"parameters":{…}}<|action_end|>`.
    Internlm,
    /// `nemotron_json`: `<TOOLCALL>[{"name":…,"arguments":{…}}]</TOOLCALL>`.
    NemotronJson,
    /// `cohere_command3`: `<|START_ACTION|>[{"tool_name":…,"parameters":{…}}]<|END_ACTION|>`.
    CohereCommand3,
}

impl ToolCallParser {
    /// Every one.
    pub const ALL: [Self; 20] = [
        Self::Hermes,
        Self::Qwen3Coder,
        Self::Mistral,
        Self::MinimaxM2,
        Self::KimiK2,
        Self::Deepseek,
        Self::Glm45,
        Self::FunctionCalls,
        Self::Olmo3,
        Self::Functionary,
        Self::SeedOss,
        Self::Llama3Json,
        Self::Llama4Pythonic,
        Self::Lfm2,
        Self::Granite,
        Self::Granite20bFc,
        Self::HunyuanA13b,
        Self::Internlm,
        Self::NemotronJson,
        Self::CohereCommand3,
    ];

    /// The word for it in settings.
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

impl FromStr for ToolCallParser {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|parser| parser.as_str() == word).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|parser| parser.as_str()).collect();
            UnknownWord::new(word, &known.join(", "))
        })
    }
}
