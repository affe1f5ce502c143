//! What official SDKs put together from a stream, and fail on: each of these hosts
//! was relayed as it is, to a client that could not read it.

use oc_providers::wire::{AnswerName, Dialect};
use serde_json::{Value, json};

use crate::stage::{
    How, assert_sound, deltas, fixture, frames, push_all, read, renderer, taken, told,
};
use crate::support::{fixtures, recordings};

/// A chunk of a Chat host, with this delta.
fn chunk(delta: Value) -> Value {
    json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

/// The chunk that ends it.
fn end() -> Value {
    let mut end = chunk(json!({}));
    end["choices"][0]["finish_reason"] = json!("stop");
    end
}

fn stream(chunks: &[Value]) -> String {
    let frames = chunks.iter().map(|chunk| format!("data: {chunk}\n\n"));
    frames.chain(["data: [DONE]\n\n".to_owned()]).collect()
}

/// What a Chat client gets, held to what its SDK insists on.
fn chat(chunks: &[Value]) -> Vec<Value> {
    let client = told(Dialect::Chat, &stream(chunks), How::Relayed);
    assert_sound(Dialect::Chat, &client, "relayed");
    chunks_of(&client)
}

fn chunks_of(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter_map(|data| serde_json::from_str(data).ok()).collect()
}

/// The entries of a list of the deltas, as openai-python puts them together.
fn entries(chunks: &[Value], list: &str) -> Vec<Value> {
    let deltas = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"][list].as_array());
    deltas.flatten().cloned().collect()
}

fn numbers(chunks: &[Value], list: &str) -> Vec<u64> {
    entries(chunks, list).iter().map(|entry| entry["index"].as_u64().expect("a number")).collect()
}

#[test]
fn every_chunk_is_called_a_chunk() {
    for object in [json!(null), json!(""), json!("chat.completion"), json!("text_completion")] {
        let mut all = [chunk(json!({"role": "assistant", "content": "Hi"})), end()];
        all.iter_mut().for_each(|chunk| chunk["object"] = object.clone());
        let told = chat(&all);
        assert!(told.iter().all(|chunk| chunk["object"] == "chat.completion.chunk"), "{object}");
        all.iter_mut()
            .for_each(|chunk| drop(chunk.as_object_mut().map(|it| it.shift_remove("object"))));
        assert_eq!(chat(&all), told);
    }
}

#[test]
fn who_speaks_is_said_once() {
    let told = chat(&[
        chunk(json!({"role": "assistant", "content": "H"})),
        chunk(json!({"role": "assistant", "content": "i"})),
        chunk(json!({"content": "!", "role": "assistant"})),
        chunk(json!({"role": "assistant"})),
        end(),
    ]);
    let roles = told.iter().filter(|chunk| chunk["choices"][0]["delta"].get("role").is_some());
    assert_eq!(roles.count(), 1, "{told:?}");
}

#[test]
fn entries_of_lists_are_numbered_in_relayed_chunks() {
    let cites = |url: &str| {
        json!({"type": "url_citation", "url_citation": {"url": url, "title": "t",
        "start_index": 0, "end_index": 1}})
    };
    let thinks = |text: &str| json!({"reasoning": text, "reasoning_details": [{"type": "reasoning.text", "text": text}]});
    let told = chat(&[
        chunk(json!({"role": "assistant"})),
        chunk(thinks("h")),
        chunk(thinks("m")),
        chunk(json!({"content": "T", "annotations": [cites("https://a"), cites("https://b")]})),
        chunk(json!({"annotations": [cites("https://c")]})),
        end(),
    ]);
    assert_eq!(numbers(&told, "annotations"), [0, 1, 2]);
    // The last is our seal.
    assert_eq!(numbers(&told, "reasoning_details"), [0, 1, 2]);
    // A host's own numbers stay, and ours go on after them.
    let mut numbered = cites("https://a");
    numbered["index"] = json!(4);
    let told = chat(&[
        chunk(json!({"content": "T", "annotations": [numbered]})),
        chunk(json!({"annotations": [cites("https://b")]})),
        // From here on it is written anew.
        chunk(json!({"content": [{"type": "text", "text": "U"}]})),
        chunk(json!({"annotations": [cites("https://c")]})),
        end(),
    ]);
    assert_eq!(numbers(&told, "annotations"), [4, 5, 6]);
}

/// Two citations of a host of another wire crashed openai-python.
#[test]
fn entries_of_lists_are_numbered_in_chunks_of_ours() {
    for dialect in [Dialect::Responses, Dialect::Messages] {
        let all = frames(&fixture(dialect));
        let citation = all.iter().position(|frame| {
            frame.contains("annotation.added\"") || frame.contains("citations_delta")
        });
        let citation = citation.expect("a citation");
        let mut twice = all.clone();
        twice.insert(citation, all[citation].clone());
        let (deltas, fault) = deltas(dialect, &twice.concat(), How::Rewritten);
        let mut client = renderer(Dialect::Chat, true);
        push_all(client.as_mut(), &deltas, fault);
        let stream = taken(client.as_mut());
        assert_sound(Dialect::Chat, &stream, "two citations");
        assert_eq!(numbers(&chunks_of(&stream), "annotations"), [0, 1], "{dialect:?}: {stream}");
    }
}

/// Some servers think in one field, and say all of it again in another.
#[test]
fn reasoning_that_another_field_repeats_is_told_once() {
    let names = ["reasoning", "reasoning_content", "reasoning_text"];
    for (first, again) in
        names.iter().flat_map(|first| names.iter().map(move |again| (first, again)))
    {
        if first == again {
            continue;
        }
        let mut last = end();
        last["choices"][0]["delta"] = json!({again.to_owned(): "hm", "vendor": 1});
        let chunks = [
            chunk(json!({"role": "assistant", first.to_owned(): "h"})),
            chunk(json!({first.to_owned(): "m"})),
            chunk(json!({"content": "A"})),
            last,
        ];
        let told = chat(&chunks);
        // As the Vercel AI SDK reads it.
        let thought = |chunk: &Value| {
            let delta = &chunk["choices"][0]["delta"];
            let fields = ["reasoning_content", "reasoning", "reasoning_text"];
            fields.iter().find_map(|key| delta[key].as_str().map(str::to_owned))
        };
        let heard: String = told.iter().filter_map(thought).collect();
        assert_eq!(heard, "hm", "{first}, {again}: {told:?}");
        // It was relayed.
        assert!(told.iter().any(|chunk| chunk["choices"][0]["delta"]["vendor"] == 1), "{told:?}");

        let (deltas, fault) = deltas(Dialect::Chat, &stream(&chunks), How::Relayed);
        let mut client = renderer(Dialect::Chat, false);
        push_all(client.as_mut(), &deltas, fault);
        let message = &client.document()["choices"][0]["message"];
        assert_eq!(message["reasoning_content"], "hm", "{message}");
        assert!(names.iter().all(|name| message[name].as_str().is_none_or(|it| it == "hm")));
    }
}

/// A document is put together already.
#[test]
fn a_document_has_no_numbers_but_the_hosts() {
    let all = stream(&[
        chunk(json!({"content": "T", "annotations": [{"type": "url_citation",
            "url_citation": {"url": "https://a"}}]})),
        end(),
    ]);
    let (deltas, fault) = deltas(Dialect::Chat, &all, How::Relayed);
    let mut client = renderer(Dialect::Chat, false);
    push_all(client.as_mut(), &deltas, fault);
    let message = &client.document()["choices"][0]["message"];
    assert_eq!(message["annotations"][0]["url_citation"]["url"], "https://a");
    assert!(message["annotations"][0].get("index").is_none(), "{message}");
}

/// What a Chat client gets that asks for the counts, or not.
fn counted(chunks: &[Value], asked: bool) -> (Vec<Value>, String) {
    let body = json!({"model": "m", "stream": true, "stream_options": {"include_usage": asked},
        "messages": [{"role": "user", "content": "Hi"}]});
    let request = Dialect::Chat.decode_request(body.to_string().as_bytes()).expect("reads");
    let mut client = request.renderer(AnswerName::new("1", "client/model", 1_700_000_000));
    let (deltas, fault) = deltas(Dialect::Chat, &stream(chunks), How::Relayed);
    push_all(client.as_mut(), &deltas, fault);
    let stream = taken(client.as_mut());
    assert_sound(Dialect::Chat, &stream, "counted");
    (chunks_of(&stream), stream)
}

#[test]
fn counts_come_once_in_a_chunk_of_their_own_and_only_if_asked_for() {
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "cost": 0.5});
    let with = |mut chunk: Value| {
        chunk["usage"] = usage.clone();
        chunk
    };
    let alone = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [], "usage": usage});
    let said = chunk(json!({"role": "assistant", "content": "T"}));
    for (way, chunks) in [
        ("alone", vec![said.clone(), end(), alone.clone()]),
        ("in the last chunk", vec![said.clone(), with(end())]),
        ("in every chunk", vec![with(said.clone()), with(end())]),
        ("in the last chunk and alone", vec![said.clone(), with(end()), alone]),
        ("after the end, with a choice", vec![said.clone(), end(), with(chunk(json!({})))]),
    ] {
        let (told, stream) = counted(&chunks, true);
        let last = told.last().expect("a chunk");
        assert_eq!(last["choices"], json!([]), "{way}: {stream}");
        assert_eq!(last["usage"], usage, "{way}: {stream}");
        assert_eq!(last["metadata"]["oc_served_by"], "up/m", "{way}: {stream}");
        assert_eq!(stream.matches("oc_served_by").count(), 1, "{way}: {stream}");
        let (told, stream) = counted(&chunks, false);
        assert!(told.iter().all(|chunk| chunk["usage"].is_null()), "{way}: {stream}");
        assert_eq!(stream.matches("oc_served_by").count(), 1, "{way}: {stream}");
    }
    // What nobody counted is not made up.
    let (told, stream) = counted(&[said, end()], true);
    assert!(told.iter().all(|chunk| chunk["usage"].is_null()), "{stream}");
    assert_eq!(stream.matches("oc_served_by").count(), 1, "{stream}");
}

