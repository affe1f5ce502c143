//! Breakers, in their words: closed passes, open rejects, half-open probes.

use std::{fmt, sync::Arc, time::Duration};

use crate::reason::Reason;

/// Whether requests pass to a candidate.
///
/// ```text
///            failed                     the window ends
///  Closed ───────────▶ Open ─────────────────────────────▶ HalfOpen
///    ▲                   ▲                                   │  │
///    │                   └───────────────────────────────────┘  │
///    │                      the one probe failed: longer        │
///    └──────────────────────────────────────────────────────────┘
///                answered whole, or 24 hours without a failure
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum BreakerState {
    /// Requests pass.
    #[default]
    Closed,
    /// Requests are passed over; only the last resort is asked.
    Open,
    /// One request at a time may try.
    HalfOpen,
}

impl BreakerState {
    /// The word for status pages and metrics: `closed`, `open`, `half-open`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One breaker that is not closed, as a status page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Breaker {
    /// The endpoint.
    pub origin: Arc<str>,
    /// The key's fingerprint, where it is for one key.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub key: Option<Arc<str>>,
    /// The model's id, where it is for one model.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub model: Option<Arc<str>>,
    /// Open or half-open.
    pub state: BreakerState,
    /// What opened it.
    pub reason: Reason,
    /// How often in a row it was opened.
    pub failures: u32,
    /// How long it stays open, zero where it is half-open; in milliseconds
    /// where serialised, as all times here.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "remaining_ms", serialize_with = "crate::ledger::millis")
    )]
    pub remaining: Duration,
    /// How long ago it last failed.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "since_failure_ms", serialize_with = "crate::ledger::millis")
    )]
    pub since_failure: Duration,
    /// Whether a request is trying it.
    pub probing: bool,
}
