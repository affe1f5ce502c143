//! `bench gateway`: what a user pays for the gateway between a client and an
//! upstream, beside the same client asking the same upstream directly.
//!
//! Client and upstream are scripted, on loopback, and cost next to nothing; the
//! gateway is its own binary, and what is said of its CPU and memory is what
//! the kernel counted for that process. Every answer is checked word by word.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod load;
mod process;
mod script;
mod upstream;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures::future::try_join_all;

use self::load::{Client, Heard, Question};
use self::process::{Gateway, cpu_time};
use self::script::{WIRES, Wire, word};
use self::upstream::{Departures, Listening, Pace, STREAMS};
use crate::table::{amount, median};

/// What was typed after `gateway`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The gateway's binary; `cargo xtask bench` builds one, optimised, and fills this in
    #[arg(long, value_name = "PATH")]
    gateway: PathBuf,
    /// Measured rounds, after one to warm up
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Streams of 2,000 words in each round, one after the other
    #[arg(long, default_value_t = 5)]
    bursts: usize,
    /// Streams that are held open for the column of memory
    #[arg(long, default_value_t = 200)]
    open: usize,
    /// Only the upstream of this wire: responses, chat, messages
    #[arg(long, value_name = "WIRE")]
    only: Option<String>,
}

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// The upstream itself: all ratios are to this one.
    Direct,
    /// A relay that copies bytes and reads none: what being in between costs.
    Copied,
    Gateway,
}

/// One row of a table.
#[derive(Debug)]
struct Row {
    way: Way,
    client: Wire,
    upstream: Wire,
    streamed: bool,
    model: [String; 3],
    bursts: Vec<Sample>,
    paced: Vec<Sample>,
    /// Of each paced word.
    delays: Vec<Duration>,
    /// Bytes for each open stream.
    memory: Option<f64>,
}

/// One round of one row.
#[derive(Debug)]
struct Sample {
    /// From the question to the first word, the middle one of the round.
    first: f64,
    /// Until the last byte; the middle one too. Both in seconds.
    whole: f64,
    /// Of what is in between, for each word; seconds.
    cpu: f64,
}

/// Measures and prints a table for each upstream wire as Markdown on standard output.
///
/// # Errors
/// If an answer is not what the upstream said.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let (upstream, departures) = upstream::upstream()?;
    let copied = upstream::copying_relay(upstream.address)?;
    let gateway = Gateway::start(&options.gateway, upstream.address)?;
    let bench = Bench { upstream, departures, copied, gateway, client: Client::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wanted = |wire: &Wire| match &options.only {
        None => true,
        Some(text) => wire.name().eq_ignore_ascii_case(text),
    };
    let mut tables: Vec<(Wire, Vec<Row>)> =
        WIRES.into_iter().filter(wanted).map(|wire| (wire, rows(wire))).collect();
    ensure!(!tables.is_empty(), "no such wire; there are responses, chat, messages");
    for round in 0..=options.rounds {
        eprintln!("round {round} of {}: bursts, and {STREAMS} paced streams …", options.rounds);
        for row in tables.iter_mut().flat_map(|(_, rows)| rows) {
            let measured = runtime.block_on(bench.round(row, options, round > 0));
            measured.with_context(|| row.name())?;
        }
    }
    eprintln!("{} open streams …", options.open);
    for row in tables.iter_mut().flat_map(|(_, rows)| rows) {
        if row.way == Way::Gateway && row.streamed {
            let held = runtime.block_on(bench.memory(row, options));
            row.memory = Some(held.with_context(|| row.name())?);
        }
    }
    print!("{}", heading(options));
    for (wire, rows) in &tables {
        print!("\n{}", table(*wire, rows));
    }
    Ok(())
}

/// Everything that may stand behind `upstream`, cheapest first.
fn rows(upstream: Wire) -> Vec<Row> {
    let row = |way, client, streamed| Row::new(way, client, upstream, streamed);
    let mut rows = vec![row(Way::Direct, upstream, true), row(Way::Copied, upstream, true)];
    rows.push(row(Way::Gateway, upstream, true));
    let others = WIRES.into_iter().filter(|wire| *wire != upstream);
    rows.extend(others.map(|client| row(Way::Gateway, client, true)));
    rows.push(row(Way::Gateway, upstream, false));
    rows
}

