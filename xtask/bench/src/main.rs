//! The project's benchmarks, run by `cargo xtask bench`.
//!
//! | command | measures |
//! |---|---|
//! | `parser` | the Responses parser beside what people would use instead |
//! | `config` | a config of 2,000 lines, read whole |
//! | `gateway` | what the gateway's binary adds to asking an upstream directly |
//!
//! Tables go to standard output as Markdown, progress to standard error.

mod config;
mod contenders;
mod count;
mod gateway;
mod measure;
mod parser;
mod sample;
mod table;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: count::Counting = count::Counting;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The Responses parser beside what people would use instead
    Parser(parser::Options),
    /// A config of 2,000 lines, read whole
    Config(config::Options),
    /// What the gateway's binary adds to asking an upstream directly
    Gateway(gateway::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().what {
        What::Parser(options) => parser::run(&options),
        What::Config(options) => config::run(&options),
        What::Gateway(options) => gateway::run(&options),
    }
}
