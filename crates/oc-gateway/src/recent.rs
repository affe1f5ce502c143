//! The ledgers of the last requests, for `demo`, `explain --last` and a status page.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use oc_fallback::Ledger;

/// How many are kept.
const KEPT: usize = 64;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// With an answer.
    Answered,
    /// With a failure in-band, after text had been sent.
    FailedInBand,
    /// With an error instead of an answer.
    Exhausted,
    /// The client went away.
    ClientGone,
    /// The gateway was stopped.
    Stopped,
}

/// One request that has ended.
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct Record {
    /// The gateway's id of it, as in `x-oc-request-id`.
    pub request_id: String,
    /// The model that was asked for.
    pub model: String,
    /// How it ended.
    pub ending: Ending,
    /// From the request to its end, in milliseconds.
    pub took_ms: u64,
    /// What was tried.
    pub ledger: Ledger,
}

/// The last requests, bounded.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<VecDeque<Record>>);

impl Recent {
    pub(crate) fn push(&self, record: Record) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() == KEPT {
            records.pop_front();
        }
        records.push_back(record);
    }

    /// The oldest first.
    pub(crate) fn list(&self) -> Vec<Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Record {
    /// Writes the request's one log line. No prompt, no answer.
    pub(crate) fn log(&self) {
        let ledger = &self.ledger;
        tracing::info!(
            request = %self.request_id,
            model = %self.model,
            ending = ?self.ending,
            served_by = ledger.served_by().unwrap_or("-"),
            attempts = ledger.attempts.len(),
            fallback_reason = ledger.fallback_reason().map_or("-", |reason| reason.as_str()),
            ms = self.took_ms,
            "request ended",
        );
        self.log_steps();
    }

    /// A line for each attempt that failed, and for each candidate that was
    /// passed over. An upstream's message stays out of it: some quote the prompt.
    fn log_steps(&self) {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        for attempt in &self.ledger.attempts {
            let Some(problem) = &attempt.problem else { continue };
            tracing::info!(
                request = %self.request_id,
                target = %attempt.name,
                reason = problem.reason.as_str(),
                status = problem.status,
                began_ms = millis(attempt.started),
                ended_ms = attempt.ended.map(millis),
                cost_micros = attempt.usage.and_then(|usage| usage.cost),
                retry = attempt.retry,
                "attempt failed",
            );
        }
        for skipped in &self.ledger.skipped {
            tracing::info!(
                request = %self.request_id,
                target = %skipped.name,
                reason = skipped.reason.as_str(),
                why = %skipped.text,
                "candidate passed over",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use oc_fallback::{
        AttemptEvent, Candidate, FactSheet, Fault, MemoryStore, Plan, Policy, Problem, Reason,
        Scope, Skip, Step,
    };

    use super::*;

    #[test]
    fn only_the_last_are_kept() {
        let recent = Recent::default();
        for n in 0..KEPT + 3 {
            recent.push(Record {
                request_id: n.to_string(),
                model: "m".into(),
                ending: Ending::Answered,
                took_ms: 0,
                ledger: Ledger::default(),
            });
        }
        let list = recent.list();
        assert_eq!((list.len(), list[0].request_id.as_str()), (KEPT, "3"));
    }

    /// A plan whose first candidate failed and whose second was passed over.
    fn ledger() -> Ledger {
        let scope = |name: &str| Scope::new(format!("http://{name}"), "m", "");
        let dead = Candidate::new("box/m", scope("box"), ());
        let keyless = Candidate::new("hosted/m", scope("hosted"), ()).unusable(Skip::new(
            Reason::Auth,
            "no API key",
            "set KEY",
        ));
        let now = tokio::time::Instant::now().into_std();
        let store = Arc::new(MemoryStore::new());
        let mut plan = Plan::new([dead, keyless].into(), Policy::default(), store, 0, now);
        let Step::Start { attempt, .. } = plan.next(now) else { panic!("no attempt") };
        let facts = FactSheet::new(Fault::Http).with_status(401).with_message("why is my key bad?");
        plan.on_event(attempt, AttemptEvent::Failed(Problem::from_facts(&facts)), now);
        while !matches!(plan.next(now), Step::GiveUp) {}
        plan.ledger().clone()
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_step_has_its_line_and_no_line_an_upstreams_words() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let record = Record {
            request_id: "req_1".into(),
            model: "default".into(),
            ending: Ending::Exhausted,
            took_ms: 0,
            ledger: ledger(),
        };
        tracing::subscriber::with_default(subscriber, || record.log());
        let text = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8(text).unwrap();
        for wanted in [
            "request ended request=req_1 model=default ending=Exhausted served_by=\"-\" attempts=1",
            "attempt failed request=req_1 target=box/m reason=\"auth\" status=401 began_ms=0",
            "candidate passed over request=req_1 target=hosted/m reason=\"auth\" why=no API key",
        ] {
            assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
        }
        assert!(!text.contains("why is my key"), "{text}");
    }
}
