//! `oc-gateway completions SHELL`.

use std::io::Write;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::exit;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// For which shell.
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut super::Arguments::command(), "oc-gateway", &mut script);
    out.write_all(&script)?;
    Ok(exit::OK)
}
