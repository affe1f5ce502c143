//! Bytes to deltas: the decoder and one interpreter, with the rules that hold
//! for every wire.

use std::collections::VecDeque;
use std::mem;

use crate::sse::{Decoded, Decoder, Frame};
use crate::{Delta, FrameVerdict, Interpret, ResponsesInterpreter, SplitDeltas, StreamError};

/// How much a [`Parser`] accepts before it gives up. All in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// One event, or a whole answer that came as one JSON document. Default 16 MiB.
    pub frame_bytes: usize,
    /// The whole answer. Default 256 MiB.
    pub stream_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { frame_bytes: Decoder::DEFAULT_FRAME_BYTES, stream_bytes: 256 << 20 }
    }
}

impl Limits {
    /// The same with another limit for one event.
    #[must_use]
    pub fn with_frame_bytes(mut self, bytes: usize) -> Self {
        self.frame_bytes = bytes;
        self
    }

    /// The same with another limit for the whole answer.
    #[must_use]
    pub fn with_stream_bytes(mut self, bytes: usize) -> Self {
        self.stream_bytes = bytes;
        self
    }
}

/// Reads one answer of one wire: bytes in, [`Delta`]s out.
///
/// Call [`feed`](Self::feed) with bytes as they come and
/// [`next_event`](Self::next_event) until it returns `None`; at the end of the
/// input [`finish`](Self::finish), then `next_event` again.
///
/// | what comes | what happens |
/// |---|---|
/// | a known frame | its deltas; [`Delta::Alive`] where it has none |
/// | an unknown frame (a new event type, text that is not JSON) | [`Delta::Alive`], counted in [`unknown_frames`](Self::unknown_frames) |
/// | a corrupt frame (looks like JSON and is not) | the stream fails as `Corrupt`: a piece of the answer is missing, and to go on would pass that off as whole |
/// | the same as the very last thing before the end of input | the stream fails as `Cut` |
/// | a comment | [`Delta::Alive`] |
/// | the first terminal event | [`Delta::Finish`] or [`Delta::Error`], then `None` for ever; whatever follows is not read |
/// | `[DONE]` or the end of input without a terminal event | the stream fails as `Cut` |
/// | the end of input where the wire says that the answer is whole ([`Interpret::end_of_input`]) | [`Delta::Finish`] |
/// | a JSON document instead of a stream | its deltas at the end of input (an answer or an error), or `NotAStream` |
/// | HTML | the stream fails as `NotAStream` |
/// | too large an event or stream | the stream fails as `FrameTooLarge`, `StreamTooLarge` |
///
/// A failure is repeated by every later call, so that no caller takes a failed
/// stream for one that ended.
#[derive(Clone, Debug)]
pub struct Parser<I: Interpret> {
    decoder: Decoder,
    interpreter: I,
    limits: Limits,
    input: Input,
    fed: usize,
    ended: bool,
    split: Option<SplitDeltas>,
    ready: VecDeque<Delta>,
    /// What the interpreter said before the splitter saw it; kept for its allocation.
    fresh: VecDeque<Delta>,
    state: State,
    unknown_frames: u64,
}

/// Reads an OpenAI Responses stream. See [`Parser`].
///
/// ```
/// use oc_responses_stream::{Delta, ResponseParser};
///
/// let mut parser = ResponseParser::new();
/// let (mut thought, mut answer) = (String::new(), String::new());
/// parser.feed("data: {\"type\":\"response.reasoning_text.delta\",\"delta\":\"Hm.\"}\n\n");
/// parser.feed("data: {\"type\":\"response.output_text.delta\",\"delta\":\"42\"}\n\n");
/// parser.feed("data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n");
/// parser.finish();
/// while let Some(delta) = parser.next_event() {
///     match delta? {
///         Delta::Reasoning(piece) => thought += &piece.text,
///         Delta::Text(piece) => answer += &piece.text,
///         _ => {}
///     }
/// }
/// assert_eq!((thought.as_str(), answer.as_str()), ("Hm.", "42"));
/// # Ok::<(), oc_responses_stream::StreamError>(())
/// ```
pub type ResponseParser = Parser<ResponsesInterpreter>;

#[derive(Clone, Debug)]
enum Input {
    /// Nothing but white space so far.
    Unknown,
    Events,
    /// One JSON document, held until the end of input.
    Json(Vec<u8>),
}

#[derive(Clone, Debug)]
enum State {
    Reading,
    /// A terminal delta was queued.
    Ended,
    Failed(StreamError),
}

impl Parser<ResponsesInterpreter> {
    /// With default [`Limits`], and with reasoning that a model writes into its
    /// text (`<think>…</think>`) taken out of it: see
    /// [`split_reasoning`](Self::split_reasoning).
    pub fn new() -> Self {
        Parser::with_interpreter(ResponsesInterpreter::new(), Limits::default()).split_reasoning()
    }
}

impl Default for Parser<ResponsesInterpreter> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Interpret> Parser<I> {
    /// A parser for `interpreter`'s wire.
    pub fn with_interpreter(interpreter: I, limits: Limits) -> Self {
        Self {
            decoder: Decoder::with_limit(limits.frame_bytes),
            interpreter,
            limits,
            input: Input::Unknown,
            fed: 0,
            ended: false,
            split: None,
            ready: VecDeque::new(),
            fresh: VecDeque::new(),
            state: State::Reading,
            unknown_frames: 0,
        }
    }

