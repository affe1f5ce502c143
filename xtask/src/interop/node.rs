//! The packages of a committed `package-lock.json`, installed beside the
//! scripts that use them. The Node that runs them is one of the packages, so
//! that any Node that has npm will do.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::prepare::Site;

const OTHERWISE: &str = "can this machine reach the registry (`npm config get registry`, `npm ping`)? \
                         Behind a proxy, set https_proxy. Run it again: npm keeps what it has fetched.";

/// Installs into `folder` what `source` names, unless that is there already,
/// and puts `source`'s scripts beside it.
///
/// # Errors
/// If the registry cannot be reached, or the folder cannot be written.
pub(super) fn prepare(site: &Site<'_>, folder: &Path, source: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for file in fs::read_dir(source).with_context(|| source.display().to_string())? {
        let file = file?;
        if file.file_type()?.is_file() {
            fs::copy(file.path(), folder.join(file.file_name()))?;
        }
    }
    let stamp = folder.join("installed-lock.json");
    let wanted = fs::read(folder.join("package-lock.json")).context("package-lock.json")?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    site.run(install.current_dir(folder), OTHERWISE)?;
    // Last, so that a half-made folder is not taken for a whole one.
    fs::write(stamp, wanted)?;
    Ok(())
}
