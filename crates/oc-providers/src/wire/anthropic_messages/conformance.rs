//! What servers of the Messages API send in each scenario of [`crate::conformance`].

use crate::conformance::conformance;

conformance! {
    AnthropicMessages {
        text:
            synthetic[
                "text.sse", "text.json", "text-in-start.sse", "text-in-two-blocks.sse",
                "text-started-twice.sse",
            ]
            recorded[
                "llama-server/messages-plain-stream.sse", "llama-server/messages-plain.json",
                "litellm/messages-plain-stream.sse", "litellm/messages-plain.json",
            ];
        empty_deltas: synthetic["empty_deltas.sse"];
        reasoning:
            synthetic[
                "reasoning.sse", "reasoning.json", "reasoning-never-opened.sse",
                "reasoning-stops-at-the-end.sse", "reasoning-unsigned.sse",
            ]
            recorded[
                "vllm/messages-think-stream.sse", "vllm/messages-think.json",
                "llama-server/messages-think-unasked-stream.sse",
                "vllm/messages-think-unasked-stream.sse",
                ];
        reasoning_inline:
            synthetic[
                "reasoning_inline.sse", "reasoning_inline.json", "reasoning_inline-harmony.sse",
                "reasoning_inline-mistral.sse",
            ];
        reasoning_only: synthetic["reasoning_only.sse", "reasoning_only.json"];
        reasoning_text_tool:
            synthetic["reasoning_text_tool.sse", "reasoning_text_tool.json"]
            recorded[
                "llama-server/messages-think-tool-stream.sse",
                "vllm/messages-think-tool-stream.sse", ];
        interleaved: synthetic["interleaved.sse", "interleaved.json"];
        one_tool:
            synthetic["one_tool.sse", "one_tool.json"]
            recorded[
                "llama-server/messages-tool-stream.sse", "llama-server/messages-tool.json",
                "litellm/messages-tool-stream.sse", "litellm/messages-tool.json",
            ];
        parallel_tools:
            synthetic["parallel_tools.sse", "parallel_tools.json"]
            recorded[
                "llama-server/messages-two-tools-stream.sse", "litellm/messages-two-tools-stream.sse",
            ];
        calls_interleaved: synthetic["calls_interleaved.sse"];
        missing_indexes: synthetic["missing_indexes.sse"];
        arguments_whole: synthetic["arguments_whole.sse"];
        arguments_split: synthetic["arguments_split.sse"];
        arguments_at_the_end: synthetic["arguments_at_the_end.sse"];
        names_repeated: synthetic["names_repeated.sse"];
        no_arguments: synthetic["no_arguments.sse", "no_arguments-braces.json"];
        bad_arguments: synthetic["bad_arguments.sse"];
        ids_missing: synthetic["ids_missing.sse"];
        ids_repeated: synthetic["ids_repeated.sse", "ids_repeated.json"];
        ids_changing: synthetic["ids_changing.sse"];
        text_after_call: synthetic["text_after_call.sse", "text_after_call.json"];
        stop_word_with_calls: synthetic["stop_word_with_calls.sse", "stop_word_with_calls.json"];
        call_word_without_calls: synthetic["call_word_without_calls.sse"];
        images: synthetic["images.sse", "images.json"];
        file: synthetic["file.sse", "file.json"];
        json_schema: synthetic["json_schema.sse", "json_schema.json"];
        refusal: synthetic["refusal.sse", "refusal.json"];
        length: synthetic["length.sse", "length.json"];
        length_in_reasoning: synthetic["length_in_reasoning.sse", "length_in_reasoning.json"];
        length_in_call: synthetic["length_in_call.sse"];
        content_filter: synthetic["content_filter.sse", "content_filter.json"];
        cut:
            synthetic["cut.sse"]
            recorded[
                "llama-server/killed-mid-stream-messages.sse",
                "llama-server/terminated-mid-stream-messages.sse",
            ];
        clean_cut: synthetic["clean_cut.sse"];
        cut_in_call: synthetic["cut_in_call.sse"];
        late_error: synthetic["late_error.sse"]
            recorded["litellm/upstream-killed-mid-stream-messages.sse"];
        error_under_200:
            synthetic[
                "error_under_200.json", "error_under_200-first-event.sse",
                "error_under_200-detail.json", "error_under_200-text.json",
            ];
        empty:
            synthetic["empty.sse", "empty.json", "empty-block.sse"]
            recorded[
                "llama-server/messages-empty-stream.sse", "vllm/messages-empty-stream.sse",
                "litellm/messages-empty-stream.sse",
            ];
        usage:
            synthetic[
                "usage.sse", "usage.json", "usage-output-alone-at-the-end.sse",
                "usage-told-twice.sse",
            ];
        no_usage: synthetic["no_usage.sse", "no_usage.json"];
        stop_sequence:
            synthetic["stop_sequence.sse", "stop_sequence.json"]
            recorded[
                "llama-server/messages-stop-seq.json", ];
        unicode: synthetic["unicode.sse", "unicode.json"];
        awkward_text: synthetic["awkward_text.sse", "awkward_text.json"];
        surrogates: synthetic["surrogates.sse"];
        huge: made[huge];
        pings: synthetic["pings.sse"];
        pings_only: synthetic["pings_only.sse"];
        unknown_events: synthetic["unknown_events.sse"];
        end_mark: synthetic["end_mark.sse", "end_mark-no-blank-line.sse"];
        two_ends: synthetic["two_ends.sse"];
        framing:
            synthetic[
                "framing.sse", "framing-lone-cr.sse", "framing-many-lines.sse",
                "framing-odd-fields.sse",
            ];
        citations: synthetic["citations.sse", "citations.json"];
        logprobs: skip["the Messages API does not tell how likely a token was"];
    }
}

/// A mebibyte in one event, then many small ones.
fn huge() -> Vec<u8> {
    let told = |index: u32, field: &str, text: &str| {
        format!(
            "data: {{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":{{\"type\":\"{field}_delta\",\"{field}\":\"{text}\"}}}}\n\n"
        )
    };
    let mut body = told(0, "text", &"0123456789abcdef".repeat(1 << 16));
    body += &told(1, "thinking", "Again.");
    body += &told(2, "text", "word ").repeat(1 << 14);
    body += "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":16,\"cache_read_input_tokens\":5,\"output_tokens\":13}}\n\n";
    body += "data: {\"type\":\"message_stop\"}\n\n";
    body.into_bytes()
}
