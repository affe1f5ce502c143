//! Tool call ids: OpenAI takes 40 characters, and no server can tell two calls
//! of one id apart.

use std::collections::{HashMap, HashSet};

const LONGEST: usize = 40;

/// Hands out ids for one conversation.
#[derive(Debug, Default)]
pub(super) struct ToolIds {
    taken: HashSet<String>,
    /// The number that the next call of an id gets, so that a conversation that
    /// repeats one id is not searched again and again.
    numbers: HashMap<String, u32>,
}

impl ToolIds {
    /// An id for the next call: `original`, if it is short enough and new.
    pub(super) fn next(&mut self, original: &str) -> String {
        let stem = if original.is_empty() { "call" } else { original };
        let stem: String = stem.chars().take(LONGEST).collect();
        if self.taken.insert(stem.clone()) {
            return stem;
        }
        let number = self.numbers.entry(stem.clone()).or_insert(2);
        loop {
            let suffix = format!("_{number}");
            *number = number.saturating_add(1);
            let id = stem.chars().take(LONGEST - suffix.len()).collect::<String>() + &suffix;
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_where_they_can_and_never_meet() {
        let mut ids = ToolIds::default();
        let long = "x".repeat(300);
        for (original, wanted) in [
            ("call_1", "call_1".to_owned()),
            ("call_1_2", "call_1_2".to_owned()),
            ("call_1", "call_1_3".to_owned()),
            ("call_1", "call_1_4".to_owned()),
            ("functions.f:0", "functions.f:0".to_owned()),
            ("", "call".to_owned()),
            (&long, "x".repeat(40)),
            (&long, "x".repeat(38) + "_2"),
        ] {
            assert_eq!(ids.next(original), wanted);
        }
    }

    #[test]
    fn one_id_for_every_call_of_a_long_conversation_takes_no_time() {
        let mut ids = ToolIds::default();
        let all: HashSet<String> = (0..100_000).map(|_| ids.next("a")).collect();
        assert_eq!(all.len(), 100_000);
    }
}
