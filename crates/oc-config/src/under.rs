//! A config under the gateway's settings: what they declare of its providers and
//! models, the names they give to models, and whom they let ask for which.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{Config, loaded};
use crate::diagnostic::{Diagnostic, Loaded, Severity};
use crate::document::{MAX_PROBLEMS, Path};
use crate::locality::Locality;
use crate::model_ref::ModelRef;
use crate::nearest::nearest;
use crate::origin::Origin;
use crate::places::Places;
use crate::settings::{DeclaredLocality, ProviderSettings, Settings};

/// Applies settings to a config that was read before.
pub(crate) fn with_settings(mut config: Config, settings: &Settings) -> Loaded<Config> {
    let mut problems = Problems::new(&settings.places);
    for (id, declared) in &settings.providers {
        declare(&mut config, id, declared, settings, &mut problems);
    }
    config.explicit_models = settings.fallback.explicit_models;
    name_models(&mut config, settings, &mut problems);
    limit_clients(&config, settings, &mut problems);
    loaded(config, problems.finish())
}

/// The problems of one reading. A file of nothing but mistakes is not told to its
/// end, and the names that were meant are looked for only while it is.
struct Problems<'a> {
    places: &'a Places,
    warnings: Vec<Diagnostic>,
    errors: Vec<Diagnostic>,
    not_kept: usize,
}

impl<'a> Problems<'a> {
    fn new(places: &'a Places) -> Self {
        Self { places, warnings: Vec::new(), errors: Vec::new(), not_kept: 0 }
    }

    fn of_key(&mut self, at: &Path, trouble: impl FnOnce() -> (String, String)) {
        if self.takes_more() {
            let (reason, fix) = trouble();
            self.warnings.push(self.places.of_key(at, reason, fix));
        }
    }

    fn of_value(&mut self, at: &Path, trouble: impl FnOnce() -> (String, String)) {
        if self.takes_more() {
            let (reason, fix) = trouble();
            self.warnings.push(self.places.of_value(at, reason, fix));
        }
    }

    fn takes_more(&mut self) -> bool {
        let more = self.warnings.len() < MAX_PROBLEMS;
        self.not_kept += usize::from(!more);
        more
    }

    /// Whether there is room for another that refuses the settings.
    fn error(&mut self, at: &Path, reason: String, fix: String) -> bool {
        let told = self.places.of_value(at, reason, fix);
        self.errors.push(Diagnostic { severity: Severity::Error, ..told });
        self.errors.len() < MAX_PROBLEMS
    }

    /// In the order of the file.
    fn finish(mut self) -> Vec<Diagnostic> {
        let mut found = self.warnings;
        found.append(&mut self.errors);
        found.sort_by_key(|problem| problem.span.start);
        if self.not_kept > 0 {
            let reason = format!("{} more problems are not shown", self.not_kept);
            let fix = "mend those that are, and look again".to_owned();
            found.push(self.places.of_value(&Path::default(), reason, fix));
        }
        found
    }
}

/// `providers.<id>`.
fn declare(
    config: &mut Config,
    id: &str,
    declared: &ProviderSettings,
    settings: &Settings,
    problems: &mut Problems<'_>,
) {
    let at = Path::of(["providers", id]);
    let Some(known) = config.provider(id).map(|provider| provider.id.clone()) else {
        problems.of_key(&at, || {
            let fix = match nearest(id, config.providers.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "use the id it has in `models.providers`".to_owned(),
            };
            (format!("no provider `{id}`"), fix)
        });
        return;
    };
    if let Some(locality) = declared.locality {
        let origin = settings.places.origin(&at.key("locality"));
        declare_locality(config, &known, locality, origin);
    }
    if let Some(region) = &declared.region {
        let origin = settings.places.origin(&at.key("region"));
        declare_region(config, &known, region, origin);
    }
    for (name, declared) in &declared.models {
        let model_ref = ModelRef::new(&known, name);
        match model_ref.and_then(|model_ref| config.models.get_mut(&model_ref)) {
            Some(model) => Arc::make_mut(model).declared = declared.clone(),
            None => problems.of_key(&at.key("models").key(name), || {
                let ids = config.models.keys().filter(|other| other.provider() == known);
                let fix = match nearest(name, ids.map(ModelRef::model)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("use the id it has in `models.providers.{known}.models`"),
                };
                (format!("`{id}` has no model `{name}`"), fix)
            }),
        }
    }
}

fn declare_locality(
    config: &mut Config,
    id: &str,
    declared: DeclaredLocality,
    origin: Option<Origin>,
) {
    let Some(provider) = config.providers.get_mut(id) else {
        return;
    };
    let word = match declared {
        DeclaredLocality::Hosted => "hosted",
        DeclaredLocality::Local => "local",
    };
    provider.locality = match declared {
        DeclaredLocality::Hosted => Locality::Hosted,
        DeclaredLocality::Local if provider.address == Locality::Loopback => Locality::Loopback,
        DeclaredLocality::Local => Locality::Private,
    };
    provider.locality_reason = format!("declared `{word}` in the settings");
    for model in models_of(&mut config.models, id) {
        // A declaration covers what the provider forwards as well.
        model.locality = provider.locality;
        model.locality_reason.clone_from(&provider.locality_reason);
        if let Some(origin) = &origin {
            model.origins.insert("locality", origin.clone());
        }
    }
}

