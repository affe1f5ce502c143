//! What the strictest clients do with our streams, written after them and not
//! after our own laws: Open Responses' schema, the `responses.stream` helpers of
//! openai-python and openai-node, and Codex.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{good, recordings, write};
use oc_responses_stream::{
    AnnotationDelta, Delta, Event, Finish, FinishReason, MachineOptions, OutputStyle, Phase,
    ReasoningDelta, ReasoningStyle, ResponseId, ResponseMachine, Seal, Slot, TextDelta,
    ToolCallEnd, ToolCallStart, UpstreamError, Usage,
};
use proptest::prelude::*;
use serde_json::{Value, json};

type Outcome = Result<(), String>;

fn need(holds: bool, what: impl Into<String>) -> Outcome {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// A key and what its value may be.
type Key = (&'static str, fn(&Value) -> bool);

fn keys(of: &str, object: &Value, keys: &[Key]) -> Outcome {
    for (key, fits) in keys {
        let value = object.get(*key).ok_or_else(|| format!("{of}: no `{key}`"))?;
        need(fits(value), format!("{of}: `{key}` is {value}"))?;
    }
    Ok(())
}

fn text(value: &Value) -> bool {
    value.is_string()
}

fn text_or_null(value: &Value) -> bool {
    value.is_string() || value.is_null()
}

fn count(value: &Value) -> bool {
    value.is_u64()
}

fn count_or_null(value: &Value) -> bool {
    value.is_u64() || value.is_null()
}

/// `ResponseResource`: every key is there, null only where the schema allows it.
const RESPONSE: &[Key] = &[
    ("id", text),
    ("object", |v| v == "response"),
    ("created_at", count),
    ("completed_at", count_or_null),
    ("status", text),
    ("incomplete_details", |v| v.is_null() || v["reason"].is_string()),
    ("model", text),
    ("previous_response_id", text_or_null),
    ("instructions", text_or_null),
    ("output", Value::is_array),
    ("error", |v| v.is_null() || (v["code"].is_string() && v["message"].is_string())),
    ("tools", |v| v.as_array().is_some_and(|tools| tools.iter().all(tool))),
    ("tool_choice", |v| {
        ["none", "auto", "required"].iter().any(|w| v == w) || v["type"].is_string()
    }),
    ("truncation", |v| v == "auto" || v == "disabled"),
    ("parallel_tool_calls", Value::is_boolean),
    ("text", |v| v["format"]["type"].is_string()),
    ("top_p", Value::is_number),
    ("presence_penalty", Value::is_number),
    ("frequency_penalty", Value::is_number),
    ("top_logprobs", count),
    ("temperature", Value::is_number),
    ("reasoning", |v| {
        v.is_null() || keys("", v, &[("effort", text_or_null), ("summary", text_or_null)]).is_ok()
    }),
    ("usage", |v| v.is_null() || usage(v)),
    ("max_output_tokens", count_or_null),
    ("max_tool_calls", count_or_null),
    ("store", Value::is_boolean),
    ("background", Value::is_boolean),
    ("service_tier", text),
    ("metadata", Value::is_object),
    ("safety_identifier", text_or_null),
    ("prompt_cache_key", text_or_null),
];

fn tool(tool: &Value) -> bool {
    const FUNCTION: &[Key] = &[
        ("name", text),
        ("description", text_or_null),
        ("parameters", |v| v.is_object() || v.is_null()),
        ("strict", |v| v.is_boolean() || v.is_null()),
    ];
    // The client's own hosted tools, which the schema does not know, are echoed.
    tool["type"].is_string() && (tool["type"] != "function" || keys("", tool, FUNCTION).is_ok())
}

fn usage(usage: &Value) -> bool {
    let details =
        [("input_tokens_details", "cached_tokens"), ("output_tokens_details", "reasoning_tokens")];
    ["input_tokens", "output_tokens", "total_tokens"].iter().all(|key| usage[key].is_u64())
        && details.iter().all(|(details, key)| usage[details][key].is_u64())
}

fn status(value: &Value) -> bool {
    ["in_progress", "completed", "incomplete"].iter().any(|word| value == word)
}

fn item(item: &Value) -> Outcome {
    // Absent, never null.
    need(item.get("encrypted_content").is_none_or(text), "a seal is null")?;
    match item["type"].as_str() {
        Some("message") => {
            let phase = item.get("phase").is_none_or(|v| v == "commentary" || v == "final_answer");
            need(phase, "a message's phase is no phase")?;
            keys(
                "message",
                item,
                &[("id", text), ("role", text), ("status", status), ("content", Value::is_array)],
            )?;
            item["content"].as_array().unwrap().iter().try_for_each(part)
        }
        Some("reasoning") => {
            keys("reasoning", item, &[("id", text), ("summary", Value::is_array)])?;
            let content = item.get("content").and_then(Value::as_array).into_iter().flatten();
            item["summary"].as_array().unwrap().iter().chain(content).try_for_each(part)
        }
        Some("function_call") => keys(
            "call",
            item,
            &[
                ("id", text),
                ("call_id", text),
                ("name", text),
                ("arguments", text),
                ("status", status),
            ],
        ),
        Some("function_call_output") => keys(
            "output",
            item,
            &[("id", text), ("call_id", text), ("output", |v| !v.is_null()), ("status", status)],
        ),
        // Hosted tools and newer items: of no type that the schema knows.
        _ => keys("item", item, &[("id", text), ("type", text)]),
    }
}

fn annotation(annotation: &Value) -> bool {
    annotation["type"].is_string()
}

fn part(part: &Value) -> Outcome {
    match part["type"].as_str() {
        Some("output_text") => keys(
            "part",
            part,
            &[
                ("text", text),
                ("annotations", |v| v.as_array().is_some_and(|all| all.iter().all(annotation))),
                ("logprobs", Value::is_array),
            ],
        ),
        Some("refusal") => keys("part", part, &[("refusal", text)]),
        Some("summary_text" | "reasoning_text") => keys("part", part, &[("text", text)]),
        // Of no type that the schema knows: passed on as the upstream sent it.
        Some(_) => Ok(()),
        None => Err("a part without a type".to_owned()),
    }
}

/// Open Responses' schema: its union of events, each with its required keys.
fn schema(event: &Value) -> Outcome {
    const ITEM: &[Key] = &[("item_id", text), ("output_index", count)];
    const CONTENT: &[Key] = &[("content_index", count)];
    const SUMMARY: &[Key] = &[("summary_index", count)];
    let name = event["type"].as_str().unwrap();
    keys(name, event, &[("sequence_number", count)])?;
    // Both SDKs raise at it, whatever the event.
    need(event.get("error").is_none(), "a top-level `error`")?;
    let (places, own): (&[&[Key]], &[Key]) = match name {
        "response.created"
        | "response.in_progress"
        | "response.completed"
        | "response.incomplete"
        | "response.failed" => {
            keys(name, &event["response"], RESPONSE)?;
            return event["response"]["output"].as_array().unwrap().iter().try_for_each(item);
        }
        "response.output_item.added" | "response.output_item.done" => {
            keys(name, event, &[("output_index", count)])?;
            return item(&event["item"]);
        }
        "response.content_part.added" | "response.content_part.done" => {
            part(&event["part"])?;
            (&[ITEM, CONTENT], &[])
        }
        "response.output_text.delta" => {
            (&[ITEM, CONTENT], &[("delta", text), ("logprobs", Value::is_array)])
        }
        "response.output_text.done" => {
            (&[ITEM, CONTENT], &[("text", text), ("logprobs", Value::is_array)])
        }
        "response.output_text.annotation.added" => {
            (&[ITEM, CONTENT], &[("annotation_index", count), ("annotation", annotation)])
        }
        "response.refusal.delta" => (&[ITEM, CONTENT], &[("delta", text)]),
        "response.refusal.done" => (&[ITEM, CONTENT], &[("refusal", text)]),
        "response.function_call_arguments.delta" => (&[ITEM], &[("delta", text)]),
        "response.function_call_arguments.done" => (&[ITEM], &[("arguments", text)]),
        "response.reasoning_summary_part.added" | "response.reasoning_summary_part.done" => {
            part(&event["part"])?;
            (&[ITEM, SUMMARY], &[])
        }
        "response.reasoning_summary_text.delta" => (&[ITEM, SUMMARY], &[("delta", text)]),
        "response.reasoning_summary_text.done" => (&[ITEM, SUMMARY], &[("text", text)]),
        // Flat, as OpenAI specifies it. Nested, as Open Responses has it, both SDKs
        // would raise before `response.failed`, which alone Codex reads.
        "error" => (&[], &[("code", text_or_null), ("message", text), ("param", text_or_null)]),
        other => return Err(format!("{other} is not in the union")),
    };
    places.iter().chain([&own]).try_for_each(|list| keys(name, event, list))
}

/// openai-python's `ResponseStreamState`, and openai-node's `ResponseAccumulator`.
#[derive(Default)]
struct Helpers {
    id: Option<Value>,
    /// By output index: type, id, call id; and the parts announced in it.
    items: Vec<Value>,
    parts: BTreeMap<(usize, bool), Vec<Value>>,
    done: BTreeSet<usize>,
    completed: Option<Value>,
}

impl Helpers {
    fn take(&mut self, event: &Value) -> Outcome {
        let name = event["type"].as_str().unwrap();
        if name == "response.created" {
            self.id = Some(event["response"]["id"].clone());
        }
        need(self.id.is_some(), "the first event is not response.created")?;
        if let Some(response) = event.get("response") {
            let id = self.id.get_or_insert_with(|| response["id"].clone());
            need(*id == response["id"], "response.id differs between lifecycle events")?;
        }
        match name {
            "response.created" => {
                need(event["response"]["output"] == json!([]), "created has no output")
            }
            "response.in_progress" | "response.failed" | "response.incomplete" | "error" => Ok(()),
            "response.completed" => {
                self.completed = Some(event["response"].clone());
                Ok(())
            }
            "response.output_item.added" => {
                let at = event["output_index"].as_u64().ok_or("no output_index")?;
                need(at == self.items.len() as u64, "output_index is not the item's place")?;
                self.items.push(event["item"].clone());
                Ok(())
            }
            "response.output_item.done" => {
                let (at, added) = self.item(event)?;
                let same =
                    ["type", "id", "call_id"].iter().all(|key| added[key] == event["item"][key]);
                need(same, "done is another item than added")?;
                need(self.done.insert(at), "done twice")
            }
            "response.content_part.added" | "response.reasoning_summary_part.added" => {
                let summary = name.contains("summary");
                let (at, _) = self.item(event)?;
                let parts = self.parts.entry((at, summary)).or_default();
                let index = event[if summary { "summary_index" } else { "content_index" }].as_u64();
                need(index == Some(parts.len() as u64), "a part's index is not its place")?;
                parts.push(event["part"].clone());
                Ok(())
            }
            "response.function_call_arguments.delta" | "response.function_call_arguments.done" => {
                let (_, added) = self.item(event)?;
                need(added["type"] == "function_call", "arguments of what is no call")
            }
            _ => {
                let summary = name.contains("summary");
                let (at, _) = self.item(event)?;
                let index = event[if summary { "summary_index" } else { "content_index" }].as_u64();
                let parts = self.parts.get(&(at, summary)).map_or(&[][..], Vec::as_slice);
                let part = index.and_then(|index| parts.get(usize::try_from(index).unwrap()));
                let part = part.ok_or_else(|| format!("{name} without its part"))?;
                let kind = match name.split('.').nth(1).unwrap() {
                    "output_text" => "output_text",
                    "refusal" => "refusal",
                    "reasoning_text" => "reasoning_text",
                    "reasoning_summary_text" | "reasoning_summary_part" => "summary_text",
                    "content_part" => return Ok(()),
                    _ => return Err(format!("unhandled response stream event {name}")),
                };
                need(part["type"] == kind, format!("{name} in a part of type {}", part["type"]))
            }
        }
    }

    fn item(&self, event: &Value) -> Result<(usize, &Value), String> {
        let at = event["output_index"].as_u64().ok_or("no output_index")?;
        let at = usize::try_from(at).unwrap();
        let added = self.items.get(at).ok_or("content before its item was added")?;
        let id = event.get("item_id");
        need(id.is_none_or(|id| *id == added["id"]), "item_id of another item")?;
        Ok((at, added))
    }

    fn finish(&self) -> Outcome {
        let ids: Vec<&Value> = self.items.iter().map(|item| &item["id"]).collect();
        if let Some(completed) = &self.completed {
            let stated = completed["output"].as_array().ok_or("no output")?;
            need(stated.iter().map(|item| &item["id"]).eq(ids), "items come and go")?;
        }
        need(self.done.len() == self.items.len(), "an item was never done")
    }
}

/// What Codex has of an answer: text and calls from `output_item.done`, the end
/// from the terminal event alone.
fn codex(events: &[Value]) -> Outcome {
    let (last, before) = events.split_last().ok_or("no events")?;
    let done: Vec<&Value> = before
        .iter()
        .filter(|e| e["type"] == "response.output_item.done")
        .map(|e| &e["item"])
        .collect();
    need(
        last["response"]["output"].as_array().is_some_and(|all| all.iter().eq(done)),
        "items are missing",
    )?;
    let failed = before.iter().any(|event| event["type"] == "error");
    need(failed == (last["type"] == "response.failed"), "an error without response.failed")
}

fn hold(events: &[Event]) -> Outcome {
    hold_json(&events.iter().map(Event::to_json).collect::<Vec<_>>())
}

fn hold_json(events: &[Value]) -> Outcome {
    let mut helpers = Helpers::default();
    for event in events {
        // Raw reasoning is written by choice, and no event of the schema's.
        if !event["type"].as_str().unwrap().starts_with("response.reasoning_text.") {
            schema(event)?;
        }
        helpers.take(event).map_err(|why| format!("{}: {why}", event["type"]))?;
    }
    helpers.finish()?;
    codex(events)
}

fn machine(raw: bool, final_only: bool) -> ResponseMachine {
    let mut options = MachineOptions::new(ResponseId::new("resp_1"), "m", 1_700_000_000);
    if raw {
        options = options.reasoning(ReasoningStyle::Raw);
    }
    if final_only {
        options = options.output(OutputStyle::FinalOnly);
    }
    ResponseMachine::new(options)
}

#[test]
fn every_recording_rewritten_satisfies_every_client() {
    for recording in recordings() {
        let mut deltas = good_or_cut(&recording.bytes);
        if !matches!(deltas.last(), Some(Delta::Finish(_) | Delta::Error(_))) {
            deltas.push(Delta::Finish(Finish::new(FinishReason::Length)));
        }
        for (raw, final_only) in [(false, false), (true, false), (false, true)] {
            let events = write(machine(raw, final_only), &deltas);
            hold(&events).unwrap_or_else(|why| panic!("{}: {why}", recording.name));
        }
    }
}

fn good_or_cut(bytes: &[u8]) -> Vec<Delta> {
    common::deltas([bytes]).into_iter().map_while(Result::ok).collect()
}

#[test]
fn whatever_is_echoed_the_response_has_its_required_keys() {
    let odd = json!({
        "truncation": "often", "tool_choice": "sometimes", "temperature": "hot", "text": {"format": 7},
        "reasoning": {"effort": 9}, "tools": [{"type": "function", "name": "f"}, {"type": "web_search"}],
        "top_logprobs": -1, "metadata": null, "max_output_tokens": 1.5, "instructions": ["a"],
    });
    let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 0)
        .echo(odd.as_object().unwrap().clone());
    let events =
        write(ResponseMachine::new(options), &[Delta::Finish(Finish::new(FinishReason::Stop))]);
    hold(&events).unwrap();
}

#[test]
fn whatever_any_key_is_echoed_as_the_response_has_its_required_keys() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!("x"),
        json!([]),
        json!([7]),
        json!([{"type": "function", "name": 7, "description": 7, "parameters": 7, "strict": 7}]),
        json!({}),
        json!({"type": 7}),
        json!({"format": {"type": 7}, "effort": [], "summary": 7, "reason": 7}),
    ];
    for (key, _) in RESPONSE {
        for value in &odd {
            let mut echo = serde_json::Map::new();
            echo.insert((*key).to_owned(), value.clone());
            let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 0).echo(echo);
            let end = [Delta::Finish(Finish::new(FinishReason::Stop))];
            let events = write(ResponseMachine::new(options), &end);
            hold(&events).unwrap_or_else(|why| panic!("{key}: {value}: {why}"));
        }
    }
}

