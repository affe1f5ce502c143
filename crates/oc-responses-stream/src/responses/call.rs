//! A function call, from its name to its whole arguments.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::book::text;
use super::surrogates::{Edges, Half};
use super::wire;
use crate::{CallId, Delta, ItemId, Slot, ToolCallArguments, ToolCallEnd, ToolCallStart};

/// What has been said of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    pub(super) call_id: Option<String>,
    name: Option<String>,
    /// The arguments as they were streamed, and how much of that was given out:
    /// pieces may come before the name.
    streamed: String,
    given: usize,
    half: Half,
    /// The arguments as `arguments.done` has them.
    stated: Option<String>,
    started: bool,
    ended: bool,
    /// What its arguments were when it ended.
    whole: String,
    /// It ended, and its arguments are none.
    pub(super) is_broken: bool,
}

impl Call {
    /// Takes over what an item object says of the call.
    pub(super) fn describe(&mut self, item: &wire::Object) {
        self.call_id = self.call_id.take().or(text(item, "call_id").map(str::to_owned));
        self.name = self.name.take().or(text(item, "name").map(function_name));
    }

    pub(super) fn name(&mut self, name: Option<&str>) {
        if self.name.is_none() {
            self.name = name.filter(|name| !name.is_empty()).map(function_name);
        }
    }

    /// Whether enough is known to open it before it is whole.
    pub(super) fn is_known(&self) -> bool {
        self.name.is_some() && self.call_id.is_some()
    }

    /// Whether nobody said what its arguments are.
    pub(super) fn is_silent(&self) -> bool {
        self.streamed.is_empty() && self.stated.is_none()
    }

    /// `arguments.done`. What ends the call is its item, which may say better:
    /// some servers send nothing here, or an empty object.
    pub(super) fn state(&mut self, arguments: &str) {
        if !arguments.trim().is_empty() {
            self.stated = Some(arguments.to_owned());
        }
    }

    /// Whether `arguments.done` stated an object.
    pub(super) fn is_stated(&self) -> bool {
        self.stated.as_deref().and_then(object).is_some()
    }

    pub(super) fn piece(
        &mut self,
        slot: Slot,
        piece: &str,
        edges: Edges,
        out: &mut VecDeque<Delta>,
    ) {
        if self.ended {
            if self.was_told(piece) {
                self.streamed.push_str(piece);
            }
            return;
        }
        let piece = self.half.join(piece, edges);
        self.streamed.push_str(&piece);
        self.give(slot, out);
    }

    /// Whether it ended with this piece in its arguments, before the piece came.
    pub(super) fn was_told(&self, piece: &str) -> bool {
        let rest = self.whole.strip_prefix(&self.streamed);
        !piece.is_empty() && rest.is_some_and(|rest| rest.starts_with(piece))
    }

    /// Whether these are pieces of a call that nobody named.
    pub(super) fn is_nameless(&self) -> bool {
        self.name.is_none() && !self.started && !self.ended
    }

    /// Whether the pieces of `late` may be of this call, which ended with them.
    pub(super) fn has_told(&self, late: &Self) -> bool {
        self.ended && self.whole.contains(late.streamed.trim())
    }

    /// Whether `item` states other arguments than this ended with.
    pub(super) fn differs(&self, item: &wire::Object) -> bool {
        let stated = arguments(item).and_then(|stated| object(&stated));
        stated.is_some_and(|stated| !stated.is_empty() && object(&self.whole) != Some(stated))
    }

    /// Takes note of a piece that was read in place; `false`: it cannot be.
    #[inline]
    pub(super) fn note(&mut self, piece: &str) -> bool {
        if self.ended || self.half.waits() || self.given < self.streamed.len() {
            return false;
        }
        self.streamed.push_str(piece);
        self.given = self.streamed.len();
        true
    }

