//! A record's timeline: its chain of changes, newest first.
//!
//! Each change names the change before it, and the record's row the last one. A change of a lead, order or ticket
//! stands in two chains, its own and its contact's: an index of contacts and changes would scatter its entries over
//! as many pages as there are changes, while the contact is written or touched by the same event anyway.

use rusqlite::{Connection, Row};
use uuid::Uuid;

use crate::model::change::Change;
use crate::model::field::Kind;
use crate::model::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::store::sqlite::change_row;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::lookup::RecordRef;
use crate::store::sqlite::record_row;
use crate::store::sqlite::view::View;
use crate::store::sqlite::walk::{self, Listing};

/// The changes of one record; of a contact also those of its leads, orders and tickets.
pub(super) fn timeline(conn: &Connection, record: Uuid, page: &PageRequest) -> Done<Page<Change>> {
    let list = Listing::of('t', record);
    let from = list.start(page)?;
    let mut items = Vec::new();
    let Some(record) = record_row::find_any(conn, record)? else {
        return Ok(Page { items, next: None });
    };
    let mut seq = match from {
        Some([seq]) => seq,
        None => View::of_reader(conn).last(record)?,
    };
    let limit = walk::limit(page.limit);
    let mut select = conn.prepare_cached(change_row::ONE)?;
    while seq > 0 {
        if items.len() == limit {
            let next = Some(list.cursor(&[seq]));
            return Ok(Page { items, next });
        }
        let mut rows = select.query([seq])?;
        // What came before was purged.
        let Some(row) = rows.next()? else { break };
        let Some(before) = before(record, row)? else {
            return Err(Fault::Answer(StoreError::BadCursor));
        };
        items.push(change_row::read(row)?);
        seq = before;
    }
    Ok(Page { items, next: None })
}

/// The change before this one in the record's timeline; `None` when it is in another's.
fn before(record: RecordRef, row: &Row<'_>) -> Done<Option<i64>> {
    let of = (row.get::<_, i64>(1)?, row.get::<_, i64>(11)?);
    if of == (record.kind as i64, record.seq) {
        return Ok(Some(row.get(13)?));
    }
    let contact: Option<i64> = row.get(12)?;
    if record.kind == Kind::Contact && contact == Some(record.seq) {
        return Ok(row.get(14)?);
    }
    Ok(None)
}
