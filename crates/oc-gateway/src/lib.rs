//! A small gateway that makes a local model safe to rely on, with hosted models
//! as the safety net.
//!
//! It takes an OpenClaw config, asks the models that the config names in the
//! order that the config gives, and answers clients of Responses, Chat Completions
//! and Messages with one valid answer in their own dialect: reasoning apart from
//! final text, and the next model's whole answer where one dies before it has
//! said anything.
//!
//! ```text
//!            ┌────────────────────── oc-gateway ──────────────────────┐
//!  client ──▶│ guard ─▶ policy ─▶ Chain (oc-fallback)                  │
//!            │                      │  Provider (oc-providers) ────────┼──▶ local box
//!            │                      │  Provider (oc-providers) ────────┼──▶ hosted model
//!  client ◀──│ relay ◀─ telling ◀───┘                                  │
//!            └────────────────────────────────────────────────────────┘
//! ```
//!
//! The library is the whole gateway as an axum [`Router`](axum::Router);
//! `main.rs` adds a command line. What it does not do: it never writes the
//! config, keeps no prompt and no answer, never sends a prompt to a host that no config
//! named, and spawns no task per request: an answer is a stream that the
//! client's connection pulls, so a client that leaves closes the upstream.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use oc_config::{Config, Settings};
//! use oc_gateway::State;
//!
//! let config = r#"{
//!   agents: { defaults: { model: { primary: "local/my-model" } } },
//!   models: { providers: { local: {
//!     baseUrl: "http://127.0.0.1:8000/v1", apiKey: "sk-local", api: "openai-responses",
//!     models: [{ id: "my-model", name: "My model" }],
//!   } } },
//! }"#;
//! let config = Config::parse(config, "openclaw.json", &|_: &str| None)?.value;
//! let state = State::assemble(config, Settings::default())?;
//! let router: axum::Router = oc_gateway::app(state);
//! # Ok(()) }
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod answering;
mod app;
mod assemble;
mod codes;
mod compat;
mod error;
mod estimate;
mod fit;
mod guard;
mod ids;
mod live;
pub mod lookalike;
mod metrics;
mod params;
mod policy;
mod recent;
mod relay;
pub mod reload;
mod routes;
pub mod shutdown;
mod sse;
mod stall;
mod state;
pub mod telemetry;
mod telling;
mod unbuilt;
mod usage;

pub use answering::{Answering, Said};
pub use app::app;
pub use assemble::AssembleError;
pub use error::Failure;
pub use live::Live;
pub use policy::Rules;
pub use recent::{Ending, Record};
pub use state::State;
pub use unbuilt::unbuilt;
