//! Calls and their results, told together.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use oc_responses_stream::Item;
use serde_json::{Value, json};

use crate::loss::Loss;

/// The longest id of a call that OpenAI's own host takes.
const LONGEST: usize = 64;

/// Which calls of an input lack a result, and which results a call, by place.
#[derive(Debug, Default)]
pub(super) struct Pairs<'a> {
    lacking: HashMap<usize, &'a str>,
    unasked: HashMap<usize, &'a str>,
}

impl<'a> Pairs<'a> {
    /// Those of `input`. Of several calls with one id the first takes the first
    /// result.
    pub(super) fn of(input: &'a [Item]) -> Self {
        let mut calls: HashMap<&str, VecDeque<usize>> = HashMap::new();
        for (at, item) in input.iter().enumerate() {
            if let Item::FunctionCall(call) = item {
                calls.entry(call.call_id.as_str()).or_default().push_back(at);
            }
        }
        let mut unasked = HashMap::new();
        for (at, item) in input.iter().enumerate() {
            let Item::FunctionCallOutput(result) = item else { continue };
            let id = result.call_id.as_str();
            if calls.get_mut(id).and_then(VecDeque::pop_front).is_none() {
                unasked.insert(at, id);
            }
        }
        let lacking = calls
            .into_iter()
            .flat_map(|(id, places)| places.into_iter().map(move |at| (at, id)))
            .collect();
        Self { lacking, unasked }
    }

    /// The id of the result at this place, if nothing asked for it.
    pub(super) fn is_unasked(&self, at: usize) -> Option<&'a str> {
        self.unasked.get(&at).copied()
    }

    /// What stands for the result of the call at this place, if it lacks one.
    pub(super) fn stand_in(&self, at: usize, losses: &mut Vec<Loss>) -> Option<Value> {
        let id = *self.lacking.get(&at)?;
        losses.push(Loss::Unpaired(id.to_owned()));
        Some(json!({
            "type": "function_call_output",
            "call_id": fitting(id),
            "output": "No result was recorded.",
        }))
    }
}

/// `id`, or a shorter one that is the same for the same id.
pub(super) fn fitting(id: &str) -> Cow<'_, str> {
    if id.chars().count() <= LONGEST {
        return Cow::Borrowed(id);
    }
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let suffix = format!("_{:016x}", hasher.finish());
    let stem: String = id.chars().take(LONGEST - suffix.len()).collect();
    Cow::Owned(stem + &suffix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    use oc_responses_stream::{FunctionCall, FunctionCallOutput};

    fn call(id: &str) -> Item {
        Item::FunctionCall(FunctionCall::new(id, "f", "{}"))
    }

    fn result(id: &str) -> Item {
        Item::FunctionCallOutput(FunctionCallOutput::new(id, Vec::new()))
    }

    #[test]
    fn each_call_has_one_result_and_each_result_one_call() {
        for (input, lacking, unasked) in [
            (vec![call("a"), result("a")], vec![], vec![]),
            (vec![result("a"), call("a")], vec![], vec![]),
            (vec![call("a"), call("b"), result("b")], vec![0], vec![]),
            (vec![result("x"), call("a"), result("a"), result("a")], vec![], vec![0, 3]),
            (vec![call("a"), result("a"), call("a")], vec![2], vec![]),
        ] {
            let pairs = Pairs::of(&input);
            let places = |found: &HashMap<usize, &str>| -> HashSet<usize> {
                found.keys().copied().collect()
            };
            assert_eq!(places(&pairs.lacking), lacking.into_iter().collect());
            assert_eq!(places(&pairs.unasked), unasked.into_iter().collect());
        }
    }

    #[test]
    fn long_ids_fit_and_stay_apart() {
        let (one, two) = ("x".repeat(200), "x".repeat(201));
        assert_eq!(fitting("call_1"), "call_1");
        assert_eq!(fitting(&"y".repeat(64)), "y".repeat(64));
        assert_eq!(fitting(&one).len(), 64);
        assert_ne!(fitting(&one), fitting(&two));
        assert_eq!(fitting(&one), fitting(&one));
    }
}
