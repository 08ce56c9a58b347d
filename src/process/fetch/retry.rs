//! When a fetch that failed is tried again, pure.

use std::time::Duration;

/// The kinds of trouble a fetch can meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The token is not accepted: everything waits until somebody mends it.
    Token,
    /// The address may not be called: everything waits until somebody allows it.
    Forbidden,
    /// Too many requests, with the sender's own word on how long to wait.
    Busy(Option<Duration>),
    /// No answer, or a server's fault.
    Down,
    /// The API refuses this subject.
    Rejected,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Again(Duration),
    GiveUp,
}

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// The longest wait of what recovers by itself once somebody acted: nobody should wait an hour to see that it works.
const LONGEST_FOR_PEOPLE: Duration = Duration::from_secs(15 * 60);
/// How long a sender's API may be down before its events are given up.
const PATIENCE: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// A subject may be announced a little before the API knows it.
const TRIES_OF_REJECTED: u32 = 5;

/// What to do after `trouble`, when the event was put off `attempts` times before.
///
/// `jitter` from 0 to 1 spreads what failed together. Waits double from 2 s; their nominal sum, rather than the event's
/// age, is held against the patience, so that a replayed old event gets all its tries.
pub fn next(trouble: Trouble, attempts: u32, jitter: f64) -> Next {
    match trouble {
        Trouble::Token | Trouble::Forbidden => {
            Next::Again(spread(doubled(attempts, LONGEST_FOR_PEOPLE), jitter))
        }
        Trouble::Rejected if attempts >= TRIES_OF_REJECTED => Next::GiveUp,
        Trouble::Busy(_) | Trouble::Down if waited(attempts) >= PATIENCE => Next::GiveUp,
        Trouble::Busy(Some(wait)) => Next::Again(spread(wait.clamp(FIRST, LONGEST), jitter)),
        Trouble::Busy(None) | Trouble::Down | Trouble::Rejected => {
            Next::Again(spread(doubled(attempts, LONGEST), jitter))
        }
    }
}

fn doubled(attempts: u32, longest: Duration) -> Duration {
    let factor = 1_u32.checked_shl(attempts.min(16)).unwrap_or(u32::MAX);
    FIRST.saturating_mul(factor).min(longest)
}

/// Up to a quarter longer, never shorter: a sender that said when to come back means it.
fn spread(wait: Duration, jitter: f64) -> Duration {
    wait + wait.mul_f64(jitter.clamp(0.0, 1.0) / 4.0)
}

fn waited(attempts: u32) -> Duration {
    // 2 + 4 + … + 2048 s, then hours.
    (0..attempts.min(200))
        .map(|attempt| doubled(attempt, LONGEST))
        .sum()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::{any, prop_assert, proptest};

    use super::{Next, Trouble, next};

    fn check(trouble: Trouble, attempts: u32, jitter: f64, expected: Option<f64>) {
        let expected = expected.map_or(Next::GiveUp, |seconds| {
            Next::Again(Duration::from_secs_f64(seconds))
        });
        assert_eq!(
            next(trouble, attempts, jitter),
            expected,
            "{trouble:?} after {attempts}"
        );
    }

    #[test]
    fn waits_grow_and_end() {
        let told = |seconds| Trouble::Busy(Some(Duration::from_secs(seconds)));
        for (trouble, attempts, jitter, expected) in [
            (Trouble::Down, 0, 0.0, Some(2.0)),
            (Trouble::Down, 0, 1.0, Some(2.5)),
            (Trouble::Down, 1, 0.0, Some(4.0)),
            (Trouble::Down, 10, 0.0, Some(2048.0)),
            (Trouble::Down, 11, 0.0, Some(3600.0)),
            (Trouble::Down, 81, 0.0, Some(3600.0)),
            (Trouble::Down, 82, 0.0, None),
            (Trouble::Busy(None), 2, 0.0, Some(8.0)),
            (told(30), 7, 0.0, Some(30.0)),
            (told(30), 7, 0.5, Some(33.75)),
            (told(0), 0, 0.0, Some(2.0)),
            (told(86_400), 0, 0.0, Some(3600.0)),
            (told(30), 82, 0.0, None),
            (Trouble::Rejected, 4, 0.0, Some(32.0)),
            (Trouble::Rejected, 5, 0.0, None),
            (Trouble::Token, 0, 0.0, Some(2.0)),
            (Trouble::Token, 9, 0.0, Some(900.0)),
            (Trouble::Token, 100_000, 0.0, Some(900.0)),
            (Trouble::Forbidden, 3, 0.0, Some(16.0)),
        ] {
            check(trouble, attempts, jitter, expected);
        }
    }

    proptest! {
        #[test]
        fn no_wait_is_absurd(attempts in any::<u32>(), jitter in any::<f64>(), told in any::<u64>()) {
            for trouble in [Trouble::Token, Trouble::Down, Trouble::Rejected, Trouble::Busy(Some(Duration::from_secs(told)))] {
                if let Next::Again(wait) = next(trouble, attempts, jitter) {
                    prop_assert!(wait >= Duration::from_secs(2) && wait <= Duration::from_secs(4500), "{wait:?}");
                }
            }
        }
    }
}
