//! A Python environment that holds exactly what a requirements file names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::prepare::Site;

pub(super) const OFFLINE: &str = "can this machine reach the package index (`pip config list`, PIP_INDEX_URL)? \
                         Behind a proxy, set https_proxy. Run it again: pip keeps what it has fetched.";

/// The interpreter of the environment in `folder`.
pub(super) fn python(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

/// Makes the environment, or takes the one that is there if it was made from
/// the same requirements. Without any it holds pip and nothing else.
///
/// # Errors
/// If `python3` has no `venv`, or the index cannot be reached.
pub(super) fn prepare(
    site: &Site<'_>,
    folder: &Path,
    requirements: Option<&Path>,
) -> anyhow::Result<()> {
    let python = python(folder);
    let stamp = folder.join("requirements.txt");
    let wanted = match requirements {
        Some(file) => fs::read(file).with_context(|| file.display().to_string())?,
        None => Vec::new(),
    };
    if python.exists() && fs::read(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(());
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(folder);
    site.run(&mut make, "does `python3 -m venv` work here? Debian: apt-get install python3-venv")?;
    if let Some(file) = requirements {
        site.run(&mut install(&python, file), OFFLINE)?;
    }
    // Last, so that a half-made environment is not taken for a whole one.
    fs::write(stamp, wanted)?;
    Ok(())
}

fn install(python: &Path, requirements: &Path) -> Command {
    let mut install = Command::new(python);
    install.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-deps"]);
    // Most modules are never imported: compiling all of them takes longer than fetching them.
    install.args(["--no-compile", "--progress-bar=off", "-r"]).arg(requirements);
    install
}
