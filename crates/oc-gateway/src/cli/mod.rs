//! The command line: what was typed, and which command does it.

mod ask;
mod check;
mod completions;
mod configs;
mod demo;
mod draw;
mod explain;
mod found;
mod http;
mod models;
mod roster;
mod schema;
mod secret_command;
mod serve;

use std::{future::Future, io, process::ExitCode};

use anstream::{AutoStream, ColorChoice};
use clap::{Parser, Subcommand};
use oc_gateway::telemetry::{self, LogFormat, LogLevel};

/// Exit codes. 2, for usage errors, is clap's.
pub(crate) mod exit {
    /// All is well.
    pub(crate) const OK: u8 = 0;
    /// It was tried, and it failed.
    pub(crate) const FAILED: u8 = 1;
    /// `EX_CONFIG`: a config or settings file is wrong or missing.
    pub(crate) const CONFIG: u8 = 78;
}

/// A small gateway that makes a local model safe to rely on, with hosted
/// models as the safety net.
#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// What is logged to stderr: off, error, warn, info, debug, trace, or
    /// target=level pairs.
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<LogLevel>,
    /// How log lines look.
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the gateway.
    Serve(serve::Arguments),
    /// Ask one question through the libraries, without a server.
    Ask(ask::Arguments),
    /// Show every problem of the config and the settings at once.
    Check(check::Arguments),
    /// Show the chain a request would get and where each value came from, or
    /// what the last request got.
    Explain(explain::Arguments),
    /// List the models, and with --probe what the local servers have.
    Models(models::Arguments),
    /// Print the JSON Schema of the config or the settings.
    Schema(schema::Arguments),
    /// Print completions for a shell.
    Completions(completions::Arguments),
    /// See it work with nothing installed: three acts on loopback sockets.
    Demo(demo::Arguments),
}

/// Runs the command that was typed.
pub(crate) fn main() -> ExitCode {
    let Arguments { command, log_level, log_format } = Arguments::parse();
    // `serve` tells what it does; the other commands have their own output.
    let usual = match command {
        Command::Serve(_) => "info",
        _ => "error",
    };
    let level = log_level.or_else(|| usual.parse().ok());
    let colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
    if let Some(level) = level {
        telemetry::init(level, log_format, colour);
    }
    let code = match command {
        Command::Serve(arguments) => block_on(serve::run(arguments)),
        Command::Ask(arguments) => block_on(ask::run(arguments)),
        Command::Check(arguments) => {
            block_on(check::run(&arguments, &mut anstream::stdout().lock()))
        }
        Command::Explain(arguments) => {
            block_on(explain::run(&arguments, &mut anstream::stdout().lock()))
        }
        Command::Models(arguments) => {
            block_on(models::run(&arguments, &mut anstream::stdout().lock()))
        }
        Command::Schema(arguments) => schema::run(&arguments, &mut anstream::stdout().lock()),
        Command::Completions(arguments) => {
            completions::run(&arguments, &mut anstream::stdout().lock())
        }
        Command::Demo(arguments) => block_on(demo::run(arguments)),
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(exit::FAILED)
        }
    }
}

fn block_on(command: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}

/// The process's environment: the one place that reads it.
#[expect(clippy::disallowed_methods, reason = "the binary is where the environment comes in")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn usage_errors_exit_2() {
        for typed in [
            &["oc-gateway"][..],
            &["oc-gateway", "serv"],
            &["oc-gateway", "ask"],
            &["oc-gateway", "serve", "--listen", "here"],
            &["oc-gateway", "serve", "--log-level", "loud"],
        ] {
            let error = Arguments::try_parse_from(typed).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{typed:?}");
        }
    }
}
