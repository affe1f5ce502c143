//! The ledger: every attempt and every skipped candidate, on success and on
//! failure.

mod attempts;
mod usage;

use std::{sync::Arc, time::Duration};

pub use self::{attempts::Attempts, usage::Usage};
use crate::{
    classify::{classify, stated_window},
    facts::{Facts, Limit},
    quote::shown,
    reason::Reason,
    redact::redact,
};

/// Names one attempt within a request: 0, 1, 2, … in the order of their starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct AttemptId(pub(crate) usize);

impl AttemptId {
    /// The attempt's place in [`Ledger::attempts`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// An attempt's failure: the judgement, and the facts worth keeping. The
/// message is bounded, and freed of what it quotes of the request or the answer
/// and of anything that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Problem {
    /// Why. Where serialised, a time limit has its name beside it, as `limit`.
    #[cfg_attr(feature = "serde", serde(flatten, serialize_with = "reason_and_limit"))]
    pub reason: Reason,
    /// The HTTP status, where one was received.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub status: Option<u16>,
    /// The error body's code.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub code: Option<String>,
    /// The error body's message, at most 300 characters.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub message: Option<String>,
    /// The wait that the provider asked for; in milliseconds where serialised.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "retry_after_ms",
            serialize_with = "millis_opt",
            skip_serializing_if = "Option::is_none"
        )
    )]
    pub retry_after: Option<Duration>,
    /// The provider's id for the request.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub request_id: Option<String>,
    /// The context window in tokens that the error names.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub window: Option<u64>,
}

impl Problem {
    /// A failure of which only the reason is known: a limit, a gate's verdict.
    #[must_use]
    pub const fn new(reason: Reason) -> Self {
        Self {
            reason,
            status: None,
            code: None,
            message: None,
            retry_after: None,
            request_id: None,
            window: None,
        }
    }

    /// A limit of `length` ran out; the message names both.
    #[must_use]
    pub fn timeout(limit: Limit, length: Duration) -> Self {
        let reason = Reason::Timeout(limit);
        let message = format!("{} ({limit} {length:?})", reason.describe());
        Self { message: Some(message), ..Self::new(reason) }
    }

    /// Classifies an error and keeps its facts.
    #[must_use]
    pub fn from_facts(facts: &dyn Facts) -> Self {
        let kept = |text: Option<&str>| text.map(redact).filter(|text| !text.is_empty());
        let reason = classify(facts);
        Self {
            reason,
            status: facts.status(),
            code: kept(facts.code()),
            message: kept(facts.message().map(shown).as_deref()),
            retry_after: facts.retry_after(),
            request_id: kept(facts.request_id()),
            window: stated_window(facts, reason),
        }
    }

    /// The provider's message, or a description of the reason.
    #[must_use]
    pub fn text(&self) -> &str {
        self.message.as_deref().unwrap_or_else(|| self.reason.describe())
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum AttemptOutcome {
    /// It has not ended: the ledger was read in between, or the caller left.
    Running,
    /// It gave the answer; with an [`Attempt::problem`] where it was kept in
    /// reserve, and nobody had a better one.
    Answered,
    /// It failed; [`Attempt::problem`] says why.
    Failed,
    /// It was given up because another attempt committed first.
    Superseded,
}

/// One attempt. Times count from the start of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Attempt {
    /// `provider/model`.
    pub name: Arc<str>,
    /// The candidate's place in the chain, from 0.
    pub target: usize,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// Why it failed, or what is wrong with its answer.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub problem: Option<Problem>,
    /// It asked a candidate that was cooling, as the last resort.
    pub probe: bool,
    /// It asked the same target again.
    pub retry: bool,
    /// It was the one request that tried a half-open breaker.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_false"))]
    pub half_open: bool,
    /// When it began; in milliseconds where serialised, as all times here.
    #[cfg_attr(feature = "serde", serde(rename = "started_ms", serialize_with = "millis"))]
    pub started: Duration,
    /// When the first event of any kind arrived.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "first_byte_ms",
            serialize_with = "millis_opt",
            skip_serializing_if = "Option::is_none"
        )
    )]
    pub first_byte: Option<Duration>,
    /// When it committed.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "first_text_ms",
            serialize_with = "millis_opt",
            skip_serializing_if = "Option::is_none"
        )
    )]
    pub first_text: Option<Duration>,
    /// When it ended.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "ended_ms",
            serialize_with = "millis_opt",
            skip_serializing_if = "Option::is_none"
        )
    )]
    pub ended: Option<Duration>,
    /// What it used and cost, where that is known
    /// ([`ChainStream::meter`](crate::ChainStream::meter), [`Plan::on_usage`](crate::Plan::on_usage)).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub usage: Option<Usage>,
}

