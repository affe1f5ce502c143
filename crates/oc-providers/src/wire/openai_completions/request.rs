//! Canonical request to Chat JSON.
//!
//! A host without a vendor row gets the minimal payload: `model`, `messages`,
//! `stream`, `stream_options`, and of the rest only what the client asked for
//! and the host can be expected to know ([`FIELDS`]). What nobody here knows goes
//! to hosts that put up with it ([`takes_unknown`]).

use oc_responses_stream::Item;
use serde_json::{Map, Value, json};

use super::{messages, tools};
use crate::capabilities::Compat;
use crate::endpoint::{Api, Endpoint};
use crate::error::ProviderError;
use crate::locality::Locality;
use crate::loss::Loss;
use crate::model_facts::ModelFacts;
use crate::request::{Effort, Request, TextFormat};
use crate::wire::openai_responses::{LOGPROBS, LOGPROBS_IN_WORDS};
use crate::wire::{Encoded, foreign};

/// Who knows a field that has no canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// Every server of this wire.
    Everywhere,
    /// Local servers; hosted ones refuse it.
    Locally,
    /// The host whose vendor made the wire.
    ByTheVendor,
    /// Nobody: it belongs to another wire.
    Nowhere,
}

/// Fields that a client may send and that have no canonical form.
const FIELDS: &[(&str, Known)] = &[
    ("seed", Known::Everywhere),
    ("presence_penalty", Known::Everywhere),
    ("frequency_penalty", Known::Everywhere),
    ("logit_bias", Known::Everywhere),
    ("logprobs", Known::Everywhere),
    ("top_logprobs", Known::Everywhere),
    ("top_k", Known::Locally),
    ("min_p", Known::Locally),
    ("repetition_penalty", Known::Locally),
    ("repeat_penalty", Known::Locally),
    ("chat_template_kwargs", Known::Locally),
    ("cache_prompt", Known::Locally),
    ("ttl", Known::Locally),
    ("prediction", Known::ByTheVendor),
    ("prompt_cache_key", Known::ByTheVendor),
    ("prompt_cache_retention", Known::ByTheVendor),
    ("safety_identifier", Known::ByTheVendor),
    ("service_tier", Known::ByTheVendor),
    ("web_search_options", Known::ByTheVendor),
    ("max_tool_calls", Known::Nowhere),
    ("truncation", Known::Nowhere),
    ("context_management", Known::Nowhere),
    ("prompt", Known::Nowhere),
];

pub(super) fn encode(request: &Request, endpoint: &Endpoint) -> Result<Encoded, ProviderError> {
    let compat = endpoint.compat_flags();
    let facts = endpoint.facts(&request.model);
    let mut losses = Vec::new();
    let marks = compat.chat.cache_marks;
    let request = &*foreign::without(request, Api::OpenaiCompletions, marks, &mut losses);
    let sealer = endpoint.sealer(&request.model);
    let unknown = takes_unknown(endpoint);
    let messages = messages::encode(request, compat, unknown, &sealer, &mut losses);
    let mut body = Map::new();
    body.insert("model".into(), request.model.clone().into());
    body.insert("messages".into(), Value::Array(messages));
    body.insert("stream".into(), true.into());
    if compat.chat.stream_usage {
        body.insert("stream_options".into(), json!({"include_usage": true}));
    }
    put(&mut body, "n", request.choices.filter(|answers| *answers > 1));
    put_tools(&mut body, request, endpoint, &facts, &mut losses);
    let max_output_tokens =
        request.max_output_tokens.map(|asked| facts.output_tokens(asked, 1, &mut losses));
    put(&mut body, compat.chat.max_tokens_field.as_str(), max_output_tokens);
    put_sampling(&mut body, request, compat, &mut losses);
    let stop = put_stop(&mut body, request, compat, &mut losses);
    put_thinking(&mut body, request, &facts, compat, &mut losses);
    put_format(&mut body, request, compat, &mut losses);
    put_vendor_fields(&mut body, request, compat, &mut losses);
    put_extra(&mut body, request, endpoint, &mut losses);
    let mut encoded = Encoded::new("chat/completions", Value::Object(body));
    encoded.losses = losses;
    encoded.max_output_tokens = max_output_tokens;
    encoded.stop = stop;
    Ok(encoded)
}

/// Whether fields that nobody here knows may go there. Local servers ignore what
/// they do not know, and have dozens that no list keeps up with (`guided_json`,
/// `mirostat`, …); a hosted one, the vendor's own too, answers them with 400, and
/// would be no fallback for a local one.
fn takes_unknown(endpoint: &Endpoint) -> bool {
    endpoint.locality() != Locality::Hosted && !endpoint.compat_flags().chat.strict_keys
}

fn put(body: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        body.insert(key.to_owned(), value.into());
    }
}

