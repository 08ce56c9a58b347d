//! The house's filters, the same in every formula.

use jiff::Timestamp;
use minijinja::{Environment, Value};

/// Adds every filter to the environment.
pub fn register(environment: &mut Environment<'static>) {
    environment.add_filter("trim", trim);
}

/// `trim`: without spaces at both ends.
fn trim(text: String) -> String {
    text.trim().to_owned()
}

/// A time in any of the forms senders use: RFC 3339, `+0000` offsets, seconds, milliseconds, microseconds or
/// nanoseconds since 1970 (told apart by size), an HTTP date, `YYYY-MM-DD HH:MM:SS` (taken as UTC), a plain date.
pub fn to_timestamp(value: &Value) -> Option<Timestamp> {
    value.as_str()?.trim().parse().ok()
}
