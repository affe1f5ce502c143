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
    /// and reads nothing beyond.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct DeltaStream<S, I: Interpret> {
        #[pin]
        bytes: S,
        parser: Parser<I>,
        over: bool,
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

impl<S> DeltaStream<S, ResponsesInterpreter> {
    /// Reads `bytes` with a [`ResponseParser::new`]: default limits, reasoning
    /// inside text taken apart.
    pub fn new(bytes: S) -> Self {
        Self::with_parser(bytes, ResponseParser::new())
    }
}

impl<S, I: Interpret> DeltaStream<S, I> {
    /// Reads `bytes` as `interpreter`'s wire.
    pub fn with_interpreter(bytes: S, interpreter: I, limits: Limits) -> Self {
        Self::with_parser(bytes, Parser::with_interpreter(interpreter, limits))
    }

    /// Reads `bytes` with `parser`.
    pub fn with_parser(bytes: S, parser: Parser<I>) -> Self {
        Self { bytes, parser, over: false }
    }

    /// The parser, for its counts.
    pub fn parser(&self) -> &Parser<I> {
        &self.parser
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
            if *this.over {
                return Poll::Ready(None);
            }
            match this.parser.next_event() {
                Some(Ok(delta)) => {
                    *this.over = matches!(delta, Delta::Finish(_) | Delta::Error(_));
                    return Poll::Ready(Some(Ok(delta)));
                }
                Some(Err(error)) => {
                    *this.over = true;
                    return Poll::Ready(Some(Err(error.into())));
                }
                None => {}
            }
            match this.bytes.as_mut().poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(bytes))) => this.parser.feed(bytes),
                Poll::Ready(Some(Err(error))) => {
                    *this.over = true;
                    return Poll::Ready(Some(Err(ReadError::Transport(error))));
                }
                Poll::Ready(None) => this.parser.finish(),
            }
        }
    }
}

/// The next item of a pinned stream.
pub(crate) async fn next<S: Stream + ?Sized>(mut stream: Pin<&mut S>) -> Option<S::Item> {
    poll_fn(|cx| stream.as_mut().poll_next(cx)).await
}
