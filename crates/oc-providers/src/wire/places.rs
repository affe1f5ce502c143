//! Where the items of a conversation stood in their client's body, so that a refusal
//! names the place that the client knows: `messages[2].content[0]`, not `input[3]`.

use std::borrow::Cow;

use oc_responses_stream::{Item, Part};

use super::fields::Place;
use crate::request::Request;

/// The place of each item of a conversation, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Vec<Stood>);

/// Where an item stood, and each of its parts.
#[derive(Clone, Debug)]
pub(crate) struct Stood {
    pub(in crate::wire) item: Place,
    pub(in crate::wire) parts: Vec<Place>,
}

/// Where something stood is no part of what was asked.
impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Places {
    /// Those of `request`; where nobody noted them, those of its items in the
    /// canonical form, which is the Responses API's.
    pub(in crate::wire) fn of(request: &Request) -> Cow<'_, Self> {
        if request.places.0.len() == request.input.len() {
            return Cow::Borrowed(&request.places);
        }
        let canonical = request.input.iter().enumerate().map(|(at, item)| {
            let place = Place::default().field("input").element(at);
            Stood::at(
                place,
                if matches!(item, Item::Message(_)) { "content" } else { "output" },
                item,
            )
        });
        Cow::Owned(canonical.collect())
    }

    /// Notes that those of `items` which have no place yet stood at `place`, their
    /// parts in its `list`.
    pub(in crate::wire) fn note(&mut self, items: &[Item], place: &Place, list: &str) {
        let new = items.iter().skip(self.0.len());
        self.0.extend(new.map(|item| Stood::at(place.clone(), list, item)));
    }

    pub(in crate::wire) fn push(&mut self, stood: Stood) {
        self.0.push(stood);
    }

    pub(in crate::wire) fn item(&self, at: usize) -> Option<&Place> {
        self.0.get(at).map(|stood| &stood.item)
    }

    pub(in crate::wire) fn part(&self, at: usize, part: usize) -> Option<&Place> {
        self.0.get(at)?.parts.get(part)
    }
}

impl Stood {
    /// An item at `place`, whose parts stood in its `list`.
    fn at(place: Place, list: &str, item: &Item) -> Self {
        let list = place.field(list);
        let parts = (0..parts_of(item).len()).map(|part| list.element(part)).collect();
        Self { item: place, parts }
    }
}

/// What was said that is not the assistant's own.
pub(in crate::wire) fn parts_of(item: &Item) -> &[Part] {
    match item {
        Item::Message(message) if message.role != oc_responses_stream::Role::Assistant => {
            &message.content
        }
        Item::FunctionCallOutput(result) => &result.output,
        _ => &[],
    }
}

impl FromIterator<Stood> for Places {
    fn from_iter<I: IntoIterator<Item = Stood>>(places: I) -> Self {
        Self(places.into_iter().collect())
    }
}

impl IntoIterator for Places {
    type Item = Stood;
    type IntoIter = std::vec::IntoIter<Stood>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
