//! `params`: what the config adds to requests, and what it means.
//!
//! OpenClaw keeps them in six places; the later wins, name by name:
//! `models.providers.<id>.params`, `…models[].params`, `agents.defaults.params`,
//! `agents.defaults.models.<provider>/*.params`, `…<ref>.params`, and for an agent
//! its own `models.<ref>.params` and `params`.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::document::{Node, Path, Value as Written, holds_secret};
use crate::locality::Endpoint;
use crate::model::{Api, Model};
use crate::origin::Origin;
use crate::resolve::Context;
use crate::shape::covered;

/// Names that OpenClaw knows in several spellings, the first of which is kept.
const SPELLINGS: &[&[&str]] = &[
    &["maxTokens", "max_tokens", "maxCompletionTokens", "max_completion_tokens"],
    &["topP", "top_p"],
    &["frequencyPenalty", "frequency_penalty"],
    &["presencePenalty", "presence_penalty"],
    &["parallel_tool_calls", "parallelToolCalls"],
    &["text_verbosity", "textVerbosity"],
    &["chat_template_kwargs", "chatTemplateKwargs"],
    &["extra_body", "extraBody"],
];

/// What the config adds to requests to a model, by name. What the names mean is
/// told by [`Model::request_defaults`]. `Debug` shows the names alone: values may
/// hold keys.
#[derive(Clone, Default, PartialEq)]
pub struct Params {
    values: BTreeMap<String, Value>,
    told: BTreeMap<String, Told>,
}

/// What may be said of a value.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    /// With `…` in place of what came out of a variable, has a secret's name or
    /// looks like a key.
    shown: Value,
    origin: Option<Origin>,
}

impl Params {
    /// All values, in the spelling that comes first in OpenClaw's own.
    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, Value> {
        &self.values
    }

    /// Where the value of `name` came from.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.told.get(name)?.origin.as_ref()
    }

    /// The names, each with what may be shown of its value.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&str, &Value, Option<&Origin>)> {
        self.told.iter().map(|(name, told)| (name.as_str(), &told.shown, told.origin.as_ref()))
    }

    /// Puts `over` on top, whatever spelling either uses. OpenRouter's `provider`
    /// is merged key by key; everything else is replaced.
    pub(crate) fn overlay(&mut self, over: &Self) {
        for ((name, value), told) in over.values.iter().zip(over.told.values()) {
            let merges = name == "provider";
            put(&mut self.values, name, value, merges);
            match self.told.get_mut(name) {
                Some(below) if merges => {
                    merge(&mut below.shown, &told.shown);
                    below.origin.clone_from(&told.origin);
                }
                _ => {
                    self.told.insert(name.clone(), told.clone());
                }
            }
        }
    }
}

fn put(values: &mut BTreeMap<String, Value>, name: &str, value: &Value, merges: bool) {
    match values.get_mut(name) {
        Some(below) if merges => merge(below, value),
        _ => {
            values.insert(name.to_owned(), value.clone());
        }
    }
}

