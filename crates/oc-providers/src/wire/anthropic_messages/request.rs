//! Canonical request to Messages JSON.

use serde_json::{Map, Value, json};

use super::blocks;
use super::turns::{self, Home, Turns};
use crate::capabilities::{CACHE_MARK, Compat};
use crate::endpoint::{Api, Endpoint};
use crate::error::ProviderError;
use crate::loss::Loss;
use crate::model_facts::ModelFacts;
use crate::request::{Effort, Request, TextFormat, Tool, ToolChoice};
use crate::wire::openai_responses::LOGPROBS_IN_WORDS;
use crate::wire::{Encoded, extra, foreign};

/// `max_tokens` is required on this wire; this is what an unknown model gets
/// when the client did not say.
const DEFAULT_MAX_TOKENS: u64 = 8192;
/// With this header a client asks for what is not settled yet.
const BETA: &str = "anthropic-beta";
/// The least budget that the wire allows.
const MIN_BUDGET: u64 = 1024;

pub(super) fn encode(request: &Request, endpoint: &Endpoint) -> Result<Encoded, ProviderError> {
    let compat = endpoint.compat_flags();
    let facts = endpoint.facts(&request.model);
    let mut losses = Vec::new();
    let request = &*foreign::without(request, Api::AnthropicMessages, false, &mut losses);
    let sealer = endpoint.sealer(&request.model);
    let home = Home {
        api: Api::AnthropicMessages.as_str(),
        sealer: &sealer,
        needs_signature: compat.thinking_signatures,
        own_blocks: compat.messages_fields && is_own(request),
        unknown: takes_unknown(request, compat),
        compat,
    };
    let mut turns = turns::encode(request, &home, &mut losses);
    let max_tokens = max_tokens(request, &facts, &mut losses);
    let thinking = thinking(request, &facts, compat, max_tokens, &turns, &mut losses);
    let inputs = std::mem::take(&mut turns.inputs);

    let mut body = Map::new();
    body.insert("model".into(), request.model.clone().into());
    body.insert("max_tokens".into(), max_tokens.into());
    put_format(&mut body, &mut turns.system, request, compat, &mut losses);
    put_conversation(&mut body, turns);
    body.insert("stream".into(), true.into());
    put_tools(&mut body, request, compat, &facts, &mut losses);
    let thinks = thinking.as_ref().is_some_and(|thinking| !is_disabled(thinking));
    put_sampling(&mut body, request, compat, thinks, &mut losses);
    put_thinking(&mut body, request, compat, thinking);
    put_extra(&mut body, request, compat, &mut losses);
    let stop = put_stop(&mut body, request, &mut losses);
    match &request.user {
        Some(user) if compat.user_id => {
            body.insert("metadata".into(), json!({"user_id": user}));
        }
        Some(_) => losses.push(Loss::Field("user")),
        None => {}
    }
    if !request.metadata.is_empty() {
        losses.push(Loss::Field("metadata"));
    }
    if request.store == Some(true) {
        losses.push(Loss::Field("store"));
    }
    if request.include.iter().any(|asked| asked == LOGPROBS_IN_WORDS) {
        losses.push(Loss::Field("include"));
    }
    if request.verbosity.is_some() {
        losses.push(Loss::Field("text.verbosity"));
    }
    let mut encoded = Encoded::new("v1/messages", Value::Object(body));
    encoded.losses = losses;
    encoded.inputs = inputs;
    encoded.max_output_tokens = Some(max_tokens);
    encoded.stop = stop;
    Ok(encoded)
}

/// Gives the host its stop sequences, and returns those that this wire refuses:
/// white space alone. An empty one says nothing.
fn put_stop(
    body: &mut Map<String, Value>,
    request: &Request,
    losses: &mut Vec<Loss>,
) -> Vec<String> {
    let said = request.stop.iter().filter(|stop| !stop.is_empty()).cloned();
    let (kept, given): (Vec<String>, Vec<String>) = said.partition(|stop| stop.trim().is_empty());
    if !given.is_empty() {
        body.insert("stop_sequences".into(), given.into());
    }
    if !kept.is_empty() {
        losses.push(Loss::EnforcedHere("stop"));
    }
    kept
}

