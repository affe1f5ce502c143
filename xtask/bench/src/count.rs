//! An allocator that counts, for the columns `allocs/event` and `bytes/event`.
//!
//! The product forbids `unsafe`; an allocator cannot be written without it.
//! That is one reason why the benchmarks are a workspace of their own.
#![expect(
    unsafe_code,
    reason = "GlobalAlloc is an unsafe trait; every call goes on to System as it came"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

static COUNTING: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// The system's allocator, counted while [`allocations`] runs. The benchmarks
/// have one thread, so the counts are those of the code under test.
#[derive(Debug)]
pub(crate) struct Counting;

/// What was asked of the allocator.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allocations {
    /// Calls of `alloc`, `alloc_zeroed` and `realloc`.
    pub(crate) calls: u64,
    /// Bytes asked for; a `realloc` counts with its whole new size, because it
    /// may copy as much.
    pub(crate) bytes: u64,
}

/// Counts what `work` allocates.
pub(crate) fn allocations<T>(work: impl FnOnce() -> T) -> (T, Allocations) {
    CALLS.store(0, Relaxed);
    BYTES.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
    let result = work();
    COUNTING.store(false, Relaxed);
    (result, Allocations { calls: CALLS.load(Relaxed), bytes: BYTES.load(Relaxed) })
}

fn note(bytes: usize) {
    if COUNTING.load(Relaxed) {
        CALLS.fetch_add(1, Relaxed);
        BYTES.fetch_add(bytes as u64, Relaxed);
    }
}

// SAFETY: every method hands its arguments to `System` unchanged, and what
// `System` returned back to the caller; counting touches no memory but the
// three atomics above.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}
