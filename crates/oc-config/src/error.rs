//! Why a file could not be used.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, MaskedSource, Severity, masked_source_of};
use crate::document::Place;
use crate::files::{NotUtf8, remedy, why_not};

/// A file that cannot be used, with every problem in it.
///
/// `Display` is one line; [`diagnostics`](Self::diagnostics) has all of them.
/// Neither shows a secret, and `Debug` does not hold the file's text.
pub struct ConfigError(Box<Inner>);

struct Inner {
    kind: ConfigErrorKind,
    file: String,
    diagnostics: Vec<Diagnostic>,
    masked_source: String,
    included: Vec<MaskedSource>,
    watch: Vec<PathBuf>,
    source: Option<std::io::Error>,
}

/// Where reading a file broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// There is no such file.
    NotFound,
    /// It is there, but is no readable text file of at most 8 MiB.
    Unreadable,
    /// It was read, and it is wrong: see [`ConfigError::diagnostics`].
    Invalid,
}

impl ConfigError {
    /// Where reading broke.
    #[must_use]
    pub fn kind(&self) -> ConfigErrorKind {
        self.0.kind
    }

    /// There is no such file.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ConfigErrorKind::NotFound
    }

    /// The file, as it was named by the caller.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// Every problem, errors and warnings, in the order of the file. Of a file
    /// that could not be read there is one: why, and what to do about it.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }

    /// The text with every secret covered; the spans of the diagnostics fit it.
    /// Where the text is not JSON5 at all, every value in it is covered.
    #[must_use]
    pub fn masked_source(&self) -> &str {
        &self.0.masked_source
    }

    /// The safe copy of the file that `diagnostic` names: the file itself, or
    /// one that it includes.
    #[must_use]
    pub fn masked_source_of(&self, diagnostic: &Diagnostic) -> &str {
        masked_source_of(diagnostic, &self.0.masked_source, &self.0.included)
    }

    /// The files whose change is a reason to try again, as far as they are
    /// known; see [`Loaded::watch`](crate::Loaded).
    #[must_use]
    pub fn watch(&self) -> &[PathBuf] {
        &self.0.watch
    }

    pub(crate) fn invalid(file: &str, diagnostics: Vec<Diagnostic>, masked_source: String) -> Self {
        Self(Box::new(Inner {
            kind: ConfigErrorKind::Invalid,
            file: file.to_owned(),
            diagnostics,
            masked_source,
            included: Vec::new(),
            watch: Vec::new(),
            source: None,
        }))
    }

    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ConfigErrorKind::NotFound,
            _ => ConfigErrorKind::Unreadable,
        };
        let file = path.display().to_string();
        let beginning = || (String::new(), Place::beginning_of(&file));
        let (masked_source, place) =
            NotUtf8::of(&error).map_or_else(beginning, |not| not.place(&file));
        let fix = Some(remedy(&error).to_owned());
        let only = Diagnostic::at(place, Severity::Error, String::new(), why_not(&error), fix);
        Self(Box::new(Inner {
            kind,
            file,
            diagnostics: vec![only],
            masked_source,
            included: Vec::new(),
            watch: vec![path.to_owned()],
            source: Some(error),
        }))
    }

    pub(crate) fn with_files(mut self, included: Vec<MaskedSource>, watch: Vec<PathBuf>) -> Self {
        self.0.included = included;
        self.0.watch = watch;
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = &self.0.file;
        match (self.0.kind, self.0.diagnostics.as_slice()) {
            (ConfigErrorKind::NotFound, _) => write!(f, "{file}: no such file"),
            (ConfigErrorKind::Unreadable, _) => write!(f, "{file}: cannot be read"),
            (ConfigErrorKind::Invalid, [only]) => write!(f, "{only}"),
            (ConfigErrorKind::Invalid, all) => write!(f, "{file}: {} problems", all.len()),
        }
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigError")
            .field("kind", &self.0.kind)
            .field("file", &self.0.file)
            .field("diagnostics", &self.0.diagnostics)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|error| error as _)
    }
}
