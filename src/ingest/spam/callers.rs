//! How many forms each address sends: a bucket each, counted with the time that is handed in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Addresses remembered before those that have been quiet are forgotten.
const MANY: usize = 10_000;
/// Addresses remembered at most: beyond it all are forgotten, for memory matters more than one flood's count.
const MOST: usize = 100_000;

/// The buckets of one endpoint.
#[derive(Debug)]
pub struct Callers {
    /// Between two forms in the long run.
    interval: SignedDuration,
    /// How far an address may be ahead of that.
    ahead: SignedDuration,
    buckets: Mutex<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    /// When the bucket of an address will be empty again.
    empty_at: HashMap<IpAddr, Timestamp>,
    /// So many addresses, and the quiet ones are looked for: it doubles when few were, so that a flood of new addresses
    /// does not pay for a search each.
    search_at: usize,
}

impl Buckets {
    /// Makes room for one more address.
    fn make_room(&mut self, now: Timestamp) {
        if self.empty_at.len() < self.search_at {
            return;
        }
        self.empty_at.retain(|_, at| *at > now);
        if self.empty_at.len() * 2 > MOST {
            self.empty_at.clear();
        }
        self.search_at = MANY.max(self.empty_at.len() * 2);
    }
}

impl Callers {
    pub fn new(per_minute: u32, burst: u32) -> Self {
        let interval =
            SignedDuration::from_secs(60) / i32::try_from(per_minute.max(1)).unwrap_or(i32::MAX);
        Callers {
            interval,
            ahead: interval * i32::try_from(burst.max(1)).unwrap_or(i32::MAX),
            buckets: Mutex::new(Buckets {
                empty_at: HashMap::new(),
                search_at: MANY,
            }),
        }
    }

    /// Counts a form; whether it was one too many.
    pub fn is_over(&self, caller: IpAddr, now: Timestamp) -> bool {
        // A panic while the lock was held leaves the buckets as good as before.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.empty_at.contains_key(&caller) {
            buckets.make_room(now);
        }
        let slot = buckets.empty_at.entry(caller).or_insert(now);
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

    use super::{Callers, MOST};

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

    #[test]
    fn memory_is_bounded() {
        let callers = Callers::new(1, 1);
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for address in 0..u32::try_from(MOST).unwrap() * 2 {
            // Quiet ones are forgotten, so that the long run stays cheap.
            let now = now + SignedDuration::from_millis(i64::from(address));
            callers.is_over(IpAddr::V4(Ipv4Addr::from_bits(address)), now);
        }
        let known = callers.buckets.into_inner().unwrap().empty_at.len();
        assert!((1..=MOST).contains(&known), "{known}");
    }
}
