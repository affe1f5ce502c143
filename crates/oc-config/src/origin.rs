//! What set a value.

use std::fmt;

use serde_json::{Value, json};

/// What set a value. `Display` gives the stable words `file:line`, `catalog`,
/// `default`, `env:NAME` and `found on this machine`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A line of a file.
    File {
        /// The file as it was named to the reader.
        file: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// A line of a file, which asks for variables.
    Substituted {
        /// The file as it was named to the reader.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The variables that the value was made of, each once. Never empty.
        variables: Vec<Variable>,
    },
    /// The hosted catalog that comes with this crate.
    Catalog,
    /// Nobody: it is what holds when nothing is said.
    Default,
    /// A variable that no line names: the usual one of a provider.
    Variable(Variable),
    /// A server that was found on this machine, where there is no config.
    Found,
}

/// A variable that a value was made of, and what set it. `Display`:
/// `BASE from /home/u/.env:3`, `BASE from the environment`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What set it.
    pub set_by: SetBy,
}

/// What set a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetBy {
    /// The environment that was passed in: the process's.
    Environment,
    /// A line of a `.env` file, or of the config's `env` block.
    File {
        /// The file as it was named to the reader.
        file: String,
        /// The line, counted from 1.
        line: usize,
    },
}

impl Origin {
    /// The variables that the value was made of.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        match self {
            Self::Substituted { variables, .. } => variables,
            Self::Variable(variable) => std::slice::from_ref(variable),
            Self::File { .. } | Self::Catalog | Self::Default | Self::Found => &[],
        }
    }

    /// With these variables, if there are any.
    pub(crate) fn made_of(self, variables: Vec<Variable>) -> Self {
        match self {
            Self::File { file, line } if !variables.is_empty() => {
                Self::Substituted { file, line, variables }
            }
            other => other,
        }
    }

    /// `{ "origin": "file:line", "variables": [{ "name", "setBy" }] }`, the latter
    /// where there are any, put into `told`.
    pub(crate) fn tell(origin: Option<&Self>, mut told: Value) -> Value {
        told["origin"] = json!(origin.map(ToString::to_string));
        let variables = origin.map(Self::variables).unwrap_or_default();
        if !variables.is_empty() {
            let one = |v: &Variable| json!({ "name": v.name, "setBy": v.set_by.to_string() });
            told["variables"] = variables.iter().map(one).collect();
        }
        told
    }

    /// For people: with the variables, and what set them.
    pub(crate) fn told(&self) -> String {
        let variables: Vec<String> = self.variables().iter().map(ToString::to_string).collect();
        match self {
            Self::Substituted { file, line, .. } => {
                format!("{file}:{line}; {}", variables.join(", "))
            }
            Self::Variable(_) => variables.join(", "),
            plain => plain.to_string(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } | Self::Substituted { file, line, .. } => {
                write!(f, "{file}:{line}")
            }
            Self::Catalog => f.write_str("catalog"),
            Self::Default => f.write_str("default"),
            Self::Variable(variable) => write!(f, "env:{}", variable.name),
            Self::Found => f.write_str("found on this machine"),
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.name, self.set_by)
    }
}

impl fmt::Display for SetBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("the environment"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
        }
    }
}
