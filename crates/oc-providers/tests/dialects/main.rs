//! The three dialects of clients: what is read, what is written, and that the
//! same answer comes out of every dialect over every wire.

#[path = "../support/mod.rs"]
mod support;

mod history;
mod messages_requests;
mod messages_streams;
mod pauses;
mod upstreams;
