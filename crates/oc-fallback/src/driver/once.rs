//! A future as a stream of one item.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use pin_project_lite::pin_project;

pin_project! {
    /// Yields the future's item, then ends.
    pub(super) struct Once<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F> Once<F> {
    pub(super) const fn new(future: F) -> Self {
        Self { future: Some(future) }
    }
}

impl<F: Future> Stream for Once<F> {
    type Item = F::Output;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let item = ready!(future.poll(cx));
        this.future.set(None);
        Poll::Ready(Some(item))
    }
}
