//! `POST /v1/messages`, JSON and server-sent events, and
//! `POST /v1/messages/count_tokens`.

use axum::{Json, Router, response::Response, routing::post};
use oc_providers::wire::Dialect;
use serde_json::{Value, json};

use super::answer::{Posted, answer};
use crate::{Live, error::Failure, estimate};

pub(super) fn routes() -> Router<Live> {
    Router::new()
        .route(Dialect::Messages.path(), post(create).fallback(other))
        .route("/v1/messages/count_tokens", post(count_tokens).fallback(other))
}

async fn create(posted: Posted) -> Result<Response, Failure> {
    answer(Dialect::Messages, posted).await
}

/// The guess that is most likely right: which of the chain's models will read
/// the prompt is not known yet, and nobody is asked.
async fn count_tokens(posted: Posted) -> Result<Json<Value>, Failure> {
    let asked = Dialect::Messages.decode_request(&posted.body)?;
    let model = &asked.request.model;
    posted
        .state
        .config()
        .chain(model)
        .map_err(|unknown| Failure::unknown_model(model, &unknown.nearest))?;
    Ok(Json(json!({ "input_tokens": estimate::prompt(&asked.request).likely() })))
}

async fn other() -> Failure {
    Failure::wrong_method("POST")
}
