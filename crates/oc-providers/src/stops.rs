//! Stop sequences that the host was not given, enforced on its answer.
//!
//! The Responses wire has none, and some hosts take only a few. Text that may be
//! the beginning of one is held back, so that a sequence counts however the
//! stream was cut; reasoning and calls are not searched.

use std::collections::VecDeque;

use oc_responses_stream::{
    Delta, Finish, FinishReason, HeldTokens, ItemEnd, ItemStatus, TextDelta,
};

/// Ends an answer where its text reaches a stop sequence.
///
/// Pure: push a delta, take what comes of it. After the end nothing comes: what
/// a host writes behind it is not read.
#[derive(Debug)]
pub(crate) struct StopSequences {
    stops: Vec<String>,
    /// The end of a text that may become a sequence, with its form.
    held: Option<TextDelta>,
    tokens: HeldTokens,
    ready: VecDeque<Delta>,
    over: bool,
}

impl StopSequences {
    /// Those that are not empty.
    pub(crate) fn new(stops: Vec<String>) -> Self {
        let stops = stops.into_iter().filter(|stop| !stop.is_empty()).collect();
        Self {
            stops,
            held: None,
            tokens: HeldTokens::default(),
            ready: VecDeque::new(),
            over: false,
        }
    }

    pub(crate) fn push(&mut self, delta: Delta) {
        if self.over {
            // Counts are of all answers: another may go on.
            if let Delta::Usage(_) = delta {
                self.ready.push_back(delta);
            }
            return;
        }
        if self.stops.is_empty() {
            self.ready.push_back(delta);
            return;
        }
        match delta {
            Delta::Text(text) => self.text(text),
            // Signs of life and counts stand between any two pieces of a text.
            Delta::Alive
            | Delta::Frame(_)
            | Delta::Progress(_)
            | Delta::Usage(_)
            | Delta::Annotation(_) => self.ready.push_back(delta),
            other => {
                self.release();
                self.ready.push_back(other);
            }
        }
    }

    pub(crate) fn next(&mut self) -> Option<Delta> {
        self.ready.pop_front()
    }

    fn text(&mut self, mut delta: TextDelta) {
        let same = |held: &TextDelta| (held.slot, held.part) == (delta.slot, delta.part);
        if self.held.as_ref().is_some_and(|held| !same(held)) {
            self.release();
        }
        self.tokens.note(&delta.text, delta.logprobs.take());
        if let Some(held) = self.held.take() {
            delta.text.insert_str(0, &held.text);
        }
        let first = self
            .stops
            .iter()
            .filter_map(|stop| Some((delta.text.find(stop.as_str())?, stop)))
            .min_by_key(|(at, stop)| (*at, std::cmp::Reverse(stop.len())));
        if let Some((at, stop)) = first {
            let mut finish = Finish::new(FinishReason::Stop);
            finish.stop_sequence = Some(stop.clone());
            let slot = delta.slot;
            delta.text.truncate(at);
            self.give(delta);
            self.ready.push_back(Delta::ItemEnd(ItemEnd::new(slot, ItemStatus::Completed)));
            self.ready.push_back(Delta::Finish(finish));
            self.over = true;
            return;
        }
        let keep = self.may_become_a_stop(&delta.text);
        if keep > 0 {
            let mut held = TextDelta::new(delta.slot, "").with_part(delta.part);
            held.phase = delta.phase;
            held.text = delta.text.split_off(delta.text.len() - keep);
            self.held = Some(held);
        }
        self.give(delta);
    }

    /// How many bytes at the end of `text` a sequence may begin with.
    fn may_become_a_stop(&self, text: &str) -> usize {
        let longest = self.stops.iter().map(String::len).max().unwrap_or(0);
        let from = text.ceil_char_boundary(text.len().saturating_sub(longest.saturating_sub(1)));
        text.get(from..)
            .into_iter()
            .flat_map(|tail| tail.char_indices().map(move |(at, _)| (at, tail.get(at..))))
            .find(|(_, rest)| {
                rest.is_some_and(|rest| self.stops.iter().any(|stop| stop.starts_with(rest)))
            })
            .map_or(0, |(at, _)| text.len() - from - at)
    }

    fn give(&mut self, mut delta: TextDelta) {
        if !delta.text.is_empty() {
            delta.logprobs = self.tokens.take(delta.text.len());
            self.ready.push_back(Delta::Text(delta));
        }
    }

