//! Which models answer: the primary and its fallbacks, those of agents, those
//! for images, and what a request may name.

use crate::agent::agents;
use crate::config::Config;
use crate::document::Path;
use crate::model::Listed;
use crate::model_ref::ModelRef;
use crate::origin::Origin;
use crate::raw::{ModelChoice, Raw};
use crate::resolve::{Context, Rows, assume, near_ref};

/// A model as a chain names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) model_ref: ModelRef,
    /// The profile behind `@`.
    pub(crate) profile: Option<String>,
    /// Where the chain names it.
    pub(crate) origin: Option<Origin>,
}

/// A primary and its fallbacks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) primary: Option<Named>,
    /// `None` where none are stated.
    pub(crate) fallbacks: Option<Vec<Named>>,
}

impl Chosen {
    pub(crate) fn fallbacks(&self) -> &[Named] {
        self.fallbacks.as_deref().unwrap_or_default()
    }

    /// All of them, the primary first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Named> {
        self.primary.iter().chain(self.fallbacks())
    }
}

/// Which models a request may name: refs, and prefixes of refs for patterns.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    /// The key that says so.
    pub(crate) rule: &'static str,
    refs: Vec<ModelRef>,
    prefixes: Vec<String>,
}

impl Allowed {
    pub(crate) fn holds(&self, model_ref: &ModelRef) -> bool {
        let text = model_ref.to_string();
        self.refs.contains(model_ref) || self.prefixes.iter().any(|prefix| text.starts_with(prefix))
    }
}

/// `agents.defaults.model`, `imageModel`, the agents and the allowlist.
pub(crate) fn choose(
    config: &mut Config,
    raw: &Raw,
    rows: &Rows<'_>,
    context: &mut Context<'_, '_>,
) {
    let defaults = Path::of(["agents", "defaults"]);
    let at = defaults.key("model");
    config.chosen = chosen(config, raw, rows, &raw.agents.defaults.model, &at, context);
    if config.chosen.primary.is_none() {
        config.chosen.primary = only_model(config, &at, context);
    }
    if let Some(choice) = &raw.agents.defaults.image_model {
        let at = defaults.key("imageModel");
        config.images = chosen(config, raw, rows, choice, &at, context);
    }
    config.agents = agents(config, raw, rows, context);
    config.allowed = allowed(config, raw, context);
}

/// The primary and the fallbacks that stand at `at`.
pub(crate) fn chosen(
    config: &mut Config,
    raw: &Raw,
    rows: &Rows<'_>,
    choice: &ModelChoice,
    at: &Path,
    context: &mut Context<'_, '_>,
) -> Chosen {
    let primary_at = match context.document.find(at).and_then(|node| node.text()) {
        Some(_) => at.clone(),
        None => at.key("primary"),
    };
    let primary = choice.primary.as_deref();
    let primary = primary.and_then(|name| named(config, raw, rows, name, &primary_at, context));
    let fallbacks = choice.fallbacks.as_ref().map(|names| {
        let at = at.key("fallbacks");
        let names = names.iter().enumerate();
        names
            .filter_map(|(index, name)| named(config, raw, rows, name, &at.index(index), context))
            .collect()
    });
    Chosen { primary, fallbacks }
}

/// Without a primary the only configured model is it.
fn only_model(config: &Config, at: &Path, context: &mut Context<'_, '_>) -> Option<Named> {
    let node = context.document.find(at);
    if node.is_some_and(|node| node.text().is_some()) || !context.lacks(at, "primary") {
        return None;
    }
    let mut listed = config.models.values().filter(|model| model.listed == Listed::Config);
    if let (Some(only), None) = (listed.next(), listed.next()) {
        let model_ref = only.model_ref.clone();
        return Some(Named { model_ref, profile: None, origin: Some(Origin::Default) });
    }
    // After errors it may well be one of them that hides the primary.
    if !context.report.has_errors() {
        let reason = "no primary model: requests must name one";
        let fix = "set `agents.defaults.model.primary`".to_owned();
        context.warning(at, reason, Some(fix));
    }
    None
}

