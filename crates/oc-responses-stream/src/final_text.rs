//! Only what may be shown to a person.

use futures_core::Stream;

use crate::stream::next;
use crate::{Delta, Phase, Slot, TextDelta, UpstreamError};

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
/// and refusals, without reasoning and commentary (text that turned out to be
/// commentary included, see [`Delta::Phase`]). A truncated answer (a limit, a
/// filter) is returned as far as it goes.
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
    let mut said: Vec<Said> = Vec::new();
    while let Some(delta) = next(stream.as_mut()).await {
        match delta.map_err(FinalTextError::Stream)? {
            Delta::Text(text) => say(&mut said, text, false),
            Delta::Refusal(text) => say(&mut said, text, true),
            Delta::Phase(told) => {
                let of_it = said.iter_mut().filter(|said| said.slot == told.slot);
                of_it.for_each(|said| said.phase = Some(told.phase));
            }
            Delta::Finish(_) => {
                let is_final =
                    |said: &&Said| said.is_refusal || said.phase != Some(Phase::Commentary);
                return Ok(said.iter().filter(is_final).map(|said| said.text.as_str()).collect());
            }
            Delta::Error(error) => return Err(FinalTextError::Upstream(error)),
            _ => {}
        }
    }
    Err(FinalTextError::Cut)
}

/// A stretch of text of one message.
struct Said {
    slot: Slot,
    phase: Option<Phase>,
    /// A person must see it, whatever the rest of its message is for.
    is_refusal: bool,
    text: String,
}

fn say(said: &mut Vec<Said>, delta: TextDelta, is_refusal: bool) {
    let TextDelta { slot, phase, text, .. } = delta;
    match said.last_mut() {
        Some(last) if (last.slot, last.phase, last.is_refusal) == (slot, phase, is_refusal) => {
            last.text.push_str(&text);
        }
        _ => said.push(Said { slot, phase, is_refusal, text }),
    }
}
