//! Tool calls come whole, or not at all.
//!
//! Half a tool call is worth nothing, and an agent that runs one does harm: a
//! call is held until its arguments are complete and are a JSON object.

use std::collections::{BTreeMap, HashSet, VecDeque};

use oc_responses_stream::{
    CallId, Delta, ExtraDelta, FinishReason, Slot, ToolCallArguments, ToolCallEnd, ToolCallStart,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::call_ids::CallIds;
use crate::entities;
use crate::weight::delta_weight;

/// What was wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrokenCall {
    /// Its arguments are no JSON object, or two different ones.
    NoObject,
    /// Its arguments are nested deeper than a client can hand them back.
    TooDeep,
    /// It does not say what is called.
    Nameless,
    /// More was to be held than is allowed.
    Oversized,
}

/// How many objects and arrays may be in each other in a call's arguments. Bodies
/// are read to 127 of them, and a Messages client hands arguments back five deep.
const DEEPEST: usize = 122;

/// Holds tool calls back and gives each out in one run: start, arguments, end.
///
/// Pure: push a delta, take what comes of it. A call whose arguments are no
/// JSON object stops everything until the answer's end shows what it was: cut
/// by the token limit (the call is dropped, the answer is incomplete) or the
/// model's fault ([`BrokenCall`]). So does a call that was streamed as one object
/// and restated as another: nobody can tell which one the model meant, and an
/// agent would run it.
///
/// Every call leaves with an id of its own: a result could not say which call it
/// answers where a server sent none, or one twice.
#[derive(Debug)]
pub(crate) struct WholeCalls {
    /// The most bytes that open calls may hold together.
    limit: usize,
    held: usize,
    open: BTreeMap<Slot, Call>,
    ids: HashSet<CallId>,
    /// Ids for calls that have none.
    made: CallIds,
    broken: Option<BrokenCall>,
    /// Arguments hold HTML entities in their texts.
    decodes_html: bool,
    ready: VecDeque<Result<Delta, BrokenCall>>,
}

#[derive(Debug)]
struct Call {
    start: ToolCallStart,
    arguments: String,
    /// Fields that nobody here knows: they go with the call.
    extra: Option<ExtraDelta>,
}

