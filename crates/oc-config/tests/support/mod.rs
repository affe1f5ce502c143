//! Files made of texts.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

pub mod json_schema;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use oc_config::{Config, ConfigError, FileText, Files, Loaded, Reading};

/// A disk with these files, each with its text.
#[derive(Clone, Debug, Default)]
pub struct Texts(pub BTreeMap<PathBuf, String>);

impl Texts {
    pub fn new(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).into(), (*text).to_owned())).collect())
    }
}

impl Files for Texts {
    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        // A folder is there when a file lies in it; `link` leads outside.
        let here = self.0.keys().any(|file| file.starts_with(path));
        match here {
            true if path.ends_with("link.json5") => Ok("/elsewhere/secret.json5".into()),
            true => Ok(path.to_owned()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<FileText> {
        let text = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        match text.len() as u64 > limit {
            true => Err(io::Error::new(io::ErrorKind::InvalidData, "larger than the limit")),
            false => Ok(FileText::new(text.clone())),
        }
    }
}

/// Reads `/c/openclaw.json` of `files`.
pub fn load(files: &[(&str, &str)], vars: &[(&str, &str)]) -> Result<Loaded<Config>, ConfigError> {
    let env: BTreeMap<String, String> =
        vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let files = Texts::new(files);
    Reading::new(&env).files(&files).config(Path::new("/c/openclaw.json"))
}

/// Every problem of a result, one to a line.
pub fn told(result: &Result<Loaded<Config>, ConfigError>) -> String {
    let diagnostics = match result {
        Ok(loaded) => &loaded.diagnostics,
        Err(error) => error.diagnostics(),
    };
    diagnostics.iter().map(|problem| format!("{problem}\n")).collect()
}
