//! Deltas folded to one answer.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    Delta, Finish, FunctionCall, Item, ItemStatus, Message, Part, Phase, Reasoning, ReasoningDelta,
    ReasoningKind, ResponseId, Role, Slot, TextDelta, TextPart, UpstreamError, Usage,
};

/// Folds the deltas of one answer into an [`Answer`].
///
/// ```
/// use oc_responses_stream::{Collector, Delta, ReasoningDelta, Slot, TextDelta};
///
/// let mut collector = Collector::new();
/// collector.push(&Delta::Reasoning(ReasoningDelta::raw(Slot(0), "Hm.")));
/// collector.push(&Delta::Text(TextDelta::new(Slot(1), "Forty-two.")));
/// let answer = collector.finish();
/// assert_eq!(answer.final_text(), "Forty-two.");
/// assert_eq!(answer.reasoning_text(), "Hm.");
/// ```
#[derive(Debug, Default)]
pub struct Collector {
    items: BTreeMap<Slot, Item>,
    /// Where the parts of an item stand in it, by what the deltas call them: a
    /// number from outside makes no gaps.
    parts: BTreeMap<(Slot, Source), usize>,
    answer: Answer,
}

/// A part of an item, as the deltas name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Text(u32),
    Refusal(u32),
    Raw(u32),
    Summary(u32),
}

/// One whole answer, or as much of it as came.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The upstream's id of the response.
    pub id: Option<ResponseId>,
    /// The model that the upstream named.
    pub model: Option<String>,
    /// Seconds since the Unix epoch, where the upstream said when.
    pub created_at: Option<u64>,
    /// The output, in the order in which the items began.
    pub items: Vec<Item>,
    /// Token counts, where the upstream gave any.
    pub usage: Option<Usage>,
    /// Why it ended; `None`: it did not (it was cut, or it failed).
    pub finish: Option<Finish>,
    /// The upstream's report that it failed.
    pub error: Option<UpstreamError>,
}

impl Collector {
    /// For one answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one delta.
    pub fn push(&mut self, delta: &Delta) {
        match delta {
            Delta::Opened(_) | Delta::Alive | Delta::Progress(_) => {}
            Delta::Started(started) => {
                self.answer.id = started.id.clone();
                self.answer.model = started.model.clone();
                self.answer.created_at = started.created_at;
            }
            Delta::Text(text) => self.text(text),
            Delta::Refusal(refusal) => self.refusal(refusal),
            Delta::Reasoning(reasoning) => self.reasoning(reasoning),
            Delta::Seal(seal) => {
                if let (Item::Reasoning(reasoning), Value::String(value)) =
                    (self.thought(seal.slot), &seal.value)
                {
                    reasoning.encrypted_content = Some(value.clone());
                }
            }
            Delta::ToolCallStart(start) => {
                let mut call = FunctionCall::new(start.id_of_call(), start.name.clone(), "");
                call.id = start.id.clone();
                call.status = Some(ItemStatus::InProgress);
                self.items.insert(start.slot, Item::FunctionCall(call));
            }
            Delta::ToolCallArguments(arguments) => {
                if let Some(Item::FunctionCall(call)) = self.items.get_mut(&arguments.slot) {
                    call.arguments.push_str(&arguments.text);
                }
            }
            Delta::ToolCallEnd(end) => {
                if let Some(Item::FunctionCall(call)) = self.items.get_mut(&end.slot) {
                    call.status = Some(ItemStatus::Completed);
                    if let Some(whole) = &end.arguments {
                        call.arguments.clone_from(whole);
                    }
                }
            }
            // One that only its own wire has a shape for is none of an item's.
            Delta::Annotation(annotation) if annotation.annotation.is_null() => {}
            Delta::Annotation(annotation) => {
                let source = Source::Text(annotation.part);
                if let Some(Part::Text(text)) = self.part(annotation.slot, None, source) {
                    text.annotations.push(annotation.annotation.clone());
                }
            }
            Delta::Part(whole) => {
                if let Some(message) = self.message(whole.slot, None) {
                    let last = message.content.len();
                    let at = usize::try_from(whole.part).map_or(last, |part| part.min(last));
                    message.content.insert(at, Part::Other(whole.json.clone()));
                    let of_it = self.parts.iter_mut().filter(|((slot, _), _)| *slot == whole.slot);
                    of_it.filter(|(_, place)| **place >= at).for_each(|(_, place)| *place += 1);
                }
            }
            Delta::Extra(extra) => {
                if let Some(fields) = self.extra(extra.slot, extra.part) {
                    fields.extend(extra.fields.clone());
                }
            }
            Delta::Phase(told) => {
                if let Some(Item::Message(message)) = self.items.get_mut(&told.slot) {
                    message.phase = Some(told.phase);
                }
            }
            Delta::Item(whole) => self.whole(whole.slot, &whole.item),
            Delta::ItemEnd(end) => self.end(end.slot, end.status),
            Delta::Usage(usage) => self.answer.usage = Some(*usage),
            Delta::Finish(finish) => self.answer.finish = Some(finish.clone()),
            Delta::Error(error) => self.answer.error = Some(error.clone()),
            // Its deltas say it again; an answer is one answer.
            Delta::Frame(_) | Delta::Choice(_) => {}
        }
    }

