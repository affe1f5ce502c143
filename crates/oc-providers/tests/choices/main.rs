//! Several answers to one request (`n`): Chat Completions end to end, but for
//! the gateway.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod broken;
mod laws;
mod relay;
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod table;
