//! Anthropic's Messages API (`anthropic-messages`), both halves.
//!
//! Client half: [`AnthropicMessages`] encodes a canonical request as
//! `POST {base}/v1/messages` (the base may end in `/v1`); [`MessagesInterpreter`]
//! reads its streams, and those of llama-server and vLLM, which differ. A failed
//! answer's body needs nothing of its own: the shared reader knows its shape.
//! Server half, for a gateway: [`decode_request`], [`Renderer`], [`error_body`].

pub(super) mod as_text;
mod blocks;
mod citations;
#[cfg(test)]
pub(crate) mod conformance;
mod decode;
mod error;
mod events;
pub(crate) mod inputs;
pub(super) mod relay;
mod render;
mod request;
mod stream;
mod turns;
mod unfold;

use http::{HeaderName, HeaderValue};
use oc_responses_stream::{Interpret, sse};

pub use decode::{MessagesRequest, decode_request};
pub use error::error_body;
pub use render::{RenderOptions, Renderer};
pub use stream::MessagesInterpreter;

use super::{Encoded, Wire};
use crate::capabilities::Compat;
use crate::endpoint::Endpoint;
use crate::error::ProviderError;
use crate::request::Request;

/// The signature of thinking that nobody signed. Clients of this wire want one,
/// and hand it back; it seals nothing.
const NO_SIGNATURE: &str = "oc-unsigned";

/// The wire `anthropic-messages`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AnthropicMessages;

impl Wire for AnthropicMessages {
    fn encode(&self, request: &Request, endpoint: &Endpoint) -> Result<Encoded, ProviderError> {
        let mut encoded = request::encode(request, endpoint)?;
        encoded.headers.insert(
            HeaderName::from_static("anthropic-version"),
            HeaderValue::from_static("2023-06-01"),
        );
        Ok(encoded)
    }

    /// `output_config.format` came late, and is not known to every host.
    fn carries_json_schema(&self, compat: &Compat) -> bool {
        compat.structured_output
    }

    fn interpreter(&self) -> Box<dyn Interpret + Send> {
        Box::new(MessagesInterpreter::new())
    }

    fn unfold(&self, document: &str) -> Option<Vec<sse::Frame>> {
        unfold::unfold(document)
    }
}