/// What is written and nobody insists on, by the last two names of its path.
const OPTIONAL: &[&str] = &[
    "error.attempts",
    "function_call_arguments.done.name",
    "input_tokens_details.cache_write_tokens",
    "logprob.",
    "message.phase",
    "reasoning.status",
    "response.user",
    "url_citation.",
];

/// The places of all keys of `value`, with the name of what has the key.
fn places(name: &str, value: &Value, at: String, out: &mut Vec<(String, String)>) {
    let own = value["type"].as_str().filter(|_| name != "format").unwrap_or(name);
    let own = own.strip_prefix("response.").unwrap_or(own);
    for (key, inner) in value.as_object().into_iter().flatten() {
        let inside = format!("{at}/{key}");
        out.push((format!("{own}.{key}"), inside.clone()));
        match inner {
            Value::Array(all) => {
                for (number, one) in all.iter().enumerate() {
                    places(key.trim_end_matches('s'), one, format!("{inside}/{number}"), out);
                }
            }
            inner => places(key, inner, inside, out),
        }
    }
}

#[test]
fn these_clients_miss_every_key_that_is_written() {
    let tools = json!({"tools": [{"type": "function", "name": "f"}]});
    let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 1)
        .echo(tools.as_object().unwrap().clone());
    let citation = json!({"type": "url_citation", "url": "u"});
    let mut said = TextDelta::new(Slot(1), "a").with_phase(Some(Phase::FinalAnswer));
    said.logprobs = Some(json!([{"token": "a"}]));
    let deltas = [
        Delta::Reasoning(ReasoningDelta::raw(Slot(0), "Hm.")),
        Delta::Seal(Seal::new(Slot(0), "openai-responses", json!("x"))),
        Delta::Text(said),
        Delta::Annotation(AnnotationDelta::new(Slot(1), 0, citation)),
        Delta::Refusal(TextDelta::new(Slot(1), "no")),
        Delta::ToolCallStart(ToolCallStart::new(Slot(2), "c", "f")),
        Delta::ToolCallEnd(ToolCallEnd::new(Slot(2), Some("{}".to_owned()))),
        Delta::Usage(Usage::default()),
    ];
    let stop = Delta::Finish(Finish::new(FinishReason::Stop));
    let cut = Delta::Finish(Finish::new(FinishReason::Length));
    let broken = Delta::Error(UpstreamError::new("c", "m"));
    let mut unmissed = BTreeSet::new();
    for end in [stop, cut, broken] {
        let mut machine = ResponseMachine::new(options.clone());
        machine.set_attempts(json!([]));
        let deltas: Vec<Delta> = deltas.iter().cloned().chain([end]).collect();
        let events: Vec<Value> = write(machine, &deltas).iter().map(Event::to_json).collect();
        hold_json(&events).unwrap();
        for (number, event) in events.iter().enumerate() {
            let mut keys = Vec::new();
            places("event", event, String::new(), &mut keys);
            for (name, at) in keys {
                let mut broken = events.clone();
                let (of, key) = at.rsplit_once('/').unwrap();
                let object = broken[number].pointer_mut(of).unwrap().as_object_mut().unwrap();
                if key == "type" && of.is_empty() {
                    continue;
                }
                object.shift_remove(key);
                if !std::panic::catch_unwind(|| hold_json(&broken).is_err()).unwrap_or(true) {
                    let known = OPTIONAL.iter().find(|known| name.starts_with(**known));
                    unmissed.insert(*known.unwrap_or_else(|| panic!("{}: {name}", event["type"])));
                }
            }
        }
    }
    assert_eq!(unmissed.into_iter().collect::<Vec<_>>(), OPTIONAL);
}

