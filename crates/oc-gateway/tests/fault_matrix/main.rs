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

use std::sync::{Mutex, MutexGuard, PoisonError};

/// These tests measure time, sockets and tasks: one runs after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one of them on a runtime of its own.
fn run_alone(test: impl Future<Output = ()>) {
    let _alone = alone();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap().block_on(test);
}
