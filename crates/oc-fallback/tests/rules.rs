//! `docs/fallback-rules.md` names a test for each of OpenClaw's rules; here the
//! names are held to the code.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every line of every Rust file below `folder`, handed to `line`.
fn lines(folder: &Path, line: &mut impl FnMut(&str)) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            lines(&path, line);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            fs::read_to_string(path).expect("a source file").lines().for_each(&mut *line);
        }
    }
}

/// The names of all functions of the workspace's crates.
fn functions() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    lines(&root().join("crates"), &mut |line| {
        if let Some((before, rest)) = line.split_once("fn ")
            && before.trim_end().is_empty() | before.ends_with("async ")
            && let Some((name, _)) = rest.split_once('(')
        {
            names.insert(name.to_owned());
        }
    });
    names
}

#[test]
fn every_rule_names_a_test_that_exists() {
    let document = fs::read_to_string(root().join("docs/fallback-rules.md")).expect("the document");
    let functions = functions();
    let (mut rules, mut missing) = (0, Vec::new());
    for row in document.lines().filter(|line| line.starts_with("| ")) {
        // `\|` is no border of a cell.
        let row = row.replace("\\|", "");
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [rule, what, tests] = cells[..] else { panic!("three cells, not these: {row}") };
        if rule == "rule" {
            continue;
        }
        rules += 1;
        assert!(!what.is_empty() && tests.starts_with('`'), "not decided: {rule}");
        let names = tests.split('`').skip(1).step_by(2);
        missing.extend(names.filter(|name| !functions.contains(*name)).map(str::to_owned));
    }
    assert!(missing.is_empty(), "no such test: {missing:#?}");
    assert!(rules >= 60, "only {rules} rules");
}
