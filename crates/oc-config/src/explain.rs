//! Where each value came from.

use std::collections::BTreeMap;
use std::fmt;

use crate::chain::{Chain, Usability};
use crate::model_ref::ModelRef;

/// What set a value.
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
    /// The hosted catalog that comes with this crate.
    Catalog,
    /// Nobody: it is what holds when nothing is said.
    Default,
    /// An environment variable.
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Catalog => f.write_str("catalog"),
            Self::Default => f.write_str("default"),
            Self::Variable(name) => write!(f, "env:{name}"),
        }
    }
}

/// The chain a request would get, and where its values came from. `Display`
/// is a text for people.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The chain.
    pub chain: Chain,
    /// For each known candidate: the config's field names and their origins.
    pub origins: BTreeMap<ModelRef, BTreeMap<&'static str, Origin>>,
}

impl Explanation {
    pub(crate) fn new(chain: Chain) -> Self {
        let known = chain.candidates.iter().filter_map(|c| c.model.as_ref());
        let origins = known.map(|model| (model.model_ref.clone(), model.origins.clone())).collect();
        Self { chain, origins }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.chain.requested)?;
        for (place, candidate) in self.chain.candidates.iter().enumerate() {
            write!(f, "  {}. {}: ", place + 1, candidate.model_ref)?;
            match &candidate.usability {
                Usability::Usable => writeln!(f, "usable")?,
                Usability::Unusable { reason, fix } => writeln!(f, "{reason} ({fix})")?,
            }
            let Some(model) = &candidate.model else {
                continue;
            };
            let key = match &model.key {
                Some(source) => source.to_string(),
                None => "none".to_owned(),
            };
            let number =
                |value: Option<u64>| value.map_or("not known".to_owned(), |n| n.to_string());
            let rows = [
                ("baseUrl", model.base_url.clone()),
                ("api", model.api.to_string()),
                ("apiKey", key),
                ("reasoning", model.reasoning.to_string()),
                ("contextWindow", number(model.context_window)),
                ("maxTokens", number(model.max_tokens)),
                ("locality", model.locality.to_string()),
            ];
            for (field, value) in rows {
                write!(f, "     {field}: {value}")?;
                match model.origins.get(field) {
                    Some(origin) => writeln!(f, "  [{origin}]")?,
                    None => writeln!(f)?,
                }
            }
        }
        Ok(())
    }
}
