//! Frames that wait until what they say has come out of the pipeline.
//!
//! A frame comes before the deltas that it means. In between stand the
//! splitter, which takes reasoning out of text and holds back what may be half
//! a tag, and whatever else judges deltas; calls come when they are whole. A
//! frame may pass when exactly what it says has come, and not before.

use std::collections::{BTreeMap, VecDeque};

use oc_responses_stream::{Delta, Slot, ToolCallArguments, ToolCallEnd, WireFrame, sse};

/// Frames in the order of the wire.
#[derive(Debug, Default)]
pub(super) struct Queue {
    frames: VecDeque<Waiting>,
    bytes: usize,
    /// What the frames call the item of a call that came: items are renumbered
    /// on their way.
    calls: BTreeMap<Slot, Slot>,
}

/// A frame, and what has come of what it says.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) frame: sse::Frame,
    /// What is still to come.
    said: VecDeque<Delta>,
    /// What came, as it came.
    pub(super) came: Vec<Delta>,
    /// It says nothing before something else follows.
    pub(super) waits: bool,
}

impl Queue {
    pub(super) fn push(&mut self, frame: &WireFrame, waits: bool) {
        let says_nothing = |delta: &&Delta| match delta {
            Delta::Alive | Delta::Opened(_) | Delta::Progress(_) => true,
            other => text_of(other).is_some_and(|text| text.is_empty()),
        };
        let said = frame.says.iter().filter(|delta| !says_nothing(delta)).cloned().collect();
        self.bytes = self.bytes.saturating_add(frame.frame.data().len());
        self.frames.push_back(Waiting {
            frame: frame.frame.clone(),
            said,
            came: Vec::new(),
            waits,
        });
    }

    /// How many frames wait.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// The bytes of the frames that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The frames from the front on, all of what they say having come.
    pub(super) fn complete(&self) -> impl Iterator<Item = &Waiting> {
        self.frames.iter().take_while(|waiting| waiting.said.is_empty())
    }

    /// Takes the first frame.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let first = self.frames.pop_front()?;
        self.bytes = self.bytes.saturating_sub(first.frame.data().len());
        Some(first)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes in what came next; `false`: it is not what the frames say.
    #[must_use]
    pub(super) fn take(&mut self, delta: &Delta) -> bool {
        match delta {
            Delta::ToolCallStart(start) => {
                let is_it = |said: &Delta| {
                    matches!(said, Delta::ToolCallStart(said)
                        if said.call_id == start.call_id && said.name == start.name)
                };
                let Some((waiting, said)) = self.find(is_it) else { return false };
                waiting.came.push(delta.clone());
                if let Delta::ToolCallStart(said) = said {
                    self.calls.insert(start.slot, said.slot);
                }
                true
            }
            Delta::ToolCallArguments(whole) => self.arguments(whole),
            Delta::ToolCallEnd(end) => self.end(end),
            Delta::Extra(extra) => {
                let is_it = |said: &Delta| {
                    matches!(said, Delta::Extra(said)
                        if (said.part, &said.fields) == (extra.part, &extra.fields))
                };
                let Some((waiting, _)) = self.find(is_it) else { return false };
                waiting.came.push(delta.clone());
                true
            }
            _ if text_of(delta).is_some() => self.text(delta),
            _ => {
                let Some(waiting) = self.next_in_order() else { return false };
                let same = |said: &Delta| match (said, delta) {
                    (Delta::Finish(said), Delta::Finish(came)) => said == came,
                    (Delta::ItemEnd(said), Delta::ItemEnd(came)) => said.status == came.status,
                    _ => std::mem::discriminant(said) == std::mem::discriminant(delta),
                };
                let Some(at) = waiting.said.iter().position(in_order) else { return false };
                if !waiting.said.get(at).is_some_and(same) {
                    return false;
                }
                waiting.said.remove(at);
                waiting.came.push(delta.clone());
                true
            }
        }
    }

