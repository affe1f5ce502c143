//! oc-gateway (under construction)
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod lookalike;
pub mod shutdown;
pub mod telemetry;
/// x
#[derive(Debug)]
pub struct State;
