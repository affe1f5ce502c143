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

/// Every Rust file below `folder`, handed to `read`.
fn sources(folder: &Path, read: &mut impl FnMut(&str)) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, read);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            read(&fs::read_to_string(path).expect("a source file"));
        }
    }
}

/// The functions of a source that the test runner runs: those whose attributes
/// hold `#[test]` or one that ends in `::test`. A helper of that name is none.
fn tests_of(source: &str, names: &mut BTreeSet<String>) {
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if let Some(attribute) = line.strip_prefix("#[") {
            let name = attribute.split(['(', ']', ' ']).next().unwrap_or_default();
            is_test |= name == "test" || name.ends_with("::test");
            is_test &= name != "ignore";
        } else if let Some(rest) = line.strip_prefix("async fn ").or(line.strip_prefix("fn ")) {
            if let (true, Some((name, _))) = (is_test, rest.split_once('(')) {
                names.insert(name.to_owned());
            }
            is_test = false;
        } else if line.ends_with(['{', '}', ';']) {
            is_test = false;
        }
    }
}

fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    sources(&root().join("crates"), &mut |source| tests_of(source, &mut names));
    names
}

#[test]
fn only_what_the_runner_runs_is_a_test() {
    let source = "#[test]\nfn a() {}\n#[tokio::test(start_paused = true)]\n// why\nasync fn b() {\n}\n\
                  fn helper() {}\n#[cfg(test)]\nmod tests {\nfn other() {}\n\
                  #[test]\n#[ignore = \"slow\"]\nfn ignored() {}\n";
    let mut names = BTreeSet::new();
    tests_of(source, &mut names);
    assert_eq!(names.iter().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn every_rule_names_a_test_that_exists() {
    let document = fs::read_to_string(root().join("docs/fallback-rules.md")).expect("the document");
    let tests_there_are = tests();
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
        missing.extend(names.filter(|name| !tests_there_are.contains(*name)).map(str::to_owned));
    }
    assert!(missing.is_empty(), "no such test: {missing:#?}");
    assert!(rules >= 60, "only {rules} rules");
}
