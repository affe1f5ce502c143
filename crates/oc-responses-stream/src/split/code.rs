//! Where Markdown's code is, byte by byte: a tag in it is the answer's subject.

/// Follows code spans and fences through a text.
///
/// A span ends with as many backticks as it began with, or at a blank line, as
/// in Markdown; so one stray backtick hides no more than its paragraph. A fence
/// is three or more of one mark, backticks or tildes, at a line's beginning, and
/// ends with as many of the same.
#[derive(Clone, Debug)]
pub(super) struct Code {
    /// Marks that were just seen, and which.
    run: usize,
    mark: u8,
    run_begins_line: bool,
    span: Option<usize>,
    fence: Option<(u8, usize)>,
    /// The line on which the fence opened has not ended.
    fence_line: bool,
    /// Nothing but white space so far on this line.
    blank: bool,
}

impl Default for Code {
    fn default() -> Self {
        Self {
            run: 0,
            mark: b'`',
            run_begins_line: false,
            span: None,
            fence: None,
            fence_line: false,
            blank: true,
        }
    }
}

impl Code {
    /// Takes the next byte of the text.
    pub(super) fn see(&mut self, byte: u8) {
        if is_mark(byte) {
            if self.run > 0 && byte != self.mark {
                self.settle();
            }
            if self.run == 0 {
                (self.mark, self.run_begins_line) = (byte, self.blank);
            }
            self.run += 1;
            self.blank = false;
            return;
        }
        self.settle();
        match byte {
            b'\n' => {
                if self.blank {
                    self.span = None;
                }
                self.blank = true;
                self.fence_line = false;
            }
            b' ' | b'\t' | b'\r' => {}
            _ => self.blank = false,
        }
    }

    /// Whether the next byte, which is no mark, is code.
    pub(super) fn holds_next(&mut self) -> bool {
        self.settle();
        self.span.is_some() || self.fence.is_some()
    }

    /// A run of marks ended.
    fn settle(&mut self) {
        let (run, mark) = (std::mem::take(&mut self.run), self.mark);
        if run == 0 {
            return;
        }
        let is_tick = mark == b'`';
        match (self.fence, self.span) {
            // What seemed to open a fence was a span that ends on its own line.
            (Some((b'`', _)), _) if self.fence_line && is_tick => self.fence = None,
            (Some((open, length)), _) if mark == open && self.run_begins_line && run >= length => {
                self.fence = None;
            }
            (Some(_), _) => {}
            (None, Some(open)) if is_tick && open == run => self.span = None,
            (None, Some(_)) => {}
            (None, None) if self.run_begins_line && run >= 3 => {
                self.fence = Some((mark, run));
                self.fence_line = true;
            }
            (None, None) if is_tick => self.span = Some(run),
            // `~~struck~~`
            (None, None) => {}
        }
    }
}

/// Whether code may begin or end with this byte.
pub(super) fn is_mark(byte: u8) -> bool {
    matches!(byte, b'`' | b'~')
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn code_is_where_markdown_has_it() {
        for (before, is_code) in [
            ("", false),
            ("`", true),
            ("`a`", false),
            ("``a`b", true),
            ("``a`b``", false),
            ("a ` b\n\n", false),
            ("a ` b\n", true),
            ("```\n", true),
            ("```rust\na\n\nb `", true),
            ("```\na\n```\n", false),
            ("```\na ```\n", true),
            ("```a``` b", false),
            ("````\n```\n", true),
            ("text ```a``` b", false),
            ("~~~\n", true),
            ("~~~ a`b ~~~ c\n", true),
            ("~~~~\n~~~\n", true),
            ("~~~\na\n~~~\n", false),
            ("~~~\n```\n", true),
            ("```\n~~~\n", true),
            ("```\n~~~\n```\n", false),
            ("~~struck~~ `", true),
            ("~~struck~~ b", false),
            ("a ~~~ b\n", false),
            ("`~~~`", false),
            ("~~~`a", true),
        ] {
            let mut code = Code::default();
            before.bytes().for_each(|byte| code.see(byte));
            assert_eq!(code.holds_next(), is_code, "{before:?}");
        }
    }
}
