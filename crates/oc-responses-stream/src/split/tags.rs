//! The tags by which models mark reasoning inside their text.

/// One way to mark reasoning.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
}

/// Every grammar that is known. A new one is a row.
pub(super) const TAGS: &[Tag] = &[
    // DeepSeek-R1, Qwen3, MiniMax, Kimi behind servers without a reasoning parser
    Tag { open: "<think>", close: "</think>" },
    // MiniMax M2 where it leaks
    Tag { open: "<thinking>", close: "</thinking>" },
    Tag { open: "<thought>", close: "</thought>" },
    // gpt-oss on Bedrock
    Tag { open: "<reasoning>", close: "</reasoning>" },
    Tag { open: "<antthinking>", close: "</antthinking>" },
];

/// The longest closing tag, in bytes: what a look back must hold.
pub(super) const LONGEST_CLOSE: usize = 14;

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

/// How many bytes at the end of `text` may be the start of `tag`.
pub(super) fn partial_suffix(text: &str, tag: &str) -> usize {
    let longest = text.len().min(tag.len() - 1);
    (1..=longest)
        .rev()
        .find(|&len| text.as_bytes().ends_with(tag.as_bytes().get(..len).unwrap_or_default()))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_back_holds_the_longest_close() {
        assert_eq!(TAGS.iter().map(|tag| tag.close.len()).max(), Some(LONGEST_CLOSE));
    }

    #[test]
    fn openings() {
        assert_eq!(opening("<think>x"), Opening::Is(&TAGS[0]));
        assert_eq!(opening("<thinking"), Opening::MayBe);
        assert_eq!(opening(""), Opening::MayBe);
        assert_eq!(opening("<thunk>"), Opening::No);
    }

    #[test]
    fn partial_suffixes() {
        assert_eq!(partial_suffix("abc</th", "</think>"), 4);
        assert_eq!(partial_suffix("abc<<", "</think>"), 1);
        assert_eq!(partial_suffix("abc", "</think>"), 0);
        assert_eq!(partial_suffix("é<", "</think>"), 1);
    }
}
