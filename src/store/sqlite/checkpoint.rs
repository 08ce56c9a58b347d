//! The log is copied into the database file beside the writer, and bounded.
//!
//! A thread with its own connection runs PASSIVE checkpoints, which never hold up the writer. Under unbroken load
//! they never catch up with the end of the log, so the log would grow for ever: when it is long, the writer is asked
//! to reset it between two transactions, which copies the little that is left and starts the log from its beginning.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use crate::store::sqlite::connect;
use crate::store::sqlite::fault::{Done, Fault};

/// Pages that are copied at a time: 16 MiB.
const COPY_AT: i64 = 2048;
/// Pages in the log at which it is reset: 40 MiB, so that it stays under 64.
const RESET_AT: i64 = 5120;
/// Pages at which a reset waits for readers: 60 MiB.
const TOO_LONG: i64 = 7680;
const RESET_PATIENCE: Duration = Duration::from_millis(100);
const BUSY_PAUSE: Duration = Duration::from_millis(20);
const QUIET_PAUSE: Duration = Duration::from_millis(500);

/// What the writer and the checkpointer tell each other.
#[derive(Debug, Default)]
pub(super) struct Log {
    commits: AtomicU64,
    /// Pages in the log when its reset was asked for; 0 when it is not.
    reset_wanted: AtomicI64,
    closed: AtomicBool,
}

impl Log {
    pub(super) fn committed(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// By the writer, between transactions. A reader who holds the log is waited for only when it is very long.
    pub(super) fn reset_if_asked(&self, conn: &Connection) {
        let pages = self.reset_wanted.swap(0, Ordering::Relaxed);
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
    }
}

/// Starts the thread. It ends when the log is closed.
pub(super) fn start(path: PathBuf, log: Arc<Log>) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new()
        .name("store-checkpoint".to_owned())
        .spawn(move || run(&path, &log))
}

fn run(path: &std::path::Path, log: &Log) {
    let mut conn = None;
    let mut seen = 0;
    let mut quiet = Duration::ZERO;
    let mut clean = false;
    while !log.closed.load(Ordering::Relaxed) {
        let commits = log.commits.load(Ordering::Relaxed);
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
            match step(&mut conn, path, log, quiet >= QUIET_PAUSE) {
                Ok(done) => clean = done,
                Err(fault) => {
                    tracing::warn!(reason = ?fault, "store.checkpoint_failed");
                    conn = None;
                    quiet = QUIET_PAUSE;
                }
            }
        }
        std::thread::park_timeout(pause);
    }
}

/// `true` when everything in the log is copied.
fn step(
    conn: &mut Option<Connection>,
    path: &std::path::Path,
    log: &Log,
    quiet: bool,
) -> Done<bool> {
    let conn = match conn {
        Some(conn) => conn,
        None => conn.insert(connect::checkpointer(path)?),
    };
    if log.reset_wanted.load(Ordering::Relaxed) > 0 {
        return Ok(false);
    }
    let (pages, copied) = checkpoint(conn, "NOOP")?;
    if pages - copied < COPY_AT && !quiet {
        return Ok(pages == copied);
    }
    let (pages, copied) = checkpoint(conn, "PASSIVE")?;
    if pages >= RESET_AT {
        log.reset_wanted.store(pages, Ordering::Relaxed);
    }
    Ok(pages == copied)
}

/// Pages in the log, and how many of them are in the database file.
fn checkpoint(conn: &Connection, mode: &str) -> Done<(i64, i64)> {
    Ok(
        conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            Ok((row.get(1)?, row.get(2)?))
        })?,
    )
}
