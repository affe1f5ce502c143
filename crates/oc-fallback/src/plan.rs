//! The plan: which candidate is asked when, and what a failure leads to.
//!
//! Pure: it reads no clock, rolls no system dice and does no I/O. Time comes in
//! as `now`, jitter as a seed; what is remembered between requests is behind
//! [`Store`].

mod choose;
mod flight;

use std::{sync::Arc, time::Instant};

use self::{
    choose::{Choice, Pending, Way},
    flight::Flight,
};
use crate::{
    budget::{after, first_text_due, share_due},
    decision::{Decision, Phase, decide},
    error::{Exhausted, ExhaustedKind},
    facts::Limit,
    few::Few,
    fit::Needs,
    ledger::{Attempt, AttemptId, AttemptOutcome, Ledger, Problem, Usage},
    policy::{OnRefusal, Policy},
    reason::Reason,
    retry::Dice,
    store::{Outcome, Store},
    target::Candidate,
};

/// What the caller of a [`Plan`] does next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Start this attempt at the candidate with this place in the chain.
    Start {
        /// The new attempt's id.
        attempt: AttemptId,
        /// The candidate's place in the chain, from 0.
        target: usize,
    },
    /// Drop this attempt now: it is over, whatever it still sends. Whatever was
    /// shown of it before the commit is void.
    Cancel {
        /// The attempt.
        attempt: AttemptId,
        /// Why it is over.
        reason: Reason,
    },
    /// This attempt is over, and what it has sent may still be the answer: drop
    /// its stream, and keep what was held of it until the plan's end, or until
    /// another attempt commits.
    Keep {
        /// The attempt.
        attempt: AttemptId,
        /// Why it is over.
        reason: Reason,
    },
    /// Nobody gave a better answer than the attempt that was kept: deliver it.
    Settle {
        /// The attempt.
        attempt: AttemptId,
    },
    /// Show what this attempt has sent so far as tentative.
    Show {
        /// The attempt.
        attempt: AttemptId,
    },
    /// Come back at this instant, or with an event before it.
    WaitUntil(Instant),
    /// The answer is whole.
    Done {
        /// The attempt that gave it.
        attempt: AttemptId,
    },
    /// The committed attempt failed.
    Failed {
        /// The attempt.
        attempt: AttemptId,
    },
    /// Nobody is left to ask. [`Plan::exhausted`] has the report.
    GiveUp,
}

/// What the caller of a [`Plan`] reports about an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptEvent {
    /// Something arrived, meaningful or not.
    Progress,
    /// Something arrived that reports progress with the loading of the model or
    /// the reading of the prompt: the limit on the first text begins anew. The
    /// candidate's share of the deadline does not.
    Loading,
    /// Something meaningful arrived, and nobody has been given it: only the
    /// limit on silence and the deadline hold from here on, and the attempt can
    /// still be replaced.
    Meaningful,
    /// The first meaningful event arrived: this attempt is the answer.
    Committed,
    /// The attempt ended in order. After something meaningful it is the answer;
    /// without that it is [`Reason::Empty`].
    Finished,
    /// The attempt failed.
    Failed(Problem),
    /// The attempt ended in order with something that is an answer only where
    /// nobody has a better one ([`Gate::Reserve`](crate::Gate::Reserve)). It fails
    /// for this reason; the first one of a request is kept.
    Reserved(Problem),
}