    /// What came.
    pub fn finish(self) -> Answer {
        Answer { items: self.items.into_values().collect(), ..self.answer }
    }

    fn text(&mut self, delta: &TextDelta) {
        let source = Source::Text(delta.part);
        let Some(Part::Text(text)) = self.part(delta.slot, delta.phase, source) else { return };
        text.text.push_str(&delta.text);
        if let Some(Value::Array(new)) = &delta.logprobs {
            match &mut text.logprobs {
                Some(Value::Array(all)) => all.extend(new.iter().cloned()),
                none => *none = delta.logprobs.clone(),
            }
        }
    }

    fn refusal(&mut self, delta: &TextDelta) {
        let source = Source::Refusal(delta.part);
        if let Some(Part::Refusal(all)) = self.part(delta.slot, delta.phase, source) {
            all.push_str(&delta.text);
        }
    }

    fn reasoning(&mut self, delta: &ReasoningDelta) {
        let source = match delta.kind {
            ReasoningKind::Raw => Source::Raw(delta.part),
            ReasoningKind::Summary => Source::Summary(delta.part),
        };
        let known = self.parts.get(&(delta.slot, source)).copied();
        let Item::Reasoning(reasoning) = self.thought(delta.slot) else { return };
        let parts = match delta.kind {
            ReasoningKind::Raw => &mut reasoning.content,
            ReasoningKind::Summary => &mut reasoning.summary,
        };
        let place = known.unwrap_or(parts.len());
        match parts.get_mut(place) {
            Some(part) => part.push_str(&delta.text),
            None => parts.push(delta.text.clone()),
        }
        self.parts.insert((delta.slot, source), place);
    }

    /// What comes later for one of its parts goes on in it.
    fn whole(&mut self, slot: Slot, item: &Item) {
        let sources: Vec<Source> = match item {
            Item::Message(message) => (0..)
                .zip(&message.content)
                .map(|(number, part)| match part {
                    Part::Refusal(_) => Source::Refusal(number),
                    _ => Source::Text(number),
                })
                .collect(),
            Item::Reasoning(reasoning) => {
                let raw = (0..).zip(&reasoning.content).map(|(number, _)| Source::Raw(number));
                let summary = (0..).zip(&reasoning.summary);
                raw.chain(summary.map(|(number, _)| Source::Summary(number))).collect()
            }
            _ => Vec::new(),
        };
        self.parts.extend(sources.into_iter().map(|source| match source {
            Source::Text(at) | Source::Refusal(at) | Source::Raw(at) | Source::Summary(at) => {
                ((slot, source), usize::try_from(at).unwrap_or(usize::MAX))
            }
        }));
        self.items.insert(slot, item.clone());
    }

