//! The writer's view of the database: its connection and what it keeps in memory beside it.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use crate::model::field::Kind;
use crate::store::StoreRole;
use crate::store::sqlite::claims::Claims;
use crate::store::sqlite::connect;
use crate::store::sqlite::desk_cache::DeskCache;
use crate::store::sqlite::entries::Entries;
use crate::store::sqlite::failpoint::FailPoints;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::files::{FilePlace, LogFile};
use crate::store::sqlite::flight::InFlight;
use crate::store::sqlite::fresh;
use crate::store::sqlite::meter::Meter;
use crate::store::sqlite::number::{self, Tally};
use crate::store::sqlite::record_row::per_kind;
use crate::store::sqlite::stream::Streams;
use crate::store::sqlite::touches::Touches;
use crate::store::sqlite::value::micros;

/// Everything a job may read and write.
pub(super) struct Books {
    pub(super) conn: Connection,
    /// The log of `conn`, for the syncer.
    pub(super) log: Arc<LogFile>,
    pub(super) claims: Claims,
    pub(super) entries: Entries,
    pub(super) touches: Touches,
    pub(super) streams: Streams,
    pub(super) desk: DeskCache,
    pub(super) tally: Tally,
    pub(super) meter: Meter,
    pub(super) last: Last,
    pub(super) flight: Arc<InFlight>,
    kept: Last,
    /// The mark in the file before the fresh events.
    fresh_from: i64,
    /// Asked for in this transaction, begun after it: memory that runs ahead of the disk is not frozen.
    sweep_asked: bool,
    fail: Arc<FailPoints>,
}

/// Updates so far ahead of what is planned now, in microseconds, were stamped by a clock that was wrong: plans do not
/// wait so long.
const AHEAD: i64 = 15 * 60 * 1_000_000;

/// The last numbers given out. They are never given out again, whatever a purge removes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    pub(super) event: i64,
    pub(super) change: i64,
    /// The last update time of a record.
    pub(super) updated_at: i64,
    /// The time of receipt of the last event, and the first half of its id.
    pub(super) received_at: i64,
    pub(super) id: u64,
    /// The time of receipt of the last fresh event.
    pub(super) fresh_at: i64,
}

/// How the books are opened, and opened again after the disk failed.
#[derive(Clone)]
pub(super) struct BookFile {
    pub(super) place: FilePlace,
    pub(super) role: StoreRole,
    pub(super) flight: Arc<InFlight>,
    pub(super) fail: Arc<FailPoints>,
}

impl Books {
    pub(super) fn open(file: &BookFile) -> Done<Self> {
        // What is kept in memory of events in flight belongs to this file and no other.
        file.place.check()?;
        let conn = connect::writer(file.place.path())?;
        let last = Last::read(&conn)?;
        let (claims, entries, touches) = match file.role {
            StoreRole::Gateway => (
                Claims::load(&conn)?,
                Entries::load(&conn)?,
                Touches::load(&conn)?,
            ),
            StoreRole::Companion => (Claims::idle(), Entries::idle(), Touches::idle()),
        };
        Ok(Books {
            log: Arc::new(LogFile::open(file.place.clone())?),
            claims,
            entries,
            touches,
            streams: Streams::default(),
            desk: DeskCache::default(),
            tally: Tally::default(),
            meter: Meter::default(),
            last,
            kept: last,
            fresh_from: number::get(&conn, "fresh_from")?,
            sweep_asked: false,
            flight: file.flight.clone(),
            fail: file.fail.clone(),
            conn,
        })
    }

    pub(super) fn begin(&mut self) -> Done<()> {
        self.fail.check("begin")?;
        self.fail.limit(&self.conn)?;
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.desk.notice(&self.conn)?;
        Ok(())
    }

    /// Writes what was gathered for the end and commits; on disk when the syncer has synced the log.
    pub(super) fn commit(&mut self) -> Done<()> {
        self.desk.write(&self.conn)?;
        self.claims.sweep(&self.conn, 0)?;
        self.entries.write(&self.conn)?;
        self.touches.write(&self.conn)?;
        self.tally.write(&self.conn)?;
        self.meter.write(&self.conn)?;
        let fresh_from = self.fresh_mark()?;
        self.fail.check("commit")?;
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        self.kept = self.last;
        self.fresh_from = fresh_from;
        self.claims.keep(self.last.event);
        self.entries.keep();
        self.touches.keep();
        self.streams.keep();
        self.desk.keep();
        if std::mem::take(&mut self.sweep_asked) {
            self.freeze_all();
        }
        Ok(())
    }

    /// Between transactions: begins to sweep everything that waits in memory.
    pub(super) fn freeze_all(&mut self) {
        self.claims.freeze_all(self.last.event);
        self.entries.freeze_all();
        self.touches.freeze_all();
    }

    /// Something is to be swept.
    pub(super) fn is_frozen(&self) -> bool {
        self.claims.is_frozen() || self.entries.is_frozen() || self.touches.is_frozen()
    }

