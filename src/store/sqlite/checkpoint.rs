//! The log is copied into the database file beside the writer, and bounded.
//!
//! A thread with its own connection runs PASSIVE checkpoints, which never hold up the writer. Under unbroken load
//! they never catch up with the end of the log, so the log would grow for ever: when it is long, the writer is asked
//! to reset it between two transactions, which copies and syncs the little that is left and starts the log from its
//! beginning. A checkpoint that does not catch up does not sync what it copied, so this thread does: else all of it would
//! be left to the writer, and senders would wait for that, the longer the larger the database is.
//! A statement that some reader is in the middle of makes that fail at once; it is tried again a little later, each
//! time later than before, because each try costs the writer a moment. Readers hold no snapshot beyond a statement
//! or a short read, so few tries are needed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use crate::store::sqlite::connect;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::files;

/// Pages that are copied and synced at a time. The disk has little else to do for the senders meanwhile.
const COPY_AT: i64 = 2 * MIB;
/// Pages in the log at which it is reset. The writer copies the rest then and syncs the file, and senders wait a moment.
const RESET_AT: i64 = 40 * MIB;
/// Pages at which a reset waits for readers, so that the log stays bounded.
const TOO_LONG: i64 = 48 * MIB;
/// A mebibyte in pages.
const MIB: i64 = (1 << 20) / connect::PAGE_SIZE as i64;
const RESET_PATIENCE: Duration = Duration::from_millis(20);
const BUSY_PAUSE: Duration = Duration::from_millis(20);
const QUIET_PAUSE: Duration = Duration::from_millis(500);
/// The longest wait before the next try of a reset, as a power of two of `BUSY_PAUSE`.
const LONGEST_BACK_OFF: u32 = 4;

/// What the writer and the checkpointer tell each other.
#[derive(Debug, Default)]
pub(super) struct Log {
    commits: AtomicU64,
    /// Pages in the log when its reset was asked for; 0 when it is not.
    reset_wanted: AtomicI64,
    closed: AtomicBool,
    /// A sync failed: what is in the log may not be on disk.
    lost: AtomicBool,
}

impl Log {
    pub(super) fn committed(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    pub(super) fn set_lost(&self, lost: bool) {
        self.lost.store(lost, Ordering::SeqCst);
    }

    /// By the writer, between transactions: when a sync has failed, everything that is committed is written once more,
    /// from the log into the database file, and synced there.
    pub(super) fn mend_if_lost(&self, conn: &Connection) -> Done<()> {
        if !self.is_lost() {
            return Ok(());
        }
        let busy: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy != 0 {
            let reason = "what did not reach the disk cannot be written anew yet".to_owned();
            return Err(Fault::Unavailable(reason));
        }
        self.set_lost(false);
        Ok(())
    }

    /// By the writer, between transactions. A reader who holds the log is waited for only when it is very long.
    pub(super) fn reset_if_asked(&self, conn: &Connection) {
        let pages = self.reset_wanted.load(Ordering::Relaxed);
        if pages == 0 {
            return;
        }
        let patience = if pages >= TOO_LONG {
            RESET_PATIENCE
        } else {
            Duration::ZERO
        };
        let reset = conn
            .busy_timeout(patience)
            .map_err(Fault::from)
            .and_then(|()| checkpoint(conn, "RESTART"));
        let restored = conn.busy_timeout(connect::PATIENCE);
        if let Err(fault) = reset.and(restored.map_err(Fault::from)) {
            tracing::warn!(reason = ?fault, "store.log_reset_failed");
        }
        self.reset_wanted.store(0, Ordering::Relaxed);
    }
}

/// Starts the thread. It ends when the log is closed.
pub(super) fn start(path: PathBuf, log: Arc<Log>) -> std::io::Result<std::thread::JoinHandle<()>> {
    let checkpointer = Checkpointer {
        path,
        log,
        database: None,
        tries: 0,
        rest: 0,
    };
    std::thread::Builder::new()
        .name("store-checkpoint".to_owned())
        .spawn(move || checkpointer.run())
}

struct Checkpointer {
    path: PathBuf,
    log: Arc<Log>,
    database: Option<Database>,
    /// Resets asked for since the log was last short.
    tries: u32,
    /// Steps until the next one.
    rest: u32,
}

/// The database that the log is copied into.
struct Database {
    conn: Connection,
    file: &'static File,
}

impl Database {
    fn open(path: &Path) -> Done<Self> {
        Ok(Database {
            conn: connect::checkpointer(path)?,
            file: files::database_file(path)?,
        })
    }

    /// Copies what can be copied without waiting for anybody, and sees it to the disk.
    fn copy(&self) -> Done<(i64, i64)> {
        let done = checkpoint(&self.conn, "PASSIVE")?;
        self.file.sync_data().map_err(|error| {
            Fault::Unavailable(format!("the database cannot be synced: {error}"))
        })?;
        Ok(done)
    }
}

impl Checkpointer {
    fn run(mut self) {
        let mut seen = 0;
        let mut quiet = Duration::ZERO;
        let mut clean = false;
        while !self.log.closed.load(Ordering::Relaxed) {
            let commits = self.log.commits.load(Ordering::Relaxed);
            let pause = if commits == seen {
                QUIET_PAUSE.min(quiet + BUSY_PAUSE)
            } else {
                BUSY_PAUSE
            };
            quiet = if commits == seen {
                quiet + pause
            } else {
                Duration::ZERO
            };
            clean = clean && commits == seen;
            seen = commits;
            if !clean {
                match self.step(quiet >= QUIET_PAUSE) {
                    Ok(done) => clean = done,
                    Err(fault) => {
                        tracing::warn!(reason = ?fault, "store.checkpoint_failed");
                        self.database = None;
                        quiet = QUIET_PAUSE;
                    }
                }
            }
            std::thread::park_timeout(pause);
        }
    }

    /// `true` when everything in the log is copied.
    fn step(&mut self, quiet: bool) -> Done<bool> {
        if self.log.reset_wanted.load(Ordering::Relaxed) > 0 {
            return Ok(false);
        }
        let database = match &self.database {
            Some(database) => database,
            None => self.database.insert(Database::open(&self.path)?),
        };
        let (pages, copied) = checkpoint(&database.conn, "NOOP")?;
        if pages < RESET_AT {
            self.tries = 0;
            self.rest = 0;
        }
        if self.rest > 0 {
            self.rest -= 1;
            return Ok(false);
        }
        if pages - copied < COPY_AT && pages < RESET_AT && !quiet {
            return Ok(pages == copied);
        }
        let (mut pages, mut copied) = database.copy()?;
        if pages >= RESET_AT {
            // What was committed meanwhile is not left to the writer either.
            (pages, copied) = database.copy()?;
            self.rest = 1 << self.tries.min(LONGEST_BACK_OFF);
            self.tries += 1;
            self.log.reset_wanted.store(pages, Ordering::Relaxed);
        }
        Ok(pages == copied)
    }
}

/// Pages in the log, and how many of them are in the database file.
fn checkpoint(conn: &Connection, mode: &str) -> Done<(i64, i64)> {
    Ok(
        conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            Ok((row.get(1)?, row.get(2)?))
        })?,
    )
}
