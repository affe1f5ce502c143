//! A relay that meets what it cannot let pass, anywhere: the client reads the
//! same answer as if all of it had been rewritten, and its SDK takes it.

use oc_providers::Delta;
use oc_providers::wire::Dialect;
use oc_responses_stream::{Delta as D, ReasoningDelta, Slot, TextDelta};
use serde_json::{Value, json};

use crate::stage::{
    How, assert_sound, deltas, fixture, frames, push_all, read, renderer, taken, told,
};

/// The law: relayed or rewritten, the answer is the same.
fn assert_same(dialect: Dialect, upstream: &str, why: &str) {
    let relayed = told(dialect, upstream, How::Relayed);
    let rewritten = told(dialect, upstream, How::Rewritten);
    assert_sound(dialect, &relayed, why);
    let (ours, theirs) = (read(dialect, &relayed), read(dialect, &rewritten));
    assert_eq!(ours, theirs, "{dialect:?}: {why}\n{relayed}");
}

fn json_of(frame: &str) -> Option<Value> {
    serde_json::from_str(frame.lines().find_map(|line| line.strip_prefix("data: "))?).ok()
}

fn frame_of(json: &Value) -> String {
    match json["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {json}\n\n"),
        None => format!("data: {json}\n\n"),
    }
}

/// Every way to write `json` without one of its fields, or with another value.
fn damaged(json: &Value) -> Vec<Value> {
    const PLACES: &[&str] = &[
        "",
        "/item",
        "/part",
        "/delta",
        "/response",
        "/content_block",
        "/message",
        "/choices/0",
        "/choices/0/delta",
        "/choices/0/delta/tool_calls/0",
        "/choices/0/delta/tool_calls/0/function",
    ];
    const RESPONSE: &[&str] = &[
        "id",
        "object",
        "status",
        "output",
        "usage",
        "model",
        "error",
        "incomplete_details",
        "metadata",
    ];
    let mut all = Vec::new();
    for place in PLACES {
        let Some(Value::Object(fields)) = json.pointer(place) else { continue };
        for (key, value) in fields {
            // Of a response's many settings no law is.
            if *place == "/response" && !RESPONSE.contains(&key.as_str()) {
                continue;
            }
            let others = [
                None,
                Some(match value {
                    Value::Number(_) => json!(7),
                    Value::String(_) => json!("other"),
                    Value::Array(_) => json!("list"),
                    _ => json!(7),
                }),
            ];
            for other in others {
                let mut changed = json.clone();
                let Some(Value::Object(fields)) = changed.pointer_mut(place) else { continue };
                match other {
                    Some(other) => fields.insert(key.clone(), other),
                    None => fields.shift_remove(key),
                };
                all.push(changed);
            }
        }
    }
    all
}

#[test]
fn a_frame_that_is_missing_doubled_or_out_of_place_changes_nothing_for_the_reader() {
    for dialect in Dialect::ALL {
        let all = frames(&fixture(dialect));
        for at in 0..all.len() {
            let with = |change: &dyn Fn(&mut Vec<String>)| {
                let mut frames = all.clone();
                change(&mut frames);
                frames.concat()
            };
            assert_same(dialect, &with(&|all| drop(all.remove(at))), &format!("without {at}"));
            assert_same(
                dialect,
                &with(&|all| all.insert(at, all[at].clone())),
                &format!("twice {at}"),
            );
            assert_same(dialect, &with(&|all| all.truncate(at)), &format!("cut before {at}"));
            assert_same(
                dialect,
                &with(&|all| all.insert(at, "data: {\"a\":\n\n".into())),
                &format!("corrupt at {at}"),
            );
            assert_same(
                dialect,
                &with(&|all| all.insert(at, "data: no json\n\n".into())),
                &format!("text at {at}"),
            );
            if at + 1 < all.len() {
                assert_same(dialect, &with(&|all| all.swap(at, at + 1)), &format!("swapped {at}"));
            }
        }
    }
}

#[test]
fn a_field_that_is_missing_or_wrong_in_any_frame_changes_nothing_for_the_reader() {
    for dialect in Dialect::ALL {
        let all = frames(&fixture(dialect));
        for (at, frame) in all.iter().enumerate() {
            let Some(json) = json_of(frame) else { continue };
            for changed in damaged(&json) {
                let mut frames = all.clone();
                frames[at] = frame_of(&changed);
                assert_same(dialect, &frames.concat(), &format!("frame {at}: {changed}"));
            }
        }
    }
}

