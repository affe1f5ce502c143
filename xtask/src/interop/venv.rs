//! A Python environment that holds exactly what a requirements file names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::process;

/// Makes the environment, or takes the one that is there if it was made from
/// the same requirements. Returns its interpreter.
///
/// # Errors
/// If `python3` has no `venv`, or the registry cannot be reached.
pub(super) fn prepare(folder: &Path, requirements: &Path) -> anyhow::Result<PathBuf> {
    let python = folder.join("bin/python");
    let stamp = folder.join("requirements.txt");
    let wanted = fs::read(requirements).with_context(|| requirements.display().to_string())?;
    if python.exists() && fs::read(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(python);
    }
    ensure!(
        process::is_installed("python3", "--version"),
        "python3 is not installed: apt-get install python3 python3-venv (3.11 or newer)"
    );
    let mut make = Command::new("python3");
    process::run(make.args(["-m", "venv", "--clear"]).arg(folder))
        .context("python3 needs its venv module: apt-get install python3-venv")?;
    let mut install = Command::new(&python);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "-r",
    ]);
    process::run(install.arg(requirements))?;
    // Last, so that a half-made environment is not taken for a whole one.
    fs::write(stamp, wanted)?;
    Ok(python)
}
