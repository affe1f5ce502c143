//! One cell: a gateway of its own between a primary with a fault and a healthy
//! fallback, and a client on a socket.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use oc_config::{Config, Settings};
use oc_gateway::{
    State,
    lookalike::{Lookalike, Step, messages},
    shutdown::{self, Grace},
};
use oc_providers::{Lookup, ReqwestTransport};
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    dialects::Dialect,
    faults::{Fault, Limit, Refusal, Upstream, WHOLE},
    http::{self, Answer},
    tls,
    verdict::{Class, End},
    wires::{Say, Wire},
};

const SONNET: &str = "anthropic/claude-sonnet-4-5";

/// The fallback's whole answer.
pub(crate) const FALLBACK: &str = "Grüße vom gehosteten Modell 🌤";

/// One field of the matrix.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) dialect: &'static Dialect,
    pub(crate) stream: bool,
    pub(crate) wire: Wire,
    pub(crate) fault: &'static Fault,
}

/// What came of a cell.
#[derive(Debug)]
pub(crate) struct Observed {
    /// One class, or several where the fault struck at several places.
    pub(crate) classes: BTreeSet<Class>,
    /// What the ledger calls the primary's failure.
    pub(crate) reasons: BTreeSet<&'static str>,
    /// What is not as it should be.
    pub(crate) wrong: Vec<String>,
}

impl Limit {
    /// As it is set where a cell waits for it.
    pub(crate) fn duration(self) -> Duration {
        Duration::from_millis(match self {
            Self::FirstByte => 90,
            Self::FirstText => 95,
            Self::Idle => 80,
            Self::Loading => 950,
            Self::Dripping => 1_500,
        })
    }

    /// The limit in the settings that it is.
    pub(crate) fn setting(self) -> Self {
        match self {
            Self::Loading => Self::FirstText,
            Self::Dripping => Self::Idle,
            limit => limit,
        }
    }
}

impl Cell {
    /// Every request of this cell; `None` where the wire has no word for the fault.
    pub(crate) async fn observe(self) -> Option<Observed> {
        let takes = takes(self.fault.primary, self.wire)?;
        let primary = Primary::start(self.fault.primary, self.wire).await;
        let fallback = healthy().await;
        let gateway = self.gateway(&primary.base_url, &fallback).await;
        let mut observed =
            Observed { classes: BTreeSet::new(), reasons: BTreeSet::new(), wrong: Vec::new() };
        for take in takes {
            let asked = primary.rewrite(take.steps.clone());
            let helped = fallback.progress().requests;
            gateway.state.reset_cooldowns();

            let begun = Instant::now();
            let answer = timeout(PATIENCE * 3, gateway.ask(self)).await.ok();
            let took = begun.elapsed();
            let seen = answer.map(|answer| self.dialect.seen(&answer, self.stream));
            let class = match &seen {
                Some(seen) => seen.class((&take.says, take.ends), FALLBACK),
                None => Class::Hang,
            };
            observed.classes.insert(class);

            let target = if self.stream { self.fault.stream } else { self.fault.whole };
            let mut wrong = Vec::new();
            if !target.contains(&class) {
                wrong.push(format!("{} is off target: {seen:?}", class.word()));
            }
            let order = self.order(&gateway, class, &mut observed.reasons);
            wrong.extend(order.err());
            if primary.requests() > asked + 1 {
                wrong.push("the primary was asked twice".into());
            }
            if fallback.progress().requests != helped + usize::from(class == Class::Fallback) {
                wrong.push(format!("{} with the fallback asked", class.word()));
            }
            wrong.extend(self.in_time(class, took).err());
            observed.wrong.extend(wrong.into_iter().map(|text| format!("{}: {text}", take.name)));
        }
        Some(observed)
    }

    async fn gateway(self, primary: &str, fallback: &Lookalike) -> Gateway {
        let terms = Terms { waits: self.fault.waits, policy: self.fault.policy };
        if !self.fault.alone {
            return Gateway::with(primary, self.wire, fallback.address(), terms).await;
        }
        let port = TcpSocket::new_v4().expect("a socket");
        port.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let nobody = port.local_addr().expect("an address");
        let gateway = Gateway::with(primary, self.wire, nobody, terms).await;
        Gateway { _port: Some(port), ..gateway }
    }

    /// The primary was asked first, and the ledger says what became of it.
    fn order(
        self,
        gateway: &Gateway,
        class: Class,
        reasons: &mut BTreeSet<&'static str>,
    ) -> Result<(), String> {
        let records = gateway.state.records();
        let ledger = &records.last().ok_or("no record")?.ledger;
        let names: Vec<_> = ledger.attempts.iter().map(|attempt| &*attempt.name).collect();
        let wanted: &[&str] = match class {
            Class::Fallback => &["box/model", SONNET],
            // Nobody else is left to ask, so the dead one is asked once more.
            Class::Incomplete => &["box/model", SONNET, SONNET],
            _ => &["box/model"],
        };
        if names != wanted {
            return Err(format!("asked were {names:?}"));
        }
        let problem = ledger.attempts.first().and_then(|first| first.problem.as_ref());
        let Some(problem) = problem else {
            return if class == Class::Primary { Ok(()) } else { Err("no reason".into()) };
        };
        let reason = problem.reason.as_str();
        reasons.insert(reason);
        let known = self.fault.reasons;
        if known.is_empty() || known.contains(&reason) {
            Ok(())
        } else {
            Err(format!("called {reason}: {:?}", problem.message))
        }
    }

