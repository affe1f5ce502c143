//! Delta events read by comparison with one that was read before.
//!
//! A stream repeats one event thousands of times; only three values in it
//! change. Once such an event went through the full parser, its bytes are kept
//! as a [`Template`]: literal stretches with holes where the values of
//! `sequence_number`, `delta` and `obfuscation` stood. A later event whose
//! stretches are byte for byte the same, and whose holes hold a valid number or
//! a valid JSON string, is valid as a whole (its other bytes were parsed
//! already) and means what the first one meant, with another text. Everything
//! else is a miss and goes through the full parser, which alone decides what is
//! accepted: a template never rejects.

use std::ops::Range;
use std::str;

use crate::Slot;
use crate::hot::{Hot, HotKind, HotText};

/// How many shapes of event are known at a time: parallel items, text beside
/// reasoning.
const MOST: usize = 4;

/// After so many templates that never matched, no more are made: ids that
/// change on every event, log probabilities.
const FRUITLESS: u8 = 32;

/// A longer event is no typical delta, and its copy is not worth its memory.
const LONGEST: usize = 4096;

/// The templates of one answer, as long as the items stand as they stood.
#[derive(Clone, Debug, Default)]
pub(super) struct Templates {
    known: Vec<Template>,
    /// The one that matched last.
    last: usize,
    next: usize,
    fruitless: u8,
}

#[derive(Clone, Debug)]
struct Template {
    /// A whole event with its line ends.
    shape: Vec<u8>,
    holes: Vec<Hole>,
    says: HotKind,
    slot: Slot,
    part: u32,
}

#[derive(Clone, Debug)]
struct Hole {
    /// The value in the shape; of text, what is between its quotes.
    range: Range<usize>,
    holds: Holds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Number,
    Padding,
    Delta,
}

impl Templates {
    /// Forgets all: an event passed that may have changed what belongs where.
    pub(super) fn clear(&mut self) {
        self.known.clear();
        (self.last, self.next) = (0, 0);
    }

    /// Reads one event from the beginning of `input`. The text of one that has
    /// escapes is written to `written`.
    #[inline]
    pub(super) fn read(&mut self, input: &[u8], written: &mut String) -> Option<Hot> {
        let last = self.last;
        if let Some(hot) = self.known.get(last).and_then(|known| known.read(input, written)) {
            self.fruitless = 0;
            return Some(hot);
        }
        for (at, known) in self.known.iter().enumerate().filter(|(at, _)| *at != last) {
            if let Some(hot) = known.read(input, written) {
                self.last = at;
                self.fruitless = 0;
                return Some(hot);
            }
        }
        None
    }

    /// Whether it is worth while to [`learn`](Self::learn).
    pub(super) fn wants_more(&self) -> bool {
        self.fruitless < FRUITLESS
    }

    /// Keeps an event that the full parser read: `raw` is the event, `json` its
    /// data, and it said `text`.
    pub(super) fn learn(
        &mut self,
        raw: &[u8],
        json: &str,
        (says, slot, part, text): (HotKind, Slot, u32, &str),
    ) {
        let Some(template) = Template::of(raw, json, text) else { return };
        self.fruitless = self.fruitless.saturating_add(1);
        let template = Template { says, slot, part, ..template };
        match self.known.get_mut(self.next) {
            Some(known) => *known = template,
            None => self.known.push(template),
        }
        self.last = self.next;
        self.next = (self.next + 1) % MOST;
    }
}

impl Template {
    /// `None` where the event is not of the simple kind.
    fn of(raw: &[u8], json: &str, text: &str) -> Option<Self> {
        // It must end in a blank line of its own: what follows is another event.
        let ends = raw.ends_with(b"\n\n") || raw.ends_with(b"\r\n\r\n");
        if !ends || raw.len() > LONGEST || text.is_empty() {
            return None;
        }
        // A comment inside must be reported; the data must be where it seems to be.
        if memchr::memmem::find(raw, b"\n:").is_some() {
            return None;
        }
        let mut places = memchr::memmem::find_iter(raw, json.as_bytes());
        let at = places.next().filter(|_| places.next().is_none())?;
        let mut holes = Vec::with_capacity(3);
        let (mut kind, mut delta) = (None, None);
        for (key, value) in fields(json)? {
            let range = at + value.start..at + value.end;
            let inner = range.start + 1..range.end.saturating_sub(1);
            let is_text = raw.get(range.start) == Some(&b'"');
            match key {
                b"sequence_number" if !is_text => {
                    number(raw.get(range.clone())?).filter(|len| *len == range.len())?;
                    holes.push(Hole { range, holds: Holds::Number });
                }
                b"obfuscation" if is_text => {
                    holes.push(Hole { range: inner, holds: Holds::Padding });
                }
                // Of these events alone the text is the value of `delta`.
                b"type" => kind = raw.get(range)?.ends_with(b".delta\"").then_some(()),
                b"delta" if is_text => {
                    delta = Some(());
                    holes.push(Hole { range: inner, holds: Holds::Delta });
                }
                _ => {}
            }
        }
        kind.and(delta)?;
        let says = HotKind::Arguments;
        let template = Self { shape: raw.to_vec(), holes, says, slot: Slot(0), part: 0 };
        // What it was made of must read as the full parser read it.
        let mut written = String::new();
        let hot = template.read(raw, &mut written)?;
        let read = match hot.text {
            HotText::Input(range) => str::from_utf8(raw.get(range)?).ok()?,
            HotText::Written => &written,
        };
        (hot.length == raw.len() && read == text).then_some(template)
    }