/// Whether what nobody here knows goes along: to the host that defines it, from a
/// client that asks for what is not settled yet. Without its header that host
/// refuses a field that it does not know.
fn takes_unknown(request: &Request, compat: Compat) -> bool {
    compat.messages_fields && request.headers.contains_key(BETA)
}

/// Whether the client speaks this very wire.
fn is_own(request: &Request) -> bool {
    request.wire == Some(Api::AnthropicMessages)
}

fn max_tokens(request: &Request, facts: &ModelFacts, losses: &mut Vec<Loss>) -> u64 {
    let asked = request.max_output_tokens.or(facts.max_output_tokens).unwrap_or(DEFAULT_MAX_TOKENS);
    facts.output_tokens(asked, 1, losses)
}

/// What the model is told of thinking; `None`: it is not asked to think.
fn thinking(
    request: &Request,
    facts: &ModelFacts,
    compat: Compat,
    max_tokens: u64,
    turns: &Turns,
    losses: &mut Vec<Loss>,
) -> Option<Value> {
    let thinking = match in_own_words(request, compat) {
        Some(own) if is_disabled(own) => return None,
        Some(own) => within(own.clone(), max_tokens.saturating_sub(1), losses),
        None if own_budget(request).is_some() => {
            let own = json!({"type": "enabled", "budget_tokens": own_budget(request)});
            within(own, most_thinking(max_tokens), losses)
        }
        None => match request.reasoning.as_ref()?.effort.as_ref()? {
            // Where signatures are genuine, not to be asked is to be told not to;
            // other servers think unasked.
            Effort::None if compat.thinking_signatures || !facts.reasoning => return None,
            Effort::None => return Some(json!({"type": "disabled"})),
            effort => budget(effort, max_tokens, losses),
        },
    };
    let forced = matches!(
        request.tool_choice,
        Some(
            ToolChoice::Required
                | ToolChoice::Function(_)
                | ToolChoice::Allowed { required: true, .. }
        )
    );
    // In a running tool loop Anthropic wants the turn to begin with thinking
    // that it signed, and looks at the last turn with calls even where the user
    // has spoken since; a turn of another model has none.
    let foreign_turn = compat.thinking_signatures
        && (turns.loop_began_with_thinking == Some(false) || turns.last_calls_without_thinking);
    let possible = facts.reasoning && max_tokens > MIN_BUDGET && !forced && !foreign_turn;
    if !possible {
        losses.push(Loss::Field("reasoning"));
    }
    possible.then_some(thinking)
}

fn is_disabled(thinking: &Value) -> bool {
    thinking.get("type").and_then(Value::as_str) == Some("disabled")
}

/// `thinking` as a client of this wire sent it, for the host that defines it.
fn in_own_words(request: &Request, compat: Compat) -> Option<&Value> {
    request.extra.get("thinking").filter(|_| compat.messages_fields)
}

/// The budget that a client of this wire gave, which every server of it knows.
fn own_budget(request: &Request) -> Option<u64> {
    let own = request.extra.get("thinking").filter(|_| is_own(request))?;
    own.get("budget_tokens")?.as_u64()
}

/// A budget of the client's, at most `most`.
fn within(mut thinking: Value, most: u64, losses: &mut Vec<Loss>) -> Value {
    if let Some(budget) = thinking.get_mut("budget_tokens") {
        let asked = budget.as_u64();
        if asked.is_none_or(|asked| asked > most) {
            losses.push(Loss::Clamped("thinking.budget_tokens"));
        }
        *budget = asked.map_or(most, |asked| asked.min(most)).into();
    }
    thinking
}

/// Half of the tokens stay for the answer: a budget that eats them all ends in
/// an answer of reasoning only.
fn most_thinking(max_tokens: u64) -> u64 {
    (max_tokens / 2).max(MIN_BUDGET)
}

/// An effort as a budget, which every server of this wire knows.
fn budget(effort: &Effort, max_tokens: u64, losses: &mut Vec<Loss>) -> Value {
    if matches!(effort, Effort::Other(_)) {
        losses.push(Loss::Clamped("reasoning.effort"));
    }
    let wanted = match effort {
        Effort::None | Effort::Minimal => MIN_BUDGET,
        Effort::Low => 2048,
        Effort::Medium | Effort::Other(_) => 8192,
        Effort::High => 16_384,
        Effort::XHigh | Effort::Max => 32_000,
    };
    let budget = wanted.min(most_thinking(max_tokens));
    json!({"type": "enabled", "budget_tokens": budget})
}

