//! The scripted upstream, and a relay that copies its bytes: each on a thread
//! and a single-threaded runtime of its own, on loopback.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use super::script::{Script, WIRES, Wire};

/// How an answer is told; its name is the model that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As fast as it is read: shows what reading and writing cost.
    Burst,
    /// A word every ten milliseconds, as a fast model does: shows what waking up costs.
    Paced,
    /// Some words, and then nothing until the client goes away.
    Held,
}

impl Pace {
    pub(super) const ALL: [Self; 3] = [Self::Burst, Self::Paced, Self::Held];
    pub(super) const SPACING: Duration = Duration::from_millis(10);

    pub(super) fn model(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Paced => "paced",
            Self::Held => "held",
        }
    }

    /// How many words an answer has.
    pub(super) fn words(self) -> usize {
        match self {
            Self::Burst => 2_000,
            Self::Paced => 100,
            Self::Held => 200,
        }
    }
}

/// When the paced words of each stream left, in nanoseconds after `epoch`.
#[derive(Debug)]
pub(super) struct Departures {
    epoch: Instant,
    times: Vec<AtomicU64>,
}

/// As many streams may be paced at once.
pub(super) const STREAMS: usize = 20;
/// What a prompt holds before the number of its stream.
pub(super) const STREAM: &str = "bench-stream-";

impl Departures {
    fn new() -> Self {
        let times = (0..STREAMS * Pace::Paced.words()).map(|_| AtomicU64::new(0)).collect();
        Self { epoch: Instant::now(), times }
    }

    fn note(&self, stream: usize, word: usize) {
        let nanoseconds = self.epoch.elapsed().as_nanos() as u64;
        self.times[stream * Pace::Paced.words() + word].store(nanoseconds, Relaxed);
    }

    /// How long before `arrived` that word left.
    pub(super) fn delay(&self, stream: usize, word: usize, arrived: Instant) -> Duration {
        let left = self.times[stream * Pace::Paced.words() + word].load(Relaxed);
        (arrived - self.epoch).saturating_sub(Duration::from_nanos(left))
    }
}

/// Something that listens on loopback until the process ends.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) address: SocketAddr,
    /// Its thread in `/proc`.
    pub(super) thread: PathBuf,
}

/// Starts the upstream of all three wires.
///
/// # Errors
/// If it cannot listen.
pub(super) fn upstream() -> anyhow::Result<(Listening, Arc<Departures>)> {
    let departures = Arc::new(Departures::new());
    let noted = Arc::clone(&departures);
    let scripts: HashMap<(&str, &str), Script> = WIRES
        .iter()
        .flat_map(|wire| Pace::ALL.map(|pace| (wire, pace)))
        .map(|(wire, pace)| ((wire.path(), pace.model()), wire.script(pace.words())))
        .collect();
    let scripts = Arc::new(scripts);
    let listening = listen("upstream", move |stream| {
        let (scripts, noted) = (Arc::clone(&scripts), Arc::clone(&noted));
        let service =
            service_fn(move |request| answer(request, Arc::clone(&scripts), Arc::clone(&noted)));
        async move {
            // A client that went away is none of our business.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })?;
    Ok((listening, departures))
}

/// Starts a relay that connects to `upstream` and copies bytes both ways: the
/// least that something in between can do.
///
/// # Errors
/// If it cannot listen.
pub(super) fn copying_relay(upstream: SocketAddr) -> anyhow::Result<Listening> {
    listen("relay", move |mut client| async move {
        if let Ok(mut server) = TcpStream::connect(upstream).await {
            let _ = server.set_nodelay(true);
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        }
    })
}

fn listen<F>(
    name: &str,
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> anyhow::Result<Listening>
where
    F: Future<Output = ()> + 'static,
{
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new().name(name.to_owned()).spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            let thread = rustix::thread::gettid().as_raw_nonzero();
            let thread = PathBuf::from(format!("/proc/self/task/{thread}"));
            let _ = sender.send(Listening { address: listener.local_addr()?, thread });
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                tokio::task::spawn_local(serve(stream));
            }
        })
    })?;
    receiver.recv().with_context(|| format!("the {name} does not listen"))
}

async fn answer(
    request: Request<Incoming>,
    scripts: Arc<HashMap<(&str, &str), Script>>,
    departures: Arc<Departures>,
) -> Result<Response<impl hyper::body::Body<Data = Bytes, Error = Infallible>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let model = asked["model"].as_str().unwrap_or_default();
    let pace = Pace::ALL.into_iter().find(|pace| pace.model() == model);
    let (Some(pace), Some(script)) = (pace, scripts.get(&(path.as_str(), model))) else {
        let body =
            stream::iter([Bytes::from_static(b"{\"error\":{\"message\":\"not scripted\"}}")]);
        let mut refusal = Response::new(StreamBody::new(frames(body).boxed_local()));
        *refusal.status_mut() = hyper::StatusCode::NOT_FOUND;
        return Ok(refusal);
    };
    let told = match pace {
        Pace::Burst => stream::iter(events(script)).boxed_local(),
        Pace::Held => stream::iter(events(&Script { closing: Vec::new(), ..script.clone() }))
            .chain(stream::pending())
            .boxed_local(),
        Pace::Paced => paced(script.clone(), number(&body), departures).boxed_local(),
    };
    let mut response = Response::new(StreamBody::new(frames(told).boxed_local()));
    let kind = hyper::header::HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    Ok(response)
}

fn frames(
    events: impl Stream<Item = Bytes>,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    events.map(|event| Ok(Frame::data(event)))
}

fn events(script: &Script) -> Vec<Bytes> {
    script.events().cloned().collect()
}

fn paced(script: Script, stream: usize, departures: Arc<Departures>) -> impl Stream<Item = Bytes> {
    let ticks = tokio::time::interval(Pace::SPACING);
    let Script { opening, deltas, closing } = script;
    let words = stream::iter(deltas.into_iter().enumerate());
    let told = stream::unfold((ticks, Box::pin(words)), move |(mut ticks, mut words)| {
        let departures = Arc::clone(&departures);
        async move {
            let (word, event) = words.next().await?;
            ticks.tick().await;
            departures.note(stream, word);
            Some((event, (ticks, words)))
        }
    });
    stream::iter(opening).chain(told).chain(stream::iter(closing))
}

/// The stream's number, wherever in the request the prompt is.
fn number(body: &[u8]) -> usize {
    let found = memchr::memmem::find(body, STREAM.as_bytes()).map(|at| at + STREAM.len());
    let digits = found.and_then(|at| body.get(at..)).unwrap_or_default();
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    std::str::from_utf8(&digits[..end]).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The provider of a config that leads to this upstream over `wire`.
pub(super) fn provider(wire: Wire, upstream: SocketAddr) -> Value {
    let models: Vec<Value> = Pace::ALL
        .iter()
        .map(|pace| {
            serde_json::json!({"id": pace.model(), "name": pace.model(), "reasoning": false,
                "input": ["text"], "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
                "contextWindow": 131_072, "maxTokens": 8_192})
        })
        .collect();
    serde_json::json!({"baseUrl": format!("http://{upstream}/v1"), "apiKey": "scripted",
        "api": wire.api(), "models": models})
}
