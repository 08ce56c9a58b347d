//! Retention, in steps that fit between other people's commits.
//!
//! Each step looks at the next rows after a place and says where it stopped. Numbers follow the time of receipt
//! closely but not exactly, so a step passes over younger rows, and a purge ends at the first step that found
//! nothing old.

use jiff::Timestamp;
use rusqlite::{Connection, Statement};

use crate::store::Result;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::claims;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::number;
use crate::store::sqlite::value::micros;

/// Rows one step looks at.
const STEP: i64 = 256;

/// What a step did.
pub(super) struct Stepped {
    /// The last row it looked at; `None` when there was none.
    last: Option<i64>,
    /// Old rows it met, removed or not.
    old: u64,
    removed: u64,
}

type Step = fn(&mut Books, i64, i64) -> Done<Stepped>;

impl SqliteStore {
    /// Writes the keys that now wait in memory: a purge looks for them in the tables.
    pub(super) async fn sweep(&self) -> Result<()> {
        let target = self
            .write(|books| Ok((books.last.event, books.entries.last())))
            .await?;
        while self
            .write(move |books| books.sweep_step(target, 1024))
            .await?
        {}
        Ok(())
    }

    /// Runs a step until it finds nothing old.
    pub(super) async fn purge_steps(&self, before: Timestamp, step: Step) -> Result<u64> {
        let before = micros(before);
        let mut place = i64::MIN;
        let mut removed = 0;
        loop {
            let stepped = self.write(move |books| step(books, place, before)).await?;
            removed += stepped.removed;
            match stepped.last {
                Some(last) if stepped.old > 0 => place = last,
                _ => return Ok(removed),
            }
        }
    }
}

/// Raw requests without pending events, with what the sender's API answered about those events. What is waited for is noted,
/// and the mark passes it.
pub(super) fn bodies(books: &mut Books, place: i64, before: i64) -> Done<Stepped> {
    let mut stepped = Stepped::new();
    let mut mark = Mark::read(books, "bodies_purged", place)?;
    let rows = rows::<3>(
        books,
        "SELECT seq, received_at, coalesce(events, 0) FROM event WHERE seq > ?1
         ORDER BY seq LIMIT ?2",
        mark.start,
    )?;
    let mut keep = books
        .conn
        .prepare_cached("INSERT INTO kept_body (event) VALUES (?1) ON CONFLICT DO NOTHING")?;
    for [seq, received_at, events] in rows {
        stepped.last = Some(seq);
        if received_at >= before {
            mark.stop();
            continue;
        }
        stepped.old += 1;
        mark.pass(seq);
        if events > 0 {
            match is_waited_for(&books.conn, seq, events)? {
                true => drop(keep.execute([seq])?),
                false => {
                    remove_body(&books.conn, seq, events)?;
                    stepped.removed += 1;
                }
            }
        }
    }
    mark.write(books)?;
    Ok(stepped)
}

/// Raw requests that an earlier purge had to keep.
pub(super) fn kept_bodies(books: &mut Books, place: i64, before: i64) -> Done<Stepped> {
    let mut stepped = Stepped::new();
    let rows = rows::<3>(
        books,
        "SELECT k.event, coalesce(e.received_at, 0), coalesce(e.events, 0)
         FROM kept_body k LEFT JOIN event e ON e.seq = k.event
         WHERE k.event > ?1 ORDER BY k.event LIMIT ?2",
        place,
    )?;
    let mut forget = books
        .conn
        .prepare_cached("DELETE FROM kept_body WHERE event = ?1")?;
    for [seq, received_at, events] in rows {
        stepped.last = Some(seq);
        if received_at >= before {
            continue;
        }
        stepped.old += 1;
        if is_waited_for(&books.conn, seq, events)? {
            continue;
        }
        forget.execute([seq])?;
        if events > 0 {
            remove_body(&books.conn, seq, events)?;
            stepped.removed += 1;
        }
    }
    Ok(stepped)
}