    pub(super) fn start(&mut self, slot: Slot, id: Option<&str>, out: &mut VecDeque<Delta>) {
        if self.started {
            return;
        }
        self.started = true;
        // A call without its own id is tied to its result by its item id.
        let call_id = self.call_id.as_deref().or(id).unwrap_or_default();
        let name = self.name.clone().unwrap_or_default();
        let mut start = ToolCallStart::new(slot, CallId::new(call_id), name);
        start.id = id.map(ItemId::from);
        out.push_back(Delta::ToolCallStart(start));
        self.give(slot, out);
    }

    /// The call is whole: `restated` is what its item says of its arguments, the
    /// best witness first.
    ///
    /// Arguments are a JSON object or nothing. Where what was said last is no
    /// object and something else that was said is one, that is meant; where nothing
    /// is, the call does not end: to an agent it would look like one to run.
    /// Returns how often the witnesses contradict each other.
    pub(super) fn end(
        &mut self,
        slot: Slot,
        restated: &[Option<&str>],
        out: &mut VecDeque<Delta>,
    ) -> u32 {
        if self.ended {
            return 0;
        }
        self.ended = true;
        if let Some(lost) = self.half.lose() {
            self.streamed.push_str(lost);
            self.give(slot, out);
        }
        let stated = self.stated.take();
        let own = restated.first().copied().flatten();
        let rest = restated.iter().skip(1).copied().flatten();
        let said: Vec<&str> = own
            .into_iter()
            .chain(stated.as_deref())
            .chain(rest)
            .filter(|arguments| !arguments.trim().is_empty())
            .collect();
        let objects: Vec<(&str, Map<String, Value>)> =
            said.iter().filter_map(|said| Some((*said, object(said)?))).collect();
        let filled = objects.iter().find(|(_, object)| !object.is_empty());
        if let Some((whole, meant)) = filled.or(objects.first()) {
            let differ =
                |(_, other): &&(&str, Map<String, Value>)| !other.is_empty() && other != meant;
            let streamed = object(&self.streamed).map(|streamed| ("", streamed));
            let all = objects.iter().chain(&streamed);
            let contradictions = all.filter(differ).count() + said.len() - objects.len();
            let whole = (*whole).to_owned();
            self.whole.clone_from(&whole);
            out.push_back(Delta::ToolCallEnd(ToolCallEnd::new(slot, Some(whole))));
            return u32::try_from(contradictions).unwrap_or(u32::MAX);
        }
        let contradictions = u32::try_from(said.len()).unwrap_or(u32::MAX);
        let is_empty = self.streamed.trim().is_empty() && said.is_empty();
        self.whole.clone_from(&self.streamed);
        if is_empty || object(&self.streamed).is_some() {
            out.push_back(Delta::ToolCallEnd(ToolCallEnd::new(slot, None)));
            return contradictions;
        }
        // What there is of it is told all the same.
        self.is_broken = true;
        if let Some(whole) = said.iter().find(|whole| whole.starts_with(&self.streamed)) {
            self.streamed = (*whole).to_owned();
            self.give(slot, out);
        }
        0
    }

    /// Gives out what was not.
    fn give(&mut self, slot: Slot, out: &mut VecDeque<Delta>) {
        let rest = self.streamed.get(self.given..).unwrap_or_default();
        if self.started && !rest.is_empty() {
            out.push_back(Delta::ToolCallArguments(ToolCallArguments::new(slot, rest)));
            self.given = self.streamed.len();
        }
    }
}

/// The text of an `arguments` field: text, or JSON where the API wants its text. What
/// is neither text nor an object makes a broken call, not one without arguments.
pub(super) fn arguments(item: &wire::Object) -> Option<Cow<'_, str>> {
    match item.get("arguments")? {
        Value::String(arguments) => Some(arguments.into()),
        Value::Null => None,
        json => Some(json.to_string().into()),
    }
}

fn object(arguments: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(arguments).ok()
}

/// A function's name without the tokens of harmony that vLLM once left on it
/// (`get_weather<|channel|>commentary`). No function is called so.
fn function_name(name: &str) -> String {
    let own = name.split("<|").next().filter(|own| !own.is_empty());
    own.unwrap_or(name).to_owned()
}
