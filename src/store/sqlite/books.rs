//! The writer's view of the database: its connection and what it keeps in memory beside it.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;

use crate::store::sqlite::claims::Claims;
use crate::store::sqlite::connect;
use crate::store::sqlite::desk::DeskCache;
use crate::store::sqlite::failpoint::FailPoints;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::flight::InFlight;
use crate::store::sqlite::lookup::Lookup;
use crate::store::sqlite::number::{self, Tally};
use crate::store::sqlite::stream::Streams;

/// Everything a job may read and write.
pub(super) struct Books {
    pub(super) conn: Connection,
    pub(super) claims: Claims,
    pub(super) lookup: Lookup,
    pub(super) streams: Streams,
    pub(super) desk: DeskCache,
    pub(super) tally: Tally,
    pub(super) last: Last,
    pub(super) flight: Arc<InFlight>,
    kept: Last,
    /// Asked for in this transaction, begun after it: memory that runs ahead of the disk is not frozen.
    sweep_asked: bool,
    fail: Arc<FailPoints>,
}

/// The last numbers given out. They are never given out again, whatever a purge removes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    pub(super) event: i64,
    pub(super) change: i64,
}

/// How the books are opened, and opened again after the disk failed.
#[derive(Clone)]
pub(super) struct BookFile {
    pub(super) path: PathBuf,
    pub(super) flight: Arc<InFlight>,
    pub(super) fail: Arc<FailPoints>,
}

impl Books {
    pub(super) fn open(file: &BookFile) -> Done<Self> {
        let conn = connect::writer(&file.path)?;
        let last = Last::read(&conn)?;
        Ok(Books {
            claims: Claims::load(&conn)?,
            lookup: Lookup::load(&conn)?,
            streams: Streams::default(),
            desk: DeskCache::default(),
            tally: Tally::default(),
            last,
            kept: last,
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

    /// Writes what was gathered for the end and commits; on disk when it returns.
    pub(super) fn commit(&mut self) -> Done<()> {
        self.desk.write_turns(&self.conn)?;
        self.claims.sweep(&self.conn, 0)?;
        self.lookup.write(&self.conn)?;
        self.tally.write(&self.conn)?;
        self.fail.check("commit")?;
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        self.kept = self.last;
        self.claims.keep(self.last.event);
        self.lookup.keep();
        self.streams.keep();
        self.desk.keep();
        if std::mem::take(&mut self.sweep_asked) {
            self.claims.freeze_all(self.last.event);
            self.lookup.freeze_all();
        }
        Ok(())
    }

    /// Sweeps up to `keys` of what waits in memory; `true` while something of events up to `event` or rows of `tail` up to
    /// `tail` waits.
    pub(super) fn sweep_step(&mut self, (event, tail): (i64, i64), keys: usize) -> Done<bool> {
        self.sweep_asked = true;
        self.claims.sweep(&self.conn, keys)?;
        self.lookup.sweep(&self.conn, keys)?;
        Ok(self.claims.is_behind(event) || self.lookup.is_behind(tail))
    }

    /// Forgets the transaction. The connection is broken when even this fails.
    pub(super) fn rollback(&mut self) -> Done<()> {
        self.last = self.kept;
        self.sweep_asked = false;
        self.claims.undo(self.last.event);
        self.lookup.undo();
        self.streams.undo();
        self.desk.undo();
        self.tally.clear();
        if !self.conn.is_autocommit() {
            self.conn.execute_batch("ROLLBACK")?;
        }
        Ok(())
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
        Ok(Last {
            event: max("SELECT max(seq) FROM event")?.max(swept),
            change: max("SELECT max(seq) FROM change")?,
        })
    }
}
