//! Harmony, the markup of gpt-oss, where a server hands it on as text:
//!
//! ```text
//! <|start|>assistant<|channel|>analysis<|message|>…<|end|>
//! <|start|>assistant<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{…}<|call|>
//! <|start|>assistant<|channel|>final<|message|>…<|return|>
//! ```
//!
//! The first `<|start|>assistant` is most often missing, since the template
//! writes it.

use super::tags;

/// A header longer than this, in bytes, is none.
pub(super) const LONGEST_HEADER: usize = 512;

pub(super) const MESSAGE: &str = "<|message|>";
const CHANNEL: &str = "<|channel|>";
const BEGINS: &[&str] = &["<|start|>", CHANNEL];
const HEADER_WORDS: &[&str] = &[
    "start",
    "assistant",
    "channel",
    "analysis",
    "commentary",
    "final",
    "to=",
    "constrain",
    "json",
    "code",
    "message",
];
const ENDS: &[&str] = &["<|end|>", "<|return|>", "<|call|>"];

/// What a message's body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Reasoning,
    Commentary,
    Final,
    /// A call of this function.
    Call(String),
}

/// What a text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    Header,
    MayBe,
    No,
}

/// Whether a header stands at the very start of `text`.
pub(super) fn begins(text: &str) -> Begins {
    if BEGINS.iter().any(|token| text.starts_with(token)) {
        Begins::Header
    } else if BEGINS.iter().any(|token| token.starts_with(text)) {
        Begins::MayBe
    } else {
        Begins::No
    }
}

/// What the body after `header` (up to `<|message|>`) is. What a channel of a
/// name that we do not know holds is not shown.
pub(super) fn body(header: &str) -> Body {
    let recipient = header
        .split("to=")
        .nth(1)
        .map(|rest| rest.split(|c: char| c.is_whitespace() || c == '<').next().unwrap_or_default());
    let name = recipient.map(|name| name.strip_prefix("functions.").unwrap_or(name));
    if let Some(name) = name.filter(|name| !matches!(*name, "" | "user" | "assistant" | "all")) {
        return Body::Call(name.to_owned());
    }
    let channel = header.split(CHANNEL).nth(1).unwrap_or("final").trim_start();
    let end = channel.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(channel.len());
    match channel.get(..end).unwrap_or_default() {
        "final" => Body::Final,
        "commentary" => Body::Commentary,
        _ => Body::Reasoning,
    }
}

/// Where a body ends in `text`, and how long the token is that ends it (none,
/// where the next header does).
pub(super) fn end(text: &str) -> Option<(usize, usize)> {
    let token = |at: usize| {
        let rest = text.get(at..)?;
        let end = ENDS.iter().find(|token| rest.starts_with(**token)).map(|token| token.len());
        let next = || BEGINS.iter().any(|token| rest.starts_with(token)).then_some(0);
        Some((at, end.or_else(next)?))
    };
    // One look at the text for all of the tokens: it goes no further than the first.
    text.match_indices("<|").find_map(|(at, _)| token(at))
}

/// Whether `text`, which begins as a header and goes no further, has the words of
/// one and nothing else.
pub(super) fn is_header_so_far(text: &str) -> bool {
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '|' | '>'));
    words.all(|word| {
        word.starts_with("to=") || HEADER_WORDS.iter().any(|known| known.starts_with(word))
    })
}

/// How many bytes at the end of `text` may be the start of a token.
pub(super) fn partial_end(text: &str) -> usize {
    let tokens = ENDS.iter().chain(BEGINS);
    tokens.map(|token| tags::partial_suffix(text, token)).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let call = |name: &str| Body::Call(name.to_owned());
        for (header, is) in [
            ("<|channel|>analysis", Body::Reasoning),
            ("<|start|>assistant<|channel|>final", Body::Final),
            ("<|start|>assistant<|channel|>final <|constrain|>json", Body::Final),
            ("<|start|>assistant", Body::Final),
            ("<|channel|>commentary", Body::Commentary),
            (
                "<|channel|>commentary to=functions.get_weather <|constrain|>json",
                call("get_weather"),
            ),
            ("<|start|>assistant to=functions.a<|channel|>commentary", call("a")),
            ("<|channel|>analysis to=browser.search code", call("browser.search")),
            ("<|channel|>secret", Body::Reasoning),
        ] {
            assert_eq!(body(header), is, "{header}");
        }
    }
}
