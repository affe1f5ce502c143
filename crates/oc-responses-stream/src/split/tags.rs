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

/// Harmony whose special tokens were stripped: only where a profile says so.
pub(super) const BARE_HARMONY: Tag = Tag { open: "analysis", close: "assistantfinal" };

/// The longest tag, in bytes: what a look back must hold.
pub(super) const LONGEST: usize = 18;

/// What the beginning of a text says about tags.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// It opens with this tag.
    Is(&'static Tag),
    /// It may, when more comes.
    MayBe,
    /// It does not.
    No,
}

/// Looks for an opening tag at the very start of `text`.
pub(super) fn opening(text: &str) -> Opening {
    if let Some(tag) = TAGS.iter().find(|tag| text.starts_with(tag.open)) {
        return Opening::Is(tag);
    }
    if TAGS.iter().any(|tag| tag.open.starts_with(text)) { Opening::MayBe } else { Opening::No }
}

/// Whether a tag may begin with this byte.
pub(super) fn may_begin(byte: u8) -> bool {
    matches!(byte, b'<' | b'[' | 0xE2)
}

/// Whether a tag, or the beginning of one, may be in `text`.
pub(crate) fn may_hold(text: &[u8]) -> bool {
    memchr::memchr2(b'<', b'[', text).is_some()
        || text.windows(3).any(|character| character == "◁".as_bytes())
}

/// The first closing tag in `text` that no opening tag precedes.
pub(super) enum First {
    Close(usize, &'static Tag),
    Open,
    Neither,
}

/// What comes first in `text`, a closing or an opening tag?
pub(super) fn first(text: &str) -> First {
    let close = TAGS.iter().filter_map(|tag| text.find(tag.close).map(|at| (at, tag)));
    let open = TAGS.iter().filter_map(|tag| text.find(tag.open)).min();
    match close.min_by_key(|(at, _)| *at) {
        Some((at, tag)) if open.is_none_or(|open| at < open) => First::Close(at, tag),
        _ if open.is_some() => First::Open,
        _ => First::Neither,
    }
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
        assert_eq!(lengths.max(), Some(LONGEST));
    }

    #[test]
    fn every_tag_can_be_found_by_its_first_byte() {
        for tag in TAGS {
            for tag in [tag.open, tag.close] {
                assert!(may_begin(tag.as_bytes()[0]) && may_hold(tag.as_bytes()), "{tag}");
            }
        }
    }

    #[test]
    fn openings() {
        assert_eq!(opening("<think>x"), Opening::Is(&TAGS[0]));
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
