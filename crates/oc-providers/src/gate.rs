//! The gate for deltas: when an attempt has said something that counts.

use std::collections::BTreeMap;

use oc_fallback::{Gate, OnRefusal, Reason};
use oc_responses_stream::{Delta, FinishReason, Item, Part, Progress};

use crate::wire::{CarriedItems, is_host_step};

/// Judges the deltas of one attempt.
///
/// *Meaningful* is a non-blank character of final text, a refusal, or a whole
/// tool call. Until then the attempt can be replaced and nobody notices.
/// Reasoning, commentary, pings and opened items never count; a report of
/// progress with loading or the prompt is [`Gate::Loading`] where it is further
/// than the one before. An end without
/// anything meaningful is no answer:
///
/// | finish | before it | verdict |
/// |---|---|---|
/// | stop, tool calls, pause | nothing | `Reject(Empty)` |
/// | the same | reasoning only | `Reject(ReasoningOnly)` |
/// | length | anything | `Reserve(Incomplete)`: the answer where nobody has a better one |
/// | a stop sequence that was asked for | nothing | `Commit`: an empty answer is the answer |
/// | content filter | anything | `Reject(ContentFilter)` |
/// | refusal | anything | `Commit`: to decline is an answer; by policy `Reserve(Declined)` |
/// | stop, tool calls, pause | a whole custom tool's call, a picture, a part of another type | `Commit`; [not carried](Self::with_items) as if nothing |
///
/// Several answers (`n`) are judged together: the first meaningful delta of any of
/// them commits. Where none has any, the best end counts: one that commits, else
/// one of a content filter, one of a limit, reasoning, nothing. By policy they are
/// declined where one of them is and none of the others answers.
///
/// Make a fresh one for each attempt ([`delta_gate`] gives it as a closure). Where
/// the client gets the answer in one piece, [`DeltaGate::whole`] commits at the
/// finish only, so that a failure after text can still be replaced.
///
/// ```
/// use oc_fallback::Gate;
/// use oc_providers::{Delta, DeltaGate};
/// use oc_responses_stream::{ReasoningDelta, Slot, TextDelta};
///
/// let mut gate = DeltaGate::new();
/// let thought = Delta::Reasoning(ReasoningDelta::raw(Slot(0), "hm"));
/// assert_eq!(gate.judge(&thought), Gate::Hold);
/// assert_eq!(gate.judge(&Delta::Text(TextDelta::new(Slot(1), "\n"))), Gate::Hold);
/// assert_eq!(gate.judge(&Delta::Text(TextDelta::new(Slot(1), "42"))), Gate::Commit);
/// ```
#[derive(Clone, Debug, Default)]
pub struct DeltaGate {
    /// Nothing is delivered before the finish.
    whole: bool,
    on_refusal: OnRefusal,
    /// How far the server said that it is, before its answer.
    reported: Option<Progress>,
    /// The whole items that reach the client.
    items: CarriedItems,
    first: Heard,
    /// The other answers, where several were asked for.
    others: BTreeMap<u32, Heard>,
}

/// What came of one answer.
#[derive(Clone, Debug, Default)]
struct Heard {
    reasoned: bool,
    /// The model declined, and the policy is to ask another.
    declined: bool,
    /// Something meaningful came.
    meaningful: bool,
    /// A whole item came that is no step on the way: a custom tool's call.
    delivered: bool,
    ended: Option<FinishReason>,
    /// By a stop sequence that was asked for.
    stopped: bool,
}

impl DeltaGate {
    /// For one attempt.
    pub fn new() -> Self {
        Self::default()
    }

    /// For one attempt whose answer is delivered in one piece:
    /// [`Gate::Meaningful`] instead of [`Gate::Commit`] until the finish, which
    /// commits whatever its reason is: an answer that a limit cut is an answer.
    pub fn whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// What a refusal leads to; [`Policy::on_refusal`](oc_fallback::Policy::on_refusal)
    /// of the chain should say the same.
    #[must_use]
    pub fn with_on_refusal(mut self, on_refusal: OnRefusal) -> Self {
        self.on_refusal = on_refusal;
        self
    }

