//! Bytes to frames. Sans-IO; the cost is linear in the bytes however they are
//! cut, because the decoder remembers how far it has looked.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr2;

use super::frame::{self, Frame};

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A decoder of server-sent events.
///
/// Call [`feed`](Self::feed) with bytes as they come, then
/// [`next_frame`](Self::next_frame) until it returns `None`; at the end of the
/// input [`finish`](Self::finish), and `next_frame` again. No call blocks, reads
/// a clock or panics, whatever the bytes.
#[derive(Clone, Debug)]
pub struct Decoder {
    buf: BytesMut,
    /// How much of `buf` is known to hold no line end.
    scanned: usize,
    frame: Pending,
    limit: usize,
    start: Start,
    /// The last line ended in CR: an LF that follows belongs to it.
    skip_lf: bool,
    /// The current frame was too large: drop lines until it ends.
    skipping: bool,
    finished: bool,
}

/// What [`Decoder::next_frame`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// An event.
    Frame(Frame),
    /// A comment line: nothing to read, but the server lives.
    Comment,
}

/// One event was larger than the decoder's limit. It is skipped; the events
/// after it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one event is larger than the limit of {limit} bytes")]
#[non_exhaustive]
pub struct FrameError {
    /// The limit in bytes.
    pub limit: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Start {
    /// The input may still begin with a byte order mark.
    Bom,
    Past,
}

/// The fields of the event that is being read.
#[derive(Clone, Debug, Default)]
struct Pending {
    event: Option<Bytes>,
    data: Option<Data>,
    id: Option<Bytes>,
    error: Option<Bytes>,
    retry: Option<u64>,
    bytes: usize,
}

#[derive(Clone, Debug)]
enum Data {
    One(Bytes),
    Joined(BytesMut),
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// 16 MiB: images come as single events of several megabytes.
    pub const DEFAULT_FRAME_BYTES: usize = 16 << 20;

    /// A decoder whose events may have up to
    /// [`DEFAULT_FRAME_BYTES`](Self::DEFAULT_FRAME_BYTES).
    pub fn new() -> Self {
        Self::with_limit(Self::DEFAULT_FRAME_BYTES)
    }

    /// A decoder whose events may have up to `frame_bytes`.
    pub fn with_limit(frame_bytes: usize) -> Self {
        Self {
            buf: BytesMut::new(),
            scanned: 0,
            frame: Pending::default(),
            limit: frame_bytes,
            start: Start::Bom,
            skip_lf: false,
            skipping: false,
            finished: false,
        }
    }

