//! What is wrong with a file, where, and what to do about it.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use crate::document::{MAX_PROBLEMS, Path, Place, Problem, Sources, TypeError, holds_secret};
use crate::nearest::nearest;
use crate::shape::without_known_keys;

/// One problem of one file.
///
/// `Display` is one line: `file:line:column: error: path: reason (fix)`.
/// Neither it nor any field holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Whether the file can be used in spite of it.
    pub severity: Severity,
    /// The file as it was named to the reader.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in chars, counted from 1; a byte order mark is not counted.
    pub column: usize,
    /// The place in bytes, for drawing. It fits the masked source.
    pub span: Range<usize>,
    /// The value concerned, as `models.providers.local.models[0].id`; empty
    /// for the document itself.
    pub path: String,
    /// What is wrong, as a lowercase fragment.
    pub reason: String,
    /// What to do, where that can be said.
    pub fix: Option<String>,
}

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// The file is used; something in it will not do what was meant.
    Warning,
    /// The file is refused.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line, column) = (&self.file, self.line, self.column);
        write!(f, "{file}:{line}:{column}: {}: ", self.severity)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.reason)?;
        match &self.fix {
            Some(fix) => write!(f, " ({fix})"),
            None => Ok(()),
        }
    }
}

/// A value read from a file, and the warnings that came with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded<T> {
    /// The value.
    pub value: T,
    /// Warnings only, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The file's text with all secrets covered, for drawing the warnings.
    /// Byte spans and columns fit it.
    pub masked_source: String,
    /// The same of every file that was included, in the order of reading.
    pub included: Vec<MaskedSource>,
    /// Every file the value depends on: the file itself, its includes, `.env`
    /// and files of secrets, whether they were there or not. A change of one
    /// is a reason to load again.
    pub watch: Vec<PathBuf>,
    /// OpenClaw's sections that were accepted unread, with the line they begin
    /// at: for `check --verbose`.
    pub passed_over: Vec<(String, usize)>,
}

impl<T> Loaded<T> {
    /// The safe copy of the file that `diagnostic` names.
    #[must_use]
    pub fn masked_source_of(&self, diagnostic: &Diagnostic) -> &str {
        masked_source_of(diagnostic, &self.masked_source, &self.included)
    }
}

pub(crate) fn masked_source_of<'a>(
    diagnostic: &Diagnostic,
    first: &'a str,
    included: &'a [MaskedSource],
) -> &'a str {
    let other = included.iter().find(|source| source.file == diagnostic.file);
    other.map_or(first, |source| &source.text)
}

/// A file with all secrets covered, for drawing what is wrong in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MaskedSource {
    /// The file, as diagnostics name it.
    pub file: String,
    /// Its text; byte spans and columns of diagnostics fit it.
    pub text: String,
}

/// Collects the problems of one config.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    sources: &'a Sources,
    found: Vec<Found>,
    errors: usize,
    warnings: usize,
    not_kept: usize,
    searches: usize,
}

/// A file of nothing but mistakes is not collected to its end; of each severity
/// at most this many, so that warnings cannot crowd out an error.
const KEPT: usize = 10 * MAX_PROBLEMS;

impl<'a> Report<'a> {
    pub(crate) fn new(sources: &'a Sources) -> Self {
        Self { sources, found: Vec::new(), errors: 0, warnings: 0, not_kept: 0, searches: 0 }
    }

    pub(crate) fn error(
        &mut self,
        span: Range<usize>,
        path: &Path,
        reason: impl Into<String>,
        fix: Option<String>,
    ) {
        self.add(Severity::Error, span, path, reason.into(), fix);
    }

    pub(crate) fn warning(
        &mut self,
        span: Range<usize>,
        path: &Path,
        reason: impl Into<String>,
        fix: Option<String>,
    ) {
        self.add(Severity::Warning, span, path, reason.into(), fix);
    }

    /// The text itself is broken at `at`.
    pub(crate) fn syntax(&mut self, at: usize, reason: String, fix: Option<String>) {
        let first = self.sources.rest(at).chars().next();
        let end = at + first.map_or(0, char::len_utf8);
        self.error(at..end, &Path::default(), reason, fix);
    }

    pub(crate) fn typed(&mut self, problems: Vec<Problem>) {
        self.typed_as(Severity::Error, problems);
    }

