//! The one part of `gateway` that concerns us: `gateway.reload`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Whole;

/// `gateway.reload`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Reload {
    /// Whether a changed file is read again. Default `hybrid`.
    #[serde(default)]
    pub(crate) mode: ReloadMode,
    /// February's pause after a change, in milliseconds. OpenClaw: 300; not
    /// used, the gateway has its own.
    #[expect(dead_code, reason = "read for its strictness")]
    debounce_ms: Option<Whole>,
}

/// Whether a changed file is read again (`gateway.reload.mode`): the union of
/// both versions' words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ReloadMode {
    /// It is. The default of both versions.
    #[default]
    Hybrid,
    /// It is (February).
    Hot,
    /// February restarts OpenClaw at every change; here it is read again, which
    /// for models comes to the same.
    Restart,
    /// It is not.
    Off,
}

impl ReloadMode {
    /// Whether a changed file is read again while the gateway runs.
    #[must_use]
    pub fn reloads(self) -> bool {
        self != Self::Off
    }
}
