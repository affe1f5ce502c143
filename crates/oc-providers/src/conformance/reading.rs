//! Bytes to what they say.

use futures::StreamExt as _;
use futures::executor::block_on;
use oc_responses_stream::{Answer, Collector, Delta, FinishReason, Item, Part, Usage};
use serde_json::Value;

use super::turns::provider;
use super::{Ending, Said, Scenario};
use crate::endpoint::Api;
use crate::error::ProviderError;
use crate::request::Request;
use crate::transport::Script;

/// What an answer says, in a form to be compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Heard {
    pub(super) items: Vec<HeardItem>,
    pub(super) ending: Ending,
    pub(super) usage: Option<[u64; 5]>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum HeardItem {
    Thought(String),
    Text(String),
    Refusal(String),
    Call { id: String, name: String, arguments: Value },
    Cites { url: String, title: String },
    Tokens(Vec<String>),
}

/// What a provider makes of `pieces`, where so many output tokens were allowed.
pub(super) fn deltas<'a>(
    api: Api,
    limit: Option<u64>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Delta>, Option<ProviderError>) {
    let mut pieces = pieces.into_iter().peekable();
    let is_document = pieces.peek().is_some_and(|first| first.starts_with(b"{"));
    let script = if is_document { Script::json(200, "") } else { Script::sse("") };
    let script = pieces.fold(script, |script, piece| script.then(piece.to_vec()));
    let (provider, _) = provider(api, "http://127.0.0.1:1/v1", vec![script]);
    let mut request = Request::text("m", "hi");
    request.max_output_tokens = limit;
    let (mut heard, mut error) = (Vec::new(), None);
    block_on(async {
        let mut stream = provider.deltas(request);
        while let Some(next) = stream.next().await {
            assert!(error.is_none(), "nothing follows an error");
            match next {
                // How often it comes depends on how the bytes come.
                Ok(Delta::Alive) => {}
                Ok(delta) => heard.push(delta),
                Err(fault) => error = Some(fault),
            }
        }
    });
    (heard, error)
}

/// What came of `deltas`.
pub(super) fn collected(deltas: &[Delta]) -> Answer {
    let mut collector = Collector::new();
    deltas.iter().for_each(|delta| collector.push(delta));
    collector.finish()
}

/// What `pieces` say, where so many output tokens were allowed.
pub(super) fn hear<'a>(
    api: Api,
    limit: Option<u64>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Heard {
    let (deltas, error) = deltas(api, limit, pieces);
    Heard::of(&collected(&deltas), error.as_ref())
}

impl Heard {
    pub(super) fn of(answer: &Answer, error: Option<&ProviderError>) -> Self {
        let finish = answer.finish.as_ref().map(|finish| &finish.reason);
        let ending = match (finish, error) {
            (None, Some(error)) => Ending::Fails(error.kind()),
            (Some(FinishReason::Stop | FinishReason::ToolCalls), None) => Ending::Whole,
            (Some(FinishReason::Refusal), None) => Ending::Whole,
            (Some(FinishReason::Length), None) => Ending::Length,
            (Some(FinishReason::ContentFilter), None) => Ending::Filtered,
            other => panic!("no ending, or two: {other:?}"),
        };
        let mut items = Vec::new();
        for item in &answer.items {
            hear_item(item, &mut items);
        }
        Self { items: merged(items), ending, usage: answer.usage.map(tokens) }
    }

    /// What a scenario says.
    pub(super) fn expected(scenario: &Scenario) -> Self {
        let items = scenario.said.iter().map(|said| match *said {
            Said::Thought(text) => HeardItem::Thought(text.to_owned()),
            Said::Text(text) => HeardItem::Text(text.to_owned()),
            Said::Times(times, text) => HeardItem::Text(text.repeat(times)),
            Said::Refusal(text) => HeardItem::Refusal(text.to_owned()),
            Said::Call(id, name, arguments) => HeardItem::Call {
                id: id.to_owned(),
                name: name.to_owned(),
                arguments: serde_json::from_str(arguments).expect("arguments"),
            },
            Said::Cites(url, title) => {
                HeardItem::Cites { url: url.to_owned(), title: title.to_owned() }
            }
            Said::Tokens(tokens) => {
                HeardItem::Tokens(tokens.iter().map(|token| (*token).to_owned()).collect())
            }
        });
        Self { items: items.collect(), ending: scenario.ending, usage: scenario.usage }
    }

