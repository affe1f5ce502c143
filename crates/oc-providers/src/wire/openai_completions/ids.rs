//! Tool call ids: OpenAI takes 40 characters, and no server can tell two calls
//! of one id apart.

use std::collections::HashSet;

const LONGEST: usize = 40;

/// Hands out ids for one conversation.
#[derive(Debug, Default)]
pub(super) struct ToolIds {
    taken: HashSet<String>,
}

impl ToolIds {
    /// An id for the next call: `original`, if it is short enough and new.
    pub(super) fn next(&mut self, original: &str) -> String {
        let stem = if original.is_empty() { "call" } else { original };
        let mut id: String = stem.chars().take(LONGEST).collect();
        let mut number = 2_u32;
        while !self.taken.insert(id.clone()) {
            let suffix = format!("_{number}");
            id = stem.chars().take(LONGEST - suffix.len()).collect::<String>() + &suffix;
            number = number.saturating_add(1);
        }
        id
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
            ("call_1", "call_1_2".to_owned()),
            ("functions.f:0", "functions.f:0".to_owned()),
            ("", "call".to_owned()),
            (&long, "x".repeat(40)),
            (&long, "x".repeat(38) + "_2"),
        ] {
            assert_eq!(ids.next(original), wanted);
        }
    }
}
