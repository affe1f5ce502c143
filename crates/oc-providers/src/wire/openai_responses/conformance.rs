//! What servers of the Responses API send in each scenario of [`crate::conformance`].

use crate::conformance::conformance;

conformance! {
    OpenaiResponses {
        text:
            synthetic[
                "text.sse", "text.json", "text-deltas-alone.sse", "text-only-at-the-end.sse",
                "text-only-in-done.sse", "text-output-empty-at-the-end.sse",
            ]
            recorded[
                "litellm/responses-plain-stream.sse", "litellm/responses-plain.json",
                "transformers-serve/responses-plain-stream.sse",
                "transformers-serve/responses-plain.sse",
            ];
        empty_deltas: synthetic["empty_deltas.sse"];
        reasoning:
            synthetic[
                "reasoning.sse", "reasoning.json", "reasoning-open-responses.sse",
                "reasoning-parts.sse", "reasoning-summary.sse", "reasoning-summary.json",
            ]
            recorded[
                "llama-server/responses-think-stream.sse", "llama-server/responses-think.json",
                "litellm/responses-think-stream.sse", "litellm/responses-think.json",
                "transformers-serve/responses-think-stream.sse",
                "transformers-serve/responses-think.sse",
                "llama-server/responses-include-encrypted.json",
                "vllm/responses-include-encrypted.json",
                "transformers-serve/responses-include-encrypted.sse",
            ];
        reasoning_inline:
            synthetic[
                "reasoning_inline.sse", "reasoning_inline.json", "reasoning_inline-harmony.sse",
                "reasoning_inline-mistral.sse",
            ]
            recorded["llama-server/format-none-responses-think-stream.sse"];
        reasoning_only: synthetic["reasoning_only.sse", "reasoning_only.json"];
        reasoning_text_tool:
            synthetic["reasoning_text_tool.sse", "reasoning_text_tool.json"]
            recorded[
                "vllm/responses-think-tool-stream.sse", "vllm/responses-think-tool.json",
                "litellm/responses-think-tool-stream.sse", "litellm/responses-think-tool.json",
            ];
        interleaved: synthetic["interleaved.sse", "interleaved.json"];
        one_tool:
            synthetic["one_tool.sse", "one_tool.json"]
            recorded[
                "llama-server/responses-tool-stream.sse", "llama-server/responses-tool.json",
                "vllm/responses-tool.json",
            ];
        parallel_tools:
            synthetic["parallel_tools.sse", "parallel_tools.json"]
            recorded[
                "llama-server/responses-two-tools-stream.sse",
                "litellm/responses-two-tools-stream.sse",
                ];
        calls_interleaved: synthetic["calls_interleaved.sse"];
        missing_indexes: synthetic["missing_indexes.sse", "missing_indexes-nor-ids.sse"];
        arguments_whole: synthetic["arguments_whole.sse"];
        arguments_split: synthetic["arguments_split.sse"];
        arguments_at_the_end:
            synthetic[
                "arguments_at_the_end.sse", "arguments_at_the_end-item.sse",
                "arguments_at_the_end-terminal.sse",
            ];
        names_repeated: synthetic["names_repeated.sse"];
        no_arguments: synthetic["no_arguments.sse", "no_arguments-braces.sse"];
        bad_arguments: synthetic["bad_arguments.sse", "bad_arguments.json"];
        ids_missing: synthetic["ids_missing.sse"];
        ids_repeated: synthetic["ids_repeated.sse", "ids_repeated.json"];
        ids_changing: synthetic["ids_changing.sse"];
        text_after_call: synthetic["text_after_call.sse", "text_after_call.json"];
        stop_word_with_calls: synthetic["stop_word_with_calls.sse"];
        call_word_without_calls: skip["the Responses API has no word for an ending in calls"];
        images: synthetic["images.sse", "images.json"];
        file: synthetic["file.sse", "file.json"];
        json_schema:
            synthetic["json_schema.sse", "json_schema.json"]
            recorded[
                "transformers-serve/responses-json-schema.sse",
            ];
        refusal: synthetic["refusal.sse", "refusal.json"];
        length:
            synthetic["length.sse", "length.json"]
            recorded[
                "llama-server/responses-length-stream.sse", "llama-server/responses-length.json",
                "litellm/responses-length-stream.sse", "litellm/responses-length.json",
                "transformers-serve/responses-length-stream.sse",
                "transformers-serve/responses-length.sse",
            ];
        length_in_reasoning:
            synthetic["length_in_reasoning.sse", "length_in_reasoning.json"]
            recorded[
                "vllm/responses-length-in-think-stream.sse",
                ];
        length_in_call: synthetic["length_in_call.sse", "length_in_call.json"];
        content_filter: synthetic["content_filter.sse", "content_filter.json"];
        cut:
            synthetic["cut.sse", "cut-then-done.sse"]
            recorded[
                "llama-server/killed-mid-stream-responses.sse",
                "llama-server/terminated-mid-stream-responses.sse",
            ];
        clean_cut: synthetic["clean_cut.sse"];
        cut_in_call: synthetic["cut_in_call.sse"];
        late_error: synthetic["late_error.sse", "late_error-failed.sse", "late_error-nested.sse"];
        error_under_200:
            synthetic[
                "error_under_200.json", "error_under_200-first-event.sse",
                "error_under_200-detail.json", "error_under_200-failed.json",
                "error_under_200-text.json",
            ];
        empty:
            synthetic["empty.sse", "empty.json", "empty-message.json"]
            recorded[
                "llama-server/responses-empty-stream.sse", "llama-server/responses-empty.json",
                "vllm/responses-empty-stream.sse", "vllm/responses-empty.json",
                "litellm/responses-empty-stream.sse", "litellm/responses-empty.json",
                "transformers-serve/responses-empty-stream.sse",
                "transformers-serve/responses-empty.sse",
            ];
        usage: synthetic["usage.sse", "usage.json"];
        no_usage: synthetic["no_usage.sse", "no_usage.json"];
        stop_sequence: skip["a request of the Responses API has no stop sequences"];
        unicode:
            synthetic["unicode.sse", "unicode.json"]
            recorded["llama-server/responses-utf8-stream.sse", ];
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
        logprobs: synthetic["logprobs.sse", "logprobs.json"];
    }
}

/// A mebibyte in one event, then many small ones.
fn huge() -> Vec<u8> {
    let told = |kind: &str, slot: u32, text: &str| {
        format!(
            "data: {{\"type\":\"response.{kind}.delta\",\"output_index\":{slot},\"content_index\":0,\"delta\":\"{text}\"}}\n\n"
        )
    };
    let mut body = told("output_text", 0, &"0123456789abcdef".repeat(1 << 16));
    body += &told("reasoning_text", 1, "Again.");
    body += &told("output_text", 2, "word ").repeat(1 << 14);
    body += "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":21,\"input_tokens_details\":{\"cached_tokens\":5},\"output_tokens\":13,\"total_tokens\":34}}}\n\n";
    body.into_bytes()
}
