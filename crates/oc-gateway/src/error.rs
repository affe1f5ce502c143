//! What a failure looks like to a client: status, headers and body, decided
//! here and nowhere else.
//!
//! | what happened | status | `code` |
//! |---|---|---|
//! | bad request | 400 | the field's |
//! | context overflow everywhere that fits | 400 | `context_length_exceeded` |
//! | client key missing or wrong | 401 | `invalid_api_key` |
//! | policy leaves no candidate | 403 | `policy_violation` |
//! | unknown model | 404 | `model_not_found` |
//! | an answer fails after its beginning | 502; 504 at the deadline | `upstream_failed`, `deadline_exceeded` |
//! | the gateway asks itself | 508 | `loop_detected` |
//! | body not sent in time | 408 | `request_timeout` |
//! | body too large | 413 | `request_too_large` |
//! | chain exhausted | 502; 503 when a cooldown's end is known; 504 at the deadline | `all_models_failed`, `deadline_exceeded` |
//!
//! An upstream's own 401 or 429 never passes through as such: clients lock
//! their key on the one and storm on the other.

use std::{fmt, time::Duration};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use oc_fallback::{Exhausted, ExhaustedKind, Ledger, Limit, Reason};
use oc_providers::wire::{Dialect, ErrorBody, Render, openai_responses::BadRequest};
use serde_json::Value;

use crate::{codes, relay::Relay, telling::Outcome};

/// Tells OpenAI's SDKs whether to send the same request again.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// A failure before the head: a status, headers and a JSON body.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure(Box<Inner>);

#[derive(Clone, Debug, PartialEq)]
struct Inner {
    status: StatusCode,
    error_type: &'static str,
    code: String,
    message: String,
    param: Option<String>,
    attempts: Option<Value>,
    retry_after: Option<Duration>,
    should_retry: Option<bool>,
}

impl Failure {
    fn new(
        status: StatusCode,
        error_type: &'static str,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        let code = code.into();
        debug_assert!(codes::is_known(&code), "{code} is not in the table of codes");
        Self(Box::new(Inner {
            status,
            error_type,
            code,
            message: message.into(),
            param: None,
            attempts: None,
            retry_after: None,
            should_retry: None,
        }))
    }

    fn invalid(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(status, "invalid_request_error", code, message)
    }

    /// 400: the request itself is at fault.
    pub(crate) fn bad_request(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(StatusCode::BAD_REQUEST, code, message)
    }

