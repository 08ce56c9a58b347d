//! Events in rows: found, read, settled, put off.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;
use uuid::Uuid;

use crate::model::event::{Claimed, Event, EventStatus};
use crate::model::request::RawRequest;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::flight::InFlight;
use crate::store::sqlite::raw;
use crate::store::sqlite::stream;
use crate::store::sqlite::value::{
    blob, id, json, maybe_json, maybe_time, micros, text, time, timestamp,
};

/// The stored status of a pending event that is put off.
pub(super) const WAITING: i64 = 5;
/// Every status that is stored.
pub(super) const STORED: [i64; 6] = [0, 1, 2, 3, 4, WAITING];

/// The stored numbers of a status.
pub(super) fn numbers(status: EventStatus) -> &'static [i64] {
    match status {
        EventStatus::Pending => &[0, WAITING],
        EventStatus::Processed => &[1],
        EventStatus::Quarantined => &[2],
        EventStatus::Failed => &[3],
        EventStatus::Ignored => &[4],
    }
}

fn status(number: i64) -> Done<EventStatus> {
    if number == WAITING {
        return Ok(EventStatus::Pending);
    }
    EventStatus::ALL
        .into_iter()
        .find(|status| *status as i64 == number)
        .ok_or_else(|| Fault::Corrupt(format!("status {number}")))
}

/// Where an event stands: what settling it has to know.
#[derive(Debug)]
pub(super) struct At {
    pub(super) seq: i64,
    pub(super) status: EventStatus,
    pub(super) received_at: Timestamp,
    changes: i64,
    /// It has a reason, a due time or attempts to be cleared.
    marked: bool,
}

impl At {
    pub(super) fn is_pending(&self) -> bool {
        self.status == EventStatus::Pending
    }

    /// Its last settlement's changes: the first and how many.
    pub(super) fn changes(&self) -> (i64, i64) {
        range(self.changes)
    }
}

/// The column `changes` as the first change and how many.
pub(super) fn range(changes: i64) -> (i64, i64) {
    (changes >> 8, changes & 0xff)
}

pub(super) fn find(conn: &Connection, flight: &InFlight, event: Uuid) -> Done<Option<At>> {
    let read = |row: &Row<'_>| {
        Ok((|| {
            Ok(At {
                seq: row.get(0)?,
                status: status(row.get(1)?)?,
                received_at: time(row, 2)?,
                changes: row.get(3)?,
                marked: row.get(4)?,
            })
        })())
    };
    let found: Option<Done<At>> = match flight.seq(event) {
        Some(seq) => conn
            .prepare_cached(
                "SELECT seq, status, received_at, changes, reason IS NOT NULL OR due IS NOT NULL
                 FROM event WHERE seq = ?1",
            )?
            .query_row([seq], read)
            .optional()?,
        None => conn
            .prepare_cached(
                "SELECT seq, status, received_at, changes, reason IS NOT NULL OR due IS NOT NULL
                 FROM event WHERE id = ?1",
            )?
            .query_row([event.as_bytes()], read)
            .optional()?,
    };
    found.transpose()
}

/// How an event ends.
pub(super) struct Settling<'s> {
    pub(super) status: EventStatus,
    pub(super) reason: Option<&'s str>,
    pub(super) at: Timestamp,
    /// The first change it made, and how many.
    pub(super) changes: (i64, i64),
}

