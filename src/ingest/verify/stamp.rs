//! Signed timestamps: how schemes write them, and how far from now they may be.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::ingest::rejection::Rejection;
use crate::model::said::Said;
use crate::phrase;
use crate::said;
use crate::source::declaration::{TimeUnit, TimestampSpec};

/// Refuses a time that is too far from `now`, in either direction.
pub fn check(spec: &TimestampSpec, text: &str, now: Timestamp) -> Result<(), Rejection> {
    let signed = read_time(spec.unit, text.trim()).ok_or_else(|| {
        let unit = match spec.unit {
            TimeUnit::Seconds => phrase!("seconds-since", "seconds since 1970"),
            TimeUnit::Milliseconds => phrase!("milliseconds-since", "milliseconds since 1970"),
            TimeUnit::Rfc3339 => phrase!("an-rfc3339", "an RFC 3339 time"),
            TimeUnit::HttpDate => phrase!("an-http-date", "an HTTP date"),
        };
        Rejection::TimestampOutOfRange(said!(
            "stamp-unread",
            "the signed timestamp is not {unit}",
            unit = unit
        ))
    })?;
    let off = now.duration_since(signed);
    if off.unsigned_abs() <= spec.tolerance {
        return Ok(());
    }
    let direction = match off.is_negative() {
        true => phrase!("ahead", "in the future"),
        false => phrase!("old", "old"),
    };
    Err(Rejection::TimestampOutOfRange(said!(
        "stamp-far",
        "the signed timestamp is {off} {direction}, {most} are allowed: an old request was sent again, or a clock is wrong",
        off = length(off.unsigned_abs()),
        direction = direction,
        most = length(spec.tolerance)
    )))
}

/// In words: `7 minutes`.
pub fn length(duration: Duration) -> Said {
    match duration.as_secs() {
        seconds @ 0..120 => said!("seconds", "{count} seconds", count = seconds),
        seconds @ 120..7200 => said!("minutes", "{count} minutes", count = seconds / 60),
        seconds @ 7200..172_800 => said!("hours", "{count} hours", count = seconds / 3600),
        seconds => said!("days", "{count} days", count = seconds / 86_400),
    }
}

/// The time in a text as the scheme writes it.
pub fn read_time(unit: TimeUnit, text: &str) -> Option<Timestamp> {
    match unit {
        TimeUnit::Seconds => Timestamp::from_second(text.parse().ok()?).ok(),
        TimeUnit::Milliseconds => Timestamp::from_millisecond(text.parse().ok()?).ok(),
        TimeUnit::Rfc3339 => text.parse().ok(),
        TimeUnit::HttpDate => rfc2822::DateTimeParser::new().parse_timestamp(text).ok(),
    }
}

/// `time` as the scheme writes it.
///
/// # Errors
/// A sentence when the time has no such form.
pub fn write_time(unit: TimeUnit, time: Timestamp) -> Result<String, String> {
    Ok(match unit {
        TimeUnit::Seconds => time.as_second().to_string(),
        TimeUnit::Milliseconds => time.as_millisecond().to_string(),
        TimeUnit::Rfc3339 => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        TimeUnit::HttpDate => rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&time)
            .map_err(|error| error.to_string())?,
    })
}
