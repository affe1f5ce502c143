//! What every request shares: config, settings, targets, memory, limits.

use std::{fmt, sync::Arc};

use oc_config::{Config, ModelRef, Settings, Usability};
use oc_fallback::MemoryStore;
use tokio::sync::Semaphore;

use crate::{
    assemble::Roster,
    guard::Clients,
    recent::{Recent, Record},
    shutdown::Drain,
};

/// Everything that a gateway's requests share. Cheap to clone.
///
/// Made by [`State::assemble`](crate::State::assemble).
#[derive(Clone)]
pub struct State(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) settings: Settings,
    pub(crate) roster: Roster,
    pub(crate) clients: Clients,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) drain: Drain,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) recent: Recent,
}

impl State {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

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

    /// What tells its requests that it is going down; for [`shutdown::serve`](crate::shutdown::serve).
    pub fn drain(&self) -> &Drain {
        &self.0.drain
    }

    /// The last requests, the oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.0.recent.list()
    }

    /// Forgets every cooldown.
    pub fn reset_cooldowns(&self) {
        self.0.store.reset();
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
        &self.0.store
    }

    pub(crate) fn permits(&self) -> &Arc<Semaphore> {
        &self.0.permits
    }

    pub(crate) fn recent(&self) -> &Recent {
        &self.0.recent
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("drain", &self.0.drain).finish_non_exhaustive()
    }
}
