//! What holds of everything that the suite wrote down: no key that a test planted
//! is in it, and every problem has a place and a fix.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines that begin with `#` repeat what a case was given.
fn leaks(folder: &Path, found: &mut Vec<String>) -> usize {
    let mut read = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            read += leaks(&path, found);
            continue;
        }
        read += 1;
        let text = fs::read_to_string(&path).expect("a text");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let leaking = lines.filter(|line| line.contains("sk-planted"));
        found.extend(leaking.map(|line| format!("{}: {line}", path.display())));
    }
    read
}

/// The snapshots of all crates.
fn snapshots(crates: &Path) -> Vec<PathBuf> {
    let mut open = vec![crates.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default();
            if !path.is_dir() || name == "fuzz" || name == "src" {
                continue;
            }
            match name == "snapshots" {
                true => found.push(path),
                false => open.push(path),
            }
        }
    }
    found
}

#[test]
fn no_snapshot_and_no_schema_holds_a_planted_key() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut read = leaks(&root.join("../../docs/schema"), &mut found);
    for folder in snapshots(&root.join("..")) {
        read += leaks(&folder, &mut found);
    }
    assert!(read > 60, "{read}");
    assert!(found.is_empty(), "{found:#?}");
}

/// `file:line:column: severity: …`: a problem as people read it.
fn is_problem(line: &str) -> bool {
    let severity = [": error: ", ": warning: "].iter().find_map(|word| line.find(word));
    let Some(place) = severity.and_then(|at| line.get(..at)) else {
        return false;
    };
    let mut parts = place.rsplitn(3, ':');
    let mut number = || parts.next().is_some_and(|part| part.parse::<usize>().is_ok_and(|n| n > 0));
    number() && number()
}

#[test]
fn every_problem_in_every_snapshot_has_a_place_and_a_fix() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let (mut problems, mut wanting) = (0, Vec::new());
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        let text = fs::read_to_string(&path).expect("a text");
        // A snapshot of problems holds them as lines; a case is named by `#`.
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let told = [": error: ", ": warning: "].iter().any(|word| line.contains(word));
            let whole = is_problem(line) && line.ends_with(')');
            problems += usize::from(told);
            if told && !whole {
                wanting.push(format!("{}: {line}", path.display()));
            }
        }
    }
    assert!(problems > 250, "{problems}");
    assert!(wanting.is_empty(), "{wanting:#?}");
}
