//! Byte offsets to lines and columns, the way an editor counts.

/// A named text and where its lines begin.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) file: String,
    line_starts: Vec<usize>,
}

impl Source {
    /// Lines end at `\n`, `\r\n` and `\r`. The Unicode separators end a line
    /// in JSON5 but in no editor, so they do not here.
    pub(crate) fn new(file: &str, text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter_map(|(at, byte)| {
            let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
            ends.then_some(at + 1)
        });
        Self { file: file.to_owned(), line_starts: std::iter::once(0).chain(ends).collect() }
    }

    /// 1-based line and column; the column counts chars, and not a leading BOM.
    pub(crate) fn position(&self, text: &str, at: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= at).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = text.get(start..at.min(text.len())).unwrap_or_default();
        let before = match line {
            1 => before.strip_prefix('\u{feff}').unwrap_or(before),
            _ => before,
        };
        (line, before.chars().count() + 1)
    }
}
