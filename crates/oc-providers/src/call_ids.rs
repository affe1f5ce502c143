//! Ids for calls that their server gave none.

use std::hash::{DefaultHasher, Hash, Hasher as _};

use oc_responses_stream::{Slot, Started};

/// Ids for the calls of one answer, unlike those of the answers before it: in a
/// conversation the results of two calls of one id could be taken for each other.
///
/// They are made of the answer's own id and time, or else of the request, which is
/// longer with each turn: so they are the same whenever an answer is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallIds(u32);

impl CallIds {
    /// For the answer that began so; `None`: it tells nothing of itself.
    pub(crate) fn of(started: &Started) -> Option<Self> {
        let tells = started.id.is_some() || started.created_at.is_some();
        tells.then(|| Self::made_of(&(&started.id, started.created_at)))
    }

    /// For the answer to this request, as it is sent.
    pub(crate) fn of_request(body: &[u8]) -> Self {
        Self::made_of(body)
    }

    /// The id of the call in this slot.
    pub(crate) fn id(self, slot: Slot) -> String {
        format!("call_{:08x}_{}", self.0, slot.0)
    }

    fn made_of(what: &(impl Hash + ?Sized)) -> Self {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        Self(hasher.finish() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_answers_have_no_id_in_common() {
        let of = |id: Option<&str>, at| CallIds::of(&Started::new(id.map(Into::into), None, at));
        assert_eq!(of(None, None), None);
        let answers = [
            of(Some("a"), None),
            of(Some("b"), None),
            of(Some("a"), Some(1)),
            of(Some("a"), Some(2)),
            of(None, Some(1)),
            Some(CallIds::of_request(b"{}")),
            Some(CallIds::of_request(b"{\"messages\":[]}")),
        ];
        let answers = answers.map(|ids| ids.expect("ids"));
        for (at, one) in answers.iter().enumerate() {
            for other in answers.get(at + 1..).unwrap_or_default() {
                assert_ne!(one.id(Slot(0)), other.id(Slot(0)));
            }
        }
        assert_eq!(of(Some("a"), Some(1)), of(Some("a"), Some(1)));
        assert_ne!(answers[0].id(Slot(0)), answers[0].id(Slot(1)));
    }
}
