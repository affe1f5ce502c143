//! Envelopes: what a host wants back with its reasoning, carried through
//! clients that know only one opaque string (`encrypted_content`, a signature).
//!
//! ```text
//! oc-seal-2.<base64url of the value as JSON>.<base64url of HMAC-SHA-256>
//! ```
//!
//! What is in it is worth nothing to anyone but the wire, the host and the model
//! that made it: a foreign seal is answered with 400, and one host may serve many
//! makers' models. The envelope names none of them, so that no client learns
//! where a host is. Its code is made with a key of theirs alone, derived from a
//! secret of the host's endpoint: no client can put words into the mouth of a
//! model that it talks to through us, and nobody else's envelope opens.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oc_responses_stream::{Delta, Item, Seal};
use ring::hmac;
use serde_json::{Map, Value, json};

use crate::endpoint::Api;

/// What every envelope begins with, those of earlier versions, too.
const MARK: &str = "oc-seal-";
const PREFIX: &str = "oc-seal-2.";
/// An envelope that nobody opens.
const UNKNOWN_MAKE: &str = "oc-seal-0";

/// Where an item of the Responses wire has what only its maker reads.
pub(crate) const SEALED: &str = "encrypted_content";

/// Closes and opens the envelopes of one model at one host.
#[derive(Clone)]
pub(crate) struct Sealer {
    origin: String,
    model: String,
    secret: hmac::Key,
}

impl Sealer {
    /// For `model` at the host `origin`, with a secret that no client knows.
    pub(crate) fn new(origin: String, model: &str, secret: &str) -> Self {
        // A key of its own: what the secret is used for elsewhere stays apart.
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let secret = derived(&secret, PREFIX);
        Self { origin, model: model.to_owned(), secret }
    }

    /// `value` of `api`'s making by this model, as one string.
    pub(crate) fn close(&self, api: &str, value: &Value) -> String {
        let letter = URL_SAFE_NO_PAD.encode(value.to_string());
        let code = hmac::sign(&self.key_of(api), letter.as_bytes());
        format!("{PREFIX}{letter}.{}", URL_SAFE_NO_PAD.encode(code))
    }

