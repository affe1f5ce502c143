//! Items between their JSON and their canonical form.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

use oc_responses_stream::{Item, Part, Phase};
use serde_json::{Value, json};

fn item(json: &Value) -> Item {
    Item::from_json(json.as_object().unwrap().clone())
}

#[test]
fn nothing_of_an_item_is_lost() {
    for json in [
        json!({"id": "m", "type": "message", "status": "completed", "role": "assistant",
        "phase": "commentary", "new": 1, "content": [
            {"type": "output_text", "text": "Hi", "annotations": [{"type": "url_citation"}],
             "logprobs": [{"token": "Hi"}], "new": true},
            {"type": "refusal", "refusal": "No."},
            {"type": "tomorrow", "x": 1},
        ]}),
        json!({"id": "r", "type": "reasoning", "status": "completed", "encrypted_content": "seal",
            "summary": [{"type": "summary_text", "text": "a"}],
            "content": [{"type": "reasoning_text", "text": "b"}]}),
        json!({"id": "f", "type": "function_call", "status": "completed", "call_id": "c",
            "name": "f", "arguments": "{}", "namespace": "n"}),
        json!({"id": "w", "type": "web_search_call", "action": {"type": "search"}}),
        json!({"type": "tomorrow", "deep": {"er": [1, 2, 3]}}),
    ] {
        assert_eq!(item(&json).to_json(), json);
    }
}

#[test]
fn a_call_without_what_a_call_needs_is_kept_whole() {
    let json = json!({"type": "function_call", "name": "f"});
    assert!(matches!(item(&json), Item::Other(_)));
    assert_eq!(item(&json).to_json(), json);
}

#[test]
fn keys_that_strict_clients_need_are_filled_in() {
    let sparse = json!({"type": "message", "phase": null, "content": [
        {"type": "output_text", "text": "Hi"},
    ]});
    let Item::Message(message) = item(&sparse) else { panic!() };
    assert_eq!(message.phase, None::<Phase>);
    assert!(matches!(message.content[0], Part::Text(_)));
    let json = Item::Message(message).to_json();
    assert_eq!(json["content"][0]["annotations"], json!([]));
    assert_eq!(json["content"][0]["logprobs"], json!([]));
    assert_eq!(json.get("phase"), None);
    let reasoning = item(&json!({"type": "reasoning", "encrypted_content": ""})).to_json();
    assert_eq!(reasoning["summary"], json!([]));
    assert_eq!(reasoning.get("encrypted_content"), None);
}
