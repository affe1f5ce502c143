//! Wire formats: one folder each, named after the config's `api` value.
//!
//! A folder holds `mod.rs` (the [`Wire`]), `request.rs` (canonical request to
//! wire JSON), `stream.rs` (frames to deltas; the Responses wire's is in
//! `oc-responses-stream`), `error.rs` (what failures look like); and the server
//! half, for a gateway: `decode` (a client's JSON to the canonical request) and
//! `render` (deltas to a client). [`Dialect`] is one face over the three server
//! halves. Outside its folder a wire has one line in [`Api`] and one in `of`, below.

pub mod anthropic_messages;
mod dialect;
mod error_body;
mod fields;
mod foreign;
pub mod openai_completions;
pub mod openai_responses;
mod render;
mod unsaid;

use std::fmt;
use std::time::Duration;

pub use dialect::{AnswerName, Asked, Dialect, ErrorBody};
pub use render::Render;
#[cfg(feature = "fallback")]
pub(crate) use unsaid::is_host_step;

use http::{HeaderMap, StatusCode};
use oc_responses_stream::{Interpret, UpstreamError};
use serde_json::Value;

use crate::capabilities::Compat;
use crate::endpoint::{Api, Endpoint};
use crate::error::ProviderError;
use crate::loss::Loss;
use crate::request::Request;

/// The client half of a wire format: pure, without state of its own.
pub trait Wire: fmt::Debug + Send + Sync {
    /// `request` in this wire's JSON, as `endpoint` can take it.
    ///
    /// # Errors
    /// When something that the answer depends on cannot be said on this wire.
    /// What can be left out is left out and listed in [`Encoded::losses`].
    fn encode(&self, request: &Request, endpoint: &Endpoint) -> Result<Encoded, ProviderError>;

    /// A fresh reader for one answer.
    fn interpreter(&self) -> Box<dyn Interpret + Send>;

    /// Whether a JSON schema for the answer can be said to a host of this kind.
    fn carries_json_schema(&self, _compat: &Compat) -> bool {
        true
    }

    /// What a failed answer says of itself.
    fn failure(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        Failure {
            upstream: error_body::read(body),
            retry_after: error_body::retry_after(headers),
            request_id: error_body::request_id(headers),
            window: error_body::window(body),
            status,
        }
    }
}

/// A request in a wire's JSON.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Encoded {
    /// Where to, below the base URL.
    pub path: &'static str,
    /// The wire's own headers, without the key.
    pub headers: HeaderMap,
    /// The body.
    pub body: Value,
    /// What could not be carried over.
    pub losses: Vec<Loss>,
    /// The limit on output tokens that was sent, if any.
    pub max_output_tokens: Option<u64>,
}

impl Encoded {
    /// `body` to `path`, nothing lost.
    pub fn new(path: &'static str, body: Value) -> Self {
        Self { path, headers: HeaderMap::new(), body, losses: Vec::new(), max_output_tokens: None }
    }
}

/// What a failed answer says of itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The status.
    pub status: StatusCode,
    /// Code, type, words.
    pub upstream: UpstreamError,
    /// When it wants to be asked again.
    pub retry_after: Option<Duration>,
    /// Its own id of the request.
    pub request_id: Option<String>,
    /// The context window, in tokens, that it says it has.
    pub window: Option<u64>,
}

/// The wire that `api` stands for.
pub(crate) fn of(api: Api) -> &'static dyn Wire {
    match api {
        Api::OpenaiResponses => &openai_responses::OpenaiResponses,
        Api::OpenaiCompletions => &openai_completions::OpenaiCompletions,
        Api::AnthropicMessages => &anthropic_messages::AnthropicMessages,
    }
}

/// `request` in `wire`'s JSON, with nothing of the conversation left out
/// that the answer depends on.
pub(crate) fn encode(
    wire: &dyn Wire,
    request: &Request,
    endpoint: &Endpoint,
) -> Result<Encoded, ProviderError> {
    let encoded = wire.encode(request, endpoint)?;
    unsaid::check(request, &encoded)?;
    Ok(encoded)
}

/// The upstream's own id of a request, from the headers of any answer.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    error_body::request_id(headers)
}
