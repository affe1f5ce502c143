//! The state that holds now: replaced as a whole when the config changes.
//!
//! A request takes the state that holds when it arrives and keeps it to its
//! end, so a change drops no stream and mixes no two configs in one answer.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;
use axum::extract::FromRef;
use oc_config::{Config, Settings};

use crate::{
    State,
    assemble::AssembleError,
    state::{Lasting, Shared},
};

/// A gateway whose config can change while it runs. Cheap to clone; all clones
/// change together.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use oc_config::{Config, Settings};
/// use oc_gateway::{Live, State};
///
/// let config = |primary: &str| {
///     let text = format!(r#"{{
///       agents: {{ defaults: {{ model: {{ primary: "local/{primary}" }} }} }},
///       models: {{ providers: {{ local: {{
///         baseUrl: "http://127.0.0.1:8000/v1", apiKey: "x", api: "openai-responses",
///         models: [{{ id: "{primary}", name: "A model" }}],
///       }} }} }},
///     }}"#);
///     Config::parse(&text, "openclaw.json", &|_: &str| None).map(|loaded| loaded.value)
/// };
/// let live = Live::from(State::assemble(config("a")?, Settings::default())?);
/// let router: axum::Router = oc_gateway::app(live.clone());
///
/// live.replace(config("b")?, Settings::default())?;
/// assert_eq!(live.state().config().primary().unwrap().to_string(), "local/b");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Live(Arc<ArcSwap<Shared>>);

impl Live {
    /// What holds now.
    pub fn state(&self) -> State {
        State(self.0.load_full())
    }

    /// Puts another config and other settings in force. Cooldowns, breakers,
    /// ledgers and counters stay. Gives the settings that were changed and
    /// hold only after a restart; the old values of these stay in force.
    ///
    /// # Errors
    /// As [`State::assemble`]; then nothing has changed.
    pub fn replace(
        &self,
        config: Config,
        mut settings: Settings,
    ) -> Result<Vec<&'static str>, AssembleError> {
        let old = self.state();
        let (before, mut kept) = (old.settings(), Vec::new());
        if settings.listen != before.listen {
            settings.listen = before.listen;
            kept.push("listen");
        }
        if settings.deadlines.connect != before.deadlines.connect {
            settings.deadlines.connect = before.deadlines.connect;
            kept.push("deadlines.connect");
        }
        let new = State::built(config, settings, Arc::clone(old.lasting()), Some(&old))?;
        self.0.store(new.0);
        Ok(kept)
    }

    pub(crate) fn lasting(&self) -> Arc<Lasting> {
        Arc::clone(self.state().lasting())
    }
}

impl From<State> for Live {
    fn from(state: State) -> Self {
        Self(Arc::new(ArcSwap::new(state.0)))
    }
}

impl FromRef<Live> for State {
    fn from_ref(live: &Live) -> Self {
        live.state()
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&self.state()).finish()
    }
}