fn merge(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => below.extend(above.clone()),
        (below, above) => below.clone_from(above),
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// The `params` that stand at `at`.
pub(crate) fn params_at(
    written: &BTreeMap<String, Value>,
    at: &Path,
    context: &Context<'_, '_>,
) -> Params {
    let mut params = Params::default();
    for (name, value) in written {
        let at = at.key(name);
        let node = context.document.find(&at);
        let shown = node.map_or(Value::Null, |node| shown(node, holds_secret(&at)));
        let name = canonical(name).to_owned();
        params.told.insert(name.clone(), Told { shown, origin: context.origin(&at) });
        params.values.insert(name, value.clone());
    }
    params
}

/// What may be shown of a value.
fn shown(node: &Node, secret: bool) -> Value {
    match &node.value {
        Written::Object(entries) => entries
            .iter()
            .map(|entry| {
                let below = secret || holds_secret(&Path::of([entry.key.as_str()]));
                (entry.key.clone(), shown(&entry.value, below))
            })
            .collect(),
        Written::Array(items) => items.iter().map(|item| shown(item, secret)).collect(),
        Written::Null => Value::Null,
        _ if secret => "…".into(),
        Written::Text(text) if !text.variables.is_empty() => "…".into(),
        Written::Text(text) => covered(&text.text).into(),
        Written::Bool(value) => (*value).into(),
        Written::Unsigned(value) => (*value).into(),
        Written::Signed(value) => (*value).into(),
        Written::Float(value) => (*value).into(),
    }
}

fn canonical(name: &str) -> &str {
    let known = SPELLINGS.iter().find(|spellings| spellings.contains(&name));
    known.and_then(|spellings| spellings.first()).copied().unwrap_or(name)
}

/// What a model's `params` come to: what a request gets where it does not say
/// otherwise itself, and what it gets in any case.
///
/// ```
/// use oc_config::{Config, ModelRef};
///
/// let text = r#"{
///   agents: { defaults: { models: { "vllm/qwen3": { params: {
///     temperature: 0.6, extra_body: { min_p: 0.05 }, fastMode: true,
///   } } } } },
///   models: { providers: { vllm: { models: [{ id: "qwen3", name: "Qwen 3" }] } } },
/// }"#;
/// let config = Config::parse(text, "openclaw.json", &|_: &str| None)?.value;
/// let model = config.model(&ModelRef::parse("vllm/qwen3").unwrap()).unwrap();
/// let defaults = model.request_defaults();
/// assert_eq!(defaults.temperature, Some(0.6));
/// assert_eq!(defaults.extra_body["min_p"], 0.05);
/// assert_eq!(defaults.unused, ["fastMode"]);
/// # Ok::<(), oc_config::ConfigError>(())
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RequestDefaults {
    /// `temperature`.
    pub temperature: Option<f64>,
    /// `topP`.
    pub top_p: Option<f64>,
    /// `maxTokens`: the most tokens of an answer.
    pub max_tokens: Option<u64>,
    /// `thinking`: one of OpenClaw's levels, `off` to `ultra`.
    pub thinking: Option<String>,
    /// `parallel_tool_calls`.
    pub parallel_tool_calls: Option<bool>,
    /// `text_verbosity`.
    pub verbosity: Option<String>,
    /// `stop`.
    pub stop: Vec<String>,
    /// Fields of the body where the request has none of that name: `seed`,
    /// `frequency_penalty`, `presence_penalty` (`openai-completions` only).
    pub body: Map<String, Value>,
    /// Fields of the body that win over the request's: `extra_body` and
    /// `chat_template_kwargs` (`openai-completions` only), and on OpenRouter its
    /// `provider`.
    pub extra_body: Map<String, Value>,
    /// Names that mean something to OpenClaw's plugins only, or nothing over this
    /// API, or hold the wrong kind of value.
    pub unused: Vec<String>,
}

impl Model {
    /// What [`params`](Self::params) mean to a request.
    #[must_use]
    pub fn request_defaults(&self) -> RequestDefaults {
        let mut defaults = RequestDefaults::default();
        let chat = self.api == Api::OpenaiCompletions;
        for (name, value) in self.params.values() {
            if !defaults.take(name, value, chat, on_openrouter(&self.base_url)) {
                defaults.unused.push(name.clone());
            }
        }
        defaults
    }
}

/// Fields of the body by name only: their values may hold keys.
impl fmt::Debug for RequestDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestDefaults")
            .field("temperature", &self.temperature)
            .field("top_p", &self.top_p)
            .field("max_tokens", &self.max_tokens)
            .field("thinking", &self.thinking)
            .field("body", &self.body.keys().collect::<Vec<_>>())
            .field("extra_body", &self.extra_body.keys().collect::<Vec<_>>())
            .field("unused", &self.unused)
            .finish_non_exhaustive()
    }
}

