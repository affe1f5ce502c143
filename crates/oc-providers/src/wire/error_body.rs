//! Error bodies and headers, as real servers send them.
//!
//! The shapes: `{"error":{message,type,code,param}}` (OpenAI, llama-server with
//! a number as code, LiteLLM with a number in a string), the same inside
//! `{"type":"error",…}` (Anthropic), `{"error":"text"}` (vLLM's 401, Ollama),
//! `{"detail":…}` (FastAPI), `{"message":…}`, `{"errors":[…]}` (JSON:API),
//! `{"base_resp":{status_code,status_msg}}` under 200, any of these in an array (Google),
//! an SSE body with an error in its data (LiteLLM's 500), plain text, and pages of
//! HTML, which say nothing.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use oc_responses_stream::{UpstreamError, sse};
use serde_json::{Map, Value};

/// The most characters of an upstream's words that are kept.
const MESSAGE_CHARS: usize = 500;
/// The most characters of a code or type.
const WORD_CHARS: usize = 80;

/// What `body` says of the failure. Never fails: a body that says nothing
/// gives an empty error.
pub(super) fn read(body: &[u8]) -> UpstreamError {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if let Some(json) = parse(text) {
        return of_value(&json);
    }
    let mut error = UpstreamError::default();
    if !looks_like_html(text) {
        error.message = bounded(text, MESSAGE_CHARS);
    }
    error
}

/// The failure that a frame of a stream reports in a form that no wire's own
/// events have: the SSE field `error` (old llama-server), `event: error`, or a
/// document that is an error.
pub(crate) fn in_frame(frame: &sse::Frame) -> Option<UpstreamError> {
    if let Some(text) = frame.error() {
        return Some(read(text.as_bytes()));
    }
    let data = frame.data().trim();
    let named = frame.event() == Some("error");
    // Most events hold none of these, and are not parsed twice.
    let may_be =
        named || ["\"error", "\"detail\"", "\"base_resp\""].iter().any(|key| data.contains(key));
    if !may_be || data.is_empty() {
        return None;
    }
    match serde_json::from_str::<Value>(data) {
        Ok(json) => (named || is_error(&json)).then(|| of_value(&json)),
        Err(_) => named.then(|| read(data.as_bytes())),
    }
}

/// Whether a document is a report of a failure, and nothing else.
pub(crate) fn is_error(json: &Value) -> bool {
    let Value::Object(document) = first(json) else { return false };
    // An answer that tells of its own failure is its wire's business.
    if ["object", "choices", "content", "output"]
        .iter()
        .any(|key| document.get(*key).is_some_and(|value| value != "error" && !value.is_null()))
    {
        return false;
    }
    let said = |key: &str| match document.get(key) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    };
    let is_event = document.get("type").and_then(Value::as_str).is_some_and(|it| it != "error");
    said("error")
        || failed_base(document).is_some()
        || faults(document).is_some()
        || document.get("object").is_some_and(|object| object == "error")
        || (!is_event && ["detail", "error_type", "error_message"].into_iter().any(said))
}

/// The context window that llama.cpp names beside an overflow.
pub(super) fn window(body: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(body);
    first(&parse(text.trim())?).get("error")?.get("n_ctx")?.as_u64()
}

/// The document; of an array the first, for Google puts its errors into one.
fn first(json: &Value) -> &Value {
    match json {
        Value::Array(documents) => documents.first().unwrap_or(json),
        _ => json,
    }
}

/// What an error document says, in whichever shape it has.
pub(crate) fn of_value(json: &Value) -> UpstreamError {
    match first(json) {
        Value::Object(document) => of_document(document),
        Value::String(text) => worded(text),
        _ => UpstreamError::default(),
    }
}

/// What a document says beside nothing, where its status is not 0.
fn failed_base(document: &Map<String, Value>) -> Option<UpstreamError> {
    let base = document.get("base_resp")?.as_object()?;
    let code = base.get("status_code").and_then(word).filter(|code| code != "0")?;
    let mut error = worded(base.get("status_msg").and_then(Value::as_str).unwrap_or_default());
    error.code = Some(code);
    Some(error)
}

/// The first of a list of faults.
fn faults(document: &Map<String, Value>) -> Option<&Map<String, Value>> {
    document.get("errors")?.as_array()?.first()?.as_object()
}

fn of_document(document: &Map<String, Value>) -> UpstreamError {
    if let Some(error) = failed_base(document) {
        return error;
    }
    match document.get("error") {
        Some(Value::Object(error)) => of_fields(error),
        // Ollama and vLLM: the text is the error; Spring and friends: a word
        // beside a message.
        Some(Value::String(text)) => match document.get("message").and_then(Value::as_str) {
            Some(message) => {
                let mut error = worded(message);
                error.error_type = bounded(text, WORD_CHARS);
                error
            }
            None => worded(text),
        },
        _ if document.contains_key("detail") => of_detail(document.get("detail")),
        _ => of_fields(faults(document).unwrap_or(document)),
    }
}

