//! `$include`: parts of a config in files of their own.
//!
//! The rules are OpenClaw's of September 2026. The value is a path or an array
//! of paths, relative to the file it stands in, anywhere an object may stand.
//! One file replaces the object; an array is merged from left to right; keys
//! beside `$include` are merged over it. Objects are merged key by key, arrays
//! are joined, of everything else the later wins. An included file must lie,
//! links followed, in the config's folder or in one of `OPENCLAW_INCLUDE_ROOTS`.
//!
//! Nothing here is unbounded: depth, files, bytes and nesting have limits, so
//! that a file which includes itself many times over ends in a diagnostic.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Component, Path as FilePath, PathBuf};

use crate::document::{
    Entry, MAX_DEPTH, Node, NodeId, Path, Sources, Standing, Value, holds_secret, mask,
    mask_unparsed, parse,
};
use crate::files::{FileText, Files, why_not};

/// OpenClaw's include directive.
pub(crate) const INCLUDE: &str = "$include";

/// Files within files.
const DEEPEST: usize = 10;
/// Bytes of one file, as in OpenClaw.
const LARGEST_FILE: u64 = 2_097_152;
/// Bytes of all files, each counted as often as it is included.
const LARGEST_SUM: usize = 4 * 1024 * 1024;
/// Inclusions of one config.
const MOST_FILES: usize = 256;
/// Characters of a path, as in OpenClaw.
const LONGEST_PATH: usize = 4096;

/// Something that is wrong with an inclusion.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub(crate) span: Range<usize>,
    pub(crate) path: Path,
    pub(crate) reason: String,
    pub(crate) fix: String,
}

/// Where included files may lie, and how they are read.
pub(crate) struct Inclusion<'a> {
    pub(crate) files: &'a dyn Files,
    /// The config.
    pub(crate) main: PathBuf,
    /// `OPENCLAW_INCLUDE_ROOTS`.
    pub(crate) roots: Vec<PathBuf>,
}

/// Puts the included files into `root`. A directive that could not be followed
/// stays where it is. The paths are those that were asked for.
pub(crate) fn expand(
    root: Node,
    next_id: NodeId,
    inclusion: &Inclusion<'_>,
    sources: &mut Sources,
) -> (Node, Vec<Flaw>, Vec<PathBuf>) {
    let folder = inclusion.main.parent().map(FilePath::to_path_buf).unwrap_or_default();
    let folders = std::iter::once(&folder).chain(&inclusion.roots);
    let mut state = State {
        files: inclusion.files,
        inside: folders.filter_map(|root| inclusion.files.real_path(root).ok()).collect(),
        sources,
        next_id,
        bytes: 0,
        asked: Vec::new(),
        flaws: Vec::new(),
    };
    let main = inclusion.files.real_path(&inclusion.main);
    let open = vec![main.unwrap_or_else(|_| inclusion.main.clone())];
    let at = Standpoint { folder, open, level: 0 };
    let root = state.node(root, &Path::default(), &at);
    (root, state.flaws, state.asked)
}

/// Whether a directive stands anywhere in `node`: most configs have none.
pub(crate) fn has_include(node: &Node) -> bool {
    match &node.value {
        Value::Array(items) => items.iter().any(has_include),
        Value::Object(entries) => {
            entries.iter().any(|entry| entry.key == INCLUDE || has_include(&entry.value))
        }
        _ => false,
    }
}

struct State<'a> {
    files: &'a dyn Files,
    /// Real paths of the folders that files may lie in.
    inside: Vec<PathBuf>,
    sources: &'a mut Sources,
    next_id: NodeId,
    bytes: usize,
    asked: Vec<PathBuf>,
    flaws: Vec<Flaw>,
}

/// The file a node stands in, and how deep.
#[derive(Clone)]
struct Standpoint {
    folder: PathBuf,
    /// Real paths of the config and the included files around it, in this order.
    open: Vec<PathBuf>,
    level: usize,
}

