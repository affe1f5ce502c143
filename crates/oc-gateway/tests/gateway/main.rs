//! The gateway over real sockets: an upstream that does what it is told on one
//! side, a client that believes only its socket on the other.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod answers;
mod choices;
mod commands;
mod cut;
mod dialect_client;
mod dialect_failures;
mod dialects;
mod endpoints;
mod failures;
mod fit;
mod guard;
mod lifecycle;
mod losses;
mod operations;
mod params;
mod patience;
mod planted;
mod policy;
mod recordings;
mod serving;
mod support;
mod warnings;
mod whole;
