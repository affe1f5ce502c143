//! Server-sent events towards the client: one event per write, and comments
//! while nothing is to be said.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use oc_responses_stream::Event;

/// Silence is broken by a comment after this long; and a head that nothing has
/// sent yet goes out after as long.
pub(crate) const KEEP_ALIVE: std::time::Duration = std::time::Duration::from_secs(15);

/// Keeps proxies and clients from giving up; means nothing, commits nothing.
pub(crate) const COMMENT: Bytes = Bytes::from_static(b": still here\n\n");

/// The last thing on a Responses stream.
pub(crate) const DONE: Bytes = Bytes::from_static(b"data: [DONE]\n\n");

/// One event as the bytes of one write.
pub(crate) fn encode(event: &Event) -> Bytes {
    let mut out = Vec::new();
    event.encode_sse(&mut out);
    out.into()
}

/// The head of an event stream: nobody between us and the client may keep it
/// or gather it.
pub(crate) fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers
}
