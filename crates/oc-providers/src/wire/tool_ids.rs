//! Tool call ids as a host takes them, no two the same in one conversation: no
//! server can tell two calls of one id apart. (Nor two tools of one name.)

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Room for a number behind what an id begins with: `_` and seven digits.
const NUMBER: usize = 8;
const NINE: usize = 9;
const LETTERS_AND_DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// What an id must look like.
#[derive(Clone, Copy, Debug)]
pub(super) enum IdForm {
    /// So many characters at most, each of them allowed.
    UpTo { longest: usize, allows: fn(char) -> bool },
    /// Nine letters and digits, neither more nor less.
    NineLettersAndDigits,
}

/// Hands out ids for one conversation.
#[derive(Debug)]
pub(super) struct ToolIds {
    form: IdForm,
    taken: HashSet<String>,
    /// The number that the next id of a beginning gets, so that a conversation
    /// that repeats ids is not searched again and again.
    numbers: HashMap<String, u32>,
}

impl ToolIds {
    /// Ids of this form.
    pub(super) fn new(form: IdForm) -> Self {
        Self { form, taken: HashSet::new(), numbers: HashMap::new() }
    }

    /// `id` is somebody's already.
    pub(super) fn take(&mut self, id: &str) {
        self.taken.insert(id.to_owned());
    }

    /// An id for the next call: `original`, as near as the form allows.
    pub(super) fn next(&mut self, original: &str) -> String {
        let id = match self.form {
            IdForm::UpTo { longest, allows } => {
                let original = if original.is_empty() { "call" } else { original };
                let legal = |c: char| if allows(c) { c } else { '_' };
                original.chars().take(longest).map(legal).collect()
            }
            IdForm::NineLettersAndDigits if is_nine(original) => original.to_owned(),
            IdForm::NineLettersAndDigits => nine(original, 0),
        };
        if self.taken.insert(id.clone()) {
            return id;
        }
        // All ids that could meet once they are numbered share one number.
        let stem: String = match self.form {
            IdForm::UpTo { longest, .. } => {
                id.chars().take(longest.saturating_sub(NUMBER)).collect()
            }
            IdForm::NineLettersAndDigits => id,
        };
        let number = self.numbers.entry(stem.clone()).or_insert(1);
        loop {
            *number = number.saturating_add(1);
            let id = match self.form {
                IdForm::UpTo { .. } => format!("{stem}_{number}"),
                IdForm::NineLettersAndDigits => nine(&stem, *number),
            };
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
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

    fn short() -> ToolIds {
        ToolIds::new(IdForm::UpTo { longest: 40, allows: |_| true })
    }

    fn of_letters() -> ToolIds {
        let allows = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        ToolIds::new(IdForm::UpTo { longest: 64, allows })
    }

    #[test]
    fn ids_stay_where_they_can_and_never_meet() {
        let long = "x".repeat(300);
        let mut ids = short();
        for (original, wanted) in [
            ("call_1", "call_1".to_owned()),
            ("call_1_2", "call_1_2".to_owned()),
            ("call_1", "call_1_3".to_owned()),
            ("call_1", "call_1_4".to_owned()),
            ("functions.f:0", "functions.f:0".to_owned()),
            ("", "call".to_owned()),
            (&long, "x".repeat(40)),
            (&long, "x".repeat(32) + "_2"),
        ] {
            assert_eq!(ids.next(original), wanted);
        }
        let mut ids = of_letters();
        for (original, wanted) in [
            ("call_1", "call_1".to_owned()),
            ("call_1", "call_1_2".to_owned()),
            ("call|fc:1", "call_fc_1".to_owned()),
            ("call.fc 1", "call_fc_1_2".to_owned()),
            ("ünï", "_n_".to_owned()),
            (&long, "x".repeat(64)),
            (&long, "x".repeat(56) + "_2"),
        ] {
            assert_eq!(ids.next(original), wanted);
        }
    }

    /// A conversation is as long as a client likes, and its ids are as alike.
    #[test]
    fn no_ids_of_a_long_conversation_take_long() {
        const CALLS: usize = 100_000;
        type Original = fn(usize) -> String;
        let alike: [Original; 4] = [
            |_| "a".to_owned(),
            |_| String::new(),
            // Two of each, all the same but for the end, where the number goes.
            |at| format!("{}{:06}", "x".repeat(58), at / 2),
            // Every number that the second half would get is taken.
            |at| if at < CALLS / 2 { format!("a_{}", at + 2) } else { "a".to_owned() },
        ];
        for original in alike {
            let mut ids = of_letters();
            let all: HashSet<String> = (0..CALLS).map(|at| ids.next(&original(at))).collect();
            assert_eq!(all.len(), CALLS);
            assert!(all.iter().all(|id| id.len() <= 64));
        }
        let mut ids = ToolIds::new(IdForm::NineLettersAndDigits);
        let all: HashSet<String> = (0..CALLS).map(|_| ids.next("a")).collect();
        assert!(all.len() == CALLS && all.iter().all(|id| is_nine(id)));
    }

    #[test]
    fn nine_letters_and_digits_and_the_same_ones_each_time() {
        let all = |ids: &mut ToolIds| -> Vec<String> {
            ["abcdef123", "call_1", "call_2", "call_1", "", "functions.f:0", "abcdef123"]
                .map(|original| ids.next(original))
                .to_vec()
        };
        let fresh = || ToolIds::new(IdForm::NineLettersAndDigits);
        let ids = all(&mut fresh());
        assert_eq!(ids[0], "abcdef123");
        assert!(ids.iter().all(|id| is_nine(id)), "{ids:?}");
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{ids:?}");
        assert_eq!(all(&mut fresh()), ids);
    }
}
