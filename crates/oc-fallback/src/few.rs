//! A list whose first entry needs no allocation: most requests have one attempt.

use std::ops::{Deref, DerefMut};

/// Nothing, one entry in place, or a vector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Few<T> {
    #[default]
    Empty,
    One([T; 1]),
    Many(Vec<T>),
}

impl<T> Few<T> {
    pub(crate) fn push(&mut self, entry: T) {
        *self = match std::mem::take(self) {
            Self::Empty => Self::One([entry]),
            Self::One([first]) => Self::Many(vec![first, entry]),
            Self::Many(mut entries) => {
                entries.push(entry);
                Self::Many(entries)
            }
        };
    }

    /// Takes the entry at this place out; the order of the others may change.
    pub(crate) fn take(&mut self, at: usize) -> Option<T> {
        match std::mem::take(self) {
            Self::One([entry]) if at == 0 => Some(entry),
            Self::Many(mut entries) => {
                let taken = (at < entries.len()).then(|| entries.swap_remove(at));
                *self = Self::Many(entries);
                taken
            }
            other => {
                *self = other;
                None
            }
        }
    }
}

#[cfg(test)]
impl<T> Few<T> {
    pub(crate) fn is_on_heap(&self) -> bool {
        matches!(self, Self::Many(entries) if entries.capacity() > 0)
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Empty => &[],
            Self::One(entry) => entry,
            Self::Many(entries) => entries,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Empty => &mut [],
            Self::One(entry) => entry,
            Self::Many(entries) => entries,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_behaves_like_a_vector(acts in prop::collection::vec(prop::option::of(0_usize..4), 0..20)) {
            let (mut few, mut vector) = (Few::Empty, Vec::new());
            for (n, act) in acts.into_iter().enumerate() {
                match act {
                    None => {
                        few.push(n);
                        vector.push(n);
                    }
                    Some(at) => {
                        let taken = (at < vector.len()).then(|| vector.swap_remove(at));
                        prop_assert_eq!(few.take(at), taken);
                    }
                }
                prop_assert_eq!(&*few, vector.as_slice());
            }
        }
    }
}
