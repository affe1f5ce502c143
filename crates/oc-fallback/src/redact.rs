//! Provider messages, made fit to be kept, logged and shown.

/// The most characters of a provider's text that are kept.
const KEPT: usize = 300;

/// What a key begins with at the vendors whose error bodies have been seen to
/// quote it.
const KEY_PREFIXES: &[&str] =
    &["sk-", "sk_", "pk-", "rk-", "xai-", "gsk_", "hf_", "nvapi-", "AIza", "AKIA", "ghp_", "eyJ"];

const MASK: &str = "[redacted]";

/// One line of at most 300 characters, without keys, bearer tokens and the
/// queries of URLs.
pub(crate) fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(KEPT * 4));
    let mut kept = 0;
    let mut after_bearer = false;
    // A word more than fits is never looked at, so a huge body costs nothing.
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if kept > 0 {
            out.push(' ');
            kept += 1;
        }
        // A word as long as an essay is data; only its beginning can be shown.
        let word: String = word.chars().take(KEPT + 1).collect();
        let clean = if after_bearer { MASK.to_owned() } else { redact_word(&word) };
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        after_bearer = bare.eq_ignore_ascii_case("bearer");
        for c in clean.chars() {
            if kept >= KEPT {
                out.push('…');
                return out;
            }
            out.push(c);
            kept += 1;
        }
    }
    out
}

fn redact_word(word: &str) -> String {
    // The query of a URL may hold a key; the path does not.
    let (word, query) = match (word.find("://"), word.find('?')) {
        (Some(scheme), Some(at)) if scheme < at => word.split_at(at),
        _ => (word, ""),
    };
    let mut out = String::with_capacity(word.len());
    let mut run = String::new();
    for c in word.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
            run.push(c);
        } else {
            flush(&mut run, &mut out);
            out.push(c);
        }
    }
    flush(&mut run, &mut out);
    if !query.is_empty() {
        out.push_str("?…");
    }
    out
}

fn flush(run: &mut String, out: &mut String) {
    out.push_str(if is_secret(run) { MASK } else { run });
    run.clear();
}

fn is_secret(run: &str) -> bool {
    let known = KEY_PREFIXES.iter().any(|prefix| run.starts_with(prefix)) && run.len() >= 12;
    // Tokens without a known prefix: long, unbroken, letters and digits mixed.
    // Model names have dashes within that length, and stay.
    let opaque = run.split('-').any(|part| {
        part.len() >= 32
            && part.bytes().any(|b| b.is_ascii_digit())
            && part.bytes().any(|b| b.is_ascii_alphabetic())
    });
    known || opaque
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_go_and_names_stay() {
        for (text, kept) in [
            (
                "Incorrect API key provided: sk-proj-abcdef1234567890.",
                "Incorrect API key provided: [redacted].",
            ),
            ("got Authorization: Bearer abc, sorry", "got Authorization: Bearer [redacted] sorry"),
            ("see https://host/v1/x?key=AIzaSyD and more", "see https://host/v1/x?… and more"),
            ("header 'Bearer abc' refused", "header 'Bearer [redacted] refused"),
            ("is this right? yes", "is this right? yes"),
            (
                "model claude-sonnet-4-5-20250929 not found",
                "model claude-sonnet-4-5-20250929 not found",
            ),
            (
                "Deployments={'8ee88d01d2958b6a4293b0878d595a9c4a3232ad': 1}",
                "Deployments={'[redacted]': 1}",
            ),
            ("two\n  lines\tand\u{7}bell", "two lines and bell"),
        ] {
            assert_eq!(redact(text), kept);
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        let text = redact(&"word ".repeat(10_000));
        assert_eq!(text.chars().count(), KEPT + 1);
        assert!(text.ends_with('…'));
    }

    proptest! {
        #[test]
        fn any_text_is_bounded_and_on_one_line(text in any::<String>()) {
            let out = redact(&text);
            prop_assert!(out.chars().count() <= KEPT + 2);
            prop_assert!(!out.chars().any(char::is_control));
        }

        #[test]
        fn no_key_survives_in_any_surroundings(before in "[ a-z:'\"(]{0,30}", after in "[ .,'\")]{0,30}") {
            let key = "sk-ant-api03-Zm9vYmFyYmF6cXV4";
            let text = format!("{before} {key}{after}");
            prop_assert!(!redact(&text).contains("Zm9v"));
        }
    }
}
