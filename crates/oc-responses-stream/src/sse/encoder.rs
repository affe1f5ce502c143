//! Frames to bytes, in the one form that every client reads: LF line ends, one
//! `data` line per line of data, the event name first.

use bytes::BufMut;

/// The mark that ends a stream for those clients that wait for it.
pub const DONE: &str = "data: [DONE]\n\n";

/// Appends one event to `out`.
///
/// JSON without line breaks (what [`Event::encode_sse`](crate::Event::encode_sse)
/// writes) gives a single `data` line, which some clients insist on. A line break
/// in `event` would start a new field, so what follows one is left out.
///
/// ```
/// let mut out = Vec::new();
/// oc_responses_stream::sse::encode("ping", "{}", &mut out);
/// assert_eq!(out, b"event: ping\ndata: {}\n\n");
/// ```
pub fn encode(event: &str, data: &str, out: &mut impl BufMut) {
    let event = event.split(['\n', '\r']).next().unwrap_or_default();
    if !event.is_empty() {
        line("event: ", event, out);
    }
    for text in lines(data) {
        line("data: ", text, out);
    }
    out.put_slice(b"\n");
}

/// Appends a comment, which keeps a line alive and means nothing.
pub fn comment(text: &str, out: &mut impl BufMut) {
    for text in lines(text) {
        line(": ", text, out);
    }
    out.put_slice(b"\n");
}

fn line(field: &str, text: &str, out: &mut impl BufMut) {
    out.put_slice(field.as_bytes());
    out.put_slice(text.as_bytes());
    out.put_slice(b"\n");
}

/// Splits at CRLF, LF and CR alike, since each ends a line on the wire.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(at) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let (line, tail) = text.split_at(at);
        rest = tail.strip_prefix("\r\n").or_else(|| tail.get(1..));
        Some(line)
    })
}
