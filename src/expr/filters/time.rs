//! Times in every form senders use.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::{rfc2822, temporal};
use jiff::tz::TimeZone;
use minijinja::{Error, Value};

use crate::expr::filters::{cannot, shown, text_of};
use crate::said;

/// `time`, `date`: RFC 3339 in UTC.
pub fn time(value: &Value) -> Result<Value, Error> {
    let Some(text) = text_of(value) else {
        return Ok(Value::UNDEFINED);
    };
    match parse(&text) {
        Some(at) => Ok(Value::from(at.to_string())),
        None => Err(cannot(said!(
            "filter-no-time",
            "time: {text} is not a time: write it as 2026-01-31T12:00:00Z, or as seconds or milliseconds since 1970",
            text = shown(&text)
        ))),
    }
}

/// A time in any of the forms senders use: RFC 3339, `+0000` offsets, seconds, milliseconds, microseconds or
/// nanoseconds since 1970 (told apart by size), an HTTP date, `YYYY-MM-DD HH:MM:SS` (taken as UTC), a plain date.
pub fn to_timestamp(value: &Value) -> Option<Timestamp> {
    parse(&text_of(value)?)
}

/// As `to_timestamp`, of a text.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let first = *text.as_bytes().first()?;
    if first.is_ascii_alphabetic() {
        return rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    }
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-')
        && text.bytes().skip(1).all(|byte| byte != b'-')
    {
        return since_1970(text);
    }
    let text = text
        .strip_suffix(" UTC")
        .or_else(|| text.strip_suffix(" GMT"))
        .unwrap_or(text);
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Some(at) = spaced_offset(text) {
        return Some(at);
    }
    let parser = temporal::DateTimeParser::new();
    if let Ok(at) = parser.parse_datetime(text) {
        return in_utc(at);
    }
    let date: Date = parser.parse_date(text).ok()?;
    in_utc(date.into())
}

/// `2026-01-31 12:00:00 +0200`, as Ruby prints times.
fn spaced_offset(text: &str) -> Option<Timestamp> {
    let (at, offset) = text.rsplit_once(' ')?;
    if !offset.starts_with(['+', '-']) {
        return None;
    }
    format!("{at}{offset}").parse().ok()
}

fn in_utc(at: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(at).ok()
}

/// A number since 1970. Seconds stay below 10¹¹ until the year 5138, milliseconds below 10¹⁴, microseconds below 10¹⁷.
fn since_1970(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i128 = whole.parse().ok()?;
    let unit: i128 = match whole.unsigned_abs() {
        0..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    let mut nanoseconds = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        let digit = i128::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?) * place;
        nanoseconds += if whole < 0 { -digit } else { digit };
    }
    Timestamp::from_nanosecond(nanoseconds).ok()
}