impl State<'_> {
    fn node(&mut self, node: Node, path: &Path, at: &Standpoint) -> Node {
        let Node { id, span, value } = node;
        let below = Standpoint { level: at.level + 1, ..at.clone() };
        let value = match value {
            Value::Array(items) => {
                let items = items.into_iter().enumerate();
                let read = |(index, item)| self.node(item, &path.index(index), &below);
                Value::Array(items.map(read).collect())
            }
            Value::Object(entries) => {
                let place = entries.iter().position(|entry| entry.key == INCLUDE);
                let mut siblings = entries;
                let directive = place.map(|place| siblings.remove(place));
                let mut over = Vec::with_capacity(siblings.len());
                for Entry { key, key_span, value } in siblings {
                    let value = self.node(value, &path.key(&key), &below);
                    over.push(Entry { key, key_span, value });
                }
                match directive {
                    Some(directive) => return self.included(directive, over, id, span, path, at),
                    None => Value::Object(over),
                }
            }
            other => other,
        };
        Node { id, span, value }
    }

    fn included(
        &mut self,
        directive: Entry,
        over: Vec<Entry>,
        id: NodeId,
        span: Range<usize>,
        path: &Path,
        at: &Standpoint,
    ) -> Node {
        let mut over = over;
        let content = self.content(&directive, path, at).unwrap_or_else(|| {
            over.push(directive);
            Node { id, span: span.clone(), value: Value::Object(Vec::new()) }
        });
        match content.value {
            Value::Object(_) => {
                let over = Node { id, span, value: Value::Object(over) };
                merged(content, over)
            }
            _ if over.is_empty() => content,
            _ => {
                let beside = over.first().map_or(span.clone(), |entry| entry.key_span.clone());
                self.flaw(
                    beside,
                    path,
                    "keys beside `$include` need an object to be merged into",
                    "remove them, or let the included file hold an object",
                );
                Node { id, span, value: Value::Object(over) }
            }
        }
    }

    /// What the directive names, merged from left to right.
    fn content(&mut self, directive: &Entry, path: &Path, at: &Standpoint) -> Option<Node> {
        let named: Vec<&Node> = match &directive.value.value {
            Value::Text(_) => vec![&directive.value],
            Value::Array(items) => items.iter().collect(),
            _ => Vec::new(),
        };
        if named.is_empty() || named.iter().any(|node| node.text().is_none()) {
            let span = directive.value.span.clone();
            let fix = "write `$include: \"./part.json5\"` or an array of such paths";
            self.flaw(span, &path.key(INCLUDE), "an include is a path or an array of paths", fix);
            return None;
        }
        let mut content: Option<Node> = None;
        for node in named {
            let written = node.text().map_or("", |text| &text.text);
            let Some(part) = self.file(written, node.span.clone(), path, at) else {
                continue;
            };
            content = Some(match content {
                None => part,
                Some(under) => merged(under, part),
            });
        }
        content
    }

    /// One included file, with its own includes.
    fn file(
        &mut self,
        written: &str,
        span: Range<usize>,
        path: &Path,
        at: &Standpoint,
    ) -> Option<Node> {
        let at_include = path.key(INCLUDE);
        let mut refuse = |reason: String, fix: &str| {
            let (reason, fix) = (reason, fix.to_owned());
            self.flaws.push(Flaw { span: span.clone(), path: at_include.clone(), reason, fix });
            None
        };
        if written.trim().is_empty() || written.contains('\0') || written.len() >= LONGEST_PATH {
            return refuse("not a path".to_owned(), "name a file beside this one");
        }
        if at.open.len() > DEEPEST {
            let reason = format!("includes are nested deeper than {DEEPEST} files");
            return refuse(reason, "include the file from fewer files");
        }
        if self.asked.len() >= MOST_FILES || self.bytes >= LARGEST_SUM {
            let reason = format!("more than {MOST_FILES} inclusions or {LARGEST_SUM} bytes");
            return refuse(reason, "include fewer files");
        }
        let wanted = tidy(&at.folder.join(written));
        self.asked.push(wanted.clone());
        let real = match self.files.real_path(&wanted) {
            Ok(real) => real,
            Err(error) => {
                let reason = format!("cannot include `{}`: {}", wanted.display(), why_not(&error));
                return refuse(reason, "correct the path; it is relative to this file");
            }
        };
        if !self.inside.iter().any(|root| real.starts_with(root)) {
            let reason = format!("`{}` lies outside the config's folder", wanted.display());
            return refuse(reason, "move it there, or add its folder to OPENCLAW_INCLUDE_ROOTS");
        }
        if at.open.contains(&real) {
            let around: Vec<String> =
                at.open.iter().chain([&real]).map(|path| name_of(path)).collect();
            let reason = format!("a file includes itself: {}", around.join(" → "));
            return refuse(reason, "remove one of the includes");
        }
        let file = match self.files.read(&real, LARGEST_FILE) {
            Ok(file) => file,
            Err(error) => {
                let reason = format!("cannot include `{}`: {}", wanted.display(), why_not(&error));
                return refuse(reason, "name a readable text file of at most 2 MiB");
            }
        };
        self.bytes += file.text.len();
        let mut open = at.open.clone();
        open.push(real);
        let folder = wanted.parent().map(FilePath::to_path_buf).unwrap_or_default();
        let inner = Standpoint { folder, open, level: at.level };
        self.parsed(&file, &wanted, path, &inner)
    }

    fn parsed(
        &mut self,
        read: &FileText,
        file: &FilePath,
        path: &Path,
        at: &Standpoint,
    ) -> Option<Node> {
        let text = read.text.as_str();
        let base = self.sources.add(&file.display().to_string(), text);
        self.sources.expose_last(read.others_can_read);
        let max_depth = MAX_DEPTH.saturating_sub(at.level);
        match parse(text, Standing { base, first_id: self.next_id, max_depth }) {
            Ok((root, next_id)) => {
                self.next_id = next_id;
                self.sources.mask_last(mask(text, &root, base, holds_secret(path)));
                Some(self.node(root, path, at))
            }
            Err(error) => {
                self.sources.mask_last(mask_unparsed(text));
                let from = base + error.at;
                let first = text.get(error.at..).and_then(|rest| rest.chars().next());
                let span = from..from + first.map_or(0, char::len_utf8);
                let fix = error.fix.unwrap_or_else(|| "correct the included file".to_owned());
                let path = path.key(INCLUDE);
                self.flaws.push(Flaw { span, path, reason: error.reason, fix });
                None
            }
        }
    }

    fn flaw(&mut self, span: Range<usize>, path: &Path, reason: &str, fix: &str) {
        let (reason, fix) = (reason.to_owned(), fix.to_owned());
        self.flaws.push(Flaw { span, path: path.clone(), reason, fix });
    }
}