    #[inline]
    fn read(&self, input: &[u8], written: &mut String) -> Option<Hot> {
        let (mut at, mut from) = (0, 0);
        let mut text = HotText::Written;
        for hole in &self.holes {
            at = self.literal(input, at, from..hole.range.start)?;
            from = hole.range.end;
            let rest = input.get(at..)?;
            at += match hole.holds {
                Holds::Number => number(rest)?,
                Holds::Padding => plain(rest).filter(|len| rest.get(*len) == Some(&b'"'))?,
                Holds::Delta => {
                    let length = plain(rest)?;
                    if rest.get(length) == Some(&b'"') {
                        if length == 0 {
                            return None;
                        }
                        text = HotText::Input(at..at + length);
                        length
                    } else {
                        unescape(rest, written)?
                    }
                }
            };
        }
        at = self.literal(input, at, from..self.shape.len())?;
        Some(Hot::new(at, self.says, self.slot, self.part, text))
    }

    /// Where `input` goes on after a stretch of the shape; `None` if it differs.
    #[inline]
    fn literal(&self, input: &[u8], at: usize, stretch: Range<usize>) -> Option<usize> {
        let stretch = self.shape.get(stretch)?;
        let end = at + stretch.len();
        (input.get(at..end)? == stretch).then_some(end)
    }
}

/// The top-level fields of an object that is known to be valid JSON: keys as
/// they are written, and where their values are. `None` where a key stands
/// twice or is escaped, for then position does not tell meaning.
fn fields(json: &str) -> Option<Vec<(&[u8], Range<usize>)>> {
    let bytes = json.as_bytes();
    let mut fields: Vec<(&[u8], Range<usize>)> = Vec::with_capacity(10);
    let mut at = blank(bytes, 0) + 1;
    loop {
        at = blank(bytes, at);
        if bytes.get(at)? != &b'"' {
            return None;
        }
        let end = value_end(bytes, at)?;
        let key = bytes.get(at + 1..end - 1)?;
        if key.contains(&b'\\') || fields.iter().any(|(known, _)| *known == key) {
            return None;
        }
        // The colon, and what is around it.
        at = blank(bytes, blank(bytes, end) + 1);
        let end = value_end(bytes, at)?;
        fields.push((key, at..end));
        at = blank(bytes, end);
        match bytes.get(at)? {
            b',' => at += 1,
            _ => return Some(fields),
        }
    }
}

fn blank(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// The end of the value that begins at `at`, in valid JSON.
fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (offset, &byte) in bytes.get(at..)?.iter().enumerate() {
        let here = at + offset;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => {
                in_text = !in_text;
                if !in_text && depth == 0 {
                    return Some(here + 1);
                }
            }
            _ if in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 1 => depth -= 1,
            b'}' | b']' if depth == 1 => return Some(here + 1),
            // The end of a number or a word; a bracket here is the object's own.
            b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return Some(here),
            _ => {}
        }
    }
    None
}

/// Length of the whole number that `input` begins with, as JSON writes one.
#[inline]
fn number(input: &[u8]) -> Option<usize> {
    let digits = input.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
    let leading_zero = digits > 1 && input.first() == Some(&b'0');
    (digits > 0 && digits < 20 && !leading_zero).then_some(digits)
}

/// Length of the text up to a quote or a backslash; `None` if it is not valid
/// inside a JSON string.
#[inline]
fn plain(input: &[u8]) -> Option<usize> {
    let mut ascii = true;
    for (at, &byte) in input.iter().enumerate() {
        match byte {
            b'"' | b'\\' => {
                let valid = ascii || str::from_utf8(input.get(..at)?).is_ok();
                return valid.then_some(at);
            }
            0..0x20 => return None,
            _ => ascii &= byte < 0x80,
        }
    }
    None
}