/// Whether one of the events of a request is pending.
fn is_waited_for(conn: &Connection, first: i64, events: i64) -> Done<bool> {
    let mut pending = conn.prepare_cached(
        "SELECT 1 FROM event e LEFT JOIN event_state s ON s.event = e.seq
         WHERE e.seq >= ?1 AND e.seq < ?1 + ?2 AND coalesce(s.status, 0) IN (0, 5)",
    )?;
    Ok(pending.exists([first, events])?)
}

fn remove_body(conn: &Connection, first: i64, events: i64) -> Done<()> {
    conn.prepare_cached(
        "UPDATE event SET events = NULL, method = NULL, query = NULL, peer = NULL, codec = NULL,
            headers = NULL, body = NULL
         WHERE seq = ?1",
    )?
    .execute([first])?;
    conn.prepare_cached("DELETE FROM fetched WHERE event >= ?1 AND event < ?1 + ?2")?
        .execute([first, events])?;
    Ok(())
}

/// The copies that refusals hold of requests, and who sent them; why a request was refused stays.
pub(super) fn refused_bodies(books: &mut Books, place: i64, before: i64) -> Done<Stepped> {
    let rows = rows::<2>(
        books,
        "SELECT seq, at FROM refusal WHERE seq > ?1 AND peer <> '' ORDER BY seq LIMIT ?2",
        place,
    )?;
    let mut empty = books
        .conn
        .prepare_cached("UPDATE refusal SET body = x'', headers = x'', peer = '' WHERE seq = ?1")?;
    each_old(&rows, before, &mut empty)
}

/// Keys of old events, unless a newer event has taken them over.
pub(super) fn keys(books: &mut Books, place: i64, before: i64) -> Done<Stepped> {
    let mut stepped = Stepped::new();
    let mut mark = Mark::read(books, "keys_purged", place)?;
    let swept = number::get(&books.conn, "claims_swept")?;
    let rows = rows::<2>(
        books,
        "SELECT seq, received_at FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        mark.start,
    )?;
    let mut delete = books.conn.prepare_cached(
        "DELETE FROM claim WHERE key = (SELECT claim FROM event WHERE seq = ?1) AND event = ?1",
    )?;
    for [seq, received_at] in rows.into_iter().filter(|[seq, _]| *seq <= swept) {
        stepped.last = Some(seq);
        if received_at >= before {
            mark.stop();
            continue;
        }
        stepped.old += 1;
        stepped.removed += u64::try_from(delete.execute([seq])?).unwrap_or(0);
        mark.pass(seq);
    }
    mark.write(books)?;
    Ok(stepped)
}

/// Settled events whose key is gone, with what is kept beside them.
pub(super) fn events(books: &mut Books, place: i64, before: i64) -> Done<Stepped> {
    let mut stepped = Stepped::new();
    let swept = number::get(&books.conn, "claims_swept")?;
    let rows = rows::<3>(
        books,
        "SELECT seq, received_at, request FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        place,
    )?;
    for [seq, received_at, holder] in rows.into_iter().filter(|row| row[0] <= swept) {
        stepped.last = Some(seq);
        if received_at >= before {
            continue;
        }
        stepped.old += 1;
        if is_over(&books.conn, seq)? {
            remove_event(&books.conn, seq)?;
            stepped.removed += 1;
            // It was only still there because it holds the request of this one.
            if holder != seq && is_over(&books.conn, holder)? {
                remove_event(&books.conn, holder)?;
                stepped.removed += 1;
            }
        }
    }
    books
        .tally
        .add("events", -i64::try_from(stepped.removed).unwrap_or(0));
    Ok(stepped)
}

/// Whether an event is settled, its key is gone, and no other event needs the request that it holds.
fn is_over(conn: &Connection, seq: i64) -> Done<bool> {
    let mut select = conn.prepare_cached(
        "SELECT 1 FROM event e JOIN event_state s ON s.event = e.seq
         WHERE e.seq = ?1 AND s.status NOT IN (0, 5)
            AND NOT EXISTS (SELECT 1 FROM claim WHERE key = e.claim AND claim.event = e.seq)
            AND NOT EXISTS (SELECT 1 FROM event other
                WHERE other.seq > e.seq AND other.seq < e.seq + coalesce(e.events, 0))",
    )?;
    Ok(select.exists([seq])?)
}

