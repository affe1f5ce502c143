//! The fault matrix: everything that can go wrong with a primary × streaming
//! and not × the primary's wire × the client's dialect, over real sockets,
//! judged by the client's bytes. The faults are data ([`faults::FAULTS`]), so
//! are the dialects ([`dialects::DIALECTS`]): another one is another row.
//!
//! The table in `docs/fallback.md` is what this test saw: run it with
//! `UPDATE=1` to write it anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod closing;
mod dialects;
mod faults;
mod http;
mod matrix;
mod speed;
mod stage;
mod table;
mod tls;
mod verdict;
mod wires;
