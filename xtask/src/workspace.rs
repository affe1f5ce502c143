//! The workspace as cargo describes it: members, features, examples.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;

use crate::process;

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// What `cargo metadata` says, as far as the verbs need it.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Where artefacts go; `CARGO_TARGET_DIR` is already applied.
    pub(crate) target: PathBuf,
    /// The published crates (`crates/*`), by name.
    pub(crate) crates: BTreeMap<String, Package>,
}

/// One crate of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its features, without `default`.
    pub(crate) features: Vec<String>,
    /// Its examples: name and source file.
    pub(crate) examples: Vec<(String, PathBuf)>,
}

impl Workspace {
    /// Asks cargo; fails if `Cargo.lock` would have to change.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let text = process::capture(&mut process::cargo(&[
            "metadata",
            "--locked",
            "--no-deps",
            "--format-version=1",
        ]))?;
        Self::from_metadata(&serde_json::from_str(&text)?).context("cargo metadata")
    }

    fn from_metadata(metadata: &Value) -> anyhow::Result<Self> {
        let target = metadata["target_directory"].as_str().context("no target_directory")?;
        let packages = metadata["packages"].as_array().context("no packages")?;
        let crates = packages
            .iter()
            .filter(|package| package["name"] != "xtask")
            .filter_map(|package| {
                Some((package["name"].as_str()?.to_owned(), Package::of(package)))
            })
            .collect();
        Ok(Self { target: target.into(), crates })
    }
}

impl Package {
    fn of(package: &Value) -> Self {
        let features = package["features"]
            .as_object()
            .map(|features| features.keys().filter(|name| *name != "default").cloned().collect())
            .unwrap_or_default();
        let examples = package["targets"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|target| target["kind"] == serde_json::json!(["example"]))
            .filter_map(|target| {
                Some((target["name"].as_str()?.to_owned(), target["src_path"].as_str()?.into()))
            })
            .collect();
        Self { features, examples }
    }
}

#[cfg(test)]
mod tests {
    use super::Workspace;
    use serde_json::json;

    #[test]
    fn features_and_examples_are_read_and_xtask_is_left_out() {
        let metadata = json!({
            "target_directory": "/t",
            "packages": [
                {"name": "xtask", "features": {}, "targets": []},
                {"name": "oc-x", "features": {"default": ["a"], "a": [], "b": []}, "targets": [
                    {"name": "oc-x", "kind": ["lib"], "src_path": "/w/src/lib.rs"},
                    {"name": "e", "kind": ["example"], "src_path": "/w/examples/e.rs"},
                ]},
            ],
        });
        let workspace = Workspace::from_metadata(&metadata).unwrap();
        assert_eq!(workspace.crates.len(), 1);
        let package = &workspace.crates["oc-x"];
        assert_eq!(package.features, ["a", "b"]);
        assert_eq!(package.examples, [("e".to_owned(), "/w/examples/e.rs".into())]);
    }
}
