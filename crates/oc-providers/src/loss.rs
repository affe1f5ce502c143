//! What an encoder could not carry over.

use std::fmt;

/// Something of a request that a wire or a host could not be given.
///
/// Losses are facts for `explain` and for logs. What would change the meaning
/// of a request is no loss but an error.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// A tool that the host cannot run; its type (`web_search`, `namespace`).
    Tool(String),
    /// Keywords in a tool's schema that its host cannot take; the tool's name.
    SchemaKeywords(String),
    /// A custom tool's grammar became words in its description; the tool's name.
    ToolFormat(String),
    /// A field of the request; its name.
    Field(&'static str),
    /// A field of the request became an instruction to the model; its name.
    AsInstruction(&'static str),
    /// A part of a message was told as the text that it holds; its type.
    AsText(String),
    /// A field of the request is enforced on the answer here; its name.
    EnforcedHere(&'static str),
    /// A value beyond what the host or the model takes was brought as near as it
    /// may be; the field's name.
    Clamped(&'static str),
    /// A field that nothing says the host knows; its name.
    UnknownField(String),
    /// Reasoning of an earlier turn that this host did not make or cannot take back.
    Reasoning,
    /// An item of the conversation; its type.
    Item(String),
    /// A part of a message; its type.
    Part(String),
    /// A system message in mid-conversation was moved to the front.
    SystemPosition,
    /// A tool call without a result, or a result without a call; the id.
    Unpaired(String),
}

impl Loss {
    /// What is lost, in as few words as a log wants: the name of a field or a
    /// tool, a type. Nothing that anybody said.
    ///
    /// ```
    /// use oc_providers::Loss;
    ///
    /// assert_eq!(Loss::Field("store").name(), "store");
    /// assert_eq!(Loss::Tool("web_search".into()).name(), "tool web_search");
    /// ```
    pub fn name(&self) -> String {
        match self {
            Self::Tool(kind) => format!("tool {}", short(kind)),
            Self::SchemaKeywords(tool) => format!("keywords in the schema of {}", short(tool)),
            Self::ToolFormat(tool) => format!("grammar of {}", short(tool)),
            Self::Field(name) => (*name).to_owned(),
            Self::UnknownField(name) => short(name).to_owned(),
            Self::AsInstruction(name) => format!("{name} (as an instruction)"),
            Self::AsText(kind) => format!("part {} (as text)", short(kind)),
            Self::EnforcedHere(name) => format!("{name} (enforced here)"),
            Self::Clamped(name) => format!("{name} (brought within bounds)"),
            Self::Reasoning => "earlier reasoning".to_owned(),
            Self::Item(kind) => format!("item {}", short(kind)),
            Self::Part(kind) => format!("part {}", short(kind)),
            Self::SystemPosition => "position of a system message".to_owned(),
            Self::Unpaired(_) => "a call or a result without its counterpart".to_owned(),
        }
    }
}

/// Names come from clients, and may be of any length.
fn short(name: &str) -> &str {
    const MOST: usize = 64;
    name.get(..name.floor_char_boundary(MOST)).unwrap_or(name)
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tool(kind) => write!(f, "tool of type `{kind}` dropped"),
            Self::SchemaKeywords(name) => {
                write!(f, "keywords that the host cannot take dropped from the schema of `{name}`")
            }
            Self::ToolFormat(name) => {
                write!(f, "grammar of the custom tool `{name}` became part of its description")
            }
            Self::AsInstruction(name) => write!(f, "field `{name}` became an instruction"),
            Self::AsText(kind) => write!(f, "content of type `{kind}` became text"),
            Self::EnforcedHere(name) => write!(f, "field `{name}` is enforced on the answer"),
            Self::Clamped(name) => {
                write!(f, "field `{name}` brought within what the host takes")
            }
            Self::Field(name) => write!(f, "field `{name}` dropped"),
            Self::UnknownField(name) => {
                write!(f, "field `{name}` dropped: nothing says that the host knows it")
            }
            Self::Reasoning => f.write_str("earlier reasoning dropped"),
            Self::Item(kind) => write!(f, "item of type `{kind}` dropped"),
            Self::Part(kind) => write!(f, "content of type `{kind}` dropped"),
            Self::SystemPosition => f.write_str("later system message moved to the front"),
            Self::Unpaired(id) => write!(f, "tool call or result `{id}` had no counterpart"),
        }
    }
}