/// One request's way through the chain.
///
/// ```text
///            ┌───────────────── failed, another may be asked ────────────┐
///            ▼                                                           │
///        ┌────────┐  Start   ┌─────────┐  Committed  ┌───────────┐       │
///  new ─▶│seeking │────────▶ │ flying  │────────────▶│ committed │       │
///        └────────┘          └─────────┘             └───────────┘       │
///          │  ▲ retry due         │ a limit, an error, a rejection       │
///          │  └──────┐            ├──────────────────────────────────────┘
///          │     ┌───────┐        │                     │         │
///          ├────▶│waiting│        │ stop, deadline      │Finished │ Failed
///          │     └───────┘        │                     │         │ limit
///          ▼ nobody left          ▼                     ▼         ▼
///        GiveUp ◀─────────────────┘                    Done     Failed
///   Settle, then Done: where an attempt was kept
/// ```
///
/// The contract: call [`Plan::next`] and do what it says, until it says
/// [`Step::WaitUntil`]; then wait for the instant or for an event, report the
/// event with [`Plan::on_event`], and call `next` again. `Done`, `Failed` and
/// `GiveUp` are final and repeat. Attempts are keyed by id, and several may be
/// alive; events of one that is over are ignored.
///
/// ```
/// # #[allow(clippy::disallowed_methods)]
/// # fn main() {
/// use std::{sync::Arc, time::Instant};
/// use oc_fallback::{
///     AttemptEvent, Candidate, MemoryStore, Plan, Policy, Problem, Reason, Scope, Step,
/// };
///
/// let local = Candidate::new("local/m", Scope::new("http://127.0.0.1:1234", "m", ""), ());
/// let hosted = Candidate::new("hosted/m", Scope::new("https://api.example", "m", "k"), ());
/// let (store, now) = (Arc::new(MemoryStore::new()), Instant::now());
/// let mut plan = Plan::new([local, hosted].into(), Policy::default(), store, 0, now);
///
/// let Step::Start { attempt, target: 0 } = plan.next(now) else { panic!() };
/// let refused = AttemptEvent::Failed(Problem::new(Reason::Refused));
/// plan.on_event(attempt, refused, now);
/// assert!(matches!(plan.next(now), Step::Cancel { .. }));
/// assert!(matches!(plan.next(now), Step::Start { target: 1, .. }));
/// # }
/// ```
#[derive(Debug)]
pub struct Plan<T> {
    candidates: Arc<[Candidate<T>]>,
    policy: Policy,
    store: Arc<dyn Store>,
    dice: Dice,
    started: Instant,
    deadline: Instant,
    stage: Stage,
    flights: Few<Flight>,
    needs: Option<Arc<Needs>>,
    probed: bool,
    retries: u32,
    /// The attempt whose target may be asked once more.
    retryable: Option<Pending>,
    /// The largest window that overflowed, where any did.
    overflow: Option<Option<u64>>,
    /// The attempt that is the answer where nobody has a better one.
    reserve: Option<AttemptId>,
    ledger: Ledger,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Seeking,
    Waiting { target: usize, until: Instant },
    Committed(AttemptId),
    Done(AttemptId),
    Failed(AttemptId),
    GaveUp(Option<ExhaustedKind>),
    Settling(AttemptId),
}

impl<T> Plan<T> {
    /// A plan for one request that starts `now`. The seed decides the jitter.
    #[must_use]
    pub fn new(
        candidates: Arc<[Candidate<T>]>,
        policy: Policy,
        store: Arc<dyn Store>,
        seed: u64,
        now: Instant,
    ) -> Self {
        Self {
            candidates,
            policy,
            store,
            dice: Dice::new(seed),
            started: now,
            deadline: after(now, policy.total),
            stage: Stage::Seeking,
            flights: Few::default(),
            needs: None,
            probed: false,
            retries: 0,
            retryable: None,
            overflow: None,
            reserve: None,
            ledger: Ledger::default(),
        }
    }

    /// States what the request needs: candidates that surely cannot give it
    /// are passed over. Best before the first [`Plan::next`].
    #[must_use]
    pub fn with_needs(mut self, needs: impl Into<Arc<Needs>>) -> Self {
        self.needs = Some(needs.into());
        self
    }

