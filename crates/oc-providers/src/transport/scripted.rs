//! A transport that answers from a script: for tests and examples.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

use super::{HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind};

/// Answers each request with the next script; when none is left, refuses the
/// connection. Keeps what was sent.
///
/// ```
/// use oc_providers::{Script, ScriptedTransport};
///
/// let transport = ScriptedTransport::new([
///     Script::sse("data: {\"type\":\"response.created\"}\n\n"),
///     Script::json(503, r#"{"error":{"message":"Loading model"}}"#),
/// ]);
/// assert!(transport.sent().is_empty());
/// ```
#[derive(Debug, Default)]
pub struct ScriptedTransport {
    scripts: Mutex<VecDeque<Script>>,
    sent: Mutex<Vec<SentRequest>>,
}

impl ScriptedTransport {
    /// With these answers, in order.
    pub fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self { scripts: Mutex::new(scripts.into_iter().collect()), sent: Mutex::default() }
    }

    /// What was sent so far.
    pub fn sent(&self) -> Vec<SentRequest> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One request that a [`ScriptedTransport`] was given.
#[derive(Clone)]
#[non_exhaustive]
pub struct SentRequest {
    /// The whole URL.
    pub url: String,
    /// The headers, secrets included (still marked sensitive).
    pub headers: HeaderMap,
    /// The body; `Null` where it is no JSON.
    pub body: Value,
}

impl fmt::Debug for SentRequest {
    /// Shows neither query nor body: both may be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("SentRequest").field("url", &url).finish_non_exhaustive()
    }
}

/// One scripted answer.
#[derive(Clone)]
pub struct Script(Result<Answer, TransportErrorKind>);

#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<Step>,
}

#[derive(Clone)]
enum Step {
    Bytes(Bytes),
    Fail(TransportErrorKind),
    Stall,
}

impl Script {
    /// Status 200, `text/event-stream`, this body in one piece.
    pub fn sse(body: impl Into<Bytes>) -> Self {
        Self::answer(200, "text/event-stream", body)
    }

    /// `application/json` with this status.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::answer(status, "application/json", body)
    }

    /// Any status, content type and body. A number that is no HTTP status
    /// counts as 500.
    pub fn answer(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(content_type) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self(Ok(Answer { status, headers, body: vec![Step::Bytes(body.into())] }))
    }

    /// No answer: the exchange fails before the head.
    pub fn failure(kind: TransportErrorKind) -> Self {
        Self(Err(kind))
    }

    /// With one more header; one that HTTP does not allow is left out.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(answer), Ok(name), Ok(value)) =
            (&mut self.0, name.parse::<HeaderName>(), HeaderValue::from_str(value))
        {
            answer.headers.insert(name, value);
        }
        self
    }

    /// With one more piece of body.
    #[must_use]
    pub fn then(self, body: impl Into<Bytes>) -> Self {
        self.step(Step::Bytes(body.into()))
    }

    /// With a body that fails here.
    #[must_use]
    pub fn then_fail(self, kind: TransportErrorKind) -> Self {
        self.step(Step::Fail(kind))
    }

    /// With a body that falls silent here for ever.
    #[must_use]
    pub fn then_stall(self) -> Self {
        self.step(Step::Stall)
    }

    fn step(mut self, step: Step) -> Self {
        if let Ok(answer) = &mut self.0 {
            answer.body.push(step);
        }
        self
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(answer) => write!(f, "Script({})", answer.status),
            Err(kind) => write!(f, "Script({kind:?})"),
        }
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(SentRequest {
            url: request.url.to_string(),
            headers: request.headers,
            body: serde_json::from_slice(&request.body).unwrap_or_default(),
        });
        let next = self.scripts.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let script = next.unwrap_or(Script(Err(TransportErrorKind::Refused)));
        let answer = script.0.map_err(TransportError::new)?;
        let body = stream::iter(answer.body).then(|step| async move {
            match step {
                Step::Bytes(bytes) => Ok(bytes),
                Step::Fail(kind) => Err(TransportError::new(kind)),
                Step::Stall => std::future::pending().await,
            }
        });
        Ok(HttpResponse::new(answer.status, answer.headers, body.boxed()))
    }
}
