//! Items between their JSON and their canonical form.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

use oc_responses_stream::{Item, ItemType, Part, Phase};
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
        json!({"id": "m", "type": "message", "status": "paused", "role": "assistant",
            "phase": "tomorrow", "content": []}),
        json!({"id": "o", "type": "function_call_output", "call_id": "c", "output": "4"}),
        json!({"type": "function_call_output", "call_id": "c", "status": "completed", "new": 1,
            "output": [{"type": "input_image", "image_url": "data:,"}]}),
        json!({"id": "r", "type": "reasoning", "summary": [], "new": {"er": 1}}),
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
fn every_type_of_item_is_known_by_its_name_and_comes_back_whole() {
    // The items of the API's own list, input and output.
    let names = [
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "custom_tool_call_output",
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "image_generation_call",
        "mcp_list_tools",
        "mcp_call",
        "mcp_approval_request",
        "mcp_approval_response",
        "computer_call",
        "computer_call_output",
        "local_shell_call",
        "local_shell_call_output",
        "shell_call",
        "shell_call_output",
        "apply_patch_call",
        "apply_patch_call_output",
        "tool_search_call",
        "tool_search_output",
        "additional_tools",
        "configuration_update",
        "program",
        "program_output",
        "compaction",
        "compaction_trigger",
        "item_reference",
    ];
    assert_eq!(ItemType::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>(), names);
    for name in names {
        let json = json!({"type": name, "id": "i", "call_id": "c", "name": "n", "role": "assistant",
            "arguments": "{}", "output": "o", "content": [], "summary": [], "new": [1]});
        let item = item(&json);
        assert_eq!((item.item_type(), item.known_type().map(ItemType::as_str)), (name, Some(name)));
        let kept = item.to_json();
        for (key, value) in json.as_object().unwrap() {
            // The one list that is left out where it is empty.
            let is_empty_content = name == "reasoning" && key == "content";
            assert!(is_empty_content || kept.get(key) == Some(value), "{name} {key}");
        }
    }
    let newer = item(&json!({"type": "tomorrow"}));
    assert_eq!((newer.item_type(), newer.known_type()), ("tomorrow", None));
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
