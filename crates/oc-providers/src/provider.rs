//! A provider: an endpoint and the transport that reaches it.

use std::sync::Arc;

use futures::StreamExt as _;
use oc_responses_stream::Delta;

use crate::driver::Deltas;
use crate::endpoint::Endpoint;
use crate::error::ProviderError;
use crate::loss::Loss;
use crate::request::Request;
use crate::transport::Transport;
use crate::wire::{self, Encoded, Wire};

/// A provider that can be asked.
///
/// Cheap to clone; holds no state of its own between requests.
///
/// ```
/// use std::sync::Arc;
/// use futures::StreamExt as _;
/// use oc_providers::{Api, Delta, Endpoint, Provider, Request, Script, ScriptedTransport};
///
/// # futures::executor::block_on(async {
/// let transport = ScriptedTransport::new([Script::sse(concat!(
///     "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"42\"}\n\n",
///     "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n",
/// ))]);
/// let endpoint = Endpoint::new("lmstudio", Api::OpenaiResponses, "http://127.0.0.1:1234/v1")?;
/// let provider = Provider::new(endpoint, Arc::new(transport))?;
///
/// let mut answer = String::new();
/// let mut deltas = provider.stream(&Request::text("any", "6 × 7?")).await?;
/// while let Some(delta) = deltas.next().await {
///     if let Delta::Text(text) = delta? {
///         answer += &text.text;
///     }
/// }
/// assert_eq!(answer, "42");
/// # Ok::<(), oc_providers::ProviderError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Provider {
    endpoint: Arc<Endpoint>,
    transport: Arc<dyn Transport>,
    wire: &'static dyn Wire,
}

impl Provider {
    /// The provider at `endpoint`, reached by `transport`. Nothing is sent.
    ///
    /// # Errors
    /// When the endpoint's key holds characters that no HTTP header may carry.
    pub fn new(endpoint: Endpoint, transport: Arc<dyn Transport>) -> Result<Self, ProviderError> {
        let wire = wire::of(endpoint.api());
        Self::with_wire(endpoint, transport, wire)
    }

    /// The same, but speaking `wire`, whatever the endpoint's `api` says: for
    /// wires that live outside this crate.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_wire(
        endpoint: Endpoint,
        transport: Arc<dyn Transport>,
        wire: &'static dyn Wire,
    ) -> Result<Self, ProviderError> {
        endpoint.key_headers()?;
        Ok(Self { endpoint: Arc::new(endpoint), transport, wire })
    }

    /// Where it is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What would be sent for `request`, with what would be lost; nothing is sent.
    ///
    /// # Errors
    /// When the request cannot be said on this wire.
    pub fn encode(&self, request: &Request) -> Result<Encoded, ProviderError> {
        wire::encode(self.wire, request, &self.endpoint)
    }

    /// Sends `request` and waits for the answer's head.
    ///
    /// # Errors
    /// When no answer begins: the request cannot be sent, no connection, a
    /// status that is no success, a web page instead of an answer.
    pub async fn stream(&self, request: &Request) -> Result<Deltas, ProviderError> {
        self.deltas(request.clone()).opened().await
    }

    /// The deltas of the answer to `request`. Sends on first poll; what
    /// [`stream`](Self::stream) returns as an error is the stream's only item here.
    pub fn deltas(&self, request: Request) -> Deltas {
        match self.prepare(&request) {
            Ok(prepared) => prepared.deltas(),
            Err(fault) => Deltas::failed(fault),
        }
    }

    /// `request` in the wire's words, ready to be sent: for those who want to
    /// know what it loses before they send it.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use oc_providers::{Api, Endpoint, Loss, Provider, Request, ScriptedTransport};
    ///
    /// let endpoint = Endpoint::new("box", Api::OpenaiResponses, "http://127.0.0.1:1234/v1")?;
    /// let provider = Provider::new(endpoint, Arc::new(ScriptedTransport::default()))?;
    /// let mut request = Request::text("m", "Count to ten.");
    /// request.stop = vec!["7".into()];
    /// let prepared = provider.prepare(&request)?;
    /// assert_eq!(prepared.losses(), [Loss::EnforcedHere("stop")]);
    /// # Ok::<(), oc_providers::ProviderError>(())
    /// ```
    ///
    /// # Errors
    /// When the request cannot be said on this wire.
    pub fn prepare(&self, request: &Request) -> Result<Prepared, ProviderError> {
        let encoded = self.encode(request)?;
        Ok(Prepared { provider: self.clone(), model: request.model.clone(), encoded })
    }

    /// Sends `request` and collects all deltas of the answer.
    ///
    /// # Errors
    /// The first error, before or in the answer.
    pub async fn collect(&self, request: &Request) -> Result<Vec<Delta>, ProviderError> {
        let mut deltas = self.stream(request).await?;
        let mut all = Vec::new();
        while let Some(delta) = deltas.next().await {
            all.push(delta?);
        }
        Ok(all)
    }
}

/// A request that is ready to be sent. See [`Provider::prepare`].
#[derive(Debug)]
pub struct Prepared {
    provider: Provider,
    model: String,
    encoded: Encoded,
}

impl Prepared {
    /// What of the request could not be carried over.
    pub fn losses(&self) -> &[Loss] {
        &self.encoded.losses
    }

    /// With the size of the model's window in tokens, as its server has stated it
    /// lately (in the error of a prompt that was too long, say): an answer that
    /// ends exactly there is told as cut by it, whatever the server calls it.
    /// `None` leaves it at [`ModelFacts::served_window`](crate::ModelFacts).
    #[must_use]
    pub fn with_served_window(mut self, tokens: Option<u64>) -> Self {
        self.encoded.served_window = tokens;
        self
    }

    /// The deltas of the answer. Sends on first poll.
    pub fn deltas(self) -> Deltas {
        let Provider { endpoint, transport, wire } = self.provider;
        Deltas::lazy(endpoint, transport, wire, self.model, self.encoded)
    }
}
