//! Tool call ids as a host takes them: no server can tell two calls of one id
//! apart.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::compat::ToolIdRule;

const LONGEST: usize = 40;
const NINE: usize = 9;
const LETTERS_AND_DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Hands out ids for one conversation.
#[derive(Debug)]
pub(super) struct ToolIds {
    rule: ToolIdRule,
    taken: HashSet<String>,
    /// The number that the next call of an id gets, so that a conversation that
    /// repeats one id is not searched again and again.
    numbers: HashMap<String, u32>,
}

impl ToolIds {
    /// By this rule.
    pub(super) fn new(rule: ToolIdRule) -> Self {
        Self { rule, taken: HashSet::new(), numbers: HashMap::new() }
    }

    /// An id for the next call: `original`, if the rule allows it and it is new.
    pub(super) fn next(&mut self, original: &str) -> String {
        let stem = match self.rule {
            ToolIdRule::Short => short(original),
            ToolIdRule::NineLettersAndDigits if is_nine(original) => original.to_owned(),
            ToolIdRule::NineLettersAndDigits => nine(original, 0),
        };
        if self.taken.insert(stem.clone()) {
            return stem;
        }
        let number = self.numbers.entry(stem.clone()).or_insert(2);
        loop {
            let id = match self.rule {
                ToolIdRule::Short => numbered(&stem, *number),
                ToolIdRule::NineLettersAndDigits => nine(&stem, *number),
            };
            *number = number.saturating_add(1);
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

fn short(original: &str) -> String {
    let stem = if original.is_empty() { "call" } else { original };
    stem.chars().take(LONGEST).collect()
}

fn numbered(stem: &str, number: u32) -> String {
    let suffix = format!("_{number}");
    stem.chars().take(LONGEST - suffix.len()).collect::<String>() + &suffix
}

fn is_nine(id: &str) -> bool {
    id.len() == NINE && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The same nine characters for the same id, in this and every other request.
fn nine(original: &str, number: u32) -> String {
    let mut hasher = DefaultHasher::new();
    (original, number).hash(&mut hasher);
    let mut rest = hasher.finish();
    let base = LETTERS_AND_DIGITS.len() as u64;
    (0..NINE)
        .map(|_| {
            let at = usize::try_from(rest % base).unwrap_or_default();
            rest /= base;
            LETTERS_AND_DIGITS.get(at).copied().map_or('0', char::from)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_where_they_can_and_never_meet() {
        let mut ids = ToolIds::new(ToolIdRule::Short);
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
        let mut ids = ToolIds::new(ToolIdRule::Short);
        let all: HashSet<String> = (0..100_000).map(|_| ids.next("a")).collect();
        assert_eq!(all.len(), 100_000);
    }

    #[test]
    fn nine_letters_and_digits_and_the_same_ones_each_time() {
        let rule = ToolIdRule::NineLettersAndDigits;
        let all = |ids: &mut ToolIds| -> Vec<String> {
            ["abcdef123", "call_1", "call_2", "call_1", "", "functions.f:0", "abcdef123"]
                .map(|original| ids.next(original))
                .to_vec()
        };
        let ids = all(&mut ToolIds::new(rule));
        assert_eq!(ids[0], "abcdef123");
        assert!(ids.iter().all(|id| is_nine(id)), "{ids:?}");
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{ids:?}");
        assert_eq!(all(&mut ToolIds::new(rule)), ids);
    }
}