    /// A call comes with its arguments in one piece.
    fn arguments(&mut self, whole: &ToolCallArguments) -> bool {
        let Some(&slot) = self.calls.get(&whole.slot) else { return false };
        let mut said = String::new();
        let mut first = None;
        for (number, waiting) in self.frames.iter_mut().enumerate() {
            waiting.said.retain(|delta| match delta {
                Delta::ToolCallArguments(piece) if piece.slot == slot => {
                    said.push_str(&piece.text);
                    first = first.or(Some(number));
                    false
                }
                _ => true,
            });
        }
        // No arguments are an empty object, and no frame says so: it comes with
        // the end, where who writes the call anew has to know of it.
        if said.trim().is_empty() && whole.text == "{}" {
            let ends = |said: &Delta| matches!(said, Delta::ToolCallEnd(end) if end.slot == slot);
            let frame = self.frames.iter_mut().find(|waiting| waiting.said.iter().any(ends));
            let Some(waiting) = frame else { return false };
            waiting.came.push(Delta::ToolCallArguments(whole.clone()));
            return true;
        }
        let frame = first.filter(|_| said == whole.text).and_then(|at| self.frames.get_mut(at));
        let Some(waiting) = frame else { return false };
        waiting.came.push(Delta::ToolCallArguments(whole.clone()));
        true
    }

    fn end(&mut self, end: &ToolCallEnd) -> bool {
        let Some(slot) = self.calls.remove(&end.slot) else { return false };
        let is_it = |said: &Delta| matches!(said, Delta::ToolCallEnd(said) if said.slot == slot);
        let Some((waiting, _)) = self.find(is_it) else { return false };
        waiting.came.push(Delta::ToolCallEnd(end.clone()));
        true
    }

    /// Text comes cut as it likes.
    fn text(&mut self, delta: &Delta) -> bool {
        let mut rest = text_of(delta).unwrap_or_default();
        while !rest.is_empty() {
            let Some(waiting) = self.next_in_order() else { return false };
            let Some(at) = waiting.said.iter().position(in_order) else { return false };
            let Some(said) = waiting.said.get_mut(at).filter(|said| alike(said, delta)) else {
                return false;
            };
            let Some(text) = text_mut(said) else { return false };
            let piece = if let Some(left) = text.strip_prefix(rest) {
                let piece = rest;
                rest = "";
                *text = left.to_owned();
                piece
            } else if let Some(left) = rest.strip_prefix(text.as_str()) {
                let piece = rest.get(..text.len()).unwrap_or_default();
                rest = left;
                text.clear();
                piece
            } else {
                return false;
            };
            if text.is_empty() {
                waiting.said.remove(at);
            }
            let mut came = delta.clone();
            if let Some(text) = text_mut(&mut came) {
                *text = piece.to_owned();
            }
            // They are of the whole, and told once.
            if let (Delta::Text(came), false) = (&mut came, rest.is_empty()) {
                came.logprobs = None;
            }
            waiting.came.push(came);
        }
        true
    }

    /// The frame that what comes next in order belongs to.
    fn next_in_order(&mut self) -> Option<&mut Waiting> {
        self.frames.iter_mut().find(|waiting| waiting.said.iter().any(in_order))
    }

    /// Takes the first said delta that `is_it` out of its frame.
    fn find(&mut self, is_it: impl Fn(&Delta) -> bool) -> Option<(&mut Waiting, Delta)> {
        self.frames.iter_mut().find_map(|waiting| {
            let at = waiting.said.iter().position(&is_it)?;
            let said = waiting.said.remove(at)?;
            Some((waiting, said))
        })
    }
}

/// Whether a delta comes in the order in which it was said. Calls come when
/// they are whole, and with them their fields.
fn in_order(delta: &Delta) -> bool {
    !matches!(
        delta,
        Delta::ToolCallStart(_)
            | Delta::ToolCallArguments(_)
            | Delta::ToolCallEnd(_)
            | Delta::Extra(_)
    )
}

fn text_of(delta: &Delta) -> Option<&str> {
    match delta {
        Delta::Text(delta) | Delta::Refusal(delta) => Some(&delta.text),
        Delta::Reasoning(delta) => Some(&delta.text),
        _ => None,
    }
}

fn text_mut(delta: &mut Delta) -> Option<&mut String> {
    match delta {
        Delta::Text(delta) | Delta::Refusal(delta) => Some(&mut delta.text),
        Delta::Reasoning(delta) => Some(&mut delta.text),
        _ => None,
    }
}