#[test]
fn a_part_that_is_announced_has_what_its_pieces_are_added_to() {
    let usual = fixture(Dialect::Responses);
    for damaged in [json!({"type": "output_text"}), json!({"type": "output_text", "text": null})] {
        let changed = frames(&usual).into_iter().map(|frame| {
            let data = frame.lines().find_map(|line| line.strip_prefix("data: "));
            let Some(mut json) = data.and_then(|data| serde_json::from_str::<Value>(data).ok())
            else {
                return frame;
            };
            if json["type"] != "response.content_part.added"
                || json["part"]["type"] != "output_text"
            {
                return frame;
            }
            json["part"] = damaged.clone();
            format!("event: response.content_part.added\ndata: {json}\n\n")
        });
        let changed: String = changed.collect();
        assert_ne!(changed, usual);
        let client = told(Dialect::Responses, &changed, How::Relayed);
        assert_sound(Dialect::Responses, &client, "a part without its text");
        assert!(client.contains("tomorrow.invented"), "relayed: {client}");
    }
}

/// The fixture with this stop reason, relayed or, for an inline thought, written anew.
fn stopped(reason: &str) -> [String; 2] {
    let usual = fixture(Dialect::Messages);
    let wanted =
        usual.replace("\"stop_reason\":\"tool_use\"", &format!("\"stop_reason\":\"{reason}\""));
    assert_ne!(usual, wanted);
    [wanted.clone(), wanted.replace("Grüße", "<think>hm</think>Grüße")]
}