    /// Takes the next bytes of the input. After [`finish`](Self::finish) they are ignored.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !self.finished {
            self.buf.extend_from_slice(bytes);
        }
    }

    /// The same, without a copy where the buffer is empty and `bytes` is not shared.
    pub fn feed_bytes(&mut self, bytes: Bytes) {
        if self.finished {
            return;
        }
        if !self.buf.is_empty() {
            return self.feed(&bytes);
        }
        match bytes.try_into_mut() {
            Ok(bytes) => self.buf = bytes,
            Err(bytes) => self.feed(&bytes),
        }
    }

    /// The input ended: an event that lacks only its blank line is still given out.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// The next event, comment or oversized event; `None`: feed more, or the end.
    pub fn next_frame(&mut self) -> Option<Result<Decoded, FrameError>> {
        if self.start == Start::Bom && !self.strip_bom() {
            return None;
        }
        loop {
            let Some(end) = self.line_end() else {
                return self.without_line_end();
            };
            let was_blank = end == 0;
            if self.frame.bytes + end > self.limit && !self.skipping {
                self.take_line(end);
                return Some(Err(self.oversized()));
            }
            if self.skipping {
                self.take_line(end);
                self.skipping = !was_blank;
            } else if was_blank {
                self.take_line(end);
                if let Some(frame) = self.frame.take() {
                    return Some(Ok(Decoded::Frame(frame)));
                }
            } else if self.buf.first() == Some(&b':') {
                self.take_line(end);
                return Some(Ok(Decoded::Comment));
            } else {
                let line = self.buf.split_to(end).freeze();
                self.take_line(0);
                self.frame.field(line);
            }
        }
    }

    /// `false`: too few bytes to know.
    fn strip_bom(&mut self) -> bool {
        if self.buf.starts_with(BOM) {
            self.buf.advance(BOM.len());
        } else if self.buf.is_empty() || (BOM.starts_with(&self.buf) && !self.finished) {
            return false;
        }
        self.start = Start::Past;
        true
    }

    /// Length of the first whole line in the buffer.
    fn line_end(&mut self) -> Option<usize> {
        if self.skip_lf && !self.buf.is_empty() {
            self.skip_lf = false;
            if self.buf.first() == Some(&b'\n') {
                self.buf.advance(1);
            }
        }
        let unseen = self.buf.get(self.scanned..)?;
        match memchr2(b'\n', b'\r', unseen) {
            Some(at) => Some(self.scanned + at),
            None => {
                self.scanned = self.buf.len();
                None
            }
        }
    }

    /// Drops a line of `len` bytes with its line end.
    fn take_line(&mut self, len: usize) {
        self.skip_lf = self.buf.get(len) == Some(&b'\r');
        self.buf.advance((len + 1).min(self.buf.len()));
        self.scanned = 0;
    }

    fn without_line_end(&mut self) -> Option<Result<Decoded, FrameError>> {
        let oversized = !self.skipping && self.frame.bytes + self.buf.len() > self.limit;
        if oversized || self.skipping {
            // Of a skipped line only counts that it is not blank: one byte tells.
            self.buf.truncate(1);
            self.scanned = self.buf.len();
        }
        if oversized {
            return Some(Err(self.oversized()));
        }
        if !self.finished {
            return None;
        }
        let line = self.buf.split().freeze();
        self.scanned = 0;
        if self.skipping {
            return None;
        }
        if line.first() == Some(&b':') {
            // Next time the buffer is empty and what was read before comes out.
            return Some(Ok(Decoded::Comment));
        }
        self.frame.field(line);
        self.frame.take().map(|frame| Ok(Decoded::Frame(frame)))
    }

    fn oversized(&mut self) -> FrameError {
        self.frame = Pending::default();
        self.skipping = true;
        FrameError { limit: self.limit }
    }
}

impl Pending {
    fn field(&mut self, line: Bytes) {
        self.bytes += line.len();
        let colon = memchr::memchr(b':', &line);
        let name = line.get(..colon.unwrap_or(line.len())).unwrap_or_default();
        let value = match colon {
            None => line.slice(line.len()..),
            Some(at) if line.get(at + 1) == Some(&b' ') => line.slice(at + 2..),
            Some(at) => line.slice(at + 1..),
        };
        match name {
            b"data" => self.data = Some(self.joined(value)),
            b"event" => self.event = Some(frame::utf8(value)),
            b"id" => self.id = Some(frame::utf8(value)),
            b"error" => self.error = Some(frame::utf8(value)),
            b"retry" => self.retry = str::from_utf8(&value).ok().and_then(|v| v.parse().ok()),
            _ => {}
        }
    }

    fn joined(&mut self, value: Bytes) -> Data {
        let mut all = match self.data.take() {
            None => return Data::One(value),
            Some(Data::One(first)) => BytesMut::from(&first[..]),
            Some(Data::Joined(all)) => all,
        };
        all.extend_from_slice(b"\n");
        all.extend_from_slice(&value);
        Data::Joined(all)
    }

    /// The event, if there is anything to give out; the fields start anew.
    fn take(&mut self) -> Option<Frame> {
        let Self { event, data, id, error, retry, .. } = std::mem::take(self);
        if data.is_none() && error.is_none() {
            return None;
        }
        let data = match data {
            None => Bytes::new(),
            Some(Data::One(data)) => data,
            Some(Data::Joined(data)) => data.freeze(),
        };
        Some(Frame { event, data: frame::utf8(data), id, error, retry })
    }
}