/// Beside thinking in the client's own words stands how hard, in its own words.
fn put_thinking(
    body: &mut Map<String, Value>,
    request: &Request,
    compat: Compat,
    thinking: Option<Value>,
) {
    let Some(thinking) = thinking else { return };
    let effort = request.reasoning.as_ref().and_then(|asked| asked.effort.as_ref());
    if let (Some(_), Some(effort)) = (in_own_words(request, compat), effort)
        && thinking.get("budget_tokens").is_none()
        && let Value::Object(config) = body.entry("output_config").or_insert_with(|| json!({}))
    {
        config.insert("effort".into(), effort.as_str().into());
    }
    body.insert("thinking".into(), thinking);
}

/// Fields without a canonical form: sampling by rank is old and known to all
/// servers of this wire, the others only to the host that defines it. What
/// needs a beta header goes with a client's own, and else nowhere.
fn put_extra(
    body: &mut Map<String, Value>,
    request: &Request,
    compat: Compat,
    losses: &mut Vec<Loss>,
) {
    for (key, value) in &request.extra {
        match key.as_str() {
            "thinking" => {}
            "top_k" if body.get("thinking").is_none_or(is_disabled) => {
                body.insert(key.clone(), value.clone());
            }
            "service_tier" if compat.messages_fields => {
                body.insert(key.clone(), value.clone());
            }
            CACHE_MARK if compat.messages_fields => {
                body.insert(key.clone(), compat.cache_mark(value));
            }
            "container" | "inference_geo" if compat.messages_fields => {
                body.insert(key.clone(), value.clone());
            }
            _ if takes_unknown(request, compat) && !body.contains_key(key) => {
                body.insert(key.clone(), value.clone());
            }
            _ => losses.push(Loss::UnknownField(key.clone())),
        }
    }
}

/// A schema as a field where the host has one; elsewhere as an instruction.
fn put_format(
    body: &mut Map<String, Value>,
    system: &mut Vec<Value>,
    request: &Request,
    compat: Compat,
    losses: &mut Vec<Loss>,
) {
    match &request.format {
        Some(TextFormat::JsonSchema(format)) if compat.structured_output => {
            if format.description.is_some() {
                losses.push(Loss::Field("text.format.description"));
            }
            let format = json!({"type": "json_schema", "schema": format.schema});
            body.insert("output_config".into(), json!({"format": format}));
        }
        Some(TextFormat::JsonSchema(format)) => {
            losses.push(Loss::AsInstruction("text.format"));
            system.extend(blocks::text_block(&format.instruction()));
        }
        Some(TextFormat::JsonObject) => {
            losses.push(Loss::AsInstruction("text.format"));
            system.extend(blocks::text_block("Answer with one JSON object and nothing else."));
        }
        Some(TextFormat::Other(_)) => losses.push(Loss::Field("text.format")),
        Some(TextFormat::Text) | None => {}
    }
}

fn put_conversation(body: &mut Map<String, Value>, turns: Turns) {
    let has_system = !turns.system.is_empty();
    // Blocks with more than their type and text: a cache mark, tomorrow's field.
    let is_rich = |block: &Value| block.as_object().is_some_and(|block| block.len() > 2);
    let rich = turns.system.iter().any(is_rich);
    let texts: Vec<&str> =
        turns.system.iter().filter_map(|block| block.get("text")?.as_str()).collect();
    let system = texts.join("\n\n");
    if !turns.messages.is_empty() {
        if rich {
            body.insert("system".into(), Value::Array(turns.system));
        } else if has_system {
            body.insert("system".into(), system.into());
        }
        body.insert("messages".into(), Value::Array(turns.messages));
    } else if has_system {
        // Nothing but orders: the wire wants something to answer.
        let content = json!([{"type": "text", "text": system}]);
        body.insert("messages".into(), json!([{"role": "user", "content": content}]));
    } else {
        // What is missing is told with its place: `wire/unsaid.rs`.
        body.insert("messages".into(), json!([]));
    }
}

