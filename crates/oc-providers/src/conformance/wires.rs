//! Each wire by itself: every scenario means what the table says, however its
//! bytes are cut into pieces, and is never taken for whole where it broke off.

use std::collections::BTreeSet;

use super::reading::{Heard, HeardItem, collected, deltas, hear};
use super::{Bytes, Evidence, SCENARIOS, Scenario, TABLES, fixtures};
use crate::endpoint::Api;

/// How many scenarios may be skipped, over all wires.
const MOST_SKIPS: usize = 5;
/// What no wire may skip.
const NEVER_SKIPPED: [&str; 9] = [
    "text",
    "one_tool",
    "parallel_tools",
    "cut",
    "clean_cut",
    "cut_in_call",
    "late_error",
    "length",
    "length_in_call",
];
/// A stream is broken off at about so many places; one of each wire at every
/// byte.
const PLACES: usize = 50;
/// That one: it has everything.
const EVERY_BYTE: &str = "reasoning_text_tool";

#[test]
fn every_scenario_means_the_same_over_every_wire() {
    let mut faults = Vec::new();
    for table in TABLES {
        for (scenario, bytes) in table.evidence() {
            let heard = hear(table.api, scenario.limit(), [bytes.body.as_slice()]);
            faults.extend(difference(scenario, &bytes, heard));
        }
    }
    assert!(faults.is_empty(), "{} of them\n{}", faults.len(), faults.join("\n"));
}

/// How what was heard differs from what the scenario says.
fn difference(scenario: &Scenario, bytes: &Bytes, heard: Heard) -> Option<String> {
    let mut wanted = Heard::expected(scenario);
    let mut got = heard;
    if scenario.ids_of_ours {
        (wanted, got) = (with_own_ids(wanted).without_ids(), got.without_ids());
    }
    if bytes.is_recorded {
        (wanted, got) = (with_own_ids(wanted).without_particulars(), got.without_particulars());
        // A real server was killed wherever it happened to be.
        if scenario.is_failure() && got.ending == wanted.ending && wanted.begins(&got) {
            return None;
        }
    }
    // What an answer cost that failed is not known to all wires.
    if scenario.is_failure() {
        got.usage = None;
    }
    (got != wanted)
        .then(|| format!("{}: {}\n   got {got:?}\nwanted {wanted:?}", scenario.name, bytes.name))
}

/// Ids that can be taken away: the table may state one twice.
fn with_own_ids(mut heard: Heard) -> Heard {
    for (at, item) in heard.items.iter_mut().enumerate() {
        if let HeardItem::Call { id, .. } = item {
            *id = at.to_string();
        }
    }
    heard
}

/// Byte by byte, which has every cut there can be; in two pieces cut at every
/// place; and what was recorded, which is longer, in pieces.
#[test]
fn pieces_of_any_size_mean_the_same() {
    for table in TABLES {
        for (scenario, bytes) in table.evidence().filter(|(_, bytes)| !bytes.is_made) {
            let body = bytes.body.as_slice();
            let whole = hear(table.api, scenario.limit(), [body]);
            let size = if bytes.is_recorded { 61 } else { 1 };
            let pieces = hear(table.api, scenario.limit(), body.chunks(size));
            assert_eq!(pieces, whole, "{}: {size}", bytes.name);
            if scenario.name != EVERY_BYTE {
                continue;
            }
            for at in places(scenario, &bytes) {
                let (head, tail) = body.split_at(at);
                assert_eq!(
                    hear(table.api, scenario.limit(), [head, tail]),
                    whole,
                    "{} cut at {at}",
                    bytes.name
                );
            }
        }
    }
}

/// What came before is how the answer begins, and the end is one failure,
/// never an invented success.
#[test]
fn a_stream_that_breaks_off_anywhere_never_pretends() {
    for table in TABLES {
        for (scenario, bytes) in table.evidence() {
            if bytes.is_made || !bytes.is_stream() || scenario.is_failure() {
                continue;
            }
            let whole = hear(table.api, scenario.limit(), [bytes.body.as_slice()]);
            let enough = end_of(table.api, &bytes.body);
            for at in places(scenario, &bytes).filter(|at| *at < enough) {
                let (deltas, error) = deltas(table.api, scenario.limit(), [&bytes.body[..at]]);
                let answer = collected(&deltas);
                assert!(answer.finish.is_none(), "{} broken off at {at}", bytes.name);
                let heard = Heard::of(&answer, error.as_ref());
                assert!(heard.begins(&whole), "{} broken off at {at}: {heard:?}", bytes.name);
            }
        }
    }
}

/// Some places in most streams, every place in one.
fn places(scenario: &Scenario, bytes: &Bytes) -> impl Iterator<Item = usize> + use<> {
    let every = scenario.name == EVERY_BYTE && !bytes.is_recorded;
    let step = if every { 1 } else { 1 + bytes.body.len() / PLACES };
    (0..bytes.body.len()).step_by(step)
}

/// Where the event stands that says why the answer ended: before it nobody can
/// know that it is whole.
fn end_of(api: Api, body: &[u8]) -> usize {
    let text = String::from_utf8_lossy(body);
    let last = match api {
        Api::OpenaiCompletions => text.match_indices("\"finish_reason\":").find_map(|(at, _)| {
            let rest = text.get(at + "\"finish_reason\":".len()..)?;
            (!rest.starts_with("null")).then_some(at)
        }),
        Api::AnthropicMessages => text.find("\"message_stop\""),
        _ => text.find("\"response.completed\"").or_else(|| text.find("\"response.incomplete\"")),
    };
    last.expect("an answer that ends says so")
}

#[test]
fn skips_are_few_and_never_of_what_matters() {
    let mut skips = Vec::new();
    for table in TABLES {
        for (scenario, row) in table.rows.each() {
            let all: Vec<_> = row.iter().copied().flatten().collect();
            assert!(!all.is_empty(), "{:?} has nothing for {}", table.api, scenario.name);
            for evidence in &all {
                if let Evidence::Skip(reason) = evidence {
                    assert!(all.len() == 1 && reason.len() > 10, "{}", scenario.name);
                    assert!(!NEVER_SKIPPED.contains(&scenario.name), "{}", scenario.name);
                    skips.push((table.api, scenario.name));
                }
            }
        }
    }
    assert!(skips.len() <= MOST_SKIPS, "{skips:?}");
    assert!(SCENARIOS.len() >= 40);
}

#[test]
fn every_synthetic_file_is_evidence_for_something_and_says_what_it_is() {
    for table in TABLES {
        let mut listed = BTreeSet::new();
        for (_, row) in table.rows.each() {
            for evidence in row.iter().copied().flatten() {
                match evidence {
                    Evidence::Synthetic(name) => {
                        assert!(listed.insert((*name).to_owned()), "{name} is listed twice");
                    }
                    Evidence::Recorded(path) => assert!(fixtures().join(path).exists(), "{path}"),
                    Evidence::Made(_) | Evidence::Skip(_) => {}
                }
            }
        }
        let files: BTreeSet<String> = std::fs::read_dir(table.folder())
            .expect("folder")
            .map(|entry| entry.expect("file").file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(files, listed, "{:?}", table.api);
        for name in files.iter().filter(|name| name.ends_with(".sse")) {
            let text = std::fs::read_to_string(table.folder().join(name)).expect(name);
            let mark = text.trim_start_matches('\u{feff}').starts_with(": synthetic");
            assert!(mark, "{name} does not say that nobody recorded it");
        }
    }
}