/// A model named in a chain: an error if the text can name none, a warning if
/// it names one that nobody knows.
fn named(
    config: &mut Config,
    raw: &Raw,
    rows: &Rows<'_>,
    name: &str,
    at: &Path,
    context: &mut Context<'_, '_>,
) -> Option<Named> {
    if let Some(variable) = context.missing_variable(at) {
        let fix = format!("set {variable} in the environment");
        context.error(at, format!("variable `{variable}` is not set"), Some(fix));
        return None;
    }
    if name.trim().is_empty() {
        let fix = "write `provider/model`, or remove it".to_owned();
        context.error(at, "empty, so it names no model", Some(fix));
        return None;
    }
    let Some((model_ref, profile)) = config.read_name(name) else {
        if let Some(owners) = config.owners_of(name) {
            let fix = format!("write one of {owners}");
            context.error(at, format!("several providers have a model `{name}`"), Some(fix));
            return None;
        }
        let fix = near_ref(config, name, context).unwrap_or("write `provider/model`".to_owned());
        context.error(at, format!("`{name}` is no model ref and no alias"), Some(fix));
        return None;
    };
    assume(config, raw, rows, &model_ref, at, context);
    if let Some(profile) = &profile
        && context.secrets.profiles.key(profile, model_ref.provider()).is_none()
    {
        let reason =
            format!("no usable key is stored for profile `{profile}`; the provider's is used");
        let fix = "give the provider an `apiKey`, or leave out what follows `@`".to_owned();
        context.warning(at, reason, Some(fix));
    }
    let origin = context.origin(at);
    Some(Named { model_ref, profile, origin })
}

/// One rule for both versions. `modelPolicy.allow` says which models a request
/// may name. Where it is absent and OpenClaw before 2026.8.1 wrote the file
/// last, the keys of `agents.defaults.models` do, as they did there. Otherwise
/// any model may be named. Primary and fallbacks are never filtered.
fn allowed(config: &Config, raw: &Raw, context: &mut Context<'_, '_>) -> Option<Allowed> {
    let defaults = &raw.agents.defaults;
    let base = Path::of(["agents", "defaults"]);
    let (rule, at, names): (_, _, Vec<&str>) = match &defaults.model_policy {
        Some(policy) => {
            let at = base.key("modelPolicy").key("allow");
            let names = policy.allow.iter().map(String::as_str).collect();
            ("agents.defaults.modelPolicy.allow", at, names)
        }
        None if written_before_policies(context) => {
            let names = defaults.models.keys().map(String::as_str).collect();
            ("agents.defaults.models", base.key("models"), names)
        }
        None => return None,
    };
    allowed_by(rule, &names, &at, config, context)
}

/// What these names allow, under the key `rule` at `at`; none allow any model.
pub(crate) fn allowed_by(
    rule: &'static str,
    names: &[&str],
    at: &Path,
    config: &Config,
    context: &mut Context<'_, '_>,
) -> Option<Allowed> {
    let mut allowed = Allowed { rule, refs: Vec::new(), prefixes: Vec::new() };
    for name in names {
        if let Some(prefix) = name.trim().strip_suffix('*') {
            allowed.prefixes.push(config.canonical_prefix(prefix));
        } else if let Some(model_ref) = config.read_ref(name) {
            allowed.refs.push(model_ref);
        } else {
            let reason = format!("`{name}` names no model");
            let fix =
                near_ref(config, name, context).unwrap_or("write `provider/model`".to_owned());
            context.warning(at, reason, Some(fix));
        }
    }
    (!names.is_empty()).then_some(allowed)
}

/// The first version whose `agents.defaults.models` restricts nothing.
const POLICIES_SINCE: [u64; 3] = [2026, 8, 1];

/// OpenClaw stamps its version on what it writes.
fn written_before_policies(context: &Context<'_, '_>) -> bool {
    let at = Path::of(["meta", "lastTouchedVersion"]);
    let stamp = context.document.find(&at).and_then(|node| node.text());
    let Some(stamp) = stamp else {
        return false;
    };
    let numbers = stamp.text.split(['.', '-']).map_while(|part| part.parse::<u64>().ok());
    let version: Vec<u64> = numbers.take(3).collect();
    version.len() == 3 && version.as_slice() < POLICIES_SINCE.as_slice()
}
