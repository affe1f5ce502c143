//! Where each value came from.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::chain::{Candidate, Chain, Usability};
use crate::model::Model;
use crate::model_ref::ModelRef;
use crate::origin::Origin;
use crate::shape::covered;

/// The chain a request would get, and where its values came from. `Display`
/// is a text for people. Neither shows a key: of a `baseUrl` and of `params`, what
/// looks like one is covered.
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

/// `{ requested, explicit, candidates: [{ ref, usable, reason?, fix?, namedAt?,
/// profile?, localityReason?, values: { <field>: { value, origin, variables? } },
/// headers: { <name>: { origin, variables? } }, params: { <name>: { value, origin,
/// variables? } }, unusedParams: [name] }] }`. Field names are the config's; origins
/// are `file:line`, `catalog`, `default`, `env:NAME` and `found on this machine`;
/// `variables` are those that the value was made of, each `{ name, setBy }`, the latter
/// `the environment` or `file:line`. Keys are told by their source only.
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
    let mut tell = |key: &str, value: Option<Value>| {
        if let (Some(told), Some(value)) = (told.as_object_mut(), value) {
            told.insert(key.to_owned(), value);
        }
    };
    if let Usability::Unusable { reason, fix } = &candidate.usability {
        tell("reason", Some(json!(reason.to_string())));
        tell("fix", Some(json!(fix)));
    }
    tell("namedAt", candidate.named_at.as_ref().map(|origin| json!(origin.to_string())));
    tell("profile", candidate.profile.as_ref().map(|profile| json!(profile)));
    if let Some(model) = &candidate.model {
        let values = values(model, candidate).into_iter().map(|(field, value)| {
            let told = Origin::tell(origin(model, candidate, field), json!({ "value": value }));
            (field.to_owned(), told)
        });
        tell("values", Some(Value::Object(values.collect())));
        tell("localityReason", Some(json!(model.locality_reason)));
        let headers = model.header_origins.iter();
        let headers =
            headers.map(|(name, origin)| (name.clone(), Origin::tell(Some(origin), json!({}))));
        tell("headers", Some(Value::Object(headers.collect())));
        let params = model.params.shown().map(|(name, value, origin)| {
            (name.to_owned(), Origin::tell(origin, json!({ "value": value })))
        });
        tell("params", Some(Value::Object(params.collect())));
        tell("unusedParams", Some(json!(model.request_defaults().unused)));
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
        ("name", json!(covered(&model.name))),
        ("baseUrl", json!(covered(&model.base_url))),
        ("api", json!(model.api.as_str())),
        ("apiKey", json!(candidate.key_source().map(ToString::to_string))),
        ("reasoning", json!(model.reasoning)),
        ("input", json!(input)),
        ("contextWindow", json!(model.context_window)),
        ("contextTokens", json!(model.context_tokens)),
        ("maxTokens", json!(model.max_tokens)),
        ("cost", json!(cost)),
        ("headers", json!(headers)),
        ("timeoutSeconds", json!(model.timeout.map(|timeout| timeout.as_secs()))),
        ("locality", json!(model.locality.to_string())),
        ("region", json!(model.region)),
    ]
}

/// Where a value came from; the key of a profile, from where the profile is named.
fn origin<'a>(model: &'a Model, candidate: &'a Candidate, field: &str) -> Option<&'a Origin> {
    match field {
        "apiKey" if candidate.profile_key.is_some() => candidate.named_at.as_ref(),
        field => model.origins.get(field),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.chain.requested)?;
        for (place, candidate) in self.chain.candidates.iter().enumerate() {
            write!(f, "  {}. {}", place + 1, candidate.model_ref)?;
            if let Some(origin) = &candidate.named_at {
                write!(f, "  [{}]", origin.told())?;
            }
            f.write_str(": ")?;
            match &candidate.usability {
                Usability::Usable => writeln!(f, "usable")?,
                Usability::Unusable { reason, fix } => writeln!(f, "{reason} ({fix})")?,
            }
            if let Some(model) = &candidate.model {
                show(model, candidate, f)?;
            }
        }
        Ok(())
    }
}

/// One line for each value that says something.
fn show(model: &Model, candidate: &Candidate, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let key = candidate.key_source().map_or("none".to_owned(), ToString::to_string);
    let number = |value: Option<u64>| value.map_or("not known".to_owned(), |n| n.to_string());
    let seconds = |timeout: std::time::Duration| timeout.as_secs().to_string();
    let rows = [
        ("baseUrl", Some(covered(&model.base_url).into_owned())),
        ("api", Some(model.api.to_string())),
        ("apiKey", Some(key)),
        ("reasoning", Some(model.reasoning.to_string())),
        ("contextWindow", Some(number(model.context_window))),
        ("contextTokens", model.context_tokens.map(|tokens| tokens.to_string())),
        ("maxTokens", Some(number(model.max_tokens))),
        ("cost", Some(model.cost.map_or("not known".to_owned(), |cost| cost.to_string()))),
        ("timeoutSeconds", model.timeout.map(seconds)),
        ("locality", Some(format!("{}: {}", model.locality, model.locality_reason))),
        ("region", model.region.clone()),
    ];
    for (field, value) in rows {
        if let Some(value) = value {
            line(field, &value, origin(model, candidate, field), f)?;
        }
    }
    for (name, origin) in &model.header_origins {
        line(&format!("headers.{name}"), "…", Some(origin), f)?;
    }
    let unused = model.request_defaults().unused;
    for (name, value, origin) in model.params.shown() {
        let is_unused = unused.iter().any(|unused| unused == name);
        let value = if is_unused { format!("{value} (not used)") } else { value.to_string() };
        line(&format!("params.{name}"), &value, origin, f)?;
    }
    Ok(())
}

fn line(
    field: &str,
    value: &str,
    origin: Option<&Origin>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(f, "     {field}: {value}")?;
    match origin {
        Some(origin) => writeln!(f, "  [{}]", origin.told()),
        None => writeln!(f),
    }
}
