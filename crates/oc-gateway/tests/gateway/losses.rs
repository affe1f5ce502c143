//! What a request loses on its way is told in the log, by name and nothing else.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::subscriber::DefaultGuard;

use crate::support::{Gateway, hosted, local};

/// A log that is kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    /// Keeps what this thread logs as long as the guard lives.
    fn begin() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn one_line_names_what_was_lost_and_quotes_nothing() {
    let (log, _guard) = Kept::begin();

    let (local, hosted) = (local("", "42").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let body = json!({
        "model": "default", "input": "planted-prompt", "user": "planted-user",
        "metadata": {"k": "planted-label"}, "tools": [{"type": "web_search"}],
    });
    assert_eq!(gateway.ask(&body).await.status, 200);

    let text = log.text();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("lost=")).collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(lines[0].contains("metadata, tool web_search, user"), "{text}");
    assert!(
        lines[0].contains("provider=\"lmstudio\"") && lines[0].contains("request_id="),
        "{text}"
    );
    assert!(!text.contains("planted"), "{text}");
}

/// What a client of another wire cannot see: no header tells of it.
#[tokio::test]
async fn a_loss_is_found_in_the_log_by_the_id_that_the_client_got() {
    let (log, _guard) = Kept::begin();

    let (local, hosted) = (local("", "42").await, hosted().await);
    let gateway = Gateway::over(&local, &hosted).await;
    let body = json!({
        "model": "default", "messages": [{"role": "user", "content": "planted-prompt"}],
        "logprobs": true, "seed": 7,
        "tools": [{"type": "custom", "custom": {"name": "planted-tool"}}],
    })
    .to_string();
    let answer = gateway.request("POST", "/v1/chat/completions", &[], Some(body.as_bytes())).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    let id = answer.header("x-oc-request-id").expect("an id");

    let text = log.text();
    let line = text.lines().find(|line| line.contains("lost=")).expect("a line");
    assert!(line.contains(id) && line.contains("logprobs, seed"), "{line}");
    assert!(!text.contains("planted"), "{text}");
}