    /// What to do next.
    pub fn next(&mut self, now: Instant) -> Step {
        if now >= self.deadline {
            self.run_out(now);
        }
        self.check_limits(now);
        let over = self.flights.iter().position(|flight| flight.over.is_some());
        if let Some(flight) = over.and_then(|at| self.flights.take(at)) {
            let (attempt, reason) = (flight.id, flight.over.unwrap_or(Reason::Cancelled));
            return if self.reserve == Some(attempt) {
                Step::Keep { attempt, reason }
            } else {
                Step::Cancel { attempt, reason }
            };
        }
        match self.stage {
            Stage::Done(attempt) => Step::Done { attempt },
            Stage::Failed(attempt) => Step::Failed { attempt },
            Stage::GaveUp(_) => Step::GiveUp,
            Stage::Settling(attempt) => self.settle(attempt, now),
            Stage::Waiting { target, until } if now >= until => self.start(target, Way::Again, now),
            Stage::Waiting { until, .. } => Step::WaitUntil(until.min(self.deadline)),
            Stage::Seeking if self.flights.is_empty() => match self.choose(now) {
                Choice::Ask { target, way } => self.start(target, way, now),
                Choice::Wait { target, until } => {
                    self.stage = Stage::Waiting { target, until };
                    Step::WaitUntil(until)
                }
                Choice::Nobody => {
                    self.give_up(None);
                    self.next(now)
                }
            },
            Stage::Seeking | Stage::Committed(_) => self.watch(now),
        }
    }

    /// Takes note of what an attempt did.
    pub fn on_event(&mut self, attempt: AttemptId, event: AttemptEvent, now: Instant) {
        let Some(flight) =
            self.flights.iter_mut().find(|flight| flight.id == attempt && flight.over.is_none())
        else {
            return;
        };
        match event {
            AttemptEvent::Progress
            | AttemptEvent::Loading
            | AttemptEvent::Meaningful
            | AttemptEvent::Committed => {
                flight.last_event = now;
                if flight.first_byte.is_none() {
                    flight.first_byte = Some(now);
                    let since = now.saturating_duration_since(self.started);
                    if let Some(attempt) = self.ledger.attempts.get_mut(attempt.0) {
                        attempt.first_byte = Some(since);
                    }
                }
                match event {
                    AttemptEvent::Committed => self.commit(attempt, now),
                    AttemptEvent::Loading => self.begin_anew(attempt, now),
                    AttemptEvent::Meaningful => self.be_meaningful(attempt, now),
                    _ => {}
                }
            }
            AttemptEvent::Finished if flight.meaningful => {
                self.commit(attempt, now);
                // Another attempt may have been first, and has ended this one.
                if self.is_committed(attempt) {
                    self.finish(attempt, now);
                }
            }
            AttemptEvent::Finished => self.fail(attempt, Problem::new(Reason::Empty), now),
            AttemptEvent::Failed(problem) => self.fail(attempt, problem, now),
            AttemptEvent::Reserved(problem) => {
                if !self.is_committed(attempt) && self.reserve.is_none() {
                    self.reserve = Some(attempt);
                }
                self.fail(attempt, problem, now);
            }
        }
    }

    /// Takes note of what an attempt used and cost; at any time, also after its
    /// end. A later report replaces an earlier one.
    pub fn on_usage(&mut self, attempt: AttemptId, usage: Usage) {
        if let Some(attempt) = self.ledger.attempts.get_mut(attempt.0) {
            attempt.usage = Some(usage);
        }
    }

    /// The caller was busy with an event until `now`, and looked at no attempt
    /// meanwhile: that pause is not the provider's silence.
    pub fn resume(&mut self, now: Instant) {
        for flight in self.flights.iter_mut().filter(|flight| flight.over.is_none()) {
            flight.last_event = now;
        }
    }

