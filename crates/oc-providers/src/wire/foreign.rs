//! What a client's wire has and the host's has not.
//!
//! Decoders keep whole what has no canonical form: fields, parts, items, tools,
//! marks on parts. A host of the same wire may know them; to a host of another
//! they are unknown fields at best, and another vendor's secrets at worst.

use std::borrow::Cow;

use oc_responses_stream::{Item, Part};
use serde_json::{Map, Value};

use crate::capabilities::CACHE_MARK;
use crate::endpoint::Api;
use crate::loss::Loss;
use crate::request::{Request, Tool, ToolChoice};
use crate::wire::carried::is_custom_step;
use crate::wire::extra;

/// Fields that two wires have in common, and mean the same on both: what the
/// client sent, whom it may go to, its names.
const SHARED: &[(Api, Api, &[&str])] = &[
    (
        Api::OpenaiCompletions,
        Api::OpenaiResponses,
        &[
            "logprobs",
            "prompt_cache_key",
            "prompt_cache_retention",
            "safety_identifier",
            "service_tier",
            "top_logprobs",
        ],
    ),
    (
        Api::OpenaiResponses,
        Api::OpenaiCompletions,
        &[
            "prompt_cache_key",
            "prompt_cache_retention",
            "safety_identifier",
            "service_tier",
            "top_logprobs",
        ],
    ),
    (Api::AnthropicMessages, Api::OpenaiCompletions, &["top_k"]),
    (Api::OpenaiCompletions, Api::AnthropicMessages, &["top_k"]),
];

/// Fields whose meaning was read into the canonical form, so that dropping the
/// field loses nothing.
const READ: &[&str] = &["thinking"];

/// Who is asking, as hosts take it. Longer ones are records of a client about
/// its user, meant for one vendor only.
const LONGEST_USER: usize = 64;

/// `request` as a host that speaks `api` may see it; `marks`: it knows
/// `cache_control`, which another wire's clients set.
pub(crate) fn without<'a>(
    request: &'a Request,
    api: Api,
    marks: bool,
    losses: &mut Vec<Loss>,
) -> Cow<'a, Request> {
    losses.extend(request.unread.iter().cloned().map(Loss::UnknownField));
    match request.wire {
        None => return Cow::Borrowed(request),
        Some(wire) if wire == api => return Cow::Borrowed(request),
        Some(_) => {}
    }
    let mut request = request.clone();
    if let Some(asked) = &mut request.reasoning {
        extra::lose_all(&std::mem::take(&mut asked.extra), losses);
    }
    if !marks && has_marks(&request) {
        losses.push(Loss::Field(CACHE_MARK));
    }
    strip_fields(&mut request, api, losses);
    // In one form here, so that each says it in its own words; to hosts that do
    // not know custom tools they were carried as functions.
    let knows = |api| matches!(api, Api::OpenaiResponses | Api::OpenaiCompletions);
    let custom = knows(api) && request.wire.is_some_and(knows);
    strip_tools(&mut request, custom, marks, losses);
    request.input.retain_mut(|item| match item {
        Item::Other(other) if custom && is_custom_step(other.item_type()) => true,
        item => strip_item(item, Host { marks, one_vendor: custom }, losses),
    });
    Cow::Owned(request)
}

fn strip_fields(request: &mut Request, api: Api, losses: &mut Vec<Loss>) {
    let shared = SHARED
        .iter()
        .find(|(from, to, _)| request.wire == Some(*from) && api == *to)
        .map_or(&[][..], |(_, _, names)| *names);
    let mut kept = Map::new();
    for (key, value) in std::mem::take(&mut request.extra) {
        if shared.contains(&key.as_str()) {
            kept.insert(key, value);
        } else if !READ.contains(&key.as_str()) {
            losses.push(Loss::UnknownField(key));
        }
    }
    request.extra = kept;
    if request.user.as_ref().is_some_and(|user| user.len() > LONGEST_USER) {
        request.user = None;
        losses.push(Loss::Field("user"));
    }
}

