//! The resolved config: what a program asks.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::agent::Agent;
use crate::catalog::Catalog;
use crate::chain::{Candidate, Chain, ExplicitModels, UnknownModel, UnusableReason, Usability};
use crate::chosen::{Allowed, Chosen, Named};
use crate::diagnostic::{Diagnostic, Loaded, Severity};
use crate::document::Path as At;
use crate::env::Env;
use crate::error::ConfigError;
use crate::explain::Explanation;
use crate::load;
use crate::model::{Model, Provider};
use crate::model_ref::ModelRef;
use crate::nearest::nearest_few;
use crate::places::Places;
use crate::profiles::Profiles;
use crate::raw::ReloadMode;
use crate::reading::Reading;
use crate::resolve::canonical_id;
use crate::secret::Key;
use crate::settings::Settings;
use crate::under;

/// An OpenClaw config, resolved and immutable.
///
/// ```
/// use oc_config::Config;
///
/// let text = r#"{
///   agents: { defaults: { model: {
///     primary: "lmstudio/qwen3", fallbacks: ["anthropic/claude-sonnet-4-5"],
///   } } },
///   models: { providers: { lmstudio: {
///     baseUrl: "http://127.0.0.1:1234/v1", apiKey: "lmstudio", api: "openai-responses",
///     models: [{ id: "qwen3", name: "Qwen 3", contextWindow: 65536 }],
///   } } },
/// }"#;
/// let env = |_: &str| None;
/// let config = Config::parse(text, "openclaw.json", &env)?.value;
///
/// let chain = config.chain("default")?;
/// assert_eq!(chain.candidates[0].model_ref.to_string(), "lmstudio/qwen3");
/// assert!(chain.candidates[0].usability.is_usable());
/// // In the chain, but nothing is sent without a key.
/// assert!(!chain.candidates[1].usability.is_usable());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Config {
    pub(crate) providers: BTreeMap<String, Provider>,
    pub(crate) models: BTreeMap<ModelRef, Arc<Model>>,
    pub(crate) aliases: BTreeMap<String, Alias>,
    pub(crate) chosen: Chosen,
    pub(crate) images: Chosen,
    pub(crate) agents: BTreeMap<String, Agent>,
    pub(crate) allowed: Option<Allowed>,
    pub(crate) profiles: Profiles,
    pub(crate) reload: ReloadMode,
    pub(crate) client_names: BTreeMap<String, ModelRef>,
    pub(crate) explicit_models: ExplicitModels,
    pub(crate) settings: Option<Settings>,
    /// Where what concerns the whole of it stands.
    pub(crate) places: Places,
}

/// An alias as it was written, and its model. Kept by its lower-case form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) name: String,
    pub(crate) model_ref: ModelRef,
    /// Its place among all files.
    pub(crate) stands_at: usize,
}

impl Config {
    /// Reads the file at `path`, the files it includes, and the `.env` beside
    /// it. [`Reading`] is the same with more choices.
    ///
    /// # Errors
    /// When there is no such file, when it cannot be read, and when it is
    /// wrong, with every problem in it and in what it includes.
    pub fn load(path: &Path, env: &dyn Env) -> Result<Loaded<Self>, ConfigError> {
        Reading::new(env).config(path)
    }

    /// Reads `text`; `file` is its name in diagnostics. Touches no file:
    /// `$include` is refused, and keys kept in files are missing.
    ///
    /// # Errors
    /// When the text is wrong, with every problem in it.
    pub fn parse(text: &str, file: &str, env: &dyn Env) -> Result<Loaded<Self>, ConfigError> {
        load::config_text(text, file, &Reading::new(env).without_files())
    }

    /// The config under these settings: the gateway's names for models, the
    /// rule for explicit models, and what the settings declare of providers.
    /// What the settings name and the config does not know is a warning; in
    /// `clients[].models` it is an error, as the limit would not hold.
    #[must_use]
    pub fn with_settings(self, settings: &Settings) -> Loaded<Self> {
        under::with_settings(self, settings)
    }

    /// The candidates for `model`: an alias (case does not count), a name
    /// from `modelAliases`, a `provider/model` ref, a bare id that one provider
    /// owns, or `default`.
    ///
    /// The configured primary, however it is named, gets the configured
    /// fallbacks; another model gets none, unless the settings say
    /// `fallback.explicitModels: "chain"`. Unusable candidates stay, with
    /// their reason; doubles are dropped.
    ///
    /// # Errors
    /// [`UnknownModel`], with the nearest names.
    pub fn chain(&self, model: &str) -> Result<Chain, UnknownModel> {
        self.chain_with(model, self.explicit_models)
    }

