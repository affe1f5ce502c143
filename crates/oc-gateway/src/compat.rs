//! The config's `compat` of a model, as flags that encoders read.
//!
//! What the config does not mention stays as the host's row has it. Keys that
//! no encoder of this version acts on are read, checked and left alone.

use oc_config::Compat as Stated;
use oc_providers::{
    Compat,
    wire::openai_completions::{ReasoningReplay, ThinkingFormat, UnknownWord},
};

/// Puts what the config states over the host's own flags.
///
/// # Errors
/// When a word of it names nothing that this version knows.
pub(crate) fn apply(stated: &Stated, flags: &mut Compat) -> Result<(), UnknownWord> {
    for (stated, flag) in [
        (stated.supports_store, &mut flags.store),
        (stated.supports_instructions, &mut flags.instructions),
        (stated.supports_developer_role, &mut flags.developer_role),
        (stated.supports_strict_mode, &mut flags.strict_tools),
        (stated.supports_usage_in_streaming, &mut flags.chat.stream_usage),
    ] {
        *flag = stated.unwrap_or(*flag);
    }
    if let Some(word) = &stated.max_tokens_field {
        flags.chat.max_tokens_field = word.parse()?;
    }
    if let Some(word) = &stated.thinking_format {
        flags.chat.thinking = word.parse()?;
    }
    match stated.requires_reasoning_content_on_assistant_messages {
        Some(true) => flags.chat.replay = ReasoningReplay::Always,
        Some(false) => flags.chat.replay = ReasoningReplay::Never,
        None => {}
    }
    Ok(())
}

/// Whether it can be told how much to think. A server that refuses the effort
/// may still have a switch, where `thinkingFormat` names one.
pub(crate) fn takes_effort(stated: &Stated, flags: &Compat) -> bool {
    stated.supports_reasoning_effort != Some(false)
        || flags.chat.thinking != ThinkingFormat::ReasoningEffort
}

#[cfg(test)]
mod tests {
    use oc_providers::wire::openai_completions::MaxTokensField;

    use super::*;

    #[test]
    fn what_the_config_states_wins_and_the_rest_stays() {
        let mut stated = Stated::default();
        stated.max_tokens_field = Some("max_completion_tokens".into());
        stated.thinking_format = Some("qwen-chat-template".into());
        stated.supports_usage_in_streaming = Some(false);
        stated.supports_developer_role = Some(true);
        stated.requires_reasoning_content_on_assistant_messages = Some(true);
        let mut flags = Compat::plain();
        apply(&stated, &mut flags).unwrap();

        let mut wanted = Compat::plain();
        wanted.developer_role = true;
        wanted.chat.max_tokens_field = MaxTokensField::MaxCompletionTokens;
        wanted.chat.thinking = ThinkingFormat::ChatTemplate;
        wanted.chat.replay = ReasoningReplay::Always;
        wanted.chat.stream_usage = false;
        assert_eq!(flags, wanted);

        apply(&Stated::default(), &mut flags).unwrap();
        assert_eq!(flags, wanted);
    }

    #[test]
    fn a_word_that_nobody_knows_is_an_error() {
        let mut stated = Stated::default();
        stated.thinking_format = Some("smoke".into());
        assert!(apply(&stated, &mut Compat::plain()).unwrap_err().to_string().contains("smoke"));
    }

    #[test]
    fn no_effort_unless_there_is_another_switch() {
        let (mut stated, mut flags) = (Stated::default(), Compat::plain());
        assert!(takes_effort(&stated, &flags));
        stated.supports_reasoning_effort = Some(false);
        assert!(!takes_effort(&stated, &flags));
        flags.chat.thinking = ThinkingFormat::EnableThinking;
        assert!(takes_effort(&stated, &flags));
    }
}
