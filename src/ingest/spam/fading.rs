//! A memory that fades: keys with the time until which they count, bounded in number.

use std::collections::HashMap;
use std::hash::Hash;

use jiff::Timestamp;

/// Keys before those that no longer count are looked for.
const MANY: usize = 10_000;
/// Keys at most: beyond it all are forgotten, for memory matters more than one flood's count.
const MOST: usize = 100_000;

/// Keys, each until a time.
#[derive(Debug)]
pub struct Fading<K> {
    until: HashMap<K, Timestamp>,
    /// So many keys, and the faded ones are looked for: it doubles when few were, so that a flood of new keys does not
    /// pay for a search each.
    search_at: usize,
}

impl<K> Default for Fading<K> {
    fn default() -> Self {
        Fading {
            until: HashMap::new(),
            search_at: MANY,
        }
    }
}

impl<K: Eq + Hash> Fading<K> {
    /// Until when `key` counts, to be read and set; `now` for one that is not known.
    pub fn entry(&mut self, key: K, now: Timestamp) -> &mut Timestamp {
        if self.until.len() >= self.search_at && !self.until.contains_key(&key) {
            self.make_room(now);
        }
        self.until.entry(key).or_insert(now)
    }

    fn make_room(&mut self, now: Timestamp) {
        self.until.retain(|_, until| *until > now);
        if self.until.len() * 2 > MOST {
            self.until.clear();
        }
        self.search_at = MANY.max(self.until.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Fading, MOST};

    #[test]
    fn memory_is_bounded() {
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let mut fading = Fading::default();
        for key in 0..MOST * 2 {
            *fading.entry(key, start) = start + SignedDuration::from_hours(1);
            assert!(fading.until.len() <= MOST, "{key}");
        }
        let later = start + SignedDuration::from_hours(2);
        for key in 0..MOST {
            *fading.entry(key, later) = later;
        }
        assert!(fading.until.len() <= MOST / 2, "those that faded make room");
    }
}
