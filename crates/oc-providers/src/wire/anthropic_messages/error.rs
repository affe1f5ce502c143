//! The error body that a Messages client understands.

use serde_json::{Map, Value, json};

/// The types that this API documents; its clients tell errors apart by them.
const TYPES: &[&str] = &[
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "timeout_error",
    "api_error",
    "overloaded_error",
];

/// What the text of an overflow begins with: Claude Code compacts the
/// conversation when it reads this, and gives up on any other 400.
const TOO_LONG: &str = "prompt is too long";

/// The code of a request that leaves the conversation with the server. Its SDKs
/// look for it in `details`, and then send the whole conversation themselves.
pub(super) const UNSUPPORTED_THREAD: &str = "thread_unsupported_request";

/// `{"type":"error","error":{type,message,…}}`: the body of a refused request,
/// and the data of `event: error` in a stream.
///
/// `kind` may be OpenAI's word for it; the code decides where it says more.
/// `code` and `param` are added where they are known: this API has neither, and
/// its SDKs ignore both.
///
/// ```
/// use oc_providers::wire::anthropic_messages::error_body;
///
/// let body = error_body("server_error", Some("all_models_failed"), None, "All models failed (2)");
/// assert_eq!(body["type"], "error");
/// assert_eq!(body["error"]["type"], "api_error");
/// assert_eq!(body["error"]["code"], "all_models_failed");
/// ```
pub fn error_body(kind: &str, code: Option<&str>, param: Option<&str>, message: &str) -> Value {
    let mut error = Map::new();
    error.insert("type".into(), type_of(kind, code).into());
    error.insert("message".into(), worded(code, message).into());
    for (key, value) in [("code", code), ("param", param)] {
        if let Some(value) = value {
            error.insert(key.into(), value.into());
        }
    }
    if code == Some(UNSUPPORTED_THREAD) {
        let details = json!({"error_code": UNSUPPORTED_THREAD, "unsupported": ["thread"]});
        error.insert("details".into(), details);
    }
    json!({"type": "error", "error": error})
}

fn type_of<'a>(kind: &'a str, code: Option<&str>) -> &'a str {
    match code {
        Some("model_not_found" | "not_found") => "not_found_error",
        Some("request_too_large") => "request_too_large",
        Some("deadline_exceeded") => "timeout_error",
        Some("gateway_busy" | "gateway_shutting_down") => "overloaded_error",
        Some("context_length_exceeded") => "invalid_request_error",
        _ if TYPES.contains(&kind) => kind,
        _ => "api_error",
    }
}

fn worded(code: Option<&str>, message: &str) -> String {
    if code == Some("context_length_exceeded") && !message.starts_with(TOO_LONG) {
        format!("{TOO_LONG}: {message}")
    } else {
        message.to_owned()
    }
}
