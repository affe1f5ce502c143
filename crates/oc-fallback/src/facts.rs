//! What a provider's error says, as facts and nothing else.
//!
//! A provider library implements [`Facts`] for its error type; [`crate::classify`]
//! turns the facts into a [`crate::Reason`]. Judgement never lives in the
//! provider library, so that one table decides for every provider.

use std::{fmt, time::Duration};

/// Which limit ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// The connection was not made in time (DNS, TCP and TLS together).
    Connect,
    /// No event of any kind arrived in time.
    FirstByte,
    /// Events arrived, but nothing meaningful did.
    FirstText,
    /// The stream fell silent between two events.
    Idle,
    /// The candidate used up its share of the request's deadline before its
    /// first text, while another candidate was waiting.
    Share,
    /// The request's own deadline.
    Total,
    /// The provider's own limit, told by a status such as 408 or 504.
    Upstream,
}

impl Limit {
    /// The limit's name as the configuration writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::FirstByte => "firstByte",
            Self::FirstText => "firstText",
            Self::Idle => "idle",
            Self::Share => "share",
            Self::Total => "total",
            Self::Upstream => "upstream",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where it broke. The first thing [`crate::classify`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The connection was refused: nothing listens there.
    Refused,
    /// The host's name did not resolve.
    Dns,
    /// The TLS handshake failed: certificate, name or protocol.
    Tls,
    /// One of the limits ran out.
    Limit(Limit),
    /// The connection was reset or closed before or while the answer came.
    Reset,
    /// The body ended in an orderly way, without the provider's terminal event.
    Cut,
    /// What came was not this protocol: a broken frame, HTML under 200.
    Protocol,
    /// A frame, a body or the held part of a stream was over its bound.
    Oversized,
    /// An HTTP error status was received.
    Http,
    /// The answer began with success, then carried an error.
    InStream,
    /// The caller went away.
    Cancelled,
    /// A policy (locality, region) forbade it before anything was sent.
    Policy,
    /// The adapter cannot say this request in the provider's protocol.
    Unsupported,
}

/// What a provider's error says. Implement it for your client's error type.
///
/// Only [`Facts::fault`] is required; say what is known and leave the rest.
/// `code`, `error_type` and `message` are the provider's own words out of its
/// error body, never the text of a prompt or an answer: they are classified.
///
/// ```
/// use oc_fallback::{classify, Facts, Fault, Reason};
///
/// struct MyError { status: u16 }
///
/// impl Facts for MyError {
///     fn fault(&self) -> Fault { Fault::Http }
///     fn status(&self) -> Option<u16> { Some(self.status) }
/// }
///
/// assert_eq!(classify(&MyError { status: 529 }), Reason::Overloaded);
/// ```
pub trait Facts {
    /// Where it broke.
    fn fault(&self) -> Fault;

    /// The HTTP status, where one was received (also 200 for [`Fault::InStream`]).
    fn status(&self) -> Option<u16> {
        None
    }

    /// The error body's `code`; a number as its decimal digits.
    fn code(&self) -> Option<&str> {
        None
    }

    /// The error body's `type`.
    fn error_type(&self) -> Option<&str> {
        None
    }

    /// The error body's message. Bounded and redacted before it is kept.
    fn message(&self) -> Option<&str> {
        None
    }

    /// How long the provider asks to wait, already as a duration.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// The provider's id for this request, for its support desk.
    fn request_id(&self) -> Option<&str> {
        None
    }

    /// The context window in tokens that the error names in a field of its own
    /// (llama.cpp's `n_ctx`); one that the message names is found there. Smaller
    /// than the configured one where a model was loaded short.
    fn window(&self) -> Option<u64> {
        None
    }
}

impl<F: Facts + ?Sized> Facts for &F {
    fn fault(&self) -> Fault {
        (**self).fault()
    }
    fn status(&self) -> Option<u16> {
        (**self).status()
    }
    fn code(&self) -> Option<&str> {
        (**self).code()
    }
    fn error_type(&self) -> Option<&str> {
        (**self).error_type()
    }
    fn message(&self) -> Option<&str> {
        (**self).message()
    }
    fn retry_after(&self) -> Option<Duration> {
        (**self).retry_after()
    }
    fn request_id(&self) -> Option<&str> {
        (**self).request_id()
    }
    fn window(&self) -> Option<u64> {
        (**self).window()
    }
}

/// [`Facts`] as plain data, for clients whose error type is not theirs to extend.
///
/// ```
/// use oc_fallback::{classify, FactSheet, Fault, Reason};
///
/// let facts = FactSheet::new(Fault::Http).with_status(429).with_code("insufficient_quota");
/// assert_eq!(classify(&facts), Reason::Billing);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactSheet {
    fault: Fault,
    status: Option<u16>,
    code: Option<String>,
    error_type: Option<String>,
    message: Option<String>,
    retry_after: Option<Duration>,
    request_id: Option<String>,
    window: Option<u64>,
}

impl FactSheet {
    /// A sheet that knows only where it broke.
    #[must_use]
    pub const fn new(fault: Fault) -> Self {
        Self {
            fault,
            status: None,
            code: None,
            error_type: None,
            message: None,
            retry_after: None,
            request_id: None,
            window: None,
        }
    }

    /// Adds the HTTP status.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds the error body's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds the error body's type.
    #[must_use]
    pub fn with_error_type(mut self, error_type: impl Into<String>) -> Self {
        self.error_type = Some(error_type.into());
        self
    }

    /// Adds the error body's message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Adds the wait that the provider asks for.
    #[must_use]
    pub const fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Adds the provider's request id.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Adds the context window, in tokens, that the error names.
    #[must_use]
    pub const fn with_window(mut self, tokens: u64) -> Self {
        self.window = Some(tokens);
        self
    }
}

impl Facts for FactSheet {
    fn fault(&self) -> Fault {
        self.fault
    }
    fn status(&self) -> Option<u16> {
        self.status
    }
    fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
    fn error_type(&self) -> Option<&str> {
        self.error_type.as_deref()
    }
    fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
    fn window(&self) -> Option<u64> {
        self.window
    }
}
