//! The two ways in which a request fails: before the commit, and after it.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use crate::{
    ledger::{AttemptId, Ledger, Problem},
    reason::Reason,
};

/// What a chain's failure means for the caller; the gateway maps it to a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExhaustedKind {
    /// Every candidate that was asked found the prompt too large.
    ContextOverflow,
    /// Policy left no candidate, or refused every one.
    Policy,
    /// Every candidate that was asked called the request itself wrong.
    Rejected,
    /// A provider's content filter refused.
    ContentFilter,
    /// The request's deadline ran out.
    Deadline,
    /// Waiting helps: [`Exhausted::retry_after`] says how long.
    Cooling,
    /// The caller went away.
    Cancelled,
    /// Anything else: the candidates failed, each for its own reason.
    Failed,
}

/// No candidate gave an answer, and nothing final reached the caller.
///
/// Its text is `All models failed (N): p/m: msg (reason) | …`, over attempts and
/// then skipped candidates; [`Exhausted::advice`] says what to do.
///
/// ```
/// # #[cfg(feature = "driver")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::sync::Arc;
/// use oc_fallback::{
///     Candidate, Chain, FactSheet, Fault, MemoryStore, Policy, Reason, Scope, Skip,
/// };
///
/// let scope = |origin: &str| Scope::new(origin, "m", "");
/// let hosted = Candidate::new("anthropic/m", scope("https://api.anthropic.com"), ())
///     .unusable(Skip::new(Reason::Auth, "no API key", "set ANTHROPIC_API_KEY"));
/// let local = Candidate::new("lmstudio/m", scope("http://127.0.0.1:1234"), ());
/// let chain = Chain::new([local, hosted], Policy::default(), Arc::new(MemoryStore::new()));
///
/// let broken = |_: &()| async { Err::<(), _>(FactSheet::new(Fault::Tls)) };
/// let exhausted = chain.run(broken).await.expect_err("nobody answers");
/// assert_eq!(
///     exhausted.to_string(),
///     "All models failed (2): lmstudio/m: TLS handshake failed (tls_certificate) | \
///      anthropic/m: no API key (auth)"
/// );
/// assert!(exhausted.advice().any(|(name, fix)| name == "anthropic/m" && fix.contains("set")));
/// # }
/// # #[cfg(not(feature = "driver"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhausted {
    kind: ExhaustedKind,
    retry_after: Option<Duration>,
    ledger: Ledger,
}

impl Exhausted {
    pub(crate) fn new(kind: ExhaustedKind, retry_after: Option<Duration>, ledger: Ledger) -> Self {
        Self { kind, retry_after, ledger }
    }

    /// What it means for the caller.
    #[must_use]
    pub const fn kind(&self) -> ExhaustedKind {
        self.kind
    }

    /// When to come back, where a provider promised an end: the soonest end of
    /// a window for a rate limit, overload or a model that is loading.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Every attempt and every skipped candidate.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The ledger, by value.
    #[must_use]
    pub fn into_ledger(self) -> Ledger {
        self.ledger
    }

    /// Whether the prompt was too large everywhere.
    #[must_use]
    pub const fn is_context_overflow(&self) -> bool {
        matches!(self.kind, ExhaustedKind::ContextOverflow)
    }

    /// Whether the request's deadline ran out.
    #[must_use]
    pub const fn is_deadline(&self) -> bool {
        matches!(self.kind, ExhaustedKind::Deadline)
    }

    /// Whether policy left no candidate.
    #[must_use]
    pub const fn is_policy(&self) -> bool {
        matches!(self.kind, ExhaustedKind::Policy)
    }

    /// What to do, per candidate and without repetition: `(provider/model, fix)`.
    pub fn advice(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut seen = BTreeSet::new();
        let attempts = self
            .ledger
            .attempts
            .iter()
            .filter_map(|attempt| Some((&*attempt.name, attempt.reason()?.advice())));
        let skipped = self.ledger.skipped.iter().map(|skipped| (&*skipped.name, &*skipped.fix));
        attempts
            .chain(skipped)
            .filter(move |&(name, fix)| !fix.is_empty() && seen.insert((name, fix)))
    }
}

/// What became of one candidate.
struct Part<'a> {
    name: &'a str,
    text: &'a str,
    reason: Reason,
    asked: usize,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A candidate that was asked again is named once, with what it said last.
        let mut parts: Vec<Part<'_>> = Vec::new();
        for attempt in &self.ledger.attempts {
            let Some(problem) = &attempt.problem else { continue };
            let part = Part {
                name: &attempt.name,
                text: problem.text(),
                reason: problem.reason,
                asked: 1,
            };
            match parts.iter_mut().find(|known| known.name == part.name) {
                Some(known) => *known = Part { asked: known.asked + 1, ..part },
                None => parts.push(part),
            }
        }
        parts.extend(self.ledger.skipped.iter().map(|skipped| Part {
            name: &skipped.name,
            text: &skipped.text,
            reason: skipped.reason,
            asked: 0,
        }));
        if parts.is_empty() {
            return f.write_str("All models failed (0): the chain has no candidates");
        }
        write!(f, "All models failed ({}): ", parts.len())?;
        for (n, Part { name, text, reason, asked }) in parts.iter().enumerate() {
            let separator = if n == 0 { "" } else { " | " };
            write!(f, "{separator}{name}: {text}")?;
            if *asked > 1 {
                write!(f, ", {asked} attempts")?;
            }
            write!(f, " ({reason})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Exhausted {}

/// The committed attempt failed: part of its answer has reached the caller, so
/// the failure is told in-band, and nobody else is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    attempt: AttemptId,
    name: Arc<str>,
    problem: Problem,
    ledger: Ledger,
}

impl Failure {
    /// The failure of this attempt, as the ledger has it.
    #[cfg(feature = "driver")]
    pub(crate) fn of(attempt: AttemptId, ledger: Ledger) -> Self {
        let entry = ledger.attempt(attempt);
        let name = entry.map_or_else(|| Arc::from(""), |entry| Arc::clone(&entry.name));
        let problem = entry.and_then(|entry| entry.problem.clone());
        let problem = problem.unwrap_or_else(|| Problem::new(Reason::Unclassified));
        Self { attempt, name, problem, ledger }
    }

    /// The attempt that failed.
    #[must_use]
    pub const fn attempt(&self) -> AttemptId {
        self.attempt
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.problem.reason
    }

    /// The judgement with the facts that led to it.
    #[must_use]
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Every attempt and every skipped candidate.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The ledger, by value.
    #[must_use]
    pub fn into_ledger(self) -> Ledger {
        self.ledger
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, problem, .. } = self;
        write!(f, "{name} failed after its answer began: {} ({})", problem.text(), problem.reason)
    }
}

impl std::error::Error for Failure {}
