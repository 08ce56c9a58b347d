//! Merges of contacts: the rows that undo them, and the way from a contact that was taken in to the one that was kept.

use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use crate::model::field::Kind;
use crate::model::record::Record;
use crate::store::edits::{Join, JoinRow};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::lookup::RecordRef;
use crate::store::sqlite::provenance;
use crate::store::sqlite::record_row;
use crate::store::sqlite::value::{blob, id, json, kind, maybe_time, micros, text, time};
use crate::store::sqlite::view::View;

/// A contact is taken in, and that one too: so often at most.
const LONGEST_WAY: usize = 32;

pub(super) const INTO: &str = "SELECT kept FROM joined WHERE other = ?1 AND undone_at IS NULL";
pub(super) const TAKEN: &str =
    "SELECT other FROM joined WHERE kept = ?1 AND undone_at IS NULL ORDER BY seq";
pub(super) const OF_KEPT: &str =
    "SELECT id, kept_id, other_id, who, at, undone_at, seq FROM joined WHERE kept = ?1";
pub(super) const OF_OTHER: &str =
    "SELECT id, kept_id, other_id, who, at, undone_at, seq FROM joined WHERE other = ?1";
const BY_ID: &str =
    "SELECT id, kept_id, other_id, who, at, undone_at, seq, kept, before, before_provenance, after,
        after_provenance FROM joined WHERE id = ?1";

/// Where the keys of a contact lead: to itself, unless it was taken into another.
pub(super) fn standing(conn: &Connection, contact: i64) -> Done<i64> {
    let mut select = conn.prepare_cached(INTO)?;
    let mut at = contact;
    for _ in 0..LONGEST_WAY {
        match select.query_row([at], |row| row.get(0)).optional()? {
            Some(kept) => at = kept,
            None => return Ok(at),
        }
    }
    Err(Fault::Corrupt(format!(
        "contact number {contact} was taken in again and again"
    )))
}

/// The contacts that were taken into this one, one after the other.
pub(super) fn taken_into(conn: &Connection, contact: i64) -> Done<Vec<i64>> {
    let mut select = conn.prepare_cached(TAKEN)?;
    let mut all = Vec::new();
    let mut ask = vec![contact];
    while let Some(kept) = ask.pop() {
        for other in select.query_map([kept], |row| row.get::<_, i64>(0))? {
            let other = other?;
            if all.len() < 1_000 && !all.contains(&other) {
                all.push(other);
                ask.push(other);
            }
        }
    }
    Ok(all)
}

/// The merges a contact was part of, newest first.
pub(super) fn of_contact(conn: &Connection, contact: Uuid) -> Done<Vec<JoinRow>> {
    let Some(seq) = record_row::find(conn, Kind::Contact, contact)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for sql in [OF_KEPT, OF_OTHER] {
        let mut select = conn.prepare_cached(sql)?;
        let mut rows = select.query([seq])?;
        while let Some(row) = rows.next()? {
            found.push((row.get::<_, i64>(6)?, read_row(row)?));
        }
    }
    found.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq));
    Ok(found.into_iter().map(|(_, row)| row).collect())
}

fn read_row(row: &Row<'_>) -> Done<JoinRow> {
    Ok(JoinRow {
        id: id(row, 0)?,
        kept: id(row, 1)?,
        other: id(row, 2)?,
        who: text(row, 3)?.to_owned(),
        at: time(row, 4)?,
        undone_at: maybe_time(row, 5)?,
    })
}

/// A merge with everything that undoing it takes.
pub(super) fn by_id(view: &View<'_>, id: Uuid) -> Done<Option<Join>> {
    let mut select = view.prepare_cached(BY_ID)?;
    let mut rows = select.query([id.as_bytes()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let kind = Kind::Contact;
    let seq: i64 = row.get(7)?;
    let Some(kept) = view.load(RecordRef { kind, seq })? else {
        return Ok(None);
    };
    let (moved, moved_now) = moved(view, row.get(6)?)?;
    Ok(Some(Join {
        row: read_row(row)?,
        before: Record {
            fields: json(row, 8)?,
            meta: provenance::unpack(blob(row, 9)?)?,
            ..kept.record.clone()
        },
        after: Record {
            fields: json(row, 10)?,
            meta: provenance::unpack(blob(row, 11)?)?,
            ..kept.record
        },
        moved,
        moved_now,
    }))
}

/// What a merge moved: as it was (as far as that is needed), and as it is.
fn moved(view: &View<'_>, join: i64) -> Done<(Vec<Record>, Vec<Record>)> {
    let mut select = view.prepare_cached(
        "SELECT kind, record, provenance FROM joined_moved WHERE joined = ?1 ORDER BY kind, record",
    )?;
    let mut rows = select.query([join])?;
    let (mut was, mut is) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let place = RecordRef {
            kind: kind(row.get(0)?)?,
            seq: row.get(1)?,
        };
        if let Some(stored) = view.load(place)? {
            was.push(Record {
                meta: provenance::unpack(blob(row, 2)?)?,
                ..stored.record.clone()
            });
            is.push(stored.record);
        }
    }
    Ok((was, is))
}

/// Keeps a merge.
pub(super) fn write(conn: &Connection, join: &Join) -> Done<()> {
    let place = |kind: Kind, id: Uuid| {
        record_row::find(conn, kind, id)?
            .ok_or_else(|| Fault::Refused(format!("{} {id} is not there", kind.as_str())))
    };
    let row = &join.row;
    conn.prepare_cached(
        "INSERT INTO joined (id, kept, kept_id, other, other_id, who, at, before, before_provenance,
            after, after_provenance) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(rusqlite::params![
        row.id.as_bytes(),
        place(Kind::Contact, row.kept)?,
        row.kept.as_bytes(),
        place(Kind::Contact, row.other)?,
        row.other.as_bytes(),
        row.who,
        micros(row.at),
        serde_json::to_string(&join.before.fields)?,
        provenance::pack(&join.before.meta),
        serde_json::to_string(&join.after.fields)?,
        provenance::pack(&join.after.meta),
    ])?;
    let seq = conn.last_insert_rowid();
    let mut insert = conn.prepare_cached(
        "INSERT INTO joined_moved (joined, kind, record, provenance) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for moved in &join.moved {
        insert.execute(rusqlite::params![
            seq,
            moved.kind as u8,
            place(moved.kind, moved.id)?,
            provenance::pack(&moved.meta),
        ])?;
    }
    Ok(())
}

/// Ends a merge.
pub(super) fn undo(conn: &Connection, join: Uuid, at: jiff::Timestamp) -> Done<()> {
    conn.prepare_cached("UPDATE joined SET undone_at = ?2 WHERE id = ?1 AND undone_at IS NULL")?
        .execute((join.as_bytes(), micros(at)))?;
    Ok(())
}
