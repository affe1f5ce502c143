//! Files come in through a trait, as variables do: the core opens none.

use std::io;
use std::path::{Path, PathBuf};

use crate::document::{Place, Sources, mask_unparsed};

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
        io::ErrorKind::IsADirectory => "it is a folder, not a file".to_owned(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => error.to_string(),
        kind => kind.to_string(),
    }
}

/// What to do about it.
pub(crate) fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "correct the path, or put the file there",
        io::ErrorKind::PermissionDenied => "let its reader own it, or run `chmod u+r` on it",
        io::ErrorKind::IsADirectory => "name the file in it, such as `openclaw.json`",
        io::ErrorKind::InvalidData if NotUtf8::of(error).is_some() => {
            "save it as UTF-8, or remove what stands there"
        }
        io::ErrorKind::InvalidData => "split it, or remove what is none of it",
        _ => "name a regular file that can be read",
    }
}

/// A file that is no UTF-8, as the cause of an [`io::Error`].
#[derive(Clone)]
pub(crate) struct NotUtf8 {
    /// The first byte that fits no character, counted from 0.
    at: usize,
    /// The file's text, a `\u{fffd}` for each such byte, and every value covered.
    masked: String,
}

impl NotUtf8 {
    /// What `bytes` are, which are no UTF-8 from `at` on.
    pub(crate) fn new(bytes: &[u8], at: usize) -> Self {
        Self { at, masked: mask_unparsed(&String::from_utf8_lossy(bytes)) }
    }

    /// The cause of `error`, if it is this one.
    pub(crate) fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// The text to draw the place in, and the place.
    pub(crate) fn place(&self, file: &str) -> (String, Place) {
        let span = self.at..self.at + '\u{fffd}'.len_utf8();
        (self.masked.clone(), Sources::new(file, &self.masked).place(&span))
    }
}

impl std::fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not UTF-8 at byte {}", self.at)
    }
}

/// Files hold keys.
impl std::fmt::Debug for NotUtf8 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NotUtf8").field("at", &self.at).finish_non_exhaustive()
    }
}

impl std::error::Error for NotUtf8 {}
