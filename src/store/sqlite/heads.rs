//! Timelines as chains: each change names the change before it, and a small table the last one of each record.
//!
//! A change of a lead, order or ticket stands in two chains, its own and its contact's. An index of contacts and
//! changes would scatter its entries over as many pages as there are changes; the heads of the contacts that are
//! busy now fit into a few.

use rusqlite::{Connection, OptionalExtension};

use crate::store::sqlite::fault::Done;
use crate::store::sqlite::lookup::RecordRef;

/// The last change of a record's chain; 0 when it has none.
pub(super) fn last(conn: &Connection, record: RecordRef) -> Done<i64> {
    let found = conn
        .prepare_cached("SELECT last FROM head WHERE record = ?1")?
        .query_row([record.to_value()], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// The chains that one settlement makes longer.
#[derive(Default)]
pub(super) struct Heads(Vec<(RecordRef, i64)>);

impl Heads {
    /// A record that was just made has no chain yet.
    pub(super) fn begin(&mut self, record: RecordRef) {
        self.0.push((record, 0));
    }

    /// Puts `change` at the head of a chain; what stood there before is the answer.
    pub(super) fn push(&mut self, conn: &Connection, record: RecordRef, change: i64) -> Done<i64> {
        if let Some((_, head)) = self.0.iter_mut().find(|(known, _)| *known == record) {
            return Ok(std::mem::replace(head, change));
        }
        let before = last(conn, record)?;
        self.0.push((record, change));
        Ok(before)
    }

    pub(super) fn write(&self, conn: &Connection) -> Done<()> {
        let mut upsert = conn.prepare_cached(
            "INSERT INTO head (record, last) VALUES (?1, ?2)
             ON CONFLICT (record) DO UPDATE SET last = excluded.last",
        )?;
        for (record, change) in self.0.iter().filter(|(_, change)| *change > 0) {
            upsert.execute((record.to_value(), change))?;
        }
        Ok(())
    }
}
