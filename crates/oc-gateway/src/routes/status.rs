//! `GET /api/status` and `POST /api/cooldowns/reset`: what a person who
//! operates the gateway wants to see and to undo.

use axum::{
    Json, Router,
    extract::State as Shared,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use oc_fallback::Breaker;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::health::not_ready_because;
use crate::{Live, State};

pub(super) fn routes() -> Router<Live> {
    Router::new()
        .route("/api/status", get(status))
        .route("/api/cooldowns/reset", post(reset_cooldowns))
}

async fn status(Shared(state): Shared<State>) -> Response {
    let lasting = state.lasting();
    let now = Instant::now();
    let breakers: Vec<Value> = state.store().breakers(now.into_std()).iter().map(breaker).collect();
    let not_ready = not_ready_because(&state);
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_s": now.saturating_duration_since(lasting.started).as_secs(),
        "ready": not_ready.is_none(),
        "not_ready_because": not_ready,
        "streams_open": lasting.metrics.streams_open(),
        "reload": lasting.reloads(),
        "chain": chain(&state),
        "breakers": breakers,
        "stated_contexts": state.store().contexts(now.into_std()),
        "recent": state.records(),
    }))
    .into_response()
}

/// Closes every breaker; the body says how many were not closed.
async fn reset_cooldowns(Shared(state): Shared<State>) -> Response {
    let open = state.store().breakers(Instant::now().into_std()).len();
    state.reset_cooldowns();
    tracing::info!(open, "cooldowns reset");
    Json(json!({ "reset": open })).into_response()
}

/// The default chain: who would be asked, and who would not.
fn chain(state: &State) -> Vec<Value> {
    let Ok(chain) = state.config().chain("default") else { return Vec::new() };
    let candidate = |one: &oc_config::Candidate| {
        let obstacle = state.obstacle(&one.model_ref);
        json!({
            "ref": one.model_ref.to_string(),
            "usable": obstacle.is_none(),
            "reason": obstacle.as_ref().map(|(reason, _)| reason),
            "fix": obstacle.as_ref().map(|(_, fix)| fix),
        })
    };
    chain.candidates.iter().map(candidate).collect()
}

/// Without the key's fingerprint, which means nothing outside the process: it
/// says only whether the breaker is for one key.
fn breaker(breaker: &Breaker) -> Value {
    json!({
        "origin": breaker.origin,
        "model": breaker.model,
        "one_key": breaker.key.is_some(),
        "state": breaker.state,
        "reason": breaker.reason.as_str(),
        "failures": breaker.failures,
        "remaining_ms": u64::try_from(breaker.remaining.as_millis()).unwrap_or(u64::MAX),
        "probing": breaker.probing,
    })
}
