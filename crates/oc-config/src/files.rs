//! Files come in through a trait, as variables do: the core opens none.

use std::io;
use std::path::{Path, PathBuf};

/// A source of files.
///
/// [`Config::load`](crate::Config::load) reads the disk; [`Reading`](crate::Reading)
/// takes any other source, for example one made of texts in a test. What it
/// is asked for: the files that a config includes, `.env`, files of secrets
/// and OpenClaw's `auth-profiles.json`. It is never asked to write.
pub trait Files {
    /// `path` with all links followed: what decides whether an included file
    /// is inside the folder it must stay in.
    ///
    /// # Errors
    /// When there is no such file or folder.
    fn real_path(&self, path: &Path) -> io::Result<PathBuf>;

    /// The text of the regular file at `path`.
    ///
    /// # Errors
    /// When there is none, when it is larger than `limit` bytes, and when it
    /// is not UTF-8.
    fn read(&self, path: &Path, limit: u64) -> io::Result<FileText>;
}

/// What a file holds.
#[derive(Clone)]
#[non_exhaustive]
pub struct FileText {
    /// Its text.
    pub text: String,
    /// Whether other users of the machine can read it; `false` where that is
    /// not known.
    pub others_can_read: bool,
}

impl FileText {
    /// A text that only its owner can read.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self { text, others_can_read: false }
    }
}

/// Files hold keys.
impl std::fmt::Debug for FileText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileText").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

/// Why a file could not be read, as a lowercase fragment without its content.
pub(crate) fn why_not(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => error.to_string(),
        kind => kind.to_string(),
    }
}
