//! What passes, and what is changed in it.

use crate::stage::{How, assert_sound, deltas, fixture, frames, push_all, read, renderer, told};
use oc_providers::wire::Dialect;

/// Each frame of the upstream beside what became of it: `=` to the byte, else
/// both. Comments, pings and the mark at the end are the gateway's own to send.
fn compared(upstream: &str, client: &str) -> String {
    let silent = |frame: &String| {
        frame.starts_with(':') || frame.contains("\"type\":\"ping\"") || frame.contains("[DONE]")
    };
    let answer = |stream| frames(stream).into_iter().filter(move |frame| !silent(frame));
    let (theirs, mut ours) = (answer(upstream), answer(client));
    let mut golden = String::new();
    for theirs in theirs {
        let mut became = ours.next().unwrap_or_default();
        // A seal comes in a chunk of ours.
        while became.contains("reasoning_details") && !theirs.contains("reasoning_details") {
            golden += &lines("+", &became);
            became = ours.next().unwrap_or_default();
        }
        if theirs == became {
            golden += &lines("=", &theirs);
        } else {
            golden += &lines("-", &theirs);
            golden += &lines("+", &became);
        }
    }
    assert_eq!(ours.next(), None);
    golden
}

fn lines(sign: &str, frame: &str) -> String {
    frame.trim_end().lines().map(|line| format!("{sign} {line}\n")).collect()
}

/// The golden files are the documentation of what a relay changes.
#[test]
fn frames_pass_as_they_are_but_for_what_is_ours_to_say() {
    for dialect in Dialect::ALL {
        let upstream = fixture(dialect);
        let client = told(dialect, &upstream, How::Relayed);
        assert_sound(dialect, &client, "relayed");
        let golden = compared(&upstream, &client);
        insta::assert_snapshot!(format!("passes_{}", dialect.api().as_str()), golden);
    }
}

#[test]
fn a_relayed_answer_says_what_a_rewritten_one_says() {
    for dialect in Dialect::ALL {
        let upstream = fixture(dialect);
        let relayed = told(dialect, &upstream, How::Relayed);
        let rewritten = told(dialect, &upstream, How::Rewritten);
        assert_sound(dialect, &rewritten, "rewritten");
        assert_ne!(relayed, rewritten);
        let read_back = read(dialect, &relayed);
        assert_eq!(read_back, read(dialect, &rewritten), "{dialect:?}");
        assert_eq!(read_back.text, "Grüße aus \"Paris\".");
        assert!(!read_back.reasoning.is_empty() && !read_back.calls.is_empty());
    }
}

/// Field by field: nothing that only the wire knows is lost on the way.
#[test]
fn what_only_the_wire_knows_survives_in_a_stream_and_in_a_document() {
    let kept: [(Dialect, &[&str], &[&str]); 3] = [
        (
            Dialect::Responses,
            &[
                "obfuscation",
                "web_search_call.searching",
                "tomorrow.invented",
                "-0.00012345678901234567",
                "12345678901234567890.5",
            ],
            &["vendor_region", "cost_in_usd", "url_citation", "\"ws_up_1\"", "vendor_tokens"],
        ),
        (
            Dialect::Chat,
            &["obfuscation", "thought_signature", "token_ids", "timings", "fp_1"],
            &[
                "\"fp_1\"",
                "\"Vendor\"",
                "thought_signature",
                "native_finish_reason",
                "\"cost\"",
                "\"logprob\"",
                "\"channel\"",
            ],
        ),
        (
            Dialect::Messages,
            &["estimated_tokens", "tomorrow_invented", "inference_geo", "invocationMetrics"],
            &[
                "server_tool_use",
                "web_search_tool_result",
                "cited_text",
                "applied_edits",
                "caller",
                "service_tier",
                "web_search_requests",
            ],
        ),
    ];
    for (dialect, in_stream, everywhere) in kept {
        let upstream = fixture(dialect);
        let stream = told(dialect, &upstream, How::Relayed);
        let mut whole = renderer(dialect, false);
        let (deltas, fault) = deltas(dialect, &upstream, How::Relayed);
        for delta in &deltas {
            push_all_of(whole.as_mut(), delta);
        }
        assert!(fault.is_none() && whole.is_terminal());
        let document = whole.document();
        let text = document.to_string();
        for word in in_stream.iter().chain(everywhere) {
            assert!(stream.contains(word), "{dialect:?} stream: {word}");
        }
        for word in everywhere {
            assert!(text.contains(word), "{dialect:?} document: {word} in {text}");
        }
        insta::assert_snapshot!(
            format!("document_{}", dialect.api().as_str()),
            document.to_string()
        );
    }
}

fn push_all_of(renderer: &mut dyn oc_providers::wire::Render, delta: &oc_providers::Delta) {
    if matches!(delta, oc_providers::Delta::Finish(_)) {
        renderer.set_metadata("oc_served_by", "up/m".into());
    }
    renderer.push(delta);
    renderer.forget_bytes();
}

/// Who asked for final text alone, or in another dialect, gets no frame.
#[test]
fn only_the_same_wire_and_full_output_are_relayed() {
    for dialect in Dialect::ALL {
        let (deltas, _) = deltas(dialect, &fixture(dialect), How::Rewritten);
        assert!(!deltas.iter().any(|delta| matches!(delta, oc_providers::Delta::Frame(_))));
        for other in Dialect::ALL.into_iter().filter(|other| *other != dialect) {
            let (deltas, fault) = crate::stage::deltas(dialect, &fixture(dialect), How::Relayed);
            let mut client = renderer(other, true);
            push_all(client.as_mut(), &deltas, fault);
            let stream = crate::stage::taken(client.as_mut());
            assert_sound(other, &stream, "frames of another wire are nothing to it");
            assert!(!stream.contains("obfuscation") && !stream.contains("tomorrow"));
        }
    }
}
