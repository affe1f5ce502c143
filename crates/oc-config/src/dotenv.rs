//! `.env` files: `NAME=value`, one to a line.
//!
//! The forms that OpenClaw's reader (dotenv) takes: an optional `export`,
//! blanks around `=`, single quotes as they are, double quotes with `\n`, `\r`,
//! `\t`, `\"` and `\\`, and a comment after ` #` behind an unquoted value. A
//! value runs to the end of its line. What has no `=` or no name is passed
//! over, as it is there.

use std::collections::BTreeMap;

/// The value of a variable, and where its line begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) value: String,
    /// Counted from 1.
    pub(crate) line: usize,
    /// In bytes.
    pub(crate) at: usize,
}

/// The variables of one file; a later line of the same name wins.
pub(crate) fn parse(text: &str) -> BTreeMap<String, Assignment> {
    let mut vars = BTreeMap::new();
    let mut at = 0;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let mark = if at == 0 && line.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        if let Some((name, value)) = assignment(line.get(mark..).unwrap_or_default()) {
            vars.insert(name, Assignment { value, line: number, at: at + mark });
        }
        at += line.len();
    }
    vars
}

fn assignment(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let named = !name.is_empty() && !name.starts_with('#') && name.chars().all(plain);
    named.then(|| (name.to_owned(), value_of(value.trim())))
}

fn value_of(written: &str) -> String {
    for quote in ['\'', '"', '`'] {
        let Some(inner) = written.strip_prefix(quote) else {
            continue;
        };
        let Some(end) = closing(inner, quote) else {
            break;
        };
        let inner = inner.get(..end).unwrap_or_default();
        return match quote {
            '"' => unescaped(inner),
            _ => inner.to_owned(),
        };
    }
    let comment = written.find(" #").or_else(|| written.starts_with('#').then_some(0));
    written.get(..comment.unwrap_or(written.len())).unwrap_or_default().trim_end().to_owned()
}

fn closing(inner: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    inner.char_indices().find_map(|(at, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped && quote == '"';
        closes.then_some(at)
    })
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => out.push(c),
            _ => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some(other @ ('"' | '\\')) => out.push(other),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_dotenv_reads() {
        for (line, want) in [
            ("A=b", Some(("A", "b"))),
            ("export A = b ", Some(("A", "b"))),
            ("A=", Some(("A", ""))),
            ("A='b # c'", Some(("A", "b # c"))),
            ("A=\"b\\nc\\\"\" # d", Some(("A", "b\nc\""))),
            ("A=b#c # d", Some(("A", "b#c"))),
            ("A='open", Some(("A", "'open"))),
            ("A=b=c", Some(("A", "b=c"))),
            ("# A=b", None),
            ("A", None),
            ("=b", None),
            ("A B=c", None),
        ] {
            let got = parse(line);
            let got = got.iter().next().map(|(name, one)| (name.as_str(), one.value.as_str()));
            assert_eq!(got, want, "{line}");
        }
        let two = parse("\u{feff}A=1\r\nB=2\nA=3\n");
        assert_eq!(parse("\u{feff}A=1").into_values().next().map(|one| one.at), Some(3));
        let two: Vec<_> =
            two.into_iter().map(|(name, one)| (name, one.value, one.line, one.at)).collect();
        assert_eq!(two, [("A".into(), "3".into(), 3, 12), ("B".into(), "2".into(), 2, 8)]);
    }
}
