//! One answer in the words of each upstream wire, as a stream and as a
//! document: written after the vendors' documentation, not with our renderers.

use oc_providers::{Api, Script};
use serde_json::{Value, json};

/// What an upstream says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    pub(crate) reasoning: &'static str,
    pub(crate) text: &'static str,
    /// Id, name, arguments.
    pub(crate) calls: &'static [(&'static str, &'static str, &'static str)],
    pub(crate) ending: Ending,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Ending {
    #[default]
    Stop,
    /// An error in the stream, after what was said.
    Error,
}

const INPUT: u64 = 21;
const CACHED: u64 = 5;
const OUTPUT: u64 = 13;

/// `said` by an upstream of this wire.
pub(crate) fn script(api: Api, said: &Said, streams: bool) -> Script {
    match (api, streams) {
        (Api::OpenaiResponses, true) => Script::sse(responses_stream(said)),
        (Api::OpenaiResponses, false) => Script::json(200, responses_document(said).to_string()),
        (Api::OpenaiCompletions, true) => Script::sse(chat_stream(said)),
        (Api::OpenaiCompletions, false) => Script::json(200, chat_document(said).to_string()),
        (Api::AnthropicMessages, true) => Script::sse(messages_stream(said)),
        (Api::AnthropicMessages, false) => Script::json(200, messages_document(said).to_string()),
        (other, _) => panic!("no upstream of {other:?}"),
    }
}

/// Texts come in pieces of a few characters, as from a model.
fn pieces(text: &str) -> Vec<String> {
    let all: Vec<char> = text.chars().collect();
    all.chunks(3).map(|piece| piece.iter().collect()).collect()
}

fn named(events: &[Value]) -> String {
    let told = events.iter().map(|event| {
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().expect("type"))
    });
    told.collect()
}

fn responses_items(said: &Said) -> Vec<Value> {
    let mut items = Vec::new();
    if !said.reasoning.is_empty() {
        items.push(json!({"type": "reasoning", "id": "rs_1", "summary": [],
            "content": [{"type": "reasoning_text", "text": said.reasoning}]}));
    }
    if !said.text.is_empty() {
        items.push(
            json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": said.text, "annotations": []}]}),
        );
    }
    for (id, name, arguments) in said.calls {
        items.push(json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": id,
            "name": name, "arguments": arguments, "status": "completed"}));
    }
    items
}

fn responses_document(said: &Said) -> Value {
    json!({"id": "resp_1", "object": "response", "created_at": 1, "model": "m",
        "status": "completed", "incomplete_details": null, "error": null, "output": responses_items(said),
        "usage": {"input_tokens": INPUT, "input_tokens_details": {"cached_tokens": CACHED},
            "output_tokens": OUTPUT, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": INPUT + OUTPUT}})
}

fn responses_stream(said: &Said) -> String {
    let head = json!({"id": "resp_1", "object": "response", "created_at": 1, "model": "m",
        "status": "in_progress", "output": []});
    let mut events = vec![
        json!({"type": "response.created", "response": head}),
        json!({"type": "response.in_progress", "response": head}),
    ];
    for (at, item) in responses_items(said).into_iter().enumerate() {
        let mut opened = item.clone();
        let (kind, field, whole) = match item["type"].as_str().expect("type") {
            "reasoning" => ("reasoning_text", "text", said.reasoning.to_owned()),
            "message" => ("output_text", "text", said.text.to_owned()),
            _ => {
                opened["arguments"] = json!("");
                let arguments = item["arguments"].as_str().expect("arguments").to_owned();
                ("function_call_arguments", "arguments", arguments)
            }
        };
        if field == "text" {
            opened["content"] = json!([]);
        }
        events.push(
            json!({"type": "response.output_item.added", "output_index": at, "item": opened}),
        );
        let place = |mut event: Value| {
            event["item_id"] = item["id"].clone();
            event["output_index"] = json!(at);
            if field == "text" {
                event["content_index"] = json!(0);
            }
            event
        };
        for piece in pieces(&whole) {
            events.push(place(json!({"type": format!("response.{kind}.delta"), "delta": piece})));
        }
        let mut done = json!({"type": format!("response.{kind}.done")});
        done[field] = json!(whole);
        events.push(place(done));
        events.push(json!({"type": "response.output_item.done", "output_index": at, "item": item}));
    }
    match said.ending {
        Ending::Stop => {
            events
                .push(json!({"type": "response.completed", "response": responses_document(said)}));
        }
        Ending::Error => events
            .push(json!({"type": "error", "code": "server_error", "message": "out of memory"})),
    }
    named(&events)
}

fn chat_usage() -> Value {
    json!({"prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT,
        "prompt_tokens_details": {"cached_tokens": CACHED}})
}

fn chat_finish(said: &Said) -> &'static str {
    if said.calls.is_empty() { "stop" } else { "tool_calls" }
}

fn chat_document(said: &Said) -> Value {
    let mut message = json!({"role": "assistant", "content": said.text});
    if !said.reasoning.is_empty() {
        message["reasoning_content"] = json!(said.reasoning);
    }
    if !said.calls.is_empty() {
        let calls = said.calls.iter().map(|(id, name, arguments)| {
            json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
        });
        message["tool_calls"] = calls.collect();
    }
    json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": chat_finish(said)}],
        "usage": chat_usage()})
}

