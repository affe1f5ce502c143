//! From what is written to what it means: `Raw` to [`Config`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::{Catalog, CatalogProvider};
use crate::chosen::choose;
use crate::config::{Alias, Config};
use crate::diagnostic::Report;
use crate::discovered::FOUND;
use crate::document::{Document, Node, Path, Value};
use crate::exposed::warn_of_exposed_keys;
use crate::key::SecretSources;
use crate::merge::{Configured, assumed, catalogued, explicit};
use crate::model::Model;
use crate::model_ref::ModelRef;
use crate::nearest::is_meant;
use crate::origin::Origin;
use crate::params::params_at;
use crate::places::{Places, first_of};
use crate::provider;
use crate::raw::{MergeMode, ProviderRow, Raw, SECRET_STORE};
use crate::settings::Settings;
use crate::warnings::warn;

/// What resolving needs at hand.
pub(crate) struct Context<'a, 'r> {
    pub(crate) document: &'a Document,
    pub(crate) secrets: &'a SecretSources<'a>,
    pub(crate) catalog: &'static Catalog,
    pub(crate) report: &'a mut Report<'r>,
    /// Settings from elsewhere, for what they declare.
    pub(crate) elsewhere: Option<&'a Settings>,
}

impl Context<'_, '_> {
    pub(crate) fn error(&mut self, at: &Path, reason: impl Into<String>, fix: Option<String>) {
        let span = self.span(at);
        self.report.error(span, at, reason, fix);
    }

    pub(crate) fn warning(&mut self, at: &Path, reason: impl Into<String>, fix: Option<String>) {
        let span = self.span(at);
        self.report.warning(span, at, reason, fix);
    }

    /// The line that states the value at `path`, if one does.
    pub(crate) fn origin(&self, path: &Path) -> Option<Origin> {
        self.document.find(path).map(|node| self.origin_of(node))
    }

    /// The line of a value of the file, and the variables in it.
    pub(crate) fn origin_of(&self, node: &Node) -> Origin {
        let (file, line) = match self.report.line(node.span.start) {
            (FOUND, _) => return Origin::Found,
            place => place,
        };
        let mut names = BTreeSet::new();
        variables_in(node, &mut names);
        let variables = names.into_iter().filter_map(|name| self.secrets.variable(name));
        Origin::File { file: file.to_owned(), line }.made_of(variables.collect())
    }

    /// A variable that the string at `path` asks for and that is not set.
    pub(crate) fn missing_variable(&self, path: &Path) -> Option<String> {
        let text = self.document.find(path)?.text()?;
        text.missing.first().cloned()
    }

    /// Whether the object at `path` lacks `key`, misspellings counted as there:
    /// they were reported, and what follows from them is no second problem.
    pub(crate) fn lacks(&self, path: &Path, key: &str) -> bool {
        let entries = self.document.find(path).map(|node| node.entries());
        !entries.unwrap_or_default().iter().any(|entry| is_meant(&entry.key, key))
    }

    /// The value at `path`; of an object or array only the bracket, and of a
    /// value that is not there the one around it.
    fn span(&self, path: &Path) -> std::ops::Range<usize> {
        let mut path = path.clone();
        loop {
            if let Some(node) = self.document.find(&path) {
                return first_of(node);
            }
            path.pop();
        }
    }
}

/// The names of the variables that were put into `node`.
pub(crate) fn variables_in<'n>(node: &'n Node, names: &mut BTreeSet<&'n str>) {
    match &node.value {
        Value::Text(text) => names.extend(text.variables.iter().map(String::as_str)),
        Value::Array(items) => items.iter().for_each(|item| variables_in(item, names)),
        Value::Object(entries) => {
            entries.iter().for_each(|entry| variables_in(&entry.value, names));
        }
        _ => {}
    }
}

