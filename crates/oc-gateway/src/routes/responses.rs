//! `POST /v1/responses`, JSON and server-sent events.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::State as Shared,
    response::{IntoResponse as _, Response},
    routing::post,
};
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header::UPGRADE};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use oc_fallback::Ledger;
use oc_providers::wire::openai_responses::{ClientRequest, decode_request};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use crate::{
    Live, State,
    app::RequestId,
    error::{Failure, no_answer},
    guard::{ClientRules, declares_json},
    relay::{Delivery, Head, Relay},
    sse,
    telling::Outcome,
};

const SERVED_BY: HeaderName = HeaderName::from_static("x-oc-served-by");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-oc-attempts");
const FALLBACK_REASON: HeaderName = HeaderName::from_static("x-oc-fallback-reason");

/// How long a client may take to send its body.
const BODY_PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn routes() -> Router<Live> {
    Router::new().route("/v1/responses", post(create).fallback(other))
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

async fn create(
    Shared(state): Shared<State>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(ClientRules(rules)): Extension<ClientRules>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    declares_json(&headers)?;
    let permit = admit(&state)?;
    let rules = rules.with_headers(&headers)?;
    let body = read(body, state.settings().limits.body_bytes).await?;
    let asked = decode_request(&body)?;
    drop(body);

    let ClientRequest { request, stream, echo, .. } = asked;
    let delivery = if stream { Delivery::Streamed } else { Delivery::Whole };
    let mut relay = Relay::start(&state, request_id, request, echo, &rules, delivery)?;
    if stream {
        match relay.head(sse::KEEP_ALIVE).await {
            Head::Ended => Err(no_answer(&relay)),
            Head::Early => Ok(events(relay, None, permit)),
            Head::Answering => {
                let told = told(relay.ledger());
                Ok(events(relay, Some(told), permit))
            }
        }
    } else {
        relay.whole().await;
        match relay.telling().outcome() {
            Some(Outcome::Answered(ledger)) => {
                Ok((told(ledger), Json(relay.telling().response())).into_response())
            }
            _ => Err(no_answer(&relay)),
        }
    }
}

/// One of `limits.concurrent` places, for as long as the answer takes.
fn admit(state: &State) -> Result<OwnedSemaphorePermit, Failure> {
    if state.drain().is_draining() {
        return Err(Failure::shutting_down());
    }
    Arc::clone(state.permits())
        .try_acquire_owned()
        .map_err(|_| Failure::busy(state.settings().limits.concurrent))
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Failure> {
    let read = timeout(BODY_PATIENCE, Limited::new(body, limit).collect());
    match read.await.map_err(|_| Failure::too_slow())? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Failure::too_large(limit)),
        Err(_) => Err(Failure::bad_request("body_unreadable", "the request body broke off")),
    }
}

/// The stream's head and body. `told`: who answers, where that is known yet.
fn events(relay: Relay, told: Option<HeaderMap>, permit: OwnedSemaphorePermit) -> Response {
    let open = relay.state().metrics().stream_opened();
    let body = relay.into_events().inspect(move |_| {
        // The place is free again when the body is gone.
        let _held = (&permit, &open);
    });
    let headers = told.unwrap_or_default();
    (StatusCode::OK, sse::headers(), headers, Body::from_stream(body)).into_response()
}

/// Who answers, after how many attempts, and why not the first candidate.
fn told(ledger: &Ledger) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(name) = ledger.served_by().and_then(|name| HeaderValue::from_str(name).ok()) {
        headers.insert(SERVED_BY, name);
    }
    headers.insert(ATTEMPTS, HeaderValue::from(ledger.attempts.len()));
    if let Some(reason) = ledger.fallback_reason() {
        headers.insert(FALLBACK_REASON, HeaderValue::from_static(reason.as_str()));
    }
    headers
}
