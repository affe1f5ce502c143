//! `cargo xtask fuzz`: every fuzz target of every crate for a while.
//!
//! Targets live in `crates/<crate>/fuzz`, each such folder a workspace of its
//! own; a new one is found by being there. What to start from stands in its
//! manifest:
//!
//! ```toml
//! [[package.metadata.seeds]]        # as often as there are prefixes
//! folders = ["../tests/fixtures"]  # every file below them …
//! bytes = 1500                     # … its beginning, …
//! prefix = [63, 0, 0]              # … behind what the target reads first
//! ```
//!
//! They need [cargo-fuzz](https://crates.io/crates/cargo-fuzz) and a C++
//! compiler; the toolchain stays the stable one, with `RUSTC_BOOTSTRAP` for
//! this command alone. No sanitizer: there is no `unsafe` to watch over.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::process::{self, cargo};
use crate::workspace::{self, Workspace};

const SMOKE_SECONDS: u32 = 10;
/// Longer inputs find nothing here that shorter ones do not, and run slower.
const INPUT_BYTES: u32 = 2048;

/// What was typed after `fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long to run each target
    #[arg(long, value_name = "N", default_value_t = SMOKE_SECONDS)]
    seconds: u32,
    /// Only this target: its name, or `crate/name`
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Build with a planted panic, and fail unless it is found
    #[arg(long)]
    planted: bool,
    /// Name the targets and do nothing
    #[arg(long)]
    list: bool,
}

/// Every target for a smoke run's ten seconds, as `cargo xtask ci` does.
impl Default for Options {
    fn default() -> Self {
        Self { seconds: SMOKE_SECONDS, target: None, planted: false, list: false }
    }
}

/// Runs the targets one after the other.
///
/// # Errors
/// If a target cannot be built, or found something (with `--planted`: nothing).
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::read()?;
    let mut targets = Vec::new();
    for folder in folders()? {
        targets.extend(Target::of(&folder)?);
    }
    if options.list {
        targets.iter().for_each(|target| println!("{}", target.full_name()));
        return Ok(());
    }
    let names: Vec<String> = targets.iter().map(Target::full_name).collect();
    if let Some(only) = &options.target {
        targets.retain(|target| *only == target.name || *only == target.full_name());
    }
    ensure!(!targets.is_empty(), "no such target; there are {}", names.join(", "));
    // One folder for all: what the targets have in common is built once.
    let built = workspace.target.join("fuzz");
    for target in &targets {
        // Apart, so that what does not build is not taken for a finding.
        let status = target.command("build", &built, options).status();
        let is_built = status.context("cannot start cargo")?.success();
        ensure!(is_built, "{} does not build; is there `cargo install cargo-fuzz`?", target.name);
        let found = !target.run(&built, options)?;
        match (found, options.planted) {
            (false, true) => bail!("{}: the planted panic was not found", target.full_name()),
            (true, false) => bail!(
                "{}: see above; the input is in {}/artifacts",
                target.full_name(),
                target.folder.display()
            ),
            _ => println!("{}: as it should be", target.full_name()),
        }
    }
    Ok(())
}

