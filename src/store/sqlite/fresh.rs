//! Fresh events: pending, and not touched by anybody, so they have no row in `standing` and stand in none of its indexes.
//!
//! They are the last ones by number, after a mark (`fresh_from`) that workers push on, with settled ones in between while
//! a backlog is worked off. Time of receipt follows the number, but where a clock was put back (`clock_back`).

use rusqlite::{Connection, OptionalExtension, Row};

use crate::store::sqlite::event_list::Key;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::number;
use crate::store::sqlite::walk::rows;

/// How far the mark in the file may be behind the one in memory.
pub(super) const MARK_STEP: i64 = 4096;

pub(super) const LOOK: &str =
    "SELECT e.seq, s.event IS NULL FROM event e LEFT JOIN standing s ON s.event = e.seq
     WHERE e.seq > ?1 ORDER BY e.seq";
pub(super) const NEWEST: &str = "SELECT received_at, seq FROM event
     WHERE seq > ?1 AND seq <= ?2 AND NOT EXISTS (SELECT 1 FROM standing WHERE event = seq)
     ORDER BY seq DESC LIMIT ?3";
/// Reads all that are fresh: only for those that came in before the clock was put back.
const NEWEST_BY_CLOCK: &str = "SELECT received_at, seq FROM event
     WHERE seq > ?1 AND (received_at, seq) < (?2, ?3)
        AND NOT EXISTS (SELECT 1 FROM standing WHERE event = seq)
     ORDER BY received_at DESC, seq DESC LIMIT ?4";
pub(super) const OLDEST: &str = "SELECT received_at FROM event
     WHERE seq > ?1 AND NOT EXISTS (SELECT 1 FROM standing WHERE event = seq)
     ORDER BY seq LIMIT 1";
pub(super) const AT_OR_AFTER: &str =
    "SELECT received_at, seq FROM event WHERE seq >= ?1 ORDER BY seq LIMIT 1";

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

/// The newest fresh events before a key and not before a time.
pub(super) fn newest(
    conn: &Connection,
    from: i64,
    (since, before): (i64, Key),
    n: usize,
) -> Done<Vec<Key>> {
    let from = mark(conn, from)?;
    let mut keys: Vec<Key> = Vec::new();
    let mut take = |row: &Row<'_>| {
        let key: Key = (row.get(0)?, row.get(1)?);
        let is_new = key.0 >= since;
        if is_new {
            keys.push(key);
        }
        Done::Ok(is_new)
    };
    if number::get(conn, "clock_back")? > from + 1 {
        let mut select = conn.prepare_cached(NEWEST_BY_CLOCK)?;
        let mut found = select.query((from, before.0, before.1, rows(n)))?;
        while let Some(row) = found.next()? {
            if !take(row)? {
                break;
            }
        }
        return Ok(keys);
    }
    let upto = last_before(conn, from, before)?;
    let mut select = conn.prepare_cached(NEWEST)?;
    let mut found = select.query((from, upto, rows(n)))?;
    while let Some(row) = found.next()? {
        if !take(row)? {
            break;
        }
    }
    Ok(keys)
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

/// The last number after `from` whose event comes before a key, of events whose keys follow their numbers.
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
