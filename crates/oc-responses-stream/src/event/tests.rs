use serde_json::json;

use super::*;

#[test]
fn every_event_keeps_every_field() {
    for name in Event::NAMES {
        let json = json!({
            "type": name, "sequence_number": 7, "item_id": "i", "output_index": 1,
            "content_index": 2, "summary_index": 3, "delta": "d", "text": "t", "part": {"type": "x"},
            "item": {"id": "i"}, "response": {"id": "r"}, "logprobs": [], "annotation": {},
            "annotation_index": 0, "refusal": "no", "arguments": "{}", "name": "f", "input": "x",
            "code": "c", "message": "m", "param": null, "error": {"code": "c"}, "status": "s",
            "partial_image_b64": "AA==", "partial_image_index": 0, "size": "1x1",
            "command": "ls", "command_index": 0, "output": [], "diff": "+", "steer": {},
            "stream_id": "s", "reason": "r", "required_input": [], "previous_response_id": "p",
            "obfuscation": "zzz", "model": "m", "quality": null,
        });
        let event = Event::from_object(json.as_object().unwrap().clone());
        assert!(!matches!(event, Event::Unknown(_)), "{name}");
        assert_eq!(event.name(), *name);
        assert_eq!(event.sequence_number(), Some(7));
        assert_eq!(event.to_json(), json, "{name}");
    }
}

#[test]
fn unknown_names_and_missing_fields_are_kept_whole() {
    for json in [
        json!({"type": "response.invented", "x": [1, 2]}),
        json!({"type": "response.output_text.delta", "delta": 5}),
        json!({"type": "response.output_text.delta"}),
        json!({"no": "type"}),
    ] {
        let event = Event::from_object(json.as_object().unwrap().clone());
        assert!(matches!(event, Event::Unknown(_)), "{json}");
        assert_eq!(event.to_json(), json);
    }
}

#[test]
fn a_number_of_another_type_is_kept() {
    let json = json!({"type": "response.output_text.delta", "delta": "x", "output_index": "0"});
    let event = Event::from_object(json.as_object().unwrap().clone());
    let Event::OutputTextDelta(delta) = &event else { panic!("{event:?}") };
    assert_eq!(delta.output_index, None);
    assert_eq!(event.to_json(), json);
}