/// `crates/*/fuzz`, in the order of their names.
fn folders() -> anyhow::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for package in fs::read_dir(workspace::root().join("crates"))? {
        let folder = package?.path().join("fuzz");
        if folder.join("Cargo.toml").is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

struct Target {
    /// The crate that is put to the test.
    package: String,
    name: String,
    /// `crates/<crate>/fuzz`
    folder: PathBuf,
    seeds: Vec<Seeds>,
}

#[derive(Clone, Default)]
struct Seeds {
    folders: Vec<PathBuf>,
    bytes: usize,
    prefix: Vec<u8>,
}

impl Target {
    /// Every binary of one fuzz workspace.
    fn of(folder: &Path) -> anyhow::Result<Vec<Self>> {
        let mut ask = cargo(&["metadata", "--no-deps", "--format-version=1", "--manifest-path"]);
        let metadata: Value =
            serde_json::from_str(&process::capture(ask.arg(folder.join("Cargo.toml")))?)?;
        let package = &metadata["packages"][0];
        let seeds = package["metadata"]["seeds"].as_array().map(Vec::as_slice);
        let seeds: Vec<Seeds> = seeds
            .unwrap_or_default()
            .iter()
            .map(|seeds| Seeds::from_metadata(folder, seeds))
            .collect();
        let name = folder.parent().and_then(Path::file_name).unwrap_or_default();
        let targets = package["targets"].as_array().context("no targets")?;
        let is_binary = |target: &&Value| target["kind"][0] == "bin";
        Ok(targets
            .iter()
            .filter(is_binary)
            .filter_map(|target| target["name"].as_str())
            .map(|target| Self {
                package: name.to_string_lossy().into_owned(),
                name: target.to_owned(),
                folder: folder.to_owned(),
                seeds: seeds.clone(),
            })
            .collect())
    }

    fn full_name(&self) -> String {
        format!("{}/{}", self.package, self.name)
    }

    fn command(&self, verb: &str, built: &Path, options: &Options) -> Command {
        let mut command = cargo(&["fuzz", verb, "--sanitizer", "none", "--target-dir"]);
        command.arg(built).env("RUSTC_BOOTSTRAP", "1");
        // cargo-fuzz looks for the fuzz folder below the crate it stands in.
        command.current_dir(self.folder.parent().unwrap_or(&self.folder));
        if options.planted {
            command.args(["--features", "planted"]);
        }
        command.arg(&self.name);
        command
    }

    /// `true`: nothing was found.
    fn run(&self, built: &Path, options: &Options) -> anyhow::Result<bool> {
        let mut corpus = std::path::absolute(self.folder.join("corpus").join(&self.name))?;
        if options.planted {
            // From the seeds alone: to read what long runs have gathered takes longer
            // than the panic may.
            corpus.set_file_name(format!("{}-planted", self.name));
            if corpus.exists() {
                fs::remove_dir_all(&corpus)?;
            }
        }
        fs::create_dir_all(&corpus)?;
        for (at, seeds) in self.seeds.iter().enumerate() {
            for folder in &seeds.folders {
                seeds.sow(folder, &format!("{at}-"), &corpus)?;
            }
        }
        let status = self
            .command("run", built, options)
            .arg(&corpus)
            .args(["--", "-len_control=0", "-print_final_stats=1"])
            .arg(format!("-max_len={INPUT_BYTES}"))
            .arg(format!("-max_total_time={}", options.seconds))
            .status()
            .context("cannot start cargo")?;
        Ok(status.success())
    }
}

impl Seeds {
    fn from_metadata(folder: &Path, seeds: &Value) -> Self {
        let list = |key: &str| seeds[key].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            folders: list("folders")
                .iter()
                .filter_map(Value::as_str)
                .map(|path| folder.join(path))
                .collect(),
            bytes: seeds["bytes"].as_u64().and_then(|n| n.try_into().ok()).unwrap_or(1500),
            prefix: list("prefix")
                .iter()
                .filter_map(|byte| byte.as_u64()?.try_into().ok())
                .collect(),
        }
    }

    /// The beginning of every file below `folder`, each under a name that says where it was.
    fn sow(&self, folder: &Path, under: &str, corpus: &Path) -> anyhow::Result<()> {
        for file in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let file = file?;
            let name = format!("{under}{}", file.file_name().to_string_lossy());
            if file.file_type()?.is_dir() {
                self.sow(&file.path(), &format!("{name}-"), corpus)?;
            } else {
                let mut bytes = self.prefix.clone();
                bytes.extend(fs::read(file.path())?.into_iter().take(self.bytes));
                fs::write(corpus.join(name), bytes)?;
            }
        }
        Ok(())
    }
}