impl Row {
    fn new(way: Way, client: Wire, upstream: Wire, streamed: bool) -> Self {
        let model = Pace::ALL.map(|pace| match way {
            Way::Gateway => format!("{}/{}", upstream.api(), pace.model()),
            Way::Direct | Way::Copied => pace.model().to_owned(),
        });
        let (bursts, paced, delays) = (Vec::new(), Vec::new(), Vec::new());
        Self { way, client, upstream, streamed, model, bursts, paced, delays, memory: None }
    }

    fn name(&self) -> String {
        match (self.way, self.client == self.upstream, self.streamed) {
            (Way::Direct, _, _) => "asked directly".to_owned(),
            (Way::Copied, _, _) => "through a relay that copies bytes".to_owned(),
            (Way::Gateway, true, true) => "**gateway**, relayed".to_owned(),
            (Way::Gateway, false, true) => format!("**gateway**, {} client", self.client.name()),
            (Way::Gateway, _, false) => "**gateway**, not streamed".to_owned(),
        }
    }

    fn question(&self, address: SocketAddr, pace: Pace, stream: usize) -> Question<'_> {
        let at = Pace::ALL.iter().position(|known| *known == pace).unwrap_or_default();
        let model = &self.model[at];
        let (client, streamed) = (self.client, self.streamed);
        Question { address, client, model, pace, stream, streamed }
    }
}

struct Bench {
    upstream: Listening,
    departures: Arc<Departures>,
    copied: Listening,
    gateway: Gateway,
    client: Client,
}

impl Bench {
    fn address(&self, way: Way) -> SocketAddr {
        match way {
            Way::Direct => self.upstream.address,
            Way::Copied => self.copied.address,
            Way::Gateway => self.gateway.address,
        }
    }

    /// What is in between has computed so much.
    fn cpu(&self, way: Way) -> anyhow::Result<Duration> {
        match way {
            Way::Direct => Ok(Duration::ZERO),
            Way::Copied => cpu_time(std::slice::from_ref(&self.copied.thread)),
            Way::Gateway => cpu_time(&self.gateway.threads()?),
        }
    }

    /// `kept`: not to warm up.
    async fn round(&self, row: &mut Row, options: &Options, kept: bool) -> anyhow::Result<()> {
        let burst = self.bursts(row, options.bursts).await.context("bursts")?;
        let (paced, delays) = self.paced(row).await.context("paced")?;
        if kept {
            row.bursts.push(burst);
            row.paced.push(paced);
            row.delays.extend(delays);
        }
        Ok(())
    }

    /// One stream after the other.
    async fn bursts(&self, row: &Row, count: usize) -> anyhow::Result<Sample> {
        let question = row.question(self.address(row.way), Pace::Burst, 0);
        let before = self.cpu(row.way)?;
        let mut heard = Vec::new();
        for _ in 0..count {
            heard.push(self.client.ask(&question).await?);
        }
        Ok(Sample::of(&heard, Pace::Burst, self.cpu(row.way)?.saturating_sub(before)))
    }

    /// All streams at once, begun apart, as users do.
    async fn paced(&self, row: &Row) -> anyhow::Result<(Sample, Vec<Duration>)> {
        let address = self.address(row.way);
        let before = self.cpu(row.way)?;
        let ask = |stream: usize| async move {
            tokio::time::sleep(Pace::SPACING.mul_f64(stream as f64 / STREAMS as f64)).await;
            self.client.ask(&row.question(address, Pace::Paced, stream)).await
        };
        let heard = try_join_all((0..STREAMS).map(ask)).await?;
        let sample = Sample::of(&heard, Pace::Paced, self.cpu(row.way)?.saturating_sub(before));
        let mut delays = Vec::new();
        for (stream, heard) in heard.iter().enumerate() {
            let words = heard.arrivals.iter().enumerate();
            delays.extend(words.map(|(word, at)| self.departures.delay(stream, word, *at)));
        }
        Ok((sample, delays))
    }

