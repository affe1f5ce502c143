//! From what the config says to what can be asked: the only place that knows
//! both the config's words and the code behind them.

use std::{
    collections::BTreeMap,
    hash::BuildHasher as _,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt as _, stream, stream::BoxStream};
use oc_config::Provider as Provided;
use oc_config::{Config, Cost, Key, Model, ModelRef, Refusal, Secret, Settings};
use oc_config::{UnusableReason, Usability};
use oc_fallback::{Candidate, Chain, Commit, Limits, OnRefusal, Policy, Reason, RetryPolicy};
use oc_fallback::{Scope, Skip, Store};
use oc_providers::{
    Api, ApiKey, Auth, Endpoint, Locality, Loss, Provider, ProviderError, Request,
    ReqwestTransport, Transport,
};
use oc_responses_stream::Delta;
use tokio::{sync::Semaphore, time::Instant};
use url::{Host, Url};

use crate::{
    State, compat,
    error::Failure,
    fit,
    guard::{Clients, HOP, Hops},
    params::Params,
    policy::Rules,
    relay::Delivery,
    state::{Lasting, Shared},
};

/// What a candidate hands back when it is to be asked.
pub(crate) enum Target {
    /// A model behind a provider.
    Ready {
        provider: Box<Provider>,
        model: String,
        params: Box<Params>,
        cost: Option<Cost>,
        /// What it speaks.
        api: Api,
        /// Under what the store knows it.
        scope: Scope,
        /// It is on this machine or in this network, and may be this gateway by
        /// another name. Nobody else is told who asks.
        is_near: bool,
    },
    /// Listed, never asked.
    Unusable,
}

impl Target {
    /// Asks it; the request goes out when the stream is first polled. What `store`
    /// knows of its window tells whether the answer was cut by it.
    pub(crate) fn ask(
        &self,
        request: &Request,
        request_id: &str,
        hops: &Hops,
        store: &dyn Store,
    ) -> BoxStream<'static, Result<Delta, ProviderError>> {
        match self {
            Self::Ready { provider, model, params, api, scope, is_near, .. } => {
                let mut request = request.for_model(model.as_str());
                params.fill(&mut request);
                if request.wire != Some(*api) {
                    request.headers.clear();
                }
                if *is_near {
                    request.headers.insert(HOP, hops.0.clone());
                }
                match provider.prepare(&request) {
                    Ok(prepared) => {
                        let id = provider.endpoint().id();
                        tell_losses(request_id, id, model, prepared.losses());
                        let window = store.view(scope, Instant::now().into_std()).context;
                        prepared.with_served_window(window).deltas().boxed()
                    }
                    Err(error) => stream::once(async { Err(error) }).boxed(),
                }
            }
            Self::Unusable => stream::empty().boxed(),
        }
    }

    /// Its prices, where the config or the catalog states them.
    pub(crate) fn cost(&self) -> Option<Cost> {
        match self {
            Self::Ready { cost, .. } => *cost,
            Self::Unusable => None,
        }
    }
}

/// One line for what a request loses on its way to a model: names of fields,
/// tools and types, and nothing that was said.
fn tell_losses(request_id: &str, provider: &str, model: &str, losses: &[Loss]) {
    if losses.is_empty() {
        return;
    }
    let mut lost: Vec<String> = losses.iter().map(Loss::name).collect();
    lost.sort_unstable();
    lost.dedup();
    let lost = lost.join(", ");
    tracing::info!(request_id, provider, model, lost, "not all of the request is carried");
}

/// Everything about a model that does not change from request to request.
struct Entry {
    candidate: Candidate<Arc<Target>>,
    locality: Locality,
    region: Option<String>,
}

/// Every model of the config, ready to be asked or with the reason why not.
pub(crate) struct Roster {
    entries: BTreeMap<ModelRef, Result<Entry, Skip>>,
}

impl Roster {
    fn new(config: &Config, settings: &Settings, lasting: &Lasting) -> Self {
        let entries = config
            .models()
            .map(|model| {
                let key = config.provider(model.model_ref.provider()).and_then(Provided::secret);
                let entry = entry(config, settings, model, key, lasting);
                (model.model_ref.clone(), entry)
            })
            .collect();
        Self { entries }
    }

