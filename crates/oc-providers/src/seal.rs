//! Envelopes: what a wire wants back with its reasoning, carried through
//! clients that know only one opaque string (`encrypted_content`).
//!
//! The Responses API's own seals travel as they are. Another wire's (a Messages
//! thinking block with its signature) are put into an envelope that names the
//! wire and the host that made it: a seal is worth nothing to anyone else, and
//! a foreign one is answered with 400.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::endpoint::Api;

const PREFIX: &str = "oc-seal-1.";

/// An opened envelope.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Opened {
    pub(crate) api: String,
    pub(crate) origin: String,
    pub(crate) value: Value,
}

/// `value` of `api`'s making at `origin` as one string.
pub(crate) fn close(api: &str, origin: &str, value: &Value) -> String {
    let letter = json!({"api": api, "origin": origin, "value": value});
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(letter.to_string()))
}

/// What [`close`] put in; `None` for anything else.
pub(crate) fn open(text: &str) -> Option<Opened> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
    let mut letter: Value = serde_json::from_slice(&bytes).ok()?;
    Some(Opened {
        api: letter.get("api")?.as_str()?.to_owned(),
        origin: letter.get("origin")?.as_str()?.to_owned(),
        value: letter.get_mut("value")?.take(),
    })
}

/// A Responses seal for a client that takes any seal for its own wire's: what
/// is no envelope yet is put into one.
pub(crate) fn in_envelope(seal: &str) -> String {
    if is_envelope(seal) {
        return seal.to_owned();
    }
    close(Api::OpenaiResponses.as_str(), "", &Value::String(seal.to_owned()))
}

/// The seal that [`in_envelope`] wrapped; `None` for anything else.
pub(crate) fn open_bare(text: &str) -> Option<String> {
    match open(text)? {
        Opened { api, value: Value::String(seal), .. } if api == Api::OpenaiResponses.as_str() => {
            Some(seal)
        }
        _ => None,
    }
}

/// Whether `text` is an envelope of ours.
pub(crate) fn is_envelope(text: &str) -> bool {
    text.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let value = json!({"type": "thinking", "thinking": "ü\"\n", "signature": "Eq=/+"});
        let text = close("anthropic-messages", "https://h", &value);
        assert!(is_envelope(&text));
        assert_eq!(
            open(&text),
            Some(Opened { api: "anthropic-messages".into(), origin: "https://h".into(), value })
        );
    }

    #[test]
    fn anything_else_is_no_envelope() {
        for text in ["", "gAAAAABo", "oc-seal-1.", "oc-seal-1.%%%", "oc-seal-1.e30"] {
            assert_eq!(open(text), None, "{text}");
        }
    }
}
