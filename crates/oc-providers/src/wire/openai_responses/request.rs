//! Canonical request to Responses JSON.
//!
//! A host without a vendor row gets the minimal payload: `model`, `input`,
//! `stream`, and of the rest only what the client asked for and every server
//! of this wire takes. `store`, `include`, `metadata`, `prompt_cache_key` and
//! their like go to OpenAI's own host alone.

use serde_json::{Map, Value, json};

use super::{items, tools};
use crate::capabilities::Compat;
use crate::endpoint::{Api, Endpoint};
use crate::loss::Loss;
use crate::model_facts::ModelFacts;
use crate::request::{Effort, Request, TextFormat};
use crate::wire::{Encoded, extra, foreign};

pub(super) fn encode(request: &Request, endpoint: &Endpoint) -> Encoded {
    let compat = endpoint.compat_flags();
    let facts = endpoint.facts(&request.model);
    let mut losses = Vec::new();
    let request = &*foreign::without(request, Api::OpenaiResponses, false, &mut losses);
    let mut body = Map::new();
    body.insert("model".into(), request.model.clone().into());
    if compat.instructions {
        put(&mut body, "instructions", request.instructions.clone());
    }
    body.insert(
        "input".into(),
        items::encode(request, compat, &endpoint.sealer(&request.model), &mut losses),
    );
    body.insert("stream".into(), true.into());
    put_tools(&mut body, request, compat, &facts, &mut losses);
    let least = compat.min_output_tokens;
    let max_output_tokens =
        request.max_output_tokens.map(|asked| facts.output_tokens(asked, least, &mut losses));
    put(&mut body, "max_output_tokens", max_output_tokens);
    put_sampling(&mut body, request, compat, &mut losses);
    put(&mut body, "reasoning", reasoning(request, &facts, compat, &mut losses));
    put(&mut body, "text", text(request, compat, &mut losses));
    if !request.stop.is_empty() {
        losses.push(Loss::EnforcedHere("stop"));
    }
    put_vendor_fields(&mut body, request, compat, &facts, &mut losses);
    let mut encoded = Encoded::new("responses", Value::Object(body));
    // This wire has no stop sequences.
    encoded.stop.clone_from(&request.stop);
    encoded.losses = losses;
    encoded.max_output_tokens = max_output_tokens;
    encoded
}

fn put(body: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        body.insert(key.to_owned(), value.into());
    }
}

fn put_sampling(
    body: &mut Map<String, Value>,
    request: &Request,
    compat: Compat,
    losses: &mut Vec<Loss>,
) {
    for (name, value) in [("temperature", request.temperature), ("top_p", request.top_p)] {
        match value {
            Some(_) if !compat.sampling => losses.push(Loss::Field(name)),
            value => put(body, name, value),
        }
    }
}

fn put_tools(
    body: &mut Map<String, Value>,
    request: &Request,
    compat: Compat,
    facts: &ModelFacts,
    losses: &mut Vec<Loss>,
) {
    let list = tools::encode(request, compat, facts, losses);
    if list.is_empty() {
        return;
    }
    put(body, "tool_choice", tools::encode_choice(request, compat, losses));
    put(body, "parallel_tool_calls", request.parallel_tool_calls);
    body.insert("tools".into(), Value::Array(list));
}

fn reasoning(
    request: &Request,
    facts: &ModelFacts,
    compat: Compat,
    losses: &mut Vec<Loss>,
) -> Option<Value> {
    let asked = request.reasoning.as_ref()?;
    if !facts.reasoning {
        if asked.effort.as_ref().is_some_and(|effort| *effort != Effort::None) {
            losses.push(Loss::Field("reasoning"));
        }
        extra::lose_all(&asked.extra, losses);
        return None;
    }
    let mut reasoning = Map::new();
    let effort = asked.effort.as_ref().and_then(|effort| facts.effort_word(effort, &compat));
    if asked.effort.is_some() && effort.is_none() {
        losses.push(Loss::Field("reasoning"));
    }
    put(&mut reasoning, "effort", effort);
    if compat.vendor_fields {
        put(&mut reasoning, "summary", asked.summary.clone());
    }
    extra::put(&mut reasoning, &asked.extra, compat.vendor_fields, losses);
    (!reasoning.is_empty()).then_some(Value::Object(reasoning))
}

