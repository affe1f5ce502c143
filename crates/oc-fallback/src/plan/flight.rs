//! An attempt in flight, and the limits that can end it.

use std::time::Instant;

use super::{Plan, Stage, Step};
use crate::{
    budget::{after, first_text_due},
    facts::Limit,
    ledger::{AttemptId, Problem},
    reason::Reason,
};

/// An attempt that is alive, or over and not yet dropped by the caller.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) id: AttemptId,
    pub(super) target: usize,
    pub(super) first_byte_due: Instant,
    pub(super) first_text_due: (Instant, Limit),
    /// The end of its share of the deadline, while others wait.
    pub(super) share_due: Option<Instant>,
    pub(super) first_byte: Option<Instant>,
    /// When the silence began that the idle limit measures.
    pub(super) last_event: Instant,
    /// It has sent something that counts, committed or not.
    pub(super) meaningful: bool,
    pub(super) shown: bool,
    /// It is the one that tries a half-open breaker.
    pub(super) holds_probe: bool,
    pub(super) over: Option<Reason>,
}

impl<T> Plan<T> {
    pub(super) fn check_limits(&mut self, now: Instant) {
        while let Some((attempt, problem)) =
            self.flights.iter().filter(|flight| flight.over.is_none()).find_map(|flight| {
                let (due, limit) = self.due(flight);
                (now >= due).then(|| (flight.id, self.ran_out(flight.target, limit)))
            })
        {
            self.fail(attempt, problem, now);
        }
    }

    /// A candidate's own limit has a length that a person can change; a share
    /// of the deadline has not.
    fn ran_out(&self, target: usize, limit: Limit) -> Problem {
        let limits = self.candidates.get(target).map(|candidate| candidate.limits);
        let length = limits.and_then(|limits| match limit {
            Limit::FirstByte => Some(limits.first_byte),
            Limit::FirstText => Some(limits.first_text),
            Limit::Idle => Some(limits.idle),
            _ => None,
        });
        let unknown = || Problem::new(Reason::Timeout(limit));
        length.map_or_else(unknown, |length| Problem::timeout(limit, length))
    }

    /// The next limit that a living attempt can break.
    fn due(&self, flight: &Flight) -> (Instant, Limit) {
        let idle = self
            .candidates
            .get(flight.target)
            .map_or(self.deadline, |candidate| after(flight.last_event, candidate.limits.idle));
        let silence = match flight.first_byte {
            None => (flight.first_byte_due, Limit::FirstByte),
            Some(_) => (idle, Limit::Idle),
        };
        if flight.meaningful || silence.0 <= flight.first_text_due.0 {
            silence
        } else {
            flight.first_text_due
        }
    }

    /// Waits for the living attempts, and shows what was held long enough.
    pub(super) fn watch(&mut self, now: Instant) -> Step {
        let hold = self.policy.hold_for();
        let committed = matches!(self.stage, Stage::Committed(_));
        let mut until = self.deadline;
        for at in 0..self.flights.len() {
            let Some(flight) = self.flights.get(at) else { break };
            until = until.min(self.due(flight).0);
            let (Some(first), false, false) = (flight.first_byte, flight.shown, committed) else {
                continue;
            };
            let show_at = after(first, hold);
            if show_at > now {
                until = until.min(show_at);
            } else if let Some(flight) = self.flights.get_mut(at) {
                flight.shown = true;
                return Step::Show { attempt: flight.id };
            }
        }
        Step::WaitUntil(until)
    }

    /// The first text has arrived: its limit and its share of the deadline are
    /// met, and a half-open breaker's probe has done its work. A long answer
    /// keeps nobody else from trying.
    pub(super) fn be_meaningful(&mut self, attempt: AttemptId, now: Instant) {
        let flight = self.flights.iter_mut().find(|flight| flight.id == attempt);
        if flight.is_none_or(|flight| std::mem::replace(&mut flight.meaningful, true)) {
            return;
        }
        let since = now.saturating_duration_since(self.started);
        if let Some(attempt) = self.ledger.attempts.get_mut(attempt.0) {
            attempt.first_text = Some(since);
        }
        self.end_probe(attempt, now);
    }

    /// A model that reports its loading has not begun to be slow. Its share of
    /// the deadline still runs, and so others get their turn.
    pub(super) fn begin_anew(&mut self, attempt: AttemptId, now: Instant) {
        let Some(flight) = self.flights.iter_mut().find(|flight| flight.id == attempt) else {
            return;
        };
        if let Some(candidate) = self.candidates.get(flight.target) {
            flight.first_text_due = first_text_due(&candidate.limits, now, flight.share_due);
        }
    }
}
