//! Wire formats: one folder each, named after the config's `api` value.
//!
//! A folder holds `mod.rs` (the [`Wire`]), `request.rs` (canonical request to
//! wire JSON), `stream.rs` (frames to deltas; the Responses wire's is in
//! `oc-responses-stream`), `error.rs` (what failures look like); and the server
//! half, for a gateway: `decode` (a client's JSON to the canonical request) and
//! `render` (deltas to a client). [`Dialect`] is one face over the three server
//! halves. Outside its folder a wire has one line in [`Api`] and one in `of`, below.

pub mod anthropic_messages;
mod carried;
mod dialect;
pub(crate) mod error_body;
mod extra;
mod fields;
mod foreign;
mod inline_thoughts;
pub mod openai_completions;
pub mod openai_responses;
mod pairs;
mod places;
mod relay;
mod render;
mod surrogates;
mod tool_ids;
mod unsaid;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use anthropic_messages::as_text;
use anthropic_messages::inputs::Inputs;
pub(crate) use carried::{BringBack, Carried};
pub use dialect::{AnswerName, Asked, Dialect, ErrorBody};
pub(crate) use places::Places;
pub use render::{CarriedItems, Render};
#[cfg(feature = "fallback")]
pub(crate) use unsaid::is_host_step;

use http::{HeaderMap, StatusCode};
use oc_responses_stream::{Interpret, UpstreamError, sse};
use serde_json::{Map, Value};