/// Whether two texts are of one kind and part, whatever they say.
fn alike(said: &Delta, came: &Delta) -> bool {
    match (said, came) {
        (Delta::Text(said), Delta::Text(came)) | (Delta::Refusal(said), Delta::Refusal(came)) => {
            (said.part, said.phase) == (came.part, came.phase)
        }
        (Delta::Reasoning(said), Delta::Reasoning(came)) => {
            (said.part, said.kind) == (came.part, came.kind)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use oc_responses_stream::{
        Finish, FinishReason, ReasoningDelta, Started, TextDelta, ToolCallStart,
    };

    use super::*;

    fn text(slot: u32, text: &str) -> Delta {
        Delta::Text(TextDelta::new(Slot(slot), text))
    }

    fn start(slot: u32, id: &str) -> Delta {
        Delta::ToolCallStart(ToolCallStart::new(Slot(slot), id, "f"))
    }

    fn piece(slot: u32, text: &str) -> Delta {
        Delta::ToolCallArguments(ToolCallArguments::new(Slot(slot), text))
    }

    fn end(slot: u32) -> Delta {
        Delta::ToolCallEnd(ToolCallEnd::new(Slot(slot), None))
    }

    fn queue(frames: &[&[Delta]]) -> Queue {
        let mut queue = Queue::default();
        for says in frames {
            let frame = sse::Frame::new(None, "{}");
            queue.push(&WireFrame::new("w", frame, says.to_vec()), false);
        }
        queue
    }

    fn complete(queue: &Queue) -> usize {
        queue.complete().count()
    }

    #[test]
    fn text_may_come_cut_otherwise_than_it_was_said() {
        let mut queue =
            queue(&[&[Delta::Started(Started::default()), text(0, "a<")], &[text(0, "bc")]]);
        assert_eq!(complete(&queue), 0);
        assert!(queue.take(&Delta::Started(Started::default())));
        assert!(queue.take(&text(7, "a")));
        assert_eq!(complete(&queue), 0, "half a tag is held back");
        assert!(queue.take(&text(7, "<b")));
        assert_eq!(complete(&queue), 1);
        assert!(queue.take(&text(7, "c")));
        assert_eq!(complete(&queue), 2);
        let first = queue.pop().unwrap();
        assert_eq!(first.came[1..], [text(7, "a"), text(7, "<")]);
    }

    #[test]
    fn what_was_not_said_is_a_deviation() {
        let reasoning = Delta::Reasoning(ReasoningDelta::raw(Slot(0), "a"));
        for came in [
            text(0, "b"),
            reasoning,
            end(0),
            start(0, "x"),
            Delta::Finish(Finish::new(FinishReason::Stop)),
        ] {
            assert!(!queue(&[&[text(0, "a")]]).take(&came), "{came:?}");
        }
        let said = [Delta::Finish(Finish::new(FinishReason::Stop))];
        assert!(!queue(&[&said]).take(&Delta::Finish(Finish::new(FinishReason::Length))));
        assert!(!Queue::default().take(&text(0, "a")));
    }

    #[test]
    fn calls_come_whole_and_the_frames_before_them_wait() {
        let mut queue = queue(&[
            &[start(0, "a"), start(1, "b")],
            &[piece(0, "{\"x\"")],
            &[piece(1, "{}")],
            &[text(2, "between")],
            &[piece(0, ":1}")],
            &[end(0), end(1)],
        ]);
        for came in [text(5, "between"), start(8, "b"), piece(8, "{}"), end(8)] {
            assert!(queue.take(&came));
            assert_eq!(complete(&queue), 0);
        }
        for came in [start(9, "a"), piece(9, "{\"x\":1}"), end(9)] {
            assert!(queue.take(&came));
        }
        assert_eq!(complete(&queue), 6);
    }

    #[test]
    fn arguments_that_were_mended_are_a_deviation() {
        let mut queue = queue(&[&[start(0, "a"), piece(0, "{ }"), end(0)]]);
        assert!(queue.take(&start(0, "a")));
        assert!(!queue.take(&piece(0, "{\"x\":1}")));
    }
}
