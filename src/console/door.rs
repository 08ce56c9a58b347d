//! Bounds what strangers can try: how often, and at what cost to us.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use tokio::sync::Semaphore;

use crate::access::password;
use crate::console::fault::Fault;
use crate::model::request::caller_of;

/// Tries at once, and after that one in so many seconds.
const BURST: u32 = 10;
const PAUSE: Duration = Duration::from_secs(6);
/// Keys remembered before those that have been quiet are forgotten.
const MANY: usize = 10_000;
/// Passwords that are worked on at the same time: each takes 19 MiB.
const EFFORTS: usize = 2;
/// Characters of a name that count: anybody can send any name.
const NAME: usize = 100;

/// The door of the console.
pub struct Door {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    names: DefaultKeyedRateLimiter<String>,
    efforts: Semaphore,
}

impl Default for Door {
    fn default() -> Self {
        Door {
            addresses: RateLimiter::keyed(quota()),
            names: RateLimiter::keyed(quota()),
            efforts: Semaphore::new(EFFORTS),
        }
    }
}

fn quota() -> Quota {
    let burst = NonZeroU32::new(BURST).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(PAUSE)
        .unwrap_or(Quota::per_minute(burst))
        .allow_burst(burst)
}

impl Door {
    /// Counts a try from an address to be somebody.
    ///
    /// # Errors
    /// `TooMany`, with the time after which the next one counts.
    pub fn knock(&self, peer: IpAddr, name: &str) -> Result<(), Fault> {
        if self.addresses.len() > MANY || self.names.len() > MANY {
            self.addresses.retain_recent();
            self.names.retain_recent();
        }
        let name: String = name.chars().take(NAME).collect();
        let address = self.addresses.check_key(&caller_of(peer));
        address.map_err(|until| too_many(&until))?;
        self.names
            .check_key(&name)
            .map_err(|until| too_many(&until))
    }

    /// Whether `password` is the one behind `stored`; takes as long when there is none.
    ///
    /// # Errors
    /// A defect of ours.
    pub async fn matches(&self, password: &str, stored: Option<String>) -> Result<bool, Fault> {
        let password = password.to_owned();
        self.effort(move || password::matches(&password, stored.as_deref()))
            .await
    }

    /// The form in which a new password is stored.
    ///
    /// # Errors
    /// The system has no randomness.
    pub async fn hash(&self, password: &str) -> Result<String, Fault> {
        let password = password.to_owned();
        Ok(self.effort(move || password::hash(&password)).await??)
    }

    async fn effort<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let permit = self.efforts.acquire().await;
        let done = tokio::task::spawn_blocking(work).await;
        drop(permit);
        done.map_err(|error| Fault::internal(&error))
    }
}

fn too_many(until: &NotUntil<<DefaultClock as Clock>::Instant>) -> Fault {
    let wait = until.wait_time_from(DefaultClock::default().now());
    Fault::TooMany(Duration::from_secs(wait.as_secs() + 1))
}

#[cfg(test)]
mod tests {
    use super::Door;

    #[test]
    fn tries_are_bounded_by_address_and_by_name() {
        let door = Door::default();
        let knock = |peer: &str, name: &str| door.knock(peer.parse().unwrap(), name).is_ok();
        for turn in 0..10 {
            assert!(knock("192.0.2.1", &format!("user{turn}")), "{turn}");
        }
        assert!(!knock("192.0.2.1", "another"), "the address is bounded");
        assert!(knock("192.0.2.2", "another"), "others are not");
        for turn in 0..10 {
            assert!(knock(&format!("198.51.100.{turn}"), "ana"), "{turn}");
        }
        assert!(!knock("198.51.100.99", "ana"), "the name is bounded");
        for turn in 0..10 {
            assert!(knock(&format!("2001:db8::{turn}"), &format!("v6-{turn}")));
        }
        assert!(
            !knock("2001:db8::ffff", "v6"),
            "a network of 64 bits is one caller"
        );
    }
}