    /// How much a gateway that nobody has used yet grows with each open stream.
    async fn memory(&self, row: &Row, options: &Options) -> anyhow::Result<f64> {
        let gateway = Gateway::start(&options.gateway, self.upstream.address)?;
        // What the first stream brings with it is not the stream's.
        let warm = self.client.ask(&row.question(gateway.address, Pace::Burst, 0)).await?;
        ensure!(!warm.whole.is_zero(), "no time has passed");
        let before = gateway.resident()?;
        let last = word(Pace::Held.words() - 1);
        let question = row.question(gateway.address, Pace::Held, 0);
        let open = (0..options.open).map(|_| self.client.open(&question, last.trim_end()));
        let open = try_join_all(open).await?;
        let grown = gateway.resident()?.saturating_sub(before);
        Ok(grown as f64 / open.len().max(1) as f64)
    }
}

impl Sample {
    fn of(heard: &[Heard], pace: Pace, cpu: Duration) -> Self {
        let first = heard.iter().map(|heard| heard.first.as_secs_f64());
        let whole = heard.iter().map(|heard| heard.whole.as_secs_f64());
        let words = heard.len() * pace.words();
        Self {
            first: median(first.collect()),
            whole: median(whole.collect()),
            cpu: cpu.as_secs_f64() / words as f64,
        }
    }
}

fn heading(options: &Options) -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "Medians of {} alternating rounds on {} processors, load {} at the end. Burst: {} words, \
         as fast as they are read; paced: {STREAMS} streams, {} words each, one every {} ms. \
         × is to *asked directly* in the same run. CPU is the gateway's process alone.\n",
        options.rounds,
        std::thread::available_parallelism().map_or(0, usize::from),
        load.split(' ').next().unwrap_or("?"),
        Pace::Burst.words(),
        Pace::Paced.words(),
        Pace::SPACING.as_millis(),
    )
}

fn table(upstream: Wire, rows: &[Row]) -> String {
    let mut table = format!(
        "| {} upstream | first word, ms · × | burst, words/s · × | CPU µs/word, burst | paced | \
         delay p50 · p99, ms | KiB per open stream |\n|---|--:|--:|--:|--:|--:|--:|\n",
        upstream.name(),
    );
    let of =
        |samples: &[Sample], part: fn(&Sample) -> f64| median(samples.iter().map(part).collect());
    let first = |row: &Row| of(&row.bursts, |sample| sample.first);
    let speed = |row: &Row| Pace::Burst.words() as f64 / of(&row.bursts, |sample| sample.whole);
    let Some(direct) = rows.first() else { return table };
    for row in rows {
        let dash = || "–".to_owned();
        let times = |number: f64, to: f64| format!("{} · {}", amount(number), amount(number / to));
        let cpu = |samples: &[Sample]| match row.way {
            Way::Direct => dash(),
            Way::Copied | Way::Gateway => amount(of(samples, |sample| sample.cpu) * 1e6),
        };
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | {} |",
            row.name(),
            if row.streamed { times(first(row) * 1e3, first(direct) * 1e3) } else { dash() },
            times(speed(row), speed(direct)),
            cpu(&row.bursts),
            cpu(&row.paced),
            delays(&row.delays).unwrap_or_else(dash),
            row.memory.map_or_else(dash, |bytes| amount(bytes / 1024.0)),
        );
    }
    table
}

/// The middle one and the one that one in a hundred exceeds.
fn delays(all: &[Duration]) -> Option<String> {
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    let at =
        |share: usize| sorted.get(sorted.len() * share / 100).map(|time| time.as_secs_f64() * 1e3);
    Some(format!("{} · {}", amount(at(50)?), amount(at(99)?)))
}

#[cfg(test)]
mod tests {
    use super::{Way, delays, rows};
    use crate::gateway::script::WIRES;
    use std::time::Duration;

    #[test]
    fn each_table_begins_with_what_the_others_are_compared_to() {
        for wire in WIRES {
            let rows = rows(wire);
            assert_eq!(rows[0].way, Way::Direct);
            let names: std::collections::BTreeSet<_> = rows.iter().map(super::Row::name).collect();
            assert_eq!((rows.len(), names.len()), (6, 6));
        }
    }

    #[test]
    fn delays_are_told_by_the_middle_and_the_hundredth() {
        let all: Vec<_> = (0..200).rev().map(Duration::from_millis).collect();
        assert_eq!(delays(&all).unwrap(), "100 · 198");
        assert_eq!(delays(&[]), None);
    }
}