/// `over` on top of `under`. Keys that one file repeats stay repeated, to be
/// reported as they would be without includes.
fn merged(under: Node, over: Node) -> Node {
    let Node { id, span, value } = over;
    let value = match (under.value, value) {
        (Value::Object(mut entries), Value::Object(newer)) => {
            // The first of each key; taken out when it was merged, so that a
            // repeat on top is kept as one.
            let mut index: HashMap<String, usize> = HashMap::new();
            for (place, entry) in entries.iter().enumerate() {
                index.entry(entry.key.clone()).or_insert(place);
            }
            for entry in newer {
                let below = index.remove(&entry.key);
                match below.and_then(|place| entries.get_mut(place)) {
                    Some(old) => {
                        let nothing = Node { id: 0, span: 0..0, value: Value::Null };
                        let old_value = std::mem::replace(&mut old.value, nothing);
                        old.key_span = entry.key_span;
                        old.value = merged(old_value, entry.value);
                    }
                    None => entries.push(entry),
                }
            }
            Value::Object(entries)
        }
        (Value::Array(mut items), Value::Array(newer)) => {
            items.extend(newer);
            Value::Array(items)
        }
        (_, value) => value,
    };
    Node { id, span, value }
}

/// `a/./b` and `a/x/../b` as `a/b`, without looking at the disk.
fn tidy(path: &FilePath) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        let up = part == Component::ParentDir;
        let above = out.components().next_back();
        match part {
            Component::CurDir => {}
            _ if up && matches!(above, Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

fn name_of(path: &FilePath) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into())
}
