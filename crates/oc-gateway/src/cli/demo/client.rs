//! The demo's client: it knows only the gateway's address, and believes only
//! what it reads from the socket.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use oc_providers::{HttpRequest, HttpResponse, Limits, Locality, ReqwestTransport, Transport as _};
use oc_responses_stream::sse::{Decoded, Decoder, Frame};
use serde_json::{Value, json};

/// A client of one gateway.
pub(super) struct Client {
    gateway: SocketAddr,
    transport: Arc<ReqwestTransport>,
}

/// One answer, as it was read from the socket.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Everything that was marked as reasoning.
    pub(super) reasoning: String,
    /// Everything that was marked as the answer's text.
    pub(super) text: String,
    /// The names of the terminal events, in order.
    pub(super) endings: Vec<String>,
    /// The terminal event's response object.
    pub(super) response: Value,
    /// Whether `[DONE]` was the last thing said.
    pub(super) done: bool,
}

impl Client {
    pub(super) fn of(gateway: SocketAddr) -> Self {
        Self { gateway, transport: Arc::new(ReqwestTransport::new()) }
    }

    /// Asks the configured chain, streaming. `on_text` is called after each
    /// piece of final text has been read.
    pub(super) async fn ask(
        &self,
        prompt: &str,
        mut on_text: impl AsyncFnMut(),
    ) -> anyhow::Result<Heard> {
        let body = json!({ "model": "default", "stream": true, "input": prompt });
        let mut response = self.post(&body).await?;
        if !response.status.is_success() {
            let mut text = Vec::new();
            while let Some(Ok(piece)) = response.body.next().await {
                text.extend_from_slice(&piece);
            }
            bail!("HTTP {}: {}", response.status.as_u16(), message(&text));
        }
        let mut heard = Heard::default();
        let mut decoder = Decoder::new();
        while let Some(piece) = response.body.next().await {
            decoder.feed_bytes(piece.context("the gateway broke its own stream")?);
            while let Some(decoded) = decoder.next_frame() {
                let decoded = decoded.context("the gateway sent a broken frame")?;
                if let Decoded::Frame(frame) = decoded
                    && heard.take(&frame)
                {
                    on_text().await;
                }
            }
        }
        Ok(heard)
    }

    async fn post(&self, body: &Value) -> anyhow::Result<HttpResponse> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let url = format!("http://{}/v1/responses", self.gateway).parse()?;
        let body = Bytes::from(body.to_string());
        let request = HttpRequest::new(url, headers, body, Locality::Loopback, Limits::untimed());
        self.transport.send(request).await.context("the gateway does not answer")
    }
}

impl Heard {
    /// Takes one frame in; `true` when it held final text.
    fn take(&mut self, frame: &Frame) -> bool {
        if frame.is_done_mark() {
            self.done = true;
            return false;
        }
        let event: Value = serde_json::from_str(frame.data()).unwrap_or_default();
        let delta = event["delta"].as_str().unwrap_or_default();
        match event["type"].as_str().unwrap_or_default() {
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.reasoning.push_str(delta);
            }
            "response.output_text.delta" => {
                self.text.push_str(delta);
                return true;
            }
            name @ ("response.completed" | "response.incomplete" | "response.failed") => {
                self.endings.push(name.to_owned());
                self.response = event["response"].clone();
            }
            _ => {}
        }
        false
    }

    /// Whether the answer ended once, with `name`, and then with `[DONE]`.
    pub(super) fn ended_with(&self, name: &str) -> bool {
        self.endings == [name] && self.done
    }

    /// One of the gateway's own notes in the terminal event.
    pub(super) fn note(&self, name: &str) -> &str {
        self.response["metadata"][name].as_str().unwrap_or_default()
    }

    /// The failure's text, if it failed.
    pub(super) fn failure(&self) -> &str {
        self.response["error"]["message"].as_str().unwrap_or_default()
    }
}

fn message(body: &[u8]) -> String {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    match json["error"]["message"].as_str() {
        Some(message) => message.to_owned(),
        None => "no explanation".to_owned(),
    }
}
