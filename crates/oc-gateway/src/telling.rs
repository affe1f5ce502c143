//! What the chain says, told as one answer in the client's dialect.
//!
//! Pure: [`Output`]s in, the renderer's events out. Whatever the chain does,
//! they are one valid answer with exactly one end.

use oc_fallback::{Exhausted, Failure, Ledger, Output};
use oc_providers::wire::Render;
use oc_responses_stream::Delta;

use crate::{
    error::{SHUTTING_DOWN, attempts, exhausted_code, exhausted_text, failed_code},
    ids::unix_now,
    recent::Ending,
};

/// Tells one answer.
#[derive(Debug)]
pub(crate) struct Telling<R: ?Sized> {
    outcome: Option<Outcome>,
    renderer: Box<R>,
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

impl<R: Render + ?Sized> Telling<R> {
    pub(crate) fn new(renderer: Box<R>) -> Self {
        Self { outcome: None, renderer }
    }

    /// Takes in what the chain says next; `ledger` is the chain's, as it stands.
    pub(crate) fn take(&mut self, output: Output<Delta>, ledger: &Ledger) {
        match output {
            Output::Tentative(delta) | Output::Event(delta) => {
                if matches!(delta, Delta::Finish(_) | Delta::Error(_)) {
                    self.note(ledger);
                }
                self.renderer.push(&delta);
            }
            Output::Replaced { .. } => self.renderer.abandon(),
            Output::Failed(failure) => {
                self.fail(failure.ledger(), failed_code(&failure), &failure.to_string());
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
    }

    /// The chain ended without a word, or the gateway is being stopped.
    pub(crate) fn stop(&mut self, ledger: &Ledger) {
        self.fail(ledger, SHUTTING_DOWN.0, SHUTTING_DOWN.1);
        self.outcome = Some(Outcome::Stopped(ledger.clone()));
    }

    /// What writes it: the source of what there is to send.
    pub(crate) fn renderer(&self) -> &R {
        &self.renderer
    }

    /// The same, to take what there is to send.
    pub(crate) fn renderer_mut(&mut self) -> &mut R {
        &mut self.renderer
    }

    /// How it ended; `None` while the chain still has something to say.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    fn fail(&mut self, ledger: &Ledger, code: &str, text: &str) {
        if !self.renderer.is_terminal() {
            self.note(ledger);
            self.renderer.set_attempts(attempts(ledger));
            self.renderer.fail(code, text);
        }
    }

    /// Who answered and why, for the end of the answer: a head that went out
    /// early could not say it.
    fn note(&mut self, ledger: &Ledger) {
        if let Some(name) = ledger.served_by() {
            self.renderer.set_metadata("oc_served_by", name.into());
        }
        self.renderer.set_metadata("oc_attempts", ledger.attempts.len().to_string().into());
        if let Some(reason) = ledger.fallback_reason() {
            self.renderer.set_metadata("oc_fallback_reason", reason.as_str().into());
        }
        self.renderer.set_now(unix_now());
    }
}

#[cfg(test)]
mod tests {
    use oc_providers::wire::openai_responses::Renderer;
    use oc_responses_stream::{
        Finish, FinishReason, MachineOptions, ReasoningDelta, ResponseId, Slot, TextDelta, laws,
    };

    use super::*;

    fn telling() -> Telling<Renderer> {
        let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 0);
        Telling::new(Box::new(Renderer::new(options)))
    }

    /// The names of the events so far, held to the laws.
    fn names(telling: &mut Telling<Renderer>) -> Vec<String> {
        let mut checker = laws::Checker::new();
        let mut names = Vec::new();
        while let Some(event) = telling.renderer_mut().machine().next_event() {
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
        assert_eq!(telling.renderer().document()["status"], "failed");
    }

    #[test]
    fn the_terminal_event_carries_the_notes() {
        let (mut telling, ledger) = (telling(), Ledger::default());
        telling.take(Output::Event(text("Whole")), &ledger);
        let finish = Delta::Finish(Finish::new(FinishReason::Stop));
        telling.take(Output::Event(finish), &ledger);
        telling.take(Output::Done(ledger.clone()), &ledger);
        assert_eq!(names(&mut telling).last().unwrap(), "response.completed");
        assert_eq!(telling.renderer().document()["metadata"]["oc_attempts"], "0");
        assert!(matches!(telling.outcome(), Some(Outcome::Answered(_))));
    }

    #[test]
    fn lifecycle_events_alone_are_no_content() {
        let (mut telling, ledger) = (telling(), Ledger::default());
        let started = Delta::Started(oc_responses_stream::Started::default());
        telling.take(Output::Tentative(started), &ledger);
        assert!(!telling.renderer().has_content());
        let thought = Delta::Reasoning(ReasoningDelta::raw(Slot(0), "Hm."));
        telling.take(Output::Tentative(thought), &ledger);
        assert!(telling.renderer().has_content());
        telling.stop(&ledger);
        let names = names(&mut telling);
        assert_eq!(names[names.len() - 2..], ["error", "response.failed"]);
    }
}
