//! Facts to a [`Reason`]: code, then status, then type, then text.
//!
//! A status decides a class (402 is billing) but leaves room: a 400 may be an
//! overflow, a model that is not loaded, or a wrong key. So each status has its
//! reason and the reasons that the error's type and text may refine it to;
//! nothing else in the text is believed. Only provider errors come here, never
//! the content of a message.

mod message;
mod words;

use self::{
    message::{is_html, read},
    words::{code_reason, type_reason},
};
use crate::{
    facts::{Facts, Fault, Limit},
    reason::Reason,
};

/// Why it failed, judged by the facts alone.
///
/// The order: where it broke (a refused connection needs no words), then the
/// error's code, then the status, then the error's type, and the message's text
/// last. See `docs/fallback.md` for the tables.
///
/// ```
/// use oc_fallback::{classify, FactSheet, Fault, Reason};
///
/// // llama-server, prompt too long: the type refines the status.
/// let facts = FactSheet::new(Fault::Http)
///     .with_status(400)
///     .with_code("400")
///     .with_error_type("exceed_context_size_error");
/// assert_eq!(classify(&facts), Reason::ContextOverflow);
///
/// // A number in a message is only a number.
/// let facts = FactSheet::new(Fault::Http)
///     .with_status(500)
///     .with_message("worker 429 exited; token expired_at=402");
/// assert_eq!(classify(&facts), Reason::ServerError);
/// ```
#[must_use]
pub fn classify(facts: &dyn Facts) -> Reason {
    match facts.fault() {
        Fault::Refused => Reason::Refused,
        Fault::Dns => Reason::Dns,
        Fault::Tls => Reason::Tls,
        Fault::Limit(limit) => Reason::Timeout(limit),
        Fault::Reset => Reason::Reset,
        Fault::Cut => Reason::Cut,
        Fault::Protocol => Reason::Protocol,
        Fault::Oversized => Reason::Oversized,
        Fault::Cancelled => Reason::Cancelled,
        Fault::Policy => Reason::Policy,
        Fault::Unsupported => Reason::Unsupported,
        Fault::Http | Fault::InStream => by_words(facts),
    }
}

fn by_words(facts: &dyn Facts) -> Reason {
    let code = facts.code().map(str::trim).unwrap_or_default();
    if let Some(reason) = code_reason(code) {
        return reason;
    }
    let said_nothing = code.is_empty()
        && facts.error_type().is_none_or(|text| text.trim().is_empty())
        && facts.message().is_none_or(|text| text.trim().is_empty());
    let room = Room::of(status(facts, code), facts.fault(), said_nothing);
    let by_type = facts.error_type().and_then(|text| type_reason(text.trim()));
    if let Some(reason) = by_type.filter(|&reason| room.admits(reason)) {
        return reason;
    }
    let text = facts.message().filter(|text| !is_html(text));
    let by_text = text.and_then(|text| read(text, |reason| room.admits(reason)));
    by_text.unwrap_or(room.reason)
}

/// The status that counts: the HTTP one where it is an error, otherwise a code
/// that is one (OpenRouter's and LiteLLM's errors under 200).
fn status(facts: &dyn Facts, code: &str) -> Option<u16> {
    let is_error = |status: &u16| (300..=599).contains(status);
    facts.status().filter(is_error).or_else(|| code.parse().ok().filter(is_error))
}

/// What a status means, and what the words beside it may refine that to.
struct Room {
    reason: Reason,
    open_to: &'static [Reason],
}

impl Room {
    fn admits(&self, reason: Reason) -> bool {
        reason == self.reason || self.open_to.contains(&reason)
    }

    fn of(status: Option<u16>, fault: Fault, said_nothing: bool) -> Self {
        use Reason as R;
        let (reason, open_to): (Reason, &[Reason]) = match status {
            // A redirect is never followed: baseUrl does not point at the API.
            Some(300..=399) => (R::Protocol, &[]),
            // Not one word: nobody knows whose fault it was.
            Some(400 | 422) if said_nothing => (R::Unclassified, &[]),
            Some(401) => (R::Auth, &[R::AuthPermanent, R::Billing]),
            Some(402) => (R::Billing, &[R::RateLimit]),
            Some(403) => {
                (R::Auth, &[R::AuthPermanent, R::Billing, R::ModelNotFound, R::ContentFilter])
            }
            Some(404) => (R::ModelNotFound, &[R::ModelNotReady, R::Format, R::Auth, R::Billing]),
            Some(408 | 499 | 504 | 522 | 524) => (R::Timeout(Limit::Upstream), &[]),
            Some(410) => (R::ModelNotFound, &[R::Auth, R::Billing]),
            Some(413) => (R::TooLarge, &[R::ContextOverflow, R::RateLimit]),
            Some(429) => (R::RateLimit, &[R::Billing, R::Overloaded]),
            Some(400..=499) => (
                R::Format,
                &[
                    R::ContextOverflow,
                    R::ModelNotFound,
                    R::ModelNotReady,
                    R::Auth,
                    R::AuthPermanent,
                    R::Billing,
                    R::RateLimit,
                    R::Overloaded,
                    R::ContentFilter,
                    R::TooLarge,
                ],
            ),
            Some(529) => (R::Overloaded, &[]),
            Some(503) => (R::ServerError, &[R::Overloaded, R::ModelNotReady, R::RateLimit]),
            // llama-server says 500 to bad JSON, to images and to its own faults.
            Some(_) => (
                R::ServerError,
                &[
                    R::Overloaded,
                    R::ModelNotReady,
                    R::Format,
                    R::ContextOverflow,
                    R::RateLimit,
                    R::ModelNotFound,
                ],
            ),
            // An error event after 200: only its words say anything.
            None if fault == Fault::InStream => (R::ServerError, Reason::ALL),
            None => (R::Unclassified, Reason::ALL),
        };
        Self { reason, open_to }
    }
}

#[cfg(test)]
mod tests;
