//! Reasoning that stands in an assistant's text of an earlier turn.
//!
//! Clients that talked to a server without a reasoning parser hand back what it
//! wrote: `<think>…</think>` and the answer. To any host that would be text that
//! was shown to a person. It is told as reasoning instead, which each wire then
//! treats like all reasoning of an unknown maker. Tags in code stay, and so does
//! a tag in the middle of a text that nothing closes: there it is the subject.

use std::borrow::Cow;

use oc_responses_stream::{
    Blocks, Item, Message, Part, Reasoning, ReasoningSplitter, Role, SplitOptions, TextPiece,
};

use super::places::Places;
use crate::request::Request;

/// `request` without reasoning in what an assistant said.
pub(super) fn told_apart(request: &Request) -> Cow<'_, Request> {
    if !request.input.iter().any(thinks) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    let places = Places::of(&request).into_owned();
    let input = std::mem::take(&mut request.input);
    let (mut told, mut stood) = (Vec::new(), Vec::new());
    for (item, place) in input.into_iter().zip(places) {
        for item in items(item) {
            told.push(item);
            stood.push(place.clone());
        }
    }
    (request.input, request.places) = (told, stood.into_iter().collect());
    Cow::Owned(request)
}

fn thinks(item: &Item) -> bool {
    matches!(item, Item::Message(message) if message.role == Role::Assistant
        && message.content.iter().any(|part| part_text(part).and_then(split).is_some()))
}

fn part_text(part: &Part) -> Option<&str> {
    if let Part::Text(text) = part { Some(&text.text) } else { None }
}

/// The reasoning, then what was said, if anything was.
fn items(item: Item) -> Vec<Item> {
    if !thinks(&item) {
        return vec![item];
    }
    let Item::Message(mut message) = item else { return vec![item] };
    let mut thought = Reasoning::default();
    take_out(&mut message, &mut thought.content);
    let mut items = Vec::new();
    if !thought.content.is_empty() {
        items.push(Item::Reasoning(thought));
    }
    if !message.content.is_empty() {
        items.push(Item::Message(message));
    }
    items
}

fn take_out(message: &mut Message, thoughts: &mut Vec<String>) {
    message.content.retain_mut(|part| {
        let Part::Text(text) = part else { return true };
        let Some(Split { thought, said }) = split(&text.text) else { return true };
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
/// an answer that is not to think.
fn split(text: &str) -> Option<Split> {
    if !text.contains(['<', '[']) {
        return None;
    }
    let anywhere = SplitOptions::default().with_blocks(Blocks::Anywhere);
    let (split, closes) = split_with(anywhere, text)?;
    // Only one that begins the text may be open to the end: it was cut.
    let split = if closes { split } else { split_with(SplitOptions::default(), text)?.0 };
    let is_blank = split.thought.trim().is_empty() && split.said.trim().is_empty();
    (split.said != text && !is_blank).then_some(split)
}

/// Also whether every block closes. `None` where a call is written in the text.
fn split_with(options: SplitOptions, text: &str) -> Option<(Split, bool)> {
    let mut splitter = ReasoningSplitter::with_options(options);
    let mut pieces = Vec::new();
    splitter.push(text, &mut pieces);
    let closes = !splitter.in_reasoning();
    splitter.finish(&mut pieces);
    let mut split = Split { thought: String::new(), said: String::new() };
    for piece in &pieces {
        match piece {
            TextPiece::Text(text) | TextPiece::Commentary(text) => split.said.push_str(text),
            TextPiece::Reasoning(text) => split.thought.push_str(text),
            TextPiece::Markup(_) => {}
            _ => return None,
        }
    }
    Some((split, closes))
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
            let found = split(text);
            let found = found.as_ref().map(|it| (it.thought.as_str(), it.said.as_str()));
            assert_eq!(found, wanted, "{text}");
        }
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
