//! Who may depend on whom, read from `cargo tree`.

use anyhow::ensure;

use crate::process::{self, cargo};
use crate::tally::Tally;
use crate::workspace::Workspace;

/// One tree of normal dependencies, and what must not be in it.
struct Layer {
    package: &'static str,
    /// Which features: extra arguments for `cargo tree`.
    features: &'static [&'static str],
    /// Crates that must not appear. `oc-` stands for every other crate of ours.
    without: &'static [&'static str],
    why: &'static str,
}

const ALL: &[&str] = &["--all-features"];
const NONE: &[&str] = &["--no-default-features"];

const LAYERS: &[Layer] = &[
    Layer {
        package: "oc-responses-stream",
        features: ALL,
        without: &["oc-", "tokio", "reqwest", "hyper", "http"],
        why: "someone embeds the parser without a runtime or an HTTP client",
    },
    Layer {
        package: "oc-fallback",
        features: ALL,
        without: &["oc-", "reqwest", "hyper", "http"],
        why: "the engine works around anyone's client; it never sees HTTP",
    },
    Layer {
        package: "oc-fallback",
        features: NONE,
        without: &["tokio", "futures-core"],
        why: "the plan is pure; tokio is the driver's",
    },
    Layer {
        package: "oc-config",
        features: ALL,
        without: &["oc-", "tokio", "reqwest", "hyper", "http"],
        why: "a config is read, never dialled",
    },
    Layer {
        package: "oc-providers",
        features: ALL,
        without: &["oc-config", "oc-gateway", "axum"],
        why: "wires know nothing of files, settings or the server",
    },
    Layer {
        package: "oc-providers",
        features: NONE,
        without: &["oc-fallback", "reqwest", "tokio", "rustls"],
        why: "the wire formats alone need no transport",
    },
];

/// Fails with every crate that stands where it must not.
pub(super) fn check(_: &Workspace) -> anyhow::Result<Tally> {
    let mut wrong = Vec::new();
    for layer in LAYERS {
        let tree = tree(layer)?;
        let found = strangers(layer, &tree);
        println!("{} {}: {} crates", layer.package, layer.features.join(" "), tree.len());
        if !found.is_empty() {
            wrong.push(format!(
                "{} ({}) pulls in {}: {}",
                layer.package,
                layer.features.join(" "),
                found.join(", "),
                layer.why
            ));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(Tally::default())
}

fn tree(layer: &Layer) -> anyhow::Result<Vec<String>> {
    let mut command = cargo(&["tree", "--locked", "-e", "normal", "--prefix", "none", "-f", "{p}"]);
    command.args(["-p", layer.package]).args(layer.features);
    let text = process::capture(&mut command)?;
    let mut names: Vec<String> =
        text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn strangers<'t>(layer: &Layer, tree: &'t [String]) -> Vec<&'t str> {
    tree.iter()
        .map(String::as_str)
        .filter(|name| *name != layer.package)
        .filter(|name| {
            layer
                .without
                .iter()
                .any(|unwanted| name == unwanted || (*unwanted == "oc-" && name.starts_with("oc-")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{ALL, Layer, strangers};

    #[test]
    fn a_crate_of_ours_and_a_banned_one_are_found_and_look_alikes_are_not() {
        let layer = Layer { package: "oc-a", features: ALL, without: &["oc-", "http"], why: "" };
        let tree = ["http", "httpdate", "oc-a", "oc-b", "serde"].map(str::to_owned);
        assert_eq!(strangers(&layer, &tree), ["http", "oc-b"]);
    }
}
