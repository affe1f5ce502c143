//! Server-sent events towards the client: what all dialects have in common.

use http::{HeaderMap, HeaderValue, header};

/// Silence is broken after this long, by what the client's dialect has for it;
/// and a head that nothing has sent yet goes out after as long.
pub(crate) const KEEP_ALIVE: std::time::Duration = std::time::Duration::from_secs(15);

/// The head of an event stream: nobody between us and the client may keep it
/// or gather it.
pub(crate) fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers
}
