//! Which call a piece of a tool call belongs to.
//!
//! OpenAI numbers calls by `index`, names each once and then sends arguments.
//! Others leave the index out, send 0 for every call, repeat the id or the
//! name, send `""` for both, or give the arguments whole as text or object.

use std::collections::{HashMap, VecDeque};

use crate::wire::relay::json::compact;
use oc_responses_stream::{
    Delta, ItemEnd, ItemStatus, Slot, ToolCallArguments, ToolCallEnd, ToolCallStart, WholeItem,
};

use super::extent::Extent;
use super::fields::Fields;
use crate::call_ids::CallIds;
use crate::wire::openai_completions::custom;

/// The tool calls of one answer.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
    current: Option<usize>,
    by_index: HashMap<u64, usize>,
    by_id: HashMap<String, usize>,
    /// The index of the last piece of this list, if that had a name.
    last_in_list: Option<u64>,
    made: Option<CallIds>,
}

#[derive(Debug)]
struct Call {
    slot: Slot,
    index: Option<u64>,
    id: String,
    /// The server gave it one.
    has_id: bool,
    name: String,
    announced: bool,
    extent: Extent,
    /// The arguments, where they came as an object rather than as text.
    whole: Option<String>,
    made: Option<CallIds>,
    /// Arguments that came before the name did.
    early: String,
    /// A custom tool's free text, so far. It has no end of its own.
    input: Option<String>,
}

impl Calls {
    /// Calls without an id get one of these.
    pub(super) fn name_with(&mut self, ids: Option<CallIds>) {
        self.made = ids;
    }

    /// Takes one element of `tool_calls`, or a legacy `function_call`
    /// (`{name, arguments}` without a `function` around it).
    ///
    /// `place` counts as its index where it has none; `take_slot` gives the slot
    /// of a call that is new. Returns the call's id, as it will be announced, if it
    /// has one.
    pub(super) fn piece(
        &mut self,
        piece: &Fields<'_>,
        place: Option<u64>,
        take_slot: impl FnOnce() -> Slot,
        out: &mut VecDeque<Delta>,
    ) -> Option<String> {
        let custom = piece.object(custom::CUSTOM);
        let is_custom = custom.is_some();
        let nested = custom.or_else(|| piece.object("function"));
        let function = nested.as_ref().unwrap_or(piece);
        let index = piece.count("index").or(place);
        let id = piece.word("id").unwrap_or_default();
        let name = function.word("name").unwrap_or_default();
        let named_beside = self.last_in_list.is_some() && self.last_in_list == index;
        self.last_in_list = index.filter(|_| !name.is_empty());
        let arguments =
            function.raw("arguments").is_some_and(|raw| !matches!(raw.get(), "\"\"" | "null"));
        let place = match self.place_of(index, &id, &name, arguments, named_beside) {
            Some(place) => place,
            None => self.open(index, take_slot()),
        };
        self.current = Some(place);
        let call = self.calls.get_mut(place)?;
        if call.index.is_none()
            && let Some(index) = index
        {
            call.index = Some(index);
            self.by_index.insert(index, place);
        }
        call.has_id |= !id.is_empty();
        if call.id.is_empty() && !id.is_empty() {
            // One id for several calls: a result could not say which it answers.
            let first = *self.by_id.entry(id.to_string()).or_insert(place) == place;
            call.id = if first { id.into_owned() } else { format!("{id}_{}", call.slot.0) };
        }
        call.named(&name);
        if is_custom {
            let input = function.text("input").unwrap_or_default();
            call.input.get_or_insert_default().push_str(&input);
        } else if let Some(raw) = function.raw("arguments") {
            match super::fields::text(raw) {
                Some(text) => call.arguments(&text, out),
                // JSON where its text belongs: it counts whole. What is no object makes
                // a broken call, not one without arguments.
                None => call.whole = Some(compact(raw.get())),
            }
        }
        Some(call.id()).filter(|id| !id.is_empty())
    }

    /// A list of pieces begins.
    pub(super) fn begin_list(&mut self) {
        self.last_in_list = None;
    }

    /// Whether none began.
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Ends every call, in the order in which they began.
    pub(super) fn end(&mut self, cut: bool, out: &mut VecDeque<Delta>) {
        let last = self.current;
        for (place, call) in std::mem::take(&mut self.calls).into_iter().enumerate() {
            match &call.input {
                Some(input) => call.end_custom(input, cut && last == Some(place), out),
                None => call.end(cut, out),
            }
        }
        self.by_index.clear();
        self.by_id.clear();
        self.current = None;
    }

