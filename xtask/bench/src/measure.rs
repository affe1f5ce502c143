//! Alternating rounds in thread CPU time.
//!
//! Neighbours on a shared machine come and go; rows that take turns meet the
//! same ones, and CPU time leaves out what others ran in between. The median
//! over the rounds is what is reported.

use std::time::Duration;

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};

use crate::contenders::{Contender, Tally};
use crate::count::{Allocations, allocations};
use crate::sample::{Cut, Sample};

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Measured rounds, after one to warm up.
    pub(crate) rounds: usize,
    /// No row is measured again once it took this long: a quadratic row in its
    /// worst column needs seconds for each round, and is steady.
    pub(crate) row_budget: Duration,
}

/// One row at one cut.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// Median time for the whole stream.
    pub(crate) time: Duration,
    /// What one run allocated.
    pub(crate) allocations: Allocations,
    bytes: usize,
    events: usize,
}

impl Measured {
    /// Throughput in megabytes (10^6) per second.
    pub(crate) fn megabytes_per_second(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.time.as_secs_f64()
    }

    /// Time for one event of the stream, in nanoseconds.
    pub(crate) fn nanoseconds_per_event(&self) -> f64 {
        self.time.as_secs_f64() * 1e9 / self.events as f64
    }

    /// Calls to the allocator for each event of the stream.
    pub(crate) fn allocations_per_event(&self) -> f64 {
        self.allocations.calls as f64 / self.events as f64
    }

    /// Bytes asked of the allocator for each event of the stream.
    pub(crate) fn allocated_bytes_per_event(&self) -> f64 {
        self.allocations.bytes as f64 / self.events as f64
    }
}

/// Measures all `rows` over `sample`, cut in one way. Every run is checked.
///
/// # Errors
/// If a row fails on the stream or finds something else in it.
pub(crate) fn measure(
    rows: &[Contender],
    sample: &Sample,
    cut: Cut,
    effort: Effort,
) -> anyhow::Result<Vec<Measured>> {
    let chunks = sample.chunks(cut);
    let mut tally = Tally::for_sample(sample);
    let mut counted = Vec::with_capacity(rows.len());
    let mut times = vec![Vec::new(); rows.len()];
    for round in 0..=effort.rounds {
        for (row, times) in rows.iter().zip(&mut times) {
            if times.iter().sum::<Duration>() > effort.row_budget {
                continue;
            }
            tally.clear();
            let ((ended, time), allocations) =
                allocations(|| timed(|| (row.run)(&chunks, &mut tally)));
            ended
                .and_then(|()| tally.check(row.yields, sample))
                .with_context(|| format!("{} at {cut:?}", row.name))?;
            if round == 0 {
                counted.push(allocations);
            }
            if round > 0 || time > effort.row_budget {
                times.push(time);
            }
        }
    }
    let measured = counted.into_iter().zip(times).map(|(allocations, times)| Measured {
        time: median(times),
        allocations,
        bytes: sample.bytes.len(),
        events: sample.events(),
    });
    Ok(measured.collect())
}

/// Runs `work` and says how much CPU time this thread spent on it.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = thread_time();
    let result = work();
    (result, thread_time().saturating_sub(before))
}

/// The middle one; zero if there are none.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

#[cfg(test)]
mod tests {
    use super::{Effort, measure};
    use crate::contenders::{ALL, Contender, Yields};
    use crate::sample::{Cut, Sample};
    use std::time::Duration;

    const ONCE: Effort = Effort { rounds: 1, row_budget: Duration::from_secs(1) };

    #[test]
    fn every_row_reads_the_whole_stream_however_it_is_cut() {
        let sample = Sample::standard();
        for cut in [Cut::Event, Cut::Bytes(1_000), Cut::Bytes(16 << 10)] {
            let measured = measure(ALL, &sample, cut, ONCE).unwrap();
            assert!(measured.iter().all(|row| row.time > Duration::ZERO));
        }
    }

    #[test]
    fn a_row_that_leaves_something_out_is_an_error() {
        let sample = Sample::standard();
        for yields in [Yields::Frames, Yields::Answer] {
            let idle = Contender { name: "idle", yields, run: |_, _| Ok(()) };
            assert!(measure(&[idle], &sample, Cut::Event, ONCE).is_err());
        }
    }
}
