//! Characters that a server cut in two.
//!
//! Some servers escape what is outside ASCII and cut a text between the two
//! halves of a surrogate pair: `"\ud83d"` in one chunk, `"\ude00"` in the next.
//! Neither is valid JSON text. A first half is taken out of its chunk and put
//! before the second half when that comes.

use std::borrow::Cow;

/// Mends the chunks of one answer.
#[derive(Debug, Default)]
pub(in crate::wire) struct Surrogates {
    /// The escape of a first half that waits for its second.
    waiting: Option<String>,
}

impl Surrogates {
    /// `json` with every surrogate in a pair. A second half without a first is
    /// replaced by U+FFFD, as is a first half that another one follows.
    pub(in crate::wire) fn mend<'a>(&mut self, json: &'a str) -> Cow<'a, str> {
        if !json.contains("\\ud") && !json.contains("\\uD") {
            return Cow::Borrowed(json);
        }
        let mut mended = String::with_capacity(json.len() + 6);
        let mut rest = json;
        while let Some(at) = rest.find('\\') {
            let (before, escape) = rest.split_at(at);
            mended.push_str(before);
            let (escape, after) = split_escape(escape);
            rest = after;
            match half(escape) {
                None => mended.push_str(escape),
                Some(Half::Second) => match self.waiting.take() {
                    Some(first) => mended.extend([first.as_str(), escape]),
                    None => mended.push_str(LOST),
                },
                Some(Half::First) => {
                    let (next, after) = split_escape(rest);
                    if matches!(half(next), Some(Half::Second)) {
                        mended.extend([escape, next]);
                        rest = after;
                    } else if self.waiting.replace(escape.to_owned()).is_some() {
                        mended.push_str(LOST);
                    }
                }
            }
        }
        mended.push_str(rest);
        Cow::Owned(mended)
    }
}

/// `json`, which is all there is, with U+FFFD for every half of a pair that has
/// no other: clients that cut a text by UTF-16 units send them.
pub(in crate::wire) fn without_halves(json: &str) -> Cow<'_, str> {
    if !json.contains("\\ud") && !json.contains("\\uD") {
        return Cow::Borrowed(json);
    }
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let (escape, after) = split_escape(escape);
        let (next, behind) = split_escape(after);
        rest = after;
        match (half(escape), half(next)) {
            (None, _) => whole.push_str(escape),
            (Some(Half::First), Some(Half::Second)) => {
                whole.extend([escape, next]);
                rest = behind;
            }
            (Some(_), _) => whole.push_str(LOST),
        }
    }
    whole.push_str(rest);
    Cow::Owned(whole)
}

const LOST: &str = "\\ufffd";

enum Half {
    First,
    Second,
}

/// The escape that `text` begins with, and what follows; `""` if it begins with none.
fn split_escape(text: &str) -> (&str, &str) {
    let length = match text.as_bytes() {
        [b'\\', b'u', ..] => 6,
        [b'\\', ..] => 2,
        _ => 0,
    };
    // A broken escape goes on as it is: the JSON parser will say so.
    text.split_at_checked(length).unwrap_or((text, ""))
}

fn half(escape: &str) -> Option<Half> {
    match u16::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()? {
        0xD800..=0xDBFF => Some(Half::First),
        0xDC00..=0xDFFF => Some(Half::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(chunks: &[&str]) -> Vec<String> {
        let mut surrogates = Surrogates::default();
        chunks.iter().map(|chunk| surrogates.mend(chunk).into_owned()).collect()
    }

    #[test]
    fn pairs_stay_and_halves_meet() {
        for (chunks, wanted) in [
            (&[r#""a\n\\ud83d""#][..], &[r#""a\n\\ud83d""#][..]),
            (&[r#""\ud83d\ude00""#], &[r#""\ud83d\ude00""#]),
            (&[r#""x\uD83D""#, r#""\uDE00y""#], &[r#""x""#, r#""\uD83D\uDE00y""#]),
            (
                &[r#""\ud83d""#, r#"{"role":1}"#, r#""\ude00""#],
                &[r#""""#, r#"{"role":1}"#, r#""\ud83d\ude00""#],
            ),
            (&[r#""\ude00""#], &[r#""\ufffd""#]),
            (&[r#""\ud83d \ud83d""#, r#""\ude00""#], &[r#"" \ufffd""#, r#""\ud83d\ude00""#]),
            (&[r#""\ud8""#, r#""\"#], &[r#""\ud8""#, r#""\"#]),
        ] {
            assert_eq!(mended(chunks), wanted, "{chunks:?}");
        }
    }
}
