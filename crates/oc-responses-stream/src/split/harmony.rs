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
    let ends = ENDS.iter().filter_map(|token| Some((text.find(token)?, token.len())));
    let begins = BEGINS.iter().filter_map(|token| Some((text.find(token)?, 0)));
    ends.chain(begins).min()
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
