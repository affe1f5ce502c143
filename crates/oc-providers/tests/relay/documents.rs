//! An answer that the upstream gave as one document: what nobody here knows of
//! it reaches a client of the same wire, as a document and in a stream.

use oc_providers::wire::Dialect;
use serde_json::{Value, json};

use crate::stage::{How, assert_sound, deltas, push_all, read, renderer, told};
use crate::support::fixtures;

fn document(dialect: Dialect) -> String {
    let path = fixtures().join("relay").join(format!("{}.json", dialect.api().as_str()));
    std::fs::read_to_string(path).expect("fixture")
}

/// What a client that does not stream gets of `upstream`.
fn whole(dialect: Dialect, upstream: &str) -> Value {
    let mut client = renderer(dialect, false);
    let (deltas, fault) = deltas(dialect, upstream, How::Relayed);
    push_all(client.as_mut(), &deltas, fault);
    client.document()
}

/// Where `ours` says something else than `theirs`, or nothing.
fn differences(theirs: &Value, ours: &Value, place: &str, all: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (key, value) in theirs {
                let place = format!("{place}/{key}");
                match ours.get(key) {
                    Some(ours) => differences(value, ours, &place, all),
                    None if value.is_null() => {}
                    None => all.push(format!("{place} is lost")),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            for (at, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                differences(theirs, ours, &format!("{place}/{at}"), all);
            }
        }
        (theirs, ours) if theirs == ours => {}
        (theirs, ours) => all.push(format!("{place}: {theirs} became {ours}")),
    }
}

fn lost(theirs: &str, ours: &Value) -> Vec<String> {
    let mut all = Vec::new();
    differences(&serde_json::from_str(theirs).expect("json"), ours, "", &mut all);
    // In our name, our seal over another's, or supplied for strict clients.
    let is_ours = |fault: &String| {
        ["/id: ", "/model: ", "/created: ", "/metadata: "].iter().any(|it| fault.starts_with(it))
            || (["/signature: ", "/encrypted_content: "].iter().any(|it| fault.contains(it))
                && fault.contains("became \"oc-seal-"))
            || fault.contains(": null became ")
            || fault.contains("/message/content: \"\" became null")
            // As it was judged: a stop sequence is there, the limit was reached.
            || fault.starts_with("/stop_reason: ")
            // Reasoning does not stay in the text.
            || fault.contains(": \"<think>")
    };
    all.retain(|fault| !is_ours(fault));
    all
}

#[test]
fn a_document_reaches_a_client_that_does_not_stream_as_it_is() {
    for dialect in Dialect::ALL {
        let upstream = document(dialect);
        let client = whole(dialect, &upstream);
        assert_eq!(lost(&upstream, &client), [""; 0], "{dialect:?}: {client}");
        insta::assert_snapshot!(
            format!("whole_{}", dialect.api().as_str()),
            serde_json::to_string_pretty(&client).expect("json")
        );
    }
}

#[test]
fn a_document_reaches_a_client_that_streams_with_what_only_the_wire_knows() {
    let kept: [(Dialect, &[&str]); 3] = [
        (
            Dialect::Responses,
            &[
                "vendor_tokens",
                "\"sources\"",
                "vendor_note",
                "vendor_part",
                "cost_in_usd",
                "timings",
                "vendor_region",
                "-0.00012345678901234567",
            ],
        ),
        (
            Dialect::Chat,
            &[
                "channel",
                "vendor_call",
                "151645",
                "token_ids",
                "\"cost\"",
                "fp_1",
                "kv_transfer_params",
                "timings",
                "-0.00012345678901234567",
            ],
        ),
        (
            Dialect::Messages,
            &[
                "estimated_tokens",
                "server_tool_use",
                "web_search_tool_result",
                "char_location",
                "\"caller\"",
                "container_1",
                "applied_edits",
                "inference_geo",
                "tomorrow_invented",
            ],
        ),
    ];
    for (dialect, words) in kept {
        let upstream = document(dialect);
        let client = told(dialect, &upstream, How::Relayed);
        assert_sound(dialect, &client, "of a document");
        for word in words {
            assert!(client.contains(word), "{dialect:?}: {word} in {client}");
        }
        let rewritten = told(dialect, &upstream, How::Rewritten);
        assert_eq!(read(dialect, &client), read(dialect, &rewritten), "{dialect:?}");
        insta::assert_snapshot!(format!("streamed_{}", dialect.api().as_str()), client);
    }
}

