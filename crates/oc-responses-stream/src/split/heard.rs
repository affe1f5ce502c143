//! Reasoning that a server gives twice: in a field, and between tags in its text.

/// More than this, in bytes, is not kept to be compared: then it is told twice.
const MOST_KEPT: usize = 1 << 20;

/// What came as reasoning, and how much of it the text has said again.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    text: String,
    again: usize,
    /// Too much came, or the text has thoughts of its own.
    is_over: bool,
}

impl Heard {
    /// Reasoning came as such.
    pub(super) fn hear(&mut self, thought: &str) {
        if self.is_over {
            return;
        }
        self.text.push_str(thought);
        if self.text.len() > MOST_KEPT {
            self.end();
        }
    }

    /// What is new in a thought that the text has: what was heard already, word for
    /// word from the beginning, is not. White space around it is the markup's.
    pub(super) fn new_in(&mut self, thought: String) -> Option<String> {
        if self.text.is_empty() {
            return Some(thought);
        }
        let words = if self.again == 0 { thought.trim_start() } else { &thought };
        let rest = self.text.get(self.again..).unwrap_or_default();
        if rest.starts_with(words) {
            self.again += words.len();
            return None;
        }
        if let Some(more) = words.strip_prefix(rest) {
            // It goes on in the text.
            let more = more.to_owned();
            let is_blank = more.trim().is_empty();
            self.again = self.text.len();
            if !is_blank {
                self.hear(&more);
                self.again = self.text.len();
            }
            return Some(more).filter(|_| !is_blank);
        }
        // Another thought, which began alike.
        let whole = self.text.get(..self.again).unwrap_or_default().to_owned() + words;
        self.end();
        Some(whole)
    }

    fn end(&mut self) {
        *self = Self { is_over: true, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(heard: &[&str], text: &[&str]) -> String {
        let mut all = Heard::default();
        heard.iter().for_each(|thought| all.hear(thought));
        text.iter().filter_map(|thought| all.new_in((*thought).to_owned())).collect()
    }

    #[test]
    fn what_was_heard_is_not_told_again() {
        for (heard, text, new) in [
            (&["abc"][..], &["abc"][..], ""),
            (&["a", "bc"], &["\n", "ab", "c", "\n"], ""),
            (&["abc"], &["\nabc\n"], ""),
            (&[], &["\nabc\n"], "\nabc\n"),
            (&["abc"], &["abc", " and d", " e"], " and d e"),
            (&["The user"], &["The ", "weather", " is"], "The weather is"),
            (&["abc"], &["xyz"], "xyz"),
        ] {
            assert_eq!(told(heard, text), new, "{heard:?} {text:?}");
        }
    }

    #[test]
    fn pieces_may_come_by_turns() {
        let mut all = Heard::default();
        for piece in ["So", " it", " is"] {
            all.hear(piece);
            assert_eq!(all.new_in(piece.to_owned()), None, "{piece}");
        }
    }

    #[test]
    fn a_long_thought_is_not_kept() {
        let mut all = Heard::default();
        for _ in 0..3 * MOST_KEPT / 1000 {
            all.hear(&"a".repeat(1000));
            assert!(all.text.len() <= MOST_KEPT);
        }
        assert_eq!(all.new_in("aa".to_owned()).as_deref(), Some("aa"));
    }
}