fn of_fields(fields: &Map<String, Value>) -> UpstreamError {
    let mut error = UpstreamError::default();
    error.code = fields.get("code").and_then(word);
    error.error_type = fields.get("type").and_then(word).filter(|word| word != "error");
    error.param = fields.get("param").and_then(word);
    error.message = ["message", "msg", "error_message", "title"]
        .iter()
        .find_map(|key| fields.get(*key).and_then(Value::as_str))
        .and_then(|text| bounded(text, MESSAGE_CHARS));
    if error.error_type.is_none() {
        // Google's word is its `status`; elsewhere that may be the HTTP number.
        let status = fields.get("status").filter(|status| status.is_string());
        error.error_type = fields.get("error_type").or(status).and_then(word);
    }
    error
}

/// FastAPI: a text, or a list of `{loc, msg, type}`: each fault is told with its
/// place, and the first one's is the parameter. The list's `input` quotes the
/// request and is left out.
fn of_detail(detail: Option<&Value>) -> UpstreamError {
    match detail {
        Some(Value::String(text)) => worded(text),
        Some(Value::Array(faults)) => {
            let texts: Vec<String> = faults
                .iter()
                .filter_map(|fault| {
                    let text = fault.get("msg")?.as_str()?;
                    Some(match place(fault) {
                        Some(place) => format!("{place}: {text}"),
                        None => text.to_owned(),
                    })
                })
                .take(3)
                .collect();
            let mut error = worded(&texts.join("; "));
            error.param = faults.first().and_then(place);
            error
        }
        Some(Value::Object(fields)) => of_fields(fields),
        _ => UpstreamError::default(),
    }
}

/// `["body", "messages", 0, "role"]` as `messages.0.role`.
fn place(fault: &Value) -> Option<String> {
    let steps = fault.get("loc")?.as_array()?.iter().filter_map(word);
    let steps: Vec<String> = steps.skip_while(|step| step == "body").take(8).collect();
    bounded(&steps.join("."), WORD_CHARS)
}

fn worded(text: &str) -> UpstreamError {
    let mut error = UpstreamError::default();
    error.message = bounded(text, MESSAGE_CHARS);
    error
}

/// A word, or a number as text. LiteLLM writes `"None"` for nothing.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text != "None" => bounded(text, WORD_CHARS),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn bounded(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let mut kept: String = text.chars().take(most).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    Some(kept)
}

/// The document, or the one in an SSE body's first data line.
fn parse(text: &str) -> Option<Value> {
    let json = text
        .lines()
        .find_map(|line| line.strip_prefix("data:"))
        .filter(|_| !text.starts_with(['{', '[', '"']))
        .unwrap_or(text);
    serde_json::from_str(json.trim()).ok()
}

fn looks_like_html(text: &str) -> bool {
    text.starts_with('<')
}

/// When the upstream wants to be asked again, by the first header that says so:
/// `retry-after-ms`, `retry-after` (seconds or a date), and LiteLLM's
/// `llm_provider-retry-after`; else by Google's `retryDelay` in the body. At most a
/// day; a date in the past is zero.
pub(super) fn retry_after(headers: &HeaderMap, body: &[u8]) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let millis = text("retry-after-ms")
        .and_then(|text| text.parse::<f64>().ok())
        .and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
    millis
        .or_else(|| text(RETRY_AFTER.as_str()).and_then(|text| wait(text, headers)))
        .or_else(|| text("llm_provider-retry-after").and_then(|text| wait(text, headers)))
        .or_else(|| retry_delay(body))
        .map(|wait| wait.min(Duration::from_secs(86_400)))
}

/// `error.details[].retryDelay` of `google.rpc.RetryInfo`: `"34.07s"`.
fn retry_delay(body: &[u8]) -> Option<Duration> {
    let json = parse(String::from_utf8_lossy(body).trim())?;
    let details = first(&json).get("error")?.get("details")?.as_array()?;
    let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
    let seconds = delay.trim().strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn wait(text: &str, headers: &HeaderMap) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    // A date counts from the server's own clock, which it sends along; ours
    // is not read here, and may be wrong.
    let then = httpdate::parse_http_date(text).ok()?;
    let sent = headers.get(DATE)?.to_str().ok()?;
    let now: SystemTime = httpdate::parse_http_date(sent).ok()?;
    Some(then.duration_since(now).unwrap_or_default())
}

/// The upstream's own id of the request.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "request-id", "x-litellm-call-id", "cf-ray"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .and_then(|id| bounded(id, WORD_CHARS))
}
