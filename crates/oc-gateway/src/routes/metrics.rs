//! `GET /metrics`: what Prometheus scrapes.

use axum::{
    Router,
    extract::State as Shared,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::header::CONTENT_TYPE;

use crate::{Live, State, metrics::CONTENT};

pub(super) fn routes() -> Router<Live> {
    Router::new().route("/metrics", get(scrape))
}

async fn scrape(Shared(state): Shared<State>) -> Response {
    ([(CONTENT_TYPE, CONTENT)], state.metrics().text(state.store())).into_response()
}
