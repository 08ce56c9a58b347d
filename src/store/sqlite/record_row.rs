//! Records in rows.

use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use crate::model::field::Kind;
use crate::model::record::{Fields, Record};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::lookup::RecordRef;
use crate::store::sqlite::provenance;
use crate::store::sqlite::touches::Touch;
use crate::store::sqlite::value::{blob, id, json, maybe_time, micros, signed, time, unsigned};

/// A record with what belongs to its row.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// The contact it belongs to.
    pub(super) contact: Option<i64>,
    /// The last change of its timeline; 0 for none.
    pub(super) last: i64,
    pub(super) record: Record,
}

/// A record as its row has it, or as a later touch does.
fn read(kind: Kind, row: &Row<'_>, touch: Option<&Touch>) -> Done<Stored> {
    let (version, last) = (row.get(1)?, row.get(8)?);
    let (version, last, provenance) = match touch {
        Some(touch) if touch.is_later(version, last) => {
            (touch.version, touch.last, &*touch.provenance)
        }
        _ => (version, last, blob(row, 7)?),
    };
    Ok(Stored {
        contact: row.get(5)?,
        last,
        record: Record {
            id: id(row, 0)?,
            kind,
            version: unsigned(version),
            created_at: time(row, 2)?,
            updated_at: time(row, 3)?,
            deleted_at: maybe_time(row, 4)?,
            fields: json(row, 6)?,
            meta: provenance::unpack(provenance)?,
        },
    })
}

/// One statement for the table of each kind.
macro_rules! per_kind {
    ($kind:expr, $before:literal, $after:literal) => {
        match $kind {
            Kind::Contact => concat!($before, "contact", $after),
            Kind::Lead => concat!($before, "lead", $after),
            Kind::Order => concat!($before, "purchase", $after),
            Kind::Ticket => concat!($before, "ticket", $after),
        }
    };
}
pub(super) use per_kind;

/// The record at a place, with the last touch of it that its row may not say yet: for `View`, which knows it.
pub(super) fn load_seen_with(
    conn: &Connection,
    place: RecordRef,
    touch: Option<&Touch>,
) -> Done<Option<Stored>> {
    let mut select = conn.prepare_cached(per_kind!(
        place.kind,
        "SELECT id, version, created_at, updated_at, deleted_at, contact, fields, provenance, last FROM ",
        " WHERE seq = ?1"
    ))?;
    let found = select
        .query_row([place.seq], |row| Ok(read(place.kind, row, touch)))
        .optional()?;
    found.transpose()
}

/// What a record says, without where it came from.
pub(super) fn fields(conn: &Connection, place: RecordRef) -> Done<Option<Fields>> {
    let sql = per_kind!(place.kind, "SELECT fields FROM ", " WHERE seq = ?1");
    let found = conn
        .prepare_cached(sql)?
        .query_row([place.seq], |row| Ok(json(row, 0)))
        .optional()?;
    found.transpose()
}

/// The contact that a record belongs to, and its fields as JSON text, which `read` gets.
pub(super) fn peek<T>(
    conn: &Connection,
    place: RecordRef,
    read: impl FnOnce(Option<i64>, &str) -> T,
) -> Done<Option<T>> {
    let sql = per_kind!(
        place.kind,
        "SELECT contact, fields FROM ",
        " WHERE seq = ?1"
    );
    let found = conn
        .prepare_cached(sql)?
        .query_row([place.seq], |row| {
            Ok(read(row.get(0)?, row.get_ref(1)?.as_str()?))
        })
        .optional()?;
    Ok(found)
}

