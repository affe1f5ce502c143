//! The error body that a Responses client understands.

use serde_json::{Value, json};

use super::BadRequest;

/// `{"error":{message,type,param,code}}`: all four keys, as both OpenAI SDKs
/// read them.
///
/// ```
/// use oc_providers::wire::openai_responses::error_body;
///
/// let body = error_body("invalid_request_error", None, Some("input"), "`input` is required");
/// assert_eq!(body["error"]["param"], "input");
/// assert!(body["error"]["code"].is_null());
/// ```
pub fn error_body(kind: &str, code: Option<&str>, param: Option<&str>, message: &str) -> Value {
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
}

impl BadRequest {
    /// The body to answer with, beside status 400.
    pub fn to_json(&self) -> Value {
        error_body("invalid_request_error", self.code, self.param.as_deref(), &self.message)
    }
}
