//! What loads and will hurt: one function for each, over the resolved config.
//!
//! The thresholds of windows are OpenClaw's: February refuses a model below
//! 16 000 tokens, September one whose usable part is below a fifth of the window.

use crate::config::Config;
use crate::document::Path;
use crate::locality::{Endpoint, Locality, looks_like_relay};
use crate::model::{Api, Listed, Model, Provider};
use crate::model_ref::ModelRef;
use crate::raw::ModelRow;
use crate::resolve::{Context, Rows, row_path};
use crate::secret::Key;

/// Warns of everything below.
pub(crate) fn warn(config: &Config, rows: &Rows<'_>, context: &mut Context<'_, '_>) {
    for (id, (path, row)) in rows {
        let Some(provider) = config.providers.get(id) else {
            continue;
        };
        plain_http(provider, path, context);
        relay(config, provider, path, context);
        foreign_api(provider.api, &path.key("api"), context);
        if row.local_service.is_some() {
            let reason = "the gateway starts no server: `localService` is OpenClaw's";
            let fix = "start the server yourself, or let OpenClaw do it".to_owned();
            context.warning(&path.key("localService"), reason, Some(fix));
        }
        for (index, model_row) in row.models.iter().enumerate() {
            let at = row_path(path, index, &model_row.id, context.document);
            let model_ref = ModelRef::new(id, &model_row.id);
            let model = model_ref.and_then(|model_ref| config.models.get(&model_ref));
            if let Some(model) = model.filter(|model| model.listed == Listed::Config) {
                model_hurts(model, model_row, provider, &at, context);
            }
        }
    }
    smaller_fallbacks(config, context);
}

fn model_hurts(
    model: &Model,
    row: &ModelRow,
    provider: &Provider,
    at: &Path,
    context: &mut Context<'_, '_>,
) {
    if row.api.is_some() {
        foreign_api(model.api, &at.key("api"), context);
    }
    negative_cost(row, &at.key("cost"), context);
    small_window(model, at, context);
    hanging_reasoning(model, provider, at, context);
}

fn negative_cost(row: &ModelRow, at: &Path, context: &mut Context<'_, '_>) {
    let Some(cost) = &row.cost else {
        return;
    };
    let prices = [
        ("input", cost.input),
        ("output", cost.output),
        ("cacheRead", cost.cache_read),
        ("cacheWrite", cost.cache_write),
    ];
    for (field, _) in prices.iter().filter(|(_, price)| price.is_some_and(|price| price.0 < 0.0)) {
        let fix = "write what it costs, in US dollars per million tokens".to_owned();
        context.warning(&at.key(field), "a price below zero counts as nothing", Some(fix));
    }
}

/// Below this an agent's own instructions and tools hardly fit.
const SMALLEST_WINDOW: u64 = 16_000;
/// And below this they are most of the prompt.
const SMALL_WINDOW: u64 = 32_000;

fn small_window(model: &Model, at: &Path, context: &mut Context<'_, '_>) {
    let (Some(window), used) = (model.context_window, model.context_tokens) else {
        return;
    };
    let usable = used.unwrap_or(window).min(window);
    let field = match used {
        Some(_) => "contextTokens",
        None => "contextWindow",
    };
    let fix = "load the model with a larger window, and state that".to_owned();
    if usable < SMALLEST_WINDOW {
        let reason = format!(
            "{usable} tokens are too few for an agent: OpenClaw of February refuses below {SMALLEST_WINDOW}"
        );
        context.warning(&at.key(field), reason, Some(fix));
    } else if usable < SMALL_WINDOW {
        let reason =
            format!("{usable} tokens are few for an agent: OpenClaw warns below {SMALL_WINDOW}");
        context.warning(&at.key(field), reason, Some(fix));
    } else if usable < window / 5 {
        let reason = format!("only {usable} of {window} tokens are used, less than a fifth");
        let fix = "raise `contextTokens`, or leave it out".to_owned();
        context.warning(&at.key(field), reason, Some(fix));
    }
}

