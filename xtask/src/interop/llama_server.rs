//! llama.cpp's server, built from the source that PyPI's `llama-cpp-python`
//! carries: the one registry package that holds the whole tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::process;

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

/// Builds once (about six minutes on two cores) and returns the binary.
///
/// # Errors
/// If cmake or ninja is missing, the source is not the expected one, or the
/// build fails.
pub(super) fn build(cache: &Path, scripts: &Path) -> anyhow::Result<PathBuf> {
    let folder = cache.join("llama-server");
    let binary = folder.join("build/bin/llama-server");
    if binary.exists() {
        return Ok(binary);
    }
    for tool in ["cmake", "ninja"] {
        ensure!(
            process::is_installed(tool, "--version"),
            "{tool} is not installed: apt-get install cmake ninja-build"
        );
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let source = fetch(&folder, scripts)?;
    let build = folder.join("build");
    let mut configure = Command::new("cmake");
    configure.args(["-G", "Ninja", "-S"]).arg(source).arg("-B").arg(&build).args(CONFIGURE);
    process::run(&mut configure)?;
    process::run(Command::new("ninja").arg("-C").arg(&build).arg("llama-server"))?;
    Ok(binary)
}

/// Downloads the source package, whose hash is in the requirements file, and
/// unpacks it.
fn fetch(folder: &Path, scripts: &Path) -> anyhow::Result<PathBuf> {
    let mut download = Command::new("python3");
    download.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-binary=llama-cpp-python",
        "--require-hashes",
        "-r",
    ]);
    process::run(download.arg(scripts.join("requirements-server.txt")).arg("-d").arg(folder))?;
    let archive = newest(folder, ".tar.gz")?;
    process::run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(folder))?;
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
