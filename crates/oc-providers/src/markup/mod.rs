//! Tool calls that a model wrote into its text, because the server in front of
//! it has no parser for them (or not the right one).
//!
//! ```text
//! I'll look.<tool_call>{"name":"weather","arguments":{"city":"Oslo"}}</tool_call>
//! ```
//!
//! A grammar is one row of [`GRAMMARS`] and one file: the marks that a section
//! stands between, and a reader of the section. [`ToolText`] finds sections in
//! a stream of deltas. What it does with one is the model's profile:
//!
//! - the grammar is the one that [`Compat::tool_call_parser`](crate::Compat)
//!   names: the section becomes calls;
//! - it is another, or none is named: the answer ends in an error with code
//!   [`AS_TEXT`], so that nobody takes half a tool loop for an answer.
//!
//! In both cases only if every call of the section is of a tool that the
//! request declares. Anything else is text: an answer may speak of tags.

mod arguments;
mod code;
mod deepseek;
mod glm;
mod hermes;
mod invoke;
mod kimi;
mod minimax;
mod mistral;
mod qwen;
mod section;
mod stage;

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value;

use crate::request::{Request, Tool, ToolChoice};
use crate::wire::openai_completions::UnknownWord;

pub(crate) use stage::ToolText;

/// The code of an answer that holds a tool call as text, in a grammar that its
/// model's profile does not name.
pub(crate) const AS_TEXT: &str = "tool_markup_as_text";
/// The code of the error for one that cannot be read.
const BROKEN: &str = "bad_tool_call";

/// The grammar in which a model writes its tool calls, where its server leaves
/// them in the text. The words are those of vLLM's `--tool-call-parser`.
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
}

impl ToolCallParser {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Hermes,
        Self::Qwen3Coder,
        Self::Mistral,
        Self::MinimaxM2,
        Self::KimiK2,
        Self::Deepseek,
        Self::Glm45,
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

/// Where in a section its tool's name stands, in bytes.
const NAME_WITHIN: usize = 512;

/// One grammar.
struct Grammar {
    parser: ToolCallParser,
    /// What its sections stand between.
    marks: &'static [Mark],
    /// Reads a section, its marks included; the end mark may be missing where
    /// the text ended. `None`: it is no call, or not of a declared tool.
    read: fn(&str, &Declared) -> Option<Section>,
}

/// What a section begins and ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    open: &'static str,
    /// `None`: it goes on to the end of the text.
    close: Option<&'static str>,
    /// What follows the opening mark, so that text about marks is soon let go.
    then: Then,
}

/// What a section's body begins with, after white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// An object or an array.
    Json,
    /// These characters.
    Text(&'static str),
    /// The name of a declared tool.
    Name,
}

const fn between(open: &'static str, close: &'static str, then: Then) -> Mark {
    Mark { open, close: Some(close), then }
}

/// Every grammar. Three of them share a mark; the section tells which it is.
static GRAMMARS: &[Grammar] = &[
    Grammar {
        parser: ToolCallParser::Hermes,
        marks: &[between("<tool_call>", "</tool_call>", Then::Json)],
        read: hermes::read,
    },
    Grammar {
        parser: ToolCallParser::Qwen3Coder,
        // Some models leave the outer tag out.
        marks: &[
            between("<tool_call>", "</tool_call>", Then::Text("<function=")),
            between("<function=", "</function>", Then::Name),
        ],
        read: qwen::read,
    },
    Grammar {
        parser: ToolCallParser::Glm45,
        marks: &[between("<tool_call>", "</tool_call>", Then::Name)],
        read: glm::read,
    },
    Grammar {
        parser: ToolCallParser::Mistral,
        marks: &[
            Mark { open: "[TOOL_CALLS]", close: None, then: Then::Json },
            Mark { open: "[TOOL_CALLS]", close: None, then: Then::Name },
        ],
        read: mistral::read,
    },
    Grammar {
        parser: ToolCallParser::MinimaxM2,
        marks: &[between("<minimax:tool_call>", "</minimax:tool_call>", Then::Text("<invoke"))],
        read: minimax::read,
    },
    Grammar {
        parser: ToolCallParser::KimiK2,
        marks: &[between(
            "<|tool_calls_section_begin|>",
            "<|tool_calls_section_end|>",
            Then::Text("<|tool_call_begin|>"),
        )],
        read: kimi::read,
    },
    Grammar {
        parser: ToolCallParser::Deepseek,
        marks: &[
            between(
                "<｜tool▁calls▁begin｜>",
                "<｜tool▁calls▁end｜>",
                Then::Text("<｜tool▁call▁begin｜>"),
            ),
            between(
                "<｜DSML｜function_calls>",
                "</｜DSML｜function_calls>",
                Then::Text("<｜DSML｜invoke"),
            ),
        ],
        read: deepseek::read,
    },
];

/// What was read of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    calls: Vec<Written>,
    /// How many bytes of the text it was; the rest is text again.
    len: usize,
}

/// A call as a model wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Written {
    /// The model's own id of it, where the grammar has one.
    id: Option<String>,
    name: String,
    /// JSON text of an object.
    arguments: String,
}

/// The functions that a request declares, with the schemas of their arguments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared(BTreeMap<String, Value>);

impl Declared {
    /// Those of `request` that its tool choice lets the model call.
    pub(crate) fn of(request: &Request) -> Self {
        let any = request.tool_choice != Some(ToolChoice::None);
        let functions = request.tools.iter().filter_map(|tool| match tool {
            Tool::Function(function) if any && request.allows(&function.name) => {
                Some((function.name.clone(), function.parameters.clone().unwrap_or(Value::Null)))
            }
            _ => None,
        });
        Self(functions.collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The schema of `name`'s arguments; `None` where no such tool is declared.
    fn schema(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether the beginning of a section's body names one of them, as a word.
    fn is_named_in(&self, body: &str) -> bool {
        let head = body.get(..body.floor_char_boundary(NAME_WITHIN)).unwrap_or(body);
        let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        self.0.keys().any(|name| {
            head.match_indices(name.as_str()).any(|(at, _)| {
                let before = head.get(..at).and_then(|text| text.chars().next_back());
                let after = head.get(at + name.len()..).and_then(|text| text.chars().next());
                !before.is_some_and(in_word) && !after.is_some_and(in_word)
            })
        })
    }

    /// Whether `text` begins with a declared name, or may come to.
    fn may_begin(&self, text: &str) -> bool {
        self.0.keys().any(|name| text.starts_with(name.as_str()) || name.starts_with(text))
    }
}

#[cfg(test)]
mod tests;
