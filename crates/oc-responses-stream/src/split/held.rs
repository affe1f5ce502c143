//! Text that cannot be judged yet, taken from its front.

use std::ops::Deref;

/// Text that grows at its end and is taken from its front. To take a piece costs
/// no more than that piece: what comes after it is not moved, so that a text of
/// many tags is split in time that grows as its length, however it was cut.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    text: String,
    /// How much of it was taken.
    taken: usize,
}

impl Held {
    pub(super) fn push_str(&mut self, text: &str) {
        self.text.drain(..self.taken);
        self.taken = 0;
        self.text.push_str(text);
    }

    /// The first `len` bytes, which end between characters.
    pub(super) fn take(&mut self, len: usize) -> String {
        let Some(piece) = self.get(..len).map(str::to_owned) else { return self.take_all() };
        self.taken += len;
        piece
    }

    pub(super) fn take_all(&mut self) -> String {
        let mut text = std::mem::take(&mut self.text);
        text.drain(..std::mem::take(&mut self.taken));
        text
    }
}

impl Deref for Held {
    type Target = str;

    fn deref(&self) -> &str {
        self.text.get(self.taken..).unwrap_or_default()
    }
}
