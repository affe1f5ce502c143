//! One output item after the other, each from `added` to `done`.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use crate::event::{
    ContentPartAddedEvent, ContentPartDoneEvent, FunctionCallArgumentsDeltaEvent,
    FunctionCallArgumentsDoneEvent, OutputItemAddedEvent, OutputItemDoneEvent,
    OutputTextAnnotationAddedEvent, OutputTextDeltaEvent, OutputTextDoneEvent,
    ReasoningSummaryPartAddedEvent, ReasoningSummaryPartDoneEvent, ReasoningSummaryTextDeltaEvent,
    ReasoningSummaryTextDoneEvent, ReasoningTextDeltaEvent, ReasoningTextDoneEvent,
    RefusalDeltaEvent, RefusalDoneEvent,
};
use crate::{
    Event, ExtraDelta, FunctionCall, Item, ItemStatus, Phase, ReasoningDelta, ReasoningKind, Slot,
    TextDelta, item_json,
};

/// Mints ids and places, and keeps the output.
#[derive(Debug)]
pub(super) struct Writer {
    /// What the response's id and its items' ids have in common.
    stem: String,
    output: Vec<Value>,
    /// Where the messages of the present attempt stand in `output`.
    messages: Vec<(Slot, usize)>,
    /// Phases that were told after their message was written.
    late: BTreeMap<usize, Phase>,
}

/// The item that is being written.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) slot: Slot,
    id: String,
    index: u64,
    body: Body,
    part: Option<OpenPart>,
    /// What was told of it besides, by whoever told it before, and fields that
    /// we do not know.
    told: Map<String, Value>,
}

#[derive(Debug)]
enum Body {
    Message { phase: Option<Phase>, content: Vec<Value> },
    Reasoning { summary: Vec<Value>, content: Vec<Value>, seal: Option<String> },
}

#[derive(Debug)]
struct OpenPart {
    /// What the deltas call it.
    source: Source,
    index: u64,
    text: String,
    annotations: Vec<Value>,
    logprobs: Vec<Value>,
    extra: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Text(u32),
    Refusal(u32),
    Raw(u32),
    Summary(ReasoningKind, u32),
}

impl Source {
    /// Whether it is the content part of this number.
    fn is_part(self, number: u32) -> bool {
        matches!(self, Self::Text(own) | Self::Refusal(own) if own == number)
    }
}

impl Open {
    /// Whether text of `phase` belongs in this message.
    pub(super) fn takes_text(&self, phase: Option<Phase>) -> bool {
        match &self.body {
            Body::Message { phase: own, .. } => phase.is_none() || *own == phase,
            Body::Reasoning { .. } => false,
        }
    }

    pub(super) fn is_reasoning(&self) -> bool {
        matches!(self.body, Body::Reasoning { .. })
    }

    /// The message turned out to be this.
    pub(super) fn set_phase(&mut self, told: Phase) {
        if let Body::Message { phase, .. } = &mut self.body {
            *phase = Some(told);
        }
    }

    pub(super) fn seal(&mut self, value: &str) {
        if let Body::Reasoning { seal, .. } = &mut self.body {
            *seal = Some(value.to_owned());
        }
    }

    /// Fields that we do not know, of the item or of its open part.
    pub(super) fn extend(&mut self, extra: &ExtraDelta) {
        match (extra.part, &mut self.part) {
            (None, _) => self.told.extend(item_json::extra_of_item(&extra.fields)),
            (Some(number), Some(part)) if part.source.is_part(number) => {
                part.extra.extend(item_json::extra_of_part(&extra.fields));
            }
            _ => {}
        }
    }