    /// Which whole items reach the client
    /// ([`Render::carries`](crate::wire::Render::carries)); default: all. Where it
    /// does not, a picture alone is an empty answer.
    #[must_use]
    pub fn with_items(mut self, carried: CarriedItems) -> Self {
        self.items = carried;
        self
    }

    /// The verdict on the attempt's next delta.
    pub fn judge(&mut self, delta: &Delta) -> Gate {
        let (choice, delta) = match delta {
            Delta::Choice(other) => (other.choice, &*other.delta),
            delta => (0, delta),
        };
        match delta {
            Delta::Finish(finish) => {
                let heard = self.heard(choice);
                heard.ended = Some(finish.reason.clone());
                heard.stopped = finish.stop_sequence.is_some();
                // Of several, the first ends last.
                if choice == 0 { self.at_the_end() } else { Gate::Hold }
            }
            Delta::Alive => Gate::Alive,
            Delta::Progress(report) => self.report(*report),
            delta => self.content(choice, delta),
        }
    }

    fn content(&mut self, choice: u32, delta: &Delta) -> Gate {
        let (on_refusal, items) = (self.on_refusal, self.items);
        let heard = self.heard(choice);
        let is_meaningful = match delta {
            Delta::Text(text) => text.is_final() && !is_blank(&text.text),
            Delta::Refusal(text) if !is_blank(&text.text) => {
                heard.declined |= on_refusal == OnRefusal::Next;
                !heard.declined
            }
            // Calls leave the provider whole: their end says that they are.
            Delta::ToolCallEnd(_) => true,
            Delta::Item(whole) if is_meaningful(&whole.item) => true,
            Delta::Item(whole) => {
                heard.delivered |= is_answer(&whole.item, items);
                false
            }
            Delta::Part(_) => {
                heard.delivered |= items == CarriedItems::All;
                false
            }
            Delta::Reasoning(thought) => {
                heard.reasoned |= !thought.text.trim().is_empty();
                false
            }
            _ => false,
        };
        heard.meaningful |= is_meaningful;
        match is_meaningful {
            true if self.whole => Gate::Meaningful,
            true => Gate::Commit,
            false => Gate::Hold,
        }
    }

    fn heard(&mut self, choice: u32) -> &mut Heard {
        match choice {
            0 => &mut self.first,
            other => self.others.entry(other).or_default(),
        }
    }

    /// Only a server that gets on is waited for.
    fn report(&mut self, report: Progress) -> Gate {
        if self.reported.is_some_and(|before| !report.is_further_than(&before)) {
            return Gate::Alive;
        }
        self.reported = Some(report);
        Gate::Loading
    }

    fn at_the_end(&self) -> Gate {
        let all = || std::iter::once(&self.first).chain(self.others.values());
        let answered = |one: &Heard| !one.has_declined() && one.at_its_end() == Gate::Commit;
        if self.on_refusal == OnRefusal::Next
            && all().any(Heard::has_declined)
            && !all().any(answered)
        {
            return Gate::Reserve(Reason::Declined);
        }
        let ends = all().map(Heard::at_its_end);
        ends.min_by_key(rank).unwrap_or(Gate::Reject(Reason::Empty))
    }
}

impl Heard {
    /// Whether the model declined, or was made to.
    fn has_declined(&self) -> bool {
        let ended = self.ended.as_ref();
        self.declined || matches!(ended, Some(FinishReason::Refusal | FinishReason::ContentFilter))
    }

    fn at_its_end(&self) -> Gate {
        match &self.ended {
            _ if self.meaningful => Gate::Commit,
            // Nothing but a stop sequence: that is what was asked for. After
            // reasoning it may have stood there: vLLM searches that, too.
            _ if self.stopped && !self.reasoned => Gate::Commit,
            Some(FinishReason::Refusal) => Gate::Commit,
            Some(FinishReason::ContentFilter) => Gate::Reject(Reason::ContentFilter),
            Some(FinishReason::Length) => Gate::Reserve(Reason::Incomplete),
            _ if self.delivered => Gate::Commit,
            _ if self.reasoned => Gate::Reject(Reason::ReasoningOnly),
            _ => Gate::Reject(Reason::Empty),
        }
    }
}

