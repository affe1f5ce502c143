//! What a server says, without what it quotes.
//!
//! An error may quote the request or the model's output: the user's words,
//! which are neither the provider's judgement nor anybody else's to keep. Two
//! things mark a quotation: words that introduce one ([`ECHOES`], it ends with
//! the message), and quotation marks. What is between those is cut away; a name
//! (`'gpt-9'`) may stay to be shown, and is not read for a reason.

/// What is looked at; what comes later in a message is stack traces and dumps.
const LOOKED_AT: usize = 2_000;

/// What is behind these words is quoted, up to the message's end.
pub(crate) const ECHOES: &[&str] = &[
    "failed_generation",
    "received:",
    "got:",
    // llama-server (common/chat.cpp): the messages, the tools, the model's output
    "; messages =",
    "; tools =",
    "failed to parse input at pos",
];

/// A proxy puts the whole error of the server behind it into its own message.
/// What stands under these keys is that server's, and treated as such.
const NESTED: &[&str] = &["message", "error", "detail", "msg"];
const DEEPEST: usize = 4;

/// A quotation in marks that may be shown: a name, or a command of two words.
const SHOWN_CHARS: usize = 24;
const SHOWN_WORDS: usize = 2;

/// The message as it may be shown and kept: with names, without quoted prose.
pub(crate) fn shown(message: &str) -> String {
    cut(message, ECHOES, |inner, _| {
        is_name(inner)
            || inner.chars().count() <= SHOWN_CHARS
                && inner.split_whitespace().count() <= SHOWN_WORDS
    })
}

/// The message as it may be judged: nothing in quotation marks. Only between
/// backticks a name stays, because servers name their own fields that way.
pub(crate) fn judged(message: &str, echoes: &[&str]) -> String {
    cut(message, echoes, |inner, mark| mark == '`' && is_name(inner))
}

fn cut(message: &str, echoes: &[&str], keeps: impl Fn(&str, char) -> bool + Copy) -> String {
    let bounded: String = message.chars().take(LOOKED_AT).collect();
    let lower = bounded.to_ascii_lowercase();
    let end = echoes.iter().filter_map(|echo| find_words(&lower, echo)).min();
    let said = end.and_then(|end| bounded.get(..end)).unwrap_or(&bounded);
    let mut out = String::with_capacity(said.len());
    unquote(said, keeps, DEEPEST, &mut out);
    if end.is_some_and(|end| end < bounded.len()) {
        out.push_str(" …");
    }
    out
}

fn unquote(text: &str, keeps: impl Fn(&str, char) -> bool + Copy, deeper: usize, out: &mut String) {
    let mut rest = text;
    let mut before: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        let closing = closing_mark(c).filter(|_| !before.is_some_and(is_letter));
        out.push(c);
        let Some(closing) = closing else {
            (rest, before) = (behind, Some(c));
            continue;
        };
        if deeper > 0 && introduces_an_error(text, rest) {
            let nested = first_close(behind, closing);
            let (inner, after) = nested.unwrap_or((behind, ""));
            unquote(inner, keeps, deeper - 1, out);
            if nested.is_some() {
                out.push(closing);
            }
            (rest, before) = (after, Some(' '));
            continue;
        }
        // A name ends at the first mark, if the others come in pairs. Prose may
        // hold the same mark, so it ends at the last one; without an end it is
        // the rest.
        let quoted = first_close(behind, closing)
            .filter(|(inner, after)| is_name(inner) && is_paired(after, closing))
            .or_else(|| last_close(behind, closing));
        let (inner, after) = quoted.unwrap_or((behind, ""));
        let kept = if keeps(inner, c) { inner } else { "…" };
        out.push_str(kept);
        if quoted.is_some() {
            out.push(closing);
        }
        (rest, before) = (after, Some(' '));
    }
}

const fn closing_mark(c: char) -> Option<char> {
    match c {
        '\'' | '"' | '`' => Some(c),
        '“' => Some('”'),
        _ => None,
    }
}

/// Whether the quotation at the start of `rest` is the value of an error's key.
fn introduces_an_error(text: &str, rest: &str) -> bool {
    let key = text.get(..text.len() - rest.len()).and_then(|before| {
        let key = before.trim_end().trim_end_matches('\\').strip_suffix(':')?.trim_end();
        key.strip_suffix(['"', '\''])
    });
    key.map(|key| key.trim_end_matches('\\'))
        .is_some_and(|key| NESTED.iter().any(|nested| key.ends_with(nested)))
}

/// Every place where the quotation may end: what is in it, and what follows.
fn closes(text: &str, closing: char) -> impl DoubleEndedIterator<Item = (&str, &str)> {
    text.match_indices(closing).filter_map(move |(at, mark)| {
        let (inner, after) = (text.get(..at)?, text.get(at + mark.len()..)?);
        let is_end = !inner.ends_with('\\') && !after.chars().next().is_some_and(is_letter);
        is_end.then_some((inner, after))
    })
}

fn first_close(text: &str, closing: char) -> Option<(&str, &str)> {
    closes(text, closing).next()
}

fn last_close(text: &str, closing: char) -> Option<(&str, &str)> {
    closes(text, closing).next_back()
}

