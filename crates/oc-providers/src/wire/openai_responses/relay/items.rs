//! The items of an answer whose events passed: which is open, and what was told
//! of it, so that an event which strict clients fail on is known as one.

use std::sync::Arc;

use serde_json::Value;

use crate::wire::relay::json::Object;

/// The items that were told, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    /// Those that are whole, as they were told.
    pub(super) whole: Vec<Arc<str>>,
    /// The ids that are taken.
    ids: Vec<Arc<str>>,
    pub(super) open: Option<Open>,
}

/// The item that is open.
#[derive(Clone, Debug)]
pub(super) struct Open {
    id: Arc<str>,
    pub(super) kind: Kind,
    /// As it was announced.
    pub(super) added: Arc<str>,
    /// The parts of its content, and of its summary, that are whole, as they
    /// were told.
    content: Vec<Arc<str>>,
    summary: Vec<Arc<str>>,
    part: Option<Part>,
    /// The arguments of a call.
    arguments: Tally,
    /// The arguments were told to be whole.
    argued: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Reasoning,
    Call,
    Other,
}

/// The part that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    kind: PartKind,
    text: Tally,
    /// Its text was told to be whole.
    told: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartKind {
    Text,
    Refusal,
    Raw,
    Summary,
}

/// A text, as far as it must be known whether another is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    length: usize,
    hash: u64,
}

impl Tally {
    fn add(&mut self, text: &str) {
        self.length = self.length.saturating_add(text.len());
        for byte in text.bytes() {
            self.hash = self.hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte);
        }
    }

    fn of(text: &str) -> Self {
        let mut tally = Self::default();
        tally.add(text);
        tally
    }
}

impl Items {
    /// The place of the open item.
    pub(super) fn place(&self) -> Option<u64> {
        self.open.as_ref().map(|_| self.whole.len() as u64)
    }

    /// The open item, if it is what the event is about.
    fn item(&mut self, event: &Object<'_>, kind: Kind) -> Option<&mut Open> {
        let place = self.place();
        let open = self.open.as_mut().filter(|open| open.kind == kind)?;
        let it = event.count("output_index") == place && event.is("item_id", &open.id);
        it.then_some(open)
    }

    /// The open part, if it is what the event is about.
    pub(super) fn part(&mut self, event: &Object<'_>, kind: PartKind) -> Option<&mut Part> {
        let open = self.item(event, kind.of())?;
        let index = match kind {
            PartKind::Summary => event.count("summary_index")? == open.summary.len() as u64,
            _ => event.count("content_index")? == open.content.len() as u64,
        };
        open.part.as_mut().filter(|part| index && part.kind == kind)
    }

    /// An item is announced; `None`: not as it should be.
    pub(super) fn added(&mut self, event: &Object<'_>, item: &str) -> Option<()> {
        if self.open.is_some() || event.count("output_index") != Some(self.whole.len() as u64) {
            return None;
        }
        let added: Arc<str> = item.into();
        let item = Object::parse(item)?;
        let id = item
            .text("id")
            .filter(|id| !id.is_empty() && self.ids.iter().all(|it| **it != **id))?;
        let named = |key: &&str| item.text(key).is_some_and(|text| !text.is_empty());
        let empty = |key: &str| item.raw(key).is_none() || item.is_empty_list(key);
        let (kind, opens) = match item.text("type")?.as_ref() {
            "message" => {
                let opens = item.is("role", "assistant") && item.is_empty_list("content");
                (Kind::Message, opens && empty("summary"))
            }
            "reasoning" => (Kind::Reasoning, item.is_empty_list("summary") && empty("content")),
            "function_call" => {
                let named = ["call_id", "name"].iter().all(named);
                (Kind::Call, item.is("arguments", "") && named)
            }
            _ => (Kind::Other, true),
        };
        if !opens {
            return None;
        }
        let id: Arc<str> = id.as_ref().into();
        self.ids.push(id.clone());
        self.open = Some(Open {
            id,
            kind,
            added,
            content: Vec::new(),
            summary: Vec::new(),
            part: None,
            arguments: Tally::default(),
            argued: false,
        });
        Some(())
    }