/// Builds the config and reports what is wrong with its meaning.
pub(crate) fn resolve(
    raw: &Raw,
    settings: Option<Settings>,
    mut context: Context<'_, '_>,
) -> Config {
    let context = &mut context;
    let stores = Path::of(["secrets", "providers"]);
    for alias in raw.secrets.providers.keys() {
        SECRET_STORE.check(&stores.key(alias), context);
    }
    let rows = canonical_rows(raw, context);
    let mut config = Config { settings, ..Config::default() };
    add_configured(&mut config, raw, &rows, context);
    if raw.models.mode == MergeMode::Merge {
        for (id, catalog) in &context.catalog.providers {
            if !rows.contains_key(id) && !catalog.models.is_empty() {
                add_hosted(&mut config, id, catalog, context);
            }
        }
    }
    add_entries(&mut config, raw, &rows, context);
    choose(&mut config, raw, &rows, context);
    config.places = Places::along(&["agents", "defaults", "model", "primary"], context);
    cap_windows(&mut config, raw, context);
    config.reload = raw.reload.mode;
    config.profiles = context.secrets.profiles.clone();
    warn(&config, &rows, context);
    warn_of_exposed_keys(Some(&config), context);
    config
}

/// The written key of each configured provider, by its canonical id.
pub(crate) type Rows<'a> = BTreeMap<String, (Path, &'a ProviderRow)>;

fn canonical_rows<'a>(raw: &'a Raw, context: &mut Context<'_, '_>) -> Rows<'a> {
    let base = Path::of(["models", "providers"]);
    let mut rows: Rows<'a> = BTreeMap::new();
    // A key that is canonical as it stands beats other spellings of it.
    let mut written: Vec<_> = raw.models.providers.iter().collect();
    written.sort_by_key(|(key, _)| (**key != canonical_id(key, context.catalog), (*key).clone()));
    for (key, row) in written {
        let path = base.key(key);
        let id = canonical_id(key, context.catalog);
        if let Some((_, _)) = rows.get(&id) {
            let reason = format!("another spelling of provider `{id}`; this one is passed over");
            context.warning(&path, reason, Some("merge the two".to_owned()));
        } else {
            rows.insert(id, (path, row));
        }
    }
    rows
}

/// Lower case, trimmed, and February's aliases.
pub(crate) fn canonical_id(id: &str, catalog: &Catalog) -> String {
    let id = id.trim().to_lowercase();
    catalog.provider_aliases.get(&id).cloned().unwrap_or(id)
}

fn add_configured(config: &mut Config, raw: &Raw, rows: &Rows<'_>, context: &mut Context<'_, '_>) {
    for (id, (path, row)) in rows {
        // `replace` leaves the catalog's models out; that an id means a
        // well-known address and variable holds in both modes.
        let catalog = context.catalog.providers.get(id);
        let provider = provider::configured(id, row, catalog, path, context);
        if catalog.is_none() && provider.base_url.is_some() && context.lacks(path, "models") {
            let reason = format!("provider `{id}` lists no `models`: any id is sent to it");
            let fix = "add `models: [{ id: \"…\", name: \"…\" }]`".to_owned();
            context.warning(path, reason, Some(fix));
        }
        let configured = Configured { row, path };
        let known = catalog
            .filter(|_| raw.models.mode == MergeMode::Merge)
            .map(|catalog| catalog.models.as_slice())
            .unwrap_or_default();
        for (index, model_row) in row.models.iter().enumerate() {
            // Rows that could not be read are missing from the list, so the
            // place in the file is looked up by id.
            let at = row_path(path, index, &model_row.id, context.document);
            let implicit = known.iter().find(|m| m.id.trim() == model_row.id.trim());
            let model = explicit(&provider, configured, model_row, implicit, &at, context);
            let Some(model) = model else {
                continue;
            };
            if config.models.contains_key(&model.model_ref) {
                let reason = format!("`{}` is listed twice; the first counts", model.model_ref);
                context.warning(&at, reason, Some("remove one".to_owned()));
                continue;
            }
            config.add_model(model);
        }
        for implicit in known {
            if let Some(model) = catalogued(&provider, Some(configured), implicit, context)
                && !config.models.contains_key(&model.model_ref)
            {
                config.add_model(model);
            }
        }
        config.providers.insert(id.clone(), provider);
    }
}

pub(crate) fn row_path(provider: &Path, index: usize, id: &str, document: &Document) -> Path {
    let models = provider.key("models");
    let has_id = |index: usize| {
        let node = document.find(&models.index(index).key("id"))?;
        node.text().filter(|text| text.text == id).map(|_| index)
    };
    // Earlier rows may have been set aside: the row stands at `index` or later.
    let limit = document.find(&models).map_or(0, |node| match &node.value {
        Value::Array(items) => items.len(),
        _ => 0,
    });
    let found = (index..limit).find_map(has_id);
    models.index(found.unwrap_or(index))
}

