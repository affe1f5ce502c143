//! llama.cpp's server, built from the source that PyPI's `llama-cpp-python`
//! carries: the one registry package that holds the whole tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::prepare::Site;
use super::venv;
use crate::tools::{CMAKE, CXX, NINJA, Tool};

/// What a machine needs that is to build it.
pub(super) const NEEDS: &[Tool] = &[CMAKE, NINJA, CXX];

/// No web UI, no TLS, no tests, one static binary; `-O1` halves the build and
/// the scripted model does not mind.
const CONFIGURE: &[&str] = &[
    "-DCMAKE_BUILD_TYPE=Release",
    "-DCMAKE_CXX_FLAGS_RELEASE=-O1",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DGGML_OPENMP=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_BUILD_NUMBER=0",
    "-DLLAMA_BUILD_COMMIT=0c1e57098",
];

const BROKEN: &str = "if the compiler was ended, memory was short (some 2 GB are needed). Run it again: \
                      what is compiled already stays. A build folder that is broken can be deleted.";

/// The binary, as it lies below `cache`.
pub(super) fn binary(cache: &Path) -> PathBuf {
    cache.join("llama-server/build/bin/llama-server")
}

/// Builds it, once: about six minutes on two cores.
///
/// # Errors
/// If the source cannot be fetched or is not the expected one, or the build fails.
pub(super) fn build(site: &Site<'_>, cache: &Path, scripts: &Path) -> anyhow::Result<()> {
    if binary(cache).exists() {
        return Ok(());
    }
    let folder = cache.join("llama-server");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    // A machine's own Python often has no pip; one that has venv makes one.
    let pip = folder.join("venv");
    venv::prepare(site, &pip, None)?;
    let source = fetch(site, &venv::python(&pip), &folder, scripts)?;
    let build = folder.join("build");
    let mut configure = Command::new("cmake");
    configure.args(["-G", "Ninja", "-S"]).arg(source).arg("-B").arg(&build).args(CONFIGURE);
    site.run(&mut configure, BROKEN)?;
    site.run(Command::new("ninja").arg("-C").arg(&build).arg("llama-server"), BROKEN)
}

/// Downloads the source package, whose hash is in the requirements file, and
/// unpacks it.
fn fetch(site: &Site<'_>, python: &Path, folder: &Path, scripts: &Path) -> anyhow::Result<PathBuf> {
    let mut download = Command::new(python);
    download.args([
        "-m",
        "pip",
        "download",
        "--progress-bar=off",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-binary=llama-cpp-python",
        "--require-hashes",
        "-r",
    ]);
    site.run(
        download.arg(scripts.join("requirements-server.txt")).arg("-d").arg(folder),
        venv::OFFLINE,
    )?;
    let archive = newest(folder, ".tar.gz")?;
    site.run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(folder), BROKEN)?;
    let unpacked = archive.display().to_string();
    Ok(Path::new(unpacked.trim_end_matches(".tar.gz")).join("vendor/llama.cpp"))
}

fn newest(folder: &Path, ending: &str) -> anyhow::Result<PathBuf> {
    fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .max_by_key(|path| fs::metadata(path).and_then(|m| m.modified()).ok())
        .with_context(|| format!("no {ending} in {}", folder.display()))
}