    pub(crate) fn typed_as(&mut self, severity: Severity, problems: Vec<Problem>) {
        for problem in problems {
            let fix = fix_for(&problem.error);
            let reason = match &problem.error {
                TypeError::UnknownWord(..) if problem.substituted => {
                    "unknown value (it came from a variable)".to_owned()
                }
                // A key may be a number by mistake; its digits are still a key.
                TypeError::WrongType { .. } if holds_secret(&problem.path) => {
                    "not the right kind of value".to_owned()
                }
                error => error.to_string(),
            };
            self.add(severity, problem.span, &problem.path, reason, fix);
        }
    }

    /// The word of `known` that was probably meant; nothing once as many were
    /// looked for as problems are shown.
    pub(crate) fn nearest<'w>(
        &mut self,
        word: &str,
        known: impl IntoIterator<Item = &'w str>,
    ) -> Option<&'w str> {
        self.searches += 1;
        (self.searches <= MAX_PROBLEMS).then(|| nearest(word, known)).flatten()
    }

    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        self.sources.place(span)
    }

    pub(crate) fn sources(&self) -> &Sources {
        self.sources
    }

    /// The file and the line.
    pub(crate) fn line(&self, at: usize) -> (&str, usize) {
        self.sources.line(at)
    }

    /// `line 3`, or `line 3 of agents.json5` where that is another file than
    /// the one `seen_from` stands in.
    pub(crate) fn line_of(&self, at: usize, seen_from: usize) -> String {
        let ((file, line), (from, _)) = (self.line(at), self.line(seen_from));
        match file == from {
            true => format!("line {line}"),
            false => format!("line {line} of {file}"),
        }
    }

    /// Whether something was told of `path`.
    pub(crate) fn has_told(&self, path: &Path) -> bool {
        let path = path.to_string();
        self.found.iter().any(|found| found.told.path == path)
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// All problems in the order of the file, bounded.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by(|a, b| (a.at, b.told.severity).cmp(&(b.at, a.told.severity)));
        // Said as an error, it need not be said as a warning too.
        let mut said = HashSet::new();
        self.found.retain(|d| said.insert((d.at, d.told.path.clone(), d.told.reason.clone())));
        let all = self.found.len() + self.not_kept;
        if all > MAX_PROBLEMS {
            // What refuses the file is told before what does not.
            if self.errors > 0 {
                self.found.retain(|d| d.told.severity == Severity::Error);
            }
            self.found.truncate(MAX_PROBLEMS);
            let worst = if self.errors > 0 { Severity::Error } else { Severity::Warning };
            let reason = format!("{} more problems are not shown", all - self.found.len());
            let end = self.sources.end_of_first();
            (self.errors, self.warnings) = (0, 0);
            let fix = Some("mend those that are, and look again".to_owned());
            self.add(worst, end..end, &Path::default(), reason, fix);
        }
        self.found.into_iter().map(|found| found.told).collect()
    }

    fn add(
        &mut self,
        severity: Severity,
        span: Range<usize>,
        path: &Path,
        reason: String,
        fix: Option<String>,
    ) {
        let count = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count > KEPT {
            self.not_kept += 1;
            return;
        }
        let at = span.start;
        let told = Diagnostic::at(self.place(&span), severity, path.to_string(), reason, fix);
        self.found.push(Found { at, told });
    }
}

/// A problem, and where it stands among all files.
#[derive(Debug)]
struct Found {
    at: usize,
    told: Diagnostic,
}

impl Diagnostic {
    pub(crate) fn at(
        place: Place,
        severity: Severity,
        path: String,
        reason: String,
        fix: Option<String>,
    ) -> Self {
        let Place { file, line, column, span } = place;
        // A key may stand where a name is expected.
        let [path, reason] = [path, reason].map(|text| without_known_keys(&text).into_owned());
        Self { severity, file, line, column, span, path, reason, fix }
    }
}

fn fix_for(error: &TypeError) -> Option<String> {
    match error {
        TypeError::UnknownKey(word, known) => Some(match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("remove it; known here: {}", list(known)),
        }),
        TypeError::UnknownWord(word, known) => Some(match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"? known: {}", list(known)),
            None => format!("one of {}", list(known)),
        }),
        TypeError::MissingKey(key) => Some(format!("add `{key}`")),
        TypeError::WrongType { expected, .. } | TypeError::WrongValue { expected, .. } => {
            Some(format!("write {expected}"))
        }
        TypeError::Other(_) => Some("compare with docs/config.md".to_owned()),
    }
}

fn list(words: &[&str]) -> String {
    const SHOWN: usize = 12;
    let mut text = words.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if words.len() > SHOWN {
        text.push_str(", …");
    }
    text
}
