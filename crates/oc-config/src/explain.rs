//! Where each value came from.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::chain::{Candidate, Chain, Usability};
use crate::model::Model;
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
    /// A server that was found on this machine, where there is no config.
    Found,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Catalog => f.write_str("catalog"),
            Self::Default => f.write_str("default"),
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::Found => f.write_str("found on this machine"),
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

/// `{ requested, explicit, candidates: [{ ref, usable, reason?, fix?, namedAt?,
/// profile?, localityReason?, values: { <field>: { value, origin } }, params: { <name>: { value,
/// origin } }, unusedParams: [name] }] }`. Field names are the config's; origins are `file:line`, `catalog`, `default`, `env:NAME` and `found on this machine`. Keys
/// are told by their source only.
impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let candidates: Vec<Value> = self.chain.candidates.iter().map(candidate).collect();
        let explanation = json!({
            "requested": self.chain.requested,
            "explicit": self.chain.explicit,
            "candidates": candidates,
        });
        explanation.serialize(serializer)
    }
}

fn candidate(candidate: &Candidate) -> Value {
    let mut told = json!({
        "ref": candidate.model_ref.to_string(),
        "usable": candidate.usability.is_usable(),
    });
    let mut tell = |key: &str, value: Option<String>| {
        if let (Some(told), Some(value)) = (told.as_object_mut(), value) {
            told.insert(key.to_owned(), value.into());
        }
    };
    if let Usability::Unusable { reason, fix } = &candidate.usability {
        tell("reason", Some(reason.to_string()));
        tell("fix", Some(fix.clone()));
    }
    tell("namedAt", candidate.named_at.as_ref().map(ToString::to_string));
    tell("profile", candidate.profile.clone());
    if let (Some(model), Some(told)) = (&candidate.model, told.as_object_mut()) {
        let values = values(model, candidate).into_iter().map(|(field, value)| {
            let origin = origin(model, candidate, field).map(ToString::to_string);
            (field.to_owned(), json!({ "value": value, "origin": origin }))
        });
        told.insert("values".to_owned(), Value::Object(values.collect()));
        told.insert("localityReason".to_owned(), json!(model.locality_reason));
        let params = model.params.shown().map(|(name, value, origin)| {
            let origin = origin.map(ToString::to_string);
            (name.to_owned(), json!({ "value": value, "origin": origin }))
        });
        told.insert("params".to_owned(), Value::Object(params.collect()));
        told.insert("unusedParams".to_owned(), json!(model.request_defaults().unused));
    }
    told
}

/// What a model comes to, by the config's field names.
fn values(model: &Model, candidate: &Candidate) -> Vec<(&'static str, Value)> {
    let cost = model.cost.map(|cost| {
        json!({
            "input": cost.input,
            "output": cost.output,
            "cacheRead": cost.cache_read,
            "cacheWrite": cost.cache_write,
        })
    });
    let input: Vec<&str> = model.input.iter().map(|kind| kind.as_str()).collect();
    let headers: Vec<&String> = model.headers.keys().collect();
    vec![
        ("name", json!(model.name)),
        ("baseUrl", json!(model.base_url)),
        ("api", json!(model.api.as_str())),
        ("apiKey", json!(candidate.key_source().map(ToString::to_string))),
        ("reasoning", json!(model.reasoning)),
        ("input", json!(input)),
        ("contextWindow", json!(model.context_window)),
        ("contextTokens", json!(model.context_tokens)),
        ("maxTokens", json!(model.max_tokens)),
        ("cost", json!(cost)),
        ("headers", json!(headers)),
        ("locality", json!(model.locality.to_string())),
    ]
}

/// Where a value came from; the key of a profile, from where the profile is named.
fn origin<'a>(model: &'a Model, candidate: &'a Candidate, field: &str) -> Option<&'a Origin> {
    match field {
        "apiKey" if candidate.profile_key.is_some() => candidate.named_at.as_ref(),
        field => model.origins.get(field),
    }
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
            write!(f, "  {}. {}", place + 1, candidate.model_ref)?;
            if let Some(origin) = &candidate.named_at {
                write!(f, "  [{origin}]")?;
            }
            f.write_str(": ")?;
            match &candidate.usability {
                Usability::Usable => writeln!(f, "usable")?,
                Usability::Unusable { reason, fix } => writeln!(f, "{reason} ({fix})")?,
            }
            let Some(model) = &candidate.model else {
                continue;
            };
            let key = match candidate.key_source() {
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
                ("cost", model.cost.map_or("not known".to_owned(), |cost| cost.to_string())),
                ("locality", format!("{}: {}", model.locality, model.locality_reason)),
            ];
            for (field, value) in rows {
                write!(f, "     {field}: {value}")?;
                match origin(model, candidate, field) {
                    Some(origin) => writeln!(f, "  [{origin}]")?,
                    None => writeln!(f)?,
                }
            }
            let unused = model.request_defaults().unused;
            for (name, value, origin) in model.params.shown() {
                write!(f, "     params.{name}: {value}")?;
                if unused.iter().any(|unused| unused == name) {
                    f.write_str(" (not used)")?;
                }
                match origin {
                    Some(origin) => writeln!(f, "  [{origin}]")?,
                    None => writeln!(f)?,
                }
            }
        }
        Ok(())
    }
}
