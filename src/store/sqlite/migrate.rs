//! Numbered migrations, run at open: the file's `user_version` says how many it has seen.

use rusqlite::Connection;

use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::postings;

/// One step from a version to the next.
enum Migration {
    Sql(&'static str),
    /// What SQL cannot say.
    Code(fn(&Connection) -> Done<()>),
}

/// In order; a released one never changes.
const MIGRATIONS: &[Migration] = &[
    Migration::Sql(include_str!("migrations/0001_inbox_and_records.sql")),
    Migration::Sql(include_str!("migrations/0002_codes_and_notes.sql")),
    Migration::Sql(include_str!("migrations/0003_people_who_sign_in.sql")),
    Migration::Sql(include_str!("migrations/0004_meters.sql")),
    Migration::Sql(include_str!("migrations/0005_desk.sql")),
    Migration::Sql(include_str!("migrations/0006_observations.sql")),
    Migration::Sql(include_str!("migrations/0007_edits.sql")),
    Migration::Sql(include_str!("migrations/0008_endpoints.sql")),
    Migration::Sql(include_str!("migrations/0009_accounts.sql")),
    Migration::Sql(include_str!("migrations/0010_event_state.sql")),
    // Words are looked for without their accents.
    Migration::Code(postings::add_without_accents),
    Migration::Sql(include_str!("migrations/0012_touches.sql")),
];

impl Migration {
    fn run(&self, conn: &Connection) -> Done<()> {
        match self {
            Migration::Sql(sql) => Ok(conn.execute_batch(sql)?),
            Migration::Code(code) => code(conn),
        }
    }
}

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
    // What a migration of a large file has to keep aside does not fit into memory.
    conn.pragma_update(None, "temp_store", "file")?;
    conn.execute_batch("BEGIN IMMEDIATE")?;
    match run_missing(conn) {
        Ok(()) => conn.execute_batch("COMMIT")?,
        Err(fault) => {
            conn.execute_batch("ROLLBACK")?;
            return Err(fault);
        }
    }
    Ok(conn.pragma_update(None, "temp_store", "memory")?)
}

fn run_missing(conn: &Connection) -> Done<()> {
    let seen = usize::try_from(version(conn)?).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(seen) {
        migration.run(conn)?;
    }
    conn.pragma_update(None, "user_version", latest())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{MIGRATIONS, latest, run, version};
    use crate::model::event::EventStatus;
    use crate::model::field::Kind;
    use crate::store::sqlite::lookup::{self, entry};
    use crate::store::sqlite::postings::tree_numbers;
    use crate::store::sqlite::{event_read, tail};

    /// Two requests: three events of a batch, of which a purge has removed the first, and a lone event whose request it has
    /// removed.
    const BEFORE_EVENT_STATE: &str = "
        INSERT INTO stream VALUES (1, 'shop', 'shopify', 'orders/create', 'hmac', 0);
        INSERT INTO request VALUES (1, 900, 1, 3, 'POST', 'a=1', x'7f000001', 0, x'', x'7b7d');
        INSERT INTO event (seq, id, request, request_id, part, stream, status, received_at, settled_at, changes, claim,
            delivery_id, attempts, reason, code)
        VALUES
            (2, x'0000000000000000000000000000000b', 1, zeroblob(16), 1, 1, 1, 900, 950, 1793, zeroblob(16), 'b', 2, NULL, NULL),
            (3, x'0000000000000000000000000000000c', 1, zeroblob(16), 2, 1, 2, 900, -900, 2048, zeroblob(16), 'c', 0, '[]', 'spam'),
            (4, x'0000000000000000000000000000000d', 4, zeroblob(16), 0, 1, 0, 901, -901, 2048, zeroblob(16), NULL, 0, NULL, NULL);
    ";

    #[test]
    fn events_of_an_older_file_are_as_they_were() {
        let conn = Connection::open_in_memory().unwrap();
        for migration in &MIGRATIONS[..9] {
            migration.run(&conn).unwrap();
        }
        conn.execute_batch(BEFORE_EVENT_STATE).unwrap();
        conn.pragma_update(None, "user_version", 9).unwrap();
        run(&conn).unwrap();
        assert_eq!(version(&conn).unwrap(), latest());

        let read = |seq| event_read::by_seq(&conn, seq).unwrap().unwrap();
        let raw = |seq| event_read::raw_request(&conn, &read(seq)).unwrap();
        assert!(event_read::by_seq(&conn, 1).unwrap().is_none());
        let b = read(2);
        assert_eq!(b.event.status, EventStatus::Processed);
        assert_eq!((b.event.attempts, b.event.part), (2, Some(1)));
        assert_eq!(b.event.processed_at.unwrap().as_microsecond(), 950);
        assert_eq!(b.event.delivery_id.as_deref(), Some("b"));
        let c = read(3);
        assert_eq!(c.event.status, EventStatus::Quarantined);
        assert_eq!(c.event.code.as_deref(), Some("spam"));
        assert!(c.event.processed_at.is_none());
        for seq in [2, 3] {
            let raw = raw(seq).unwrap();
            assert_eq!(
                (raw.body.as_slice(), raw.query.as_str()),
                (&b"{}"[..], "a=1")
            );
        }
        let d = read(4);
        assert_eq!(d.event.status, EventStatus::Pending);
        assert!(raw(4).is_none() && d.fresh.is_none());
        let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(
            number("SELECT changes FROM event_state WHERE event = 2"),
            1793
        );
        assert_eq!(number("SELECT changes FROM event_state WHERE event = 4"), 0);
        assert_eq!(number("SELECT events FROM event WHERE seq = 2"), 2);
        assert_eq!(number("SELECT n FROM number WHERE name = 'fresh_from'"), 4);
    }

    #[test]
    fn words_of_an_older_file_are_found_without_their_accents() {
        let conn = Connection::open_in_memory().unwrap();
        for migration in &MIGRATIONS[..10] {
            migration.run(&conn).unwrap();
        }
        conn.pragma_update(None, "user_version", 10).unwrap();
        let key = |word: &str| entry(lookup::word_exactly(Kind::Contact, word), 7);
        let mut tail = Vec::new();
        tail::write_posting(&mut tail, &key("ñuñoa"));
        conn.execute(
            "INSERT INTO posting VALUES (?1), (?2)",
            (&key("garcía")[..], &key("ana")[..]),
        )
        .unwrap();
        conn.execute("INSERT INTO tail VALUES (1, ?1)", [tail])
            .unwrap();
        run(&conn).unwrap();
        for (word, expected) in [("garcia", 1), ("nunoa", 1), ("ana", 1), ("eva", 0)] {
            let prefix = lookup::word_exactly(Kind::Contact, word);
            let found = tree_numbers(&conn, &prefix, &lookup::after_prefix(&prefix), 9);
            assert_eq!(found.unwrap().len(), expected, "{word}");
        }
    }
}