    /// When the request's deadline ends; no event counts from then on.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The candidates, in the order in which they are asked.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate<T>] {
        &self.candidates
    }

    /// What has happened so far.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The report of a plan that gave up; `None` before [`Step::GiveUp`].
    #[must_use]
    pub fn exhausted(&self, now: Instant) -> Option<Exhausted> {
        let Stage::GaveUp(stopped) = self.stage else { return None };
        let retry_after = self.promised_end(now);
        let kind = stopped.unwrap_or_else(|| self.kind_of_end(retry_after.is_some()));
        Some(Exhausted::new(kind, retry_after, self.ledger.clone()))
    }

    fn start(&mut self, target: usize, way: Way, now: Instant) -> Step {
        let Some(candidate) = self.candidates.get(target) else {
            self.stage = Stage::GaveUp(None);
            return Step::GiveUp;
        };
        let attempt = AttemptId(self.ledger.attempts.len());
        self.probed |= way == Way::LastResort;
        let others = self.others_wait(target, now);
        let limits = candidate.limits;
        let share = share_due(now, self.deadline, self.policy.share, others);
        self.store.record(
            &candidate.scope,
            &Outcome::Started { credit: self.policy.retry.budget },
            now,
        );
        self.ledger.skipped.retain(|skipped| skipped.target != target);
        self.ledger.attempts.push(Attempt {
            name: Arc::clone(&candidate.name),
            target,
            outcome: AttemptOutcome::Running,
            problem: None,
            probe: way == Way::LastResort,
            retry: way == Way::Again,
            half_open: way == Way::HalfOpen,
            started: now.saturating_duration_since(self.started),
            first_byte: None,
            first_text: None,
            ended: None,
            usage: None,
        });
        self.flights.push(Flight {
            id: attempt,
            target,
            first_byte_due: after(now, limits.first_byte),
            first_text_due: first_text_due(&limits, now, share),
            share_due: share,
            first_byte: None,
            last_event: now,
            meaningful: false,
            shown: false,
            holds_probe: way == Way::HalfOpen,
            over: None,
        });
        self.stage = Stage::Seeking;
        Step::Start { attempt, target }
    }

    fn commit(&mut self, attempt: AttemptId, now: Instant) {
        if !matches!(self.stage, Stage::Seeking) {
            return;
        }
        self.stage = Stage::Committed(attempt);
        self.ledger.committed = Some(attempt);
        self.be_meaningful(attempt, now);
        self.end_others(attempt, now);
    }

    fn finish(&mut self, attempt: AttemptId, now: Instant) {
        self.stage = Stage::Done(attempt);
        self.close(attempt, AttemptOutcome::Answered, None, now);
        self.record(attempt, &Outcome::Answered, now);
        if let Some(at) = self.flights.iter().position(|flight| flight.id == attempt) {
            self.flights.take(at);
        }
    }

    fn fail(&mut self, attempt: AttemptId, problem: Problem, now: Instant) {
        let reason = problem.reason;
        let outcome = Outcome::Failed { reason, retry_after: problem.retry_after };
        self.record(attempt, &outcome, now);
        if let (Reason::ContextOverflow, Some(tokens)) = (reason, problem.window) {
            self.record(attempt, &Outcome::Context { tokens }, now);
        }
        self.end_probe(attempt, now);
        let Some(flight) = self.flights.iter_mut().find(|flight| flight.id == attempt) else {
            return;
        };
        flight.over = Some(reason);
        let target = flight.target;
        let phase = if self.is_committed(attempt) { Phase::Committed } else { Phase::Uncommitted };
        match self.decide(reason, phase) {
            Decision::Tell => self.stage = Stage::Failed(attempt),
            Decision::Stop => {
                let kind = stop_kind(reason);
                self.give_up(Some(kind));
                self.end_others(attempt, now);
                if kind == ExhaustedKind::Deadline {
                    self.note_unreached(now);
                }
            }
            Decision::NextLarger => {
                let own = self.candidates.get(target).and_then(|candidate| candidate.window);
                // What the server says it has loaded counts, not what was configured.
                let window = problem.window.or(own);
                self.overflow = Some(self.overflow.flatten().max(window));
            }
            Decision::NextOrRetry => {
                let probe = self.ledger.attempt(attempt).is_some_and(|attempt| attempt.probe);
                if !probe {
                    self.retryable = Some(Pending { target, retry_after: problem.retry_after });
                }
            }
            Decision::Next => {}
        }
        self.close(attempt, AttemptOutcome::Failed, Some(problem), now);
    }

    /// The deadline has passed: whatever is alive fails, nothing is started.
    fn run_out(&mut self, now: Instant) {
        let alive: Vec<_> = self.alive().collect();
        match self.stage {
            Stage::Done(_) | Stage::Failed(_) | Stage::GaveUp(_) | Stage::Settling(_) => return,
            Stage::Seeking | Stage::Waiting { .. } => {
                self.give_up(Some(ExhaustedKind::Deadline));
                self.note_unreached(now);
            }
            // Failing the committed attempt below moves the stage.
            Stage::Committed(_) => {}
        }
        for attempt in alive {
            self.fail(attempt, Problem::timeout(Limit::Total, self.policy.total), now);
        }
    }

    /// What the policy makes of the table's word.
    const fn decide(&self, reason: Reason, phase: Phase) -> Decision {
        match (reason, phase, self.policy.on_refusal) {
            (Reason::ContentFilter, Phase::Uncommitted, OnRefusal::Next) => Decision::Next,
            _ => decide(reason, phase),
        }
    }

    /// Nobody else is asked: what was kept is the answer, if anything was.
    fn give_up(&mut self, kind: Option<ExhaustedKind>) {
        self.stage = match self.reserve {
            // Nobody is there to take it.
            Some(attempt) if kind != Some(ExhaustedKind::Cancelled) => Stage::Settling(attempt),
            _ => Stage::GaveUp(kind),
        };
    }

    fn settle(&mut self, attempt: AttemptId, now: Instant) -> Step {
        self.stage = Stage::Done(attempt);
        self.ledger.committed = Some(attempt);
        if let Some(kept) = self.ledger.attempts.get_mut(attempt.0) {
            kept.outcome = AttemptOutcome::Answered;
        }
        self.record(attempt, &Outcome::Answered, now);
        Step::Settle { attempt }
    }

    fn alive(&self) -> impl Iterator<Item = AttemptId> {
        self.flights.iter().filter(|flight| flight.over.is_none()).map(|flight| flight.id)
    }

    fn is_committed(&self, attempt: AttemptId) -> bool {
        matches!(self.stage, Stage::Committed(winner) if winner == attempt)
    }

    fn end_others(&mut self, winner: AttemptId, now: Instant) {
        let others: Vec<_> = self.alive().filter(|&attempt| attempt != winner).collect();
        for attempt in others {
            self.end_probe(attempt, now);
            if let Some(flight) = self.flights.iter_mut().find(|flight| flight.id == attempt) {
                flight.over = Some(Reason::Cancelled);
            }
            self.close(attempt, AttemptOutcome::Superseded, None, now);
        }
    }

    fn close(
        &mut self,
        attempt: AttemptId,
        outcome: AttemptOutcome,
        problem: Option<Problem>,
        now: Instant,
    ) {
        let since = now.saturating_duration_since(self.started);
        if let Some(attempt) = self.ledger.attempts.get_mut(attempt.0) {
            attempt.outcome = outcome;
            attempt.problem = problem;
            attempt.ended = Some(since);
        }
    }

    /// Gives the half-open probe back, where this attempt holds it.
    fn end_probe(&mut self, attempt: AttemptId, now: Instant) {
        let held = self
            .flights
            .iter_mut()
            .find(|flight| flight.id == attempt)
            .is_some_and(|flight| std::mem::take(&mut flight.holds_probe));
        if held {
            self.record(attempt, &Outcome::ProbeEnded, now);
        }
    }

    fn record(&self, attempt: AttemptId, outcome: &Outcome, now: Instant) {
        let target = self.ledger.attempt(attempt).map(|attempt| attempt.target);
        if let Some(candidate) = target.and_then(|target| self.candidates.get(target)) {
            self.store.record(&candidate.scope, outcome, now);
        }
    }
}

/// A caller that leaves gives back the probe that it has taken.
impl<T> Drop for Plan<T> {
    fn drop(&mut self) {
        for flight in self.flights.iter().filter(|flight| flight.holds_probe) {
            if let Some(candidate) = self.candidates.get(flight.target) {
                self.store.record(&candidate.scope, &Outcome::ProbeEnded, flight.last_event);
            }
        }
    }
}

const fn stop_kind(reason: Reason) -> ExhaustedKind {
    match reason {
        Reason::Cancelled => ExhaustedKind::Cancelled,
        Reason::ContentFilter => ExhaustedKind::ContentFilter,
        _ => ExhaustedKind::Deadline,
    }
}

#[cfg(test)]
mod tests;