#[test]
fn a_stop_reason_that_says_more_or_what_nobody_knows_stays_on_its_wire() {
    let full = "model_context_window_exceeded";
    for upstream in stopped(full) {
        let client = told(Dialect::Messages, &upstream, How::Relayed);
        assert!(client.contains(&format!("\"stop_reason\":\"{full}\"")), "{client}");
    }
    for word in ["compaction", "banana"] {
        let text = json!({"type": "text", "text": "T"});
        for text in [text, json!({"type": "text", "text": "<think>hm</think>T"})] {
            let upstream = json!({"id": "m", "type": "message", "role": "assistant", "model": "m",
                "content": [text], "stop_reason": word, "stop_sequence": null,
                "usage": {"input_tokens": 1, "output_tokens": 1}});
            let (said, _) = deltas(Dialect::Messages, &upstream.to_string(), How::Relayed);
            for stream in [true, false] {
                let tell = |dialect| {
                    let mut client = renderer(dialect, stream);
                    push_all(client.as_mut(), &said, None);
                    if stream { taken(client.as_mut()) } else { client.document().to_string() }
                };
                let own = tell(Dialect::Messages);
                assert!(own.contains(&format!("\"stop_reason\":\"{word}\"")), "{own}");
                // Elsewhere it is an answer that is not whole.
                let chat = tell(Dialect::Chat);
                assert!(chat.contains("\"finish_reason\":\"length\""), "{chat}");
                let response = tell(Dialect::Responses);
                assert!(response.contains("\"status\":\"incomplete\""), "{response}");
                assert!(response.contains(&format!("{{\"reason\":\"{word}\"}}")), "{response}");
            }
        }
    }
}

