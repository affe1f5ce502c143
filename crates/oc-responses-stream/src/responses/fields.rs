//! Fields that we do not know, of an item or of a part: each is told once.

use super::wire::Object;

/// What was told of them, and what is still to be told.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    told: Object,
    fresh: Object,
}

impl Fields {
    /// An object of the wire has these.
    pub(super) fn note(&mut self, fields: Object) {
        for (key, value) in fields {
            if self.told.get(&key) != Some(&value) {
                self.fresh.insert(key, value);
            }
        }
    }

    /// Those that were not told.
    pub(super) fn take(&mut self) -> Option<Object> {
        if self.fresh.is_empty() {
            return None;
        }
        let fresh = std::mem::take(&mut self.fresh);
        self.told.extend(fresh.clone());
        Some(fresh)
    }
}
