//! Retention, in steps that fit between other people's commits.
//!
//! Each step looks at the next rows after a place and says where it stopped. Numbers follow the time of receipt
//! closely but not exactly, so a step passes over younger rows, and a purge ends at the first step that found
//! nothing old.

use jiff::Timestamp;
use rusqlite::Statement;

use crate::model::event::EventStatus;
use crate::store::Result;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::event_row::numbers;
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

/// Raw requests without pending events, with what the sender's API answered about those events.
pub(super) fn bodies(books: &mut Books, place: i64, before: i64) -> Done<Stepped> {
    let mut stepped = Stepped::new();
    let rows = rows::<4>(
        books,
        "SELECT seq, received_at, first_event, events FROM request WHERE seq > ?1
         ORDER BY seq LIMIT ?2",
        place,
    )?;
    let mut pending = books.conn.prepare_cached(
        "SELECT 1 FROM event WHERE seq >= ?1 AND seq < ?1 + ?2 AND status IN (0, 5)",
    )?;
    let mut delete = books
        .conn
        .prepare_cached("DELETE FROM request WHERE seq = ?1")?;
    let mut delete_fetched = books
        .conn
        .prepare_cached("DELETE FROM fetched WHERE event >= ?1 AND event < ?1 + ?2")?;
    for [seq, received_at, first, count] in rows {
        stepped.last = Some(seq);
        if received_at >= before {
            continue;
        }
        stepped.old += 1;
        if !pending.exists([first, count])? {
            delete.execute([seq])?;
            delete_fetched.execute([first, count])?;
            stepped.removed += 1;
        }
    }
    Ok(stepped)
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
    let done = number::get(&books.conn, "keys_purged")?;
    let swept = number::get(&books.conn, "claims_swept")?;
    let rows = rows::<2>(
        books,
        "SELECT seq, received_at FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        place.max(done),
    )?;
    let mut delete = books.conn.prepare_cached(
        "DELETE FROM claim WHERE key = (SELECT claim FROM event WHERE seq = ?1) AND event = ?1",
    )?;
    let mut gapless = done == place.max(done);
    let mut done = done;
    for [seq, received_at] in rows.into_iter().filter(|[seq, _]| *seq <= swept) {
        stepped.last = Some(seq);
        if received_at >= before {
            gapless = false;
            continue;
        }
        stepped.old += 1;
        stepped.removed += u64::try_from(delete.execute([seq])?).unwrap_or(0);
        if gapless {
            done = seq;
        }
    }
    number::set(&books.conn, "keys_purged", done)?;
    Ok(stepped)
}

/// Settled events whose key is gone, with what is kept beside them.
pub(super) fn events(books: &mut Books, place: i64, before: i64) -> Done<Stepped> {
    let mut stepped = Stepped::new();
    let swept = number::get(&books.conn, "claims_swept")?;
    let rows = rows::<4>(
        books,
        "SELECT seq, received_at, status, request FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        place,
    )?;
    let conn = &books.conn;
    let mut keyed = conn.prepare_cached(
        "SELECT 1 FROM claim WHERE key = (SELECT claim FROM event WHERE seq = ?1) AND event = ?1",
    )?;
    let mut delivery = conn.prepare_cached("SELECT delivery_id FROM event WHERE seq = ?1")?;
    for [seq, received_at, status, request] in rows.into_iter().filter(|row| row[0] <= swept) {
        stepped.last = Some(seq);
        if received_at >= before {
            continue;
        }
        stepped.old += 1;
        if numbers(EventStatus::Pending).contains(&status) || keyed.exists([seq])? {
            continue;
        }
        let delivery: Option<String> = delivery.query_row([seq], |row| row.get(0))?;
        if let Some(delivery) = delivery {
            let hash = crate::store::sqlite::claims::delivery_hash(&delivery);
            conn.prepare_cached("DELETE FROM delivery WHERE hash = ?1 AND event = ?2")?
                .execute([hash, seq])?;
        }
        conn.prepare_cached("DELETE FROM fetched WHERE event = ?1")?
            .execute([seq])?;
        conn.prepare_cached("DELETE FROM settled_before WHERE event = ?1")?
            .execute([seq])?;
        conn.prepare_cached("DELETE FROM event WHERE seq = ?1")?
            .execute([seq])?;
        stepped.removed += 1;
        // A batch's request stays until the last of its events goes: others may still wait for it.
        conn.prepare_cached(
            "DELETE FROM request WHERE seq = ?1 AND NOT EXISTS (SELECT 1 FROM event
                WHERE event.seq >= request.first_event
                    AND event.seq < request.first_event + request.events)",
        )?
        .execute([request])?;
    }
    books
        .tally
        .add("events", -i64::try_from(stepped.removed).unwrap_or(0));
    Ok(stepped)
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