/// LM Studio takes no reasoning effort over its Responses API for models that
/// it does not list as reasoning ones, and then answers nothing: the reason
/// for `reasoning: false` in OpenClaw's documented config.
fn hanging_reasoning(model: &Model, provider: &Provider, at: &Path, context: &mut Context<'_, '_>) {
    if model.reasoning && provider.id == "lmstudio" && model.api == Api::OpenaiResponses {
        let reason = "LM Studio is known to hang on requests that ask for reasoning";
        let fix = "write `reasoning: false`: what it thinks is told apart all the same".to_owned();
        context.warning(&at.key("reasoning"), reason, Some(fix));
    }
}

fn plain_http(provider: &Provider, path: &Path, context: &mut Context<'_, '_>) {
    let endpoint = provider.base_url.as_deref().and_then(|url| Endpoint::parse(url).ok());
    let plain = endpoint.is_some_and(|endpoint| !endpoint.encrypted);
    if plain && provider.address == Locality::Hosted {
        let what = match provider.key {
            Key::Ready { .. } => "prompts and the key",
            _ => "prompts",
        };
        let reason = format!("{what} would travel unencrypted over the internet");
        context.warning(&path.key("baseUrl"), reason, Some("use `https://`".to_owned()));
    }
}

fn relay(config: &Config, provider: &Provider, path: &Path, context: &mut Context<'_, '_>) {
    let declared = [config.settings.as_ref(), context.elsewhere];
    let declared = declared.into_iter().flatten().any(|settings| {
        let declared = settings.providers.get(&provider.id);
        declared.is_some_and(|declared| declared.locality.is_some())
    });
    if !declared && provider.address.is_local() && looks_like_relay(provider) {
        let reason = "this looks like a relay, so its prompts count as leaving the machine";
        let fix = format!(
            "if it forwards to nobody, set `providers.{}.locality: \"local\"` in the settings",
            provider.id
        );
        context.warning(&path.key("baseUrl"), reason, Some(fix));
    }
}

fn foreign_api(api: Api, at: &Path, context: &mut Context<'_, '_>) {
    if api.is_foreign() {
        let reason = format!("`{api}` is not spoken here: its models cannot be asked");
        let fix = "use another provider for them, such as OpenRouter".to_owned();
        context.warning(at, reason, Some(fix));
    }
}

/// What fits the primary may not fit them. A tenth less is no difference that
/// anybody plans with.
fn smaller_fallbacks(config: &Config, context: &mut Context<'_, '_>) {
    let window = |model_ref: &ModelRef| {
        let model = config.models.get(model_ref)?;
        Some(model.context_tokens.or(model.context_window)?.min(model.context_window?))
    };
    let Some(primary) = config.primary() else {
        return;
    };
    let Some(first) = window(primary) else {
        return;
    };
    let at = Path::of(["agents", "defaults", "model", "fallbacks"]);
    let written = context.document.find(&at);
    let places: Vec<usize> = match written.map(|node| &node.value) {
        Some(crate::document::Value::Array(items)) => (0..items.len()).collect(),
        _ => Vec::new(),
    };
    let small: Vec<_> = places
        .into_iter()
        .filter_map(|index| {
            let at = at.index(index);
            let name = context.document.find(&at)?.text()?.text.clone();
            let (model_ref, _) = config.read_name(&name)?;
            let window = window(&model_ref).filter(|window| *window < first / 10 * 9)?;
            Some((at, model_ref, window))
        })
        .collect();
    for (at, model_ref, window) in small {
        let reason = format!(
            "{model_ref} holds {window} tokens, {primary} {first}: longer requests skip it"
        );
        let fix = "order fallbacks by their windows, or add one that is as large".to_owned();
        context.warning(&at, reason, Some(fix));
    }
}
