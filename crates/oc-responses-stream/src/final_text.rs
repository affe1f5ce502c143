//! Only what may be shown to a person.

use futures_core::Stream;

use crate::stream::next;
use crate::{Delta, UpstreamError};

/// Why there is no final text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FinalTextError<E> {
    /// The stream failed.
    #[error("answer could not be read")]
    Stream(#[source] E),
    /// The upstream reported a failure of its own.
    #[error("upstream reported a failure")]
    Upstream(UpstreamError),
    /// The stream ended without an end of the answer.
    #[error("answer ended before it was whole")]
    Cut,
}

/// Reads an answer to its end and returns what may be shown to a person: text
/// and refusals, without reasoning and commentary. A truncated answer (a limit,
/// a filter) is returned as far as it goes.
///
/// Works on any stream of deltas: a [`ResponseStream`](crate::ResponseStream),
/// or one that a provider made.
///
/// # Errors
/// When the stream fails, the upstream reports a failure, or the end is missing:
/// half an answer is never taken for a whole one.
///
/// ```
/// use futures::{executor::block_on, stream};
/// use oc_responses_stream::{ResponseStream, final_text};
///
/// let bytes = b"data: {\"type\":\"response.output_text.delta\",\"delta\":\"<think>Hm.</think>42\"}\n\n\
///               data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n";
/// let body = stream::iter([Ok::<_, std::io::Error>(&bytes[..])]);
/// assert_eq!(block_on(final_text(ResponseStream::new(body)))?, "42");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn final_text<S, E>(stream: S) -> Result<String, FinalTextError<E>>
where
    S: Stream<Item = Result<Delta, E>>,
{
    let mut stream = Box::pin(stream);
    let mut all = String::new();
    while let Some(delta) = next(stream.as_mut()).await {
        match delta.map_err(FinalTextError::Stream)? {
            Delta::Text(text) if text.is_final() => all.push_str(&text.text),
            Delta::Refusal(refusal) => all.push_str(&refusal.text),
            Delta::Finish(_) => return Ok(all),
            Delta::Error(error) => return Err(FinalTextError::Upstream(error)),
            _ => {}
        }
    }
    Err(FinalTextError::Cut)
}
