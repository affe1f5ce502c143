//! The list of attempts: a slice whose first entry needs no allocation.

use std::ops::{Deref, DerefMut};

use super::Attempt;
use crate::few::Few;

/// The attempts of one request, in the order of their starts; reads as a slice.
///
/// The first is kept in place: a request that the first candidate answers
/// allocates nothing for its ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attempts(Few<Attempt>);

impl Attempts {
    pub(crate) fn push(&mut self, attempt: Attempt) {
        self.0.push(attempt);
    }

    #[cfg(test)]
    pub(crate) fn is_on_heap(&self) -> bool {
        self.0.is_on_heap()
    }
}

impl Deref for Attempts {
    type Target = [Attempt];

    fn deref(&self) -> &[Attempt] {
        &self.0
    }
}

impl DerefMut for Attempts {
    fn deref_mut(&mut self) -> &mut [Attempt] {
        &mut self.0
    }
}

impl<'a> IntoIterator for &'a Attempts {
    type Item = &'a Attempt;
    type IntoIter = std::slice::Iter<'a, Attempt>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Attempts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}
