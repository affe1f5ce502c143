//! The endpoints: one file each, one line here. What the three that answer
//! have in common is in `answer`.

mod answer;
mod chat;
mod health;
mod messages;
mod metrics;
mod models;
mod not_built;
mod responses;
mod status;

use axum::{Router, middleware};
use http::Uri;

use crate::{Live, error::Failure, guard};

pub(crate) fn router(live: &Live) -> Router<Live> {
    let api = Router::new()
        .merge(responses::routes())
        .merge(chat::routes())
        .merge(messages::routes())
        .merge(models::routes())
        .merge(not_built::routes())
        .merge(status::routes())
        .merge(metrics::routes())
        .layer(middleware::from_fn_with_state(live.clone(), guard::known_client));
    Router::new().merge(health::routes()).merge(api).fallback(no_such_path)
}

async fn no_such_path(uri: Uri) -> Failure {
    Failure::no_such_path(uri.path())
}
