//! How bytes get to a server and back.
//!
//! [`Transport`] is the seam: one method. `ReqwestTransport` (feature
//! `reqwest`) is the one that ships, [`ScriptedTransport`] answers from a
//! script, for tests and examples.

#[cfg(feature = "reqwest")]
mod fault;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "reqwest")]
mod resolver;
mod scripted;
#[cfg(feature = "reqwest")]
mod tls;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{self, BoxFuture};
use futures::stream::BoxStream;
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::endpoint::Limits;
use crate::locality::Locality;

#[cfg(feature = "reqwest")]
pub use self::reqwest::{ReqwestTransport, ReqwestTransportBuilder};
#[cfg(feature = "reqwest")]
pub use resolver::{Lookup, SystemLookup};
pub use scripted::{Script, ScriptedTransport, SentRequest};

/// Sends one `POST` and hands back the answer's head, then its body.
///
/// Dropping the future or the body must end the exchange and free the
/// connection: that is how a request is cancelled. An implementation judges
/// every address by the request's [`Locality`] and follows no redirects.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends `request` and waits for the answer's head.
    ///
    /// # Errors
    /// When no head came. A status that is no success is an answer, not an error.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError>;

    /// Ready after `time`: the clock for what a wire itself must not wait for
    /// without end. By default never, so that a transport without a clock waits
    /// for the body's end.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let _ = time;
        Box::pin(future::pending())
    }
}

/// One `POST`.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// Where to.
    pub url: Url,
    /// With which headers; secret values are marked sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Which addresses may be connected to.
    pub locality: Locality,
    /// How long it may take.
    pub limits: Limits,
}

impl HttpRequest {
    /// `body` to `url`.
    pub fn new(
        url: Url,
        headers: HeaderMap,
        body: Bytes,
        locality: Locality,
        limits: Limits,
    ) -> Self {
        Self { url, headers, body, locality, limits }
    }
}

impl fmt::Debug for HttpRequest {
    /// Shows neither body nor query nor secret headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("origin", &self.url.origin().ascii_serialization())
            .field("path", &self.url.path())
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// An answer: its head, and its body as it comes in.
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body. After an error it ends.
    pub body: BoxStream<'static, Result<Bytes, TransportError>>,
}

impl HttpResponse {
    /// An answer with this head and body.
    pub fn new(
        status: StatusCode,
        headers: HeaderMap,
        body: BoxStream<'static, Result<Bytes, TransportError>>,
    ) -> Self {
        Self { status, headers, body }
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

/// How an exchange failed below HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// Nothing listens there.
    Refused,
    /// The name has no address.
    Dns,
    /// The name or literal leads to an address that the endpoint's locality
    /// does not admit. Nothing was sent.
    AddressRefused,
    /// No secure connection: certificate, protocol, missing roots.
    Tls,
    /// No connection in time.
    ConnectTimeout,
    /// No connection for another reason (unreachable network, …).
    Connect,
    /// Connected, but no byte of the answer's body in time.
    FirstByteTimeout,
    /// The body fell silent.
    IdleTimeout,
    /// The peer closed before it answered at all: a kept connection that it
    /// had just given up, or a crash. It was tried twice.
    ClosedEarly,
    /// The connection was reset.
    Reset,
    /// The body ended before its end.
    Cut,
    /// What answered does not speak HTTP.
    NotHttp,
    /// Anything else.
    Other,
}

impl TransportErrorKind {
    /// Whether no connection came about: the server never saw the request.
    pub fn is_connect(self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::Dns
                | Self::AddressRefused
                | Self::Tls
                | Self::ConnectTimeout
                | Self::Connect
        )
    }

    /// Whether a limit on time ran out.
    pub fn is_timeout(self) -> bool {
        matches!(self, Self::ConnectTimeout | Self::FirstByteTimeout | Self::IdleTimeout)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Dns => "name not found",
            Self::AddressRefused => "address not allowed for this endpoint",
            Self::Tls => "no secure connection",
            Self::ConnectTimeout => "no connection in time",
            Self::Connect => "no connection",
            Self::FirstByteTimeout => "no answer in time",
            Self::IdleTimeout => "answer fell silent",
            Self::ClosedEarly => "connection closed before the answer",
            Self::Reset => "connection reset",
            Self::Cut => "answer cut off",
            Self::NotHttp => "answer is not http",
            Self::Other => "exchange failed",
        }
    }
}

/// An exchange failed below HTTP.
#[derive(Clone, Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    hint: Option<Cow<'static, str>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// A failure of this kind.
    pub fn new(kind: TransportErrorKind) -> Self {
        Self { kind, hint: None, source: None }
    }

    /// With the error beneath it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// With what the user can do about it, or the length of the limit that ran out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// How it failed.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
