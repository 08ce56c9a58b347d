//! Connections: one that writes, a few that read, one that checkpoints.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::store::sqlite::fault::Done;
use crate::store::sqlite::files;

/// A changed contact costs one page of the log: written, synced, and copied into the file later. Bodies of some
/// kilobytes, which larger pages would hold with less waste, are compressed.
pub(super) const PAGE_SIZE: u32 = 4096;
/// Page cache of the writer, in KiB.
const WRITER_CACHE: i64 = 8 * 1024;
/// Page cache of each reader, in KiB.
const READER_CACHE: i64 = 1024;
/// What remains of the log file after it was reset.
const LOG_LIMIT: i64 = 64 * 1024 * 1024;
/// How long a lock of another process is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A connection that writes, to a file that is made when it is not there.
pub(super) fn creator(path: &Path) -> Done<Connection> {
    files::create_private(path);
    write(path, OpenFlags::SQLITE_OPEN_CREATE)
}

/// The connection that writes.
pub(super) fn writer(path: &Path) -> Done<Connection> {
    write(path, OpenFlags::empty())
}

fn write(path: &Path, how: OpenFlags) -> Done<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | how,
    )?;
    conn.busy_timeout(PATIENCE)?;
    conn.pragma_update(None, "page_size", PAGE_SIZE)?;
    conn.pragma_update(None, "journal_mode", "wal")?;
    // The syncer syncs the log before anybody is told of a commit.
    conn.pragma_update(None, "synchronous", "normal")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    conn.pragma_update(None, "temp_store", "memory")?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    prepare_once(&conn, 128)?;
    Ok(conn)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Done<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(PATIENCE)?;
    conn.pragma_update(None, "temp_store", "memory")?;
    conn.pragma_update(None, "cache_size", -READER_CACHE)?;
    prepare_once(&conn, 64)?;
    Ok(conn)
}

/// The connection that copies the log into the database file.
pub(super) fn checkpointer(path: &Path) -> Done<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(Duration::ZERO)?;
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "cache_size", -256)?;
    Ok(conn)
}

/// Keeps statements, and keeps their plans whatever is bound to them: else SQLite prepares a statement again for each
/// value that could decide whether a partial index serves, which costs more than running it.
fn prepare_once(conn: &Connection, statements: usize) -> Done<()> {
    conn.set_prepared_statement_cache_capacity(statements);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}
