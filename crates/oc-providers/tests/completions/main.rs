//! The wire `openai-completions`: what is sent, what is read, what is rendered.

#[path = "../support/mod.rs"]
mod support;

mod clients;
mod laws;
mod quirks;
mod reading;
mod recorded;
mod upstream;
