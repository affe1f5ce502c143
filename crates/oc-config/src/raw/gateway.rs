//! The one part of `gateway` that concerns us: `gateway.reload`.

use schemars::JsonSchema;
use serde::Deserialize;

/// `gateway.reload`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct Reload {
    /// Whether a changed file is read again.
    mode: Option<ReloadMode>,
    /// February's pause after a change, in milliseconds.
    debounce_ms: Option<u64>,
}

/// `gateway.reload.mode`: the union of both versions' words.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ReloadMode {
    Hybrid,
    Hot,
    Restart,
    Off,
}
