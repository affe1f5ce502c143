//! The endpoints: one file each, one line here.

mod health;
mod models;
mod not_built;
mod responses;

use axum::{Router, middleware};
use http::Uri;

use crate::{State, error::Failure, guard};

pub(crate) fn router(state: &State) -> Router<State> {
    let api = Router::new()
        .merge(responses::routes())
        .merge(models::routes())
        .merge(not_built::routes())
        .layer(middleware::from_fn_with_state(state.clone(), guard::known_client));
    Router::new().merge(health::routes()).merge(api).fallback(no_such_path)
}

async fn no_such_path(uri: Uri) -> Failure {
    Failure::no_such_path(uri.path())
}
