//! Byte offsets to files, lines and columns, the way an editor counts.
//!
//! Every file of a config stands at its own offset of one long text, the file
//! itself first and its includes behind it. A place is then a plain range of
//! bytes whichever file it is in, and is taken apart only to be shown.

use std::cell::Cell;
use std::ops::Range;

/// One file, and where its lines begin.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) file: String,
    /// The text with every secret covered.
    pub(crate) masked: String,
    /// Whether other users of the machine can read it.
    others_can_read: bool,
    base: usize,
    text: String,
    line_starts: Vec<usize>,
    /// The place that was asked for last, and its column: places are mostly
    /// asked for in their order, and a file may be one line of megabytes.
    last: Cell<(usize, usize)>,
}

impl Source {
    /// Lines end at `\n`, `\r\n` and `\r`. The Unicode separators end a line
    /// in JSON5 but in no editor, so they do not here.
    fn new(file: &str, text: &str, base: usize) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter_map(|(at, byte)| {
            let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
            ends.then_some(at + 1)
        });
        Self {
            file: file.to_owned(),
            masked: String::new(),
            others_can_read: false,
            base,
            text: text.to_owned(),
            line_starts: std::iter::once(0).chain(ends).collect(),
            last: Cell::new((0, 1)),
        }
    }

    /// 1-based.
    fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at).max(1)
    }

    /// 1-based line and column; the column counts chars, and not a leading BOM.
    fn position(&self, at: usize) -> (usize, usize) {
        let line = self.line(at);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let at = at.min(self.text.len());
        let (from, before) = match self.last.get() {
            (last, column) if (start..=at).contains(&last) => (last, column),
            _ => (start, 1),
        };
        let between = self.text.get(from..at).unwrap_or_default();
        let between = match from {
            0 => between.strip_prefix('\u{feff}').unwrap_or(between),
            _ => between,
        };
        let column = before + between.chars().count();
        self.last.set((at, column));
        (line, column)
    }
}

/// All files of one config.
#[derive(Clone, Debug)]
pub(crate) struct Sources(Vec<Source>);

/// A place, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// Within the file.
    pub(crate) span: Range<usize>,
}

impl Place {
    /// Of what concerns a file as a whole.
    pub(crate) fn beginning_of(file: &str) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, span: 0..0 }
    }
}

impl Sources {
    /// The file a config begins with.
    pub(crate) fn new(file: &str, text: &str) -> Self {
        Self(vec![Source::new(file, text, 0)])
    }

    /// Puts another file behind those there are; the offset it stands at.
    pub(crate) fn add(&mut self, file: &str, text: &str) -> usize {
        let base = self.end() + 1;
        self.0.push(Source::new(file, text, base));
        base
    }

    /// Keeps the safe copy of the file added last.
    pub(crate) fn mask_last(&mut self, masked: String) {
        if let Some(last) = self.0.last_mut() {
            last.masked = masked;
        }
    }

    /// Says whether others can read the file added last.
    pub(crate) fn expose_last(&mut self, others_can_read: bool) {
        if let Some(last) = self.0.last_mut() {
            last.others_can_read = others_can_read;
        }
    }

    /// Whether others can read any of the files.
    pub(crate) fn any_exposed(&self) -> bool {
        self.0.iter().any(|source| source.others_can_read)
    }

    /// Where the file begins that `at` stands in, if others can read it.
    pub(crate) fn exposed(&self, at: usize) -> Option<usize> {
        self.at(at).filter(|source| source.others_can_read).map(|source| source.base)
    }

    /// The end of the first file.
    pub(crate) fn end_of_first(&self) -> usize {
        self.0.first().map_or(0, |source| source.text.len())
    }

    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        let source = self.at(span.start);
        let Some(source) = source else {
            return Place { file: String::new(), line: 1, column: 1, span: 0..0 };
        };
        let (line, column) = source.position(span.start - source.base);
        let span = span.start - source.base..span.end.saturating_sub(source.base);
        Place { file: source.file.clone(), line, column, span }
    }

    /// The file and the line, without the column: that takes the length of the
    /// line to tell.
    pub(crate) fn line(&self, at: usize) -> (&str, usize) {
        let found = self.at(at).map(|source| (&source.file[..], source.line(at - source.base)));
        found.unwrap_or(("", 1))
    }

    /// The text that follows `at` in its file.
    pub(crate) fn rest(&self, at: usize) -> &str {
        let source = self.at(at);
        source.and_then(|source| source.text.get(at - source.base..)).unwrap_or_default()
    }

    pub(crate) fn into_files(self) -> Vec<Source> {
        self.0
    }

    fn at(&self, at: usize) -> Option<&Source> {
        let index = self.0.partition_point(|source| source.base <= at);
        self.0.get(index.saturating_sub(1))
    }

    fn end(&self) -> usize {
        self.0.last().map_or(0, |source| source.base + source.text.len())
    }
}
