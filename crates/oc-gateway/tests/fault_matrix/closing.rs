//! Connections that nobody needs any more are closed at once, and leave
//! nothing behind.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures::future::join;
use oc_gateway::lookalike::{Lookalike, Progress, Step};
use tokio::{
    io::AsyncReadExt as _,
    runtime::Handle,
    time::{Instant, timeout},
};

use crate::{
    dialects::{DIALECTS, Dialect},
    faults::{Limit, PIECES, THOUGHT},
    http::{self, Answer},
    run_alone,
    stage::{FALLBACK, Gateway, healthy},
    verdict::Class,
    wires::{Say, WIRES, Wire},
};

/// An upstream is closed within 100 ms, counted from the event that made it
/// useless, at the upstream; ten times that is a failure, so that a busy machine
/// is none. What was measured is printed.
const BOUND: Duration = Duration::from_secs(1);

/// How many streams are cancelled; `CANCELLED=10000` for the long run.
const CANCELLED: usize = 1_000;

/// What an upstream has said when it becomes useless.
const MOMENTS: [Option<&[Say]>; 3] = [
    None,
    Some(&[Say::Open, Say::Think(THOUGHT), Say::Hold]),
    Some(&[Say::Open, Say::Text(PIECES[0]), Say::Hold]),
];

/// An upstream that says so much and then nothing; before its head, with `None`.
async fn holding(wire: Wire, words: Option<&[Say]>) -> Lookalike {
    let steps = match words {
        None => vec![Step::Hold],
        Some(words) => {
            let mut steps = wire.steps(words).unwrap();
            steps.insert(0, Step::sse_head());
            steps
        }
    };
    Lookalike::start(move |_| steps.clone()).await.unwrap()
}

async fn between(primary: &Lookalike, wire: Wire, fallback: &Lookalike, quick: bool) -> Gateway {
    let base_url = wire.base_url(&format!("http://{}", primary.address()));
    let limit = quick.then_some(Limit::FirstText);
    Gateway::between(&base_url, wire, fallback, limit).await
}

#[test]
fn a_client_that_leaves_closes_the_upstream() {
    run_alone(async {
        let mut all = Vec::new();
        for dialect in DIALECTS {
            for wire in WIRES {
                for (moment, stream) in MOMENTS.into_iter().flat_map(|m| [(m, true), (m, false)]) {
                    let took = left(dialect, wire, moment, stream).await;
                    assert!(took < BOUND, "{took:?} at {wire:?}, {moment:?}, stream: {stream}");
                    all.push(took);
                }
            }
        }
        println!("a client left: {}", summed_up(all));
    });
}

/// From the client's close to the upstream's.
async fn left(dialect: &Dialect, wire: Wire, moment: Option<&[Say]>, stream: bool) -> Duration {
    let (primary, fallback) = (holding(wire, moment).await, healthy().await);
    let gateway = between(&primary, wire, &fallback, false).await;
    let question = (dialect.question)(stream);
    let client = http::open(gateway.address, dialect.path, &question).await;
    primary.until(|p| p.holding == 1).await;
    let left = Instant::now();
    drop(client);
    primary.until(|p| p.open == 0).await;
    assert_eq!(fallback.progress().requests, 0);
    left.elapsed()
}

#[test]
fn a_replaced_attempt_is_closed() {
    run_alone(async {
        let mut all = Vec::new();
        for dialect in DIALECTS {
            for wire in WIRES {
                // After text nothing is replaced.
                for (moment, stream) in MOMENTS[..2].iter().flat_map(|m| [(m, true), (m, false)]) {
                    let took = replaced(dialect, wire, *moment, stream).await;
                    assert!(took < BOUND, "{took:?} at {wire:?}, {moment:?}, stream: {stream}");
                    all.push(took);
                }
            }
        }
        println!("an attempt was replaced: {}", summed_up(all));
    });
}

fn summed_up(mut took: Vec<Duration>) -> String {
    took.sort();
    let (middle, most) = (took[took.len() / 2], took[took.len() - 1]);
    format!("closed after {middle:.2?}, at most {most:.2?}, {} times", took.len())
}

