//! What nobody here knows of an answer survives where it is written anew: from its
//! beginning, or from the place where it deviates.

use oc_providers::may_show_early;
use oc_providers::wire::Dialect;
use serde_json::{Value, json};

use crate::stage::{How, assert_sound, deltas, fixture, frames, push_all, renderer, taken, told};

/// The fixture, with reasoning in its text, so that nothing of it can pass; or with
/// the second piece of its text as no strict client could read it.
fn deviating(dialect: Dialect, early: bool) -> String {
    if early {
        return fixture(dialect).replace("Grüße", "<think>hm</think>Grüße");
    }
    let all = frames(&fixture(dialect)).into_iter().map(|frame| match dialect {
        _ if !frame.contains("delta") || !frame.contains("\" aus") => frame,
        Dialect::Responses => frame.replace("\"content_index\":0,", ""),
        Dialect::Chat => frame.replace(
            r#""content": " aus \"Paris\".""#,
            r#""content": [{"type": "text", "text": " aus \"Paris\"."}]"#,
        ),
        _ => frame.replace("\"index\":3,", ""),
    });
    all.collect()
}

#[test]
fn a_stream_that_is_written_anew_keeps_what_is_said_beside_the_answer() {
    let kept: [(Dialect, &[&str]); 3] = [
        (Dialect::Responses, &["\"cost_in_usd\":", "vendor_region", "vendor_tokens"]),
        (
            Dialect::Chat,
            &[
                "\"native_finish_reason\":\"STOP\"",
                "\"token_ids\":[1,2]",
                "\"system_fingerprint\":\"fp_1\"",
                "\"provider\":\"Vendor\"",
                "\"cost\":0.00125",
            ],
        ),
        (
            Dialect::Messages,
            &[
                "\"applied_edits\":[]",
                "\"server_tool_use\":{\"web_search_requests\":1}",
                "srvtoolu_1",
                "web_search_tool_result",
                "amazon-bedrock-invocationMetrics",
            ],
        ),
    ];
    for (dialect, words) in kept {
        for early in [true, false] {
            let client = told(dialect, &deviating(dialect, early), How::Relayed);
            let compact = client.replace("\": ", "\":").replace(", ", ",");
            assert_sound(dialect, &client, "written anew");
            for word in words {
                assert!(compact.contains(word), "{dialect:?}: {word} in {client}");
            }
            let when = if early { "anew" } else { "half" };
            insta::assert_snapshot!(format!("{when}_{}", dialect.api().as_str()), client);
        }
    }
}

/// Chunks that passed have told it.
#[test]
fn what_passed_is_not_told_again() {
    let upstream = deviating(Dialect::Chat, false).replacen("\"provider\"", "\"first\"", 1);
    let client = told(Dialect::Chat, &upstream, How::Relayed);
    assert_eq!(client.matches("\"first\": \"Vendor\"").count(), 1, "{client}");
    assert!(!client.contains("\"first\":\"Vendor\""), "{client}");
}

/// A server's own text of the whole has the reasoning in it that was taken out.
#[test]
fn reasoning_does_not_come_back_beside_the_answer() {
    let upstream = deviating(Dialect::Responses, true)
        .replace("\"vendor_region\"", "\"output_text\":\"<think>hm</think>Hi\",\"vendor_region\"");
    for stream in [true, false] {
        let mut client = renderer(Dialect::Responses, stream);
        let (deltas, fault) = deltas(Dialect::Responses, &upstream, How::Relayed);
        push_all(client.as_mut(), &deltas, fault);
        let shown = if stream { taken(client.as_mut()) } else { client.document().to_string() };
        let shown = shown.rsplit("event: response.completed").next().expect("an end");
        assert!(shown.contains("vendor_region") && !shown.contains("output_text\":"), "{shown}");
    }
    let names = ["reasoning_content", "reasoning", "reasoning_text", "reasoning_details"];
    for name in names {
        let delta = json!({"role": "assistant", "content": [{"type": "text", "text": "a"}],
            name: if name == "reasoning_details" { json!([{"type": "reasoning.text", "text": "SECRET"}]) }
                else { json!("SECRET") }});
        let chunk = json!({"id": "c", "choices": [{"index": 0, "delta": delta}]});
        let end =
            json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
        let stream = format!("data: {chunk}\n\ndata: {end}\n\ndata: [DONE]\n\n");
        let client = told(Dialect::Chat, &stream, How::Relayed);
        assert_eq!(client.matches("SECRET").count(), 1, "{name}: {client}");
    }
}

/// More than what is held of frames before the first word.
#[test]
fn an_answer_that_thinks_for_a_megabyte_keeps_what_its_end_says() {
    for dialect in Dialect::ALL {
        let thought = "x".repeat(600_000);
        let upstream = fixture(dialect).replace("it up.", &thought).replace("Look ", &thought);
        let client = told(dialect, &upstream, How::Relayed);
        assert_sound(dialect, &client, "long thought");
        let word = match dialect {
            Dialect::Responses => "cost_in_usd",
            Dialect::Chat => "native_finish_reason",
            _ => "applied_edits",
        };
        assert!(client.contains(word), "{dialect:?}");
    }
}