    fn in_time(self, class: Class, took: Duration) -> Result<(), String> {
        let limit = self.fault.waits.map_or(PATIENCE, Limit::duration);
        // What has a limit ends no sooner than that, and then soon.
        let soonest = if self.fault.waits.is_some() { limit } else { Duration::ZERO };
        let latest = match class {
            Class::Primary => PATIENCE * 2,
            _ if self.fault.waits.is_some() => limit * 10,
            _ => PATIENCE,
        };
        if took < soonest || took > latest {
            return Err(format!("took {took:?}, not {soonest:?} to {latest:?}"));
        }
        Ok(())
    }
}

/// What an answer takes at most, where nobody waits for a limit.
const PATIENCE: Duration = Duration::from_secs(10);

/// Limits that no cell may meet, however busy the machine.
const FAR: Duration = Duration::from_secs(60);

/// One way in which a primary does what the fault says.
struct Take {
    name: String,
    steps: Vec<Step>,
    /// The text that it got to say, or meant to.
    says: String,
    ends: End,
}

fn takes(primary: Upstream, wire: Wire) -> Option<Vec<Take>> {
    let take = |steps, says: &[Say]| {
        let ends = match says.last() {
            Some(Say::Length) => End::Length,
            _ => End::Complete,
        };
        vec![Take { name: "at once".into(), steps, says: text(says), ends }]
    };
    let headed = |head: Step, words: &[Say]| {
        let mut steps = wire.steps(words)?;
        steps.insert(0, head);
        Some(steps)
    };
    Some(match primary {
        Upstream::Tls(_) => take(Vec::new(), WHOLE),
        Upstream::Refused | Upstream::Unresolvable | Upstream::PlainHttp => take(Vec::new(), &[]),
        Upstream::Silent => take(vec![Step::Hold], &[]),
        Upstream::Says(words) => take(headed(Step::sse_head(), words)?, words),
        Upstream::SaysAs(kind, words) => take(headed(Step::head(200, kind), words)?, words),
        Upstream::Status(refusal) => take(refused(refusal, wire), &[]),
        Upstream::Body(kind, body) => take(vec![Step::head(200, kind), Step::send(body)], &[]),
        Upstream::ErrorBody => {
            let body = wire.error_body("server_error", "server_error", "out of memory");
            take(vec![Step::json(200, body)], &[])
        }
        Upstream::Document => take(vec![Step::json(200, wire.document(&text(WHOLE)))], WHOLE),
        Upstream::HalfDocument(then) => {
            let mut half = wire.document(&text(WHOLE)).into_bytes();
            half.truncate(half.len() / 2);
            let mut steps = vec![Step::head(200, "application/json"), Step::send(half)];
            // What was sent is to arrive before a reset overtakes it.
            steps.extend(wire.steps(&[Say::Wait(20), then])?);
            take(steps, &[])
        }
        Upstream::BrokenAt(then) => {
            let whole = bytes(&wire.steps(WHOLE)?);
            let places = 24;
            let broken = (0..=places).map(|place| {
                let at = whole.len() * place / places;
                let mut steps = vec![Step::sse_head(), Step::send(whole[..at].to_vec())];
                steps.extend(wire.steps(&[then]).unwrap_or_default());
                let name = format!("at byte {at} of {}", whole.len());
                Take { name, steps, says: text(WHOLE), ends: End::Complete }
            });
            broken.collect()
        }
    })
}

fn refused(refusal: Refusal, wire: Wire) -> Vec<Step> {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(refusal.retry_after.map(|wait| ("retry-after".to_owned(), wait.to_owned())));
    let body = wire.error_body(refusal.kind, refusal.code, refusal.message);
    vec![Step::Head { status: refusal.status, headers }, Step::send(body)]
}

/// The final text in these words.
fn text(words: &[Say]) -> String {
    let pieces = words.iter().map(|word| match word {
        Say::Text(piece) => (*piece).to_owned(),
        Say::Texts(count) => "x".repeat(1024 * count),
        _ => String::new(),
    });
    pieces.collect()
}

fn bytes(steps: &[Step]) -> Vec<u8> {
    let sent = steps.iter().filter_map(|step| match step {
        Step::Send(bytes) => Some(&bytes[..]),
        _ => None,
    });
    sent.flatten().copied().collect()
}

/// The primary, and what keeps it alive.
struct Primary {
    base_url: String,
    lookalike: Option<Lookalike>,
    /// A port that is taken, so that nobody comes to listen there.
    _port: Option<TcpSocket>,
}

