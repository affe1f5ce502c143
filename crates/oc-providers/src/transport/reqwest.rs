//! The one HTTP client builder.
//!
//! Redirects are off: no API redirects a `POST` usefully, and a redirect would
//! carry the prompt to a host that no config named. The system's proxy is
//! ignored for the same reason. There is one client, and so one pool, for each
//! locality, never shared: a pooled connection asks no resolver.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use tokio::time::Instant;

use super::fault::{self, Phase};
use super::resolver::{ClassResolver, Lookup, SystemLookup, judge_literal};
use super::tls::{NO_ROOTS, Tls};
use super::{HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind as Kind};
use crate::locality::Locality;

/// Kept connections are given up before the server does (Node closes after
/// 5 s): a request on a connection that is just being closed is lost.
const LOCAL_POOL_IDLE: Duration = Duration::from_secs(4);
const HOSTED_POOL_IDLE: Duration = Duration::from_secs(45);

/// How long the body of an error may take, whatever the answer's limits are.
const ERROR_BODY: Duration = Duration::from_secs(3);

/// The transport that ships: reqwest over rustls with ring.
///
/// Cheap to make (nothing is read, no certificate touched until the first
/// `https` request) and meant to be shared by all providers.
///
/// ```
/// use std::sync::Arc;
/// use oc_providers::{Api, Endpoint, Provider, ReqwestTransport};
///
/// let transport = Arc::new(ReqwestTransport::new());
/// let endpoint = Endpoint::new("lmstudio", Api::OpenaiResponses, "http://127.0.0.1:1234/v1")?;
/// let provider = Provider::new(endpoint, transport)?;
/// # Ok::<(), oc_providers::ProviderError>(())
/// ```
#[derive(Debug)]
pub struct ReqwestTransport {
    connect_timeout: Duration,
    lookup: Arc<dyn Lookup>,
    tls: Tls,
    clients: [OnceLock<::reqwest::Client>; 6],
}

/// Settings of a [`ReqwestTransport`].
#[derive(Debug)]
#[must_use]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    lookup: Arc<dyn Lookup>,
}

impl ReqwestTransportBuilder {
    /// The limit on name lookup, TCP and TLS together. 5 s.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Who looks up names. The operating system.
    pub fn lookup(mut self, lookup: Arc<dyn Lookup>) -> Self {
        self.lookup = lookup;
        self
    }

    /// The transport.
    pub fn build(self) -> ReqwestTransport {
        ReqwestTransport {
            connect_timeout: self.connect_timeout,
            lookup: self.lookup,
            tls: Tls::default(),
            clients: Default::default(),
        }
    }
}

impl Default for ReqwestTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl ReqwestTransport {
    /// With the defaults.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// With settings.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder {
            connect_timeout: Duration::from_secs(5),
            lookup: Arc::new(SystemLookup::new()),
        }
    }

    async fn head(&self, request: &HttpRequest) -> Result<::reqwest::Response, TransportError> {
        let client = self.client(request.locality, request.url.scheme() == "https")?;
        let send = || {
            client
                .post(request.url.clone())
                .headers(request.headers.clone())
                .body(request.body.clone())
                .send()
        };
        let read = |fault| self.explain(fault::read(fault, Phase::Head));
        match send().await.map_err(read) {
            // Most likely a kept connection that the server had just closed.
            // No byte of an answer came; hyper repeats no POST, so we do, once.
            Err(fault) if fault.kind() == Kind::ClosedEarly => send().await.map_err(read),
            other => other,
        }
    }

    fn client(&self, class: Locality, https: bool) -> Result<&::reqwest::Client, TransportError> {
        let place = match class {
            Locality::Loopback => 0,
            Locality::Private => 2,
            Locality::Hosted => 4,
        } + usize::from(https);
        // The table has a place for each class with and without https.
        let Some(slot) = self.clients.get(place) else {
            return Err(TransportError::new(Kind::Other));
        };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = self.build_client(class, https)?;
        Ok(slot.get_or_init(|| client))
    }

    fn build_client(
        &self,
        class: Locality,
        https: bool,
    ) -> Result<::reqwest::Client, TransportError> {
        let tls = if https { self.tls.verified() } else { Tls::trusting_nobody() };
        let tls = tls.map_err(|fault| TransportError::new(Kind::Tls).with_source(fault))?;
        let pool_idle = if class == Locality::Hosted { HOSTED_POOL_IDLE } else { LOCAL_POOL_IDLE };
        ::reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(::reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(ClassResolver { class, lookup: Arc::clone(&self.lookup) })
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(pool_idle)
            .user_agent(concat!("oc-providers/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|fault| fault::read(fault, Phase::Head))
    }

    fn explain(&self, fault: TransportError) -> TransportError {
        match fault.kind() {
            Kind::Tls if self.tls.lacks_roots() => fault.with_hint(NO_ROOTS),
            Kind::ConnectTimeout => fault.with_hint(format!("connect {:?}", self.connect_timeout)),
            _ => fault,
        }
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        judge_literal(&request.url, request.locality)
            .map_err(|fault| TransportError::new(Kind::AddressRefused).with_source(fault))?;
        let first_byte = request.limits.first_byte.map(|limit| Instant::now() + limit);
        let response = within(first_byte, Kind::FirstByteTimeout, self.head(&request)).await?;
        let status = response.status();
        let headers = response.headers().clone();
        let limits = if status.is_success() {
            BodyLimits::Answer { first_byte, idle: request.limits.idle }
        } else {
            BodyLimits::Failure { until: Instant::now() + ERROR_BODY }
        };
        let body = Body { response, limits, is_first: true };
        Ok(HttpResponse::new(status, headers, body.into_stream()))
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// A body under its limits.
struct Body {
    response: ::reqwest::Response,
    limits: BodyLimits,
    is_first: bool,
}

#[derive(Clone, Copy)]
enum BodyLimits {
    /// One to the first byte, then one between pieces.
    Answer { first_byte: Option<Instant>, idle: Option<Duration> },
    /// One for all of it: the next candidate waits for what an error says.
    Failure { until: Instant },
}

impl Body {
    fn into_stream(self) -> BoxStream<'static, Result<Bytes, TransportError>> {
        stream::unfold(Some(self), |body| async move {
            let mut body = body?;
            match body.piece().await.transpose()? {
                Ok(piece) => Some((Ok(piece), Some(body))),
                // After an error the body ends: polling a failed response again
                // would be answered by whatever reqwest makes of it.
                Err(fault) => Some((Err(fault), None)),
            }
        })
        .boxed()
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, TransportError> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        let (limit, kind) = match self.limits {
            BodyLimits::Answer { first_byte, .. } if is_first => {
                (first_byte, Kind::FirstByteTimeout)
            }
            BodyLimits::Answer { idle, .. } => {
                (idle.map(|idle| Instant::now() + idle), Kind::IdleTimeout)
            }
            BodyLimits::Failure { until } => (Some(until), Kind::IdleTimeout),
        };
        let next =
            async { self.response.chunk().await.map_err(|fault| fault::read(fault, Phase::Body)) };
        within(limit, kind, next).await
    }
}

async fn within<T>(
    limit: Option<Instant>,
    kind: Kind,
    work: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    match limit {
        None => work.await,
        Some(limit) => tokio::time::timeout_at(limit, work)
            .await
            .unwrap_or_else(|_| Err(TransportError::new(kind))),
    }
}
