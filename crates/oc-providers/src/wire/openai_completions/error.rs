//! Failures on this wire: what an upstream says in a stream, and what we say
//! to a client. A failed answer's status and headers need nothing of this
//! wire's own.

use oc_responses_stream::UpstreamError;
use serde_json::{Value, json};

use super::stream::Fields;
use crate::wire::error_body as shared;

/// `{"error":{message,type,param,code}}`, as both OpenAI SDKs read it: the
/// body of a refused request, and the data of an error in a stream (they raise
/// on any chunk with `error`).
///
/// ```
/// use oc_providers::wire::openai_completions::error_body;
///
/// let body = error_body("invalid_request_error", None, Some("messages"), "`messages` is required");
/// assert_eq!(body["error"]["param"], "messages");
/// assert!(body["error"]["code"].is_null());
/// ```
pub fn error_body(kind: &str, code: Option<&str>, param: Option<&str>, message: &str) -> Value {
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
}

/// The failure that a chunk or a document reports, if it reports one.
///
/// `{"error":…}` as object or text, beside choices or without (OpenRouter);
/// `{"object":"error",…}` (old vLLM); `{"detail":…}` (FastAPI);
/// `{"error_type",…}`; `{"code","message"}` (DashScope).
pub(super) fn in_chunk(chunk: &Fields<'_>) -> Option<UpstreamError> {
    let bare = chunk.raw("choices").is_none()
        && (chunk.text("object").as_deref() == Some("error")
            || chunk.text("type").as_deref() == Some("error")
            || chunk.says("detail")
            || chunk.says("error_type")
            || chunk.says("error_message")
            || (chunk.says("code") && chunk.says("message")));
    (chunk.says("error") || bare).then(|| shared::of_value(&chunk.to_value()))
}

/// The failure that a choice reports (OpenRouter's documents).
pub(super) fn in_choice(choice: &Fields<'_>) -> Option<UpstreamError> {
    choice.says("error").then(|| shared::of_value(&choice.to_value()))
}

/// A failure in words or in JSON: the data of `event: error`, or the SSE field
/// `error` of old llama.cpp, which has the error's fields without `error` around.
pub(super) fn of_text(text: &str) -> UpstreamError {
    match serde_json::from_str::<Value>(text) {
        Ok(json) => shared::of_value(&json),
        Err(_) => shared::read(text.as_bytes()),
    }
}
