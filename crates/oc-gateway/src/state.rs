//! What every request shares: config, settings, targets, memory, limits.

use std::{
    fmt,
    hash::RandomState,
    sync::{Arc, Mutex, PoisonError},
};

use oc_config::{Config, ModelRef, Settings, Usability};
use oc_fallback::MemoryStore;
use oc_providers::Transport;
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    assemble::Roster,
    guard::Clients,
    ids::random_id,
    metrics::Metrics,
    policy::Rules,
    recent::{Recent, Record},
    reload::Reloads,
    shutdown::Drain,
};

/// Everything that a gateway's requests share. Cheap to clone.
///
/// Made by [`State::assemble`](crate::State::assemble).
#[derive(Clone)]
pub struct State(pub(crate) Arc<Shared>);

/// What a config and its settings come to.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) settings: Settings,
    pub(crate) roster: Roster,
    pub(crate) clients: Clients,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) lasting: Arc<Lasting>,
}

/// What outlives a change of the config.
pub(crate) struct Lasting {
    pub(crate) transport: Arc<dyn Transport>,
    /// Keys are told apart by a hash that means nothing outside this process.
    pub(crate) fingerprints: RandomState,
    /// Tells this process from other gateways; see [`HOP`](crate::guard::HOP).
    pub(crate) instance: String,
    /// What seals the reasoning of hosts that have no key, or one that anybody
    /// could guess: it means nothing after a restart.
    pub(crate) sealing: String,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) drain: Drain,
    pub(crate) recent: Recent,
    pub(crate) metrics: Metrics,
    pub(crate) started: Instant,
    reloads: Mutex<Reloads>,
}

impl Lasting {
    pub(crate) fn new(transport: Arc<dyn Transport>) -> Self {
        Self {
            transport,
            fingerprints: RandomState::new(),
            instance: random_id(""),
            sealing: random_id(&random_id("")),
            store: Arc::new(MemoryStore::new()),
            drain: Drain::new(),
            recent: Recent::default(),
            metrics: Metrics::new(),
            started: Instant::now(),
            reloads: Mutex::default(),
        }
    }

    /// How the changes of the config went.
    pub(crate) fn reloads(&self) -> Reloads {
        self.reloads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note_reload(&self, outcome: Result<(), String>) {
        self.reloads.lock().unwrap_or_else(PoisonError::into_inner).note(outcome);
    }
}

impl State {
    /// The config that it serves.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The gateway's own settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Why `model` cannot be asked, and what would enable it: what the config says
    /// against it, or that this version does not speak its wire.
    pub fn obstacle(&self, model: &ModelRef) -> Option<(String, String)> {
        match self.config().usability(model) {
            Usability::Unusable { reason, fix } => Some((reason.to_string(), fix)),
            _ => {
                let skip = self.roster().obstacle(model)?;
                Some((skip.text.clone(), skip.fix.clone()))
            }
        }
    }

    /// What the settings' own `privacy` and `region` have against `model`, which
    /// could be asked otherwise. Clients and requests may be bound more tightly.
    pub fn shut_out(&self, model: &ModelRef) -> Option<String> {
        self.roster().shut_out(model, self.clients().common())
    }

    /// What these rules have against `model`, which could be asked otherwise.
    pub fn shut_out_by(&self, model: &ModelRef, rules: &Rules) -> Option<String> {
        self.roster().shut_out(model, rules)
    }

    /// The rules of the client of this name: the settings' own, tightened by its
    /// entry in `clients`.
    pub fn rules_of(&self, client: &str) -> Option<&Rules> {
        self.clients().rules_of(client)
    }

    /// Whether anybody can be asked for `model`: its chain has a candidate that
    /// nothing stands against.
    pub fn can_answer(&self, model: &str) -> bool {
        let Ok(chain) = self.config().chain(model) else { return false };
        chain.candidates.iter().any(|one| {
            let asked = self.roster().obstacle(&one.model_ref).is_none();
            let admitted = self.shut_out(&one.model_ref).is_none();
            one.usability.is_usable() && admitted && (asked || one.profile_key.is_some())
        })
    }

    /// What tells its requests that it is going down; for [`shutdown::serve`](crate::shutdown::serve).
    pub fn drain(&self) -> &Drain {
        &self.0.lasting.drain
    }

    /// The last requests, the oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.0.lasting.recent.list()
    }

    /// Forgets every cooldown.
    pub fn reset_cooldowns(&self) {
        self.0.lasting.store.reset();
    }

    /// Whether only this machine can reach it.
    pub fn is_loopback_only(&self) -> bool {
        self.0.settings.listen.ip().to_canonical().is_loopback()
    }

    pub(crate) fn roster(&self) -> &Roster {
        &self.0.roster
    }

    pub(crate) fn clients(&self) -> &Clients {
        &self.0.clients
    }

    pub(crate) fn store(&self) -> &Arc<MemoryStore> {
        &self.0.lasting.store
    }

    pub(crate) fn permits(&self) -> &Arc<Semaphore> {
        &self.0.permits
    }

    pub(crate) fn recent(&self) -> &Recent {
        &self.0.lasting.recent
    }

    pub(crate) fn lasting(&self) -> &Arc<Lasting> {
        &self.0.lasting
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.lasting.metrics
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("drain", self.drain()).finish_non_exhaustive()
    }
}
