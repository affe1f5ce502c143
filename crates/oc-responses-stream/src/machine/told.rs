//! Going on with a response that someone else began to tell.

use serde_json::{Map, Value};

use super::{Phase, ResponseMachine};

/// How far a response was told by someone else. See
/// [`ResponseMachine::resume`].
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Told {
    /// How many events were sent; the next one's `sequence_number`.
    pub events: u64,
    /// The items that were ended, as they were told.
    pub output: Vec<Value>,
    /// The item after them, if it is open, as it was announced.
    pub open: Option<Map<String, Value>>,
}

impl Told {
    /// `events` were sent, and these items are whole.
    pub fn new(events: u64, output: Vec<Value>) -> Self {
        Self { events, output, open: None }
    }

    /// The same, with an open item that was announced like this.
    #[must_use]
    pub fn open(mut self, item: Map<String, Value>) -> Self {
        self.open = Some(item);
        self
    }
}

impl ResponseMachine {
    /// Goes on with a response that someone else has told up to here, while
    /// this machine was pushed the same deltas: a relay that lets the events of
    /// an upstream pass and meets one that it cannot let pass.
    ///
    /// What this machine wrote of it is dropped, and so are its events that
    /// were not taken. An item that is open here and not in `told` was ended by
    /// whoever told it.
    ///
    /// ```
    /// use oc_responses_stream::*;
    ///
    /// let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 1_700_000_000);
    /// let mut machine = ResponseMachine::new(options);
    /// machine.push(&Delta::Text(TextDelta::new(Slot(0), "Hel")));
    /// // Five events were sent with the upstream's own id, and then it broke.
    /// let item = serde_json::json!({ "id": "msg_of_the_upstream", "type": "message" });
    /// machine.resume(Told::new(5, Vec::new()).open(item.as_object().unwrap().clone()));
    /// machine.push(&Delta::Text(TextDelta::new(Slot(0), "lo")));
    /// let event = machine.next_event().unwrap().to_json();
    /// assert_eq!((&event["sequence_number"], &event["delta"]), (&5.into(), &"lo".into()));
    /// assert_eq!(event["item_id"], "msg_of_the_upstream");
    /// ```
    pub fn resume(&mut self, told: Told) {
        self.events.clear();
        self.sent = told.events;
        if self.phase == Phase::Waiting {
            self.phase = Phase::Writing;
        }
        self.writer.take_over(told.output);
        match (&mut self.open, told.open) {
            (Some(open), Some(item)) => {
                self.writer.adopt(open, item);
                self.ended = false;
            }
            (open, _) => {
                self.closed.extend(open.take().map(|open| open.slot));
                self.ended = false;
            }
        }
    }
}
