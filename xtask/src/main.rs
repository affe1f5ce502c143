//! The project's own commands: `cargo xtask <verb>`.
//!
//! | verb | does |
//! |---|---|
//! | `bench` | the product beside what people would use instead, measured |
//! | `ci` | everything that CI runs, in one order, with timings |
//! | `docs` | the references that are made from the code; `--check` holds them |
//! | `fuzz` | the parser and the writer against noise, for some seconds each |
//! | `interop` | official SDKs, a foreign suite and a foreign relay against the gateway's binary |
//! | `schema` | the JSON Schemas for editors; `--check` holds them |
//! | `tidy` | the rules of the house that no compiler knows |
//!
//! One module per verb; none of them is needed to build or use a crate.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a command that people run: it talks on stdout, measures time and reads the environment"
)]

mod bench;
mod ci;
mod docs;
mod fuzz;
mod generated;
mod interop;
mod process;
mod schema;
mod tally;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::tally::Tally;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's own commands")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Measure the product beside what people would use instead
    Bench(bench::Options),
    /// Run all that CI runs; goes on after a failure and sums up at the end
    Ci(ci::Options),
    /// Write the references that are made from the code
    Docs(generated::Options),
    /// Run every fuzz target for a while
    Fuzz(fuzz::Options),
    /// Run official SDKs, llmprobe and LiteLLM against the gateway's binary
    Interop(interop::Options),
    /// Write the JSON Schemas for editors
    Schema(generated::Options),
    /// Check the rules that no compiler knows: file sizes, names, links
    Tidy,
}

fn main() -> ExitCode {
    let end = match Arguments::parse().verb {
        Verb::Bench(options) => bench::run(&options).map(|()| true),
        Verb::Ci(options) => ci::run(&options),
        Verb::Docs(options) => docs::run(&options).map(|()| true),
        Verb::Fuzz(options) => fuzz::run(&options).map(|()| true),
        Verb::Interop(options) => interop::run(&options).map(Tally::is_success),
        Verb::Schema(options) => schema::run(&options).map(|()| true),
        Verb::Tidy => tidy::run().map(|()| true),
    };
    match end {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
