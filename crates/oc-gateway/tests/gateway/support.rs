//! A gateway on a free port, a client that reads raw HTTP, and the configs that
//! most tests use.

use std::net::SocketAddr;

use oc_config::{Config, Settings};
use oc_gateway::{
    State,
    lookalike::{Lookalike, Step, messages, responses},
    shutdown::{self, Grace},
};
use oc_responses_stream::{
    Event, laws,
    sse::{Decoded, Decoder},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// What the hosted look-alike answers unless it is told otherwise.
pub(crate) const HOSTED: &str = "Grüße vom gehosteten Modell 🌤";

/// A local-first config over these two upstreams.
pub(crate) fn local_first(local: &str, hosted: &str) -> String {
    format!(
        r#"{{
          agents: {{ defaults: {{
            model: {{ primary: "lmstudio/local-model", fallbacks: ["anthropic/claude-sonnet-4-5"] }},
            models: {{ "lmstudio/local-model": {{ alias: "Local" }}, "anthropic/claude-sonnet-4-5": {{ alias: "Sonnet" }} }},
          }} }},
          models: {{ mode: "merge", providers: {{
            anthropic: {{ baseUrl: "{hosted}", apiKey: "sk-hosted-planted", models: [] }},
            lmstudio: {{ baseUrl: "{local}", apiKey: "lmstudio", api: "openai-responses",
              models: [{{ id: "local-model", name: "Local model", contextWindow: 65536, maxTokens: 8192 }}] }},
          }} }},
        }}"#
    )
}

/// A hosted look-alike that always gives the same answer.
pub(crate) async fn hosted() -> Lookalike {
    Lookalike::start(|_| {
        vec![Step::sse_head(), Step::send(messages::whole("claude-sonnet-4-5", HOSTED))]
    })
    .await
    .expect("a free port")
}

/// A local look-alike that always gives the same answer.
pub(crate) async fn local(reasoning: &str, text: &str) -> Lookalike {
    let whole = responses::whole("local-model", reasoning, text);
    Lookalike::start(move |_| vec![Step::sse_head(), Step::send(whole.clone())])
        .await
        .expect("a free port")
}

pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) state: State,
    stop: CancellationToken,
    serving: JoinSet<()>,
}

impl Gateway {
    /// The local-first config over two upstreams.
    pub(crate) async fn over(local: &Lookalike, hosted: &Lookalike) -> Self {
        let hosted = format!("http://{}", hosted.address());
        Self::start(&local_first(&local.base_url(), &hosted), "{}").await
    }

    pub(crate) async fn start(config: &str, settings: &str) -> Self {
        Self::start_within(config, settings, Grace::default()).await
    }

    pub(crate) async fn start_within(config: &str, settings: &str, grace: Grace) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::start_on(listener, config, settings, grace)
    }

    /// On a socket whose address was needed before.
    pub(crate) fn start_on(
        listener: TcpListener,
        config: &str,
        settings: &str,
        grace: Grace,
    ) -> Self {
        let nothing = |_: &str| None;
        let config = Config::parse(config, "openclaw.json", &nothing).expect("config").value;
        let settings =
            Settings::parse(settings, "oc-gateway.json5", &nothing).expect("settings").value;
        let state = State::assemble(config, settings).expect("state");
        let address = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let mut serving = JoinSet::new();
        let (app, drain) = (oc_gateway::app(state.clone()), state.drain().clone());
        let stopped = stop.clone().cancelled_owned();
        serving.spawn(async move {
            shutdown::serve(listener, app, drain, grace, stopped).await.expect("serving");
        });
        Self { address, state, stop, serving }
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.serving.join_next().await {
            ended.expect("the accept loop panicked");
        }
    }

    /// Asks it to stop; [`stop`](Self::stop) waits.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// `POST /v1/responses` with this body.
    pub(crate) async fn ask(&self, body: &Value) -> Answer {
        self.ask_with(body, &[]).await
    }

    pub(crate) async fn ask_with(&self, body: &Value, headers: &[(&str, &str)]) -> Answer {
        self.request("POST", "/v1/responses", headers, Some(body.to_string().as_bytes())).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], None).await
    }

    /// Any request; `headers` may replace `host` and `content-type`.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let socket = self.open(method, path, headers, body).await;
        Answer::read(socket).await
    }

    /// Sends a request and leaves the answer to be read.
    pub(crate) async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> TcpStream {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        let given = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if !given("host") {
            head.push_str(&format!("host: {}\r\n", self.address));
        }
        if let Some(body) = body {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
            if !given("content-type") {
                head.push_str("content-type: application/json\r\n");
            }
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut socket = TcpStream::connect(self.address).await.expect("the gateway listens");
        let request = [head.as_bytes(), body.unwrap_or_default()].concat();
        // A gateway that refuses early may close before it has read everything.
        drop(socket.write_all(&request).await);
        socket
    }
}

