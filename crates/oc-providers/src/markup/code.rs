//! Where a mark is the answer's subject: in code spans, fences and indented code.

use oc_responses_stream::MarkdownCode;

/// The most of a line that is waited for, to learn whether a code span ends on it.
const LONGEST_SPAN: usize = 4_096;

/// How far code is indented, in columns.
const CODE_COLUMNS: usize = 4;

/// Whether a mark is code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InCode {
    Yes,
    No,
    /// The end of its line decides, which is not there yet.
    Unknown,
}

/// Follows a text up to a mark.
#[derive(Clone, Debug, Default)]
pub(super) struct Code {
    markdown: MarkdownCode,
    line: Line,
}

impl Code {
    /// Takes what comes next of the text.
    pub(super) fn see(&mut self, text: &str) {
        for byte in text.bytes() {
            self.markdown.see(byte);
            self.line.see(byte);
        }
    }

    /// Passes a section by: its own ticks are not the text's.
    pub(super) fn pass_section(&mut self) {
        self.line.see(b'.');
    }

    /// Whether the mark that `rest` begins with is code. A backtick that has no
    /// partner on its line opens nothing; `over`: nothing comes behind `rest`.
    pub(super) fn holds(&mut self, rest: &str, over: bool) -> InCode {
        if self.markdown.is_fence() || self.line.is_code() {
            return InCode::Yes;
        }
        if !self.markdown.is_span() {
            return InCode::No;
        }
        let mut code = self.markdown.clone();
        let mut ticks = false;
        for byte in rest.bytes().take(LONGEST_SPAN).take_while(|byte| *byte != b'\n') {
            // A run of ticks is judged when it is over.
            if ticks && byte != b'`' && !code.is_span() {
                return InCode::Yes;
            }
            ticks = byte == b'`';
            code.see(byte);
        }
        let ends_here = over || rest.len() >= LONGEST_SPAN || rest.contains('\n');
        match (ends_here, code.is_span()) {
            (true, false) => InCode::Yes,
            (true, true) => InCode::No,
            (false, _) => InCode::Unknown,
        }
    }

    /// Says that what seemed to be a span was a stray backtick.
    pub(super) fn drop_span(&mut self) {
        self.markdown.drop_span();
    }
}

/// What indented code is known by: four columns of white space, in a paragraph of
/// its own that is not the text's first.
#[derive(Clone, Copy, Debug)]
struct Line {
    columns: usize,
    is_blank: bool,
    /// The line before was blank, or indented code itself.
    may_be_code: bool,
    /// There was something before.
    began: bool,
}

impl Default for Line {
    fn default() -> Self {
        Self { columns: 0, is_blank: true, may_be_code: false, began: false }
    }
}

impl Line {
    fn see(&mut self, byte: u8) {
        match byte {
            b'\n' => {
                let may_be_code = self.began && (self.is_blank || self.is_code());
                *self = Self { may_be_code, began: self.began, ..Self::default() };
            }
            b' ' if self.is_blank => self.columns += 1,
            b'\t' if self.is_blank => self.columns += CODE_COLUMNS,
            b'\r' => {}
            _ => (self.is_blank, self.began) = (false, true),
        }
    }

    fn is_code(self) -> bool {
        self.may_be_code && self.columns >= CODE_COLUMNS
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, InCode};

    #[test]
    fn a_mark_in_code_is_known_by_what_is_around_it() {
        use InCode::{No, Unknown, Yes};
        for (before, rest, over, is) in [
            ("", "<a>", true, No),
            ("```\n", "<a>", false, Yes),
            ("~~~\n", "<a>", false, Yes),
            ("````\n```\nx\n```\n", "<a>", false, Yes),
            ("```\nx\n```\n", "<a>", false, No),
            ("so `", "<a>", false, Unknown),
            ("so `", "<a>` is", false, Yes),
            ("so `", "<a>`", false, Unknown),
            ("so `", "<a>`", true, Yes),
            ("so `", "<a>``b` c", false, Yes),
            ("so `", "<a>\nb` c", false, No),
            ("so `", "<a>", true, No),
            ("``a ` b`` ", "<a>", false, No),
            ("a``b ", "<a>\n", false, No),
            ("a ` b\n\n", "<a>", false, No),
            ("so:\n\n    ", "<a>", false, Yes),
            ("so:\n\n\t", "<a>", false, Yes),
            ("so:\n\n    x\n    ", "<a>", false, Yes),
            ("so:\n    ", "<a>", false, No),
            ("so:\n\n   ", "<a>", false, No),
            ("\n\n    ", "<a>", false, No),
            ("    ", "<a>", false, No),
        ] {
            let mut code = Code::default();
            code.see(before);
            assert_eq!(code.holds(rest, over), is, "{before:?} {rest:?} {over}");
        }
    }
}
