//! Requests: whatever a client sends is refused in its own words, or can be
//! said to every host; and what is said can be read, and says the same again.

use oc_providers::wire::{AnswerName, Dialect, ErrorBody};
use oc_providers::{Api, Request};
use serde_json::Value;

use crate::{HOSTS, endpoint, provider};

/// The most that a body may grow by on its way, and by what factor.
const GROWTH: (usize, usize) = (4 << 10, 24);

/// Reads all of `input` but its first two bytes, which answers' targets use.
///
/// # Panics
/// When a law is broken.
pub fn request(dialect: Dialect, input: &[u8]) {
    let Some((_, body)) = input.split_at_checked(2) else { return };
    #[cfg(feature = "planted")]
    assert!(!body.windows(9).any(|window| window == b"\"model\":["), "planted");
    let asked = match dialect.decode_request(body) {
        Ok(asked) => asked,
        Err(fault) => {
            let told = dialect.error_body(&ErrorBody::from(&fault));
            assert!(told["error"]["message"].is_string());
            return;
        }
    };
    assert!(asked.renderer(AnswerName::new("1", "m", 1)).document().is_object());
    for (api, base) in HOSTS {
        let Some(said) = encode(api, base, &asked.request) else { continue };
        let size = said.to_string().len();
        assert!(size <= GROWTH.0 + GROWTH.1 * body.len(), "{} became {size}", body.len());
        let said_again = encode(api, base, &read(api, &said));
        assert_eq!(said_again.map(lasting), Some(lasting(said)), "{api:?} to {base}");
    }
}

fn encode(api: Api, base: &str, request: &Request) -> Option<Value> {
    let encoded = provider(endpoint(api, base), Vec::new()).encode(request).ok()?;
    Some(encoded.body)
}

/// A body without what is only nearly the same the second time: a budget for
/// thinking is an effort, clipped to half of the tokens.
fn lasting(mut body: Value) -> Value {
    if let Some(thinking) = body.get_mut("thinking").and_then(Value::as_object_mut) {
        thinking.shift_remove("budget_tokens");
    }
    body
}

/// What goes upstream is a request of that wire.
fn read(api: Api, body: &Value) -> Request {
    let dialect = Dialect::ALL.into_iter().find(|dialect| dialect.api() == api).expect("a dialect");
    match dialect.decode_request(body.to_string().as_bytes()) {
        Ok(asked) => asked.request,
        Err(fault) => panic!("{api:?}: {fault:?} of {body}"),
    }
}
