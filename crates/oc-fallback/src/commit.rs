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
    /// Each with what it weighs.
    held: Vec<(E, usize)>,
    bytes: usize,
    bound: usize,
    /// It was held for long enough: what may be shown is shown.
    open: bool,
    /// The caller has seen something of it.
    seen: bool,
}

/// What was held went over its bound.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OverBound;

impl<E> Uncommitted<E> {
    pub(crate) const fn new(bound: usize) -> Self {
        Self { held: Vec::new(), bytes: 0, bound, open: false, seen: false }
    }

    /// Takes an event in. Gives it back where the attempt is already shown and
    /// the event `may_show`: then it goes to the caller at once, as tentative.
    /// One that may not be shown holds back what follows, so that the order stays.
    pub(crate) fn hold(
        &mut self,
        event: E,
        weight: usize,
        may_show: bool,
    ) -> Result<Option<E>, OverBound> {
        if self.open && may_show && self.held.is_empty() {
            self.seen = true;
            return Ok(Some(event));
        }
        // An event is never free, so that weightless ones are bounded too.
        let weight = weight.max(size_of::<E>()).max(1);
        self.bytes = self.bytes.saturating_add(weight);
        if self.bytes > self.bound {
            return Err(OverBound);
        }
        self.held.push((event, weight));
        Ok(None)
    }

    /// Shows what is held, up to the first event that may not be shown, without
    /// committing.
    pub(crate) fn show(&mut self, may_show: fn(&E) -> bool) -> Vec<E> {
        self.open = true;
        let first_kept = self.held.iter().position(|(event, _)| !may_show(event));
        let kept = self.held.split_off(first_kept.unwrap_or(self.held.len()));
        self.bytes = kept.iter().map(|(_, weight)| weight).sum();
        let shown = std::mem::replace(&mut self.held, kept);
        self.seen |= !shown.is_empty();
        shown.into_iter().map(|(event, _)| event).collect()
    }

    /// Whether the caller has all of it before its eyes.
    pub(crate) const fn shows_all(&self) -> bool {
        self.seen && self.held.is_empty()
    }

    /// Whether the caller has seen anything of it.
    pub(crate) const fn is_seen(&self) -> bool {
        self.seen
    }

    /// The commit: the proof, and what was held back until now.
    pub(crate) fn commit(self) -> (Committed, Vec<E>) {
        (Committed(()), self.held.into_iter().map(|(event, _)| event).collect())
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
        assert_eq!(held.hold('a', 6, true), Ok(None));
        assert_eq!(held.hold('b', 6, true), Err(OverBound));
    }

    #[test]
    fn weightless_events_are_bounded_too() {
        let mut held = Uncommitted::new(100);
        let kept =
            std::iter::repeat_with(|| held.hold((), 0, true)).take_while(Result::is_ok).count();
        assert_eq!(kept, 100);
    }

    #[test]
    fn a_shown_attempt_holds_nothing() {
        let mut held = Uncommitted::new(10);
        assert_eq!(held.hold('a', 1, true), Ok(None));
        assert_eq!(held.show(|_| true), ['a']);
        assert!(held.is_seen());
        assert_eq!(held.hold('b', 1_000, true), Ok(Some('b')));
        assert_eq!(held.commit().1, []);
    }

    /// Capitals may not be shown.
    #[test]
    fn what_may_not_be_shown_stays_held_and_keeps_the_order() {
        let shows = |event: &char| event.is_lowercase();
        let mut held = Uncommitted::new(100);
        for event in ['a', 'B', 'c'] {
            assert_eq!(held.hold(event, 1, shows(&event)), Ok(None));
        }
        assert_eq!(held.show(shows), ['a']);
        assert_eq!(held.hold('d', 1, true), Ok(None));
        assert_eq!(held.commit().1, ['B', 'c', 'd']);
    }

    #[test]
    fn what_is_still_held_after_the_showing_still_weighs() {
        let mut held = Uncommitted::new(10);
        assert_eq!(held.hold('A', 6, false), Ok(None));
        assert!(held.show(|_| false).is_empty());
        assert!(!held.is_seen());
        assert_eq!(held.hold('B', 6, false), Err(OverBound));
    }
}
