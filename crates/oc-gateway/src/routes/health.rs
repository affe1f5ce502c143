//! `GET /healthz`, `GET /readyz` and a first page at `GET /`.

use axum::{
    Json, Router,
    extract::State as Shared,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::StatusCode;
use serde_json::json;

use crate::{Live, State};

pub(super) fn routes() -> Router<Live> {
    Router::new()
        .route("/", get(front))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
}

/// What this is and where to go on.
async fn front(Shared(state): Shared<State>) -> Response {
    Json(json!({
        "name": "oc-gateway",
        "version": env!("CARGO_PKG_VERSION"),
        "ready": not_ready_because(&state).is_none(),
        "endpoints": ["POST /v1/responses", "GET /v1/models", "GET /healthz", "GET /readyz",
            "GET /metrics", "GET /api/status", "POST /api/cooldowns/reset"],
    }))
    .into_response()
}

/// The process runs.
async fn healthy() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// It can answer something: it is not being stopped, and the default chain has
/// a candidate that may be asked. No upstream is asked.
async fn ready(Shared(state): Shared<State>) -> Response {
    match not_ready_because(&state) {
        None => Json(json!({ "status": "ok" })).into_response(),
        Some(reason) => {
            let body = Json(json!({ "status": "unavailable", "reason": reason }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

pub(super) fn not_ready_because(state: &State) -> Option<&'static str> {
    if state.drain().is_draining() {
        return Some("the gateway is being stopped");
    }
    let usable = state.config().chain("default").is_ok_and(|chain| {
        chain.candidates.iter().any(|one| state.obstacle(&one.model_ref).is_none())
    });
    (!usable).then_some("no candidate of the default chain is usable; see `oc-gateway check`")
}