fn chat_stream(said: &Said) -> String {
    let chunk = |choices: Value| {
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": choices})
    };
    let delta = |delta: Value| chunk(json!([{"index": 0, "delta": delta, "finish_reason": null}]));
    let mut chunks = vec![delta(json!({"role": "assistant", "content": ""}))];
    chunks.extend(pieces(said.reasoning).iter().map(|it| delta(json!({"reasoning_content": it}))));
    chunks.extend(pieces(said.text).iter().map(|it| delta(json!({"content": it}))));
    for (index, (id, name, arguments)) in said.calls.iter().enumerate() {
        chunks.push(delta(json!({"tool_calls": [{"index": index, "id": id, "type": "function",
            "function": {"name": name, "arguments": ""}}]})));
        chunks.extend(pieces(arguments).iter().map(|it| {
            delta(json!({"tool_calls": [{"index": index, "function": {"arguments": it}}]}))
        }));
    }
    match said.ending {
        Ending::Error => chunks.push(json!({"error": {"message": "out of memory", "code": 500}})),
        Ending::Stop => {
            chunks.push(chunk(
                json!([{"index": 0, "delta": {}, "finish_reason": chat_finish(said)}]),
            ));
            let mut last = chunk(json!([]));
            last["usage"] = chat_usage();
            chunks.push(last);
        }
    }
    let mut told: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
    if said.ending == Ending::Stop {
        told += "data: [DONE]\n\n";
    }
    told
}

fn messages_blocks(said: &Said) -> Vec<Value> {
    let mut blocks = Vec::new();
    if !said.reasoning.is_empty() {
        blocks.push(json!({"type": "thinking", "thinking": said.reasoning, "signature": "SIG=="}));
    }
    if !said.text.is_empty() {
        blocks.push(json!({"type": "text", "text": said.text}));
    }
    for (id, name, arguments) in said.calls {
        let input: Value = serde_json::from_str(arguments).expect("arguments");
        blocks.push(json!({"type": "tool_use", "id": id, "name": name, "input": input}));
    }
    blocks
}

fn messages_stop(said: &Said) -> &'static str {
    if said.calls.is_empty() { "end_turn" } else { "tool_use" }
}

fn messages_usage() -> Value {
    json!({"input_tokens": INPUT - CACHED, "cache_read_input_tokens": CACHED,
        "cache_creation_input_tokens": 0, "output_tokens": OUTPUT})
}

fn messages_document(said: &Said) -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": messages_blocks(said), "stop_reason": messages_stop(said),
        "stop_sequence": null, "usage": messages_usage()})
}

fn messages_stream(said: &Said) -> String {
    let mut head = messages_document(said);
    head["content"] = json!([]);
    head["stop_reason"] = Value::Null;
    head["usage"] = json!({"input_tokens": 1, "output_tokens": 1});
    let mut events = vec![json!({"type": "message_start", "message": head})];
    for (index, block) in messages_blocks(said).into_iter().enumerate() {
        let mut opened = block.clone();
        let mut deltas = Vec::new();
        match block["type"].as_str().expect("type") {
            "thinking" => {
                (opened["thinking"], opened["signature"]) = (json!(""), json!(""));
                deltas.extend(
                    pieces(said.reasoning)
                        .iter()
                        .map(|it| json!({"type": "thinking_delta", "thinking": it})),
                );
                deltas.push(json!({"type": "signature_delta", "signature": "SIG=="}));
            }
            "text" => {
                opened["text"] = json!("");
                deltas.extend(
                    pieces(said.text).iter().map(|it| json!({"type": "text_delta", "text": it})),
                );
            }
            _ => {
                opened["input"] = json!({});
                let input = block["input"].to_string();
                deltas.extend(
                    pieces(&input)
                        .iter()
                        .map(|it| json!({"type": "input_json_delta", "partial_json": it})),
                );
            }
        }
        events
            .push(json!({"type": "content_block_start", "index": index, "content_block": opened}));
        if index == 0 {
            events.push(json!({"type": "ping"}));
        }
        events.extend(
            deltas.into_iter().map(
                |delta| json!({"type": "content_block_delta", "index": index, "delta": delta}),
            ),
        );
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    match said.ending {
        Ending::Error => events.push(
            json!({"type": "error", "error": {"type": "api_error", "message": "out of memory"}}),
        ),
        Ending::Stop => {
            events.push(json!({"type": "message_delta",
                "delta": {"stop_reason": messages_stop(said), "stop_sequence": null},
                "usage": messages_usage()}));
            events.push(json!({"type": "message_stop"}));
        }
    }
    named(&events)
}