fn put_tools(
    body: &mut Map<String, Value>,
    request: &Request,
    compat: Compat,
    facts: &ModelFacts,
    losses: &mut Vec<Loss>,
) {
    let mut tools = Vec::new();
    for tool in &request.tools {
        match tool {
            Tool::Function(function) if request.allows(&function.name) => {
                let mut json = Map::new();
                json.insert("name".into(), function.name.clone().into());
                if let Some(description) = &function.description {
                    json.insert("description".into(), description.clone().into());
                }
                let schema =
                    function.schema(compat.schemas, &facts.refused_schema_keywords, losses);
                if function.strict == Some(true) {
                    losses.push(Loss::Field("strict"));
                }
                if compat.function_tools {
                    json.insert("parameters".into(), schema);
                    tools.push(json!({"type": "function", "function": json}));
                    extra::lose_all(&function.extra, losses);
                    continue;
                }
                json.insert("input_schema".into(), schema);
                if let Some(mark) =
                    function.extra.get(CACHE_MARK).filter(|_| compat.messages_fields)
                {
                    json.insert(CACHE_MARK.into(), compat.cache_mark(mark));
                }
                extra::put(&mut json, &function.extra, takes_unknown(request, compat), losses);
                tools.push(Value::Object(json));
            }
            Tool::Function(_) => {}
            // The host's own, which only this wire's clients can ask for.
            Tool::Other(whole) if compat.messages_fields && is_own(request) => {
                tools.push(Value::Object(whole.clone()));
            }
            Tool::Other(whole) => {
                let kind = whole.get("type").and_then(Value::as_str).unwrap_or("unknown");
                losses.push(Loss::Tool(kind.to_owned()));
            }
        }
    }
    if tools.is_empty() {
        return;
    }
    body.insert("tools".into(), Value::Array(tools));
    if let Some(choice) = tool_choice(request, losses) {
        let choice = if compat.function_tools { in_functions_words(&choice) } else { choice };
        body.insert("tool_choice".into(), choice);
    }
}

/// A choice of this wire in the words of hosts that take tools as functions.
fn in_functions_words(choice: &Value) -> Value {
    let word = |key| choice.get(key).and_then(Value::as_str).unwrap_or_default();
    match word("type") {
        "any" => "required".into(),
        "tool" => json!({"type": "function", "function": {"name": word("name")}}),
        other => other.into(),
    }
}

fn tool_choice(request: &Request, losses: &mut Vec<Loss>) -> Option<Value> {
    let alone = request.parallel_tool_calls == Some(false);
    let mut choice = match &request.tool_choice {
        None if !alone => return None,
        None | Some(ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }) => {
            json!({"type": "auto"})
        }
        Some(ToolChoice::None) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => {
            json!({"type": "any"})
        }
        Some(ToolChoice::Function(name)) => json!({"type": "tool", "name": name}),
        Some(ToolChoice::Other(_)) => {
            losses.push(Loss::Field("tool_choice"));
            return None;
        }
    };
    if let (true, Value::Object(fields)) = (alone, &mut choice) {
        fields.insert("disable_parallel_tool_use".into(), true.into());
    }
    Some(choice)
}

fn put_sampling(
    body: &mut Map<String, Value>,
    request: &Request,
    compat: Compat,
    thinking: bool,
    losses: &mut Vec<Loss>,
) {
    if let Some(temperature) = request.temperature {
        if thinking || !compat.sampling {
            losses.push(Loss::Field("temperature"));
        } else {
            // 0 to 1 here, 0 to 2 on the other wires.
            let within = temperature.clamp(0.0, 1.0);
            if within != temperature {
                losses.push(Loss::Clamped("temperature"));
            }
            body.insert("temperature".into(), within.into());
        }
    }
    if let Some(top_p) = request.top_p {
        // Newer Anthropic models refuse the two together.
        if thinking || !compat.sampling || (compat.one_sampler && request.temperature.is_some()) {
            losses.push(Loss::Field("top_p"));
        } else {
            body.insert("top_p".into(), top_p.into());
        }
    }
}