/// Reasoning was shown, and then another attempt gave the answer.
#[test]
fn an_attempt_that_was_replaced_leaves_nothing_beside_the_answer() {
    let upstream = deviating(Dialect::Chat, true);
    // A thought that cannot pass.
    let first = upstream.replace("\"Look \"", "\"Look \", \"content\": []");
    let first = first.replace("\"provider\"", "\"replaced\"");
    let (first, _) = deltas(Dialect::Chat, &first, How::Relayed);
    let (second, fault) = deltas(Dialect::Chat, &upstream, How::Relayed);
    let mut client = renderer(Dialect::Chat, true);
    let shown = first.iter().take_while(|delta| may_show_early(delta));
    shown.for_each(|delta| client.push(delta));
    client.abandon();
    push_all(client.as_mut(), &second, fault);
    let stream = taken(client.as_mut());
    assert!(stream.contains("\"provider\":\"Vendor\"") && stream.contains("Look "), "{stream}");
    assert!(!stream.contains("\"replaced\":\"Vendor\""), "{stream}");
}

/// A block of a server's own tool stands where it stood, whatever is around it.
#[test]
fn blocks_of_a_servers_own_tools_keep_their_place() {
    for early in [true, false] {
        let client = told(Dialect::Messages, &deviating(Dialect::Messages, early), How::Relayed);
        let starts = client.lines().filter(|line| line.contains("content_block_start\","));
        let kinds: Vec<String> = starts
            .map(|line| {
                let event: Value = serde_json::from_str(&line["data: ".len()..]).expect("json");
                event["content_block"]["type"].as_str().expect("a type").to_owned()
            })
            .collect();
        let calls = ["thinking", "server_tool_use", "web_search_tool_result"];
        assert_eq!(kinds[..3], calls, "{client}");
        assert_eq!(kinds.last().map(String::as_str), Some("tool_use"), "{client}");
        assert!(client.contains(r#""partial_json":"{\"query\":\"capital\"}""#), "{client}");
    }
}

/// Citations of which no other wire has a form were lost, and others became pages on
/// the web; and where half of the block had passed they were told twice.
#[test]
fn citations_stay_what_they_are_where_an_answer_is_written_anew() {
    let cited = [
        json!({"type": "char_location", "cited_text": "x", "document_index": 0,
            "document_title": "D", "start_char_index": 0, "end_char_index": 1}),
        json!({"type": "search_result_location", "source": "doc-17", "title": "T",
            "cited_text": "x", "search_result_index": 0, "start_block_index": 0,
            "end_block_index": 1}),
        json!({"type": "search_result_location", "source": "https://h/1", "title": "H",
            "cited_text": "x", "search_result_index": 1, "start_block_index": 0,
            "end_block_index": 1}),
        json!({"type": "tomorrow_location", "cited_text": "x"}),
    ];
    let told_of = cited.iter().map(|citation| {
        let event = json!({"type": "content_block_delta", "index": 3,
            "delta": {"type": "citations_delta", "citation": citation}});
        format!("event: content_block_delta\ndata: {event}\n\n")
    });
    let more: String = told_of.collect();
    let place = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":3,\
                 \"delta\":{\"type\":\"text_delta\",\"text\":\"Grüße\"";
    let usual = fixture(Dialect::Messages);
    assert!(usual.contains(place));
    let with_more = |stream: String| stream.replace(place, &format!("{more}{place}"));
    for upstream in [
        with_more(usual.clone()),
        with_more(usual).replace("Grüße", "<think>hm</think>Grüße"),
        with_more(deviating(Dialect::Messages, false)),
    ] {
        for stream in [true, false] {
            let mut client = renderer(Dialect::Messages, stream);
            let (deltas, fault) = deltas(Dialect::Messages, &upstream, How::Relayed);
            push_all(client.as_mut(), &deltas, fault);
            let shown = if stream { taken(client.as_mut()) } else { client.document().to_string() };
            for citation in &cited {
                assert_eq!(
                    shown.matches(&citation.to_string()).count(),
                    1,
                    "{citation} in {shown}"
                );
            }
            assert_eq!(shown.matches("web_search_result_location").count(), 1, "{shown}");
        }
    }
}

/// The words of a refusal are told as text, and its kind is kept.
#[test]
fn a_refusal_keeps_its_kind_and_says_its_words_once() {
    let upstream = concat!(
        r#"{"id":"m","type":"message","role":"assistant","model":"m","content":[],"#,
        r#""stop_reason":"refusal","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1},"#,
        r#""stop_details":{"type":"refusal","category":"cyber","explanation":"Not this."}}"#
    );
    for stream in [true, false] {
        let mut client = renderer(Dialect::Messages, stream);
        let (deltas, fault) = deltas(Dialect::Messages, upstream, How::Relayed);
        push_all(client.as_mut(), &deltas, fault);
        let shown = if stream { taken(client.as_mut()) } else { client.document().to_string() };
        assert!(shown.contains(r#""category":"cyber""#), "{shown}");
        assert_eq!(shown.matches("Not this.").count(), 1, "{shown}");
    }
}
