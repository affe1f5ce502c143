//! Reasoning that stands in an assistant's text of an earlier turn.
//!
//! Clients that talked to a server without a reasoning parser hand back what it
//! wrote: `<think>…</think>` and the answer. To any host that would be text that
//! was shown to a person. It is told as reasoning instead, which each wire then
//! treats like all reasoning of an unknown maker. Tags in code stay, and so does
//! a tag in the middle of a text that nothing closes: there it is the subject.
//!
//! Where a chat template wrote the opening tag, the text has only the closing one:
//! what stands before it is reasoning, unless the text speaks of the tag
//! ([`is_mentioned`]) or nothing comes of the reasoning, neither an answer nor a call.

use std::borrow::Cow;

use oc_responses_stream::{
    Blocks, ImplicitOpen, Item, Message, Part, Reasoning, ReasoningSplitter, Role, SplitOptions,
    TextPiece,
};

use super::carried::CUSTOM_CALL;
use super::places::Places;
use crate::request::Request;

/// `request` without reasoning in what an assistant said.
pub(super) fn told_apart(request: &Request) -> Cow<'_, Request> {
    let mut each = request.input.iter().enumerate();
    if !each.any(|(at, item)| thinks(item, calls_next(&request.input, at))) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    let places = Places::of(&request).into_owned();
    let input = std::mem::take(&mut request.input);
    let calls: Vec<bool> = (0..input.len()).map(|at| calls_next(&input, at)).collect();
    let (mut told, mut stood) = (Vec::new(), Vec::new());
    for ((item, calls), place) in input.into_iter().zip(calls).zip(places) {
        for item in items(item, calls) {
            told.push(item);
            stood.push(place.clone());
        }
    }
    (request.input, request.places) = (told, stood.into_iter().collect());
    Cow::Owned(request)
}

/// Whether a call follows the item at this place.
fn calls_next(input: &[Item], at: usize) -> bool {
    match input.get(at + 1) {
        Some(Item::FunctionCall(_)) => true,
        Some(Item::Other(other)) => other.item_type() == CUSTOM_CALL,
        _ => false,
    }
}

fn thinks(item: &Item, calls: bool) -> bool {
    let holds_a_thought =
        |part: &Part| part_text(part).and_then(|text| split(text, calls)).is_some();
    matches!(item, Item::Message(message) if message.role == Role::Assistant
        && message.content.iter().any(holds_a_thought))
}

fn part_text(part: &Part) -> Option<&str> {
    if let Part::Text(text) = part { Some(&text.text) } else { None }
}

/// The reasoning, then what was said, if anything was.
fn items(item: Item, calls: bool) -> Vec<Item> {
    if !thinks(&item, calls) {
        return vec![item];
    }
    let Item::Message(mut message) = item else { return vec![item] };
    let mut thought = Reasoning::default();
    take_out(&mut message, calls, &mut thought.content);
    let mut items = Vec::new();
    if !thought.content.is_empty() {
        items.push(Item::Reasoning(thought));
    }
    if !message.content.is_empty() {
        items.push(Item::Message(message));
    }
    items
}

fn take_out(message: &mut Message, calls: bool, thoughts: &mut Vec<String>) {
    message.content.retain_mut(|part| {
        let Part::Text(text) = part else { return true };
        let Some(Split { thought, said }) = split(&text.text, calls) else { return true };
        thoughts.extend((!thought.trim().is_empty()).then_some(thought));
        text.text = said;
        // They count the characters of the whole text.
        text.annotations.clear();
        !text.text.trim().is_empty()
    });
}

struct Split {
    thought: String,
    said: String,
}

/// `None`: there is no reasoning in it, or nothing but the tags: so clients begin
/// an answer that is not to think. `calls`: a call follows the text.
fn split(text: &str, calls: bool) -> Option<Split> {
    if !text.contains(['<', '[', '◁']) {
        return None;
    }
    if let Some(split) = unopened(text, calls) {
        return Some(split);
    }
    let anywhere = SplitOptions::default().with_blocks(Blocks::Anywhere);
    let (split, closes) = split_with(anywhere, text)?;
    // Only one that begins the text may be open to the end: it was cut.
    let split = if closes { split } else { split_with(SplitOptions::default(), text)?.0 };
    let is_blank = split.thought.trim().is_empty() && split.said.trim().is_empty();
    (split.said != text && !is_blank).then_some(split)
}

/// Reasoning whose opening tag is missing. `None` where the first tag is no closing
/// one, is mentioned only, or nothing comes after it.
fn unopened(text: &str, calls: bool) -> Option<Split> {
    let options = SplitOptions::default()
        .with_blocks(Blocks::Anywhere)
        .with_implicit_open(ImplicitOpen::Hold { max: text.len() });
    // With a line end before it, a tag at the very start ends something, too.
    let (pieces, _) = pieces(options, &format!("\n{text}"));
    let [TextPiece::Reasoning(before), TextPiece::Markup(tag), ..] = pieces.as_slice() else {
        return None;
    };
    let before = before.strip_prefix('\n')?;
    let after = text.get(before.len() + tag.trim_end().len()..)?;
    let mut split = joined(&pieces)?;
    split.thought.drain(..1);
    let goes_on = calls || !split.said.trim().is_empty();
    (goes_on && !is_mentioned(before, after)).then_some(split)
}

