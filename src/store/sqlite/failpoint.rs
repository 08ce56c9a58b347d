//! Named points where a test can make the writer fail as a broken disk would.

use std::sync::{Mutex, PoisonError};

use crate::store::sqlite::fault::{Done, Fault};

/// The point that is armed, and how often it still fails.
#[derive(Debug, Default)]
pub struct FailPoints(Mutex<Option<(String, u64)>>);

impl FailPoints {
    /// Makes `point` (`begin`, `commit`) fail the next `times` times.
    pub fn arm(&self, point: &str, times: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((point.to_owned(), times));
    }

    pub(super) fn check(&self, point: &str) -> Done<()> {
        let mut armed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match armed.as_mut() {
            Some((name, times)) if name == point && *times > 0 => {
                *times -= 1;
                Err(Fault::Unavailable(format!("the failure point {point}")))
            }
            _ => Ok(()),
        }
    }
}
