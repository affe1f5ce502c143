//! One event as it stood on the wire.

use std::str;

use bytes::{Bytes, BytesMut};
use memchr::{memchr, memchr2};

/// One server-sent event.
///
/// Its text is a slice of the bytes that were fed, not a copy (except where an
/// event has several `data` lines or holds bytes that are not UTF-8).
#[derive(Clone, Debug, Default)]
pub struct Frame {
    // Each is valid UTF-8: checked, and repaired, where the frame is made.
    event: Option<Bytes>,
    data: Bytes,
    id: Option<Bytes>,
    error: Option<Bytes>,
    retry: Option<u64>,
    /// The event as it came, with its blank line; empty where it did not come as bytes.
    raw: Bytes,
}

/// Equal in what they say, however that was written.
impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        (&self.event, &self.data, &self.id) == (&other.event, &other.data, &other.id)
            && (&self.error, self.retry) == (&other.error, other.retry)
    }
}

impl Eq for Frame {}

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

    /// The event's bytes with its line ends; empty where they are not known.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// One line of an event. `joined` holds the data while it has several lines.
    fn field(&mut self, line: Bytes, has_data: &mut bool, joined: &mut BytesMut) {
        let colon = memchr(b':', line.get(..8).unwrap_or(&line)).or_else(|| memchr(b':', &line));
        let name = line.get(..colon.unwrap_or(line.len())).unwrap_or_default();
        let start = match colon {
            None => line.len(),
            Some(at) if line.get(at + 1) == Some(&b' ') => at + 2,
            Some(at) => at + 1,
        };
        let value = || line.slice(start..);
        match name {
            b"data" if !*has_data => {
                *has_data = true;
                self.data = value();
            }
            b"data" => {
                if joined.is_empty() {
                    joined.extend_from_slice(&self.data);
                }
                joined.extend_from_slice(b"\n");
                joined.extend_from_slice(&value());
            }
            b"event" => self.event = Some(utf8(value())),
            b"id" => self.id = Some(utf8(value())),
            b"error" => self.error = Some(utf8(value())),
            b"retry" => self.retry = str::from_utf8(&value()).ok().and_then(|v| v.parse().ok()),
            _ => {}
        }
    }
}

/// Reads the event whose fields are the first `length` bytes of `raw`; `None`
/// where there is nothing to give out.
pub(super) fn read(raw: Bytes, length: usize) -> Option<Frame> {
    let mut frame = Frame::default();
    let (mut has_data, mut joined) = (false, BytesMut::new());
    let mut at = 0;
    while at < length {
        let rest = raw.get(at..length).unwrap_or_default();
        let end = memchr2(b'\n', b'\r', rest).map_or(length, |len| at + len);
        if end > at && raw.get(at) != Some(&b':') {
            frame.field(raw.slice(at..end), &mut has_data, &mut joined);
        }
        at = end + 1;
    }
    if !joined.is_empty() {
        frame.data = joined.freeze();
    }
    if !has_data && frame.error.is_none() {
        return None;
    }
    frame.data = utf8(frame.data);
    frame.raw = raw;
    Some(frame)
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

/// Valid UTF-8 of `bytes`; shares them where they are valid already.
fn utf8(bytes: Bytes) -> Bytes {
    match str::from_utf8(&bytes) {
        Ok(_) => bytes,
        Err(_) => Bytes::from(String::from_utf8_lossy(&bytes).into_owned()),
    }
}
