//! What a host says beside an answer, by where it stands in a stream: there it is
//! told again when the answer is written anew, and in a document all of it.

/// Fields of the message in `message_start`.
pub(in crate::wire::anthropic_messages) const MESSAGE: &str = "message";
/// Of the `delta` of `message_delta`.
pub(in crate::wire::anthropic_messages) const DELTA: &str = "delta";
/// Beside that delta.
pub(in crate::wire::anthropic_messages) const MESSAGE_DELTA: &str = "message_delta";
/// Of `message_stop`, which no document has.
pub(in crate::wire::anthropic_messages) const MESSAGE_STOP: &str = "message_stop";