fn add_hosted(config: &mut Config, id: &str, catalog: &CatalogProvider, context: &Context<'_, '_>) {
    let provider = provider::hosted(id, catalog, context);
    for implicit in &catalog.models {
        if let Some(model) = catalogued(&provider, None, implicit, context) {
            config.add_model(model);
        }
    }
    config.providers.insert(id.to_owned(), provider);
}

/// `agents.defaults.models`: aliases and parameters.
fn add_entries(config: &mut Config, raw: &Raw, rows: &Rows<'_>, context: &mut Context<'_, '_>) {
    let base = Path::of(["agents", "defaults", "models"]);
    let defaults = &raw.agents.defaults;
    if !defaults.params.is_empty() {
        let at = Path::of(["agents", "defaults", "params"]);
        let params = params_at(&defaults.params, &at, context);
        let models = config.models.values_mut();
        models.for_each(|model| Arc::make_mut(model).params.overlay(&params));
    }
    // In the order of the file, which decides about aliases; patterns first,
    // for what is said of one model counts more.
    let mut entries: Vec<_> = defaults.models.iter().collect();
    entries.sort_by_cached_key(|(key, _)| {
        let pattern = key.trim_end().ends_with("/*");
        (!pattern, context.document.find(&base.key(key)).map(|node| node.span.start))
    });
    for (key, entry) in entries {
        let at = base.key(key);
        if let Some(provider) = key.trim_end().strip_suffix("/*") {
            let provider = canonical_id(provider, context.catalog);
            let params = params_at(&entry.params, &at.key("params"), context);
            let of_provider = |model: &&mut Arc<Model>| model.model_ref.provider() == provider;
            let models = config.models.values_mut().filter(of_provider);
            models.for_each(|model| Arc::make_mut(model).params.overlay(&params));
            if entry.alias.is_some() {
                let fix = Some("name one model".to_owned());
                context.warning(&at.key("alias"), "an alias of many models names none", fix);
            }
            continue;
        }
        let Some(model_ref) = config.read_ref(key) else {
            let fix = near_ref(config, key, context).unwrap_or("write `provider/model`".to_owned());
            context.warning(&at, format!("`{key}` names no model"), Some(fix));
            continue;
        };
        assume(config, raw, rows, &model_ref, &at, context);
        if let Some(model) = config.models.get_mut(&model_ref) {
            let params = params_at(&entry.params, &at.key("params"), context);
            Arc::make_mut(model).params.overlay(&params);
        }
        let default = context.catalog.default_aliases.iter();
        let default = default
            .filter(|_| entry.alias.is_none())
            .find(|(_, target)| **target == model_ref.to_string())
            .map(|(alias, _)| alias.as_str());
        let name = entry.alias.as_deref().or(default).unwrap_or_default().trim();
        if name.is_empty() {
            continue;
        }
        let lower = name.to_lowercase();
        if lower == "default" {
            let reason = "the alias `default` is never reached: the word means the primary";
            context.warning(&at.key("alias"), reason, Some("choose another".to_owned()));
        }
        let key_at = context.document.find(&at.key("alias")).or_else(|| context.document.find(&at));
        let stands_at = key_at.map_or(0, |node| node.span.start);
        let alias = Alias { name: name.to_owned(), model_ref, stands_at };
        if let Some(earlier) = config.aliases.get(&lower)
            && earlier.model_ref != alias.model_ref
        {
            let line = context.report.line_of(earlier.stands_at, stands_at);
            let reason = format!(
                "alias `{name}` also names {} in {line}; this later one counts",
                earlier.model_ref
            );
            context.warning(&at.key("alias"), reason, Some("choose another".to_owned()));
        }
        config.aliases.insert(lower, alias);
    }
}

