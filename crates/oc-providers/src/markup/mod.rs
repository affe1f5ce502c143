//! Tool calls that a model wrote into its text, because the server in front of
//! it has no parser for them (or not the right one).
//!
//! ```text
//! I'll look.<tool_call>{"name":"weather","arguments":{"city":"Oslo"}}</tool_call>
//! ```
//!
//! A grammar is one row of [`GRAMMARS`](grammars::GRAMMARS): the marks that a section
//! stands between, and a reader of the section, one that others share or a file of its
//! own. [`ToolText`] finds sections in a stream of deltas. What it does with one is the model's profile:
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
mod functionary;
mod glm;
mod grammars;
mod invoke;
mod json_calls;
mod kimi;
mod mistral;
mod parser;
mod pythonic;
mod qwen;
mod section;
mod stage;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::request::{Request, Tool, ToolChoice};

pub use parser::ToolCallParser;
pub(crate) use stage::{ToolText, as_text};

/// The code of an answer that holds a tool call as text, in a grammar that its
/// model's profile does not name.
pub(crate) const AS_TEXT: &str = "tool_markup_as_text";
/// The code of the error for one that cannot be read.
const BROKEN: &str = "bad_tool_call";

/// Where in a section its tool's name stands, in bytes.
const NAME_WITHIN: usize = 512;

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

    /// Whether `text` begins with a declared name, `end`, and after white space
    /// `then`; `None`: too little is there.
    fn begins_call(&self, text: &str, end: &str, then: &str) -> Option<bool> {
        let mut may = Some(false);
        for name in self.0.keys() {
            let Some(rest) = text.strip_prefix(name.as_str()) else {
                may = may.filter(|_| !name.starts_with(text));
                continue;
            };
            match rest.strip_prefix(end).map(section::after_blank) {
                Some(Some(body)) if body.starts_with(then) => return Some(true),
                Some(Some("")) => may = None,
                None if end.starts_with(rest) => may = None,
                _ => {}
            }
        }
        may
    }

    /// Whether `text` begins with a declared name, or may come to.
    fn may_begin(&self, text: &str) -> bool {
        self.0.keys().any(|name| text.starts_with(name.as_str()) || name.starts_with(text))
    }
}

#[cfg(test)]
mod tests;
