//! A call that came in its own field and, once more, as markup in the text.
//!
//! Some servers parse a call and leave what they parsed in the text. An agent that
//! is given both runs the tool twice.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use oc_responses_stream::{Delta, Slot};
use serde_json::Value;

use crate::markup::{self, ToolCallParser};

/// Tells each call once.
///
/// Pure: push a delta, take what comes of it. Takes calls that are whole. Of a call
/// and its like in markup the first is told. Two of one kind are two calls: a model
/// may well call a tool twice. Markup that no setting names is told never; where no
/// call like it came, the answer ends in the error that it is.
#[derive(Debug, Default)]
pub(crate) struct ToldOnce {
    /// The call that is read, with what stood between its start and its end.
    open: Option<(Slot, Vec<Delta>)>,
    /// Calls that have no like yet, and how many of each.
    native: HashMap<u64, u32>,
    written: HashMap<u64, u32>,
    /// Markup that no setting names and that has no like yet, and the setting that
    /// would read it.
    unread: Vec<(u64, ToolCallParser)>,
    /// Calls that were told before: nobody is told of their ends.
    left_out: BTreeSet<Slot>,
    over: bool,
    ready: VecDeque<Delta>,
}

/// Where a call stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stood {
    /// In its own field.
    InItsField,
    /// In the text, in the grammar that the profile names.
    InText,
    /// In the text, in this grammar, which it does not name.
    Unread(ToolCallParser),
}

impl ToldOnce {
    /// Takes one delta. Where a call stood is asked at its end.
    pub(crate) fn push(&mut self, delta: Delta, stood: impl FnOnce(Slot) -> Stood) {
        if self.over {
            return;
        }
        match delta {
            Delta::ToolCallStart(start) => {
                self.open = Some((start.slot, vec![Delta::ToolCallStart(start)]));
            }
            Delta::ToolCallEnd(end) => {
                let Some((slot, mut run)) = self.open.take() else { return };
                run.push(Delta::ToolCallEnd(end));
                if self.is_new(&run, stood(slot)) {
                    self.ready.extend(run);
                } else {
                    self.left_out.insert(slot);
                }
            }
            Delta::ItemEnd(end) if self.left_out.contains(&end.slot) => {}
            Delta::Finish(_) if !self.unread.is_empty() => self.give_up(),
            // What is said behind it would commit to an answer that is none.
            Delta::Text(text) if !self.unread.is_empty() && !text.text.trim().is_empty() => {
                self.give_up();
            }
            other => match &mut self.open {
                Some((_, run)) => run.push(other),
                None => self.ready.push_back(other),
            },
        }
    }

    pub(crate) fn next(&mut self) -> Option<Delta> {
        self.ready.pop_front()
    }

    fn is_new(&mut self, run: &[Delta], stood: Stood) -> bool {
        let call = said(run);
        match stood {
            Stood::InItsField => {
                if let Some(at) = self.unread.iter().position(|(like, _)| *like == call) {
                    self.unread.remove(at);
                    return true;
                }
                !take(&mut self.written, call) && count(&mut self.native, call)
            }
            Stood::InText => !take(&mut self.native, call) && count(&mut self.written, call),
            Stood::Unread(parser) => {
                if !take(&mut self.native, call) {
                    self.unread.push((call, parser));
                }
                false
            }
        }
    }

    fn give_up(&mut self) {
        if let Some((_, parser)) = self.unread.first() {
            self.over = true;
            self.ready.push_back(Delta::Error(markup::as_text(*parser)));
        }
    }
}

/// One more of this call. (True, for it is new.)
fn count(calls: &mut HashMap<u64, u32>, call: u64) -> bool {
    let number = calls.entry(call).or_default();
    *number = number.saturating_add(1);
    true
}

/// Takes one of this call, if there is one.
fn take(calls: &mut HashMap<u64, u32>, call: u64) -> bool {
    let Some(number) = calls.get_mut(&call) else { return false };
    *number = number.saturating_sub(1);
    if *number == 0 {
        calls.remove(&call);
    }
    true
}

/// What is called, and with what, however it is written: a mark of it, for the
/// arguments themselves may be large.
fn said(run: &[Delta]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for delta in run {
        match delta {
            Delta::ToolCallStart(start) => start.name.hash(&mut hasher),
            Delta::ToolCallArguments(piece) => match serde_json::from_str::<Value>(&piece.text) {
                Ok(arguments) => arguments.hash(&mut hasher),
                // Numbers that no machine holds.
                Err(_) => piece.text.hash(&mut hasher),
            },
            _ => {}
        }
    }
    hasher.finish()
}