    /// What [`close`](Self::close) put in for the same wire, host and model; `None`
    /// for anything else.
    pub(crate) fn open(&self, api: &str, text: &str) -> Option<Value> {
        let (letter, code) = text.strip_prefix(PREFIX)?.split_once('.')?;
        let code = URL_SAFE_NO_PAD.decode(code).ok()?;
        hmac::verify(&self.key_of(api), letter.as_bytes(), &code).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(letter).ok()?).ok()
    }

    /// Puts what a host that speaks `api` sealed into an envelope. That is a
    /// Responses seal of our making, which every client of ours can carry.
    pub(crate) fn enveloped(&self, api: Api, delta: Delta) -> Delta {
        let responses = Api::OpenaiResponses.as_str();
        match delta {
            Delta::Seal(seal) => {
                let envelope = self.close(seal.api, &seal.value);
                Delta::Seal(Seal::new(seal.slot, responses, Value::String(envelope)))
            }
            Delta::Item(mut whole) if api == Api::OpenaiResponses => {
                if let Item::Other(other) = &mut *whole.item
                    && let Some(sealed) = other.json.get_mut(SEALED).filter(|it| is_sealed(it))
                {
                    *sealed = self.of_host().close(responses, sealed).into();
                }
                Delta::Item(whole)
            }
            other => other,
        }
    }

    /// The seal of reasoning as this Responses host takes it: its own out of the
    /// envelope, and as it is what a client brings that talked to a host of this
    /// wire without us. `None`: it is another's.
    pub(crate) fn responses_seal(&self, text: &str) -> Option<String> {
        if !is_envelope(text) {
            return Some(text.to_owned());
        }
        match self.open(Api::OpenaiResponses.as_str(), text)? {
            Value::String(seal) => Some(seal),
            _ => None,
        }
    }

    /// The same for an item that is no reasoning, in its place; `false`: the item
    /// is another host's.
    #[must_use]
    pub(crate) fn open_item(&self, json: &mut Map<String, Value>) -> bool {
        let Some(sealed) = json.get_mut(SEALED) else { return true };
        let Some(text) = sealed.as_str() else { return true };
        let opened = self.of_host().responses_seal(text);
        let is_own = opened.is_some();
        if let Some(opened) = opened {
            *sealed = opened.into();
        }
        is_own
    }

    /// For what every model of the host reads: a compaction holds the conversation,
    /// which may go on with another model.
    fn of_host(&self) -> Self {
        Self { model: String::new(), ..self.clone() }
    }

    /// The key of this wire, host and model.
    fn key_of(&self, api: &str) -> hmac::Key {
        derived(&self.secret, &json!([api, self.origin, self.model]).to_string())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Whether `text` is an envelope, whoever closed it.
pub(crate) fn is_envelope(text: &str) -> bool {
    text.starts_with(MARK)
}

/// A seal from where a client of another wire than Responses keeps it: our
/// envelope, or one that nobody opens, for a signature of unknown make may not
/// be taken for anyone's own.
pub(crate) fn brought(seal: &str) -> String {
    if is_envelope(seal) { seal.to_owned() } else { UNKNOWN_MAKE.to_owned() }
}

fn is_sealed(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn derived(key: &hmac::Key, of: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(key, of.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use oc_responses_stream::{OtherItem, Slot, WholeItem};

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
    fn an_envelope_holds_the_value_and_nothing_of_the_host() {
        let text = sealer("https://h.internal:8443", "key").close(API, &block());
        let letter = text.split('.').nth(1).expect("a letter");
        let letter = URL_SAFE_NO_PAD.decode(letter).expect("base64");
        assert_eq!(String::from_utf8(letter).expect("text"), block().to_string());
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
        let (unsigned, _) = text.rsplit_once('.').expect("a code");
        assert_eq!(home.open(API, unsigned), None);
        assert_eq!(home.open(API, &format!("{unsigned}.")), None);
        assert_eq!(home.open(API, UNKNOWN_MAKE), None);
    }

    #[test]
    fn anything_else_is_no_envelope_that_opens() {
        for text in
            ["", "gAAAAABo", "oc-seal-2.", "oc-seal-2.%%%", "oc-seal-2.e30", "oc-seal-2.e30.e30"]
        {
            assert_eq!(sealer("https://h", "key").open(API, text), None, "{text}");
        }
    }

    #[test]
    fn a_seal_of_the_responses_wire_is_opened_or_it_was_never_ours() {
        let home = sealer("https://h", "key");
        let seal = Seal::new(Slot(0), "openai-responses", json!("gAAAAABo"));
        let Delta::Seal(sealed) = home.enveloped(Api::OpenaiResponses, Delta::Seal(seal)) else {
            panic!("a seal")
        };
        let envelope = sealed.value.as_str().expect("text");
        assert_eq!(home.responses_seal(envelope).as_deref(), Some("gAAAAABo"));
        assert_eq!(sealer("https://x", "key").responses_seal(envelope), None);
        assert_eq!(home.responses_seal("gAAAAABo").as_deref(), Some("gAAAAABo"));
        assert_eq!(home.responses_seal(&home.close(API, &json!("x"))), None, "another wire's");
        // Of the version before this one, which named the host in it.
        assert_eq!(home.responses_seal("oc-seal-1.e30.e30"), None);
        assert_eq!(home.responses_seal(&brought("gAAAAABo")), None);
        assert_eq!(brought(envelope), envelope);
    }

    #[test]
    fn an_item_goes_home_whichever_model_made_it() {
        let json = |value: &Value| value.as_object().cloned().expect("an object");
        let sent = json(&json!({"type": "compaction", "encrypted_content": "gAAAAABo", "id": "c"}));
        let item = Item::Other(OtherItem::new(sent.clone()));
        let home = sealer("https://h", "key");
        let told = home.enveloped(Api::OpenaiResponses, Delta::Item(WholeItem::new(Slot(0), item)));
        let Delta::Item(told) = told else { panic!("an item") };
        let Item::Other(told) = *told.item else { panic!("of this type") };
        assert!(told.json[SEALED].as_str().is_some_and(is_envelope));

        let mut back = told.json.clone();
        assert!(Sealer::new("https://h".to_owned(), "m2", "key").open_item(&mut back));
        assert_eq!(back, sent);
        let mut elsewhere = told.json.clone();
        assert!(!sealer("https://x", "key").open_item(&mut elsewhere));
        for unsealed in [
            json!({"type": "x"}),
            json!({"encrypted_content": null}),
            json!({"encrypted_content": "raw"}),
        ] {
            let mut unsealed = json(&unsealed);
            let before = unsealed.clone();
            assert!(home.open_item(&mut unsealed));
            assert_eq!(unsealed, before);
        }
    }
}
