//! Why an answer ended, in all the words that are in use.

use oc_responses_stream::FinishReason;

use super::Fields;
use super::fields::text;

/// What a `finish_reason` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The answer is as whole as it gets.
    Whole(FinishReason),
    /// The server gave up.
    Failed,
}

/// Reads a `finish_reason`. `finish_reasons_have_one_meaning` below is the table.
pub(super) fn ending(word: &str) -> Ending {
    Ending::Whole(match word.to_ascii_lowercase().as_str() {
        "stop" | "eos" | "eos_token" | "end" | "end_turn" | "stop_sequence" | "complete"
        | "completed" => FinishReason::Stop,
        "length" | "max_tokens" | "max_output_tokens" | "model_length" => FinishReason::Length,
        "tool_calls" | "tool_call" | "tool_use" | "function_call" => FinishReason::ToolCalls,
        "content_filter" | "content_filtered" | "sensitive" | "safety" => {
            FinishReason::ContentFilter
        }
        "refusal" => FinishReason::Refusal,
        "error" | "network_error" | "insufficient_system_resource" | "abort" => {
            return Ending::Failed;
        }
        _ => FinishReason::Other(word.to_owned()),
    })
}

/// The stop sequence that a choice ended at, where its server says so: vLLM's
/// `stop_reason`, SGLang's `matched_stop`. A number is a token, and a word for
/// an ending is no sequence.
pub(super) fn stop_sequence(choice: &Fields<'_>) -> Option<String> {
    let said = |key| choice.raw(key).filter(|raw| raw.get().starts_with('"')).and_then(text);
    let stop = said("stop_reason").or_else(|| said("matched_stop"))?.into_owned();
    let is_sequence =
        !stop.is_empty() && matches!(ending(&stop), Ending::Whole(FinishReason::Other(_)));
    is_sequence.then_some(stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matched_stop_sequence_is_known_by_its_text() {
        for (choice, wanted) in [
            (r#"{"finish_reason":"stop","stop_reason":"<END>"}"#, Some("<END>")),
            (r#"{"finish_reason":"stop","matched_stop":"\n\n"}"#, Some("\n\n")),
            (r#"{"finish_reason":"stop","stop_reason":128009}"#, None),
            (r#"{"finish_reason":"stop","stop_reason":"eos"}"#, None),
            (r#"{"finish_reason":"stop","stop_reason":""}"#, None),
            (r#"{"finish_reason":"stop","stop_reason":null}"#, None),
        ] {
            let choice = Fields::parse(choice).expect("object");
            assert_eq!(stop_sequence(&choice).as_deref(), wanted);
        }
    }

    #[test]
    fn finish_reasons_have_one_meaning() {
        use FinishReason::{ContentFilter, Length, Other, Refusal, Stop, ToolCalls};
        for (word, wanted) in [
            ("stop", Some(Stop)),
            ("STOP", Some(Stop)),
            // mistral.rs and text-generation servers
            ("eos", Some(Stop)),
            ("end_turn", Some(Stop)),
            ("length", Some(Length)),
            // Mistral: the window is full
            ("model_length", Some(Length)),
            ("tool_calls", Some(ToolCalls)),
            ("function_call", Some(ToolCalls)),
            ("content_filter", Some(ContentFilter)),
            // Z.ai
            ("sensitive", Some(ContentFilter)),
            ("network_error", None),
            // DeepSeek
            ("insufficient_system_resource", None),
            // OpenRouter
            ("error", None),
            // vLLM, SGLang
            ("abort", None),
            ("refusal", Some(Refusal)),
            ("recitation", Some(Other("recitation".into()))),
        ] {
            assert_eq!(ending(word), wanted.map_or(Ending::Failed, Ending::Whole), "{word}");
        }
    }
}
