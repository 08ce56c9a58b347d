//! Ids: UUID v7, so that they sort by the time they were made.

use jiff::Timestamp;
use uuid::Uuid;

/// A fresh id for something that happened at `at`.
pub fn new_id(at: Timestamp) -> Uuid {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    let nanos = u32::try_from(at.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix_time(seconds, nanos, 0, 0))
}
