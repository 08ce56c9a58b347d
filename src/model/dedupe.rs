//! The key that makes a second delivery of the same event a duplicate.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// 128 bits of SHA-256 over the endpoint and the parts a source declares as the identity of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DedupeKey(pub [u8; 16]);

impl DedupeKey {
    /// Hashes `parts` with their lengths, so that `["ab", "c"]` and `["a", "bc"]` differ.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut key = [0; 16];
        for (to, from) in key.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        DedupeKey(key)
    }
}

/// How long a key claims its event: `None` is as long as the store keeps keys (days); a short window is
/// for senders without ids, whose body hash would otherwise swallow a form filled in twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DedupeClaim {
    pub key: DedupeKey,
    pub window: Option<Duration>,
}
