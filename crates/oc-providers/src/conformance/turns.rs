//! Questions: each in the words of every dialect that has them, and what
//! becomes of it on each wire.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::fixtures;
use super::goldens::{Goldens, pretty};
use crate::ModelFacts;
use crate::endpoint::{Api, Endpoint};
use crate::provider::Provider;
use crate::transport::{Script, ScriptedTransport};
use crate::wire::{Asked, Dialect};

/// What is asked: a file in `tests/fixtures/conformance/turns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Plain,
    Images,
    File,
    JsonSchema,
    StopSequence,
    ToolResults,
    PictureResult,
    ForcedTool,
    Sampling,
    Effort,
    LaterOrders,
}

/// Where each wire is spoken: a box, and the API's own host.
const HOSTS: [(Api, &str, &str); 3] = [
    (Api::OpenaiResponses, "http://127.0.0.1:1234/v1", "https://api.openai.com/v1"),
    (Api::OpenaiCompletions, "http://127.0.0.1:8000/v1", "https://api.openai.com/v1"),
    (Api::AnthropicMessages, "http://127.0.0.1:8080", "https://api.anthropic.com"),
];

/// What one dialect says otherwise than the rest, on every wire.
const DIFFERENT: [(Turn, Dialect, &str); 1] = [(
    Turn::JsonSchema,
    Dialect::Messages,
    "a schema of the Messages API has no name, and another wire wants one",
)];

impl Turn {
    const ALL: [Self; 11] = [
        Self::Plain,
        Self::Images,
        Self::File,
        Self::JsonSchema,
        Self::StopSequence,
        Self::ToolResults,
        Self::PictureResult,
        Self::ForcedTool,
        Self::Sampling,
        Self::Effort,
        Self::LaterOrders,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Images => "images",
            Self::File => "file",
            Self::JsonSchema => "json_schema",
            Self::StopSequence => "stop_sequence",
            Self::ToolResults => "tool_results",
            Self::PictureResult => "picture_result",
            Self::ForcedTool => "forced_tool",
            Self::Sampling => "sampling",
            Self::Effort => "effort",
            Self::LaterOrders => "later_orders",
        }
    }

    /// What a client of `dialect` asks; `None` where it has no words for it.
    pub(super) fn asked(self, dialect: Dialect, stream: bool) -> Option<Asked> {
        let path = fixtures().join("conformance/turns").join(format!("{}.json", self.name()));
        let text = std::fs::read_to_string(&path).expect("a turn");
        let words: Value = serde_json::from_str(&text).expect("a turn");
        let mut body = words.get(word(dialect))?.clone();
        body["stream"] = Value::Bool(stream);
        let asked = dialect.decode_request(body.to_string().as_bytes()).expect("a turn");
        assert_eq!((asked.dialect(), asked.stream), (dialect, stream));
        Some(asked)
    }
}

/// A dialect's word for folders and files.
pub(super) fn word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Responses => "responses",
        Dialect::Chat => "chat",
        Dialect::Messages => "messages",
    }
}

/// A provider of this wire that answers with `scripts`.
pub(super) fn provider(
    api: Api,
    base: &str,
    scripts: Vec<Script>,
) -> (Provider, Arc<ScriptedTransport>) {
    let transport = Arc::new(ScriptedTransport::new(scripts));
    let facts = ModelFacts::new().with_reasoning(true).with_max_output_tokens(64_000);
    let endpoint = Endpoint::new("up", api, base).expect("url").model("m", facts);
    (Provider::new(endpoint, transport.clone()).expect("provider"), transport)
}

/// Who speaks this wire and can be asked this: a box, but for documents, which
/// boxes that speak Chat Completions do not read.
pub(super) fn host_of(api: Api, turn: Turn) -> &'static str {
    let (_, local, hosted) = HOSTS.iter().find(|(it, ..)| *it == api).expect("a wire");
    if turn == Turn::File { hosted } else { local }
}

/// A question is the same one to a box, whichever dialect it was asked in. An
/// API's own host gets more of a client's own words, so there it may differ. The
/// goldens of what goes upstream are the proof.
#[test]
fn a_turn_becomes_the_same_request_from_every_dialect() {
    let mut goldens = Goldens::of_requests();
    let mut faults = Vec::new();
    for turn in Turn::ALL {
        for (api, local, hosted) in HOSTS {
            for (base, suffix) in [(local, ""), (hosted, ".hosted")] {
                let bodies = said(turn, api, base);
                let place = format!("{}/{}{suffix}", api.as_str(), turn.name());
                let same = bodies.values().collect::<BTreeSet<_>>().len() == 1;
                let mut like_the_others = bodies.clone();
                like_the_others.retain(|dialect, _| {
                    !DIFFERENT.iter().any(|it| (it.0, word(it.1)) == (turn, *dialect))
                });
                if base == local && like_the_others.values().collect::<BTreeSet<_>>().len() != 1 {
                    faults.push(format!("{place}: {bodies:#?}"));
                }
                for (place, body) in named(&place, bodies, same) {
                    goldens.hold(&format!("{place}.request.json"), body.into_bytes());
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    goldens.check();
}

/// One file for all dialects, where they say the same; else one for each.
fn named(place: &str, bodies: Bodies, same: bool) -> Vec<(String, String)> {
    let all = bodies.into_iter().map(|(word, body)| (format!("{place}.from-{word}"), body));
    if same {
        return all.take(1).map(|(_, body)| (place.to_owned(), body)).collect();
    }
    all.collect()
}

/// What goes upstream, by the word for the dialect that it was asked in.
type Bodies = BTreeMap<&'static str, String>;

fn said(turn: Turn, api: Api, base: &str) -> Bodies {
    let asked = Dialect::ALL.into_iter().filter_map(|it| Some((word(it), turn.asked(it, true)?)));
    asked
        .map(|(word, asked)| {
            let (provider, _) = provider(api, base, Vec::new());
            let body = match provider.encode(&asked.request) {
                Ok(encoded) => pretty(&encoded.body),
                // A host that cannot be asked this: a chain goes on to another.
                // Which place it is, is told in each dialect's own words (`tests/places.rs`).
                Err(fault) => {
                    let told = fault.to_string();
                    pretty(&json!({"not_asked": told.split('`').next().unwrap_or_default().trim()}))
                }
            };
            (word, body)
        })
        .collect()
}
