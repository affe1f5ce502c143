//! Token counts, wherever they stand.

use oc_responses_stream::Usage;

use super::fields::Fields;

/// The counts that a chunk brings: in `usage`, in `x_groq`.
pub(super) fn of_chunk(chunk: &Fields<'_>) -> Option<Usage> {
    let usage = chunk.object("usage").as_ref().and_then(counts);
    usage.or_else(|| chunk.object("x_groq")?.object("usage").as_ref().and_then(counts))
}

/// The counts of several answers to one prompt, each of which counts the prompt;
/// of one, as they are.
pub(super) fn sum(each: impl Iterator<Item = Usage>) -> Option<Usage> {
    each.reduce(|mut all, one| {
        all.input_tokens = all.input_tokens.max(one.input_tokens);
        all.cached_tokens = all.cached_tokens.max(one.cached_tokens);
        all.cache_write_tokens = all.cache_write_tokens.max(one.cache_write_tokens);
        all.output_tokens = all.output_tokens.saturating_add(one.output_tokens);
        all.reasoning_tokens = all.reasoning_tokens.saturating_add(one.reasoning_tokens);
        all.total_tokens = all.input_tokens.saturating_add(all.output_tokens);
        all
    })
}

/// llama.cpp's `timings`, for answers without usage.
pub(super) fn of_timings(chunk: &Fields<'_>) -> Option<Usage> {
    let timings = chunk.object("timings")?;
    let mut usage = Usage::default();
    usage.cached_tokens = timings.count("cache_n").unwrap_or(0);
    usage.input_tokens = timings.count("prompt_n")?.saturating_add(usage.cached_tokens);
    usage.output_tokens = timings.count("predicted_n")?;
    usage.total_tokens = usage.input_tokens.saturating_add(usage.output_tokens);
    Some(usage)
}

/// A `usage`, whatever its words.
pub(super) fn counts(usage: &Fields<'_>) -> Option<Usage> {
    let input = usage.count("prompt_tokens").or_else(|| usage.count("input_tokens"));
    let output = usage.count("completion_tokens").or_else(|| usage.count("output_tokens"));
    if input.is_none() && output.is_none() {
        return None;
    }
    let of_prompt = usage.object("prompt_tokens_details").unwrap_or_default();
    let of_output = usage.object("completion_tokens_details").unwrap_or_default();
    let mut counted = Usage::default();
    counted.input_tokens = input.unwrap_or(0);
    counted.output_tokens = output.unwrap_or(0);
    counted.cached_tokens = of_prompt
        .count("cached_tokens")
        // DeepSeek; Kimi
        .or_else(|| usage.count("prompt_cache_hit_tokens"))
        .or_else(|| usage.count("cached_tokens"))
        .unwrap_or(0);
    counted.cache_write_tokens = of_prompt.count("cache_write_tokens").unwrap_or(0);
    counted.reasoning_tokens = of_output.count("reasoning_tokens").unwrap_or(0);
    // xAI leaves reasoning out of the output but not out of the total.
    counted.total_tokens = usage
        .count("total_tokens")
        .unwrap_or_else(|| counted.input_tokens.saturating_add(counted.output_tokens));
    Some(counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(usage: Usage) -> [u64; 6] {
        [
            usage.input_tokens,
            usage.cached_tokens,
            usage.cache_write_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            usage.total_tokens,
        ]
    }

    #[test]
    fn counts_are_found_wherever_they_stand() {
        for (json, wanted) in [
            (
                r#"{"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":1},"completion_tokens_details":{"reasoning_tokens":2}}}"#,
                Some([9, 4, 1, 3, 2, 12]),
            ),
            (
                r#"{"usage":{"prompt_tokens":9,"completion_tokens":3,"prompt_tokens_details":null}}"#,
                Some([9, 0, 0, 3, 0, 12]),
            ),
            (
                r#"{"usage":{"prompt_tokens":9,"completion_tokens":3,"prompt_cache_hit_tokens":8}}"#,
                Some([9, 8, 0, 3, 0, 12]),
            ),
            (
                r#"{"usage":{"prompt_tokens":9,"completion_tokens":3,"cached_tokens":7,"total_tokens":40}}"#,
                Some([9, 7, 0, 3, 0, 40]),
            ),
            (
                r#"{"x_groq":{"usage":{"prompt_tokens":1,"completion_tokens":2}}}"#,
                Some([1, 0, 0, 2, 0, 3]),
            ),
            (
                r#"{"usage":{"prompt_tokens":"5","completion_tokens":6.0}}"#,
                Some([5, 0, 0, 6, 0, 11]),
            ),
            (r#"{"usage":null}"#, None),
            (r#"{"usage":{}}"#, None),
            (r#"{"usage":{"cost":1}}"#, None),
        ] {
            let chunk = Fields::parse(json).expect(json);
            assert_eq!(of_chunk(&chunk).map(tuple), wanted, "{json}");
        }
    }

    #[test]
    fn timings_count_what_was_cached_as_read() {
        let chunk = Fields::parse(r#"{"timings":{"cache_n":11,"prompt_n":1,"predicted_n":31}}"#);
        assert_eq!(of_timings(&chunk.expect("json")).map(tuple), Some([12, 11, 0, 31, 0, 43]));
    }
}
