//! Envelopes: what a wire wants back with its reasoning, carried through
//! clients that know only one opaque string (`encrypted_content`, a signature).
//!
//! ```text
//! oc-seal-1.<base64url of {"api","model","origin","value"}>.<base64url of HMAC-SHA-256>
//! ```
//!
//! The envelope names the wire, the host and the model that made what is in it: a
//! seal is worth nothing to anyone else, and a foreign one is answered with 400;
//! one host may serve many makers' models. Its
//! code is made with a secret of the host's endpoint, so that no client can put
//! words into the mouth of a model that it talks to through us. The Responses
//! API's own seals, which their maker checks, travel as they are.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

use crate::endpoint::Api;

const PREFIX: &str = "oc-seal-1.";

/// Closes and opens the envelopes of one model at one host.
#[derive(Clone)]
pub(crate) struct Sealer {
    origin: String,
    model: String,
    key: hmac::Key,
}

impl Sealer {
    /// For `model` at the host `origin`, with a secret that no client knows.
    pub(crate) fn new(origin: String, model: &str, secret: &str) -> Self {
        // A key of its own: what the secret is used for elsewhere stays apart.
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let derived = hmac::sign(&secret, PREFIX.as_bytes());
        let key = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        Self { origin, model: model.to_owned(), key }
    }

    /// `value` of `api`'s making by this model, as one string.
    pub(crate) fn close(&self, api: &str, value: &Value) -> String {
        let letter = letter(api, &self.origin, &self.model, value);
        let code = hmac::sign(&self.key, letter.as_bytes());
        format!("{PREFIX}{letter}.{}", URL_SAFE_NO_PAD.encode(code))
    }

    /// What [`close`](Self::close) put in for the same wire, host and model; `None`
    /// for anything else.
    pub(crate) fn open(&self, api: &str, text: &str) -> Option<Value> {
        let (letter, code) = text.strip_prefix(PREFIX)?.split_once('.')?;
        let code = URL_SAFE_NO_PAD.decode(code).ok()?;
        hmac::verify(&self.key, letter.as_bytes(), &code).ok()?;
        let opened = read(letter)?;
        let is_ours =
            opened.api == api && opened.origin == self.origin && opened.model == self.model;
        is_ours.then_some(opened.value)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Whether `text` is an envelope, whoever closed it.
pub(crate) fn is_envelope(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// A Responses seal for a client that takes any seal for its own wire's: what
/// is no envelope yet is put into one, without a code: its maker checks it.
pub(crate) fn in_envelope(seal: &str) -> String {
    if is_envelope(seal) {
        return seal.to_owned();
    }
    let value = Value::String(seal.to_owned());
    format!("{PREFIX}{}", letter(Api::OpenaiResponses.as_str(), "", "", &value))
}

/// The seal that [`in_envelope`] wrapped; `None` for anything else.
pub(crate) fn open_bare(text: &str) -> Option<String> {
    let opened = read(text.strip_prefix(PREFIX)?)?;
    match opened.value {
        Value::String(seal) if opened.api == Api::OpenaiResponses.as_str() => Some(seal),
        _ => None,
    }
}

/// An envelope that nobody opens: for a seal of unknown make, which must not be
/// taken for anyone's own.
pub(crate) fn unknown_make(api: &str) -> String {
    format!("{PREFIX}{}", letter(api, "", "", &Value::Null))
}

fn letter(api: &str, origin: &str, model: &str, value: &Value) -> String {
    let letter = json!({"api": api, "model": model, "origin": origin, "value": value});
    URL_SAFE_NO_PAD.encode(letter.to_string())
}

struct Opened {
    api: String,
    origin: String,
    model: String,
    value: Value,
}

fn read(letter: &str) -> Option<Opened> {
    let bytes = URL_SAFE_NO_PAD.decode(letter).ok()?;
    let mut letter: Value = serde_json::from_slice(&bytes).ok()?;
    Some(Opened {
        api: letter.get("api")?.as_str()?.to_owned(),
        origin: letter.get("origin")?.as_str()?.to_owned(),
        model: letter.get("model")?.as_str()?.to_owned(),
        value: letter.get_mut("value")?.take(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &str = "anthropic-messages";

    fn sealer(origin: &str, secret: &str) -> Sealer {
        Sealer::new(origin.to_owned(), "m", secret)
    }

    fn block() -> Value {
        json!({"type": "thinking", "thinking": "ü\"\n", "signature": "Eq=/+"})
    }

    #[test]
    fn what_goes_in_comes_out_at_home_alone() {
        let text = sealer("https://h", "key").close(API, &block());
        assert!(is_envelope(&text));
        assert_eq!(sealer("https://h", "key").open(API, &text), Some(block()));
        assert_eq!(sealer("https://h", "other").open(API, &text), None, "another secret");
        assert_eq!(sealer("https://x", "key").open(API, &text), None, "another host");
        assert_eq!(sealer("https://h", "key").open("openai-completions", &text), None);
        let other_model = Sealer::new("https://h".to_owned(), "m2", "key");
        assert_eq!(other_model.open(API, &text), None, "another model of the same host");
        assert!(!format!("{:?}", sealer("https://h", "key")).contains("key"));
    }

    #[test]
    fn a_forged_or_changed_envelope_stays_shut() {
        let home = sealer("https://h", "key");
        let text = home.close(API, &block());
        for at in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ascii");
            assert_eq!(home.open(API, &forged), None, "changed at {at}");
            assert_eq!(home.open(API, &text[..at]), None, "cut at {at}");
        }
        let unsigned = format!("{PREFIX}{}", letter(API, "https://h", "m", &block()));
        assert_eq!(home.open(API, &unsigned), None);
        assert_eq!(home.open(API, &format!("{unsigned}.")), None);
        assert_eq!(home.open(API, &unknown_make(API)), None);
    }

    #[test]
    fn anything_else_is_no_envelope() {
        for text in
            ["", "gAAAAABo", "oc-seal-1.", "oc-seal-1.%%%", "oc-seal-1.e30", "oc-seal-1.e30.e30"]
        {
            assert_eq!(sealer("https://h", "key").open(API, text), None, "{text}");
            assert_eq!(open_bare(text), None, "{text}");
        }
    }

    #[test]
    fn a_bare_seal_is_wrapped_once() {
        let wrapped = in_envelope("gAAAAABo");
        assert_eq!(open_bare(&wrapped).as_deref(), Some("gAAAAABo"));
        assert_eq!(in_envelope(&wrapped), wrapped);
        let own = sealer("https://h", "key").close(API, &block());
        assert_eq!(in_envelope(&own), own);
        assert_eq!(open_bare(&own), None);
    }
}