impl RequestDefaults {
    /// Whether `name` means something to a request, and was understood.
    fn take(&mut self, name: &str, value: &Value, chat: bool, openrouter: bool) -> bool {
        fn put<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
            let understood = value.is_some();
            *slot = value;
            understood
        }
        let text = || value.as_str().map(str::to_owned);
        match name {
            "temperature" => put(&mut self.temperature, finite(value)),
            "topP" => put(&mut self.top_p, finite(value)),
            "maxTokens" => put(&mut self.max_tokens, value.as_u64().filter(|tokens| *tokens > 0)),
            "thinking" => put(&mut self.thinking, text().filter(|level| is_level(level))),
            "parallel_tool_calls" => put(&mut self.parallel_tool_calls, value.as_bool()),
            "text_verbosity" => put(&mut self.verbosity, text()),
            "stop" => {
                self.stop = texts(value);
                !self.stop.is_empty()
            }
            "seed" if chat && value.is_i64() => self.set("seed", value),
            "frequencyPenalty" if chat && value.is_number() => self.set("frequency_penalty", value),
            "presencePenalty" if chat && value.is_number() => self.set("presence_penalty", value),
            "chat_template_kwargs" if chat && value.is_object() => {
                self.extra_body.insert(name.to_owned(), value.clone());
                true
            }
            "provider" if openrouter && value.is_object() => {
                self.extra_body.insert(name.to_owned(), value.clone());
                true
            }
            "extra_body" if chat => match value {
                Value::Object(fields) => {
                    // What is said to belong there by name stays there.
                    for (key, field) in fields {
                        self.extra_body.entry(key.clone()).or_insert_with(|| field.clone());
                    }
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn set(&mut self, field: &str, value: &Value) -> bool {
        self.body.insert(field.to_owned(), value.clone());
        true
    }
}

fn finite(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}

fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    }
}

fn is_level(word: &str) -> bool {
    ["off", "minimal", "low", "medium", "high", "xhigh", "adaptive", "max", "ultra"].contains(&word)
}

/// Only there is `provider` known; elsewhere it would be refused, or worse.
fn on_openrouter(base_url: &str) -> bool {
    Endpoint::parse(base_url).is_ok_and(|endpoint| {
        let host = endpoint.url.split('/').nth(2).unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default().to_lowercase();
        endpoint.encrypted && (host == "openrouter.ai" || host.ends_with(".openrouter.ai"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(value: Value) -> BTreeMap<String, Value> {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn each_name_is_taken_where_it_means_something() {
        let all = params(json!({
            "temperature": 0.2, "topP": 0.9, "maxTokens": 100, "thinking": "high",
            "parallel_tool_calls": false, "text_verbosity": "low", "stop": ["a", ""],
            "seed": 7, "frequencyPenalty": 0.1, "presencePenalty": 0.2,
            "chat_template_kwargs": { "enable_thinking": false },
            "extra_body": { "min_p": 0.1, "chat_template_kwargs": {} },
            "provider": { "only": ["a"] }, "preload": false, "cacheRetention": "long",
        }));
        let take = |chat, openrouter| {
            let mut defaults = RequestDefaults::default();
            let unused = all.iter().filter(|(name, v)| !defaults.take(name, v, chat, openrouter));
            let unused: Vec<&str> = unused.map(|(name, _)| name.as_str()).collect();
            (unused.join(" "), defaults)
        };
        let (unused, chat) = take(true, false);
        assert_eq!(unused, "cacheRetention preload provider");
        assert_eq!(
            (chat.temperature, chat.top_p, chat.max_tokens),
            (Some(0.2), Some(0.9), Some(100))
        );
        assert_eq!((chat.thinking.as_deref(), chat.stop.len()), (Some("high"), 1));
        assert_eq!(
            json!(chat.body),
            json!({ "seed": 7, "frequency_penalty": 0.1, "presence_penalty": 0.2 })
        );
        let extra = json!({ "chat_template_kwargs": { "enable_thinking": false }, "min_p": 0.1 });
        assert_eq!(json!(chat.extra_body), extra);
        let (unused, other) = take(false, true);
        assert_eq!(
            unused,
            "cacheRetention chat_template_kwargs extra_body frequencyPenalty preload presencePenalty seed"
        );
        assert_eq!(json!(other.extra_body), json!({ "provider": { "only": ["a"] } }));
    }

    #[test]
    fn what_is_of_the_wrong_kind_is_unused() {
        for (name, value) in [
            ("temperature", json!("hot")),
            ("maxTokens", json!(-1)),
            ("maxTokens", json!(0)),
            ("thinking", json!("hihg")),
            ("stop", json!([5])),
            ("extra_body", json!("x")),
            ("seed", json!("x")),
        ] {
            assert!(!RequestDefaults::default().take(name, &value, true, true), "{name} {value}");
        }
    }

    #[test]
    fn routing_is_for_openrouter_alone() {
        for (url, is) in [
            ("https://openrouter.ai/api/v1", true),
            ("https://OpenRouter.ai:443/api/v1", true),
            ("https://eu.openrouter.ai/api/v1", true),
            ("http://openrouter.ai/api/v1", false),
            ("https://openrouter.ai.example.org/api/v1", false),
            ("https://xopenrouter.ai/api/v1", false),
            ("http://127.0.0.1:8000/openrouter.ai", false),
        ] {
            assert_eq!(on_openrouter(url), is, "{url}");
        }
    }
}
