//! The config's `compat` of a model, and what the settings declare of it, as
//! flags and facts that encoders read.
//!
//! What neither mentions stays as the host's row has it. A table in the tests says
//! of each key what it does; `docs/providers.md` holds the same.

use oc_config::{Compat as Stated, Model, ReasoningOnly};
use oc_providers::{
    Compat, EmptyFinal, ModelFacts,
    wire::openai_completions::{ReasoningReplay, ThinkingFormat, ToolIdRule, UnknownWord},
};
use serde_json::json;

/// Puts what the config states over the host's own flags.
///
/// # Errors
/// When a word of it names nothing that this version knows.
pub(crate) fn flags(model: &Model, flags: &mut Compat) -> Result<(), UnknownWord> {
    let stated = &model.compat;
    switches(stated, flags);
    if let Some(word) = &stated.max_tokens_field {
        flags.chat.max_tokens_field = word.parse()?;
    }
    if let Some(word) = &stated.thinking_format {
        flags.chat.thinking = word.parse()?;
        flags.effort_words = None;
    }
    if let Some(word) = &stated.tool_schema_profile {
        // Any word may stand there; OpenClaw passes over those it does not know.
        flags.schemas = word.parse().unwrap_or(flags.schemas);
    }
    if let Some(word) = &stated.tool_call_arguments_encoding {
        flags.html_arguments = word == "html-entities";
    }
    match stated.requires_mistral_tool_ids {
        Some(true) => flags.chat.tool_ids = ToolIdRule::NineLettersAndDigits,
        Some(false) => flags.chat.tool_ids = ToolIdRule::Short,
        None => {}
    }
    match stated.requires_reasoning_content_on_assistant_messages {
        Some(true) => flags.chat.replay = ReasoningReplay::OnEveryAnswer,
        Some(false) => flags.chat.replay = ReasoningReplay::Never,
        None => {}
    }
    if stated.cache_control_format.is_some() {
        flags.chat.cache_marks = true;
    }
    let declared = &model.declared;
    if let Some(parser) = declared.tool_call_parser {
        flags.tool_call_parser = Some(parser.as_str().parse()?);
    }
    if declared.thinking_forced_open.is_some() {
        flags.thinking_forced_open = declared.thinking_forced_open;
    }
    if declared.reasoning_only == Some(ReasoningOnly::Answer) {
        flags.reasoning_only = EmptyFinal::Promote;
    }
    Ok(())
}

fn switches(stated: &Stated, flags: &mut Compat) {
    let Compat { chat, .. } = flags;
    for (stated, flag) in [
        (stated.supports_usage_in_streaming, &mut chat.stream_usage),
        (stated.requires_string_content, &mut chat.string_content),
        (stated.strict_message_keys, &mut chat.strict_keys),
        (stated.requires_tool_result_name, &mut chat.result_names),
        (stated.requires_assistant_after_tool_result, &mut chat.assistant_after_results),
        (stated.zai_tool_stream, &mut chat.tool_stream),
    ] {
        *flag = stated.unwrap_or(*flag);
    }
    for (stated, flag) in [
        (stated.supports_store, &mut flags.store),
        (stated.supports_prompt_cache_key, &mut flags.prompt_cache_key),
        (stated.supports_developer_role, &mut flags.developer_role),
        (stated.supports_temperature, &mut flags.sampling),
        (stated.supports_instructions, &mut flags.instructions),
        (stated.supports_tools, &mut flags.tools),
        (stated.supports_strict_mode, &mut flags.strict_tools),
        (stated.requires_open_ai_anthropic_tool_payload, &mut flags.function_tools),
        (stated.supports_long_cache_retention, &mut flags.long_cache),
    ] {
        *flag = stated.unwrap_or(*flag);
    }
    if let Some(schema) = stated.supports_json_schema_response_format {
        flags.json_schema = schema;
        flags.structured_output = schema;
    }
}

/// Adds what the config states of the model itself.
pub(crate) fn facts(model: &Model, flags: &Compat) -> ModelFacts {
    let stated = &model.compat;
    let mut facts = ModelFacts::new()
        .with_max_output_tokens(model.max_tokens)
        .with_context_window(model.context_window)
        .with_reasoning(model.reasoning && takes_effort(stated, flags))
        .with_efforts(stated.supported_reasoning_efforts.iter().flatten().cloned())
        .with_refused_schema_keywords(
            stated.unsupported_tool_schema_keywords.iter().flatten().cloned(),
        )
        .with_visible_details(stated.visible_reasoning_detail_types.iter().flatten().cloned());
    for (level, word) in &model.thinking_levels {
        let ours = if level == "off" { "none" } else { level };
        facts = facts.with_effort_word(ours, word.as_str().map(str::to_owned));
    }
    for (level, word) in stated.reasoning_effort_map.iter().flatten() {
        let ours = if level == "off" { "none" } else { level };
        facts = facts.with_effort_word(ours, Some(word.clone()));
    }
    if let Some(routing) = &stated.open_router_routing {
        facts = facts.with_field("provider", routing.clone());
    }
    if let Some(routing) = &stated.vercel_gateway_routing {
        facts = facts.with_field("providerOptions", json!({"gateway": routing}));
    }
    facts
}

/// Whether it can be told how much to think. A server that refuses the effort
/// may still have a switch, where `thinkingFormat` names one.
fn takes_effort(stated: &Stated, flags: &Compat) -> bool {
    stated.supports_reasoning_effort != Some(false)
        || flags.chat.thinking != ThinkingFormat::ReasoningEffort
}

#[cfg(test)]
mod tests;
