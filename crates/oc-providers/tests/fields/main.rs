//! Every field of the three request bodies on its way to every kind of host:
//! carried, approximated, dropped and listed, or refused; never silent.
//!
//! `UPDATE=1 cargo test -p oc-providers --test fields` writes what comes of it
//! into `docs/providers.md`.

mod chat;
mod messages;
mod responses;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use oc_providers::wire::Dialect;
use oc_providers::{Api, Endpoint, ModelFacts, Provider, ScriptedTransport};
use serde_json::{Value, json};

const HOSTS: [(&str, Api, &str); 6] = [
    ("Responses", Api::OpenaiResponses, "http://127.0.0.1:1234/v1"),
    ("OpenAI's", Api::OpenaiResponses, "https://api.openai.com/v1"),
    ("Chat", Api::OpenaiCompletions, "http://127.0.0.1:8080/v1"),
    ("OpenAI's", Api::OpenaiCompletions, "https://api.openai.com/v1"),
    ("Messages", Api::AnthropicMessages, "http://127.0.0.1:8080"),
    ("Anthropic's", Api::AnthropicMessages, "https://api.anthropic.com"),
];

/// A field by its name, a body that has it, and the same without it where that
/// is more than the base.
struct Row {
    name: &'static str,
    body: Value,
    without: Value,
}

/// What comes of a field at a host.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cell {
    Carried,
    Approximated,
    Dropped,
    Refused,
    Silent,
}

impl Cell {
    fn sign(self) -> &'static str {
        match self {
            Self::Carried => "=",
            Self::Approximated => "~",
            Self::Dropped => "–",
            Self::Refused => "✗",
            Self::Silent => "·",
        }
    }
}

/// Fields that make no difference to a request at some host, with the reason.
const SILENT: &[(&str, &str)] = &[
    ("include", "sealed reasoning comes in an envelope of our own"),
    ("reasoning.summary", "reasoning is given out as a summary wherever there is any"),
    ("stream", "every request is streamed upstream"),
    ("stream_options", "usage is always asked for"),
    ("store: false", "no host keeps what it was not asked to keep"),
    ("tool_choice: auto", "it is what a missing choice means"),
    ("message `phase`", "commentary and answer are both the assistant's words"),
    ("text.format: `name`", "it is for the host's records, and no model is shown it"),
    ("text.format: `strict`", "the field for a schema always holds; an instruction is listed"),
    ("thinking `display`", "reasoning is given out wherever there is any"),
    ("thinking: adaptive", "a model that thinks does so as it sees fit"),
    ("thinking: disabled", "not to be asked to think is what a missing field means"),
];

fn provider(api: Api, base: &str) -> Provider {
    let facts = ModelFacts::new().with_reasoning(true).with_max_output_tokens(64_000);
    let endpoint = Endpoint::new("p", api, base).expect("url").model("m", facts);
    Provider::new(endpoint, Arc::new(ScriptedTransport::default())).expect("provider")
}

/// `base` with the fields of `more` over it; lists of messages and items are
/// put after those of `base`.
fn with(base: &Value, more: &Value) -> Value {
    let mut body = base.clone();
    for (key, value) in more.as_object().expect("object") {
        match (&mut body[key], value) {
            (Value::Array(there), Value::Array(more))
                if matches!(key.as_str(), "input" | "messages") =>
            {
                there.extend(more.clone());
            }
            (place, value) => *place = value.clone(),
        }
    }
    body
}

fn cell(dialect: Dialect, base: &Value, row: &Row, host: (Api, &str)) -> Cell {
    let read = |body: &Value| dialect.decode_request(body.to_string().as_bytes());
    let bare = read(&with(base, &row.without)).expect("valid without it").request;
    let Ok(asked) = read(&with(base, &row.body)) else { return Cell::Refused };
    let provider = provider(host.0, host.1);
    // What the field stands on can be refused itself.
    let Ok(bare) = provider.encode(&bare) else { return Cell::Refused };
    let Ok(encoded) = provider.encode(&asked.request) else { return Cell::Refused };
    let mut losses = encoded.losses.clone();
    for loss in &bare.losses {
        if let Some(at) = losses.iter().position(|other| other == loss) {
            losses.remove(at);
        }
    }
    match (encoded.body != bare.body || encoded.stop != bare.stop, losses.is_empty()) {
        (true, true) => Cell::Carried,
        (true, false) => Cell::Approximated,
        (false, false) => Cell::Dropped,
        (false, true) => Cell::Silent,
    }
}

fn rows(rows: Vec<(&'static str, Value)>) -> Vec<Row> {
    rows.into_iter().map(|(name, body)| Row { name, body, without: json!({}) }).collect()
}

fn beside(name: &'static str, without: Value, more: Value) -> Row {
    Row { name, body: with(&without, &more), without }
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"a": {"type": "string"}}})
}

const PNG: &str = "data:image/png;base64,AAAA";
const PDF: &str = "data:application/pdf;base64,AAAA";

fn table() -> String {
    let mut text = String::new();
    for (dialect, (base, rows)) in [
        (Dialect::Responses, responses::rows_of()),
        (Dialect::Chat, chat::rows_of()),
        (Dialect::Messages, messages::rows_of()),
    ] {
        let _ = write!(text, "| of a {dialect:?} client |");
        for (name, ..) in HOSTS {
            let _ = write!(text, " {name} |");
        }
        let _ = writeln!(text, "\n|---|{}", "---|".repeat(HOSTS.len()));
        for row in &rows {
            let name = if row.name.contains('`') {
                row.name.to_owned()
            } else {
                format!("`{}`", row.name)
            };
            let _ = write!(text, "| {name} |");
            for (_, api, url) in HOSTS {
                let _ = write!(text, " {} |", cell(dialect, &base, row, (api, url)).sign());
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

#[test]
fn nothing_of_a_request_is_lost_in_silence() {
    let mut silent = Vec::new();
    for (dialect, (base, rows)) in [
        (Dialect::Responses, responses::rows_of()),
        (Dialect::Chat, chat::rows_of()),
        (Dialect::Messages, messages::rows_of()),
    ] {
        for row in &rows {
            for (_, api, url) in HOSTS {
                let excused = SILENT.iter().any(|(name, _)| *name == row.name);
                if cell(dialect, &base, row, (api, url)) == Cell::Silent && !excused {
                    silent.push(format!("{dialect:?} {} → {api} {url}", row.name));
                }
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn the_documents_hold_the_same_table() {
    const BEGIN: &str = "<!-- fields: begin -->\n";
    const END: &str = "<!-- fields: end -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/providers.md");
    let text = std::fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = text.split_once(BEGIN).expect("the table's beginning is marked");
    let (held, after) = rest.split_once(END).expect("the table's end is marked");
    let table = table();
    #[expect(clippy::disallowed_methods, reason = "a switch of the test itself")]
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).expect("writable");
        return;
    }
    assert!(held == table, "docs/providers.md is stale: run with UPDATE=1");
}
