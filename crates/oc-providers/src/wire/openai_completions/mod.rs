//! OpenAI's Chat Completions API (`openai-completions`), both halves.
//!
//! Client half: [`OpenaiCompletions`] encodes a canonical request as
//! `POST {base}/chat/completions`; [`CompletionsInterpreter`] reads what comes
//! back from the many servers of this wire. Server half, for a gateway:
//! [`decode_request`] and [`Renderer`].
//!
//! What servers disagree about in a request is named in [`ChatCompat`].

mod annotations;
mod compat;
#[cfg(test)]
pub(crate) mod conformance;
mod custom;
mod decode;
mod error;
mod lists;
mod messages;
mod parts;
mod pictures;
pub(super) mod relay;
mod render;
mod request;
mod stream;
mod tools;
mod unfold;

#[cfg(feature = "fallback")]
use oc_responses_stream::OtherItem;
use oc_responses_stream::{Interpret, sse};

pub use compat::{
    ChatCompat, MaxTokensField, ReasoningField, ReasoningReplay, ThinkingFormat, ToolIdRule,
    UnknownWord,
};
pub use decode::{ChatRequest, decode_request};
pub use error::error_body;
pub(super) use render::Several;
pub use render::{ReasoningFields, RenderOptions, Renderer};
pub use stream::CompletionsInterpreter;

use super::{Encoded, Wire};
use crate::capabilities::Compat;
use crate::endpoint::Endpoint;
use crate::error::ProviderError;
use crate::model_facts::ModelFacts;
use crate::request::Request;

/// The config's word for this wire.
pub(crate) const API: &str = "openai-completions";

/// The wire `openai-completions`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct OpenaiCompletions;

impl Wire for OpenaiCompletions {
    fn encode(&self, request: &Request, endpoint: &Endpoint) -> Result<Encoded, ProviderError> {
        request::encode(request, endpoint)
    }

    fn interpreter(&self) -> Box<dyn Interpret + Send> {
        Box::new(CompletionsInterpreter::new())
    }

    fn gives_choices(&self) -> bool {
        true
    }

    fn interpreter_for(
        &self,
        compat: &Compat,
        facts: &ModelFacts,
        choices: u32,
    ) -> Box<dyn Interpret + Send> {
        let reader = CompletionsInterpreter::new()
            .with_choices(choices)
            .with_visible_details(facts.visible_details.clone())
            .sealing_reasoning(compat.chat.replay != ReasoningReplay::Never);
        Box::new(reader)
    }

    fn unfold(&self, document: &str) -> Option<Vec<sse::Frame>> {
        unfold::unfold(document)
    }
}

/// Whether `item` has a form on this wire.
#[cfg(feature = "fallback")]
pub(super) fn carries(item: &OtherItem) -> bool {
    custom::of(item).is_some() || pictures::of(item).is_some()
}