impl WholeCalls {
    /// Calls that hold at most `limit` bytes while they are open.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            held: 0,
            open: BTreeMap::new(),
            ids: HashSet::new(),
            made: CallIds::default(),
            broken: None,
            decodes_html: false,
            ready: VecDeque::new(),
        }
    }

    /// The same where calls without an id get one of these, if the answer tells
    /// nothing of itself.
    pub(crate) fn naming(mut self, ids: CallIds) -> Self {
        self.made = ids;
        self
    }

    /// The same for arguments whose texts hold HTML entities, or not.
    pub(crate) fn decoding_html(mut self, decodes: bool) -> Self {
        self.decodes_html = decodes;
        self
    }

    pub(crate) fn push(&mut self, delta: Delta) {
        if let Delta::Started(started) = &delta {
            self.made = CallIds::of(started).unwrap_or(self.made);
        }
        match delta {
            Delta::ToolCallStart(mut start) => {
                self.tell_apart(&mut start);
                let names = start.name.len().saturating_add(start.call_id.as_str().len());
                self.hold(size_of::<Call>().saturating_add(names));
                self.open.insert(start.slot, Call { start, arguments: String::new(), extra: None });
            }
            Delta::ToolCallArguments(piece) => {
                if let Some(call) = self.open.get_mut(&piece.slot) {
                    call.arguments.push_str(&piece.text);
                    self.hold(piece.text.len());
                }
            }
            Delta::ToolCallEnd(end) => self.end(end),
            Delta::Extra(extra) if self.open.contains_key(&extra.slot) => {
                self.hold(delta_weight(&Delta::Extra(extra.clone())));
                if let Some(call) = self.open.get_mut(&extra.slot) {
                    match &mut call.extra {
                        Some(known) => known.fields.extend(extra.fields),
                        none => *none = Some(extra),
                    }
                }
            }
            Delta::Finish(finish) => {
                // What a limit or a filter cut is no fault of the model's.
                let cut = matches!(
                    finish.reason,
                    FinishReason::Length | FinishReason::ContentFilter | FinishReason::Refusal
                );
                for slot in self.open.keys().copied().collect::<Vec<_>>() {
                    self.end(ToolCallEnd::new(slot, None));
                }
                self.ready.push_back(match self.broken {
                    Some(fault) if !cut => Err(fault),
                    _ => Ok(Delta::Finish(finish)),
                });
            }
            Delta::Usage(_) | Delta::Error(_) | Delta::Alive | Delta::Progress(_) => {
                self.ready.push_back(Ok(delta));
            }
            // An end for a call that was not given out is of no use to anyone.
            Delta::ItemEnd(end) if self.broken.is_some() || self.open.contains_key(&end.slot) => {}
            _ if self.broken.is_some() => {}
            other => self.ready.push_back(Ok(other)),
        }
    }

    pub(crate) fn next(&mut self) -> Option<Result<Delta, BrokenCall>> {
        self.ready.pop_front()
    }

    fn tell_apart(&mut self, start: &mut ToolCallStart) {
        let slot = start.slot.0;
        if start.call_id.as_str().is_empty() {
            start.call_id = CallId::new(self.made.id(start.slot));
        }
        if !self.ids.insert(start.call_id.clone()) {
            start.call_id = CallId::new(format!("{}_{slot}", start.call_id));
            self.ids.insert(start.call_id.clone());
        }
    }

    fn hold(&mut self, bytes: usize) {
        self.held = self.held.saturating_add(bytes);
        if self.held > self.limit {
            self.ready.push_back(Err(BrokenCall::Oversized));
        }
    }

    fn end(&mut self, end: ToolCallEnd) {
        let Some(call) = self.open.remove(&end.slot) else { return };
        if self.open.is_empty() {
            self.held = 0;
        }
        let contradicts = end.arguments.as_deref().is_some_and(|whole| {
            object(&call.arguments).is_some_and(|streamed| {
                !streamed.is_empty() && object(whole).is_some_and(|whole| whole != streamed)
            })
        });
        let arguments = end.arguments.unwrap_or(call.arguments);
        // `null` is what some models write for nothing.
        let arguments =
            if matches!(arguments.trim(), "" | "null") { "{}".to_owned() } else { arguments };
        let fault = if call.start.name.is_empty() {
            Some(BrokenCall::Nameless)
        } else if contradicts || !is_object(&arguments) {
            Some(BrokenCall::NoObject)
        } else {
            (depth(&arguments) > DEEPEST).then_some(BrokenCall::TooDeep)
        };
        self.broken = self.broken.or(fault);
        if self.broken.is_some() {
            return;
        }
        let arguments = if self.decodes_html { entities::decoded(&arguments) } else { arguments };
        self.ready.extend([
            Ok(Delta::ToolCallStart(call.start)),
            Ok(Delta::ToolCallArguments(ToolCallArguments::new(end.slot, arguments))),
        ]);
        self.ready.extend(call.extra.map(|extra| Ok(Delta::Extra(extra))));
        self.ready.push_back(Ok(Delta::ToolCallEnd(ToolCallEnd::new(end.slot, None))));
    }
}

/// Whether it is one, of whatever numbers: `1e400` is one to its maker.
fn is_object(arguments: &str) -> bool {
    arguments.trim_start().starts_with('{') && serde_json::from_str::<&RawValue>(arguments).is_ok()
}

