//! Endpoints whose sender's API is better left alone for a while.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::said::Said;
use crate::process::fetch::retry::{Next, Trouble, next};

/// Failures in a row after which an API that is down is left alone.
const PATIENT: u32 = 5;
const LONGEST_WHEN_DOWN: Duration = Duration::from_secs(5 * 60);

/// What is known of each endpoint's API: one bad token must not be tried by every waiting event.
#[derive(Debug, Default)]
pub struct Pauses(Mutex<BTreeMap<String, State>>);

#[derive(Debug, Clone, Default)]
struct State {
    until: Option<Timestamp>,
    in_a_row: u32,
    /// An answer came in since the process started, and no alarm has been raised after it.
    well: bool,
    reason: Said,
}

impl Pauses {
    /// Until when and why the API of `endpoint` is left alone.
    pub fn paused(&self, endpoint: &str, now: Timestamp) -> Option<(Timestamp, Said)> {
        let states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.get(endpoint)?;
        let until = state.until.filter(|until| *until > now)?;
        Some((until, state.reason.clone()))
    }

    /// Notes a failure. What fails during a pause began before it and counts no more.
    pub fn failed(&self, endpoint: &str, trouble: Trouble, reason: &Said, now: Timestamp) {
        if trouble == Trouble::Rejected {
            return;
        }
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(endpoint.to_owned()).or_default();
        if matches!(trouble, Trouble::Token | Trouble::Forbidden) {
            state.well = false;
        }
        if state.until.is_some_and(|until| until > now) {
            return;
        }
        let before = state.in_a_row;
        state.in_a_row += 1;
        let wait = match trouble {
            Trouble::Down if state.in_a_row < PATIENT => return,
            Trouble::Down => Duration::from_secs(10)
                .saturating_mul(1 << (state.in_a_row - PATIENT).min(5))
                .min(LONGEST_WHEN_DOWN),
            Trouble::Token | Trouble::Forbidden | Trouble::Busy(_) | Trouble::Rejected => {
                match next(trouble, before.min(20), 0.0) {
                    Next::Again(wait) => wait,
                    Next::GiveUp => LONGEST_WHEN_DOWN,
                }
            }
        };
        state.reason = reason.clone();
        state.until = SignedDuration::try_from(wait)
            .ok()
            .and_then(|wait| now.checked_add(wait).ok());
    }

    /// Notes an answer. True when it is the first since the start or since an alarm: then the alarm is over.
    pub fn answered(&self, endpoint: &str) -> bool {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(endpoint.to_owned()).or_default();
        let was_well = std::mem::replace(&mut state.well, true);
        state.until = None;
        state.in_a_row = 0;
        !was_well
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};

    use super::Pauses;
    use crate::process::fetch::retry::Trouble;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    fn until(pauses: &Pauses, now: i64) -> Option<i64> {
        pauses
            .paused("ads", at(now))
            .map(|(until, _)| until.as_second())
    }

    #[test]
    fn a_bad_token_is_probed_ever_more_seldom() {
        let pauses = Pauses::default();
        pauses.failed("ads", Trouble::Token, &"no".into(), at(0));
        assert_eq!(until(&pauses, 1), Some(2));
        pauses.failed("ads", Trouble::Token, &"in flight before".into(), at(1));
        assert_eq!(until(&pauses, 1), Some(2));
        assert_eq!(until(&pauses, 2), None);
        pauses.failed("ads", Trouble::Token, &"no".into(), at(2));
        assert_eq!(until(&pauses, 3), Some(6));
        assert!(pauses.answered("ads"));
        assert!(!pauses.answered("ads"));
        assert_eq!(until(&pauses, 3), None);
    }

    #[test]
    fn an_api_that_is_down_gets_some_tries() {
        let pauses = Pauses::default();
        for _ in 0..4 {
            pauses.failed("ads", Trouble::Down, &"500".into(), at(0));
            assert_eq!(until(&pauses, 0), None);
        }
        pauses.failed("ads", Trouble::Down, &"500".into(), at(0));
        assert_eq!(until(&pauses, 0), Some(10));
        assert!(pauses.paused("shop", at(0)).is_none());
    }

    #[test]
    fn the_sender_says_how_long() {
        let pauses = Pauses::default();
        let told = Trouble::Busy(Some(Duration::from_secs(30)));
        pauses.failed("ads", told, &"429".into(), at(0));
        assert_eq!(until(&pauses, 29), Some(30));
        pauses.failed("ads", Trouble::Rejected, &"404".into(), at(40));
        assert_eq!(until(&pauses, 40), None);
    }
}
