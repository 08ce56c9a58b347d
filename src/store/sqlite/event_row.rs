//! Where events stand: found, settled, put off, replayed.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;
use uuid::Uuid;

use crate::model::event::{EventStatus, PutOff, SPAM};
use crate::model::said::{Said, kept};
use crate::store::meters::Outcome;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::flight::InFlight;
use crate::store::sqlite::value::{micros, time};

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

pub(super) fn status(number: i64) -> Done<EventStatus> {
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
    stream: i64,
    changes: i64,
    /// It has a reason or a due time to be cleared.
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
                stream: row.get(5)?,
            })
        })())
    };
    let found: Option<Done<At>> = match flight.seq(event) {
        Some(seq) => conn
            .prepare_cached(
                "SELECT seq, status, received_at, changes, reason IS NOT NULL OR due IS NOT NULL,
                    stream
                 FROM event WHERE seq = ?1",
            )?
            .query_row([seq], read)
            .optional()?,
        None => conn
            .prepare_cached(
                "SELECT seq, status, received_at, changes, reason IS NOT NULL OR due IS NOT NULL,
                    stream
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
    pub(super) code: Option<&'s str>,
    pub(super) reason: Option<&'s str>,
    /// As they are kept.
    pub(super) violations: Option<&'s str>,
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
            "UPDATE event SET status = ?2, settled_at = ?3, changes = ?4, reason = ?5, code = ?6,
                violations = ?7, due = NULL
             WHERE seq = ?1",
        )?
        .execute((
            at.seq,
            status,
            settled_at,
            changes,
            end.reason,
            end.code,
            end.violations,
        ))?;
    }
    books.tally.add("pending", -1);
    let outcome = match end.status {
        EventStatus::Quarantined => Outcome::Quarantined,
        EventStatus::Failed => Outcome::Failed,
        EventStatus::Ignored => Outcome::Ignored,
        EventStatus::Pending | EventStatus::Processed => Outcome::Processed,
    };
    let endpoint = books.streams.endpoint(&books.conn, at.stream)?;
    books.meter.count(end.at, endpoint, outcome);
    Ok(())
}

/// Ends a pending event that cannot be read, without what may be damaged of it.
pub(super) fn set_aside(books: &mut Books, seq: i64, reason: &Said, at: Timestamp) -> Done<()> {
    let ended = books
        .conn
        .prepare_cached(
            "UPDATE event SET status = ?2, settled_at = ?3, reason = ?4, code = 'unreadable', due = NULL,
                violations = NULL, notes = NULL
             WHERE seq = ?1 AND status IN (0, 5) RETURNING stream",
        )?
        .query_row(
            (seq, EventStatus::Failed as u8, micros(at), kept::write(reason)),
            |row| row.get(0),
        )
        .optional()?;
    if let Some(stream) = ended {
        books.tally.add("pending", -1);
        let endpoint = books.streams.endpoint(&books.conn, stream)?;
        books.meter.count(at, endpoint, Outcome::Failed);
    }
    Ok(())
}

/// Puts a pending event off.
pub(super) fn put_off(
    conn: &Connection,
    seq: i64,
    due: Timestamp,
    how: PutOff,
    reason: &str,
) -> Done<()> {
    conn.prepare_cached(
        "UPDATE event SET status = ?2, due = ?3, reason = ?4, attempts = attempts + ?5
         WHERE seq = ?1",
    )?
    .execute((seq, WAITING, micros(due), reason, how == PutOff::Tried))?;
    Ok(())
}

/// Whether the spam gate holds an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    AsSpam,
    Not,
}

/// Makes a settled event pending again, of those that are held as spam or of the others; `false` for one of the other
/// kind, and for one whose raw request retention has removed, which could only end in quarantine.
pub(super) fn replay(books: &mut Books, seq: i64, held: Held) -> Done<bool> {
    let changed = books
        .conn
        .prepare_cached(
            "UPDATE event SET status = 0, attempts = 0, reason = NULL, code = NULL, due = NULL,
                violations = NULL
             WHERE seq = ?1 AND (code IS ?2) = ?3
                AND EXISTS (SELECT 1 FROM request WHERE request.seq = event.request)",
        )?
        .execute((seq, SPAM, held == Held::AsSpam))?;
    if changed > 0 {
        books.tally.add("pending", 1);
    }
    Ok(changed > 0)
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