/// Makes a model of a ref that no list holds, where its provider does not
/// claim to list all of its models: it is hosted and ours is only an excerpt,
/// or its row has no models. A configured provider that lists models is taken
/// at its word, and so is `replace`.
pub(crate) fn assume(
    config: &mut Config,
    raw: &Raw,
    rows: &Rows<'_>,
    model_ref: &ModelRef,
    at: &Path,
    context: &mut Context<'_, '_>,
) {
    if config.models.contains_key(model_ref) {
        return;
    }
    let id = model_ref.provider();
    let row = rows.get(id);
    let catalog = context.catalog.providers.get(id);
    let merging = raw.models.mode == MergeMode::Merge;
    if let (None, Some(catalog)) = (row, catalog.filter(|_| merging))
        && !config.providers.contains_key(id)
    {
        let provider = provider::hosted(id, catalog, context);
        config.providers.insert(id.to_owned(), provider);
    }
    let Some(provider) = config.providers.get(id) else {
        let known = config.providers.keys().map(String::as_str);
        let hosted = context.catalog.providers.keys().map(String::as_str);
        let fix = match context.report.nearest(id, known.chain(hosted)) {
            Some(near) if near == id => {
                format!("`mode: \"replace\"` leaves it out: add `models.providers.{id}`")
            }
            Some(near) => format!("did you mean `{near}/{}`?", model_ref.model()),
            None => format!("add `models.providers.{id}`"),
        };
        context.warning(at, format!("no provider `{id}`"), Some(fix));
        return;
    };
    let hosted = catalog.is_some() && provider.locality == crate::locality::Locality::Hosted;
    let catalogued = context.catalog;
    let pattern = |key: &str| {
        let provider = key.trim_end().strip_suffix("/*");
        provider.is_some_and(|provider| canonical_id(provider, catalogued) == id)
    };
    let open = match row {
        Some((_, row)) => row.models.is_empty() || (hosted && merging),
        None => true,
    } || raw.agents.defaults.models.keys().any(|key| pattern(key));
    if !open {
        let of_provider = config.models.keys().filter(|known| known.provider() == id);
        let ids: Vec<&str> = of_provider.map(ModelRef::model).collect();
        let fix = match context.report.nearest(model_ref.model(), ids) {
            Some(near) => format!("did you mean `{id}/{near}`?"),
            None => format!("add it to `models.providers.{id}.models`"),
        };
        let reason = format!("provider `{id}` has no model `{}`", model_ref.model());
        context.warning(at, reason, Some(fix));
        return;
    }
    let configured = row.map(|(path, row)| Configured { row, path });
    let mut model = assumed(provider, configured, model_ref.clone(), context);
    // What is said of all models, and of all of this provider's, holds for it too.
    let defaults = &raw.agents.defaults;
    let base = Path::of(["agents", "defaults"]);
    model.params.overlay(&params_at(&defaults.params, &base.key("params"), context));
    for (key, entry) in defaults.models.iter().filter(|(key, _)| pattern(key)) {
        let at = base.key("models").key(key).key("params");
        model.params.overlay(&params_at(&entry.params, &at, context));
    }
    let reason = format!("`{model_ref}` is in no list: its window and cost are not known");
    let fix = format!("describe it in `models.providers.{id}.models`");
    context.warning(at, reason, Some(fix));
    config.add_model(model);
}

pub(crate) fn near_ref(
    config: &Config,
    name: &str,
    context: &mut Context<'_, '_>,
) -> Option<String> {
    let names = config.names();
    let near = context.report.nearest(name, names.iter().map(String::as_str))?;
    Some(format!("did you mean `{near}`?"))
}

/// February's `agents.defaults.contextTokens` caps every window.
fn cap_windows(config: &mut Config, raw: &Raw, context: &Context<'_, '_>) {
    let Some(cap) = raw.agents.defaults.context_tokens else {
        return;
    };
    let origin = context.origin(&Path::of(["agents", "defaults", "contextTokens"]));
    for model in config.models.values_mut() {
        let model: &mut Model = Arc::make_mut(model);
        if model.context_tokens.is_none_or(|own| own > cap.0) {
            model.context_tokens = Some(cap.0);
            if let Some(origin) = &origin {
                model.origins.insert("contextTokens", origin.clone());
            }
        }
    }
}

impl Config {
    fn add_model(&mut self, model: Model) {
        self.models.insert(model.model_ref.clone(), Arc::new(model));
    }
}
