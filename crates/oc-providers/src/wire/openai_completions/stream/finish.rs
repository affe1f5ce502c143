//! Why an answer ended, in all the words that are in use.

use oc_responses_stream::FinishReason;

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

#[cfg(test)]
mod tests {
    use super::*;

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
