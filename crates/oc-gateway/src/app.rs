//! The request path, as a readable list.
//!
//! ```text
//! request id           every answer carries x-oc-request-id, failures too
//!  spoken to           failures in the client's own dialect
//!   counted            by route and status
//!    not a browser     Host and Origin
//!     route
//!       client key     only under /v1, only where the settings list clients
//!         handler
//! ```

use std::sync::Arc;

use axum::{
    Router,
    extract::{MatchedPath, Request, State as Shared},
    middleware::{self, Next},
    response::Response,
};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ALLOW, CONTENT_TYPE},
};
use oc_providers::wire::Dialect;

use crate::{error::Failure, guard, ids::random_id, live::Live, routes, state::Lasting};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-oc-request-id");

/// The gateway's id of a request.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// The gateway as an axum [`Router`].
///
/// Serve it with [`shutdown::serve`](crate::shutdown::serve), whose drain ends
/// open streams, or mount it in an application of your own.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use oc_config::{Config, Settings};
/// use oc_gateway::State;
///
/// let config = r#"{
///   agents: { defaults: { model: { primary: "local/my-model" } } },
///   models: { providers: { local: {
///     baseUrl: "http://127.0.0.1:8000/v1", apiKey: "sk-local", api: "openai-responses",
///     models: [{ id: "my-model", name: "My model" }],
///   } } },
/// }"#;
/// let config = Config::parse(config, "openclaw.json", &|_: &str| None)?.value;
/// let router: axum::Router = oc_gateway::app(State::assemble(config, Settings::default())?);
/// # Ok(()) }
/// ```
///
/// Given a [`Live`], it follows the changes of the config that are made there.
pub fn app(live: impl Into<Live>) -> Router {
    let live = live.into();
    routes::router(&live)
        .layer(middleware::from_fn_with_state(live.clone(), guard::not_a_browser))
        .layer(middleware::from_fn_with_state(live.lasting(), count))
        .layer(middleware::from_fn(speak))
        .layer(middleware::from_fn(identify))
        .with_state(live)
}

/// Counts the answer, by its route and the status of its head.
async fn count(Shared(lasting): Shared<Arc<Lasting>>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let endpoint = path.as_ref().map_or("other", MatchedPath::as_str);
    lasting.metrics.count_request(endpoint, response.status());
    response
}

/// Whether the client is one of Anthropic's API, wherever it asks.
pub(crate) fn speaks_messages(headers: &HeaderMap) -> bool {
    headers.contains_key("anthropic-version")
}

/// Says a failure in the dialect of whoever asked, wherever it came from: the
/// router's own, which are plain text or nothing at all, too.
async fn speak(request: Request, next: Next) -> Response {
    let dialect = dialect_of(request.uri().path(), request.headers());
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let failure = match response.extensions_mut().remove::<Failure>() {
        Some(failure) => failure,
        None if says_nothing(&response) => Failure::of_the_router(response.status()),
        None => return response,
    };
    let allowed = response.headers_mut().remove(ALLOW);
    let mut told = failure.response(dialect, id.as_ref().map(|RequestId(id)| id.as_str()));
    if let Some(allowed) = allowed {
        told.headers_mut().insert(ALLOW, allowed);
    }
    told
}

/// Whether it is a failure without a JSON body.
fn says_nothing(response: &Response) -> bool {
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    (status.is_client_error() || status.is_server_error()) && !is_json
}

/// By the path, or, under paths that the dialects share, by the header that
/// only Anthropic's clients send.
fn dialect_of(path: &str, headers: &HeaderMap) -> Dialect {
    let below = |dialect: &Dialect| {
        path.strip_prefix(dialect.path())
            .is_some_and(|rest| matches!(rest.get(..1), None | Some("/")))
    };
    let shared = if speaks_messages(headers) { Dialect::Messages } else { Dialect::Responses };
    Dialect::ALL.into_iter().find(below).unwrap_or(shared)
}

/// Gives the request its id, and the answer too, whatever it is.
async fn identify(mut request: Request, next: Next) -> Response {
    let id = random_id("req_");
    let header = HeaderValue::from_str(&id);
    request.extensions_mut().insert(RequestId(id));
    let mut response = next.run(request).await;
    if let Ok(header) = header {
        response.headers_mut().insert(REQUEST_ID, header);
    }
    response
}
