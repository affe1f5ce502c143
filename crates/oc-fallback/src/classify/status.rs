//! What a status means, and what the words beside it may refine that to.

use crate::{
    facts::{Fault, Limit},
    reason::Reason::{self, *},
};

/// When a rule applies.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    /// This status, and the body says not one word.
    Wordless(u16),
    /// A status in this range, both ends included.
    Status(u16, u16),
    /// An error event after success, with no status of its own.
    InStream,
}

/// One row of the table; the first that applies decides.
#[derive(Debug, Clone)]
pub(super) struct StatusRule {
    pub(super) when: When,
    pub(super) reason: Reason,
    /// What the error's type and text may say instead.
    pub(super) open_to: &'static [Reason],
}

impl StatusRule {
    const fn of(status: u16, reason: Reason, open_to: &'static [Reason]) -> Self {
        Self::range(status, status, reason, open_to)
    }

    const fn range(from: u16, to: u16, reason: Reason, open_to: &'static [Reason]) -> Self {
        Self { when: When::Status(from, to), reason, open_to }
    }

    fn applies(&self, status: Option<u16>, fault: Fault, said_nothing: bool) -> bool {
        match self.when {
            When::Wordless(wordless) => said_nothing && status == Some(wordless),
            When::Status(from, to) => status.is_some_and(|status| (from..=to).contains(&status)),
            When::InStream => status.is_none() && fault == Fault::InStream,
        }
    }

    pub(super) fn admits(&self, reason: Reason) -> bool {
        reason == self.reason || self.open_to.contains(&reason)
    }
}

/// What no rule knows: anything that the words say.
static UNKNOWN: StatusRule =
    StatusRule { when: When::InStream, reason: Unclassified, open_to: Reason::ALL };

pub(super) fn rule_for(
    rules: &[StatusRule],
    status: Option<u16>,
    fault: Fault,
    said_nothing: bool,
) -> &StatusRule {
    rules.iter().find(|rule| rule.applies(status, fault, said_nothing)).unwrap_or(&UNKNOWN)
}

const UPSTREAM: Reason = Timeout(Limit::Upstream);

#[rustfmt::skip]
pub(super) static RULES: &[StatusRule] = &[
    // A redirect is never followed: baseUrl does not point at the API.
    StatusRule::range(300, 399, Protocol, &[]),
    // Not one word: nobody knows whose fault it was.
    StatusRule { when: When::Wordless(400), reason: Unclassified, open_to: &[] },
    StatusRule { when: When::Wordless(422), reason: Unclassified, open_to: &[] },
    StatusRule::of(401, Auth, &[AuthPermanent, Billing]),
    StatusRule::of(402, Billing, &[RateLimit]),
    StatusRule::of(403, Auth, &[AuthPermanent, Billing, ModelNotFound, ContentFilter]),
    StatusRule::of(404, ModelNotFound, &[ModelNotReady, Format, Protocol, Auth, Billing]),
    StatusRule::of(408, UPSTREAM, &[]),
    StatusRule::of(410, ModelNotFound, &[Auth, Billing]),
    StatusRule::of(413, TooLarge, &[ContextOverflow, RateLimit]),
    StatusRule::of(429, RateLimit, &[Billing, Overloaded]),
    StatusRule::of(499, UPSTREAM, &[]),
    StatusRule::range(400, 499, Format, &[
        ContextOverflow, ModelNotFound, ModelNotReady, Auth, AuthPermanent, Billing, RateLimit,
        Overloaded, ContentFilter, TooLarge,
    ]),
    StatusRule::of(503, ServerError, &[Overloaded, ModelNotReady, RateLimit]),
    StatusRule::of(504, UPSTREAM, &[]),
    StatusRule::of(522, UPSTREAM, &[]),
    StatusRule::of(524, UPSTREAM, &[]),
    StatusRule::of(529, Overloaded, &[]),
    // llama-server says 500 to bad JSON, to images and to its own faults.
    StatusRule::range(500, 599, ServerError, &[
        Overloaded, ModelNotReady, Format, ContextOverflow, RateLimit,
    ]),
    // An error event after 200: only its words say anything.
    StatusRule { when: When::InStream, reason: ServerError, open_to: Reason::ALL },
];
