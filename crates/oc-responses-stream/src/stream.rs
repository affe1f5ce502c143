//! The async face: a stream of bytes becomes a stream of deltas. It pulls,
//! feeds and polls; nothing is spawned, and to drop it is to stop.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::{Delta, Interpret, Limits, Parser, ResponseParser, ResponsesInterpreter, StreamError};

/// Why a [`DeltaStream`] failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError<E> {
    /// The stream of bytes itself failed.
    #[error("reading the answer failed")]
    Transport(#[source] E),
    /// The bytes are no whole answer.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

pin_project! {
    /// A stream of [`Delta`]s over a stream of bytes.
    ///
    /// It ends after the first [`Delta::Finish`], [`Delta::Error`] or failure,
    /// and reads nothing beyond. Where the stream of bytes fails, what the parser
    /// held back of the text so far comes before that failure.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct DeltaStream<S: Stream, I: Interpret> {
        #[pin]
        bytes: S,
        reader: Reader<I, S::Item>,
    }
}

/// A parser, and how its input and its answer ended.
#[derive(Debug)]
pub(crate) struct Reader<I: Interpret, F> {
    pub(crate) parser: Parser<I>,
    /// The failure of what carries the input, told when there is nothing else to say.
    fault: Option<F>,
    over: bool,
}

impl<I: Interpret, F> Reader<I, F> {
    pub(crate) fn new(parser: Parser<I>) -> Self {
        Self { parser, fault: None, over: false }
    }

    /// The input failed.
    pub(crate) fn fail(&mut self, fault: F) {
        self.fault = Some(fault);
        self.parser.break_off();
    }
}

impl<I: Interpret, T, E> Reader<I, Result<T, E>> {
    /// What the stream says next; pending until the parser is fed.
    pub(crate) fn next(&mut self) -> Poll<Option<Result<Delta, ReadError<E>>>> {
        if self.over {
            return Poll::Ready(None);
        }
        match self.parser.next_event() {
            None => Poll::Pending,
            Some(Ok(delta)) => {
                self.over = matches!(delta, Delta::Finish(_) | Delta::Error(_));
                Poll::Ready(Some(Ok(delta)))
            }
            Some(Err(error)) => {
                self.over = true;
                let fault = self.fault.take().and_then(Result::err).map(ReadError::Transport);
                Poll::Ready(Some(Err(fault.unwrap_or_else(|| error.into()))))
            }
        }
    }
}

/// A [`DeltaStream`] of the OpenAI Responses API.
///
/// ```
/// use futures::{StreamExt, executor::block_on, stream};
/// use oc_responses_stream::{Delta, ResponseStream};
///
/// let body = stream::iter([
///     Ok::<_, std::io::Error>("data: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}\n\n"),
///     Ok("data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n"),
/// ]);
/// let deltas: Vec<_> = block_on(ResponseStream::new(body).collect());
/// assert!(matches!(deltas.last(), Some(Ok(Delta::Finish(_)))));
/// ```
pub type ResponseStream<S> = DeltaStream<S, ResponsesInterpreter>;

impl<S: Stream> DeltaStream<S, ResponsesInterpreter> {
    /// Reads `bytes` with a [`ResponseParser::new`]: default limits, reasoning
    /// inside text taken apart.
    pub fn new(bytes: S) -> Self {
        Self::with_parser(bytes, ResponseParser::new())
    }
}

impl<S: Stream, I: Interpret> DeltaStream<S, I> {
    /// Reads `bytes` as `interpreter`'s wire.
    pub fn with_interpreter(bytes: S, interpreter: I, limits: Limits) -> Self {
        Self::with_parser(bytes, Parser::with_interpreter(interpreter, limits))
    }

    /// Reads `bytes` with `parser`.
    pub fn with_parser(bytes: S, parser: Parser<I>) -> Self {
        Self { bytes, reader: Reader::new(parser) }
    }

    /// The parser, for its counts.
    pub fn parser(&self) -> &Parser<I> {
        &self.reader.parser
    }
}

impl<S, B, E, I> Stream for DeltaStream<S, I>
where
    S: Stream<Item = Result<B, E>>,
    B: AsRef<[u8]>,
    I: Interpret,
{
    type Item = Result<Delta, ReadError<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if let said @ Poll::Ready(_) = this.reader.next() {
                return said;
            }
            match this.bytes.as_mut().poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(bytes))) => this.reader.parser.feed(bytes),
                Poll::Ready(Some(fault)) => this.reader.fail(fault),
                Poll::Ready(None) => this.reader.parser.finish(),
            }
        }
    }
}

/// The next item of a pinned stream.
pub(crate) async fn next<S: Stream + ?Sized>(mut stream: Pin<&mut S>) -> Option<S::Item> {
    poll_fn(|cx| stream.as_mut().poll_next(cx)).await
}