    /// The candidate as these rules see it; `own` is what was built for it alone.
    fn candidate(
        &self,
        one: &oc_config::Candidate,
        own: Option<&Result<Entry, Skip>>,
        rules: &Rules,
    ) -> Candidate<Arc<Target>> {
        let name = one.model_ref.to_string();
        let listed = |skip: Skip| {
            let scope = Scope::new("", one.model_ref.model(), "");
            Candidate::new(name.as_str(), scope, Arc::new(Target::Unusable)).unusable(skip)
        };
        if let Usability::Unusable { reason, fix } = &one.usability {
            return listed(Skip::new(class_of(reason), reason.to_string(), fix));
        }
        match own.or_else(|| self.entries.get(&one.model_ref)) {
            Some(Ok(entry)) => match rules.admit(&name, entry.locality, entry.region.as_deref()) {
                Ok(()) => entry.candidate.clone(),
                Err(text) => listed(Skip::new(
                    Reason::Policy,
                    text,
                    "loosen the policy, or add a candidate that it admits",
                )),
            },
            Some(Err(skip)) => listed(skip.clone()),
            None => listed(Skip::new(Reason::ModelNotFound, "not in the catalog", "")),
        }
    }

    /// Whether these rules let a model be asked; of one that cannot be asked at
    /// all they say nothing but by its name.
    pub(crate) fn admits(&self, model: &Model, rules: &Rules) -> bool {
        let name = model.model_ref.to_string();
        match self.entries.get(&model.model_ref) {
            Some(Ok(entry)) => rules.admit(&name, entry.locality, entry.region.as_deref()).is_ok(),
            _ => rules.models.as_ref().is_none_or(|models| models.contains(&name)),
        }
    }

    /// What these rules have against a model that could be asked.
    pub(crate) fn shut_out(&self, model: &ModelRef, rules: &Rules) -> Option<String> {
        let entry = self.entries.get(model)?.as_ref().ok()?;
        rules.admit(&model.to_string(), entry.locality, entry.region.as_deref()).err()
    }

    /// Why a usable-looking model cannot be asked by this version.
    pub(crate) fn obstacle(&self, model: &ModelRef) -> Option<&Skip> {
        self.entries.get(model)?.as_ref().err()
    }
}

/// Builds what is needed to ask one model.
fn entry(
    config: &Config,
    settings: &Settings,
    model: &Model,
    key: Option<&Secret>,
    lasting: &Lasting,
) -> Result<Entry, Skip> {
    let id = model.model_ref.provider();
    let unsupported = |text: String, fix: &str| Skip::new(Reason::Unsupported, text, fix);
    let provider = config
        .provider(id)
        .ok_or_else(|| unsupported(format!("provider `{id}` is not configured"), ""))?;
    if is_own(&model.base_url, settings.listen) {
        return Err(unsupported(
            format!("provider `{id}` is this gateway itself"),
            "give the gateway a config of its own, without the provider that leads to it",
        ));
    }
    let api: Api = model.api.as_str().parse().map_err(|_| {
        unsupported(format!("api `{}` is not supported by this version", model.api), &spoken())
    })?;
    let setup = |error: ProviderError| unsupported(error.to_string(), "correct the provider");
    let address = locality(provider.address);
    // Deadlines are the chain's business; sizes are the provider's.
    let limits = oc_providers::Limits::untimed()
        .with_sizes(settings.limits.frame_bytes, settings.limits.stream_bytes as u64);
    let mut endpoint =
        Endpoint::new(id, api, &model.base_url).map_err(setup)?.locality_is(address).limits(limits);
    let mut flags = endpoint.compat_flags();
    if let Some(auth) = auth(provider) {
        flags.auth = auth;
    }
    compat::flags(model, &mut flags).map_err(|unknown| {
        unsupported(format!("compat: {unknown}"), "correct models.providers.*.models[].compat")
    })?;
    let params = Params::of(model);
    let facts = params.known(compat::facts(model, &flags));
    endpoint = endpoint.compat(flags).model(model.model_ref.model(), facts);
    let mut fingerprint = String::new();
    if let Some(secret) = key {
        fingerprint = format!("{:016x}", lasting.fingerprints.hash_one(secret.expose()));
        endpoint = endpoint.key(ApiKey::new(secret.expose()));
    }
    // The provider's own key seals for all of its profiles: what one of them
    // signed may come back through another. A word that everybody knows seals
    // nothing: clients could make envelopes of their own.
    let own = provider.secret().or(key).map(|secret| ApiKey::new(secret.expose()));
    let sealing = own.filter(|key| !key.is_guessable());
    endpoint = endpoint.seal_key(sealing.unwrap_or_else(|| ApiKey::new(&*lasting.sealing)));
    for (name, value) in &model.headers {
        endpoint = endpoint.header(name, value.expose()).map_err(setup)?;
    }
    let scope = Scope::new(endpoint.origin(), model.model_ref.model(), fingerprint);
    let capabilities = fit::capabilities(model, &endpoint);
    let provider_limits = time_limits(settings, provider.address, provider.timeout);
    let target = Target::Ready {
        provider: Box::new(Provider::new(endpoint, Arc::clone(&lasting.transport)).map_err(setup)?),
        model: model.model_ref.model().to_owned(),
        params: Box::new(params),
        cost: model.cost,
        api,
        scope: scope.clone(),
        is_near: address != Locality::Hosted,
    };
    let candidate = Candidate::new(model.model_ref.to_string(), scope, Arc::new(target))
        .with_limits(provider_limits)
        .with_capabilities(capabilities);
    Ok(Entry { candidate, locality: locality(model.locality), region: provider.region.clone() })
}