/// From the fallback's request to the primary's close, whichever came first.
async fn replaced(dialect: &Dialect, wire: Wire, moment: Option<&[Say]>, stream: bool) -> Duration {
    let (primary, fallback) = (holding(wire, moment).await, healthy().await);
    let gateway = between(&primary, wire, &fallback, true).await;
    let question = (dialect.question)(stream);
    let client = http::open(gateway.address, dialect.path, &question).await;
    primary.until(|p| p.holding == 1).await;
    let closed = async {
        primary.until(|p| p.open == 0).await;
        Instant::now()
    };
    let asked = async {
        fallback.until(|p| p.requests == 1).await;
        Instant::now()
    };
    let (answer, (closed, asked)) = join(Answer::read(client), join(closed, asked)).await;
    let class = dialect.seen(&answer, stream).class(("", Default::default()), FALLBACK);
    assert_eq!(class, Class::Fallback);
    closed.saturating_duration_since(asked)
}

/// Counts sockets by the process's open files, so only where those can be counted.
#[cfg(target_os = "linux")]
#[test]
fn cancelled_streams_leak_nothing() {
    #[expect(clippy::disallowed_methods, reason = "how a person asks for the long run")]
    let wanted = std::env::var("CANCELLED").ok().and_then(|count| count.parse().ok());
    run_alone(cancel(wanted.unwrap_or(CANCELLED)));
}

/// Opens this many streams, leaves each at one of the moments of its life, and
/// compares what the process holds before and after.
async fn cancel(count: usize) {
    const AT_ONCE: usize = 50;
    let wire = Wire::Responses;
    let scripts = MOMENTS.map(|words| {
        let mut steps = wire.steps(words.unwrap_or(&[Say::Hold])).unwrap();
        if words.is_some() {
            steps.insert(0, Step::sse_head());
        }
        steps
    });
    let turn = AtomicUsize::new(0);
    let primary = Lookalike::start(move |_| {
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        scripts[turn % scripts.len()].clone()
    })
    .await
    .unwrap();
    let fallback = healthy().await;
    let gateway = between(&primary, wire, &fallback, false).await;
    let dialects: Vec<&Dialect> = DIALECTS.iter().collect();

    // The first ones make what is made once: the HTTP client, its pool.
    leave(&gateway, &primary, &dialects, AT_ONCE).await;
    let before = settled(&primary, None).await;
    for _ in 0..count.div_ceil(AT_ONCE) {
        leave(&gateway, &primary, &dialects, AT_ONCE).await;
    }
    let after = settled(&primary, Some(before)).await;
    assert!(primary.progress().requests > count);
    assert_eq!(before, after, "open files and tasks, after {count} cancelled streams");
    assert_eq!(fallback.progress().requests, 0);
}

/// Asks so many times, and leaves when the upstream has every request: some
/// before an answer, some with its head or a piece of it read.
async fn leave(gateway: &Gateway, primary: &Lookalike, dialects: &[&Dialect], count: usize) {
    let asked = primary.progress().requests;
    let mut clients = Vec::new();
    for n in 0..count {
        let dialect = dialects[n % dialects.len()];
        let question = (dialect.question)(n % 4 != 0);
        clients.push(http::open(gateway.address, dialect.path, &question).await);
    }
    // A failed attempt may cool the primary, so that some questions never come.
    reached(primary, |p| p.requests >= asked + count).await;
    for client in clients.iter_mut().skip(count / 2) {
        let patience = Duration::from_millis(1);
        drop(timeout(patience, client.read(&mut [0; 512])).await);
    }
}

/// Waits until the upstream is so; a wait without an end would hide what it hangs on.
async fn reached(upstream: &Lookalike, so: impl FnMut(&Progress) -> bool) {
    if timeout(Duration::from_secs(60), upstream.until(so)).await.is_err() {
        panic!("the upstream never came so far: {:?}", upstream.progress());
    }
}

/// Open files and tasks, when the upstream is alone again; given a goal, waits
/// a while for it.
async fn settled(primary: &Lookalike, goal: Option<(usize, usize)>) -> (usize, usize) {
    reached(primary, |p| p.open == 0).await;
    let held = || {
        let files = std::fs::read_dir("/proc/self/fd").unwrap().count();
        (files, Handle::current().metrics().num_alive_tasks())
    };
    let mut last = held();
    for _ in 0..1_000 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let now = held();
        if goal.map_or(now == last, |goal| now == goal) {
            return now;
        }
        last = now;
    }
    last
}
