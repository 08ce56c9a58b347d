//! Stamps that were used, remembered while they are good.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::ingest::spam::fading::Fading;
use crate::ingest::spam::stamp::Stamp;

/// Which stamps were used, by their nonces.
#[derive(Debug, Default)]
pub struct Used(Mutex<Fading<u64>>);

impl Used {
    /// Whether the stamp comes for the first time; it is remembered for `good`.
    pub fn is_first(&self, stamp: &Stamp, good: Duration, now: Timestamp) -> bool {
        // A panic while the lock was held leaves the memory as good as before.
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let good = SignedDuration::try_from(good).unwrap_or(SignedDuration::MAX);
        let until = now.checked_add(good).unwrap_or(Timestamp::MAX);
        let remembered = used.entry(stamp.nonce, now);
        let is_first = *remembered <= now;
        *remembered = until;
        is_first
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};

    use super::Used;
    use crate::ingest::spam::stamp::Stamp;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_stamp_is_new_once() {
        let used = Used::default();
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let (one, other) = (Stamp::new(1, now), Stamp::new(2, now));
        assert!(used.is_first(&one, HOUR, now));
        assert!(!used.is_first(&one, HOUR, now));
        assert!(used.is_first(&other, HOUR, now));
        let later = now + SignedDuration::from_hours(2);
        assert!(
            used.is_first(&one, HOUR, later),
            "forgotten when it is no good any more"
        );
    }
}