    /// [`chain`](Self::chain) under a rule of the caller's.
    ///
    /// # Errors
    /// [`UnknownModel`], with the nearest names.
    pub fn chain_with(&self, model: &str, explicit: ExplicitModels) -> Result<Chain, UnknownModel> {
        let first = self.resolve(model).ok_or_else(|| self.unknown(model))?;
        let primary = self.primary();
        let is_primary = primary == Some(&first.model_ref);
        if let (Some(allowed), false) = (&self.allowed, is_primary)
            && !allowed.holds(&first.model_ref)
        {
            return Err(UnknownModel::not_allowed(model, allowed.rule));
        }
        let with_fallbacks = is_primary || explicit == ExplicitModels::Chain;
        let fallbacks = match with_fallbacks {
            true => self.chosen.fallbacks(),
            false => &[],
        };
        Ok(self.chain_of(model, !is_primary, std::iter::once(&first).chain(fallbacks)))
    }

    /// The chain for requests with images (`agents.defaults.imageModel`), where
    /// the config states one.
    #[must_use]
    pub fn image_chain(&self) -> Option<Chain> {
        let first = self.images.all().next()?;
        let requested = first.model_ref.to_string();
        let explicit = self.primary() != Some(&first.model_ref);
        Some(self.chain_of(&requested, explicit, self.images.all()))
    }

    /// Whether a changed file is read again (`gateway.reload.mode`).
    #[must_use]
    pub fn reload_mode(&self) -> ReloadMode {
        self.reload
    }

    /// The model of the merged catalog that `model_ref` names.
    #[must_use]
    pub fn model(&self, model_ref: &ModelRef) -> Option<&Model> {
        self.models.get(model_ref).map(Arc::as_ref)
    }

