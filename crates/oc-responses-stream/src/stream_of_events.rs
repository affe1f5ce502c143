//! For those who have a stream of `eventsource_stream::Event`s already.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::sse::Frame;
use crate::stream::Reader;
use crate::{Delta, Interpret, Parser, ReadError, ResponseParser, ResponsesInterpreter};

pin_project! {
    /// A stream of [`Delta`]s over a stream of `eventsource_stream::Event`s
    /// (feature `eventsource-stream`).
    ///
    /// It behaves as [`DeltaStream`](crate::DeltaStream) does. What the other
    /// reader has lost is lost here too: comments, the size limit of an event,
    /// the last event where its blank line is missing, everything after a byte
    /// that is not UTF-8. Where bytes are at hand, use
    /// [`ResponseStream`](crate::ResponseStream).
    ///
    /// ```
    /// use eventsource_stream::Eventsource;
    /// use futures::{executor::block_on, stream};
    /// use oc_responses_stream::{EventSourceDeltas, final_text};
    ///
    /// let body = stream::iter([Ok::<_, std::io::Error>(
    ///     "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}\n\n\
    ///      data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n",
    /// )]);
    /// assert_eq!(block_on(final_text(EventSourceDeltas::new(body.eventsource()))).unwrap(), "Hi");
    /// ```
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct EventSourceDeltas<S: Stream, I: Interpret> {
        #[pin]
        events: S,
        reader: Reader<I, S::Item>,
    }
}

impl<S: Stream> EventSourceDeltas<S, ResponsesInterpreter> {
    /// Reads `events` with a [`ResponseParser::new`].
    pub fn new(events: S) -> Self {
        Self::with_parser(events, ResponseParser::new())
    }
}

impl<S: Stream, I: Interpret> EventSourceDeltas<S, I> {
    /// Reads `events` with `parser`.
    pub fn with_parser(events: S, parser: Parser<I>) -> Self {
        Self { events, reader: Reader::new(parser) }
    }
}

impl<S, E, I> Stream for EventSourceDeltas<S, I>
where
    S: Stream<Item = Result<eventsource_stream::Event, E>>,
    I: Interpret,
{
    type Item = Result<Delta, ReadError<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if let said @ Poll::Ready(_) = this.reader.next() {
                return said;
            }
            match this.events.as_mut().poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(event))) => {
                    let frame = Frame::new(Some(&event.event), event.data);
                    this.reader.parser.feed_frame(&frame);
                }
                Poll::Ready(Some(fault)) => this.reader.fail(fault),
                Poll::Ready(None) => this.reader.parser.finish(),
            }
        }
    }
}
