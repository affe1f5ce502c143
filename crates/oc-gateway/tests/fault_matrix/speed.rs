//! How long a client waits for a fault that is seen at once.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use oc_gateway::lookalike::{Lookalike, Step};
use serde_json::json;
use tokio::{io::AsyncReadExt as _, time::Instant};

use crate::{
    http, run_alone,
    stage::{FALLBACK, Gateway, healthy},
    wires::{Say, Wire},
};

/// Requests per fault.
const ROUNDS: usize = 60;

/// Far above what is measured, so that a busy machine does not fail it.
const BOUND: Duration = Duration::from_millis(100);

/// From the moment at which the primary fails (it has read the request and
/// answers) to the fallback's first text at the client's socket: two requests
/// and two answers on loopback lie between.
#[test]
fn a_fault_costs_milliseconds() {
    run_alone(async {
        let wire = Wire::Responses;
        let streamed = |words: &[Say]| {
            let mut steps = wire.steps(words).unwrap();
            steps.insert(0, Step::sse_head());
            steps
        };
        let unavailable = json!({ "error": { "message": "boom", "type": "server_error" } });
        for (name, steps) in [
            ("500", vec![Step::json(500, unavailable.to_string())]),
            ("created, then error", streamed(&[Say::Open, Say::Error])),
            ("created, then cut", streamed(&[Say::Open, Say::Cut])),
            ("reasoning only", streamed(&[Say::Open, Say::Think("Hm."), Say::Done])),
        ] {
            let mut took = Vec::new();
            for _ in 0..ROUNDS {
                took.push(once(wire, steps.clone()).await);
            }
            took.sort();
            let (median, most) = (took[ROUNDS / 2], took[ROUNDS - 1]);
            println!("{name}: median {median:.2?}, most {most:.2?} of {ROUNDS}");
            assert!(median < BOUND, "{name}: {median:?}");
        }
    });
}

async fn once(wire: Wire, steps: Vec<Step>) -> Duration {
    let failed = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&failed);
    let primary = Lookalike::start(move |_| {
        *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        steps.clone()
    })
    .await
    .unwrap();
    let fallback = healthy().await;
    let base_url = wire.base_url(&format!("http://{}", primary.address()));
    let gateway = Gateway::between(&base_url, wire, &fallback, None).await;

    let question = json!({ "model": "default", "stream": true, "input": "The weather?" });
    let mut client = http::open(gateway.address, "/v1/responses", &question).await;
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(FALLBACK) {
        assert!(client.read_buf(&mut seen).await.unwrap() > 0, "no fallback");
    }
    let arrived = Instant::now();
    let failed = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
    arrived.duration_since(failed.unwrap())
}