    /// 401: the client's own key.
    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "invalid_api_key",
            "this gateway wants a client key: send it as `Authorization: Bearer …` or `x-api-key`",
        )
    }

    /// 403 for who asks, not for what is asked.
    pub(crate) fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "permission_error", code, message)
    }

    /// 404 for a path that does not exist.
    pub(crate) fn no_such_path(path: &str) -> Self {
        let shown: String = path.chars().take(200).collect();
        Self::invalid(StatusCode::NOT_FOUND, "not_found", format!("no such endpoint: {shown}"))
    }

    /// 405, with what is allowed in the text.
    pub(crate) fn wrong_method(allowed: &str) -> Self {
        Self::invalid(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("this endpoint takes {allowed}"),
        )
    }

    /// What the router refuses by itself: a method that an endpoint does not
    /// take, a path that cannot be read.
    pub(crate) fn of_the_router(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
            StatusCode::NOT_FOUND => "not_found",
            _ => "invalid_request",
        };
        let reason = status.canonical_reason().unwrap_or("request refused").to_lowercase();
        Self::invalid(status, code, format!("the request cannot be served: {reason}"))
    }

    /// 400: the path holds bytes that are no text.
    pub(crate) fn bad_path() -> Self {
        Self::bad_request("invalid_path", "the path is not valid UTF-8 once it is decoded")
    }

    /// 404: nobody owns that model; the nearest names help.
    pub(crate) fn unknown_model(name: &str, nearest: &[String]) -> Self {
        let shown: String = name.chars().take(200).collect();
        let mut message = format!("no model, alias or provider/model ref is called \"{shown}\"");
        if !nearest.is_empty() {
            message.push_str("; did you mean ");
            message.push_str(&nearest.join(" or "));
            message.push('?');
        }
        Self::invalid(StatusCode::NOT_FOUND, "model_not_found", message).about("model")
    }

    /// 508: the request came from this gateway itself, or through too many.
    pub(crate) fn looped() -> Self {
        let mut failure = Self::new(
            StatusCode::LOOP_DETECTED,
            "server_error",
            "loop_detected",
            "this request came through this gateway before, or through too many others: \
             a provider's baseUrl leads back to it",
        );
        failure.0.should_retry = Some(false);
        failure
    }

    /// 408: the body did not come in time.
    pub(crate) fn too_slow() -> Self {
        Self::invalid(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "the request body did not arrive in time",
        )
    }

    /// 413.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::invalid(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request_too_large",
            format!("the request body is over {limit} bytes (limits.bodyBytes)"),
        )
    }

    /// 415: a body that is not declared as JSON.
    pub(crate) fn unsupported_media_type() -> Self {
        Self::invalid(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "send the body as content-type: application/json",
        )
    }

    /// 426: WebSocket mode is not built; clients fall back to plain HTTP.
    pub(crate) fn upgrade_required() -> Self {
        Self::invalid(
            StatusCode::UPGRADE_REQUIRED,
            "websocket_not_supported",
            "WebSocket mode is not built; use POST with \"stream\": true",
        )
    }

    /// 501: an endpoint of the API that this version does not have.
    pub(crate) fn not_built(what: &str) -> Self {
        let mut failure = Self::invalid(
            StatusCode::NOT_IMPLEMENTED,
            "not_implemented",
            format!("{what} is not built yet"),
        );
        failure.0.should_retry = Some(false);
        failure
    }

    /// The chain is exhausted. Never 401 or 429: that was the upstream's fault,
    /// not this client's.
    pub(crate) fn exhausted(exhausted: &Exhausted) -> Self {
        let (status, error_type) = match exhausted.kind() {
            ExhaustedKind::ContextOverflow
            | ExhaustedKind::Rejected
            | ExhaustedKind::ContentFilter => (StatusCode::BAD_REQUEST, "invalid_request_error"),
            ExhaustedKind::Policy => (StatusCode::FORBIDDEN, "permission_error"),
            ExhaustedKind::Deadline => (StatusCode::GATEWAY_TIMEOUT, "server_error"),
            ExhaustedKind::Cooling => (StatusCode::SERVICE_UNAVAILABLE, "server_error"),
            _ => (StatusCode::BAD_GATEWAY, "server_error"),
        };
        let mut failure =
            Self::new(status, error_type, exhausted_code(exhausted), exhausted_text(exhausted));
        failure.0.attempts = Some(attempts(exhausted.ledger()));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            failure.0.retry_after = exhausted.retry_after();
        } else {
            // The gateway has tried what there was to try; the SDKs' own
            // retries would only repeat it.
            failure.0.should_retry = Some(false);
        }
        failure
    }

    /// 503: more requests at once than `limits.concurrent`.
    pub(crate) fn busy(limit: usize) -> Self {
        let mut failure = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "server_error",
            "gateway_busy",
            format!("{limit} requests are running already (limits.concurrent)"),
        );
        failure.0.retry_after = Some(Duration::from_secs(1));
        failure
    }

    /// 503: the gateway is being stopped.
    pub(crate) fn shutting_down() -> Self {
        let mut failure = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "server_error",
            SHUTTING_DOWN.0,
            SHUTTING_DOWN.1,
        );
        failure.0.retry_after = Some(Duration::from_secs(1));
        failure
    }

    /// Names the request's field that is at fault.
    #[must_use]
    pub(crate) fn about(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// The status that the client gets.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The machine-readable code.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The text for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The JSON body for a client of `dialect`: OpenAI's is
    /// `{"error": {"message", "type", "code", "param", "attempts"?}}`, Anthropic's
    /// `{"type": "error", "error": {"type", "message", "code", …}, "request_id"?}`.
    pub fn body(&self, dialect: Dialect, request_id: Option<&str>) -> Value {
        let Inner { error_type, code, message, param, attempts, .. } = &*self.0;
        let mut body = ErrorBody::new(error_type, message);
        (body.code, body.param) = (Some(code.as_str()), param.as_deref());
        (body.attempts, body.request_id) = (attempts.as_ref(), request_id);
        dialect.error_body(&body)
    }

    /// The answer for a client of `dialect`.
    pub(crate) fn response(&self, dialect: Dialect, request_id: Option<&str>) -> Response {
        let mut response = (self.0.status, Json(self.body(dialect, request_id))).into_response();
        let headers = response.headers_mut();
        if let Some(wait) = self.0.retry_after {
            // Rounded up: a client that comes back early is turned away again.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Some(retry) = self.0.should_retry {
            let word = if retry { "true" } else { "false" };
            headers.insert(SHOULD_RETRY, HeaderValue::from_static(word));
        }
        response
    }
}

