//! Streams that end before their time: clients that leave, a gateway that stops.

use std::time::Duration;

use oc_gateway::{
    Ending,
    lookalike::{Lookalike, Step, responses::Writer},
    shutdown::Grace,
};
use tokio::io::AsyncReadExt as _;

use crate::support::{Gateway, hosted, local, local_first, question};

/// An upstream that says `text` (where there is any) and then nothing more.
async fn talks_then_holds(text: &'static str) -> Lookalike {
    let mut writer = Writer::new("local-model");
    let mut script = vec![Step::sse_head(), Step::send(writer.opening())];
    script.push(Step::send(writer.reasoning("Hm.")));
    if !text.is_empty() {
        script.push(Step::send(writer.text(text)));
    }
    script.push(Step::Hold);
    Lookalike::start(move |_| script.clone()).await.unwrap()
}

#[tokio::test]
async fn a_client_that_leaves_closes_the_upstream() {
    for (text, stream) in [("", true), ("", false), ("Half", true), ("Half", false)] {
        let (local, hosted) = (talks_then_holds(text).await, hosted().await);
        let gateway = Gateway::over(&local, &hosted).await;
        let body = question(stream).to_string();
        let mut socket = gateway.open("POST", "/v1/responses", &[], Some(body.as_bytes())).await;
        local.until(|p| p.holding == 1).await;
        if stream && !text.is_empty() {
            // The head and the first events are out.
            assert!(socket.read(&mut [0; 64]).await.unwrap() > 0);
        }
        drop(socket);
        local.until(|p| p.open == 0).await;
        assert_eq!(hosted.progress().accepted, 0);
        // The record is written when the answer is dropped.
        while gateway.state.records().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(gateway.state.records()[0].ending, Ending::ClientGone, "{text:?} {stream}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_stop_lets_answers_finish() {
    let (local, hosted) = (talks_then_holds("Half").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let asked = question(true);
    let (answer, ()) = tokio::join!(gateway.ask(&asked), async {
        local.until(|p| p.holding == 1).await;
        gateway.ask_to_stop();
        while !gateway.state.drain().is_draining() {
            tokio::task::yield_now().await;
        }
        // The upstream dies, so this answer has an end of its own.
        let mut local = local;
        local.kill().await;
    });
    assert_eq!(answer.told().ending, "response.failed");
    assert_eq!(gateway.state.records()[0].ending, Ending::FailedInBand);
    gateway.stop().await;
}

#[tokio::test]
async fn a_stop_ends_open_streams_explicitly() {
    let (local, hosted) = (talks_then_holds("Half").await, hosted().await);
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let grace = Grace::new(Duration::from_millis(30), Duration::from_secs(5));
    let gateway = Gateway::start_within(&config, "{}", grace).await;
    let asked = question(true);
    let (answer, ()) = tokio::join!(gateway.ask(&asked), async {
        local.until(|p| p.holding == 1).await;
        gateway.ask_to_stop();
    });
    let told = answer.told();
    assert_eq!((told.text.as_str(), told.ending.as_str()), ("Half", "response.failed"));
    assert_eq!(told.response["error"]["code"], "gateway_shutting_down");
    local.until(|p| p.open == 0).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_stop_before_any_head_is_503() {
    let (local, hosted) = (talks_then_holds("").await, hosted().await);
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let grace = Grace::new(Duration::from_millis(30), Duration::from_secs(5));
    for stream in [true, false] {
        let gateway = Gateway::start_within(&config, "{}", grace).await;
        let asked = question(stream);
        let (answer, ()) = tokio::join!(gateway.ask(&asked), async {
            local.until(|p| p.holding == 1).await;
            gateway.ask_to_stop();
        });
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
        assert_eq!(answer.json()["error"]["code"], "gateway_shutting_down");
        gateway.stop().await;
        local.until(|p| p.open == 0).await;
    }
}

#[tokio::test]
async fn reasoning_that_was_shown_is_closed_when_the_attempt_is_replaced() {
    let (mut box_, hosted) = (talks_then_holds("").await, hosted().await);
    let config = local_first(&box_.base_url(), &format!("http://{}", hosted.address()));
    let settings = r#"{ fallback: { holdReasoning: "20ms" } }"#;
    let gateway = Gateway::start(&config, settings).await;
    let body = question(true).to_string();
    let mut socket = gateway.open("POST", "/v1/responses", &[], Some(body.as_bytes())).await;
    // The reasoning is out before the box dies.
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("Hm.") {
        assert!(socket.read_buf(&mut seen).await.unwrap() > 0);
    }
    box_.kill().await;
    socket.read_to_end(&mut seen).await.unwrap();
    let text = String::from_utf8_lossy(&seen);
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(!text.contains("x-oc-served-by"), "nobody had answered yet");
    assert!(text.contains(r#""oc_served_by":"anthropic/claude-sonnet-4-5""#), "{text}");
    assert!(text.contains("event: response.completed"), "{text}");
    let reasoning = text
        .lines()
        .find(|line| line.contains("response.output_item.done") && line.contains("\"reasoning\""));
    assert!(reasoning.is_some_and(|line| line.contains("\"incomplete\"")), "{reasoning:?}");
}

#[tokio::test]
async fn many_requests_share_nothing() {
    let (local, hosted) = (local("Hm.", "ok").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let asks = (0..20).map(|n| {
        let gateway = &gateway;
        async move { gateway.ask(&question(n % 2 == 0)).await.status }
    });
    assert_eq!(futures::future::join_all(asks).await, [200; 20]);
    local.until(|p| p.open == 0).await;
}