/// Whether a tag between these texts is what they speak of: quoted, before a mark that
/// no answer begins with, or within a sentence that goes on after it.
fn is_mentioned(before: &str, after: &str) -> bool {
    let (last, mut rest) = (before.chars().next_back(), after.chars());
    let next = rest.next();
    let is_quoted = last.is_some_and(|c| "\"'`“‘«„(".contains(c))
        && next.is_some_and(|c| "\"'`”’»“)".contains(c));
    let is_before_a_mark = next.is_some_and(|c| ".,;:!?)".contains(c));
    let is_within = last.is_some_and(|c| matches!(c, ' ' | '\t'))
        && (after.trim().is_empty()
            || (next == Some(' ') && rest.next().is_some_and(char::is_lowercase)));
    is_quoted || is_before_a_mark || is_within
}

/// Also whether every block closes. `None` where a call is written in the text.
fn split_with(options: SplitOptions, text: &str) -> Option<(Split, bool)> {
    let (pieces, closes) = pieces(options, text);
    Some((joined(&pieces)?, closes))
}

fn pieces(options: SplitOptions, text: &str) -> (Vec<TextPiece>, bool) {
    let mut splitter = ReasoningSplitter::with_options(options);
    let mut pieces = Vec::new();
    splitter.push(text, &mut pieces);
    let closes = !splitter.in_reasoning();
    splitter.finish(&mut pieces);
    (pieces, closes)
}

fn joined(pieces: &[TextPiece]) -> Option<Split> {
    let mut split = Split { thought: String::new(), said: String::new() };
    for piece in pieces {
        match piece {
            TextPiece::Text(text) | TextPiece::Commentary(text) => split.said.push_str(text),
            TextPiece::Reasoning(text) => split.thought.push_str(text),
            TextPiece::Markup(_) => {}
            _ => return None,
        }
    }
    Some(split)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_is_told_apart_and_code_is_left_alone() {
        for (text, wanted) in [
            ("<think>SECRET</think>answer", Some(("SECRET", "answer"))),
            ("One. <think>SECRET</think>Two.", Some(("SECRET", "One. Two."))),
            ("<think>SECRET</think>", Some(("SECRET", ""))),
            ("<think>SECRET that was cut", Some(("SECRET that was cut", ""))),
            ("It writes `<think>x</think>` first.", None),
            ("So:\n```\n<think>x</think>\n```\nand the answer.", None),
            ("The tag <think> opens it.", None),
            ("<think>\n\n</think>\n\nanswer", Some(("\n\n", "answer"))),
            ("<think>\n\n</think>\n\n", None),
            ("a < b, [1]", None),
            ("", None),
        ] {
            let found = split(text, false);
            let found = found.as_ref().map(|it| (it.thought.as_str(), it.said.as_str()));
            assert_eq!(found, wanted, "{text}");
        }
    }

    /// A chat template wrote the opening tag: all of it went on as visible text.
    #[test]
    fn reasoning_without_an_opening_tag_is_told_apart_and_a_mention_is_not() {
        for (text, wanted) in [
            ("SECRET</think>answer", Some(("SECRET", "answer"))),
            ("SECRET\n</think>\n\nanswer", Some(("SECRET\n", "answer"))),
            ("SECRET </think> Answer", Some(("SECRET ", " Answer"))),
            ("SECRET (\"x\")</think>\"Yes\"", Some(("SECRET (\"x\")", "\"Yes\""))),
            ("SECRET[/THINK]answer", Some(("SECRET", "answer"))),
            ("SECRET◁/think▷answer", Some(("SECRET", "answer"))),
            ("</think>\n\nanswer", Some(("", "answer"))),
            ("SECRET</think>a</think>b", Some(("SECRET", "a</think>b"))),
            ("SECRET</think>a <think>SECRET</think>b", Some(("SECRETSECRET", "a b"))),
            ("SECRET</think>use `</think>`", Some(("SECRET", "use `</think>`"))),
            // Of the tag itself.
            ("Models end their reasoning with \"</think>\" and then answer.", None),
            ("Models end their reasoning with </think> and then answer.", None),
            ("They think (</think>) first.", None),
            ("Reasoning ends with </think>.", None),
            ("The tag is </think>", None),
            ("It writes `</think>` last.", None),
            ("So:\n```\nx</think>\ny\n```\nand the answer.", None),
            // An answer with a tag too many.
            ("Paris.</think>", None),
            ("Paris.\n</think>\n", None),
        ] {
            let found = split(text, false);
            let found = found.as_ref().map(|it| (it.thought.as_str(), it.said.as_str()));
            assert_eq!(found, wanted, "{text}");
        }
        let before_a_call = split("SECRET\n</think>\n\n", true);
        assert!(before_a_call.is_some_and(|it| it.thought == "SECRET\n" && it.said.is_empty()));
        assert!(split("The tag is </think>", true).is_none());
    }

    #[test]
    fn only_an_assistant_thinks() {
        let text = "<think>SECRET</think>answer";
        let of = |role| {
            let request = Request::new("m", vec![Item::Message(Message::text(role, text))]);
            told_apart(&request).into_owned().input
        };
        assert_eq!(of(Role::User), [Item::Message(Message::text(Role::User, text))]);
        let mut thought = Reasoning::default();
        thought.content.push("SECRET".to_owned());
        let said = Item::Message(Message::text(Role::Assistant, "answer"));
        assert_eq!(of(Role::Assistant), [Item::Reasoning(thought), said]);
    }
}