/// A whole answer, or what came of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as HTTP wants it.
    pub(crate) whole: bool,
}

impl Answer {
    async fn read(mut socket: TcpStream) -> Self {
        let mut raw = Vec::new();
        let ended = socket.read_to_end(&mut raw).await.is_ok();
        let split = raw.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(raw[..split].to_vec()).expect("a head in ASCII");
        let rest = &raw[split + 4..];
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let chunked = headers.iter().any(|(n, v)| n == "transfer-encoding" && v == "chunked");
        let (body, whole) = if chunked { dechunk(rest) } else { (rest.to_vec(), true) };
        Self { status: status.parse().expect("a status"), headers, body, whole: whole && ended }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// `error.message`.
    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().expect("an error message").to_owned()
    }

    /// The stream's events, held to the laws; `[DONE]` must be last.
    pub(crate) fn events(&self) -> Vec<Event> {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("text/event-stream"));
        assert!(self.whole, "the stream broke off");
        let mut decoder = Decoder::new();
        decoder.feed(&self.body);
        decoder.finish();
        let (mut events, mut done) = (Vec::new(), false);
        let mut checker = laws::Checker::new();
        while let Some(decoded) = decoder.next_frame() {
            let Decoded::Frame(frame) = decoded.expect("a sound frame") else { continue };
            assert!(!done, "something follows [DONE]");
            if frame.is_done_mark() {
                done = true;
                continue;
            }
            let event = Event::from_json(frame.data()).expect("an event");
            assert_eq!(frame.event(), Some(event.name()));
            checker.push(&event).expect("the laws of a Responses stream");
            events.push(event);
        }
        checker.finish().expect("the laws of a Responses stream");
        assert!(done, "no [DONE]");
        events
    }

    /// The stream, folded.
    pub(crate) fn told(&self) -> Told {
        let mut told = Told::default();
        for event in self.events() {
            match &event {
                Event::OutputTextDelta(delta) => told.text.push_str(&delta.delta),
                Event::ReasoningSummaryTextDelta(delta) => told.reasoning.push_str(&delta.delta),
                Event::ReasoningTextDelta(delta) => told.reasoning.push_str(&delta.delta),
                _ => {}
            }
            if event.is_terminal() {
                told.ending = event.name().to_owned();
                told.response = event.to_json()["response"].clone();
            }
        }
        told
    }
}

/// A stream's content.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    /// The terminal event's name.
    pub(crate) ending: String,
    /// The terminal event's response.
    pub(crate) response: Value,
}

impl Told {
    pub(crate) fn note(&self, name: &str) -> &str {
        self.response["metadata"][name].as_str().unwrap_or_default()
    }
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(line) = rest.windows(2).position(|w| w == b"\r\n") else { return (body, false) };
        let size = std::str::from_utf8(&rest[..line]).expect("a chunk size");
        let size = usize::from_str_radix(size.trim(), 16).expect("a chunk size");
        if size == 0 {
            return (body, true);
        }
        let Some(chunk) = rest.get(line + 2..line + 2 + size) else { return (body, false) };
        body.extend_from_slice(chunk);
        rest = rest.get(line + 4 + size..).unwrap_or_default();
    }
}

/// A request body for the default chain.
pub(crate) fn question(stream: bool) -> Value {
    json!({ "model": "default", "stream": stream, "input": "What is the weather like?" })
}
