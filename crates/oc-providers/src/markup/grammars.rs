//! Every grammar, a row each.

use super::invoke::Tags;
use super::json_calls::End;
use super::{
    Declared, Section, ToolCallParser, deepseek, functionary, glm, invoke, json_calls, kimi,
    mistral, pythonic, qwen,
};

/// One grammar.
pub(super) struct Grammar {
    pub(super) parser: ToolCallParser,
    /// What its sections stand between.
    pub(super) marks: &'static [Mark],
    how: Read,
}

/// How a section is read, its marks included; the end mark may be missing where the
/// text ended.
enum Read {
    Json(End),
    Pythonic,
    Invoke(Tags),
    By(fn(&str, &Declared) -> Option<Section>),
}

impl Grammar {
    /// Reads the section between `mark` that `text` begins with. `None`: it is no
    /// call, or not of a declared tool.
    pub(super) fn read(&self, text: &str, mark: &Mark, declared: &Declared) -> Option<Section> {
        match self.how {
            Read::Json(end) => json_calls::read(text, mark, end, declared),
            Read::Pythonic => pythonic::read(text, mark, declared),
            Read::Invoke(tags) => invoke::read(text, mark, tags, declared),
            Read::By(read) => read(text, declared),
        }
    }
}

/// What a section begins and ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) open: &'static str,
    /// `None`: it goes on to the end of the text.
    pub(super) close: Option<&'static str>,
    /// What follows the opening mark, so that text about marks is soon let go.
    pub(super) then: Then,
}