impl Attempt {
    /// Why it failed, if it did.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.problem.as_ref().map(|problem| problem.reason)
    }
}

/// What made the plan pass a candidate over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum SkipKind {
    /// The caller marked it unusable ([`Candidate::unusable`](crate::Candidate::unusable)).
    Unusable,
    /// It cannot do what the request needs ([`fit`](crate::fit())).
    Unfit,
    /// The prompt overflowed a window that is not smaller.
    Window,
    /// It shares what failed with another candidate in this request.
    Shared,
    /// It is cooling down, or another request is trying it.
    Cooling,
    /// The deadline came first.
    NotReached,
}

/// A candidate that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Skipped {
    /// `provider/model`.
    pub name: Arc<str>,
    /// The candidate's place in the chain, from 0.
    pub target: usize,
    /// What made the plan pass it over.
    pub kind: SkipKind,
    /// The class of what keeps it out.
    pub reason: Reason,
    /// What keeps it out.
    pub text: String,
    /// What to do about it.
    pub fix: String,
}

/// What happened in one request, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Ledger {
    /// Every attempt, the first one first.
    pub attempts: Attempts,
    /// Every candidate that was passed over and never asked.
    pub skipped: Vec<Skipped>,
    /// The attempt whose events the caller received as the answer.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub committed: Option<AttemptId>,
}

impl Ledger {
    /// The attempt with this id.
    #[must_use]
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.get(id.0)
    }

    /// `provider/model` of the attempt whose answer the caller received.
    #[must_use]
    pub fn served_by(&self) -> Option<&str> {
        Some(&self.attempt(self.committed?)?.name)
    }

    /// What all attempts used and cost together, as far as it was reported.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.attempts.iter().filter_map(|attempt| attempt.usage).sum()
    }

    /// Why the answer came from a later candidate than the first: the first
    /// failure or skip before the one that answered. `None` where nobody before
    /// it went wrong, and where nobody answered.
    #[must_use]
    pub fn fallback_reason(&self) -> Option<Reason> {
        let end = self.attempt(self.committed?)?.target;
        let failed =
            self.attempts.iter().filter_map(|attempt| Some((attempt.target, attempt.reason()?)));
        let skipped = self.skipped.iter().map(|skipped| (skipped.target, skipped.reason));
        failed
            .chain(skipped)
            .filter(|(target, _)| *target < end)
            .min_by_key(|(target, _)| *target)
            .map(|(_, reason)| reason)
    }
}

#[cfg(feature = "serde")]
pub(crate) fn millis<S: serde::Serializer>(
    time: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// `reason`, and `limit` where that is what ran out: `timeout` is one word for
/// several.
#[cfg(feature = "serde")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn reason_and_limit<S: serde::Serializer>(
    reason: &Reason,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap as _;
    let mut fields = serializer.serialize_map(None)?;
    fields.serialize_entry("reason", reason.as_str())?;
    if let Reason::Timeout(limit) = reason {
        fields.serialize_entry("limit", limit.as_str())?;
    }
    fields.end()
}

#[cfg(feature = "serde")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(feature = "serde")]
fn millis_opt<S: serde::Serializer>(
    time: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => millis(time, serializer),
        None => serializer.serialize_none(),
    }
}
