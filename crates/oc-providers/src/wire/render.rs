//! One face over the renderers of the three dialects.

use std::fmt;

#[cfg(feature = "fallback")]
use oc_responses_stream::OtherItem;
use oc_responses_stream::{Delta, UpstreamError, sse};
use serde_json::Value;

use super::{anthropic_messages, openai_completions, openai_responses};

/// Writes one answer for a client: deltas in; out the bytes of a stream, event
/// by event, or one document.
///
/// *Input*: [`push`](Self::push), [`abandon`](Self::abandon),
/// [`fail`](Self::fail). *Facts*, before the answer's end:
/// [`set_metadata`](Self::set_metadata), [`set_attempts`](Self::set_attempts),
/// [`set_now`](Self::set_now). *Output*:
/// [`next_bytes`](Self::next_bytes) until it returns `None`, after every input;
/// [`end_mark`](Self::end_mark) after the last. Or, at the end,
/// [`document`](Self::document).
///
/// ```
/// use oc_providers::wire::{AnswerName, Dialect};
/// use oc_responses_stream::{Delta, Finish, FinishReason, Slot, TextDelta};
///
/// let body = br#"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":9}"#;
/// let asked = Dialect::Messages.decode_request(body)?;
/// let mut renderer = asked.renderer(AnswerName::new("1", "m", 1_700_000_000));
/// renderer.push(&Delta::Text(TextDelta::new(Slot(0), "Hello")));
/// renderer.push(&Delta::Finish(Finish::new(FinishReason::Stop)));
/// assert_eq!(renderer.document()["content"][0]["text"], "Hello");
/// # Ok::<(), oc_providers::wire::openai_responses::BadRequest>(())
/// ```
pub trait Render: fmt::Debug + Send {
    /// Takes the next delta. Nothing is taken after the answer's end.
    fn push(&mut self, delta: &Delta);

    /// The attempt that pushed until now was replaced by another: the slots of
    /// what comes next start anew.
    fn abandon(&mut self);

    /// Ends the answer in failure. `message` is for the client's eyes.
    fn fail(&mut self, code: &str, message: &str);

    /// What was tried, for the `error.attempts` of an answer that fails.
    fn set_attempts(&mut self, attempts: Value);

    /// Adds to what the end of the answer says of itself.
    fn set_metadata(&mut self, key: &str, value: Value);

    /// The time (seconds since the Unix epoch), for dialects whose answers say
    /// when they ended.
    fn set_now(&mut self, _now: u64) {}

    /// The bytes of the next event, ready to be written in one piece.
    fn next_bytes(&mut self) -> Option<Vec<u8>>;

    /// Lets go of events that nobody will take: for clients that want one
    /// document.
    fn forget_bytes(&mut self) {
        while self.next_bytes().is_some() {}
    }

    /// What follows the last event; empty where nothing does.
    fn end_mark(&self) -> &'static [u8] {
        sse::DONE.as_bytes()
    }

    /// What keeps a silent line alive and means nothing.
    fn keep_alive(&self) -> &'static [u8] {
        b": keepalive\n\n"
    }

    /// Whether anything of the answer itself was written, or its end: not
    /// only that it began.
    fn has_content(&self) -> bool;

    /// Which whole items that the deltas have no form of their own for (a
    /// picture, a custom tool's call) reach the client. Default: none.
    fn carries(&self) -> CarriedItems {
        CarriedItems::None
    }

    /// Whether the answer ended, well or badly.
    fn is_terminal(&self) -> bool;

    /// The answer as it stands, as one document; whole after its end.
    fn document(&self) -> Value;
}

/// Which items that come whole reach a client. See [`Render::carries`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CarriedItems {
    /// None, and no parts of types that nobody knows.
    None,
    /// Calls of custom tools, and pictures that were drawn.
    CallsAndPictures,
    /// All of them, and parts, too.
    #[default]
    All,
}

impl CarriedItems {
    /// Whether `item` is among them.
    #[cfg(feature = "fallback")]
    pub(crate) fn has(self, item: &OtherItem) -> bool {
        match self {
            Self::None => false,
            Self::CallsAndPictures => openai_completions::carries(item),
            Self::All => true,
        }
    }
}

impl Render for openai_responses::Renderer {
    fn push(&mut self, delta: &Delta) {
        Self::push(self, delta);
    }

    fn abandon(&mut self) {
        self.machine().abandon();
    }

    fn fail(&mut self, code: &str, message: &str) {
        self.machine().fail(code, message);
    }

    fn set_attempts(&mut self, attempts: Value) {
        self.machine().set_attempts(attempts);
    }

    fn carries(&self) -> CarriedItems {
        CarriedItems::All
    }

    fn set_metadata(&mut self, key: &str, value: Value) {
        self.machine().set_metadata(key, value);
    }

    fn set_now(&mut self, now: u64) {
        self.machine().set_now(now);
    }

    fn next_bytes(&mut self) -> Option<Vec<u8>> {
        Self::next_bytes(self)
    }

    fn forget_bytes(&mut self) {
        while self.machine().next_event().is_some() {}
    }

    fn has_content(&self) -> bool {
        Self::has_content(self)
    }

    fn is_terminal(&self) -> bool {
        Self::is_terminal(self)
    }

    fn document(&self) -> Value {
        Self::document(self)
    }
}

impl Render for openai_completions::Renderer {
    fn push(&mut self, delta: &Delta) {
        Self::push(self, delta);
    }

    fn carries(&self) -> CarriedItems {
        CarriedItems::CallsAndPictures
    }

    fn abandon(&mut self) {
        Self::abandon(self);
    }

    fn fail(&mut self, code: &str, message: &str) {
        let mut error = UpstreamError::new(code, message);
        error.error_type = Some("server_error".to_owned());
        Self::push(self, &Delta::Error(error));
    }

    fn set_attempts(&mut self, attempts: Value) {
        Self::set_attempts(self, attempts);
    }

    fn set_metadata(&mut self, key: &str, value: Value) {
        Self::set_metadata(self, key, value);
    }

    fn next_bytes(&mut self) -> Option<Vec<u8>> {
        Self::next_bytes(self)
    }

    fn has_content(&self) -> bool {
        Self::has_content(self)
    }

    fn is_terminal(&self) -> bool {
        Self::is_terminal(self)
    }

    fn document(&self) -> Value {
        Self::document(self)
    }
}

impl Render for anthropic_messages::Renderer {
    fn push(&mut self, delta: &Delta) {
        Self::push(self, delta);
    }

    fn abandon(&mut self) {
        Self::abandon(self);
    }

    fn fail(&mut self, code: &str, message: &str) {
        Self::fail(self, code, message);
    }

    fn set_attempts(&mut self, attempts: Value) {
        Self::set_attempts(self, attempts);
    }

    fn set_metadata(&mut self, key: &str, value: Value) {
        Self::set_metadata(self, key, value);
    }

    fn next_bytes(&mut self) -> Option<Vec<u8>> {
        Self::next_bytes(self)
    }

    fn end_mark(&self) -> &'static [u8] {
        b""
    }

    fn keep_alive(&self) -> &'static [u8] {
        Self::keep_alive(self)
    }

    fn has_content(&self) -> bool {
        Self::has_content(self)
    }

    fn is_terminal(&self) -> bool {
        Self::is_terminal(self)
    }

    fn document(&self) -> Value {
        Self::document(self)
    }
}