/// Whether `base_url` is where the gateway listens, as far as its text tells.
fn is_own(base_url: &str, listen: SocketAddr) -> bool {
    let Ok(url) = Url::parse(base_url) else { return false };
    let (own, everywhere) = (listen.ip().to_canonical(), listen.ip().is_unspecified());
    let is_own = |ip: IpAddr| {
        let ip = ip.to_canonical();
        ip == own
            || ((everywhere || own.is_loopback()) && ip.is_unspecified())
            || (everywhere && ip.is_loopback())
    };
    let host = match url.host() {
        Some(Host::Ipv4(ip)) => is_own(ip.into()),
        Some(Host::Ipv6(ip)) => is_own(ip.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            (everywhere || own.is_loopback())
                && (name == "localhost" || name.ends_with(".localhost"))
        }
        None => false,
    };
    host && url.port_or_known_default() == Some(listen.port())
}

/// `deadlines` by class of the address; the provider's own `timeoutSeconds` is
/// one limit for all three.
fn time_limits(
    settings: &Settings,
    address: oc_config::Locality,
    timeout: Option<std::time::Duration>,
) -> Limits {
    let deadlines = &settings.deadlines;
    Limits::default()
        .with_first_byte(timeout.unwrap_or(deadlines.first_byte.of(address)))
        .with_first_text(timeout.unwrap_or(deadlines.first_text.of(address)))
        .with_idle(timeout.unwrap_or(deadlines.idle.of(address)))
}

fn locality(word: oc_config::Locality) -> Locality {
    match word {
        oc_config::Locality::Loopback => Locality::Loopback,
        oc_config::Locality::Private => Locality::Private,
        _ => Locality::Hosted,
    }
}

/// What to write as `api` instead.
fn spoken() -> String {
    let words: Vec<&str> = Api::ALL.iter().map(|api| api.as_str()).collect();
    format!("use the one that the server speaks of {}", words.join(", "))
}

/// How the key is sent, where the config says it.
fn auth(provider: &oc_config::Provider) -> Option<Auth> {
    match (provider.auth, provider.auth_header) {
        (_, true) => Some(Auth::Both),
        (oc_config::AuthMode::Token, false) => Some(Auth::Bearer),
        _ => None,
    }
}

/// The ledger's word for why the config rules a model out.
fn class_of(reason: &UnusableReason) -> Reason {
    match reason {
        UnusableReason::NoKey { .. } => Reason::Auth,
        UnusableReason::UnknownProvider { .. } | UnusableReason::UnknownModel { .. } => {
            Reason::ModelNotFound
        }
        _ => Reason::Unsupported,
    }
}

/// The settings cannot be acted on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AssembleError(pub(crate) String);

impl State {
    /// A gateway for `config` under `settings`, with the HTTP transport that ships.
    ///
    /// # Errors
    /// When the settings cannot be acted on: `listen` wider than loopback without
    /// `clients`, a client's model that nobody owns, or a limit that is not built.
    pub fn assemble(config: Config, settings: Settings) -> Result<Self, AssembleError> {
        let transport = ReqwestTransport::builder().connect_timeout(settings.deadlines.connect);
        Self::assemble_with(config, settings, Arc::new(transport.build()))
    }

