//! What went wrong with one request to one provider: facts, no judgement.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use oc_responses_stream::UpstreamError;

use crate::secret::Secrets;
use crate::transport::{TransportError, TransportErrorKind};
use crate::wire::Failure;

/// Where a request to a provider broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProviderErrorKind {
    /// The endpoint cannot be spoken to as it is configured.
    Setup,
    /// The request cannot be said on this wire.
    Unsupported,
    /// No answer came, or it broke off: the transport says how.
    Transport(TransportErrorKind),
    /// A status other than success was received.
    Http,
    /// The upstream reported a failure after a success status.
    InStream,
    /// The stream ended without its own end.
    Cut,
    /// What came is no answer of this wire (HTML, garbage).
    Protocol,
    /// An event or the whole answer was larger than allowed.
    Oversized,
    /// A tool call whose arguments are no JSON object.
    BadToolCall,
}

/// A request to a provider failed.
///
/// It carries facts: the status, the upstream's own code, type and words, when
/// it wants to be asked again. What they mean is decided in `oc-fallback`.
///
/// Neither `Display` nor `Debug` shows the upstream's [`message`](Self::message):
/// some servers quote the prompt in it.
#[derive(Clone)]
pub struct ProviderError(Box<Facts>);

#[derive(Clone)]
struct Facts {
    kind: ProviderErrorKind,
    note: String,
    status: Option<StatusCode>,
    upstream: UpstreamError,
    retry_after: Option<Duration>,
    request_id: Option<String>,
    window: Option<u64>,
    source: Option<std::sync::Arc<dyn StdError + Send + Sync>>,
}

impl ProviderError {
    /// Where it broke.
    pub fn kind(&self) -> ProviderErrorKind {
        self.0.kind
    }

    /// The HTTP status, where one was received and it was not a success.
    pub fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    /// The upstream's machine-readable code (`rate_limit_exceeded`).
    pub fn code(&self) -> Option<&str> {
        self.0.upstream.code.as_deref()
    }

    /// The upstream's type of error (`overloaded_error`).
    pub fn error_type(&self) -> Option<&str> {
        self.0.upstream.error_type.as_deref()
    }

    /// The upstream's words, at most 500 characters, without the key. Private:
    /// some servers quote the prompt.
    pub fn message(&self) -> Option<&str> {
        self.0.upstream.message.as_deref()
    }

    /// The field of the request that the upstream blames.
    pub fn param(&self) -> Option<&str> {
        self.0.upstream.param.as_deref()
    }

    /// How long the upstream wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The upstream's id of the request, for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The context window, in tokens, that the upstream says it has (llama.cpp's
    /// `n_ctx`).
    pub fn window(&self) -> Option<u64> {
        self.0.window
    }

    /// Whether the upstream never saw the request: repeating it is safe.
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, ProviderErrorKind::Transport(kind) if kind.is_connect())
    }

    pub(crate) fn new(kind: ProviderErrorKind, note: impl Into<String>) -> Self {
        Self(Box::new(Facts {
            kind,
            note: note.into(),
            status: None,
            upstream: UpstreamError::default(),
            retry_after: None,
            request_id: None,
            window: None,
            source: None,
        }))
    }

    pub(crate) fn setup(note: impl Into<String>) -> Self {
        Self::new(ProviderErrorKind::Setup, note)
    }

    pub(crate) fn unsupported(note: impl Into<String>) -> Self {
        Self::new(ProviderErrorKind::Unsupported, note)
    }

    pub(crate) fn in_stream(upstream: UpstreamError) -> Self {
        let mut fault =
            Self::new(ProviderErrorKind::InStream, "upstream reported a failure in its answer");
        fault.0.upstream = upstream;
        fault
    }

    pub(crate) fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = self.0.request_id.or(id);
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(std::sync::Arc::new(source));
        self
    }

    /// What this crate itself says of it. Holds no word of the upstream's.
    #[cfg(feature = "fallback")]
    pub(crate) fn note(&self) -> &str {
        &self.0.note
    }

    /// The same with none of `secrets` in anything that the upstream wrote.
    pub(crate) fn without(mut self, secrets: &Secrets) -> Self {
        let facts = &mut *self.0;
        let upstream = &mut facts.upstream;
        for word in [
            &mut upstream.message,
            &mut upstream.code,
            &mut upstream.error_type,
            &mut upstream.param,
            &mut facts.request_id,
        ]
        .into_iter()
        .flatten()
        {
            *word = secrets.blot(word);
        }
        self
    }
}

impl From<Failure> for ProviderError {
    fn from(failure: Failure) -> Self {
        let note = format!("upstream answered {}", failure.status.as_u16());
        let mut fault = Self::new(ProviderErrorKind::Http, note);
        fault.0.status = Some(failure.status);
        fault.0.upstream = failure.upstream;
        fault.0.retry_after = failure.retry_after;
        fault.0.request_id = failure.request_id;
        fault.0.window = failure.window;
        fault
    }
}

impl From<TransportError> for ProviderError {
    fn from(fault: TransportError) -> Self {
        let kind = ProviderErrorKind::Transport(fault.kind());
        Self::new(kind, fault.to_string()).with_source(fault)
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.note)?;
        match (self.code(), self.error_type()) {
            (Some(code), Some(kind)) => write!(f, " ({kind}, {code})"),
            (Some(word), None) | (None, Some(word)) => write!(f, " ({word})"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Debug for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderError")
            .field("kind", &self.0.kind)
            .field("note", &self.0.note)
            .field("status", &self.0.status)
            .field("code", &self.0.upstream.code)
            .field("error_type", &self.0.upstream.error_type)
            .field("retry_after", &self.0.retry_after)
            .field("request_id", &self.0.request_id)
            .finish_non_exhaustive()
    }
}

impl StdError for ProviderError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