    /// The call that a piece continues; `None`: it opens one. `arguments`: it brings some.
    /// `named_beside`: the one before it in the same list has its index, and a name.
    fn place_of(
        &self,
        index: Option<u64>,
        id: &str,
        name: &str,
        arguments: bool,
        named_beside: bool,
    ) -> Option<usize> {
        if let Some(index) = index {
            let Some(&place) = self.by_index.get(&index) else {
                // An index that counts the pieces: the id tells.
                if let (true, Some(&place)) = (name.is_empty(), self.by_id.get(id)) {
                    return Some(place);
                }
                // The index came later than the call.
                let place = self.current?;
                let call = self.calls.get(place)?;
                let continues = id.is_empty() || id == call.id;
                return (call.index.is_none() && name.is_empty() && continues).then_some(place);
            };
            let call = self.calls.get(place)?;
            // Every call under one index: another id with a name is another
            // call, unless the one before is still in the middle of its arguments.
            let other = !id.is_empty() && !call.id.is_empty() && id != call.id && !name.is_empty();
            let free = call.is_whole() || !call.extent.began();
            // Nor has any of them an id: then the name tells.
            let next = id.is_empty()
                && !call.has_id
                && !name.is_empty()
                && ((call.is_whole() && (arguments || name != call.name))
                    || (named_beside && name != call.name));
            return match (other && free, next) {
                (true, _) => self.by_id.get(id).copied(),
                (_, true) => None,
                _ => Some(place),
            };
        }
        if let Some(place) = self.by_id.get(id) {
            return Some(*place);
        }
        let place = self.current?;
        let call = self.calls.get(place)?;
        let new_id = !id.is_empty() && !call.id.is_empty();
        let again =
            !name.is_empty() && (call.is_whole() || (call.extent.began() && name != call.name));
        (!new_id && !again).then_some(place)
    }

    fn open(&mut self, index: Option<u64>, slot: Slot) -> usize {
        let place = self.calls.len();
        if let Some(index) = index {
            self.by_index.insert(index, place);
        }
        self.calls.push(Call {
            slot,
            index,
            id: String::new(),
            has_id: false,
            name: String::new(),
            announced: false,
            extent: Extent::default(),
            whole: None,
            made: self.made,
            early: String::new(),
            input: None,
        });
        place
    }
}

impl Call {
    fn is_whole(&self) -> bool {
        self.whole.is_some() || self.extent.is_whole()
    }

    /// The server's id of it; else one of the answer's; empty where that tells nothing
    /// of itself.
    fn id(&self) -> String {
        if !self.id.is_empty() {
            return self.id.clone();
        }
        self.made.map(|ids| ids.id(self.slot)).unwrap_or_default()
    }

    /// A name may be repeated, or cut in two by an old relay; once arguments
    /// came it is settled.
    fn named(&mut self, name: &str) {
        if self.announced || name.is_empty() || self.name.starts_with(name) {
            return;
        }
        if name.starts_with(self.name.as_str()) {
            self.name = name.to_owned();
        } else {
            self.name.push_str(name);
        }
    }

    fn arguments(&mut self, text: &str, out: &mut VecDeque<Delta>) {
        if text.is_empty() {
            return;
        }
        self.extent.push(text);
        if !self.announced && self.name.is_empty() {
            self.early.push_str(text);
            return;
        }
        self.announce(out);
        out.push_back(Delta::ToolCallArguments(ToolCallArguments::new(self.slot, text)));
    }

    fn announce(&mut self, out: &mut VecDeque<Delta>) {
        if std::mem::replace(&mut self.announced, true) {
            return;
        }
        self.id = self.id();
        out.push_back(Delta::ToolCallStart(ToolCallStart::new(
            self.slot,
            self.id.as_str(),
            self.name.as_str(),
        )));
        if !self.early.is_empty() {
            let early = std::mem::take(&mut self.early);
            out.push_back(Delta::ToolCallArguments(ToolCallArguments::new(self.slot, early)));
        }
    }

    /// Tells a custom tool's call whole, or not at all.
    fn end_custom(&self, input: &str, cut: bool, out: &mut VecDeque<Delta>) {
        if !cut {
            let id = Some(self.id()).filter(|id| !id.is_empty());
            let id = id.unwrap_or_else(|| format!("call_{}", self.slot.0));
            let call = custom::call(&id, &self.name, input);
            out.push_back(Delta::Item(WholeItem::new(self.slot, call)));
        }
    }

    fn end(mut self, cut: bool, out: &mut VecDeque<Delta>) {
        self.announce(out);
        // Half a call that the limit cut is never told as whole.
        let status = if cut && !self.is_whole() {
            ItemStatus::Incomplete
        } else {
            let bare = !self.extent.began();
            // `[]` before the pieces is a placeholder.
            let whole = self.whole.filter(|whole| bare || whole.starts_with('{'));
            let arguments = whole.or_else(|| bare.then(|| "{}".to_owned()));
            out.push_back(Delta::ToolCallEnd(ToolCallEnd::new(self.slot, arguments)));
            ItemStatus::Completed
        };
        out.push_back(Delta::ItemEnd(ItemEnd::new(self.slot, status)));
    }
}
