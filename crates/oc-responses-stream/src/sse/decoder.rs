//! Bytes to frames. Sans-IO; the cost is linear in the bytes however they are
//! cut, because the decoder remembers how far it has looked.
//!
//! An event's bytes stay where they were fed until its blank line is there; then
//! they are taken out in one piece and read. That leaves them in sight of
//! [`Interpret::hot`](crate::Interpret::hot), which may read them in place.

use std::ops::Range;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use memchr::memchr2;

use super::frame::{self, Frame};

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// In pieces shorter than this, a plain loop finds line ends soonest.
const SHORT: usize = 16;

/// A decoder of server-sent events.
///
/// Call [`feed`](Self::feed) with bytes as they come, then
/// [`next_frame`](Self::next_frame) until it returns `None`; at the end of the
/// input [`finish`](Self::finish), and `next_frame` again. No call blocks, reads
/// a clock or panics, whatever the bytes.
#[derive(Clone, Debug)]
pub struct Decoder {
    buf: BytesMut,
    /// Where the current event begins in `buf`; what is before it was given out.
    begin: usize,
    /// Where its current line begins.
    line: usize,
    /// From `line` up to here there is no line end.
    scanned: usize,
    /// How long its lines are together.
    size: usize,
    limit: usize,
    start: Start,
    /// The last line ended in CR: an LF that follows belongs to it.
    skip_lf: bool,
    /// The current frame was too large: drop lines until it ends.
    skipping: bool,
    finished: bool,
    /// Asleep: so many bytes may be taken without a look at the limits.
    quiet_room: usize,
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
            begin: 0,
            line: 0,
            scanned: 0,
            size: 0,
            limit: frame_bytes,
            start: Start::Bom,
            skip_lf: false,
            skipping: false,
            finished: false,
            quiet_room: 0,
        }
    }

    /// Takes the next bytes of the input. After [`finish`](Self::finish) they are ignored.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.finished {
            return;
        }
        self.drop_given();
        self.buf.extend_from_slice(bytes);
    }

    /// Where all that was fed was looked at and no line end is half seen: goes to
    /// sleep, to [take bytes quietly](Self::feed_quietly), up to `most` of them.
    pub(crate) fn sleep(&mut self, most: usize) -> bool {
        let is_seen = self.scanned == self.buf.len() && !self.skip_lf;
        let may_sleep = is_seen && !self.finished && self.start == Start::Past;
        let length = self.size + self.scanned - self.line;
        self.quiet_room = if may_sleep { most.min(self.limit.saturating_sub(length)) } else { 0 };
        may_sleep
    }

    /// Asleep: takes bytes that end no line, and says whether it did. Then there
    /// is nothing to give out, and byte by byte costs next to nothing.
    #[inline]
    pub(crate) fn feed_quietly(&mut self, bytes: &[u8]) -> bool {
        let Some(room) = self.quiet_room.checked_sub(bytes.len()) else { return false };
        // A single byte is stored; what has no known length is a call to `memcpy`.
        match bytes {
            [b'\n' | b'\r'] => return false,
            [byte] => self.buf.put_u8(*byte),
            _ if bytes.len() < SHORT && !bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r')) => {
                self.buf.extend_from_slice(bytes);
            }
            _ => return false,
        }
        self.quiet_room = room;
        true
    }

    /// Ends the sleep, and says how many bytes were taken in it: they hold no line end.
    pub(crate) fn wake(&mut self) -> usize {
        let taken = self.buf.len() - self.scanned;
        self.scanned = self.buf.len();
        self.quiet_room = 0;
        taken
    }

    /// The same, without a copy where the buffer is empty and `bytes` is not shared.
    pub fn feed_bytes(&mut self, bytes: Bytes) {
        if self.finished {
            return;
        }
        self.drop_given();
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
            self.skip_second_line_end();
            let Some(end) = self.line_end() else {
                return self.without_line_end();
            };
            let length = end - self.line;
            let is_comment = self.buf.get(self.line) == Some(&b':');
            let next = self.after(end);
            if self.skipping {
                self.skipping = length > 0;
                self.begin_at(next);
            } else if length == 0 {
                let block = self.begin..self.line;
                if let Some(frame) = self.take(block, next) {
                    return Some(Ok(Decoded::Frame(frame)));
                }
            } else if self.size + length > self.limit {
                self.skipping = true;
                self.begin_at(next);
                return Some(Err(self.oversized()));
            } else if is_comment && self.line == self.begin {
                self.begin_at(next);
                return Some(Ok(Decoded::Comment));
            } else {
                self.size += length;
                (self.line, self.scanned) = (next, next);
                if is_comment {
                    return Some(Ok(Decoded::Comment));
                }
            }
        }
    }

    /// What lies ahead, where that is the beginning of an event.
    pub(crate) fn ahead(&mut self) -> Option<&[u8]> {
        self.skip_second_line_end();
        // Where lines of it were seen already, only a blank line can complete it.
        let may_end = self.scanned == self.begin
            || self.buf.ends_with(b"\n\n")
            || self.buf.ends_with(b"\n\r\n");
        if !may_end || self.skipping || self.start == Start::Bom {
            return None;
        }
        self.buf.get(self.begin..).filter(|bytes| !bytes.is_empty())
    }

    /// Gives out the next `length` bytes, one whole event: returns where they
    /// are to be found until the next call.
    pub(crate) fn pass(&mut self, length: usize) -> usize {
        let begin = self.begin;
        self.begin_at(begin + length);
        begin
    }

    /// Bytes that [`pass`](Self::pass) has given out.
    pub(crate) fn passed(&self, range: Range<usize>) -> &[u8] {
        self.buf.get(range).unwrap_or_default()
    }

    /// The most bytes that one event may have.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    fn drop_given(&mut self) {
        if self.begin == 0 {
            return;
        }
        self.buf.advance(self.begin.min(self.buf.len()));
        self.line -= self.begin;
        self.scanned -= self.begin;
        self.begin = 0;
    }

    fn begin_at(&mut self, at: usize) {
        (self.begin, self.line, self.scanned) = (at, at, at);
        self.size = 0;
    }

    /// `false`: too few bytes to know.
    fn strip_bom(&mut self) -> bool {
        if self.buf.starts_with(BOM) {
            self.begin_at(BOM.len());
        } else if self.buf.is_empty() || (BOM.starts_with(&self.buf) && !self.finished) {
            return false;
        }
        self.start = Start::Past;
        true
    }

    fn skip_second_line_end(&mut self) {
        if !self.skip_lf || self.line >= self.buf.len() {
            return;
        }
        self.skip_lf = false;
        if self.buf.get(self.line) == Some(&b'\n') {
            let at_begin = self.line == self.begin;
            self.line += 1;
            self.scanned = self.line;
            if at_begin {
                self.begin = self.line;
            }
        }
    }

    /// Where the current line ends.
    fn line_end(&mut self) -> Option<usize> {
        let unseen = self.buf.get(self.scanned..)?;
        match memchr2(b'\n', b'\r', unseen) {
            Some(at) => Some(self.scanned + at),
            None => {
                self.scanned = self.buf.len();
                None
            }
        }
    }

    /// Where the line after the one that ends at `end` begins.
    fn after(&mut self, end: usize) -> usize {
        let is_cr = self.buf.get(end) == Some(&b'\r');
        match self.buf.get(end + 1) {
            Some(b'\n') if is_cr => end + 2,
            None => {
                self.skip_lf = is_cr;
                end + 1
            }
            Some(_) => end + 1,
        }
    }

    fn without_line_end(&mut self) -> Option<Result<Decoded, FrameError>> {
        let unfinished = self.buf.len() - self.line;
        let oversized = !self.skipping && self.size + unfinished > self.limit;
        if oversized || self.skipping {
            // Of a skipped line only counts that it is not blank: one byte tells.
            let line = self.line;
            self.buf.truncate(line + 1);
            self.begin_at(line);
            self.scanned = self.buf.len();
        }
        if oversized {
            self.skipping = true;
            return Some(Err(self.oversized()));
        }
        if !self.finished || self.skipping {
            return None;
        }
        if self.buf.get(self.line) == Some(&b':') {
            // Next time there is no comment, and what came before it is given out.
            self.buf.truncate(self.line);
            self.scanned = self.line;
            return Some(Ok(Decoded::Comment));
        }
        let end = self.buf.len();
        self.take(self.begin..end, end).map(|frame| Ok(Decoded::Frame(frame)))
    }

    /// Takes one event out of the buffer, which goes on at `next`.
    fn take(&mut self, block: Range<usize>, next: usize) -> Option<Frame> {
        if block.is_empty() {
            self.begin_at(next);
            return None;
        }
        self.buf.advance(block.start);
        let raw = self.buf.split_to(next - block.start).freeze();
        self.begin_at(0);
        frame::read(raw, block.len())
    }

    fn oversized(&self) -> FrameError {
        FrameError { limit: self.limit }
    }
}