impl Primary {
    async fn start(upstream: Upstream, wire: Wire) -> Self {
        let at = |origin: String| Self {
            base_url: wire.base_url(&origin),
            lookalike: None,
            _port: None,
        };
        match upstream {
            Upstream::Refused => {
                let port = TcpSocket::new_v4().expect("a socket");
                port.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
                let address = port.local_addr().expect("an address");
                Self { _port: Some(port), ..at(format!("http://{address}")) }
            }
            Upstream::Unresolvable => at("http://nobody.invalid".into()),
            Upstream::Tls(certificate) => {
                let answer = bytes(&wire.steps(WHOLE).unwrap_or_default());
                at(format!("https://{}", tls::start(certificate, answer)))
            }
            Upstream::PlainHttp => at(format!("https://{}", tls::start_plain())),
            _ => {
                let lookalike = Lookalike::start(|_| Vec::new()).await.expect("a free port");
                let origin = format!("http://{}", lookalike.address());
                Self { lookalike: Some(lookalike), ..at(origin) }
            }
        }
    }

    /// From now on does this; returns how often it was asked before.
    fn rewrite(&self, steps: Vec<Step>) -> usize {
        if let Some(lookalike) = &self.lookalike {
            lookalike.rewrite(move |_| steps.clone());
        }
        self.requests()
    }

    fn requests(&self) -> usize {
        self.lookalike.as_ref().map_or(0, |lookalike| lookalike.progress().requests)
    }
}

/// A fallback that always answers.
pub(crate) async fn healthy() -> Lookalike {
    let answer = messages::whole("claude-sonnet-4-5", FALLBACK);
    Lookalike::start(move |_| vec![Step::sse_head(), Step::send(answer.clone())])
        .await
        .expect("a free port")
}

/// What the settings say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terms {
    /// The one limit that is short.
    pub(crate) waits: Option<Limit>,
    /// Under `fallback`.
    pub(crate) policy: &'static str,
}

/// A gateway on a free port.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) state: State,
    /// The dead fallback's.
    _port: Option<TcpSocket>,
    _serving: JoinSet<io::Result<()>>,
}

impl Gateway {
    /// Over a primary on this wire, and the fallback.
    pub(crate) async fn between(
        primary: &str,
        wire: Wire,
        fallback: &Lookalike,
        waits: Option<Limit>,
    ) -> Self {
        Self::with(primary, wire, fallback.address(), Terms { waits, ..Terms::default() }).await
    }

    async fn with(primary: &str, wire: Wire, fallback: SocketAddr, terms: Terms) -> Self {
        let config = format!(
            r#"{{
              agents: {{ defaults: {{ model: {{
                primary: "box/model", fallbacks: ["anthropic/claude-sonnet-4-5"] }} }} }},
              models: {{ mode: "merge", providers: {{
                anthropic: {{ baseUrl: "http://{}", apiKey: "sk-fallback", timeoutSeconds: 20,
                  models: [] }},
                box: {{ baseUrl: "{primary}", apiKey: "sk-primary", api: "{}",
                  models: [{{ id: "model", name: "Model", reasoning: true,
                    contextWindow: 65536, maxTokens: 8192 }}] }} }} }},
            }}"#,
            fallback,
            wire.api(),
        );
        // The limit that is waited for is short, the others are out of the way.
        let limit = |limit: Limit| match terms.waits {
            Some(quick) if quick.setting() == limit => quick.duration(),
            _ => FAR,
        };
        let settings = format!(
            r#"{{ deadlines: {{ firstByte: "{}ms", firstText: "{}ms", idle: "{}ms" }},
                 limits: {{ frameBytes: 16384, streamBytes: 65536, heldBytes: 32768 }},
                 fallback: {{ {} }} }}"#,
            limit(Limit::FirstByte).as_millis(),
            limit(Limit::FirstText).as_millis(),
            limit(Limit::Idle).as_millis(),
            terms.policy,
        );
        let nothing = |_: &str| None;
        let config = Config::parse(&config, "openclaw.json", &nothing).expect("config").value;
        let settings =
            Settings::parse(&settings, "oc-gateway.json5", &nothing).expect("settings").value;
        let transport = ReqwestTransport::builder().lookup(Arc::new(NoNames)).build();
        let state = State::assemble_with(config, settings, Arc::new(transport)).expect("state");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let mut serving = JoinSet::new();
        let (app, drain) = (oc_gateway::app(state.clone()), state.drain().clone());
        let never = CancellationToken::new().cancelled_owned();
        serving.spawn(shutdown::serve(listener, app, drain, Grace::default(), never));
        Self { address, state, _port: None, _serving: serving }
    }

    async fn ask(&self, cell: Cell) -> Answer {
        let question = (cell.dialect.question)(cell.stream);
        Answer::read(http::open(self.address, cell.dialect.path, &question).await).await
    }
}

/// Knows no name, at once: the system's resolver may take its time for that.
#[derive(Debug)]
struct NoNames;

#[async_trait]
impl Lookup for NoNames {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::Error::new(io::ErrorKind::NotFound, "no such name"))
    }
}
