//! The log of who did what.

use rusqlite::Connection;

use crate::model::page::{Page, PageRequest};
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::value::{id, maybe_json, micros, text, time};
use crate::store::sqlite::walk::{self, Listing, rows};
use crate::store::users::{AuditFilter, AuditRow};

pub(super) const ALL: &str = "SELECT seq FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
pub(super) const BY_WHO: &str =
    "SELECT seq FROM audit WHERE who = ?3 AND seq < ?1 ORDER BY seq DESC LIMIT ?2";
pub(super) const BY_SUBJECT: &str =
    "SELECT seq FROM audit WHERE subject = ?3 AND seq < ?1 ORDER BY seq DESC LIMIT ?2";
pub(super) const BY_WHAT: &str =
    "SELECT seq FROM audit WHERE what = ?3 AND seq < ?1 ORDER BY seq DESC LIMIT ?2";

pub(super) fn write(conn: &Connection, log: &AuditRow) -> Done<()> {
    let json = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string);
    conn.prepare_cached(
        "INSERT INTO audit (id, at, who, what, subject, before, after, peer)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute((
        log.id.as_bytes(),
        micros(log.at),
        &log.who,
        &log.what,
        &log.subject,
        json(&log.before),
        json(&log.after),
        &log.peer,
    ))?;
    Ok(())
}

pub(super) fn write_all(conn: &Connection, log: &Option<AuditRow>) -> Done<()> {
    log.iter().try_for_each(|log| write(conn, log))
}

/// The index of one filter narrows the search, the others are looked at row by row.
pub(super) fn list(
    conn: &Connection,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Done<Page<AuditRow>> {
    let list = Listing::of('a', filter);
    let [start] = list.start(page)?.unwrap_or([i64::MAX]);
    let (sql, value) = match (&filter.subject, &filter.who, &filter.what) {
        (Some(subject), ..) => (BY_SUBJECT, Some(subject)),
        (None, Some(who), _) => (BY_WHO, Some(who)),
        (None, None, Some(what)) => (BY_WHAT, Some(what)),
        (None, None, None) => (ALL, None),
    };
    let mut select = conn.prepare_cached(sql)?;
    walk::page(
        walk::limit(page.limit),
        start,
        |before, n| {
            let seq = |row: &rusqlite::Row<'_>| row.get(0);
            let keys: rusqlite::Result<Vec<i64>> = match value {
                Some(value) => select.query_map((before, rows(n), value), seq)?.collect(),
                None => select.query_map((before, rows(n)), seq)?.collect(),
            };
            Ok(keys?)
        },
        |seq| Ok(read(conn, seq)?.filter(|log| passes(filter, log))),
        |seq| list.cursor(&[seq]),
    )
}

fn passes(filter: &AuditFilter, log: &AuditRow) -> bool {
    let same = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|text| text == is);
    same(&filter.who, &log.who)
        && same(&filter.subject, &log.subject)
        && same(&filter.what, &log.what)
}

fn read(conn: &Connection, seq: i64) -> Done<Option<AuditRow>> {
    let mut select = conn.prepare_cached(
        "SELECT id, at, who, what, subject, before, after, peer FROM audit WHERE seq = ?1",
    )?;
    let mut found = select.query([seq])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    Ok(Some(AuditRow {
        id: id(row, 0)?,
        at: time(row, 1)?,
        who: text(row, 2)?.to_owned(),
        what: text(row, 3)?.to_owned(),
        subject: text(row, 4)?.to_owned(),
        before: maybe_json(row, 5)?,
        after: maybe_json(row, 6)?,
        peer: text(row, 7)?.to_owned(),
    }))
}
