//! Golden files, for readers in other languages too: `tests/goldens`, whose
//! README tells what is where. `INSTA_UPDATE=always` writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The files of one kind, held against those on disk.
pub(super) struct Goldens {
    /// Folders below `tests/goldens` that hold these files and no others.
    folders: &'static [&'static str],
    files: BTreeMap<String, Vec<u8>>,
}

impl Goldens {
    /// What goes upstream, by wire.
    pub(super) fn of_requests() -> Self {
        let folders = &["openai-responses", "openai-completions", "anthropic-messages"];
        Self { folders, files: BTreeMap::new() }
    }

    /// What clients get, by dialect.
    pub(super) fn of_answers() -> Self {
        Self { folders: &["responses", "chat", "messages"], files: BTreeMap::new() }
    }

    /// What readers of those must find.
    pub(super) fn of_expectations() -> Self {
        Self { folders: &["expected"], files: BTreeMap::new() }
    }

    /// The file `name` is to hold `body`.
    pub(super) fn hold(&mut self, name: &str, body: Vec<u8>) {
        assert!(self.files.insert(name.to_owned(), body).is_none(), "{name} twice");
    }

    /// Compares with what is on disk, or writes it.
    pub(super) fn check(self) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
        if std::env::var_os("INSTA_UPDATE").is_some_and(|word| word == "always") {
            self.write(&root);
        }
        let mut faults = Vec::new();
        for (name, body) in &self.files {
            match std::fs::read(root.join(name)) {
                Ok(golden) if golden == *body => {}
                Ok(_) => faults.push(format!("{name} is no longer what it was")),
                Err(_) => faults.push(format!("{name} is new")),
            }
        }
        let wanted: BTreeSet<PathBuf> = self.files.keys().map(|name| root.join(name)).collect();
        for path in self.on_disk(&root) {
            if !wanted.contains(&path) {
                faults.push(format!("{} is nobody's any more", path.display()));
            }
        }
        assert!(
            faults.is_empty(),
            "{}\nwith INSTA_UPDATE=always they are written anew: look at them, then commit",
            faults.join("\n")
        );
    }

    fn write(&self, root: &Path) {
        for path in self.on_disk(root) {
            std::fs::remove_file(path).expect("an old golden");
        }
        for (name, body) in &self.files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, body).expect("a golden");
        }
    }

    fn on_disk(&self, root: &Path) -> Vec<PathBuf> {
        let folders = self.folders.iter().filter_map(|it| std::fs::read_dir(root.join(it)).ok());
        folders.flatten().map(|entry| entry.expect("file").path()).collect()
    }
}

/// JSON over several lines, its keys as they are sent.
pub(super) fn pretty(json: &Value) -> String {
    let mut text = serde_json::to_string_pretty(json).expect("json");
    text.push('\n');
    text
}