    /// The same where it does not matter which ids tell the calls apart, only
    /// that they do.
    pub(super) fn without_ids(mut self) -> Self {
        let mut seen = std::collections::HashSet::new();
        for item in &mut self.items {
            if let HeardItem::Call { id, .. } = item {
                let tells = !id.is_empty() && seen.insert(id.clone());
                *id = if tells { "some id" } else { "no id of its own" }.to_owned();
            }
        }
        self
    }

    /// The same without the white space around items, which servers' own
    /// parsers treat differently, and without counts and ids, which nobody
    /// foresees.
    pub(super) fn without_particulars(self) -> Self {
        let mut heard = self.without_ids();
        heard.usage = None;
        for item in &mut heard.items {
            if let HeardItem::Thought(text) | HeardItem::Text(text) = item {
                *text = text.trim().to_owned();
            }
        }
        heard
    }

    /// Whether this is how `whole` begins: what was heard of an answer that
    /// broke off. Calls come when they are whole, wherever they began.
    pub(super) fn begins(&self, whole: &Self) -> bool {
        let is_call = |item: &&HeardItem| matches!(item, HeardItem::Call { .. });
        let calls_are_right =
            self.items.iter().filter(is_call).all(|call| whole.items.contains(call));
        let mut wanted = whole.items.iter().filter(|item| !is_call(item));
        let mut got = self.items.iter().filter(|item| !is_call(item)).peekable();
        while let Some(item) = got.next() {
            let Some(same) = wanted.next() else { return false };
            let is_last = got.peek().is_none_or(|next| matches!(next, HeardItem::Tokens(_)));
            if !(item == same || (is_last && item.begins(same))) {
                return false;
            }
        }
        calls_are_right
    }
}

impl HeardItem {
    fn begins(&self, whole: &Self) -> bool {
        match (self, whole) {
            (Self::Thought(text), Self::Thought(whole))
            | (Self::Text(text), Self::Text(whole))
            | (Self::Refusal(text), Self::Refusal(whole)) => whole.starts_with(text.as_str()),
            (Self::Tokens(tokens), Self::Tokens(whole)) => whole.starts_with(tokens),
            _ => self == whole,
        }
    }
}

fn hear_item(item: &Item, items: &mut Vec<HeardItem>) {
    match item {
        Item::Reasoning(reasoning) => {
            let texts = if reasoning.content.iter().any(|text| !text.is_empty()) {
                &reasoning.content
            } else {
                &reasoning.summary
            };
            items.push(HeardItem::Thought(texts.concat()));
        }
        Item::Message(message) => {
            for part in &message.content {
                hear_part(part, items);
            }
        }
        Item::FunctionCall(call) => items.push(HeardItem::Call {
            id: call.call_id.to_string(),
            name: call.name.clone(),
            arguments: serde_json::from_str(&call.arguments).expect("only whole calls are told"),
        }),
        other => panic!("nothing of the kind is in any scenario: {other:?}"),
    }
}

fn hear_part(part: &Part, items: &mut Vec<HeardItem>) {
    let text = match part {
        Part::Text(text) => text,
        Part::Refusal(text) => return items.push(HeardItem::Refusal(text.clone())),
        other => panic!("nothing of the kind is in any scenario: {other:?}"),
    };
    items.push(HeardItem::Text(text.text.clone()));
    for annotation in &text.annotations {
        let word = |key: &str| annotation[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(word("type"), "url_citation");
        items.push(HeardItem::Cites { url: word("url"), title: word("title") });
    }
    let tokens = text.logprobs.as_ref().and_then(Value::as_array).into_iter().flatten();
    let tokens: Vec<_> =
        tokens.map(|token| token["token"].as_str().unwrap_or_default().to_owned()).collect();
    if !tokens.is_empty() {
        items.push(HeardItem::Tokens(tokens));
    }
}

/// Neighbours of one kind are one; nothing said is nothing.
fn merged(items: Vec<HeardItem>) -> Vec<HeardItem> {
    let mut merged: Vec<HeardItem> = Vec::new();
    for item in items {
        match (merged.last_mut(), item) {
            (_, HeardItem::Thought(text) | HeardItem::Text(text) | HeardItem::Refusal(text))
                if text.is_empty() => {}
            (Some(HeardItem::Thought(all)), HeardItem::Thought(text))
            | (Some(HeardItem::Text(all)), HeardItem::Text(text))
            | (Some(HeardItem::Refusal(all)), HeardItem::Refusal(text)) => all.push_str(&text),
            (_, item) => merged.push(item),
        }
    }
    merged
}

fn tokens(usage: Usage) -> [u64; 5] {
    assert_eq!(usage.total_tokens, usage.input_tokens + usage.output_tokens);
    [
        usage.input_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    ]
}