    /// The same over a transport of the caller's.
    ///
    /// # Errors
    /// As [`State::assemble`].
    pub fn assemble_with(
        config: Config,
        settings: Settings,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, AssembleError> {
        Self::built(config, settings, Arc::new(Lasting::new(transport)), None)
    }

    /// The state of this config, over what outlives it.
    ///
    /// # Errors
    /// As [`State::assemble`].
    pub(crate) fn built(
        config: Config,
        settings: Settings,
        lasting: Arc<Lasting>,
        before: Option<&Self>,
    ) -> Result<Self, AssembleError> {
        if settings.clients.is_empty() && !settings.listen.ip().to_canonical().is_loopback() {
            return Err(AssembleError(format!(
                "listen: {} can be reached from other machines, and no clients are configured; \
                 add clients with keys, or listen on 127.0.0.1",
                settings.listen
            )));
        }
        let config = config.with_settings(&settings).value;
        let clients = Clients::new(&settings, &config)?;
        let roster = Roster::new(&config, &settings, &lasting);
        let concurrent = settings.limits.concurrent;
        let permits = match before {
            // The places that are taken stay taken.
            Some(before) if before.settings().limits.concurrent == concurrent => {
                Arc::clone(before.permits())
            }
            // Tokio panics above its own bound, which no machine reaches anyway.
            _ => Arc::new(Semaphore::new(concurrent.min(Semaphore::MAX_PERMITS))),
        };
        Ok(Self(Arc::new(Shared { config, settings, roster, clients, permits, lasting })))
    }

    /// A candidate that the config names with a profile (`provider/model@profile`)
    /// is asked with the key of that profile.
    fn with_own_key(&self, one: &oc_config::Candidate) -> Option<Result<Entry, Skip>> {
        let (Some(Key::Ready { secret, .. }), Some(model)) = (&one.profile_key, &one.model) else {
            return None;
        };
        Some(entry(self.config(), self.settings(), model, Some(secret), self.lasting()))
    }

    /// The chain for a model's name under these rules.
    ///
    /// # Errors
    /// 404 for a name that nobody owns.
    pub(crate) fn chain_for(
        &self,
        model: &str,
        rules: &Rules,
        delivery: Delivery,
    ) -> Result<Chain<Arc<Target>>, Failure> {
        let named = self
            .config()
            .chain(model)
            .map_err(|unknown| Failure::unknown_model(model, &unknown.nearest))?;
        let asked = if rules.fallback { usize::MAX } else { 1 };
        let candidates: Vec<_> = named
            .candidates
            .iter()
            .take(asked)
            .map(|one| {
                let own = self.with_own_key(one);
                self.roster().candidate(one, own.as_ref(), rules)
            })
            .collect();
        let policy = policy(self.settings(), rules, delivery);
        Ok(Chain::new(candidates, policy, Arc::clone(self.store()) as _))
    }
}

/// What `fallback.refusal` asks for, in the engine's words.
pub(crate) fn on_refusal(settings: &Settings) -> OnRefusal {
    match settings.fallback.refusal {
        Refusal::Next => OnRefusal::Next,
        _ => OnRefusal::Answer,
    }
}

/// The settings' policy, with the request's own deadline.
fn policy(settings: &Settings, rules: &Rules, delivery: Delivery) -> Policy {
    let total = settings.deadlines.total;
    let total = rules.deadline.map_or(total, |deadline| deadline.min(total));
    let fallback = &settings.fallback;
    let retry = RetryPolicy::default()
        .with_attempts(fallback.retry.attempts)
        .with_budget(fallback.retry.budget);
    let commit = match fallback.commit {
        oc_config::Commit::FirstToken => Commit::FirstToken,
        _ => Commit::FirstText,
    };
    let policy =
        Policy::default().with_total(total).with_retry(retry).with_on_refusal(on_refusal(settings));
    match delivery {
        Delivery::Streamed => policy
            .with_commit(commit)
            .with_hold(fallback.hold_reasoning)
            .with_held_bytes(settings.limits.held_bytes),
        // What is held is the answer itself: its own bound holds, and nothing
        // of it is shown before it is whole.
        Delivery::Whole => {
            policy.with_hold(Duration::MAX).with_held_bytes(settings.limits.stream_bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use oc_config::Locality as Class;

    use super::*;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn limits_go_by_class_and_a_providers_own_timeout_is_all_of_them() {
        let settings = Settings::default();
        let limits = |class, timeout| time_limits(&settings, class, timeout);
        assert_eq!(limits(Class::Loopback, None), Limits::local());
        assert_eq!(limits(Class::Private, None), Limits::local());
        assert_eq!(limits(Class::Hosted, None), Limits::hosted());
        let own =
            Limits::hosted().with_first_byte(secs(7)).with_first_text(secs(7)).with_idle(secs(7));
        for class in [Class::Loopback, Class::Private, Class::Hosted] {
            assert_eq!(limits(class, Some(secs(7))), own);
        }
    }

    #[test]
    fn a_requests_deadline_is_never_longer_than_the_settings() {
        let settings = Settings::default();
        for (asked, wanted) in [(None, 600), (Some(5), 5), (Some(9_000), 600)] {
            let rules = Rules::default().with_deadline(asked.map(secs));
            for delivery in [Delivery::Streamed, Delivery::Whole] {
                assert_eq!(policy(&settings, &rules, delivery).total, secs(wanted));
            }
        }
    }
}
