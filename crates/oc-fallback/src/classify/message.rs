//! The last resort: one ordered table of phrases in a provider's message.
//!
//! A phrase is matched without case, at word boundaries, and `*` skips any text.
//! Each row has been seen (the tests name where), is needed (deleting one fails
//! a test), and does not match its counter-example. A bare number or a single
//! everyday word is never a phrase.

use crate::{
    quote::{find_words, judged},
    reason::Reason,
};

/// Whether the message is a web page: a proxy's words, not the provider's.
pub(super) fn is_html(message: &str) -> bool {
    let start: String = message.trim_start().chars().take(15).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<?xml")
}

/// The first row whose phrase is in the message, outside of what it quotes, and
/// whose reason is admitted.
pub(super) fn read(
    table: &[(Reason, &str)],
    echoes: &[&str],
    message: &str,
    admitted: impl Fn(Reason) -> bool,
) -> Option<Reason> {
    let mut text = judged(message, echoes);
    text.make_ascii_lowercase();
    table
        .iter()
        .find(|(reason, phrase)| admitted(*reason) && contains(&text, phrase))
        .map(|&(reason, _)| reason)
}

/// Whether the pieces between `*` occur in this order, each as whole words.
fn contains(text: &str, phrase: &str) -> bool {
    let mut rest = text;
    phrase.split('*').all(|piece| match find_words(rest, piece) {
        Some(end) => {
            rest = rest.get(end..).unwrap_or_default();
            true
        }
        None => false,
    })
}

pub(super) const TABLE: &[(Reason, &str)] = &[
    // Limits over time that speak of tokens: before overflow, which does too.
    (Reason::RateLimit, "tokens per minute"),
    (Reason::RateLimit, "tokens per day"),
    (Reason::RateLimit, "requests per minute"),
    (Reason::RateLimit, "rate limit"),
    (Reason::RateLimit, "too many requests"),
    (Reason::RateLimit, "resource has been exhausted"),
    (Reason::RateLimit, "concurrency limit"),
    (Reason::RateLimit, "usage limit*try again"),
    // Context windows, in each server's words
    (Reason::ContextOverflow, "contextwindowexceedederror"),
    (Reason::ContextOverflow, "exceeds the available context size"),
    (Reason::ContextOverflow, "context size has been exceeded"),
    (Reason::ContextOverflow, "maximum context length"),
    (Reason::ContextOverflow, "greater than the context length"),
    (Reason::ContextOverflow, "prompt is too long"),
    (Reason::ContextOverflow, "input is too long for requested model"),
    (Reason::ContextOverflow, "exceeds the context window"),
    (Reason::ContextOverflow, "input token count*exceeds the maximum"),
    (Reason::ContextOverflow, "maximum prompt length is"),
    (Reason::ContextOverflow, "reduce the length of the messages"),
    (Reason::ContextOverflow, "context window exceeds limit"),
    (Reason::ContextOverflow, "exceeded model token limit"),
    (Reason::ContextOverflow, "tokens in request more than max tokens allowed"),
    (Reason::ContextOverflow, "prompt exceeds max length"),
    (Reason::ContextOverflow, "prompt too long; exceeded"),
    (Reason::ContextOverflow, "but the configured context size is"),
    (Reason::ContextOverflow, "input length and `max_tokens` exceed context limit"),
    (Reason::ContextOverflow, "too many tokens"),
    (Reason::ContextOverflow, "token limit exceeded"),
    (Reason::ContextOverflow, "context length exceeded"),
    (Reason::ContextOverflow, "model is loaded with context length of only"),
    (Reason::ContextOverflow, "longer than the model's context length"),
    (Reason::ContextOverflow, "longer than the maximum model length of"),
    (Reason::ContextOverflow, "prompt token count*exceeds the limit of"),
    (Reason::ContextOverflow, "`inputs` tokens + `max_new_tokens` must be <="),
    (Reason::ContextOverflow, "`inputs` must have less than*tokens"),
    // A model that is there, but not loaded
    (Reason::ModelNotReady, "loading model"),
    (Reason::ModelNotReady, "model is not loaded"),
    (Reason::ModelNotReady, "no models loaded"),
    (Reason::ModelNotReady, "failed to load model"),
    (Reason::ModelNotReady, "model is currently loading"),
    (Reason::ModelNotReady, "model unloaded"),
    (Reason::ModelNotReady, "modelnotreadyexception"),
    (Reason::ModelNotReady, "the model has crashed"),
    (Reason::ModelNotReady, "model has unloaded or crashed"),
    // A model that is not there
    (Reason::ModelNotFound, "model*not found"),
    (Reason::ModelNotFound, "the model*does not exist"),
    (Reason::ModelNotFound, "no endpoints found for"),
    (Reason::ModelNotFound, "is not a valid model id"),
    (Reason::ModelNotFound, "unknown model"),
    (Reason::ModelNotFound, "server is pinned to"),
    (Reason::ModelNotFound, "there are no healthy deployments for this model"),
    (Reason::ModelNotFound, "model*has been deprecated"),
    (Reason::ModelNotFound, "router not found"),
    // Money
    (Reason::Billing, "exceeded your current quota"),
    (Reason::Billing, "credit balance is too low"),
    (Reason::Billing, "insufficient credits"),
    (Reason::Billing, "requires more credits"),
    (Reason::Billing, "used all available credits"),
    (Reason::Billing, "insufficient balance"),
    (Reason::Billing, "balance is insufficient"),
    (Reason::Billing, "余额不足"),
    (Reason::Billing, "账户已欠费"),
    (Reason::Billing, "out of budget"),
    (Reason::Billing, "spending limit"),
    (Reason::Billing, "payment required"),
    // Keys and accounts
    (Reason::AuthPermanent, "organization has been disabled"),
    (Reason::AuthPermanent, "account*deactivated"),
    (Reason::AuthPermanent, "key*has been revoked"),
    (Reason::AuthPermanent, "key*has been disabled"),
    (Reason::AuthPermanent, "reported as leaked"),
    (Reason::AuthPermanent, "not allowed for this organization"),
    (Reason::Auth, "invalid api key"),
    (Reason::Auth, "incorrect api key"),
    (Reason::Auth, "api key not valid"),
    (Reason::Auth, "invalid x-api-key"),
    (Reason::Auth, "no api key passed in"),
    (Reason::Auth, "no auth credentials found"),
    (Reason::Auth, "oauth token has expired"),
    // Capacity
    (Reason::Overloaded, "overloaded"),
    (Reason::Overloaded, "at capacity"),
    (Reason::Overloaded, "experiencing high demand"),
    (Reason::Overloaded, "experiencing high load"),
    (Reason::Overloaded, "service unavailable"),
    (Reason::Overloaded, "maximum pending requests exceeded"),
    // The request itself
    (Reason::ContentFilter, "content management policy"),
    (Reason::ContentFilter, "violating our usage policy"),
    (Reason::ContentFilter, "your input was flagged"),
    (Reason::Format, "json.exception.parse_error"),
    (Reason::Format, "image input is not supported"),
    // llama-server, under 400 and under 500: the request was read and not understood
    (Reason::Format, "failed to parse messages"),
    (Reason::Format, "failed to parse tools"),
    (Reason::Format, "response with id*not found"),
    // No route at all (Go's and llama-server's words): baseUrl is wrong
    (Reason::Protocol, "404 page not found"),
];
