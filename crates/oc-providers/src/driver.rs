//! One exchange as a stream: send, judge the head, pull the body through the
//! pipeline. No task, no channel: dropping the stream drops the connection.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _};
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use oc_responses_stream::{Delta, Opened};

use crate::call_ids::CallIds;
use crate::endpoint::Endpoint;
use crate::error::{ProviderError, ProviderErrorKind};
use crate::model_facts::ModelFacts;
use crate::pipeline::{Pipeline, Terms, Unfold};
use crate::secret::Secrets;
use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use crate::wire::{self, Encoded, Wire};

/// The most bytes of an error body that are read.
const ERROR_BODY_BYTES: usize = 64 << 10;
/// How long an answer that is whole waits for the rest: the usage, the mark of
/// the end. Some servers never send it and keep the connection open.
const TAIL: Duration = Duration::from_secs(2);
/// No prompt follows a redirect to a host that no config names.
const REDIRECT: &str = "upstream redirects to another address (is the base url right?)";

/// The deltas of one answer.
///
/// First [`Delta::Opened`] when the upstream's head is in, then the answer,
/// last [`Delta::Finish`] or one error. Tool calls come whole; reasoning that
/// a model wrote into its text is already apart from it. Dropping the stream
/// ends the exchange.
#[must_use = "nothing is sent until the stream is polled"]
pub struct Deltas(State);

enum State {
    Opening(BoxFuture<'static, Result<Box<Reading>, ProviderError>>),
    Reading(Box<Reading>),
    Over,
}

struct Reading {
    opened: Option<Opened>,
    body: BoxStream<'static, Result<Bytes, TransportError>>,
    pipeline: Pipeline,
    secrets: Secrets,
    request_id: Option<String>,
    /// Bytes came that have said nothing yet: half an event, a piece of a call.
    unsaid: bool,
    /// Runs from when the answer was whole.
    tail: Option<BoxFuture<'static, ()>>,
    transport: Arc<dyn Transport>,
}

impl Deltas {
    /// Sends on first poll.
    pub(crate) fn lazy(
        endpoint: Arc<Endpoint>,
        transport: Arc<dyn Transport>,
        wire: &'static dyn Wire,
        model: String,
        encoded: Encoded,
    ) -> Self {
        Self(State::Opening(Box::pin(open(endpoint, transport, wire, model, encoded))))
    }

    /// Of a request that cannot be sent.
    pub(crate) fn failed(fault: ProviderError) -> Self {
        Self(State::Opening(Box::pin(async { Err(fault) })))
    }

    /// Waits for the head.
    pub(crate) async fn opened(self) -> Result<Self, ProviderError> {
        match self.0 {
            State::Opening(opening) => Ok(Self(State::Reading(opening.await?))),
            other => Ok(Self(other)),
        }
    }
}

impl fmt::Debug for Deltas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Opening(_) => "Deltas(opening)",
            State::Reading(_) => "Deltas(reading)",
            State::Over => "Deltas(over)",
        })
    }
}

impl Stream for Deltas {
    type Item = Result<Delta, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.0 {
                State::Over => return Poll::Ready(None),
                State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(reading) => self.0 = State::Reading(reading),
                    Err(fault) => {
                        self.0 = State::Over;
                        return Poll::Ready(Some(Err(fault)));
                    }
                },
                State::Reading(reading) => {
                    let next = ready!(reading.poll_next(cx));
                    // The connection is let go as soon as the answer is whole:
                    // some servers keep it open after their terminal event.
                    if !matches!(&next, Some(Ok(_))) || reading.pipeline.is_over() {
                        self.0 = State::Over;
                    }
                    return Poll::Ready(next);
                }
            }
        }
    }
}

impl Reading {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Delta, ProviderError>>> {
        if let Some(opened) = self.opened.take() {
            return Poll::Ready(Some(Ok(Delta::Opened(opened))));
        }
        loop {
            if let Some(next) = self.pipeline.next() {
                self.unsaid = false;
                return Poll::Ready(Some(next.map_err(|fault| self.explain(fault))));
            }
            if self.pipeline.is_over() {
                return Poll::Ready(None);
            }
            match self.body.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(bytes))) => {
                    self.unsaid |= !bytes.is_empty();
                    self.pipeline.feed(&bytes);
                }
                Poll::Ready(Some(Err(_))) if self.pipeline.is_whole() => self.pipeline.finish(),
                Poll::Ready(Some(Err(fault))) => {
                    return Poll::Ready(Some(Err(self.explain(fault.into()))));
                }
                Poll::Ready(None) => self.pipeline.finish(),
                // Whoever waits with a clock must see that bytes arrive. Said
                // once for all that came together, not for every read.
                Poll::Pending if std::mem::take(&mut self.unsaid) => {
                    return Poll::Ready(Some(Ok(Delta::Alive)));
                }
                Poll::Pending => {
                    ready!(self.poll_tail(cx));
                    self.pipeline.finish();
                }
            }
        }
    }

    /// Ready when an answer that is whole has waited long enough.
    fn poll_tail(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.pipeline.is_whole() {
            return Poll::Pending;
        }
        let transport = &self.transport;
        self.tail.get_or_insert_with(|| transport.sleep(TAIL)).as_mut().poll(cx)
    }

    fn explain(&self, fault: ProviderError) -> ProviderError {
        fault.with_request_id(self.request_id.clone()).without(&self.secrets)
    }
}

