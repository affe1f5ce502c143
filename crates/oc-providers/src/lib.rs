//! Model providers behind one face: ask a [`Provider`], get [`Delta`]s.
//!
//! Whatever wire a server speaks, and however it deviates from it, what comes
//! out is the same: reasoning apart from final text, tool calls whole, exactly
//! one end. And whatever was asked, a local server gets only what it can take.
//!
//! ```text
//!            Request (canonical)                     Delta, Delta, …, Finish
//!                 │                                            ▲
//!   wire/<api>/request.rs  ── JSON ──►  Transport  ── bytes ── Pipeline
//!                 │                     (reqwest,              (SSE, wire, <think>,
//!         Endpoint · vendors             scripted)              whole calls, truncation)
//! ```
//!
//! - **Wires**, one folder each, both halves: `openai-responses`,
//!   `openai-completions`, `anthropic-messages`. A [`Wire`](wire::Wire) can also
//!   live outside this crate.
//! - **Dialects**, for gateways: a client's body in any of the three is read by
//!   [`Dialect::decode_request`](wire::Dialect::decode_request), and answered by
//!   the [`Render`](wire::Render) that comes of it.
//! - **Transport**: [`ReqwestTransport`] follows no redirect, heeds no proxy
//!   variable, and connects only to addresses that the endpoint's [`Locality`]
//!   admits; [`ScriptedTransport`] needs no network at all.
//! - **Errors** are facts ([`ProviderError`]): status, code, type, words, when
//!   to ask again. With feature `fallback` they are what `oc-fallback` reads.
//!
//! What it does not do: read files or the environment, choose between
//! providers, retry (but for one lost race on a kept connection), or keep state
//! between requests.
//!
//! ```
//! use std::sync::Arc;
//! use oc_providers::{
//!     Api, ApiKey, Delta, Endpoint, Provider, Request, Script, ScriptedTransport,
//! };
//!
//! # futures::executor::block_on(async {
//! // A scripted server that thinks aloud in its text, as many local models do.
//! let transport = Arc::new(ScriptedTransport::new([Script::sse(concat!(
//!     "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,",
//!     "\"delta\":\"<think>easy</think>Hello.\"}\n\n",
//!     "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n",
//! ))]));
//! let endpoint = Endpoint::new("lmstudio", Api::OpenaiResponses, "http://127.0.0.1:1234/v1")?
//!     .key(ApiKey::new("lmstudio"));
//! let provider = Provider::new(endpoint, transport.clone())?;
//!
//! let (mut reasoning, mut answer) = (String::new(), String::new());
//! for delta in provider.collect(&Request::text("minimax-m2.1-gs32", "Say hello.")).await? {
//!     match delta {
//!         Delta::Reasoning(piece) => reasoning += &piece.text,
//!         Delta::Text(piece) => answer += &piece.text,
//!         _ => {}
//!     }
//! }
//! assert_eq!((reasoning.as_str(), answer.as_str()), ("easy", "Hello."));
//! // Nothing went out that only OpenAI's own host accepts.
//! assert!(transport.sent()[0].body.get("store").is_none());
//! # Ok::<(), oc_providers::ProviderError>(())
//! # }).unwrap();
//! ```
//!
//! Features: `reqwest` (default) adds the HTTP transport, `fallback` (default)
//! adds [`DeltaGate`] and `Facts` for [`ProviderError`].
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod call_ids;
mod capabilities;
#[cfg(test)]
mod conformance;
mod driver;
mod endpoint;
mod entities;
mod error;
#[cfg(feature = "fallback")]
mod facts;
#[cfg(feature = "fallback")]
mod gate;
mod locality;
mod loss;
mod markup;
mod model_facts;
mod pipeline;
mod provider;
mod request;
mod schema;
mod seal;
mod secret;
mod stages;
mod stops;
mod told_twice;
mod transport;
mod truncation;
mod vendors;
mod weight;
mod whole_calls;
pub mod wire;

pub use capabilities::{Auth, Compat, EffortWords};
pub use driver::Deltas;
pub use endpoint::{Api, Endpoint, Limits, UnknownApi};
pub use error::{ProviderError, ProviderErrorKind};
#[cfg(feature = "fallback")]
pub use gate::{DeltaGate, delta_gate, may_show_early};
pub use locality::Locality;
pub use loss::Loss;
pub use markup::ToolCallParser;
pub use model_facts::ModelFacts;
pub use oc_responses_stream::{Blocks, Delta, EmptyFinal, Item};
pub use provider::{Prepared, Provider};
pub use request::{
    Effort, FunctionTool, JsonSchemaFormat, ReasoningRequest, Request, TextFormat, Tool, ToolChoice,
};
pub use schema::SchemaProfile;
pub use secret::ApiKey;
pub use transport::{
    HttpRequest, HttpResponse, Script, ScriptedTransport, SentRequest, Transport, TransportError,
    TransportErrorKind,
};
#[cfg(feature = "reqwest")]
pub use transport::{Lookup, ReqwestTransport, ReqwestTransportBuilder, SystemLookup};
pub use vendors::{VENDORS, Vendor};
pub use weight::delta_weight;
