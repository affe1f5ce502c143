//! Anthropic's Messages API (`anthropic-messages`), client half.
//!
//! [`AnthropicMessages`] encodes a canonical request as `POST {base}/v1/messages`
//! (the base may end in `/v1`); [`MessagesInterpreter`] reads its streams, and
//! those of llama-server and vLLM, which differ. Error bodies need nothing of
//! their own: the shared reader knows their shape.

mod blocks;
mod ids;
mod request;
mod stream;
mod turns;

use http::{HeaderName, HeaderValue};
use oc_responses_stream::Interpret;

pub use stream::MessagesInterpreter;

use super::{Encoded, Wire};
use crate::endpoint::Endpoint;
use crate::error::ProviderError;
use crate::request::Request;

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

    fn interpreter(&self) -> Box<dyn Interpret + Send> {
        Box::new(MessagesInterpreter::new())
    }
}
