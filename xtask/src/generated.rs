//! Files that are made from the code and committed: written, or held current.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use crate::workspace;

/// What was typed after a verb that writes files.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail if anything is stale
    #[arg(long)]
    check: bool,
}

impl Options {
    /// What CI asks for.
    pub(crate) fn check() -> Self {
        Self { check: true }
    }
}

/// A committed file, and what it should hold.
pub(crate) struct File {
    /// From the root of the workspace.
    pub(crate) path: &'static str,
    pub(crate) text: String,
}

/// Writes what is stale, or names it; `verb` is the one that writes it.
///
/// # Errors
/// If a file cannot be written, or (with `--check`) is stale.
pub(crate) fn hold(files: &[File], options: &Options, verb: &str) -> anyhow::Result<()> {
    let stale: Vec<&File> =
        files.iter().filter(|file| read(file.path).as_deref() != Some(&file.text)).collect();
    if options.check && !stale.is_empty() {
        let names: Vec<&str> = stale.iter().map(|file| file.path).collect();
        bail!("stale: {}; run `cargo xtask {verb}`", names.join(", "));
    }
    for file in stale {
        let path = workspace::root().join(file.path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        fs::write(&path, &file.text).with_context(|| format!("cannot write {}", file.path))?;
        println!("written: {}", file.path);
    }
    Ok(())
}

/// The text of a committed file, if it is there.
pub(crate) fn read(path: &str) -> Option<String> {
    fs::read_to_string(workspace::root().join(path)).ok()
}