    fn release(&mut self) {
        if let Some(held) = self.held.take() {
            self.give(held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oc_responses_stream::{ReasoningDelta, Slot};
    use proptest::prelude::*;

    fn run(stops: &[&str], deltas: impl IntoIterator<Item = Delta>) -> (String, Option<String>) {
        let mut stage = StopSequences::new(stops.iter().map(|stop| (*stop).to_owned()).collect());
        let (mut text, mut matched) = (String::new(), None);
        for delta in deltas.into_iter().chain([Delta::Finish(Finish::new(FinishReason::Stop))]) {
            stage.push(delta);
            while let Some(delta) = stage.next() {
                match delta {
                    Delta::Text(delta) => text.push_str(&delta.text),
                    Delta::Finish(finish) => matched = finish.stop_sequence,
                    _ => {}
                }
            }
        }
        (text, matched)
    }

    fn said(text: &str) -> Delta {
        Delta::Text(TextDelta::new(Slot(1), text))
    }

    #[test]
    fn the_answer_ends_where_its_text_reaches_a_sequence() {
        for (stops, pieces, text, matched) in [
            (&["END"][..], &["abEND", "more"][..], "ab", Some("END")),
            (&["END"], &["aE", "N", "Dx"], "a", Some("END")),
            (&["END"], &["aE", "Nx", "EN"], "aENxEN", None),
            (&["\n\n", "x"], &["a\n", "\nb"], "a", Some("\n\n")),
            (&["ab", "abc"], &["zabc"], "z", Some("abc")),
            (&["b", "a"], &["xab"], "x", Some("a")),
            (&["üß"], &["aü", "ß"], "a", Some("üß")),
            (&["END"], &["END"], "", Some("END")),
            (&[""], &["abc"], "abc", None),
        ] {
            let (said, stop) = run(stops, pieces.iter().map(|piece| said(piece)));
            assert_eq!((said.as_str(), stop.as_deref()), (text, matched), "{pieces:?}");
        }
    }

    #[test]
    fn reasoning_is_not_searched_and_ends_what_is_held() {
        let thought = Delta::Reasoning(ReasoningDelta::raw(Slot(0), "END"));
        assert_eq!(run(&["END"], [thought.clone(), said("a")]), ("a".to_owned(), None));
        assert_eq!(run(&["END"], [said("aE"), thought, said("ND")]), ("aEND".to_owned(), None));
        // What only says that the upstream lives does not.
        let (text, stop) = run(&["END"], [said("aE"), Delta::Alive, said("ND")]);
        assert_eq!((text.as_str(), stop.as_deref()), ("a", Some("END")));
    }

    /// The log probabilities of text that was held were lost.
    #[test]
    fn text_that_was_held_keeps_its_log_probabilities() {
        let of = |text: &str| serde_json::json!([{"token": text, "logprob": -1}]);
        let mut stage = StopSequences::new(vec!["END".to_owned()]);
        for piece in ["aE", "N", "x", "yE", "ND", "z"] {
            let mut delta = TextDelta::new(Slot(1), piece);
            delta.logprobs = Some(of(piece));
            stage.push(Delta::Text(delta));
        }
        let mut told = Vec::new();
        while let Some(delta) = stage.next() {
            if let Delta::Text(delta) = delta {
                let tokens = delta.logprobs.iter().flat_map(|all| all.as_array().cloned());
                let tokens =
                    tokens.flatten().map(|token| token["token"].as_str().map(str::to_owned));
                told.push((delta.text, tokens.collect::<Option<Vec<_>>>().expect("tokens")));
            }
        }
        let told: Vec<(&str, String)> =
            told.iter().map(|(text, tokens)| (text.as_str(), tokens.join("|"))).collect();
        // A token that ends in what was cut off is not told.
        let wanted = [("a", ""), ("ENx", "aE|N|x"), ("y", "")];
        assert_eq!(told, wanted.map(|(text, tokens)| (text, tokens.to_owned())));
    }

    proptest! {
        #[test]
        fn the_cut_changes_nothing(text in "[abü]{0,40}", stop in "[abü]{1,4}", cut in 1_usize..5) {
            let chars: Vec<char> = text.chars().collect();
            let pieces = chars.chunks(cut).map(|piece| said(&piece.iter().collect::<String>()));
            let (shown, matched) = run(&[&stop], pieces);
            let wanted = text.split_once(stop.as_str()).map_or(text.as_str(), |(before, _)| before);
            prop_assert_eq!(&shown, wanted);
            prop_assert_eq!(matched.is_some(), text.contains(stop.as_str()));
        }
    }
}
