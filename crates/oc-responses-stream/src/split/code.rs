//! Where Markdown's code is, byte by byte: a tag in it is the answer's subject.

/// The most that a tag in a code span is waited for until the span ends, in bytes.
const LONGEST_SPAN: usize = 160;

/// Follows code spans and fences through a text.
///
/// A span ends with as many backticks as it began with, as in Markdown, or else
/// with its line: so one stray backtick hides no more than that. A fence is three
/// or more of one mark, backticks or tildes, at a line's beginning, and ends with
/// as many of the same. Code by indentation is not followed.
///
/// ```
/// use oc_responses_stream::MarkdownCode;
///
/// let mut code = MarkdownCode::default();
/// "Models write `<think>".bytes().for_each(|byte| code.see(byte));
/// assert!(code.is_span());
/// "` first.\n~~~\n<think>".bytes().for_each(|byte| code.see(byte));
/// assert!(!code.is_span() && code.is_fence());
/// ```
#[derive(Clone, Debug)]
pub struct MarkdownCode {
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

impl Default for MarkdownCode {
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

impl MarkdownCode {
    /// Takes the next byte of the text.
    pub fn see(&mut self, byte: u8) {
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
            b'\n' => self.next_line(),
            b' ' | b'\t' | b'\r' => {}
            _ => self.blank = false,
        }
    }

    /// Whether the next byte, which is no mark, is code.
    pub(super) fn holds_next(&mut self) -> bool {
        self.settle();
        self.span.is_some() || self.fence.is_some()
    }

    /// Whether the text so far ends within a fence.
    pub fn is_fence(&mut self) -> bool {
        self.settle();
        self.fence.is_some()
    }

    /// Whether the text so far ends within a span: as far as is known, for the rest of
    /// the line may hold no end of it.
    pub fn is_span(&mut self) -> bool {
        self.settle();
        self.span.is_some()
    }

    /// Whether the span that the text ends in ends in `rest`: on this line, and
    /// before [`LONGEST_SPAN`]. A run of marks is judged when it is over, for a part
    /// of it ends nothing.
    pub(super) fn ends_span(&self, rest: &str) -> bool {
        let mut code = self.clone();
        for byte in rest.bytes().take(LONGEST_SPAN) {
            if byte == b'\n' {
                return !code.is_span();
            }
            code.see(byte);
            if code.run == 0 && code.span.is_none() {
                return true;
            }
        }
        false
    }

    /// The same where `rest` is the rest of the text.
    pub(super) fn ends_span_at_last(&self, rest: &str) -> bool {
        self.ends_span(&format!("{rest}\n"))
    }

    /// Whether it is known of `rest` that it does not.
    pub(super) fn ends_line(&self, rest: &str) -> bool {
        rest.len() >= LONGEST_SPAN || rest.contains('\n')
    }

    /// Says that the span that the text ends in was none: its mark is a stray one.
    pub fn drop_span(&mut self) {
        self.settle();
        self.span = None;
    }

    /// Takes text without marks.
    pub(super) fn pass(&mut self, plain: Plain) {
        self.settle();
        if plain.ends_line {
            self.next_line();
        }
        self.blank &= plain.is_blank;
    }

    fn next_line(&mut self) {
        self.span = None;
        self.fence_line = false;
        self.blank = true;
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

/// What there is to know of text that passes, in which there are no marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    ends_line: bool,
    /// Nothing but white space since its last line end, or all of it.
    is_blank: bool,
}

impl Default for Plain {
    /// No text at all.
    fn default() -> Self {
        Self { ends_line: false, is_blank: true }
    }
}

impl Plain {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut plain = Self::default();
        plain.see(text);
        plain
    }

    /// Takes what comes next.
    #[inline]
    pub(super) fn see(&mut self, text: &[u8]) {
        let line = match memchr::memrchr(b'\n', text) {
            None => text,
            Some(at) => {
                *self = Self { ends_line: true, is_blank: true };
                text.get(at + 1..).unwrap_or_default()
            }
        };
        if self.is_blank {
            self.is_blank = line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
        }
    }

    pub(super) fn ends_line(self) -> bool {
        self.ends_line
    }

    /// Whether the next text may begin a line, for all that is known here.
    pub(super) fn is_blank(self) -> bool {
        self.is_blank
    }
}

/// Whether code may begin or end with this byte.
fn is_mark(byte: u8) -> bool {
    matches!(byte, b'`' | b'~')
}

#[cfg(test)]
mod tests {
    use super::{MarkdownCode, Plain};

    #[test]
    fn text_that_passes_counts_as_if_it_was_seen() {
        for text in ["a", " ", "\n", "a\n", "a\n \t", "\n\n a", "a\r\nb\n", "  \r"] {
            for before in ["", "a `", "```", "```\n", "a\n", "``", "~~~ "] {
                for after in ["```", "`", "\n```\n"] {
                    let (mut seen, mut passed) = (MarkdownCode::default(), MarkdownCode::default());
                    before.bytes().for_each(|byte| seen.see(byte));
                    before.bytes().for_each(|byte| passed.see(byte));
                    text.bytes().for_each(|byte| seen.see(byte));
                    passed.pass(Plain::of(text.as_bytes()));
                    for code in [&mut seen, &mut passed] {
                        after.bytes().for_each(|byte| code.see(byte));
                    }
                    let is = |code: &mut MarkdownCode| (code.is_span(), code.is_fence());
                    assert_eq!(is(&mut seen), is(&mut passed), "{before:?} {text:?} {after:?}");
                }
            }
        }
    }

    #[test]
    fn code_is_where_markdown_has_it() {
        for (before, is_code) in [
            ("", false),
            ("`", true),
            ("`a`", false),
            ("``a`b", true),
            ("``a`b``", false),
            ("a ` b\n\n", false),
            ("a ` b\n", false),
            ("a ` b\nc ` d", true),
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
            let mut code = MarkdownCode::default();
            before.bytes().for_each(|byte| code.see(byte));
            assert_eq!(code.holds_next(), is_code, "{before:?}");
        }
    }
}
