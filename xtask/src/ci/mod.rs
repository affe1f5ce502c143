//! `cargo xtask ci`: all that CI runs, in one table.
//!
//! A failing step does not stop the others: one run shows everything that is
//! wrong. The last line is the sum of all tests; the exit code is 0 only if
//! every step passed.

mod examples;
mod features;
mod layers;

use std::io::IsTerminal;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::process::{self, cargo};
use crate::tally::Tally;
use crate::tools::{self, CARGO_DENY, CARGO_FUZZ, CLIPPY, CXX, RUSTFMT, Tool};
use crate::{docs, fuzz, generated, interop, schema, tidy, workspace::Workspace};

/// What was typed after `ci`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Also the long steps; a missing tool is a failure
    #[arg(long)]
    full: bool,
    /// Only these steps
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    only: Vec<String>,
    /// Name the steps and do nothing
    #[arg(long)]
    list: bool,
}

struct Step {
    name: &'static str,
    what: &'static str,
    runs: Runs,
    /// Tools that a Rust toolchain does not bring.
    needs: &'static [Tool],
    run: fn(&Workspace) -> anyhow::Result<Tally>,
}

/// When nobody asked for the step by name. Each holds what is above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Runs {
    /// On every machine that has Rust.
    Always,
    /// Where `CI` is set to `true`: needs the registries of other languages too.
    InCi,
    /// With `--full`: too long for every change.
    Full,
}

/// Cheap and telling first.
const STEPS: &[Step] = &[
    always("lock", "Cargo.lock is current", lock),
    always("tidy", "the rules no compiler knows", tidy_step),
    always("generated", "references and schemas are those of the code", generated_step),
    always("layers", "who may depend on whom", layers::check),
    Step { needs: &[RUSTFMT], ..always("fmt", "rustfmt", fmt) },
    Step { needs: &[CLIPPY], ..always("clippy", "every target, warnings denied", clippy) },
    always("test", "unit and integration tests", tests),
    always("doctest", "the examples in the documentation", doctests),
    always("examples", "each example runs and exits 0", examples::run),
    always("rustdoc", "warnings denied", rustdoc),
    always("features", "no default, each alone, all", features::check),
    Step { needs: &[CARGO_DENY], ..always("deny", "bans, licences, sources", deny) },
    Step {
        runs: Runs::InCi,
        needs: interop::NEEDS,
        ..always("interop", "official SDKs and other programs against the binary", |_| {
            interop::run(&interop::Options::default())
        })
    },
    Step {
        runs: Runs::InCi,
        ..always("client", "the fallback engine around somebody else's client", examples::client)
    },
    Step {
        runs: Runs::InCi,
        ..always("cancelled", "ten thousand cancelled streams leave nothing behind", cancelled)
    },
    Step {
        runs: Runs::InCi,
        needs: &[CARGO_FUZZ, CXX],
        ..always("fuzz", "every fuzz target for ten seconds", fuzz_step)
    },
    Step {
        runs: Runs::Full,
        needs: interop::NEEDS,
        ..always("servers", "a real llama-server and real agents", |_| {
            interop::run(&interop::Options::servers())
        })
    },
];

const fn always(
    name: &'static str,
    what: &'static str,
    run: fn(&Workspace) -> anyhow::Result<Tally>,
) -> Step {
    Step { name, what, runs: Runs::Always, needs: &[], run }
}

/// Runs the steps that `options` asks for; true if every one of them passed.
///
/// # Errors
/// If a name after `--only` is unknown, or cargo cannot describe the workspace.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    if options.list {
        for step in STEPS {
            println!("{:10} {}", step.name, step.what);
        }
        return Ok(true);
    }
    if let Some(unknown) = options.only.iter().find(|name| STEPS.iter().all(|s| s.name != **name)) {
        bail!("no step `{unknown}`; `cargo xtask ci --list` names them");
    }

    let workspace = Workspace::read()?;
    let steps: Vec<&Step> =
        STEPS.iter().filter(|s| options.only.is_empty() || options.asks_for(s)).collect();
    say_what_is_missing(&steps, options);
    let mut records = Vec::new();
    for step in steps {
        println!("\n== {}: {}", step.name, step.what);
        let started = Instant::now();
        let end = step.run(&workspace, options);
        if let End::Failed(_, why) | End::LeftOut(why) = &end {
            println!("{}: {why}", step.name);
        }
        records.push(Record { name: step.name, took: started.elapsed(), end });
    }
    Ok(sum_up(&records))
}

/// Now, not a quarter of an hour later when the step's turn comes.
fn say_what_is_missing(steps: &[&Step], options: &Options) {
    let mut needs: Vec<Tool> = Vec::new();
    for tool in steps.iter().filter(|step| step.is_wanted(options)).flat_map(|step| step.needs) {
        if needs.iter().all(|known| known.name != tool.name) {
            needs.push(*tool);
        }
    }
    let missing = tools::missing(&needs);
    if !missing.is_empty() {
        println!("some steps cannot run here: {}", tools::counsel(&missing));
    }
}

enum End {
    Passed(Tally),
    LeftOut(String),
    /// What did run, and why the step failed.
    Failed(Tally, String),
}

struct Record {
    name: &'static str,
    took: Duration,
    end: End,
}

impl Options {
    fn asks_for(&self, step: &Step) -> bool {
        self.only.iter().any(|name| name == step.name)
    }

