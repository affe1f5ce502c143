//! Models: explicit rows over the catalog, field by field, as OpenClaw does
//! since 2026.9. What a row states wins; what it leaves out the catalog fills
//! in, apart from the route (`api`, `baseUrl`), which is always the provider's.

use std::collections::BTreeMap;

use crate::catalog::CatalogModel;
use crate::document::Path;
use crate::locality::{Endpoint, is_cloud, judge, judge_model};
use crate::model::{Api, Cost, InputKind, Listed, Model, Provider};
use crate::model_ref::ModelRef;
use crate::origin::Origin;
use crate::params::params_at;
use crate::provider::{base_url, headers};
use crate::raw::{ModelRow, Price, ProviderRow};
use crate::resolve::Context;
use crate::secret::{Key, KeySource};

/// Where a provider's row stands, and the row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Configured<'a> {
    pub(crate) row: &'a ProviderRow,
    pub(crate) path: &'a Path,
}

/// A model with a row of its own at `path`.
pub(crate) fn explicit(
    provider: &Provider,
    configured: Configured<'_>,
    row: &ModelRow,
    catalog: Option<&CatalogModel>,
    path: &Path,
    context: &mut Context<'_, '_>,
) -> Option<Model> {
    let model_ref = ModelRef::new(&provider.id, &row.id)?;
    let mut model = base(provider, Some(configured), model_ref, context);
    model.listed = Listed::Config;
    if let Some(catalog) = catalog {
        overlay_catalog(&mut model, catalog);
    }
    let node = context.document.find(path);
    let field = |name: &'static str| {
        let value = node.and_then(|node| node.get(name))?;
        Some((name, context.origin_of(value)))
    };
    let stated = ["name", "api", "reasoning", "input", "cost", "contextWindow", "contextTokens"]
        .into_iter()
        .chain(["maxTokens", "compat", "baseUrl"])
        .filter_map(field);
    model.origins.extend(stated.collect::<Vec<_>>());
    if let Some(name) = &row.name {
        model.name.clone_from(name);
    }
    if let Some(word) = row.api {
        model.api = Api::from(word);
    }
    model.reasoning = row.reasoning.unwrap_or(model.reasoning);
    if let Some(input) = row.input.as_ref().filter(|input| !input.is_empty()) {
        model.input.clone_from(input);
    }
    if let Some(cost) = &row.cost {
        model.cost = Some(overlay_cost(model.cost.unwrap_or_default(), cost));
    }
    model.context_window = row.context_window.map(|n| n.0).or(model.context_window);
    model.context_tokens = row.context_tokens.map(|n| n.0);
    model.max_tokens = row.max_tokens.map(|n| n.0).or(model.max_tokens);
    if let Some(compat) = &row.compat {
        model.compat = compat.clone();
    }
    model.thinking_levels.clone_from(&row.thinking_level_map);
    if !row.params.is_empty() {
        model.params.overlay(&params_at(&row.params, &path.key("params"), context));
    }
    let mut missing = None;
    let own = headers(&row.headers, &path.key("headers"), context, &mut missing);
    for (name, value, origin) in own {
        model.headers.insert(name.clone(), value);
        model.header_origins.insert(name, origin);
    }
    if let Some(url) = row.base_url.as_deref().filter(|url| !url.trim().is_empty()) {
        let endpoint = base_url(url, &path.key("baseUrl"), context, &mut missing);
        reroute(&mut model, provider, endpoint);
        judged_by("baseUrl", &mut model.origins);
    }
    if let (Some(id), true) = (node.and_then(|node| node.get("id")), is_cloud(&row.id)) {
        model.origins.insert("locality", context.origin_of(id));
    }
    if let (Some(window), Some(cap)) = (model.context_window, model.max_tokens)
        && cap > window
    {
        let reason = format!("`maxTokens` {cap} is more than the context window of {window}");
        context.warning(&path.key("maxTokens"), reason, Some("lower it".to_owned()));
    }
    model.unusable = missing;
    Some(model)
}

/// A model that only the catalog lists.
pub(crate) fn catalogued(
    provider: &Provider,
    configured: Option<Configured<'_>>,
    catalog: &CatalogModel,
    context: &Context<'_, '_>,
) -> Option<Model> {
    let model_ref = ModelRef::new(&provider.id, &catalog.id)?;
    let mut model = base(provider, configured, model_ref, context);
    model.listed = Listed::Catalog;
    overlay_catalog(&mut model, catalog);
    Some(model)
}

/// A model that only a ref names.
pub(crate) fn assumed(
    provider: &Provider,
    configured: Option<Configured<'_>>,
    model_ref: ModelRef,
    context: &Context<'_, '_>,
) -> Model {
    base(provider, configured, model_ref, context)
}