async fn open(
    endpoint: Arc<Endpoint>,
    transport: Arc<dyn Transport>,
    wire: &'static dyn Wire,
    model: String,
    encoded: Encoded,
) -> Result<Box<Reading>, ProviderError> {
    let secrets = endpoint.secrets();
    let facts = endpoint.facts(&model);
    let mut terms = terms(&endpoint, &model, &facts, &encoded);
    let interpreter = || wire.interpreter_for(&endpoint.compat, &facts, encoded.choices);
    let relays = encoded.relays.then(|| Unfold { wire, interpreter: interpreter() });
    let interpreter = interpreter();
    let request = http_request(&endpoint, encoded)?;
    terms.call_ids = CallIds::of_request(&request.body);
    let response = transport.send(request).await?;
    let response = judged(response, wire).await.map_err(|fault| fault.without(&secrets))?;
    let request_id = wire::request_id(&response.headers);
    Ok(Box::new(Reading {
        opened: Some(Opened::new(request_id.clone())),
        body: response.body,
        pipeline: Pipeline::new(interpreter, &terms, relays),
        secrets,
        request_id,
        unsaid: false,
        tail: None,
        transport,
    }))
}

/// What the request says of its answer.
fn terms(endpoint: &Endpoint, model: &str, facts: &ModelFacts, encoded: &Encoded) -> Terms {
    let compat = endpoint.compat_flags();
    Terms {
        api: endpoint.api(),
        limits: endpoint.limits,
        choices: encoded.choices,
        sealer: endpoint.sealer(model),
        split: compat.split(),
        stop: encoded.stop.clone(),
        tool_call_parser: compat.tool_call_parser,
        declared: encoded.declared.clone(),
        max_output_tokens: encoded.max_output_tokens,
        served_window: encoded.served_window.or(facts.served_window),
        html_arguments: compat.html_arguments,
        call_ids: CallIds::default(),
        carried: encoded.carried.clone(),
    }
}

fn http_request(endpoint: &Endpoint, encoded: Encoded) -> Result<HttpRequest, ProviderError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    headers.extend(encoded.headers);
    headers.extend(endpoint.key_headers()?);
    headers.extend(endpoint.headers.clone());
    let body = encoded.inputs.write(&encoded.body).map_err(|fault| {
        ProviderError::unsupported("request cannot be written as json").with_source(fault)
    })?;
    Ok(HttpRequest::new(
        endpoint.url(encoded.path),
        headers,
        body.into(),
        endpoint.locality,
        endpoint.limits,
    ))
}

/// The response, if its head is that of an answer.
async fn judged(
    response: HttpResponse,
    wire: &'static dyn Wire,
) -> Result<HttpResponse, ProviderError> {
    if !response.status.is_success() {
        let body = error_body(response.body).await;
        let mut failure = wire.failure(response.status, &response.headers, &body);
        if response.status.is_redirection() && failure.upstream.message.is_none() {
            failure.upstream.message = Some(REDIRECT.to_owned());
        }
        return Err(failure.into());
    }
    let content_type = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|kind| kind.trim_start().starts_with("text/html")) {
        return Err(no_answer(&response, "upstream sent a web page (is the base url right?)"));
    }
    let encoding = response.headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(no_answer(&response, "upstream compressed its answer without being asked to"));
    }
    Ok(response)
}

fn no_answer(response: &HttpResponse, note: &str) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Protocol, note)
        .with_request_id(wire::request_id(&response.headers))
}

/// As much of an error body as is of use. One that breaks off is taken as it is.
async fn error_body(mut body: BoxStream<'static, Result<Bytes, TransportError>>) -> Vec<u8> {
    let mut read = Vec::new();
    while let Some(Ok(bytes)) = body.next().await {
        let room = ERROR_BODY_BYTES.saturating_sub(read.len());
        read.extend(bytes.iter().take(room));
        if bytes.len() >= room {
            break;
        }
    }
    read
}
