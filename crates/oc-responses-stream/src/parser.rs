//! Bytes to deltas: the decoder and one interpreter, with the rules that hold
//! for every wire.

use std::collections::{BTreeMap, VecDeque};
use std::mem;

use serde_json::Value;

use crate::sse::{Decoded, Decoder, Frame};
use crate::{
    Delta, DeltaRef, FrameVerdict, Hot, HotKind, HotText, Interpret, Progress, ReasoningDelta,
    ResponsesInterpreter, Slot, SplitDeltas, SplitOptions, StreamError,
};

const BOM: [u8; 3] = *b"\xEF\xBB\xBF";

/// How much a [`Parser`] accepts before it gives up. All in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// One event, or a whole answer that came as one JSON document. Default 16 MiB.
    pub frame_bytes: usize,
    /// The whole answer. Default 256 MiB.
    pub stream_bytes: usize,
    /// The text, reasoning or arguments of one item, in pieces or whole. Default 64 MiB.
    pub item_bytes: usize,
    /// All reasoning together, that inside of text too. Default 64 MiB.
    pub reasoning_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: Decoder::DEFAULT_FRAME_BYTES,
            stream_bytes: 256 << 20,
            item_bytes: 64 << 20,
            reasoning_bytes: 64 << 20,
        }
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

    /// The same with another limit for one item's text.
    #[must_use]
    pub fn with_item_bytes(mut self, bytes: usize) -> Self {
        self.item_bytes = bytes;
        self
    }

    /// The same with another limit for all reasoning.
    #[must_use]
    pub fn with_reasoning_bytes(mut self, bytes: usize) -> Self {
        self.reasoning_bytes = bytes;
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
/// | either of them, reporting how far the server is with loading or the prompt | [`Delta::Progress`] |
/// | a comment | [`Delta::Alive`] |
/// | the first terminal event | [`Delta::Finish`] or [`Delta::Error`], then `None` for ever; whatever follows is not read |
/// | `[DONE]` or the end of input without a terminal event | the stream fails as `Cut` |
/// | the end of input where the wire says that the answer is whole ([`Interpret::end_of_input`]) | [`Delta::Finish`] |
/// | a JSON document instead of a stream | its deltas at the end of input (an answer or an error), or `NotAStream` |
/// | HTML, or bytes that nobody decompressed (gzip) | the stream fails as `NotAStream` |
/// | too large an event, stream, item or chain of reasoning | the stream fails as `FrameTooLarge`, `StreamTooLarge`, `ItemTooLarge`, `ReasoningTooLarge` |
///
/// A failure is repeated by every later call, so that no caller takes a failed
/// stream for one that ended.
#[derive(Clone, Debug)]
pub struct Parser<I: Interpret> {
    decoder: Decoder,
    interpreter: I,
    limits: Limits,
    input: Input,
    /// How much of a byte order mark came before everything else.
    bom: usize,
    fed: usize,
    /// There is nothing to say, and will not be before a line ends: the decoder sleeps.
    quiet: bool,
    ended: bool,
    /// It ended because what carries it failed.
    broken: bool,
    split: Option<SplitDeltas>,
    ready: VecDeque<Delta>,
    /// What the interpreter said before the splitter saw it; kept for its allocation.
    fresh: VecDeque<Delta>,
    state: State,
    unknown_frames: u64,
    sizes: Sizes,
    /// What `next_ref` shows: a delta, or the text of one that had escapes.
    shown: Option<Delta>,
    written: String,
}

/// How much text there was, against [`Limits`].
#[derive(Clone, Debug, Default)]
struct Sizes {
    reasoning: usize,
    /// By answer and item.
    items: BTreeMap<(u32, Slot), usize>,
    /// The item of the last delta, which is most often that of the next.
    last: Option<(u32, Slot)>,
    last_size: usize,
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
            bom: 0,
            fed: 0,
            quiet: false,
            ended: false,
            broken: false,
            split: None,
            ready: VecDeque::new(),
            fresh: VecDeque::new(),
            state: State::Reading,
            unknown_frames: 0,
            sizes: Sizes::default(),
            shown: None,
            written: String::new(),
        }
    }

    /// The same, with reasoning inside text taken apart by [`SplitDeltas`].
    #[must_use]
    pub fn split_reasoning(mut self) -> Self {
        self.split = Some(SplitDeltas::new());
        self
    }

    /// The same, for a model of which more is known.
    #[must_use]
    pub fn split_reasoning_with(mut self, options: SplitOptions) -> Self {
        self.split = Some(SplitDeltas::with_options(options));
        self
    }

    /// The splitter, for what it has to report.
    pub fn splitter(&self) -> Option<&SplitDeltas> {
        self.split.as_ref()
    }

    /// Takes the next bytes of the answer. Ignored once it has ended or failed.
    #[inline]
    pub fn feed(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        if !(self.quiet && self.decoder.feed_quietly(bytes)) {
            self.take(bytes);
        }
    }

    fn take(&mut self, mut bytes: &[u8]) {
        self.wake();
        if !matches!(self.state, State::Reading) || self.ended {
            return;
        }
        self.fed = self.fed.saturating_add(bytes.len());
        if self.fed > self.limits.stream_bytes {
            let over = self.fed - self.limits.stream_bytes;
            bytes = bytes.get(..bytes.len().saturating_sub(over)).unwrap_or_default();
        }
        let mut text = bytes;
        if matches!(self.input, Input::Unknown) {
            text = self.sniff(bytes);
        }
        match &mut self.input {
            Input::Json(held) => held.extend_from_slice(text),
            Input::Unknown | Input::Events => self.decoder.feed(bytes),
        }
    }

    /// There is nothing to say, and will not be before a line ends.
    fn sleep(&mut self) {
        if matches!(self.input, Input::Events) && !self.ended {
            let most = self.limits.stream_bytes.saturating_sub(self.fed);
            self.quiet = self.decoder.sleep(most);
        }
    }

    fn wake(&mut self) {
        if mem::take(&mut self.quiet) {
            self.fed = self.fed.saturating_add(self.decoder.wake());
        }
    }

    /// Takes an event that another reader decoded. Do not mix with [`feed`](Self::feed).
    pub fn feed_frame(&mut self, frame: &Frame) {
        if matches!(self.state, State::Reading) && !self.ended {
            self.input = Input::Events;
            self.wake();
            self.frame(frame);
        }
    }

    /// The input ended.
    pub fn finish(&mut self) {
        self.ended = true;
        self.wake();
        self.decoder.finish();
    }

    /// The input broke off: what carries it failed (a reset, a timeout). What was
    /// held back of the text so far comes out as at [`finish`](Self::finish), and
    /// then the failure `Cut`; but an end of input that a wire would take for a
    /// whole answer ([`Interpret::end_of_input`]) this is not.
    ///
    /// ```
    /// use oc_responses_stream::{Delta, ResponseParser};
    ///
    /// let mut parser = ResponseParser::new();
    /// parser.feed("data: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}");
    /// parser.break_off();
    /// let mut text = String::new();
    /// while let Some(Ok(delta)) = parser.next_event() {
    ///     if let Delta::Text(piece) = delta {
    ///         text += &piece.text;
    ///     }
    /// }
    /// assert_eq!(text, "Hi");
    /// assert!(parser.next_event().unwrap().unwrap_err().is_cut());
    /// ```
    pub fn break_off(&mut self) {
        self.broken = true;
        self.finish();
    }

    /// The next delta. `None`: feed more bytes, or the answer is over.
    ///
    /// # Errors
    /// See the table above; repeated by every later call.
    #[inline]
    pub fn next_event(&mut self) -> Option<Result<Delta, StreamError>> {
        if self.quiet { None } else { self.next_owned() }
    }

    fn next_owned(&mut self) -> Option<Result<Delta, StreamError>> {
        if let Some(hot) = self.hot() {
            return Some(Ok(DeltaRef::of_hot(&hot, self.text_of(&hot.text)).to_delta()));
        }
        self.next_taken()
    }

    /// The same as [`next_event`](Self::next_event), only looked at: most
    /// deltas are read where they lie, and nothing is allocated for them. It is
    /// what a relay or a terminal wants; calls of both kinds may be mixed.
    ///
    /// ```
    /// use oc_responses_stream::{DeltaRef, ResponseParser};
    ///
    /// let mut parser = ResponseParser::new();
    /// parser.feed("data: {\"type\":\"response.output_text.delta\",\"delta\":\"42\"}\n\n");
    /// let mut answer = String::new();
    /// while let Some(delta) = parser.next_ref() {
    ///     if let DeltaRef::Text(piece) = delta? {
    ///         answer += piece.text;
    ///     }
    /// }
    /// assert_eq!(answer, "42");
    /// # Ok::<(), oc_responses_stream::StreamError>(())
    /// ```
    ///
    /// # Errors
    /// As `next_event`.
    #[inline]
    pub fn next_ref(&mut self) -> Option<Result<DeltaRef<'_>, StreamError>> {
        if self.quiet { None } else { self.next_borrowed() }
    }

    fn next_borrowed(&mut self) -> Option<Result<DeltaRef<'_>, StreamError>> {
        if let Some(hot) = self.hot() {
            return Some(Ok(DeltaRef::of_hot(&hot, self.text_of(&hot.text))));
        }
        match self.next_taken()? {
            Ok(delta) => Some(Ok(DeltaRef::from(&*self.shown.insert(delta)))),
            Err(error) => Some(Err(error)),
        }
    }

    /// An event that the interpreter knows by sight, its text still in the buffer.
    #[inline]
    fn hot(&mut self) -> Option<Hot> {
        if !self.ready.is_empty() || !matches!(self.state, State::Reading) {
            return None;
        }
        let limit = self.decoder.limit();
        let ahead = self.decoder.ahead()?;
        // What is near the limit or beyond it is the decoder's to judge.
        let ahead = ahead.get(..limit).unwrap_or(ahead);
        let mut hot = self.interpreter.hot(ahead, &mut self.written)?;
        let begin = self.decoder.pass(hot.length);
        if let HotText::Input(range) = &mut hot.text {
            *range = begin + range.start..begin + range.end;
        }
        let length = match &hot.text {
            HotText::Input(range) => range.len(),
            HotText::Written => self.written.len(),
        };
        let is_reasoning = matches!(hot.says, HotKind::Reasoning(_));
        if let Err(error) = self.sizes.add((0, hot.slot), length, is_reasoning, &self.limits) {
            self.fail(error);
            return None;
        }
        if let Some(split) = &mut self.split {
            let text = match &hot.text {
                HotText::Written => self.written.as_bytes(),
                HotText::Input(range) => self.decoder.passed(range.clone()),
            };
            match split.pass(&hot, text) {
                Some(slot) => hot.slot = slot,
                None => {
                    let delta = DeltaRef::of_hot(&hot, self.text_of(&hot.text)).to_delta();
                    self.split(delta);
                    self.show_life(None);
                    return None;
                }
            }
        }
        Some(hot)
    }

    /// The text of an event that is passing.
    #[inline]
    fn text_of(&self, text: &HotText) -> &str {
        match text {
            HotText::Written => &self.written,
            // Valid, for the interpreter has looked.
            HotText::Input(range) => {
                str::from_utf8(self.decoder.passed(range.clone())).unwrap_or_default()
            }
        }
    }

    fn next_taken(&mut self) -> Option<Result<Delta, StreamError>> {
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
                self.sleep();
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
                if !self.broken {
                    self.interpreter.end_of_input(&mut self.fresh);
                    self.settle();
                }
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
        self.show_life(Some(frame));
    }

    /// An event that says nothing of the answer may report what comes before
    /// it, and is a sign of life all the same.
    fn show_life(&mut self, frame: Option<&Frame>) {
        if self.ready.iter().all(|delta| matches!(delta, Delta::Frame(_)))
            && matches!(self.state, State::Reading)
        {
            let report = frame.and_then(Progress::read);
            self.ready.push_back(report.map_or(Delta::Alive, Delta::Progress));
        }
    }

    fn document(&mut self) {
        let Input::Json(json) = mem::replace(&mut self.input, Input::Events) else { return };
        let outcome = self.interpreter.body(&json, &mut self.fresh);
        self.settle();
        match outcome {
            Err(error) if !self.broken => self.fail(error),
            _ => self.fail(StreamError::cut()),
        }
    }

    /// Moves what the interpreter said to where the caller finds it, up to and
    /// including the first terminal delta.
    fn settle(&mut self) {
        while let Some(delta) = self.fresh.pop_front() {
            if !matches!(self.state, State::Reading) {
                self.fresh.clear();
                return;
            }
            if let Err(error) = self.sizes.of(&delta, &self.limits) {
                self.fresh.clear();
                return self.fail(error);
            }
            let ends = matches!(delta, Delta::Finish(_) | Delta::Error(_));
            self.split(delta);
            if ends && matches!(self.state, State::Reading) {
                self.state = State::Ended;
            }
        }
    }

    fn split(&mut self, delta: Delta) {
        match &mut self.split {
            None => self.ready.push_back(delta),
            Some(split) => {
                let said = self.ready.len();
                let is_counted = thought_of(&delta).is_some();
                split.push(delta);
                while let Some(delta) = split.next() {
                    if let Some(thought) = thought_of(&delta)
                        && !is_counted
                        && let Err(error) = self.sizes.think(thought.text.len(), &self.limits)
                    {
                        self.state = State::Failed(error);
                        return;
                    }
                    // Of one answer among several, it is the end of all.
                    let fails = matches!(delta, Delta::Error(_));
                    self.ready.push_back(delta);
                    if fails {
                        self.state = State::Ended;
                        return;
                    }
                }
                // Held back or not, the server is at work.
                if self.ready.len() == said {
                    self.ready.push_back(Delta::Alive);
                }
            }
        }
    }

    /// Ends the stream in failure, unless it ended before. What the splitter
    /// held of the text so far comes before it.
    fn fail(&mut self, error: StreamError) {
        if matches!(self.state, State::Reading) {
            self.state = State::Failed(error);
            if let Some(split) = &mut self.split {
                split.flush_all();
                while let Some(delta) = split.next() {
                    self.ready.push_back(delta);
                }
            }
        }
    }

    /// An event stream begins with a field name, a comment or a blank line; a
    /// document with a bracket. Nothing valid is both.
    /// Returns `bytes` without the byte order mark, of which they may hold a piece.
    fn sniff<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut text = bytes;
        while let Some((first, rest)) = text.split_first()
            && BOM.get(self.bom) == Some(first)
        {
            (self.bom, text) = (self.bom + 1, rest);
        }
        if text.is_empty() {
            return text;
        }
        if !self.bom.is_multiple_of(BOM.len()) {
            self.input = Input::Events;
            return text;
        }
        self.bom = BOM.len();
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => {}
            Some(0x1F) => {
                let why = "body is gzip: the transport must decompress it";
                self.fail(StreamError::not_a_stream(why));
            }
            Some(b'{' | b'[') => self.input = Input::Json(Vec::new()),
            Some(b'<') => self.fail(StreamError::not_a_stream("body is HTML, not an event stream")),
            Some(_) => self.input = Input::Events,
        }
        text
    }
}