fn declare_region(config: &mut Config, id: &str, region: &str, origin: Option<Origin>) {
    if let Some(provider) = config.providers.get_mut(id) {
        provider.region = Some(region.to_owned());
    }
    for model in models_of(&mut config.models, id) {
        model.region = Some(region.to_owned());
        if let Some(origin) = &origin {
            model.origins.insert("region", origin.clone());
        }
    }
}

fn models_of<'a>(
    models: &'a mut BTreeMap<ModelRef, Arc<crate::model::Model>>,
    id: &'a str,
) -> impl Iterator<Item = &'a mut crate::model::Model> {
    let of_provider = models.iter_mut().filter(move |(model_ref, _)| model_ref.provider() == id);
    of_provider.map(|(_, model)| Arc::make_mut(model))
}

/// `modelAliases`. A name that would hide a model or is never reached is told.
fn name_models(config: &mut Config, settings: &Settings, problems: &mut Problems<'_>) {
    config.client_names.clear();
    let base = Path::of(["modelAliases"]);
    // Targets are read before the first name is known, so that what a target
    // means does not depend on the names before it.
    let targets: Vec<Option<ModelRef>> = settings
        .model_aliases
        .values()
        .map(|target| config.read_ref(target).filter(|known| config.models.contains_key(known)))
        .collect();
    for ((name, target), known) in settings.model_aliases.iter().zip(targets) {
        let at = base.key(name);
        let lower = name.trim().to_lowercase();
        if let Some(trouble) = misnamed(config, name.trim(), &lower) {
            problems.of_key(&at, || trouble);
        }
        let Some(model_ref) = known else {
            problems.of_value(&at, || nothing_meant(config, settings, target));
            continue;
        };
        if !lower.is_empty() {
            config.client_names.insert(lower, model_ref);
        }
    }
}

/// What is wrong with a name that clients may send, and the fix.
fn misnamed(config: &Config, name: &str, lower: &str) -> Option<(String, String)> {
    let other = || "choose another name, or remove it".to_owned();
    if lower.is_empty() {
        let fix = "write the name that clients send, as \"claude-haiku-4-5\"".to_owned();
        return Some(("an empty name is never asked for".to_owned(), fix));
    }
    if lower == "default" {
        let reason = "the name `default` is never reached: the word means the primary";
        return Some((reason.to_owned(), other()));
    }
    if let Some(alias) = config.aliases.get(lower) {
        let reason = format!(
            "never reached: `{}` is an alias of {} in the config, which comes first",
            alias.name, alias.model_ref
        );
        return Some((reason, other()));
    }
    if config.client_names.contains_key(lower) {
        let reason = format!("`{name}` stands here twice, in other letters; this one counts");
        return Some((reason, "keep one of the two".to_owned()));
    }
    let hidden = ModelRef::parse(name).filter(|named| config.models.contains_key(named))?;
    let reason = format!("`{hidden}` is a model's own ref, and would no longer lead to it");
    Some((reason, other()))
}

/// What is wrong with a target that names no model, and the fix.
fn nothing_meant(config: &Config, settings: &Settings, target: &str) -> (String, String) {
    let target = target.trim();
    if target.is_empty() {
        return ("empty, so it names no model".to_owned(), "write a ref or an alias".to_owned());
    }
    let names = &settings.model_aliases;
    if names.keys().any(|name| name.trim().eq_ignore_ascii_case(target)) {
        let reason = format!("`{target}` is a name of `modelAliases` itself");
        return (reason, "write the ref that it stands for".to_owned());
    }
    let unknown = config.unknown(target);
    let fix = match unknown.nearest.as_slice() {
        [] => "write a ref or an alias; `oc-gateway models` lists them".to_owned(),
        near => format!("did you mean `{}`?", near.join("` or `")),
    };
    (format!("`{target}` names no known model"), fix)
}

/// `clients[].models`: a limit that would not hold is worse than none.
fn limit_clients(config: &Config, settings: &Settings, problems: &mut Problems<'_>) {
    for (index, client) in settings.clients.iter().enumerate() {
        for (nth, name) in client.models.iter().flatten().enumerate() {
            if let Err(unknown) = config.chain(name) {
                let at = Path::of(["clients"]).index(index).key("models").index(nth);
                let fix = "write an alias, a ref or `default`".to_owned();
                if !problems.error(&at, unknown.to_string(), fix) {
                    return;
                }
            }
        }
    }
}
