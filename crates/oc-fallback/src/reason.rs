//! Why an attempt failed: the one vocabulary of plan, ledger, headers and metrics.

use std::fmt;

use crate::facts::Limit;

/// Why an attempt failed or a candidate was skipped.
///
/// [`Reason::as_str`] is the word that users read in `(reason)`, headers and
/// metrics: OpenClaw's own word where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing listens at the address.
    Refused,
    /// The host's name does not resolve.
    Dns,
    /// The TLS handshake failed.
    Tls,
    /// A limit ran out; which one is inside.
    Timeout(Limit),
    /// The key was not accepted.
    Auth,
    /// The key or account was revoked, disabled or locked out.
    AuthPermanent,
    /// No credit, or a spending limit was reached.
    Billing,
    /// Too many requests or tokens in a window of time.
    RateLimit,
    /// The provider is at capacity.
    Overloaded,
    /// The provider failed on its own.
    ServerError,
    /// The provider does not know the model.
    ModelNotFound,
    /// The model is known, but not loaded or still loading.
    ModelNotReady,
    /// The provider calls the request itself wrong.
    Format,
    /// The request's body is over the provider's bound (413).
    TooLarge,
    /// The prompt does not fit into the model's context window.
    ContextOverflow,
    /// The stream ended in order, but without its terminal event.
    Cut,
    /// The connection was reset.
    Reset,
    /// What came was not the protocol.
    Protocol,
    /// A frame or what was held back went over its bound.
    Oversized,
    /// The answer holds nothing.
    Empty,
    /// The answer holds reasoning and no final text.
    ReasoningOnly,
    /// The answer was cut by its length limit while it still reasoned.
    Incomplete,
    /// A tool call whose arguments do not parse.
    BadToolCall,
    /// A tool call in the model's own markup, written into its text.
    ToolMarkup,
    /// Reasoning that reached the text before anything showed what it was.
    ReasoningInText,
    /// The model declined, and the policy is to ask another one
    /// ([`OnRefusal::Next`](crate::OnRefusal::Next)).
    Declined,
    /// The provider's content filter refused.
    ContentFilter,
    /// The adapter cannot express the request in this protocol.
    Unsupported,
    /// A policy (locality, region) excludes the candidate.
    Policy,
    /// The caller went away.
    Cancelled,
    /// None of the rules knows this error.
    Unclassified,
}

impl Reason {
    /// Every reason, each limit of [`Reason::Timeout`] included: for tables and tests.
    pub const ALL: &[Self] = &[
        Self::Refused,
        Self::Dns,
        Self::Tls,
        Self::Timeout(Limit::Connect),
        Self::Timeout(Limit::FirstByte),
        Self::Timeout(Limit::FirstText),
        Self::Timeout(Limit::Idle),
        Self::Timeout(Limit::Share),
        Self::Timeout(Limit::Total),
        Self::Timeout(Limit::Upstream),
        Self::Auth,
        Self::AuthPermanent,
        Self::Billing,
        Self::RateLimit,
        Self::Overloaded,
        Self::ServerError,
        Self::ModelNotFound,
        Self::ModelNotReady,
        Self::Format,
        Self::TooLarge,
        Self::ContextOverflow,
        Self::Cut,
        Self::Reset,
        Self::Protocol,
        Self::Oversized,
        Self::Empty,
        Self::ReasoningOnly,
        Self::Incomplete,
        Self::BadToolCall,
        Self::ToolMarkup,
        Self::ReasoningInText,
        Self::Declined,
        Self::ContentFilter,
        Self::Unsupported,
        Self::Policy,
        Self::Cancelled,
        Self::Unclassified,
    ];

