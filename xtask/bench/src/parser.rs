//! `bench parser`: the table.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::ensure;

use crate::contenders::{ALL, Contender, REFERENCE};
use crate::measure::{Effort, Measured, measure};
use crate::sample::{Cut, Sample};
use crate::table::amount;

/// What was typed after `parser`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Two rounds, no 4 MiB column: to see that everything runs (about 10 s)
    #[arg(long)]
    quick: bool,
    /// Measured rounds, after one to warm up
    #[arg(long, default_value_t = 8)]
    rounds: usize,
    /// Only the rows whose name holds this text; ratios need the reference among them
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Only the first table: one event per chunk (for perf and callgrind)
    #[arg(long)]
    event_chunks: bool,
}

/// A column of the second table.
struct Column {
    name: &'static str,
    cut: Cut,
    /// Over the stream that is four times as long.
    long: bool,
}

const COLUMNS: &[Column] = &[
    Column { name: "16 KiB", cut: Cut::Bytes(16 << 10), long: false },
    Column { name: "64 KiB", cut: Cut::Bytes(64 << 10), long: false },
    Column { name: "1 MiB", cut: Cut::Bytes(1 << 20), long: false },
    Column { name: "4 MiB", cut: Cut::Bytes(4 << 20), long: true },
    Column { name: "1 byte", cut: Cut::Bytes(1), long: false },
];

/// Measures and prints both tables as Markdown on standard output.
///
/// # Errors
/// If a row does not find the whole answer.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let wanted = |row: &&Contender| match &options.only {
        None => true,
        Some(text) => row.name.contains(text.as_str()),
    };
    let rows: Vec<Contender> = ALL.iter().filter(wanted).copied().collect();
    ensure!(!rows.is_empty(), "no row's name holds that text");
    let effort = match options.quick {
        true => Effort { rounds: 2, row_budget: Duration::from_millis(300) },
        false => Effort { rounds: options.rounds, row_budget: Duration::from_secs(3) },
    };
    let sample = Sample::standard();

    eprintln!("one event per chunk …");
    let by_event = measure(&rows, &sample, Cut::Event, effort)?;
    print!("{}", heading(&sample, options));
    print!("{}", costs(&rows, &by_event));
    if options.event_chunks {
        return Ok(());
    }

    let mut columns = Vec::new();
    for column in COLUMNS.iter().filter(|column| !(column.long && options.quick)) {
        eprintln!("{} per chunk …", column.name);
        let long = column.long.then(Sample::quadruple);
        let sample = long.as_ref().unwrap_or(&sample);
        columns.push((column.name, measure(&rows, sample, column.cut, effort)?));
    }
    print!("\n{}", cuts(&rows, &columns));
    Ok(())
}

fn heading(sample: &Sample, options: &Options) -> String {
    format!(
        "{} bytes, {} events; thread CPU time, median of {} alternating rounds; × is to \
         *{REFERENCE}* in the same run. Every row's result is checked.\n\n",
        sample.bytes.len(),
        sample.events(),
        if options.quick { 2 } else { options.rounds },
    )
}

/// One event per chunk: time and allocations.
fn costs(rows: &[Contender], measured: &[Measured]) -> String {
    let mut table = String::from(
        "| one event per chunk | MB/s | ns/event | × | allocs/event | bytes/event |\n\
         |---|--:|--:|--:|--:|--:|\n",
    );
    let reference = reference(rows, measured);
    for (row, of) in rows.iter().zip(measured) {
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {:.2} | {:.0} |",
            row.name,
            amount(of.megabytes_per_second()),
            amount(of.nanoseconds_per_event()),
            ratio(of, reference),
            of.allocations_per_event(),
            of.allocated_bytes_per_event(),
        );
    }
    table
}

/// The other cuts: MB/s, and × the reference at the same cut. The last column
/// says how far the speed depends on the size of the chunks: 1.00 is not at all.
fn cuts(rows: &[Contender], columns: &[(&str, Vec<Measured>)]) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut table = format!(
        "| chunks of: MB/s · × | {} | larger ÷ 16 KiB |\n|---|{}--:|\n",
        names.join(" | "),
        "--:|".repeat(columns.len()),
    );
    for (number, row) in rows.iter().enumerate() {
        let _ = write!(table, "| {} |", row.name);
        for (_, measured) in columns {
            let of = &measured[number];
            let speed = amount(of.megabytes_per_second());
            let _ = write!(table, " {speed} · {} |", ratio(of, reference(rows, measured)));
        }
        let speeds = columns.iter().map(|(_, measured)| measured[number].megabytes_per_second());
        let _ = writeln!(table, " {} |", amount(flatness(&speeds.collect::<Vec<_>>())));
    }
    table
}

/// The slowest of the larger chunks against the first column; the last column
/// (byte by byte) measures something else and is left out.
fn flatness(speeds: &[f64]) -> f64 {
    match speeds {
        [first, larger @ .., _] => larger.iter().copied().fold(f64::INFINITY, f64::min) / first,
        _ => f64::NAN,
    }
}

fn reference<'a>(rows: &[Contender], measured: &'a [Measured]) -> Option<&'a Measured> {
    let at = rows.iter().position(|row| row.name == REFERENCE)?;
    measured.get(at)
}

fn ratio(of: &Measured, reference: Option<&Measured>) -> String {
    match reference {
        Some(reference) => amount(reference.time.as_secs_f64() / of.time.as_secs_f64()),
        None => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::flatness;

    #[test]
    fn flatness_is_the_worst_of_the_larger_chunks() {
        assert_eq!(flatness(&[100.0, 95.0, 90.0, 1.0]), 0.9);
        assert_eq!(flatness(&[100.0, 120.0, 110.0, 1.0]), 1.1);
    }
}