/// Ends a pending event.
pub(super) fn settle(books: &mut Books, at: &At, end: &Settling<'_>) -> Done<()> {
    let conn = &books.conn;
    if at.changes().1 > 0 {
        conn.prepare_cached(
            "INSERT INTO settled_before (event, changes) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute([at.seq, at.changes])?;
    }
    let (first, count) = end.changes;
    if count > 0xff {
        return Err(Fault::Refused(
            "an event that changes more than 255 records".to_owned(),
        ));
    }
    let changes = match count {
        0 => at.changes & !0xff,
        _ => first << 8 | count,
    };
    let (status, settled_at) = (end.status as u8, micros(end.at));
    if end.reason.is_none() && !at.marked {
        // The row keeps its size, so it is overwritten where it stands.
        conn.prepare_cached(
            "UPDATE event SET status = ?2, settled_at = ?3, changes = ?4 WHERE seq = ?1",
        )?
        .execute((at.seq, status, settled_at, changes))?;
    } else {
        conn.prepare_cached(
            "UPDATE event SET status = ?2, settled_at = ?3, changes = ?4, reason = ?5, due = NULL
             WHERE seq = ?1",
        )?
        .execute((at.seq, status, settled_at, changes, end.reason))?;
    }
    books.tally.add("pending", -1);
    Ok(())
}

/// Puts a pending event off.
pub(super) fn put_off(
    conn: &Connection,
    seq: i64,
    due: Timestamp,
    reason: &str,
    tries: u32,
) -> Done<()> {
    conn.prepare_cached(
        "UPDATE event SET status = ?2, due = ?3, reason = ?4, attempts = attempts + ?5
         WHERE seq = ?1",
    )?
    .execute((seq, WAITING, micros(due), reason, tries))?;
    Ok(())
}

/// Makes a settled event pending again.
pub(super) fn replay(books: &mut Books, seq: i64) -> Done<()> {
    books
        .conn
        .prepare_cached(
            "UPDATE event SET status = 0, attempts = 0, reason = NULL, due = NULL WHERE seq = ?1",
        )?
        .execute([seq])?;
    books.tally.add("pending", 1);
    Ok(())
}

/// The answer of the sender's API, kept beside the event.
pub(super) fn keep_fetched(conn: &Connection, seq: i64, answer: &Value) -> Done<()> {
    conn.prepare_cached(
        "INSERT INTO fetched (event, answer) VALUES (?1, ?2)
         ON CONFLICT (event) DO UPDATE SET answer = excluded.answer",
    )?
    .execute((seq, serde_json::to_string(answer)?))?;
    Ok(())
}

macro_rules! select_event {
    ($where:literal) => {
        concat!(
            "SELECT e.id, e.request_id, e.part, s.endpoint, s.source,
                coalesce(e.event_type, s.event_type), e.delivery_id, e.event_time, e.received_at,
                e.status, e.reason, e.violations, e.attempts, e.settled_at, s.scheme, s.secret,
                e.seq, e.request
             FROM event e JOIN stream s ON s.id = e.stream WHERE ",
            $where
        )
    };
}

/// An event with its number and its request's.
pub(super) struct Stored {
    pub(super) seq: i64,
    pub(super) request: i64,
    pub(super) event: Event,
}

fn read(row: &Row<'_>) -> Done<Stored> {
    let status = status(row.get(9)?)?;
    let settled_at: i64 = row.get(13)?;
    let settled = status != EventStatus::Pending && settled_at >= 0;
    let event = Event {
        id: id(row, 0)?,
        request: id(row, 1)?,
        part: row.get(2)?,
        endpoint: text(row, 3)?.to_owned(),
        source: text(row, 4)?.to_owned(),
        event_type: text(row, 5)?.to_owned(),
        delivery_id: row.get(6)?,
        event_time: maybe_time(row, 7)?,
        received_at: time(row, 8)?,
        status,
        reason: row.get(10)?,
        violations: maybe_json(row, 11)?.unwrap_or_default(),
        attempts: row.get(12)?,
        processed_at: settled.then(|| timestamp(settled_at)).transpose()?,
        verdict: stream::verdict(row, 14)?,
    };
    Ok(Stored {
        seq: row.get(16)?,
        request: row.get(17)?,
        event,
    })
}

pub(super) fn by_seq(conn: &Connection, seq: i64) -> Done<Option<Stored>> {
    let mut select = conn.prepare_cached(select_event!("e.seq = ?1"))?;
    let found = select.query_row([seq], |row| Ok(read(row))).optional()?;
    found.transpose()
}

pub(super) fn by_id(conn: &Connection, event: Uuid) -> Done<Option<Stored>> {
    let mut select = conn.prepare_cached(select_event!("e.id = ?1"))?;
    let found = select
        .query_row([event.as_bytes()], |row| Ok(read(row)))
        .optional()?;
    found.transpose()
}

/// The request an event came in, while retention keeps it.
pub(super) fn raw_request(conn: &Connection, stored: &Stored) -> Done<Option<RawRequest>> {
    let mut select = conn.prepare_cached(
        "SELECT method, query, peer, codec, headers, body FROM request WHERE seq = ?1",
    )?;
    let mut rows = select.query([stored.request])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(RawRequest {
        id: stored.event.request,
        endpoint: stored.event.endpoint.clone(),
        method: text(row, 0)?.to_owned(),
        query: text(row, 1)?.to_owned(),
        headers: raw::read_headers(blob(row, 4)?)?,
        body: raw::unpack(row.get(3)?, blob(row, 5)?)?,
        peer: raw::read_peer(row, 2)?,
        received_at: stored.event.received_at,
    }))
}

/// An event with all a worker needs.
pub(super) fn claimed(conn: &Connection, stored: Stored) -> Done<Claimed> {
    let raw = raw_request(conn, &stored)?;
    let mut select = conn.prepare_cached("SELECT answer FROM fetched WHERE event = ?1")?;
    let mut rows = select.query([stored.seq])?;
    let fetched = match rows.next()? {
        Some(row) => Some(json(row, 0)?),
        None => None,
    };
    Ok(Claimed {
        event: stored.event,
        raw,
        fetched,
    })
}
