//! Counts kept beside the rows, so that nobody has to count, and marks of long work.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::model::field::Kind;
use crate::store::sqlite::fault::Done;

pub(super) fn get(conn: &Connection, name: &str) -> Done<i64> {
    Ok(conn
        .prepare_cached("SELECT n FROM number WHERE name = ?1")?
        .query_row([name], |row| row.get(0))?)
}

pub(super) fn set(conn: &Connection, name: &str, n: i64) -> Done<()> {
    conn.prepare_cached("UPDATE number SET n = ?2 WHERE name = ?1")?
        .execute((name, n))?;
    Ok(())
}

/// What a transaction adds to the counts; written once, at its end.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<&'static str, i64>);

impl Tally {
    pub(super) fn add(&mut self, name: &'static str, n: i64) {
        *self.0.entry(name).or_default() += n;
    }

    pub(super) fn add_record(&mut self, kind: Kind) {
        self.add(kind.as_str(), 1);
    }

    pub(super) fn write(&mut self, conn: &Connection) -> Done<()> {
        let mut update = conn.prepare_cached("UPDATE number SET n = n + ?2 WHERE name = ?1")?;
        for (name, n) in &self.0 {
            if *n != 0 {
                update.execute((name, n))?;
            }
        }
        self.0.clear();
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