    /// Sweeps up to `keys` of each kind.
    pub(super) fn sweep(&mut self, keys: usize) -> Done<()> {
        self.claims.sweep(&self.conn, keys)?;
        self.entries.sweep(&self.conn, keys)?;
        self.touches.sweep(&self.conn, keys)
    }

    /// Between transactions: learns of `most` keys of each kind that stand in the tables; `false` when all are known.
    pub(super) fn learn(&mut self, most: i64) -> bool {
        let claims = self.claims.learn(&self.conn, most);
        let identities = self.entries.learn(&self.conn, most);
        claims || identities
    }

    /// Pushes the mark in the file on behind the one in memory, now and then.
    fn fresh_mark(&self) -> Done<i64> {
        let known = self.flight.fresh_from();
        if known < self.fresh_from + fresh::MARK_STEP {
            return Ok(self.fresh_from);
        }
        number::set(&self.conn, "fresh_from", known)?;
        Ok(known)
    }

    /// The update time of a record that is written now: when its event was planned, and later than every update
    /// before it. So whoever follows the records by update time has seen all that were committed before. A clock that
    /// was put back further than plans take is followed.
    pub(super) fn stamp(&mut self, planned: Timestamp) -> i64 {
        self.last.updated_at = stamp(self.last.updated_at, micros(planned));
        self.last.updated_at
    }

    /// Sweeps up to `keys` of what waits in memory; `true` while something of events up to `event` or rows of `tail` up to
    /// `tail` waits.
    pub(super) fn sweep_step(&mut self, (event, tail): (i64, i64), keys: usize) -> Done<bool> {
        self.sweep_asked = true;
        self.sweep(keys)?;
        Ok(self.claims.is_behind(event) || self.entries.is_behind(tail))
    }

    /// Forgets the transaction. The connection is broken when even this fails.
    pub(super) fn rollback(&mut self) -> Done<()> {
        self.last = self.kept;
        self.sweep_asked = false;
        self.claims.undo(self.last.event);
        self.entries.undo();
        self.touches.undo();
        self.streams.undo();
        self.desk.undo();
        self.tally.clear();
        self.meter.clear();
        if !self.conn.is_autocommit() {
            self.conn.execute_batch("ROLLBACK")?;
        }
        Ok(())
    }
}

/// The update time after `last` of what was planned at `planned`.
fn stamp(last: i64, planned: i64) -> i64 {
    match last.saturating_sub(planned) > AHEAD {
        true => planned,
        false => planned.max(last + 1),
    }
}

impl Last {
    fn read(conn: &Connection) -> Done<Self> {
        let max = |sql: &str| -> Done<i64> {
            Ok(conn
                .query_row(sql, [], |row| row.get::<_, Option<i64>>(0))?
                .unwrap_or(0))
        };
        let swept = number::get(conn, "claims_swept")?;
        let mut updated_at = 0;
        for kind in Kind::ALL {
            let sql = per_kind!(kind, "SELECT max(updated_at) FROM ", "");
            updated_at = max(sql)?.max(updated_at);
        }
        let newest = "SELECT received_at, id FROM event ORDER BY seq DESC LIMIT 1";
        let newest = conn.query_row(newest, [], |row| {
            Ok((row.get(0)?, Uuid::from_bytes(row.get(1)?).as_u64_pair().0))
        });
        let (received_at, id) = newest.optional()?.unwrap_or_default();
        Ok(Last {
            event: max("SELECT max(seq) FROM event")?.max(swept),
            change: max("SELECT max(seq) FROM change")?,
            updated_at,
            received_at,
            id,
            fresh_at: fresh::latest(conn)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{AHEAD, BookFile, Books, stamp};
    use crate::store::StoreRole;
    use crate::store::sqlite::connect;
    use crate::store::sqlite::files::FilePlace;
    use crate::store::sqlite::migrate;

    #[test]
    fn a_key_whose_removal_was_rolled_back_is_learnt() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("test.db");
        let conn = connect::creator(&path).unwrap();
        migrate::run(&conn).unwrap();
        let file = BookFile {
            place: FilePlace::of(path).unwrap(),
            role: StoreRole::Gateway,
            flight: Arc::default(),
            fail: Arc::default(),
        };
        let key = [7; 16];
        conn.execute("INSERT INTO claim (key, event) VALUES (?1, 1)", [key])
            .unwrap();
        let mut books = Books::open(&file).unwrap();
        books.begin().unwrap();
        books.conn.execute("DELETE FROM claim", []).unwrap();
        file.fail.arm("commit", 1);
        books.commit().unwrap_err();
        books.rollback().unwrap();
        while books.learn(8) {}
        assert_eq!(books.claims.holder(&books.conn, &key).unwrap(), Some(1));
    }

    #[test]
    fn updates_are_stamped_in_their_order_and_a_wrong_clock_is_got_over() {
        let now = 1_795_000_000_000_000;
        assert_eq!(stamp(0, now), now);
        assert_eq!(stamp(now, now), now + 1, "at the same moment");
        assert_eq!(stamp(now, now - 3_000_000), now + 1, "planned earlier");
        assert_eq!(stamp(now + AHEAD + 1, now), now, "the clock was put back");
    }
}