use crate::capabilities::Compat;
use crate::endpoint::{Api, Endpoint};
use crate::error::ProviderError;
use crate::loss::Loss;
use crate::markup::Declared;
use crate::model_facts::ModelFacts;
use crate::request::{Request, ToolChoice};

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
    fn carries_json_schema(&self, compat: &Compat) -> bool {
        compat.json_schema
    }

    /// Whether a host can be asked for several answers at once (`n` of Chat
    /// Completions). Default: no.
    fn gives_choices(&self) -> bool {
        false
    }

    /// The same for what this host answers, by a model of which this is known, to
    /// a request for so many `choices`, which are more than one only where
    /// [`gives_choices`](Self::gives_choices). By default none of it makes a
    /// difference.
    fn interpreter_for(
        &self,
        _compat: &Compat,
        _facts: &ModelFacts,
        _choices: u32,
    ) -> Box<dyn Interpret + Send> {
        self.interpreter()
    }

    /// The events that a server would have streamed in place of `document`, a
    /// whole answer: so that a client of this wire gets even then what nobody
    /// here knows. `None`: what it means is written anew. By default it is.
    fn unfold(&self, _document: &str) -> Option<Vec<sse::Frame>> {
        None
    }

    /// What a failed answer says of itself.
    fn failure(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        Failure {
            upstream: error_body::read(body),
            retry_after: error_body::retry_after(headers, body),
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
    /// Stop sequences that the host is not given: they are enforced on its
    /// answer.
    pub stop: Vec<String>,
    /// How many answers are asked for.
    pub(crate) choices: u32,
    /// The client speaks this wire: the host's frames are given out, too.
    pub(crate) relays: bool,
    /// Inputs of calls that the body cannot hold to the letter.
    pub(crate) inputs: Inputs,
    /// The window that the server has stated lately.
    pub(crate) served_window: Option<u64>,
    /// The tools that were put into the form of functions.
    pub(crate) carried: Carried,
    /// The functions that the host may call.
    pub(crate) declared: Declared,
}

impl Encoded {
    /// `body` to `path`, nothing lost.
    pub fn new(path: &'static str, body: Value) -> Self {
        Self {
            path,
            headers: HeaderMap::new(),
            body,
            losses: Vec::new(),
            max_output_tokens: None,
            stop: Vec::new(),
            choices: 1,
            relays: false,
            inputs: Inputs::default(),
            served_window: None,
            carried: Carried::default(),
            declared: Declared::default(),
        }
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

/// The most stop sequences that are enforced here.
const MOST_STOPS: usize = 64;
/// Fields that hold the conversation, or say how it is answered: those that a
/// config adds do not replace them.
const OURS: &[&str] = &["model", "input", "messages", "stream", "n"];
/// The limit on output tokens, as the wires call it.
const LIMITS: &[&str] = &["max_tokens", "max_completion_tokens", "max_output_tokens"];

/// `request` in `wire`'s JSON, with nothing of the conversation left out
/// that the answer depends on.
pub(crate) fn encode(
    wire: &dyn Wire,
    request: &Request,
    endpoint: &Endpoint,
) -> Result<Encoded, ProviderError> {
    if request.choices() > 1 && !wire.gives_choices() {
        return Err(ProviderError::unsupported(format!(
            "{} gives one answer, and {} were asked for (`n`)",
            endpoint.api(),
            request.choices()
        )));
    }
    let request = &*inline_thoughts::told_apart(request);
    let request = &*with_the_tools_it_takes(request, endpoint)?;
    let mut losses = Vec::new();
    let request = &*as_text::told(request, endpoint, &mut losses);
    let carried::AsFunctions { request, carried, losses: of_tools } =
        carried::as_functions(request, endpoint);
    losses.extend(of_tools);
    let mut encoded = wire.encode(&request, endpoint)?;
    unsaid::check(&request, &encoded)?;
    if encoded.stop.len() > MOST_STOPS {
        return Err(ProviderError::unsupported(format!(
            "host takes fewer stop sequences, and more than {MOST_STOPS} are not enforced here"
        )));
    }
    encoded.headers.extend(request.headers.clone());
    encoded.choices = request.choices();
    encoded.relays = request.wire == Some(endpoint.api());
    losses.append(&mut encoded.losses);
    // A long history loses the same again and again.
    let mut told = HashSet::new();
    losses.retain(|loss| told.insert(loss.clone()));
    encoded.losses = losses;
    encoded.carried = carried;
    encoded.declared = Declared::of(&request);
    let facts = endpoint.facts(&request.model);
    put_usual_fields(&mut encoded, &facts.usual_fields);
    put_fields(&mut encoded, &facts.fields);
    Ok(encoded)
}

/// # Errors
/// When the host takes no tools, and the request offers some.
fn with_the_tools_it_takes<'a>(
    request: &'a Request,
    endpoint: &Endpoint,
) -> Result<Cow<'a, Request>, ProviderError> {
    if endpoint.compat_flags().tools || request.tools.is_empty() {
        return Ok(Cow::Borrowed(request));
    }
    if request.tool_choice != Some(ToolChoice::None) {
        return Err(ProviderError::unsupported("host takes no tools (compat `supportsTools`)"));
    }
    let mut request = request.clone();
    request.tools.clear();
    request.tool_choice = None;
    Ok(Cow::Owned(request))
}

/// What the config says where the request says nothing.
fn put_usual_fields(encoded: &mut Encoded, fields: &Map<String, Value>) {
    let Value::Object(body) = &mut encoded.body else { return };
    for (name, value) in fields {
        body.entry(name.clone()).or_insert_with(|| value.clone());
    }
}

/// What the config adds to every request of a model. An object is added to key
/// by key.
fn put_fields(encoded: &mut Encoded, fields: &Map<String, Value>) {
    let Value::Object(body) = &mut encoded.body else { return };
    for (name, value) in fields.iter().filter(|(name, _)| !OURS.contains(&name.as_str())) {
        if LIMITS.contains(&name.as_str()) {
            encoded.max_output_tokens = value.as_u64().or(encoded.max_output_tokens);
        }
        match (body.get_mut(name), value) {
            (Some(Value::Object(there)), Value::Object(more)) => {
                there.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            _ => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The upstream's own id of a request, from the headers of any answer.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    error_body::request_id(headers)
}
