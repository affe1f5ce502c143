//! What items and parts were said to be when they were announced: text is what
//! its place was announced as, whatever its events are called.

use super::book::Place;
use super::parts::MOST;

/// What is told at a place, whatever its events are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Answer,
    Reasoning,
    /// What the client said before: no part of the answer.
    Echo,
}

/// Every announcement of an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Declarations {
    all: Vec<Declared>,
}

#[derive(Clone, Debug)]
struct Declared {
    output_index: Option<u32>,
    item_id: Option<String>,
    part: Option<u32>,
    what: What,
    /// Its item ended: what comes at its index is another's, unless it has its id.
    ended: bool,
}

impl Declared {
    /// Whether this is what was said of `place`: nothing tells them apart, and
    /// something ties them. An index that several items share ties nothing by itself.
    fn is_of(&self, place: &Place<'_>) -> bool {
        let index = self.output_index.zip(place.output_index).map(|(ours, theirs)| ours == theirs);
        let id = self.item_id.as_deref().zip(place.item_id).map(|(ours, theirs)| ours == theirs);
        index.or(id).is_some() && index.unwrap_or(true) && id.unwrap_or(true)
    }

    fn has_id_of(&self, place: &Place<'_>) -> bool {
        place.item_id.is_some() && self.item_id.as_deref() == place.item_id
    }
}

impl Declarations {
    /// Takes note of what `place` was announced as.
    pub(super) fn declare(&mut self, place: &Place<'_>, what: What) {
        self.all.retain(|d| !(d.part == place.part && d.is_of(place)));
        if self.all.len() >= MOST
            && let Some(oldest) = self.all.iter().position(|d| d.ended)
        {
            self.all.remove(oldest);
        }
        if self.all.len() < MOST {
            self.all.push(Declared {
                output_index: place.output_index,
                item_id: place.item_id.map(str::to_owned),
                part: place.part,
                what,
                ended: false,
            });
        }
    }

    /// The item at `place`, and every part of it, is over.
    pub(super) fn end(&mut self, place: &Place<'_>) {
        self.all.iter_mut().filter(|d| d.is_of(place)).for_each(|d| d.ended = true);
        // What has no name is the last that was announced without one.
        if let (None, None) = (place.output_index, place.item_id)
            && let Some(last) = self.all.iter_mut().rev().find(|d| {
                !d.ended && d.part.is_none() && d.output_index.is_none() && d.item_id.is_none()
            })
        {
            last.ended = true;
        }
    }

    /// An item is announced at `place`: whatever shared its index is over, unless
    /// this may be the same item, announced again.
    pub(super) fn succeed(&mut self, place: &Place<'_>, what: What) {
        let shares = |d: &Declared| {
            d.output_index.is_some() && d.output_index == place.output_index && !d.has_id_of(place)
        };
        let is_again = |d: &Declared| {
            d.part.is_none() && !d.ended && d.what == what && shares(d) && d.is_of(place)
        };
        if !self.all.iter().any(is_again) {
            self.all.iter_mut().filter(|d| shares(d)).for_each(|d| d.ended = true);
        }
    }

    /// What text at `place` is: what its part, or else its item, was announced as.
    pub(super) fn of(&self, place: &Place<'_>) -> What {
        self.among(place, |d| !d.ended || d.has_id_of(place))
    }

    /// The same of what restates: an item that ended may be meant.
    pub(super) fn of_any(&self, place: &Place<'_>) -> What {
        self.among(place, |_| true)
    }

    fn among(&self, place: &Place<'_>, counts: impl Fn(&Declared) -> bool) -> What {
        let said = |part: Option<u32>| {
            let mut all = self.all.iter().rev().filter(|d| d.part == part && counts(d));
            match (place.output_index, place.item_id) {
                // It is of whatever was announced last; of reasoning its name tells.
                (None, None) => all.next().map(|d| d.what).filter(|what| *what == What::Echo),
                _ => all.find(|d| d.is_of(place)).map(|d| d.what),
            }
        };
        let of_item = said(None);
        let of_part = place.part.and_then(|part| said(Some(part)));
        match of_item {
            Some(What::Echo) => What::Echo,
            _ => of_part.or(of_item).unwrap_or(What::Answer),
        }
    }
}
