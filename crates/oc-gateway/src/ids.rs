//! Ids and clock: the two things that a request cannot make for itself.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::{SystemTime, UNIX_EPOCH},
};

/// `prefix` and 24 random hexadecimal digits.
pub(crate) fn random_id(prefix: &str) -> String {
    let mut bytes = [0_u8; 12];
    if getrandom::fill(&mut bytes).is_err() {
        // No entropy source: ids need to differ, not to be unguessable.
        let hash = RandomState::new().hash_one(prefix).to_le_bytes();
        bytes.iter_mut().zip(hash.iter().cycle()).for_each(|(byte, hash)| *byte = *hash);
    }
    bytes.iter().fold(prefix.to_owned(), |id, byte| id + &format!("{byte:02x}"))
}

/// Seconds since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "the gateway is where the clock comes in")]
pub(crate) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_shape_and_differ() {
        let (one, two) = (random_id("req_"), random_id("req_"));
        assert_eq!(one.len(), 28);
        assert!(one.starts_with("req_") && one != two);
        assert!(one[4..].bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
