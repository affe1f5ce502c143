//! What the chain says, told as one Responses answer.
//!
//! Pure: [`Output`]s in, [`Event`]s out. Whatever the chain does, the events
//! are one valid answer with exactly one end.

use std::collections::VecDeque;

use oc_fallback::{Exhausted, Failure, Ledger, Output};
use oc_responses_stream::{Delta, Event, ResponseMachine};
use serde_json::Value;

use crate::{
    error::{SHUTTING_DOWN, exhausted_code, exhausted_text},
    ids::unix_now,
    recent::Ending,
};

/// Tells one answer.
#[derive(Debug)]
pub(crate) struct Telling {
    machine: ResponseMachine,
    /// What the machine has said and nobody has sent yet.
    events: VecDeque<Event>,
    outcome: Option<Outcome>,
}

/// How it ended, with what the client is to be told where no head went out yet.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answered(Ledger),
    Failed(Failure),
    Exhausted(Exhausted),
    Stopped(Ledger),
}

impl Outcome {
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self::Answered(_) => Ending::Answered,
            Self::Failed(_) => Ending::FailedInBand,
            Self::Exhausted(_) => Ending::Exhausted,
            Self::Stopped(_) => Ending::Stopped,
        }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        match self {
            Self::Answered(ledger) | Self::Stopped(ledger) => ledger,
            Self::Failed(failure) => failure.ledger(),
            Self::Exhausted(exhausted) => exhausted.ledger(),
        }
    }
}

impl Telling {
    pub(crate) fn new(machine: ResponseMachine) -> Self {
        Self { machine, events: VecDeque::new(), outcome: None }
    }

    /// Takes in what the chain says next; `ledger` is the chain's, as it stands.
    pub(crate) fn take(&mut self, output: Output<Delta>, ledger: &Ledger) {
        match output {
            Output::Tentative(delta) | Output::Event(delta) => {
                if matches!(delta, Delta::Finish(_) | Delta::Error(_)) {
                    self.note(ledger);
                }
                self.machine.push(&delta);
            }
            Output::Replaced { .. } => self.machine.abandon(),
            Output::Failed(failure) => {
                self.fail(failure.ledger(), "upstream_failed", &failure.to_string());
                self.outcome = Some(Outcome::Failed(failure));
            }
            Output::Exhausted(exhausted) => {
                let text = exhausted_text(&exhausted);
                self.fail(exhausted.ledger(), exhausted_code(&exhausted), &text);
                self.outcome = Some(Outcome::Exhausted(exhausted));
            }
            Output::Done(ledger) => {
                // The provider adapter ends a stream only after its own end;
                // an end that it forgot to tell is still no success.
                self.fail(&ledger, "upstream_failed", "the answer has no end of its own");
                self.outcome = Some(Outcome::Answered(ledger));
            }
            // `Committed`, and what is to come: nothing to tell.
            _ => {}
        }
        self.gather();
    }

    /// The chain ended without a word, or the gateway is being stopped.
    pub(crate) fn stop(&mut self, ledger: &Ledger) {
        self.fail(ledger, SHUTTING_DOWN.0, SHUTTING_DOWN.1);
        self.outcome = Some(Outcome::Stopped(ledger.clone()));
        self.gather();
    }

    /// The next event to send.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Lets go of events that nobody will send.
    pub(crate) fn forget_events(&mut self) {
        self.events.clear();
    }

    /// Whether something of the answer itself waits to be sent.
    pub(crate) fn has_content(&self) -> bool {
        let lifecycle = ["response.created", "response.queued", "response.in_progress"];
        self.events.iter().any(|event| !lifecycle.contains(&event.name()))
    }

    /// How it ended; `None` while the chain still has something to say.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// The whole answer as one object, as it stands.
    pub(crate) fn response(&self) -> Value {
        self.machine.response()
    }

    fn gather(&mut self) {
        while let Some(event) = self.machine.next_event() {
            self.events.push_back(event);
        }
    }

    fn fail(&mut self, ledger: &Ledger, code: &str, text: &str) {
        if !self.machine.is_terminal() {
            self.note(ledger);
            self.machine.fail(code, text);
        }
    }

    /// Who answered and why, for the terminal event: a head that went out
    /// early could not say it.
    fn note(&mut self, ledger: &Ledger) {
        if let Some(name) = ledger.served_by() {
            self.machine.set_metadata("oc_served_by", name);
        }
        self.machine.set_metadata("oc_attempts", ledger.attempts.len().to_string());
        if let Some(reason) = ledger.fallback_reason() {
            self.machine.set_metadata("oc_fallback_reason", reason.as_str());
        }
        self.machine.set_now(unix_now());
    }
}

#[cfg(test)]
mod tests {
    use oc_responses_stream::{
        Finish, FinishReason, MachineOptions, ReasoningDelta, ResponseId, Slot, TextDelta, laws,
    };

    use super::*;

    fn telling() -> Telling {
        let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 0);
        Telling::new(ResponseMachine::new(options))
    }

    /// The names of the events so far, held to the laws.
    fn names(telling: &mut Telling) -> Vec<String> {
        let mut checker = laws::Checker::new();
        let mut names = Vec::new();
        while let Some(event) = telling.next_event() {
            checker.push(&event).unwrap();
            names.push(event.name().to_owned());
        }
        checker.finish().unwrap();
        names
    }

    fn text(text: &str) -> Delta {
        Delta::Text(TextDelta::new(Slot(0), text))
    }

    #[test]
    fn an_answer_without_its_end_is_no_success() {
        let (mut telling, ledger) = (telling(), Ledger::default());
        telling.take(Output::Event(text("Half")), &ledger);
        assert!(telling.outcome().is_none());
        telling.take(Output::Done(ledger.clone()), &ledger);
        assert_eq!(names(&mut telling).last().unwrap(), "response.failed");
        assert_eq!(telling.response()["status"], "failed");
    }

    #[test]
    fn the_terminal_event_carries_the_notes() {
        let (mut telling, ledger) = (telling(), Ledger::default());
        telling.take(Output::Event(text("Whole")), &ledger);
        let finish = Delta::Finish(Finish::new(FinishReason::Stop));
        telling.take(Output::Event(finish), &ledger);
        telling.take(Output::Done(ledger.clone()), &ledger);
        assert_eq!(names(&mut telling).last().unwrap(), "response.completed");
        assert_eq!(telling.response()["metadata"]["oc_attempts"], "0");
        assert!(matches!(telling.outcome(), Some(Outcome::Answered(_))));
    }

    #[test]
    fn lifecycle_events_alone_are_no_content() {
        let (mut telling, ledger) = (telling(), Ledger::default());
        let started = Delta::Started(oc_responses_stream::Started::default());
        telling.take(Output::Tentative(started), &ledger);
        assert!(!telling.has_content());
        let thought = Delta::Reasoning(ReasoningDelta::raw(Slot(0), "Hm."));
        telling.take(Output::Tentative(thought), &ledger);
        assert!(telling.has_content());
        telling.stop(&ledger);
        let names = names(&mut telling);
        assert_eq!(names[names.len() - 2..], ["error", "response.failed"]);
    }
}
