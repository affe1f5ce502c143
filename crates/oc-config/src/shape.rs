//! What a key looks like, wherever it stands: for texts that are shown and that
//! nobody declared a secret.

use std::borrow::Cow;
use std::ops::Range;

/// What the keys of well-known services begin with, and how much follows at least.
const BEGINNINGS: &[(&str, usize)] = &[
    ("sk-", 6),
    ("sk_", 8),
    ("pk-", 12),
    ("rk_", 8),
    ("xai-", 8),
    ("gsk_", 8),
    ("csk-", 8),
    ("AIza", 12),
    ("ya29", 12),
    ("hf_", 8),
    ("r8_", 8),
    ("fw_", 8),
    ("nvapi-", 8),
    ("pplx-", 8),
    ("tgp_", 8),
    ("tvly-", 8),
    ("AKIA", 12),
    ("ASIA", 12),
    ("ghp_", 8),
    ("gho_", 8),
    ("ghs_", 8),
    ("github_pat_", 8),
    ("glpat-", 8),
    ("xoxb-", 8),
    ("xoxp-", 8),
    ("eyJ", 16),
];

/// What documents of local servers write where a key is wanted and none is needed.
const PLACEHOLDERS: [&str; 2] = ["sk-no-key-required", "sk-placeholder"];

/// A stretch of letters and digits as long as this, with both in it, is no name.
const LONGEST_NAME: usize = 20;

/// Whether a part of `text` looks like a key.
pub(crate) fn looks_secret(text: &str) -> bool {
    runs(text).any(|run| text.get(run).is_some_and(is_key))
}

/// `text` with `…` in place of what looks like a key.
pub(crate) fn covered(text: &str) -> Cow<'_, str> {
    covered_where(text, is_key)
}

/// The same for messages, which name files and folders: only what begins as the
/// keys of a known service do.
pub(crate) fn without_known_keys(text: &str) -> Cow<'_, str> {
    covered_where(text, begins_as_key)
}

fn covered_where(text: &str, is_key: fn(&str) -> bool) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut from = 0;
    for key in runs(text).filter(|run| text.get(run.clone()).is_some_and(is_key)) {
        shown.push_str(text.get(from..key.start).unwrap_or_default());
        shown.push('…');
        from = key.end;
    }
    match from {
        0 => Cow::Borrowed(text),
        _ => {
            shown.push_str(text.get(from..).unwrap_or_default());
            Cow::Owned(shown)
        }
    }
}

/// Unbroken runs of letters, digits, `-` and `_`.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let part_of_run = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let bytes = text.as_bytes();
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + bytes.get(from..)?.iter().position(|b| part_of_run(*b))?;
        let length = bytes.get(start..)?.iter().take_while(|b| part_of_run(**b)).count();
        from = start + length;
        Some(start..from)
    })
}

fn is_key(run: &str) -> bool {
    begins_as_key(run) || is_uuid(run) || run.split(['-', '_']).any(is_random)
}

fn begins_as_key(run: &str) -> bool {
    !PLACEHOLDERS.contains(&run)
        && BEGINNINGS.iter().any(|&(beginning, least)| {
            run.strip_prefix(beginning).is_some_and(|rest| rest.len() >= least)
        })
}

fn is_random(part: &str) -> bool {
    part.len() >= LONGEST_NAME
        && part.bytes().any(|b| b.is_ascii_digit())
        && part.bytes().any(|b| b.is_ascii_alphabetic())
}

fn is_uuid(run: &str) -> bool {
    let parts: Vec<usize> = run.split('-').take(6).map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && run.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_the_names_of_files() {
        let folder = "/nix/store/0123456789abcdef0123456789abcdef-config";
        assert_eq!(without_known_keys(folder), folder);
        assert_eq!(without_known_keys("`sk-planted` is no ref"), "`…` is no ref");
    }

    #[test]
    fn keys_are_covered_and_names_are_not() {
        for (text, want) in [
            ("sk-planted", "…"),
            ("Bearer sk-planted-key", "Bearer …"),
            ("https://relay.example/sk-planted/v1", "https://relay.example/…/v1"),
            ("https://u:hf_abcdefgh@h/v1", "https://u:…@h/v1"),
            ("0123456789abcdef0123456789abcdef", "…"),
            ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "…"),
            ("a=AIzaSyA1234567890bcdef", "a=…"),
        ] {
            assert_eq!(covered(text), want);
            assert!(looks_secret(text));
        }
        for name in [
            "",
            "claude-opus-4-5-20251101",
            "qwen3-coder-480b-a35b-instruct-fp8",
            "https://api.z.ai/api/coding/paas/v4",
            "https://x.openai.azure.com/openai/deployments/gpt-4o-2024-08-06",
            "lmstudio",
            "ollama-local",
            "sk-SK",
            "sk-local",
            "sk-1234",
            "sk-no-key-required",
            "enable_thinking",
            "TemplateKwargsForThinkingModels",
            "12345678901234567890123",
            "müller-straße",
        ] {
            assert_eq!(covered(name), name);
            assert!(!looks_secret(name), "{name}");
        }
    }
}