    fn json(&self, status: ItemStatus) -> Value {
        let mut json = Map::new();
        json.insert("id".to_owned(), json!(self.id));
        match &self.body {
            Body::Message { phase, content } => {
                json.insert("type".to_owned(), json!("message"));
                json.insert("status".to_owned(), json!(status.as_str()));
                json.insert("role".to_owned(), json!("assistant"));
                json.insert("content".to_owned(), Value::Array(content.clone()));
                if let Some(phase) = phase {
                    json.insert("phase".to_owned(), json!(phase.as_str()));
                }
            }
            Body::Reasoning { summary, content, seal } => {
                json.insert("type".to_owned(), json!("reasoning"));
                json.insert("status".to_owned(), json!(status.as_str()));
                json.insert("summary".to_owned(), Value::Array(summary.clone()));
                if !content.is_empty() {
                    json.insert("content".to_owned(), Value::Array(content.clone()));
                }
                if let Some(seal) = seal {
                    json.insert("encrypted_content".to_owned(), json!(seal));
                }
            }
        }
        for (key, value) in &self.told {
            json.entry(key.clone()).or_insert_with(|| value.clone());
        }
        Value::Object(json)
    }
}

impl Writer {
    pub(super) fn new(response_id: &str) -> Self {
        let stem = response_id.strip_prefix("resp_").unwrap_or(response_id).to_owned();
        Self { stem, output: Vec::new(), messages: Vec::new(), late: BTreeMap::new() }
    }

    pub(super) fn output(&self) -> &[Value] {
        &self.output
    }

    /// The same with what was told after an item was written.
    pub(super) fn document(&self) -> impl Iterator<Item = Value> {
        self.output.iter().enumerate().map(|(index, item)| {
            let mut item = item.clone();
            if let (Some(phase), Some(object)) = (self.late.get(&index), item.as_object_mut()) {
                object.insert("phase".to_owned(), json!(phase.as_str()));
            }
            item
        })
    }

    /// The messages of `slot` that were written turned out to be this.
    pub(super) fn tell_phase(&mut self, slot: Slot, phase: Phase) {
        let of_it = self.messages.iter().filter(|(known, _)| *known == slot);
        self.late.extend(of_it.map(|(_, index)| (*index, phase)));
    }

    /// Another attempt's slots are other messages.
    pub(super) fn forget_slots(&mut self) {
        self.messages.clear();
    }

    /// The output is what someone else has told.
    pub(super) fn take_over(&mut self, output: Vec<Value>) {
        self.output = output;
    }

    /// `open` was told before, as `item`, after all of the output.
    pub(super) fn adopt(&self, open: &mut Open, item: Map<String, Value>) {
        if let Some(id) = item.get("id").and_then(Value::as_str) {
            open.id = id.to_owned();
        }
        open.index = place(self.output.len());
        open.told = item;
    }

    /// Whether this very call was written.
    pub(super) fn has_call(&self, call: &FunctionCall) -> bool {
        self.output.iter().any(|item| {
            item["type"] == "function_call"
                && item["call_id"] == call.call_id.as_str()
                && item["name"] == call.name.as_str()
                && item["arguments"] == call.arguments.as_str()
        })
    }

    pub(super) fn message(
        &mut self,
        slot: Slot,
        phase: Option<Phase>,
        out: &mut VecDeque<Event>,
    ) -> Open {
        self.added("msg", slot, Body::Message { phase, content: Vec::new() }, out)
    }

    pub(super) fn reasoning(&mut self, slot: Slot, out: &mut VecDeque<Event>) -> Open {
        let body = Body::Reasoning { summary: Vec::new(), content: Vec::new(), seal: None };
        self.added("rs", slot, body, out)
    }

