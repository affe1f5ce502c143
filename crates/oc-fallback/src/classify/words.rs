//! Exact words: an error's `code` and `type`. Compared whole and without case,
//! so that an id that contains one of them says nothing.

use crate::reason::Reason;

/// The reason for a word that is in the table.
pub(super) fn look_up(table: &[(&str, Reason)], word: &str) -> Option<Reason> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|&(_, reason)| reason)
}

/// A code decides by itself, whatever the status. `invalid_prompt` and
/// `server_error` are missing on purpose: the one stands beside a content
/// filter's words as well as beside a bad field's, the other says no more than
/// the status does.
pub(super) const CODES: &[(&str, Reason)] = &[
    // OpenAI and those who speak like it
    ("context_length_exceeded", Reason::ContextOverflow),
    ("model_context_window_exceeded", Reason::ContextOverflow),
    ("model_max_prompt_tokens_exceeded", Reason::ContextOverflow),
    ("insufficient_quota", Reason::Billing),
    ("billing_hard_limit_reached", Reason::Billing),
    ("billing_not_active", Reason::Billing),
    ("usage_not_included", Reason::Billing),
    ("rate_limit_exceeded", Reason::RateLimit),
    ("invalid_api_key", Reason::Auth),
    ("account_deactivated", Reason::AuthPermanent),
    ("deactivated_workspace", Reason::AuthPermanent),
    ("model_not_found", Reason::ModelNotFound),
    ("server_is_overloaded", Reason::Overloaded),
    ("slow_down", Reason::Overloaded),
    ("unknown_parameter", Reason::Format),
    ("previous_response_not_found", Reason::Format),
    ("content_filter", Reason::ContentFilter),
    ("content_policy_violation", Reason::ContentFilter),
    ("bio_policy", Reason::ContentFilter),
    ("misalignment_policy_violation", Reason::ContentFilter),
    ("image_content_policy_violation", Reason::ContentFilter),
    ("data_residency_mismatch", Reason::Policy),
    ("vector_store_timeout", Reason::Timeout(crate::facts::Limit::Upstream)),
    ("websocket_connection_limit_reached", Reason::RateLimit),
    ("invalid_image", Reason::Format),
    ("empty_image_file", Reason::Format),
    ("failed_to_download_image", Reason::Format),
    ("image_file_not_found", Reason::Format),
    // oc-providers and oc-responses-stream, about the answer itself: a tool call
    // whose arguments are no JSON object; one in the model's own markup; reasoning
    // that went out as text before its closing tag showed what it was
    ("bad_tool_call", Reason::BadToolCall),
    ("tool_markup_as_text", Reason::ToolMarkup),
    ("reasoning_in_text", Reason::ReasoningInText),
    // one answer where several were asked for: it takes no `n`
    ("too_few_choices", Reason::Unsupported),
    // Google
    ("resource_exhausted", Reason::RateLimit),
    // others
    ("rate_limited", Reason::RateLimit),
    ("too_many_requests", Reason::RateLimit),
    ("rate_limit", Reason::RateLimit),
    ("model_cooldown", Reason::RateLimit),
    ("throttled", Reason::RateLimit),
    ("throttling", Reason::RateLimit),
    ("overloaded", Reason::Overloaded),
    ("overloaded_error", Reason::Overloaded),
];

/// A type refines what the status says, where the status admits it.
/// `invalid_request_error` is missing on purpose: everyone uses it for
/// everything.
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
    // Moonshot
    ("exceeded_current_quota_error", Reason::Billing),
    // LiteLLM
    ("auth_error", Reason::Auth),
    ("throttling_error", Reason::RateLimit),
    ("no_db_connection", Reason::Auth),
    // vLLM
    ("notfounderror", Reason::ModelNotFound),
];
