//! The tags by which models mark reasoning inside their text.

/// One way to mark reasoning.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
}

/// Every grammar that is known, but for harmony. A new one is a row.
pub(super) const TAGS: &[Tag] = &[
    // DeepSeek-R1, Qwen3, MiniMax, Kimi behind servers without a reasoning parser
    Tag { open: "<think>", close: "</think>" },
    // MiniMax M2 where it leaks
    Tag { open: "<thinking>", close: "</thinking>" },
    Tag { open: "<thought>", close: "</thought>" },
    // gpt-oss on Bedrock
    Tag { open: "<reasoning>", close: "</reasoning>" },
    Tag { open: "<antthinking>", close: "</antthinking>" },
    // Claude, and models trained on its output
    Tag { open: "<antml:thinking>", close: "</antml:thinking>" },
    Tag { open: "<antml:reasoning>", close: "</antml:reasoning>" },
    Tag { open: "<antml:think>", close: "</antml:think>" },
    // MiniMax
    Tag { open: "<mm:think>", close: "</mm:think>" },
    Tag { open: "<mm:thinking>", close: "</mm:thinking>" },
    // Seed-OSS
    Tag { open: "<seed:think>", close: "</seed:think>" },
    // Magistral
    Tag { open: "[THINK]", close: "[/THINK]" },
    // Kimi-VL
    Tag { open: "◁think▷", close: "◁/think▷" },
    // Command A
    Tag { open: "<|START_THINKING|>", close: "<|END_THINKING|>" },
    // Gemma
    Tag { open: "<|channel>thought", close: "<channel|>" },
];

/// What stands around the answer itself (Command A): markup, at the start.
pub(super) const RESPONSE: Tag = Tag { open: "<|START_RESPONSE|>", close: "<|END_RESPONSE|>" };

/// More than this, in bytes, and it is no tag: what a tag with white space or
/// attributes in it may come to, and so the most that is held back for one.
pub(super) const LONGEST: usize = 160;

/// What the beginning of a text says about tags.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// It opens with this tag, which is this long here.
    Is(&'static Tag, usize),
    /// It may, when more comes.
    MayBe,
    /// It does not.
    No,
}

/// Looks for `tag`'s opening at the very start of `text`.
pub(super) fn opens(text: &str, tag: &'static Tag) -> Opening {
    match literal(text, tag.open) {
        Read::Is(len) => Opening::Is(tag, len),
        Read::MayBe => Opening::MayBe,
        Read::No => Opening::No,
    }
}

/// Looks for an opening tag at the very start of `text`.
pub(super) fn opening(text: &str) -> Opening {
    any(text, |tag| tag.open)
}

fn closing(text: &str) -> Opening {
    any(text, |tag| tag.close)
}

fn any(text: &str, side: fn(&'static Tag) -> &'static str) -> Opening {
    let mut may_be = false;
    for tag in TAGS {
        match literal(text, side(tag)) {
            Read::Is(len) => return Opening::Is(tag, len),
            Read::MayBe => may_be = true,
            Read::No => {}
        }
    }
    if may_be { Opening::MayBe } else { Opening::No }
}

/// Whether one tag stands at the very start of a text.
enum Read {
    Is(usize),
    MayBe,
    No,
}

/// In any case, and where it is `<…>`, with white space and attributes in it.
fn literal(text: &str, tag: &str) -> Read {
    let bytes = text.as_bytes();
    let has_blanks = tag.starts_with('<') && tag.ends_with('>') && !tag.contains('|');
    let mut at = 0;
    for &wanted in tag.as_bytes() {
        if has_blanks && at > 0 {
            let blank = |b: &&u8| b.is_ascii_whitespace();
            let blanks = bytes.get(at..).unwrap_or_default().iter().take_while(blank).count();
            let may_skip = wanted == b'/' || wanted == b'>' || only_marks(bytes.get(..at));
            at += if may_skip { blanks } else { 0 };
        }
        match bytes.get(at) {
            None if at < LONGEST => return Read::MayBe,
            Some(byte) if at < LONGEST && byte.eq_ignore_ascii_case(&wanted) => at += 1,
            Some(_) if wanted == b'>' && has_blanks => return attributes(bytes, at),
            _ => return Read::No,
        }
    }
    Read::Is(at)
}

/// Nothing of the tag's name yet.
fn only_marks(before: Option<&[u8]>) -> bool {
    let is_mark = |byte: &u8| matches!(byte, b'<' | b'/') || byte.is_ascii_whitespace();
    before.is_some_and(|before| before.iter().all(is_mark))
}

/// From white space after the name to the `>`.
fn attributes(bytes: &[u8], at: usize) -> Read {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    if !before.is_some_and(u8::is_ascii_whitespace) && bytes.get(at) != Some(&b'/') {
        return Read::No;
    }
    for (at, byte) in bytes.iter().enumerate().take(LONGEST).skip(at) {
        match byte {
            b'>' => return Read::Is(at + 1),
            b'<' | b'`' | b'\n' => return Read::No,
            _ => {}
        }
    }
    if bytes.len() < LONGEST { Read::MayBe } else { Read::No }
}

/// Whether a tag may begin with this byte.
pub(super) fn may_begin(byte: u8) -> bool {
    matches!(byte, b'<' | b'[' | 0xE2)
}

/// What stands out in a text at first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// A tag, or the beginning of one, or code may be in it.
    Odd,
    /// Nothing but the end of a line.
    LineEnd,
    Plain,
}

