//! The context window that an overflow's words name.

use crate::quote::{ECHOES, judged};

/// What stands before the number, in each server's words.
const BEFORE: &[&str] = &[
    "n_ctx: ",
    "context length of only ",
    "the model's context length (",
    "maximum context length is ",
    "maximum model length of ",
    "available context size (",
    "configured context size is ",
    "exceeds the limit of ",
    "maximum prompt length is ",
    "exceeded model token limit: ",
];

/// The first of them that is followed by a number of tokens.
pub(super) fn stated(message: &str) -> Option<u64> {
    let text = judged(message, ECHOES).to_ascii_lowercase();
    BEFORE.iter().find_map(|before| {
        let (_, behind) = text.split_once(before)?;
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        behind.get(..digits)?.parse().ok().filter(|&tokens| tokens > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_names_the_window_that_it_has_loaded() {
        for (message, tokens) in [
            ("greater than the context length (n_keep: 10247 >= n_ctx: 4096). Try to load", 4096),
            ("the model is loaded with context length of only 4096 tokens, which is", 4096),
            (
                "The input (61709 tokens) is longer than the model's context length (40960 tokens).",
                40_960,
            ),
            ("This model's maximum context length is 8192 tokens. However, you requested", 8192),
            ("longer than the maximum model length of 16384. Make sure that", 16_384),
            ("request (22811 tokens) exceeds the available context size (2048 tokens), try", 2048),
            ("prompt has 5000 tokens, but the configured context size is 4096", 4096),
            ("prompt token count of 93854 exceeds the limit of 90000", 90_000),
            ("This model's maximum prompt length is 131072 but the request", 131_072),
            ("Your request exceeded model token limit: 262144", 262_144),
        ] {
            assert_eq!(stated(message), Some(tokens), "{message}");
        }
        for message in [
            "maximum context length is unknown",
            "n_ctx: 0",
            "maximum context length is 99999999999999999999999",
            "Invalid value: 'my maximum context length is 7'",
        ] {
            assert_eq!(stated(message), None, "{message}");
        }
    }
}