    /// The part of a message; a new one is its last.
    fn part(&mut self, slot: Slot, phase: Option<Phase>, source: Source) -> Option<&mut Part> {
        let known = self.parts.get(&(slot, source)).copied();
        let place = known.unwrap_or(self.message(slot, phase)?.content.len());
        self.parts.insert((slot, source), place);
        let content = &mut self.message(slot, phase)?.content;
        if place == content.len() {
            content.push(match source {
                Source::Refusal(_) => Part::Refusal(String::new()),
                _ => Part::Text(TextPart::default()),
            });
        }
        content.get_mut(place)
    }

    /// The message at `slot`; `None` where another kind of item has that place,
    /// which no interpreter does.
    fn message(&mut self, slot: Slot, phase: Option<Phase>) -> Option<&mut Message> {
        match self.items.entry(slot).or_insert_with(|| Item::Message(open_message())) {
            Item::Message(message) => {
                message.phase = message.phase.or(phase);
                Some(message)
            }
            _ => None,
        }
    }

    /// Where fields of an item, or of its part, are kept.
    fn extra(&mut self, slot: Slot, part: Option<u32>) -> Option<&mut Map<String, Value>> {
        let place = part.and_then(|part| self.parts.get(&(slot, Source::Text(part))).copied());
        match (self.items.get_mut(&slot)?, part) {
            (Item::Message(message), Some(_)) => match message.content.get_mut(place?)? {
                Part::Text(text) => Some(&mut text.extra),
                _ => None,
            },
            (Item::Message(message), None) => Some(&mut message.extra),
            (Item::Reasoning(reasoning), None) => Some(&mut reasoning.extra),
            (Item::FunctionCall(call), None) => Some(&mut call.extra),
            _ => None,
        }
    }

    fn thought(&mut self, slot: Slot) -> &mut Item {
        self.items.entry(slot).or_insert_with(|| {
            let status = Some(ItemStatus::InProgress);
            Item::Reasoning(Reasoning { status, ..Reasoning::default() })
        })
    }

    fn end(&mut self, slot: Slot, ended: ItemStatus) {
        match self.items.get_mut(&slot) {
            Some(Item::Message(Message { status, .. }))
            | Some(Item::Reasoning(Reasoning { status, .. }))
            | Some(Item::FunctionCall(FunctionCall { status, .. })) => *status = Some(ended),
            _ => {}
        }
    }
}

impl Answer {
    /// What may be shown to a person as the answer: the text of every message that
    /// is not commentary, and refusals wherever they stand, joined.
    pub fn final_text(&self) -> String {
        let mut all = String::new();
        for item in &self.items {
            let Item::Message(message) = item else { continue };
            let is_final = message.phase != Some(Phase::Commentary);
            for part in &message.content {
                match part {
                    Part::Text(text) if is_final => all.push_str(&text.text),
                    Part::Refusal(refusal) => all.push_str(refusal),
                    _ => {}
                }
            }
        }
        all
    }

    /// What the model thought: raw where there is any, else the summary.
    pub fn reasoning_text(&self) -> String {
        let mut all = String::new();
        for item in &self.items {
            let Item::Reasoning(reasoning) = item else { continue };
            let raw = reasoning.content.iter().any(|text| !text.is_empty());
            let parts = if raw { &reasoning.content } else { &reasoning.summary };
            all.extend(parts.iter().map(String::as_str));
        }
        all
    }

    /// The functions that the model wants run.
    pub fn tool_calls(&self) -> impl Iterator<Item = &FunctionCall> {
        self.items.iter().filter_map(|item| match item {
            Item::FunctionCall(call) => Some(call),
            _ => None,
        })
    }
}

fn open_message() -> Message {
    let mut message = Message::new(Role::Assistant, Vec::new());
    message.status = Some(ItemStatus::InProgress);
    message
}