#[test]
fn a_frame_without_type_has_its_event_name() {
    let frame = sse::Frame::new(Some("response.refusal.delta"), r#"{"delta":"no"}"#);
    assert!(matches!(Event::from_frame(&frame), Ok(Event::RefusalDelta(_))));
    assert!(Event::from_json("[]").unwrap_err().is_corrupt());
}

#[test]
fn encoded_as_one_line_of_data_after_its_name() {
    let mut out = Vec::new();
    Event::from_json(r#"{"type":"keepalive","x":"a\nb"}"#).unwrap().encode_sse(&mut out);
    assert_eq!(out, b"event: keepalive\ndata: {\"type\":\"keepalive\",\"x\":\"a\\nb\"}\n\n");
}

/// Every event of the specification with the fields that it has there.
const SPECIFIED: &str = "
error: code message param
response.audio.delta: delta
response.audio.done:
response.audio.transcript.delta: delta
response.audio.transcript.done:
response.code_interpreter_call.completed: item_id output_index
response.code_interpreter_call.in_progress: item_id output_index
response.code_interpreter_call.interpreting: item_id output_index
response.code_interpreter_call_code.delta: delta item_id output_index
response.code_interpreter_call_code.done: code item_id output_index
response.compaction.compacting: item_id output_index
response.completed: response
response.content_part.added: content_index item_id output_index part
response.content_part.done: content_index item_id output_index part
response.created: response
response.custom_tool_call_input.delta: delta item_id output_index
response.custom_tool_call_input.done: input item_id output_index
response.failed: response
response.file_search_call.completed: item_id output_index
response.file_search_call.in_progress: item_id output_index
response.file_search_call.searching: item_id output_index
response.function_call_arguments.delta: delta item_id output_index
response.function_call_arguments.done: arguments item_id output_index
response.image_generation_call.completed: item_id output_index
response.image_generation_call.generating: item_id output_index
response.image_generation_call.in_progress: item_id output_index
response.image_generation_call.partial_image: item_id output_index partial_image_b64 partial_image_index background output_format quality size
response.in_progress: response
response.incomplete: response
response.mcp_call.completed: item_id output_index
response.mcp_call.failed: item_id output_index
response.mcp_call.in_progress: item_id output_index
response.mcp_call_arguments.delta: delta item_id output_index
response.mcp_call_arguments.done: arguments item_id output_index
response.mcp_list_tools.completed: item_id output_index
response.mcp_list_tools.failed: item_id output_index
response.mcp_list_tools.in_progress: item_id output_index
response.output_item.added: item output_index
response.output_item.done: item output_index
response.output_text.annotation.added: annotation annotation_index content_index item_id output_index
response.output_text.delta: content_index delta item_id logprobs output_index
response.output_text.done: content_index item_id logprobs output_index text
response.queued: response
response.reasoning_summary_part.added: item_id output_index part summary_index
response.reasoning_summary_part.done: item_id output_index part summary_index status
response.reasoning_summary_text.delta: delta item_id output_index summary_index
response.reasoning_summary_text.done: item_id output_index summary_index text
response.reasoning_text.delta: content_index delta item_id output_index
response.reasoning_text.done: content_index item_id output_index text
response.refusal.delta: content_index delta item_id output_index
response.refusal.done: content_index item_id output_index refusal
response.shell_call_command.added: command command_index output_index
response.shell_call_command.delta: command_index delta output_index obfuscation
response.shell_call_command.done: command command_index output_index
response.shell_call_output_content.delta: command_index delta item_id output_index
response.shell_call_output_content.done: command_index item_id output output_index
response.steer: input previous_response_id
response.steer.accepted: steer stream_id
response.steer.failed: error steer stream_id
response.steer.pending: reason required_input steer stream_id
response.web_search_call.completed: item_id output_index
response.web_search_call.in_progress: item_id output_index
response.web_search_call.searching: item_id output_index\n
";

#[test]
fn every_event_of_the_specification_has_its_fields() {
    let mut known = 0;
    for row in SPECIFIED.trim().lines() {
        let (name, fields) = row.split_once(':').unwrap();
        let mut object = Map::from_iter([("type".to_owned(), json!(name))]);
        for field in fields.split_whitespace() {
            object.insert(field.to_owned(), value_of(name, field));
        }
        let event = Event::from_object(object.clone());
        assert!(!matches!(event, Event::Unknown(_)), "{name}");
        assert_eq!(event.extra(), &Map::new(), "{name} has a place for each field");
        assert_eq!(event.to_json(), Value::Object(object), "{name}");
        known += 1;
    }
    assert_eq!(known, 63);
}

/// Some value of the field's type.
fn value_of(name: &str, field: &str) -> Value {
    match field {
        "delta" if name.contains("output_content") => json!({"stdout": "x"}),
        index if index.ends_with("_index") => json!(3),
        "response" | "item" | "part" | "annotation" | "steer" | "error" => json!({"id": "x"}),
        "logprobs" | "output" | "required_input" => json!([{"x": 1}]),
        _ => json!("x"),
    }
}

#[test]
fn what_real_servers_call_events_is_typed_too() {
    for name in [
        "keepalive",
        "response.keep_alive",
        "response.done",
        "response.cancelled",
        "response.text.delta",
        "response.text.done",
        "response.reasoning.delta",
        "response.reasoning.done",
        "response.reasoning_part.added",
        "response.reasoning_part.done",
        "response.reasoning_summary.delta",
        "response.reasoning_summary.done",
        "response.apply_patch_call_operation_diff.delta",
    ] {
        assert!(Event::NAMES.contains(&name), "{name}");
    }
}
