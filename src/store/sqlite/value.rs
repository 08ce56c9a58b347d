//! How model values stand in columns: times as integer microseconds, ids as 16 bytes, lists as JSON.

use jiff::Timestamp;
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::event::Violation;
use crate::model::field::Kind;
use crate::model::said::{Said, kept};
use crate::store::sqlite::fault::{Done, Fault};

/// Microseconds since 1970; what a timestamp holds beyond them is cut off.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn timestamp(micros: i64) -> Done<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|error| Fault::corrupt("a time", error))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> Done<Timestamp> {
    timestamp(row.get(column)?)
}

pub(super) fn maybe_time(row: &Row<'_>, column: usize) -> Done<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?
        .map(timestamp)
        .transpose()
}

pub(super) fn id(row: &Row<'_>, column: usize) -> Done<Uuid> {
    Ok(Uuid::from_bytes(row.get(column)?))
}

pub(super) fn maybe_id(row: &Row<'_>, column: usize) -> Done<Option<Uuid>> {
    Ok(row
        .get::<_, Option<[u8; 16]>>(column)?
        .map(Uuid::from_bytes))
}

/// A text column without copying it first.
pub(super) fn text<'r>(row: &'r Row<'_>, column: usize) -> Done<&'r str> {
    row.get_ref(column)?
        .as_str()
        .map_err(|error| Fault::corrupt("a text", error))
}

pub(super) fn blob<'r>(row: &'r Row<'_>, column: usize) -> Done<&'r [u8]> {
    row.get_ref(column)?
        .as_blob()
        .map_err(|error| Fault::corrupt("a blob", error))
}

/// A JSON column.
pub(super) fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> Done<T> {
    Ok(serde_json::from_str(text(row, column)?)?)
}

pub(super) fn maybe_json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> Done<Option<T>> {
    let value = row.get_ref(column)?;
    match value
        .as_str_or_null()
        .map_err(|error| Fault::corrupt("a text", error))?
    {
        Some(text) => Ok(Some(serde_json::from_str(text)?)),
        None => Ok(None),
    }
}

/// A sentence as it was kept.
pub(super) fn kept_said(row: &Row<'_>, column: usize) -> Done<Option<Said>> {
    let text = row.get_ref(column)?;
    let text = text
        .as_str_or_null()
        .map_err(|error| Fault::corrupt("a text", error))?;
    Ok(text.map(kept::read))
}

/// A violation as a column keeps it: its message whole, where programs get the English sentence.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Violation")]
struct Whole {
    path: String,
    #[serde(with = "kept")]
    message: Said,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct KeptViolation(#[serde(with = "Whole")] Violation);

/// Violations as they are kept; nothing when there are none.
pub(super) fn keep_violations(violations: &[Violation]) -> Option<String> {
    let kept = violations.iter().cloned().map(KeptViolation);
    unless_empty(&kept.collect::<Vec<_>>())
}

/// Violations as they were kept.
pub(super) fn kept_violations(row: &Row<'_>, column: usize) -> Done<Vec<Violation>> {
    let kept: Option<Vec<KeptViolation>> = maybe_json(row, column)?;
    let kept = kept.unwrap_or_default().into_iter();
    Ok(kept.map(|kept| kept.0).collect())
}

/// A list as JSON.
pub(super) fn unless_empty<T: Serialize>(list: &[T]) -> Option<String> {
    match list.is_empty() {
        true => None,
        false => serde_json::to_string(list).ok(),
    }
}

pub(super) fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

pub(super) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) fn kind(number: i64) -> Done<Kind> {
    Kind::ALL
        .into_iter()
        .find(|kind| *kind as i64 == number)
        .ok_or_else(|| Fault::Corrupt(format!("kind {number}")))
}