/// Which of several ends counts: the lowest.
fn rank(end: &Gate) -> u8 {
    match end {
        Gate::Commit => 0,
        Gate::Reject(Reason::ContentFilter) => 1,
        Gate::Reserve(_) => 2,
        Gate::Reject(Reason::ReasoningOnly) => 3,
        _ => 4,
    }
}

/// A fresh [`DeltaGate`] in the form that `oc_fallback::Chain::stream` takes.
pub fn delta_gate() -> impl FnMut(&Delta) -> Gate + Send + 'static {
    let mut gate = DeltaGate::new();
    move |delta| gate.judge(delta)
}

/// Whether a delta may reach a client before the commit: reasoning, and what
/// says nothing. An attempt that is replaced leaves neither a text, nor a call,
/// nor an item in the answer of the one that follows.
///
/// ```
/// use oc_providers::{Delta, may_show_early};
/// use oc_responses_stream::{Phase, ReasoningDelta, Slot, TextDelta};
///
/// assert!(may_show_early(&Delta::Reasoning(ReasoningDelta::raw(Slot(0), "hm"))));
/// let commentary = TextDelta::new(Slot(1), "Let me look.").with_phase(Some(Phase::Commentary));
/// assert!(!may_show_early(&Delta::Text(commentary)));
/// ```
pub fn may_show_early(delta: &Delta) -> bool {
    match delta {
        Delta::Opened(_)
        | Delta::Alive
        | Delta::Progress(_)
        | Delta::Started(_)
        | Delta::Usage(_)
        | Delta::Reasoning(_)
        | Delta::Seal(_)
        | Delta::Extra(_)
        | Delta::ItemEnd(_) => true,
        Delta::Frame(frame) => frame.says.iter().all(may_show_early),
        Delta::Item(whole) => matches!(*whole.item, Item::Reasoning(_)),
        Delta::Choice(other) => may_show_early(&other.delta),
        _ => false,
    }
}

/// Nothing that a reader could see: white space, controls, and what has no
/// width (zero-width spaces and joiners, a byte order mark).
fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
    })
}

/// Whether an item without a form of its own can be all of an answer. Known
/// only at the finish: other such items come before a text.
fn is_answer(item: &Item, carried: CarriedItems) -> bool {
    let Item::Other(other) = item else { return false };
    !is_host_step(other.item_type()) && carried.has(other)
}

