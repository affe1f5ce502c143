//! Halves of characters: a server that cuts text by UTF-16 units sends one half
//! of an emoji's escape in one delta and the other half in the next. Neither is
//! valid JSON text by itself.

/// A high half that waits for its low half.
pub(super) type High = u16;

/// Rewrites JSON text so that it holds no half characters: a low half is joined
/// to the high half that the text before ended with (`waiting`), a high half
/// without its low half is taken out and returned, and a half that has no other
/// becomes U+FFFD. `None`: the text holds no half at all.
pub(super) fn repair(json: &str, waiting: Option<High>) -> Option<(String, Option<High>)> {
    let mut out = String::with_capacity(json.len());
    let mut high = None;
    let mut changed = false;
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let Some(unit) = unit(escape) else {
            // `\\`, `\n`, …: two bytes, unless it is the end or no escape at all.
            let len = escape.char_indices().nth(2).map_or(escape.len(), |(at, _)| at);
            let (escape, tail) = escape.split_at(len);
            out.push_str(escape);
            rest = tail;
            continue;
        };
        let tail = escape.get(6..).unwrap_or_default();
        rest = tail;
        let text = escape.get(..6).unwrap_or_default();
        match unit {
            0xD800..=0xDBFF => match self::unit(tail) {
                Some(0xDC00..=0xDFFF) => {
                    out.push_str(text);
                    out.push_str(tail.get(..6).unwrap_or_default());
                    rest = tail.get(6..).unwrap_or_default();
                }
                _ => {
                    changed = true;
                    high = Some(unit);
                }
            },
            0xDC00..=0xDFFF => {
                changed = true;
                match waiting {
                    Some(high) => out.push_str(&format!("\\u{high:04x}{text}")),
                    None => out.push_str("\\ufffd"),
                }
            }
            _ => out.push_str(text),
        }
    }
    out.push_str(rest);
    changed.then_some((out, high))
}

/// The UTF-16 unit that `text` begins with as an escape.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::repair;

    #[test]
    fn whole_characters_stay() {
        for text in [r#""a\ud83d\ude00""#, r#""\\ud83d""#, r#""\n""#, r#""\u00e9""#, "\"\\", "\\é"]
        {
            assert_eq!(repair(text, None), None, "{text}");
        }
    }

    #[test]
    fn halves_wait_and_meet() {
        let (text, high) = repair(r#""a\uD83D""#, None).unwrap();
        assert_eq!((text.as_str(), high), (r#""a""#, Some(0xD83D)));
        let (text, high) = repair(r#""\ude00b""#, high).unwrap();
        assert_eq!((text.as_str(), high), (r#""\ud83d\ude00b""#, None));
    }

    #[test]
    fn a_half_without_the_other_is_replaced() {
        assert_eq!(repair(r#""\ude00""#, None).unwrap().0, r#""\ufffd""#);
    }
}
