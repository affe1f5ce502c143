//! Falls back between model providers when a person would want it to, and only
//! then. Works around any client.
//!
//! You bring a list of [`Candidate`]s, a closure that starts a stream of events
//! for one of them, and a gate that says which event is the first meaningful
//! one. You get one stream back: the answer of one candidate, or one failure.
//!
//! ```text
//!            events        gate: Hold │ Commit │ Reject
//!  target 1 ─────────▶ ┌──────────┐  ✗ refused, cut, empty, too slow …
//!                      │   hold   │───────────────┐ dropped, nothing was seen
//!  target 2 ─────────▶ │          │  ✓ first text ▼
//!                      └──────────┘═════▶ Committed ═════▶ the caller
//!                            ▲                │ a failure from here on is told
//!                        Plan (pure)       Ledger: who, why, when
//! ```
//!
//! * Until the first meaningful event, a failed attempt is replaced and nothing
//!   of it is final. After it, nothing of another attempt is ever mixed in.
//! * Errors become [`Reason`]s by code, then status, then type, then text
//!   ([`classify`]); what follows from each is one table ([`decide`]).
//! * One deadline for everything, shared out so that the first candidate cannot
//!   use it all up ([`Policy`], [`Limits`]).
//! * Who cannot answer is not asked: window, output, images, tools, JSON schema,
//!   and tags for privacy and region ([`Needs`], [`Capabilities`], [`fit()`]).
//! * What failed cools down, exactly as far as its reason reaches ([`Reach`],
//!   [`MemoryStore`]); afterwards one request at a time tries it
//!   ([`BreakerState`]).
//! * The [`Ledger`] says what happened, on success too: times, reasons, tokens
//!   and cost as you report them, and who was passed over and why.
//!
//! What it does not do: it makes no requests, knows no wire format and no JSON,
//! reads no clock in the plan ([`Plan`] is pure), and never looks at the text of
//! a prompt or an answer (only [`Estimate::of_text`] counts characters, of what you
//! hand it). `docs/fallback.md` in the repository holds the tables
//! and the reasons for them.
//!
//! # Example
//!
//! A local box that is down, and a hosted model that answers:
//!
//! ```
//! use std::sync::Arc;
//!
//! use futures::{StreamExt, stream};
//! use oc_fallback::{
//!     Candidate, Chain, FactSheet, Fault, Gate, Limits, MemoryStore, Output, Policy, Scope,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let candidates = [
//!     Candidate::new("lmstudio/m", Scope::new("http://127.0.0.1:1234", "m", ""), "local")
//!         .with_limits(Limits::local()),
//!     Candidate::new("anthropic/c", Scope::new("https://api.anthropic.com", "c", "k1"), "hosted"),
//! ];
//! let chain = Chain::new(candidates, Policy::default(), Arc::new(MemoryStore::new()));
//!
//! // Your client: a stream of events for a target.
//! let ask = |target: &&str| match *target {
//!     "local" => stream::iter(vec![Err(FactSheet::new(Fault::Refused))]),
//!     _ => stream::iter(vec![Ok("Hel"), Ok("lo")]),
//! };
//! // Any non-blank text is meaningful.
//! let gate = |_: &&str| |text: &&str| if text.trim().is_empty() { Gate::Hold } else { Gate::Commit };
//!
//! let mut answer = String::new();
//! let mut stream = chain.stream(ask, gate);
//! while let Some(item) = stream.next().await {
//!     match item {
//!         Output::Event(text) => answer.push_str(text),
//!         Output::Failed(failure) => panic!("{failure}"),
//!         Output::Exhausted(exhausted) => panic!("{exhausted}"),
//!         _ => {}
//!     }
//! }
//! assert_eq!(answer, "Hello");
//! assert_eq!(stream.ledger().served_by(), Some("anthropic/c"));
//! assert_eq!(stream.ledger().attempts[0].reason(), Some(oc_fallback::Reason::Refused));
//! # }
//! ```
//!
//! # Features
//!
//! * `driver` (default): [`Chain`] and its stream, on tokio's timer. Without it
//!   there is the pure [`Plan`], and no tokio.
//! * `serde` (default): [`Ledger`], [`OpenWindow`] and [`Breaker`] serialise.

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
mod few;
mod fit;
mod gate;
mod ledger;
#[cfg(feature = "driver")]
mod output;
mod plan;
mod policy;
mod quote;
mod reason;
mod redact;
mod retry;
mod store;
mod target;
#[cfg(test)]
mod testing;

pub use crate::{
    classify::classify,
    cooldown::{Reach, cooldown},
    decision::{Decision, Phase, decide},
    error::{Exhausted, ExhaustedKind, Failure},
    facts::{FactSheet, Facts, Fault, Limit},
    fit::{Capabilities, Estimate, Needs, fit},
    gate::Gate,
    ledger::{
        Attempt, AttemptId, AttemptOutcome, Attempts, Ledger, Problem, SkipKind, Skipped, Usage,
    },
    plan::{AttemptEvent, Plan, Step},
    policy::{Commit, OnRefusal, Policy, RetryPolicy},
    reason::Reason,
    store::{
        Breaker, BreakerState, Cooling, MemoryStore, OpenWindow, Outcome, StatedContext, Store,
        View,
    },
    target::{Candidate, Limits, Scope, Skip},
};
#[cfg(feature = "driver")]
pub use crate::{
    driver::{Answer, Chain, ChainStream},
    output::Output,
};
