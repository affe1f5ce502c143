//! Exact words: an error's `code` and `type`. Compared whole and without case,
//! so that an id that contains one of them says nothing.

use crate::reason::Reason;

/// A code decides by itself, whatever the status.
pub(super) fn code_reason(code: &str) -> Option<Reason> {
    look_up(CODES, code)
}

/// A type refines what the status says. `invalid_request_error` is missing on
/// purpose: everyone uses it for everything.
pub(super) fn type_reason(error_type: &str) -> Option<Reason> {
    look_up(TYPES, error_type)
}

fn look_up(table: &[(&str, Reason)], word: &str) -> Option<Reason> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|&(_, reason)| reason)
}

pub(super) const CODES: &[(&str, Reason)] = &[
    // OpenAI and those who speak like it
    ("context_length_exceeded", Reason::ContextOverflow),
    ("insufficient_quota", Reason::Billing),
    ("billing_hard_limit_reached", Reason::Billing),
    ("billing_not_active", Reason::Billing),
    ("usage_not_included", Reason::Billing),
    ("rate_limit_exceeded", Reason::RateLimit),
    ("invalid_api_key", Reason::Auth),
    ("account_deactivated", Reason::AuthPermanent),
    ("deactivated_workspace", Reason::AuthPermanent),
    ("model_not_found", Reason::ModelNotFound),
    ("server_error", Reason::ServerError),
    ("server_is_overloaded", Reason::Overloaded),
    ("slow_down", Reason::Overloaded),
    ("invalid_prompt", Reason::Format),
    ("unknown_parameter", Reason::Format),
    ("unsupported_parameter", Reason::Format),
    ("previous_response_not_found", Reason::Format),
    ("content_filter", Reason::ContentFilter),
    ("content_policy_violation", Reason::ContentFilter),
    // Google
    ("resource_exhausted", Reason::RateLimit),
    // others
    ("rate_limited", Reason::RateLimit),
    ("too_many_requests", Reason::RateLimit),
    ("throttled", Reason::RateLimit),
    ("throttling", Reason::RateLimit),
    ("overloaded", Reason::Overloaded),
    ("overloaded_error", Reason::Overloaded),
    ("model_not_loaded", Reason::ModelNotReady),
    ("insufficient_balance", Reason::Billing),
];

pub(super) const TYPES: &[(&str, Reason)] = &[
    // llama-server
    ("exceed_context_size_error", Reason::ContextOverflow),
    ("authentication_error", Reason::Auth),
    // Anthropic
    ("permission_error", Reason::Auth),
    ("billing_error", Reason::Billing),
    ("not_found_error", Reason::ModelNotFound),
    ("request_too_large", Reason::TooLarge),
    ("rate_limit_error", Reason::RateLimit),
    ("overloaded_error", Reason::Overloaded),
    ("timeout_error", Reason::Timeout(crate::facts::Limit::Upstream)),
    // OpenAI
    ("insufficient_quota", Reason::Billing),
    // LiteLLM
    ("auth_error", Reason::Auth),
    ("throttling_error", Reason::RateLimit),
    ("no_db_connection", Reason::Auth),
    // vLLM
    ("notfounderror", Reason::ModelNotFound),
];
