//! Holds `docs/streaming.md` to the code.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_table_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("../../docs/streaming.md")).unwrap();
    let files = [
        "recordings",
        "tolerance",
        "framing",
        "lost",
        "late",
        "orders",
        "calls",
        "halves",
        "extra",
    ];
    let tests = files
        .map(|file| fs::read_to_string(root.join(format!("tests/{file}.rs"))).unwrap())
        .concat();
    let mut named = 0;
    for row in text.lines().filter(|line| line.starts_with('|')) {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap().trim();
        if !["r `", "t `", "l `", "a `", "o `", "c `", "h `", "e `"]
            .iter()
            .any(|file| last.starts_with(file))
        {
            continue;
        }
        for name in last.split('`').skip(1).step_by(2) {
            let known = match name.strip_suffix('…') {
                Some(start) => tests.contains(&format!("fn {start}")),
                None => tests.contains(&format!("fn {name}()")),
            };
            assert!(known, "{name} is no test");
            named += 1;
        }
    }
    assert!(named > 30, "the table was read");
}