    /// The merged catalog, by ref.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.values().map(Arc::as_ref)
    }

    /// Every provider that is configured, in the catalog with models, or named
    /// by a ref; by id.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.values()
    }

    /// The provider with this id, in any case.
    #[must_use]
    pub fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.get(&self.provider_id(id))
    }

    /// The configured primary; where none is stated, the only configured model.
    #[must_use]
    pub fn primary(&self) -> Option<&ModelRef> {
        self.chosen.primary.as_ref().map(|named| &named.model_ref)
    }

    /// Aliases as they were written, with their models, in alphabetical order.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &ModelRef)> {
        let aliases = self.aliases.values();
        aliases.map(|alias| (alias.name.as_str(), &alias.model_ref))
    }

    /// The names of `modelAliases`, in lower case, with their models.
    pub fn client_names(&self) -> impl Iterator<Item = (&str, &ModelRef)> {
        self.client_names.iter().map(|(name, model_ref)| (name.as_str(), model_ref))
    }

    /// Whether `model_ref` can be asked, as far as the config tells.
    #[must_use]
    pub fn usability(&self, model_ref: &ModelRef) -> Usability {
        self.usability_told(model_ref, true)
    }

    /// The chain for `model`, and where its values came from.
    ///
    /// # Errors
    /// [`UnknownModel`], with the nearest names.
    pub fn explain(&self, model: &str) -> Result<Explanation, UnknownModel> {
        self.chain(model).map(Explanation::new)
    }

    /// The gateway's settings, where the config holds them under `ocGateway`.
    #[must_use]
    pub fn settings_in_config(&self) -> Option<&Settings> {
        self.settings.as_ref()
    }

    /// A problem of the key `path` below `agents.defaults.model`, or of what stands
    /// around it: for what only a program that acts on the config can know. In
    /// a config that no file holds, the place is the first line of `config`.
    #[must_use]
    pub fn problem(
        &self,
        severity: Severity,
        path: &[&str],
        reason: &str,
        fix: &str,
    ) -> Diagnostic {
        let told = self.places.of_value(&At::typed(path), reason.to_owned(), fix.to_owned());
        Diagnostic { severity, ..told }
    }

    /// The candidates of these names, without doubles.
    pub(crate) fn chain_of<'a>(
        &self,
        requested: &str,
        explicit: bool,
        named: impl Iterator<Item = &'a Named>,
    ) -> Chain {
        let mut candidates: Vec<Candidate> = Vec::new();
        // A chain is built for each request: of many unknown names, the first
        // few are told what was meant.
        let mut suggestions = 3_usize;
        for named in named {
            if candidates.iter().all(|known| known.model_ref != named.model_ref) {
                if !self.models.contains_key(&named.model_ref) {
                    suggestions = suggestions.saturating_sub(1);
                }
                candidates.push(self.candidate(named, suggestions > 0));
            }
        }
        Chain { requested: requested.to_owned(), explicit, candidates }
    }

    /// Resolves a name a client sent. `None` also for a ref that nobody knows.
    pub(crate) fn resolve(&self, name: &str) -> Option<Named> {
        let name = name.trim();
        if name.eq_ignore_ascii_case("default") {
            return self.chosen.primary.clone();
        }
        let (model_ref, profile) = self.read_name(name)?;
        let chosen = self.chosen.all().find(|named| named.model_ref == model_ref);
        if let (Some(chosen), None) = (chosen, &profile) {
            return Some(chosen.clone());
        }
        let known = self.models.contains_key(&model_ref) || chosen.is_some();
        known.then_some(Named { model_ref, profile, origin: None })
    }

    /// What `name` means, and the profile behind an `@`, which is one only
    /// where the whole is no name already: ids may hold an `@` themselves.
    pub(crate) fn read_name(&self, name: &str) -> Option<(ModelRef, Option<String>)> {
        let whole = self.read_ref(name);
        let split = name.trim().rsplit_once('@').filter(|(model, profile)| {
            !model.is_empty() && !profile.is_empty() && !profile.contains('/')
        });
        match (whole, split) {
            (Some(model_ref), Some((model, profile))) if !self.models.contains_key(&model_ref) => {
                let without = self.read_ref(model).unwrap_or(model_ref);
                Some((without, Some(profile.to_owned())))
            }
            (None, Some((model, profile))) => {
                self.read_ref(model).map(|model_ref| (model_ref, Some(profile.to_owned())))
            }
            (whole, _) => whole.map(|model_ref| (model_ref, None)),
        }
    }

    /// What `name` means: an alias, one of the clients' names, a ref, a bare
    /// id that exactly one provider owns (exact case before any case). A ref
    /// need not name a known model.
    pub(crate) fn read_ref(&self, name: &str) -> Option<ModelRef> {
        let name = name.trim();
        let lower = name.to_lowercase();
        if let Some(alias) = self.aliases.get(&lower) {
            return Some(alias.model_ref.clone());
        }
        if let Some(model_ref) = self.client_names.get(&lower) {
            return Some(model_ref.clone());
        }
        if let Some(model_ref) = ModelRef::parse(name) {
            let model_ref =
                ModelRef::new(&self.provider_id(model_ref.provider()), model_ref.model())?;
            let model_ref = self.with_or_without_prefix(model_ref);
            // An id with a slash of its own may be meant: `moonshotai/kimi-k2`.
            let known = self.models.contains_key(&model_ref)
                || self.providers.contains_key(model_ref.provider());
            return match known {
                true => Some(model_ref),
                false => self.owner_of(name).or(Some(model_ref)),
            };
        }
        self.owner_of(name)
    }

    /// `openrouter/auto` is `openrouter/openrouter/auto`, and
    /// `anthropic/anthropic/x` is `anthropic/x`, where only the other is known.
    fn with_or_without_prefix(&self, model_ref: ModelRef) -> ModelRef {
        let provider = model_ref.provider();
        if self.models.contains_key(&model_ref) {
            return model_ref;
        }
        let stripped = model_ref.model().strip_prefix(&format!("{provider}/"));
        let stripped = stripped.and_then(|id| ModelRef::new(provider, id));
        let prefixed = ModelRef::new(provider, &format!("{provider}/{}", model_ref.model()));
        let other = stripped.into_iter().chain(prefixed);
        other.into_iter().find(|other| self.models.contains_key(other)).unwrap_or(model_ref)
    }

    fn owner_of(&self, id: &str) -> Option<ModelRef> {
        let only = |matches: &dyn Fn(&str) -> bool| {
            let mut owners = self.models.keys().filter(|r| matches(r.model()));
            match (owners.next(), owners.next()) {
                (Some(only), None) => Some(only.clone()),
                _ => None,
            }
        };
        only(&|model| model == id).or_else(|| {
            let any_exact = self.models.keys().any(|r| r.model() == id);
            let folded = id.to_lowercase();
            match any_exact {
                true => None,
                false => only(&|model| model.to_lowercase() == folded),
            }
        })
    }

    fn provider_id(&self, id: &str) -> String {
        let plain = id.trim().to_lowercase();
        match self.providers.contains_key(&plain) {
            true => plain,
            false => canonical_id(&plain, Catalog::built_in()),
        }
    }

    fn candidate(&self, named: &Named, suggest: bool) -> Candidate {
        let model_ref = named.model_ref.clone();
        let profile = named.profile.as_deref();
        let stored = profile.and_then(|id| self.profiles.key(id, model_ref.provider()));
        Candidate {
            model: self.models.get(&model_ref).cloned(),
            usability: match (self.usability_told(&model_ref, suggest), &stored) {
                (Usability::Unusable { reason: UnusableReason::NoKey { .. }, .. }, Some(_)) => {
                    Usability::Usable
                }
                (usability, _) => usability,
            },
            profile: named.profile.clone(),
            profile_key: stored.map(|(secret, source)| Key::Ready { secret, source }),
            named_at: named.origin.clone(),
            model_ref,
        }
    }

    /// `OpenRouter/a/` as `openrouter/a/`, aliases of providers followed.
    pub(crate) fn canonical_prefix(&self, prefix: &str) -> String {
        match prefix.split_once('/') {
            Some((provider, rest)) => format!("{}/{rest}", self.provider_id(provider)),
            None => prefix.to_lowercase(),
        }
    }

    fn usability_told(&self, model_ref: &ModelRef, suggest: bool) -> Usability {
        self.judge(model_ref, suggest)
            .err()
            .map_or(Usability::Usable, |(reason, fix)| Usability::Unusable { reason, fix })
    }

    /// `suggest`: look for the name that was meant, too.
    fn judge(&self, model_ref: &ModelRef, suggest: bool) -> Result<(), (UnusableReason, String)> {
        let provider = model_ref.provider().to_owned();
        let Some(known) = self.providers.get(&provider) else {
            let fix = format!("add `models.providers.{provider}`");
            return Err((UnusableReason::UnknownProvider { provider }, fix));
        };
        let Some(model) = self.models.get(model_ref) else {
            let of_provider = self.models.keys().filter(|r| suggest && r.provider() == provider);
            let near = nearest_few(model_ref.model(), of_provider.map(ModelRef::model));
            let fix = match near.first() {
                Some(near) => format!("did you mean `{provider}/{near}`?"),
                None => format!("add it to `models.providers.{provider}.models`"),
            };
            let model = model_ref.model().to_owned();
            return Err((UnusableReason::UnknownModel { provider, model }, fix));
        };
        if let Some((detail, fix)) = known.unsupported.as_ref().or(model.unusable.as_ref()) {
            let detail = detail.clone();
            return Err((UnusableReason::Unsupported { provider, detail }, fix.clone()));
        }
        if model.api.is_foreign() {
            let detail = format!("`{}` is not spoken here", model.api);
            let fix = "use a provider with an API of its own, or OpenRouter".to_owned();
            return Err((UnusableReason::Unsupported { provider, detail }, fix));
        }
        if model.base_url.is_empty() {
            let fix = format!("set `models.providers.{provider}.baseUrl`");
            return Err((UnusableReason::NoBaseUrl { provider }, fix));
        }
        if let Key::Missing { reason, fix } = &known.key {
            let detail = reason.clone();
            return Err((UnusableReason::NoKey { provider, detail }, fix.clone()));
        }
        Ok(())
    }

    pub(crate) fn unknown(&self, name: &str) -> UnknownModel {
        // An id that several providers have is known, and says too little.
        let owners: Vec<String> = self.named_by_id(name).take(3).map(ToString::to_string).collect();
        if owners.len() > 1 {
            return UnknownModel { ambiguous: true, ..UnknownModel::new(name, owners) };
        }
        let names = self.names();
        UnknownModel::new(name, nearest_few(name.trim(), names.iter().map(String::as_str)))
    }

    /// `a/m` or `b/m`, where several providers have a model of this id.
    pub(crate) fn owners_of(&self, id: &str) -> Option<String> {
        let owners: Vec<String> = self.named_by_id(id).map(|r| format!("`{r}`")).collect();
        (owners.len() > 1).then(|| owners.join(", "))
    }

    fn named_by_id<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a ModelRef> {
        self.models.keys().filter(move |r| r.model() == id.trim())
    }

    /// Everything a client may ask for.
    pub(crate) fn names(&self) -> Vec<String> {
        let aliases = self.aliases.values().map(|alias| alias.name.clone());
        let refs = self.models.keys().map(ToString::to_string);
        let ids = self.models.keys().map(|r| r.model().to_owned());
        let mut names: Vec<String> = aliases.chain(refs).chain(ids).collect();
        names.extend(self.client_names.keys().cloned());
        names
    }
}

/// Ids and counts only.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("providers", &self.providers.keys().collect::<Vec<_>>())
            .field("models", &self.models.len())
            .field("primary", &self.primary())
            .field("agents", &self.agents.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Warnings of [`Config::with_settings`], beside the config.
pub(crate) fn loaded(value: Config, diagnostics: Vec<Diagnostic>) -> Loaded<Config> {
    Loaded {
        value,
        diagnostics,
        masked_source: String::new(),
        included: Vec::new(),
        watch: Vec::new(),
        passed_over: Vec::new(),
    }
}