#[test]
fn these_clients_notice_what_is_broken() {
    let lines = [
        r#"{"type":"response.reasoning_text.delta","output_index":0,"delta":"Hm."}"#,
        r#"{"type":"response.output_text.delta","output_index":1,"delta":"Hi"}"#,
        r#"{"type":"response.completed","response":{"status":"completed"}}"#,
    ];
    let events = write(machine(false, false), &good(&common::stream(&lines)));
    hold(&events).unwrap();
    for left_out in 0..events.len() {
        let name = events[left_out].name();
        // What nobody insists on: the second event of the head, deltas, `done`s of
        // parts, and the end of an answer that another end follows.
        let is_optional = ["in_progress", ".delta", "_text.done", "_part.done"];
        if is_optional.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let mut broken = events.clone();
        broken.remove(left_out);
        assert!(hold(&broken).is_err(), "without {name}");
    }
}

proptest! {
    #[test]
    fn any_deltas_satisfy_every_client(
        deltas in prop::collection::vec(common::any::delta(), 0..40),
        abandon in prop::option::of(0_usize..40),
        raw in any::<bool>(),
        final_only in any::<bool>(),
    ) {
        let mut machine = machine(raw, final_only);
        for (number, delta) in deltas.iter().enumerate() {
            if abandon == Some(number) {
                machine.abandon();
            }
            machine.push(delta);
        }
        machine.fail("end", "end");
        let events: Vec<Event> = std::iter::from_fn(|| machine.next_event()).collect();
        prop_assert_eq!(hold(&events), Ok(()));
    }
}