/// Nothing of tools where there are none: servers refuse an empty list, and a
/// choice without a list. But for hosts that want one beside a history of calls.
fn put_tools(
    body: &mut Map<String, Value>,
    request: &Request,
    endpoint: &Endpoint,
    facts: &ModelFacts,
    losses: &mut Vec<Loss>,
) {
    let compat = endpoint.compat_flags();
    let list = tools::encode(request, compat, takes_unknown(endpoint), facts, losses);
    if list.is_empty() {
        let has_calls = || request.input.iter().any(|item| matches!(item, Item::FunctionCall(_)));
        if compat.chat.tools_beside_calls && has_calls() {
            body.insert("tools".into(), Value::Array(list));
        }
        return;
    }
    body.insert("tools".into(), Value::Array(list));
    put(body, "tool_choice", tools::encode_choice(request, compat, losses));
    put(body, "parallel_tool_calls", request.parallel_tool_calls);
    if compat.chat.tool_stream {
        body.insert("tool_stream".into(), true.into());
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

/// Gives the host as many stop sequences as it takes, and returns the others.
fn put_stop(
    body: &mut Map<String, Value>,
    request: &Request,
    compat: Compat,
    losses: &mut Vec<Loss>,
) -> Vec<String> {
    let (given, kept) = request.stop.split_at(request.stop.len().min(compat.most_stops));
    if !given.is_empty() {
        body.insert("stop".into(), given.into());
    }
    if !kept.is_empty() {
        losses.push(Loss::EnforcedHere("stop"));
    }
    kept.to_vec()
}

fn put_thinking(
    body: &mut Map<String, Value>,
    request: &Request,
    facts: &ModelFacts,
    compat: Compat,
    losses: &mut Vec<Loss>,
) {
    if compat.chat.reasoning_split {
        body.insert("reasoning_split".into(), true.into());
    }
    let effort = request.reasoning.as_ref().and_then(|asked| asked.effort.as_ref());
    if !facts.reasoning {
        if compat.thinks_unasked {
            body.extend(compat.chat.thinking.fields(false, None));
        }
        if effort.is_some_and(|effort| *effort != Effort::None) {
            losses.push(Loss::Field("reasoning"));
        }
        return;
    }
    if let Some(effort) = effort {
        let word = facts.effort_word(effort, &compat);
        let fields = compat.chat.thinking.fields(*effort != Effort::None, word.as_deref());
        if fields.is_empty() || (word.is_none() && matches!(effort, Effort::Other(_))) {
            losses.push(Loss::Field("reasoning"));
        }
        body.extend(fields);
    }
}

fn put_format(
    body: &mut Map<String, Value>,
    request: &Request,
    compat: Compat,
    losses: &mut Vec<Loss>,
) {
    match &request.format {
        None | Some(TextFormat::Text) => {}
        Some(TextFormat::JsonObject) => {
            body.insert("response_format".into(), json!({"type": "json_object"}));
        }
        // Said to the model instead: `messages::encode`.
        Some(TextFormat::JsonSchema(_)) if !compat.json_schema => {
            losses.push(Loss::AsInstruction("text.format"));
        }
        Some(TextFormat::JsonSchema(format)) => {
            let mut schema = Map::new();
            schema.insert("name".into(), format.name.clone().into());
            put(&mut schema, "description", format.description.clone());
            schema.insert("schema".into(), format.schema.clone());
            put(&mut schema, "strict", format.strict);
            let format = json!({"type": "json_schema", "json_schema": schema});
            body.insert("response_format".into(), format);
        }
        Some(TextFormat::Other(_)) => losses.push(Loss::Field("text.format")),
    }
    if let Some(verbosity) = &request.verbosity {
        if compat.vendor_fields {
            body.insert("verbosity".into(), verbosity.clone().into());
        } else {
            losses.push(Loss::Field("text.verbosity"));
        }
    }
}

fn put_vendor_fields(
    body: &mut Map<String, Value>,
    request: &Request,
    compat: Compat,
    losses: &mut Vec<Loss>,
) {
    if compat.store {
        put(body, "store", request.store);
    } else if request.store == Some(true) {
        losses.push(Loss::Field("store"));
    }
    if compat.vendor_fields {
        put(body, "user", request.user.clone());
    } else if request.user.is_some() {
        losses.push(Loss::Field("user"));
    }
    if request.metadata.is_empty() {
        return;
    }
    // Labels are taken only with an answer that is kept.
    if compat.vendor_fields && compat.store && request.store == Some(true) {
        body.insert("metadata".into(), Value::Object(request.metadata.clone()));
    } else {
        losses.push(Loss::Field("metadata"));
    }
}

fn put_extra(
    body: &mut Map<String, Value>,
    request: &Request,
    endpoint: &Endpoint,
    losses: &mut Vec<Loss>,
) {
    let compat = endpoint.compat_flags();
    let local = endpoint.locality() != Locality::Hosted;
    // A Responses client says so in `include`, or by the number of them alone; this wire
    // refuses the number without the flag.
    if request.include.iter().any(|asked| asked == LOGPROBS_IN_WORDS)
        || (request.wire == Some(Api::OpenaiResponses)
            && request.extra.contains_key("top_logprobs"))
    {
        body.insert(LOGPROBS.into(), true.into());
    }
    for (key, value) in &request.extra {
        let known = FIELDS.iter().find(|(name, _)| name == key);
        let taken = match known {
            None => takes_unknown(endpoint),
            Some((_, Known::Everywhere)) => true,
            Some((_, Known::Locally)) => local,
            Some(("prompt_cache_key", Known::ByTheVendor)) => compat.prompt_cache_key,
            Some(("prompt_cache_retention", Known::ByTheVendor)) => {
                compat.vendor_fields && compat.long_cache
            }
            Some((_, Known::ByTheVendor)) => compat.vendor_fields,
            Some((_, Known::Nowhere)) => false,
        };
        // What is canonical was said above; a field of the client's may not
        // overwrite it.
        if taken && !body.contains_key(key) {
            body.insert(key.clone(), value.clone());
        } else {
            losses.push(match known {
                Some((name, _)) => Loss::Field(name),
                None => Loss::UnknownField(key.clone()),
            });
        }
    }
}
