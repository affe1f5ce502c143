//! Where keys stand, for problems that show only once files are put together:
//! settings that name no model of the config, or that this version ignores.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{Node, Path, Place, Value};
use crate::origin::Origin;
use crate::resolve::Context;

/// Of a file with more values the last ones are told with what is around them.
const MOST: usize = 10_000;

/// The places of everything below one object of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// Where the object itself stands in the file, as `ocGateway`.
    root: String,
    by_path: BTreeMap<String, Standing>,
}

/// Where a value stands, and the key before it; in an array they are the same.
#[derive(Clone, Debug)]
struct Standing {
    key: Place,
    value: Place,
}

impl Places {
    /// Of the object at `root` and of all below it.
    pub(crate) fn of(root: &Path, context: &Context<'_, '_>) -> Self {
        let mut places = Self { root: root.to_string(), by_path: BTreeMap::new() };
        if let Some(node) = context.document.find(root) {
            let place = context.report.place(&first_of(node));
            let standing = Standing { key: place.clone(), value: place };
            places.by_path.insert(String::new(), standing);
            places.add(node, &Path::default(), context);
        }
        places
    }

    /// Of the document, and of the values that these keys lead to one by one.
    pub(crate) fn along(keys: &[&str], context: &Context<'_, '_>) -> Self {
        let mut places = Self::default();
        let mut at = Path::default();
        let root = std::iter::once(&context.document.root);
        let below = keys.iter().scan(&context.document.root, |node, key| {
            *node = node.get(key)?;
            Some(*node)
        });
        for (depth, node) in root.chain(below).enumerate() {
            if let Some(key) = depth.checked_sub(1).and_then(|above| keys.get(above)) {
                at = at.key(key);
            }
            let place = context.report.place(&first_of(node));
            places.by_path.insert(at.to_string(), Standing { key: place.clone(), value: place });
        }
        places
    }

    fn add(&mut self, node: &Node, at: &Path, context: &Context<'_, '_>) {
        if self.by_path.len() >= MOST {
            return;
        }
        match &node.value {
            Value::Object(entries) => {
                for entry in entries.iter().take(MOST) {
                    let at = at.key(&entry.key);
                    let key = context.report.place(&entry.key_span);
                    let value = context.report.place(&first_of(&entry.value));
                    self.by_path.insert(at.to_string(), Standing { key, value });
                    self.add(&entry.value, &at, context);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate().take(MOST) {
                    let at = at.index(index);
                    let place = context.report.place(&first_of(item));
                    let standing = Standing { key: place.clone(), value: place };
                    self.by_path.insert(at.to_string(), standing);
                    self.add(item, &at, context);
                }
            }
            _ => {}
        }
    }

    /// The line of the value at `path`, if it is there.
    pub(crate) fn origin(&self, path: &Path) -> Option<Origin> {
        let place = &self.by_path.get(&path.to_string())?.value;
        Some(Origin::File { file: place.file.clone(), line: place.line })
    }

    /// A problem of the value at `path`.
    pub(crate) fn of_value(&self, path: &Path, reason: String, fix: String) -> Diagnostic {
        let place = self.around(path).map(|standing| standing.value.clone());
        self.warning(place, path, reason, fix)
    }

    /// A problem of the key at `path`.
    pub(crate) fn of_key(&self, path: &Path, reason: String, fix: String) -> Diagnostic {
        let place = self.around(path).map(|standing| standing.key.clone());
        self.warning(place, path, reason, fix)
    }

    /// What stands at `path`, else around it.
    fn around(&self, path: &Path) -> Option<&Standing> {
        let mut path = path.clone();
        loop {
            if let Some(standing) = self.by_path.get(&path.to_string()) {
                return Some(standing);
            }
            if path.steps().is_empty() {
                return None;
            }
            path.pop();
        }
    }

    fn warning(
        &self,
        place: Option<Place>,
        path: &Path,
        reason: String,
        fix: String,
    ) -> Diagnostic {
        // Settings that were made by a program stand in no file.
        let nowhere = || Place { file: "settings".to_owned(), line: 1, column: 1, span: 0..0 };
        let below = path.to_string();
        let path = match (self.root.as_str(), below.as_str()) {
            ("", _) => below,
            (root, "") => root.to_owned(),
            (root, below) if below.starts_with('[') => format!("{root}{below}"),
            (root, below) => format!("{root}.{below}"),
        };
        let place = place.unwrap_or_else(nowhere);
        Diagnostic::at(place, Severity::Warning, path, reason, Some(fix))
    }
}

/// Of an object or array only the bracket: a caret under all of it shows nothing.
pub(crate) fn first_of(node: &Node) -> std::ops::Range<usize> {
    match &node.value {
        Value::Object(_) | Value::Array(_) if node.span.len() > 1 => {
            node.span.start..node.span.start + 1
        }
        _ => node.span.clone(),
    }
}
