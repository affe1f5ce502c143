//! One event as it stood on the wire.

use std::str;

use bytes::Bytes;

/// One server-sent event.
///
/// Its text is a slice of the bytes that were fed, not a copy (except where an
/// event has several `data` lines or holds bytes that are not UTF-8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    // Each is valid UTF-8: checked, and repaired, where the frame is made.
    pub(super) event: Option<Bytes>,
    pub(super) data: Bytes,
    pub(super) id: Option<Bytes>,
    pub(super) error: Option<Bytes>,
    pub(super) retry: Option<u64>,
}

impl Frame {
    /// A frame from parts that are already decoded (by another SSE reader, from
    /// a WebSocket, in a test).
    pub fn new(event: Option<&str>, data: impl Into<String>) -> Self {
        Self {
            event: event.map(|event| Bytes::copy_from_slice(event.as_bytes())),
            data: Bytes::from(data.into()),
            ..Self::default()
        }
    }

    /// The `event` field, where there was one. Servers leave it out, or let it
    /// differ from the JSON's `type`: prefer the latter.
    pub fn event(&self) -> Option<&str> {
        self.event.as_deref().map(text)
    }

    /// The `data` field; its lines are joined by `\n`.
    pub fn data(&self) -> &str {
        text(&self.data)
    }

    /// The same as [`data`](Self::data), shareable without a copy.
    pub fn data_bytes(&self) -> &Bytes {
        &self.data
    }

    /// The `id` field of this very event (it is not carried over to the next).
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref().map(text)
    }

    /// The non-standard `error` field (old llama.cpp).
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref().map(text)
    }

    /// The `retry` field: milliseconds to wait before connecting again.
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// Whether the data is the `[DONE]` mark that several servers end with.
    pub fn is_done_mark(&self) -> bool {
        self.data.trim_ascii() == b"[DONE]"
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

/// Valid UTF-8 of `bytes`; shares them where they are valid already.
pub(super) fn utf8(bytes: Bytes) -> Bytes {
    match str::from_utf8(&bytes) {
        Ok(_) => bytes,
        Err(_) => Bytes::from(String::from_utf8_lossy(&bytes).into_owned()),
    }
}