    fn runs(&self) -> Runs {
        if self.full {
            Runs::Full
        } else if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
            Runs::InCi
        } else {
            Runs::Always
        }
    }
}

impl Step {
    fn is_wanted(&self, options: &Options) -> bool {
        self.runs <= options.runs() || options.asks_for(self)
    }

    fn run(&self, workspace: &Workspace, options: &Options) -> End {
        if !self.is_wanted(options) {
            return End::LeftOut(format!("`cargo xtask ci --only {}` runs it", self.name));
        }
        let missing = tools::missing(self.needs);
        if !missing.is_empty() {
            let why = tools::counsel(&missing);
            return if options.runs() > Runs::Always || options.asks_for(self) {
                End::Failed(Tally::default(), why)
            } else {
                End::LeftOut(why)
            };
        }
        match (self.run)(workspace) {
            Ok(tally) if tally.failed == 0 => End::Passed(tally),
            Ok(tally) => End::Failed(tally, format!("{} failed", tally.failed)),
            Err(error) => End::Failed(Tally::default(), format!("{error:#}")),
        }
    }
}

/// Prints the end of each step, and last the sum of all tests.
fn sum_up(records: &[Record]) -> bool {
    let mut total = Tally::default();
    let mut broken = Vec::new();
    println!("\n== summary");
    for record in records {
        let (word, tally, why) = match &record.end {
            End::Passed(tally) => ("ok", *tally, ""),
            End::LeftOut(why) => ("left out", Tally::default(), why.as_str()),
            End::Failed(tally, why) => {
                broken.push(record.name);
                // A step that fails without naming tests is one failure.
                ("FAILED", Tally { failed: tally.failed.max(1), ..*tally }, why.as_str())
            }
        };
        total.add(tally);
        let tests = if tally == Tally::default() { String::new() } else { tally.to_string() };
        let first = why.lines().next().unwrap_or_default();
        println!(
            "{word:8} {:10} {:6.1} s  {tests}  {first}",
            record.name,
            record.took.as_secs_f64()
        );
    }
    if !broken.is_empty() {
        println!("{} of {} steps failed: {}", broken.len(), records.len(), broken.join(", "));
    }
    println!("{total}");
    broken.is_empty()
}

fn lock(_: &Workspace) -> anyhow::Result<Tally> {
    only(&mut cargo(&["fetch", "--locked"]))
}

fn tidy_step(_: &Workspace) -> anyhow::Result<Tally> {
    tidy::run()?;
    Ok(Tally::default())
}

fn generated_step(_: &Workspace) -> anyhow::Result<Tally> {
    docs::run(&generated::Options::check())?;
    schema::run(&generated::Options::check())?;
    Ok(Tally::default())
}

fn fmt(_: &Workspace) -> anyhow::Result<Tally> {
    let mut command = cargo(&["fmt", "--all", "--check"]);
    if !std::io::stdout().is_terminal() {
        command.args(["--", "--color=never"]);
    }
    only(&mut command)
}

fn clippy(_: &Workspace) -> anyhow::Result<Tally> {
    only(&mut cargo(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))
}

fn tests(_: &Workspace) -> anyhow::Result<Tally> {
    let mut command = cargo(&[
        "test",
        "--locked",
        "--workspace",
        "--all-features",
        "--lib",
        "--bins",
        "--tests",
        "--no-fail-fast",
    ]);
    counted(command.env("INSTA_UPDATE", "no"))
}

/// The same test as among the others, with ten times as many streams.
fn cancelled(_: &Workspace) -> anyhow::Result<Tally> {
    let mut command = cargo(&[
        "test",
        "--locked",
        "--workspace",
        "--all-features",
        "--test",
        "fault_matrix",
        "cancelled_streams_leak_nothing",
    ]);
    let tally = counted(command.env("CANCELLED", "10000"))?;
    anyhow::ensure!(tally.passed + tally.failed > 0, "the test is not there any more");
    Ok(tally)
}

fn doctests(_: &Workspace) -> anyhow::Result<Tally> {
    counted(&mut cargo(&[
        "test",
        "--locked",
        "--workspace",
        "--all-features",
        "--doc",
        "--no-fail-fast",
    ]))
}

fn rustdoc(_: &Workspace) -> anyhow::Result<Tally> {
    let mut command = cargo(&[
        "doc",
        "--locked",
        "--workspace",
        "--exclude",
        "xtask",
        "--all-features",
        "--no-deps",
    ]);
    only(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn fuzz_step(_: &Workspace) -> anyhow::Result<Tally> {
    fuzz::run(&fuzz::Options::default())?;
    Ok(Tally::default())
}

fn deny(workspace: &Workspace) -> anyhow::Result<Tally> {
    lock(workspace)?;
    only(&mut cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]))
}

/// A command that counts nothing: it passes or it does not.
fn only(command: &mut Command) -> anyhow::Result<Tally> {
    process::run(command)?;
    Ok(Tally::default())
}

/// A test runner: its closing lines are added up.
fn counted(command: &mut Command) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let end = process::tee(command, |line| {
        if let Some(more) = Tally::from_line(line) {
            tally.add(more);
        }
    });
    match end {
        Ok(()) => Ok(tally),
        // The runner's own count says it better than its exit code.
        Err(_) if tally.failed > 0 => Ok(tally),
        Err(error) => Err(error),
    }
}
