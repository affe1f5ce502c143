//! Recorded streams, damaged at random: never a panic, never two ends, never an
//! unlawful stream out, the same whatever the cut.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use std::sync::LazyLock;

use common::Recording;
use oc_responses_stream::{
    Delta, MachineOptions, ResponseId, ResponseMachine, ResponseParser, StreamError, laws,
};
use proptest::prelude::*;
use proptest::sample::Index;

static RECORDINGS: LazyLock<Vec<Recording>> = LazyLock::new(|| {
    let mut small = common::recordings();
    small.retain(|recording| recording.bytes.len() < 10_000);
    small
});

/// What may happen to a stream on its way.
#[derive(Clone, Debug)]
enum Damage {
    FlipByte(Index, u8),
    DropEvent(Index),
    RepeatEvent(Index),
    SwapEvents(Index, Index),
    CutAt(Index),
    DropField(Index, &'static str),
}

fn damage() -> impl Strategy<Value = Damage> {
    let field = prop::sample::select(vec![
        "output_index",
        "content_index",
        "item_id",
        "item",
        "response",
        "delta",
        "type",
        "text",
    ]);
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::FlipByte(at, byte)),
        any::<Index>().prop_map(Damage::DropEvent),
        any::<Index>().prop_map(Damage::RepeatEvent),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Damage::SwapEvents(a, b)),
        any::<Index>().prop_map(Damage::CutAt),
        (any::<Index>(), field).prop_map(|(at, field)| Damage::DropField(at, field)),
    ]
}

fn apply(bytes: &[u8], damage: &Damage) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let text = String::from_utf8_lossy(bytes);
    let mut events: Vec<String> = text.split_inclusive("\n\n").map(str::to_owned).collect();
    if events.is_empty() {
        return out;
    }
    match damage {
        Damage::FlipByte(at, byte) => {
            let at = at.index(out.len());
            out[at] = *byte;
            return out;
        }
        Damage::CutAt(at) => {
            out.truncate(at.index(out.len()));
            return out;
        }
        Damage::DropEvent(at) => drop(events.remove(at.index(events.len()))),
        Damage::RepeatEvent(at) => {
            let event = events[at.index(events.len())].clone();
            events.insert(at.index(events.len()), event);
        }
        Damage::SwapEvents(a, b) => {
            let (a, b) = (a.index(events.len()), b.index(events.len()));
            events.swap(a, b);
        }
        Damage::DropField(at, field) => {
            let at = at.index(events.len());
            events[at] = events[at].replace(&format!("\"{field}\":"), "\"x\":");
        }
    }
    events.concat().into_bytes()
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Result<Delta, StreamError>> {
    common::drain(ResponseParser::new(), pieces)
}

fn is_end(delta: &Result<Delta, StreamError>) -> bool {
    matches!(delta, Ok(Delta::Finish(_) | Delta::Error(_)) | Err(_))
}

/// Reads `bytes` and holds what comes of it to what must always hold.
fn hold(bytes: &[u8], size: usize) -> Result<(), TestCaseError> {
    let whole = read([bytes]);
    prop_assert_eq!(&read(bytes.chunks(size)), &whole);
    let ends: Vec<usize> = (0..whole.len()).filter(|at| is_end(&whole[*at])).collect();
    prop_assert_eq!(ends, [whole.len() - 1], "exactly one end, last");

    let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 0);
    let mut machine = ResponseMachine::new(options);
    for delta in &whole {
        match delta {
            Ok(delta) => machine.push(delta),
            Err(_) => machine.fail("server_error", "cut"),
        }
    }
    let events: Vec<_> = std::iter::from_fn(|| machine.next_event()).collect();
    laws::check(&events).map_err(|violation| TestCaseError::fail(violation.to_string()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn damaged_recordings(
        which in any::<Index>(),
        damages in prop::collection::vec(damage(), 1..5),
        size in 1_usize..200,
    ) {
        let mut bytes = which.get(&RECORDINGS).bytes.clone();
        for damage in &damages {
            bytes = apply(&bytes, damage);
        }
        hold(&bytes, size)?;
    }

    #[test]
    fn noise(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1_usize..20) {
        hold(&bytes, size)?;
    }

    #[test]
    fn random_events(
        lines in prop::collection::vec((
            prop::sample::select(oc_responses_stream::Event::NAMES),
            prop::option::of(0_u32..3),
            prop::option::of(prop::sample::select(vec!["a", "b"])),
            prop::sample::select(vec!["", "x", "<think>", "</think>", "{}"]),
            prop::sample::select(vec!["message", "reasoning", "function_call", "other"]),
        ), 0..25),
    ) {
        let lines: Vec<String> = lines.into_iter().map(|(name, index, id, text, kind)| {
            let part = serde_json::json!({"type": "output_text", "text": text});
            serde_json::json!({
                "type": name, "output_index": index, "item_id": id, "delta": text, "text": text,
                "arguments": text, "refusal": text, "annotation": {}, "part": part,
                "item": {"type": kind, "id": id, "name": "f", "call_id": id, "arguments": text,
                    "content": [part], "summary": [part]},
                "response": {"status": "completed", "output": [{"type": kind, "content": [part]}]},
            }).to_string()
        }).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        hold(&common::stream(&lines), 7)?;
    }
}