fn text(request: &Request, compat: Compat, losses: &mut Vec<Loss>) -> Option<Value> {
    let mut text = Map::new();
    match &request.format {
        None | Some(TextFormat::Text) => {}
        Some(TextFormat::JsonObject) => {
            text.insert("format".into(), json!({"type": "json_object"}));
        }
        // Said to the model instead: `items::encode`.
        Some(TextFormat::JsonSchema(_)) if !compat.json_schema => {
            losses.push(Loss::AsInstruction("text.format"));
        }
        Some(TextFormat::JsonSchema(format)) => {
            let mut json = Map::new();
            json.insert("type".into(), "json_schema".into());
            json.insert("name".into(), format.name.clone().into());
            put(&mut json, "description", format.description.clone());
            json.insert("schema".into(), format.schema.clone());
            put(&mut json, "strict", format.strict);
            text.insert("format".into(), Value::Object(json));
        }
        Some(TextFormat::Other(whole)) => {
            text.insert("format".into(), whole.clone());
        }
    }
    if let Some(verbosity) = &request.verbosity {
        if compat.vendor_fields {
            text.insert("verbosity".into(), verbosity.clone().into());
        } else {
            losses.push(Loss::Field("text.verbosity"));
        }
    }
    (!text.is_empty()).then_some(Value::Object(text))
}

fn put_vendor_fields(
    body: &mut Map<String, Value>,
    request: &Request,
    compat: Compat,
    facts: &ModelFacts,
    losses: &mut Vec<Loss>,
) {
    if compat.store {
        body.insert("store".into(), request.store.unwrap_or(false).into());
    }
    put_include(body, request, compat, facts);
    if !compat.vendor_fields && request.include.iter().any(|asked| asked == LOGPROBS_IN_WORDS) {
        losses.push(Loss::Field("include"));
    }
    for (key, value) in &request.extra {
        // Of a Chat client: said in `include`.
        if compat.vendor_fields && key == LOGPROBS {
            continue;
        }
        let is_cache_key = compat.prompt_cache_key && key == "prompt_cache_key";
        let is_too_long = key == "prompt_cache_retention" && !compat.long_cache;
        if is_too_long || !(compat.vendor_fields || is_cache_key) {
            losses.push(Loss::UnknownField(key.clone()));
        } else if !body.contains_key(key) {
            // What is canonical was said above; a field of the client's may not
            // overwrite it.
            body.insert(key.clone(), value.clone());
        }
    }
    if !compat.vendor_fields {
        for (name, asked) in [
            ("metadata", !request.metadata.is_empty()),
            ("user", request.user.is_some()),
            ("store", request.store == Some(true) && !compat.store),
        ] {
            if asked {
                losses.push(Loss::Field(name));
            }
        }
        return;
    }
    if !request.metadata.is_empty() {
        body.insert("metadata".into(), Value::Object(request.metadata.clone()));
    }
    put(body, "user", request.user.clone());
}

/// That log probabilities are wanted, as Chat and as this wire says it.
pub(in crate::wire) const LOGPROBS: &str = "logprobs";
pub(in crate::wire) const LOGPROBS_IN_WORDS: &str = "message.output_text.logprobs";

/// The seal of a host's reasoning: a client of another wire cannot ask for it,
/// and hands it back all the same. Elsewhere `include` is no loss: what it asks
/// for comes in our own envelope.
fn put_include(
    body: &mut Map<String, Value>,
    request: &Request,
    compat: Compat,
    facts: &ModelFacts,
) {
    const SEALS: &str = "reasoning.encrypted_content";
    let foreign = request.wire.is_some_and(|wire| wire != Api::OpenaiResponses);
    let mut include: Vec<String> = request.include.clone();
    if request.extra.get(LOGPROBS).is_some_and(|asked| asked == true) {
        include.push(LOGPROBS_IN_WORDS.to_owned());
    }
    if !compat.vendor_fields {
        include.retain(|asked| compat.sealed_reasoning && asked == SEALS);
    }
    if foreign && compat.sealed_reasoning && facts.reasoning && include.is_empty() {
        include.push(SEALS.to_owned());
    }
    if !include.is_empty() {
        body.insert("include".into(), include.into());
    }
}
