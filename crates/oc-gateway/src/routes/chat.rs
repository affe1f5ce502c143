//! `POST /v1/chat/completions`, JSON and server-sent events.

use axum::{Router, response::Response, routing::post};
use oc_providers::wire::Dialect;

use super::answer::{Posted, answer};
use crate::{Live, error::Failure};

pub(super) fn routes() -> Router<Live> {
    Router::new().route(Dialect::Chat.path(), post(create).fallback(other))
}

async fn create(posted: Posted) -> Result<Response, Failure> {
    answer(Dialect::Chat, posted).await
}

async fn other() -> Failure {
    Failure::wrong_method("POST")
}
