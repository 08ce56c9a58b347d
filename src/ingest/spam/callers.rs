//! How many forms each address sends: a bucket each, counted with the time that is handed in.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::ingest::spam::fading::Fading;

/// The buckets of one endpoint.
#[derive(Debug)]
pub struct Callers {
    /// Between two forms in the long run.
    interval: SignedDuration,
    /// How far an address may be ahead of that.
    ahead: SignedDuration,
    /// When the bucket of an address will be empty again.
    empty_at: Mutex<Fading<IpAddr>>,
}

impl Callers {
    pub fn new(per_minute: u32, burst: u32) -> Self {
        let interval =
            SignedDuration::from_secs(60) / i32::try_from(per_minute.max(1)).unwrap_or(i32::MAX);
        Callers {
            interval,
            ahead: interval * i32::try_from(burst.max(1)).unwrap_or(i32::MAX),
            empty_at: Mutex::default(),
        }
    }

    /// Counts a form; whether it was one too many.
    pub fn is_over(&self, caller: IpAddr, now: Timestamp) -> bool {
        // A panic while the lock was held leaves the buckets as good as before.
        let mut empty_at = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = empty_at.entry(caller, now);
        let next = (*slot).max(now) + self.interval;
        if next.duration_since(now) > self.ahead {
            return true;
        }
        *slot = next;
        false
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use jiff::{SignedDuration, Timestamp};

    use super::Callers;

    #[test]
    fn a_bucket_each() {
        let callers = Callers::new(2, 3);
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (caller, seconds, over) in [
            (1, 0, false),
            (1, 0, false),
            (1, 0, false),
            (1, 0, true),
            (2, 0, false),
            (1, 29, true),
            (1, 30, false),
            (1, 30, true),
            (1, 600, false),
            (1, 600, false),
            (1, 600, false),
            (1, 600, true),
        ] {
            let now = start + SignedDuration::from_secs(seconds);
            let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, caller));
            assert_eq!(
                callers.is_over(address, now),
                over,
                "{caller} after {seconds} s"
            );
        }
    }
}