/// The failure of a request that ended without an answer, before any head.
pub(crate) fn no_answer<R: Render + ?Sized>(relay: &Relay<R>) -> Failure {
    match relay.telling().outcome() {
        Some(Outcome::Exhausted(exhausted)) => Failure::exhausted(exhausted),
        Some(Outcome::Failed(failed)) => {
            let status = match failed.reason() {
                Reason::Timeout(Limit::Total) => StatusCode::GATEWAY_TIMEOUT,
                _ => StatusCode::BAD_GATEWAY,
            };
            let code = failed_code(failed);
            let mut failure = Failure::new(status, "server_error", code, failed.to_string());
            failure.0.attempts = Some(attempts(failed.ledger()));
            failure.0.should_retry = Some(false);
            failure
        }
        _ => Failure::shutting_down(),
    }
}

/// The machine-readable code of an exhausted chain; in a stream too.
pub(crate) fn exhausted_code(exhausted: &Exhausted) -> &'static str {
    match exhausted.kind() {
        ExhaustedKind::ContextOverflow => "context_length_exceeded",
        ExhaustedKind::Policy => "policy_violation",
        ExhaustedKind::Rejected => "request_rejected",
        ExhaustedKind::ContentFilter => "content_filter",
        ExhaustedKind::Deadline => "deadline_exceeded",
        _ => "all_models_failed",
    }
}

/// The code of an answer that failed after it had begun; in a stream too.
pub(crate) fn failed_code(failed: &oc_fallback::Failure) -> &'static str {
    match failed.reason() {
        Reason::Timeout(Limit::Total) => "deadline_exceeded",
        _ => "upstream_failed",
    }
}

/// `All models failed (N): p/m: msg (reason) | …`, then what to do.
pub(crate) fn exhausted_text(exhausted: &Exhausted) -> String {
    let mut text = exhausted.to_string();
    let advice: Vec<String> =
        exhausted.advice().map(|(name, fix)| format!("{name}: {fix}")).collect();
    if !advice.is_empty() {
        text.push_str(". To fix: ");
        text.push_str(&advice.join("; "));
    }
    text
}

/// `error.attempts`: each attempt, then each candidate that was skipped.
pub(crate) fn attempts(ledger: &Ledger) -> Value {
    let attempts = ledger.attempts.iter().map(|attempt| {
        let mut value = serde_json::to_value(attempt).unwrap_or_default();
        if let (Some(object), Some(problem)) = (value.as_object_mut(), &attempt.problem) {
            object.insert("reason".into(), problem.reason.as_str().into());
            object.insert("advice".into(), problem.reason.advice().into());
        }
        value
    });
    let skipped = ledger.skipped.iter().map(|skipped| {
        let mut value = serde_json::to_value(skipped).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.insert("outcome".into(), "skipped".into());
        }
        value
    });
    attempts.chain(skipped).collect()
}

/// Code and text of an answer that the gateway's own end cut.
pub(crate) const SHUTTING_DOWN: (&str, &str) =
    ("gateway_shutting_down", "the gateway is being stopped; ask again in a moment");

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Failure {}

impl From<BadRequest> for Failure {
    fn from(bad: BadRequest) -> Self {
        let failure = Self::bad_request(bad.code.unwrap_or("invalid_value"), bad.message);
        match bad.param {
            Some(param) => failure.about(param),
            None => failure,
        }
    }
}

impl IntoResponse for Failure {
    /// OpenAI's body; the failure itself rides along, so that the layer that
    /// knows who asked can say it in the client's dialect.
    fn into_response(self) -> Response {
        let mut response = self.response(Dialect::Responses, None);
        response.extensions_mut().insert(self);
        response
    }
}
