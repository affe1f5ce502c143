//! What servers of Chat Completions send in each scenario of [`crate::conformance`].

use crate::conformance::conformance;

conformance! {
    OpenaiCompletions {
        text:
            synthetic[
                "text.sse", "text.json", "text-message-in-a-stream.sse", "text-nulls.sse",
                "text-usage-with-the-finish.sse",
            ]
            recorded[
                "openai_completions/litellm/chat-plain-stream.sse",
                "openai_completions/litellm/chat-plain.json",
                "openai_completions/transformers-serve/chat-plain-stream.sse",
                "openai_completions/transformers-serve/chat-plain.json",
                "openai_completions/llama-server/chat-plain-stream-usage.sse",
                "openai_completions/litellm/chat-plain-stream-usage.sse",
                "openai_completions/transformers-serve/chat-plain-stream-usage.sse",
            ];
        empty_deltas: synthetic["empty_deltas.sse"];
        reasoning:
            synthetic[
                "reasoning.sse", "reasoning.json", "reasoning-array.sse", "reasoning-details.sse",
                "reasoning-reasoning.sse", "reasoning-three-times.sse", "reasoning-twice.sse",
                "reasoning-array.json", "reasoning-reasoning.json",
            ]
            recorded[
                "openai_completions/llama-server/chat-think-stream.sse",
                "openai_completions/llama-server/chat-think.json",
                "openai_completions/vllm/chat-think-stream.sse",
                "openai_completions/vllm/chat-think.json",
                "openai_completions/transformers-serve/chat-think-stream.sse",
                "openai_completions/transformers-serve/chat-think.json",
                "openai_completions/llama-server/format-deepseek-legacy-chat-think-stream.sse",
                "openai_completions/llama-server/format-deepseek-legacy-chat-think.json",
            ];
        reasoning_inline:
            synthetic[
                "reasoning_inline.sse", "reasoning_inline.json", "reasoning_inline-harmony.sse",
                "reasoning_inline-mistral.sse",
            ]
            recorded[
                "openai_completions/llama-server/format-none-chat-think-stream.sse",
                "openai_completions/llama-server/format-none-chat-think.json",
            ];
        reasoning_only: synthetic["reasoning_only.sse", "reasoning_only.json"];
        reasoning_text_tool:
            synthetic["reasoning_text_tool.sse", "reasoning_text_tool.json"]
            recorded[
                "openai_completions/vllm/chat-think-tool-stream.sse",
                "openai_completions/vllm/chat-think-tool.json",
                "openai_completions/litellm/chat-think-tool-stream.sse",
                "openai_completions/litellm/chat-think-tool.json",
                ];
        interleaved: synthetic["interleaved.sse"];
        one_tool:
            synthetic["one_tool.sse", "one_tool.json"]
            recorded[
                "openai_completions/llama-server/chat-tool-stream.sse",
                "openai_completions/llama-server/chat-tool.json",
                "openai_completions/vllm/chat-tool.json",
                ];
        parallel_tools:
            synthetic["parallel_tools.sse", "parallel_tools.json"]
            recorded[
                "openai_completions/vllm/chat-two-tools.json",
                "openai_completions/litellm/chat-two-tools-stream.sse",
                "openai_completions/litellm/chat-two-tools.json",
                ];
        calls_interleaved: synthetic["calls_interleaved.sse"];
        missing_indexes:
            synthetic[
                "missing_indexes.sse", "missing_indexes-all-zero.sse",
                "missing_indexes-empty-names.sse",
            ];
        arguments_whole:
            synthetic[
                "arguments_whole.sse", "arguments_whole-object.sse",
            ];
        arguments_split: synthetic["arguments_split.sse"];
        arguments_at_the_end:
            synthetic["arguments_at_the_end.sse", "arguments_at_the_end-message.sse"];
        names_repeated: synthetic["names_repeated.sse"];
        no_arguments:
            synthetic["no_arguments.sse", "no_arguments-none.sse", "no_arguments-null.json"];
        bad_arguments:
            synthetic["bad_arguments.sse", "bad_arguments.json", "bad_arguments-array.sse"];
        ids_missing: synthetic["ids_missing.sse", "ids_missing-empty.json"];
        ids_repeated: synthetic["ids_repeated.sse", "ids_repeated.json"];
        ids_changing: synthetic["ids_changing.sse"];
        text_after_call: synthetic["text_after_call.sse"];
        stop_word_with_calls: synthetic["stop_word_with_calls.sse", "stop_word_with_calls.json"];
        call_word_without_calls: synthetic["call_word_without_calls.sse"];
        images: synthetic["images.sse", "images.json"];
        file: synthetic["file.sse", "file.json"];
        json_schema:
            synthetic["json_schema.sse", "json_schema.json"]
            recorded[
                "openai_completions/llama-server/chat-json-schema.json",
                "openai_completions/litellm/chat-json-schema.json",
            ];
        refusal: synthetic["refusal.sse", "refusal.json"];
        length:
            synthetic["length.sse", "length.json"]
            recorded[
                "openai_completions/llama-server/chat-length-stream.sse",
                "openai_completions/llama-server/chat-length.json",
                "openai_completions/litellm/chat-length-stream.sse",
                "openai_completions/litellm/chat-length.json",
                "openai_completions/transformers-serve/chat-length-stream.sse",
                "openai_completions/transformers-serve/chat-length.json",
            ];
        length_in_reasoning:
            synthetic["length_in_reasoning.sse", "length_in_reasoning.json"]
            recorded[
                "openai_completions/llama-server/chat-length-in-think-stream.sse",
                "openai_completions/llama-server/chat-length-in-think.json",
                ];
        length_in_call: synthetic["length_in_call.sse", "length_in_call.json"];
        content_filter: synthetic["content_filter.sse", "content_filter.json"];
        cut:
            synthetic["cut.sse", "cut-then-done.sse"]
            recorded[
                "openai_completions/llama-server/killed-mid-stream-chat.sse",
                "openai_completions/llama-server/terminated-mid-stream-chat.sse",
            ];
        clean_cut: synthetic["clean_cut.sse"];
        cut_in_call: synthetic["cut_in_call.sse"];
        late_error:
            synthetic[
                "late_error.sse", "late_error-beside-choices.sse", "late_error-event.sse",
                "late_error-field.sse", "late_error-finish-word.sse", "late_error-then-done.sse",
            ]
            recorded["openai_completions/litellm/upstream-killed-mid-stream-chat.sse"];
        error_under_200:
            synthetic[
                "error_under_200.json", "error_under_200-first-event.sse",
                "error_under_200-other-words.sse", "error_under_200-detail.json",
                "error_under_200-object.json", "error_under_200-text.json",
            ];
        empty:
            synthetic["empty.sse", "empty.json"]
            recorded[
                "openai_completions/llama-server/chat-empty-stream.sse",
                "openai_completions/llama-server/chat-empty.json",
            ];
        usage:
            synthetic[
                "usage.sse", "usage.json", "usage-in-the-choice.sse", "usage-on-every-chunk.sse",
            ];
        no_usage: synthetic["no_usage.sse", "no_usage.json"];
        stop_sequence:
            synthetic["stop_sequence.sse", "stop_sequence.json"]
            recorded[
                "openai_completions/llama-server/chat-stop-seq.json",
                ];
        unicode:
            synthetic["unicode.sse", "unicode.json"]
            recorded[
                "openai_completions/llama-server/chat-utf8-stream.sse",
                "openai_completions/litellm/chat-utf8-stream.sse",
                "openai_completions/transformers-serve/chat-utf8-stream.sse",
            ];
        awkward_text: synthetic["awkward_text.sse", "awkward_text.json"];
        surrogates: synthetic["surrogates.sse"];
        huge: made[huge];
        pings: synthetic["pings.sse"];
        pings_only: synthetic["pings_only.sse"];
        unknown_events: synthetic["unknown_events.sse"];
        end_mark: synthetic["end_mark.sse", "end_mark-no-blank-line.sse", "end_mark-spaces.sse"];
        two_ends: synthetic["two_ends.sse"];
        framing:
            synthetic[
                "framing.sse", "framing-lone-cr.sse", "framing-many-lines.sse",
                "framing-odd-fields.sse",
            ];
        citations: synthetic["citations.sse", "citations.json"];
        logprobs: synthetic["logprobs.sse", "logprobs.json"];
    }
}

/// A mebibyte in one chunk, then many small ones.
fn huge() -> Vec<u8> {
    let told = |field: &str, text: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"{field}\":\"{text}\"}}}}]}}\n\n")
    };
    let mut body = told("content", &"0123456789abcdef".repeat(1 << 16));
    body += &told("reasoning_content", "Again.");
    body += &told("content", "word ").repeat(1 << 14);
    body += "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":21,\"completion_tokens\":13,\"total_tokens\":34,\"prompt_tokens_details\":{\"cached_tokens\":5}}}\n\n";
    body += "data: [DONE]\n\n";
    body.into_bytes()
}