fn strip_tools(request: &mut Request, custom: bool, marks: bool, losses: &mut Vec<Loss>) {
    request.tools.retain_mut(|tool| match tool {
        Tool::Function(function) => {
            keep_mark(&mut function.extra, marks, losses);
            true
        }
        Tool::Other(whole) => {
            let kind = whole.get("type").and_then(Value::as_str).unwrap_or("unknown");
            let kept = custom && kind == "custom";
            if !kept {
                losses.push(Loss::Tool(kind.to_owned()));
            }
            kept
        }
    });
    let is_custom = |choice: &Value| choice.get("type").is_some_and(|kind| kind == "custom");
    if matches!(&request.tool_choice, Some(ToolChoice::Other(choice)) if !(custom && is_custom(choice)))
    {
        request.tool_choice = None;
        losses.push(Loss::Field("tool_choice"));
    }
}

/// What a host of another wire knows of items.
#[derive(Clone, Copy)]
struct Host {
    marks: bool,
    /// Its wire and the client's are of one vendor, and so are uploaded files.
    one_vendor: bool,
}

fn strip_item(item: &mut Item, host: Host, losses: &mut Vec<Loss>) -> bool {
    match item {
        Item::Message(message) => {
            extra::lose_all(&std::mem::take(&mut message.extra), losses);
            strip_parts(&mut message.content, host, losses);
        }
        Item::Reasoning(reasoning) => {
            extra::lose_all(&std::mem::take(&mut reasoning.extra), losses);
        }
        Item::FunctionCall(call) => {
            // Of another wire's hosts none knows a mark on a call.
            extra::lose_all(&std::mem::take(&mut call.extra), losses);
        }
        Item::FunctionCallOutput(result) => {
            keep_mark(&mut result.extra, host.marks, losses);
            strip_parts(&mut result.output, host, losses);
        }
        Item::Other(other) => {
            losses.push(Loss::Item(other.item_type().to_owned()));
            return false;
        }
        _ => {}
    }
    true
}

fn strip_parts(parts: &mut Vec<Part>, host: Host, losses: &mut Vec<Loss>) {
    parts.retain_mut(|part| {
        if let Some(extra) = extra::of_part_mut(part) {
            keep_mark(extra, host.marks, losses);
        }
        let (kind, kept) = match part {
            Part::Image(image) if !host.one_vendor => {
                image.file_id = None;
                ("input_image", image.image_url.is_some())
            }
            Part::File(file) if !host.one_vendor => {
                file.file_id = None;
                ("input_file", file.file_data.is_some() || file.file_url.is_some())
            }
            // The same on both wires that have it.
            Part::Other(whole) => {
                let kind = whole.get("type").and_then(Value::as_str).unwrap_or("unknown");
                (kind, kind == "input_audio")
            }
            _ => return true,
        };
        if !kept {
            losses.push(Loss::Part(kind.to_owned()));
        }
        kept
    });
}

/// What a host of another wire may see of fields that we do not know.
fn keep_mark(extra: &mut Map<String, Value>, marks: bool, losses: &mut Vec<Loss>) {
    let mark = extra.shift_remove(CACHE_MARK).filter(|_| marks);
    extra::lose_all(extra, losses);
    *extra = mark.map(|mark| (CACHE_MARK.to_owned(), mark)).into_iter().collect();
}

/// Whether a client marked anything as worth keeping.
pub(crate) fn has_marks(request: &Request) -> bool {
    let marked = |extra: &Map<String, Value>| extra.contains_key(CACHE_MARK);
    let in_parts = |parts: &[Part]| parts.iter().filter_map(extra::of_part).any(marked);
    request.input.iter().any(|item| match item {
        Item::Message(message) => in_parts(&message.content),
        Item::FunctionCall(call) => marked(&call.extra),
        Item::FunctionCallOutput(result) => marked(&result.extra) || in_parts(&result.output),
        _ => false,
    }) || request
        .tools
        .iter()
        .any(|tool| matches!(tool, Tool::Function(function) if marked(&function.extra)))
}