/// The last change of a record's timeline, as its row says, which of a contact may be late (`View`); 0 when it has none.
pub(super) fn last_in_row(conn: &Connection, place: RecordRef) -> Done<i64> {
    let sql = per_kind!(place.kind, "SELECT last FROM ", " WHERE seq = ?1");
    let found = conn
        .prepare_cached(sql)?
        .query_row([place.seq], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// Makes `last` the last change of the timeline of a record that is not written otherwise. Contacts are touched instead.
pub(super) fn set_last(conn: &Connection, place: RecordRef, last: i64) -> Done<()> {
    let sql = per_kind!(place.kind, "UPDATE ", " SET last = ?2 WHERE seq = ?1");
    conn.prepare_cached(sql)?.execute([place.seq, last])?;
    Ok(())
}

/// Where a record of this kind stands.
pub(super) fn find(conn: &Connection, kind: Kind, id: Uuid) -> Done<Option<i64>> {
    Ok(conn
        .prepare_cached(per_kind!(kind, "SELECT seq FROM ", " WHERE id = ?1"))?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?)
}

/// Where a record of any kind stands.
pub(super) fn find_any(conn: &Connection, id: Uuid) -> Done<Option<RecordRef>> {
    for kind in Kind::ALL {
        if let Some(seq) = find(conn, kind, id)? {
            return Ok(Some(RecordRef { kind, seq }));
        }
    }
    Ok(None)
}

/// The texts that lists filter by; empty when there is none.
pub(super) fn filed_under(fields: &Fields) -> (&str, &str) {
    let text = |name: &str| fields.text(name).unwrap_or_default();
    (text("owner"), text("status"))
}

/// The contact a lead, order or ticket names.
pub(super) fn contact_id(record: &Record) -> Option<Uuid> {
    if record.kind == Kind::Contact {
        return None;
    }
    let text = record.fields.text("contact")?;
    Uuid::try_parse(text).ok()
}

/// A record as it is to be written.
pub(super) struct Writing<'r> {
    pub(super) record: &'r Record,
    /// Its fields as JSON.
    pub(super) fields: &'r str,
    pub(super) contact: Option<i64>,
    pub(super) last: i64,
    /// The update time, by the order of commits.
    pub(super) updated_at: i64,
}

/// Inserts the first version of a record; its place is the answer.
pub(super) fn insert(conn: &Connection, writing: &Writing<'_>) -> Done<i64> {
    let record = writing.record;
    let sql = per_kind!(
        record.kind,
        "INSERT INTO ",
        " (id, version, created_at, updated_at, deleted_at, owner, status, contact, last, fields,
            provenance) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    );
    let (owner, status) = filed_under(&record.fields);
    conn.prepare_cached(sql)?.execute(rusqlite::params![
        record.id.as_bytes(),
        signed(record.version),
        micros(record.created_at),
        writing.updated_at,
        record.deleted_at.map(micros),
        owner,
        status,
        writing.contact,
        writing.last,
        writing.fields,
        provenance::pack(&record.meta),
    ])?;
    Ok(conn.last_insert_rowid())
}

/// Replaces `old`, which stands at `seq` and belongs to `old_contact`.
///
/// A statement that names a column of an index rewrites the entry even when the value stays, so each names no more
/// than what changed.
pub(super) fn replace(
    conn: &Connection,
    (seq, old_contact, old): (i64, Option<i64>, &Record),
    writing: &Writing<'_>,
) -> Done<()> {
    let record = writing.record;
    let filed = filed_under(&record.fields);
    let moved = filed != filed_under(&old.fields) || writing.contact != old_contact;
    let version = signed(record.version);
    let deleted_at = record.deleted_at.map(micros);
    let (last, fields, updated_at) = (writing.last, writing.fields, writing.updated_at);
    let provenance = provenance::pack(&record.meta);
    let written = if moved {
        let sql = per_kind!(
            record.kind,
            "UPDATE ",
            " SET version = ?2, deleted_at = ?3, last = ?4, fields = ?5, provenance = ?6,
                updated_at = ?7, owner = ?8, status = ?9, contact = ?10 WHERE seq = ?1"
        );
        conn.prepare_cached(sql)?.execute(rusqlite::params![
            seq,
            version,
            deleted_at,
            last,
            fields,
            provenance,
            updated_at,
            filed.0,
            filed.1,
            writing.contact
        ])?
    } else if updated_at != micros(old.updated_at) {
        let sql = per_kind!(
            record.kind,
            "UPDATE ",
            " SET version = ?2, deleted_at = ?3, last = ?4, fields = ?5, provenance = ?6,
                updated_at = ?7 WHERE seq = ?1"
        );
        conn.prepare_cached(sql)?.execute(rusqlite::params![
            seq, version, deleted_at, last, fields, provenance, updated_at
        ])?
    } else {
        let sql = per_kind!(
            record.kind,
            "UPDATE ",
            " SET version = ?2, deleted_at = ?3, last = ?4, fields = ?5, provenance = ?6
              WHERE seq = ?1"
        );
        conn.prepare_cached(sql)?
            .execute((seq, version, deleted_at, last, fields, provenance))?
    };
    match written {
        1 => Ok(()),
        _ => Err(Fault::Refused(format!(
            "{} {} to replace is not there",
            record.kind.as_str(),
            record.id
        ))),
    }
}
