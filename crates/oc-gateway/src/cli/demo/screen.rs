//! What the demo shows: colour only on a terminal, nothing that scrolls back.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();

/// The widest line of quoted text.
const WIDTH: usize = 76;

/// A column of labels beside a column of text.
pub(super) struct Screen<W> {
    out: W,
}

impl<W: Write> Screen<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }

    pub(super) fn title(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{BOLD}{text}{BOLD:#}")
    }

    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{BOLD}{CYAN}{text}{CYAN:#}{BOLD:#}")
    }

    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "  {text}")
    }

    pub(super) fn removed(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "  {RED}- {text}{RED:#}")
    }

    pub(super) fn added(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "  {GREEN}+ {text}{GREEN:#}")
    }

    /// What a person would see as the answer.
    pub(super) fn answer(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.quoted(label, text, Style::new())
    }

    /// What a person would not see, or see greyed.
    pub(super) fn aside(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.quoted(label, text, DIM)
    }

    pub(super) fn alarm(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.quoted(label, text, RED)
    }

    pub(super) fn verdict(&mut self, seen: &Result<String, String>) -> io::Result<()> {
        match seen {
            Ok(text) => writeln!(self.out, "  {GREEN}✓{GREEN:#} {text}"),
            Err(text) => writeln!(self.out, "  {RED}✗ {text}{RED:#}"),
        }
    }

    fn quoted(&mut self, label: &str, text: &str, style: Style) -> io::Result<()> {
        for (n, line) in wrap(text).iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            writeln!(self.out, "  {DIM}{label:>9} │{DIM:#} {style}{line}{style:#}")?;
        }
        self.out.flush()
    }
}

/// Breaks at spaces; a longer word stands alone.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_loses_no_word() {
        let text = "ein Wort ".repeat(40) + &"x".repeat(100);
        let lines = wrap(&text);
        assert!(lines.iter().all(|l| l.chars().count() <= WIDTH || !l.contains(' ')));
        let words: Vec<&str> = lines.iter().flat_map(|l| l.split(' ')).collect();
        assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
    }
}