/// Who does not stream cannot ask for the counts, and what they cost was lost; so
/// was what a server says of a call's function.
#[test]
fn what_only_the_host_knows_of_counts_and_calls_reaches_a_document_of_any_ending() {
    let usage = json!({"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12,
        "cost": 0.001, "cost_details": {"upstream": 0.5},
        "prompt_tokens_details": {"cached_tokens": 2, "vendor_tokens": 3}});
    let call = |id: &str, vendor: u64| {
        json!({"id": id, "type": "function", "vendor_call": vendor,
            "function": {"name": "f", "arguments": "{\"a\":1}", "vendor_function": {"z": vendor}}})
    };
    let text = json!({"role": "assistant", "content": "Yo"});
    let thought = json!({"role": "assistant", "content": "Yo", "reasoning": "hm"});
    let calls = json!({"role": "assistant", "content": null,
        "tool_calls": [call("a", 1), call("b", 2)]});
    for (message, reason) in
        [(&text, "stop"), (&text, "length"), (&thought, "stop"), (&calls, "tool_calls")]
    {
        let upstream = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": usage})
        .to_string();
        let client = whole(Dialect::Chat, &upstream);
        assert_eq!(lost(&upstream, &client), [""; 0], "{client}");
    }
    // A stream says it in pieces.
    let chunk = |delta: Value, reason: Value, more: &str| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
        format!("data: {{\"id\":\"c\",\"choices\":[{choice}]{more}}}\n\n")
    };
    let mut opens = call("a", 1);
    opens["index"] = json!(0);
    opens["function"]["arguments"] = json!("{\"a\"");
    let goes_on = json!({"index": 0, "function": {"arguments": ":1}", "vendor_end": true}});
    let stream = [
        chunk(json!({"role": "assistant", "tool_calls": [opens]}), Value::Null, ""),
        chunk(json!({"tool_calls": [goes_on]}), Value::Null, ""),
        chunk(json!({}), json!("tool_calls"), &format!(",\"usage\":{usage}")),
        "data: [DONE]\n\n".to_owned(),
    ];
    let client = whole(Dialect::Chat, &stream.concat());
    let function = &client["choices"][0]["message"]["tool_calls"][0]["function"];
    let wanted = json!({"name": "f", "arguments": "{\"a\":1}", "vendor_function": {"z": 1},
        "vendor_end": true});
    assert_eq!(*function, wanted, "{client}");
    let mut faults = Vec::new();
    differences(&usage, &client["usage"], "usage", &mut faults);
    assert_eq!(faults, [""; 0], "{client}");
}

/// Real servers' documents, each to a client that does not stream.
#[test]
fn recorded_documents_lose_nothing() {
    let mut faults = Vec::new();
    for (dialect, path) in recorded() {
        let upstream = std::fs::read_to_string(&path).expect("fixture");
        let name = path.strip_prefix(fixtures()).unwrap_or(&path).display().to_string();
        if name.contains("badtool") {
            // A call whose arguments are no JSON: nobody is given it.
            continue;
        }
        let client = whole(dialect, upstream.trim());
        faults.extend(lost(&upstream, &client).into_iter().map(|fault| format!("{name}{fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn recorded() -> Vec<(Dialect, std::path::PathBuf)> {
    let mut all = Vec::new();
    let mut folders = vec![fixtures()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry")) {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("conformance") && !path.ends_with("relay") {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "json") {
                let text = std::fs::read_to_string(&path).expect("fixture");
                let Ok(json) = serde_json::from_str::<Value>(&text) else { continue };
                let dialect = match (&json["object"], &json["type"]) {
                    (Value::String(word), _) if word == "response" => Dialect::Responses,
                    (Value::String(word), _) if word == "chat.completion" => Dialect::Chat,
                    (_, Value::String(word)) if word == "message" => Dialect::Messages,
                    _ => continue,
                };
                all.push((dialect, path));
            }
        }
    }
    assert!(all.len() > 10, "{all:?}");
    all
}

/// A server that strict clients cannot read is written anew: of the answer as a
/// whole nothing is lost to a client that does not stream.
#[test]
fn an_answer_that_is_written_anew_keeps_what_is_said_beside_it() {
    let usage = "\"usage\":{";
    for (dialect, upstream) in [
        (Dialect::Responses, "llama-server/responses-think-stream.sse"),
        (Dialect::Messages, "llama-server/messages-think-unasked-stream.sse"),
    ] {
        let stream = std::fs::read_to_string(fixtures().join(upstream)).expect("fixture");
        let at = stream.rfind(usage).expect("usage");
        let (before, after) = stream.split_at(at);
        let after =
            after.replacen(usage, "\"vendor\":{\"z\":1,\"a\":[2]},\"usage\":{\"cost\":0.5,", 1);
        let client = whole(dialect, &format!("{before}{after}"));
        assert_eq!(client["vendor"].to_string(), r#"{"z":1,"a":[2]}"#, "{client}");
        assert_eq!(client["usage"]["cost"], 0.5, "{client}");
    }
    let chat = concat!(
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]},",
        "\"finish_reason\":null}],\"prompt_token_ids\":[1]}\n\n",
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\",\"stop_reason\":7}],",
        "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"cost\":0.5}}\n\ndata: [DONE]\n\n",
    );
    let client = whole(Dialect::Chat, chat);
    assert_eq!(client["choices"][0]["message"]["content"], "Hi");
    assert_eq!(client["choices"][0]["stop_reason"], 7);
    assert_eq!(
        (&client["prompt_token_ids"][0], &client["usage"]["cost"]),
        (&1.into(), &0.5.into())
    );
}