/// Whether the marks in `text` that are no apostrophe within a word are even in
/// number.
fn is_paired(text: &str, mark: char) -> bool {
    let beside = |at: usize, mark: &str| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + mark.len()..).and_then(|after| after.chars().next());
        before.is_some_and(is_letter) && after.is_some_and(is_letter)
    };
    mark == '”' || text.match_indices(mark).filter(|(at, mark)| !beside(*at, mark)).count() % 2 == 0
}

fn is_name(text: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || "_-./:@+#$[]".contains(c);
    !text.is_empty() && text.chars().count() <= 80 && text.chars().all(in_name)
}

/// A letter or digit that needs a space or a mark before the next word; scripts
/// that put no space between words begin at three bytes.
pub(crate) fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && c.len_utf8() < 3
}

/// Where the first whole-word occurrence of `piece` ends.
pub(crate) fn find_words(text: &str, piece: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find(piece) {
        let start = from + at;
        let end = start + piece.len();
        let before = text.get(..start)?.chars().next_back();
        let after = text.get(end..)?.chars().next();
        let joins = |edge: Option<char>, c: Option<char>| {
            let in_word = |c: char| is_letter(c) || c == '_';
            edge.is_some_and(in_word) && c.is_some_and(in_word)
        };
        if !joins(piece.chars().next(), before) && !joins(piece.chars().next_back(), after) {
            return Some(end);
        }
        from = start + text.get(start..)?.chars().next()?.len_utf8();
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a server says, what of it is shown, and what of it is judged.
    const SAMPLES: &[(&str, &str, &str)] = &[
        (
            "Failed to parse messages: Missing 'content'; messages = [{\"content\":\"hello\"}]",
            "Failed to parse messages: Missing 'content'; messages = …",
            "Failed to parse messages: Missing '…'; messages = …",
        ),
        (
            "Failed to parse tools: bad; tools = [{\"name\":\"f\"}]",
            "Failed to parse tools: bad; tools = …",
            "Failed to parse tools: bad; tools = …",
        ),
        (
            "Failed to parse input at pos 13: <|channel>thought the user asks",
            "Failed to parse input at pos …",
            "Failed to parse input at pos …",
        ),
        (
            "Invalid diff: 'The user's prompt is' not found at start of 'I see'",
            "Invalid diff: '…'",
            "Invalid diff: '…'",
        ),
        (
            "Invalid value: 'please tell me if my prompt is too long'. Supported values are: 'a'.",
            "Invalid value: '…'.",
            "Invalid value: '…'.",
        ),
        (
            "Tool call failed. failed_generation: <function=f>",
            "Tool call failed. failed_generation …",
            "Tool call failed. failed_generation …",
        ),
        (
            "expected text, received: the text",
            "expected text, received: …",
            "expected text, received: …",
        ),
        ("expected text, got: the text", "expected text, got: …", "expected text, got: …"),
        ("I forgot: the text", "I forgot: the text", "I forgot: the text"),
        ("model 'no-such' not found", "model 'no-such' not found", "model '…' not found"),
        (
            "host cannot be given `input[0].content[1]` of type `video_url`",
            "host cannot be given `input[0].content[1]` of type `video_url`",
            "host cannot be given `input[0].content[1]` of type `video_url`",
        ),
        ("use the 'lms load' command", "use the 'lms load' command", "use the '…' command"),
        (
            "the model's `max_tokens` don't fit",
            "the model's `max_tokens` don't fit",
            "the model's `max_tokens` don't fit",
        ),
        (
            "no such thing: “a long story, told twice over”",
            "no such thing: “…”",
            "no such thing: “…”",
        ),
        ("never closed: 'a long story, told twice over", "never closed: '…", "never closed: '…"),
        (
            r#"OpenAIException - {"error":{"code":400,"message":"too long: 'a story that is told'"}}"#,
            r#"OpenAIException - {"error":{"code":400,"message":"too long: '…'"}}"#,
            r#"OpenAIException - {"…":{"…":400,"…":"too long: '…'"}}"#,
        ),
    ];

    #[test]
    fn what_a_server_quotes_is_neither_shown_nor_judged() {
        for (message, to_show, to_judge) in SAMPLES {
            assert_eq!(shown(message), *to_show);
            assert_eq!(judged(message, ECHOES), *to_judge);
        }
    }

    #[test]
    fn every_echo_is_needed() {
        for out in ECHOES {
            let others: Vec<&str> = ECHOES.iter().copied().filter(|echo| echo != out).collect();
            let holds =
                SAMPLES.iter().all(|(text, _, to_judge)| judged(text, &others) == *to_judge);
            assert!(!holds, "no sample needs {out}");
        }
    }

    #[test]
    fn a_long_message_of_marks_costs_little() {
        for mark in ["'", "\"a\" ", "'a b", "“", "{\"error\":\""] {
            assert!(shown(&mark.repeat(50_000)).len() < 4 * LOOKED_AT);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut_without_panic(text in any::<String>()) {
            let _ = (shown(&text), judged(&text, ECHOES));
        }

        #[test]
        fn nothing_between_marks_is_judged(user in "[a-z ]{0,20}['\",.]? rate limit[a-z ,.]{0,20}", mark in "['\"]") {
            let text = format!("Invalid value: {mark}{user}{mark}. Try another.");
            prop_assert!(!judged(&text, ECHOES).contains("rate limit"), "{}", text);
        }
    }
}
