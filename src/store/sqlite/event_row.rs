//! Where events stand: found, settled, put off, replayed.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;
use uuid::Uuid;

use crate::model::event::{EventStatus, PutOff, SPAM};
use crate::store::meters::Outcome;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::flight::{Fresh, InFlight};
use crate::store::sqlite::value::micros;

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
    /// As it is stored: an event whose time cannot be read has to end, too.
    pub(super) received_at: i64,
    stream: i64,
    changes: i64,
}

impl At {
    fn fresh(seq: i64, fresh: Fresh) -> Self {
        At {
            seq,
            status: EventStatus::Pending,
            received_at: fresh.received_at,
            stream: fresh.stream,
            changes: 0,
        }
    }

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
    if let Some(hand) = flight.hand(event) {
        return match (touched(conn, hand.seq)?, hand.fresh) {
            (None, Some(fresh)) => Ok(Some(At::fresh(hand.seq, fresh))),
            (found, _) => Ok(found),
        };
    }
    let seq: Option<i64> = conn
        .prepare_cached("SELECT seq FROM event WHERE id = ?1")?
        .query_row([event.as_bytes()], |row| row.get(0))
        .optional()?;
    seq.map_or(Ok(None), |seq| find_by_seq(conn, seq))
}

pub(super) fn find_by_seq(conn: &Connection, seq: i64) -> Done<Option<At>> {
    if let Some(at) = touched(conn, seq)? {
        return Ok(Some(at));
    }
    let mut select = conn.prepare_cached("SELECT stream, received_at FROM event WHERE seq = ?1")?;
    let fresh = select.query_row([seq], |row| {
        Ok(Fresh {
            stream: row.get(0)?,
            received_at: row.get(1)?,
        })
    });
    Ok(fresh.optional()?.map(|fresh| At::fresh(seq, fresh)))
}

/// Where an event stands that is not fresh.
fn touched(conn: &Connection, seq: i64) -> Done<Option<At>> {
    let mut select = conn.prepare_cached(
        "SELECT status, received_at, stream, changes FROM event_state WHERE event = ?1",
    )?;
    let found = select.query_row([seq], |row| {
        Ok((|| {
            Ok(At {
                seq,
                status: status(row.get(0)?)?,
                received_at: row.get(1)?,
                stream: row.get(2)?,
                changes: row.get(3)?,
            })
        })())
    });
    found.optional()?.transpose()
}

/// `due` of an event that was not put off and comes again.
const AT_ONCE: i64 = 0;

/// A row of `event_state`.
#[derive(Default)]
pub(super) struct State<'s> {
    pub(super) status: i64,
    pub(super) stream: i64,
    pub(super) received_at: i64,
    /// `None` leaves it as it is.
    pub(super) settled_at: Option<i64>,
    pub(super) changes: i64,
    /// `None` leaves it as it is: what has ever been due again is known to have come again.
    pub(super) due: Option<i64>,
    /// How many more.
    pub(super) attempts: i64,
    pub(super) reason: Option<&'s str>,
    pub(super) code: Option<&'s str>,
    /// As they are kept.
    pub(super) violations: Option<&'s str>,
}

/// Writes where an event stands from now on, fresh or not. A row that is there keeps its stream and time of receipt, which
/// are the event's own, repeated for the indexes: nobody changes them but `identify`, in both rows.
pub(super) fn put(conn: &Connection, seq: i64, state: &State<'_>) -> Done<()> {
    conn.prepare_cached(
        "INSERT INTO event_state (event, status, stream, received_at, settled_at, changes, due,
            attempts, reason, code, violations)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (event) DO UPDATE SET status = excluded.status,
            settled_at = coalesce(excluded.settled_at, settled_at), changes = excluded.changes,
            due = coalesce(excluded.due, due), attempts = attempts + excluded.attempts,
            reason = excluded.reason, code = excluded.code, violations = excluded.violations",
    )?
    .execute((
        seq,
        state.status,
        state.stream,
        state.received_at,
        state.settled_at,
        state.changes,
        state.due,
        state.attempts,
        state.reason,
        state.code,
        state.violations,
    ))?;
    Ok(())
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
    self::end(books, at, end)?;
    count(books, at, end)
}

/// The same, but for the count of what came of it.
pub(super) fn end(books: &mut Books, at: &At, end: &Settling<'_>) -> Done<()> {
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
    let state = State {
        status: end.status as i64,
        stream: at.stream,
        received_at: at.received_at,
        settled_at: Some(micros(end.at)),
        changes: if count == 0 { 0 } else { first << 8 | count },
        reason: end.reason,
        code: end.code,
        violations: end.violations,
        ..State::default()
    };
    put(conn, at.seq, &state)?;
    books.tally.add("pending", -1);
    Ok(())
}

pub(super) fn count(books: &mut Books, at: &At, end: &Settling<'_>) -> Done<()> {
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

/// Puts a pending event off.
pub(super) fn put_off(
    conn: &Connection,
    at: &At,
    due: Timestamp,
    how: PutOff,
    reason: &str,
) -> Done<()> {
    let state = State {
        status: WAITING,
        stream: at.stream,
        received_at: at.received_at,
        changes: at.changes,
        due: Some(micros(due)),
        attempts: i64::from(how == PutOff::Tried),
        reason: Some(reason),
        ..State::default()
    };
    put(conn, at.seq, &state)
}

/// Whether the spam gate holds an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    AsSpam,
    Not,
}

/// Makes a settled event pending again, due at once, of those that are held as spam or of the others; `false` for one of
/// the other kind, and for one whose raw request retention has removed, which could only end in quarantine.
pub(super) fn replay(books: &mut Books, seq: i64, held: Held) -> Done<bool> {
    let changed = books
        .conn
        .prepare_cached(
            "UPDATE event_state SET status = 0, attempts = 0, reason = NULL, code = NULL, due = ?4,
                violations = NULL
             WHERE event = ?1 AND (code IS ?2) = ?3
                AND EXISTS (SELECT 1 FROM event e JOIN event holder ON holder.seq = e.request
                    WHERE e.seq = ?1 AND holder.events > 0)",
        )?
        .execute((seq, SPAM, held == Held::AsSpam, AT_ONCE))?;
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
