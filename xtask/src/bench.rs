//! `cargo xtask bench <parser|config>`: the product measured beside what people
//! would use instead.
//!
//! The benchmarks are the crate `xtask/bench`, a workspace of its own: the
//! competitors they are measured against must not be in our `Cargo.lock`, nor
//! in the build of any other verb. Built with optimisation in `<target>/bench`;
//! the table goes to standard output, everything else to standard error.

use anyhow::{Context, bail};

use crate::process::cargo;
use crate::workspace::{self, Workspace};

/// What was typed after `bench`.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// What to measure, and how; `cargo xtask bench --help` says what there is
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

/// Builds the benchmarks and runs them with what was typed.
///
/// # Errors
/// If they cannot be built, or a row of the table read something wrong.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let manifest = workspace::root().join("xtask/bench/Cargo.toml");
    let target = Workspace::read()?.target.join("bench");
    // Not `--locked`: what our crates depend on changes with them, and the
    // competitors' versions are pinned in the manifest.
    let status = cargo(&["run", "--quiet", "--release"])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        .arg("--")
        .args(&options.arguments)
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the benchmarks: {status}");
    }
    Ok(())
}
