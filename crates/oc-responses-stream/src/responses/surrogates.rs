//! Halves of characters: a server that cuts text by UTF-16 units sends one half
//! of an emoji's escape in one delta and the other half in the next. Neither is
//! valid JSON text by itself.
//!
//! A high half waits for the very next piece of its own text ([`Half`] stands in
//! that text's part); what another text says in between is not its business. A
//! half that has no other becomes U+FFFD, so that its loss can be seen.

use std::borrow::Cow;

/// What stands for a character of which a half is missing.
pub(super) const LOST: &str = "\u{FFFD}";

/// Rewrites JSON text so that every half character in it becomes U+FFFD.
/// `None`: there is none.
pub(super) fn repair(json: &str) -> Option<String> {
    let mut out = String::with_capacity(json.len());
    let mut changed = false;
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        // `\\`, `\n`, …: two bytes, unless it is the end or no escape at all.
        let short = escape.char_indices().nth(2).map_or(escape.len(), |(at, _)| at);
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                changed = true;
                out.push_str("\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => short,
        };
        let (escape, tail) = escape.split_at(length);
        out.push_str(escape);
        rest = tail;
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// The halves that a text begins and ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Edges {
    low: Option<u16>,
    high: Option<u16>,
}

impl Edges {
    /// Of a JSON string as it is written, quotes and all.
    pub(super) fn of(written: &str) -> Self {
        let inner = written.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let Some(inner) = inner else { return Self::default() };
        let low = unit(inner).filter(|unit| (0xDC00..=0xDFFF).contains(unit));
        let last = inner.len().checked_sub(6).and_then(|at| inner.split_at_checked(at));
        let high = last.and_then(|(before, last)| {
            // A backslash that is escaped itself begins no escape.
            let escapes = before.bytes().rev().take_while(|byte| *byte == b'\\').count();
            unit(last).filter(|unit| escapes % 2 == 0 && (0xD800..=0xDBFF).contains(unit))
        });
        Self { low, high }
    }
}

/// The end of a text, where that is half a character.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Half(Option<u16>);

impl Half {
    /// What the next piece of the text says, given that its halves at the `edges`
    /// were [repaired](repair).
    pub(super) fn join<'a>(&mut self, piece: &'a str, edges: Edges) -> Cow<'a, str> {
        let is_plain = self.0.is_none() && edges == Edges::default();
        if is_plain || piece.is_empty() {
            return Cow::Borrowed(piece);
        }
        let mut body = piece;
        if edges.low.is_some() {
            body = body.strip_prefix(LOST).unwrap_or(body);
        }
        if edges.high.is_some() {
            body = body.strip_suffix(LOST).unwrap_or(body);
        }
        let joined = match (std::mem::replace(&mut self.0, edges.high), edges.low) {
            (None, None) => return Cow::Borrowed(body),
            (Some(high), Some(low)) => char::decode_utf16([high, low]).next().and_then(Result::ok),
            _ => None,
        };
        let mut text = joined.map_or_else(|| LOST.to_owned(), String::from);
        text.push_str(body);
        Cow::Owned(text)
    }

    /// The rest of the text was told otherwise.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    pub(super) fn waits(self) -> bool {
        self.0.is_some()
    }

    /// The text is over: what is to be said for a half that waits.
    pub(super) fn lose(&mut self) -> Option<&'static str> {
        self.0.take().map(|_| LOST)
    }
}

/// The UTF-16 unit that `text` begins with as an escape.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_characters_stay() {
        for text in [r#""a\ud83d\ude00""#, r#""\\ud83d""#, r#""\n""#, r#""\u00e9""#, "\"\\", "\\é"]
        {
            assert_eq!(repair(text), None, "{text}");
        }
    }

    #[test]
    fn a_half_by_itself_is_replaced() {
        for (text, wanted) in [
            (r#""\ude00""#, r#""\ufffd""#),
            (r#""a\uD83D""#, r#""a\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
        ] {
            assert_eq!(repair(text).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn halves_wait_and_meet() {
        let mut half = Half::default();
        let mut say = |written: &str| {
            let whole = repair(written).unwrap_or_else(|| written.to_owned());
            let piece: String = serde_json::from_str(&whole).unwrap();
            half.join(&piece, Edges::of(written)).into_owned()
        };
        let said = [r#""a\uD83D""#, r#""""#, r#""\ude00b\\ud83d""#, r#""c\ud83d""#, r#""d""#];
        assert_eq!(said.map(&mut say), ["a", "", "😀b\\ud83d", "c", "\u{FFFD}d"]);
        assert_eq!(
            [r#""\ude00""#, r#""\ud83d""#, r#""\ud83d""#].map(&mut say),
            ["\u{FFFD}", "", "\u{FFFD}"]
        );
        assert_eq!(half.lose(), Some("\u{FFFD}"));
        assert_eq!(half.lose(), None);
    }
}
