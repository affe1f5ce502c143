//! Which result answers which call, by place.
//!
//! Ids alone do not tell: servers without ids, or that count from 0 in every
//! answer, give one id to calls of several turns. A result belongs to the
//! nearest earlier turn that has an unanswered call of its id; of several there
//! the first takes the first. A result that stands before its call is its own
//! only where nothing else has the id. Custom tools' calls and results count.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};

use oc_responses_stream::{FunctionCallOutput, Item, Role};
use serde_json::Value;

use super::openai_responses;
use super::tool_ids::{IdForm, ToolIds};

/// The calls and results of one conversation.
#[derive(Debug)]
pub(super) struct Pairs<'a> {
    input: &'a [Item],
    /// Each call's id as the host gets it, no two the same.
    ids: HashMap<usize, String>,
    /// The places of results, by that of their call; and the other way round.
    results: HashMap<usize, usize>,
    calls: HashMap<usize, usize>,
    unasked: BTreeSet<usize>,
}

/// What stands before the pictures of a tool's result, where they cannot stand
/// in it: two tools' pictures could not be told apart.
pub(super) fn pictures_of(name: &str, id: &str) -> String {
    format!("Pictures from the result of {name} ({id}):")
}

/// What stands in the result itself, where there was nothing else in it.
pub(super) const PICTURES_FOLLOW: &str = "(The pictures of this result follow.)";

/// Unanswered calls of one id, turn by turn.
#[derive(Debug, Default)]
struct Waiting {
    turns: Vec<(usize, VecDeque<usize>)>,
    calls: usize,
    results: usize,
}

impl<'a> Pairs<'a> {
    /// Those of `input`, whose calls get ids of this form.
    pub(super) fn of(input: &'a [Item], form: IdForm) -> Self {
        let mut pairs = Self {
            input,
            ids: HashMap::new(),
            results: HashMap::new(),
            calls: HashMap::new(),
            unasked: BTreeSet::new(),
        };
        let mut ids = ToolIds::new(form);
        let mut waiting: HashMap<&str, Waiting> = HashMap::new();
        let (mut turn, mut others_spoke) = (0, false);
        for (at, item) in input.iter().enumerate() {
            match step(item) {
                Some(Step::Call(id)) => {
                    turn += usize::from(std::mem::take(&mut others_spoke));
                    pairs.ids.insert(at, ids.next(id));
                    waiting.entry(id).or_default().call(turn, at);
                }
                Some(Step::Result(id)) => {
                    others_spoke = true;
                    match waiting.entry(id).or_default().result() {
                        Some(call) => pairs.pair(call, at),
                        None => {
                            pairs.unasked.insert(at);
                        }
                    }
                }
                None if matches!(item, Item::Message(said) if said.role != Role::Assistant) => {
                    others_spoke = true;
                }
                None => {}
            }
        }
        pairs.pair_what_came_early(&mut waiting);
        pairs
    }

    /// The id, at the host, of the call at this place.
    pub(super) fn id(&self, call: usize) -> &str {
        self.ids.get(&call).map(String::as_str).unwrap_or_default()
    }

    /// Whether the call at this place has a result.
    pub(super) fn is_answered(&self, call: usize) -> bool {
        self.results.contains_key(&call)
    }

