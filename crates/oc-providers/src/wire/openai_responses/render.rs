//! Deltas to a Responses client: a stream of events, or one document.

use oc_responses_stream::events::{CompletedEvent, IncompleteEvent};
use oc_responses_stream::{
    Delta, Event, Item, MachineOptions, OutputStyle, Phase, ResponseMachine,
};
use serde_json::{Map, Value};

use crate::wire::relay::supply;

/// Turns an answer's deltas into the bytes of a Responses event stream.
///
/// A [`ResponseMachine`] with the encoder attached: push a delta, take the
/// bytes of each event it caused. For a client that wants one document, push
/// everything and take [`document`](Self::document).
#[derive(Debug)]
pub struct Renderer {
    machine: ResponseMachine,
    output: OutputStyle,
    has_content: bool,
    /// What the host says of the response that the machine does not.
    beside: Map<String, Value>,
}

impl Renderer {
    /// A renderer of one response.
    pub fn new(options: MachineOptions) -> Self {
        let output = options.output;
        let machine = ResponseMachine::new(options);
        Self { machine, output, has_content: false, beside: Map::new() }
    }

    /// Takes the next delta; its events are then there to be taken.
    pub fn push(&mut self, delta: &Delta) {
        self.machine.push(delta);
        self.has_content |= self.is_content(delta);
    }

    /// Whether anything of the answer itself was written, or its end: not only
    /// that it began.
    pub fn has_content(&self) -> bool {
        self.has_content || self.machine.is_terminal()
    }

    /// Whether the terminal event was written.
    pub fn is_terminal(&self) -> bool {
        self.machine.is_terminal()
    }

    /// The next event's bytes, ready to be written in one piece.
    pub fn next_bytes(&mut self) -> Option<Vec<u8>> {
        let mut event = self.machine.next_event()?;
        match &mut event {
            Event::Completed(CompletedEvent { response, .. })
            | Event::Incomplete(IncompleteEvent { response, .. }) => self.supply(response),
            _ => {}
        }
        let mut bytes = Vec::new();
        event.encode_sse(&mut bytes);
        Some(bytes)
    }

    /// What follows the terminal event on this wire.
    pub fn end_mark() -> &'static [u8] {
        b"data: [DONE]\n\n"
    }

    /// The response as it stands; whole after the terminal event.
    pub fn document(&self) -> Value {
        let mut response = self.machine.response();
        self.supply(&mut response);
        response
    }

    /// What the host says of the response beside its output, for its end.
    pub(super) fn set_beside(&mut self, fields: Map<String, Value>) {
        self.beside = fields;
    }

    fn supply(&self, response: &mut Value) {
        if let Value::Object(response) = response {
            supply(response, &self.beside);
        }
    }

    /// The machine, for what is not a delta: `abandon`, `fail`, metadata.
    pub fn machine(&mut self) -> &mut ResponseMachine {
        &mut self.machine
    }

    fn is_content(&self, delta: &Delta) -> bool {
        let full = self.output == OutputStyle::Full;
        match delta {
            Delta::Text(delta) | Delta::Refusal(delta) => {
                !delta.text.is_empty() && (full || delta.phase != Some(Phase::Commentary))
            }
            Delta::Reasoning(delta) => full && !delta.text.is_empty(),
            Delta::Item(whole) => full || !matches!(*whole.item, Item::Reasoning(_)),
            Delta::Part(_) => full,
            Delta::ToolCallEnd(_) => true,
            _ => false,
        }
    }
}
