//! A key that cannot be printed.

use std::fmt;

use http::HeaderValue;
use zeroize::Zeroizing;

/// A provider's API key.
///
/// `Debug` shows `ApiKey(…)`; there is no `Display` and no `Serialize`, and
/// the memory is wiped on drop. Header values made from it are marked
/// sensitive, so that HTTP libraries do not print them either.
///
/// ```
/// use oc_providers::ApiKey;
///
/// let key = ApiKey::new("sk-very-private");
/// assert_eq!(format!("{key:?}"), "ApiKey(…)");
/// assert_eq!(key.expose(), "sk-very-private");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// Takes the key as it stands.
    pub fn new(key: impl Into<String>) -> Self {
        Self(Zeroizing::new(key.into()))
    }

    /// The key itself. Every place that calls this is a place that can leak it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a stranger could find it: it is empty, short, or one of the words
    /// that guides tell people to write where a server wants any key. Nothing
    /// proves itself by such a key.
    ///
    /// ```
    /// use oc_providers::ApiKey;
    ///
    /// assert!(ApiKey::new("lmstudio").is_guessable());
    /// assert!(!ApiKey::new("sk-3c9f0f3e6b1d4a7e").is_guessable());
    /// ```
    pub fn is_guessable(&self) -> bool {
        let key = self.expose().trim();
        key.len() < SHORTEST_PROOF || is_placeholder(key)
    }

    /// `prefix` and the key as a sensitive header value; `None` where the key
    /// holds bytes that no header may carry (a newline from a careless file).
    pub(crate) fn header(&self, prefix: &str) -> Option<HeaderValue> {
        let text = Zeroizing::new(format!("{prefix}{}", self.expose()));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Everything that a provider is sent in confidence: its key, the values of
/// its headers and of its base URL's query. Some servers quote them.
pub(crate) struct Secrets(Vec<Zeroizing<String>>);

/// What is shorter is found by trying, by someone who has an envelope to try it
/// on. No vendor's keys are that short.
const SHORTEST_PROOF: usize = 16;
/// Shorter than this is no secret, but a letter or two of any word.
const SHORTEST: usize = 3;
/// Shorter than this is blotted as a word of its own only.
const SHORTEST_IN_WORDS: usize = 6;

impl Secrets {
    /// These values, and of one with a scheme (`Bearer …`) what follows it.
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut kept: Vec<&str> = values
            .into_iter()
            .flat_map(|value| [Some(value), value.split_once(' ').map(|(_, rest)| rest)])
            .flatten()
            .map(str::trim)
            .filter(|value| value.len() >= SHORTEST && !is_placeholder(value))
            .collect();
        // The longest first, for one may hold another.
        kept.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        kept.dedup();
        Self(kept.into_iter().map(|value| Zeroizing::new(value.to_owned())).collect())
    }

    /// `text` with every one of them blotted out, also one that the end of a
    /// shortened text (`…`) cut.
    pub(crate) fn blot(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            text = if secret.len() < SHORTEST_IN_WORDS {
                without_word(&text, secret)
            } else {
                text.replace(secret.as_str(), BLOT)
            };
            if let Some(whole) = text.strip_suffix('…')
                && let Some(cut) = cut_at(whole, secret)
            {
                text = format!("{}{BLOT}…", whole.get(..cut).unwrap_or_default());
            }
        }
        text
    }
}

const BLOT: &str = "[key]";

fn is_placeholder(value: &str) -> bool {
    crate::vendors::PLACEHOLDERS.iter().any(|known| known.eq_ignore_ascii_case(value))
}

/// `text` without `word` where it stands alone.
fn without_word(text: &str, word: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(word) {
        let alone =
            !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        kept.push_str(before);
        kept.push_str(if alone { BLOT } else { word });
        rest = after;
    }
    kept + rest
}

/// Where the beginning of `secret` stands at the end of `text`.
fn cut_at(text: &str, secret: &str) -> Option<usize> {
    (SHORTEST..secret.len())
        .rev()
        .filter_map(|length| secret.get(..length))
        .find_map(|begin| text.strip_suffix(begin))
        .map(str::len)
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_key_nor_header_shows_itself() {
        let key = ApiKey::new("sk-planted-key");
        let header = key.header("Bearer ").expect("printable key");
        assert!(!format!("{key:?} {header:?}").contains("planted"));
        assert_eq!(header.to_str().expect("ascii"), "Bearer sk-planted-key");
    }

    #[test]
    fn a_placeholder_proves_nothing() {
        for key in ["", "  ", "lmstudio", "LOCAL", " ollama ", "sk-1", "change-me"] {
            assert!(ApiKey::new(key).is_guessable(), "{key}");
        }
        assert!(!ApiKey::new("sk-planted-key-0123").is_guessable());
    }

    #[test]
    fn a_key_with_a_newline_makes_no_header() {
        assert!(ApiKey::new("sk-a\nsk-b").header("Bearer ").is_none());
    }

    #[test]
    fn a_quoted_key_is_blotted_and_a_placeholder_is_not() {
        for (secrets, text, wanted) in [
            (&["sk-planted-key"][..], "bad key sk-planted-key!", "bad key [key]!"),
            (&["lm"], "calm lm", "calm lm"),
            (&["abc"], "abc abcd xabc 'abc'", "[key] abcd xabc '[key]'"),
            (&["Bearer sk-planted"], "got sk-planted, Bearer sk-planted", "got [key], [key]"),
            (&["sk-planted-key"], "key is sk-plan…", "key is [key]…"),
            (&["planted", "planted-more"], "planted-more planted", "[key] [key]"),
            (&["lmstudio"], "run lmstudio load", "run lmstudio load"),
            (&["ollama", "none", "x", "local", "true"], "x none ollama", "x none ollama"),
        ] {
            assert_eq!(Secrets::new(secrets.iter().copied()).blot(text), wanted);
        }
    }
}
