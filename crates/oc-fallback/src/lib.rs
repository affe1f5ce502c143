//! front page
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod budget;
mod classify;
#[cfg(feature = "driver")]
mod commit;
mod cooldown;
mod decision;
#[cfg(feature = "driver")]
mod driver;
mod error;
mod facts;
mod gate;
mod ledger;
#[cfg(feature = "driver")]
mod output;
mod plan;
mod policy;
mod reason;
mod redact;
mod retry;
mod store;
mod target;
#[cfg(test)]
mod testing;

#[cfg(feature = "driver")]
pub use crate::{
    driver::{Answer, Chain, ChainStream},
    output::Output,
};
pub use crate::{
    classify::classify,
    cooldown::{Reach, cooldown},
    decision::{Decision, Phase, decide},
    error::{Exhausted, ExhaustedKind, Failure},
    facts::{FactSheet, Facts, Fault, Limit},
    gate::Gate,
    ledger::{Attempt, AttemptId, AttemptOutcome, Ledger, Problem, Skipped},
    plan::{AttemptEvent, Plan, Step},
    policy::{Commit, Policy, RetryPolicy},
    reason::Reason,
    store::{Cooling, MemoryStore, OpenWindow, Outcome, Store, View},
    target::{Candidate, Limits, Scope, Skip},
};