fn is_meaningful(item: &Item) -> bool {
    match item {
        Item::FunctionCall(_) => true,
        Item::Message(message) => message.content.iter().any(|part| match part {
            Part::Text(text) => !is_blank(&text.text),
            Part::Refusal(_) => true,
            _ => false,
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oc_responses_stream::{
        Finish, Opened, OtherItem, Phase, ReasoningDelta, Slot, Stage, Started, TextDelta,
        ToolCallEnd, ToolCallStart, WholeItem,
    };
    use serde_json::Map;

    /// It was refused as empty, with the advice to look at the chat template.
    #[test]
    fn nothing_before_a_stop_sequence_is_an_answer() {
        let mut finish = Finish::new(FinishReason::Stop);
        finish.stop_sequence = Some("END".into());
        assert_eq!(DeltaGate::new().judge(&Delta::Finish(finish.clone())), Gate::Commit);
        assert_eq!(DeltaGate::whole().judge(&Delta::Finish(finish.clone())), Gate::Commit);
        let mut thought = DeltaGate::new();
        thought.judge(&Delta::Reasoning(ReasoningDelta::raw(Slot(0), "word after word")));
        let verdict = thought.judge(&Delta::Finish(finish));
        assert_eq!(verdict, Gate::Reject(Reason::ReasoningOnly));
    }

    fn verdicts(deltas: &[Delta]) -> Vec<Gate> {
        let mut gate = delta_gate();
        deltas.iter().map(&mut gate).collect()
    }

    fn text(text: &str) -> Delta {
        Delta::Text(TextDelta::new(Slot(0), text))
    }

    #[test]
    fn only_what_means_something_commits() {
        for (delta, wanted) in [
            (Delta::Opened(Opened::default()), Gate::Hold),
            (Delta::Alive, Gate::Alive),
            (Delta::Started(Started::default()), Gate::Hold),
            (Delta::Reasoning(ReasoningDelta::raw(Slot(0), "think")), Gate::Hold),
            (text(""), Gate::Hold),
            (text(" \n\u{a0}"), Gate::Hold),
            (text("\u{200b}\u{feff}"), Gate::Hold),
            (text("a"), Gate::Commit),
            (
                Delta::Text(TextDelta::new(Slot(0), "a").with_phase(Some(Phase::Commentary))),
                Gate::Hold,
            ),
            (
                Delta::Text(TextDelta::new(Slot(0), "a").with_phase(Some(Phase::FinalAnswer))),
                Gate::Commit,
            ),
            (Delta::Refusal(TextDelta::new(Slot(0), "no")), Gate::Commit),
            (Delta::ToolCallStart(ToolCallStart::new(Slot(0), "c", "f")), Gate::Hold),
            (Delta::ToolCallEnd(ToolCallEnd::new(Slot(0), None)), Gate::Commit),
        ] {
            assert_eq!(verdicts(std::slice::from_ref(&delta)), [wanted], "{delta:?}");
        }
    }

    #[test]
    fn an_end_without_an_answer_is_rejected_by_its_kind() {
        use FinishReason::{ContentFilter, Length, Pause, Refusal, Stop, ToolCalls};
        for (reasoned, reason, wanted) in [
            (false, Stop, Gate::Reject(Reason::Empty)),
            (false, ToolCalls, Gate::Reject(Reason::Empty)),
            (false, Pause, Gate::Reject(Reason::Empty)),
            (true, Stop, Gate::Reject(Reason::ReasoningOnly)),
            (true, Length, Gate::Reserve(Reason::Incomplete)),
            (false, Length, Gate::Reserve(Reason::Incomplete)),
            (false, ContentFilter, Gate::Reject(Reason::ContentFilter)),
            (false, Refusal, Gate::Commit),
        ] {
            let mut gate = DeltaGate::new();
            if reasoned {
                gate.judge(&Delta::Reasoning(ReasoningDelta::raw(Slot(0), "think")));
            }
            assert_eq!(gate.judge(&Delta::Finish(Finish::new(reason))), wanted);
        }
    }

    /// A plan of what is to be done is no answer.
    #[test]
    fn commentary_alone_is_empty() {
        let plan = TextDelta::new(Slot(0), "Let me look.").with_phase(Some(Phase::Commentary));
        let seen = verdicts(&[Delta::Text(plan), Delta::Finish(Finish::new(FinishReason::Stop))]);
        assert_eq!(seen, [Gate::Hold, Gate::Reject(Reason::Empty)]);
    }

    #[test]
    fn an_answer_of_other_items_alone_is_not_empty() {
        use FinishReason::{Length, Stop};
        for (kind, reason, wanted) in [
            ("custom_tool_call", Stop, Gate::Commit),
            ("image_generation_call", Stop, Gate::Commit),
            ("custom_tool_call", Length, Gate::Reserve(Reason::Incomplete)),
            ("web_search_call", Stop, Gate::Reject(Reason::Empty)),
        ] {
            for mut gate in [DeltaGate::new(), DeltaGate::whole()] {
                let json = Map::from_iter([("type".to_owned(), kind.into())]);
                let item = Item::Other(OtherItem::new(json));
                let item = Delta::Item(WholeItem::new(Slot(0), item));
                assert_eq!(gate.judge(&item), Gate::Hold);
                assert_eq!(gate.judge(&Delta::Finish(Finish::new(reason.clone()))), wanted);
            }
        }
    }

    /// A break report's item 6: a Chat client got `content: ""` and `stop`.
    #[test]
    fn what_the_client_cannot_be_given_is_no_answer() {
        let item = |fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(key, word)| ((*key).to_owned(), (*word).into()));
            Delta::Item(WholeItem::new(Slot(0), Item::Other(OtherItem::new(fields.collect()))))
        };
        let picture = item(&[("type", "image_generation_call"), ("result", "iVBO")]);
        let no_picture = item(&[("type", "image_generation_call"), ("status", "failed")]);
        let call = item(&[("type", "custom_tool_call"), ("call_id", "c"), ("name", "sh")]);
        let compaction = item(&[("type", "compaction")]);
        let empty = Gate::Reject(Reason::Empty);
        use CarriedItems::{All, CallsAndPictures, None};
        for (item, carried, wanted) in [
            (&picture, All, Gate::Commit),
            (&picture, CallsAndPictures, Gate::Commit),
            (&picture, None, empty),
            (&no_picture, CallsAndPictures, empty),
            (&call, CallsAndPictures, Gate::Commit),
            (&compaction, CallsAndPictures, empty),
            (&compaction, All, Gate::Commit),
        ] {
            for gate in [DeltaGate::new(), DeltaGate::whole()] {
                let mut gate = gate.with_items(carried);
                assert_eq!(gate.judge(item), Gate::Hold);
                assert_eq!(gate.judge(&Delta::Finish(Finish::new(FinishReason::Stop))), wanted);
            }
        }
    }

    #[test]
    fn a_whole_answer_commits_at_its_finish() {
        use FinishReason::{ContentFilter, Length, Refusal, Stop};
        for (spoken, reason, wanted) in [
            (true, Stop, Gate::Commit),
            (true, Length, Gate::Commit),
            (true, ContentFilter, Gate::Commit),
            (false, Refusal, Gate::Commit),
            (false, Stop, Gate::Reject(Reason::Empty)),
            (false, Length, Gate::Reserve(Reason::Incomplete)),
        ] {
            let mut gate = DeltaGate::whole();
            let mut gate = |delta: &Delta| gate.judge(delta);
            assert_eq!(gate(&text(" ")), Gate::Hold);
            if spoken {
                assert_eq!(gate(&text("a")), Gate::Meaningful);
                assert_eq!(gate(&text(" ")), Gate::Hold);
                assert_eq!(gate(&text("b")), Gate::Meaningful);
            }
            assert_eq!(gate(&Delta::Finish(Finish::new(reason))), wanted);
        }
    }

    /// By policy a refusal is an answer, or one that another model may better.
    #[test]
    fn a_refusal_is_judged_by_the_policy() {
        use FinishReason::{ContentFilter, Refusal, Stop};
        let declines = || Delta::Refusal(TextDelta::new(Slot(0), "I cannot help with that."));
        let declined = Gate::Reserve(Reason::Declined);
        for (deltas, finish, wanted) in [
            (vec![declines()], Stop, vec![Gate::Hold, declined]),
            (vec![], Refusal, vec![declined]),
            (vec![], ContentFilter, vec![declined]),
        ] {
            let mut gate = DeltaGate::new().with_on_refusal(OnRefusal::Next);
            let finish = Delta::Finish(Finish::new(finish));
            let verdicts: Vec<_> = deltas.iter().chain([&finish]).map(|d| gate.judge(d)).collect();
            assert_eq!(verdicts, wanted, "{deltas:?}");
        }
        // In one piece, a refusal after text can still be replaced.
        let mut gate = DeltaGate::whole().with_on_refusal(OnRefusal::Next);
        assert_eq!(gate.judge(&text("a")), Gate::Meaningful);
        assert_eq!(gate.judge(&Delta::Finish(Finish::new(Refusal))), declined);
        let mut gate = DeltaGate::whole();
        assert_eq!(gate.judge(&declines()), Gate::Meaningful);
        assert_eq!(gate.judge(&Delta::Finish(Finish::new(Stop))), Gate::Commit);
    }

    /// A server that repeats its report for ever is only alive.
    #[test]
    fn only_progress_is_waited_for() {
        let report = |stage, done| Delta::Progress(Progress::new(stage, done));
        let (load, prompt) = (Stage::ModelLoad, Stage::Prompt);
        let reports =
            [(load, 0), (load, 0), (load, 5), (load, 4), (prompt, 0), (load, 9), (prompt, 1)];
        let seen = verdicts(&reports.map(|(stage, done)| report(stage, done)));
        use Gate::{Alive, Loading};
        assert_eq!(seen, [Loading, Alive, Loading, Alive, Loading, Alive, Loading]);
    }
}