    /// The open item is told to be whole.
    pub(super) fn done(&mut self, event: &Object<'_>, told: &str) -> Option<()> {
        let place = self.place();
        let open = self.open.as_ref().filter(|open| open.part.is_none())?;
        let (item, added) = (Object::parse(told)?, Object::parse(&open.added)?);
        let same = |key: &&str| item.raw(key) == added.raw(key);
        let keys = ["id", "type", "call_id", "name", "role", "phase"];
        if event.count("output_index") != place || !keys.iter().all(same) {
            return None;
        }
        let restates = |key, parts: &[Arc<str>]| match item.list(key) {
            Some(list) => {
                list.len() == parts.len()
                    && list.iter().zip(parts).all(|(restated, part)| is_same(restated, part))
            }
            None => item.raw(key).is_none() && parts.is_empty(),
        };
        let holds = match open.kind {
            Kind::Call => {
                let arguments = item.text("arguments").map(|text| Tally::of(&text));
                open.argued && arguments == Some(open.arguments)
            }
            Kind::Message => item.text("status").is_some() && restates("content", &open.content),
            Kind::Reasoning => {
                let seal = item.raw("encrypted_content");
                item.raw("summary").is_some()
                    && restates("summary", &open.summary)
                    && restates("content", &open.content)
                    && seal.is_none_or(|seal| seal.starts_with('"'))
            }
            Kind::Other => true,
        };
        if holds {
            self.open = None;
            self.whole.push(told.into());
        }
        holds.then_some(())
    }

    /// A part of the open item is announced. What clients add pieces to, and how it
    /// is called.
    pub(super) fn part_added<'a>(
        &mut self,
        event: &Object<'a>,
        summary: bool,
    ) -> Option<(Object<'a>, &'static str)> {
        let part = event.object("part")?;
        let kind = match (part.text("type")?.as_ref(), summary) {
            ("output_text", false) => PartKind::Text,
            ("refusal", false) => PartKind::Refusal,
            ("reasoning_text", false) => PartKind::Raw,
            ("summary_text", true) => PartKind::Summary,
            _ => return None,
        };
        let key = if kind == PartKind::Refusal { "refusal" } else { "text" };
        let says = |key| part.text(key).is_some_and(|text| !text.is_empty());
        if says("text") || says("refusal") {
            return None;
        }
        let open = self.item(event, kind.of()).filter(|open| open.part.is_none())?;
        let (index, parts) = match summary {
            true => ("summary_index", &open.summary),
            false => ("content_index", &open.content),
        };
        if event.count(index) != Some(parts.len() as u64) {
            return None;
        }
        open.part = Some(Part { kind, text: Tally::default(), told: false });
        Some((part, key))
    }

    /// The open part is told to be whole.
    pub(super) fn part_done(&mut self, event: &Object<'_>, summary: bool) -> Option<()> {
        let kind = self.open.as_ref()?.part.as_ref().map(|part| part.kind)?;
        let part = self.part(event, kind)?;
        let told = event.object("part")?;
        let key = if kind == PartKind::Refusal { "refusal" } else { "text" };
        let same = told.text(key).is_some_and(|text| Tally::of(&text) == part.text);
        if !part.told || !same || summary != (kind == PartKind::Summary) {
            return None;
        }
        let open = self.open.as_mut()?;
        open.part = None;
        let parts = if summary { &mut open.summary } else { &mut open.content };
        parts.push(event.raw("part")?.into());
        Some(())
    }

    /// A piece of the open part's text.
    pub(super) fn piece(&mut self, event: &Object<'_>, kind: PartKind, piece: &str) -> Option<()> {
        let part = self.part(event, kind).filter(|part| !part.told)?;
        part.text.add(piece);
        Some(())
    }

    /// The open part's text is told once more, whole.
    pub(super) fn text(&mut self, event: &Object<'_>, kind: PartKind, whole: &str) -> Option<()> {
        let part = self.part(event, kind).filter(|part| !part.told)?;
        part.told = part.text == Tally::of(whole);
        part.told.then_some(())
    }

    /// A piece of the open call's arguments.
    pub(super) fn argument(&mut self, event: &Object<'_>, piece: &str) -> Option<()> {
        let open = self.item(event, Kind::Call).filter(|open| !open.argued)?;
        open.arguments.add(piece);
        Some(())
    }

    /// The open call's arguments are told once more, whole.
    pub(super) fn arguments(&mut self, event: &Object<'_>, whole: &str) -> Option<()> {
        let open = self.item(event, Kind::Call).filter(|open| !open.argued)?;
        open.argued = !whole.trim().is_empty() && open.arguments == Tally::of(whole);
        open.argued.then_some(())
    }
}

impl PartKind {
    fn of(self) -> Kind {
        match self {
            Self::Text | Self::Refusal => Kind::Message,
            Self::Raw | Self::Summary => Kind::Reasoning,
        }
    }
}

/// Whether two texts are the same JSON.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<Value>(text).ok();
    one == other || read(one).is_some_and(|one| Some(one) == read(other))
}
