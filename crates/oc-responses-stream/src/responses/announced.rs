//! What an item was announced as, for servers that say so once: an item whose
//! `output_item.done` never comes, or restates nothing, is what it was announced
//! as, with what was streamed of its field since.

use serde_json::Value;

use super::book::{Kind, text};
use super::wire::{Object, WireEvent};

/// Events that bring a field of an item that has no deltas of its own.
const FIELDS: &[(&str, &str)] = &[
    ("response.custom_tool_call_input", "input"),
    ("response.mcp_call_arguments", "arguments"),
    ("response.code_interpreter_call_code", "code"),
];

/// An item with more than its name, before it was done.
#[derive(Clone, Debug)]
pub(super) struct Announced {
    json: Object,
    /// Its streamed field was said to be whole.
    is_whole: bool,
}

/// A piece of such a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldPiece<'a> {
    field: &'static str,
    text: &'a str,
    is_whole: bool,
}

impl<'a> FieldPiece<'a> {
    /// What `event` brings, if it is one of these.
    pub(super) fn of(event: &'a WireEvent<'_>, name: &str) -> Option<Self> {
        FIELDS.iter().find_map(|(family, field)| {
            let (text, is_whole) = match name.strip_prefix(family)? {
                ".delta" => (event.delta(), false),
                ".done" => (event.whole(field), true),
                _ => return None,
            };
            Some(Self { field, text, is_whole })
        })
    }
}

impl Announced {
    /// What is worth to be kept of an announcement.
    pub(super) fn of(item: &Object, kind: Kind) -> Option<Self> {
        let is_kept = match kind {
            // It comes whole, or not at all.
            Kind::Other => text(item, "type").is_some_and(|kind| kind != "message"),
            Kind::Message | Kind::Reasoning | Kind::Call => {
                ["content", "summary", "arguments"].iter().any(|key| is_filled(item.get(*key)))
            }
        };
        is_kept.then(|| Self { json: item.clone(), is_whole: false })
    }

    pub(super) fn json(&self) -> &Object {
        &self.json
    }

    pub(super) fn take(&mut self, piece: FieldPiece<'_>) {
        match self.json.get_mut(piece.field) {
            Some(Value::String(said)) if !piece.is_whole => said.push_str(piece.text),
            Some(Value::String(_)) if piece.text.is_empty() => {}
            _ => {
                self.json.insert(piece.field.to_owned(), piece.text.into());
            }
        }
        self.is_whole |= piece.is_whole;
    }

    /// Supplies what the item's own end leaves out.
    pub(super) fn complete(&self, item: &mut Object) {
        for (_, field) in FIELDS {
            let said = self.json.get(*field).filter(|said| is_filled(Some(said)));
            if let Some(said) = said.filter(|_| !is_filled(item.get(*field))) {
                item.insert((*field).to_owned(), said.clone());
            }
        }
    }

    /// The item at the end of an answer that told no end of it; `None`: it was cut.
    pub(super) fn at_the_end(mut self, kind: Kind, is_cut: bool) -> Option<Object> {
        // Half a call is none.
        if is_cut && !self.is_whole && matches!(kind, Kind::Call | Kind::Other) {
            return None;
        }
        // Of what the server itself runs nobody can say how far it came.
        let is_whole = !is_cut || self.is_whole;
        if kind != Kind::Other || text(&self.json, "type") == Some("custom_tool_call") {
            let status = if is_whole { "completed" } else { "incomplete" };
            self.json.insert("status".to_owned(), status.into());
        }
        Some(self.json)
    }
}

fn is_filled(value: Option<&Value>) -> bool {
    match value {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(all)) => !all.is_empty(),
        Some(Value::Object(_)) => true,
        _ => false,
    }
}
