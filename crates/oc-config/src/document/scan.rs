//! Where every token of a JSON5 text begins and ends.
//!
//! The `json5` crate decodes well and gives no positions. This walker gives
//! positions and decodes nothing, so the two can never disagree about a
//! value. It is iterative and counts nesting, so it is also the guard that
//! keeps a file of brackets from exhausting the stack: it runs first.

use std::ops::Range;

/// Deepest nesting that is read: OpenClaw's own schema needs about twelve.
pub(crate) const MAX_DEPTH: usize = 128;

/// The spans of all values and keys, in document order. Objects and arrays
/// come before their content; punctuation, space and comments have none.
///
/// # Errors
/// The byte at which nesting passes `max_depth`.
pub(crate) fn scan(text: &str, max_depth: usize) -> Result<Vec<Range<usize>>, usize> {
    let bytes = text.as_bytes();
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                if open.len() >= max_depth {
                    return Err(at);
                }
                open.push(spans.len());
                spans.push(at..at + 1);
                at += 1;
            }
            b'}' | b']' => {
                at += 1;
                if let Some(span) = open.pop().and_then(|index| spans.get_mut(index)) {
                    span.end = at;
                }
            }
            b',' | b':' => at += 1,
            b'/' if bytes.get(at + 1) == Some(&b'*') => at = end_of_block_comment(text, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = end_of_line_comment(text, at),
            b'"' | b'\'' => {
                let end = end_of_string(bytes, at, byte);
                spans.push(at..end);
                at = end;
            }
            _ => match space_at(text, at) {
                Some(width) => at += width,
                None => {
                    let end = end_of_word(text, at);
                    spans.push(at..end);
                    at = end;
                }
            },
        }
    }
    Ok(spans)
}

/// The spans of all comments, for hiding what they hold.
pub(crate) fn comments(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b'/' if bytes.get(at + 1) == Some(&b'*') => end_of_block_comment(text, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => end_of_line_comment(text, at),
            b'"' | b'\'' => {
                at = end_of_string(bytes, at, byte);
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        };
        found.push(at..end);
        at = end;
    }
    found
}

fn end_of_block_comment(text: &str, start: usize) -> usize {
    let body = start + 2;
    text.get(body..).and_then(|rest| rest.find("*/")).map_or(text.len(), |length| body + length + 2)
}

fn end_of_line_comment(text: &str, start: usize) -> usize {
    text.get(start..)
        .and_then(|rest| rest.find(['\n', '\r', '\u{2028}', '\u{2029}']))
        .map_or(text.len(), |length| start + length)
}

/// After the closing quote, or the end of the text. Bytes are enough: a quote
/// and a backslash are never part of a longer UTF-8 sequence.
fn end_of_string(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'\\' => 2,
            _ if byte == quote => return at + 1,
            _ => 1,
        };
    }
    bytes.len()
}

fn space_at(text: &str, at: usize) -> Option<usize> {
    let next = text.get(at..)?.chars().next()?;
    (next.is_whitespace() || next == '\u{feff}').then(|| next.len_utf8())
}

fn end_of_word(text: &str, start: usize) -> usize {
    let Some(rest) = text.get(start..) else {
        return text.len();
    };
    let first = rest.chars().next().map_or(1, char::len_utf8);
    let length = rest
        .find(|c: char| c.is_whitespace() || "\u{feff},:{}[]/\"'".contains(c))
        .unwrap_or(rest.len());
    start + length.max(first)
}
