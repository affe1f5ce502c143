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

    /// `prefix` and the key as a sensitive header value; `None` where the key
    /// holds bytes that no header may carry (a newline from a careless file).
    pub(crate) fn header(&self, prefix: &str) -> Option<HeaderValue> {
        let text = Zeroizing::new(format!("{prefix}{}", self.expose()));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// `text` with every occurrence of the key blotted out: some servers quote
    /// the key in their 401.
    pub(crate) fn blot(&self, text: &str) -> String {
        // Short placeholder keys ("lm", "none") occur in innocent words.
        if self.0.len() < 6 {
            return text.to_owned();
        }
        text.replace(self.expose(), "[key]")
    }
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
    fn a_key_with_a_newline_makes_no_header() {
        assert!(ApiKey::new("sk-a\nsk-b").header("Bearer ").is_none());
    }

    #[test]
    fn a_quoted_key_is_blotted_and_a_placeholder_is_not() {
        let key = ApiKey::new("sk-planted-key");
        assert_eq!(key.blot("bad key sk-planted-key!"), "bad key [key]!");
        assert_eq!(ApiKey::new("lm").blot("calm"), "calm");
    }
}
