//! OpenAI's Responses API (`openai-responses`), both halves.
//!
//! Client half: [`OpenaiResponses`] encodes a canonical [`Request`] as
//! `POST {base}/responses`; its streams are read by
//! [`oc_responses_stream::ResponsesInterpreter`]. Server half, for a gateway:
//! [`decode_request`] and [`Renderer`].

#[cfg(test)]
pub(crate) mod conformance;
mod decode;
mod error;
mod items;
pub(super) mod relay;
mod render;
mod request;
mod tools;
mod unfold;

use oc_responses_stream::{Interpret, ResponsesInterpreter, sse};

pub(super) use decode::decode_item;
pub use decode::{BadRequest, ClientRequest, decode_request};
pub use error::error_body;
pub(super) use items::faithful_output as result_json;
pub use render::Renderer;
pub(super) use request::{LOGPROBS, LOGPROBS_IN_WORDS};
pub(super) use tools::decode as decode_tool;

use super::{Encoded, Wire};
use crate::endpoint::Endpoint;
use crate::error::ProviderError;
use crate::request::Request;

/// The wire `openai-responses`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct OpenaiResponses;

impl Wire for OpenaiResponses {
    fn encode(&self, request: &Request, endpoint: &Endpoint) -> Result<Encoded, ProviderError> {
        Ok(request::encode(request, endpoint))
    }

    fn interpreter(&self) -> Box<dyn Interpret + Send> {
        Box::new(ResponsesInterpreter::new())
    }

    fn unfold(&self, document: &str) -> Option<Vec<sse::Frame>> {
        unfold::unfold(document)
    }
}