/// What the provider alone says of any of its models.
fn base(
    provider: &Provider,
    configured: Option<Configured<'_>>,
    model_ref: ModelRef,
    context: &Context<'_, '_>,
) -> Model {
    let otherwise = match configured {
        Some(_) if !context.catalog.providers.contains_key(&provider.id) => Origin::Default,
        _ => Origin::Catalog,
    };
    let mut origins = BTreeMap::from([
        ("baseUrl", otherwise.clone()),
        ("api", otherwise),
        ("reasoning", Origin::Default),
        ("input", Origin::Default),
        ("contextWindow", Origin::Default),
        ("maxTokens", Origin::Default),
        ("cost", Origin::Default),
    ]);
    if let Some(Configured { path, .. }) = configured {
        let fields = ["baseUrl", "api", "apiKey", "maxTokens", "region", "timeoutSeconds"];
        let node = context.document.find(path);
        let stated = fields.into_iter().filter_map(|name| {
            let value = node.and_then(|node| node.get(name))?;
            Some((name, context.origin_of(value)))
        });
        origins.extend(stated);
    }
    let key = match &provider.key {
        Key::Ready { source, .. } => Some(source.clone()),
        _ => None,
    };
    // The name of a variable may stand there, or nothing at all.
    let variable = key.as_ref().and_then(KeySource::variable);
    if let Some(variable) = variable.and_then(|name| context.secrets.variable(name)) {
        let origin = match origins.remove("apiKey") {
            Some(stated @ Origin::File { .. }) => stated.made_of(vec![variable]),
            Some(stated) => stated,
            None => Origin::Variable(variable),
        };
        origins.insert("apiKey", origin);
    }
    let id = model_ref.model().to_owned();
    let judged = (provider.locality, provider.locality_reason.clone());
    let (locality, locality_reason) = judge_model(&id, judged);
    judged_by("baseUrl", &mut origins);
    let stated = configured.filter(|c| !c.row.params.is_empty());
    let params = stated.map(|c| params_at(&c.row.params, &c.path.key("params"), context));
    let params = params.unwrap_or_default();
    Model {
        name: id,
        model_ref,
        api: provider.api,
        base_url: provider.base_url.clone().unwrap_or_default(),
        key,
        headers: provider.headers.clone(),
        header_origins: provider.header_origins.clone(),
        timeout: provider.timeout,
        reasoning: false,
        input: vec![InputKind::Text],
        context_window: None,
        context_tokens: None,
        max_tokens: configured.and_then(|c| c.row.max_tokens).map(|n| n.0),
        cost: None,
        compat: crate::raw::Compat::default(),
        params,
        thinking_levels: BTreeMap::new(),
        region: provider.region.clone(),
        declared: Default::default(),
        locality,
        locality_reason,
        listed: Listed::Assumed,
        origins,
        unusable: None,
    }
}

/// The locality follows from the value of `field`, and was set by what set that.
fn judged_by(field: &str, origins: &mut BTreeMap<&'static str, Origin>) {
    let origin = origins.get(field).cloned().unwrap_or(Origin::Default);
    origins.insert("locality", origin);
}

fn overlay_catalog(model: &mut Model, catalog: &CatalogModel) {
    model.name.clone_from(&catalog.name);
    model.reasoning = catalog.reasoning;
    model.input.clone_from(&catalog.input);
    let stated = ["name", "reasoning", "input"].into_iter();
    let window = catalog.context_window.map(|_| "contextWindow");
    let cost = catalog.cost.map(|_| "cost");
    let cap = catalog.max_tokens.map(|_| "maxTokens");
    for field in stated.chain(window).chain(cost).chain(cap) {
        model.origins.insert(field, Origin::Catalog);
    }
    model.context_window = catalog.context_window;
    model.max_tokens = catalog.max_tokens.or(model.max_tokens);
    model.cost = catalog.cost.map(|cost| overlay_cost(Cost::default(), &cost));
}

fn overlay_cost(under: Cost, over: &crate::raw::Cost) -> Cost {
    // A price below zero is warned of, and would make budgets grow.
    let price = |over: Option<Price>, under: f64| over.map_or(under, |price| price.0.max(0.0));
    Cost {
        input: price(over.input, under.input),
        output: price(over.output, under.output),
        cache_read: price(over.cache_read, under.cache_read),
        cache_write: price(over.cache_write, under.cache_write),
    }
}

fn reroute(model: &mut Model, provider: &Provider, endpoint: Option<Endpoint>) {
    let Some(endpoint) = endpoint else {
        model.base_url = String::new();
        return;
    };
    let judged = judge(&provider.id, &endpoint);
    (model.locality, model.locality_reason) = judge_model(model.model_ref.model(), judged);
    model.base_url = endpoint.url;
}
