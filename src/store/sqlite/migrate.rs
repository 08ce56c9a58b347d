//! Numbered migrations, run at open: the file's `user_version` says how many it has seen.

use rusqlite::Connection;

use crate::store::sqlite::fault::{Done, Fault};

/// In order; a released one never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_inbox_and_records.sql"),
    include_str!("migrations/0002_codes_and_notes.sql"),
    include_str!("migrations/0003_people_who_sign_in.sql"),
    include_str!("migrations/0004_meters.sql"),
    include_str!("migrations/0005_desk.sql"),
    include_str!("migrations/0006_observations.sql"),
    include_str!("migrations/0007_edits.sql"),
    include_str!("migrations/0008_endpoints.sql"),
    include_str!("migrations/0009_accounts.sql"),
    include_str!("migrations/0010_standing.sql"),
];

/// The version of a file that has seen every migration.
pub(super) fn latest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The version of this file: 0 when it is new.
pub(super) fn version(conn: &Connection) -> Done<i64> {
    Ok(conn.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Refuses a file that a newer program has written.
pub(super) fn check(version: i64) -> Done<()> {
    if version > latest() {
        return Err(Fault::Unavailable(format!(
            "the database has version {version} and this program knows versions up to {}: \
             run the newer program that wrote it",
            latest()
        )));
    }
    Ok(())
}

/// Brings the file to the latest version, in one transaction.
pub(super) fn run(conn: &Connection) -> Done<()> {
    check(version(conn)?)?;
    if version(conn)? == latest() {
        return Ok(());
    }
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let ran = run_missing(conn);
    match ran {
        Ok(()) => Ok(conn.execute_batch("COMMIT")?),
        Err(fault) => {
            conn.execute_batch("ROLLBACK")?;
            Err(fault)
        }
    }
}

fn run_missing(conn: &Connection) -> Done<()> {
    let seen = usize::try_from(version(conn)?).unwrap_or(0);
    for sql in MIGRATIONS.iter().skip(seen) {
        conn.execute_batch(sql)?;
    }
    conn.pragma_update(None, "user_version", latest())?;
    Ok(())
}
