//! A copy of the text in which secrets are covered.
//!
//! Every covered character is replaced by a dot of the same UTF-8 length, so
//! byte spans and columns of the original fit the copy.

use std::ops::Range;

use super::path::{Path, Step};
use super::scan::{MAX_DEPTH, comments, scan};
use super::tree::{Node, Value};
use crate::shape::looks_secret;

/// Keys whose value is a secret wherever they stand. Compared in lower case.
const SECRET_KEYS: [&str; 12] = [
    "apikey",
    "key",
    "keys",
    "token",
    "password",
    "passphrase",
    "secret",
    "value",
    "credential",
    "credentials",
    "authorization",
    "url",
];

/// Keys whose whole content is: tables of headers and variables.
const SECRET_TABLES: [&str; 3] = ["headers", "env", "vars"];

/// A comment with an unbroken run of this many letters and digits may be a
/// key that was commented out.
const KEY_LIKE_RUN: usize = 16;

pub(super) fn document(text: &str, root: &Node, base: usize, below_secret: bool) -> String {
    let mut spans = Vec::new();
    collect(root, below_secret, &mut spans);
    let local = |span: Range<usize>| span.start.saturating_sub(base)..span.end.saturating_sub(base);
    let mut spans: Vec<_> = spans.into_iter().map(local).collect();
    spans.extend(key_like_comments(text));
    cover(text, spans)
}

/// Nothing is known about the structure, so everything that is not a key or
/// a plain literal is covered, and the whole rest of a line after a key that
/// names a secret.
pub(super) fn unparsed(text: &str) -> String {
    let mut spans = key_like_comments(text);
    // A text nested too deeply to walk is covered whole.
    let Ok(tokens) = scan(text, MAX_DEPTH) else {
        return cover(text, std::iter::once(0..text.len()).collect());
    };
    let mut covered_to = 0;
    for token in tokens {
        let word = text.get(token.clone()).unwrap_or_default();
        if word.starts_with(['{', '[']) {
            continue;
        }
        let rest = text.get(token.end..).unwrap_or_default();
        let is_key = rest.trim_start().starts_with(':');
        // A line is looked through once, however many secrets it names.
        if is_key && token.end >= covered_to && is_secret(word.trim_matches(['"', '\''])) {
            covered_to = token.end + rest.find(['\n', '\r']).unwrap_or(rest.len());
            spans.push(token.end + 1..covered_to);
        }
        let literal = matches!(word, "true" | "false" | "null") || word.parse::<f64>().is_ok();
        if !is_key && !literal {
            spans.push(inside_quotes(text, token));
        }
    }
    cover(text, spans)
}

/// A `.env` file, of which only the names are shown.
pub(super) fn dot_env(text: &str) -> String {
    let mut spans = Vec::new();
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        let shown = match line.trim_start().starts_with('#') {
            true => 0,
            false => line.find('=').map_or(0, |at| at + 1),
        };
        spans.push(from + shown..from + line.len());
        from += line.len();
    }
    cover(text, spans)
}

fn collect(node: &Node, secret: bool, spans: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Object(entries) => {
            for entry in entries {
                let below = secret || is_secret(&entry.key) || is_secret_table(&entry.key);
                collect(&entry.value, below, spans);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, secret, spans)),
        // A URL with a query, a fragment or a user: keys are put there by mistake.
        Value::Text(text) if text.text.contains("://") && text.text.contains(['?', '#', '@']) => {
            spans.push(node.span.start + 1..node.span.end.saturating_sub(1));
        }
        // And anywhere else.
        Value::Text(text) if looks_secret(&text.text) => {
            spans.push(node.span.start + 1..node.span.end.saturating_sub(1));
        }
        Value::Text(_) | Value::Unsigned(_) | Value::Signed(_) | Value::Float(_) if secret => {
            spans.push(node.span.start + 1..node.span.end.saturating_sub(1));
        }
        _ => {}
    }
}

/// Whether the value at `path` is a secret by its key or a key above it.
pub(crate) fn holds_secret(path: &Path) -> bool {
    path.steps().iter().any(|step| match step {
        Step::Key(key) => is_secret(key) || is_secret_table(key),
        Step::Index(_) => false,
    })
}

fn is_secret_table(key: &str) -> bool {
    SECRET_TABLES.contains(&key.to_lowercase().as_str())
}

/// Whether what stands under `key` is a secret by that name.
pub(crate) fn is_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    SECRET_KEYS.contains(&key.as_str())
        || ["token", "secret", "password", "apikey", "api_key", "_key", "-key"]
            .iter()
            .any(|end| key.ends_with(end))
}

fn inside_quotes(text: &str, token: Range<usize>) -> Range<usize> {
    let word = text.get(token.clone()).unwrap_or_default();
    let quoted = word.len() >= 2 && word.starts_with(['"', '\'']) && word.ends_with(['"', '\'']);
    match quoted {
        true => token.start + 1..token.end - 1,
        false => token,
    }
}

fn key_like_comments(text: &str) -> Vec<Range<usize>> {
    let mut found = comments(text);
    found.retain(|span| {
        text.get(span.clone())
            .unwrap_or_default()
            .split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))
            .any(|run| run.len() >= KEY_LIKE_RUN && run.bytes().any(|b| b.is_ascii_digit()))
    });
    found
}

fn cover(text: &str, mut spans: Vec<Range<usize>>) -> String {
    spans.sort_by_key(|span| span.start);
    let mut spans = spans.into_iter().peekable();
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        while spans.peek().is_some_and(|span| span.end <= at) {
            spans.next();
        }
        let hidden = spans.peek().is_some_and(|span| span.contains(&at));
        out.push(match (hidden, c) {
            (false, _) | (true, '\n' | '\r') => c,
            (true, _) => match c.len_utf8() {
                1 => '*',
                2 => '\u{b7}',
                3 => '\u{2022}',
                _ => '\u{1f784}',
            },
        });
    }
    out
}