/// How many objects and arrays of valid JSON are in each other.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn object(arguments: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(arguments).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use oc_responses_stream::{Finish, ItemEnd, ItemStatus, TextDelta};

    fn start(slot: u32) -> Delta {
        Delta::ToolCallStart(ToolCallStart::new(Slot(slot), format!("call_{slot}"), "f"))
    }

    fn piece(slot: u32, text: &str) -> Delta {
        Delta::ToolCallArguments(ToolCallArguments::new(Slot(slot), text))
    }

    fn end(slot: u32, whole: Option<&str>) -> Delta {
        Delta::ToolCallEnd(ToolCallEnd::new(Slot(slot), whole.map(str::to_owned)))
    }

    fn text(slot: u32) -> Delta {
        Delta::Text(TextDelta::new(Slot(slot), "t"))
    }

    fn finish(reason: FinishReason) -> Delta {
        Delta::Finish(Finish::new(reason))
    }

    fn run(deltas: impl IntoIterator<Item = Delta>) -> Vec<Result<Delta, BrokenCall>> {
        let mut calls = WholeCalls::new(1 << 20);
        deltas.into_iter().for_each(|delta| calls.push(delta));
        std::iter::from_fn(|| calls.next()).collect()
    }

    fn whole(slot: u32, arguments: &str) -> [Result<Delta, BrokenCall>; 3] {
        [Ok(start(slot)), Ok(piece(slot, arguments)), Ok(end(slot, None))]
    }

    #[test]
    fn a_call_comes_in_one_run_whatever_stood_between() {
        let out = run([
            start(0),
            piece(0, "{\"a\""),
            text(1),
            start(2),
            piece(0, ":1}"),
            piece(2, "{}"),
            end(2, None),
            end(0, None),
            finish(FinishReason::Stop),
        ]);
        let mut wanted = vec![Ok(text(1))];
        wanted.extend(whole(2, "{}"));
        wanted.extend(whole(0, "{\"a\":1}"));
        wanted.push(Ok(finish(FinishReason::Stop)));
        assert_eq!(out, wanted);
    }

    #[test]
    fn fields_that_nobody_knows_go_with_their_call() {
        let extra = |slot, key: &str| {
            let fields = Map::from_iter([(key.to_owned(), Value::from("v"))]);
            Delta::Extra(ExtraDelta::new(Slot(slot), fields))
        };
        let out =
            run([start(0), extra(0, "a"), piece(0, "{}"), text(1), extra(1, "c"), end(0, None)]);
        let mut wanted = vec![Ok(text(1)), Ok(extra(1, "c"))];
        wanted.extend(whole(0, "{}"));
        wanted.insert(4, Ok(extra(0, "a")));
        assert_eq!(out, wanted);
        assert_eq!(run([start(0), piece(0, "{"), extra(0, "a"), end(0, None)]), []);
    }

    #[test]
    fn every_call_has_an_id_of_its_own() {
        let start = |slot, id: &str| Delta::ToolCallStart(ToolCallStart::new(Slot(slot), id, "f"));
        let calls = [start(0, ""), start(1, "a"), start(2, "a"), start(3, ""), start(4, "call_3")];
        let out = run(calls.into_iter().chain([finish(FinishReason::Stop)]));
        let ids: Vec<String> = out
            .iter()
            .filter_map(|delta| match delta {
                Ok(Delta::ToolCallStart(start)) => Some(start.call_id.to_string()),
                _ => None,
            })
            .collect();
        assert_eq!(ids, ["call_00000000_0", "a", "a_2", "call_00000000_3", "call_3"]);
    }

    #[test]
    fn arguments_may_come_with_the_end_alone_or_not_at_all() {
        assert_eq!(run([start(0), end(0, Some("{\"a\":1}"))]), whole(0, "{\"a\":1}"));
        assert_eq!(run([start(0), end(0, None)]), whole(0, "{}"));
    }

    #[test]
    fn a_call_that_is_streamed_one_way_and_restated_another_fails_the_answer() {
        let out = |streamed, whole| {
            run([start(0), piece(0, streamed), end(0, Some(whole)), finish(FinishReason::Stop)])
        };
        assert_eq!(out("{\"rm\":1}", "{\"rm\":2}"), [Err(BrokenCall::NoObject)]);
        // Other white space, a placeholder, half an object: what is restated counts.
        for (streamed, whole) in
            [("{\"a\":1}", "{ \"a\": 1 }"), ("{}", "{\"a\":1}"), ("{\"a\"", "{\"a\":1}")]
        {
            assert_eq!(out(streamed, whole).len(), 4, "{streamed}");
        }
    }

    #[test]
    fn a_call_that_was_never_ended_is_judged_at_the_finish() {
        let mut wanted = whole(0, "{}").to_vec();
        wanted.push(Ok(finish(FinishReason::Stop)));
        assert_eq!(run([start(0), piece(0, "{}"), finish(FinishReason::Stop)]), wanted);
    }

    #[test]
    fn arguments_that_are_no_object_fail_the_answer() {
        for arguments in ["{\"a\":", "[1]", "7", "\"x\"", "nul", "{}{}"] {
            let out = run([
                start(0),
                piece(0, arguments),
                end(0, None),
                Delta::ItemEnd(ItemEnd::new(Slot(0), ItemStatus::Completed)),
                start(1),
                end(1, None),
                text(2),
                finish(FinishReason::ToolCalls),
            ]);
            assert_eq!(out, [Err(BrokenCall::NoObject)], "{arguments}");
        }
    }

    /// A Messages client was given the call with `_raw` for its arguments.
    #[test]
    fn arguments_nested_too_deep_fail_the_answer() {
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
            format!(r#"{{"[\"[":"[[","a":{open}{close},"b":{{}}}}"#)
        };
        let call = |depth| {
            let arguments = nested(depth);
            run([start(0), piece(0, &arguments), end(0, None), finish(FinishReason::ToolCalls)])
        };
        assert_eq!(call(DEEPEST)[..3], whole(0, &nested(DEEPEST)));
        assert_eq!(call(DEEPEST + 1), [Err(BrokenCall::TooDeep)]);
    }

    #[test]
    fn a_call_without_a_name_was_said_to_have_bad_arguments() {
        let nameless = Delta::ToolCallStart(ToolCallStart::new(Slot(0), "a", ""));
        let out = run([nameless, piece(0, "{}"), end(0, None), finish(FinishReason::ToolCalls)]);
        assert_eq!(out, [Err(BrokenCall::Nameless)]);
    }

    /// As JSON it was none, as text it was a bad call; and numbers that no
    /// machine holds are their maker's.
    #[test]
    fn arguments_of_null_are_none_and_great_numbers_are_left_alone() {
        assert_eq!(run([start(0), piece(0, "null"), end(0, None)]), whole(0, "{}"));
        let great = r#"{"n":12345678901234567890123,"e":1e400}"#;
        assert_eq!(run([start(0), piece(0, great), end(0, None)]), whole(0, great));
    }

    #[test]
    fn ninety_megabytes_of_arguments_were_held() {
        let mut calls = WholeCalls::new(1000);
        calls.push(start(0));
        for _ in 0..100 {
            calls.push(piece(0, "0123456789"));
        }
        assert_eq!(calls.next(), Some(Err(BrokenCall::Oversized)));
        // What was given out is held no more.
        let mut calls = WholeCalls::new(1000);
        for slot in 0..100 {
            calls.push(start(slot));
            calls.push(piece(slot, "{\"a\":\"0123456789\"}"));
            calls.push(end(slot, None));
        }
        assert!(std::iter::from_fn(|| calls.next()).all(|delta| delta.is_ok()));
    }

    #[test]
    fn a_call_cut_by_the_token_limit_or_a_filter_is_dropped() {
        use FinishReason::{ContentFilter, Length, Refusal};
        for reason in [Length, ContentFilter, Refusal] {
            for end in [Some(end(0, None)), None] {
                let cut = [start(0), piece(0, "{\"a\":")].into_iter().chain(end);
                let out = run(cut.chain([finish(reason.clone())]));
                assert_eq!(out, [Ok(finish(reason.clone()))]);
            }
        }
    }
}
