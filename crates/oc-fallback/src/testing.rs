//! What the crate's own tests share.

use std::time::Instant;

/// An instant to count from. Which one does not matter to any test.
#[expect(clippy::disallowed_methods, reason = "virtual time needs one instant to begin at")]
pub(crate) fn start() -> Instant {
    Instant::now()
}
