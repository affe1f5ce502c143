//! Each example is run as a reader would run it, and must exit 0.
//!
//! An example is a file in `examples/`, short enough to be read at once, and an
//! `[[example]]` of the crate that it shows: a file that no crate names would
//! rot unseen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::process::{self, cargo};
use crate::tally::Tally;
use crate::workspace::{self, Workspace};

/// Far more than any of them needs: none touches the network.
const LIMIT: Duration = Duration::from_secs(60);

/// Builds all examples and runs each. An example whose own documentation feeds
/// it a file (a line `< path`) gets that file; the others get no input.
pub(super) fn run(workspace: &Workspace) -> anyhow::Result<Tally> {
    for file in sources()? {
        ensure!(
            workspace
                .crates
                .values()
                .flat_map(|p| &p.examples)
                .any(|(_, path)| path.ends_with(&file)),
            "{} is no [[example]] of any crate",
            file.display()
        );
    }
    process::run(&mut cargo(&[
        "build",
        "--locked",
        "--workspace",
        "--all-features",
        "--examples",
    ]))?;
    let mut tally = Tally::default();
    let names = workspace.crates.values().flat_map(|package| &package.examples);
    for (name, source) in names {
        println!("$ {name}");
        match run_one(workspace, name, source) {
            Ok(()) => tally.passed += 1,
            Err(error) => {
                println!("{error:#}");
                tally.failed += 1;
            }
        }
    }
    ensure!(tally != Tally::default(), "no crate has an example");
    Ok(tally)
}

/// Tests the example around async-openai. It is a workspace of its own, with a
/// lock file of its own, and its dependencies come from the registry.
pub(super) fn client(workspace: &Workspace) -> anyhow::Result<Tally> {
    let manifest = workspace::root().join("examples/with_async_openai/Cargo.toml");
    let mut command = cargo(&["test", "--locked", "--manifest-path"]);
    command.arg(manifest).arg("--target-dir").arg(workspace.target.join("client"));
    super::counted(&mut command)
}

/// `examples/*.rs`, relative to the root.
fn sources() -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(workspace::root().join("examples"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(Path::new("examples").join(path.file_name().unwrap_or_default()));
        }
    }
    Ok(files)
}

fn run_one(workspace: &Workspace, name: &str, source: &Path) -> anyhow::Result<()> {
    let program = workspace.target.join("debug/examples").join(name);
    let text = std::fs::read_to_string(source)?;
    let input = match documented_input(&text) {
        Some(path) => {
            Some(std::fs::read(workspace::root().join(path)).with_context(|| path.to_owned())?)
        }
        None => None,
    };
    process::run_within(&program, input.as_deref(), LIMIT)
}

/// The file that the documentation's command line redirects into the example.
fn documented_input(source: &str) -> Option<&str> {
    source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .find_map(|line| line.split_once("< ").map(|(_, path)| path.trim()))
}

#[cfg(test)]
mod tests {
    use super::documented_input;

    #[test]
    fn the_input_is_the_one_that_the_documentation_names() {
        let source =
            "//! Reads.\n//!\n//! cargo run --example x \\\n//!     < a/b.sse\nfn main() { 1 < 2 }";
        assert_eq!(documented_input(source), Some("a/b.sse"));
        assert_eq!(documented_input("//! Reads nothing.\nfn main() { 1 < 2 }"), None);
    }
}
