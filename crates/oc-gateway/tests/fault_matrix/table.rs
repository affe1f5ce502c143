//! The table in `docs/fallback.md`, as it was seen.

use std::{collections::BTreeSet, fmt, fmt::Write as _, fs, path::Path};

use crate::{
    dialects::Dialect,
    faults::{FAULTS, Fault},
    stage::{Cell, Observed},
    verdict::Class,
};

const BEGIN: &str = "<!-- the fault matrix, written by its test: begin -->\n";
const END: &str = "<!-- the fault matrix: end -->";

/// Holds the document to what was seen; with `UPDATE=1`, writes it there.
pub(crate) fn check(dialects: &[&Dialect], observed: &[(Cell, Observed)]) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fallback.md"));
    let document = fs::read_to_string(path).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("the table's beginning");
    let (_, after) = rest.split_once(END).expect("the table's end");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", render(dialects, observed));
    #[expect(clippy::disallowed_methods, reason = "how a person asks a test to write")]
    let update = std::env::var("UPDATE").is_ok();
    if update {
        fs::write(path, wanted).unwrap();
    } else {
        assert!(document == wanted, "docs/fallback.md is not what was seen: run with UPDATE=1");
    }
}

fn render(dialects: &[&Dialect], observed: &[(Cell, Observed)]) -> String {
    let mut table = String::from("| fault | the ledger says |");
    let mut rule = String::from("|---|---|");
    for dialect in dialects {
        write!(table, " {0}, streaming | {0}, whole |", dialect.name).unwrap();
        rule.push_str("---|---|");
    }
    table = format!("\n{} cells, every one on target.\n\n{table}\n{rule}\n", observed.len());
    for fault in FAULTS {
        write!(table, "| {} | {} |", fault.name, ledger(fault)).unwrap();
        for dialect in dialects {
            for stream in [true, false] {
                let here = |cell: &Cell| {
                    cell.fault.name == fault.name
                        && cell.dialect.name == dialect.name
                        && cell.stream == stream
                };
                let classes: BTreeSet<Class> = observed
                    .iter()
                    .filter(|(cell, _)| here(cell))
                    .flat_map(|(_, observed)| observed.classes.iter().copied())
                    .collect();
                write!(table, " {} |", joined(classes.into_iter().map(Class::word))).unwrap();
            }
        }
        table.push('\n');
    }
    table.push('\n');
    table
}

fn ledger(fault: &Fault) -> String {
    match (fault.waits, fault.reasons) {
        (_, []) => "–".to_owned(),
        (Some(limit), _) => format!("{} ({limit})", joined(fault.reasons.iter().copied())),
        (None, reasons) => joined(reasons.iter().copied()),
    }
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for crate::faults::Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.setting() {
            Self::FirstByte => "firstByte",
            Self::Idle | Self::Dripping => "idle",
            Self::FirstText | Self::Loading => "firstText",
        })
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.stream { "streaming" } else { "whole" };
        let (fault, wire, dialect) = (self.fault.name, self.wire.api(), self.dialect.name);
        write!(f, "{fault} at {wire}, {dialect} client, {form}")
    }
}
