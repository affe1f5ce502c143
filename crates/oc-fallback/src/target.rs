//! A candidate of the chain: what is asked, what it shares with others, how
//! long it may take, and whether it may be asked at all.

use std::{sync::Arc, time::Duration};

use crate::{fit::Capabilities, reason::Reason};

/// What a failure or a success of one candidate says about another.
///
/// Two candidates at the same origin share its network faults; with the same
/// key they share its auth and billing faults; with the same model too they
/// share everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Scope {
    /// `scheme://host:port` of the endpoint.
    pub origin: Arc<str>,
    /// The model's id at the provider.
    pub model: Arc<str>,
    /// An opaque fingerprint that tells keys apart. Never the key itself: it
    /// appears in snapshots. Empty where no key is sent.
    pub key: Arc<str>,
}

impl Scope {
    /// A scope from origin, model id and key fingerprint.
    pub fn new(
        origin: impl Into<Arc<str>>,
        model: impl Into<Arc<str>>,
        key: impl Into<Arc<str>>,
    ) -> Self {
        Self { origin: origin.into(), model: model.into(), key: key.into() }
    }
}

/// How long one candidate may take. The limit on connecting belongs to the
/// transport, which reports it as [`crate::Limit::Connect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// From the start to the first event of any kind, heartbeats included.
    pub first_byte: Duration,
    /// From the start to the commit. Heartbeats and reasoning do not count.
    pub first_text: Duration,
    /// Between any two events, heartbeats included, before and after the commit.
    pub idle: Duration,
}

impl Limits {
    /// A server on this machine or in the private network: 300 s to the first
    /// byte and text (a cold model loads), 60 s idle.
    #[must_use]
    pub const fn local() -> Self {
        Self {
            first_byte: Duration::from_secs(300),
            first_text: Duration::from_secs(300),
            idle: Duration::from_secs(60),
        }
    }

    /// A hosted provider: 120 s to the first byte and text, 60 s idle.
    #[must_use]
    pub const fn hosted() -> Self {
        Self {
            first_byte: Duration::from_secs(120),
            first_text: Duration::from_secs(120),
            idle: Duration::from_secs(60),
        }
    }

    /// Replaces the limit to the first event of any kind.
    #[must_use]
    pub const fn with_first_byte(mut self, limit: Duration) -> Self {
        self.first_byte = limit;
        self
    }

    /// Replaces the limit to the commit.
    #[must_use]
    pub const fn with_first_text(mut self, limit: Duration) -> Self {
        self.first_text = limit;
        self
    }

    /// Replaces the limit between two events.
    #[must_use]
    pub const fn with_idle(mut self, limit: Duration) -> Self {
        self.idle = limit;
        self
    }
}

impl Default for Limits {
    /// [`Limits::hosted`].
    fn default() -> Self {
        Self::hosted()
    }
}

/// Why a candidate cannot be asked. It stays in the chain, so that the ledger
/// and the error text can say why it did not help.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skip {
    /// The class: [`Reason::Auth`] for a missing key, [`Reason::Policy`], …
    pub reason: Reason,
    /// What is wrong: `no API key`.
    pub text: String,
    /// What to do: `set ANTHROPIC_API_KEY`.
    pub fix: String,
}

impl Skip {
    /// A skip with its reason, what is wrong, and what to do about it.
    pub fn new(reason: Reason, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { reason, text: text.into(), fix: fix.into() }
    }
}

/// One entry of the chain, in the order in which they are to be asked.
///
/// `T` is what your own client needs to make the call; the engine only hands
/// it back.
///
/// ```
/// use oc_fallback::{Candidate, Limits, Scope};
///
/// let scope = Scope::new("http://127.0.0.1:1234", "minimax-m2.1-gs32", "");
/// let local = Candidate::new("lmstudio/minimax-m2.1-gs32", scope, "http://127.0.0.1:1234/v1")
///     .with_window(196_608)
///     .with_limits(Limits::local());
/// assert_eq!(local.window, Some(196_608));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Candidate<T> {
    /// What your client needs to make the call.
    pub target: T,
    /// `provider/model`, as the ledger and errors name it.
    pub name: Arc<str>,
    /// What it shares with other candidates.
    pub scope: Scope,
    /// The context window in tokens, where it is known.
    pub window: Option<u64>,
    /// What else is known of what it can do.
    pub capabilities: Capabilities,
    /// How long it may take.
    pub limits: Limits,
    /// Whether it may be asked; an unusable one is only listed.
    pub usable: Result<(), Skip>,
}

impl<T> Candidate<T> {
    /// A usable candidate with an unknown window and the limits of a hosted provider.
    pub fn new(name: impl Into<Arc<str>>, scope: Scope, target: T) -> Self {
        Self {
            target,
            name: name.into(),
            scope,
            window: None,
            capabilities: Capabilities::new(),
            limits: Limits::default(),
            usable: Ok(()),
        }
    }

    /// States the context window in tokens.
    #[must_use]
    pub fn with_window(mut self, tokens: u64) -> Self {
        self.window = Some(tokens);
        self
    }

    /// States what it can do; a window among it replaces [`Candidate::window`].
    /// A request's [`Needs`](crate::Needs) are held against this.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.window = capabilities.window.or(self.window);
        self.capabilities = capabilities;
        self
    }

    /// States how long it may take.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Makes it unusable, and says why.
    #[must_use]
    pub fn unusable(mut self, skip: Skip) -> Self {
        self.usable = Err(skip);
        self
    }
}
