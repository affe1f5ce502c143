//! A JSON5 text, read once: values with their places, typed reading that
//! goes on after a problem, and a copy of the text that is safe to show.

mod mask;
mod path;
mod scan;
mod source;
mod tree;
mod typed;

use std::collections::{BTreeMap, HashSet};

pub(crate) use mask::{holds_secret, is_secret};
pub(crate) use path::{Path, Step};
pub(crate) use scan::MAX_DEPTH;
pub(crate) use source::{Place, Source, Sources};
pub(crate) use tree::{Entry, Node, NodeId, Standing, SyntaxError, Text, Value, parse};
pub(crate) use typed::{MAX_PROBLEMS, Problem, TypeError, read};

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) root: Node,
}

impl Document {
    #[cfg(test)]
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        tree::parse(text, Standing::default()).map(|(root, _)| Self { root })
    }

    pub(crate) fn find(&self, path: &Path) -> Option<&Node> {
        self.root.find(path)
    }
}

/// The text with every secret covered, byte for byte and column for column,
/// so that spans still fit. `base` is the offset the text stands at; a text
/// that is included where a secret is expected is covered whole.
pub(crate) fn mask(text: &str, root: &Node, base: usize, below_secret: bool) -> String {
    mask::document(text, root, base, below_secret)
}

/// A `.env` file with every value covered, in the same way.
pub(crate) fn mask_dot_env(text: &str) -> String {
    mask::dot_env(text)
}

/// The same for a text that could not be parsed: every value is covered.
pub(crate) fn mask_unparsed(text: &str) -> String {
    mask::unparsed(text)
}

/// Keys given more than once below `node`: the path, the first entry, the repeat.
pub(crate) fn repeated_keys<'a>(node: &'a Node, path: &Path) -> Vec<(Path, &'a Entry, &'a Entry)> {
    let mut found = Vec::new();
    if any_repeats(node) {
        collect_repeats(node, &mut path.clone(), &mut found);
    }
    found
}

/// Objects of more keys are looked at through a set.
const FEW_KEYS: usize = 16;

fn has_repeats(entries: &[Entry]) -> bool {
    if entries.len() > FEW_KEYS {
        let keys: HashSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        return keys.len() < entries.len();
    }
    let mut rest = entries;
    while let Some((entry, others)) = rest.split_first() {
        if others.iter().any(|other| other.key == entry.key) {
            return true;
        }
        rest = others;
    }
    false
}

/// Whether there is anything to collect: in most configs there is not.
fn any_repeats(node: &Node) -> bool {
    match &node.value {
        Value::Array(items) => items.iter().any(any_repeats),
        Value::Object(entries) => {
            has_repeats(entries) || entries.iter().any(|entry| any_repeats(&entry.value))
        }
        _ => false,
    }
}

fn collect_repeats<'a>(
    node: &'a Node,
    path: &mut Path,
    found: &mut Vec<(Path, &'a Entry, &'a Entry)>,
) {
    match &node.value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Index(index));
                collect_repeats(item, path, found);
                path.pop();
            }
        }
        Value::Object(entries) => {
            let mut first: BTreeMap<&str, &Entry> = BTreeMap::new();
            for entry in entries {
                if let Some(earlier) = first.get(entry.key.as_str()) {
                    found.push((path.key(&entry.key), *earlier, entry));
                    continue;
                }
                first.insert(&entry.key, entry);
                path.push(Step::Key(entry.key.clone()));
                collect_repeats(&entry.value, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