impl Sizes {
    fn of(&mut self, delta: &Delta, limits: &Limits) -> Result<(), StreamError> {
        let (choice, delta) = match delta {
            Delta::Choice(other) => (other.choice, &*other.delta),
            delta => (0, delta),
        };
        let item = |slot| (choice, slot);
        match delta {
            Delta::Text(d) | Delta::Refusal(d) => {
                self.add(item(d.slot), d.text.len(), false, limits)
            }
            Delta::Reasoning(d) => self.add(item(d.slot), d.text.len(), true, limits),
            Delta::ToolCallArguments(d) => self.add(item(d.slot), d.text.len(), false, limits),
            // What comes whole restates what came in pieces: it counts by itself.
            Delta::ToolCallEnd(d) => whole(d.arguments.as_ref().map_or(0, String::len), limits),
            Delta::Item(d) => whole(text_bytes(&d.item.to_json()), limits),
            Delta::Seal(d) => whole(text_bytes(&d.value), limits),
            Delta::Part(d) => whole(text_bytes(&d.json), limits),
            Delta::Extra(d) => {
                let bytes = |(key, value): (&String, &Value)| key.len() + text_bytes(value);
                whole(d.fields.iter().map(bytes).sum(), limits)
            }
            _ => Ok(()),
        }
    }