    /// The snake_case word for `(reason)`, headers and metric labels.
    ///
    /// ```
    /// use oc_fallback::{Limit, Reason};
    /// assert_eq!(Reason::RateLimit.as_str(), "rate_limit");
    /// assert_eq!(Reason::Timeout(Limit::Idle).as_str(), "timeout");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Dns => "dns",
            Self::Tls => "tls_certificate",
            Self::Timeout(_) => "timeout",
            Self::Auth => "auth",
            Self::AuthPermanent => "auth_permanent",
            Self::Billing => "billing",
            Self::RateLimit => "rate_limit",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::ModelNotFound => "model_not_found",
            Self::ModelNotReady => "model_not_ready",
            Self::Format => "format",
            Self::TooLarge => "too_large",
            Self::ContextOverflow => "context_overflow",
            Self::Cut => "cut",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::Oversized => "oversized",
            Self::Empty => "empty_response",
            Self::ReasoningOnly => "reasoning_only",
            Self::Incomplete => "incomplete",
            Self::BadToolCall => "bad_tool_call",
            Self::ToolMarkup => "tool_markup_as_text",
            Self::ReasoningInText => "reasoning_in_text",
            Self::Declined => "declined",
            Self::ContentFilter => "content_filter",
            Self::Unsupported => "unsupported",
            Self::Policy => "policy",
            Self::Cancelled => "cancelled",
            Self::Unclassified => "unclassified",
        }
    }

    /// What happened, for the reader of an error whose provider said nothing.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Dns => "host name does not resolve",
            Self::Tls => "TLS handshake failed",
            Self::Timeout(Limit::Connect) => "no connection in time",
            Self::Timeout(Limit::FirstByte) => "nothing arrived in time",
            Self::Timeout(Limit::FirstText) => "no text arrived in time",
            Self::Timeout(Limit::Idle) => "the stream fell silent",
            Self::Timeout(Limit::Share) => "no text within its share of the deadline",
            Self::Timeout(Limit::Total) => "the request's deadline ran out",
            Self::Timeout(Limit::Upstream) => "the provider's own time limit ran out",
            Self::Auth => "key not accepted",
            Self::AuthPermanent => "key or account disabled",
            Self::Billing => "no credit left",
            Self::RateLimit => "rate limit reached",
            Self::Overloaded => "provider overloaded",
            Self::ServerError => "provider failed",
            Self::ModelNotFound => "model not known there",
            Self::ModelNotReady => "model not loaded",
            Self::Format => "request refused as malformed",
            Self::TooLarge => "request body too large",
            Self::ContextOverflow => "prompt larger than the context window",
            Self::Cut => "stream ended without its terminal event",
            Self::Reset => "connection reset",
            Self::Protocol => "answer is not the expected protocol",
            Self::Oversized => "answer over its size bound",
            Self::Empty => "empty answer",
            Self::ReasoningOnly => "reasoning but no answer",
            Self::Incomplete => "cut by length while still reasoning",
            Self::BadToolCall => "tool call with unreadable arguments",
            Self::ToolMarkup => "tool call written into the text",
            Self::ReasoningInText => "reasoning written into the text",
            Self::Declined => "the model declined to answer",
            Self::ContentFilter => "blocked by the provider's content filter",
            Self::Unsupported => "request cannot be expressed in this protocol",
            Self::Policy => "excluded by policy",
            Self::Cancelled => "cancelled by the caller",
            Self::Unclassified => "unknown error",
        }
    }

    /// What the person who runs the gateway can do about it; a lowercase fragment.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Refused => "start the server, or correct the port in baseUrl",
            Self::Dns => "check the host in baseUrl and the network",
            Self::Tls => "check the certificate, the host name, and http against https in baseUrl",
            Self::Timeout(Limit::Connect) => "check that the host is up and reachable",
            Self::Timeout(Limit::Share | Limit::Total) => {
                "allow more time in deadlines.total, or shorten the prompt"
            }
            Self::Timeout(_) => "load the model beforehand, or raise the limit under deadlines",
            Self::Auth => "check the API key",
            Self::AuthPermanent => "replace the key; the provider has disabled it",
            Self::Billing => "add credit, or raise the spending limit at the provider",
            Self::RateLimit => "wait, or add a fallback at another provider",
            Self::Overloaded | Self::ServerError => {
                "wait; if it stays, look at the provider's status"
            }
            Self::ModelNotFound => "correct the model id, or install the model there",
            Self::ModelNotReady => "load the model in the server, or wait until it has loaded",
            Self::Format => "look at the provider's message; the same request fails again there",
            Self::TooLarge => "send a smaller request",
            Self::ContextOverflow => {
                "shorten the input, load the model with a larger context, \
                 or add a fallback with a larger window"
            }
            Self::Cut | Self::Reset => "look at the server's log: it ended in mid-answer",
            Self::Protocol => "check that baseUrl and api fit together",
            Self::Oversized => "raise limits.heldBytes or limits.frameBytes if this is legitimate",
            Self::Empty | Self::ReasoningOnly => {
                "check the server's chat template and reasoning parser"
            }
            Self::Incomplete => "raise maxTokens, or lower the reasoning effort",
            Self::BadToolCall => "use a model that is trained for tools",
            Self::ToolMarkup => {
                "switch the server's tool parser on, or name the model's toolCallParser in the settings"
            }
            Self::ReasoningInText => "switch the server's reasoning parser on",
            Self::Declined | Self::ContentFilter => "rephrase the request",
            Self::Unsupported => "use a model whose api can carry the request",
            Self::Policy => "relax the policy, or add a candidate that satisfies it",
            Self::Cancelled => "nothing: the caller left",
            Self::Unclassified => "look at the provider's message",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_are_snake_case_and_distinct() {
        let mut seen = HashSet::new();
        for reason in Reason::ALL {
            let word = reason.as_str();
            assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{word}");
            let fresh = seen.insert(word);
            assert!(fresh || matches!(reason, Reason::Timeout(_)), "{word} twice");
            assert!(!reason.describe().is_empty() && !reason.advice().is_empty());
        }
    }

    #[test]
    fn openclaws_words_are_kept() {
        // spec openclaw.md 4.2, the reasons that OpenClaw has.
        for word in [
            "auth",
            "auth_permanent",
            "format",
            "rate_limit",
            "overloaded",
            "billing",
            "server_error",
            "timeout",
            "tls_certificate",
            "context_overflow",
            "model_not_found",
            "empty_response",
            "unclassified",
        ] {
            assert!(Reason::ALL.iter().any(|r| r.as_str() == word), "{word} is missing");
        }
    }
}
