//! Ids for calls that their server gave none.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use oc_responses_stream::{Slot, Started};

/// Ids for the calls of one answer, unlike those of the answers before it: in a
/// conversation the results of two calls of one id could be taken for each other.
///
/// They are made of the answer's own id and time, so that they are the same
/// whenever it is read. A server that tells neither gets bare numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallIds(Option<u32>);

impl CallIds {
    /// For the answer that began so.
    pub(crate) fn of(started: &Started) -> Self {
        if started.id.is_none() && started.created_at.is_none() {
            return Self(None);
        }
        let mut hasher = DefaultHasher::new();
        (&started.id, started.created_at).hash(&mut hasher);
        Self(Some(hasher.finish() as u32))
    }

    /// The id of the call in this slot.
    pub(crate) fn id(self, slot: Slot) -> String {
        let slot = slot.0;
        match self.0 {
            Some(answer) => format!("call_{answer:08x}_{slot}"),
            None => format!("call_{slot}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_answers_have_no_id_in_common_unless_they_tell_nothing_of_themselves() {
        let of = |id: Option<&str>, at| CallIds::of(&Started::new(id.map(Into::into), None, at));
        let answers = [
            of(Some("a"), None),
            of(Some("b"), None),
            of(Some("a"), Some(1)),
            of(Some("a"), Some(2)),
            of(None, Some(1)),
            of(None, None),
        ];
        for (at, one) in answers.iter().enumerate() {
            for other in answers.get(at + 1..).unwrap_or_default() {
                assert_ne!(one.id(Slot(0)), other.id(Slot(0)));
            }
        }
        assert_eq!(of(Some("a"), Some(1)).id(Slot(3)), of(Some("a"), Some(1)).id(Slot(3)));
        assert_eq!(of(None, None).id(Slot(3)), "call_3");
    }
}