/// Writes the text up to its closing quote to `out`, and returns its length as
/// it stands in `input`. `None` where an escape is not valid, half a character
/// included: the full parser knows what to do with that.
fn unescape(input: &[u8], out: &mut String) -> Option<usize> {
    out.clear();
    let mut at = 0;
    loop {
        let rest = input.get(at..)?;
        let run = plain(rest)?;
        out.push_str(str::from_utf8(rest.get(..run)?).ok()?);
        at += run;
        if rest.get(run) == Some(&b'"') {
            return Some(at).filter(|_| !out.is_empty());
        }
        let escape = input.get(at + 1)?;
        at += 2;
        out.push(match escape {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = hex(input.get(at..at + 4)?)?;
                at += 4;
                match unit {
                    0xD800..=0xDBFF => {
                        let low = input.get(at..at + 6)?.strip_prefix(b"\\u").and_then(hex)?;
                        at += 6;
                        let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
                        char::from_u32(0x10000 + ((unit - 0xD800) << 10) + low)?
                    }
                    // Refuses a low half by itself.
                    _ => char::from_u32(unit)?,
                }
            }
            _ => return None,
        });
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |unit, digit| Some((unit << 4) | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\
                       \"sequence_number\":7,\"logprobs\":[],\"delta\":\"Hi\",\"obfuscation\":\"xy\"}\n\n";

    fn learned() -> Templates {
        let mut templates = Templates::default();
        let json = RAW.split_once("data: ").unwrap().1.trim_end();
        templates.learn(RAW.as_bytes(), json, (HotKind::Arguments, Slot(3), 1, "Hi"));
        assert_eq!(templates.known.len(), 1);
        templates
    }

    fn read(raw: &str) -> Option<String> {
        let mut written = String::new();
        let hot = learned().read(raw.as_bytes(), &mut written)?;
        assert_eq!((hot.slot, hot.part), (Slot(3), 1));
        Some(match hot.text {
            HotText::Input(range) => raw[range].to_owned(),
            HotText::Written => written,
        })
    }

    #[test]
    fn other_values_in_the_holes_are_read() {
        let with = |delta: &str| {
            RAW.replace("\"Hi\"", &format!("\"{delta}\"")).replace(":7", ":12345").replace("xy", "")
        };
        assert_eq!(read(&with("Größe")).as_deref(), Some("Größe"));
        assert_eq!(read(&with("a\\n\\\"\\ud83d\\ude00\\/\\u0041")).as_deref(), Some("a\n\"😀/A"));
        // What comes after is another event's.
        assert_eq!(read(&format!("{}data: [DONE]", with("a"))).as_deref(), Some("a"));
    }

    #[test]
    fn whatever_is_not_certain_is_a_miss() {
        for (from, to) in [
            ("Hi", ""),
            ("Hi", "\\ud83d"),
            ("Hi", "\\ude00"),
            ("Hi", "\\ud83d\\u0041"),
            ("Hi", "\\x"),
            ("Hi", "a\tb"),
            ("\"Hi\"", "7"),
            (":7", ":07"),
            (":7", ":-7"),
            (":7", ":7.5"),
            (":7", ":"),
            ("xy", "\\n"),
            ("[]", "[1]"),
            ("output_text", "refusal"),
            ("\n\n", "\n"),
        ] {
            assert_eq!(read(&RAW.replace(from, to)), None, "{from} {to}");
        }
    }

    #[test]
    fn what_has_no_certain_shape_is_not_learned() {
        for json in [
            r#"{"type":"x.delta","delta":"a","delta":"b"}"#,
            r#"{"type":"x.delta","\u0064elta":"a","delta":"a"}"#,
            r#"{"type":"x.delta","text":"a"}"#,
            r#"{"type":"x.delta","delta":1}"#,
            r#"{"type":"x.delta","delta":"b"}"#,
            r#"{"type":"x.done","delta":"a"}"#,
            r#"{"delta":"a"}"#,
        ] {
            let raw = format!("data: {json}\n\n");
            let mut templates = Templates::default();
            templates.learn(raw.as_bytes(), json, (HotKind::Arguments, Slot(0), 0, "a"));
            assert!(templates.known.is_empty(), "{json}");
        }
    }

    #[test]
    fn fields_of_an_object() {
        let json = r#" { "a" : [1,{"b":"]"}] , "c":"x\"y" ,"d":-1.5e3}"#;
        let found: Vec<_> = fields(json).unwrap().into_iter().map(|(_, at)| &json[at]).collect();
        assert_eq!(found, [r#"[1,{"b":"]"}]"#, r#""x\"y""#, "-1.5e3"]);
    }
}