/// What a section's body begins with, after white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// An object or an array.
    Json,
    /// These characters.
    Text(&'static str),
    /// The name of a declared tool.
    Name,
    /// The same after `before`, then `end`, and after white space `then`.
    Call { before: &'static str, end: &'static str, then: &'static str },
}

const fn between(open: &'static str, close: &'static str, then: Then) -> Mark {
    Mark { open, close: Some(close), then }
}

/// A section that no mark of its grammar ends.
const fn from(open: &'static str, then: Then) -> Mark {
    Mark { open, close: None, then }
}

/// The rest of a tag that names a tool, and what is in it.
const fn tag(end: &'static str, then: &'static str) -> Then {
    Then::Call { before: "", end, then }
}

const PYTHON: Then = Then::Call { before: "", end: "(", then: "" };
const PYTHON_LIST: Then = Then::Call { before: "[", end: "(", then: "" };

const INVOKE: Tags = Tags { invoke: "invoke", parameter: "parameter" };
/// As Claude writes it where its own format leaks.
const ANTHROPIC_INVOKE: Tags = Tags { invoke: "antml:invoke", parameter: "antml:parameter" };

/// Every grammar. Where several share a mark, the section tells which it is.
pub(super) static GRAMMARS: &[Grammar] = &[
    Grammar {
        parser: ToolCallParser::Hermes,
        marks: &[between("<tool_call>", "</tool_call>", Then::Json)],
        how: Read::Json(End::Marked),
    },
    Grammar {
        parser: ToolCallParser::Qwen3Coder,
        // Some models leave the outer tag out.
        marks: &[
            between("<tool_call>", "</tool_call>", Then::Text("<function=")),
            between("<function=", "</function>", tag(">", "<")),
        ],
        how: Read::By(qwen::read),
    },
    Grammar {
        parser: ToolCallParser::Glm45,
        marks: &[between("<tool_call>", "</tool_call>", Then::Name)],
        how: Read::By(glm::read),
    },
    Grammar {
        parser: ToolCallParser::Mistral,
        marks: &[from("[TOOL_CALLS]", Then::Json), from("[TOOL_CALLS]", Then::Name)],
        how: Read::By(mistral::read),
    },
    Grammar {
        parser: ToolCallParser::MinimaxM2,
        marks: &[between("<minimax:tool_call>", "</minimax:tool_call>", Then::Text("<invoke"))],
        how: Read::Invoke(INVOKE),
    },
    Grammar {
        parser: ToolCallParser::KimiK2,
        marks: &[between(
            "<|tool_calls_section_begin|>",
            "<|tool_calls_section_end|>",
            Then::Text("<|tool_call_begin|>"),
        )],
        how: Read::By(kimi::read),
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
        how: Read::By(deepseek::read),
    },
    Grammar {
        parser: ToolCallParser::FunctionCalls,
        marks: &[
            between("<function_calls>", "</function_calls>", Then::Text("<invoke")),
            between("<invoke name=\"", "</invoke>", tag("\">", "<")),
        ],
        how: Read::Invoke(INVOKE),
    },
    Grammar {
        parser: ToolCallParser::FunctionCalls,
        marks: &[
            between(
                "<antml:function_calls>",
                "</antml:function_calls>",
                Then::Text("<antml:invoke"),
            ),
            between("<antml:invoke name=\"", "</antml:invoke>", tag("\">", "<")),
        ],
        how: Read::Invoke(ANTHROPIC_INVOKE),
    },
    Grammar {
        parser: ToolCallParser::Olmo3,
        marks: &[between("<function_calls>", "</function_calls>", PYTHON)],
        how: Read::Pythonic,
    },
    Grammar {
        parser: ToolCallParser::Functionary,
        marks: &[between("<function=", "</function>", tag(">", "{"))],
        how: Read::By(functionary::read),
    },
    Grammar {
        parser: ToolCallParser::SeedOss,
        marks: &[between("<seed:tool_call>", "</seed:tool_call>", Then::Text("<function="))],
        how: Read::By(qwen::read),
    },
    Grammar {
        parser: ToolCallParser::Llama3Json,
        marks: &[from("<|python_tag|>", Then::Json)],
        // What ends a turn, of a server that shows special tokens.
        how: Read::Json(End::Anywhere(&["<|eom_id|>", "<|eot_id|>"])),
    },
    Grammar {
        parser: ToolCallParser::Llama4Pythonic,
        marks: &[between("<|python_start|>", "<|python_end|>", PYTHON_LIST)],
        how: Read::Pythonic,
    },
    Grammar {
        parser: ToolCallParser::Lfm2,
        marks: &[between("<|tool_call_start|>", "<|tool_call_end|>", PYTHON_LIST)],
        how: Read::Pythonic,
    },
    Grammar {
        // Asked for JSON in the system prompt, it writes it between the same marks.
        parser: ToolCallParser::Lfm2,
        marks: &[between("<|tool_call_start|>", "<|tool_call_end|>", Then::Json)],
        how: Read::Json(End::Marked),
    },
    Grammar {
        parser: ToolCallParser::Granite,
        // Phi-4-mini has the end mark, Granite 3.0 has none.
        marks: &[between("<|tool_call|>", "<|/tool_call|>", Then::Json)],
        how: Read::Json(End::Anywhere(&[])),
    },
    Grammar {
        parser: ToolCallParser::Granite20bFc,
        marks: &[between("<function_call>", "</function_call>", Then::Json)],
        how: Read::Json(End::Anywhere(&[])),
    },
    Grammar {
        parser: ToolCallParser::HunyuanA13b,
        marks: &[between("<tool_calls>", "</tool_calls>", Then::Json)],
        how: Read::Json(End::Marked),
    },
    Grammar {
        parser: ToolCallParser::Internlm,
        marks: &[between("<|action_start|><|plugin|>", "<|action_end|>", Then::Json)],
        how: Read::Json(End::Marked),
    },
    Grammar {
        parser: ToolCallParser::NemotronJson,
        marks: &[between("<TOOLCALL>", "</TOOLCALL>", Then::Json)],
        how: Read::Json(End::Marked),
    },
    Grammar {
        parser: ToolCallParser::CohereCommand3,
        marks: &[between("<|START_ACTION|>", "<|END_ACTION|>", Then::Json)],
        how: Read::Json(End::Marked),
    },
];
