//! Endpoints that the APIs have and this version does not: a clear 501 instead
//! of a 404 that looks like a wrong base URL.

use axum::{Router, routing::any};
use http::{Method, Uri};

use crate::{Live, error::Failure};

const PATHS: &[&str] = &[
    "/v1/responses/input_tokens",
    "/v1/responses/compact",
    "/v1/responses/{id}",
    "/v1/responses/{id}/input_items",
    "/v1/responses/{id}/cancel",
];

pub(super) fn routes() -> Router<Live> {
    PATHS.iter().fold(Router::new(), |router, path| router.route(path, any(not_built)))
}

async fn not_built(method: Method, uri: Uri) -> Failure {
    let path: String = uri.path().chars().take(200).collect();
    Failure::not_built(&format!("{method} {path}"))
}