/// From any frame on, as servers do it: no indexes, no sequence numbers, an id
/// of its own in every event.
#[test]
fn a_server_that_loses_its_numbers_half_way_changes_nothing_for_the_reader() {
    type Lose = fn(&mut Value, usize);
    let lose: [(&str, Lose); 3] = [
        ("no indexes", |json, _| {
            for key in ["output_index", "content_index", "sequence_number"] {
                json.as_object_mut().expect("object").shift_remove(key);
            }
        }),
        ("rotating ids", |json, at| {
            if json["item_id"].is_string() {
                json["item_id"] = json!(format!("rotated_{at}"));
            }
            if json["item"]["id"].is_string() {
                json["item"]["id"] = json!(format!("rotated_{at}"));
            }
        }),
        ("no done events", |json, _| {
            let name = json["type"].as_str().unwrap_or_default();
            if name.ends_with(".done") && !name.contains("item") {
                *json = json!({"type": "keepalive"});
            }
        }),
    ];
    let all = frames(&fixture(Dialect::Responses));
    for (name, lose) in lose {
        for from in 0..all.len() {
            let changed = all.iter().enumerate().map(|(at, frame)| match json_of(frame) {
                Some(mut json) if at >= from => {
                    lose(&mut json, at);
                    frame_of(&json)
                }
                _ => frame.clone(),
            });
            let changed: String = changed.collect();
            assert_same(Dialect::Responses, &changed, &format!("{name} from {from}"));
        }
    }
}

#[test]
fn a_stream_that_is_cut_at_any_byte_fails_explicitly_and_in_order() {
    for dialect in Dialect::ALL {
        let whole = fixture(dialect);
        // A stride that meets every place in a frame sooner or later.
        for at in (0..whole.len()).filter(|at| whole.is_char_boundary(*at)).step_by(11) {
            let relayed = told(dialect, &whole[..at], How::Relayed);
            assert_sound(dialect, &relayed, &format!("cut at {at}"));
        }
    }
}

/// Reasoning that a model writes into its text is taken out, wherever it begins.
#[test]
fn inline_reasoning_turns_a_relay_into_a_rewriting() {
    for dialect in Dialect::ALL {
        for (from, to) in [
            ("Grüße", "<think>hm</think>Grüße"),
            ("Grüße", "Grüße<thi"),
            (" aus", "<think>hm</think> aus"),
            (" aus", " aus <think>more"),
        ] {
            let changed = fixture(dialect).replace(from, to);
            assert_same(dialect, &changed, to);
            let read = read(dialect, &told(dialect, &changed, How::Relayed));
            let is_thought = to.starts_with("<think>") && from == "Grüße";
            assert!(!(is_thought && read.text.contains("hm")), "{read:?}");
            assert!(!is_thought || read.reasoning.ends_with("hm"), "{read:?}");
        }
    }
}

/// Reasoning that was shown early, and then its attempt was replaced: by one of
/// the same wire, by one of another, at any point.
#[test]
fn an_attempt_that_is_replaced_leaves_reasoning_and_nothing_else() {
    for dialect in Dialect::ALL {
        let (first, _) = deltas(dialect, &fixture(dialect), How::Relayed);
        let shown: Vec<&Delta> =
            first.iter().take_while(|delta| oc_providers::may_show_early(delta)).collect();
        assert!(shown.iter().any(|delta| matches!(delta, Delta::Reasoning(_))));
        for until in 0..=shown.len() {
            for how in [How::Relayed, How::Rewritten] {
                let mut client = renderer(dialect, true);
                shown.iter().take(until).for_each(|delta| client.push(delta));
                client.abandon();
                let (second, fault) = deltas(dialect, &fixture(dialect), how);
                push_all(client.as_mut(), &second, fault);
                let stream = taken(client.as_mut());
                assert_sound(dialect, &stream, &format!("replaced after {until}, {how:?}"));
                let read = read(dialect, &stream);
                assert_eq!(read.text, "Grüße aus \"Paris\".", "{dialect:?} after {until}");
            }
        }
    }
}

/// An upstream that sends silent frames without end is not kept for ever.
#[test]
fn frames_that_say_nothing_do_not_pile_up() {
    let silent =
        "event: response.tomorrow\ndata: {\"type\":\"response.tomorrow\",\"pad\":\"PAD\"}\n\n"
            .replace("PAD", &"x".repeat(1000));
    let all = frames(&fixture(Dialect::Responses));
    let upstream = [all[..2].concat(), silent.repeat(2000), all[2..].concat()].concat();
    let (deltas, _) = deltas(Dialect::Responses, &upstream, How::Relayed);
    let held: usize = deltas
        .iter()
        .take_while(|delta| !matches!(delta, Delta::Text(_)))
        .map(oc_providers::delta_weight)
        .sum();
    assert!(held < 2 << 20, "{held} bytes are held before the first text");
    assert_same(Dialect::Responses, &upstream, "two megabytes of silence");
}

/// Deltas of no frame, after frames: whatever stands in between, the answer goes on.
#[test]
fn a_delta_that_no_frame_says_is_written() {
    for dialect in Dialect::ALL {
        let mut client = renderer(dialect, true);
        let (deltas, _) = deltas(dialect, &fixture(dialect), How::Relayed);
        let text = deltas.iter().position(|delta| matches!(delta, D::Text(_))).expect("text");
        deltas[..=text].iter().for_each(|delta| client.push(delta));
        client.push(&D::Reasoning(ReasoningDelta::raw(Slot(70), "On second thought")));
        client.push(&D::Text(TextDelta::new(Slot(71), " more")));
        client.fail("upstream_failed", "it broke");
        let stream = taken(client.as_mut());
        assert_sound(dialect, &stream, "foreign deltas");
        let read = read(dialect, &stream);
        assert!(read.failed && read.text.ends_with(" more"), "{read:?}");
        assert!(read.reasoning.contains("On second thought"));
    }
}
