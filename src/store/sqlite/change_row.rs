//! Changes in rows.

use rusqlite::{Connection, Row};
use uuid::Uuid;

use crate::model::change::{Change, ChangeKind};
use crate::store::Touched;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::value::{id, json, kind, maybe_id, micros, signed, text, time, unsigned};

/// The bits of `what`: never renumber.
const WHAT: [(ChangeKind, i64); 8] = [
    (ChangeKind::Created, 1),
    (ChangeKind::Updated, 2),
    (ChangeKind::StatusChanged, 4),
    (ChangeKind::Assigned, 8),
    (ChangeKind::Deleted, 16),
    (ChangeKind::Noted, 32),
    (ChangeKind::Merged, 64),
    (ChangeKind::Unmerged, 128),
];

/// Where a change stands, and what of it the record's row says too.
pub(super) struct Link<'w> {
    pub(super) seq: i64,
    /// The number of its record.
    pub(super) record: i64,
    /// The change before it in the record's timeline.
    pub(super) before: i64,
    /// The record's contact, and the change before it in the contact's timeline.
    pub(super) contact: Option<(i64, i64)>,
    /// The record's fields as they are now, as JSON.
    pub(super) snapshot: &'w str,
}

pub(super) fn insert(conn: &Connection, change: &Change, link: &Link<'_>) -> Done<()> {
    let said = WHAT.iter().filter(|(what, _)| change.what.contains(what));
    let what: i64 = said.map(|(_, bit)| bit).sum();
    conn.prepare_cached(
        "INSERT INTO change (seq, id, kind, record, record_id, contact, before, contact_before,
            version, what, event, source, at, changed, snapshot)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?
    .execute(rusqlite::params![
        link.seq,
        change.id.as_bytes(),
        change.kind as u8,
        link.record,
        change.record.as_bytes(),
        link.contact.map(|(contact, _)| contact),
        link.before,
        link.contact.map(|(_, before)| before),
        signed(change.version),
        what,
        change.event.as_ref().map(Uuid::as_bytes),
        change.source,
        micros(change.at),
        serde_json::to_string(&change.changed)?,
        link.snapshot,
    ])?;
    Ok(())
}

/// One change by its number.
pub(super) const ONE: &str =
    "SELECT id, kind, record_id, version, what, event, source, at, changed, snapshot, seq,
        record, contact, before, contact_before
     FROM change WHERE seq = ?1";
/// The feed from a number on.
pub(super) const FEED: &str =
    "SELECT id, kind, record_id, version, what, event, source, at, changed, snapshot, seq
     FROM change WHERE seq > ?1 ORDER BY seq LIMIT ?2";

pub(super) fn read(row: &Row<'_>) -> Done<Change> {
    let what: i64 = row.get(4)?;
    Ok(Change {
        id: id(row, 0)?,
        kind: kind(row.get(1)?)?,
        record: id(row, 2)?,
        version: unsigned(row.get(3)?),
        what: WHAT
            .into_iter()
            .filter(|(_, bit)| what & bit != 0)
            .map(|(what, _)| what)
            .collect(),
        event: maybe_id(row, 5)?,
        source: text(row, 6)?.to_owned(),
        at: time(row, 7)?,
        changed: json(row, 8)?,
        snapshot: json(row, 9)?,
    })
}

/// What the changes of a range did, one entry a change.
pub(super) fn touched(conn: &Connection, first: i64, count: i64) -> Done<Vec<Touched>> {
    let mut select = conn.prepare_cached(
        "SELECT kind, record_id, changed FROM change WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
    )?;
    let mut rows = select.query([first, first + count])?;
    let mut touched = Vec::new();
    while let Some(row) = rows.next()? {
        touched.push(Touched {
            kind: kind(row.get(0)?)?,
            record: id(row, 1)?,
            changed: json(row, 2)?,
        });
    }
    Ok(touched)
}
