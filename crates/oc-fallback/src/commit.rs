//! The commit point, as a type.
//!
//! ```text
//!              hold()            commit()
//!   ┌─────────────────────┐  ┌──────────────▶ Committed ── deliver() ──▶ Event
//!   ▼                     │  │
//! Uncommitted ────────────┴──┤
//!   (hidden │ shown)         │ dropped
//!                            └──────────────▶ nothing of it is final
//! ```
//!
//! Only a [`Committed`] can turn an event into a final one, and the only way to
//! get one is to consume the [`Uncommitted`] buffer of that same attempt.

use crate::output::Output;

/// What an attempt has sent before its commit: replaceable.
#[derive(Debug)]
pub(crate) struct Uncommitted<E> {
    held: Vec<E>,
    bytes: usize,
    bound: usize,
    shown: bool,
}

/// What was held went over its bound.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OverBound;

impl<E> Uncommitted<E> {
    pub(crate) const fn new(bound: usize) -> Self {
        Self { held: Vec::new(), bytes: 0, bound, shown: false }
    }

    /// Takes an event in. Gives it back where the attempt is already shown:
    /// then it goes to the caller at once, as tentative.
    pub(crate) fn hold(&mut self, event: E, weight: usize) -> Result<Option<E>, OverBound> {
        if self.shown {
            return Ok(Some(event));
        }
        // An event is never free, so that weightless ones are bounded too.
        let weight = weight.max(size_of::<E>()).max(1);
        self.bytes = self.bytes.saturating_add(weight);
        if self.bytes > self.bound {
            return Err(OverBound);
        }
        self.held.push(event);
        Ok(None)
    }

    /// Shows what is held, without committing.
    pub(crate) fn show(&mut self) -> Vec<E> {
        self.shown = true;
        self.bytes = 0;
        std::mem::take(&mut self.held)
    }

    /// Whether the caller has seen anything of it.
    pub(crate) const fn is_shown(&self) -> bool {
        self.shown
    }

    /// The commit: the proof, and what was held back until now.
    pub(crate) fn commit(self) -> (Committed, Vec<E>) {
        (Committed(()), self.held)
    }
}

/// Proof that this attempt is the answer.
#[derive(Debug)]
pub(crate) struct Committed(());

impl Committed {
    /// Makes an event final.
    pub(crate) const fn deliver<E>(&self, event: E) -> Output<E> {
        Output::Event(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_by_weight() {
        let mut held = Uncommitted::new(10);
        assert_eq!(held.hold('a', 6), Ok(None));
        assert_eq!(held.hold('b', 6), Err(OverBound));
    }

    #[test]
    fn weightless_events_are_bounded_too() {
        let mut held = Uncommitted::new(100);
        let kept = std::iter::repeat_with(|| held.hold((), 0)).take_while(Result::is_ok).count();
        assert_eq!(kept, 100);
    }

    #[test]
    fn a_shown_attempt_holds_nothing() {
        let mut held = Uncommitted::new(10);
        assert_eq!(held.hold('a', 1), Ok(None));
        assert_eq!(held.show(), ['a']);
        assert_eq!(held.hold('b', 1_000), Ok(Some('b')));
        assert_eq!(held.commit().1, []);
    }
}
