//! `cargo xtask fuzz`: every fuzz target for a while, from the recordings on.
//!
//! The targets are a workspace of their own beside their crate. They need
//! [cargo-fuzz](https://crates.io/crates/cargo-fuzz) and a C++ compiler; the
//! toolchain stays the stable one, with `RUSTC_BOOTSTRAP` for this command
//! alone. No sanitizer: there is no `unsafe` to watch over.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};

use crate::process::cargo;
use crate::workspace;

const CRATE: &str = "crates/oc-responses-stream";
const TARGETS: &[&str] = &["parser", "machine"];
const SMOKE_SECONDS: u32 = 10;

/// What was typed after `fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long to run each target
    #[arg(long, value_name = "N", default_value_t = SMOKE_SECONDS)]
    seconds: u32,
    /// Only this target
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Build with a planted panic, and fail unless it is found
    #[arg(long)]
    planted: bool,
}

/// Every target for a smoke run's ten seconds, as `cargo xtask ci` does.
impl Default for Options {
    fn default() -> Self {
        Self { seconds: SMOKE_SECONDS, target: None, planted: false }
    }
}

/// Runs the targets one after the other.
///
/// # Errors
/// If a target cannot be built, or found something (with `--planted`: nothing).
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let wanted = |name: &&&str| options.target.as_deref().is_none_or(|only| only == **name);
    let targets: Vec<&str> = TARGETS.iter().filter(wanted).copied().collect();
    ensure!(!targets.is_empty(), "no such target; there are {}", TARGETS.join(", "));
    for target in targets {
        let found = !run_target(target, options)?;
        match (found, options.planted) {
            (false, true) => bail!("{target}: the planted panic was not found"),
            (true, false) => bail!("{target}: see above; the input is in {CRATE}/fuzz/artifacts"),
            _ => {}
        }
    }
    Ok(())
}

/// `true`: nothing was found.
fn run_target(target: &str, options: &Options) -> anyhow::Result<bool> {
    let root = workspace::root().join(CRATE);
    let corpus = root.join("fuzz/corpus").join(target);
    fs::create_dir_all(&corpus)?;
    seed(&root.join("tests/fixtures"), &corpus)?;
    // Apart, so that what does not build is not taken for a finding.
    let fuzz = |verb: &str| {
        let mut command = cargo(&["fuzz", verb, "--sanitizer", "none"]);
        command.current_dir(&root).env("RUSTC_BOOTSTRAP", "1");
        if options.planted {
            command.args(["--features", "planted"]);
        }
        command.arg(target);
        command
    };
    let built = fuzz("build").status().context("cannot start cargo")?;
    ensure!(built.success(), "{target} does not build; is there `cargo install cargo-fuzz`?");
    let status = fuzz("run")
        .args(["--", "-max_len=2048", "-len_control=0", "-print_final_stats=1"])
        .arg(format!("-max_total_time={}", options.seconds))
        .status()
        .context("cannot start cargo")?;
    Ok(status.success())
}

/// The beginnings of the recordings, each behind the three bytes from which the
/// parser's target takes how to cut it; to the machine's they are operations as
/// good as any.
fn seed(fixtures: &Path, corpus: &Path) -> anyhow::Result<()> {
    for server in fs::read_dir(fixtures)? {
        let server = server?.path();
        if !server.is_dir() {
            continue;
        }
        for file in fs::read_dir(&server)? {
            let file = file?.path();
            let name = [server.file_name(), file.file_name()]
                .map(|part| part.unwrap_or_default().to_string_lossy().into_owned());
            let mut bytes = vec![63, 0, 0];
            bytes.extend(fs::read(&file)?.into_iter().take(1500));
            fs::write(corpus.join(name.join("-")), bytes)?;
        }
    }
    Ok(())
}
