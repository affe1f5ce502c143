//! The ledgers of the last requests, for `demo`, `explain --last` and a status page.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
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
        let ended = ledger.attempts.iter().filter_map(|attempt| attempt.ended).max();
        tracing::info!(
            request = %self.request_id,
            model = %self.model,
            ending = ?self.ending,
            served_by = ledger.served_by().unwrap_or("-"),
            attempts = ledger.attempts.len(),
            fallback_reason = ledger.fallback_reason().map_or("-", |reason| reason.as_str()),
            ms = ended.map_or(0, |ended| u64::try_from(ended.as_millis()).unwrap_or(u64::MAX)),
            "request ended",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_are_kept() {
        let recent = Recent::default();
        for n in 0..KEPT + 3 {
            recent.push(Record {
                request_id: n.to_string(),
                model: "m".into(),
                ending: Ending::Answered,
                ledger: Ledger::default(),
            });
        }
        let list = recent.list();
        assert_eq!((list.len(), list[0].request_id.as_str()), (KEPT, "3"));
    }
}
