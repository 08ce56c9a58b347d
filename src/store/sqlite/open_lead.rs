//! Which leads are somebody's open work.

use rusqlite::Connection;
use serde_json::Value;

use crate::model::field::{CLOSED_LEADS, Kind};
use crate::model::record::Record;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::record_row::filed_under;

/// The owner of an open lead; test leads are nobody's work.
pub(super) fn owner_of_open(record: &Record) -> Option<&str> {
    let (owner, status) = filed_under(&record.fields);
    let is_open = record.kind == Kind::Lead
        && record.deleted_at.is_none()
        && !owner.is_empty()
        && !CLOSED_LEADS.contains(&status)
        && record.fields.get("test") != Some(&Value::Bool(true));
    is_open.then_some(owner)
}

/// Counts the open leads of a rep who is new: of a handle that leads may have named before.
pub(super) fn count(conn: &Connection, rep: &str) -> Done<()> {
    let closed: Vec<String> = CLOSED_LEADS
        .iter()
        .map(|status| format!("'{status}'"))
        .collect();
    let sql = format!(
        "INSERT INTO load (rep, open) VALUES (?1, (
            SELECT count(*) FROM lead WHERE owner = ?1 AND status NOT IN ({})
                AND deleted_at IS NULL AND json_extract(fields, '$.test') IS NOT 1
         )) ON CONFLICT DO NOTHING",
        closed.join(", ")
    );
    conn.prepare_cached(&sql)?.execute([rep])?;
    Ok(())
}