    /// The result of the call at this place.
    pub(super) fn result_of(&self, call: usize) -> Option<Cow<'a, FunctionCallOutput>> {
        match self.input.get(*self.results.get(&call)?)? {
            Item::FunctionCallOutput(result) => Some(Cow::Borrowed(result)),
            Item::Other(custom) => {
                let mut json = custom.json.clone();
                json.insert("type".into(), "function_call_output".into());
                match openai_responses::decode_item(&Value::Object(json))? {
                    Item::FunctionCallOutput(result) => Some(Cow::Owned(result)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What is called by the call that the result at this place answers.
    pub(super) fn asked_of(&self, result: usize) -> &'a str {
        match self.calls.get(&result).and_then(|call| self.input.get(*call)) {
            Some(Item::FunctionCall(call)) => &call.name,
            _ => "the tool",
        }
    }

    /// The id, at the host, of the call that the result at this place answers;
    /// `None`: nothing asked for it.
    pub(super) fn asked_by(&self, result: usize) -> Option<&str> {
        self.calls.get(&result).map(|call| self.id(*call))
    }

    /// The ids of results that nothing asked for, in their order.
    pub(super) fn unasked(&self) -> impl Iterator<Item = &'a str> {
        self.unasked.iter().filter_map(|at| match step(self.input.get(*at)?)? {
            Step::Result(id) | Step::Call(id) => Some(id),
        })
    }

    fn pair(&mut self, call: usize, result: usize) {
        self.results.insert(call, result);
        self.calls.insert(result, call);
    }

    fn pair_what_came_early(&mut self, waiting: &mut HashMap<&str, Waiting>) {
        for at in self.unasked.clone() {
            let Some(Step::Result(id)) = self.input.get(at).and_then(step) else { continue };
            let Some(of_id) = waiting.get_mut(id) else { continue };
            if of_id.calls == 1
                && of_id.results == 1
                && let Some(call) = of_id.take()
            {
                self.pair(call, at);
                self.unasked.remove(&at);
            }
        }
    }
}

/// A call or a result, by its id.
enum Step<'a> {
    Call(&'a str),
    Result(&'a str),
}

fn step(item: &Item) -> Option<Step<'_>> {
    match item {
        Item::FunctionCall(call) => Some(Step::Call(call.call_id.as_str())),
        Item::FunctionCallOutput(result) => Some(Step::Result(result.call_id.as_str())),
        Item::Other(other) => {
            let id = other.json.get("call_id").and_then(Value::as_str)?;
            match other.item_type() {
                "custom_tool_call" => Some(Step::Call(id)),
                "custom_tool_call_output" => Some(Step::Result(id)),
                _ => None,
            }
        }
        _ => None,
    }
}

impl Waiting {
    fn call(&mut self, turn: usize, at: usize) {
        self.calls += 1;
        match self.turns.last_mut() {
            Some((last, calls)) if *last == turn => calls.push_back(at),
            _ => self.turns.push((turn, VecDeque::from([at]))),
        }
    }

    fn result(&mut self) -> Option<usize> {
        self.results += 1;
        self.take()
    }

    /// The first call of the last turn that has one.
    fn take(&mut self) -> Option<usize> {
        let (_, calls) = self.turns.last_mut()?;
        let call = calls.pop_front();
        if calls.is_empty() {
            self.turns.pop();
        }
        call
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use oc_responses_stream::{FunctionCall, Message};

    const ANY: IdForm = IdForm::UpTo { longest: 64, allows: |_| true };

    fn call(id: &str) -> Item {
        Item::FunctionCall(FunctionCall::new(id, "f", "{}"))
    }

    fn result(id: &str) -> Item {
        Item::FunctionCallOutput(FunctionCallOutput::new(id, Vec::new()))
    }

    fn said(role: Role) -> Item {
        Item::Message(Message::text(role, "t"))
    }

    #[test]
    fn a_result_belongs_to_the_nearest_earlier_turn_with_an_unanswered_call_of_its_id() {
        let user = || said(Role::User);
        for (input, pairs, unasked) in [
            (vec![call("a"), result("a")], vec![(0, 1)], vec![]),
            (vec![call("a"), call("b"), result("b"), result("a")], vec![(0, 3), (1, 2)], vec![]),
            // A turn that was broken off, and the next, whose server counts anew: the first
            // call was once given the second's result.
            (vec![call("a"), user(), call("a"), result("a")], vec![(2, 3)], vec![]),
            (
                vec![call("a"), user(), call("a"), result("a"), result("a")],
                vec![(0, 4), (2, 3)],
                vec![],
            ),
            (vec![call("a"), result("a"), call("a"), result("a")], vec![(0, 1), (2, 3)], vec![]),
            (vec![call("a"), result("a"), call("a")], vec![(0, 1)], vec![]),
            // Side by side: in their order, whatever the model said between them.
            (
                vec![call("a"), said(Role::Assistant), call("a"), result("a"), result("a")],
                vec![(0, 3), (2, 4)],
                vec![],
            ),
            (vec![result("x"), call("a"), result("a"), result("a")], vec![(1, 2)], vec![0, 3]),
            // Before its call, where there is no doubt.
            (vec![result("a"), call("a")], vec![(1, 0)], vec![]),
            (vec![result("a"), call("a"), user(), call("a")], vec![], vec![0]),
            (vec![result("a"), user(), call("a"), result("a")], vec![(2, 3)], vec![0]),
        ] {
            let found = Pairs::of(&input, ANY);
            let mut paired: Vec<(usize, usize)> = found.results.clone().into_iter().collect();
            paired.sort_unstable();
            assert_eq!(
                (paired, Vec::from_iter(found.unasked.clone())),
                (pairs, unasked),
                "{input:?}"
            );
        }
    }

    #[test]
    fn a_result_goes_by_the_id_that_its_call_goes_by() {
        let input =
            [call("call_0"), said(Role::User), call("call_0"), result("call_0"), result("b")];
        let pairs = Pairs::of(&input, ANY);
        assert_eq!((pairs.id(0), pairs.id(2)), ("call_0", "call_0_2"));
        assert_eq!((pairs.asked_by(3), pairs.asked_by(4)), (Some("call_0_2"), None));
        assert!(pairs.result_of(0).is_none() && pairs.result_of(2).is_some());
        assert_eq!(Vec::from_iter(pairs.unasked()), ["b"]);
    }
}
