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
