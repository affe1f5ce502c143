//! Each crate builds with no feature, with each one alone, and with all.

use anyhow::ensure;

use crate::process::{self, cargo};
use crate::tally::Tally;
use crate::workspace::Workspace;

/// `cargo check` of every combination; a crate without features has one.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Tally> {
    let mut broken = Vec::new();
    for (name, package) in &workspace.crates {
        for combination in combinations(&package.features) {
            let mut command = cargo(&["check", "--locked", "--quiet", "-p", name]);
            let (ended_well, said) = process::said(command.args(&combination))?;
            // Not `RUSTFLAGS=-D warnings`: that builds every dependency anew.
            if !ended_well || said.lines().any(|line| line.starts_with("warning")) {
                println!("{said}");
                broken.push(format!("{name} {}", combination.join(" ")));
            }
        }
    }
    ensure!(broken.is_empty(), "does not build without warnings: {}", broken.join("; "));
    Ok(Tally::default())
}

fn combinations(features: &[String]) -> Vec<Vec<String>> {
    let none = "--no-default-features".to_owned();
    if features.is_empty() {
        return vec![vec![]];
    }
    let mut all = vec![vec![none.clone()]];
    if features.len() > 1 {
        let alone = |feature: &String| vec![none.clone(), format!("--features={feature}")];
        all.extend(features.iter().map(alone));
    }
    all.push(vec!["--all-features".to_owned()]);
    all
}

#[cfg(test)]
mod tests {
    use super::combinations;

    #[test]
    fn one_feature_alone_is_all_of_them() {
        let features = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(combinations(&features(&[])), [Vec::<String>::new()]);
        assert_eq!(
            combinations(&features(&["a"])),
            [vec!["--no-default-features"], vec!["--all-features"]]
        );
        assert_eq!(
            combinations(&features(&["a", "b"])),
            [
                vec!["--no-default-features"],
                vec!["--no-default-features", "--features=a"],
                vec!["--no-default-features", "--features=b"],
                vec!["--all-features"],
            ]
        );
    }
}
