//! Three dialects of clients over three upstream wires, streaming and not on
//! either side: the same answer on every path.
//!
//! What a client gets is read back by the interpreter of its own wire, so that
//! each dialect's renderer is held to what its readers make of it.

use futures::StreamExt as _;
use futures::executor::block_on;
use serde_json::{Value, json};

use super::goldens::{Goldens, pretty};
use super::reading::{Heard, HeardItem, collected, deltas};
use super::turns::{host_of, provider, word};
use super::{Bytes, Ending, SCENARIOS, Said, Scenario, TABLES, Table};
use crate::error::ProviderErrorKind;
use crate::transport::Script;
use crate::wire::{AnswerName, Dialect, Render};
use oc_responses_stream::FinishReason;

/// An answer as far as every dialect can tell it: the order of text and calls
/// is lost in a chat message.
#[derive(Debug, PartialEq)]
struct Read {
    thought: String,
    text: String,
    calls: Vec<(String, String, Value)>,
    cites: Vec<(String, String)>,
    tokens: Vec<String>,
    ending: Ending,
    usage: [u64; 5],
}

#[test]
fn every_path_gives_the_same_answer() {
    let mut faults = Vec::new();
    for table in TABLES {
        for (scenario, bytes) in table.evidence() {
            // What a real server says beyond a scenario is its own.
            if bytes.is_recorded {
                continue;
            }
            for dialect in Dialect::ALL {
                let Some(mut renderer) = told(dialect, table, scenario, &bytes) else { continue };
                let path = format!("{}: {} to {}", scenario.name, bytes.name, word(dialect));
                let wanted = Read::expected(scenario, dialect);
                let stream = stream_of(renderer.as_mut());
                faults.extend(difference(&path, scenario, dialect, &stream, &wanted));
                if !scenario.is_failure() {
                    let document = renderer.document().to_string();
                    let path = format!("{path}, whole");
                    faults.extend(difference(
                        &path,
                        scenario,
                        dialect,
                        document.as_bytes(),
                        &wanted,
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} of them\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn what_each_client_gets() {
    let mut goldens = Goldens::of_answers();
    for scenario in SCENARIOS {
        for dialect in Dialect::ALL {
            let mut whole = None;
            for table in TABLES {
                let all = table.bytes_of(scenario);
                let Some(bytes) = all.iter().find(|it| !it.is_recorded && !it.is_made) else {
                    continue;
                };
                let Some(mut renderer) = told(dialect, table, scenario, bytes) else { continue };
                let (folder, name, wire) = (word(dialect), scenario.name, table.api.as_str());
                let stream = stream_of(renderer.as_mut());
                goldens.hold(&format!("{folder}/{name}.{wire}.sse"), stream);
                if whole.is_none() && !scenario.is_failure() {
                    whole = Some(renderer.document());
                    let document = pretty(&renderer.document());
                    goldens.hold(&format!("{folder}/{name}.json"), document.into_bytes());
                }
            }
        }
    }
    goldens.check();
}

/// The answer of an upstream, told to a client of `dialect`; `None` where the
/// client has no words for the question.
fn told(
    dialect: Dialect,
    table: &Table,
    scenario: &Scenario,
    bytes: &Bytes,
) -> Option<Box<dyn Render>> {
    let asked = scenario.turn.asked(dialect, true)?;
    let body = bytes.body.clone();
    let script = if bytes.is_stream() { Script::sse(body) } else { Script::json(200, body) };
    let (upstream, _) = provider(table.api, host_of(table.api, scenario.turn), vec![script]);
    let mut renderer = asked.renderer(AnswerName::new("1", "m", 1_700_000_000));
    block_on(async {
        let mut deltas = upstream.deltas(asked.request);
        while let Some(next) = deltas.next().await {
            match next {
                Ok(delta) => renderer.push(&delta),
                Err(fault) => renderer.fail("upstream_failed", &fault.to_string()),
            }
        }
    });
    assert!(renderer.is_terminal() && renderer.has_content(), "{}", bytes.name);
    Some(renderer)
}

fn stream_of(renderer: &mut dyn Render) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(event) = renderer.next_bytes() {
        assert!(event.ends_with(b"\n\n"), "one whole event in one write");
        bytes.extend(event);
    }
    bytes.extend(renderer.end_mark());
    bytes
}

/// How what a client reads differs from what was said.
fn difference(
    path: &str,
    scenario: &Scenario,
    dialect: Dialect,
    body: &[u8],
    wanted: &Read,
) -> Option<String> {
    let (deltas, error) = deltas(dialect.api(), None, [body]);
    let answer = collected(&deltas);
    let calls = answer.tool_calls().count();
    // An agent that is told of calls and finds none waits for ever.
    let called = answer.finish.as_ref().map(|finish| finish.reason == FinishReason::ToolCalls);
    if dialect != Dialect::Responses && wanted.ending == Ending::Whole && called != Some(calls > 0)
    {
        return Some(format!("{path}: {calls} calls and the ending {:?}", answer.finish));
    }
    let mut heard = Heard::of(&answer, error.as_ref());
    if scenario.ids_of_ours {
        heard = heard.without_ids();
    }
    let got = Read::of(heard);
    (got != *wanted).then(|| format!("{path}\n   got {got:?}\nwanted {wanted:?}"))
}

impl Read {
    fn expected(scenario: &Scenario, dialect: Dialect) -> Self {
        let mut wanted = Self::of(Heard::expected(scenario));
        if scenario.ids_of_ours {
            wanted.calls.iter_mut().for_each(|(id, ..)| *id = "some id".to_owned());
        }
        if dialect == Dialect::Messages {
            // No word for how likely a token was, and one for a filter and a
            // refusal, whose words are text.
            wanted.tokens.clear();
            if scenario.said.iter().any(|said| matches!(said, Said::Refusal(_))) {
                wanted.ending = Ending::Filtered;
            }
        }
        // To the client every failure is one that it is told of.
        if scenario.is_failure() {
            wanted.ending = Ending::Fails(ProviderErrorKind::InStream);
        }
        wanted
    }

    fn of(heard: Heard) -> Self {
        let mut read = Self {
            thought: String::new(),
            text: String::new(),
            calls: Vec::new(),
            cites: Vec::new(),
            tokens: Vec::new(),
            ending: heard.ending,
            // Messages says zero where nothing is known.
            usage: heard.usage.unwrap_or_default(),
        };
        for item in heard.items {
            match item {
                HeardItem::Thought(text) => read.thought += &text,
                HeardItem::Text(text) | HeardItem::Refusal(text) => read.text += &text,
                HeardItem::Call { id, name, arguments } => read.calls.push((id, name, arguments)),
                HeardItem::Cites { url, title } => read.cites.push((url, title)),
                HeardItem::Tokens(tokens) => read.tokens.extend(tokens),
            }
        }
        read
    }
}

/// What the goldens say, for readers in other languages.
#[test]
fn what_every_reader_of_the_goldens_must_find() {
    let mut all = serde_json::Map::new();
    for scenario in SCENARIOS {
        let read = Read::of(Heard::expected(scenario));
        let ending = match scenario.ending {
            Ending::Whole if read.calls.is_empty() => "stop",
            Ending::Whole => "tool_calls",
            Ending::Length => "length",
            Ending::Filtered => "content_filter",
            Ending::Fails(_) => "error",
        };
        if scenario.name == "huge" {
            continue; // No golden is that large.
        }
        let ids_of_ours = scenario.ids_of_ours;
        let calls = read.calls.into_iter().map(|(id, name, arguments)| {
            let id = if ids_of_ours { Value::Null } else { id.into() };
            json!({"id": id, "name": name, "arguments": arguments})
        });
        let usage = scenario.usage.map(|[input, cached, written, output, reasoning]| {
            json!({"input": input, "cached": cached, "cache_written": written, "output": output,
                "reasoning": reasoning})
        });
        let said = json!({
            "reasoning": read.thought, "text": read.text, "calls": calls.collect::<Vec<_>>(),
            "ending": ending, "usage": usage,
        });
        all.insert(scenario.name.to_owned(), said);
    }
    let mut goldens = Goldens::of_expectations();
    goldens.hold("expected/answers.json", pretty(&Value::Object(all)).into_bytes());
    goldens.check();
}