/// A word of the host's own, with calls: the calls are what counts, everywhere.
#[test]
fn calls_that_came_whole_are_to_be_run_whatever_word_ends_them() {
    let call = json!([{"index": 0, "id": "a", "type": "function",
        "function": {"name": "f", "arguments": "{}"}}]);
    let mut last = end();
    last["choices"][0]["finish_reason"] = json!("banana");
    let chat = stream(&[chunk(json!({"role": "assistant", "tool_calls": call})), last]);
    let [messages, _] = stopped("banana");
    for (host, upstream) in [(Dialect::Chat, chat), (Dialect::Messages, messages)] {
        let (said, _) = deltas(host, &upstream, How::Relayed);
        for (dialect, wanted) in [
            (Dialect::Responses, "event: response.completed"),
            (Dialect::Chat, "\"finish_reason\":\"tool_calls\""),
            (Dialect::Messages, "\"stop_reason\":\"tool_use\""),
        ] {
            let own = host == dialect && host == Dialect::Messages;
            let wanted = if own { "\"stop_reason\":\"banana\"" } else { wanted };
            let mut client = renderer(dialect, true);
            push_all(client.as_mut(), &said, None);
            let stream = taken(client.as_mut());
            assert!(stream.contains(wanted), "{host:?} to {dialect:?}: {stream}");
        }
    }
}

/// Every stream that a real server sent, to every client: as its SDK wants it.
#[test]
fn every_recorded_stream_is_sound_for_every_client() {
    let mut count = 0;
    for (folder, part, dialect) in folders() {
        for (name, body) in recordings(&folder, part) {
            let Ok(upstream) = String::from_utf8(body) else { continue };
            if !name.ends_with(".sse") || !name.contains(part) {
                continue;
            }
            count += 1;
            for how in [How::Relayed, How::Rewritten] {
                let (said, fault) = deltas(dialect, &upstream, how);
                for client in Dialect::ALL {
                    let mut told = renderer(client, true);
                    push_all(told.as_mut(), &said, fault.clone());
                    let stream = taken(told.as_mut());
                    assert_sound(client, &stream, &format!("{name}, {how:?}"));
                    if client == dialect {
                        let (ours, theirs) = (read(dialect, &stream), read(dialect, &upstream));
                        assert_eq!(ours.text, theirs.text, "{name}, {how:?}");
                    }
                }
            }
        }
    }
    assert!(count > 150, "{count} streams");
}

/// The folders of recordings, and what is in them.
fn folders() -> Vec<(String, &'static str, Dialect)> {
    let mut all = Vec::new();
    for server in ["transformers-serve", "litellm", "llama-server", "vllm"] {
        all.push((format!("openai_completions/{server}"), ".sse", Dialect::Chat));
        for (part, dialect) in [("responses", Dialect::Responses), ("messages", Dialect::Messages)]
        {
            let has = std::fs::read_dir(fixtures().join(server)).expect("a folder").any(|entry| {
                entry.is_ok_and(|entry| entry.file_name().to_string_lossy().contains(part))
            });
            if has {
                all.push((server.to_owned(), part, dialect));
            }
        }
    }
    for dialect in Dialect::ALL {
        let wire = dialect.api().as_str().replace('-', "_");
        all.push((format!("conformance/{wire}"), ".sse", dialect));
    }
    all
}