    #[inline]
    fn add(
        &mut self,
        item: (u32, Slot),
        bytes: usize,
        is_reasoning: bool,
        limits: &Limits,
    ) -> Result<(), StreamError> {
        if self.last != Some(item) {
            if let Some(last) = self.last {
                self.items.insert(last, self.last_size);
            }
            self.last = Some(item);
            self.last_size = self.items.get(&item).copied().unwrap_or_default();
        }
        self.last_size = self.last_size.saturating_add(bytes);
        if self.last_size > limits.item_bytes {
            return Err(StreamError::item_too_large(limits.item_bytes));
        }
        if is_reasoning { self.think(bytes, limits) } else { Ok(()) }
    }

    /// Reasoning, wherever it came from.
    fn think(&mut self, bytes: usize, limits: &Limits) -> Result<(), StreamError> {
        self.reasoning = self.reasoning.saturating_add(bytes);
        if self.reasoning > limits.reasoning_bytes {
            return Err(StreamError::reasoning_too_large(limits.reasoning_bytes));
        }
        Ok(())
    }
}

/// The reasoning that a delta holds, of whichever answer.
fn thought_of(delta: &Delta) -> Option<&ReasoningDelta> {
    match delta {
        Delta::Reasoning(thought) => Some(thought),
        Delta::Choice(other) => thought_of(&other.delta),
        _ => None,
    }
}

fn whole(bytes: usize, limits: &Limits) -> Result<(), StreamError> {
    if bytes > limits.item_bytes {
        return Err(StreamError::item_too_large(limits.item_bytes));
    }
    Ok(())
}

/// All text in a value, keys too.
fn text_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(all) => all.iter().map(text_bytes).sum(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| key.len() + text_bytes(value)).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
