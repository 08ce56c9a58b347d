//! Notes beside records.

use rusqlite::Connection;
use uuid::Uuid;

use crate::model::field::Kind;
use crate::store::edits::NoteRow;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::joins;
use crate::store::sqlite::lookup::RecordRef;
use crate::store::sqlite::record_row;
use crate::store::sqlite::value::{id, kind, micros, text, time};

/// Notes shown beside one record.
const MOST: i64 = 500;

pub(super) const OF_RECORD: &str =
    "SELECT id, kind, record_id, who, at, body FROM note WHERE kind = ?1 AND record = ?2
     ORDER BY seq DESC LIMIT ?3";

pub(super) fn write(conn: &Connection, at: RecordRef, note: &NoteRow) -> Done<()> {
    conn.prepare_cached(
        "INSERT INTO note (id, kind, record, record_id, who, at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(rusqlite::params![
        note.id.as_bytes(),
        note.kind as u8,
        at.seq,
        note.record.as_bytes(),
        note.who,
        micros(note.at),
        note.text,
    ])?;
    Ok(())
}

/// Newest first; of a contact also those of contacts that were merged into it.
pub(super) fn of_record(conn: &Connection, of: Kind, record: Uuid) -> Done<Vec<NoteRow>> {
    let Some(seq) = record_row::find(conn, of, record)? else {
        return Ok(Vec::new());
    };
    let mut records = vec![seq];
    if of == Kind::Contact {
        records.extend(joins::taken_into(conn, seq)?);
    }
    let mut notes = Vec::new();
    let mut select = conn.prepare_cached(OF_RECORD)?;
    for record in records {
        let mut rows = select.query((of as u8, record, MOST))?;
        while let Some(row) = rows.next()? {
            notes.push(NoteRow {
                id: id(row, 0)?,
                kind: kind(row.get(1)?)?,
                record: id(row, 2)?,
                who: text(row, 3)?.to_owned(),
                at: time(row, 4)?,
                text: text(row, 5)?.to_owned(),
            });
        }
    }
    notes.sort_by_key(|note| std::cmp::Reverse((note.at, note.id)));
    Ok(notes)
}