    pub(super) fn text(
        &mut self,
        open: &mut Open,
        delta: &TextDelta,
        refusal: bool,
        out: &mut VecDeque<Event>,
    ) {
        let source = if refusal { Source::Refusal(delta.part) } else { Source::Text(delta.part) };
        let part = self.part(open, source, out);
        part.text.push_str(&delta.text);
        let (content_index, text) = (Some(part.index), delta.text.clone());
        let item_id = Some(open.id.clone());
        let output_index = Some(open.index);
        if refusal {
            out.push_back(Event::RefusalDelta(RefusalDeltaEvent {
                item_id,
                output_index,
                content_index,
                delta: text,
                ..RefusalDeltaEvent::default()
            }));
            return;
        }
        let logprobs = delta.logprobs.clone().unwrap_or_else(|| json!([]));
        if let (Some(part), Value::Array(new)) = (&mut open.part, &logprobs) {
            part.logprobs.extend(new.iter().cloned());
        }
        out.push_back(Event::OutputTextDelta(OutputTextDeltaEvent {
            item_id,
            output_index,
            content_index,
            delta: text,
            logprobs: Some(logprobs),
            ..OutputTextDeltaEvent::default()
        }));
    }

    /// A part that comes whole.
    pub(super) fn whole_part(&mut self, open: &mut Open, json: &Value, out: &mut VecDeque<Event>) {
        end_part(open, out);
        let Body::Message { content, .. } = &mut open.body else { return };
        let item_id = Some(open.id.clone());
        let (output_index, content_index) = (Some(open.index), Some(place(content.len())));
        out.push_back(Event::ContentPartAdded(ContentPartAddedEvent {
            item_id: item_id.clone(),
            output_index,
            content_index,
            part: json.clone(),
            ..ContentPartAddedEvent::default()
        }));
        out.push_back(Event::ContentPartDone(ContentPartDoneEvent {
            item_id,
            output_index,
            content_index,
            part: json.clone(),
            ..ContentPartDoneEvent::default()
        }));
        content.push(json.clone());
    }

    pub(super) fn annotation(
        &mut self,
        open: &mut Open,
        annotation: &Value,
        out: &mut VecDeque<Event>,
    ) {
        let Some(part) = open.part.as_mut() else { return };
        if !matches!(part.source, Source::Text(_)) {
            return;
        }
        out.push_back(Event::OutputTextAnnotationAdded(OutputTextAnnotationAddedEvent {
            item_id: Some(open.id.clone()),
            output_index: Some(open.index),
            content_index: Some(part.index),
            annotation_index: Some(place(part.annotations.len())),
            annotation: annotation.clone(),
            ..OutputTextAnnotationAddedEvent::default()
        }));
        part.annotations.push(annotation.clone());
    }

    pub(super) fn thought(
        &mut self,
        open: &mut Open,
        delta: &ReasoningDelta,
        raw: bool,
        out: &mut VecDeque<Event>,
    ) {
        let source =
            if raw { Source::Raw(delta.part) } else { Source::Summary(delta.kind, delta.part) };
        let part = self.part(open, source, out);
        part.text.push_str(&delta.text);
        let index = Some(part.index);
        let item_id = Some(open.id.clone());
        let output_index = Some(open.index);
        let text = delta.text.clone();
        out.push_back(if raw {
            Event::ReasoningTextDelta(ReasoningTextDeltaEvent {
                item_id,
                output_index,
                content_index: index,
                delta: text,
                ..ReasoningTextDeltaEvent::default()
            })
        } else {
            Event::ReasoningSummaryTextDelta(ReasoningSummaryTextDeltaEvent {
                item_id,
                output_index,
                summary_index: index,
                delta: text,
                ..ReasoningSummaryTextDeltaEvent::default()
            })
        });
    }

