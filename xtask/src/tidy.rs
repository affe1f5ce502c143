//! `cargo xtask tidy`: the rules of the house that no compiler knows.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::workspace;

/// A file of source is read in one sitting. Longer ones are listed here, each
/// because it is one regular thing.
const LONGEST: usize = 700;
const LONGER: &[&str] = &["crates/oc-responses-stream/src/event/table.rs"];

/// An example is read without scrolling far.
const LONGEST_EXAMPLE: usize = 80;

/// Words that must not be in any text of the project, with the reason. They
/// are put together here so that this file does not hold them.
const WORDS: &[(&str, &str)] = &[
    (concat!("/work", "/main"), "a path of one machine"),
    (concat!("/work", "/shared"), "a path of one machine"),
    (concat!("shared", "/recordings"), "copy the fixture into the project"),
    (concat!("shared", "/corpus"), "not part of the project"),
    (concat!("shared", "/openclaw-configs"), "not part of the project"),
    (concat!("shared", "/spec"), "not part of the project"),
    (concat!("shared", "/design"), "not part of the project"),
    (concat!("shared", "/tools"), "copy the tool into the project"),
];

/// Macros that stand for work not done.
const UNFINISHED: &[&str] = &[concat!("todo", "!("), concat!("unimplemented", "!(")];

/// Checks every text file of the project; all problems at once.
///
/// # Errors
/// With one line per problem: file, line, what is wrong.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = workspace::root();
    let mut problems = Vec::new();
    for path in files(root)? {
        // What is not UTF-8 is a fixture, and nobody's prose.
        let Ok(text) = fs::read_to_string(root.join(&path)) else { continue };
        problems.extend(check(&path, &text));
        if path.extension().is_some_and(|e| e == "md") {
            problems.extend(dead_links(root, &path, &text));
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    bail!("{} problems\n{}", problems.len(), problems.join("\n"));
}

fn check(path: &Path, text: &str) -> Vec<String> {
    let shown = path.display();
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (word, why) in WORDS {
            if line.contains(word) {
                problems.push(format!("{shown}:{}: names `{word}`: {why}", number + 1));
            }
        }
        if is_rust(path) && UNFINISHED.iter().any(|word| line.contains(word)) {
            problems.push(format!("{shown}:{}: unfinished work", number + 1));
        }
    }
    let lines = text.lines().count();
    let longest = if path.starts_with("examples") { LONGEST_EXAMPLE } else { LONGEST };
    if is_rust(path) && lines > longest && !LONGER.iter().any(|name| path == Path::new(name)) {
        problems.push(format!("{shown}: {lines} lines; {longest} is the most: split it"));
    }
    problems
}

/// Relative links in a document that lead nowhere.
fn dead_links(root: &Path, path: &Path, text: &str) -> Vec<String> {
    let folder = root.join(path.parent().unwrap_or(Path::new("")));
    text.lines()
        .enumerate()
        .flat_map(|(number, line)| link_targets(line).map(move |target| (number + 1, target)))
        .filter(|(_, target)| is_path(target))
        .filter(|(_, target)| {
            let file = target.split('#').next().unwrap_or_default();
            !file.is_empty() && !folder.join(file).exists()
        })
        .map(|(number, target)| format!("{}:{number}: dead link `{target}`", path.display()))
        .collect()
}

/// The targets of Markdown's inline links in one line. Links with a space in
/// them are none: those are code in prose, as `[x](a b)`.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains(char::is_whitespace) && !target.contains('`'))
}

/// A relative path, and neither an address, a place on the same page, nor (in
/// a document that rustdoc takes in) an item: `Type`, `fn@name`, `a::b`.
fn is_path(target: &str) -> bool {
    let elsewhere = target.contains("://") || target.starts_with(['#', '<']);
    let marked = target.contains('@') || target.contains("::");
    let named = !target.contains(['/', '.']) && target.starts_with(char::is_uppercase);
    !elsewhere && !marked && !named
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

/// Every file of the project, relative to its root, in a stable order.
fn files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let ours =
                !name.starts_with('.') || matches!(name.as_str(), ".ci" | ".cargo" | ".github");
            if path.is_dir() {
                if ours && !matches!(name.as_str(), "target" | "node_modules" | "__pycache__") {
                    folders.push(path);
                }
            } else if let Ok(relative) = path.strip_prefix(root) {
                found.push(relative.to_owned());
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, LONGEST_EXAMPLE, check, is_path, link_targets};
    use std::path::Path;

    #[test]
    fn each_rule_finds_its_line() {
        let rows = [
            ("a.rs", format!("fn f() {{ {}) }}", concat!("todo", "!(")), 1),
            ("a.md", format!("a {}) in prose", concat!("todo", "!(")), 0),
            ("a.md", format!("see `{}/x`", concat!("shared", "/recordings")), 1),
            ("a.md", "a shared store, shared/state.rs".to_owned(), 0),
            ("a.rs", "\n".repeat(LONGEST), 0),
            ("a.rs", "\n".repeat(LONGEST + 1), 1),
            ("examples/a.rs", "\n".repeat(LONGEST_EXAMPLE + 1), 1),
            ("a.snap", "\n".repeat(LONGEST + 1), 0),
        ];
        for (path, text, problems) in rows {
            let found = check(Path::new(path), &text);
            assert_eq!(found.len(), problems, "{path}: {found:?}");
        }
    }

    #[test]
    fn links_are_found_and_code_is_not() {
        let line = "[a](docs/a.md) and [b](b.md#c), `x[0](a b)`";
        assert_eq!(link_targets(line).collect::<Vec<_>>(), ["docs/a.md", "b.md#c"]);
        let rows = [
            ("docs/a.md", true),
            ("adr", true),
            ("LICENSE.md", true),
            ("https://example.org", false),
            ("#here", false),
            ("Delta", false),
            ("fn@final_text", false),
            ("crate::Delta", false),
        ];
        for (target, expected) in rows {
            assert_eq!(is_path(target), expected, "{target}");
        }
    }
}
