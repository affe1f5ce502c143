//! `POST /v1/responses`, JSON and server-sent events.

use axum::{Router, response::Response, routing::post};
use http::{HeaderMap, Method, header::UPGRADE};
use oc_providers::wire::Dialect;

use super::answer::{Posted, answer};
use crate::{Live, error::Failure};

pub(super) fn routes() -> Router<Live> {
    Router::new().route(Dialect::Responses.path(), post(create).fallback(other))
}

async fn create(posted: Posted) -> Result<Response, Failure> {
    answer(Dialect::Responses, posted).await
}

/// Everything but `POST`. Codex tries WebSocket mode first: 426 sends it to
/// plain HTTP at once, any other answer after many attempts.
async fn other(method: Method, headers: HeaderMap) -> Failure {
    if method == Method::GET && headers.contains_key(UPGRADE) {
        Failure::upgrade_required()
    } else {
        Failure::wrong_method("POST")
    }
}