/// Looks at `text` once.
#[inline]
pub(super) fn sight(text: &[u8]) -> Sight {
    // Without a way out of the loop it is done many bytes at a time.
    let is_odd = |byte: u8| matches!(byte, b'<' | b'[' | b'`' | b'~' | 0xE2);
    let (odd, line_end) = text.iter().fold((false, false), |(odd, line_end), &byte| {
        (odd | is_odd(byte), line_end | (byte == b'\n'))
    });
    match (odd, line_end) {
        (true, _) if holds_a_beginning(text) => Sight::Odd,
        (_, true) => Sight::LineEnd,
        _ => Sight::Plain,
    }
}

/// Whether a tag may begin, or code; 0xE2 begins quotation marks and dashes too.
#[cold]
fn holds_a_beginning(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b'<' | b'[' | b'`' | b'~'))
        || text.windows(3).any(|character| character == "◁".as_bytes())
}

/// The first tag in a text.
#[derive(Debug)]
pub(super) enum First {
    /// A closing tag at this place, of this length.
    Close(usize, usize),
    /// An opening tag, likewise.
    Open(usize, usize),
    /// From this place on more must come: a tag may begin there.
    Partial(usize),
    None,
}

/// The first tag in `text` from `from` on.
pub(super) fn first(text: &str, from: usize) -> First {
    let mut found = candidates(text, from).map(|place| at(text, place));
    found.find(|first| !matches!(first, First::None)).unwrap_or(First::None)
}

/// The tag that stands in `text` at `place`.
pub(super) fn at(text: &str, place: usize) -> First {
    let Some(rest) = text.get(place..) else { return First::None };
    match (closing(rest), opening(rest)) {
        (Opening::Is(_, len), _) => First::Close(place, len),
        (_, Opening::Is(_, len)) => First::Open(place, len),
        (Opening::MayBe, _) | (_, Opening::MayBe) => First::Partial(place),
        (Opening::No, Opening::No) => First::None,
    }
}

/// The first place from `from` on where `tag` opens or closes.
pub(super) fn first_of(text: &str, from: usize, tag: &'static Tag) -> First {
    let begin = tag.close.as_bytes().first().copied().unwrap_or_default();
    let places = text.bytes().enumerate().skip(from).filter(|(_, byte)| *byte == begin);
    for at in places.map(|(at, _)| at).filter(|&at| text.is_char_boundary(at)) {
        let rest = text.get(at..).unwrap_or_default();
        match (literal(rest, tag.close), literal(rest, tag.open)) {
            (Read::Is(len), _) => return First::Close(at, len),
            (_, Read::Is(len)) => return First::Open(at, len),
            (Read::MayBe, _) | (_, Read::MayBe) => return First::Partial(at),
            (Read::No, Read::No) => {}
        }
    }
    First::None
}

fn candidates(text: &str, from: usize) -> impl Iterator<Item = usize> {
    let begins = move |&(at, byte): &(usize, u8)| may_begin(byte) && text.is_char_boundary(at);
    text.bytes().enumerate().skip(from).filter(begins).map(|(at, _)| at)
}

/// Whether a text may have this before its first tag: white space, and
/// characters that nobody sees.
pub(super) fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '\u{AD}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}'
        )
}

/// How many bytes at the end of `text` may be the start of `tag`.
pub(super) fn partial_suffix(text: &str, tag: &str) -> usize {
    let longest = text.len().min(tag.len() - 1);
    (1..=longest)
        .rev()
        .find(|&len| text.as_bytes().ends_with(tag.as_bytes().get(..len).unwrap_or_default()))
        // A tag of several bytes a character is cut only between characters.
        .filter(|&len| text.is_char_boundary(text.len() - len))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_back_holds_the_longest_tag() {
        let lengths = TAGS.iter().flat_map(|tag| [tag.open.len(), tag.close.len()]);
        assert!(lengths.max().is_some_and(|most| most < LONGEST));
    }

    #[test]
    fn every_tag_can_be_found_by_its_first_byte() {
        for tag in TAGS {
            for tag in [tag.open, tag.close] {
                assert!(may_begin(tag.as_bytes()[0]), "{tag}");
                assert_eq!(sight(tag.as_bytes()), Sight::Odd, "{tag}");
            }
        }
    }

    #[test]
    fn what_stands_out() {
        for (text, is) in [
            ("", Sight::Plain),
            (" a “b” – c", Sight::Plain),
            ("a\nb", Sight::LineEnd),
            ("a\n<", Sight::Odd),
            ("◁", Sight::Odd),
            ("a~", Sight::Odd),
        ] {
            assert_eq!(sight(text.as_bytes()), is, "{text}");
        }
    }

    #[test]
    fn openings() {
        assert_eq!(opening("<think>x"), Opening::Is(&TAGS[0], 7));
        assert_eq!(opening("<THINK>x"), Opening::Is(&TAGS[0], 7));
        assert_eq!(opening("< think >x"), Opening::Is(&TAGS[0], 9));
        assert_eq!(opening("<think a=\"1\">x"), Opening::Is(&TAGS[0], 13));
        assert_eq!(opening("<think a"), Opening::MayBe);
        assert_eq!(opening("<think a <b>"), Opening::No);
        assert_eq!(opening("<thinks>"), Opening::No);
        assert_eq!(opening("<thi nk>"), Opening::No);
        assert_eq!(opening("<thinking"), Opening::MayBe);
        assert_eq!(opening("◁thi"), Opening::MayBe);
        assert_eq!(opening(""), Opening::MayBe);
        assert_eq!(opening("<thunk>"), Opening::No);
    }

    #[test]
    fn partial_suffixes() {
        assert_eq!(partial_suffix("abc</th", "</think>"), 4);
        assert_eq!(partial_suffix("abc<<", "</think>"), 1);
        assert_eq!(partial_suffix("abc", "</think>"), 0);
        assert_eq!(partial_suffix("é<", "</think>"), 1);
        assert_eq!(partial_suffix("x◁/", "◁/think▷"), 4);
    }
}
