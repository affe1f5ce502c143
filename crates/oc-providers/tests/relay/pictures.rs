//! Pictures that a model drew (OpenRouter's `images`): to each client in its own
//! form, and where it has none no empty answer that passes for one.

use oc_fallback::{Gate, Reason};
use oc_providers::DeltaGate;
use oc_providers::wire::Dialect;
use serde_json::{Value, json};

use crate::stage::{How, deltas, push_all, renderer, taken};

const PNG: &str = "data:image/png;base64,iVBORw0KGgo=";
const ELSEWHERE: &str = "https://example.org/1.webp";

fn picture(url: &str) -> Value {
    json!({"type": "image_url", "image_url": {"url": url}, "index": 0, "vendor": 1})
}

/// An answer that is a picture, streamed and in one piece; and the same after text.
fn upstreams(url: &str) -> [(String, &'static str); 4] {
    let chunk = |delta: Value, reason: Value| {
        let chunk = json!({"id": "up", "object": "chat.completion.chunk", "created": 7,
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
        format!("data: {chunk}\n\n")
    };
    let stream = |text: &str| {
        [
            chunk(json!({"role": "assistant", "content": text}), Value::Null),
            chunk(json!({"images": [picture(url)]}), Value::Null),
            chunk(json!({}), json!("stop")),
            "data: [DONE]\n\n".to_owned(),
        ]
        .concat()
    };
    let document = |text: &str| {
        let message = json!({"role": "assistant", "content": text, "images": [picture(url)]});
        json!({"id": "up", "object": "chat.completion", "created": 7,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
        .to_string()
    };
    [(stream(""), ""), (stream("Here:"), "Here:"), (document(""), ""), (document("Here:"), "Here:")]
}

/// What a client of `dialect` gets of an answer of the Chat wire, and what the gate says.
fn given(dialect: Dialect, upstream: &str, how: How, stream: bool) -> (String, Gate) {
    let mut client = renderer(dialect, stream);
    let (deltas, fault) = deltas(Dialect::Chat, upstream, how);
    let mut gate = DeltaGate::whole().with_items(client.carries());
    let verdict = deltas.iter().map(|delta| gate.judge(delta)).last().expect("an end");
    push_all(client.as_mut(), &deltas, fault);
    let shown = if stream { taken(client.as_mut()) } else { client.document().to_string() };
    (shown, verdict)
}

#[test]
fn a_picture_reaches_clients_that_have_a_form_for_it() {
    for url in [PNG, ELSEWHERE] {
        for (upstream, text) in upstreams(url) {
            for how in [How::Relayed, How::Rewritten] {
                for stream in [true, false] {
                    let (chat, verdict) = given(Dialect::Chat, &upstream, how, stream);
                    assert_eq!(verdict, Gate::Commit, "{chat}");
                    assert_eq!(chat.matches(url).count(), 1, "{chat}");
                    assert_eq!(how == How::Relayed, chat.contains("\"vendor\":1"), "{chat}");
                    assert!(chat.contains(text));
                    let (responses, verdict) = given(Dialect::Responses, &upstream, how, stream);
                    assert_eq!(verdict, Gate::Commit, "{responses}");
                    let result = match url {
                        PNG => "\"output_format\":\"png\",\"result\":\"iVBORw0KGgo=\"".to_owned(),
                        _ => format!("\"result\":null,\"image_url\":\"{url}\""),
                    };
                    assert!(responses.contains("\"type\":\"image_generation_call\""));
                    assert!(responses.contains(&result), "{result} in {responses}");
                }
            }
        }
    }
}

#[test]
fn a_picture_alone_is_no_answer_to_a_client_that_has_no_form_for_it() {
    for (upstream, text) in upstreams(PNG) {
        let (shown, verdict) = given(Dialect::Messages, &upstream, How::Relayed, true);
        let wanted = if text.is_empty() { Gate::Reject(Reason::Empty) } else { Gate::Commit };
        assert_eq!(verdict, wanted, "{shown}");
    }
}

/// What OpenAI's own picture tool drew.
#[test]
fn a_picture_of_the_responses_wire_reaches_a_chat_client() {
    let event = |json: Value| {
        format!("event: {}\ndata: {json}\n\n", json["type"].as_str().unwrap_or_default())
    };
    let item = |status: &str, result: Value| {
        json!({"id": "ig_1", "type": "image_generation_call", "status": status,
            "output_format": "webp", "result": result})
    };
    let response = |status: &str, output: Value| {
        json!({"id": "resp_1", "object": "response", "created_at": 7, "status": status,
            "model": "m", "output": output})
    };
    let whole = item("completed", json!("UklGRg=="));
    let upstream = [
        event(json!({"type": "response.created", "response": response("in_progress", json!([]))})),
        event(json!({"type": "response.output_item.added", "output_index": 0,
            "item": item("in_progress", Value::Null)})),
        event(json!({"type": "response.output_item.done", "output_index": 0, "item": whole})),
        event(json!({"type": "response.completed",
            "response": response("completed", json!([whole]))})),
    ];
    let (deltas, fault) = deltas(Dialect::Responses, &upstream.concat(), How::Rewritten);
    let mut client = renderer(Dialect::Chat, false);
    push_all(client.as_mut(), &deltas, fault);
    assert_eq!(
        client.document()["choices"][0]["message"]["images"],
        json!([{"type": "image_url", "image_url": {"url": "data:image/webp;base64,UklGRg=="}}])
    );
}
