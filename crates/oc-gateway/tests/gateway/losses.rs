//! What a request loses on its way is told in the log, by name and nothing else.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::support::{Gateway, hosted, local};

/// A log that is kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
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
    let log = Kept::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

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