    /// A whole call, from `added` to `done`.
    pub(super) fn call(&mut self, call: &FunctionCall, out: &mut VecDeque<Event>) {
        let index = place(self.output.len());
        let id = self.mint("fc", index);
        let item = |status: &str, arguments: &str| {
            let mut json = Map::new();
            json.insert("id".to_owned(), json!(id));
            json.insert("type".to_owned(), json!("function_call"));
            json.insert("status".to_owned(), json!(status));
            json.insert("call_id".to_owned(), json!(call.call_id.as_str()));
            json.insert("name".to_owned(), json!(call.name));
            json.insert("arguments".to_owned(), json!(arguments));
            for (key, value) in &call.extra {
                json.entry(key.clone()).or_insert_with(|| value.clone());
            }
            Value::Object(json)
        };
        out.push_back(item_added(index, item("in_progress", "")));
        let item_id = Some(id.clone());
        let output_index = Some(index);
        if !call.arguments.is_empty() {
            out.push_back(Event::FunctionCallArgumentsDelta(FunctionCallArgumentsDeltaEvent {
                item_id: item_id.clone(),
                output_index,
                delta: call.arguments.clone(),
                ..FunctionCallArgumentsDeltaEvent::default()
            }));
        }
        out.push_back(Event::FunctionCallArgumentsDone(FunctionCallArgumentsDoneEvent {
            item_id,
            output_index,
            arguments: call.arguments.clone(),
            name: Some(call.name.clone()),
            ..FunctionCallArgumentsDoneEvent::default()
        }));
        self.done(index, item("completed", &call.arguments), out);
    }

    /// An item that has no events but `added` and `done`. One without a type
    /// would be refused, and is left out.
    pub(super) fn whole(&mut self, item: &Item, out: &mut VecDeque<Event>) {
        let index = place(self.output.len());
        let mut json = item.to_json();
        if !json.get("type").is_some_and(Value::is_string) {
            return;
        }
        if let Some(object) = json.as_object_mut() {
            // Upstream ids may collide with each other, or be missing.
            object.insert("id".to_owned(), json!(self.mint("item", index)));
            if matches!(item, Item::FunctionCallOutput(_)) {
                object.entry("status").or_insert_with(|| json!("completed"));
            }
        }
        let mut added = json.clone();
        if let Some(status) = added.get_mut("status") {
            *status = json!("in_progress");
        }
        out.push_back(item_added(index, added));
        self.done(index, json, out);
    }

    pub(super) fn close(&mut self, mut open: Open, status: ItemStatus, out: &mut VecDeque<Event>) {
        end_part(&mut open, out);
        let json = open.json(status);
        if matches!(open.body, Body::Message { .. }) {
            self.messages.push((open.slot, self.output.len()));
        }
        self.done(open.index, json, out);
    }

    fn added(&mut self, prefix: &str, slot: Slot, body: Body, out: &mut VecDeque<Event>) -> Open {
        let index = place(self.output.len());
        let id = self.mint(prefix, index);
        let open = Open { slot, id, index, body, part: None, told: Map::new() };
        out.push_back(item_added(index, open.json(ItemStatus::InProgress)));
        open
    }

    fn done(&mut self, index: u64, item: Value, out: &mut VecDeque<Event>) {
        self.output.push(item.clone());
        out.push_back(Event::OutputItemDone(OutputItemDoneEvent {
            output_index: Some(index),
            item,
            ..OutputItemDoneEvent::default()
        }));
    }

    fn mint(&self, prefix: &str, index: u64) -> String {
        format!("{prefix}_{}_{index}", self.stem)
    }

    /// The part that `source` names; another part that is open is ended first.
    fn part<'a>(
        &mut self,
        open: &'a mut Open,
        source: Source,
        out: &mut VecDeque<Event>,
    ) -> &'a mut OpenPart {
        if open.part.as_ref().is_none_or(|part| part.source != source) {
            end_part(open, out);
            let index = place(match (&open.body, source) {
                (Body::Message { content, .. }, _) => content.len(),
                (Body::Reasoning { content, .. }, Source::Raw(_)) => content.len(),
                (Body::Reasoning { summary, .. }, _) => summary.len(),
            });
            out.push_back(part_added(&open.id, open.index, index, source));
        }
        let index = match (&open.body, source) {
            (Body::Message { content, .. }, _) => content.len(),
            (Body::Reasoning { content, .. }, Source::Raw(_)) => content.len(),
            (Body::Reasoning { summary, .. }, _) => summary.len(),
        };
        open.part.get_or_insert_with(|| OpenPart {
            source,
            index: place(index),
            text: String::new(),
            annotations: Vec::new(),
            logprobs: Vec::new(),
            extra: Map::new(),
        })
    }
}

