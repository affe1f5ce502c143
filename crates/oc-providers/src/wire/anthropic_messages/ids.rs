//! Tool call ids as this wire allows them: `^[a-zA-Z0-9_-]{1,64}$`, and no two
//! the same in one conversation.

use std::collections::HashSet;

const LONGEST: usize = 64;

/// Hands out ids for one conversation.
#[derive(Debug, Default)]
pub(super) struct ToolIds {
    taken: HashSet<String>,
}

impl ToolIds {
    /// An id for the next call, as near to `original` as the wire allows.
    pub(super) fn next(&mut self, original: &str) -> String {
        let mut stem: String = original
            .chars()
            .take(LONGEST)
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' })
            .collect();
        if stem.is_empty() {
            stem.push_str("call");
        }
        let mut id = stem.clone();
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
    fn ids_fit_and_never_meet() {
        let mut ids = ToolIds::default();
        let long = "x".repeat(300);
        for (original, wanted) in [
            ("call_1", "call_1".to_owned()),
            ("call_1", "call_1_2".to_owned()),
            ("call|fc:1", "call_fc_1".to_owned()),
            ("call.fc 1", "call_fc_1_2".to_owned()),
            ("", "call".to_owned()),
            ("ünï", "_n_".to_owned()),
            (&long, "x".repeat(64)),
            (&long, "x".repeat(62) + "_2"),
        ] {
            assert_eq!(ids.next(original), wanted);
        }
    }
}
