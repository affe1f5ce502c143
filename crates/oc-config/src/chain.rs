//! The models a request may be answered by, in order.

use std::fmt;
use std::sync::Arc;

use crate::model::Model;
use crate::model_ref::ModelRef;
use crate::origin::Origin;
use crate::secret::{Key, KeySource};

/// The candidates for one requested name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Chain {
    /// The name as it was asked for.
    pub requested: String,
    /// Whether a model other than the configured primary was asked for by
    /// name; such a request gets no fallbacks unless the settings say `chain`.
    pub explicit: bool,
    /// In the order in which they are tried, without doubles. Never empty.
    pub candidates: Vec<Candidate>,
}

/// One model of a [`Chain`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Candidate {
    /// What was named.
    pub model_ref: ModelRef,
    /// The model, unless the ref names none.
    pub model: Option<Arc<Model>>,
    /// Whether it can be asked at all.
    pub usability: Usability,
    /// The profile that stands behind an `@` of the name.
    pub profile: Option<String>,
    /// That profile's key, to be used in place of the provider's; `None` where
    /// no profile is named, or none is stored here.
    pub profile_key: Option<Key>,
    /// Where the config names it; `None` for a name that only a request gave.
    pub named_at: Option<Origin>,
}

impl Candidate {
    /// Where the key that it is asked with came from: that of its profile, else
    /// its provider's.
    #[must_use]
    pub fn key_source(&self) -> Option<&KeySource> {
        match &self.profile_key {
            Some(Key::Ready { source, .. }) => Some(source),
            _ => self.model.as_ref()?.key.as_ref(),
        }
    }
}

/// Whether a model can be asked, as far as the config tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Usability {
    /// It can.
    Usable,
    /// It cannot.
    Unusable {
        /// Why not.
        reason: UnusableReason,
        /// What would enable it.
        fix: String,
    },
}

impl Usability {
    /// Whether it can be asked.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        *self == Self::Usable
    }
}

/// Why a model cannot be asked. `Display` is a lowercase fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnusableReason {
    /// The ref names a provider that neither config nor catalog knows.
    UnknownProvider {
        /// Its id.
        provider: String,
    },
    /// The provider is known, and has no such model.
    UnknownModel {
        /// The provider's id.
        provider: String,
        /// The model's.
        model: String,
    },
    /// The provider has no usable base URL.
    NoBaseUrl {
        /// Its id.
        provider: String,
    },
    /// The provider wants a key and there is none.
    NoKey {
        /// Its id.
        provider: String,
        /// What is missing.
        detail: String,
    },
    /// The gateway's settings keep prompts from it: `privacy`, `region`.
    Policy {
        /// What they say against it.
        detail: String,
    },
    /// The config asks for something that is not supported.
    Unsupported {
        /// The provider's id.
        provider: String,
        /// What it is.
        detail: String,
    },
}

impl fmt::Display for UnusableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownProvider { provider } => write!(f, "no provider `{provider}`"),
            Self::UnknownModel { provider, model } => {
                write!(f, "provider `{provider}` has no model `{model}`")
            }
            Self::NoBaseUrl { provider } => write!(f, "provider `{provider}` has no base URL"),
            Self::NoKey { provider, detail } => {
                write!(f, "no key for provider `{provider}`: {detail}")
            }
            Self::Policy { detail } => write!(f, "shut out by the settings: {detail}"),
            Self::Unsupported { provider, detail } => {
                write!(f, "provider `{provider}`: {detail}")
            }
        }
    }
}

/// Whether a model asked for by name gets the configured fallbacks too
/// (`fallback.explicitModels`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ExplicitModels {
    /// Only itself.
    #[default]
    Strict,
    /// Itself, then the configured fallbacks.
    Chain,
}

/// A name that is no alias, no ref and no model id, or that the config does not
/// allow a request to name. Answer it as an unknown model in either case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.told())]
#[non_exhaustive]
pub struct UnknownModel {
    /// The name that was asked for.
    pub name: String,
    /// Up to three names that are known and close, the closest first.
    pub nearest: Vec<String>,
    /// The name is the id of models of several providers; [`nearest`](Self::nearest)
    /// holds their refs.
    pub ambiguous: bool,
    /// The key of the config that does not allow it, where the model is known
    /// and only that is in the way.
    pub not_allowed_by: Option<String>,
    /// Where it is no model but an agent that is not known: the ids of those that
    /// the config describes.
    pub agents: Option<Vec<String>>,
}

impl UnknownModel {
    pub(crate) fn new(name: &str, nearest: Vec<String>) -> Self {
        let name = name.to_owned();
        Self { name, nearest, ambiguous: false, not_allowed_by: None, agents: None }
    }

    pub(crate) fn not_allowed(name: &str, rule: &str) -> Self {
        Self { not_allowed_by: Some(rule.to_owned()), ..Self::new(name, Vec::new()) }
    }

    pub(crate) fn no_agent(id: &str, nearest: Vec<String>, agents: Vec<String>) -> Self {
        Self { agents: Some(agents), ..Self::new(id, nearest) }
    }

    fn told(&self) -> String {
        let Self { name, nearest, .. } = self;
        if let Some(agents) = &self.agents {
            return no_agent(name, nearest, agents);
        }
        match (&self.not_allowed_by, nearest.as_slice()) {
            (None, near) if self.ambiguous => {
                format!("several providers have a model `{name}`: write {}", near.join(" or "))
            }
            (Some(rule), _) => format!("model `{name}` is not allowed by {rule}"),
            (None, []) => format!("unknown model `{name}`"),
            (None, near) => format!("unknown model `{name}`; did you mean {}?", near.join(" or ")),
        }
    }
}

fn no_agent(id: &str, nearest: &[String], agents: &[String]) -> String {
    /// More than these are counted.
    const SHOWN: usize = 12;
    let mut told = format!("no agent `{id}`");
    if let [near, ..] = nearest {
        return format!("{told}; did you mean `{near}`?");
    }
    if agents.is_empty() {
        return told + "; the config describes none: add `agents.entries`, or ask without one";
    }
    let listed: Vec<&str> = agents.iter().take(SHOWN).map(String::as_str).collect();
    told += &format!("; the config describes {}", listed.join(", "));
    match agents.len() - listed.len() {
        0 => told,
        more => told + &format!(" and {more} more"),
    }
}
