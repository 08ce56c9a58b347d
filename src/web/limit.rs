//! How often an endpoint, and each of its callers, may be called.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};

use crate::config::Rate;
use crate::ingest::rejection::Rejection;
use crate::model::request::caller_of;

/// Checks between two looks at how many callers are remembered.
const LOOK: u32 = 1024;
/// Callers remembered before those that have been quiet are forgotten.
const MANY: usize = 10_000;
/// Callers remembered at most: beyond it all are forgotten, for memory matters more than a flood's second burst.
const MOST: usize = 100_000;

/// The limits of one endpoint.
#[derive(Debug)]
pub struct Limits {
    endpoint: Option<DefaultDirectRateLimiter>,
    callers: Option<Callers>,
}

#[derive(Debug)]
struct Callers {
    quota: Quota,
    limiter: RwLock<DefaultKeyedRateLimiter<IpAddr>>,
    checks: AtomicU32,
}

impl Limits {
    /// `per_address` holds for each IPv4 address and each IPv6 network of 64 bits.
    pub fn new(endpoint: Option<Rate>, per_address: Option<Rate>) -> Self {
        Limits {
            endpoint: endpoint.map(|rate| RateLimiter::direct(quota(rate))),
            callers: per_address.map(|rate| Callers {
                quota: quota(rate),
                limiter: RwLock::new(RateLimiter::keyed(quota(rate))),
                checks: AtomicU32::new(0),
            }),
        }
    }

    /// Counts a request. A caller that is over its own limit takes nothing from the endpoint's.
    ///
    /// # Errors
    /// `RateLimited` with the time after which the next one fits.
    pub fn check(&self, peer: IpAddr) -> Result<(), Rejection> {
        if let Some(callers) = &self.callers {
            callers.check(caller_of(peer))?;
        }
        match &self.endpoint {
            Some(limiter) => limiter.check().map_err(|until| limited(&until)),
            None => Ok(()),
        }
    }
}

impl Callers {
    fn check(&self, peer: IpAddr) -> Result<(), Rejection> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % LOOK == LOOK - 1 {
            self.forget_the_quiet();
        }
        // A panic while the lock was held leaves the limiter as good as before.
        let limiter = self
            .limiter
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        limiter.check_key(&peer).map_err(|until| limited(&until))
    }

    fn forget_the_quiet(&self) {
        {
            let limiter = self
                .limiter
                .read()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            if limiter.len() < MANY {
                return;
            }
            limiter.retain_recent();
            limiter.shrink_to_fit();
            if limiter.len() < MOST {
                return;
            }
        }
        let mut limiter = self
            .limiter
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *limiter = RateLimiter::keyed(self.quota);
    }
}

fn quota(rate: Rate) -> Quota {
    let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(at_least_one(rate.per_second)).allow_burst(at_least_one(rate.burst))
}

fn limited(until: &NotUntil<<DefaultClock as Clock>::Instant>) -> Rejection {
    let wait = until.wait_time_from(DefaultClock::default().now());
    Rejection::RateLimited(Duration::from_secs(wait.as_secs() + 1))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{LOOK, Limits, MOST};
    use crate::config::Rate;

    const RATE: Rate = Rate {
        per_second: 1,
        burst: 2,
    };

    #[test]
    fn an_endpoint_has_one_bucket() {
        let limits = Limits::new(Some(RATE), None);
        let answers: Vec<_> = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
            .map(|peer| limits.check(peer.parse().unwrap()).is_ok())
            .into();
        assert_eq!(answers, [true, true, false]);
    }

    #[test]
    fn callers_have_their_own() {
        let limits = Limits::new(None, Some(RATE));
        let answers: Vec<_> = [
            "192.0.2.1",
            "192.0.2.1",
            "192.0.2.1",
            "192.0.2.2",
            "2001:db8::1",
            "2001:db8::2",
            "2001:db8::3",
            "2001:db8:0:1::1",
        ]
        .map(|peer| limits.check(peer.parse().unwrap()).is_ok())
        .into();
        assert_eq!(answers, [true, true, false, true, true, true, false, true]);
    }

    #[test]
    fn memory_is_bounded() {
        let slow = Rate {
            per_second: 1,
            burst: 100_000,
        };
        let limits = Limits::new(None, Some(slow));
        let floods = u32::try_from(MOST).unwrap() * 2;
        for address in 0..floods {
            limits
                .check(IpAddr::V4(Ipv4Addr::from_bits(address)))
                .unwrap();
        }
        let remembered = limits.callers.unwrap().limiter.into_inner().unwrap().len();
        assert!(remembered <= MOST + LOOK as usize, "{remembered}");
    }
}