fn remove_event(conn: &Connection, seq: i64) -> Done<()> {
    let mut delivery = conn.prepare_cached("SELECT delivery_id FROM event WHERE seq = ?1")?;
    let delivery: Option<String> = delivery.query_row([seq], |row| row.get(0))?;
    if let Some(delivery) = delivery {
        claims::forget_delivery(conn, &delivery, seq)?;
    }
    for sql in [
        "DELETE FROM fetched WHERE event = ?1",
        "DELETE FROM settled_before WHERE event = ?1",
        "DELETE FROM event_state WHERE event = ?1",
        "DELETE FROM event WHERE seq = ?1",
    ] {
        conn.prepare_cached(sql)?.execute([seq])?;
    }
    Ok(())
}

/// Changes; timelines end where they are gone. The newest stays, so that its number is not given out again.
pub(super) fn changes(books: &mut Books, place: i64, before: i64) -> Done<Stepped> {
    let newest = books.last.change;
    let rows = rows::<2>(
        books,
        "SELECT seq, at FROM change WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        place,
    )?;
    let mut delete = books
        .conn
        .prepare_cached("DELETE FROM change WHERE seq = ?1")?;
    let rows: Vec<_> = rows.into_iter().filter(|[seq, _]| *seq != newest).collect();
    let stepped = each_old(&rows, before, &mut delete)?;
    books
        .tally
        .add("changes", -i64::try_from(stepped.removed).unwrap_or(0));
    Ok(stepped)
}

/// Counts by minute; those by day stay.
pub(super) fn minutes(books: &mut Books, place: i64, before: i64) -> Done<Stepped> {
    let rows = rows::<2>(
        books,
        "SELECT DISTINCT minute, minute * 60000000 FROM minute WHERE minute > ?1
         ORDER BY minute LIMIT ?2",
        place,
    )?;
    let mut delete = books
        .conn
        .prepare_cached("DELETE FROM minute WHERE minute = ?1")?;
    each_old(&rows, before, &mut delete)
}

/// Up to which number everything is removed already, so that the next purge begins there.
struct Mark {
    name: &'static str,
    start: i64,
    done: i64,
    gapless: bool,
}

impl Mark {
    /// For a step from `place` on.
    fn read(books: &Books, name: &'static str, place: i64) -> Done<Self> {
        let done = number::get(&books.conn, name)?;
        Ok(Mark {
            name,
            start: place.max(done),
            done,
            gapless: place <= done,
        })
    }

    fn pass(&mut self, seq: i64) {
        if self.gapless {
            self.done = seq;
        }
    }

    /// Something stays.
    fn stop(&mut self) {
        self.gapless = false;
    }

    fn write(&self, books: &Books) -> Done<()> {
        number::set(&books.conn, self.name, self.done)
    }
}

impl Stepped {
    fn new() -> Self {
        Stepped {
            last: None,
            old: 0,
            removed: 0,
        }
    }
}

/// Runs a statement on each row of before a time: its place and its time are given.
fn each_old(rows: &[[i64; 2]], before: i64, remove: &mut Statement<'_>) -> Done<Stepped> {
    let mut stepped = Stepped::new();
    for [place, at] in rows {
        stepped.last = Some(*place);
        if *at < before {
            stepped.old += 1;
            stepped.removed += 1;
            remove.execute([place])?;
        }
    }
    Ok(stepped)
}

/// The next rows after a place, as numbers.
fn rows<const N: usize>(books: &Books, sql: &str, place: i64) -> Done<Vec<[i64; N]>> {
    let mut select = books.conn.prepare_cached(sql)?;
    let mut rows = select.query([place, STEP])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut numbers = [0; N];
        for (column, number) in numbers.iter_mut().enumerate() {
            *number = row.get(column)?;
        }
        found.push(numbers);
    }
    Ok(found)
}
