//! A client that speaks the upstream's own wire gets the upstream's frames as
//! they are; and where one cannot pass, the same answer as anybody else.

#[path = "../support/mod.rs"]
mod support;

mod beside;
mod clients;
mod deviations;
mod documents;
mod other_kinds;
mod passing;
mod pictures;
mod requests;
mod stage;
