//! What stands between a wire and the deltas that leave: of one answer, in this
//! order.
//!
//! ```text
//! StopSequences ─ Truncation ─ ToolText ─ seals ─ WholeCalls ─ ToldOnce ─ BringBack
//! ```

use oc_responses_stream::{Delta, Usage};

use crate::endpoint::Api;
use crate::error::{ProviderError, ProviderErrorKind};
use crate::markup::ToolText;
use crate::pipeline::Terms;
use crate::seal::Sealer;
use crate::stops::StopSequences;
use crate::told_twice::ToldOnce;
use crate::truncation::Truncation;
use crate::whole_calls::{BrokenCall, WholeCalls};
use crate::wire::BringBack;

/// The code of an answer whose text was reasoning without an opening tag.
const REASONING_IN_TEXT: &str = "reasoning_in_text";

/// The stages of one answer.
///
/// Pure: push a delta, take what comes of it. After its end nothing comes.
#[derive(Debug)]
pub(crate) struct Stages {
    stops: StopSequences,
    markup: ToolText,
    api: Api,
    sealer: Sealer,
    truncation: Truncation,
    calls: WholeCalls,
    once: ToldOnce,
    back: BringBack,
    over: bool,
}

impl Stages {
    /// For one of the answers to a request of these terms.
    pub(crate) fn new(terms: &Terms) -> Self {
        let held = terms.limits.frame_bytes;
        Self {
            stops: StopSequences::new(terms.stop.clone()),
            markup: ToolText::new(terms.tool_call_parser, terms.declared.clone(), held),
            api: terms.api,
            sealer: terms.sealer.clone(),
            truncation: Truncation::new(terms.max_output_tokens, terms.served_window)
                .of_several(terms.choices),
            calls: WholeCalls::new(held).naming(terms.call_ids).decoding_html(terms.html_arguments),
            once: ToldOnce::default(),
            back: BringBack::new(terms.carried.clone()),
            over: false,
        }
    }

    pub(crate) fn push(&mut self, delta: Delta) {
        self.stops.push(delta);
    }

    /// Takes note of the counts of all answers, which are told of the first.
    pub(crate) fn count(&mut self, usage: Usage) {
        self.truncation.count(usage);
    }

    /// Whether its end was given out.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// The next delta; an error is the last, and so is its end, but for counts.
    pub(crate) fn next(&mut self) -> Option<Result<Delta, ProviderError>> {
        loop {
            if let Some(delta) = self.back.next() {
                let next = told_as_error(delta);
                self.over |= !matches!(&next, Ok(delta) if !matches!(delta, Delta::Finish(_)));
                return Some(next);
            }
            if let Some(delta) = self.once.next() {
                self.back.push(delta);
                continue;
            }
            match self.calls.next() {
                Some(Ok(delta)) => {
                    self.once.push(delta, |slot| self.markup.stood(slot));
                    continue;
                }
                Some(Err(fault)) => {
                    self.over = true;
                    return Some(Err(call_fault(fault)));
                }
                None => {}
            }
            if let Some(delta) = self.markup.next() {
                self.calls.push(self.sealer.enveloped(self.api, delta));
                continue;
            }
            // What the limit cut is told by it, half a call in the text included.
            self.markup.push(self.truncation.repair(self.stops.next()?));
        }
    }
}

fn told_as_error(delta: Delta) -> Result<Delta, ProviderError> {
    match delta {
        Delta::Error(mut upstream) => {
            if upstream.code.as_deref() == Some(REASONING_IN_TEXT) {
                let setting = ", or set the model's `thinkingForcedOpen` in the settings";
                upstream.message = upstream.message.map(|message| message + setting);
            }
            Err(ProviderError::in_stream(upstream))
        }
        other => Ok(other),
    }
}

fn call_fault(fault: BrokenCall) -> ProviderError {
    match fault {
        BrokenCall::NoObject => ProviderError::new(
            ProviderErrorKind::BadToolCall,
            "model called a tool with arguments that are no json object",
        ),
        BrokenCall::TooDeep => ProviderError::new(
            ProviderErrorKind::BadToolCall,
            "model called a tool with arguments that are nested too deep",
        ),
        BrokenCall::Nameless => ProviderError::new(
            ProviderErrorKind::BadToolCall,
            "model called a tool without saying which",
        ),
        BrokenCall::Oversized => ProviderError::new(
            ProviderErrorKind::Oversized,
            "tool calls are larger than one event may be",
        ),
    }
}
