//! Every machine-readable `error.code` that a client may meet, before the head
//! or in a stream. `docs/operations.md` says when; a test holds the two together,
//! and another that nothing else is sent.

/// In the order of the table.
pub(crate) const CODES: &[&str] = &[
    "invalid_json",
    "invalid_type",
    "invalid_value",
    "missing_required_parameter",
    "unsupported_parameter",
    "thread_unsupported_request",
    "body_unreadable",
    "invalid_header",
    "invalid_path",
    "invalid_request",
    "context_length_exceeded",
    "request_rejected",
    "content_filter",
    "invalid_api_key",
    "host_refused",
    "origin_refused",
    "policy_violation",
    "model_not_found",
    "not_found",
    "method_not_allowed",
    "request_timeout",
    "request_too_large",
    "unsupported_media_type",
    "websocket_not_supported",
    "not_implemented",
    "all_models_failed",
    "upstream_failed",
    "deadline_exceeded",
    "loop_detected",
    "gateway_busy",
    "gateway_shutting_down",
];

/// Whether the table has it.
pub(crate) fn is_known(code: &str) -> bool {
    CODES.contains(&code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The words between backticks in the `error.code` column.
    fn documented() -> BTreeSet<String> {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
        let page = std::fs::read_to_string(page).unwrap();
        let table = page.lines().skip_while(|line| !line.contains("| `error.code` |"));
        table
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .filter_map(|row| row.split('|').nth(3))
            .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned))
            .collect()
    }

    #[test]
    fn the_documented_codes_are_those_that_are_sent() {
        let sent: BTreeSet<String> = CODES.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(documented(), sent);
        assert_eq!(sent.len(), CODES.len(), "one row, one code");
    }

    /// What stands as a code in the sources is in the table: the constructors
    /// take no other where debug assertions are on, which is in every test.
    #[test]
    #[should_panic(expected = "no_such_code")]
    fn no_other_code_is_taken() {
        drop(crate::error::Failure::bad_request("no_such_code", ""));
    }
}
