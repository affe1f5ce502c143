//! From a posted body to an answer: the same for every dialect.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::{FromRef as _, FromRequest, Request},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use oc_fallback::Ledger;
use oc_providers::wire::{AnswerName, Dialect, Render};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use crate::{
    Live, State,
    app::RequestId,
    error::{Failure, no_answer},
    estimate,
    guard::{ClientRules, Hops, declares_json},
    ids::{random_id, unix_now},
    policy::Rules,
    relay::{Delivery, Head, Relay},
    sse,
    telling::Outcome,
};

const SERVED_BY: HeaderName = HeaderName::from_static("x-oc-served-by");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-oc-attempts");
const FALLBACK_REASON: HeaderName = HeaderName::from_static("x-oc-fallback-reason");

/// How long a client may take to send its body.
const BODY_PATIENCE: Duration = Duration::from_secs(60);

/// A request that was let in: read whole, with the rules that hold for it.
pub(super) struct Posted {
    pub(super) state: State,
    pub(super) body: Bytes,
    request_id: String,
    rules: Rules,
    hops: Hops,
    /// Those of the client's wire, for hosts of the same.
    wire_headers: HeaderMap,
    permit: OwnedSemaphorePermit,
}

/// Headers with which a client asks for what is not settled in its API.
const OF_THE_WIRE: [&str; 3] = ["anthropic-version", "anthropic-beta", "openai-beta"];

impl FromRequest<Live> for Posted {
    type Rejection = Failure;

    async fn from_request(request: Request, live: &Live) -> Result<Self, Failure> {
        let state = State::from_ref(live);
        let (mut parts, body) = request.into_parts();
        declares_json(&parts.headers)?;
        let permit = admit(&state)?;
        // Both are put there by layers around every route of the API; a route
        // without them is one that nobody guards.
        let ClientRules(rules) = parts.extensions.remove().ok_or_else(Failure::unauthorized)?;
        let RequestId(request_id) = parts.extensions.remove().ok_or_else(Failure::unauthorized)?;
        let hops: Hops = parts.extensions.remove().ok_or_else(Failure::unauthorized)?;
        let rules = rules.with_headers(&parts.headers)?;
        let wire_headers = OF_THE_WIRE
            .into_iter()
            .filter_map(|name| {
                Some((HeaderName::from_static(name), parts.headers.get(name)?.clone()))
            })
            .collect();
        let body = read(body, state.settings().limits.body_bytes).await?;
        Ok(Self { state, body, request_id, rules, hops, wire_headers, permit })
    }
}

/// Answers it in `dialect`.
pub(super) async fn answer(dialect: Dialect, posted: Posted) -> Result<Response, Failure> {
    let Posted { state, body, request_id, rules, hops, wire_headers, permit } = posted;
    let mut asked = dialect.decode_request(&body)?;
    drop(body);
    asked.request.headers = wire_headers;

    let mut name = AnswerName::new(random_id(""), asked.request.model.as_str(), unix_now());
    if dialect == Dialect::Messages {
        name = name.input_tokens(estimate::prompt(&asked.request).likely());
    }
    let renderer = asked.renderer(name.output(rules.output()));
    let delivery = if asked.stream { Delivery::Streamed } else { Delivery::Whole };
    let request = asked.request;
    let mut relay = Relay::start(&state, request_id, request, hops, renderer, &rules, delivery)?;
    if delivery == Delivery::Streamed {
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
                Ok((told(ledger), Json(relay.telling().renderer().document())).into_response())
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
fn events(
    relay: Relay<dyn Render>,
    told: Option<HeaderMap>,
    permit: OwnedSemaphorePermit,
) -> Response {
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
