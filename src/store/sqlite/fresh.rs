//! Fresh events: pending, and not touched by anybody, so they have no row in `event_state` and stand in none of its indexes.
//!
//! They are the last ones by number, after a mark (`fresh_from`) that workers push on, with settled ones in between while
//! a backlog is worked off. Their times of receipt follow their numbers: an event that came in before a fresh one, by the
//! clock, is born with a row in `event_state`.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension};

use crate::store::sqlite::event_list::Key;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::number;

/// How far the mark in the file may be behind the one in memory.
pub(super) const MARK_STEP: i64 = 4096;

pub(super) const LOOK: &str =
    "SELECT e.seq, s.event IS NULL FROM event e LEFT JOIN event_state s ON s.event = e.seq
     WHERE e.seq > ?1 ORDER BY e.seq";
pub(super) const NEWEST: &str = "SELECT received_at, seq, stream FROM event
     WHERE seq > ?1 AND seq <= ?2 AND NOT EXISTS (SELECT 1 FROM event_state WHERE event = seq)
     ORDER BY seq DESC";
pub(super) const LATEST: &str = "SELECT max(received_at) FROM event WHERE seq > ?1";
pub(super) const OLDEST: &str = "SELECT received_at FROM event
     WHERE seq > ?1 AND NOT EXISTS (SELECT 1 FROM event_state WHERE event = seq)
     ORDER BY seq LIMIT 1";
pub(super) const AT_OR_AFTER: &str = "SELECT received_at, seq FROM event
     WHERE seq >= ?1 AND NOT EXISTS (SELECT 1 FROM event_state WHERE event = seq)
     ORDER BY seq LIMIT 1";

/// The first fresh events after a number, and up to which number was looked.
pub(super) fn after(conn: &Connection, seq: i64, most: usize) -> Done<(Vec<i64>, i64)> {
    let (mut found, mut upto) = (Vec::new(), seq);
    let mut select = conn.prepare_cached(LOOK)?;
    let mut rows = select.query([seq])?;
    while found.len() < most
        && let Some(row) = rows.next()?
    {
        upto = row.get(0)?;
        if row.get(1)? {
            found.push(upto);
        }
    }
    Ok((found, upto))
}

/// The newest fresh events of some streams, before a key and not before a time.
pub(super) fn newest(
    conn: &Connection,
    from: i64,
    streams: &[i64],
    (since, before): (i64, Key),
    n: usize,
) -> Done<Vec<Key>> {
    let from = mark(conn, from)?;
    let upto = last_before(conn, from, before)?;
    let streams: HashSet<i64> = streams.iter().copied().collect();
    let mut keys: Vec<Key> = Vec::new();
    let mut select = conn.prepare_cached(NEWEST)?;
    let mut found = select.query([from, upto])?;
    while keys.len() < n
        && let Some(row) = found.next()?
    {
        let key: Key = (row.get(0)?, row.get(1)?);
        if key.0 < since {
            break;
        }
        if key < before && streams.contains(&row.get(2)?) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// No fresh event was received later.
pub(super) fn latest(conn: &Connection) -> Done<i64> {
    let mut select = conn.prepare_cached(LATEST)?;
    let latest: Option<i64> = select.query_row([mark(conn, 0)?], |row| row.get(0))?;
    Ok(latest.unwrap_or(0))
}

/// When the first of them was received.
pub(super) fn oldest(conn: &Connection, from: i64) -> Done<Option<i64>> {
    let from = mark(conn, from)?;
    let mut select = conn.prepare_cached(OLDEST)?;
    Ok(select.query_row([from], |row| row.get(0)).optional()?)
}

/// The mark in the file, or the one that this process knows.
fn mark(conn: &Connection, known: i64) -> Done<i64> {
    Ok(number::get(conn, "fresh_from")?.max(known))
}

/// A number after `from` that all fresh events before a key have at most, and no other fresh event: their keys follow
/// their numbers.
fn last_before(conn: &Connection, from: i64, before: Key) -> Done<i64> {
    let last: Option<i64> = conn
        .prepare_cached("SELECT max(seq) FROM event")?
        .query_row([], |row| row.get(0))?;
    let (mut low, mut high) = (from, last.unwrap_or(from));
    let mut select = conn.prepare_cached(AT_OR_AFTER)?;
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let found: Option<Key> = select
            .query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match found {
            Some(key) if key < before => low = key.1.min(high),
            _ => high = middle - 1,
        }
    }
    Ok(low)
}
