//! Records in rows.

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;
use uuid::Uuid;

use crate::model::field::Kind;
use crate::model::record::{Fields, Record};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::lookup::RecordRef;
use crate::store::sqlite::value::{id, json, maybe_time, micros, signed, time, unsigned};

/// A record as its row has it.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// The contact it belongs to.
    pub(super) contact: Option<i64>,
    pub(super) record: Record,
}

/// From the columns id, version, created_at, updated_at, deleted_at, contact, fields, meta.
pub(super) fn read(kind: Kind, row: &Row<'_>) -> Done<Stored> {
    Ok(Stored {
        contact: row.get(5)?,
        record: Record {
            id: id(row, 0)?,
            kind,
            version: unsigned(row.get(1)?),
            created_at: time(row, 2)?,
            updated_at: time(row, 3)?,
            deleted_at: maybe_time(row, 4)?,
            fields: json(row, 6)?,
            meta: json(row, 7)?,
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

pub(super) fn load(conn: &Connection, place: RecordRef) -> Done<Option<Stored>> {
    let mut select = conn.prepare_cached(per_kind!(
        place.kind,
        "SELECT id, version, created_at, updated_at, deleted_at, contact, fields, meta FROM ",
        " WHERE seq = ?1"
    ))?;
    let found = select
        .query_row([place.seq], |row| Ok(read(place.kind, row)))
        .optional()?;
    found.transpose()
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
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    (text("owner"), text("status"))
}

/// The contact a lead, order or ticket names.
pub(super) fn contact_id(record: &Record) -> Option<Uuid> {
    if record.kind == Kind::Contact {
        return None;
    }
    let text = record.fields.get("contact").and_then(Value::as_str)?;
    Uuid::try_parse(text).ok()
}

/// Inserts the first version of a record; its place is the answer.
pub(super) fn insert(conn: &Connection, record: &Record, contact: Option<i64>) -> Done<i64> {
    let sql = per_kind!(
        record.kind,
        "INSERT INTO ",
        " (id, version, created_at, updated_at, deleted_at, owner, status, contact, fields, meta)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
    );
    let (owner, status) = filed_under(&record.fields);
    conn.prepare_cached(sql)?.execute(rusqlite::params![
        record.id.as_bytes(),
        signed(record.version),
        micros(record.created_at),
        micros(record.updated_at),
        record.deleted_at.map(micros),
        owner,
        status,
        contact,
        serde_json::to_string(&record.fields)?,
        serde_json::to_string(&record.meta)?,
    ])?;
    Ok(conn.last_insert_rowid())
}

/// Replaces `old`, which stands at `seq` and belongs to `old_contact`.
pub(super) fn replace(
    conn: &Connection,
    (seq, old_contact, old): (i64, Option<i64>, &Record),
    record: &Record,
    contact: Option<i64>,
) -> Done<()> {
    let filed = filed_under(&record.fields);
    let moved = filed != filed_under(&old.fields) || contact != old_contact;
    let fields = serde_json::to_string(&record.fields)?;
    let meta = serde_json::to_string(&record.meta)?;
    let version = signed(record.version);
    let updated_at = micros(record.updated_at);
    let deleted_at = record.deleted_at.map(micros);
    // Naming `owner` or `status` would rewrite their index entry even when they stay.
    let written = if moved {
        let sql = per_kind!(
            record.kind,
            "UPDATE ",
            " SET version = ?2, updated_at = ?3, deleted_at = ?4, fields = ?5, meta = ?6,
                owner = ?7, status = ?8, contact = ?9 WHERE seq = ?1"
        );
        conn.prepare_cached(sql)?.execute(rusqlite::params![
            seq, version, updated_at, deleted_at, fields, meta, filed.0, filed.1, contact
        ])?
    } else {
        let sql = per_kind!(
            record.kind,
            "UPDATE ",
            " SET version = ?2, updated_at = ?3, deleted_at = ?4, fields = ?5, meta = ?6
              WHERE seq = ?1"
        );
        conn.prepare_cached(sql)?.execute(rusqlite::params![
            seq, version, updated_at, deleted_at, fields, meta
        ])?
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