fn part_added(id: &str, output: u64, index: u64, source: Source) -> Event {
    let item_id = Some(id.to_owned());
    let output_index = Some(output);
    if let Source::Summary(..) = source {
        return Event::ReasoningSummaryPartAdded(ReasoningSummaryPartAddedEvent {
            item_id,
            output_index,
            summary_index: Some(index),
            part: part_json(source, "", &[], &[]),
            ..ReasoningSummaryPartAddedEvent::default()
        });
    }
    Event::ContentPartAdded(ContentPartAddedEvent {
        item_id,
        output_index,
        content_index: Some(index),
        part: part_json(source, "", &[], &[]),
        ..ContentPartAddedEvent::default()
    })
}

/// Writes the `done` events of the open part and adds it to its item.
fn end_part(open: &mut Open, out: &mut VecDeque<Event>) {
    let Some(part) = open.part.take() else { return };
    let item_id = Some(open.id.clone());
    let output_index = Some(open.index);
    let index = Some(part.index);
    let mut json = part_json(part.source, &part.text, &part.annotations, &part.logprobs);
    if let Value::Object(json) = &mut json {
        for (key, value) in part.extra {
            json.entry(key).or_insert(value);
        }
    }
    let text = part.text;
    match part.source {
        Source::Text(_) => out.push_back(Event::OutputTextDone(OutputTextDoneEvent {
            item_id: item_id.clone(),
            output_index,
            content_index: index,
            text,
            logprobs: Some(Value::Array(part.logprobs)),
            ..OutputTextDoneEvent::default()
        })),
        Source::Refusal(_) => out.push_back(Event::RefusalDone(RefusalDoneEvent {
            item_id: item_id.clone(),
            output_index,
            content_index: index,
            refusal: text,
            ..RefusalDoneEvent::default()
        })),
        Source::Raw(_) => out.push_back(Event::ReasoningTextDone(ReasoningTextDoneEvent {
            item_id: item_id.clone(),
            output_index,
            content_index: index,
            text,
            ..ReasoningTextDoneEvent::default()
        })),
        Source::Summary(..) => {
            out.push_back(Event::ReasoningSummaryTextDone(ReasoningSummaryTextDoneEvent {
                item_id: item_id.clone(),
                output_index,
                summary_index: index,
                text,
                ..ReasoningSummaryTextDoneEvent::default()
            }));
            out.push_back(Event::ReasoningSummaryPartDone(ReasoningSummaryPartDoneEvent {
                item_id: item_id.clone(),
                output_index,
                summary_index: index,
                part: json.clone(),
                ..ReasoningSummaryPartDoneEvent::default()
            }));
        }
    }
    if !matches!(part.source, Source::Summary(..)) {
        out.push_back(Event::ContentPartDone(ContentPartDoneEvent {
            item_id,
            output_index,
            content_index: index,
            part: json.clone(),
            ..ContentPartDoneEvent::default()
        }));
    }
    match &mut open.body {
        Body::Message { content, .. } => content.push(json),
        Body::Reasoning { content, .. } if matches!(part.source, Source::Raw(_)) => {
            content.push(json);
        }
        Body::Reasoning { summary, .. } => summary.push(json),
    }
}

fn part_json(source: Source, text: &str, annotations: &[Value], logprobs: &[Value]) -> Value {
    match source {
        Source::Text(_) => json!({
            "type": "output_text", "text": text, "annotations": annotations, "logprobs": logprobs,
        }),
        Source::Refusal(_) => json!({ "type": "refusal", "refusal": text }),
        Source::Raw(_) => json!({ "type": "reasoning_text", "text": text }),
        Source::Summary(..) => json!({ "type": "summary_text", "text": text }),
    }
}

fn item_added(index: u64, item: Value) -> Event {
    Event::OutputItemAdded(OutputItemAddedEvent {
        output_index: Some(index),
        item,
        ..OutputItemAddedEvent::default()
    })
}

fn place(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
