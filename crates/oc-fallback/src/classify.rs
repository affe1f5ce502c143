//! Facts to a [`Reason`]: code, then status, then type, then text.
//!
//! A status decides a class (402 is billing) but leaves room: a 400 may be an
//! overflow, a model that is not loaded, or a wrong key. So each status has its
//! reason and the reasons that the error's type and text may refine it to;
//! nothing else in the text is believed. Only provider errors come here, never
//! the content of a message.

mod message;
mod status;
mod window;
mod words;

use self::{
    message::{is_html, read},
    status::{StatusRule, rule_for},
    words::look_up,
};
use crate::{
    facts::{Facts, Fault},
    quote,
    reason::Reason,
};

/// Every rule that words and statuses are judged by.
#[derive(Debug, Clone, Copy)]
struct Rules<'a> {
    codes: &'a [(&'a str, Reason)],
    statuses: &'a [StatusRule],
    types: &'a [(&'a str, Reason)],
    phrases: &'a [(Reason, &'a str)],
    echoes: &'a [&'a str],
}

const RULES: Rules<'static> = Rules {
    codes: words::CODES,
    statuses: status::RULES,
    types: words::TYPES,
    phrases: message::TABLE,
    echoes: quote::ECHOES,
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
        Fault::Http | Fault::InStream => RULES.judge(facts),
    }
}

/// The context window that an overflow names, in its own field or in its words.
pub(crate) fn stated_window(facts: &dyn Facts, reason: Reason) -> Option<u64> {
    let in_words = || facts.message().filter(|_| reason == Reason::ContextOverflow);
    facts.window().or_else(|| window::stated(in_words()?))
}

impl Rules<'_> {
    fn judge(&self, facts: &dyn Facts) -> Reason {
        match self.judge_words(facts) {
            // Who says when to come back is busy, whatever the status: a promise
            // is kept for the client.
            Reason::ServerError if facts.retry_after().is_some() => Reason::Overloaded,
            reason => reason,
        }
    }

    fn judge_words(&self, facts: &dyn Facts) -> Reason {
        let code = facts.code().map(str::trim).unwrap_or_default();
        let text = facts.message().filter(|text| !is_html(text));
        let by_text = |admits: &dyn Fn(Reason) -> bool| {
            text.and_then(|text| read(self.phrases, self.echoes, text, admits))
        };
        match look_up(self.codes, code) {
            // LM Studio says so of a model that it has, and has not loaded.
            Some(Reason::ModelNotFound) => {
                return by_text(&|reason| reason == Reason::ModelNotReady)
                    .unwrap_or(Reason::ModelNotFound);
            }
            Some(reason) => return reason,
            None => {}
        }
        let said_nothing = code.is_empty()
            && facts.error_type().is_none_or(|text| text.trim().is_empty())
            && facts.message().is_none_or(|text| text.trim().is_empty());
        let rule = rule_for(self.statuses, status(facts, code), facts.fault(), said_nothing);
        let by_type = facts.error_type().and_then(|text| look_up(self.types, text.trim()));
        if let Some(reason) = by_type.filter(|&reason| rule.admits(reason)) {
            return reason;
        }
        by_text(&|reason| rule.admits(reason)).unwrap_or(rule.reason)
    }
}

/// The status that counts: the HTTP one where it is an error, otherwise a code
/// that is one (OpenRouter's and LiteLLM's errors under 200), otherwise the one
/// that OpenAI and Anthropic send with a type that blames the request.
fn status(facts: &dyn Facts, code: &str) -> Option<u16> {
    let is_error = |status: &u16| (300..=599).contains(status);
    let blames_request = || {
        let error_type = facts.error_type().map(str::trim);
        error_type.is_some_and(|it| it.eq_ignore_ascii_case("invalid_request_error"))
    };
    let by_code = || code.parse().ok().filter(is_error);
    facts.status().filter(is_error).or_else(by_code).or_else(|| blames_request().then_some(400))
}

#[cfg(test)]
mod tests;
