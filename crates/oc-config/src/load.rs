//! From text to value, problem by problem: parse, substitute, read, resolve.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Loaded, Report, Severity};
use crate::document::{Document, Node, Path, Source, Value, mask_unparsed};
use crate::env::{Env, Layered};
use crate::error::ConfigError;
use crate::locality::{Locality, judge_model};
use crate::model::Api;
use crate::raw::{Raw, SETTINGS_KEY, SUBSTITUTED, section};
use crate::resolve::{Context, resolve};
use crate::settings::{DeclaredLocality, Place, RawSettings, Settings};
use crate::substitute::substitute;

/// Reads an OpenClaw config.
pub(crate) fn config(text: &str, file: &str, env: &dyn Env) -> Result<Loaded<Config>, ConfigError> {
    read(text, file, |document, report| {
        let env = layered(document, env);
        for section in SUBSTITUTED {
            let path = Path::of([section]);
            if let Some(node) = document.root.get_mut(section) {
                substitute(node, &env);
                warn_missing(node, &path, report);
            }
        }
        let raw = Raw::read(document, report);
        let at = Path::of([SETTINGS_KEY]);
        let settings: Option<RawSettings> = section(document, &at, report);
        let catalog = Catalog::built_in();
        let env = &env;
        let mut context = Context { document, env, catalog, report };
        let settings = settings.map(|raw| raw.resolve(&at, &mut context));
        let mut config = resolve(&raw, context);
        config.settings = settings;
        config
    })
}

/// Reads the gateway's settings.
pub(crate) fn settings(
    text: &str,
    file: &str,
    env: &dyn Env,
) -> Result<Loaded<Settings>, ConfigError> {
    read(text, file, |document, report| {
        let env = Layered { process: env, config: BTreeMap::new() };
        substitute(&mut document.root, &env);
        warn_missing(&document.root, &Path::default(), report);
        let at = Path::default();
        let raw: RawSettings = section(document, &at, report).unwrap_or_default();
        let catalog = Catalog::built_in();
        let env = &env;
        raw.resolve(&at, &mut Context { document, env, catalog, report })
    })
}

fn read<T>(
    text: &str,
    file: &str,
    meaning: impl FnOnce(&mut Document, &mut Report<'_>) -> T,
) -> Result<Loaded<T>, ConfigError> {
    let source = Source::new(file, text);
    let mut report = Report::new(&source, text);
    let mut document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            report.syntax(error);
            let masked = mask_unparsed(text);
            return Err(ConfigError::invalid(file, report.finish(), masked));
        }
    };
    let masked_source = document.masked(text);
    let value = meaning(&mut document, &mut report);
    let refused = report.has_errors();
    let diagnostics = report.finish();
    match refused {
        true => Err(ConfigError::invalid(file, diagnostics, masked_source)),
        false => Ok(Loaded { value, diagnostics, masked_source }),
    }
}

/// The config's own variables stand below the process's. Only what is plainly
/// a string is taken; what is wrong with the block is reported when it is read.
fn layered<'a>(document: &Document, process: &'a dyn Env) -> Layered<'a> {
    let mut config = BTreeMap::new();
    let env = document.find(&Path::of(["env"]));
    let vars = document.find(&Path::of(["env", "vars"]));
    for entry in env.into_iter().chain(vars).flat_map(Node::entries) {
        if let Some(text) = entry.value.text() {
            config.insert(entry.key.clone(), text.text.clone());
        }
    }
    // A variable may be made of the process's; not of its neighbours.
    let below = Layered { process, config: BTreeMap::new() };
    let config = config
        .into_iter()
        .filter_map(|(name, value)| {
            let replaced = crate::substitute::replace(&value, &below);
            replaced.missing.is_empty().then_some((name, replaced.text))
        })
        .collect();
    Layered { process, config }
}

fn warn_missing(node: &Node, path: &Path, report: &mut Report<'_>) {
    match &node.value {
        Value::Text(text) => {
            for name in &text.missing {
                let fix = format!("set {name} in the environment");
                let reason = format!("variable `{name}` is not set");
                report.warning(node.span.clone(), path, reason, Some(fix));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                warn_missing(item, &path.index(index), report);
            }
        }
        Value::Object(entries) => {
            for entry in entries {
                warn_missing(&entry.value, &path.key(&entry.key), report);
            }
        }
        _ => {}
    }
}

/// Applies settings to a config that was read before.
pub(crate) fn with_settings(mut config: Config, settings: &Settings) -> Loaded<Config> {
    let mut diagnostics = Vec::new();
    let mut warn = |at: String, reason: String, fix: &str| {
        let place = settings.places.get(&at);
        diagnostics.push(warning(place, at, reason, fix));
    };
    for (id, declared) in &settings.providers {
        let Some(known) = config.provider(id).map(|provider| provider.id.clone()) else {
            let fix = "use the id it has in `models.providers`";
            warn(format!("providers.{id}"), format!("no provider `{id}`"), fix);
            continue;
        };
        if let Some(locality) = declared.locality {
            declare(&mut config, &known, locality);
        }
        if let (Some(provider), Some(region)) = (config.providers.get_mut(&known), &declared.region)
        {
            provider.region = Some(region.clone());
        }
    }
    config.explicit_models = settings.fallback.explicit_models;
    config.client_names.clear();
    for (name, target) in &settings.model_aliases {
        let known =
            config.read_ref(target).filter(|model_ref| config.models.contains_key(model_ref));
        match known {
            Some(model_ref) => {
                config.client_names.insert(name.trim().to_lowercase(), model_ref);
            }
            None => {
                let reason = format!("`{target}` names no known model");
                warn(format!("modelAliases.{name}"), reason, "write a ref or an alias");
            }
        }
    }
    crate::config::loaded(config, diagnostics)
}

fn declare(config: &mut Config, id: &str, declared: DeclaredLocality) {
    let Some(provider) = config.providers.get_mut(id) else {
        return;
    };
    provider.locality = match declared {
        DeclaredLocality::Hosted => Locality::Hosted,
        DeclaredLocality::Local if provider.address == Locality::Loopback => Locality::Loopback,
        DeclaredLocality::Local => Locality::Private,
    };
    provider.locality_reason = "declared in the settings".to_owned();
    for (model_ref, model) in &mut config.models {
        if model_ref.provider() == id {
            let ollama = model.api == Api::Ollama;
            let model = Arc::make_mut(model);
            model.locality = match declared {
                // A declaration covers what the provider forwards as well.
                DeclaredLocality::Local => provider.locality,
                DeclaredLocality::Hosted => {
                    judge_model(ollama, model_ref.model(), provider.locality)
                }
            };
        }
    }
}

fn warning(place: Option<&Place>, path: String, reason: String, fix: &str) -> Diagnostic {
    let (file, line, column, span) = match place {
        Some(place) => (place.file.clone(), place.line, place.column, place.span.clone()),
        None => ("settings".to_owned(), 1, 1, 0..0),
    };
    Diagnostic {
        severity: Severity::Warning,
        file,
        line,
        column,
        span,
        path,
        reason,
        fix: Some(fix.to_owned()),
    }
}