    /// The same, with reasoning inside text taken apart by [`SplitDeltas`].
    #[must_use]
    pub fn split_reasoning(mut self) -> Self {
        self.split = Some(SplitDeltas::new());
        self
    }

    /// Takes the next bytes of the answer. Ignored once it has ended or failed.
    pub fn feed(&mut self, bytes: impl AsRef<[u8]>) {
        let mut bytes = bytes.as_ref();
        if !matches!(self.state, State::Reading) || self.ended {
            return;
        }
        self.fed = self.fed.saturating_add(bytes.len());
        if self.fed > self.limits.stream_bytes {
            let over = self.fed - self.limits.stream_bytes;
            bytes = bytes.get(..bytes.len().saturating_sub(over)).unwrap_or_default();
        }
        if matches!(self.input, Input::Unknown) {
            self.sniff(bytes);
        }
        match &mut self.input {
            Input::Json(held) => held.extend_from_slice(bytes),
            Input::Unknown | Input::Events => self.decoder.feed(bytes),
        }
    }

    /// Takes an event that another reader decoded. Do not mix with [`feed`](Self::feed).
    pub fn feed_frame(&mut self, frame: &Frame) {
        if matches!(self.state, State::Reading) && !self.ended {
            self.input = Input::Events;
            self.frame(frame);
        }
    }

    /// The input ended.
    pub fn finish(&mut self) {
        self.ended = true;
        self.decoder.finish();
    }

    /// The next delta. `None`: feed more bytes, or the answer is over.
    ///
    /// # Errors
    /// See the table above; repeated by every later call.
    pub fn next_event(&mut self) -> Option<Result<Delta, StreamError>> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Some(Ok(delta));
            }
            match &self.state {
                State::Reading => {}
                State::Ended => return None,
                State::Failed(error) => return Some(Err(error.clone())),
            }
            if !self.advance() {
                return None;
            }
        }
    }

    /// How many frames were of no known kind, so far.
    pub fn unknown_frames(&self) -> u64 {
        self.unknown_frames
    }

    /// The interpreter, for what it alone knows.
    pub fn interpreter(&self) -> &I {
        &self.interpreter
    }

    /// One step; `false`: nothing more to do until more is fed.
    fn advance(&mut self) -> bool {
        if let Input::Json(held) = &self.input {
            if held.len() > self.limits.frame_bytes {
                self.fail(StreamError::frame_too_large(self.limits.frame_bytes));
            } else if self.ended {
                self.document();
            } else {
                return self.too_long();
            }
            return true;
        }
        match self.decoder.next_frame() {
            Some(Ok(Decoded::Frame(frame))) => self.frame(&frame),
            Some(Ok(Decoded::Comment)) => self.ready.push_back(Delta::Alive),
            Some(Err(error)) => self.fail(StreamError::frame_too_large(error.limit)),
            None if self.ended => {
                self.interpreter.end_of_input(&mut self.fresh);
                self.settle();
                self.fail(StreamError::cut());
            }
            None => return self.too_long(),
        }
        true
    }

    /// Fails, and returns `true`, where the stream's own limit is met.
    fn too_long(&mut self) -> bool {
        let too_long = self.fed > self.limits.stream_bytes;
        if too_long {
            self.fail(StreamError::stream_too_large(self.limits.stream_bytes));
        }
        too_long
    }

    fn frame(&mut self, frame: &Frame) {
        let verdict = self.interpreter.frame(frame, &mut self.fresh);
        self.settle();
        match verdict {
            FrameVerdict::Known => {}
            FrameVerdict::Unknown => self.unknown_frames = self.unknown_frames.saturating_add(1),
            FrameVerdict::Corrupt if self.ended => self.fail(StreamError::cut()),
            FrameVerdict::Corrupt => self.fail(StreamError::corrupt("an event cannot be read")),
            FrameVerdict::End => self.fail(StreamError::cut()),
        }
        if self.ready.is_empty() && matches!(self.state, State::Reading) {
            self.ready.push_back(Delta::Alive);
        }
    }

    fn document(&mut self) {
        let Input::Json(json) = mem::replace(&mut self.input, Input::Events) else { return };
        let outcome = self.interpreter.body(&json, &mut self.fresh);
        self.settle();
        match outcome {
            Ok(()) => self.fail(StreamError::cut()),
            Err(error) => self.fail(error),
        }
    }

    /// Moves what the interpreter said to where the caller finds it, up to and
    /// including the first terminal delta.
    fn settle(&mut self) {
        for delta in self.fresh.drain(..) {
            if matches!(self.state, State::Ended) {
                continue;
            }
            if matches!(delta, Delta::Finish(_) | Delta::Error(_)) {
                self.state = State::Ended;
            }
            match &mut self.split {
                None => self.ready.push_back(delta),
                Some(split) => {
                    split.push(delta);
                    while let Some(delta) = split.next() {
                        self.ready.push_back(delta);
                    }
                }
            }
        }
    }

    /// Ends the stream in failure, unless it ended before.
    fn fail(&mut self, error: StreamError) {
        if matches!(self.state, State::Reading) {
            self.state = State::Failed(error);
        }
    }

    /// An event stream begins with a field name, a comment or a blank line; a
    /// document with a bracket. Nothing valid is both.
    fn sniff(&mut self, bytes: &[u8]) {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => {}
            Some(b'{' | b'[') => self.input = Input::Json(Vec::new()),
            Some(b'<') => self.fail(StreamError::not_a_stream("body is HTML, not an event stream")),
            Some(_) => self.input = Input::Events,
        }
    }
}
