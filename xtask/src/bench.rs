//! `cargo xtask bench <parser|config|gateway>`: the product measured beside what people
//! would use instead.
//!
//! The benchmarks are the crate `xtask/bench`, a workspace of its own: the
//! competitors they are measured against must not be in our `Cargo.lock`, nor
//! in the build of any other verb. Built with optimisation in `<target>/bench`;
//! the table goes to standard output, everything else to standard error.

use anyhow::{Context, bail, ensure};

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
    let workspace = Workspace::read()?;
    let target = workspace.target.join("bench");
    let mut arguments = options.arguments.clone();
    if needs_the_gateway(&arguments) {
        eprintln!("building the gateway, optimised …");
        // As users run it: a debug build checks its own laws while it is measured.
        let mut build = cargo(&["build", "--quiet", "--release", "--locked", "-p", "oc-gateway"]);
        ensure!(build.status().context("cannot start cargo")?.success(), "the gateway: see above");
        let binary = workspace.target.join("release/oc-gateway");
        arguments.extend(["--gateway".to_owned(), binary.display().to_string()]);
    }
    // Not `--locked`: what our crates depend on changes with them, and the
    // competitors' versions are pinned in the manifest.
    let status = cargo(&["run", "--quiet", "--release"])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        .arg("--")
        .args(&arguments)
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the benchmarks: {status}");
    }
    Ok(())
}

/// `bench gateway` without a binary of the user's own, or a wish for help.
fn needs_the_gateway(arguments: &[String]) -> bool {
    let given = |name: &str| arguments.iter().any(|argument| argument.starts_with(name));
    arguments.first().is_some_and(|what| what == "gateway")
        && !["--gateway", "--help", "-h"].into_iter().any(given)
}

#[cfg(test)]
mod tests {
    use super::needs_the_gateway;

    #[test]
    fn the_gateway_is_built_only_where_it_is_measured_and_none_is_given() {
        let rows = [
            (&["gateway"][..], true),
            (&["gateway", "--rounds", "3"], true),
            (&["gateway", "--gateway", "/usr/bin/oc-gateway"], false),
            (&["gateway", "--gateway=/usr/bin/oc-gateway"], false),
            (&["gateway", "--help"], false),
            (&["parser", "--quick"], false),
            (&[], false),
        ];
        for (typed, expected) in rows {
            let typed: Vec<String> = typed.iter().map(ToString::to_string).collect();
            assert_eq!(needs_the_gateway(&typed), expected, "{typed:?}");
        }
    }
}
